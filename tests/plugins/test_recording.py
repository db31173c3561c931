"""A session of tests is recorded, and runs again without a module."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from hil.recording.record import load_record

from .rig_plan import (
    latest,
    observations_of,
    outcomes_of,
    record_of,
    rig_file,
    run_plan,
    run_plan_apart,
)

if TYPE_CHECKING:
    import pytest

pytest_plugins = ("pytester",)

RECORD, REPLAY = "--hil-record=night.hilrec", "--hil-replay=night.hilrec"
PLAN = """
def test_first(at):
    assert at.gmr().lines
def test_second(at):
    at.uart_cur(9600)
    assert at.at().is_ok
def test_third(at, module):
    assert module.port.format.baud == 9600
    assert at.command("AT").is_ok
    module.start()
"""


def talk_of(pytester: pytest.Pytester) -> list[tuple[str, str, int]]:
    """What was said and heard in a run, and when on the rig's clock."""
    return [
        (entry["direction"], entry["text"], entry["rig_time_ns"])
        for entry in observations_of(pytester, "transcript")
    ]


def test_tests_run_again_from_their_record_with_the_same_transcripts(
    pytester: pytest.Pytester,
) -> None:
    run_plan(pytester, PLAN, RECORD, "--hil-flash=never").assert_outcomes(passed=3)
    expected = talk_of(pytester)
    assert ("sent", "AT+GMR\r\n") in [entry[:2] for entry in expected]
    run_plan(pytester, PLAN, REPLAY).assert_outcomes(passed=3)
    assert talk_of(pytester) == expected
    assert record_of(pytester)["rig"]["name"] == "virtual-replay"


def test_the_end_of_the_run_says_where_it_was_recorded(pytester: pytest.Pytester) -> None:
    result = run_plan(pytester, "def test_first(at): ...", RECORD)
    result.stdout.fnmatch_lines(
        ["recorded in night.hilrec; --hil-replay=night.hilrec runs it again"]
    )
    assert not load_record(pytester.path / "night.hilrec").is_cut_off


def test_a_folder_gets_a_file_for_each_run(pytester: pytest.Pytester) -> None:
    run_plan(pytester, "def test_first(at): ...", "--hil-record=.")
    (name,) = [path.name for path in pytester.path.glob("*.hilrec")]
    assert re.fullmatch(r"\d{8}-\d{6}-virtual\.hilrec", name)


def test_flashing_before_the_first_test_is_not_played(pytester: pytest.Pytester) -> None:
    run_plan(pytester, PLAN, RECORD).assert_outcomes(passed=3)
    assert observations_of(pytester, "flash")
    run_plan(pytester, PLAN, REPLAY).assert_outcomes(passed=3)
    assert not observations_of(pytester, "flash")


def test_one_test_runs_alone(pytester: pytest.Pytester) -> None:
    run_plan(pytester, PLAN, RECORD).assert_outcomes(passed=3)
    for name in ("first", "second", "third"):
        run_plan(pytester, PLAN, REPLAY, "-k", name).assert_outcomes(passed=1, deselected=2)


def test_tests_run_in_another_order_and_again(pytester: pytest.Pytester) -> None:
    run_plan(pytester, PLAN, RECORD).assert_outcomes(passed=3)
    names = [f"test_plan.py::test_{name}" for name in ("third", "first", "second")]
    pytester.makeconftest("def pytest_collection_modifyitems(items): items[:] = [*items, *items]")
    result = run_plan(pytester, PLAN, REPLAY, *names)
    result.assert_outcomes(passed=6)


def test_a_changed_test_says_where_it_parts_from_its_record(pytester: pytest.Pytester) -> None:
    run_plan(pytester, PLAN, RECORD, "--hil-flash=never").assert_outcomes(passed=3)
    changed = PLAN.replace("at.at()", "at.cwmode_query() and at.at()")
    result = run_plan(pytester, changed, REPLAY)
    result.assert_outcomes(passed=2, errors=1)
    assert outcomes_of(pytester) == ["passed", "rig error", "passed"]
    assert record_of(pytester)["tests"][1]["reason"] == (
        "night.hilrec, line 37: the session of test_plan.py::test_second parts from its record "
        "here, after 'AT+UART_CUR=9600,8,1,0,0\\r\\n' was sent (line 34): on record 'AT\\r\\n' "
        "was sent; now 'AT+CWMODE?\\r\\n' was sent. If the test has changed, record the session "
        "again; if not, it does something that depends on more than what came from the module"
    )


def test_a_test_that_is_not_on_record_is_skipped_by_name(pytester: pytest.Pytester) -> None:
    run_plan(pytester, "def test_first(at): ...", RECORD).assert_outcomes(passed=1)
    result = run_plan(pytester, "def test_first(at): ...\ndef test_new(at): ...", REPLAY, "-rs")
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["*night.hilrec has no session of this test"])


