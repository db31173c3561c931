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
    from collections.abc import Iterator

WORD_BYTES: Final = 4
CLEARED_SLOT: Final = 1023
PREPARING_SLOT: Final = 1022
OPENING_SLOT: Final = 0
FIRST_SELECTION_SLOT: Final = 1

_BLANK = b"\xff\xff\xff\xff"
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
    """What the flag sector of an area says.

    Args:
        sector: Its 4096 bytes.

    Attributes:
        number: Number of this log; 0 for the first.
        active: The copy that the last "active" entry names, or None.
        writing: The copy that is being written, or None if the last entry says nothing of it.
        is_cleared: Whether the area is being cleared.
        free_slots: Words that a store may use, in order.
    """

    def __init__(self, sector: bytes) -> None:
        self.number = 0
        self.active: int | None = None
        self.writing: int | None = None
        self.is_cleared = False
        first_free = 0
        for slot, word in _used_words(sector):
            self._take(slot, word)
            if slot < PREPARING_SLOT:
                first_free = slot + 1
        self.free_slots = range(first_free, PREPARING_SLOT)

    def _take(self, slot: int, word: bytes) -> None:
        for copy in _COPIES:
            if word == ACTIVE[copy]:
                self.active, self.writing = copy, None
            elif word == WRITING[copy]:
                self.writing = copy
        if word == CLEARED:
            self.is_cleared = True
        meaning = int.from_bytes(word[:2], "big")
        if slot == OPENING_SLOT and meaning & _LOG_NUMBER_BIT and word == _entry(word[:2]):
            self.number = meaning ^ _LOG_NUMBER_BIT


def _used_words(sector: bytes) -> Iterator[tuple[int, bytes]]:
    for slot in range(len(sector) // WORD_BYTES):
        word = sector[slot * WORD_BYTES : (slot + 1) * WORD_BYTES]
        if word != _BLANK:
            yield slot, word
