"""Where a command line begins and ends in the bytes that arrive.

The firmware looks for the two bytes ``AT`` or ``at``; what comes before is ignored. From there it
collects up to LF, and what counts is the text up to the first CR::

    SEARCHING ──"AT" or "at"──► COLLECTING ──LF──► SEARCHING, a command if there was a CR
        │  ▲                        │
        LF │ no command             │ buffer full: dropped without a word
        └──┴────────────────────────┘

Source: section 2, note 5 (line 162); A-01, A-09, A-10, A-78 in docs/ambiguities.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LF = 0x0A
CR = b"\r"
_HEADS = (b"AT", b"at")


@dataclass(frozen=True, slots=True)
class Line:
    """What an LF ended.

    Args:
        command: Text behind ``AT`` up to the first CR, or None if the line holds no command.
        is_pure: Whether it is exactly ``AT``, the command, CR and LF.
    """

    command: bytes | None
    is_pure: bool = False


class LineReader:
    """Finds command lines in bytes.

    Args:
        buffer_bytes: Longest line behind ``AT``, line end included.
    """

    def __init__(self, buffer_bytes: int) -> None:
        self._buffer_bytes = buffer_bytes
        self.reset()

    def reset(self) -> None:
        """Forget the line begun; the search for its head starts over."""
        self._begin_search()
        self._before_head = 0

    def take(self, data: bytes) -> Iterator[Line]:
        """Lines that end in `data`, one for each LF."""
        for byte in data:
            if self._text is None:
                if byte == LF:
                    self.reset()
                    yield Line(None)
                else:
                    self._search(byte)
            else:
                self._text.append(byte)
                if byte == LF:
                    line = self._line(bytes(self._text))
                    self.reset()
                    yield line
                elif len(self._text) == self._buffer_bytes:
                    self._begin_search()

    def _begin_search(self) -> None:
        self._text: bytearray | None = None
        self._head = b""

    def _search(self, byte: int) -> None:
        self._before_head += 1
        self._head = self._head[-1:] + bytes((byte,))
        if self._head in _HEADS:
            self._text = bytearray()

    def _line(self, text: bytes) -> Line:
        command, carriage_return, rest = text.partition(CR)
        if not carriage_return:
            return Line(None)
        is_pure = self._head == b"AT" and self._before_head == len(self._head) and rest == b"\n"
        return Line(command, is_pure)
