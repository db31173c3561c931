"""AT+CIPSTART: start a connection (document, section 5.2, command 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.at.talk import OK
from hil.spec.spelling import spelling

from .link import SILENT_ADDRESS

if TYPE_CHECKING:
    from hil.at.talk import Talk

    from .link import Links

ALREADY_CONNECTED = spelling("already-connected")
NO_ADDRESS = spelling("no-address")
OPENING_LIMIT_S = 20.0
"""How long an attempt may take (A-77)."""
REFUSAL_LIMIT_S = 10.0
"""A peer that refuses is heard after one round trip; no attempt has to run out."""
NAME_LIMIT_S = 5.0
"""A name server that knows the name is heard after one round trip, too."""


@pytest.mark.clause("CIPSTART-01")
def test_the_test_form_names_the_parameters(talk: Talk) -> None:
    talk.expect("AT+CIPSTART=?", spelling("start-parameters-single"), OK)


@pytest.mark.clause("CIPSTART-02")
def test_the_test_form_names_the_link_number_in_multiple_mode(talk: Talk) -> None:
    talk.ok("AT+CIPMUX=1")

    talk.expect("AT+CIPSTART=?", spelling("start-parameters-multiple"), OK)


@pytest.mark.clause("CIPSTART-03", "CIPSTART-17")
def test_tcp_with_address_and_port_makes_a_connection(links: Links) -> None:
    connection = links.open_tcp()

    assert links.tells("CONNECT")
    assert connection.remote.address == links.module_address
    assert [each.kind for each in links.status().records] == ["TCP"]
    assert links.goes_both_ways(connection)


@pytest.mark.clause("CIPSTART-04")
def test_the_link_number_comes_first_in_multiple_mode(links: Links) -> None:
    links.use_many()
    links.open_tcp(2)

    assert links.tells("2,CONNECT")
    assert links.status().numbers == [2]


@pytest.mark.clause("CIPSTART-05")
@pytest.mark.needs("tcp-peer")
def test_without_a_link_number_multiple_mode_refuses(links: Links) -> None:
    links.use_many()
    listener = links.network.listen()

    links.talk.refused(links.start_call(listener.endpoint.port))
    assert links.is_left_alone(listener)
    assert links.status().numbers == []


@pytest.mark.clause("CIPSTART-06")
@pytest.mark.needs("tcp-peer")
def test_with_a_link_number_single_mode_refuses(links: Links) -> None:
    listener = links.network.listen()

    links.talk.refused(links.start_call(listener.endpoint.port, 0))
    assert links.is_left_alone(listener)
    assert links.status().numbers == []


@pytest.mark.clause("CIPSTART-07")
def test_ok_says_that_the_link_is_up(links: Links) -> None:
    listener = links.network.listen()
    links.talk.ok(links.start_call(listener.endpoint.port))

    # The last segment of the handshake is still under way for half a round trip.
    assert listener.accept(links.deadline_ns(0.015)) is not None


@pytest.mark.clause("CIPSTART-08")
def test_a_connection_that_is_refused_ends_in_error(links: Links) -> None:
    listener = links.network.listen()
    listener.close()

    links.talk.refused(links.start_call(listener.endpoint.port), REFUSAL_LIMIT_S)
    assert links.status().records == ()
    links.open_tcp()


@pytest.mark.clause("CIPSTART-08")
def test_a_connection_that_nobody_answers_ends_in_error(links: Links) -> None:
    links.talk.refused(f'AT+CIPSTART="TCP","{SILENT_ADDRESS}",80', OPENING_LIMIT_S)

    assert links.status().records == ()
    links.open_tcp()


@pytest.mark.clause("CIPSTART-09")
def test_a_second_call_says_already_connected_and_leaves_the_link(links: Links) -> None:
    listener = links.network.listen()
    connection = links.open_tcp(None, listener)

    links.talk.expect(links.start_call(listener.endpoint.port), ALREADY_CONNECTED)
    assert links.is_left_alone(listener)
    assert links.goes_both_ways(connection)


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(number, marks=pytest.mark.clause(f"CIPSTART-{10 + number}"))
        for number in range(5)
    ],
)
def test_each_link_number_can_be_used(links: Links, number: int) -> None:
    links.use_many()
    connection = links.open_tcp(number)

    assert links.status().numbers == [number]
    assert links.goes_both_ways(connection, number)


@pytest.mark.clause("CIPSTART-15")
@pytest.mark.needs("tcp-peer")
def test_another_link_number_is_refused(links: Links) -> None:
    links.use_many()
    listener = links.network.listen()

    for number in ("5", "6", "255", "256", "-1", '"0"', "x", ""):
        links.talk.refused(f'AT+CIPSTART={number},"TCP","{links.host}",{listener.endpoint.port}')
    assert links.is_left_alone(listener)
    assert links.status().numbers == []


@pytest.mark.clause("CIPSTART-16")
def test_five_links_can_be_open_at_once(links: Links) -> None:
    links.use_many()
    connections = [links.open_tcp(number) for number in range(5)]

    assert links.status().numbers == [0, 1, 2, 3, 4]
    for number, connection in enumerate(connections):
        assert links.goes_both_ways(connection, number)


@pytest.mark.clause("CIPSTART-19")
@pytest.mark.needs("tcp-peer")
def test_another_type_is_refused(links: Links) -> None:
    listener = links.network.listen()

    for kind in ('"XYZ"', '"tcp"', '"Tcp"', '"udp"', '"TCPX"', '""', "TCP", "UDP", "1", ""):
        links.talk.refused(f'AT+CIPSTART={kind},"{links.host}",{listener.endpoint.port}')
    assert links.is_left_alone(listener)
    assert links.status().records == ()


@pytest.mark.clause("CIPSTART-20")
def test_the_remote_end_may_be_a_name(links: Links) -> None:
    listener = links.network.listen()
    port = listener.endpoint.port
    links.talk.ok(f'AT+CIPSTART="TCP","{links.host_name}",{port}', NAME_LIMIT_S)

    assert links.goes_both_ways(links.accept(listener))
    assert [(each.address, each.port) for each in links.status().records] == [(links.host, port)]


@pytest.mark.clause("CIPSTART-21")
def test_a_name_that_leads_to_nobody_ends_in_error(links: Links) -> None:
    for kind in ("TCP", "UDP"):
        links.talk.refused(f'AT+CIPSTART="{kind}","nobody.invalid",1000', OPENING_LIMIT_S)

    assert links.status().records == ()
    links.open_tcp()


@pytest.mark.clause("CIPSTART-22")
def test_the_remote_port_is_a_bare_number(links: Links) -> None:
    listener = links.network.listen()
    port = listener.endpoint.port

    links.talk.expect(f'AT+CIPSTART="TCP","{links.host}","{port}"', spelling("quoted-port"))
    links.talk.say("AT+CIPCLOSE")
    links.talk.ok(f'AT+CIPSTART="TCP","{links.host}",{port}')


@pytest.mark.clause("CIPSTART-22")
def test_a_remote_port_that_is_no_number_is_refused(links: Links) -> None:
    links.talk.refused(f'AT+CIPSTART="TCP","{links.host}"')
    for port in ("", "0", "x", "-1", "80x", " 80", "0x50"):
        links.talk.refused(f'AT+CIPSTART="TCP","{links.host}",{port}')

    assert links.status().records == ()


@pytest.mark.clause("CIPSTART-23")
@pytest.mark.needs("tcp-peer")
def test_a_remote_port_above_65535_is_refused(links: Links) -> None:
    for kind in ("TCP", "UDP"):
        for port in (65536, 65616, 4_294_967_376):
            links.talk.refused(f'AT+CIPSTART="{kind}","{links.host}",{port}')
    assert links.status().records == ()

    links.open_tcp(None, links.network.listen(65535))


@pytest.mark.clause("CIPSTART-32")
@pytest.mark.needs("tcp-peer")
def test_a_local_port_is_for_udp_only(links: Links) -> None:
    listener = links.network.listen()

    for behind in ("3000,0", "3000,2", ",0", "0,", "3000,0,1"):
        links.talk.refused(f"{links.start_call(listener.endpoint.port)},{behind}")
    assert links.is_left_alone(listener)
    assert links.status().records == ()


@pytest.mark.clause("CIPSTART-39")
def test_without_an_address_of_its_own_a_station_opens_nothing(talk: Talk) -> None:
    talk.ok("AT+CWMODE_CUR=1")

    for kind in ("TCP", "UDP"):
        talk.expect(f'AT+CIPSTART="{kind}","192.168.1.2",1000', NO_ADDRESS)
    talk.expect("AT+CIPSTATUS", "STATUS:5", OK)


@pytest.mark.clause("CIPSTART-40")
@pytest.mark.parametrize(
    ("link", "line", "is_reset"),
    [(None, "CLOSED", False), (None, "CLOSED", True), (3, "3,CLOSED", False)],
)
def test_the_end_by_the_peer_is_reported(
    links: Links, link: int | None, line: str, *, is_reset: bool
) -> None:
    if link is not None:
        links.use_many()
    connection = links.open_tcp(link)
    links.talk.unsolicited()
    if is_reset:
        connection.reset()
    else:
        connection.close()

    links.talk.wait_for(line, 5)
    links.talk.expect("AT+CIPSTATUS", "STATUS:4", OK)


@pytest.mark.clause("CIPSTART-41")
def test_there_is_neither_a_query_nor_an_execute_form(joined: Talk) -> None:
    joined.refused("AT+CIPSTART?")
    joined.refused("AT+CIPSTART")


@pytest.mark.clause("CIPSTART-44")
def test_already_connected_belongs_to_the_link_number(links: Links) -> None:
    links.use_many()
    first, second = links.network.listen(), links.network.listen()
    connection = links.open_tcp(1, first)

    links.talk.expect(links.start_call(second.endpoint.port, 1), ALREADY_CONNECTED)
    assert links.is_left_alone(second)
    assert links.goes_both_ways(connection, 1)
    assert links.goes_both_ways(links.open_tcp(2, first), 2)


@pytest.mark.clause("CIPSTART-45")
def test_tcp_and_udp_links_are_open_side_by_side(links: Links) -> None:
    links.use_many()
    peer = links.network.open_udp()
    connection = links.open_tcp(0)
    links.talk.ok(links.start_call(peer.endpoint.port, 1, "UDP", 3000))

    assert links.goes_both_ways(connection, 0)
    links.send(b"to the peer", 1)
    datagram = peer.receive(links.deadline_ns(5))
    assert datagram is not None
    assert datagram.data == b"to the peer"
    peer.send(b"to the module", datagram.source)
    assert links.talk.received_bytes(13, link=1) == b"to the module"
    assert links.goes_both_ways(connection, 0)
    assert [each.kind for each in links.status().records] == ["TCP", "UDP"]
