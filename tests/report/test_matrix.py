"""Commands down, kinds of clauses across."""

from __future__ import annotations

import pytest

from hil.report.html.clause_table import clause_tables
from hil.report.matrix import clause_matrix, matrix_text, worst
from hil.report.outcome import ClauseVerdict
from hil.report.record import record_from_journal

from .reports_of_tests import finished, passed_test, phase, started

VERDICTS = {
    "AT-01": "passed",
    "AT-02": "untested",
    "AT-03": "failed",
    "ATE-01": "passed",
    "ATE-02": "passed",
    "CWMODE-01": "untested",
    "NO-SUCH-01": "passed",
}


def test_clauses_are_counted_by_command_and_kind() -> None:
    matrix = clause_matrix(VERDICTS)
    assert list(matrix) == ["AT", "ATE", "AT+CWMODE"]
    assert matrix["ATE"] == {"response": {"passed": 2}}
    assert sum(sum(cell.values()) for cell in matrix["AT"].values()) == 3


@pytest.mark.parametrize(
    ("cell", "verdict"),
    [
        ({"passed": 4}, ClauseVerdict.PASSED),
        ({"passed": 4, "untested": 1}, ClauseVerdict.PASSED),
        ({"passed": 4, "deviates": 1}, ClauseVerdict.DEVIATES),
        ({"deviates": 4, "failed": 1}, ClauseVerdict.FAILED),
        ({"waived": 1, "skipped": 1}, ClauseVerdict.SKIPPED),
    ],
)
def test_a_cell_is_as_bad_as_its_worst_clause(cell: dict[str, int], verdict: ClauseVerdict) -> None:
    assert worst(cell) is verdict


def test_terminal_shows_what_was_tested_and_counts_the_rest() -> None:
    matrix = {
        "AT": {"syntax": {"passed": 1, "failed": 1}, "response": {"skipped": 2}},
        "ATE": {"response": {"passed": 3, "waived": 1}},
        "AT+GMR": {"range": {"untested": 5}},
    }
    *rows, legend = matrix_text(matrix).splitlines()
    assert rows == ["     syntax  response", "AT     1F 1        2s", "ATE       -      3 1w"]
    assert legend.endswith("w waived; nothing of 1 more commands and chapters was tested")


def test_page_leads_from_a_cell_to_its_clauses_and_from_there_to_the_tests() -> None:
    node = "testplans/a.py::test_x[1 & 2]"
    record = record_from_journal(
        [
            started(),
            *passed_test("t.py::test_y", "ATE-01"),
            phase(node, "setup", clauses=["ATE-01"]),
            phase(node, "call", "failed", failed=True, clauses=["ATE-02"]),
            phase(node, "teardown", clauses=["ATE-02"]),
            finished(1),
        ]
    )
    page = str(clause_tables(record))
    assert '<a href="#clauses-ATE-response"' in page
    assert 'aria-label="ATE, response: 1 failed, 1 passed, 2 untested"' in page
    assert page.count('id="clauses-ATE-response"') == 1
    assert '<a href="#testplans/a.py%3A%3Atest_x%5B1%20%26%202%5D">' in page
    assert "#clauses-ATE-range" not in page  # nothing of it was tested
