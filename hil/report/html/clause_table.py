"""What became of the clauses of the document, command by command."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from hil.report.html.badge import badge
from hil.report.html.markup import Html, element, fold, join, table
from hil.report.outcome import CLAUSE_PRECEDENCE, ClauseVerdict
from hil.spec.catalogue import load_catalogue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hil.spec.catalogue import Clause

Record = dict[str, Any]

VERDICTS = (*CLAUSE_PRECEDENCE, ClauseVerdict.WAIVED)


def clause_tables(record: Record) -> Html:
    """Every clause that the run says something about, and the names of those it does not."""
    catalogue = load_catalogue()
    tests_of: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for test in record["tests"]:
        for clause_id in test["clauses"]:
            tests_of[clause_id].append(test)
    by_command: defaultdict[str, list[Clause]] = defaultdict(list)
    for clause in catalogue:
        if clause.id in record["clauses"]:
            by_command[clause.command].append(clause)
    is_quiet = {
        command: all(record["clauses"][each.id] == ClauseVerdict.UNTESTED for each in clauses)
        for command, clauses in by_command.items()
    }
    shown = [
        _command_clauses(command, clauses, record, tests_of)
        for command, clauses in by_command.items()
        if not is_quiet[command]
    ]
    silent = [f"{name} ({len(by_command[name])})" for name, quiet in is_quiet.items() if quiet]
    rest = f"No test of this run claims a clause of {len(silent)} more commands and chapters"
    return element(
        "section",
        element("h3", f"Clauses of {catalogue.document}"),
        *shown,
        fold(rest, element("p", ", ".join(silent)), class_="card") if silent else None,
        id="clauses",
    )


def _command_clauses(
    command: str,
    clauses: Sequence[Clause],
    record: Record,
    tests_of: Mapping[str, Sequence[Mapping[str, Any]]],
) -> Html:
    verdicts = [record["clauses"][each.id] for each in clauses]
    counts = [(word, verdicts.count(word)) for word in map(str, VERDICTS) if word in verdicts]
    summary = join(
        [
            element("b", command),
            element("span", *[badge(word, f"{n} {word}") for word, n in counts], class_="counts"),
        ]
    )
    rows = [
        (
            element("td", element("code", clause.id), class_="narrow"),
            element("td", clause.statement, _clause_remark(clause)),
            element("td", badge(verdict), _waiver(record, clause.id)),
            element("td", *_claimants(tests_of.get(clause.id, ()))),
        )
        for clause, verdict in zip(clauses, verdicts, strict=True)
        if verdict != ClauseVerdict.UNTESTED
    ]
    untested = [each.id for each in clauses if record["clauses"][each.id] == "untested"]
    is_open = not {"failed", "deviates"}.isdisjoint(verdicts)
    return fold(
        summary,
        table(("Clause", "Statement", "Verdict", "Tests"), rows, class_="grid clauses"),
        element("p", badge("untested"), " ", ", ".join(untested), class_="untested")
        if untested
        else None,
        is_open=is_open,
        class_="card",
    )


def _clause_remark(clause: Clause) -> Html:
    place = f"line {clause.line}, {clause.basis}"
    doubts = f", {', '.join(clause.ambiguity)}" if clause.ambiguity else ""
    return element("span", f" {place}{doubts}", class_="dim")


def _waiver(record: Record, clause_id: str) -> Html | None:
    reason = record["waivers"].get(clause_id)
    return element("div", reason, class_="dim") if reason else None


def _claimants(tests: Sequence[Mapping[str, Any]]) -> list[Html]:
    return [
        element("div", badge(test["outcome"]), " ", test["id"].rpartition("/")[2], title=test["id"])
        for test in tests
    ]
