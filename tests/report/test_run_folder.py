"""Where a run keeps its files."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from hil.report.run_folder import create_run_folder, point_latest_at, resolve_run_folder

START = datetime(2026, 4, 1, 10, 15, 30, tzinfo=UTC)


def test_folder_is_named_after_time_and_rig(tmp_path: Path) -> None:
    folder = create_run_folder(tmp_path / "reports", START, "bench 1/ä")
    assert folder == tmp_path / "reports" / "20260401-101530-bench-1"
    assert folder.is_dir()


def test_two_runs_in_one_second_do_not_share_a_folder(tmp_path: Path) -> None:
    names = [create_run_folder(tmp_path, START, "r").name for _ in range(3)]
    assert names == ["20260401-101530-r", "20260401-101530-r-2", "20260401-101530-r-3"]


@pytest.mark.parametrize("name", ["", "...", "///"])
def test_rig_without_a_usable_name_is_called_rig(tmp_path: Path, name: str) -> None:
    assert create_run_folder(tmp_path, START, name).name == "20260401-101530-rig"


def test_latest_leads_to_the_newest_run(tmp_path: Path) -> None:
    for _ in range(2):
        folder = create_run_folder(tmp_path, START, "r")
        point_latest_at(folder)
        assert (tmp_path / "latest").resolve() == folder
    assert resolve_run_folder(tmp_path / "latest").resolve() == folder


def test_latest_is_a_text_file_where_there_are_no_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("a required privilege is not held")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    folder = create_run_folder(tmp_path, START, "r")
    point_latest_at(folder)
    assert (tmp_path / "latest").read_text() == "20260401-101530-r\n"
    assert resolve_run_folder(tmp_path / "latest") == folder
