"""Makes ``report.html``, ``junit.xml`` and ``run.json`` of a run from its journal.

pytest-html and pytest's own JUnit plugin only know how to follow a session. So a small session of
its own is held in which nothing is collected or run: the reports come out of the journal. A live
run, a killed one and one that is rendered again take this same way.
"""

from __future__ import annotations

import gc
import os
import re
import traceback
import warnings
from contextlib import contextmanager
from html import escape as escape_log
from importlib import resources
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from hil.errors import RunRecordError
from hil.report.html.badge import badge
from hil.report.html.detail import attempt_detail
from hil.report.html.markup import attribute, element, escape
from hil.report.html.overview import appendix, overview, page_title
from hil.report.html.shelf import Shelf
from hil.report.journal import JOURNAL_NAME, Event, read_journal
from hil.report.outcome import TestOutcome, outcome_of_phases
from hil.report.record import RecordBuilder, phase_outcome, phase_reason
from hil.report.run_folder import resolve_run_folder
from hil.report.run_json import RUN_JSON_NAME, write_run_json
from hil.units import NS_PER_S, format_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

HTML_NAME = "report.html"
JUNIT_NAME = "junit.xml"

# pytest's plugins that a session without tests does not need, or that touch the process: the
# outer session owns standard output, the fault handler, logging and the debugger.
_PLUGINS_OFF = (
    "cacheprovider",
    "capture",
    "debugging",
    "doctest",
    "faulthandler",
    "logging",
    "pastebin",
    "stepwise",
    "terminal",
    "threadexception",
    "unittest",
    "unraisableexception",
    "warnings",
)
_PLUGINS_ON = ("pytest_metadata.plugin", "pytest_html.plugin")
_VARIABLES = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD")

# The filters of pytest-html know pytest's outcomes only; these lend ours their places.
_PLACES = {
    TestOutcome.PASSED: "Passed",
    TestOutcome.MARGINAL: "XPassed",
    TestOutcome.FAILED: "Failed",
    TestOutcome.DEVIATES: "XFailed",
    TestOutcome.SKIPPED: "Skipped",
    TestOutcome.RIG_ERROR: "Error",
    TestOutcome.BLOCKED: "Error",
}
_LABELS = {
    "passed": "passed",
    "xpassed": "marginal",
    "failed": "failed",
    "xfailed": "deviate",
    "skipped": "skipped",
    "error": "rig error or blocked",
}
# The session collects nothing, so that is how it ends unless a replayed test failed.
_SUCCESSES = (pytest.ExitCode.NO_TESTS_COLLECTED, pytest.ExitCode.TESTS_FAILED)
_CUT_SHORT = "The run ended before this test did."
_FILTER_COMMA = re.compile(r'(<span class="[a-z]+">\d+ [A-Za-z ]+),(</span>)')
_SHOWN_CLAUSES = 6
_EXTRA = {"name": "details", "format_type": "html", "mime_type": None, "extension": "html"}


def render_run(run_dir: Path) -> Path:
    """Make the report, the JUnit file and the run record of a run from its journal.

    Args:
        run_dir: The run folder, or a ``latest`` that leads to it.

    Returns:
        The report for people; ``junit.xml`` and ``run.json`` stand beside it.

    Raises:
        RunRecordError: There is no journal, it is damaged, or pytest-html refuses it.

    Effects: writes three files into the run folder; an error leaves no report for people or CI
    servers there.
    """
    folder = resolve_run_folder(run_dir).resolve()
    journal = folder / JOURNAL_NAME
    replay = ReplayPlugin(read_journal(journal))
    _hold_session(folder, replay)
    write_run_json(folder / RUN_JSON_NAME, replay.record)
    _correct_page(folder / HTML_NAME)
    _correct_junit(folder / JUNIT_NAME, replay.record)
    return folder / HTML_NAME


