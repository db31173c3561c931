"""What stands in the lines of a record, and how each is spelled in JSON.

The format is described in docs/record-replay.md. A line is one object: ``after_ns``, the time since
the line before, perhaps ``slot``, and one thing that happened. The tables at the end of this file
have one row for each of those things.

Bytes are a text of which each character is one byte, or hexadecimal digits if most of them are no
text. A password is not there: ``***`` stands in its place, and ``masked`` tells where and by which
number its other places are known.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hil.at.secret import MASK
from hil.ports.byte_port import Direction, Parity, PortFormat
from hil.ports.control_lines import Line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Piece = bytes | int
    """Bytes as they went over the wire, or the number of a password that stood there."""

    Object = dict[str, Any]

_TEXT_BYTES = bytes(range(0x20, 0x7F)) + b"\t\r\n"
_MOST_STRANGE = 4
"""Bytes are written as text if less than one in so many of them is none."""

_FORMAT = re.compile(
    r"(?P<baud>\d+) (?P<data>[5-8])(?P<parity>[NOE])(?P<stop>1\.5|[12])( rts/cts)?"
)


@dataclass(frozen=True, slots=True)
class Transfer:
    """Bytes that went one way.

    Args:
        direction: Which way.
        pieces: What went, in order.
    """

    direction: Direction
    pieces: tuple[Piece, ...]

    @property
    def shown(self) -> bytes:
        """The bytes with ``***`` for passwords."""
        return b"".join(MASK if isinstance(piece, int) else piece for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class FormatSet:
    """The host's side of the line was set."""

    line_format: PortFormat


@dataclass(frozen=True, slots=True)
class LinesSet:
    """Control lines were switched in one step, to active (True) or inactive."""

    states: Mapping[Line, bool]


@dataclass(frozen=True, slots=True)
class InputDiscarded:
    """What had arrived and was not received was forgotten."""


@dataclass(frozen=True, slots=True)
class Noted:
    """What was done to the module, in words."""

    text: str


@dataclass(frozen=True, slots=True)
class LoaderEntered:
    """From here on the module is in its boot loader, where esptool's talk is not recorded."""


@dataclass(frozen=True, slots=True)
class LoaderLeft:
    """It is about to be restarted into its firmware."""


@dataclass(frozen=True, slots=True)
class SectionBegun:
    """What follows belongs to one test, its preparation included.

    Args:
        name: The test's node id, or what else talks to the module.
        running: Slots whose firmware was known to run.
        is_dirty: Whether an earlier failure had the module brought back to factory settings first.
        formats: How the port of each slot was set.
    """

    name: str
    running: tuple[int, ...] = ()
    is_dirty: bool = False
    formats: Mapping[int, PortFormat] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SectionEnded:
    """The test has ended, and what it used has been put back in order."""

    name: str


@dataclass(frozen=True, slots=True)
class Closed:
    """The record is whole: whoever wrote it has ended as it should."""


Content = (
    Transfer
    | FormatSet
    | LinesSet
    | InputDiscarded
    | Noted
    | LoaderEntered
    | LoaderLeft
    | SectionBegun
    | SectionEnded
    | Closed
)

OF_ALL_SLOTS = (SectionBegun, SectionEnded, Closed)
"""What concerns the whole rig, and no single module."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a record behind the first.

    Args:
        line: Its number in the file.
        time_ns: The moment on the recorded rig's clock.
        slot: The module that it concerns; None for all.
        content: What happened.
    """

    line: int
    time_ns: int
    slot: int | None
    content: Content


class EntryError(Exception):
    """An object is no entry.

    Args:
        allowed: What would have been accepted.
        given: What is there.
    """

    def __init__(self, allowed: str, given: object) -> None:
        self.allowed, self.given = allowed, given
        super().__init__(f"expected {allowed}, found {given!r}")


def format_port_format(line_format: PortFormat) -> str:
    """``115200 8N1``, with `` rts/cts`` where the driver heeds them."""
    handshake = " rts/cts" if line_format.is_rts_cts else ""
    parity, stop_bits = line_format.parity.value, line_format.stop_bits
    return f"{line_format.baud} {line_format.data_bits}{parity}{stop_bits:g}{handshake}"


def parse_port_format(text: object) -> PortFormat:
    """The format that a text names.

    Raises:
        EntryError: It names none.
    """
    match = _FORMAT.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise EntryError("a line format like '115200 8N1'", text)
    return PortFormat(
        int(match["baud"]),
        int(match["data"]),
        Parity(match["parity"]),
        float(match["stop"]),
        is_rts_cts=match[5] is not None,
    )


def format_content(content: Content) -> Object:
    """What happened, as it stands in a line of the file."""
    for name, word, known in _WORDS:
        if content == known:
            return {name: word}
    return _FORMATS[type(content)](content)


def parse_content(told: Object) -> Content:
    """What a line of the file says has happened.

    Args:
        told: The line without ``after_ns`` and ``slot``.

    Raises:
        EntryError: It says nothing that this version of the format knows.
    """
    keys = [key for key in _PARSERS if key in told]
    if len(keys) != 1:
        raise EntryError(f"one of {', '.join(_PARSERS)}", ", ".join(told) or "none of them")
    return _PARSERS[keys[0]](told, keys[0])


