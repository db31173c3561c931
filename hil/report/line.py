"""The lines of a serial transcript, put together from the pieces in which they came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from hil.units import NS_PER_MS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_PAUSE_NS = 50 * NS_PER_MS
_WAYS = ("sent", "received")
_TEXT_BYTES = bytes((*range(0x20, 0x7F), *b"\t\r\n"))


class Line(NamedTuple):
    """One line of a transcript.

    Args:
        time_ns: The rig's time at its first byte; None if nobody knows.
        direction: ``sent``, ``received``, or another word for what is no talk (``note``).
        slot: Whose line it is.
        text: What it says, without its line end; empty if it is no text.
        data: The bytes, if they are more than text.
    """

    time_ns: int | None
    direction: str
    slot: object
    text: str
    data: bytes = b""


def joined_lines(entries: Iterable[Mapping[str, Any]]) -> Iterator[Line]:
    """The lines that were sent and received, however they were cut up on the way.

    A line has the time of its first byte. It ends with its line end, with another direction or
    module, or with a pause of 50 ms. Neighbouring lines that are no text are one.

    Args:
        entries: The transcript as the rig plugin attaches it.
    """
    for run in _runs(entries):
        first = run[0]
        if first.get("direction") not in _WAYS:
            yield _line(first, str(first.get("text", "")))
        elif any(entry.get("hex") for entry in run):
            yield from _lines_of_bytes(run)
        else:
            yield from _lines_of_text(run)


def _runs(entries: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """What follows each other in one direction without a pause; events stand alone."""
    run: list[Mapping[str, Any]] = []
    source: object = None
    last_ns = 0
    for entry in entries:
        direction = entry.get("direction")
        entry_source, time_ns = (direction, entry.get("slot")), entry.get("rig_time_ns") or 0
        is_next = entry_source == source and time_ns - last_ns < _PAUSE_NS and direction in _WAYS
        if is_next:
            run.append(entry)
        else:
            if run:
                yield run
            run, source = [entry], entry_source
        last_ns = time_ns
    if run:
        yield run


def _line(entry: Mapping[str, Any], text: str, data: bytes = b"") -> Line:
    return Line(
        entry.get("rig_time_ns"), str(entry.get("direction", "")), entry.get("slot"), text, data
    )


def _lines_of_text(run: Sequence[Mapping[str, Any]]) -> Iterator[Line]:
    direction, slot = run[0]["direction"], run[0].get("slot")
    begun, begun_ns = "", None
    for entry in run:
        time_ns = entry.get("rig_time_ns")
        if not begun:
            begun_ns = time_ns
        *texts, begun = f"{begun}{entry.get('text', '')}".split("\n")
        for ended in texts:
            text = ended.rstrip("\r")
            if text:
                yield Line(begun_ns, direction, slot, text)
            begun_ns = time_ns
    text = begun.rstrip("\r")
    if text:
        yield Line(begun_ns, direction, slot, text)


def _lines_of_bytes(run: Sequence[Mapping[str, Any]]) -> Iterator[Line]:
    """Lines of text, and between them what is none."""
    noise, source = b"", run[0]
    for entry, line in _lines_with_ends(run):
        if not strange_bytes(line) and (line.endswith(b"\r\n") or not noise):
            if noise:
                yield _line(source, "", noise)
                noise = b""
            text = line.decode("ascii").rstrip("\r\n")
            if text:
                yield _line(entry, text)
            continue
        source = source if noise else entry
        noise += line
    if noise:
        yield _line(source, "", noise)


def _lines_with_ends(
    run: Iterable[Mapping[str, Any]],
) -> Iterator[tuple[Mapping[str, Any], bytes]]:
    begun, source = b"", None
    for entry in run:
        source = source if begun and source is not None else entry
        begun += _bytes_of(entry)
        *lines, begun = begun.split(b"\n")
        for line in lines:
            yield source, line + b"\n"
            source = entry
    if begun and source is not None:
        yield source, begun


def _bytes_of(entry: Mapping[str, Any]) -> bytes:
    if entry.get("hex"):
        return bytes.fromhex(entry["hex"])
    return str(entry.get("text", "")).encode("utf-8", "surrogateescape")


def strange_bytes(data: bytes) -> bytes:
    """Those of some bytes that a terminal does not show as they are."""
    return data.translate(None, _TEXT_BYTES)
