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

    Args:
        line_format: How UART0 is set.

    Attributes:
        line_format: How UART0 is set for what is sent next.
        free_ns: When the last byte sent so far will have left.
    """

    def __init__(self, line_format: LineFormat) -> None:
        self.line_format = line_format
        self.free_ns = 0
        self._actions: list[Action] = []

    def send(self, data: bytes, at_ns: int) -> None:
        """Write bytes to UART0 at a moment; they leave behind what is queued there."""
        self.free_ns = max(self.free_ns, at_ns) + self.line_format.duration_ns(len(data))
        self._actions.append(Send(data, at_ns))

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
