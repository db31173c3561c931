"""Several pieces of line hardware as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.errors import NeedMissingError

from .control_lines import Line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .control_lines import ControlLines

_ORDER = (Line.STRAP, Line.POWER, Line.RESET, Line.WAKE_LINK)
"""The strap first: GPIO0 is sampled as soon as the supply or EXT_RSTB lets the module start."""


class CombinedLines:
    """`ControlLines` that hand each line to the first part that has it.

    Args:
        parts: The hardware.
        rig: The rig's name, for error texts.
    """

    def __init__(self, parts: Sequence[ControlLines], rig: str) -> None:
        self._parts = tuple(parts)
        self._rig = rig

    @property
    def lines(self) -> frozenset[Line]:
        """The lines of all parts."""
        return frozenset().union(*(part.lines for part in self._parts))

    def set(self, states: Mapping[Line, bool]) -> None:
        """Switch lines, the strap before supply and reset; those of one part in one step.

        Raises:
            NeedMissingError: No part has that line.
        """
        shares: dict[int, dict[Line, bool]] = {}
        for line in _ORDER:
            if line in states:
                shares.setdefault(self._part_with(line), {})[line] = states[line]
        for index, share in shares.items():
            self._parts[index].set(share)

    def close(self) -> None:
        """Leave all parts in their safe state, whatever one of them does."""
        failures: list[Exception] = []
        for part in self._parts:
            try:
                part.close()
            except Exception as error:  # noqa: BLE001 - the others must still be released
                failures.append(error)
        if failures:
            raise failures[0]

    def _part_with(self, line: Line) -> int:
        for index, part in enumerate(self._parts):
            if line in part.lines:
                return index
        raise NeedMissingError(
            line.value,
            self._rig,
            "add a [lines.NAME] table that switches it to the rig file and name it in the "
            "module's `lines`",
        )
