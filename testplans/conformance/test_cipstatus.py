"""AT+CIPSTATUS: information about connections (document, section 5.2, command 1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from hil.at.talk import OK
from hil.spec.spelling import spelling

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.at.talk import Talk
    from hil.ports.network_peer import TcpConnection

    from .link import Links

CONNECTED, DISCONNECTED = 3, 4
SERVER_PORT = 1001
RECORD = spelling("link-record")


@pytest.mark.clause("CIPSTATUS-01", "CIPSTATUS-14")
def test_the_answer_is_the_state_and_ok(talk: Talk) -> None:
    talk.expect("AT+CIPSTATUS", re.compile(r"STATUS:\d"), OK)


@pytest.mark.clause("CIPSTATUS-02")
def test_state_2_is_an_address_and_no_link(joined: Talk) -> None:
    joined.expect("AT+CIPSTATUS", "STATUS:2", OK)


@pytest.mark.clause("CIPSTATUS-03")
@pytest.mark.parametrize("link", [None, 3])
def test_state_3_is_a_link(links: Links, link: int | None) -> None:
    if link is not None:
        links.use_many()
    links.open_tcp(link)

    assert links.status().state == CONNECTED


@pytest.mark.clause("CIPSTATUS-04")
@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda links, _: links.talk.ok("AT+CIPCLOSE"), id="module"),
        pytest.param(lambda links, connection: links.end_by(connection.close), id="peer"),
    ],
)
def test_state_4_is_a_link_that_was_there(
    links: Links, end: Callable[[Links, TcpConnection], None]
) -> None:
    connection = links.open_tcp()
    end(links, connection)

    links.talk.expect("AT+CIPSTATUS", "STATUS:4", OK)


@pytest.mark.clause("CIPSTATUS-03", "CIPSTATUS-04")
def test_state_3_lasts_until_the_last_link_is_closed(links: Links) -> None:
    links.use_many()
    links.open_tcp(0)
    links.open_tcp(1)

    links.talk.ok("AT+CIPCLOSE=0")
    assert links.status().state == CONNECTED

    links.talk.ok("AT+CIPCLOSE=1")
    assert links.status().state == DISCONNECTED


@pytest.mark.clause("CIPSTATUS-05")
@pytest.mark.parametrize("mode", [1, 2])
def test_without_a_network_the_state_is_another_one(talk: Talk, mode: int) -> None:
    talk.ok(f"AT+CWMODE_CUR={mode}")

    talk.expect("AT+CIPSTATUS", "STATUS:5", OK)


@pytest.mark.clause("CIPSTATUS-05")
@pytest.mark.needs("ap", "tcp-peer")
def test_with_the_network_its_links_and_their_state_go(links: Links) -> None:
    links.open_tcp()
    links.talk.ok("AT+CWQAP")
    links.talk.wait_for("WIFI DISCONNECT", 10)

    links.talk.expect("AT+CIPSTATUS", "STATUS:5", OK)


@pytest.mark.clause("CIPSTATUS-06")
def test_each_link_has_a_record(links: Links) -> None:
    links.use_many()
    assert links.status().numbers == []

    for count, number in enumerate((1, 4, 2), start=1):
        links.open_tcp(number)
        assert len(links.status().records) == count


@pytest.mark.clause("CIPSTATUS-07")
@pytest.mark.needs("udp-peer")
def test_a_record_has_six_fields(links: Links) -> None:
    links.use_many()
    links.open_tcp(0)
    links.talk.ok(links.start_call(2000, 1, "UDP", 3000))

    links.talk.expect("AT+CIPSTATUS", re.compile(r"STATUS:\d"), RECORD, RECORD, OK)


@pytest.mark.clause("CIPSTATUS-15")
def test_in_single_mode_the_link_number_is_0(links: Links) -> None:
    links.open_tcp()

    assert links.status().numbers == [0]


@pytest.mark.clause("CIPSTATUS-08")
def test_the_link_number_is_0_to_4(links: Links) -> None:
    links.use_many()
    listener = links.network.listen()
    for number in range(5):
        links.open_tcp(number, listener)

    assert links.status().numbers == [0, 1, 2, 3, 4]


@pytest.mark.clause("CIPSTATUS-09")
def test_the_type_is_tcp_or_udp(links: Links) -> None:
    links.use_many()
    links.open_tcp(0)
    links.talk.ok(links.start_call(2000, 1, "UDP", 3000))

    assert [(each.number, each.kind) for each in links.status().records] == [(0, "TCP"), (1, "UDP")]


@pytest.mark.clause("CIPSTATUS-10")
def test_remote_address_and_port_are_the_peers(links: Links) -> None:
    links.serve(SERVER_PORT)
    client = links.dial(SERVER_PORT)
    opened = links.open_tcp(1)
    links.talk.ok(links.start_call(2000, 2, "UDP", 3000))

    assert [(each.address, each.port) for each in links.status().records] == [
        (links.host, client.local.port),
        (links.host, opened.local.port),
        (links.host, 2000),
    ]


@pytest.mark.clause("CIPSTATUS-11")
def test_the_local_port_of_a_tcp_link_is_the_one_that_the_peer_sees(links: Links) -> None:
    links.serve(SERVER_PORT)
    links.dial(SERVER_PORT)
    opened = links.open_tcp(1)

    ports = [each.local_port for each in links.status().records]
    assert ports == [SERVER_PORT, opened.remote.port]


@pytest.mark.clause("CIPSTATUS-11")
def test_the_local_port_of_a_udp_link_is_the_one_that_was_asked_for(links: Links) -> None:
    links.talk.ok(links.start_call(2000, None, "UDP", 3000))

    (record,) = links.status().records
    assert record.local_port == 3000


@pytest.mark.clause("CIPSTATUS-11")
@pytest.mark.needs("udp-peer")
def test_the_local_port_of_a_udp_link_is_the_one_that_was_chosen(links: Links) -> None:
    peer = links.network.open_udp()
    links.talk.ok(links.start_call(peer.endpoint.port, None, "UDP"))
    links.send(b"hello")
    datagram = peer.receive(links.deadline_ns(5))

    (record,) = links.status().records
    assert datagram is not None
    assert record.local_port == datagram.source.port


@pytest.mark.clause("CIPSTATUS-12")
def test_role_0_is_a_link_that_the_module_has_opened(links: Links) -> None:
    links.serve(SERVER_PORT)
    links.open_tcp(0)
    links.talk.ok(links.start_call(2000, 1, "UDP", 3000))

    assert [each.role for each in links.status().records] == [0, 0]


@pytest.mark.clause("CIPSTATUS-13")
def test_role_1_is_a_link_that_a_client_has_opened(links: Links) -> None:
    links.serve(SERVER_PORT)
    links.dial(SERVER_PORT)

    assert [each.role for each in links.status().records] == [1]


@pytest.mark.clause("CIPSTATUS-16")
def test_there_is_only_the_execute_form(talk: Talk) -> None:
    talk.refused("AT+CIPSTATUS?")
    talk.refused("AT+CIPSTATUS=1")
    talk.expect("AT+CIPSTATUS=?", spelling("cipstatus-test-form"))
