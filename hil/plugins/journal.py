"""The journal of a run: the run folder, what is written into it, and the last lines on the screen.

It works when a test that was collected holds a rig or claims a clause, or when ``--hil-report
DIR`` is given; otherwise nothing is created. What other plugins put where:

- Observations of a test go into ``item.stash`` under `TRANSCRIPT_KEY`, `BOOT_LOGS_KEY`,
  `FLASH_RECORDS_KEY` and `MEASUREMENTS_KEY` (lists; `hil.plugins.attachment` gives the shapes),
  and `RIG_TIME_KEY` tells the rig's time.
- Facts of the run are told by `describe_rig`, `describe_firmware` and `note`, at any time and from
  any worker.

Under pytest-xdist only the controller writes; what workers observe travels with their reports.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hil.plugins.attachment import (
    BOOT_LOGS_KEY,
    FLASH_RECORDS_KEY,
    MEASUREMENTS_KEY,
    NOTES_KEY,
    RIG_SUMMARY_KEY,
    RIG_TIME_KEY,
    TRANSCRIPT_KEY,
    Entry,
    attach,
    begin,
    is_hil_test,
)
from hil.report.environment import describe_environment
from hil.report.journal import JOURNAL_NAME, Journal, wall_time
from hil.report.matrix import matrix_text
from hil.report.outcome import CLAUSE_PRECEDENCE, ClauseVerdict, TestOutcome
from hil.report.run_folder import create_run_folder, point_latest_at
from hil.report.run_json import RUN_JSON_NAME, RunJsonWriter

if TYPE_CHECKING:
    from collections.abc import Generator

    from hil.report.measurement import Measurement

__all__ = [
    "BOOT_LOGS_KEY",
    "FLASH_RECORDS_KEY",
    "MEASUREMENTS_KEY",
    "RIG_SUMMARY_KEY",
    "RIG_TIME_KEY",
    "TRANSCRIPT_KEY",
    "add_measurement",
    "describe_firmware",
    "describe_rig",
    "journal_of",
    "note",
]

_WRITER_KEY = pytest.StashKey["RunWriter"]()
_WORDS = {
    TestOutcome.MARGINAL: ("marginal", "M", ("MARGINAL", {"yellow": True})),
    TestOutcome.DEVIATES: ("deviates", "D", ("DEVIATES", {"yellow": True})),
    TestOutcome.RIG_ERROR: ("error", "R", ("RIG ERROR", {"red": True})),
    TestOutcome.BLOCKED: ("error", "B", ("BLOCKED", {"red": True})),
}
_LISTED_DEVIATIONS = 20
_GOOD_ENDS = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
# What pytest itself puts into a report, and we do; other plugins add what they like.
_KNOWN_FIELDS = frozenset(
    {
        *("$report_type", "nodeid", "location", "keywords", "outcome", "longrepr", "when"),
        *("user_properties", "sections", "duration", "start", "stop", "result", "wasxfail", "hil"),
    }
)
_PLAIN_TYPES = (str, int, float, list, tuple, dict)
# pytest-xdist's; a session that replays reports with them would look for its workers.
_WORKER_FIELDS = frozenset({"node", "worker_id", "testrun_uid", "item_index"})


def journal_of(config: pytest.Config) -> Journal | None:
    """The journal of this session; None if it has none (yet), and on a worker."""
    writer = config.stash.get(_WRITER_KEY, None)
    return None if writer is None else writer.journal


def note(
    config: pytest.Config, kind: str, *, rig_time_ns: int | None = None, **fields: Any
) -> None:
    """Write a record about the run, as soon as there is a journal.

    Args:
        config: The session's.
        kind: The kind of record; ``docs/run-record.md`` lists those that the run record sums up.
        rig_time_ns: When it happened on the rig's clock.
        **fields: What happened, in values that JSON has.
    """
    event = {"kind": kind, "time": wall_time(), "rig_time_ns": rig_time_ns, **fields}
    journal = journal_of(config)
    if journal is None:
        config.stash.setdefault(NOTES_KEY, []).append(event)
    else:
        journal.append(**event)


def describe_rig(config: pytest.Config, summary: Entry) -> None:
    """Tell which rig the session runs on.

    Args:
        config: The session's.
        summary: ``name``, ``source`` (the file), ``is_virtual``, ``has`` (needs it meets), and
            ``modules``, each with ``slot``, ``port``, ``baud``, ``dialect`` (virtual ones).
    """
    if config.stash.get(RIG_SUMMARY_KEY, None) != summary:
        config.stash[RIG_SUMMARY_KEY] = summary
        note(config, "rig", rig=summary)


def describe_firmware(config: pytest.Config, summary: Entry) -> None:
    """Tell which firmware the modules of the session carry.

    Args:
        config: The session's.
        summary: ``name``, ``at_version``, ``sdk_version``, ``manifest`` (the file), as known.
    """
    note(config, "firmware", firmware=summary)


def add_measurement(item: pytest.Item, measurement: Measurement) -> None:
    """Record a measurement of a test; outside of its limits it fails the test at its end."""
    item.stash.setdefault(MEASUREMENTS_KEY, []).append(measurement)


def pytest_configure(config: pytest.Config) -> None:
    """Prepare to write, unless this is a worker of pytest-xdist."""
    if not hasattr(config, "workerinput"):
        writer = RunWriter(config)
        config.stash[_WRITER_KEY] = writer
        config.pluginmanager.register(writer, "hil-run-writer")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Note when a test begins on the rig's clock."""
    begin(item)
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Attach to each report of a test with a rig what was observed meanwhile."""
    report = yield
    return attach(item, call, report) if is_hil_test(item) else report


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(
    report: pytest.TestReport | pytest.CollectReport,
) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
    """Name the outcomes that pytest does not have."""
    attachment = getattr(report, "hil", None)
    return _WORDS.get(TestOutcome(attachment["outcome"])) if attachment else None


class RunWriter:
    """Writes the run folder of one session, where there is something to write.

    Args:
        config: The session's.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.journal: Journal | None = None
        self._config = config
        self._started = datetime.now(UTC).astimezone()
        self._started_text = wall_time()
        self._run_json: RunJsonWriter | None = None
        self._reports: list[pytest.TestReport | pytest.CollectReport] = []
        self._collected: int | None = None
        self._problem = ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """Open the journal before the first test, if it is known that there is something to write.

        The controller of pytest-xdist collects nothing and learns it from the first report.
        """
        option = session.config.option
        is_stopped = session.testsfailed and not option.continue_on_collection_errors
        if option.collectonly or is_stopped:
            return
        if session.items:
            self._collected = len(session.items)
        if self._report_option() or any(map(is_hil_test, session.items)):
            self._open()

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Learn from the first worker of pytest-xdist how many tests there are."""
        if self._collected is None:
            self._collected = len(ids)
            if self.journal is not None:
                self.journal.append("collected", tests=self._collected)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Take a file that could not be collected."""
        if report.failed:
            self._take_report(report)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take a phase of a test."""
        if self.journal is None and hasattr(report, "hil"):
            self._open()
        self._take_report(report)

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """End the journal and make the reports from it.

        Effects: a run without a report does not end as if all were well.
        """
        self._reports.clear()
        if self.journal is None or self._run_json is None:
            return
        self.journal.append("run finished", exit_status=int(exitstatus))
        self.journal.close()
        # Importing what renders costs a quarter of a second: only for a run that has a folder.
        from hil.plugins.replay import render_run  # noqa: PLC0415

        try:
            self._run_json.write()
            render_run(self.journal.path.parent)
        except Exception as error:  # noqa: BLE001 - results must reach the screen without a report
            self._problem = f"{error} ({type(error).__name__})"
            if exitstatus in _GOOD_ENDS:
                session.exitstatus = pytest.ExitCode.INTERNAL_ERROR

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print where the report is, and what became of the clauses."""
        if self.journal is None or self._run_json is None:
            return
        record = self._run_json.record()
        terminalreporter.section("hil report")
        if self._problem:
            terminalreporter.line(f"no report could be made: {self._problem}", red=True)
        deviations = [each for each in record["tests"] if each["outcome"] == TestOutcome.DEVIATES]
        for test in deviations[:_LISTED_DEVIATIONS]:
            terminalreporter.line(f"deviates: {test['id']}: {test['reason']}", yellow=True)
        if len(deviations) > _LISTED_DEVIATIONS:
            terminalreporter.line(f"... and {len(deviations) - _LISTED_DEVIATIONS} more deviate")
        if self._config.getoption("--hil-matrix", default=False):
            terminalreporter.write_line(matrix_text(record["matrix"]))
        for slot, remark in record["left_different"].items():
            text = f"the module in slot {slot} is not left as it was found: {remark}"
            terminalreporter.line(text, yellow=True)
        counts = record["counts"]["clauses"]
        shown = (*CLAUSE_PRECEDENCE, ClauseVerdict.WAIVED)
        clauses = ", ".join(f"{counts[each]} {each}" for each in shown if counts.get(each))
        terminalreporter.line(f"clauses: {clauses}")
        folder = self.journal.path.parent
        if self._problem:
            terminalreporter.line(f"journal: {self._shown(folder / JOURNAL_NAME)} is whole")
        else:
            terminalreporter.line(f"report:  {self._shown(folder / 'report.html')}")

    def _take_report(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if self.journal is None:
            self._reports.append(report)
            return
        attachment = getattr(report, "hil", {})
        for event in attachment.pop("notes", ()):
            self.journal.append(**event)
        serialised = self._config.hook.pytest_report_to_serializable(
            config=self._config, report=report
        )
        self.journal.append(
            "report", rig_time_ns=attachment.get("rig_finished_ns"), report=_plain(serialised)
        )

    def _open(self) -> None:
        if self.journal is not None:
            return
        try:
            self.journal = self._create()
        except OSError as error:
            raise pytest.UsageError(
                f"cannot write the report of this run into {self._base()}: {_why(error)}. "
                "Name a folder that can be written with --hil-report DIR "
                "(hil run: --report DIR)"
            ) from error
        if self._collected is not None:
            self.journal.append("collected", tests=self._collected)
        for event in self._config.stash.get(NOTES_KEY, []):
            self.journal.append(**event)
        for report in self._reports:
            self._take_report(report)
        self._reports.clear()

    def _create(self) -> Journal:
        """The journal with its first record, in a new run folder."""
        summary = self._config.stash.get(RIG_SUMMARY_KEY, None)
        folder = create_run_folder(self._base(), self._started, self._rig_name(summary))
        self._run_json = RunJsonWriter(folder / RUN_JSON_NAME)
        journal = Journal(folder / JOURNAL_NAME, followers=[self._run_json.take])
        journal.append(
            "run started",
            time=self._started_text,
            rig=summary,
            environment=describe_environment(self._config.invocation_params.args, sys.argv),
        )
        point_latest_at(folder)
        return journal

    def _report_option(self) -> str | None:
        return self._config.getoption("--hil-report", default=None) or None

    def _base(self) -> Path:
        chosen = self._report_option()
        if chosen:
            return self._config.invocation_params.dir / chosen
        return self._config.rootpath / "reports"

    def _rig_name(self, summary: Entry | None) -> str:
        if summary and summary.get("name"):
            return str(summary["name"])
        return Path(self._config.getoption("--hil-rig", default=None) or "rig").stem

    def _shown(self, path: Path) -> Path:
        here = self._config.invocation_params.dir
        return path.relative_to(here) if path.is_relative_to(here) else path


def _plain(serialised: dict[str, Any]) -> dict[str, Any]:
    """A serialised report without what other plugins hung on it that is no plain data."""
    return {
        name: value
        for name, value in serialised.items()
        if name in _KNOWN_FIELDS or (name not in _WORKER_FIELDS and _is_plain(value))
    }


def _is_plain(value: object) -> bool:
    if not value or isinstance(value, str):
        return value is None or isinstance(value, _PLAIN_TYPES)
    try:
        json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def _why(error: OSError) -> str:
    if isinstance(error, (FileExistsError, NotADirectoryError)):
        return f"{error.filename} is a file and not a folder"
    return error.strerror or str(error)
