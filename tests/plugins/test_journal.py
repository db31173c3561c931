"""The run folder of a session: when there is one, and what is in it."""

from __future__ import annotations

import importlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from hil.report.journal import read_journal

from .rig_of_tests import conftest

if TYPE_CHECKING:
    from pathlib import Path

    from hil.report.journal import Event

pytest_plugins = ("pytester",)

# An installed toolkit brings its other plugins along, and they would want a real rig.
PLUGINS = (
    "-phil.plugins.clause",
    "-phil.plugins.journal",
    "-pno:hil.plugins.options",
    "-pno:hil.plugins.rig",
    "-pno:cacheprovider",
    "-Wignore",
)
TALKING = """
import pytest
@pytest.mark.clause("AT-01")
def test_talks(rig, measure, flashed):
    rig("sent", "AT")
    rig("received", "OK", hex="4f 4b")
    measure("reply", 2.0, "ms", high=10.0)
"""


@pytest.fixture
def bench(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeconftest(conftest())
    return pytester


def run_plan(pytester: pytest.Pytester, body: str, *arguments: str) -> pytest.RunResult:
    pytester.makepyfile(test_plan=body)
    return pytester.runpytest(*PLUGINS, *arguments)


def record_of(pytester: pytest.Pytester) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((latest(pytester) / "run.json").read_text("utf-8"))
    return record


def events_of(pytester: pytest.Pytester) -> list[Event]:
    return list(read_journal(latest(pytester) / "journal.jsonl"))


def latest(pytester: pytest.Pytester) -> Path:
    return pytester.path / "reports" / "latest"


def test_session_without_rig_or_clause_creates_nothing(bench: pytest.Pytester) -> None:
    result = run_plan(bench, "def test_one(): ...")
    assert not (bench.path / "reports").exists()
    assert "hil report" not in result.stdout.str()


def test_collecting_only_creates_nothing(bench: pytest.Pytester) -> None:
    run_plan(bench, TALKING, "--collect-only")
    assert not (bench.path / "reports").exists()


def test_wrong_claim_creates_nothing(bench: pytest.Pytester) -> None:
    run_plan(bench, TALKING.replace("AT-01", "AT-99"))
    assert not (bench.path / "reports").exists()


@pytest.mark.parametrize(
    "body",
    ["def test_one(rig): ...", 'import pytest\n@pytest.mark.clause("AT-01")\ndef test_one(): ...'],
)
def test_rig_or_clause_makes_a_run_folder(bench: pytest.Pytester, body: str) -> None:
    run_plan(bench, body)
    assert {each.name for each in latest(bench).iterdir()} == {
        "journal.jsonl",
        "run.json",
        "junit.xml",
        "report.html",
    }
    assert latest(bench).resolve().name.endswith("-bench1")


def test_option_asks_for_a_run_folder_elsewhere(bench: pytest.Pytester) -> None:
    run_plan(bench, "def test_one(): ...", "--hil-report=out")
    (run,) = {each.resolve() for each in (bench.path / "out").iterdir()}
    assert (run / "report.html").exists()


def test_observations_reach_the_journal_by_phase(bench: pytest.Pytester) -> None:
    run_plan(bench, TALKING).assert_outcomes(passed=1)
    phases = {
        event["report"]["when"]: event["report"]["hil"]
        for event in events_of(bench)
        if event["record"] == "report"
    }
    assert [line["text"] for line in phases["setup"]["transcript"]] == ["ready"]
    assert phases["setup"]["boot_logs"][0]["reset_cause"] == 2
    assert phases["setup"]["flash"][0]["chip"]["mac"] == "18:fe:34:00:00:01"
    call = phases["call"]
    assert call["transcript"][1] == {
        "rig_time_ns": 6_000_000,
        "direction": "received",
        "text": "OK",
        "hex": "4f 4b",
    }
    assert call["rig_duration_s"] == 0.004
    assert call["clauses"] == ["AT-01"]
    assert call["measurements"][0]["outcome"] == "passed"
    assert [line["text"] for line in phases["teardown"]["transcript"]] == ["AT+RST"]
    assert phases["teardown"]["boot_logs"] == []


def test_record_has_rig_firmware_flash_and_tools(bench: pytest.Pytester) -> None:
    run_plan(bench, TALKING)
    record = record_of(bench)
    assert record["rig"]["name"] == "bench1"
    assert record["firmware"]["name"] == "at-0.23"
    assert record["flash"][0]["regions"][0]["sha256"] == "ab" * 32
    assert record["environment"]["versions"]["pytest"] == pytest.__version__
    assert record["finished"]
    assert record["exit_status"] == 0
    assert record["tests"][0]["rig_duration_s"] == 0.008
    assert record["clauses"]["AT-01"] == "passed"


def test_every_record_has_both_clocks(bench: pytest.Pytester) -> None:
    run_plan(bench, TALKING)
    for event in events_of(bench):
        assert event["time"]
        assert "rig_time_ns" in event


def test_screen_ends_with_the_path_and_the_clauses(bench: pytest.Pytester) -> None:
    result = run_plan(bench, TALKING)
    result.stdout.fnmatch_lines(
        [
            "*= hil report =*",
            "clauses: 1 passed, * untested",
            "report:  reports?*-bench1?report.html",
        ]
    )


@pytest.mark.parametrize(
    ("body", "outcome", "reason", "status"),
    [
        ("measure('t', 11, 'ms', high=10)", "failed", "t = 11 ms (limits up to 10 ms): failed", 1),
        ("measure('t', None, 'ms')", "failed", "t = not set (limits none): not set", 1),
        (
            "measure('t', 9.5, 'ms', high=10, marginal_high=9)",
            "marginal",
            "t = 9.5 ms (limits up to 10 ms): marginal",
            0,
        ),
        ("assert 1 == 2", "failed", "assert 1 == 2", 1),
        ("pytest.skip('no meter')", "skipped", "no meter", 0),
        (
            "raise PortError('COM3', attempted='read', reason='gone', remedy='Plug it in')",
            "rig error",
            "cannot read COM3: gone. Plug it in",
            1,
        ),
        ("pytest.xfail('known')", "deviates", "expected to fail: known", 0),
    ],
)
def test_outcome_of_a_test(
    bench: pytest.Pytester, body: str, outcome: str, reason: str, status: int
) -> None:
    result = run_plan(
        bench,
        f"""
import pytest
from hil.errors import PortError
@pytest.mark.clause("AT-01")
def test_one(rig, measure):
    {body}
""",
    )
    (test,) = record_of(bench)["tests"]
    assert test["outcome"] == outcome
    assert reason in test["reason"]
    assert result.ret == status


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        ("FlashingError('MD5 differs')", "blocked"),
        ("LoaderError('silent')", "rig error"),
        ("AssertionError('no')", "blocked"),
        ("MistakeError('rig file')", "rig error"),
    ],
)
def test_outcome_of_a_test_that_could_not_begin(
    bench: pytest.Pytester, error: str, outcome: str
) -> None:
    result = run_plan(
        bench,
        f"""
import pytest
from hil.errors import *
@pytest.fixture
def prepared(rig):
    raise {error}
def test_one(prepared): ...
""",
    )
    result.assert_outcomes(errors=1)
    assert record_of(bench)["tests"][0]["outcome"] == outcome
    result.stdout.fnmatch_lines([f"{outcome.upper()} test_plan.py::test_one*"])


