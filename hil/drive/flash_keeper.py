"""Saves the flash of a served module whenever somebody has written to it and is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.units import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.virtual.flash import NorFlash

QUIET_NS = NS_PER_S // 5
"""How long nobody must have written."""

LONGEST_DELAY_NS = 2 * NS_PER_S
"""How long a change waits at most while somebody goes on writing."""


class FlashKeeper:
    """A machine of the world that saves a flash `QUIET_NS` after the last operation on it.

    While operations go on it saves every `LONGEST_DELAY_NS`.

    Args:
        flash: What to save.
        save: How; gets the whole content.
    """

    def __init__(self, flash: NorFlash, save: Callable[[bytes], None]) -> None:
        self._flash = flash
        self._save = save
        self._saved_count = flash.write_count
        self._changed_ns: int | None = None

    def next_deadline_ns(self) -> int | None:
        """When the flash has been quiet long enough, if it was written to."""
        if self._flash.write_count == self._saved_count:
            return None
        if self._changed_ns is None:
            self._changed_ns = self._flash.busy_until_ns
        return min(self._flash.busy_until_ns + QUIET_NS, self._changed_ns + LONGEST_DELAY_NS)

    def advance(self, now_ns: int) -> None:
        """Save if it is time to."""
        due_ns = self.next_deadline_ns()
        if due_ns is not None and due_ns <= now_ns:
            self._saved_count = self._flash.write_count
            self._changed_ns = None
            self._save(self._flash.snapshot())
