"""The two places in the flash for programs, and the switch that says which one is started.

The boot loader starts what stands in one of two slots, so that a program can write a new version
of itself into the other one and then throw the switch.

The switch is the last 16 bytes of the first sector, behind boot.bin, which has 4080 bytes at most.
Each update clears one more of their 128 bits: with an even number of cleared bits user1 is started,
with an odd number user2. Clearing a bit needs no erasing and has no state in between, so a power
cut leaves the old choice or the new one. A download of boot.bin erases the sector and with it the
choice. Nothing else is stored there: the parameter areas stay as they are, and RESTORE does not
change the version that runs.

Espressif's boot loaders look for the choice in the system parameter area, where neither is so;
docs/update-server.md says why this one does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from hil.units import KIB

from .image import read_ram_image, read_user_image

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .flash import NorFlash

USER1_OFFSET = 0x01000
"""Where user1.bin belongs. Source: section 1, line 126."""

SWITCH_OFFSET = 0x00FF0
SWITCH_BYTES = 16

_BEHIND_SLOT_BYTES = 20 * KIB
"""Between two slots: a parameter area, and a sector like that of boot.bin."""

_PARAMETER_AREA_BYTES = 16 * KIB


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for a program.

    Args:
        number: 1 or 2.
        offset: Where it begins.
        size_bytes: How much fits.
    """

    number: int
    offset: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class FlashMap:
    """What the size figure in the header of boot.bin stands for.

    Args:
        size: How a boot loader prints it.
        split: Likewise the sizes of the two halves.
        user2_offset: Where user2.bin belongs.
    """

    size: str
    split: str
    user2_offset: int

    def slot(self, number: int) -> Slot:
        """The place for user1.bin or user2.bin."""
        size_bytes = self.user2_offset - USER1_OFFSET - _BEHIND_SLOT_BYTES
        return Slot(number, USER1_OFFSET if number == 1 else self.user2_offset, size_bytes)


_MAPS: Mapping[int, FlashMap] = MappingProxyType(
    {
        0x0: FlashMap("4Mbit", "(256KB+256KB)", 0x41000),
        0x1: FlashMap("2Mbit", "", 0x41000),
        0x2: FlashMap("8Mbit", "(512KB+512KB)", 0x81000),
        0x3: FlashMap("16Mbit", "(512KB+512KB)", 0x81000),
        0x4: FlashMap("32Mbit", "(512KB+512KB)", 0x81000),
        0x5: FlashMap("16Mbit", "(1024KB+1024KB)", 0x101000),
        0x6: FlashMap("32Mbit", "(1024KB+1024KB)", 0x101000),
    }
)


def flash_map_of(header: bytes) -> FlashMap | None:
    """The map that the header of the image at address 0 names, or None."""
    return _MAPS.get(header[3] >> 4)


class BootSwitch:
    """The switch in a flash.

    Args:
        flash: The flash.
    """

    def __init__(self, flash: NorFlash) -> None:
        self._flash = flash

    @property
    def number(self) -> int:
        """The slot that is started first: 1 or 2."""
        return 2 if self._cleared_bits % 2 else 1

    @property
    def is_usable(self) -> bool:
        """Whether the choice can be changed: boot.bin leaves room for it, and a bit is left."""
        return self._has_room and self._cleared_bits < 8 * SWITCH_BYTES

    def choose(self, number: int, at_ns: int) -> int:
        """Let a slot be started first; returns when that is done, in ns."""
        if number == self.number:
            return at_ns
        state = self._flash.read(SWITCH_OFFSET, SWITCH_BYTES)
        place = next(index for index, byte in enumerate(state) if byte)
        without_lowest = state[place] & (state[place] - 1)
        return self._flash.program(SWITCH_OFFSET + place, bytes((without_lowest,)), at_ns)

    @property
    def _cleared_bits(self) -> int:
        if not self._has_room:
            return 0
        state = self._flash.read(SWITCH_OFFSET, SWITCH_BYTES)
        return 8 * SWITCH_BYTES - int.from_bytes(state, "big").bit_count()

    @property
    def _has_room(self) -> bool:
        boot = read_ram_image(self._flash, 0)
        return boot is not None and boot.end_offset <= SWITCH_OFFSET


class UserSlots:
    """The slots as the program that runs in one of them sees them.

    Args:
        flash: The flash.
        running: The number of the slot that the program was started from.

    Attributes:
        flash: The flash.
        switch: Which slot is started first.
    """

    def __init__(self, flash: NorFlash, running: int) -> None:
        self.flash = flash
        self.switch = BootSwitch(flash)
        self._running = running

    def other(self) -> Slot | None:
        """The slot for a new program.

        Returns:
            None if the flash has no room for two, if the program that runs reaches beyond its own
            slot, or if the switch could not be thrown.
        """
        flash_map = flash_map_of(self.flash.read(0, 4))
        if flash_map is None or not self.switch.is_usable:
            return None
        own, other = flash_map.slot(self._running), flash_map.slot(3 - self._running)
        highest = max(own, other, key=lambda slot: slot.offset)
        fits = highest.offset + highest.size_bytes <= self.flash.size_bytes - _PARAMETER_AREA_BYTES
        program = read_user_image(self.flash, own.offset)
        is_apart = program is not None and len(program.content) <= own.size_bytes
        return other if fits and is_apart else None
