"""The virtual USB-to-serial adapter: the host's side of the wire, with DTR and RTS.

A host sets a line format, writes, reads what has arrived so far, and switches two modem lines. The
adapter knows in arithmetic when each byte on the wire will have arrived, so a reader can ask when
there will be enough instead of polling.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .uart import Burst, LineFormat, receive_as

if TYPE_CHECKING:
    from .transmitter import LineCut


@dataclass(slots=True)
class _Incoming:
    """A burst on its way to the host.

    It is never cut into pieces while it arrives: the end of a piece is a rounded moment, so the
    bytes behind it would come the later the more often somebody looks.

    Args:
        sent: What the chip put on the wire.
        heard: What the host makes of it in its present format.
        taken: How many of the bytes heard have arrived.
    """

    sent: Burst
    heard: Burst
    taken: int = 0

    @property
    def end_ns(self) -> int:
        """When the wire is free of it; a host may hear nothing at all, or still be busy with it."""
        return max(self.sent.end_ns(), self.heard.end_ns())


class SerialAdapter:
    """The host's end of one UART.

    Args:
        line_format: What the host's side is set to at first.
    """

    def __init__(self, line_format: LineFormat | None = None) -> None:
        self._format = line_format or LineFormat()
        self._hears_all = False
        self._incoming: deque[_Incoming] = deque()
        self._received = bytearray()
        self._transmit_free_ns = 0
        self._withheld: list[Burst] | None = None
        self._break_since_ns: int | None = None

    @property
    def line_format(self) -> LineFormat:
        """The present setting of the host's side."""
        return self._format

    def set_format(self, line_format: LineFormat, now_ns: int, *, hears_all: bool = False) -> None:
        """Set the host's side; bytes that have not ended yet are heard in the new format.

        With `hears_all`, the format is for sending, and each burst is heard in its own.
        """
        if (line_format, hears_all) == (self._format, self._hears_all):
            return
        self._settle(now_ns)
        self._format = line_format
        self._hears_all = hears_all
        self._incoming = deque(
            self._hear(incoming.sent.split(incoming.sent.ended_by(now_ns))[1])
            for incoming in self._incoming
        )

    def write(self, data: bytes, now_ns: int) -> list[Burst]:
        """Put bytes on the wire behind those before; returns them with their place in time.

        While CTS holds the adapter up there is nothing to return yet.
        """
        burst = Burst(max(now_ns, self._transmit_free_ns), data, self._format)
        if self._withheld is not None:
            self._withheld.append(burst)
            return []
        self._transmit_free_ns = burst.end_ns()
        return [burst]

    @property
    def is_held(self) -> bool:
        """Whether the adapter waits for CTS."""
        return self._withheld is not None

    def hold(self, withdrawn: list[Burst], now_ns: int) -> None:
        """Wait for CTS; `withdrawn` is what was on its way and had not begun."""
        self._withheld = list(withdrawn)
        if withdrawn:
            self._transmit_free_ns = max(now_ns, withdrawn[0].start_ns)

    def resume(self, now_ns: int) -> list[Burst]:
        """Go on; returns what was withheld, with its new place in time."""
        withheld, self._withheld = self._withheld or [], None
        resumed = []
        for burst in withheld:
            start_ns = max(now_ns, self._transmit_free_ns)
            resumed.append(Burst(start_ns, burst.data, burst.format))
            self._transmit_free_ns = resumed[-1].end_ns()
        return resumed

    @property
    def is_in_break(self) -> bool:
        """Whether the host holds the line low; what it writes meanwhile is lost."""
        return self._break_since_ns is not None

    def begin_break(self, now_ns: int) -> int:
        """Hold the line low behind the bytes on the wire; returns from when on."""
        if self._break_since_ns is None:
            self._break_since_ns = now_ns
        return max(self._break_since_ns, self._transmit_free_ns)

    def end_break(self, now_ns: int) -> None:
        """Let the line go; a break that had to wait for the wire lasts as long all the same."""
        if self._break_since_ns is not None:
            duration_ns = now_ns - self._break_since_ns
            self._transmit_free_ns = max(now_ns, self._transmit_free_ns + duration_ns)
            self._break_since_ns = None

    def transmit_end_ns(self) -> int:
        """When the last byte written has left, but for those that wait for CTS."""
        return self._transmit_free_ns

    def accept(self, burst: Burst) -> None:
        """The chip put bytes on the wire; they may lie in the future."""
        self._incoming.append(self._hear(burst))

    def cut(self, cut: LineCut) -> None:
        """The chip stopped in the middle; bytes that would end later do not arrive."""
        self._incoming = deque(
            self._hear(incoming.sent.split(incoming.sent.ended_by(cut.at_ns))[0], incoming.taken)
            for incoming in self._incoming
            if incoming.sent.end_ns(1) <= cut.at_ns
        )

    def available(self, now_ns: int) -> int:
        """How many bytes have arrived and were not read."""
        self._settle(now_ns)
        return len(self._received)

    def arrival_ns(self, count: int) -> int | None:
        """When `count` unread bytes will be there; None if not that many are on the wire."""
        missing = count - len(self._received)
        if missing <= 0:
            return 0
        free_ns = 0
        for incoming in self._incoming:
            coming = len(incoming.heard.data) - incoming.taken
            if missing <= coming:
                return max(free_ns, incoming.heard.end_ns(incoming.taken + missing))
            missing -= coming
            free_ns = max(free_ns, incoming.end_ns)
        return None

    def run_end_ns(self, now_ns: int) -> int:
        """When the bytes that are arriving now, and those right behind them, will have arrived.

        `now_ns` if the line is quiet, whatever may come later.
        """
        end_ns = now_ns
        for incoming in self._incoming:
            if incoming.sent.start_ns > end_ns:
                break
            end_ns = max(end_ns, incoming.end_ns)
        return end_ns

    def read(self, count: int, now_ns: int) -> bytes:
        """Up to `count` of the bytes that have arrived."""
        self._settle(now_ns)
        data = bytes(self._received[:count])
        del self._received[:count]
        return data

    def discard_input(self, now_ns: int) -> None:
        """Forget what has arrived; what is on the wire still comes."""
        self._settle(now_ns)
        self._received.clear()

    def _hear(self, burst: Burst, taken: int = 0) -> _Incoming:
        data = receive_as(burst, burst.format if self._hears_all else self._format)
        line_format = burst.format if len(data) == len(burst.data) else self._format
        return _Incoming(burst, Burst(burst.start_ns, data, line_format), min(taken, len(data)))

    def _settle(self, now_ns: int) -> None:
        while self._incoming:
            incoming = self._incoming[0]
            count = incoming.heard.ended_by(now_ns)
            if count > incoming.taken:
                self._received += incoming.heard.data[incoming.taken : count]
                incoming.taken = count
            if incoming.end_ns > now_ns:
                return
            self._incoming.popleft()
