"""The commands of the document: their forms, parameters and ranges.

They stand in ``commands.toml``; its header explains the keys. A family of commands that differ in
an ending (``X``, ``X_CUR``, ``X_DEF``) stands there once and becomes one `Command` for each.
"""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from enum import Enum
from importlib import resources
from typing import TYPE_CHECKING, Any

from hil.errors import CommandTableError
from hil.toml_table import Table

from .catalogue import GROUPS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SETTINGS = ("CIPMUX", "CIPMODE")
"""Settings of the module on which a form or a parameter may depend."""

_VERSION = 1
_VARIANTS = ("", "_CUR", "_DEF")
_STORAGES = ("system", "user")
_LAST_LINE = 1011
_LARGEST_NUMBER = 0xFFFF_FFFF


class FormKind(Enum):
    """The four forms of section 2 (lines 150-153); the value is the catalogue's word."""

    TEST = "test"
    QUERY = "query"
    SET = "set"
    EXECUTE = "execute"


class ParameterKind(Enum):
    """What a parameter is; the value is the table's word."""

    NUMBER = "number"
    TEXT = "text"
    HOST = "host"
    ADDRESS = "address"
    MAC = "mac"


_ENDINGS = {FormKind.TEST: "=?", FormKind.QUERY: "?", FormKind.SET: "=", FormKind.EXECUTE: ""}


@dataclass(frozen=True, slots=True)
class Condition:
    """Under which setting, or behind which value of a parameter before, something holds.

    Args:
        subject: A setting in capitals (``CIPMUX``), or the name of a parameter.
        value: The value.
    """

    subject: str
    value: str

    @property
    def is_setting(self) -> bool:
        """Whether the module's state decides, and not another parameter."""
        return self.subject in SETTINGS

    def __str__(self) -> str:
        return f"{self.subject}={self.value}"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One place in the parameter list of a command.

    Args:
        name: The document's name.
        kind: What it is.
        meaning: What it is for, in our own words.
        low: The least number, or the least number of bytes of a text; None if nothing is said.
        high: The greatest.
        values: The codes that are allowed and what they mean, if only some are.
        unit: Of a number.
        default: What holds if it is left out.
        is_secret: Whether it is a password.
        bracket: 0 if it must be given. Those with one number are left out together, and with them
            those with greater ones.
        when: Under which condition it is sent at all.
        ambiguity: Entries of the list of ambiguities.
    """

    name: str
    kind: ParameterKind
    meaning: str
    low: int | None = None
    high: int | None = None
    values: tuple[tuple[str, str], ...] = ()
    unit: str = ""
    default: str = ""
    is_secret: bool = False
    bracket: int = 0
    when: Condition | None = None
    ambiguity: tuple[str, ...] = ()

    @property
    def is_optional(self) -> bool:
        """Whether it may be left out."""
        return self.bracket > 0

    @property
    def is_quoted(self) -> bool:
        """Whether it stands in double quotes (line 159)."""
        return self.kind is not ParameterKind.NUMBER

    @property
    def codes(self) -> tuple[str, ...]:
        """The values that are allowed, as they are sent; empty if a range or nothing limits it."""
        return tuple(f'"{code}"' if self.is_quoted else code for code, _ in self.values)

    @property
    def shown_range(self) -> str:
        """What is allowed, in words: ``1 to 32 bytes``, ``0 off, 1 on``."""
        if self.values:
            shown = zip(self.codes, self.values, strict=True)
            return ", ".join(f"{code} {meaning}".rstrip() for code, (_, meaning) in shown)
        if self.low is None:
            return ""
        unit = f" x {self.unit}" if self.unit[:1].isdigit() else f" {self.unit}"
        return f"{self.low} to {self.high}{unit}".rstrip()


@dataclass(frozen=True, slots=True)
class Form:
    """One form of a command.

    Args:
        kind: Which one.
        line: The line of the document's text that shows it.
        summary: What it does; empty if the command's summary says it.
        parameters: In the order in which they are sent.
        when: The setting under which it works.
        has_prompt: Whether the module asks for data by ``>``.
        separator: What stands between the command's name and the parameters.
        example: Parameters as one may send them.
        is_stated: Whether the document shows it.
        ambiguity: Entries of the list of ambiguities.
    """

    kind: FormKind
    line: int
    summary: str = ""
    parameters: tuple[Parameter, ...] = ()
    when: Condition | None = None
    has_prompt: bool = False
    separator: str = ""
    example: str = ""
    is_stated: bool = True
    ambiguity: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Args:
        name: As it is sent: ``AT+CWJAP_CUR``.
        variant: ``""``, ``_CUR`` or ``_DEF``.
        family: The name without the variant's ending.
        group: The chapter: ``basic``, ``wifi`` or ``tcpip``.
        section: The number in the document: ``4.1 #5``.
        line: The line of the document's text with the heading.
        summary: What it is for, in our own words.
        forms: What forms it has.
        is_deprecated: Whether the document advises against it.
        storage: The area of the flash that keeps what it sets, if one does.
    """

    name: str
    variant: str
    family: str
    group: str
    section: str
    line: int
    summary: str
    forms: tuple[Form, ...]
    is_deprecated: bool = False
    storage: str = ""

    def form(self, kind: FormKind) -> Form | None:
        """The form of a kind, if the command has it."""
        return next((form for form in self.forms if form.kind is kind), None)

    def call(self, kind: FormKind) -> str:
        """How a call of a form begins: ``AT+CWMODE_CUR=``; for other forms, the whole of it."""
        form = self.form(kind)
        if kind is FormKind.SET and form is not None:
            return self.name + form.separator
        return self.name + _ENDINGS[kind]

    def example(self, kind: FormKind) -> str:
        """A whole line that one may send."""
        form = self.form(kind)
        return self.call(kind) + (form.example if form is not None else "")


