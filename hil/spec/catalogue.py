"""The catalogue of clauses: every testable statement of the document, under a frozen id.

The clauses stand in ``clauses.toml``; its header explains the fields. Reading it takes about a
tenth of a second, so that it is read on first use and once.
"""

from __future__ import annotations

import difflib
import fnmatch
import functools
import tomllib
from dataclasses import dataclass, fields
from importlib import resources
from typing import TYPE_CHECKING, Any

from hil.errors import CatalogueError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

NEEDS = (
    "reset",
    "strap",
    "wake-link",
    "power",
    "uart-flow",
    "uart-format",
    "flash-read",
    "ap",
    "ap-control",
    "softap-client",
    "tcp-peer",
    "udp-peer",
    "update-server",
    "meter",
)
GROUPS = ("basic", "wifi", "tcpip", "system")
KINDS = (
    "syntax",
    "response",
    "range",
    "persistence",
    "precondition",
    "interaction",
    "timing",
    "limit",
    "async",
    "flash",
    "boot",
)
FORMS = ("test", "query", "set", "execute", "async")
BASES = ("stated", "derived")

_VERSION = 1
_KEYS_IN_FILE = {"negative": "is_negative"}


@dataclass(frozen=True, slots=True)
class Clause:
    """One testable statement of the document.

    Args:
        id: The frozen id, ``CWJAP-03``.
        command: The AT command as printed, or the name of a part of the document.
        group: One of `GROUPS`.
        line: The line of the document's text that says it, counted from 1.
        kind: One of `KINDS`.
        statement: The clause in our own words.
        how_to_test: One way to tell.
        basis: One of `BASES`.
        form: One of `FORMS`; None where several forms or none are meant.
        also_lines: Further lines that say it.
        needs: What a rig has to have beside the serial port, words of `NEEDS`.
        is_negative: Something must not happen, or is refused.
        ambiguity: Entries (``A-61``) of the list of ambiguities in the document.
        withdrawn: The reason why the clause is no longer claimed; empty for a valid one.
    """

    id: str
    command: str
    group: str
    line: int
    kind: str
    statement: str
    how_to_test: str
    basis: str
    form: str | None = None
    also_lines: tuple[int, ...] = ()
    needs: tuple[str, ...] = ()
    is_negative: bool = False
    ambiguity: tuple[str, ...] = ()
    withdrawn: str = ""

    @property
    def is_withdrawn(self) -> bool:
        """Whether no test may claim this clause any more."""
        return bool(self.withdrawn)

    @property
    def may_deviate(self) -> bool:
        """Whether a real module may differ without being wrong: the text is not clear enough."""
        return self.basis == "derived" or bool(self.ambiguity)


