"""Frames of the serial line: setting both ends, and telling what the module's frames consist of.

Most adapters neither check a parity nor measure stop bits, so both are read in other ways:

* 7 data bits and one bit more, be it parity or a second stop bit, are as long as 8 data bits. A
  host at 8N1 sees that bit as the top bit of each byte.
* At 1200 baud half a stop bit of each byte of an answer adds up to more than an adapter's latency.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from hil.errors import MisbehaviourError, PortError
from hil.ports.byte_port import Parity, PortFormat
from hil.units import NS_PER_S, seconds_to_ns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hil.at.talk import Talk

    from .variant import Variant

SLOW_BAUD = 1200
"""At which frames are measured."""

TOP_BIT = 0x80
_LONGEST_ANSWER_S = 5.0


@dataclass(frozen=True, slots=True)
class Frame:
    """How AT+UART and its kin are told to set a line, with the document's codes.

    Args:
        baud: The speed.
        data_bits: 5 to 8.
        stop_code: 1, 2 or 3 for 1, 1.5 or 2 stop bits.
        parity_code: 0 none, 1 odd, 2 even.
        flow_code: 0 none, 1 RTS, 2 CTS, 3 both.
    """

    baud: int
    data_bits: int = 8
    stop_code: int = 1
    parity_code: int = 0
    flow_code: int = 0

    def call(self, variant: Variant) -> str:
        """The call that sets it."""
        return (
            f"{variant.command}={self.baud},{self.data_bits},{self.stop_code},{self.parity_code},"
            f"{self.flow_code}"
        )

    @property
    def port_format(self) -> PortFormat:
        """How the host talks with it. The host sends at most two stop bits, and needs only one.

        With 1.5 it is set to 2: many adapters have no other (A-21).
        """
        parity = (Parity.NONE, Parity.ODD, Parity.EVEN)[self.parity_code]
        return PortFormat(self.baud, self.data_bits, parity, 1 if self.stop_code == 1 else 2)


def present_baud(talk: Talk) -> int:
    """The speed of the line."""
    return talk.port.format.baud


def follow(talk: Talk, port_format: PortFormat) -> None:
    """Set the host's side of the line, and forget what came."""
    talk.port.set_format(port_format)
    talk.at.forget()


def follow_baud(talk: Talk, baud: int) -> None:
    """Set the host's side of the line to another speed, and forget what came."""
    follow(talk, replace(talk.port.format, baud=baud))


def can_follow(talk: Talk, port_format: PortFormat) -> bool:
    """Whether the host's side can be set so; it is as before afterwards."""
    before = talk.port.format
    try:
        talk.port.set_format(port_format)
    except PortError:
        return False
    talk.port.set_format(before)
    return True


def require_port(talk: Talk, port_format: PortFormat) -> None:
    """Skip a test whose module the host could not follow."""
    if not can_follow(talk, port_format):
        pytest.skip(f"the port of the rig has no {port_format.baud} baud")


@contextmanager
def left_in(talk: Talk, port_format: PortFormat) -> Iterator[None]:
    """Leave the port as the module is set, whatever a test does to it within.

    What a test stores is put right over the line, so nothing may part the two.
    """
    try:
        yield
    finally:
        follow(talk, port_format)


def switch(talk: Talk, variant: Variant, frame: Frame) -> None:
    """Let the module set its line, and set the host's side so, too.

    Some firmware says OK in the new format, so that it is lost (A-20); what counts is the answer to
    AT then.
    """
    require_port(talk, frame.port_format)
    try:
        talk.ok(frame.call(variant))
    except MisbehaviourError:
        follow(talk, frame.port_format)
        if talk.is_strict:
            raise
        talk.at.resynchronise()
    else:
        follow(talk, frame.port_format)


def with_top_bits(data: bytes, parity_code: int) -> bytes:
    """What a host at 8N1 sees of 7 data bits and a bit that follows them.

    Args:
        data: The bytes.
        parity_code: 1 odd, 2 even; with 0 the bit is a second stop bit.
    """
    return bytes(byte | TOP_BIT * _has_top_bit(byte, parity_code) for byte in data)


def measure_stop_bits(talk: Talk, bits_before: int, *, is_seven_odd: bool = False) -> float:
    """How many stop bits the module's frames have; the line must be at `SLOW_BAUD`.

    Args:
        talk: With the module.
        bits_before: The other bits of a frame: start, data, parity.
        is_seven_odd: The module is set to 7 data bits and odd parity, and the host to 8 bits.
    """
    call, end = b"AT+GMR\r\n", b"\r\nOK\r\n"
    if is_seven_odd:
        call, end = with_top_bits(call, 1), with_top_bits(end, 1)
    talk.raw(call)
    deadline_ns = talk.clock.now_ns() + seconds_to_ns(_LONGEST_ANSWER_S)
    heard = talk.port.receive(deadline_ns)
    first_bytes, first_ns = len(heard), talk.clock.now_ns()
    while not heard.endswith(end) and (data := talk.port.receive(deadline_ns)):
        heard += data
    assert heard.endswith(end), f"this is no answer to AT+GMR: {heard!r}"
    duration_ns = talk.clock.now_ns() - first_ns
    bits = duration_ns * SLOW_BAUD / NS_PER_S / (len(heard) - first_bytes)
    return round(2 * (bits - bits_before)) / 2


def _has_top_bit(byte: int, parity_code: int) -> bool:
    return parity_code == 0 or (byte.bit_count() % 2 == 0) == (parity_code == 1)
