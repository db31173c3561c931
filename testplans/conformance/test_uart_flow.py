"""AT+UART, _CUR and _DEF: flow control, told by the pins (section 3.2, commands 7 to 9).

MTDO is the module's RTS, which goes away when it can take no more; MTCK is its CTS, without which
it sends nothing (lines 252 to 254). A module that passes bytes on to a peer who does not read can
soon take no more.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from hil.units import ns_to_seconds

from .frame import Frame, follow, present_baud, switch
from .variant import Variant, each_variant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hil.at.talk import Talk
    from hil.ports.network_peer import TcpConnection

    from .link import Links

NO_FLOW, RTS, CTS, BOTH = 0, 1, 2, 3

LISTENING_S = 0.3
WINDOW_BYTES = 2048
"""What the peer takes without reading; a computer makes more of it."""

PIECE_BYTES = 1024
MOST_BYTES = 24 * PIECE_BYTES
"""More than the module and a peer with a small window hold."""

FAST_BAUD = 921600
BURST = bytes(range(251)) * 261 + b"the end of the burst"
DRAIN_S = 1.0
BURST_TIMEOUT_S = 30.0


def heeds_cts(talk: Talk) -> bool:
    """Whether the module waits with its answer until it may send."""
    talk.port.set_rts(is_asserted=False)
    try:
        talk.raw(b"AT\r\n")
        heard = talk.hear(LISTENING_S)
    finally:
        talk.port.set_rts(is_asserted=True)
    if heard:
        assert heard == b"\r\nOK\r\n"
        return False
    talk.answer().must_be("OK")
    return True


def drives_rts(links: Links) -> bool:
    """Whether the module takes its RTS away when it can take no more, and gives it back then."""
    with passing_through(links) as connection:
        assert links.talk.port.is_cts_asserted
        is_stopped = _fill(links.talk)
        _drain(links, connection)
        assert links.talk.port.is_cts_asserted
    return is_stopped


@contextmanager
def passing_through(links: Links) -> Iterator[TcpConnection]:
    """The module passes everything through to a peer that does not read by itself."""
    talk = links.talk
    talk.ok("AT+CIPMODE=1")
    connection = links.open_tcp(listener=links.network.listen(window_bytes=WINDOW_BYTES))
    talk.prompt("AT+CIPSEND")
    yield connection
    talk.at.leave_passthrough()


def _fill(talk: Talk) -> bool:
    """Send until RTS goes away; whether it does."""
    piece = b"\x55" * PIECE_BYTES
    for _ in range(0, MOST_BYTES, PIECE_BYTES):
        talk.port.send(piece)
        talk.clock.sleep(ns_to_seconds(talk.at.line_time_ns(PIECE_BYTES)))
        if not talk.port.is_cts_asserted:
            return True
    return False


def _drain(links: Links, connection: TcpConnection) -> None:
    """Receive until nothing comes any more."""
    while connection.receive(links.deadline_ns(DRAIN_S)):
        pass


@each_variant("UART", 21, 21, 21)
@pytest.mark.needs("ap", "tcp-peer")
def test_code_0_is_no_flow_control(links: Links, variant: Variant) -> None:
    baud = present_baud(links.talk)
    switch(links.talk, variant, Frame(baud, flow_code=BOTH))
    switch(links.talk, variant, Frame(baud, flow_code=NO_FLOW))

    assert not heeds_cts(links.talk)
    assert not drives_rts(links)


@each_variant("UART", 22, 22, 22)
@pytest.mark.needs("ap", "tcp-peer")
def test_code_1_is_rts_alone(links: Links, variant: Variant) -> None:
    switch(links.talk, variant, Frame(present_baud(links.talk), flow_code=RTS))

    assert not heeds_cts(links.talk)
    assert drives_rts(links)


@each_variant("UART", 23, 23, 23)
@pytest.mark.needs("ap", "tcp-peer")
def test_code_2_is_cts_alone(links: Links, variant: Variant) -> None:
    switch(links.talk, variant, Frame(present_baud(links.talk), flow_code=CTS))

    assert heeds_cts(links.talk)
    assert not drives_rts(links)


@each_variant("UART", 24, 24, 24)
@pytest.mark.needs("ap", "tcp-peer")
def test_code_3_is_rts_and_cts(links: Links, variant: Variant) -> None:
    switch(links.talk, variant, Frame(present_baud(links.talk), flow_code=BOTH))

    assert heeds_cts(links.talk)
    assert drives_rts(links)


@each_variant("UART", 26, 26, 26)
def test_with_its_wires_nothing_of_a_fast_burst_is_lost(links: Links, variant: Variant) -> None:
    frame = Frame(FAST_BAUD, flow_code=BOTH)
    switch(links.talk, variant, frame)
    talk = links.talk

    with passing_through(links) as connection:
        follow(talk, replace(frame.port_format, is_rts_cts=True))
        received = b""
        for begin in range(0, len(BURST), PIECE_BYTES):
            talk.port.send(BURST[begin : begin + PIECE_BYTES])
            received += connection.receive(talk.clock.now_ns())
        deadline_ns = links.deadline_ns(BURST_TIMEOUT_S)
        while len(received) < len(BURST) and (data := connection.receive(deadline_ns)):
            received += data
        assert received == BURST
        follow(talk, frame.port_format)
