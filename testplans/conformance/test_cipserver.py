"""AT+CIPSERVER: configure as TCP server (document, section 5.2, command 12)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.at.talk import OK
from hil.errors import PeerError
from hil.ports.network_peer import Endpoint
from hil.spec.spelling import spelling

from .link import RECEIVE_TIMEOUT_S
from .restart import restart
from .wifi import join_call, softap_name

if TYPE_CHECKING:
    from hil.at.talk import Talk
    from hil.ports.access_point import AccessPoint
    from hil.ports.wifi_station import WifiStation

    from .link import Links

PORT = 1001
DEFAULT_PORT = 333
UNCHANGED = spelling("server-unchanged")
SOFTAP = spelling("softap-addresses")
STATION = spelling("station-addresses")


@pytest.mark.clause("CIPSERVER-01")
@pytest.mark.parametrize("port", [PORT, 80])
def test_mode_1_creates_a_server_at_a_port(links: Links, port: int) -> None:
    links.use_many()
    assert links.turns_away(port)

    links.talk.ok(f"AT+CIPSERVER=1,{port}")
    assert links.serves(links.dial(port))


@pytest.mark.clause("CIPSERVER-02")
@pytest.mark.parametrize("call", ["AT+CIPSERVER=0", f"AT+CIPSERVER=0,{PORT}"])
def test_mode_0_deletes_the_server(links: Links, call: str) -> None:
    links.serve(PORT)
    links.talk.ok(call)

    assert links.turns_away(PORT)
    assert links.status().records == ()


@pytest.mark.clause("CIPSERVER-02")
def test_another_server_can_be_created_then(links: Links) -> None:
    links.serve(PORT)
    links.talk.ok("AT+CIPSERVER=0")
    links.talk.ok(f"AT+CIPSERVER=1,{PORT + 1}")

    assert links.turns_away(PORT)
    assert links.serves(links.dial(PORT + 1))


@pytest.mark.clause("CIPSERVER-03")
def test_without_a_port_the_server_is_at_333(links: Links) -> None:
    links.use_many()
    links.talk.ok("AT+CIPSERVER=1")

    assert links.serves(links.dial(DEFAULT_PORT))


@pytest.mark.clause("CIPSERVER-04")
@pytest.mark.needs("ap", "tcp-peer")
def test_another_mode_is_refused(links: Links) -> None:
    links.use_many()
    for mode in ("2", "10", "-1", "x", "", '"1"'):
        for behind in ("", f",{PORT}"):
            links.talk.refused(f"AT+CIPSERVER={mode}{behind}")

    for port in (DEFAULT_PORT, PORT):
        assert links.turns_away(port)


@pytest.mark.clause("CIPSERVER-05")
@pytest.mark.needs("ap", "tcp-peer")
def test_a_port_beyond_1_to_65535_is_refused(links: Links) -> None:
    links.use_many()
    for port in ("0", "65536", "66537", "-1", "x", '"1001"', "1001,5", ""):
        links.talk.refused(f"AT+CIPSERVER=1,{port}")

    for other in (DEFAULT_PORT, PORT):
        assert links.turns_away(other)


@pytest.mark.clause("CIPSERVER-05")
@pytest.mark.needs("ap", "tcp-peer")
def test_the_ends_of_the_range_of_ports_are_taken(links: Links) -> None:
    for port in (1, 65535):
        links.serve(port)
        assert links.serves(links.dial(port))
        links.talk.ok("AT+CIPSERVER=0")


@pytest.mark.clause("CIPSERVER-06")
def test_a_server_can_be_created_in_multiple_mode(talk: Talk) -> None:
    talk.ok("AT+CIPMUX=1")

    talk.ok("AT+CIPSERVER=1")


@pytest.mark.clause("CIPSERVER-07")
def test_a_server_is_refused_in_single_mode(links: Links) -> None:
    links.talk.refused("AT+CIPSERVER=1")
    links.talk.refused(f"AT+CIPSERVER=1,{PORT}")

    for port in (DEFAULT_PORT, PORT):
        assert links.turns_away(port)


@pytest.mark.clause("CIPSERVER-08")
def test_the_server_listens_as_soon_as_ok_is_said(links: Links) -> None:
    target = Endpoint(links.module_address, PORT)
    links.serve(PORT)

    links.network.dial(target, links.deadline_ns(RECEIVE_TIMEOUT_S))


@pytest.mark.clause("CIPSERVER-09")
def test_each_client_takes_a_link_with_a_number(links: Links) -> None:
    links.serve(PORT)
    clients = [links.dial(PORT) for _ in range(2)]

    assert links.tells("0,CONNECT", "1,CONNECT")
    assert [(each.number, each.port, each.role) for each in links.status().records] == [
        (0, clients[0].local.port, 1),
        (1, clients[1].local.port, 1),
    ]


@pytest.mark.clause("CIPSERVER-10")
def test_a_client_gets_the_lowest_free_number(links: Links) -> None:
    links.serve(PORT)
    clients = [links.dial(PORT) for _ in range(3)]
    links.end_by(clients[1].close)
    links.end_by(clients[0].close)
    assert links.status().numbers == [2]

    newcomers = [links.dial(PORT) for _ in range(3)]
    assert {each.number: each.port for each in links.status().records} == {
        0: newcomers[0].local.port,
        1: newcomers[1].local.port,
        2: clients[2].local.port,
        3: newcomers[2].local.port,
    }


@pytest.mark.clause("CIPSERVER-11")
@pytest.mark.parametrize("own_links", [0, 2])
def test_a_sixth_client_gets_no_link(links: Links, own_links: int) -> None:
    links.serve(PORT)
    for number in range(own_links):
        links.open_tcp(number)
    clients = [links.dial(PORT) for _ in range(own_links, 5)]

    try:
        sixth = links.dial(PORT)
    except PeerError:
        pass  # it is not even let in
    else:
        links.end_of(sixth, RECEIVE_TIMEOUT_S)
        assert sixth.ending is not None
    assert links.status().numbers == [0, 1, 2, 3, 4]
    for client in clients:
        assert links.serves(client)


@pytest.mark.clause("CIPSERVER-12")
def test_data_of_each_client_go_by_its_number(links: Links) -> None:
    links.serve(PORT)
    clients = [links.dial(PORT) for _ in range(3)]

    for client in reversed(clients):
        assert links.serves(client)


@pytest.mark.clause("CIPSERVER-13")
def test_the_server_is_reached_over_both_interfaces(
    talk: Talk, access_point: AccessPoint, softap_client: WifiStation, links: Links
) -> None:
    talk.ok("AT+CWMODE_CUR=3")
    talk.ok(join_call(access_point))
    answer = talk.expect(
        "AT+CIFSR", spelling("softap-addresses"), spelling("station-addresses"), OK
    )
    assert softap_client.join(softap_name(talk))
    assert softap_client.wait_for_address() is not None
    links.serve(PORT)

    for interface in ("softap", "station"):
        assert links.serves(links.dial(PORT, answer.named[interface]))


@pytest.mark.clause("CIPSERVER-14")
def test_after_a_restart_there_is_no_server(links: Links, access_point: AccessPoint) -> None:
    links.serve(PORT)
    assert not links.turns_away(PORT)
    restart(links.talk)
    links.talk.ok("AT+CWMODE_CUR=1")
    links.talk.ok(join_call(access_point))

    assert links.turns_away(PORT)


@pytest.mark.clause("CIPSERVER-15")
def test_there_is_only_the_set_form(talk: Talk) -> None:
    talk.ok("AT+CIPMUX=1")

    for form in ("", "?", "=?"):
        talk.refused(f"AT+CIPSERVER{form}")


@pytest.mark.clause("CIPSERVER-16")
def test_deleting_the_server_ends_the_links_of_its_clients(links: Links) -> None:
    links.serve(PORT)
    clients = [links.dial(PORT) for _ in range(2)]
    opened = links.open_tcp(3)
    assert links.tells("0,CONNECT", "1,CONNECT", "3,CONNECT")

    links.talk.ok("AT+CIPSERVER=0")
    for client in clients:
        links.end_of(client, RECEIVE_TIMEOUT_S)
        assert client.ending is not None
    assert links.tells("0,CLOSED", "1,CLOSED")
    assert links.status().numbers == [3]
    assert links.goes_both_ways(opened, 3)


@pytest.mark.clause("CIPSERVER-17")
@pytest.mark.parametrize("again", [f"AT+CIPSERVER=1,{PORT}", f"AT+CIPSERVER=1,{PORT + 1}"])
def test_creating_a_server_that_runs_changes_nothing(links: Links, again: str) -> None:
    links.serve(PORT)
    client = links.dial(PORT)

    links.talk.expect(again, UNCHANGED)
    assert links.serves(client)
    assert links.serves(links.dial(PORT))
    assert links.turns_away(PORT + 1)


@pytest.mark.clause("CIPSERVER-17")
def test_deleting_a_server_that_is_not_there_changes_nothing(links: Links) -> None:
    links.serve(PORT)
    links.talk.ok("AT+CIPSERVER=0")

    links.talk.expect("AT+CIPSERVER=0", UNCHANGED)
    assert links.turns_away(PORT)


@pytest.mark.clause("CIPSERVER-18")
def test_links_and_clients_draw_on_the_same_numbers(links: Links) -> None:
    links.use_many()
    first = links.open_tcp(0)
    links.talk.ok(f"AT+CIPSERVER=1,{PORT}")
    clients = [links.dial(PORT)]
    second = links.open_tcp(2)
    clients.append(links.dial(PORT))

    assert [(each.number, each.port, each.role) for each in links.status().records] == [
        (0, first.local.port, 0),
        (1, clients[0].local.port, 1),
        (2, second.local.port, 0),
        (3, clients[1].local.port, 1),
    ]
    links.talk.expect(links.start_call(2000, 1), spelling("already-connected"))
