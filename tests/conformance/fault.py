"""A module with a named fault, as a variation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hil.plugins.clause import clauses_of
from hil.plugins.rig import session_of
from hil.spec.catalogue import load_catalogue

from .forking import HANGS_AFTER_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from hil.virtual.firmware.fault import Fault


@dataclass(frozen=True, slots=True)
class FaultyModule:
    """All modules of the rig have one fault; the tests that claim its clauses are run.

    Args:
        fault: What is wrong.
    """

    fault: Fault

    @property
    def name(self) -> str:
        """The fault's name."""
        return self.fault.name

    @property
    def hangs_after_s(self) -> int:
        """As usual."""
        return HANGS_AFTER_S

    def items(self, session: pytest.Session) -> Sequence[pytest.Item]:
        """The tests that claim a clause of a command that the fault concerns."""
        catalogue = load_catalogue()
        return [
            item
            for item in session.items
            if any(
                catalogue[clause_id].command in self.fault.commands
                for clause_id in clauses_of(item)
            )
        ]

    def apply(self, session: pytest.Session) -> None:
        """Let the rig of the session, not opened yet, have the fault."""
        held = session_of(session.config)
        modules = tuple(
            replace(module, faults=(self.fault.name,)) for module in held.options.rig.modules
        )
        held.options = replace(held.options, rig=replace(held.options.rig, modules=modules))
