"""The clauses of a run as a matrix: commands down, kinds of clauses across."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from hil.report.outcome import CLAUSE_PRECEDENCE, ClauseVerdict
from hil.spec.catalogue import KINDS, load_catalogue

if TYPE_CHECKING:
    from collections.abc import Mapping

Cell = dict[str, int]
"""How many clauses have each verdict."""

Matrix = dict[str, dict[str, Cell]]
"""By command and kind."""

VERDICTS = (*CLAUSE_PRECEDENCE, ClauseVerdict.WAIVED)

_LETTERS = {
    ClauseVerdict.FAILED: "F",
    ClauseVerdict.DEVIATES: "D",
    ClauseVerdict.PASSED: "",
    ClauseVerdict.SKIPPED: "s",
    ClauseVerdict.UNTESTED: "?",
    ClauseVerdict.WAIVED: "w",
}


def clause_matrix(verdicts: Mapping[str, str]) -> Matrix:
    """The verdicts on clauses, counted by command and kind in the document's order.

    Args:
        verdicts: By clause id; clauses that are not in the catalogue are left out.
    """
    matrix: dict[str, dict[str, Counter[str]]] = {}
    for clause in load_catalogue():
        if clause.id in verdicts:
            cells = matrix.setdefault(clause.command, {})
            cells.setdefault(clause.kind, Counter())[verdicts[clause.id]] += 1
    return {
        command: {kind: dict(cells[kind]) for kind in KINDS if kind in cells}
        for command, cells in matrix.items()
    }


def worst(cell: Cell) -> ClauseVerdict:
    """The verdict that decides what a reader should look at first."""
    return next(verdict for verdict in VERDICTS if cell.get(verdict))


def is_quiet(cells: Mapping[str, Cell]) -> bool:
    """Whether a run says nothing about a command."""
    return all(cell.keys() == {ClauseVerdict.UNTESTED} for cell in cells.values())


def telling_part(
    matrix: Mapping[str, Mapping[str, Cell]],
) -> tuple[dict[str, Mapping[str, Cell]], list[str]]:
    """The commands about which a run says something, and the kinds that they have."""
    shown = {command: cells for command, cells in matrix.items() if not is_quiet(cells)}
    return shown, [kind for kind in KINDS if any(kind in cells for cells in shown.values())]


def matrix_text(matrix: Matrix) -> str:
    """The matrix for a terminal: what passed as a number, the rest as numbers with a letter.

    Commands about which the run says nothing are left out, and counted in the last line.
    """
    shown, kinds = telling_part(matrix)
    rows = [["", *kinds]]
    rows += [
        [command, *(_cell_text(cells.get(kind)) for kind in kinds)]
        for command, cells in shown.items()
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(
            text.rjust(width) if column else text.ljust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    legend = "number: passed, F failed, D deviates, s skipped, ? untested, w waived"
    silent = len(matrix) - len(shown)
    rest = f"; nothing of {silent} more commands and chapters was tested" if silent else ""
    return "\n".join([*lines, legend + rest])


def _cell_text(cell: Cell | None) -> str:
    if cell is None:
        return "-"
    return " ".join(f"{cell[each]}{_LETTERS[each]}" for each in VERDICTS if cell.get(each))
