"""What has been sent and not arrived yet: steps in the order of their moments."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Step = Callable[[int], None]
    """What happens, told the moment."""


class Agenda:
    """Steps that are due; those of one moment go in the order in which they were planned."""

    def __init__(self) -> None:
        self._steps: list[tuple[int, int, Step]] = []
        self._count = 0

    def plan(self, at_ns: int, step: Step) -> None:
        """Let a step happen at a moment."""
        self._count += 1
        heappush(self._steps, (at_ns, self._count, step))

    def next_deadline_ns(self) -> int | None:
        """When the next step is due."""
        return self._steps[0][0] if self._steps else None

    def advance(self, now_ns: int) -> None:
        """Let everything happen that is due by `now_ns`, what it plans included."""
        while self._steps and self._steps[0][0] <= now_ns:
            at_ns, _, step = heappop(self._steps)
            step(at_ns)
