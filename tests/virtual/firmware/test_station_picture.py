"""The picture in docs/station.md is drawn from the table of transitions."""

from __future__ import annotations

from pathlib import Path

from hil.virtual.firmware.station import TRANSITIONS, Cue, Phase

PAGE = Path(__file__).parents[3] / "docs" / "station.md"


def drawn() -> str:
    arrows = [
        f"    {before.name} --> {after.name}: {cue.name.lower()}\n"
        for (before, cue), after in TRANSITIONS.items()
    ]
    return "```mermaid\nstateDiagram-v2\n    [*] --> OFF\n" + "".join(arrows) + "```\n"


def test_the_picture_shows_the_table() -> None:
    assert drawn() in PAGE.read_text(encoding="utf-8")


def test_each_phase_can_be_left_and_each_cue_does_something() -> None:
    assert {before for before, _ in TRANSITIONS} == set(Phase)
    assert {cue for _, cue in TRANSITIONS} == set(Cue)


def test_every_phase_can_be_given_a_network_and_every_other_one_can_be_left() -> None:
    for phase in Phase:
        assert TRANSITIONS[phase, Cue.JOIN] is Phase.JOINING
        assert TRANSITIONS.get((phase, Cue.LEAVE)) is (None if phase is Phase.OFF else Phase.OFF)
