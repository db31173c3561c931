"""The words in which a run speaks its verdicts, and how one follows from another.

A measurement decides about a test, the phases of a test decide about the test, the tests that
claim a clause decide about the clause. ``docs/run-record.md`` explains the words to readers of a
report.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from hil.errors import (
    LoaderError,
    MistakeError,
    PortError,
    RecordFileError,
    ReplayMismatchError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class MeasurementOutcome(StrEnum):
    """What the limits say about a measured value."""

    PASSED = "passed"
    MARGINAL = "marginal"
    FAILED = "failed"
    NOT_SET = "not set"


class TestOutcome(StrEnum):
    """What a test says, and whom it blames.

    ``failed`` blames the module. ``rig error`` blames the rig or its description, ``blocked``
    means that the starting point was not reached: neither says anything about the clauses.
    ``deviates`` is a failure that a real module may have, because the document leaves room for it.
    """

    __test__ = False  # not a test class, whatever its name suggests to pytest

    PASSED = "passed"
    MARGINAL = "marginal"
    FAILED = "failed"
    DEVIATES = "deviates"
    SKIPPED = "skipped"
    RIG_ERROR = "rig error"
    BLOCKED = "blocked"


class ClauseVerdict(StrEnum):
    """What all the tests of a run together say about one clause."""

    FAILED = "failed"
    DEVIATES = "deviates"
    PASSED = "passed"
    SKIPPED = "skipped"
    UNTESTED = "untested"
    WAIVED = "waived"


CLAUSE_PRECEDENCE = (
    ClauseVerdict.FAILED,
    ClauseVerdict.DEVIATES,
    ClauseVerdict.PASSED,
    ClauseVerdict.SKIPPED,
    ClauseVerdict.UNTESTED,
)

# A rig error and a blocked test leave the clause as unverified as a skipped test does.
_CLAUSE_VERDICT_OF_TEST: Mapping[TestOutcome, ClauseVerdict] = {
    TestOutcome.PASSED: ClauseVerdict.PASSED,
    TestOutcome.MARGINAL: ClauseVerdict.PASSED,
    TestOutcome.FAILED: ClauseVerdict.FAILED,
    TestOutcome.DEVIATES: ClauseVerdict.DEVIATES,
    TestOutcome.SKIPPED: ClauseVerdict.SKIPPED,
    TestOutcome.RIG_ERROR: ClauseVerdict.SKIPPED,
    TestOutcome.BLOCKED: ClauseVerdict.SKIPPED,
}

_DECISIVE = (TestOutcome.RIG_ERROR, TestOutcome.FAILED, TestOutcome.BLOCKED)
_REMARKABLE = (TestOutcome.DEVIATES, TestOutcome.MARGINAL, TestOutcome.SKIPPED)


_OF_THE_RIG = (PortError, LoaderError, RecordFileError, ReplayMismatchError)
"""They say nothing of the module; a session that parts from its record has none."""


def may_use_leave(rig: Mapping[str, Any] | None) -> bool:
    """Whether the modules of a rig may deviate where the document leaves room.

    A virtual module that follows the document may not, and nothing is known without a rig.

    Args:
        rig: The rig as the run record has it.
    """
    if rig is None:
        return False
    dialects = {each.get("dialect") or "documented" for each in rig.get("modules", ())}
    return not (rig.get("is_virtual") and dialects <= {"documented"})


def failure_outcome(error: BaseException, *, in_setup: bool, may_deviate: bool) -> TestOutcome:
    """Whom an error blames that ended a phase of a test.

    Args:
        error: The exception.
        in_setup: It came before the test itself began.
        may_deviate: Every clause that the test claims leaves room, and the module may use it.
    """
    if isinstance(error, _OF_THE_RIG) or (in_setup and isinstance(error, (MistakeError, OSError))):
        return TestOutcome.RIG_ERROR
    if in_setup:
        return TestOutcome.BLOCKED
    return TestOutcome.DEVIATES if may_deviate else TestOutcome.FAILED


def outcome_of_phases(phases: Iterable[TestOutcome]) -> TestOutcome:
    """The outcome of a test from those of its setup, call and teardown, in order.

    The first phase that went wrong decides; a failure is not excused by a rig that breaks
    while it is put back in order.
    """
    seen = list(phases)
    for outcome in seen:
        if outcome in _DECISIVE:
            return outcome
    return next((each for each in _REMARKABLE if each in seen), TestOutcome.PASSED)


def clause_verdict(
    outcomes: Iterable[TestOutcome], *, may_deviate: bool = False, is_waived: bool = False
) -> ClauseVerdict:
    """What the outcomes of all tests that claim a clause say about it.

    Args:
        outcomes: Of the tests.
        may_deviate: The clause leaves room, and the module may use it. Then it deviates also where
            a test failed because of another clause that leaves none.
        is_waived: Nobody has to test it.
    """
    if is_waived:
        return ClauseVerdict.WAIVED
    verdicts = {_CLAUSE_VERDICT_OF_TEST[each] for each in outcomes}
    if may_deviate and ClauseVerdict.FAILED in verdicts:
        verdicts = verdicts - {ClauseVerdict.FAILED} | {ClauseVerdict.DEVIATES}
    return next((each for each in CLAUSE_PRECEDENCE if each in verdicts), ClauseVerdict.UNTESTED)
