"""Writes docs/at-commands.md from the virtual module's own tables.

`python docs/generate_tables.py`; tests/virtual/firmware/test_command_page.py tells when to.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hil.virtual.firmware.command import Form
from hil.virtual.firmware.command_table import COMMANDS, commands_of
from hil.virtual.firmware.dialect import DIALECTS, DOCUMENTED, ESPRESSIF_0_23

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parent / "at-commands.md"

_HEAD = """\
# AT commands of the virtual module

Made from the code by `docs/generate_tables.py`; do not edit.

## Commands and forms

A form that is not named is refused with ERROR, as section 2 of the document allows. Where the two
dialects have different forms, the cell names the one that has it. Blanks between arguments, as some
of the document's examples have them, are refused (A-03).

| command | test `=?` | query `?` | set `=` | execute | runs in |
|---|---|---|---|---|---|
"""

_DIFFERENCES = """
`+IPD` is no command: it announces received data.

## Where the dialects differ

`documented` follows the document, `espressif-0.23` the real firmware. A-nn are entries of
[ambiguities.md](ambiguities.md), lines those of the document.

| question | `documented` | `espressif-0.23` |
|---|---|---|
"""

_COLUMNS = (Form.TEST, Form.QUERY, (Form.SET, Form.SUFFIX), Form.EXECUTE)


def page() -> str:
    """The whole page."""
    return (
        _HEAD
        + "".join(_command_row(name) for name in COMMANDS)
        + _DIFFERENCES
        + "".join(_difference_rows(DOCUMENTED, ESPRESSIF_0_23))
    )


def _command_row(name: str) -> str:
    cells = [_form_cell(name, form if isinstance(form, tuple) else (form,)) for form in _COLUMNS]
    files = sorted({_file_of(handler) for handler in COMMANDS[name].values()})
    where = ", ".join(f"`{file}`" for file in files)
    return f"| `AT{name}` | {' | '.join(cells)} | {where} |\n"


def _form_cell(name: str, forms: tuple[Form, ...]) -> str:
    having = [
        dialect.name
        for dialect in DIALECTS.values()
        if any(form in commands_of(dialect)[name] for form in forms)
    ]
    return "yes" if len(having) == len(DIALECTS) else ", ".join(f"`{each}`" for each in having)


def _file_of(handler: object) -> str:
    function = inspect.unwrap(getattr(handler, "func", handler))  # type: ignore[arg-type]
    return Path(inspect.getfile(function)).name


def _difference_rows(documented: object, real: object) -> Iterator[str]:
    assert is_dataclass(documented)
    questions = _questions_of(type(documented))
    for field in fields(documented):
        one, other = getattr(documented, field.name), getattr(real, field.name)
        if is_dataclass(one):
            yield from _difference_rows(one, other)
        elif field.name != "name":
            yield f"| {questions[field.name]} | {_shown(one)} | {_shown(other)} |\n"


def _questions_of(kind: type) -> dict[str, str]:
    """What the docstring of a class says of each of its fields."""
    text = inspect.getdoc(kind) or ""
    arguments = re.split(r"\n\n", text.partition("Args:\n")[2])[0]
    entries = re.findall(r"^ {4}(\w+): (.*?)(?=^ {4}\w+: |\Z)", arguments, re.MULTILINE | re.DOTALL)
    return {name: " ".join(words.split()).replace("``", "`") for name, words in entries}


def _shown(value: object) -> str:
    if isinstance(value, str) and "\n" in value:
        value = tuple(line for line in value.splitlines() if line)
    match value:
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case frozenset():
            return "<br>".join(f"`{each}`" for each in sorted(value)) or "none"
        case tuple():
            return "<br>".join(_shown(each) for each in value)
        case bytes():
            return _shown(value.decode("ascii").strip())
        case _:
            return "`" + str(value).replace("|", "\\|") + "`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
