"""The record of a run, made from its journal: what was tested, on what, and what came out.

`RecordBuilder` takes the records of a journal one by one, so that a run that goes on can be
summed up at any moment without reading anything twice. It keeps what ``run.json`` says and lets
go of transcripts. ``docs/run-record.md`` explains the fields, ``docs/run-schema.json`` fixes them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hil.report.matrix import clause_matrix
from hil.report.outcome import (
    TestOutcome,
    clause_verdict,
    may_use_leave,
    outcome_of_phases,
)
from hil.spec.catalogue import load_catalogue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from hil.report.journal import Event

SCHEMA = "hil-run/1"
INTERRUPTED = 2
"""pytest's exit status of a run that somebody stopped."""

_PLAIN_OUTCOMES = {
    "passed": TestOutcome.PASSED,
    "skipped": TestOutcome.SKIPPED,
    "failed": TestOutcome.FAILED,
    "rerun": TestOutcome.FAILED,
}
_NOT_FINISHED = "the run ended before this test did"


def record_from_journal(events: Iterable[Event]) -> dict[str, Any]:
    """The run record that a journal describes, ready for ``run.json``."""
    builder = RecordBuilder()
    for event in events:
        builder.take(event)
    return builder.record()


def phase_outcome(report: Mapping[str, Any]) -> TestOutcome:
    """What one phase of a test said: the journal plugin's word, or else pytest's."""
    said = (report.get("hil") or {}).get("outcome")
    if said is not None:
        return TestOutcome(said)
    outcome = _PLAIN_OUTCOMES.get(str(report.get("outcome")), TestOutcome.FAILED)
    if outcome is TestOutcome.FAILED and report.get("when") == "setup":
        return TestOutcome.BLOCKED
    return outcome


def phase_reason(report: Mapping[str, Any]) -> str:
    """Why a phase did not simply pass, in one line; empty if it did."""
    said = (report.get("hil") or {}).get("reason")
    if said is not None:
        return str(said)
    longrepr = report.get("longrepr")
    match longrepr:
        case [_, _, str(text)]:
            return text.removeprefix("Skipped: ")
        case {"reprcrash": {"message": str(text)}} | str(text):
            return text.strip().partition("\n")[0]
    return ""


@dataclass(slots=True)
class _Attempt:
    """One time that a test ran."""

    started: str
    phases: dict[str, TestOutcome] = field(default_factory=dict)
    reasons: list[tuple[TestOutcome, str]] = field(default_factory=list)
    duration_s: float = 0.0
    rig_duration_s: float | None = None
    measurements: list[Any] = field(default_factory=list)

    @property
    def outcome(self) -> TestOutcome:
        outcome = outcome_of_phases(self.phases.values())
        is_cut_short = "teardown" not in self.phases
        return TestOutcome.BLOCKED if is_cut_short and _is_quiet(outcome) else outcome

    @property
    def reason(self) -> str:
        outcome = self.outcome
        for phase_said, text in self.reasons:
            if phase_said is outcome:
                return text
        return _NOT_FINISHED if "teardown" not in self.phases else ""

    def take(self, report: Mapping[str, Any]) -> None:
        hil = report.get("hil") or {}
        outcome = phase_outcome(report)
        self.phases[str(report.get("when"))] = outcome
        reason = phase_reason(report)
        if reason:
            self.reasons.append((outcome, reason))
        self.duration_s += report.get("duration") or 0.0
        if hil.get("rig_duration_s") is not None:
            self.rig_duration_s = (self.rig_duration_s or 0.0) + hil["rig_duration_s"]
        self.measurements += hil.get("measurements", ())

    def summary(self) -> dict[str, Any]:
        return {
            "outcome": str(self.outcome),
            "started": self.started,
            "duration_s": round(self.duration_s, 6),
            "rig_duration_s": _rounded(self.rig_duration_s),
        }


@dataclass(slots=True)
class _Test:
    """A test with all the times that it ran."""

    clauses: list[str] = field(default_factory=list)
    attempts: list[_Attempt] = field(default_factory=list)

    def take(self, report: Mapping[str, Any], time: str) -> None:
        if report.get("when") == "setup" or not self.attempts:
            self.attempts.append(_Attempt(started=time))
        self.clauses = (report.get("hil") or {}).get("clauses", self.clauses)
        self.attempts[-1].take(report)

    def summary(self, node_id: str) -> dict[str, Any]:
        last = self.attempts[-1]
        return {
            "id": node_id,
            "outcome": str(last.outcome),
            "reason": last.reason,
            "started": last.started,
            "duration_s": round(last.duration_s, 6),
            "rig_duration_s": _rounded(last.rig_duration_s),
            "clauses": self.clauses,
            "measurements": last.measurements,
            "attempts": [each.summary() for each in self.attempts],
        }


