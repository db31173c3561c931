"""The serial transcript of a test as a table of lines."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

from hil.report.html.markup import Html, element, fold, number_head, table
from hil.units import NS_PER_MS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Entry = dict[str, Any]

_DIRECTIONS = {
    "sent": "→ module",
    "received": "← module",
    "line": "◇ line",
    "note": "◇ note",
}
_OPEN_ROWS = 60
_PIECES = re.compile(r"[^\n]*\n|[^\n]+")
_PAUSE_NS = 50 * NS_PER_MS


def transcript_table(entries: Sequence[Mapping[str, Any]], start_ns: int) -> Html | None:
    """What went over the port, line by line; None if nothing did.

    Args:
        entries: The transcript as the rig plugin attaches it.
        start_ns: The moment on the rig's clock from which times count.
    """
    lines = list(joined_lines(entries))
    if not lines:
        return None
    has_slots = len({line.get("slot") for line in lines}) > 1
    has_hex = any(line.get("hex") for line in lines)
    head = [number_head("ms"), *(["Module"] if has_slots else []), "Direction", "Text"]
    rows = (_row(each, start_ns, has_slots=has_slots, has_hex=has_hex) for each in lines)
    return fold(
        f"Serial transcript, {len(lines)} lines",
        table([*head, *(["Hex"] if has_hex else [])], rows, class_="grid transcript"),
        is_open=len(lines) <= _OPEN_ROWS,
        class_="part",
    )


def joined_lines(entries: Iterable[Mapping[str, Any]]) -> Iterator[Entry]:
    """The lines that were sent and received, however they were cut up on the way.

    A line has the time of its first byte. It ends with its line end, with another direction or
    module, or with a pause of 50 ms. Binary pieces and events stand for themselves.
    """
    line: Entry | None = None
    last_ns = 0
    for entry in entries:
        if line is not None and not _continues(line, entry, last_ns):
            yield from _without_line_end(line)
            line = None
        last_ns = entry.get("rig_time_ns") or 0
        if not _is_text(entry):
            yield dict(entry)
            continue
        for piece in _PIECES.findall(str(entry.get("text", ""))):
            begun = "" if line is None else line["text"]
            line = {**(line or entry), "text": begun + piece}
            if piece.endswith("\n"):
                yield from _without_line_end(line)
                line = None
    if line is not None:
        yield from _without_line_end(line)


def _without_line_end(line: Entry) -> Iterator[Entry]:
    """The line, unless nothing but its end is left of it."""
    text = line["text"].rstrip("\r\n")
    if text:
        yield {**line, "text": text}


def _continues(line: Entry, entry: Mapping[str, Any], last_ns: int) -> bool:
    is_alike = all(line.get(key) == entry.get(key) for key in ("direction", "slot"))
    is_soon = (entry.get("rig_time_ns") or 0) - last_ns < _PAUSE_NS
    return is_alike and is_soon and _is_text(entry)


def _is_text(entry: Mapping[str, Any]) -> bool:
    return entry.get("direction") in ("sent", "received") and not entry.get("hex")


def _row(
    entry: Mapping[str, Any], start_ns: int, *, has_slots: bool, has_hex: bool
) -> list[object]:
    time_ns = entry.get("rig_time_ns")
    time = "" if time_ns is None else f"{(time_ns - start_ns) / NS_PER_MS:.3f}"
    row: list[object] = [
        element("td", time, class_="number"),
        _direction_cell(str(entry.get("direction", ""))),
        element("td", element("code", entry.get("text", ""))),
    ]
    if has_slots:
        row.insert(1, entry.get("slot"))
    if has_hex:
        row.append(element("td", element("code", entry.get("hex") or ""), class_="hex"))
    return row


@functools.cache
def _direction_cell(direction: str) -> Html:
    shown = _DIRECTIONS.get(direction, direction)
    return element("td", shown, class_=f"narrow way is-{direction}")
