"""What the firmware asks of the chip, gathered in the order in which it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.virtual.action import Send, Transmit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hil.virtual.action import Action
    from hil.virtual.outside import OutsideRequest
    from hil.virtual.uart import LineFormat


class Output:
    """Actions that have not been handed over yet.

    When bytes leave is told on the line's clock. It stands still while CTS holds the line up, so
    that what is queued is as far from leaving afterwards as it was before.

    Args:
        line_format: How UART0 is set.

    Attributes:
        line_format: How UART0 is set for what is sent next.
        end: When the last byte sent so far leaves, on the line's clock.
    """

    def __init__(self, line_format: LineFormat) -> None:
        self.line_format = line_format
        self.end = 0
        self._actions: list[Action] = []
        self._stood_still_ns = 0
        self._held_since_ns: int | None = None

    def send(self, data: bytes, at_ns: int) -> None:
        """Write bytes to UART0 at a moment; they leave behind what is queued there."""
        begin = max(self.end, self._line_time(at_ns))
        self.end = begin + self.line_format.duration_ns(len(data))
        self._actions.append(Send(data, at_ns))

    @property
    def is_held(self) -> bool:
        """Whether the line's clock stands still."""
        return self._held_since_ns is not None

    def follow_line(self, *, is_held: bool, now_ns: int) -> None:
        """CTS holds the line up from now on, or lets it go on. Source: lines 252-254."""
        if self._held_since_ns is not None:
            self._stood_still_ns += now_ns - self._held_since_ns
        self._held_since_ns = now_ns if is_held else None

    def moment_ns(self, line_time: int) -> int | None:
        """When the line's clock shows a time; None if that is not known while it stands still."""
        since_ns = self._held_since_ns
        if since_ns is not None and line_time > self._line_time(since_ns):
            return None
        return line_time + self._stood_still_ns

    def backlog_ns(self, now_ns: int) -> int:
        """How long the line needs for what has not left."""
        return max(0, self.end - self._line_time(now_ns))

    def _line_time(self, at_ns: int) -> int:
        shown_ns = at_ns if self._held_since_ns is None else self._held_since_ns
        return shown_ns - self._stood_still_ns

    def transmit(self, request: OutsideRequest, at_ns: int) -> None:
        """Ask something of the air or the network at a moment."""
        self._actions.append(Transmit(request, at_ns))

    def add(self, actions: Sequence[Action]) -> None:
        """Ask the chip for something else."""
        self._actions += actions

    def take(self) -> list[Action]:
        """The actions since the last call."""
        actions, self._actions = self._actions, []
        return actions