def _hold_session(folder: Path, replay: ReplayPlugin) -> None:
    style = resources.files("hil.report.html").joinpath("report.css")
    with resources.as_file(style) as style_path, _undisturbed():
        arguments = [
            *(f"-pno:{name}" for name in _PLUGINS_OFF),
            *(f"-p{name}" for name in _PLUGINS_ON),
            f"-c{os.devnull}",
            f"--rootdir={folder}",
            "--noconftest",
            "--assert=plain",
            f"--html={folder / HTML_NAME}",
            "--self-contained-html",
            f"--css={style_path}",
            "-oinitial_sort=result",
            "-orender_collapsed=all",
            f"--junitxml={folder / JUNIT_NAME}",
            "-ojunit_suite_name=hil",
        ]
        status = pytest.main(arguments, plugins=[replay])
    if status not in _SUCCESSES:
        # Half a report would look like a whole one of a run with fewer tests.
        for name in (HTML_NAME, JUNIT_NAME):
            (folder / name).unlink(missing_ok=True)
        if isinstance(replay.error, RunRecordError):
            raise replay.error
        raise RunRecordError(
            f"cannot make a report of {folder}: the replaying session ended with "
            f"{_problem(replay.error) or repr(status)}. The journal itself is whole"
        )


def _problem(error: BaseException | None) -> str:
    return "" if error is None else "".join(traceback.format_exception_only(error)).strip()


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Keep the settings of the outer session out, and its environment as it was.

    The garbage collector rests meanwhile. Nothing here makes cycles that are worth a search, and
    each search goes through all that the outer session holds, a quarter of the time in all.
    """
    collects = gc.isenabled()
    gc.disable()
    kept = {name: os.environ.pop(name, None) for name in _VARIABLES}
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        if collects:
            gc.enable()
        for name, value in kept.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


class ReplayPlugin:
    """Feeds the reports of a journal to a session, and the page with what hil knows of them.

    Args:
        events: The records of the journal.
    """

    def __init__(self, events: Iterator[Event]) -> None:
        self.error: BaseException | None = None
        """What ended the session before its time."""
        self.record: dict[str, Any] = {}
        """The run record, once the session is over."""
        self._events = events
        self._phases: dict[str, list[dict[str, Any]]] = {}
        self._rows: set[int] = set()
        self._counts = dict.fromkeys(_LABELS, 0)
        self._page: Any = None
        self._attempts: dict[int, _Attempt] = {}
        self._shelf = Shelf()

    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[BaseException]) -> bool:
        """Keep what went wrong for the one who asked for the report, and off the screen."""
        self.error = excinfo.value
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> bool:
        """Collect nothing."""
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Let the tests of the journal happen again."""
        builder = RecordBuilder()
        for event in self._events:
            builder.take(event)
            if event["record"] == "report":
                self._replay(session.config, event["report"])
        self.record = builder.record()
        for unfinished in list(self._phases.values()):
            self._finish(session.config, unfinished)
        return True

    @pytest.hookimpl(optionalhook=True)
    def pytest_metadata(self, metadata: dict[str, Any]) -> None:
        """Keep facts about this session out of the page: they belong to another one."""
        metadata.clear()

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_report_title(self, report: Any) -> None:
        """Remember the page: its title and filters are known when the run is."""
        self._page = report

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_header(self, cells: list[str]) -> None:
        """Replace the columns."""
        cells[:] = [
            '<th class="sortable" data-column-type="result"></th>',
            "<th>Outcome</th>",
            '<th class="sortable" data-column-type="testId">Test</th>',
            '<th class="of-clauses">Clauses</th>',
            '<th class="sortable of-time" data-column-type="duration">Duration</th>',
            '<th class="of-rig of-time">Rig time</th>',
        ]

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_row(self, report: Any, cells: list[str]) -> None:
        """Give each attempt of a test one row, which speaks for all its phases."""
        if report.when == "collect":
            self._counts["error"] += 1
            cells[:] = _collect_row(report)
            return
        attempt = self._attempts.get(id(report))
        if attempt is None or id(report) in self._rows:
            cells.clear()
            return
        self._rows.add(id(report))
        self._counts[_PLACES[attempt.outcome].lower()] += 1
        cells[:] = attempt.row(duration=cells[2])

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_html(self, report: Any, data: list[str]) -> None:
        """Show what all phases logged, and no empty box."""
        attempt = self._attempts.get(id(report))
        if attempt is not None:
            data[:] = attempt.log()

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_summary(self, prefix: list[str], postfix: list[str]) -> None:
        """Add everything beside the table of tests."""
        if not self.record:  # the session broke, and its page will be thrown away
            return
        self._page.title = page_title(self.record)
        prefix.append(str(overview(self.record)))
        postfix += [str(appendix(self.record)), str(self._shelf.close())]
        for place, entry in self._page.outcomes.items():
            entry["value"] = self._counts.get(place, 0)
            entry["label"] = _LABELS.get(place, entry["label"])
        if self._counts["xfailed"] == 1:
            self._page.outcomes["xfailed"]["label"] = "deviates"

    def _replay(self, config: pytest.Config, data: dict[str, Any]) -> None:
        if data.get("$report_type") == "CollectReport":
            report = config.hook.pytest_report_from_serializable(config=config, data=data)
            report.when = "collect"
            config.hook.pytest_collectreport(report=report)
            return
        data.pop("node", None)  # in journals of older versions: a worker of pytest-xdist
        data["nodeid"] = _decodable(data["nodeid"])
        if isinstance(data["longrepr"], list):
            data["longrepr"] = tuple(data["longrepr"])  # the place and reason of a skip
        phases = self._phases.setdefault(data["nodeid"], [])
        if data["when"] == "setup" and phases:
            self._finish(config, phases)
            phases = self._phases.setdefault(data["nodeid"], [])
        phases.append(data)
        if data["when"] == "teardown":
            self._finish(config, phases)

    def _finish(self, config: pytest.Config, phases: list[dict[str, Any]]) -> None:
        """Replay an attempt of a test whose phases are all known."""
        del self._phases[phases[0]["nodeid"]]
        phases = _completed(phases)
        reports = [
            config.hook.pytest_report_from_serializable(config=config, data=dict(phase))
            for phase in _told(phases)
        ]
        attempt = _Attempt(phases, reports)
        speaker = next((each for each in reports if each.when == "call"), reports[0])
        self._attempts[id(speaker)] = attempt
        detail = attempt_detail(phases)
        is_searched = attempt.outcome is not TestOutcome.PASSED
        if is_searched and self._shelf.has_room_in_the_open(detail):
            reports[-1].extras = [{**_EXTRA, "content": str(detail)}]
        else:
            attempt.detail = self._shelf.put(detail)
        reports[-1].user_properties += [("clause", each) for each in attempt.clauses]
        for report in reports:
            config.hook.pytest_runtest_logreport(report=report)


