"""Passthrough: what the UART brings goes to the peer as it is, until ``+++`` comes alone."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from hil.errors import AnswerDiffersError
from hil.units import ns_to_seconds, seconds_to_ns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hil.at.talk import Talk
    from hil.ports.network_peer import TcpConnection, TcpListener, UdpPeer

    from .link import Links

PACKET_END_S = 0.1
"""Longer than the 20 ms that end a packet, whatever a computer does meanwhile (line 808)."""

AFTER_LEAVING_S = 1.0
"""Before the next command (A-52)."""

UDP_PORT = 3000
"""Of the module."""


@contextmanager
def over_tcp(links: Links, listener: TcpListener | None = None) -> Iterator[TcpConnection]:
    """A module in passthrough to a TCP peer; behind it all is closed, and normal transfer on.

    What goes wrong inside leaves the module to the rig, which starts it anew.

    Args:
        links: The module and its peers.
        listener: Where the peer is; a new one by default.
    """
    talk = links.talk
    talk.ok("AT+CIPMODE=1")
    peer = links.open_tcp(listener=listener)
    talk.prompt("AT+CIPSEND")
    yield peer
    leave(talk)
    close(talk)


@contextmanager
def over_udp(links: Links) -> Iterator[UdpPeer]:
    """As `over_tcp`, with a UDP peer: each packet is a datagram of its own."""
    talk = links.talk
    talk.ok("AT+CIPMODE=1")
    peer = links.network.open_udp()
    talk.ok(f"{links.start_call(peer.endpoint.port, kind='UDP')},{UDP_PORT},0")
    talk.prompt("AT+CIPSEND")
    yield peer
    leave(talk)
    close(talk)


def give_packet(talk: Talk, data: bytes) -> None:
    """Send bytes, and leave the line idle for as long as ends a packet."""
    talk.give(data)
    talk.hear(ns_to_seconds(talk.at.line_time_ns(len(data))) + PACKET_END_S)


def leave(talk: Talk) -> bytes:
    """Go back to commands; returns what the module said meanwhile."""
    heard = talk.hear(PACKET_END_S)
    talk.give(b"+++")
    return heard + talk.hear(AFTER_LEAVING_S)


def close(talk: Talk) -> None:
    """Close the link, and choose normal transfer."""
    talk.ok("AT+CIPCLOSE")
    talk.ok("AT+CIPMODE=0")


def hear_exactly(talk: Talk, data: bytes, timeout_s: float = 5.0) -> None:
    """Let exactly these bytes come in passthrough, and nothing behind them.

    Raises:
        AnswerDiffersError: Others come, or fewer in time.
    """
    deadline_ns = talk.clock.now_ns() + seconds_to_ns(timeout_s)
    heard = b""
    while len(heard) < len(data) and (more := talk.port.receive(deadline_ns)):
        heard += more
    heard += talk.hear(PACKET_END_S)
    if heard != data:
        raise AnswerDiffersError(
            "listening in passthrough",
            expected=repr(data),
            received=repr(heard),
            port=talk.at.place,
        )
