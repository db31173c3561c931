"""What can stand where the cursor is: completions of AT commands and of the console's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hil.spec.command import FormKind, load_commands

from .call import applicable, parse_call
from .local import LOCAL_COMMANDS, LOCAL_MARK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hil.spec.command import Command, Form

    from .call import Call

FORM_SUMMARIES = {
    FormKind.TEST: "whether it is there, or what it takes",
    FormKind.QUERY: "what is set",
    FormKind.SET: "set it",
    FormKind.EXECUTE: "run it",
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to go on.

    Args:
        text: What to put in the place of the end of the line.
        replaced: How many characters before the cursor it replaces.
        summary: What it means.
    """

    text: str
    replaced: int
    summary: str = ""


def complete(text: str, settings: Mapping[str, str]) -> list[Candidate]:
    """How a line can go on.

    Args:
        text: The line up to the cursor.
        settings: What is known of the module: ``CIPMUX``, ``CIPMODE``.
    """
    if text.startswith(LOCAL_MARK):
        return list(_local(text))
    call = parse_call(text)
    if call is not None and call.kind is FormKind.SET:
        return list(_arguments(call, settings))
    return list(_names(text))


def _local(text: str) -> Iterator[Candidate]:
    name, blank, rest = text.removeprefix(LOCAL_MARK).partition(" ")
    if blank and name == "help":
        for candidate in _names(rest):
            yield Candidate(candidate.text.rstrip("=?"), candidate.replaced, candidate.summary)
    elif not blank:
        for command in LOCAL_COMMANDS:
            if command.name.startswith(name):
                ending = " " if command.operand else ""
                yield Candidate(LOCAL_MARK + command.name + ending, len(text), command.summary)


def _names(text: str) -> Iterator[Candidate]:
    """Names that begin so, with or without AT+, and the forms of the one that is complete."""
    typed = text.upper()
    for command in load_commands():
        if command.name == typed:
            yield from _forms(command, text)
        elif command.name.startswith(typed) or (
            typed and command.name.startswith(f"AT+{typed}") and not typed.startswith("AT+")
        ):
            only = command.forms[0].kind if len(command.forms) == 1 else FormKind.EXECUTE
            yield Candidate(command.call(only), len(text), summary_of(command))


def _forms(command: Command, text: str) -> Iterator[Candidate]:
    for form in command.forms:
        summary = form.summary or FORM_SUMMARIES[form.kind]
        yield Candidate(command.call(form.kind), len(text), f"{command.summary}: {summary}")


def summary_of(command: Command) -> str:
    """What a command is for, and how long it lasts."""
    if command.is_deprecated:
        return f"{command.summary} (stored; deprecated)"
    lasting = {"_CUR": " (until the next start)", "_DEF": " (stored)"}
    return command.summary + lasting.get(command.variant, "")


def _arguments(call: Call, settings: Mapping[str, str]) -> Iterator[Candidate]:
    form: Form | None = call.form
    if form is None:
        return
    parameters = applicable(form, call.arguments, settings)
    index = len(call.arguments) - 1
    if index >= len(parameters):
        return
    parameter, typed = parameters[index], call.arguments[-1]
    if parameter.values:
        for code, (_, meaning) in zip(parameter.codes, parameter.values, strict=True):
            if code.startswith(typed) and code != typed:
                yield Candidate(code, len(typed), meaning or parameter.name)
    elif parameter.is_quoted and not typed:
        yield Candidate('"', 0, f"{parameter.name}: {parameter.meaning}")
