"""What air and network still have to do, in the order of time."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Step = Callable[[int], None]
    """What happens, told the moment in ns."""


class Appointment:
    """One step that is to come.

    Args:
        step: What to do; gets the moment.
    """

    __slots__ = ("is_open", "step")

    def __init__(self, step: Step) -> None:
        self.step = step
        self.is_open = True

    def cancel(self) -> None:
        """Do nothing when the moment comes; it may be over."""
        self.is_open = False


class Agenda:
    """Steps with their moments; those of one moment are served in the order of their planning."""

    def __init__(self) -> None:
        self._steps: list[tuple[int, int, Appointment]] = []
        self._count = 0

    def plan(self, at_ns: int, step: Step) -> Appointment:
        """Do something at a moment."""
        appointment = Appointment(step)
        self._count += 1
        heappush(self._steps, (at_ns, self._count, appointment))
        return appointment

    def next_deadline_ns(self) -> int | None:
        """The moment of the next step that was not cancelled."""
        while self._steps and not self._steps[0][2].is_open:
            heappop(self._steps)
        return self._steps[0][0] if self._steps else None

    def advance(self, now_ns: int) -> None:
        """Serve all steps that are due, also those that are planned meanwhile."""
        while (deadline := self.next_deadline_ns()) is not None and deadline <= now_ns:
            _, _, appointment = heappop(self._steps)
            appointment.is_open = False
            appointment.step(deadline)
