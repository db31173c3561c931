"""One line that tells what a command takes, with the place where the cursor is."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from hil.spec.command import FormKind, load_commands

from .call import applicable, parse_call, unquote
from .completion import FORM_SUMMARIES, summary_of
from .local import LOCAL_MARK, find_local

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hil.spec.command import Command, Form, Parameter

    from .call import Call

LONGEST_LINE_BYTES = 128
"""What firmware 0.23 reads of a command line, its end included (A-78)."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a hint.

    Args:
        text: What it says.
        is_current: Whether the cursor is there.
        is_warning: Whether something is wrong there.
    """

    text: str
    is_current: bool = False
    is_warning: bool = False


def hint(text: str, settings: Mapping[str, str]) -> tuple[Piece, ...]:
    """What to tell of a line that is being typed; nothing if there is nothing to say.

    Args:
        text: The line up to the cursor.
        settings: What is known of the module: ``CIPMUX``, ``CIPMODE``.
    """
    if text.startswith(LOCAL_MARK):
        return tuple(_local(text))
    call = parse_call(text)
    if call is None or call.rest:
        return ()
    if call.command is None:
        return tuple(_unknown(call))
    if len(text.encode("utf-8", "surrogateescape")) + 2 > LONGEST_LINE_BYTES:
        return (Piece(f"firmware 0.23 drops lines of {LONGEST_LINE_BYTES} bytes", is_warning=True),)
    if call.kind is FormKind.SET and call.form is not None:
        return tuple(_set_form(call, call.command, call.form, settings))
    return tuple(_plain_form(call, call.command))


def describe(name: str) -> list[str]:
    """All that is known of a command, for reading.

    Args:
        name: Its name, with or without AT+, in any letters.

    Returns:
        Lines; none if the document has no such command.
    """
    commands = load_commands()
    wanted = name.upper().rstrip("=?")
    found = wanted if wanted in commands else f"AT+{wanted}"
    if found not in commands:
        return []
    command = commands[found]
    lines = [f"{command.name}: {summary_of(command)} ({command.section}, line {command.line})"]
    for form in command.forms:
        syntax = "".join(piece.text for piece in _syntax(command, form, form.parameters, -1))
        summary = form.summary or FORM_SUMMARIES[form.kind]
        condition = f"; with {form.when}" if form.when else ""
        lines.append(f"  {syntax}  {summary}{condition}")
        lines += [f"    {explain(parameter)}" for parameter in form.parameters]
        if form.example:
            lines.append(f"    example: {command.example(form.kind)}")
    return lines


def near_commands(name: str) -> list[str]:
    """The command that was probably meant by a name that the document does not have, if any."""
    wanted = name.upper()
    wanted = wanted if wanted.startswith("AT") else f"AT+{wanted}"
    return get_close_matches(wanted, [command.name for command in load_commands()], n=1)


def explain(parameter: Parameter) -> str:
    """What a parameter is: ``mode: what the module is; 1 station, 2 softAP, ...``."""
    told = f"{parameter.name}: {parameter.meaning}"
    if parameter.shown_range:
        told += f"; {parameter.shown_range}"
    if parameter.default:
        told += f"; {parameter.default} if left out"
    if parameter.when:
        told += f"; with {parameter.when}"
    return told


def _local(text: str) -> Iterator[Piece]:
    command = find_local(text)
    if command is not None:
        yield Piece(f"{LOCAL_MARK}{command.name} {command.operand}".rstrip() + "  ")
        yield Piece(command.summary)


def _unknown(call: Call) -> Iterator[Piece]:
    """A name that the document does not have, if it cannot become one either."""
    names = [command.name for command in load_commands()]
    if any(name.startswith(call.name) for name in names) and call.kind is None:
        return
    near = near_commands(call.name)
    meant = f"; did you mean {near[0]}?" if near else ""
    yield Piece(f"{call.name} is not in the document{meant}", is_warning=True)


def _plain_form(call: Call, command: Command) -> Iterator[Piece]:
    if call.form is not None:
        yield Piece(f"{command.call(call.form.kind)}  ")
        if call.form.summary:
            yield Piece(f"{command.summary}: {call.form.summary}")
        elif call.form.kind is FormKind.EXECUTE:
            yield Piece(summary_of(command))
        else:
            yield Piece(f"{command.summary}: {FORM_SUMMARIES[call.form.kind]}")
        if call.form.when:
            yield Piece(f"; with {call.form.when}")
    elif call.kind is None:
        endings = [command.call(form.kind) for form in command.forms]
        yield Piece(f"{' or '.join(endings)}  ")
        yield Piece(summary_of(command))
    else:
        endings = [command.call(form.kind) for form in command.forms]
        yield Piece(f"the document has {' and '.join(endings)} only", is_warning=True)


def _set_form(
    call: Call, command: Command, form: Form, settings: Mapping[str, str]
) -> Iterator[Piece]:
    parameters = applicable(form, call.arguments, settings)
    index = len(call.arguments) - 1
    yield from _syntax(command, form, parameters, index)
    yield Piece("  ")
    if index >= len(parameters):
        yield Piece(f"takes {len(parameters)} parameters at most", is_warning=True)
        return
    parameter = parameters[index]
    if problem := _problem(parameter, call.arguments[index]):
        yield Piece(f"{parameter.name}: {problem}", is_warning=True)
    else:
        yield Piece(explain(parameter))
    first = form.parameters[0]
    if first.when and first.when.is_setting and first not in parameters and not settings:
        yield Piece(f"; with {first.when} <{first.name}> comes first")


def _syntax(
    command: Command, form: Form, parameters: tuple[Parameter, ...], current: int
) -> Iterator[Piece]:
    """``AT+CWJAP_CUR="ssid","pwd"[,"bssid"]`` in pieces."""
    yield Piece(command.call(form.kind))
    open_brackets = 0
    before: Parameter | None = None
    for index, parameter in enumerate(parameters):
        if parameter.bracket and (before is None or parameter.bracket != before.bracket):
            if before is not None and before.bracket and parameter.when != before.when:
                yield Piece("]" * open_brackets)
                open_brackets = 0
            open_brackets += 1
            yield Piece("[")
        comma = "," if index else ""
        name = f'"{parameter.name}"' if parameter.is_quoted else f"<{parameter.name}>"
        yield Piece(comma)
        yield Piece(name, is_current=index == current)
        before = parameter
    yield Piece("]" * open_brackets)


def _problem(parameter: Parameter, typed: str) -> str:
    """What is wrong with an argument whatever comes behind it; empty if nothing is."""
    if not typed:
        return ""
    if parameter.is_quoted and not typed.startswith('"'):
        return "must stand in double quotes, without a blank before"
    if parameter.values:
        is_beginning = any(code.startswith(typed) for code in parameter.codes)
        return "" if is_beginning else f"only {parameter.shown_range}"
    if parameter.high is None:
        return ""
    if parameter.is_quoted:
        size = len(unquote(typed).encode("utf-8", "surrogateescape"))
    elif typed.isdecimal() and typed.isascii():
        size = int(typed)
    else:
        return f"a number from {parameter.shown_range}"
    return f"{size} is more than {parameter.shown_range}" if size > parameter.high else ""
