"""The interface between the virtual chip and whatever program runs on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .action import Action
    from .uart import Burst


class Program(Protocol):
    """A program on the virtual chip: boot loader, flasher stub, AT firmware, or lost code.

    It is deterministic: the actions depend on what it was given and when that happened, never on
    how the calls were sliced. The chip calls `advance` at every deadline it names, and before
    every `receive`, so a program never sees a byte before its own earlier deadlines are served.
    """

    def start(self, now_ns: int) -> Sequence[Action]:
        """Begin to run."""

    def next_deadline_ns(self) -> int | None:
        """When it wants to be woken, or None while it only waits for bytes."""

    def advance(self, now_ns: int) -> Sequence[Action]:
        """Serve everything that is due at `now_ns`."""

    def bytes_wanted(self, burst: Burst) -> int:
        """How many bytes of a burst to hand over in one `receive`; at least 1.

        A program that acts at a certain byte (a line end) takes all up to it. The chip hands over
        the rest after the deadline that the program names for the end of those.
        """

    def receive(self, burst: Burst) -> Sequence[Action]:
        """Take bytes from the wire; byte *k* (from 1) is received at ``burst.end_ns(k)``.

        The call comes while the first start bit is on the wire, so that an echo, which leaves in
        step with the bytes, can be returned at once. Everything else is done in `advance`, at the
        deadline ``burst.end_ns()`` that the program names next.
        """
