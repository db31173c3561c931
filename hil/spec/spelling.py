"""The spellings of answers: the document's, and those of real firmware that count as well.

They stand in ``spellings.toml``; its header explains the fields. A `Spelling` is one part of an
answer with all its alternatives.
"""

from __future__ import annotations

import functools
import re
import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

from hil.errors import CatalogueError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_VERSION = 1
_KEYS = frozenset({"meaning", "ambiguity", "document", "others"})
_KEYS_OF_OTHER = frozenset({"lines", "firmware"})

Line = str | re.Pattern[str]
"""A line of an answer, literally or as an expression for the whole of it."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """One way to say it.

    Args:
        lines: Its lines.
        firmware: Where it was seen; ``the document`` for the document's.
    """

    lines: tuple[Line, ...]
    firmware: str


@dataclass(frozen=True, slots=True)
class Spelling:
    """A part of an answer that firmware spells in several ways.

    Args:
        name: How test plans call it.
        meaning: What it says.
        ambiguity: Entries of the list of ambiguities that allow the others.
        alternatives: All ways to say it, the document's first.
    """

    name: str
    meaning: str
    ambiguity: tuple[str, ...]
    alternatives: tuple[Alternative, ...]

    @property
    def document(self) -> Alternative:
        """The document's way."""
        return self.alternatives[0]

    def ways(self, *, is_strict: bool) -> tuple[Alternative, ...]:
        """All ways, or only the document's."""
        return (self.document,) if is_strict else self.alternatives


def spelling(name: str) -> Spelling:
    """The spelling of that name.

    Raises:
        CatalogueError: There is none.
    """
    known = load_spellings()
    if name not in known:
        raise CatalogueError(f"there is no spelling {name!r}; there are {', '.join(sorted(known))}")
    return known[name]


@functools.cache
def load_spellings() -> Mapping[str, Spelling]:
    """All spellings that come with the toolkit, read once.

    Raises:
        CatalogueError: The file is damaged.
    """
    return parse_spellings(
        resources.files("hil.spec").joinpath("spellings.toml").read_text(encoding="utf-8")
    )


def parse_spellings(text: str) -> Mapping[str, Spelling]:
    """The spellings that a TOML text describes, by name.

    Raises:
        CatalogueError: The text is not TOML, of another version, or a table in it is not valid.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError(f"the list of spellings is not TOML: {error}") from error
    version = tables.pop("version", None)
    if version != _VERSION:
        raise CatalogueError(
            f"the list of spellings has version {version!r}, this toolkit reads version {_VERSION}"
        )
    return {name: _spelling(name, table) for name, table in tables.items()}


def _spelling(name: str, table: Mapping[str, Any]) -> Spelling:
    _require_keys(f"spelling {name}", table, _KEYS)
    alternatives = [Alternative(_lines(name, table["document"]), "the document")]
    for other in table["others"]:
        _require_keys(f"spelling {name}, others", other, _KEYS_OF_OTHER)
        alternatives.append(Alternative(_lines(name, other["lines"]), other["firmware"]))
    return Spelling(name, table["meaning"], tuple(table["ambiguity"]), tuple(alternatives))


def _require_keys(where: str, table: Mapping[str, Any], keys: frozenset[str]) -> None:
    if table.keys() != keys:
        wrong = ", ".join(sorted(table.keys() ^ keys))
        raise CatalogueError(f"{where}: it must have {', '.join(sorted(keys))}; wrong is {wrong}")


def _lines(name: str, texts: Iterable[str]) -> tuple[Line, ...]:
    return tuple(_line(name, text) for text in texts)


def _line(name: str, text: str) -> Line:
    if len(text) < 2 or not text.startswith("/") or not text.endswith("/"):
        return text
    try:
        return re.compile(text[1:-1])
    except re.error as error:
        raise CatalogueError(f"spelling {name}: {text} is no expression: {error}") from error
