"""What became of the clauses of the document, command by command."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from hil.report.html.badge import badge
from hil.report.html.markup import Html, element, fold, join, table
from hil.report.matrix import VERDICTS, Cell, is_quiet, telling_part, worst
from hil.report.outcome import ClauseVerdict
from hil.spec.catalogue import KINDS, load_catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hil.spec.catalogue import Clause

Record = dict[str, Any]


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
    matrix = record["matrix"]
    silent = [
        f"{command} ({len(by_command[command])})"
        for command, cells in matrix.items()
        if is_quiet(cells)
    ]
    shown = [
        _command_clauses(command, clauses, record, tests_of)
        for command, clauses in by_command.items()
        if not is_quiet(matrix[command])
    ]
    rest = f"No test of this run claims a clause of {len(silent)} more commands and chapters"
    return element(
        "section",
        element("h3", f"Clauses of {catalogue.document}"),
        _matrix(matrix),
        *shown,
        fold(rest, element("p", ", ".join(silent)), class_="card") if silent else None,
        id="clauses",
    )


def _matrix(matrix: Mapping[str, Mapping[str, Cell]]) -> Html | None:
    """Commands down, kinds across; each cell leads to its clauses."""
    shown, kinds = telling_part(matrix)
    if not shown:
        return None
    rows = [
        [
            element("th", command, scope="row"),
            *[_matrix_cell(command, kind, cells.get(kind)) for kind in kinds],
        ]
        for command, cells in shown.items()
    ]
    matrix_table = table(("Command", *kinds), rows, class_="grid matrix")
    return element("div", matrix_table, class_="card", id="matrix")


def _matrix_cell(command: str, kind: str, cell: Cell | None) -> Html:
    if cell is None:
        return element("td")
    verdict, total = worst(cell), sum(cell.values())
    text = str(total) if cell[verdict] == total else f"{cell[verdict]} of {total}"
    if verdict is ClauseVerdict.UNTESTED:
        return element("td", badge(verdict, text))
    told = ", ".join(f"{cell[each]} {each}" for each in VERDICTS if cell.get(each))
    link = element(
        "a",
        badge(verdict, text),
        href=f"#{_anchor(command, kind)}",
        title=told,
        aria_label=f"{command}, {kind}: {told}",
    )
    return element("td", link)


def _anchor(command: str, kind: str) -> str:
    return f"clauses-{command.removeprefix('AT+').strip('+')}-{kind}"


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
        row
        for kind in KINDS
        for row in _kind_rows(
            command, kind, [each for each in clauses if each.kind == kind], record, tests_of
        )
    ]
    untested = [each.id for each in clauses if record["clauses"][each.id] == "untested"]
    is_open = not {"failed", "deviates"}.isdisjoint(verdicts)
    return fold(
        summary,
        table(("Kind", "Clause", "Statement", "Verdict", "Tests"), rows, class_="grid clauses"),
        element("p", badge("untested"), " ", ", ".join(untested), class_="untested")
        if untested
        else None,
        is_open=is_open,
        class_="card",
    )


def _kind_rows(
    command: str,
    kind: str,
    clauses: Sequence[Clause],
    record: Record,
    tests_of: Mapping[str, Sequence[Mapping[str, Any]]],
) -> Iterator[tuple[Html, ...]]:
    """The rows of the clauses of one kind; the first is where the cell of the matrix leads.

    Untested clauses have none: there can be hundreds, and nothing is to be said of them.
    """
    anchor: str | None = _anchor(command, kind)
    for clause in clauses:
        verdict = record["clauses"][clause.id]
        if verdict == ClauseVerdict.UNTESTED:
            continue
        yield (
            element("td", kind, class_="narrow dim", id=anchor),
            element("td", element("code", clause.id), class_="narrow"),
            element("td", clause.statement, _clause_remark(clause)),
            element("td", badge(verdict), _waiver(record, clause.id)),
            element("td", *_claimants(tests_of.get(clause.id, ()))),
        )
        anchor = None


def _clause_remark(clause: Clause) -> Html:
    place = f"line {clause.line}, {clause.basis}"
    doubts = f", {', '.join(clause.ambiguity)}" if clause.ambiguity else ""
    return element("span", f" {place}{doubts}", class_="dim")


def _waiver(record: Record, clause_id: str) -> Html | None:
    reason = record["waivers"].get(clause_id)
    return element("div", reason, class_="dim") if reason else None


def _claimants(tests: Sequence[Mapping[str, Any]]) -> list[Html]:
    return [
        element(
            "div",
            badge(test["outcome"]),
            " ",
            element("a", test["id"].rpartition("/")[2], href=f"#{quote(test['id'])}"),
            title=test["id"],
        )
        for test in tests
    ]