class _Attempt:
    """One attempt of a test, as the page shows it."""

    def __init__(
        self, phases: Sequence[dict[str, Any]], reports: Sequence[pytest.TestReport]
    ) -> None:
        self.reports = reports  # kept alive: the rows are known by the identity of their reports
        self.outcome = outcome_of_phases(map(phase_outcome, phases))
        self._why = "" if self.outcome is TestOutcome.PASSED else _reason(phases, self.outcome)
        self._node_id = phases[0]["nodeid"]
        attachments = [phase.get("hil") or {} for phase in phases]
        claims = (each["clauses"] for each in attachments if "clauses" in each)
        self.clauses: list[str] = next(claims, [])
        rig_times = [each.get("rig_duration_s") for each in attachments]
        self._rig_s = sum(each for each in rig_times if each)
        self.detail: int | None = None

    def row(self, duration: str) -> list[str]:
        """The cells of the row; written out, because a run has thousands of them."""
        folder, _, name = self._node_id.rpartition("/")
        shown = ", ".join(self.clauses[:_SHOWN_CLAUSES])
        more = len(self.clauses) - _SHOWN_CLAUSES
        rig_time = format_duration(round(self._rig_s * NS_PER_S)) if self._rig_s else ""
        detail = "" if self.detail is None else f" data-detail={self.detail}"
        place = element("span", f" {folder}", class_="dim") if folder else ""
        why = element("span", self._why, class_="why dim") if self._why else ""
        return [
            f"<td class=col-result>{_PLACES[self.outcome]}</td>",
            f"<td class=col-verdict{detail}>{badge(str(self.outcome))}</td>",
            f"<td class=col-testId{attribute('id', self._node_id)}>{escape(name)}{place}{why}</td>",
            f"<td class=col-clauses>{escape(shown)}{f' and {more} more' if more > 0 else ''}</td>",
            duration,
            f"<td class=col-rig>{rig_time}</td>",
        ]

    def log(self) -> list[str]:
        told = [each.longreprtext for each in self.reports if _is_told(each)]
        # The last report has the output captured in all phases.
        return [
            *(escape_log(text) for text in told if text),
            *(
                f"{f' {escape_log(head)} ':-^80}\n{escape_log(text)}"
                for head, text in self.reports[-1].sections
            ),
        ]


