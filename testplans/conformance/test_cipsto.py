"""AT+CIPSTO: set TCP server timeout (document, section 5.2, command 15).

Silence is measured to the second, and a stack looks at its connections every second or two (A-65).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from hil.at.talk import OK
from hil.ports.network_peer import Ending
from hil.units import ns_to_seconds

from .link import RECEIVE_TIMEOUT_S
from .restart import restart

if TYPE_CHECKING:
    from hil.at.talk import Talk
    from hil.ports.network_peer import TcpConnection

    from .link import Links

PORT = 1001
GRAIN_S = 2.0
"""How much later than demanded a silent client may go."""


@pytest.mark.clause("CIPSTO-01")
def test_the_query_gives_a_time(talk: Talk) -> None:
    talk.expect("AT+CIPSTO?", re.compile(r"\+CIPSTO:\d{1,4}"), OK)


@pytest.mark.clause("CIPSTO-02")
def test_a_time_is_taken_and_shown(talk: Talk) -> None:
    _serve(talk)

    talk.ok("AT+CIPSTO=10")
    talk.expect("AT+CIPSTO?", "+CIPSTO:10", OK)


@pytest.mark.clause("CIPSTO-03")
def test_the_ends_of_the_range_are_taken(talk: Talk) -> None:
    _serve(talk)

    for time_s in (0, 1, 7199, 7200):
        talk.ok(f"AT+CIPSTO={time_s}")
        talk.expect("AT+CIPSTO?", f"+CIPSTO:{time_s}", OK)


@pytest.mark.clause("CIPSTO-04")
def test_a_time_beyond_the_range_is_refused_and_changes_nothing(talk: Talk) -> None:
    _serve(talk)
    talk.ok("AT+CIPSTO=10")

    for time_s in (7201, 28800, 65536):
        talk.refused(f"AT+CIPSTO={time_s}")
    talk.expect("AT+CIPSTO?", "+CIPSTO:10", OK)


@pytest.mark.clause("CIPSTO-05")
def test_a_time_that_is_no_number_is_refused_and_changes_nothing(talk: Talk) -> None:
    _serve(talk)
    talk.ok("AT+CIPSTO=10")

    for time_s in ("abc", "-1", "", '"20"', "5.5", "20,1"):
        talk.refused(f"AT+CIPSTO={time_s}")
    talk.expect("AT+CIPSTO?", "+CIPSTO:10", OK)


@pytest.mark.clause("CIPSTO-06")
@pytest.mark.parametrize("time_s", [2, 5])
def test_the_unit_is_the_second(links: Links, time_s: int) -> None:
    links.serve(PORT)
    links.talk.ok(f"AT+CIPSTO={time_s}")
    client = links.dial(PORT)

    silence_s = _time_to_end_s(links, client, time_s + GRAIN_S + 1)
    assert time_s - 0.5 <= silence_s <= time_s + GRAIN_S


@pytest.mark.clause("CIPSTO-07")
def test_a_silent_client_is_disconnected(links: Links) -> None:
    links.serve(PORT)
    links.talk.ok("AT+CIPSTO=2")
    client = links.dial(PORT)
    number = links.number_of(client)
    assert links.tells(f"{number},CONNECT")

    assert links.end_of(client, 2 + GRAIN_S) is Ending.FINISHED
    assert links.tells_soon(f"{number},CLOSED")
    assert links.status().records == ()


@pytest.mark.clause("CIPSTO-07")
def test_a_client_is_disconnected_that_has_fallen_silent(links: Links) -> None:
    links.serve(PORT)
    links.talk.ok("AT+CIPSTO=3")
    client = links.dial(PORT)
    links.talk.hear(2)
    assert links.serves(client)

    assert 2.5 <= _time_to_end_s(links, client, 6 + GRAIN_S) <= 3 + GRAIN_S


@pytest.mark.clause("CIPSTO-08")
@pytest.mark.parametrize("is_client", [True, False], ids=["client", "module"])
def test_a_client_stays_that_communicates(links: Links, *, is_client: bool) -> None:
    links.serve(PORT)
    links.talk.ok("AT+CIPSTO=3")
    client = links.dial(PORT)
    number = links.number_of(client)

    for _ in range(5):
        links.talk.silent(1.8)
        if is_client:
            client.send(b"x", links.deadline_ns(RECEIVE_TIMEOUT_S))
            assert links.talk.received_bytes(1, link=number) == b"x"
        else:
            links.send(b"x", number)
            assert links.receive(client, 1) == b"x"
    assert client.ending is None
    assert links.status().numbers == [number]


@pytest.mark.clause("CIPSTO-09")
def test_with_time_0_a_silent_client_stays(links: Links) -> None:
    links.serve(PORT)
    links.talk.ok("AT+CIPSTO=1")
    links.talk.ok("AT+CIPSTO=0")
    client = links.dial(PORT)

    links.talk.silent(10)
    assert client.ending is None
    assert links.serves(client)


@pytest.mark.clause("CIPSTO-10")
def test_a_link_that_the_module_has_opened_stays(links: Links) -> None:
    links.serve(PORT)
    links.talk.ok("AT+CIPSTO=2")
    opened = links.open_tcp(0)
    client = links.dial(PORT)

    assert links.end_of(client, 2 + GRAIN_S) is Ending.FINISHED
    assert links.has_received_nothing(opened, GRAIN_S)
    assert opened.ending is None
    assert links.goes_both_ways(opened, 0)


@pytest.mark.clause("CIPSTO-11")
@pytest.mark.parametrize("mode", [0, 1])
def test_without_a_server_a_time_is_refused_and_changes_nothing(talk: Talk, mode: int) -> None:
    _serve(talk)
    talk.ok("AT+CIPSTO=10")
    talk.ok("AT+CIPSERVER=0")
    talk.ok(f"AT+CIPMUX={mode}")

    talk.refused("AT+CIPSTO=20")
    talk.expect("AT+CIPSTO?", "+CIPSTO:10", OK)


@pytest.mark.clause("CIPSTO-12")
def test_after_a_start_the_time_is_180(talk: Talk) -> None:
    _serve(talk)
    talk.ok("AT+CIPSTO=10")
    restart(talk)

    talk.expect("AT+CIPSTO?", "+CIPSTO:180", OK)


@pytest.mark.clause("CIPSTO-13")
def test_there_is_neither_a_test_nor_an_execute_form(talk: Talk) -> None:
    _serve(talk)

    talk.refused("AT+CIPSTO=?")
    talk.refused("AT+CIPSTO")


@pytest.mark.clause("CIPSTO-14")
def test_each_client_has_its_own_time(links: Links) -> None:
    links.serve(PORT)
    links.talk.ok("AT+CIPSTO=3")
    silent, talkative = links.dial(PORT), links.dial(PORT)

    for _ in range(3):
        links.talk.hear(1.8)
        talkative.send(b"x", links.deadline_ns(RECEIVE_TIMEOUT_S))
    assert links.end_of(silent, 0) is Ending.FINISHED
    assert talkative.ending is None
    assert links.status().numbers == [links.number_of(talkative)]


def _serve(talk: Talk) -> None:
    """Let there be a server, as in the document's example."""
    talk.ok("AT+CIPMUX=1")
    talk.ok(f"AT+CIPSERVER=1,{PORT}")


def _time_to_end_s(links: Links, connection: TcpConnection, limit_s: float) -> float:
    """How long it takes until the module has ended a connection; infinite if it does not."""
    begin_ns = links.talk.clock.now_ns()
    ending = links.end_of(connection, limit_s)
    return ns_to_seconds(links.talk.clock.now_ns() - begin_ns) if ending else float("inf")