class CommandTable:
    """All commands by name, in the document's order.

    Args:
        commands: In order.
        document: The document's title.
    """

    def __init__(self, commands: tuple[Command, ...], document: str) -> None:
        self.document = document
        self._commands = {command.name: command for command in commands}

    def __getitem__(self, name: str) -> Command:
        return self._commands[name]

    def __contains__(self, name: object) -> bool:
        return name in self._commands

    def get(self, name: str) -> Command | None:
        """The command of a name, or None."""
        return self._commands.get(name)

    def __iter__(self) -> Iterator[Command]:
        return iter(self._commands.values())

    def __len__(self) -> int:
        return len(self._commands)


@functools.cache
def load_commands() -> CommandTable:
    """The table of commands that comes with the toolkit, read once.

    Raises:
        CommandTableError: The file is damaged.
    """
    text = resources.files("hil.spec").joinpath("commands.toml").read_text(encoding="utf-8")
    return parse_commands(text)


def parse_commands(text: str) -> CommandTable:
    """The table of commands that a TOML text describes.

    Raises:
        CommandTableError: The text is not TOML, of another version, or something in it is wrong.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CommandTableError(None, "", allowed="TOML", given=f"a mistake: {error}") from error
    top = Table(content, path=None, place="", error=CommandTableError)
    top.integer("version", _VERSION, _VERSION)
    top.require_known({"version", "document", "command"})
    commands: dict[str, Command] = {}
    for table in top.tables("command", allowed="one [[command]] table or more"):
        for command in _family(table):
            if command.name in commands:
                raise table.mistake("name", allowed="a name of its own", given=command.name)
            commands[command.name] = command
    return CommandTable(tuple(commands.values()), top.text("document"))


_COMMAND_KEYS = {"name", "variants", "group", "section", "line", "summary", "storage"}
_FORM_KEYS = {
    *("line", "summary", "when", "has_prompt", "separator", "example", "stated", "ambiguity"),
    "parameter",
}
_PARAMETER_KEYS = {
    *("name", "kind", "meaning", "range", "values", "unit", "default", "secret", "bracket"),
    *("when", "ambiguity"),
}


def _family(table: Table) -> Iterator[Command]:
    """The commands of one table: one for each variant."""
    table.require_known(_COMMAND_KEYS | {kind.value for kind in FormKind})
    family = table.text("name")
    variants = _variants(table)
    storage = table.choice("storage", _STORAGES) if "storage" in table else ""
    for index, variant in enumerate(variants):
        pick = _Picker(index, len(variants))
        forms = tuple(
            _form(kind, table.table(kind.value), pick) for kind in FormKind if kind.value in table
        )
        if not forms:
            raise table.mistake("", allowed="one form or more", given="none")
        yield Command(
            name=family + variant,
            variant=variant,
            family=family,
            group=table.choice("group", GROUPS),
            section=str(pick.value(table, "section")),
            line=pick.line(table),
            summary=table.text("summary"),
            forms=forms,
            is_deprecated=len(variants) > 1 and not variant,
            storage="" if variant == "_CUR" else storage,
        )


def _variants(table: Table) -> tuple[str, ...]:
    if "variants" not in table:
        return ("",)
    variants = table.raw("variants")
    if variants != list(_VARIANTS):
        raise table.mistake("variants", allowed=f"{list(_VARIANTS)!r}", given=variants)
    return _VARIANTS


class _Picker:
    """Takes one variant's entry of what may be a list.

    Args:
        index: Which variant.
        count: How many there are.
    """

    def __init__(self, index: int, count: int) -> None:
        self._index, self._count = index, count

    def value(self, table: Table, key: str) -> Any:
        """The value of a key that must be there."""
        value = table.raw(key)
        if not isinstance(value, list):
            return value
        if len(value) != self._count:
            raise table.mistake(key, allowed=f"{self._count} entries", given=value)
        return value[self._index]

    def line(self, table: Table) -> int:
        """The line of the document."""
        line = self.value(table, "line")
        if not isinstance(line, int) or not 1 <= line <= _LAST_LINE:
            raise table.mistake("line", allowed=f"a line from 1 to {_LAST_LINE}", given=line)
        return line

    def truth(self, table: Table, key: str, *, default: bool) -> bool:
        """A truth value."""
        value = self.value(table, key) if key in table else default
        if not isinstance(value, bool):
            raise table.mistake(key, allowed="true or false", given=value)
        return value


def _form(kind: FormKind, table: Table, pick: _Picker) -> Form:
    table.require_known(_FORM_KEYS)
    if kind is not FormKind.SET:
        for key in ("parameter", "separator", "example"):
            table.refuse(key, allowed=f"no {key} in the {kind.value} form")
    parameters: list[Parameter] = []
    if kind is FormKind.SET:
        for each in table.tables("parameter", allowed="one [[command.set.parameter]] or more"):
            parameters.append(_parameter(each, parameters))
    return Form(
        kind=kind,
        line=pick.line(table),
        summary=table.text("summary", ""),
        parameters=tuple(parameters),
        when=_condition(table, ()),
        has_prompt=table.truth("has_prompt", default=False),
        separator=str(table.raw("separator", "=")) if kind is FormKind.SET else "",
        example=table.text("example") if kind is FormKind.SET else "",
        is_stated=pick.truth(table, "stated", default=True),
        ambiguity=_ambiguity(table),
    )


def _parameter(table: Table, before: list[Parameter]) -> Parameter:
    table.require_known(_PARAMETER_KEYS)
    kinds = {kind.value: kind for kind in ParameterKind}
    low, high = _range(table)
    bracket = table.integer("bracket", 1, 9, default=0)
    if before and bracket < before[-1].bracket:
        raise table.mistake("bracket", allowed="no less than before", given=bracket)
    return Parameter(
        name=table.text("name"),
        kind=kinds[table.choice("kind", kinds)],
        meaning=table.text("meaning"),
        low=low,
        high=high,
        values=tuple(_values(table.raw("values", {}))),
        unit=table.text("unit", ""),
        default=table.text("default", ""),
        is_secret=table.truth("secret", default=False),
        bracket=bracket,
        when=_condition(table, before),
        ambiguity=_ambiguity(table),
    )


def _range(table: Table) -> tuple[int | None, int | None]:
    match table.raw("range", None):
        case None:
            return None, None
        case [int(low), int(high)] if 0 <= low <= high <= _LARGEST_NUMBER:
            table.refuse("values", allowed="a range or values")
            return low, high
    raise table.mistake("range", allowed="the least and the greatest", given=table.raw("range"))


def _values(values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    return ((str(code), str(meaning)) for code, meaning in values.items())


def _condition(table: Table, before: tuple[Parameter, ...] | list[Parameter]) -> Condition | None:
    if "when" not in table:
        return None
    subject, is_there, value = table.text("when").partition("=")
    known = {parameter.name: [code for code, _ in parameter.values] for parameter in before}
    known |= {setting: ["0", "1"] for setting in SETTINGS}
    if not is_there or value not in known.get(subject, ()):
        allowed = "SETTING=VALUE, or the name and a value of a parameter before"
        raise table.mistake("when", allowed=allowed, given=table.text("when"))
    return Condition(subject, value)


def _ambiguity(table: Table) -> tuple[str, ...]:
    return table.texts("ambiguity", (), allowed="entries like A-25")
