"""A record of what went over a port in both directions, with times.

Give `Transcript.record` to a port as its `tap`. It keeps the bytes of each direction in one piece
and 17 bytes for each chunk, so that hours of talk cost little more than the bytes themselves.
What it stores is what went over the wire; passwords are masked when it is shown.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from hil.ports.byte_port import Direction
from hil.units import NS_PER_S

from .secret import MASK, find_secrets, passwords_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MOST_BINARY_SHOWN = 64
_TEXT_BYTES = bytes(range(0x20, 0x7F)) + b"\t\r\n"
_ESCAPES = str.maketrans({"\r": "\\r", "\n": "\\n", "\t": "\\t", "\\": "\\\\"})
_CODES = (Direction.SENT, Direction.RECEIVED)
_RECEIVED = 1


class Entry(NamedTuple):
    """Bytes that went one way at one time."""

    time_ns: int
    direction: Direction
    data: bytes


class Mark(NamedTuple):
    """A note between the entries, for what is not worth recording byte by byte."""

    time_ns: int
    text: str


class Transcript:
    r"""What went over a port.

    Example:
        >>> transcript = Transcript()
        >>> transcript.record(0, Direction.SENT, b"AT\r\n")
        >>> transcript.record(2_000_000, Direction.RECEIVED, b"\r\nOK\r\n")
        >>> print(transcript.render())
           0.000000 tx AT\r\n
           0.002000 rx \r\nOK\r\n
    """

    def __init__(self) -> None:
        self._streams = (bytearray(), bytearray())
        self._times_ns = array("q")
        self._directions = bytearray()
        self._ends = array("q")
        self._marks: list[tuple[int, Mark]] = []

    def __len__(self) -> int:
        """How many chunks were recorded."""
        return len(self._times_ns)

    def record(self, time_ns: int, direction: Direction, data: bytes) -> None:
        """Keep `data`; a port's `tap`."""
        code = _RECEIVED if direction is Direction.RECEIVED else 0
        stream = self._streams[code]
        stream += data
        self._times_ns.append(time_ns)
        self._directions.append(code)
        self._ends.append(len(stream))

    def mark(self, time_ns: int, text: str) -> None:
        """Put a note behind what was recorded so far: ``esptool session: 412 KB sent``."""
        self._marks.append((len(self), Mark(time_ns, text)))

    def stream(self, direction: Direction) -> bytes:
        """Everything that went one way, as it was."""
        return bytes(self._streams[_CODES.index(direction)])

    def entries(self, *, gap_ns: int = 0) -> Iterator[Entry]:
        """What went over the wire, as it was, in the order of recording.

        Args:
            gap_ns: Chunks of one direction that follow each other within this time are merged;
                0 leaves them as they were recorded.
        """
        return _merged(self._chunks((bytes(self._streams[0]), bytes(self._streams[1]))), gap_ns)

    def masked_entries(self, *, gap_ns: int = 0) -> Iterator[Entry]:
        """Like `entries`, with ``***`` for passwords, wherever the borders of the chunks fall."""
        return _merged(self._masked_chunks(), gap_ns)

    def items(
        self, *, gap_ns: int = 0, known: frozenset[bytes] = frozenset()
    ) -> Iterator[Entry | Mark]:
        """Entries and marks in the order of recording, passwords masked.

        Args:
            gap_ns: Chunks of one direction that follow each other within this time are merged,
                but not across a mark.
            known: Passwords to hide beside those that the record itself tells.
        """
        begin = 0
        chunks = list(self._masked_chunks(known))
        for border, mark in [*self._marks, (len(self), None)]:
            yield from _merged((chunk for chunk in chunks[begin:border] if chunk.data), gap_ns)
            if mark is not None:
                yield mark
            begin = border

    def render(self, *, gap_ns: int = 1_000_000, origin_ns: int | None = None) -> str:
        """The record as text, one line for each entry or mark, passwords masked.

        Args:
            gap_ns: Chunks within this time stand on one line.
            origin_ns: Time zero; the first entry or mark by default.
        """
        items = list(self.items(gap_ns=gap_ns))
        if origin_ns is None:
            origin_ns = items[0].time_ns if items else 0
        return "\n".join(_line(item.time_ns - origin_ns, item) for item in items)

    def _chunks(self, streams: tuple[bytes, bytes]) -> Iterator[Entry]:
        begins = [0, 0]
        for time_ns, code, end in zip(self._times_ns, self._directions, self._ends, strict=True):
            yield Entry(time_ns, _CODES[code], streams[code][begins[code] : end])
            begins[code] = end

    def passwords(self) -> frozenset[bytes]:
        """The passwords that went either way, in whatever pieces."""
        return frozenset().union(*(passwords_in(bytes(stream)) for stream in self._streams))

    def _masked_chunks(self, known: frozenset[bytes] = frozenset()) -> Iterator[Entry]:
        """Chunks with the mask where a password begins, and nothing of its other bytes."""
        sent, received = bytes(self._streams[0]), bytes(self._streams[1])
        known = known | self.passwords()
        masks = (_Places(find_secrets(sent, known)), _Places(find_secrets(received, known)))
        ends = [0, 0]
        for entry in self._chunks((sent, received)):
            code = _CODES.index(entry.direction)
            begin = ends[code]
            ends[code] = begin + len(entry.data)
            yield entry._replace(data=masks[code].cover(entry.data, begin))


class _Places:
    """Places in a stream that must not be shown."""

    def __init__(self, places: list[tuple[int, int]]) -> None:
        self._places = places
        self._ends = [end for _, end in places]

    def cover(self, data: bytes, begin: int) -> bytes:
        """`data`, which stands at `begin` of the stream, without what lies in a place."""
        end = begin + len(data)
        index = bisect_right(self._ends, begin)
        if index == len(self._places) or self._places[index][0] >= end:
            return data
        shown, position = [], begin
        while index < len(self._places) and self._places[index][0] < end:
            start, stop = self._places[index]
            if start >= begin:
                shown += [data[position - begin : start - begin], MASK]
            position = stop
            index += 1
        return b"".join([*shown, data[max(position - begin, 0) :]])


def _merged(chunks: Iterable[Entry], gap_ns: int) -> Iterator[Entry]:
    """Entries of chunks that follow each other in one direction within `gap_ns`."""
    first: Entry | None = None
    parts: list[bytes] = []
    last_ns = 0
    for chunk in chunks:
        if (
            first is not None
            and gap_ns
            and chunk.direction is first.direction
            and chunk.time_ns - last_ns <= gap_ns
        ):
            parts.append(chunk.data)
        else:
            if first is not None:
                yield first._replace(data=b"".join(parts))
            first, parts = chunk, [chunk.data]
        last_ns = chunk.time_ns
    if first is not None:
        yield first._replace(data=b"".join(parts))


def _line(time_ns: int, item: Entry | Mark) -> str:
    stamp = f"{time_ns / NS_PER_S:11.6f}"
    if isinstance(item, Mark):
        return f"{stamp} -- {item.text}"
    return f"{stamp} {item.direction.value} {_shown(item.data)}"


def _shown(data: bytes) -> str:
    """Text as text, anything else in hex."""
    if not data.translate(None, _TEXT_BYTES):
        return data.decode("ascii").translate(_ESCAPES)
    rest = len(data) - _MOST_BINARY_SHOWN
    text = f"[{len(data)} bytes] {data[:_MOST_BINARY_SHOWN].hex(' ')}"
    return f"{text} ... {rest} more" if rest > 0 else text
