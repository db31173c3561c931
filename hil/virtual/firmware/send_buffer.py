"""What waits in the TCP send buffer of a link: segments with numbers, until the peer confirms them.

A segment goes through these stages; while it is sent its bytes and its place in the queue are
taken::

    ANNOUNCED ──its data have come──► SENT ──the peer has confirmed them──► delivered
        │                               │
        └─── its data come too late     └─── the link breaks off ─────────► failed

Segments are delivered in the order of their numbers, because a peer confirms bytes in their order:
of each only the count of bytes is kept at which it is through (`LinkTable.send`).

Numbers belong to the number of a link, not to the link: they go on when another link takes its
place, and only AT+CIPBUFRESET or a restart begins anew, as in the library of AT 0.23.

Source: section 5.2, commands 5 to 8, lines 830-862; A-55, A-56 in docs/ambiguities.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from .link import LINK_NUMBERS

if TYPE_CHECKING:
    from .link import Link, TcpLink
    from .state import FirmwareState

BUFFER_BYTES = 2920
"""Room for what the peer has not confirmed: two segments of TCP (A-55)."""

QUEUE_PLACES = 8
"""Room for segments, however small they are (A-55)."""

KNOWN_SEGMENTS = 32
"""Source: line 862."""

LAST_NUMBER = 0xFFFF_FFFF
"""Source: line 833, uint32."""


class _Sent(NamedTuple):
    """A segment on its way.

    Args:
        number: Its number.
        end: What the link's `acknowledged_bytes` reaches when it is delivered.
    """

    number: int
    end: int


class SendBuffer:
    """The segments of the links with one number.

    Attributes:
        link: The link whose segments may be on their way.
        next_number: What the next segment will be called.
        sent: The last one that was handed to the network, or 0.
        delivered: The last one that the peer has confirmed, or 0.
        settled: The last one of which it is known whether it was delivered, or 0.
    """

    def __init__(self) -> None:
        self.link: TcpLink | None = None
        self._on_way: deque[_Sent] = deque()
        self._known: dict[int, bool] = {}
        self.reset()

    def reset(self) -> None:
        """Start counting over; nothing may be on its way. Source: line 836."""
        self.next_number = 1
        self.sent = self.delivered = self.settled = 0
        self._known.clear()

    @property
    def free_bytes(self) -> int:
        """Room for data, whatever command they came by; none without a link."""
        link = self.link
        return BUFFER_BYTES - (link.sent_bytes - link.acknowledged_bytes) if link else 0

    @property
    def free_places(self) -> int:
        """Room for segments; none without a link."""
        return QUEUE_PLACES - len(self._on_way) if self.link else 0

    @property
    def is_empty(self) -> bool:
        """Whether the peer has confirmed all that was sent. Source: line 841; A-56."""
        return self.free_bytes == BUFFER_BYTES

    @property
    def has_segments(self) -> bool:
        """Whether a segment waits for the peer."""
        return bool(self._on_way)

    def announce(self) -> int:
        """Give a number to a segment whose data are to come. Source: line 833; A-55."""
        number = self.next_number
        self.next_number = 1 if number == LAST_NUMBER else number + 1
        self._known[number] = False
        if len(self._known) > KNOWN_SEGMENTS:
            del self._known[next(iter(self._known))]
        return number

    def commit(self, number: int, end: int) -> None:
        """The data of a segment were handed to the network.

        Args:
            number: Its number.
            end: See `_Sent`.
        """
        self._on_way.append(_Sent(number, end))
        self.sent = number

    def fail(self, number: int) -> None:
        """The data of a segment came too late."""
        self.settled = number

    def take_delivered(self, acknowledged_bytes: int) -> list[int]:
        """The numbers of the segments that the peer has confirmed since the last call.

        Args:
            acknowledged_bytes: How far the peer has confirmed what came over the link.
        """
        numbers = []
        while self._on_way and self._on_way[0].end <= acknowledged_bytes:
            number = self._on_way.popleft().number
            numbers.append(number)
            self.delivered = self.settled = number
            if number in self._known:
                self._known[number] = True
        return numbers

    def take_lost(self) -> list[int]:
        """The numbers of the segments that were on their way when their link ended."""
        numbers = [segment.number for segment in self._on_way]
        self.settled = numbers[-1] if numbers else self.settled
        self._on_way.clear()
        self.link = None
        return numbers

    def status(self, number: int) -> bool | None:
        """Whether a segment was delivered; None if it is not known, or not any more."""
        return self._known.get(number)


class SendBuffers:
    """The send buffers of all links, and the lines that tell what became of segments.

    Args:
        state: Its links tell what the peers have confirmed, and when they end.
    """

    def __init__(self, state: FirmwareState) -> None:
        self._state = state
        self._buffers = {number: SendBuffer() for number in LINK_NUMBERS}
        state.links.on_acknowledged.append(self._tell_delivered)
        state.links.on_end.append(self._tell_lost)

    def of(self, link: TcpLink) -> SendBuffer:
        """The send buffer of an open link."""
        buffer = self._buffers[link.number]
        buffer.link = link
        return buffer

    def numbered(self, number: int) -> SendBuffer | None:
        """The send buffer of the links with this number, if there can be any."""
        return self._buffers.get(number)

    def hold_segments(self, link: Link) -> bool:
        """Whether segments of a link wait for the peer."""
        return self._buffers[link.number].has_segments

    def tell_late(self, link: Link, number: int, now_ns: int) -> None:
        """Say that the data of a segment came when its link was gone."""
        self._buffers[link.number].fail(number)
        self._say(b"\r\n", link, number, "SEND FAIL", now_ns)

    def _tell_delivered(self, link: TcpLink, now_ns: int) -> None:
        """Source: line 832; A-55 for the blank that does not come."""
        buffer = self._buffers[link.number]
        if buffer.link is link:
            for number in buffer.take_delivered(link.acknowledged_bytes):
                self._say(b"\r\n", link, number, "SEND OK", now_ns)

    def _tell_lost(self, link: Link, now_ns: int) -> None:
        """Say of each segment that the peer has not confirmed it; it may have it all the same."""
        buffer = self._buffers[link.number]
        if buffer.link is link:
            for number in buffer.take_lost():
                self._say(b"", link, number, "SEND FAIL", now_ns)

    def _say(self, before: bytes, link: Link, number: int, text: str, now_ns: int) -> None:
        line = f"{self._state.links.label(link)}{number},{text}\r\n"
        self._state.out.send(before + line.encode("ascii"), now_ns)