def test_a_failure_and_what_was_done_after_it_are_played_likewise(
    pytester: pytest.Pytester,
) -> None:
    plan = """
def test_bad(at):
    at.cwmode_def(1)
    at.ate(is_on=False)
    assert False
def test_next(at):
    assert at.cwmode_query() == 2
    assert at.command("AT").echo
"""
    run_plan(pytester, plan, RECORD).assert_outcomes(passed=1, failed=1)
    run_plan(pytester, plan, REPLAY).assert_outcomes(passed=1, failed=1)
    run_plan(pytester, plan, REPLAY, "-k", "next").assert_outcomes(passed=1, deselected=1)
    mended = plan.replace("assert False", "assert True")
    run_plan(pytester, mended, REPLAY).assert_outcomes(passed=2)


def test_what_fixtures_say_at_the_end_of_a_test_belongs_to_it(pytester: pytest.Pytester) -> None:
    plan = """
@pytest.fixture
def quiet(at):
    at.ate(is_on=False)
    yield
    at.ate(is_on=True)
def test_quiet(quiet, at):
    assert not at.command("AT").echo
"""
    run_plan(pytester, plan, RECORD).assert_outcomes(passed=1)
    run_plan(pytester, plan, REPLAY).assert_outcomes(passed=1)


def test_a_password_is_not_in_the_record_and_another_one_plays(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = """
def test_join(at):
    at.cwmode(3)
    at.cwsap("own", os.environ["PASSWORD"], 5, 3)
    assert at.cwsap_query().password == os.environ["PASSWORD"]
"""
    monkeypatch.setenv("PASSWORD", "swordfish9")
    run_plan(pytester, plan, RECORD).assert_outcomes(passed=1)
    assert "swordfish" not in (pytester.path / "night.hilrec").read_text("ascii")
    monkeypatch.setenv("PASSWORD", "quite-another-password")
    run_plan(pytester, plan, REPLAY).assert_outcomes(passed=1)
    assert "quite-another" not in (latest(pytester) / "journal.jsonl").read_text("utf-8")


def test_a_run_that_was_killed_leaves_a_record_up_to_there(pytester: pytest.Pytester) -> None:
    plan = PLAN + "def test_killed(at):\n    at.at()\n    os._exit(9)\n"
    assert run_plan_apart(pytester, plan, RECORD).ret == 9
    assert load_record(pytester.path / "night.hilrec").is_cut_off
    longer = plan.replace("os._exit(9)", "at.wait_for('ready', timeout_s=1)")
    result = run_plan(pytester, longer, REPLAY)
    result.assert_outcomes(passed=3, errors=1)
    assert record_of(pytester)["tests"][3]["reason"].endswith(
        "on record nothing is known any more; now an answer is waited for. Record the session "
        "again, and let the run end"
    )


def test_tests_that_may_harm_a_module_need_no_leave_when_they_are_played(
    pytester: pytest.Pytester,
) -> None:
    plan = "@pytest.mark.destructive('erase')\ndef test_harm(at): ..."
    run_plan(pytester, plan, RECORD).assert_outcomes(passed=1)
    run_plan(pytester, plan, REPLAY).assert_outcomes(passed=1)


def test_workers_can_share_a_record_and_cannot_write_one(pytester: pytest.Pytester) -> None:
    run_plan(pytester, PLAN, RECORD).assert_outcomes(passed=3)
    run_plan_apart(pytester, PLAN, REPLAY, "-n2").assert_outcomes(passed=3)
    result = run_plan_apart(pytester, PLAN, "--hil-record=other.hilrec", "-n2")
    result.stderr.fnmatch_lines(
        ["ERROR: -n 2: several workers cannot record into one file. Leave -n or --hil-record away"]
    )


def test_a_mistake_stops_the_run_at_once(pytester: pytest.Pytester) -> None:
    result = run_plan(pytester, "def test_first(at): ...", "--hil-replay=no.hilrec")
    assert result.stderr.str().strip().splitlines() == [
        "ERROR: no.hilrec: expected a record of a session, found no such file. Check the path"
    ]


def test_an_old_failure_of_the_module_is_not_hidden_by_its_record(
    pytester: pytest.Pytester,
) -> None:
    """The record says what the module did, and a corrected expectation is checked against it."""
    (pytester.path / "rig.toml").write_text(
        Path(
            rig_file(
                pytester.path,
                'lines = ["bench"]',
                'faults = ["cwmode-cur-saves"]',
                tail='[lines.bench]\ndriver = "virtual"',
            )
        ).read_text("utf-8"),
        "utf-8",
    )
    plan = """
def test_saved(at, module):
    at.cwmode_cur(1)
    module.start()
    assert at.cwmode_query() == 2
"""
    run_plan(pytester, plan, RECORD, "--hil-rig=rig.toml").assert_outcomes(failed=1)
    run_plan(pytester, plan, REPLAY).assert_outcomes(failed=1)
    assert outcomes_of(pytester) == ["failed"]
    run_plan(pytester, plan.replace("== 2", "== 1"), REPLAY).assert_outcomes(passed=1)


def test_every_line_of_a_record_is_json(pytester: pytest.Pytester) -> None:
    run_plan(pytester, PLAN, RECORD)
    text = (pytester.path / "night.hilrec").read_text("ascii")
    assert all(json.loads(line) for line in text.splitlines())
