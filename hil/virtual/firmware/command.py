"""The four forms of a command, its arguments, and what running one comes to.

A command that can be answered as soon as its line has ended is a function that returns an
`Outcome`. One that has to wait for the outside is a generator, a `Task`::

    def join(state, call, at_ns):
        state.station.join(..., at_ns)
        now_ns = yield Wait(until_ns=at_ns + 15 * NS_PER_S, is_met=lambda: state.station.has_ip)
        return ok(now_ns)

Source: section 2, lines 148-162; A-03, A-08, A-10 in docs/ambiguities.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from hil.virtual.action import Action

from .state import FirmwareState


class Form(Enum):
    """How a command is called. Source: table at lines 148-153."""

    TEST = "AT+<x>=?"
    QUERY = "AT+<x>?"
    SET = "AT+<x>=<...>"
    EXECUTE = "AT+<x>"
    SUFFIX = "AT<x><digit>"
    """ATE0 and ATE1: the value follows without an equals sign (line 231)."""

    def called(self, name: str) -> str:
        """How this form of a command is called, up to its arguments."""
        return f"AT{name}{_CALLED[self]}"


_CALLED = {Form.TEST: "=?", Form.QUERY: "?", Form.SET: "=", Form.EXECUTE: "", Form.SUFFIX: ""}


@dataclass(frozen=True, slots=True)
class Call:
    """A command line, taken apart.

    Args:
        name: What follows ``AT``: ``""``, ``"E"``, ``"+CWMODE_CUR"``. Small letters stay small.
        form: How it is called.
        arguments: What follows ``=`` in the set form, or the name in the suffix form; it may hold
            a password.
    """

    name: str
    form: Form
    arguments: bytes = field(default=b"", repr=False)


Finish = Callable[[int], Sequence[Action]]
"""What follows an answer: told the moment in ns, it says what the firmware asks of the chip."""


def nothing_follows(_now_ns: int) -> Sequence[Action]:
    """The `Finish` of most commands."""
    return ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command answers, and when.

    Args:
        text: All of the answer, final result included.
        at_ns: When it is written; until then the firmware is busy.
        finish: What follows the answer; it may change the state.
    """

    text: bytes
    at_ns: int
    finish: Finish = nothing_follows


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Wait:
    """What a task waits for: a moment or a condition, whichever comes first.

    Args:
        until_ns: When to go on in any case, or None.
        is_met: Asked after every event and every deadline of the firmware.
        stands_still: Whether the processor of the real firmware does nothing else meanwhile.
    """

    until_ns: int | None = None
    is_met: Callable[[], bool] = _never
    stands_still: bool = False

    def is_over(self, now_ns: int) -> bool:
        """Whether the task goes on."""
        return self.is_met() or (self.until_ns is not None and self.until_ns <= now_ns)


def until_written(at_ns: int) -> Wait:
    """The wait of a command that writes to the flash until `at_ns`."""
    return Wait(until_ns=at_ns, stands_still=True)


Task = Generator[Wait, int, Outcome]
"""A command that waits: gets the moment in ns each time it goes on, and returns what it answers."""


@dataclass(frozen=True, slots=True)
class Job:
    """What keeps the firmware busy.

    Args:
        task: What is run.
        is_sending: Whether it sends data, which is told by another word than other work (A-13).
    """

    task: Task
    is_sending: bool = False


Handler = Callable[[FirmwareState, Call, int], Outcome | Task]
"""Runs a command that came at a moment in ns; it has no effect if it answers ERROR."""

Forms = Mapping[Form, Handler]
"""The forms that a command has; every other one is refused (A-10)."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the three commands of a family that differ in whether they store.

    Args:
        suffix: Behind the name of the family.
        stores: Whether the set form writes to flash; all of them act at once.
        answers_stored: Whether the query form tells the stored value instead of the current one.
    """

    suffix: str
    stores: bool
    answers_stored: bool


VARIANTS = (
    Variant("", stores=True, answers_stored=False),
    Variant("_CUR", stores=False, answers_stored=False),
    Variant("_DEF", stores=True, answers_stored=True),
)
"""Source: lines 243, 262, 278 and 361, 382, 399: the undecorated, deprecated name stores too."""

_BEHIND_NAME = b"=?0123456789"
_WHOLE = {b"": Form.EXECUTE, b"?": Form.QUERY, b"=?": Form.TEST}


def parse_call(command: bytes) -> Call | None:
    """Take apart what stands between ``AT`` and CR.

    Returns:
        The call, whether such a command exists or not, or None if it has none of the forms.
    """
    length = next((n for n, byte in enumerate(command) if byte in _BEHIND_NAME), len(command))
    name, rest = command[:length].decode("latin-1"), command[length:]
    if rest in _WHOLE:
        return Call(name, _WHOLE[rest])
    if rest.startswith(b"="):
        return Call(name, Form.SET, rest[1:])
    if rest.startswith(b"?"):
        return None
    return Call(name, Form.SUFFIX, rest)


def parse_numbers(arguments: bytes) -> tuple[int, ...] | None:
    """Decimal numbers with commas between, as the set forms take them.

    Returns:
        The numbers, or None if anything is not one: a sign, a blank, a quote, nothing at all.
    """
    fields = arguments.split(b",")
    if not all(re.fullmatch(rb"[0-9]+", field) for field in fields):
        return None
    return tuple(int(field) for field in fields)


BUSY = b"\r\nbusy p...\r\n"
"""The answer to a line that is not carried out because of something else. Source: A-13."""


def ok(at_ns: int, *lines: str, finish: Finish = nothing_follows) -> Outcome:
    """The answer of a command that did its work: lines of information, a blank one, OK.

    Source: A-06 in docs/ambiguities.
    """
    return Outcome(_information(lines) + b"\r\nOK\r\n", at_ns, finish)


def ok_without_blank_line(at_ns: int, *lines: str) -> Outcome:
    """Like `ok`, but the last line of information meets OK directly (A-06)."""
    return Outcome(_information(lines) + b"OK\r\n", at_ns)


def error(at_ns: int, *lines: str, finish: Finish = nothing_follows) -> Outcome:
    """The answer to what is refused or failed, with lines that tell why.

    Source: line 225; A-06, A-08 in docs/ambiguities.
    """
    return Outcome(_information(lines) + b"\r\nERROR\r\n", at_ns, finish)


def refuse(state: FirmwareState, at_ns: int, reason: str) -> Outcome:
    """Like `error`, with a reason that the document does not show; not every dialect tells it."""
    return error(at_ns, reason) if state.dialect.tcp_ip.says_reasons else error(at_ns)


def _information(lines: Sequence[str]) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1")
