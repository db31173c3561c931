"""What the rig observed while a test ran, taken from the test's stash to its reports.

Plugins and fixtures put their observations into lists in ``item.stash``, under the keys below; at
the end of setup, call and teardown whatever is new goes into the attribute ``hil`` of that phase's
report, a dict of plain values::

    clauses          ids of the clauses that the test claims
    outcome, reason  the word of `TestOutcome` for this phase, and one line why it did not pass
    rig_started_ns, rig_finished_ns, rig_duration_s    the phase on the rig's clock, or None
    measurements     `Measurement.to_json` of each
    transcript       {"rig_time_ns", "direction", "text"}; the direction is "sent", "received",
                     "line" or "note"; the text has its line ends, in pieces of any size;
                     "hex" is added where the bytes are not plain text, and "slot"
    boot_logs        {"rig_time_ns", "slot", "baud", "text", "reset_cause", "boot_mode"}
    flash            {"rig_time_ns", "slot"} and `FlashRecord.to_json`
    notes            records of the run that a worker of pytest-xdist sends along

The dict reaches the controller under pytest-xdist, since reports carry their attributes. Lists may
grow until the report hook of another plugin returns: what is taken, is taken last.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from hil.errors import HilError
from hil.plugins.clause import clauses_of
from hil.report.measurement import Measurement
from hil.report.outcome import (
    MeasurementOutcome,
    TestOutcome,
    failure_outcome,
    may_use_leave,
)
from hil.spec.catalogue import load_catalogue
from hil.units import ns_to_seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

Entry = dict[str, Any]

TRANSCRIPT_KEY = pytest.StashKey[list[Entry]]()
BOOT_LOGS_KEY = pytest.StashKey[list[Entry]]()
FLASH_RECORDS_KEY = pytest.StashKey[list[Entry]]()
MEASUREMENTS_KEY = pytest.StashKey[list[Measurement]]()

RIG_TIME_KEY = pytest.StashKey[Callable[[], int]]()
"""Tells the rig's time in nanoseconds; in the stash of the test or of the config."""

RIG_SUMMARY_KEY = pytest.StashKey[Entry]()
"""The rig in a few words, in the stash of the config; see `hil.plugins.journal.describe_rig`."""

NOTES_KEY = pytest.StashKey[list[Entry]]()
"""Records of the run that wait for a report, in the stash of a worker's config."""

_TAKEN_KEY = pytest.StashKey[dict[str, int]]()
_PHASE_START_KEY = pytest.StashKey[int | None]()
_LISTS = {
    "transcript": TRANSCRIPT_KEY,
    "boot_logs": BOOT_LOGS_KEY,
    "flash": FLASH_RECORDS_KEY,
}
_REASON_LENGTH = 400


def is_hil_test(item: pytest.Item) -> bool:
    """Whether a test concerns a module: it holds a rig, or claims a clause."""
    uses_rig = "rig" in getattr(item, "fixturenames", ())
    return uses_rig or item.get_closest_marker("clause") is not None


def rig_time_ns(item: pytest.Item) -> int | None:
    """Nanoseconds on the clock of the test's rig; None before there is a rig."""
    tell = item.stash.get(RIG_TIME_KEY, None) or item.config.stash.get(RIG_TIME_KEY, None)
    return None if tell is None else tell()


def begin(item: pytest.Item) -> None:
    """Note the rig's time at which a test begins."""
    item.stash[_PHASE_START_KEY] = rig_time_ns(item)
    item.stash[_TAKEN_KEY] = {}


def attach(
    item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport
) -> pytest.TestReport:
    """Give a phase's report its observations and the toolkit's verdict.

    A measurement outside of its limits fails a phase that passed; a failure that the module is
    entitled to becomes a deviation, which pytest counts among the expected failures.
    """
    started_ns, finished_ns = item.stash.get(_PHASE_START_KEY, None), rig_time_ns(item)
    item.stash[_PHASE_START_KEY] = finished_ns
    measurements: list[Measurement] = _take_new(item, "measurements", MEASUREMENTS_KEY)
    outcome, reason = _judge(item, call, report, measurements)
    attachment = {
        "clauses": list(clauses_of(item)),
        "outcome": str(outcome),
        "reason": reason,
        "rig_started_ns": started_ns,
        "rig_finished_ns": finished_ns,
        "rig_duration_s": _duration_s(started_ns, finished_ns),
        "measurements": [each.to_json() for each in measurements],
        **{name: _take_new(item, name, key) for name, key in _LISTS.items()},
    }
    if hasattr(item.config, "workerinput"):
        attachment["notes"] = _take_notes(item.config)
        # execnet carries exact built-in types only: an enum or a path would stop the worker.
        attachment = json.loads(json.dumps(attachment, default=str))
    report.__dict__["hil"] = attachment
    if report.when == "teardown":
        _forget(item)
    return report


