"""How verdicts follow from one another."""

from __future__ import annotations

import itertools

import pytest

from hil.errors import LoaderError, MistakeError, PortError
from hil.report.outcome import (
    ClauseVerdict,
    TestOutcome,
    clause_verdict,
    failure_outcome,
    outcome_of_phases,
)

PORT = PortError("COM3", attempted="open", reason="gone", remedy="Plug it in")
T = TestOutcome


@pytest.mark.parametrize(
    ("error", "in_setup", "may_deviate", "outcome"),
    [
        (PORT, False, False, T.RIG_ERROR),
        (PORT, True, True, T.RIG_ERROR),
        (LoaderError("silent"), False, True, T.RIG_ERROR),
        (MistakeError("wrong rig file"), True, False, T.RIG_ERROR),
        (MistakeError("wrong argument"), False, False, T.FAILED),
        (PermissionError("port"), True, False, T.RIG_ERROR),
        (AssertionError("no"), True, False, T.BLOCKED),
        (AssertionError("no"), False, False, T.FAILED),
        (AssertionError("no"), False, True, T.DEVIATES),
        (AssertionError("no"), True, True, T.BLOCKED),
    ],
)
def test_error_blames_module_rig_or_nobody(
    error: BaseException, in_setup: bool, may_deviate: bool, outcome: TestOutcome
) -> None:
    assert failure_outcome(error, in_setup=in_setup, may_deviate=may_deviate) is outcome


@pytest.mark.parametrize(
    ("phases", "outcome"),
    [
        ([T.PASSED, T.PASSED, T.PASSED], T.PASSED),
        ([], T.PASSED),
        ([T.PASSED, T.FAILED, T.RIG_ERROR], T.FAILED),
        ([T.PASSED, T.DEVIATES, T.RIG_ERROR], T.RIG_ERROR),
        ([T.BLOCKED, T.FAILED], T.BLOCKED),
        ([T.SKIPPED, T.PASSED], T.SKIPPED),
        ([T.PASSED, T.MARGINAL, T.PASSED], T.MARGINAL),
    ],
)
def test_first_phase_that_went_wrong_decides(
    phases: list[TestOutcome], outcome: TestOutcome
) -> None:
    assert outcome_of_phases(phases) is outcome


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        ([], ClauseVerdict.UNTESTED),
        ([T.PASSED, T.FAILED, T.DEVIATES], ClauseVerdict.FAILED),
        ([T.PASSED, T.DEVIATES], ClauseVerdict.DEVIATES),
        ([T.SKIPPED, T.PASSED], ClauseVerdict.PASSED),
        ([T.MARGINAL], ClauseVerdict.PASSED),
        ([T.RIG_ERROR, T.BLOCKED], ClauseVerdict.SKIPPED),
    ],
)
def test_worst_word_decides_about_a_clause(
    outcomes: list[TestOutcome], verdict: ClauseVerdict
) -> None:
    for order in itertools.permutations(outcomes):
        assert clause_verdict(order) is verdict


def test_waived_clause_stays_waived_whatever_tests_say() -> None:
    assert clause_verdict([T.FAILED], is_waived=True) is ClauseVerdict.WAIVED
