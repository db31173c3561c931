"""Passwords in a stream of bytes that is written down while it goes on.

`hil.at.secret` finds passwords in a whole stream. Here the end of the stream is not known yet: what
belongs to a line that may still turn out to hold a password is held back until the line has ended.
Everything else is settled at once.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hil.at.secret import find_secrets, passwords_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .entry import Piece

_TRIGGER = re.compile(rb"AT\+ *CW|\+ ?CWSAP|password:", re.IGNORECASE)
"""With this begins what may hold a password."""

_LINE = re.compile(rb"[^\r\n]*[\r\n]")
_TWO_LINES = re.compile(rb"[^\r\n]*[\r\n]+[^\r\n]+[\r\n]")
"""An echo that something interrupted ends in the next line."""

_QUOTE = re.compile(rb'(?<!\\)"')
_LONGEST_LINE_BYTES = 512
"""A line that has not ended by then is written down as it is known."""

_LONGEST_CONTEXT_BYTES = 1024


class MaskedStream:
    """One direction of a module's line.

    Args:
        known: Passwords to look for as they are; the set grows while passwords are sent.
        number_of: Tells the number under which a password is known in the record.
        is_sent: Whether these are the bytes that go to the module: they tell new passwords, and
            nothing interrupts their lines.
    """

    def __init__(
        self, known: set[bytes], number_of: Callable[[bytes], int], *, is_sent: bool
    ) -> None:
        self._known = known
        self._number_of = number_of
        self._is_sent = is_sent
        self._data = bytearray()
        self._begin = 0

    @property
    def end(self) -> int:
        """How many bytes have gone."""
        return self._begin + len(self._data)

    def add(self, data: bytes) -> None:
        """More bytes have gone."""
        self._data += data
        if self._is_sent:
            raw = bytes(self._data)
            self._known |= passwords_in(raw[: self._unfinished(raw)])

    def settled_end(self) -> int:
        """Up to which byte it is known what is a password and what is not."""
        data = bytes(self._data)
        end = len(data)
        unfinished = self._unfinished(data)
        if unfinished is not None and end - unfinished <= _LONGEST_LINE_BYTES:
            end = unfinished
        for secret in self._known:
            for length in range(min(len(secret) - 1, len(data)), 0, -1):
                if data.endswith(secret[:length]):
                    end = min(end, len(data) - length)
                    break
        return self._begin + end

    def cut(self, begin: int, end: int) -> tuple[Piece, ...]:
        """A settled stretch, with numbers in the place of passwords.

        A password that began before it leaves nothing in it.
        """
        data = bytes(self._data)
        begin, end = begin - self._begin, end - self._begin
        pieces: list[Piece] = []
        for start, stop in map(_without_quotes(data), find_secrets(data, self._known)):
            if stop <= begin or start >= end or start == stop:
                continue
            if start >= begin:
                pieces += [data[begin:start]] if start > begin else []
                pieces.append(self._number_of(data[start:stop]))
            begin = min(stop, end)
        return (*pieces, data[begin:end]) if begin < end else tuple(pieces)

    def forget(self, written: int) -> None:
        """Let go of what is written and does not tell any more what follows."""
        data = bytes(self._data)
        end = written - self._begin
        keep = max(data.rfind(b"\n", 0, end), data.rfind(b"\r", 0, end)) + 1
        for start, stop in self._secretive(data):
            if start < keep and (stop is None or stop > end):
                keep = start
        if end - keep > _LONGEST_CONTEXT_BYTES:
            keep = end
        del self._data[:keep]
        self._begin += keep

    def _unfinished(self, data: bytes) -> int | None:
        """Where a line begins that may hold a password and has not ended."""
        return next((start for start, stop in self._secretive(data) if stop is None), None)

    def _secretive(self, data: bytes) -> Iterator[tuple[int, int | None]]:
        """Begin and end of each line that may hold a password; no end if it has none yet."""
        for trigger in _TRIGGER.finditer(data):
            line = _LINE.match(data, trigger.start())
            is_open = line is not None and len(_QUOTE.findall(line[0])) % 2 == 1
            if is_open and not self._is_sent:
                line = _TWO_LINES.match(data, trigger.start())
            yield trigger.start(), None if line is None else line.end()


def _without_quotes(data: bytes) -> Callable[[tuple[int, int]], tuple[int, int]]:
    def trim(place: tuple[int, int]) -> tuple[int, int]:
        start, stop = place
        if stop - start >= 2 and data[start] == data[stop - 1] == ord('"'):
            return start + 1, stop - 1
        return place

    return trim
