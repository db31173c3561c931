"""What was said and answered in the tests of a run, in a form that two runs can be compared by."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# What differs between two modules, rigs or moments that are otherwise alike.
_VOLATILE = (
    (re.compile(r"\b[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}\b"), "<mac>"),
    (re.compile(r'(?<="),-\d{1,3}(?=,)'), ",<rssi>"),
    (re.compile(r"\bESP_[0-9A-F]{6}\b"), "ESP_<id>"),
    (re.compile(r'(?<=",)(?:49[1-9]\d\d|[56]\d{4})\b'), "<port>"),
    (re.compile(r"^\+\d+$", re.MULTILINE), "+<time>"),
    (re.compile(r"(?:<bytes>)+"), "<bytes>"),
)


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
    sent, received, is_answered = "", "", True
    for entry in transcript:
        if entry.get("direction") == "note":  # a reset, say: what follows answers nothing
            if sent or received:
                yield Exchange(_steady(sent), _lines(received))
            sent, received, is_answered = "", "", True
            continue
        # Binary pieces (a boot log at another rate) are never twice the same.
        text = "<bytes>" if entry.get("hex") else str(entry.get("text", ""))
        if entry.get("direction") == "sent":
            if is_answered and (sent or received):
                yield Exchange(_steady(sent), _lines(received))
                sent, received = "", ""
            sent, is_answered = sent + text, False
        elif entry.get("direction") == "received":
            received, is_answered = received + text, True
    if sent or received:
        yield Exchange(_steady(sent), _lines(received))


def _lines(text: str) -> tuple[str, ...]:
    return tuple(_steady(line) for line in text.splitlines() if line.strip())


def _steady(text: str) -> str:
    text = text.rstrip("\r\n")
    for pattern, placeholder in _VOLATILE:
        text = pattern.sub(placeholder, text)
    return text
