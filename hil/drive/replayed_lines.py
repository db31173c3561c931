"""The control lines of a module that is played from a record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.errors import NeedMissingError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hil.ports.control_lines import Line
    from hil.recording.replayed_module import ReplayedModule
    from hil.virtual.world import World


class ReplayedLines:
    """`ControlLines` whose every switch must be on record.

    Args:
        world: Whose time it is.
        module: What is played.
    """

    def __init__(self, world: World, module: ReplayedModule) -> None:
        self._world, self._module = world, module

    @property
    def lines(self) -> frozenset[Line]:
        """Those of the recorded rig, without the boot strap."""
        return self._module.lines

    def set(self, states: Mapping[Line, bool]) -> None:
        """Switch lines.

        Raises:
            NeedMissingError: A line that is not on record.
            ReplayMismatchError: It was not switched so at this place.
        """
        for line in states:
            if line not in self.lines:
                raise NeedMissingError(
                    line.value,
                    self._module.record.header.rig,
                    "a session that is played from a record has the lines of the recorded rig, "
                    "and no way into the boot loader",
                )
        self._module.set_lines(states, self._world.now_ns)

    def close(self) -> None:
        """Nothing to do: nothing hangs on these lines."""
