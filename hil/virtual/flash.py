"""The SPI flash of a module: NOR cells, operations that take time, and what a power cut leaves.

An operation changes the content at once but carries the time it lasts, because whoever asks for it
counts in times to come: the loader that receives a block at 1 ms knows that its last page will be
done at 12 ms. What is still under way is remembered, so that `NorFlash.cut_power` can take back
what had not happened and leave the rest half done.
"""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass

from hil.units import KIB, NS_PER_MS, NS_PER_US, format_offset, format_size

from .errors import VirtualError
from .flash_identity import WRITE_IN_PROGRESS, StatusRegisters, jedec_id_of, sfdp_of

_SIZES_BYTES = tuple(512 * KIB << shift for shift in range(6))


@dataclass(frozen=True, slots=True)
class FlashTiming:
    """How long the operations of a part take; typical values of a W25Q32JV.

    Args:
        page_program_ns: Programming within one page, however few bytes.
        sector_erase_ns: Erasing 4 KB.
        block_erase_ns: Erasing 64 KB.

    Source: data sheet of the Winbond W25Q32JV, "AC Electrical Characteristics": 0.4 ms, 45 ms and
    150 ms, at most 3 ms, 400 ms and 2 s.
    """

    page_program_ns: int = 400 * NS_PER_US
    sector_erase_ns: int = 45 * NS_PER_MS
    block_erase_ns: int = 150 * NS_PER_MS


TYPICAL_TIMING = FlashTiming()