def _judge(
    item: pytest.Item,
    call: pytest.CallInfo[None],
    report: pytest.TestReport,
    measurements: Sequence[Measurement],
) -> tuple[TestOutcome, str]:
    if report.passed:
        return _judge_measurements(item, report, measurements)
    if hasattr(report, "wasxfail"):
        return TestOutcome.DEVIATES, f"expected to fail: {report.wasxfail or 'no reason given'}"
    if report.skipped:
        return TestOutcome.SKIPPED, _skip_reason(report)
    if call.excinfo is None:
        return TestOutcome.FAILED, _first_line(report.longreprtext)
    outcome = failure_outcome(
        call.excinfo.value, in_setup=report.when == "setup", may_deviate=_may_deviate(item)
    )
    reason = _first_line(_error_text(call.excinfo))
    if outcome is TestOutcome.DEVIATES:
        _let_deviate(report, reason)
    return outcome, reason


def _judge_measurements(
    item: pytest.Item, report: pytest.TestReport, measurements: Sequence[Measurement]
) -> tuple[TestOutcome, str]:
    wrong = [
        each.describe()
        for each in measurements
        if each.outcome in (MeasurementOutcome.FAILED, MeasurementOutcome.NOT_SET)
    ]
    if wrong:
        report.longrepr = "measurement outside of its limits:\n" + "\n".join(wrong)
        if _may_deviate(item):
            _let_deviate(report, wrong[0])
            return TestOutcome.DEVIATES, wrong[0]
        report.outcome = "failed"
        return TestOutcome.FAILED, wrong[0]
    near = [each for each in measurements if each.outcome is MeasurementOutcome.MARGINAL]
    if near:
        return TestOutcome.MARGINAL, near[0].describe()
    return TestOutcome.PASSED, ""


def _may_deviate(item: pytest.Item) -> bool:
    """Whether a failure of this test is the module's right.

    It never is on a virtual rig that follows the document, nor before a rig is known.
    """
    clause_ids = clauses_of(item)
    if not clause_ids or not may_use_leave(item.config.stash.get(RIG_SUMMARY_KEY, None)):
        return False
    catalogue = load_catalogue()
    return all(catalogue.claimable(clause_id).may_deviate for clause_id in clause_ids)


def _let_deviate(report: pytest.TestReport, reason: str) -> None:
    report.outcome = "skipped"
    report.wasxfail = f"deviates: {reason}"


def _skip_reason(report: pytest.TestReport) -> str:
    longrepr = report.longrepr
    text = longrepr[2] if isinstance(longrepr, tuple) else str(longrepr)
    return _first_line(text.removeprefix("Skipped: "))


def _error_text(excinfo: pytest.ExceptionInfo[BaseException]) -> str:
    if isinstance(excinfo.value, (HilError, pytest.fail.Exception)):
        return str(excinfo.value)
    return excinfo.exconly()


def _first_line(text: str) -> str:
    line = text.strip().partition("\n")[0]
    return line if len(line) <= _REASON_LENGTH else line[:_REASON_LENGTH] + " ..."


def _take_new(item: pytest.Item, name: str, key: pytest.StashKey[list[Any]]) -> list[Any]:
    entries = item.stash.get(key, [])
    taken = item.stash.setdefault(_TAKEN_KEY, {})
    new = entries[taken.get(name, 0) :]
    taken[name] = len(entries)
    return new


def _take_notes(config: pytest.Config) -> list[Entry]:
    notes = config.stash.get(NOTES_KEY, [])
    config.stash[NOTES_KEY] = []
    return notes


def _forget(item: pytest.Item) -> None:
    """Let go of what was taken; pytest keeps every test until the session ends."""
    keys: tuple[pytest.StashKey[Any], ...] = (*_LISTS.values(), MEASUREMENTS_KEY)
    for key in keys:
        item.stash.get(key, []).clear()
    item.stash[_TAKEN_KEY] = {}


def _duration_s(started_ns: int | None, finished_ns: int | None) -> float | None:
    if started_ns is None or finished_ns is None or finished_ns < started_ns:
        return None
    return ns_to_seconds(finished_ns - started_ns)
