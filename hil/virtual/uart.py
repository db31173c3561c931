"""A UART line as arithmetic: frames, bursts, and what a receiver set otherwise makes of them.

A wire carries *bursts*: bytes sent without a gap in one line format. Where byte *k* of a burst
ends is computed, never simulated, so that a megabyte costs one object.

When both ends agree a burst is its bytes. When they do not, `receive_as` samples the waveform as a
UART does: it waits for a falling edge, looks at the middle of each bit, and starts over behind the
stop bit. The result is the garbage that a real adapter shows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING

from hil.units import NS_PER_S

from .errors import VirtualError

if TYPE_CHECKING:
    from collections.abc import Iterable


class Parity(Enum):
    """Parity of a frame; the value is the document's code (AT+UART, `parity`)."""

    NONE = 0
    ODD = 1
    EVEN = 2


@dataclass(frozen=True, slots=True)
class LineFormat:
    """Speed and frame of one side of a line.

    Args:
        baud: Bits per second, 1 or more.
        data_bits: 5 to 8.
        parity: None, odd or even.
        half_stop_bits: 2, 3 or 4 for 1, 1.5 or 2 stop bits.
    """

    baud: int = 115200
    data_bits: int = 8
    parity: Parity = Parity.NONE
    half_stop_bits: int = 2
    half_bits_per_frame: int = field(init=False, repr=False, compare=False)
    """Length of one frame, start bit to last stop bit, in half bits."""

    def __post_init__(self) -> None:
        if self.baud < 1 or not 5 <= self.data_bits <= 8 or self.half_stop_bits not in {2, 3, 4}:
            raise VirtualError(
                f"no UART has {self.baud} baud, {self.data_bits} data bits and "
                f"{self.half_stop_bits / 2:g} stop bits"
            )
        half_bits = 2 * (1 + self.data_bits + (self.parity is not Parity.NONE))
        object.__setattr__(self, "half_bits_per_frame", half_bits + self.half_stop_bits)

    def agrees_with(self, other: LineFormat) -> bool:
        """Whether a receiver in the other format hears each frame as it was sent.

        How many stop bits the sender adds does not matter to it. One that expects the other parity
        samples the same bits: it finds a parity error and keeps the byte, as the ESP8266's UART
        does (it drops such bytes only with UART_ERR_WR_MASK set) and a host without INPCK.
        """
        return (self.baud, self.data_bits, self.parity) == (
            other.baud,
            other.data_bits,
            other.parity,
        )

    def duration_ns(self, count: int) -> int:
        """How long `count` frames last without a gap, rounded up."""
        return -(-count * self.half_bits_per_frame * NS_PER_S // (2 * self.baud))


@dataclass(frozen=True, slots=True)
class Burst:
    """Bytes that follow each other on a wire without a gap.

    Args:
        start_ns: When the first start bit begins.
        data: The bytes, 8 bits each however wide the frame is.
        format: The sender's line format.
    """

    start_ns: int
    data: bytes
    format: LineFormat
    _end_ns: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        end_ns = self.start_ns + self.format.duration_ns(len(self.data))
        object.__setattr__(self, "_end_ns", end_ns)

    def end_ns(self, count: int | None = None) -> int:
        """When byte number `count` (from 1; default: the last) has ended."""
        return self._end_ns if count is None else self.start_ns + self.format.duration_ns(count)

    def ended_by(self, now_ns: int) -> int:
        """How many bytes have ended at `now_ns`."""
        if now_ns < self.start_ns:
            return 0
        elapsed = (now_ns - self.start_ns) * 2 * self.format.baud
        return min(len(self.data), elapsed // (self.format.half_bits_per_frame * NS_PER_S))

    def begun_by(self, now_ns: int) -> int:
        """How many bytes have ended at `now_ns` or are on the wire then."""
        if now_ns < self.start_ns:
            return 0
        ended = self.ended_by(now_ns)
        if ended == len(self.data):
            return ended
        next_start_ns = self.end_ns(ended) if ended else self.start_ns
        return ended + (next_start_ns < now_ns)

    def split(self, count: int) -> tuple[Burst, Burst]:
        """The first `count` bytes and the rest, each at its place in time."""
        head = Burst(self.start_ns, self.data[:count], self.format)
        tail = Burst(self.end_ns(count), self.data[count:], self.format)
        return head, tail


def stop_sending(bursts: Iterable[Burst], now_ns: int) -> tuple[list[Burst], list[Burst]]:
    """What a sender that stops behind the byte it is sending still sends, and what it does not."""
    sent, withheld = [], []
    for burst in bursts:
        head, tail = burst.split(burst.begun_by(now_ns))
        if head.data:
            sent.append(head)
        if tail.data:
            withheld.append(tail)
    return sent, withheld


def receive_as(burst: Burst, receiver: LineFormat) -> bytes:
    """What a receiver in the format `receiver` makes of a burst.

    Args:
        burst: What the sender put on the wire.
        receiver: How the other end is set.

    Returns:
        The sender's bytes (without the bits that the frame does not carry) if the formats agree;
        otherwise what sampling the waveform yields, of any length.
    """
    sender = burst.format
    if sender.agrees_with(receiver):
        if receiver.data_bits == 8:
            return burst.data
        mask = (1 << receiver.data_bits) - 1
        return bytes(byte & mask for byte in burst.data)
    return _garbage(burst.data, sender, receiver)


@lru_cache(maxsize=16)
def _garbage(data: bytes, sender: LineFormat, receiver: LineFormat) -> bytes:
    """What sampling yields; kept, because most of it is a boot log that comes again and again."""
    return _sample(_half_bits(data, sender), sender.baud, receiver)


def _half_bits(data: bytes, sender: LineFormat) -> bytearray:
    """Levels of the line, one per half bit."""
    levels = bytearray()
    for byte in data:
        bits = [0] + [byte >> position & 1 for position in range(sender.data_bits)]
        if sender.parity is not Parity.NONE:
            ones = sum(bits)
            bits.append(ones & 1 if sender.parity is Parity.EVEN else ~ones & 1)
        for bit in bits:
            levels += bytes((bit, bit))
        levels += b"\x01" * sender.half_stop_bits
    return levels


def _sample(levels: bytearray, sender_baud: int, receiver: LineFormat) -> bytes:
    """Bytes that a receiver finds in a waveform; the line is idle (high) after its end.

    Positions are counted in units of one half bit of the sender divided by the receiver's rate,
    so that both rates stay whole numbers.
    """
    half_bit = receiver.baud
    bit = 2 * sender_baud
    frame_bits = receiver.data_bits + (receiver.parity is not Parity.NONE)
    received = bytearray()
    position = 0
    while (start := levels.find(0, -(-position // half_bit))) >= 0:
        edge = max(start * half_bit, position)
        centre = edge + bit // 2
        if _level(levels, centre, half_bit):  # a spike shorter than half a bit is no start bit
            position = (start + 1) * half_bit
            continue
        value = 0
        for index in range(receiver.data_bits):
            value |= _level(levels, centre + (index + 1) * bit, half_bit) << index
        received.append(value)
        stop = centre + (frame_bits + 1) * bit
        position = stop
        if not _level(levels, stop, half_bit):  # framing error: wait for the line to go high
            high = levels.find(1, stop // half_bit)
            if high < 0:
                break
            position = high * half_bit
    return bytes(received)


def _level(levels: bytearray, position: int, half_bit: int) -> int:
    index = position // half_bit
    return levels[index] if index < len(levels) else 1
