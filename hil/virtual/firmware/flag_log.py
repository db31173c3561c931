"""The flag of a parameter area: a sector that is a log of entries of four bytes.

An entry is two bytes of meaning and their complement. So every entry has sixteen bits of each
kind, and an entry that is half programmed or half erased, which only ever has more ones than it
should, is never mistaken for another: it does not count.

::

    word 0          "log n", unless this is the first log after a factory initialisation
    words ..1021    "writing 1", "writing 2", "active 1", "active 2", in the order of events
    word 1022       kept free for "writing 2" while the next log is prepared
    word 1023       kept free for "cleared"

Both words at the end only ever take one value, so that an attempt that was torn can be repeated
in place. docs/parameter-area.md tells what the entries mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

WORD_BYTES: Final = 4
CLEARED_SLOT: Final = 1023
PREPARING_SLOT: Final = 1022
OPENING_SLOT: Final = 0
FIRST_SELECTION_SLOT: Final = 1

_LOG_NUMBER_BIT = 0x8000
_COPIES = (1, 2)


def _entry(meaning: bytes) -> bytes:
    return meaning + bytes(byte ^ 0xFF for byte in meaning)


WRITING: Final = {copy: _entry(b"W%d" % copy) for copy in _COPIES}
"""Copy *n* is being erased and programmed."""

ACTIVE: Final = {copy: _entry(b"A%d" % copy) for copy in _COPIES}
"""Copy *n* counts from here on."""

CLEARED: Final = _entry(b"C0")
"""No copy counts from here on, in this area and the one that is cleared with it."""


def log_entry(number: int) -> bytes:
    """The entry that makes a sector log number `number`, 1 to 32767."""
    return _entry((_LOG_NUMBER_BIT | number).to_bytes(2, "big"))


class FlagLog:
    """What the flag sector of an area says, found out as it is asked.

    Args:
        sector: Its 4096 bytes.
    """

    def __init__(self, sector: bytes) -> None:
        self._sector = sector

    @property
    def number(self) -> int:
        """Number of this log; 0 for the first."""
        return _log_number(self._word(OPENING_SLOT))

    @property
    def is_cleared(self) -> bool:
        """Whether the area is being cleared."""
        return self._word(CLEARED_SLOT) == CLEARED

    @property
    def free_slots(self) -> range:
        """Words that a store may use, in order."""
        used_bytes = len(self._sector[: PREPARING_SLOT * WORD_BYTES].rstrip(b"\xff"))
        return range(-(-used_bytes // WORD_BYTES), PREPARING_SLOT)

    @property
    def active(self) -> int | None:
        """The copy that the last "active" entry names, or None."""
        offset, copy = self._last(ACTIVE)
        return copy if offset >= 0 else None

    @property
    def writing(self) -> int | None:
        """The copy that is being written, or None if the last entry says nothing of it."""
        offset, copy = self._last(WRITING)
        return copy if offset > self._last(ACTIVE)[0] else None

    def _last(self, entries: Mapping[int, bytes]) -> tuple[int, int]:
        """Where the last of some entries stands among what stores wrote, or -1, and its copy."""
        return max((self._find_last(entry), copy) for copy, entry in entries.items())

    def _find_last(self, entry: bytes) -> int:
        """Where the last word that is this entry begins, or -1."""
        end = CLEARED_SLOT * WORD_BYTES
        while (offset := self._sector.rfind(entry, 0, end)) >= 0 and offset % WORD_BYTES:
            end = offset + WORD_BYTES - 1
        return offset

    def _word(self, slot: int) -> bytes:
        return self._sector[slot * WORD_BYTES : (slot + 1) * WORD_BYTES]


def _log_number(word: bytes) -> int:
    """Number that a word gives to its log, or 0 if it is no such entry."""
    meaning = int.from_bytes(word[:2], "big")
    is_number = meaning & _LOG_NUMBER_BIT and word == _entry(word[:2])
    return meaning ^ _LOG_NUMBER_BIT if is_number else 0
