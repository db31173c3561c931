"""Commands that are to store nothing, with one look at the flash behind all of them.

Only if something has changed they are tried one by one, to find the guilty one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import pytest

from hil.errors import HilError
from hil.plugins.clause import needs_of

from .parameter_areas import differences
from .storing import NOBODY, calls_of
from .variant import Variant

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hil.ports.access_point import AccessPoint
    from hil.rig.rig import Rig

    from .parameter_areas import ParameterAreas


@dataclass(frozen=True, slots=True)
class Quiet:
    """What is to leave the parameter areas alone.

    Args:
        clause: Which clause says so; its command gives the name.
        variant: A command that uses a new value without storing it, or None.
        accepted: Other calls that are answered with OK.
        refused: Calls that are refused.
    """

    clause: str
    variant: Variant | None = None
    accepted: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()

    def run(self, areas: ParameterAreas, access_point: AccessPoint | None) -> None:
        """Make all of its calls."""
        talk = areas.talk
        calls = calls_of(self.variant, talk, access_point) if self.variant is not None else ()
        for call in (*calls, *self.accepted):
            talk.ok(call)
        for call in self.refused:
            talk.refused(call)


def _current(family: str, number: int) -> Quiet:
    return Quiet(f"{family}_CUR-{number:02d}", Variant(family, "_CUR"))


def _refusing(number: int, *links: str) -> Quiet:
    return Quiet(
        f"SAVETRANSLINK-{number:02d}", refused=tuple(f"AT+SAVETRANSLINK=1,{link}" for link in links)
    )


QUIET = (
    _current("CWJAP", 22),  # the first, for the station has DHCP now
    _current("UART", 29),
    _current("CWMODE", 9),
    _current("CWSAP", 23),
    _current("CWDHCP", 15),
    _current("CIPSTAMAC", 7),
    _current("CIPAPMAC", 7),
    _current("CIPSTA", 10),
    _current("CIPAP", 12),
    Quiet("CIPMUX-12", accepted=("AT+CIPMUX=1", "AT+CIPMUX=0")),
    Quiet("CIPMODE-09", accepted=("AT+CIPMODE=1", "AT+CIPMODE=0")),
    _refusing(8, f'{NOBODY},"XYZ"', f'{NOBODY},"tcp"'),
    _refusing(10, '"300.1.1.1",9'),
    _refusing(11, '"192.0.2.1",0', '"192.0.2.1",65536'),
)

each_quiet_command = pytest.mark.parametrize(
    "quiet",
    [pytest.param(each, id=each.clause, marks=pytest.mark.clause(each.clause)) for each in QUIET],
)


def chosen_in(session: pytest.Session, rig: Rig) -> list[Quiet]:
    """Those whose tests are selected and can run on a rig, in their order."""
    chosen = {
        item.callspec.params["quiet"]
        for item in session.items
        if isinstance(item, pytest.Function)
        and hasattr(item, "callspec")
        and "quiet" in item.callspec.params
        and needs_of(item) <= rig.has
    }
    return [each for each in QUIET if each in chosen]


def judge(
    areas: ParameterAreas, commands: Iterable[Quiet], access_point: AccessPoint | None
) -> None:
    """Find out which of the commands change the areas; `Findings.verdicts` tells.

    An error of one does not keep the others from being judged.
    """
    verdicts = areas.findings.verdicts
    begin = areas.begin
    for each in commands:
        try:
            each.run(areas, access_point)
            verdicts[each.clause] = True
        except HilError as error:
            verdicts[each.clause] = error
    if not differences(begin, areas.look()):
        return
    suspects = [each for each in commands if verdicts[each.clause] is True]
    for each in suspects:
        content = areas.run(partial(each.run, areas, access_point))
        verdicts[each.clause] = not differences(begin, content)
    if all(verdicts[each.clause] is True for each in suspects):
        _blame_all(areas, suspects)


def _blame_all(areas: ParameterAreas, suspects: Sequence[Quiet]) -> None:
    """They have changed the areas together, and none does alone."""
    for each in suspects:
        areas.findings.verdicts[each.clause] = False
