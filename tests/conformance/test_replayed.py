"""The conformance plan is recorded, and played again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.cli.program import start

if TYPE_CHECKING:
    from pathlib import Path


def test_what_was_recorded_passes_again(tmp_path: Path) -> None:
    plan = ("run", "conformance/test_cwmode.py", "--clause", "CWMODE_DEF")
    recorded = start(tmp_path, *plan, "--record", "mode.hilrec")
    assert recorded.status == 0, recorded.out

    played = start(tmp_path, *plan, "--replay", "mode.hilrec")

    assert played.status == 0, played.out
    assert " passed" in played.out
    assert "error" not in played.out.lower()
