"""Questions to the network that are answered later: the address of a name, an echo request."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from hil.virtual.network.message import Ponged, Resolved

if TYPE_CHECKING:
    from hil.virtual.outside import OutsideEvent


class Queries:
    """The questions that are open, by number; a `Service`."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._answers: dict[int, Resolved | Ponged | None] = {}

    def begin(self) -> int:
        """A number for a question that is to be asked."""
        query = next(self._numbers)
        self._answers[query] = None
        return query

    def is_answered(self, query: int) -> bool:
        """Whether the answer to a question that was begun is here."""
        return self._answers[query] is not None

    def end(self, query: int) -> Resolved | Ponged | None:
        """The answer, or None if there is none; what comes later is not listened to."""
        return self._answers.pop(query)

    def start(self, now_ns: int) -> None:
        """Nothing is asked at start."""

    def next_deadline_ns(self) -> int | None:
        """Whoever asks waits by itself."""
        return None

    def advance(self, now_ns: int) -> None:
        """Nothing is due."""

    def hear(self, event: OutsideEvent, now_ns: int) -> None:
        """Keep the answer to a question that is open."""
        del now_ns
        if isinstance(event, Resolved | Ponged) and event.query in self._answers:
            self._answers[event.query] = event
