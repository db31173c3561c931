"""What the console shows: one line each, with its time, on the screen and in a log."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from hil.units import NS_PER_S

SCREEN_DATA_BYTES = 512
"""How much of one piece of data the screen shows; a log has all of it."""

SCREEN_NOISE_BYTES = 24
"""Likewise of noise."""


class EntryKind(Enum):
    """What a line is; the value is its mark on the screen and in a log."""

    SENT = "tx"
    RECEIVED = "rx"
    SUCCESS = "rx "
    FAILURE = "rx  "
    UNFINISHED = "rx   "
    UNSOLICITED = "**"
    BOOT = ".."
    NOISE = "~~"
    NOTE = "--"
    MISTAKE = "!!"

    @property
    def mark(self) -> str:
        """Two characters before the text."""
        return self.value.strip()


@dataclass(frozen=True, slots=True)
class Entry:
    """One line.

    Args:
        time_ns: When it came or went, on the rig's clock.
        kind: What it is.
        text: What it says, fit for a terminal, passwords masked.
        rest: More of the text, which the screen leaves out.
        rest_bytes: How many bytes that is.
    """

    time_ns: int
    kind: EntryKind
    text: str
    rest: str = ""
    rest_bytes: int = 0

    @property
    def screen_text(self) -> str:
        """What the screen shows of it."""
        return f"{self.text} ... {self.rest_bytes} more" if self.rest_bytes else self.text


def show_text(data: bytes, encoding: str = "utf-8") -> str:
    r"""Bytes as a terminal may show them: text as it is, anything else as ``\xNN`` and ``\r``.

    Args:
        data: The bytes.
        encoding: What counts as text, but for what a terminal acts on or cannot show.
    """
    text = data.decode(encoding, "backslashreplace")
    if text.isprintable():
        return text
    return "".join(map(_show_character, text))


_NAMED = {"\r": "\\r", "\n": "\\n", "\t": "\\t", "\0": "\\0"}


def _show_character(character: str) -> str:
    if character.isprintable():
        return character
    if character in _NAMED:
        return _NAMED[character]
    return "".join(f"\\x{byte:02x}" for byte in character.encode())


def format_entry(entry: Entry, origin_ns: int) -> str:
    """The line on the screen: seconds since the start to the millisecond, mark, text."""
    return f"{stamp(entry, origin_ns)} {entry.kind.mark} {entry.screen_text}"


def stamp(entry: Entry, origin_ns: int) -> str:
    """The time of a line on the screen."""
    return f"{(entry.time_ns - origin_ns) / NS_PER_S:9.3f}"


def format_log_entry(entry: Entry, origin_ns: int) -> str:
    """The line in a log: to the microsecond, and all of it."""
    time_s = (entry.time_ns - origin_ns) / NS_PER_S
    return f"{time_s:13.6f} {entry.kind.mark} {entry.text}{entry.rest}"
