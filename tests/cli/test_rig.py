"""``hil rig check``: the table, and its exit status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .program import call, write_rig

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def outcomes(text: str) -> list[str]:
    return [line[10:20].strip() for line in text.splitlines() if line.startswith("  slot 0")]


def test_virtual_rig_passes(capsys: pytest.CaptureFixture[str]) -> None:
    ended = call(capsys, "rig", "check")
    assert ended.status == 0
    assert ended.err == ""
    assert ended.out.splitlines()[0] == "rig virtual: 1 module(s)"
    assert outcomes(ended.out) == ["passed"] * 4


def test_what_is_not_wired_is_no_failure(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    ended = call(capsys, "rig", "check", write_rig(tmp_path, "sim://default/module0"))
    assert ended.status == 0
    assert sorted(outcomes(ended.out)) == ["not wired", "not wired", "not wired", "passed"]


def test_what_fails_comes_with_what_to_look_at(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    rig = write_rig(tmp_path, "sim://default/module0", "baud = 9600", 'lines = ["bench"]')
    rig.write_text(rig.read_text("utf-8") + '[lines.bench]\ndriver = "virtual"', encoding="utf-8")
    ended = call(capsys, "rig", "check", rig)
    assert ended.status == 3
    assert outcomes(ended.out)[1] == "failed"
    assert "          look at TX of the adapter, the `baud` in the rig file, and" in ended.out


def test_wrong_file_and_missing_port_have_their_statuses(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "nosuch.toml"
    ended = call(capsys, "rig", "check", path)
    assert ended.status == 2
    assert ended.err == (
        f"hil: {path}: expected a rig description, found no such file. Check the path\n"
    )
    ended = call(capsys, "rig", "check", write_rig(tmp_path, "/dev/does-not-exist"))
    assert ended.status == 3
    assert ended.err.startswith("hil: cannot open /dev/does-not-exist: ")
