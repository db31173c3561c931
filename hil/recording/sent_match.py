"""Compares what is sent with what is on record, in any pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .entry import Piece

_LONGEST_SECRET_BYTES = 256


class PartedError(Exception):
    """What was sent is not what is on record."""


class SentMatch:
    """Bytes on record that are to be sent.

    In the place of a password anything may be sent, up to what is on record behind it.

    Args:
        pieces: The bytes, and the numbers of passwords.
        next_literal: What is on record to be sent after these, as far as it is known.

    Attributes:
        sent: What was sent so far.
        secrets: What was sent in the place of passwords, by number.
    """

    def __init__(self, pieces: tuple[Piece, ...], next_literal: bytes = b"") -> None:
        self._pieces = pieces
        self._next_literal = next_literal
        self._index = 0
        self._offset = 0
        self._held = bytearray()
        self.sent = bytearray()
        self.secrets: dict[int, bytes] = {}

    def take(self, data: bytes) -> bytes | None:
        """Compare what was sent.

        Returns:
            What of it comes behind these bytes, perhaps nothing; None while some are missing.

        Raises:
            PartedError: It is something else.
        """
        self.sent += data
        while self._index < len(self._pieces):
            if not data:
                return None
            piece = self._pieces[self._index]
            data = (
                self._take_secret(piece, data)
                if isinstance(piece, int)
                else self._take_literal(piece, data)
            )
        return data

    def _take_literal(self, piece: bytes, data: bytes) -> bytes:
        wanted = piece[self._offset : self._offset + len(data)]
        if not data.startswith(wanted):
            raise PartedError
        self._offset += len(wanted)
        if self._offset == len(piece):
            self._index, self._offset = self._index + 1, 0
        return data[len(wanted) :]

    def _take_secret(self, number: int, data: bytes) -> bytes:
        """Take bytes up to and without those that end the password."""
        end = self._end_of_secret()
        if not end:  # nothing is on record behind it
            self.secrets[number] = data
            self._index += 1
            return b""
        for count, byte in enumerate(data, start=1):
            self._held.append(byte)
            if self._held.endswith(end):
                self.secrets[number] = bytes(self._held[: -len(end)])
                self._held.clear()
                self._index += 1
                return end + data[count:]
            if (byte == 0x0A and end.endswith(b"\n")) or len(self._held) > _LONGEST_SECRET_BYTES:
                raise PartedError
        return b""

    def _end_of_secret(self) -> bytes:
        """What is on record behind a password, at most to the end of its line."""
        behind = self._pieces[self._index + 1 : self._index + 2] or (self._next_literal,)
        literal = behind[0] if isinstance(behind[0], bytes) else b""
        line, newline, _ = literal.partition(b"\n")
        return line + newline