@dataclass(frozen=True, slots=True)
class _Operation:
    """A program or erase that may not be over yet, with the content to go back to."""

    start_ns: int
    end_ns: int
    offset: int
    before: bytes
    is_erase: bool

    def is_still_to_come(self, at_ns: int) -> bool:
        """Whether nothing of it has happened at `at_ns`; one that takes no time has."""
        return self.start_ns >= at_ns and self.end_ns > at_ns

    @property
    def region(self) -> slice:
        """Which cells it changes."""
        return slice(self.offset, self.offset + len(self.before))

    def interrupted(self, after: bytes, at_ns: int) -> bytes:
        """Content when the power goes at `at_ns`, between start and end."""
        if self.is_erase:
            return self._half_erased(at_ns)
        return self._half_programmed(after, at_ns)

    def _half_erased(self, at_ns: int) -> bytes:
        """Cells reach 1 in no order; how many did is in step with the time that passed."""
        length = len(self.before)
        sixteenths = 16 * (at_ns - self.start_ns) // (self.end_ns - self.start_ns)
        erased = 0
        for weight in range(4):
            noise = hashlib.shake_128(b"%d %d" % (self.offset, weight)).digest(length)
            bits = int.from_bytes(noise, "big")
            erased = erased | bits if sixteenths >> weight & 1 else erased & bits
        return (int.from_bytes(self.before, "big") | erased).to_bytes(length, "big")

    def _half_programmed(self, after: bytes, at_ns: int) -> bytes:
        """Pages and bytes are programmed in order, and the bits of a byte from the lowest."""
        pages = _pages_in(self.offset, len(after))
        page_ns = (self.end_ns - self.start_ns) // pages
        page, elapsed_ns = divmod(at_ns - self.start_ns, page_ns)
        page_start = (self.offset // NorFlash.PAGE_BYTES + page) * NorFlash.PAGE_BYTES
        begin = max(page_start, self.offset)
        end = min(page_start + NorFlash.PAGE_BYTES, self.offset + len(after))
        whole, bits = divmod(8 * (end - begin) * elapsed_ns // page_ns, 8)
        done = begin - self.offset + whole
        still_old = 0xFF << bits & 0xFF
        partial = self.before[done] & (after[done] | still_old)
        return after[:done] + bytes((partial,)) + self.before[done + 1 :]


class NorFlash:
    """A serial NOR flash: erasing sets bits, programming clears them, one operation at a time.

    Args:
        size_bytes: 512 KB to 16 MB, a power of two.
        content: What lies in it from address 0 on; the rest is erased.
        timing: How long operations take.

    Raises:
        VirtualError: No part has this size, or the content does not fit.

    Attributes:
        status: The three status registers.
        jedec_id: Manufacturer, type and capacity as RDID answers them.
        sfdp: The table that RDSFDP reads.
        busy_until_ns: When the last operation asked for is over.
        erase_counts: For each sector, how many erases of it began.
        program_count: How many page programs began.
        write_count: Program and erase operations asked for, a page or an erase unit each. It never
            goes back, not even after a power cut, so that equal counts mean that nobody wrote.
    """

    SECTOR_BYTES = 4 * KIB
    BLOCK_BYTES = 64 * KIB
    PAGE_BYTES = 256

    def __init__(
        self, size_bytes: int, content: bytes = b"", *, timing: FlashTiming = TYPICAL_TIMING
    ) -> None:
        if size_bytes not in _SIZES_BYTES:
            sizes = ", ".join(format_size(size) for size in _SIZES_BYTES)
            raise VirtualError(
                f"no flash part of {format_size(size_bytes)} ({size_bytes} bytes); choose {sizes}"
            )
        self.size_bytes = size_bytes
        self._require_room(0, content)
        self.timing = timing
        self.status = StatusRegisters()
        self.jedec_id = jedec_id_of(size_bytes)
        self.sfdp = sfdp_of(size_bytes)
        self.busy_until_ns = 0
        self.erase_counts = [0] * (size_bytes // self.SECTOR_BYTES)
        self.program_count = 0
        self.write_count = 0
        self._cells = bytearray(b"\xff") * (size_bytes - len(content))
        self._cells[:0] = content
        self._under_way: deque[_Operation] = deque()

    def read(self, offset: int, length: int) -> bytes:
        """Content from `offset` on; addresses wrap at the size, as on a real part."""
        offset %= self.size_bytes
        end = offset + length
        if end <= self.size_bytes:
            return bytes(self._cells[offset:end])
        turns, rest = divmod(end - self.size_bytes, self.size_bytes)
        return bytes(self._cells[offset:] + self._cells * turns + self._cells[:rest])

    def snapshot(self) -> bytes:
        """The whole content."""
        return bytes(self._cells)

    def is_erased(self, offset: int, length: int) -> bool:
        """Whether all bits of a region are 1; addresses wrap."""
        return self.read(offset, length) == b"\xff" * length

    def read_status(self, index: int, at_ns: int) -> int:
        """Value of status register `index` (0 to 2) at a moment, with the busy bit in the first."""
        busy = WRITE_IN_PROGRESS if index == 0 and at_ns < self.busy_until_ns else 0
        return self.status.read(index) | busy

    def load(self, offset: int, data: bytes) -> None:
        """Place content as a production programmer does: no NOR rules, no time, no wear.

        Raises:
            VirtualError: The data reaches beyond the end.

        Effects: operations still under way count as done.
        """
        self._require_room(offset, data)
        self._under_way.clear()
        self._cells[offset : offset + len(data)] = data

    def program(self, offset: int, data: bytes, at_ns: int) -> int:
        """Clear the bits that are 0 in `data`, page after page; addresses wrap.

        Args:
            offset: Where the first byte goes; need not be aligned.
            data: Any number of bytes.
            at_ns: When it is asked for; it begins when the part is free.

        Returns:
            When the last page is done, in ns.
        """
        end_ns = max(at_ns, self.busy_until_ns)
        done = 0
        while done < len(data):
            position = (offset + done) % self.size_bytes
            part = data[done : done + self.size_bytes - position]
            end_ns = self._program(position, part, end_ns)
            done += len(part)
        return end_ns

    def erase_sector(self, offset: int, at_ns: int) -> int:
        """Erase the 4 KB around `offset`; returns when that is over, in ns."""
        return self._erase(offset, self.SECTOR_BYTES, self.timing.sector_erase_ns, at_ns)

    def erase_block(self, offset: int, at_ns: int) -> int:
        """Erase the 64 KB around `offset`; returns when that is over, in ns."""
        return self._erase(offset, self.BLOCK_BYTES, self.timing.block_erase_ns, at_ns)

    def erase_chip(self, at_ns: int) -> int:
        """Erase everything, block after block; returns when that is over, in ns."""
        return self.erase_range(0, self.size_bytes, at_ns)

    def erase_range(
        self,
        offset: int,
        length: int,
        at_ns: int,
        *,
        least_block_erase_bytes: int = BLOCK_BYTES,
    ) -> int:
        """Erase all sectors that a range touches, by blocks where it covers whole ones.

        Args:
            offset: Where it begins.
            length: Its bytes.
            at_ns: When it is asked for.
            least_block_erase_bytes: How much must be left of it for a block to be erased as one.

        Returns:
            When the last one is erased, in ns.
        """
        position = offset - offset % self.SECTOR_BYTES
        end_ns = max(at_ns, self.busy_until_ns)
        while position < offset + length:
            whole = offset + length - position >= least_block_erase_bytes
            if whole and position % self.BLOCK_BYTES == 0:
                end_ns = self.erase_block(position, end_ns)
                position += self.BLOCK_BYTES
            else:
                end_ns = self.erase_sector(position, end_ns)
                position += self.SECTOR_BYTES
        return end_ns

    def settle(self, now_ns: int) -> None:
        """Forget how to undo what is over at `now_ns`: no power cut can come before it.

        Whoever drives the part calls it now and then, so that the memory stays small.
        """
        while self._under_way and self._under_way[0].end_ns <= now_ns:
            self._under_way.popleft()

    def abandon(self, at_ns: int) -> None:
        """Whoever gave the orders was reset: what has not begun never will, the part ends its own.

        An operation that is under way goes on to its end, since the part has supply.
        """
        while self._under_way and self._under_way[-1].is_still_to_come(at_ns):
            self._undo(self._under_way.pop())
        self.busy_until_ns = self._under_way[-1].end_ns if self._under_way else 0

    def cut_power(self, at_ns: int) -> None:
        """Stop whatever is under way.

        Operations over by `at_ns` stay, later ones never happened, and one in between is half
        done: programmed up to a byte of which some bits are cleared, or erased in part of its bits.

        Effects: the volatile status bits are lost.
        """
        self.abandon(at_ns)
        if self._under_way and self._under_way[-1].end_ns > at_ns:
            operation = self._under_way.pop()
            region = operation.region
            self._cells[region] = operation.interrupted(bytes(self._cells[region]), at_ns)
        self._under_way.clear()
        self.busy_until_ns = min(self.busy_until_ns, at_ns)
        self.status.reset()

    def _require_room(self, offset: int, data: bytes) -> None:
        if offset < 0 or offset + len(data) > self.size_bytes:
            raise VirtualError(
                f"{format_size(len(data))} at {format_offset(offset)} do not fit into a flash of "
                f"{format_size(self.size_bytes)}"
            )

    def _program(self, offset: int, data: bytes, at_ns: int) -> int:
        region = slice(offset, offset + len(data))
        before = bytes(self._cells[region])
        if before == b"\xff" * len(data):
            self._cells[region] = data
        else:
            bits = int.from_bytes(before, "big") & int.from_bytes(data, "big")
            self._cells[region] = bits.to_bytes(len(data), "big")
        pages = _pages_in(offset, len(data))
        self.write_count += pages
        end_ns = at_ns + pages * self.timing.page_program_ns
        return self._begin(_Operation(at_ns, end_ns, offset, before, is_erase=False))

    def _erase(self, offset: int, unit_bytes: int, duration_ns: int, at_ns: int) -> int:
        start_ns = max(at_ns, self.busy_until_ns)
        offset = offset % self.size_bytes // unit_bytes * unit_bytes
        region = slice(offset, offset + unit_bytes)
        before = bytes(self._cells[region])
        self._cells[region] = b"\xff" * unit_bytes
        self.write_count += 1
        end_ns = start_ns + duration_ns
        return self._begin(_Operation(start_ns, end_ns, offset, before, is_erase=True))

    def _begin(self, operation: _Operation) -> int:
        self._count(operation, 1)
        self._under_way.append(operation)
        self.busy_until_ns = operation.end_ns
        return operation.end_ns

    def _undo(self, operation: _Operation) -> None:
        self._cells[operation.region] = operation.before
        self._count(operation, -1)

    def _count(self, operation: _Operation, change: int) -> None:
        if operation.is_erase:
            first = operation.offset // self.SECTOR_BYTES
            for sector in range(first, first + len(operation.before) // self.SECTOR_BYTES):
                self.erase_counts[sector] += change
        else:
            self.program_count += change * _pages_in(operation.offset, len(operation.before))


def _pages_in(offset: int, length: int) -> int:
    """How many pages a region of at least one byte touches."""
    first = offset // NorFlash.PAGE_BYTES
    return (offset + length - 1) // NorFlash.PAGE_BYTES - first + 1
