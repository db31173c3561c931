"""The toolkit from its wheel, in an empty folder, without a checkout."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from .cli.program import ROOT, start

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the unpacked wheel, for the front of the path."""
    folder = tmp_path_factory.mktemp("installed")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "dist")]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = (folder / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "lib")
    return folder / "lib"


def test_smoke_plan_runs_and_leaves_its_report_in_this_folder(
    installed: Path, tmp_path: Path
) -> None:
    ended = start(tmp_path, "run", "smoke", path=installed)

    assert ended.status == 0, ended.out + ended.err
    assert f"rootdir: {installed / 'hil' / '_data'}\n" in ended.out
    assert "warning" not in ended.out
    latest = tmp_path / "reports" / "latest"
    assert (latest / "report.html").exists()
    tests = json.loads((latest / "run.json").read_text("utf-8"))["tests"]
    assert all(test["id"].startswith("testplans/smoke/") for test in tests)
    assert {test["outcome"] for test in tests} == {"passed"}
    assert {path.name for path in tmp_path.iterdir()} == {"reports", ".pytest_cache"}
    assert not list(installed.rglob(".pytest_cache"))


def test_settings_of_a_project_around_the_wheel_do_not_count(
    installed: Path, tmp_path: Path
) -> None:
    settings = installed.parent / "pytest.ini"
    settings.write_text("[pytest]\naddopts = --nosuchoption\n", encoding="utf-8")
    try:
        ended = start(tmp_path, "run", "smoke/test_loader.py", path=installed)
    finally:
        settings.unlink()
    assert ended.status == 0, ended.out + ended.err


def test_own_tests_run_with_the_settings_of_their_own_project(
    installed: Path, tmp_path: Path
) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n", encoding="utf-8")
    (tmp_path / "test_own.py").write_text("def test_own(at): at.at()\n", encoding="utf-8")
    ended = start(
        tmp_path, "run", "test_own.py", "--", "-Wignore:record_xml_attribute", path=installed
    )
    assert ended.status == 0, ended.out + ended.err
    assert "configfile: pytest.ini" in ended.out


def test_flash_and_at_work_without_a_checkout(installed: Path, tmp_path: Path) -> None:
    ended = start(tmp_path, "flash", path=installed)
    assert ended.status == 0, ended.err
    ended = start(tmp_path, "at", "AT", path=installed)
    assert ended == (0, "OK\n", "")


def test_plans_fixtures_and_entry_points_are_in_the_wheel(installed: Path) -> None:
    data = installed / "hil" / "_data"
    assert (data / "testplans" / "smoke" / "test_boot.py").exists()
    assert (data / "fixtures" / "virtual.toml").exists()
    (metadata,) = installed.glob("hil-*.dist-info")
    entry_points = (metadata / "entry_points.txt").read_text("utf-8")
    assert "hil = hil.cli:main" in entry_points
    assert "hil.plugins.rig = hil.plugins.rig" in entry_points
