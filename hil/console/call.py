"""What somebody has typed of a command so far: its name, its form, its arguments."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hil.spec.command import FormKind, load_commands

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hil.spec.command import Command, Form, Parameter

_CALL = re.compile(
    r"(?P<name>AT\+[A-Z_]*|ATE|AT)(?P<ending>=\?$|\?$|=)?(?P<rest>.*)", re.IGNORECASE
)
_KINDS = {"=?": FormKind.TEST, "?": FormKind.QUERY, "=": FormKind.SET}


@dataclass(frozen=True, slots=True)
class Call:
    """A command line, or the beginning of one.

    Args:
        name: The command's name in capitals, as far as it is typed.
        kind: Which form; None as long as nothing behind the name tells.
        arguments: Texts between the commas; the last one may go on. Empty if no arguments began.
        rest: What is behind the name and is no argument.
    """

    name: str
    kind: FormKind | None
    arguments: tuple[str, ...] = ()
    rest: str = ""

    @property
    def command(self) -> Command | None:
        """The command of the document, if there is one of this name."""
        return load_commands().get(self.name)

    @property
    def form(self) -> Form | None:
        """The form of the document; EXECUTE if nothing stands behind the name."""
        if self.command is None or self.rest:
            return None
        return self.command.form(self.kind or FormKind.EXECUTE)


def parse_call(text: str) -> Call | None:
    """The call that a line is, or begins; None if it does not begin with AT."""
    match = _CALL.match(text)
    if match is None:
        return None
    name, ending, rest = match["name"].upper(), match["ending"] or "", match["rest"]
    if name == "ATE" and not ending and rest:
        return Call(name, FormKind.SET, split_arguments(rest))
    if ending == "=":
        return Call(name, FormKind.SET, split_arguments(rest))
    return Call(name, _KINDS.get(ending), rest=rest)


def split_arguments(text: str) -> tuple[str, ...]:
    r"""The arguments in a list, with their quotes; a comma in quotes or behind ``\`` parts none."""
    arguments, current = [], ""
    is_quoted = is_escaped = False
    for character in text:
        if is_escaped:
            is_escaped = False
        elif character == "\\":
            is_escaped = True
        elif character == '"':
            is_quoted = not is_quoted
        elif character == "," and not is_quoted:
            arguments.append(current)
            current = ""
            continue
        current += character
    return (*arguments, current)


def unquote(argument: str) -> str:
    r"""What a quoted argument says: without its quotes and the ``\`` of its escapes (A-02)."""
    text = argument.strip().removeprefix('"')
    if text.endswith('"') and not text.endswith('\\"'):
        text = text[:-1]
    return re.sub(r"\\(.)", r"\1", text)


def applicable(
    form: Form, arguments: tuple[str, ...], settings: Mapping[str, str]
) -> tuple[Parameter, ...]:
    """The parameters of a form that may be sent, given what is typed and known.

    Args:
        form: The form.
        arguments: What is typed.
        settings: What is known of the module: ``CIPMUX``, ``CIPMODE``.
    """
    chosen: list[Parameter] = []
    given: dict[str, str] = {}
    for parameter in form.parameters:
        if not _applies(parameter, form, arguments, given, settings):
            continue
        if len(chosen) < len(arguments) - 1:
            given[parameter.name] = unquote(arguments[len(chosen)])
        chosen.append(parameter)
    return tuple(chosen)


def _applies(
    parameter: Parameter,
    form: Form,
    arguments: tuple[str, ...],
    given: Mapping[str, str],
    settings: Mapping[str, str],
) -> bool:
    condition = parameter.when
    if condition is None:
        return True
    if not condition.is_setting:
        return given.get(condition.subject, condition.value) == condition.value
    seen = _seen_setting(form, arguments)
    return (seen or settings.get(condition.subject, "0")) == condition.value


def _seen_setting(form: Form, arguments: tuple[str, ...]) -> str | None:
    """What the arguments tell of CIPMUX: whether a link's number leads them; None if nothing.

    The parameter behind the number is a text (CIPSTART), or a number behind which only texts
    follow (CIPSEND).
    """
    first, second = form.parameters[:2]
    if second.is_quoted:
        return ("0" if arguments[0].startswith('"') else "1") if arguments[0] else None
    if len(arguments) < len((first, second)) or not arguments[1]:
        return None
    return "0" if arguments[1].startswith('"') else "1"