def _format_transfer(content: Transfer) -> Object:
    name = content.direction.value
    shown = content.shown
    strange = len(shown.translate(None, _TEXT_BYTES))
    told: Object
    if strange * _MOST_STRANGE < len(shown):
        told = {name: shown.decode("latin-1")}
    else:
        told = {f"{name}_hex": shown.hex()}
    masked, offset = [], 0
    for piece in content.pieces:
        if isinstance(piece, int):
            masked.append([offset, piece])
        offset += len(MASK) if isinstance(piece, int) else len(piece)
    return {**told, "masked": masked} if masked else told


def _parse_transfer(told: Object, key: str) -> Transfer:
    shown = _parse_bytes(told[key], is_hex=key.endswith("_hex"))
    pieces: list[Piece] = []
    end = 0
    for offset, number in _parse_masked(told.get("masked", [])):
        if offset < end or shown[offset : offset + len(MASK)] != MASK:
            raise EntryError("'***' at each place in masked, in order", [offset, number])
        pieces += [shown[end:offset], number] if offset > end else [number]
        end = offset + len(MASK)
    rest = shown[end:]
    return Transfer(Direction(key.removesuffix("_hex")), (*pieces, rest) if rest else (*pieces,))


def _parse_bytes(text: object, *, is_hex: bool) -> bytes:
    try:
        if isinstance(text, str) and text:
            return bytes.fromhex(text) if is_hex else text.encode("latin-1")
    except ValueError:
        pass
    allowed = "pairs of hexadecimal digits" if is_hex else "a text of characters up to U+00FF"
    raise EntryError(allowed, text)


def _parse_masked(places: object) -> list[tuple[int, int]]:
    if isinstance(places, list):
        pairs = [place for place in places if isinstance(place, list) and len(place) == 2]
        if len(pairs) == len(places) and all(_is_count(each) for pair in pairs for each in pair):
            return [(offset, number) for offset, number in pairs]
    raise EntryError("masked as a list of [offset, number]", places)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _parse_lines(told: Object, key: str) -> LinesSet:
    states = told[key]
    known = {line.value: line for line in Line}
    if (
        isinstance(states, dict)
        and states.keys() <= known.keys()
        and all(isinstance(state, bool) for state in states.values())
    ):
        return LinesSet({known[name]: state for name, state in states.items()})
    raise EntryError(f"true or false for some of {', '.join(known)}", states)


def _format_section(content: SectionBegun) -> Object:
    return {
        "section": content.name,
        "running": list(content.running),
        "dirty": content.is_dirty,
        "formats": {str(slot): format_port_format(each) for slot, each in content.formats.items()},
    }


def _parse_section(told: Object, key: str) -> SectionBegun:
    running, is_dirty, formats = told.get("running"), told.get("dirty"), told.get("formats")
    if not (isinstance(running, list) and all(_is_count(slot) for slot in running)):
        raise EntryError("running as a list of slots", running)
    if not isinstance(is_dirty, bool):
        raise EntryError("dirty as true or false", is_dirty)
    if not (isinstance(formats, dict) and all(slot.isdecimal() for slot in formats)):
        raise EntryError("formats as line formats by slot", formats)
    return SectionBegun(
        name=_parse_text(told, key),
        running=tuple(running),
        is_dirty=is_dirty,
        formats={int(slot): parse_port_format(each) for slot, each in formats.items()},
    )


def _parse_text(told: Object, key: str) -> str:
    text = told.get(key)
    if not isinstance(text, str):
        raise EntryError(f"{key} as a text", text)
    return text


def _parse_word(told: Object, key: str) -> Content:
    for name, word, content in _WORDS:
        if name == key and word == told[key]:
            return content
    words = " or ".join(repr(word) for name, word, _ in _WORDS if name == key)
    raise EntryError(f"{key} as {words}", told[key])


_WORDS: tuple[tuple[str, str, Content], ...] = (
    ("input", "discarded", InputDiscarded()),
    ("loader", "entered", LoaderEntered()),
    ("loader", "left", LoaderLeft()),
    ("record", "closed", Closed()),
)
"""What has no operands."""

_FORMATS: dict[type, Callable[[Any], Object]] = {
    Transfer: _format_transfer,
    FormatSet: lambda content: {"format": format_port_format(content.line_format)},
    LinesSet: lambda content: {
        "lines": {line.value: state for line, state in content.states.items()}
    },
    Noted: lambda content: {"note": content.text},
    SectionBegun: _format_section,
    SectionEnded: lambda content: {"end": content.name},
}

_PARSERS: dict[str, Callable[[Object, str], Content]] = {
    "tx": _parse_transfer,
    "rx": _parse_transfer,
    "tx_hex": _parse_transfer,
    "rx_hex": _parse_transfer,
    "format": lambda told, key: FormatSet(parse_port_format(told[key])),
    "lines": _parse_lines,
    "input": _parse_word,
    "note": lambda told, key: Noted(_parse_text(told, key)),
    "loader": _parse_word,
    "section": _parse_section,
    "end": lambda told, key: SectionEnded(_parse_text(told, key)),
    "record": _parse_word,
}
