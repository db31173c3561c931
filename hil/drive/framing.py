"""The framed link as bytes, without a socket: what ``hil://`` carries beside data.

A frame is a kind (1 byte), the length of its content (2 bytes, most significant first) and the
content. Both ends begin with `Hello`; whoever says anything else first does not speak this
protocol::

    host                          module
    ──── Hello ─────────────────►
    ◄──────────────────── Hello ──   or Error, and the end of the connection
    ──── Format, Lines ─────────►
    ──── Data ──────────────────►
    ◄───────────────────── Data ──
    ──── Purge ─────────────────►
    ◄──────────────────── Purged ─   what comes before it belongs to the past
    ──── Drain ─────────────────►
    ◄─────────────────── Drained ─   all that was sent has left
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hil.virtual.errors import VirtualError
from hil.virtual.uart import LineFormat, Parity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

VERSION = 1
LONGEST_CONTENT_BYTES = 32 * 1024

_MAGIC = b"hil"
_HEADER = struct.Struct(">BH")
_FORMAT = struct.Struct(">IBBB")


class FramingError(Exception):
    """The other end does not speak this protocol, or not this version of it."""


@dataclass(frozen=True, slots=True)
class Hello:
    """The first frame of either end.

    Args:
        name: Who speaks.
        version: Of the protocol.
    """

    name: str
    version: int = VERSION


@dataclass(frozen=True, slots=True)
class Data:
    """Bytes on the wire, in either direction."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Format:
    """How the host's side of the line is set."""

    line_format: LineFormat


@dataclass(frozen=True, slots=True)
class Lines:
    """DTR and RTS, asserted or not; both at once, as they change at once."""

    dtr: bool
    rts: bool


@dataclass(frozen=True, slots=True)
class Break:
    """The host begins or ends a break."""

    is_on: bool


@dataclass(frozen=True, slots=True)
class Purge:
    """Forget what has arrived (`is_input`), or what has not left yet."""

    is_input: bool


@dataclass(frozen=True, slots=True)
class Purged:
    """Answer to `Purge`, in the order of the questions."""


@dataclass(frozen=True, slots=True)
class Drain:
    """Say when all that was sent before has left."""


@dataclass(frozen=True, slots=True)
class Drained:
    """Answer to `Drain`."""


@dataclass(frozen=True, slots=True)
class Error:
    """Why the connection ends; the last frame of it."""

    text: str


Frame = Hello | Data | Format | Lines | Break | Purge | Purged | Drain | Drained | Error


def format_frame(frame: Frame) -> bytes:
    """The bytes of a frame; data that is longer than a frame makes several."""
    kind, content = _content_of(frame)
    pieces = [
        content[start : start + LONGEST_CONTENT_BYTES]
        for start in range(0, max(1, len(content)), LONGEST_CONTENT_BYTES)
    ]
    return b"".join(_HEADER.pack(kind, len(piece)) + piece for piece in pieces)


def _content_of(frame: Frame) -> tuple[int, bytes]:  # noqa: C901, PLR0911 - one arm a kind
    match frame:
        case Hello(name, version):
            return 1, _MAGIC + bytes((version,)) + name.encode()
        case Data(data):
            return 2, data
        case Format(line):
            return 3, _FORMAT.pack(
                line.baud, line.data_bits, line.parity.value, line.half_stop_bits
            )
        case Lines(dtr, rts):
            return 4, bytes((dtr, rts))
        case Break(is_on):
            return 5, bytes((is_on,))
        case Purge(is_input):
            return 6, bytes((is_input,))
        case Purged():
            return 7, b""
        case Drain():
            return 8, b""
        case Drained():
            return 9, b""
        case Error(text):
            return 10, text.encode()


def _parse_hello(content: bytes) -> Hello:
    if len(content) <= len(_MAGIC) or not content.startswith(_MAGIC):
        raise FramingError("the first frame is not a hello")
    version = content[len(_MAGIC)]
    if version != VERSION:
        raise FramingError(f"version {version} of the protocol is spoken, expected {VERSION}")
    return Hello(_parse_text(content[len(_MAGIC) + 1 :]), version)


def _parse_text(content: bytes) -> str:
    return content.decode(errors="backslashreplace")


def _parse_format(content: bytes) -> Format:
    baud, data_bits, parity, half_stop_bits = _FORMAT.unpack(content)
    return Format(LineFormat(baud, data_bits, Parity(parity), half_stop_bits))


def _parse_switches(content: bytes, count: int) -> list[bool]:
    if len(content) != count or any(byte > 1 for byte in content):
        raise ValueError("no switches")
    return [bool(byte) for byte in content]


def _parse_nothing(frame: Frame) -> Callable[[bytes], Frame]:
    def parse(content: bytes) -> Frame:
        _parse_switches(content, 0)
        return frame

    return parse


_PARSERS: dict[int, Callable[[bytes], Frame]] = {
    1: _parse_hello,
    2: Data,
    3: _parse_format,
    4: lambda content: Lines(*_parse_switches(content, 2)),
    5: lambda content: Break(*_parse_switches(content, 1)),
    6: lambda content: Purge(*_parse_switches(content, 1)),
    7: _parse_nothing(Purged()),
    8: _parse_nothing(Drain()),
    9: _parse_nothing(Drained()),
    10: lambda content: Error(_parse_text(content)),
}
_MAY_COME_FIRST = {1, 10}


class FrameDecoder:
    """Finds frames in bytes that come in pieces of any size."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._is_first = True

    def receive(self, data: bytes) -> Iterator[Frame]:
        """Take bytes; yields the frames that they complete, in order.

        Raises:
            FramingError: This is not the protocol. Nothing more can be found in these bytes.
        """
        self._rest += data
        while len(self._rest) >= _HEADER.size:
            kind, length = _HEADER.unpack_from(self._rest)
            self._require_possible(kind, length)
            end = _HEADER.size + length
            if len(self._rest) < end:
                return
            content = bytes(self._rest[_HEADER.size : end])
            del self._rest[:end]
            self._is_first = False
            yield _parse(kind, content)

    def _require_possible(self, kind: int, length: int) -> None:
        """Refuse noise by its first bytes, instead of waiting for a frame that never ends."""
        if self._is_first and kind not in _MAY_COME_FIRST:
            raise FramingError("the first frame is not a hello")
        if kind not in _PARSERS:
            raise FramingError(f"there is no frame of kind {kind}")
        if length > LONGEST_CONTENT_BYTES:
            raise FramingError(f"a frame of {length} bytes is longer than any")


def _parse(kind: int, content: bytes) -> Frame:
    try:
        return _PARSERS[kind](content)
    except (ValueError, struct.error, VirtualError) as error:
        raise FramingError(f"a frame of kind {kind} cannot hold {content[:16].hex()}") from error
