"""An answer as text, and whether it is the one that the document gives.

Test plans of a firmware compare raw text. What is expected is a list of parts, each a line, an
expression for a line, or a `Spelling` with several ways to say it; an answer matches if its lines
are exactly those parts in that order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hil.errors import AnswerDiffersError
from hil.spec.spelling import Spelling

from .event import FinalResult, InformationLine, Noise, Prompt
from .secret import passwords_in, show_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hil.spec.spelling import Alternative, Line

    from .reply import Reply

_LINE_END = b"\r\n"

Part = str | re.Pattern[str] | Spelling
"""A part of an expected answer."""


@dataclass(frozen=True, slots=True)
class Match:
    """How an answer matched.

    Args:
        groups: The groups of all expressions, in order.
        named: Their named groups.
        seen: Which alternative of each spelling the module used.
    """

    groups: tuple[str | None, ...]
    named: Mapping[str, str | None]
    seen: Mapping[str, Alternative]


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """What a module said to a line.

    Args:
        sent: The line, without its end; empty if none was sent.
        lines: What came, line by line, without blank ones, echo and unsolicited lines; a prompt is
            the line ``>``.
        raw: Every byte.
        place: The port, for error texts.
        is_strict: Whether the document's spelling is the only one that counts.
        is_plain: Whether the bytes are those of the lines and nothing else.
    """

    sent: bytes
    lines: tuple[str, ...]
    raw: bytes
    place: str
    is_strict: bool
    is_plain: bool

    def __repr__(self) -> str:
        return f"<Answer to {show_bytes(self.sent)!r}: {self.shown}>"

    @property
    def shown(self) -> str:
        """The lines in one, without passwords."""
        return _shown(self.lines, self.sent) or "(nothing)"

    def match(self, *parts: Part) -> Match | None:
        """How the answer consists of these parts; None if it does not."""
        return next(_matches(parts, self.lines, is_strict=self.is_strict), None)

    def must_be(self, *parts: Part) -> Match:
        """How the answer consists of these parts.

        Raises:
            AnswerDiffersError: It does not.
        """
        match = self.match(*parts)
        if match is None:
            raise AnswerDiffersError(
                name_of(self.sent),
                expected=" | ".join(_part_shown(part, is_strict=self.is_strict) for part in parts)
                or "nothing",
                received=self.shown,
                port=self.place,
            )
        return match

    def must_be_framed(self) -> None:
        """Let every byte be where the framing of answers has it.

        Lines end in CR LF; a blank line may stand before the result. Answers with which an
        unsolicited line or an echo is mixed are not looked at.

        Raises:
            AnswerDiffersError: It is framed in another way.

        Source: A-05, A-06; where a blank line stands differs from command to command.
        """
        if not self.is_plain:
            return
        *lines, result = (line.encode("utf-8", "surrogateescape") for line in self.lines)
        head = b"".join(line + _LINE_END for line in lines)
        if self.raw not in (head + result + _LINE_END, head + _LINE_END + result + _LINE_END):
            raise AnswerDiffersError(
                name_of(self.sent),
                expected="lines that end in CR LF, and at most a blank one before the last",
                received=show_bytes(self.raw, passwords_in(self.sent), limit_bytes=400),
                port=self.place,
            )


def name_of(sent: bytes) -> str:
    """How an error calls what was sent, without passwords."""
    return show_bytes(sent) if sent else "what was sent"


def answer_of(reply: Reply, place: str, *, is_strict: bool) -> Answer:
    """The answer that a reply is."""
    is_plain = all(isinstance(event, InformationLine | FinalResult) for event in reply.events)
    lines = lines_of(reply.events)
    return Answer(reply.command, lines, reply.raw, place, is_strict, is_plain)


def lines_of(events: Sequence[object]) -> tuple[str, ...]:
    """The lines among events that belong to an answer."""
    lines = []
    for event in events:
        if isinstance(event, InformationLine):
            lines.append(event.text)
        elif isinstance(event, FinalResult):
            lines.append(event.result.value)
        elif isinstance(event, Prompt):
            lines.append(">")
        elif isinstance(event, Noise):
            lines.append(event.data.decode("ascii", "backslashreplace"))
    return tuple(lines)


def _matches(parts: Sequence[Part], lines: Sequence[str], *, is_strict: bool) -> Iterator[Match]:
    """All ways in which lines consist of parts."""
    if not parts:
        if not lines:
            yield Match((), {}, {})
        return
    first, rest = parts[0], parts[1:]
    for wanted, seen in _ways(first, is_strict=is_strict):
        found = _line_matches(wanted, lines)
        if found is None:
            continue
        groups, named = found
        for match in _matches(rest, lines[len(wanted) :], is_strict=is_strict):
            yield Match(groups + match.groups, {**named, **match.named}, {**seen, **match.seen})


def _ways(
    part: Part, *, is_strict: bool
) -> Iterator[tuple[tuple[Line, ...], dict[str, Alternative]]]:
    if not isinstance(part, Spelling):
        yield (part,), {}
        return
    for alternative in part.ways(is_strict=is_strict):
        yield alternative.lines, {part.name: alternative}


def _line_matches(
    wanted: Sequence[Line], lines: Sequence[str]
) -> tuple[tuple[str | None, ...], dict[str, str | None]] | None:
    """The groups of the expressions among `wanted`; None if the lines do not begin so."""
    if len(lines) < len(wanted):
        return None
    groups: tuple[str | None, ...] = ()
    named: dict[str, str | None] = {}
    for line, text in zip(wanted, lines, strict=False):
        if isinstance(line, str):
            if line != text:
                return None
            continue
        match = line.fullmatch(text)
        if match is None:
            return None
        groups += match.groups()
        named |= match.groupdict()
    return groups, named


def _part_shown(part: Part, *, is_strict: bool) -> str:
    if not isinstance(part, Spelling):
        return _line_shown(part)
    return " or ".join(
        " | ".join(map(_line_shown, way.lines)) or "nothing"
        for way in part.ways(is_strict=is_strict)
    )


def _line_shown(line: Line) -> str:
    return line if isinstance(line, str) else f"/{line.pattern}/"


def _shown(lines: Sequence[str], sent: bytes) -> str:
    known = passwords_in(sent)
    return " | ".join(
        show_bytes(line.encode("utf-8", "surrogateescape"), known, limit_bytes=400)
        for line in lines
    )