FAILING = """
import pytest
@pytest.mark.clause({clauses})
def test_one(rig):
    assert False, "differs"
"""


@pytest.mark.parametrize(
    ("is_virtual", "clauses", "outcome", "verdicts"),
    [
        (False, '"GEN-11"', "deviates", ["deviates"]),
        (False, '"GEN-11", "DL-01"', "failed", ["deviates", "failed"]),
        (False, '"DL-01"', "failed", ["failed"]),
        (True, '"GEN-11"', "failed", ["failed"]),
    ],
)
def test_only_a_real_module_may_deviate_and_only_where_the_text_leaves_room(
    pytester: pytest.Pytester,
    is_virtual: bool,
    clauses: str,
    outcome: str,
    verdicts: list[str],
) -> None:
    pytester.makeconftest(conftest(is_virtual=is_virtual))
    result = run_plan(pytester, FAILING.format(clauses=clauses))
    record = record_of(pytester)
    assert record["tests"][0]["outcome"] == outcome
    assert [record["clauses"][each] for each in record["tests"][0]["clauses"]] == verdicts
    assert result.ret == (pytest.ExitCode.OK if outcome == "deviates" else 1)
    if outcome == "deviates":
        result.stdout.fnmatch_lines(["deviates: test_plan.py::test_one: AssertionError: differs*"])


def test_journal_is_there_for_other_plugins(bench: pytest.Pytester) -> None:
    run_plan(
        bench,
        """
from hil.plugins.journal import journal_of, note
def test_one(rig, pytestconfig):
    assert journal_of(pytestconfig).path.name == "journal.jsonl"
    note(pytestconfig, "waiver", clause="AT-02", reason="known")
""",
    ).assert_outcomes(passed=1)
    assert record_of(bench)["clauses"]["AT-02"] == "waived"