class RecordBuilder:
    """Sums up a run from the records of its journal.

    Call `take` with each record, and `record` whenever the sum is wanted.
    """

    def __init__(self) -> None:
        self._started = ""
        self._finished: str | None = None
        self._exit_status: int | None = None
        self._collected: int | None = None
        self._rig: dict[str, Any] | None = None
        self._firmware: dict[str, Any] | None = None
        self._environment: dict[str, Any] = {}
        self._flash: list[dict[str, Any]] = []
        self._boot_logs: list[dict[str, Any]] = []
        self._waivers: dict[str, str] = {}
        self._spellings: defaultdict[str, set[str]] = defaultdict(set)
        self._left_different: dict[str, str] = {}
        self._collection_errors: list[dict[str, str]] = []
        self._tests: dict[str, _Test] = defaultdict(_Test)
        self._takers: dict[str, Callable[[Event], None]] = {
            "run started": self._take_start,
            "collected": self._take_collected,
            "rig": self._take_rig,
            "firmware": self._take_firmware,
            "flash": self._take_flash,
            "boot log": self._take_boot_log,
            "waiver": self._take_waiver,
            "spelling": self._take_spelling,
            "left different": self._take_left_different,
            "report": self._take_report,
            "run finished": self._take_end,
        }

    def take(self, event: Event) -> None:
        """Add one record; kinds that the record does not sum up are passed over."""
        taker = self._takers.get(event["record"])
        if taker is not None:
            taker(event)

    def record(self) -> dict[str, Any]:
        """The run record so far, as an object for ``run.json``."""
        tests = [test.summary(node_id) for node_id, test in self._tests.items()]
        clauses = self._clause_verdicts(tests)
        test_counts = Counter(test["outcome"] for test in tests)
        return {
            "schema": SCHEMA,
            "verdict": self._verdict(test_counts),
            "started": self._started,
            "finished": self._finished,
            "exit_status": self._exit_status,
            "collected": self._collected,
            "rig": self._rig,
            "firmware": self._firmware,
            "environment": self._environment,
            "flash": self._flash,
            "boot_logs": self._boot_logs,
            "counts": {"tests": dict(test_counts), "clauses": dict(Counter(clauses.values()))},
            "collection_errors": self._collection_errors,
            "tests": tests,
            "clauses": clauses,
            "matrix": clause_matrix(clauses),
            "waivers": self._waivers,
            "left_different": self._left_different,
            "spellings": {name: sorted(seen) for name, seen in sorted(self._spellings.items())},
        }

    def _take_start(self, event: Event) -> None:
        self._started = event["time"]
        self._environment = event.get("environment") or {}
        self._take_rig(event)
        self._take_firmware(event)

    def _take_collected(self, event: Event) -> None:
        self._collected = event["tests"]

    def _take_rig(self, event: Event) -> None:
        self._rig = event.get("rig") or self._rig

    def _take_firmware(self, event: Event) -> None:
        self._firmware = event.get("firmware") or self._firmware

    def _take_flash(self, event: Event) -> None:
        self._flash.append({**event["flash"], "time": event["time"]})

    def _take_boot_log(self, event: Event) -> None:
        self._take_first_boot_log({**event["boot_log"], "time": event["time"]})

    def _take_first_boot_log(self, log: dict[str, Any]) -> None:
        """Keep the first boot log of each module; the others stay with their tests."""
        if all(each.get("slot") != log.get("slot") for each in self._boot_logs):
            self._boot_logs.append(log)

    def _take_waiver(self, event: Event) -> None:
        self._waivers[event["clause"]] = event["reason"]

    def _take_spelling(self, event: Event) -> None:
        self._spellings[event["name"]].add(event["firmware"])

    def _take_left_different(self, event: Event) -> None:
        self._left_different[str(event["slot"])] = event["remark"]

    def _take_report(self, event: Event) -> None:
        report, time = event["report"], event["time"]
        if report.get("when") is None or report.get("$report_type") == "CollectReport":
            self._collection_errors.append(
                {"where": report["nodeid"], "reason": phase_reason(report)}
            )
            return
        self._tests[report["nodeid"]].take(report, time)
        hil, source = report.get("hil") or {}, {"time": time, "test": report["nodeid"]}
        self._flash += [{**flash, **source} for flash in hil.get("flash", ())]
        for log in hil.get("boot_logs", ()):
            self._take_first_boot_log({**log, **source})

    def _take_end(self, event: Event) -> None:
        self._finished = event["time"]
        self._exit_status = event.get("exit_status")

    def _clause_verdicts(self, tests: Iterable[Mapping[str, Any]]) -> dict[str, str]:
        catalogue, has_leave = load_catalogue(), may_use_leave(self._rig)
        claims: dict[str, list[TestOutcome]] = {
            clause.id: [] for clause in catalogue if not clause.is_withdrawn
        }
        for test in tests:
            for clause_id in test["clauses"]:
                claims.setdefault(clause_id, []).append(TestOutcome(test["outcome"]))
        return {
            clause_id: str(
                clause_verdict(
                    outcomes,
                    may_deviate=has_leave
                    and clause_id in catalogue
                    and catalogue[clause_id].may_deviate,
                    is_waived=clause_id in self._waivers,
                )
            )
            for clause_id, outcomes in claims.items()
        }

    def _verdict(self, counts: Mapping[str, int]) -> str:
        for outcome in (TestOutcome.FAILED, TestOutcome.RIG_ERROR, TestOutcome.BLOCKED):
            if counts.get(outcome):
                return str(outcome)
        if self._collection_errors:
            return str(TestOutcome.BLOCKED)
        if self._is_incomplete():
            return "incomplete"
        has_passed = any(counts.get(each) for each in ("passed", "marginal", "deviates"))
        return "passed" if has_passed else "nothing tested"

    def _is_incomplete(self) -> bool:
        is_short = self._collected is not None and len(self._tests) < self._collected
        return self._finished is None or self._exit_status == INTERRUPTED or is_short


def _is_quiet(outcome: TestOutcome) -> bool:
    return outcome in (TestOutcome.PASSED, TestOutcome.MARGINAL)


def _rounded(duration_s: float | None) -> float | None:
    return None if duration_s is None else round(duration_s, 9)
