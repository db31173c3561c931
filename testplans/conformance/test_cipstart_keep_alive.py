"""AT+CIPSTART with a TCP keep-alive (document, section 5.2, command 2, line 792).

What the peer counts while nothing is sent either way are the probes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from hil.ports.network_peer import TcpConnection

    from .link import Links

IDLE_S = 6.0
"""Longer than any interval that a default could have by mistake for a small number of units."""


@pytest.mark.parametrize(
    "keep_alive",
    [
        pytest.param((), marks=pytest.mark.clause("CIPSTART-33"), id="default"),
        pytest.param((0,), marks=pytest.mark.clause("CIPSTART-34"), id="0"),
    ],
)
def test_without_keep_alive_an_idle_link_is_silent(
    links: Links, keep_alive: tuple[int, ...]
) -> None:
    connection = links.open_tcp(None, None, *keep_alive)

    assert _probes(links, connection, IDLE_S) == [0]
    assert connection.ending is None


@pytest.mark.clause("CIPSTART-35")
def test_keep_alive_may_be_1(links: Links) -> None:
    connection = links.open_tcp(None, None, 1)

    (probes,) = _probes(links, connection, 4.0)
    assert probes >= 2
    assert links.goes_both_ways(connection)


@pytest.mark.clause("CIPSTART-35")
def test_keep_alive_may_be_7200(links: Links) -> None:
    connection = links.open_tcp(None, None, 7200)

    assert _probes(links, connection, IDLE_S) == [0]
    assert links.goes_both_ways(connection)


@pytest.mark.clause("CIPSTART-36")
@pytest.mark.needs("tcp-peer")
def test_another_keep_alive_is_refused(links: Links) -> None:
    listener = links.network.listen()

    for value in ("7201", "65536", "-1", "x"):
        links.talk.refused(f"{links.start_call(listener.endpoint.port)},{value}")
    assert links.is_left_alone(listener)
    assert links.status().records == ()


@pytest.mark.clause("CIPSTART-37")
def test_the_unit_is_half_a_second(links: Links) -> None:
    connection = links.open_tcp(None, None, 4)

    # Every 2 s: four probes. Every 4 s there would be two; a stack's own ticks may cost one.
    (probes,) = _probes(links, connection, 9.0)
    assert 3 <= probes <= 5


@pytest.mark.clause("CIPSTART-38")
def test_keep_alive_notices_that_the_peer_has_vanished(links: Links) -> None:
    links.open_tcp(None, None, 1)
    links.talk.unsolicited()
    links.network.set_path(is_open=False)

    links.talk.wait_for("CLOSED", 120)
    assert links.status().records == ()


@pytest.mark.clause("CIPSTART-43")
def test_in_multiple_mode_it_concerns_the_link_that_it_was_given_for(links: Links) -> None:
    links.use_many()
    without = links.open_tcp(0)
    having = links.open_tcp(1, None, 2)

    others, probes = _probes(links, without, 4.5, having)
    assert others == 0
    assert 3 <= probes <= 5


def _probes(
    links: Links, connection: TcpConnection, duration_s: float, *others: TcpConnection
) -> list[int]:
    """How many probes each connection gets while nothing is said for a time."""
    connections = (connection, *others)
    links.talk.silent(0.1)  # the handshake is over
    before = [each.bare_segments for each in connections]
    links.talk.silent(duration_s)
    return [each.bare_segments - count for each, count in zip(connections, before, strict=True)]
