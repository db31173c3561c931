"""``hil run`` and ``hil report``: pytest for people. Each starts a process of its own."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from .program import call, start, write_rig

if TYPE_CHECKING:
    from pathlib import Path


def record_of(folder: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((folder / "run.json").read_text("utf-8"))
    return record


def test_plan_runs_with_arguments_for_pytest_and_leaves_a_report(tmp_path: Path) -> None:
    ended = start(tmp_path, "run", "smoke", "--flash", "never", "--", "-k", "answers", "-q")

    assert ended.status == 0, ended.out + ended.err
    assert re.search(r"^\d+ passed, \d+ deselected in ", ended.out, re.MULTILINE)
    latest = tmp_path / "reports" / "latest"
    assert (latest / "report.html").exists()
    record = record_of(latest)
    assert record["flash"] == []
    assert all(test["id"].startswith("testplans/smoke/test_") for test in record["tests"])
    assert all("answers" in test["id"] for test in record["tests"])


def test_report_is_made_again_from_the_journal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    started = start(
        tmp_path, "run", "smoke/test_loader.py", "--report", "out", "--rig", _virtual(tmp_path)
    )
    assert started.status == 0, started.out + started.err
    (folder,) = {path.resolve() for path in (tmp_path / "out").iterdir()}
    assert folder.name.endswith("-bench")
    page = (folder / "report.html").read_text("utf-8")
    (folder / "report.html").unlink()

    ended = call(capsys, "report", folder)

    assert ended.status == 0
    assert ended.out == f"{folder / 'report.html'}\n"
    again = (folder / "report.html").read_text("utf-8")
    for told in ("test_the_loader_tells_chip_and_flash", "DL-12", "ets Jan  8 2013"):
        assert page.count(told) == again.count(told) > 0


def _virtual(folder: Path) -> Path:
    rig = write_rig(folder, "sim://default/module0", 'lines = ["contacts"]')
    text = rig.read_text("utf-8") + '[lines.contacts]\ndriver = "virtual"\n'
    rig.write_text(text, encoding="utf-8")
    return rig


def test_test_that_fails_has_status_1(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text("def test_own(at): assert at.at().is_ok is None")
    ended = start(tmp_path, "run", "test_own.py", "--", "-q")
    assert ended.status == 1
    assert "FAILED test_own.py::test_own" in ended.out
    assert (tmp_path / "reports" / "latest" / "report.html").exists()


def test_unknown_plan_lists_those_that_exist(capsys: pytest.CaptureFixture[str]) -> None:
    ended = call(capsys, "run", "nosuchplan")
    there = "there are conformance, flashing, smoke, or name a path"
    assert ended == (2, "", f"hil: there is no test plan 'nosuchplan'; {there}\n")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--rig", "nosuch.toml"], "nosuch.toml: expected a rig description, found no such file"),
        (["--firmware", "no.toml"], "no.toml: expected a firmware manifest, found no such file"),
        (["--baud", "fast"], "--hil-baud: 'fast' is not a rate from 110 to 4608000"),
    ],
)
def test_mistake_has_status_2_and_leaves_no_report(
    tmp_path: Path, arguments: list[str], text: str
) -> None:
    ended = start(tmp_path, "run", "smoke", *arguments)
    assert ended.status == 2
    assert text in ended.err
    assert "Traceback" not in ended.out + ended.err
    assert not list(tmp_path.glob("reports/*/report.html"))


def test_arguments_that_leave_no_test_are_a_mistake(tmp_path: Path) -> None:
    ended = start(tmp_path, "run", "smoke", "--", "-k", "nosuchtest")
    assert ended.status == 2
    assert re.search(r"\d+ deselected in ", ended.out)


def test_missing_port_is_a_rig_error_of_each_test(tmp_path: Path) -> None:
    rig = write_rig(tmp_path, "/dev/does-not-exist")
    ended = start(tmp_path, "run", "smoke/test_loader.py", "--rig", rig)
    assert ended.status == 1
    record = record_of(tmp_path / "reports" / "latest")
    assert {test["outcome"] for test in record["tests"]} == {"rig error"}
    assert record["tests"][0]["reason"].startswith("cannot open /dev/does-not-exist: ")


@pytest.mark.parametrize("folder", ["nosuch", "."])
def test_folder_that_is_no_run_is_a_mistake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], folder: str
) -> None:
    ended = call(capsys, "report", tmp_path / folder)
    assert ended.status == 2
    assert ended.out == ""
    assert ended.err.startswith("hil: cannot read the journal ")
    assert ended.err.endswith("A run folder is one that holds a journal.jsonl\n")


@pytest.mark.parametrize("name", [".", "./smoke"])
def test_path_is_never_taken_for_a_built_in_plan(tmp_path: Path, name: str) -> None:
    (tmp_path / "smoke").mkdir()
    (tmp_path / "smoke" / "test_own.py").write_text("def test_own(at): ...\n", "utf-8")
    ended = start(tmp_path, "run", name, "--report", "out")
    assert ended.status == 0, ended.out + ended.err
    assert "1 passed" in ended.out


def test_what_may_be_done_is_passed_on(tmp_path: Path) -> None:
    ended = start(tmp_path, "run", "smoke", "--allow", "everything", "--report", "out")
    assert ended.status == 2
    assert "--hil-allow: 'everything' is not one of erase, power-cut, update" in ended.err


def test_smoke_runs_again_from_its_record(tmp_path: Path) -> None:
    recorded = start(tmp_path, "run", "smoke", "--record", "night.hilrec")
    assert recorded.status == 0, recorded.out + recorded.err
    assert "recorded in night.hilrec; --hil-replay=night.hilrec runs it again" in recorded.out
    first = record_of(tmp_path / "reports" / "latest")
    played = start(tmp_path, "run", "smoke", "--replay", "night.hilrec")
    assert played.status == 0, played.out + played.err
    again = record_of(tmp_path / "reports" / "latest")
    assert again["rig"]["name"] == "virtual-replay"
    assert len(again["tests"]) == len(first["tests"])
    missing = "the rig 'virtual-replay' has no "
    left = {
        test["id"].rpartition("::")[2]
        for test in again["tests"]
        if test["outcome"] == "skipped" and test["reason"].startswith(missing)
    }
    assert left == {"test_the_loader_tells_chip_and_flash"}
    others = [test for test in again["tests"] if test["id"].rpartition("::")[2] not in left]
    assert {test["outcome"] for test in others} == {"passed"}


@pytest.mark.parametrize("option", ["--clause", "--baud"])
def test_an_empty_list_is_refused(capsys: pytest.CaptureFixture[str], option: str) -> None:
    ended = call(capsys, "run", "smoke", f"{option}=")
    assert ended.status == 2
    assert f"leave {option} away, or name something" in ended.err


def test_an_option_of_pytest_is_told_where_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    ended = call(capsys, "run", "smoke", "-n", "2")
    assert ended.status == 2
    assert "No such option '-n'. Options of pytest stand behind --: hil run" in ended.err
