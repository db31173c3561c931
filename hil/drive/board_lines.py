"""DTR and RTS of a served module, with the capacitor at EXT_RSTB that makes resets by them work.

Many programs end a reset with two calls, RTS last or DTR last, and between them both lines are
asserted for a moment: EXT_RSTB is free then, and GPIO0 not yet low. On a board the capacitor at
EXT_RSTB bridges that moment. Between two processes it can last longer than any capacitor, so the
reset goes on here until the next change of a line, or for `HOLD_NS`.

Source: the order of the changes as esptool 5.6 makes them (`ClassicReset`), observed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.units import NS_PER_MS

if TYPE_CHECKING:
    from hil.virtual.bench import Bench

HOLD_NS = 250 * NS_PER_MS
"""How long a reset goes on at most while both lines are asserted."""

STRAP_HOLD_NS = 50 * NS_PER_MS
"""How long GPIO0 stays low after `BoardLines.enter_loader`."""

_BOTH = (True, True)
_NEITHER = (False, False)
_RESET = (False, True)
_STRAP = (True, False)


class BoardLines:
    """The two modem lines of one bench; a machine of its world, because a held reset ends.

    Args:
        bench: Whose lines these are; wired by the two-transistor circuit.
    """

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._driven = _NEITHER
        self._planned: tuple[int, tuple[bool, bool]] | None = None

    def set(self, *, dtr: bool, rts: bool, now_ns: int) -> None:
        """The host asserts or releases DTR and RTS."""
        self._planned = None
        if self._driven == _RESET and (dtr, rts) == _BOTH:
            self._planned = now_ns + HOLD_NS, _BOTH
        else:
            self._drive((dtr, rts), now_ns)

    def restart(self, now_ns: int) -> None:
        """Reset the module into what is in its flash."""
        self._planned = None
        self._drive(_RESET, now_ns)
        self._drive(_NEITHER, now_ns)

    def enter_loader(self, now_ns: int) -> None:
        """Reset the module into its serial loader."""
        self._drive(_RESET, now_ns)
        self._drive(_STRAP, now_ns)
        self._planned = now_ns + STRAP_HOLD_NS, _NEITHER

    def next_deadline_ns(self) -> int | None:
        """When a planned change is due."""
        return None if self._planned is None else self._planned[0]

    def advance(self, now_ns: int) -> None:
        """Make the planned change if it is due."""
        if self._planned is not None and self._planned[0] <= now_ns:
            lines = self._planned[1]
            self._planned = None
            self._drive(lines, now_ns)

    def _drive(self, lines: tuple[bool, bool], now_ns: int) -> None:
        self._driven = lines
        dtr, rts = lines
        self._bench.set_modem_lines(dtr=dtr, rts=rts, now_ns=now_ns)