class Catalogue:
    """All clauses, by id and in the document's order.

    Args:
        clauses: The clauses in order.
        document: The document's title.

    Raises:
        CatalogueError: An id occurs twice.
    """

    def __init__(self, clauses: Iterable[Clause], document: str) -> None:
        self.document = document
        self._clauses: dict[str, Clause] = {}
        for clause in clauses:
            if clause.id in self._clauses:
                raise CatalogueError(f"the catalogue has the clause id {clause.id!r} twice")
            self._clauses[clause.id] = clause

    def __getitem__(self, clause_id: str) -> Clause:
        return self._clauses[clause_id]

    def __contains__(self, clause_id: object) -> bool:
        return clause_id in self._clauses

    def __iter__(self) -> Iterator[Clause]:
        return iter(self._clauses.values())

    def __len__(self) -> int:
        return len(self._clauses)

    def claimable(self, clause_id: str) -> Clause:
        """The clause that a test names.

        Raises:
            CatalogueError: No such clause, or it was withdrawn. The text names near matches.
        """
        clause = self._clauses.get(clause_id)
        if clause is None:
            raise CatalogueError(self._unknown(clause_id))
        if clause.is_withdrawn:
            raise CatalogueError(f"clause {clause_id!r} was withdrawn: {clause.withdrawn}")
        return clause

    def needs_of(self, clause_ids: Iterable[str]) -> frozenset[str]:
        """What a rig has to have for a test that claims these clauses.

        Raises:
            CatalogueError: One of them cannot be claimed.
        """
        return frozenset(need for each in clause_ids for need in self.claimable(each).needs)

    def select(self, name: str) -> tuple[Clause, ...]:
        """The clauses that a name means; withdrawn ones are left out.

        Args:
            name: An id (``CIPSTO-03``), the part of ids before the number (``CIPSTO``), a command
                (``AT+CIPSTO``), or a pattern of the shell for one of these (``CIP*-0?``). Capitals
                do not matter.

        Raises:
            CatalogueError: It means none.
        """
        wanted = name.strip().upper()
        found = tuple(
            clause
            for clause in self
            if not clause.is_withdrawn
            and any(
                fnmatch.fnmatchcase(each, wanted)
                for each in (clause.id, clause.id.rpartition("-")[0], clause.command.upper())
            )
        )
        if found:
            return found
        if "-" in wanted and not wanted.endswith("-"):
            raise CatalogueError(self._unknown(name.strip()))
        families = sorted({clause.id.rpartition("-")[0] for clause in self})
        near = difflib.get_close_matches(wanted.removeprefix("AT+"), families, n=3, cutoff=0.6)
        remedy = (
            f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(families)}"
        )
        raise CatalogueError(f"the catalogue has no clauses of {name.strip()!r}; {remedy}")

    def _unknown(self, clause_id: str) -> str:
        text = f"the catalogue has no clause {clause_id!r}"
        name, _, number = clause_id.upper().rpartition("-")
        padded = f"{name}-{number:0>2}"
        near = difflib.get_close_matches(padded, self._clauses, n=3, cutoff=0.6)
        if padded in near:
            near = [padded]
        if near:
            return f"{text}; did you mean {' or '.join(near)}?"
        return f"{text}; an id is the command's name and a number, for example CWJAP-03"


@functools.cache
def load_catalogue() -> Catalogue:
    """The catalogue that comes with the toolkit, read once.

    Raises:
        CatalogueError: The file is damaged.
    """
    return parse_catalogue(
        resources.files("hil.spec").joinpath("clauses.toml").read_text(encoding="utf-8")
    )


def parse_catalogue(text: str) -> Catalogue:
    """The catalogue that a TOML text describes.

    Raises:
        CatalogueError: The text is not TOML, of another version, or a clause in it is not valid.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError(f"the clause catalogue is not TOML: {error}") from error
    if tables.get("version") != _VERSION:
        raise CatalogueError(
            f"the clause catalogue has version {tables.get('version')!r}, "
            f"this toolkit reads version {_VERSION}"
        )
    return Catalogue(map(_clause, tables.get("clause", ())), tables.get("document", ""))


_FIELD_NAMES = frozenset(field.name for field in fields(Clause))
_WORDS = {"group": GROUPS, "kind": KINDS, "form": (*FORMS, None), "basis": BASES}


def _clause(table: Mapping[str, Any]) -> Clause:
    values: dict[str, Any] = {
        _KEYS_IN_FILE.get(key, key): tuple(value) if isinstance(value, list) else value
        for key, value in table.items()
    }
    name = f"clause {table.get('id', '(without id)')}"
    unknown = values.keys() - _FIELD_NAMES
    if unknown:
        raise CatalogueError(f"{name} has unknown keys: {', '.join(sorted(unknown))}")
    try:
        clause = Clause(**values)
    except TypeError as error:
        raise CatalogueError(f"{name} is not complete: {error}") from error
    for field, words in _WORDS.items():
        if getattr(clause, field) not in words:
            raise CatalogueError(f"{name}: {field} is {getattr(clause, field)!r}")
    foreign = [need for need in clause.needs if need not in NEEDS]
    if foreign:
        raise CatalogueError(f"{name} needs what no rig can have: {', '.join(foreign)}")
    return clause
