"""The transmit side of UART0: a queue that is known in advance, because a line is arithmetic."""

from __future__ import annotations

from dataclasses import dataclass

from .uart import Burst, LineFormat


@dataclass(frozen=True, slots=True)
class LineCut:
    """The sender stopped in the middle of what it had begun; the line is idle from `at_ns` on."""

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

    @property
    def free_ns(self) -> int:
        """When the last byte given so far has left."""
        return self._free_ns

    def send(self, data: bytes, at_ns: int) -> None:
        """Queue bytes that the program writes at `at_ns`."""
        burst = Burst(max(at_ns, self._free_ns), data, self.line_format)
        self._free_ns = burst.end_ns()
        self._events.append(burst)

    def cut(self, now_ns: int) -> None:
        """Stop at once: what has not left by `now_ns` never will."""
        if self._free_ns > now_ns:
            self._events.append(LineCut(now_ns))
        self._free_ns = now_ns

    def take(self) -> list[Burst | LineCut]:
        """What happened on the wire since the last call, in order."""
        events, self._events = self._events, []
        return events
