"""Writes a program into a slot of the flash as it comes, sector by sector, and looks at the result.

Source: the SDK's upgrade functions erase and program sector by sector; the rest follows from the
image format (`hil.virtual.image`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .flash import NorFlash
from .image import read_user_image

if TYPE_CHECKING:
    from .user_slot import Slot

HEAD_BYTES = 4
"""How much of an image tells what it is and where it belongs."""

_MARK = b"\xea\x04"
_NUMBERS = (1, 2)
_SECTOR = NorFlash.SECTOR_BYTES


def is_for_slot(head: bytes, slot: Slot) -> bool:
    """Whether the first bytes are those of a program that can run in a slot.

    Images of the older format, those without a CRC, do not tell their slot.
    """
    return head[:2] == _MARK and (head[3] == slot.number or head[3] not in _NUMBERS)


class SlotWriter:
    """Writes one program.

    Args:
        flash: The flash.
        slot: Where the program goes.
    """

    def __init__(self, flash: NorFlash, slot: Slot) -> None:
        self._flash = flash
        self._slot = slot
        self._buffer = bytearray()
        self._written = 0

    @property
    def taken_bytes(self) -> int:
        """How much of the program has been given."""
        return self._written + len(self._buffer)

    def write(self, data: bytes, now_ns: int) -> int:
        """Take the next bytes of the program, all together not more than fit into the slot.

        Returns:
            When the sectors that are complete have been written, in ns.
        """
        self._flash.settle(now_ns)
        self._buffer += data
        while len(self._buffer) >= _SECTOR:
            now_ns = self._write_sector(bytes(self._buffer[:_SECTOR]), now_ns)
            del self._buffer[:_SECTOR]
        return now_ns

    def finish(self, now_ns: int) -> int:
        """Write what is left; returns when that is done, in ns.

        Effects: the sector behind is erased if the program ends with a sector, so that nothing old
        can be taken for its CRC.
        """
        if self._buffer or self._written < self._slot.size_bytes:
            now_ns = self._write_sector(bytes(self._buffer), now_ns)
            self._buffer.clear()
        return now_ns

    def is_sound(self) -> bool:
        """Whether what was written is a whole program."""
        image = read_user_image(self._flash, self._slot.offset)
        if image is None or not image.ram.is_intact or len(image.content) > self._written:
            return False
        has_crc = image.number in _NUMBERS
        return image.is_crc_intact is True if has_crc else image.is_crc_intact is not False

    def _write_sector(self, data: bytes, now_ns: int) -> int:
        offset = self._slot.offset + self._written
        now_ns = self._flash.erase_sector(offset, now_ns)
        self._written += len(data)
        return self._flash.program(offset, data, now_ns)
