"""What waits in the TCP send buffer of a link: segments with numbers, until the peer confirms them.

A segment goes through these stages; while it is in one of the first two its bytes and its place in
the queue are taken::

    ANNOUNCED ──its data have come──► SENT ──the peer has confirmed them──► delivered
        │                               │
        └──────────── the link ends ────┴──► failed, and with the link it is forgotten

Segments are delivered in the order of their numbers, because a peer confirms bytes in their order:
of each only the count of bytes is kept at which it is through (`LinkTable.send`).

Source: section 5.2, commands 5 to 8, lines 830-862; A-55, A-56 in docs/ambiguities.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

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
    """The segments of one link.

    Args:
        link: Whose counters of bytes tell what is confirmed.

    Attributes:
        next_number: What the next segment will be called.
        sent: The last one that was handed to the network, or 0.
        delivered: The last one that the peer has confirmed, or 0.
    """

    def __init__(self, link: TcpLink) -> None:
        self._link = link
        self._announced: int | None = None
        self._on_way: deque[_Sent] = deque()
        self._known: dict[int, bool] = {}
        self.reset()

    def reset(self) -> None:
        """Start counting over; nothing may be waiting. Source: line 836."""
        self.next_number = 1
        self.sent = 0
        self.delivered = 0
        self._known.clear()

    @property
    def free_bytes(self) -> int:
        """Room for data, whatever command they came by."""
        return BUFFER_BYTES - (self._link.sent_bytes - self._link.acknowledged_bytes)

    @property
    def free_places(self) -> int:
        """Room for segments."""
        return QUEUE_PLACES - len(self._on_way)

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
        self._announced = number
        self._known[number] = False
        if len(self._known) > KNOWN_SEGMENTS:
            del self._known[next(iter(self._known))]
        return number

    def commit(self, end: int) -> None:
        """The data of the announced segment were handed to the network.

        Args:
            end: See `_Sent`.
        """
        if self._announced is not None:
            self._on_way.append(_Sent(self._announced, end))
            self.sent = self._announced
            self._announced = None

    def take_delivered(self) -> list[int]:
        """The numbers of the segments that the peer has confirmed since the last call."""
        numbers = []
        while self._on_way and self._on_way[0].end <= self._link.acknowledged_bytes:
            number = self._on_way.popleft().number
            numbers.append(number)
            self.delivered = number
            if number in self._known:
                self._known[number] = True
        return numbers

    def take_waiting(self) -> list[int]:
        """The numbers of all that will not be delivered any more, because the link is over."""
        numbers = [segment.number for segment in self._on_way]
        self._on_way.clear()
        return numbers

    def status(self, number: int) -> bool | None:
        """Whether a segment was delivered; None if it is not known, or not any more."""
        return self._known.get(number)


class SendBuffers:
    """The send buffers of all TCP links, and the lines that tell what became of segments.

    Args:
        state: Its links tell what the peers have confirmed, and when they end.
    """

    def __init__(self, state: FirmwareState) -> None:
        self._state = state
        self._buffers: dict[Link, SendBuffer] = {}
        state.links.on_acknowledged.append(self._tell_delivered)
        state.links.on_end.append(self._tell_lost)

    def of(self, link: TcpLink) -> SendBuffer:
        """The send buffer of an open link."""
        return self._buffers.setdefault(link, SendBuffer(link))

    def holds_segments(self, link: Link) -> bool:
        """Whether segments of a link wait for the peer."""
        return link in self._buffers and self._buffers[link].has_segments

    def tell_failed(self, link: Link, number: int, now_ns: int) -> None:
        """Say that the peer has not confirmed a segment, and will not."""
        self._say(link, number, "SEND FAIL", now_ns)

    def _tell_delivered(self, link: Link, now_ns: int) -> None:
        """Source: line 832; A-55 for the blank that does not come."""
        if link in self._buffers:
            for number in self._buffers[link].take_delivered():
                self._say(link, number, "SEND OK", now_ns)

    def _tell_lost(self, link: Link, now_ns: int) -> None:
        if link in self._buffers:
            for number in self._buffers.pop(link).take_waiting():
                self.tell_failed(link, number, now_ns)

    def _say(self, link: Link, number: int, text: str, now_ns: int) -> None:
        line = f"\r\n{self._state.links.label(link)}{number},{text}\r\n"
        self._state.out.send(line.encode("ascii"), now_ns)