def _collect_row(report: Any) -> list[str]:
    return [
        '<td class="col-result">Error</td>',
        element("td", badge("blocked", "not collected"), class_="col-verdict"),
        element("td", report.nodeid, class_="col-testId"),
        '<td class="col-clauses"></td>',
        '<td class="col-duration"></td>',
        '<td class="col-rig"></td>',
    ]


def _reason(phases: Sequence[dict[str, Any]], outcome: TestOutcome) -> str:
    """The first line of why a test has its outcome."""
    reasons = (phase_reason(phase) for phase in phases if phase_outcome(phase) is outcome)
    return next((reason for reason in reasons if reason), "")


def _is_told(report: pytest.TestReport) -> bool:
    """Whether a phase has a traceback worth showing; a skip has said its reason already."""
    return report.failed or hasattr(report, "wasxfail")


def _told(phases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The phases, a setup with nothing to tell as a part of what followed it: one report less."""
    if [each["when"] for each in phases[:2]] != ["setup", "call"] or phases[0][
        "outcome"
    ] != "passed":
        return phases
    setup, call, *others = phases
    return [{**call, "duration": setup["duration"] + call["duration"]}, *others]


def _completed(phases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The phases of an attempt, with those that a killed run did not reach."""
    if phases[-1]["when"] == "teardown":
        return phases
    blank = {**phases[-1], "sections": [], "duration": 0.0, "hil": {}}
    blank["hil"] = {"clauses": (phases[0].get("hil") or {}).get("clauses", [])}
    if all(phase["outcome"] == "passed" for phase in phases):
        said = {"outcome": str(TestOutcome.BLOCKED), "reason": _CUT_SHORT}
        cut = {**blank, "when": "call", "outcome": "failed", "longrepr": _CUT_SHORT}
        cut["hil"] = {**blank["hil"], **said}
        phases = [each for each in phases if each["when"] != "call"] + [cut]
    return [*phases, {**blank, "when": "teardown", "outcome": "passed", "longrepr": None}]


def _decodable(node_id: str) -> str:
    """A test's id that pytest-html can decode: it takes backslashes for escapes."""
    try:
        node_id.encode("utf-8").decode("unicode_escape")
    except UnicodeDecodeError:
        return node_id.replace("\\", "\\\\")
    return node_id


def _correct_page(path: Path) -> None:
    """Take the commas off the filters: each is a box of its own, and most are not shown."""
    text = path.read_text(encoding="utf-8")
    path.write_text(_FILTER_COMMA.sub(r"\1\2", text), encoding="utf-8")


def _correct_junit(path: Path, record: dict[str, Any]) -> None:
    """Give the JUnit file the time and the host of the run instead of the replay's."""
    tree = ET.parse(path)  # noqa: S314 - pytest has just written it
    environment = record["environment"]
    for suite in tree.iter("testsuite"):
        suite.set("timestamp", record["started"])
        suite.set("hostname", str(environment.get("host", "")))
        suite.set("time", f"{sum(test['duration_s'] for test in record['tests']):.3f}")
        properties = ET.Element("properties")
        for name, value in _suite_properties(record):
            ET.SubElement(properties, "property", name=name, value=value)
        suite.insert(0, properties)
    tree.write(path, encoding="utf-8", xml_declaration=True)


def _suite_properties(record: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "rig", str((record["rig"] or {}).get("name", ""))
    yield "firmware", str((record["firmware"] or {}).get("name", ""))
    yield "verdict", str(record["verdict"])
    for name, version in (record["environment"].get("versions") or {}).items():
        yield f"version.{name}", str(version)
