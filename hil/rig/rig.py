"""Everything that the tests hold: the modules of a rig and their clock."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from hil.errors import MistakeError

if TYPE_CHECKING:
    from types import TracebackType

    from hil.ports.clock import Clock

    from .description import RigDescription
    from .module import RigModule


class Rig:
    """An open rig; a context manager that leaves every line in its safe state.

    Args:
        description: What it was assembled from.
        clock: Its one clock.
        modules: In the order of the description.
    """

    def __init__(
        self, description: RigDescription, clock: Clock, modules: tuple[RigModule, ...]
    ) -> None:
        self.description = description
        self.clock = clock
        self.modules = modules

    @property
    def name(self) -> str:
        """The name in the rig file."""
        return self.description.name

    @property
    def has(self) -> frozenset[str]:
        """What every module of this rig offers, in the vocabulary of needs."""
        common = frozenset.intersection(*(module.has for module in self.modules))
        return common | self.description.has

    def module(self, slot: int) -> RigModule:
        """The module in a slot.

        Raises:
            MistakeError: There is no such slot.
        """
        for module in self.modules:
            if module.description.slot == slot:
                return module
        slots = ", ".join(str(module.description.slot) for module in self.modules)
        raise MistakeError(f"rig {self.name!r} has no slot {slot}; it has {slots}")

    def close(self) -> None:
        """Release all lines and close all ports, whatever one of them does.

        Closing twice is fine.
        """
        with ExitStack() as stack:
            for module in reversed(self.modules):
                stack.callback(module.port.close)
                stack.callback(module.lines.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
