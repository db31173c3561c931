"""AT+CIPCLOSE: close a connection (document, section 5.2, command 9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.ports.network_peer import SOURCE_PATTERN, Ending, Endpoint
from hil.spec.spelling import spelling

from .link import NEVER_S, RECEIVE_TIMEOUT_S

if TYPE_CHECKING:
    from hil.at.talk import Talk

    from .link import Links

SERVER_PORT = 1001


@pytest.mark.clause("CIPCLOSE-01")
def test_the_test_form_answers_ok_and_closes_nothing(links: Links) -> None:
    connection = links.open_tcp()

    links.talk.ok("AT+CIPCLOSE=?")
    assert links.goes_both_ways(connection)


@pytest.mark.clause("CIPCLOSE-02")
def test_a_link_is_closed_by_its_number_and_no_other(links: Links) -> None:
    links.use_many()
    connections = [links.open_tcp(number) for number in range(3)]
    assert links.tells("0,CONNECT", "1,CONNECT", "2,CONNECT")

    links.talk.ok("AT+CIPCLOSE=1")
    assert links.tells("1,CLOSED")
    assert links.end_of(connections[1], RECEIVE_TIMEOUT_S) is Ending.FINISHED
    assert links.status().numbers == [0, 2]
    for number in (0, 2):
        assert links.goes_both_ways(connections[number], number)


@pytest.mark.clause("CIPCLOSE-02")
def test_a_number_is_free_again_once_its_link_is_closed(links: Links) -> None:
    links.use_many()
    links.open_tcp(4)
    links.talk.ok("AT+CIPCLOSE=4")

    assert links.goes_both_ways(links.open_tcp(4), 4)


@pytest.mark.clause("CIPCLOSE-02")
def test_what_another_link_receives_goes_on(links: Links) -> None:
    links.use_many()
    connection = links.open_tcp(0)
    others = (1, 2, 3)
    for number in others:
        links.open_tcp(number)
    data = SOURCE_PATTERN * 64  # more than a module takes before it has passed something on
    connection.send(data, links.deadline_ns(RECEIVE_TIMEOUT_S))

    received = b""
    for number in others:
        received += links.talk.received().data
        links.talk.ok(f"AT+CIPCLOSE={number}")
    assert received + links.talk.received_bytes(len(data) - len(received), link=0) == data


@pytest.mark.clause("CIPCLOSE-03")
def test_a_link_that_is_not_open_cannot_be_closed(talk: Talk) -> None:
    talk.ok("AT+CIPMUX=1")

    for number in range(5):
        talk.refused(f"AT+CIPCLOSE={number}")


@pytest.mark.clause("CIPCLOSE-03")
@pytest.mark.needs("ap", "tcp-peer")
def test_what_is_refused_closes_no_other_link(links: Links) -> None:
    links.use_many()
    connection = links.open_tcp(0)

    links.talk.refused("AT+CIPCLOSE=3")
    assert links.goes_both_ways(connection, 0)


@pytest.mark.clause("CIPCLOSE-04")
def test_number_5_closes_all_links(links: Links) -> None:
    links.use_many()
    connections = [links.open_tcp(number) for number in (0, 1, 4)]
    peer = links.network.open_udp()
    links.talk.ok(links.start_call(peer.endpoint.port, 3, "UDP", 3000))
    assert links.tells("0,CONNECT", "1,CONNECT", "4,CONNECT", "3,CONNECT")

    links.talk.ok("AT+CIPCLOSE=5")
    assert links.tells("0,CLOSED", "1,CLOSED", "3,CLOSED", "4,CLOSED")
    assert links.status().records == ()
    for connection in connections:
        assert links.end_of(connection, RECEIVE_TIMEOUT_S) is Ending.FINISHED
    peer.send(b"hello", Endpoint(links.module_address, 3000))
    links.talk.silent(NEVER_S)


@pytest.mark.clause("CIPCLOSE-05")
def test_number_5_has_no_effect_while_there_is_a_server(links: Links) -> None:
    links.serve(SERVER_PORT)
    client = links.dial(SERVER_PORT)
    opened = links.open_tcp(3)

    links.talk.expect("AT+CIPCLOSE=5", spelling("close-all-with-server"))
    assert links.serves(client)
    assert links.goes_both_ways(opened, 3)


@pytest.mark.clause("CIPCLOSE-06")
def test_links_can_be_closed_one_by_one_while_there_is_a_server(links: Links) -> None:
    links.serve(SERVER_PORT)
    clients = [links.dial(SERVER_PORT) for _ in range(2)]
    opened = links.open_tcp(3)

    for number, connection in ((links.number_of(clients[0]), clients[0]), (3, opened)):
        links.talk.ok(f"AT+CIPCLOSE={number}")
        assert links.end_of(connection, RECEIVE_TIMEOUT_S) is Ending.FINISHED
    assert len(links.status().records) == 1
    assert links.serves(clients[1])


@pytest.mark.clause("CIPCLOSE-07")
@pytest.mark.needs("ap", "tcp-peer")
def test_another_number_is_refused(links: Links) -> None:
    links.use_many()
    connection = links.open_tcp(0)

    for number in ("6", "10", "255", "256", "261", "-1", "x", '"0"', "", "0,1"):
        links.talk.refused(f"AT+CIPCLOSE={number}")
    assert links.goes_both_ways(connection, 0)


@pytest.mark.clause("CIPCLOSE-08")
def test_the_bare_form_closes_the_link_in_single_mode(links: Links) -> None:
    connection = links.open_tcp()
    assert links.tells("CONNECT")

    links.talk.ok("AT+CIPCLOSE")
    assert links.tells("CLOSED")
    assert links.end_of(connection, RECEIVE_TIMEOUT_S) is Ending.FINISHED
    assert links.status().records == ()


@pytest.mark.clause("CIPCLOSE-09")
def test_without_a_link_the_bare_form_is_refused(talk: Talk) -> None:
    talk.refused("AT+CIPCLOSE")


@pytest.mark.clause("CIPCLOSE-09")
@pytest.mark.needs("ap", "tcp-peer")
def test_a_link_can_be_closed_once(links: Links) -> None:
    links.open_tcp()
    links.talk.ok("AT+CIPCLOSE")

    links.talk.refused("AT+CIPCLOSE")


@pytest.mark.clause("CIPCLOSE-10")
@pytest.mark.parametrize(("link", "call"), [(None, "AT+CIPCLOSE"), (2, "AT+CIPCLOSE=2")])
def test_a_udp_link_is_closed_the_same_way(links: Links, link: int | None, call: str) -> None:
    if link is not None:
        links.use_many()
    peer = links.network.open_udp()
    target = Endpoint(links.module_address, 3000)
    links.talk.ok(links.start_call(peer.endpoint.port, link, "UDP", target.port))
    peer.send(b"before", target)
    assert links.talk.received_bytes(6, link=link) == b"before"

    links.talk.ok(call)
    peer.send(b"behind", target)
    links.talk.silent(NEVER_S)
    assert links.status().records == ()


@pytest.mark.clause("CIPCLOSE-11")
@pytest.mark.parametrize(("link", "call"), [(None, "AT+CIPCLOSE=0"), (0, "AT+CIPCLOSE")])
def test_the_form_of_the_other_mode_is_refused(links: Links, link: int | None, call: str) -> None:
    if link is not None:
        links.use_many()
    connection = links.open_tcp(link)

    links.talk.refused(call)
    assert links.goes_both_ways(connection, link)


@pytest.mark.clause("CIPCLOSE-11")
def test_number_5_is_refused_in_single_mode(links: Links) -> None:
    connection = links.open_tcp()

    links.talk.refused("AT+CIPCLOSE=5")
    assert links.goes_both_ways(connection)


@pytest.mark.clause("CIPCLOSE-12")
@pytest.mark.needs("ap", "tcp-peer")
def test_there_is_no_query_form(links: Links) -> None:
    connection = links.open_tcp()

    links.talk.refused("AT+CIPCLOSE?")
    assert links.goes_both_ways(connection)