def test_workers_send_what_they_saw_and_only_the_controller_writes(bench: pytest.Pytester) -> None:
    bench.makepyfile(
        test_plan="""
import enum, pytest
from hil.plugins.journal import journal_of, note
class Way(enum.StrEnum):
    SENT = "sent"
@pytest.mark.parametrize("n", range(6))
@pytest.mark.clause("AT-01")
def test_one(rig, flashed, n, pytestconfig):
    assert journal_of(pytestconfig) is None
    rig(Way.SENT, f"AT{n}")
    note(pytestconfig, "waiver", clause="AT-02", reason="known")
""",
        test_plain="def test_plain(): ...",
    )
    result = bench.runpytest_subprocess(*PLUGINS, "-n2")
    result.assert_outcomes(passed=7)
    record = record_of(bench)
    assert len(record["tests"]) == 7
    assert len(record["flash"]) == 6
    assert record["clauses"]["AT-02"] == "waived"
    assert record["rig"]["name"] == "bench1"
    assert record["collected"] == 7
    assert record["verdict"] == "passed"
    assert len(list((bench.path / "reports").iterdir())) == 2


def test_interrupted_run_has_its_report(bench: pytest.Pytester) -> None:
    bench.makepyfile(test_plan=TALKING + "\ndef test_stops(rig): raise KeyboardInterrupt")
    bench.runpytest_subprocess(*PLUGINS)
    record = record_of(bench)
    assert record["exit_status"] == pytest.ExitCode.INTERRUPTED
    assert [test["outcome"] for test in record["tests"]] == ["passed", "blocked"]
    assert (latest(bench) / "report.html").exists()


def test_report_that_cannot_be_made_does_not_hide_the_results(
    bench: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise ZeroDivisionError("oops")

    # By name it would be looked up in the package, where an earlier run may have left another one.
    monkeypatch.setattr(importlib.import_module("hil.plugins.replay"), "render_run", fail)
    result = run_plan(bench, TALKING)
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR
    result.stdout.fnmatch_lines(
        [
            "no report could be made: oops (ZeroDivisionError)",
            "clauses: 1 passed, * untested",
            "journal: *journal.jsonl is whole",
        ]
    )
    assert "report.html" not in result.stdout.str()


@pytest.mark.parametrize("place", ["afile", "afile/below"])
def test_report_folder_that_cannot_be_written_ends_the_run_before_the_first_test(
    bench: pytest.Pytester, place: str
) -> None:
    (bench.path / "afile").write_text("", encoding="utf-8")
    result = run_plan(bench, "def test_one(rig): print('RAN')", "-s", f"--hil-report={place}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = [each for each in result.stderr.lines if each.startswith("ERROR: ")]
    assert f"{place}: " in line
    assert "afile" in line.partition(": ")[2].partition(": ")[2]
    assert "--hil-report DIR" in line
    assert "INTERNALERROR" not in result.stdout.str() + result.stderr.str()
    assert "RAN" not in result.stdout.str()


def test_run_that_stops_early_tells_how_much_was_to_run(bench: pytest.Pytester) -> None:
    body = "import pytest\n" + TALKING + "\ndef test_stops(): pytest.exit('enough')\n"
    run_plan(bench, body + "def test_late(rig): ...")
    record = record_of(bench)
    assert record["collected"] == 3
    assert [test["outcome"] for test in record["tests"]] == ["passed", "blocked"]
    page = (latest(bench) / "report.html").read_text("utf-8")
    assert "The run was interrupted: 2 of 3 tests were started." in page


def test_stopped_between_two_tests_is_incomplete(bench: pytest.Pytester) -> None:
    bench.makeconftest(
        conftest()
        + """
def pytest_runtest_logfinish(nodeid, location):
    pytest.exit("enough", returncode=0)
"""
    )
    run_plan(bench, TALKING + "\ndef test_late(rig): ...")
    assert record_of(bench)["verdict"] == "incomplete"
    assert "The run was stopped early: 1 of 2 tests" in (latest(bench) / "report.html").read_text(
        "utf-8"
    )


def test_what_plugins_hang_on_a_report_stays_out_unless_it_is_plain(
    bench: pytest.Pytester,
) -> None:
    bench.makeconftest(
        conftest()
        + """
@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    report = yield
    report.odd, report.even = object(), {"two": [2, 4]}
    return report
"""
    )
    run_plan(bench, TALKING)
    reports = [each["report"] for each in events_of(bench) if each["record"] == "report"]
    assert all("odd" not in each and each["even"] == {"two": [2, 4]} for each in reports)


def test_environment_of_the_process_is_left_alone(bench: pytest.Pytester) -> None:
    bench.makepyfile(
        test_plan=TALKING,
        conftest=conftest()
        + """
import os
BEFORE = {}
@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish():
    BEFORE.update(os.environ)
def pytest_unconfigure():
    assert dict(os.environ) == BEFORE
""",
    )
    result = bench.runpytest(*PLUGINS)
    assert result.ret == pytest.ExitCode.OK
    assert "no report" not in result.stdout.str()
