"""What a serial flash part says of itself: JEDEC id, SFDP table and status registers.

The numbers are those of the Winbond W25Q family, which most ESP8266 modules carry.
"""

from __future__ import annotations

import struct

WRITE_IN_PROGRESS = 0x01
WRITE_ENABLE_LATCH = 0x02

_WINBOND = 0xEF
_SERIAL_NOR = 0x40

# SRP0, SEC, TB, BP2..0 | CMP, LB3..1, QE, SRP1 | HOLD/RST, DRV1..0, WPS; the rest is read-only.
_WRITABLE = (0xFC, 0x7B, 0xE4)

_SFDP_PARAMETERS = 0x80


def jedec_id_of(size_bytes: int) -> bytes:
    """The three bytes that RDID (9F) answers for a part of this size.

    Args:
        size_bytes: A power of two; the third byte is its exponent (0x14 for 1 MB).

    Source: JEDEC JEP106 for the first byte; W25Q32 (4 MB) = ``ef 40 16``.
    """
    return bytes((_WINBOND, _SERIAL_NOR, size_bytes.bit_length() - 1))


def sfdp_of(size_bytes: int) -> bytes:
    """The discoverable parameters that RDSFDP (5A) reads, 256 bytes.

    One header points to the nine words of the basic table: 4 KB and 64 KB erase, three address
    bytes, quad reads, and the density.

    Source: JEDEC JESD216.
    """
    header = b"SFDP" + bytes((0x05, 0x01, 0x00, 0xFF))
    basic = bytes((0x00, 0x00, 0x01, 0x09)) + _SFDP_PARAMETERS.to_bytes(3, "little") + b"\xff"
    parameters = struct.pack(
        "<9I",
        0xFFF920E5,
        size_bytes * 8 - 1,
        0x6B08EB44,
        0xBB423B08,
        0xFFFFFFFE,
        0x0000FFFF,
        0xEB40FFFF,
        0x520F200C,
        0x0000D810,
    )
    return ((header + basic).ljust(_SFDP_PARAMETERS, b"\xff") + parameters).ljust(256, b"\xff")


class StatusRegisters:
    """The three status registers, with the copy that survives a power cycle.

    A write needs an enabling command before it, and uses it up: 06 (WREN) makes the bits stay, 50
    lets them last until the power goes. A write takes no time here; parts need some milliseconds.
    """

    def __init__(self) -> None:
        self._stored = bytearray(3)
        self._live = bytearray(3)
        self._volatile_enabled = False
        self.is_write_enabled = False

    def read(self, index: int) -> int:
        """Value of register `index` (0 to 2), with the write enable latch in the first."""
        latch = WRITE_ENABLE_LATCH if index == 0 and self.is_write_enabled else 0
        return self._live[index] | latch

    def enable_write(self) -> None:
        """Allow the next program, erase or lasting status write (06)."""
        self.is_write_enabled = True

    def enable_volatile_write(self) -> None:
        """Allow the next status write, which lasts until power-down (50)."""
        self._volatile_enabled = True

    def disable_write(self) -> None:
        """Take back what either enabling command allowed (04; also the end of any write)."""
        self.is_write_enabled = False
        self._volatile_enabled = False

    def write(self, index: int, values: bytes) -> None:
        """Write registers from `index` on, if a write is enabled (01, 31, 11)."""
        if self.is_write_enabled or self._volatile_enabled:
            for register, value in enumerate(values[: 3 - index], start=index):
                self._live[register] = value & _WRITABLE[register]
                if self.is_write_enabled:
                    self._stored[register] = self._live[register]
        self.disable_write()

    def reset(self) -> None:
        """Return to the lasting values (66 and 99, or power-up)."""
        self._live[:] = self._stored
        self.disable_write()
