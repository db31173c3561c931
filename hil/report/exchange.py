"""What was said and answered in the tests of a run, in a form that two runs can be compared by."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# What differs between two modules, rigs or moments that are otherwise alike.
_VOLATILE = (
    (re.compile(r"\b[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}\b"), "<mac>"),
    (re.compile(r'(?<="),-\d{1,3}(?=,)'), ",<rssi>"),
    (re.compile(r"\bESP_[0-9A-F]{6}\b"), "ESP_<id>"),
    (re.compile(r'(?<=",)(?:49[1-9]\d\d|[56]\d{4})\b'), "<port>"),
    (re.compile(r"(?<=<port>,)(?:49[1-9]\d\d|[56]\d{4})\b"), "<port>"),
    (re.compile(r"^\+\d+$", re.MULTILINE), "+<time>"),
    # Noise has bytes in it that happen to be text.
    (re.compile(r".*<bytes>.*"), "<bytes>"),
)

_PROMPTS = (">", "> ")
"""What has no line end, and will have none."""

_LONGEST_REST = 80
"""Characters of a broken line; more are data."""

_Turn = tuple[str, str]
"""A direction, and the text that goes that way."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What was sent, and what came before something else was sent.

    Args:
        sent: The text, without its line end; empty for what came before anything was sent.
        answer: The lines that came, without blank ones.
    """

    sent: str
    answer: tuple[str, ...]


def exchanges(transcript: Iterable[Mapping[str, Any]]) -> Iterator[Exchange]:
    """The exchanges of a transcript; what changes from module to module has placeholders.

    Args:
        transcript: The entries as a report in the journal has them.
    """
    heard = (
        (str(entry["direction"]), _text_of(entry))
        for entry in transcript
        if entry.get("direction") in {"sent", "received", "note"}
    )
    sent, received = "", ""
    for direction, text in _with_whole_lines(_joined(heard)):
        if direction == "received":
            received += text
            continue
        if sent or received:
            yield Exchange(_steady(sent), _lines(received))
        # A note tells of a reset, say: what follows it answers nothing.
        sent, received = text if direction == "sent" else "", ""
    if sent or received:
        yield Exchange(_steady(sent), _lines(received))


def _text_of(entry: Mapping[str, Any]) -> str:
    # Binary pieces (a boot log at another rate) are never twice the same.
    return "<bytes>" if entry.get("hex") else str(entry.get("text", ""))


def _joined(turns: Iterable[_Turn]) -> list[_Turn]:
    """The turns, what goes in one direction as one."""
    return [
        (direction, "".join(text for _, text in pieces))
        for direction, pieces in groupby(turns, itemgetter(0))
    ]


def _with_whole_lines(turns: list[_Turn]) -> list[_Turn]:
    """The turns, lines that came while something was sent in one piece before that.

    Whether ``CLOSED`` comes before the next command, or half of it behind, is chance.
    """
    for index in range(len(turns) - 2):
        (first, begun), (middle, _), (last, text) = turns[index : index + 3]
        if (first, middle, last) != ("received", "sent", "received"):
            continue
        if begun.endswith(("\n", *_PROMPTS)):
            continue
        rest, end, behind = text.partition("\n")
        if end and len(rest) <= _LONGEST_REST:
            turns[index] = (first, begun + rest + end)
            turns[index + 2] = (last, behind)
    return _joined(turn for turn in turns if turn[1] or turn[0] == "note")


def _lines(text: str) -> tuple[str, ...]:
    lines = [_steady(line) for line in text.splitlines() if line.strip()]
    return tuple(
        line
        for line, before in zip(lines, ["", *lines], strict=False)
        if not line == before == "<bytes>"
    )


def _steady(text: str) -> str:
    text = text.rstrip("\r\n")
    for pattern, placeholder in _VOLATILE:
        text = pattern.sub(placeholder, text)
    return text
