"""One parameter area of the flash: two alternating copies, and a flag that says which one counts.

The layout, the states of the flag and why no power cut can hurt are told in
docs/parameter-area.md. In short: sector 0 is left alone, sectors 1 and 2 hold the copies, sector 3
the flag. A store writes the copy that does not count, then lets the flag name it. When the flag is
full, the copy itself says that it counts (it "opens a log") until the flag is started over.

Nothing is remembered here: each store reads the area anew, as after a restart.

Source: lines 976-981 (areas), 128 (blank.bin), 975 (only changes are written); A-61, A-63, A-74 in
docs/ambiguities.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from hil.units import KIB, MIB, format_size
from hil.virtual.errors import VirtualError

from .flag_log import (
    ACTIVE,
    CLEARED,
    CLEARED_SLOT,
    FIRST_SELECTION_SLOT,
    OPENING_SLOT,
    PREPARING_SLOT,
    WORD_BYTES,
    WRITING,
    FlagLog,
    log_entry,
)
from .stored_copy import StoredCopy, read_copy

if TYPE_CHECKING:
    from hil.virtual.flash import NorFlash

    from .setting_record import Records

SECTOR_BYTES = 4 * KIB
AREA_BYTES = 16 * KIB

_CODES_OF_1024_MAP = frozenset({5, 6, 8, 9})
_FIRST_COPY = 2
_COPIES = (1, 2)
_FLAG = 3
_ENTRIES_PER_STORE = 2
_ERASED_SECTOR = b"\xff" * SECTOR_BYTES


class AreaOffsets(NamedTuple):
    """Where the parameter areas of a flash begin; each is 16 KB long."""

    user: int
    system: int


_OFFSETS_IN_512_KIB = AreaOffsets(user=0x3C000, system=0x7C000)
_USER_OFFSET = 0x7C000
_USER_OFFSET_OF_1024_MAP = 0xFC000


def area_offsets(flash_size_bytes: int, size_code: int = 0) -> AreaOffsets:
    """Where the parameter areas lie in a flash of a given size.

    Args:
        flash_size_bytes: How large the flash is.
        size_code: The size code in the header at address 0. The document knows the 512+512 map
            only; the codes of the 1024+1024 map move the user area to the end of the first MiB.

    Raises:
        VirtualError: The document knows no areas in so small a flash.

    Source: lines 977-978 (512 KB), 980-981 (1 MB and more); A-63 in docs/ambiguities.
    """
    if flash_size_bytes >= 2 * MIB and size_code in _CODES_OF_1024_MAP:
        return AreaOffsets(_USER_OFFSET_OF_1024_MAP, flash_size_bytes - AREA_BYTES)
    if flash_size_bytes >= MIB:
        return AreaOffsets(_USER_OFFSET, flash_size_bytes - AREA_BYTES)
    if flash_size_bytes == 512 * KIB:
        return _OFFSETS_IN_512_KIB
    raise VirtualError(
        f"the AT firmware has no parameter areas in a flash of {format_size(flash_size_bytes)}; "
        "it takes 512KB, 1MB or more"
    )


@dataclass(frozen=True, slots=True)
class _Content:
    """What an area holds, as a store or a start finds it.

    Args:
        copies: The whole ones.
        log: What the flag says.
        selected: The copy that counts, or None. It names a whole one.
    """

    copies: dict[int, StoredCopy]
    log: FlagLog
    selected: int | None

    @property
    def has_log_to_open(self) -> bool:
        """Whether the copy that counts does so by itself, because its log is not there yet."""
        return self.selected is not None and self.copies[self.selected].opens_log > self.log.number


class ParameterArea:
    """Records in one parameter area.

    Args:
        flash: The flash.
        offset: Where the area begins.
        blank_means_factory: Whether sector 2, found erased, means that nothing is stored.
    """

    def __init__(self, flash: NorFlash, offset: int, *, blank_means_factory: bool) -> None:
        self._flash = flash
        self._offset = offset
        self._blank_means_factory = blank_means_factory

    @property
    def is_blank(self) -> bool:
        """Whether copies and flag are erased, as after a complete factory initialisation."""
        return all(self._is_erased(sector) for sector in (*_COPIES, _FLAG))

    @property
    def is_being_cleared(self) -> bool:
        """Whether the flag says "cleared": what is left in the copies does not count."""
        return FlagLog(self._sector(_FLAG)).is_cleared

    def load(self) -> Records:
        """The records that count; none in an area that is fresh, or holds anything else."""
        content = self._content()
        return {} if content.selected is None else content.copies[content.selected].records

    def save(self, records: Records, at_ns: int) -> int:
        """Store records, and keep those of other tags.

        Returns:
            When the last write is done, in ns; a power cut before leaves the old records or the
            new ones.
        """
        content, at_ns = self._make_ready(at_ns)
        target = 1 if content.selected == _FIRST_COPY else _FIRST_COPY
        kept = {} if content.selected is None else content.copies[content.selected].records
        sequence = 1 + max((copy.sequence for copy in content.copies.values()), default=0)
        new = StoredCopy(sequence, 0, {**kept, **records})
        if len(content.log.free_slots) < _ENTRIES_PER_STORE:
            return self._save_and_open_log(content, target, new, at_ns)
        slots = iter(content.log.free_slots)
        if content.log.writing != target:
            at_ns = self._write_flag(next(slots), WRITING[target], at_ns)
        at_ns = self._write_copy(target, new, at_ns)
        return self._write_flag(next(slots), ACTIVE[target], at_ns)

    def begin_clearing(self, at_ns: int) -> int:
        """Let the flag say "cleared" with one entry; returns when it is written, in ns."""
        _content, at_ns = self._make_ready(at_ns)
        return self._write_flag(CLEARED_SLOT, CLEARED, at_ns)

    def erase(self, at_ns: int) -> int:
        """Make the area factory fresh, the flag last; returns when that is done, in ns.

        Only safe when nothing in the area counts any more: a cut between two sectors must not
        bring anything back.
        """
        for sector in (*_COPIES, _FLAG):
            at_ns = self._erase_sector(sector, at_ns)
        return at_ns

    def _make_ready(self, at_ns: int) -> tuple[_Content, int]:
        """Finish what a power cut interrupted, as far as a new entry in the flag demands.

        Returns:
            What the area holds then, and when that is done, in ns.
        """
        content = self._content()
        if content.selected is None:
            at_ns = self.erase(at_ns)
        elif content.has_log_to_open:
            number = content.copies[content.selected].opens_log
            at_ns = self._open_log(content.selected, number, at_ns)
        else:
            return content, at_ns
        return self._content(), at_ns

    def _save_and_open_log(
        self, content: _Content, target: int, new: StoredCopy, at_ns: int
    ) -> int:
        """Store when the flag is full. The new copy counts as soon as it is whole."""
        if target == _FIRST_COPY and content.log.writing != target:
            at_ns = self._write_flag(PREPARING_SLOT, WRITING[target], at_ns)
        number = content.log.number + 1
        at_ns = self._write_copy(target, StoredCopy(new.sequence, number, new.records), at_ns)
        return self._open_log(target, number, at_ns)

    def _open_log(self, selected: int, number: int, at_ns: int) -> int:
        """Start the flag over. Its number comes last: the copy counts by itself until then."""
        at_ns = self._erase_sector(_FLAG, at_ns)
        at_ns = self._write_flag(FIRST_SELECTION_SLOT, ACTIVE[selected], at_ns)
        return self._write_flag(OPENING_SLOT, log_entry(number), at_ns)

    def _content(self) -> _Content:
        copies = {}
        for number in _COPIES:
            copy = read_copy(self._sector(number))
            if copy is not None:
                copies[number] = copy
        log = FlagLog(self._sector(_FLAG))
        return _Content(copies, log, self._select(copies, log))

    def _select(self, copies: dict[int, StoredCopy], log: FlagLog) -> int | None:
        if log.is_cleared:
            return None
        if (
            self._blank_means_factory
            and self._is_erased(_FIRST_COPY)
            and log.writing != _FIRST_COPY
        ):
            return None
        newest = max(copies, key=lambda number: copies[number].opens_log, default=None)
        if newest is not None and copies[newest].opens_log > log.number:
            return newest
        return log.active if log.active in copies else None

    def _write_copy(self, number: int, copy: StoredCopy, at_ns: int) -> int:
        at_ns = self._erase_sector(number, at_ns)
        return self._flash.program(self._start_of(number), copy.encode(), at_ns)

    def _write_flag(self, slot: int, entry: bytes, at_ns: int) -> int:
        return self._flash.program(self._start_of(_FLAG) + slot * WORD_BYTES, entry, at_ns)

    def _erase_sector(self, sector: int, at_ns: int) -> int:
        if self._is_erased(sector):
            return at_ns
        return self._flash.erase_sector(self._start_of(sector), at_ns)

    def _is_erased(self, sector: int) -> bool:
        return self._sector(sector) == _ERASED_SECTOR

    def _sector(self, sector: int) -> bytes:
        return self._flash.read(self._start_of(sector), SECTOR_BYTES)

    def _start_of(self, sector: int) -> int:
        return self._offset + sector * SECTOR_BYTES
