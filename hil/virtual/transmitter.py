"""The transmit side of UART0: a queue that is known in advance, because a line is arithmetic."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from .uart import Burst, LineFormat, stop_sending


@dataclass(frozen=True, slots=True)
class LineCut:
    """The sender takes back what it had announced: bytes that would end after `at_ns` do not come.

    It was switched off in the middle, or was told to wait and will send them later.
    """

    at_ns: int


class Transmitter:
    """Puts bytes on the wire one behind the other and says when each of them leaves.

    Args:
        line_format: The format of the first byte.
    """

    def __init__(self, line_format: LineFormat) -> None:
        self.line_format = line_format
        self._free_ns = 0
        self._events: list[Burst | LineCut] = []
        self._leaving: deque[Burst] = deque()
        self._withheld: list[Burst] | None = None

    @property
    def free_ns(self) -> int:
        """When the last byte given so far has left, but for those that are withheld."""
        return self._free_ns

    @property
    def is_held(self) -> bool:
        """Whether nothing more is sent until `resume`."""
        return self._withheld is not None

    def send(self, data: bytes, at_ns: int) -> None:
        """Queue bytes that the program writes at `at_ns`."""
        burst = Burst(max(at_ns, self._free_ns), data, self.line_format)
        if self._withheld is None:
            self._put(burst)
        else:
            self._withheld.append(burst)

    def cut(self, now_ns: int) -> None:
        """Stop at once: what has not left by `now_ns` never will."""
        if self._free_ns > now_ns:
            self._events.append(LineCut(now_ns))
        self._free_ns = now_ns
        self._leaving.clear()
        if self._withheld is not None:
            self._withheld = []

    def hold(self, now_ns: int) -> None:
        """Wait behind the byte that is being sent, until `resume`."""
        if self._withheld is not None:
            return
        self._forget_what_left(now_ns)
        stays, self._withheld = stop_sending(self._leaving, now_ns)
        self._leaving = deque(stays)
        self._free_ns = stays[-1].end_ns() if stays else now_ns
        if self._withheld:
            self._events.append(LineCut(self._free_ns))

    def resume(self, now_ns: int) -> None:
        """Send what was withheld, and go on."""
        withheld, self._withheld = self._withheld, None
        for burst in withheld or ():
            self._put(Burst(max(now_ns, burst.start_ns, self._free_ns), burst.data, burst.format))

    def take(self, now_ns: int) -> list[Burst | LineCut]:
        """What happened on the wire since the last call, in order."""
        self._forget_what_left(now_ns)
        events, self._events = self._events, []
        return events

    def _put(self, burst: Burst) -> None:
        self._free_ns = burst.end_ns()
        self._leaving.append(burst)
        self._events.append(burst)

    def _forget_what_left(self, now_ns: int) -> None:
        while self._leaving and self._leaving[0].end_ns() <= now_ns:
            self._leaving.popleft()
