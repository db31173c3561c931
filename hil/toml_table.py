"""A reader for tables of a TOML file that refuses whatever it was not told to expect.

Rig descriptions and firmware manifests are written by hand. What is wrong in them is answered with
the file, the key, what is allowed there and what was found (`hil.errors.FileMistakeError`); see
docs/decisions/0004-toml-reader.md for why this is not a validation library.
"""

from __future__ import annotations

import difflib
import tomllib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from hil.errors import FileMistakeError


def load_toml(path: Path, error: type[FileMistakeError], what: str) -> dict[str, Any]:
    """The content of a TOML file.

    Args:
        path: The file.
        error: What to raise if it cannot be read.
        what: What the file should be, for the error text.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise error(path, "", allowed=what, given="no such file", remedy="Check the path") from None
    except OSError as reason:
        given = reason.strerror or str(reason)
        raise error(path, "", allowed=f"{what} that can be read", given=given) from reason
    except UnicodeDecodeError as reason:
        raise error(path, "", allowed=f"{what} in UTF-8", given=str(reason)) from reason
    except tomllib.TOMLDecodeError as reason:
        raise error(path, "", allowed=f"{what} in TOML", given=f"a mistake: {reason}") from reason


class Table:
    """One table of a file, read key by key.

    Args:
        content: The table.
        path: The file it stands in; None for a built-in one.
        place: The table's name in the file, ``module[0]``; empty for the whole file.
        error: The class to raise.
    """

    def __init__(
        self, content: Any, *, path: Path | None, place: str, error: type[FileMistakeError]
    ) -> None:
        self.path, self.place, self._error = path, place, error
        if not isinstance(content, dict):
            raise error(path, place, allowed="a table", given=_shown(content))
        self._content: dict[str, Any] = content

    def __contains__(self, key: str) -> bool:
        return key in self._content

    def key_name(self, key: str) -> str:
        """The full name of a key, as a person finds it in the file."""
        return f"{self.place}.{key}" if self.place else key

    def mistake(
        self, key: str, *, allowed: str, given: object, remedy: str = ""
    ) -> FileMistakeError:
        """The error to raise for a key of this table."""
        name = self.key_name(key) if key else self.place
        shown = given if isinstance(given, Words) else _shown(given)
        return self._error(self.path, name, allowed=allowed, given=str(shown), remedy=remedy)

    def require_known(self, known: Collection[str]) -> None:
        """Refuse keys that are not in `known`, naming the one that was probably meant."""
        for key in self._content:
            if key not in known:
                raise self.mistake(
                    "",
                    allowed=f"only the keys {', '.join(sorted(known))}",
                    given=Words(f"the key {key!r}"),
                    remedy=_nearest(key, known),
                )

    def refuse(self, key: str, *, allowed: str, remedy: str = "") -> None:
        """Refuse a key that is known, but has no place here."""
        if key in self._content:
            raise self.mistake(key, allowed=allowed, given=self._content[key], remedy=remedy)

    def _take(self, key: str, kind: type | tuple[type, ...], allowed: str, default: Any) -> Any:
        if key not in self._content:
            if default is ...:
                raise self.mistake(key, allowed=allowed, given=Words("nothing"))
            return default
        value = self._content[key]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
            raise self.mistake(key, allowed=allowed, given=value)
        return value

    def text(self, key: str, default: Any = ..., *, allowed: str = "a text") -> str:
        """A string that is not empty."""
        value: str = self._take(key, str, allowed, default)
        if value == "" and key in self._content:
            raise self.mistake(key, allowed=allowed, given=value)
        return value

    def hidden_text(self, key: str, *, allowed: str) -> str:
        """A string that is not empty, and that no error text shows, whatever stands there."""
        value = self._content.get(key)
        if not isinstance(value, str) or not value:
            given = "something else" if key in self._content else "nothing"
            raise self.mistake(key, allowed=allowed, given=Words(given))
        return value

    def truth(self, key: str, default: Any = ...) -> bool:
        """``true`` or ``false``."""
        value: bool = self._take(key, bool, "true or false", default)
        return value

    def choice(self, key: str, choices: Collection[str], default: Any = ...) -> str:
        """One of a few words."""
        allowed = "one of " + ", ".join(repr(word) for word in choices)
        value: str = self._take(key, str, allowed, default)
        if value not in choices:
            raise self.mistake(key, allowed=allowed, given=value, remedy=_nearest(value, choices))
        return value

    def choices(
        self, key: str, choices: Collection[str], default: Any = ..., *, allowed: str
    ) -> tuple[str, ...]:
        """A list of some of the words in `choices`."""
        words = self.texts(key, default, allowed=allowed)
        for word in words:
            if word not in choices:
                raise self.mistake(key, allowed=allowed, given=word, remedy=_nearest(word, choices))
        return words

    def integer(self, key: str, low: int, high: int, default: Any = ...) -> int:
        """A whole number from `low` to `high`."""
        allowed = f"the number {low}" if low == high else f"a whole number from {low} to {high}"
        value: int = self._take(key, int, allowed, default)
        if key in self._content and not low <= value <= high:
            raise self.mistake(key, allowed=allowed, given=value)
        return value

    def texts(self, key: str, default: Any = ..., *, allowed: str) -> tuple[str, ...]:
        """A list of strings."""
        value = self._take(key, (list, tuple), allowed, default)
        if not all(isinstance(item, str) and item for item in value):
            raise self.mistake(key, allowed=allowed, given=value)
        return tuple(value)

    def table(self, key: str, default: Any = ...) -> Table:
        """A table within this one."""
        value = self._take(key, dict, "a table", default)
        return Table(value, path=self.path, place=self.key_name(key), error=self._error)

    def tables(self, key: str, *, allowed: str, least: int = 1) -> list[Table]:
        """An array of tables with at least so many elements."""
        value = self._take(key, list, allowed, ...)
        if len(value) < least:
            raise self.mistake(key, allowed=allowed, given=value)
        return [
            Table(item, path=self.path, place=f"{self.key_name(key)}[{index}]", error=self._error)
            for index, item in enumerate(value)
        ]

    def raw(self, key: str, default: Any = ...) -> Any:
        """A value of any kind; whoever asks looks at what it is."""
        return self._take(key, object, "a value", default)

    def keys(self) -> list[str]:
        """The names of all keys, for tables whose names are free."""
        return list(self._content)

    def items(self) -> list[tuple[str, Table]]:
        """The tables within this one by name, for tables whose names are free."""
        return [(key, self.table(key)) for key in self._content]


class Words(str):
    """A description that stands for itself and is not shown in quotes."""

    __slots__ = ()


def _nearest(word: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f"Did you mean {near[0]!r}?" if near else ""


def _shown(value: object) -> str:
    kinds = {bool: "the truth value", int: "the number", float: "the number", str: "the text"}
    kind = kinds.get(type(value))
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return "a list of tables"
    if isinstance(value, list):
        return f"the list {value!r}"
    return f"{kind} {value!r}" if kind else repr(value)
