"""Hides passwords in what is shown line by line, while it comes."""

from __future__ import annotations

import re

from hil.at.secret import MASK, find_secrets, mask_secrets, passwords_in

_JOINS = re.compile(rb"[JS]AP", re.IGNORECASE)
_STRING = re.compile(rb'"(?:\\.|[^"\\])*"')
_LINE_END = b"\r\n"


class Masking:
    """Passwords that were sent, and the line before, in which one may have begun."""

    def __init__(self) -> None:
        self._known: frozenset[bytes] = frozenset()
        self._before = b""

    def sent(self, data: bytes) -> bytes:
        """What is sent, without passwords; from now on those in it are hidden everywhere."""
        self._known |= passwords_in(data)
        return mask_typed(mask_secrets(data, self._known))

    def line(self, line: bytes) -> bytes:
        """A whole line that came, without passwords, also one that began in the line before."""
        begin = len(self._before)
        stream = self._before + line
        self._before = line + _LINE_END
        shown, end = [], begin
        for start, stop in find_secrets(stream, self._known):
            if stop <= begin:
                continue
            shown += [stream[end : max(start, begin)], MASK]
            end = stop
        return b"".join([*shown, stream[end:]])

    def piece(self, data: bytes) -> bytes:
        """Bytes that are no whole line, without passwords."""
        return mask_secrets(data, self._known)


def mask_typed(data: bytes) -> bytes:
    """What somebody has typed, without what may be a password in a command that is mistyped.

    In doubt too much is hidden: everything behind the first comma, or behind the first string if
    the comma was forgotten.
    """
    match = _JOINS.search(data)
    if match is None or mask_secrets(data) != data or MASK in data:
        return mask_secrets(data)
    end = data.find(b",", match.end()) + 1
    if not end and (first := _STRING.search(data, match.end())) is not None:
        end = first.end()
    return data[:end] + MASK if end and data[end:].strip() else data


def mask_line(line: str) -> str:
    """As `mask_typed`, for a line as text."""
    data = mask_typed(line.encode("utf-8", "surrogateescape"))
    return data.decode("utf-8", "backslashreplace")
