"""The address space of the chip as READ_REG and WRITE_REG see it.

Source: measured against esptool 5.6; esptool's serial protocol, READ_REG and WRITE_REG.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .spi import SpiController

if TYPE_CHECKING:
    from .efuse import Efuse
    from .flash import NorFlash

_CHIP_MAGIC = 0x4000_1000
_CHIP_MAGIC_VALUE = 0xFFF0_C101
_EFUSE = 0x3FF0_0050
_UART_CLKDIV = 0x6000_0014
_SPI0 = 0x6000_0200
_SPI0_BYTES = 0x100

# The end of IRAM is the flash cache while a program runs from flash; in the loader it is memory,
# and the stubs live there.
_RAM_REGIONS = ((0x3FFE_8000, 0x1_8000), (0x4010_0000, 0x1_0000))


class Ram:
    """Data and instruction memory, all 0 at first. What lies outside of both is lost."""

    def __init__(self) -> None:
        self._regions = tuple((start, bytearray(length)) for start, length in _RAM_REGIONS)

    def __contains__(self, address: int) -> bool:
        return any(start <= address < start + len(cells) for start, cells in self._regions)

    def read(self, address: int, length: int) -> bytes:
        """Bytes from `address` on, up to the end of its region."""
        for start, cells in self._regions:
            if start <= address < start + len(cells):
                return bytes(cells[address - start : address - start + length])
        return b""

    def write(self, address: int, data: bytes) -> None:
        """Put bytes at `address` and on, up to the end of its region."""
        for start, cells in self._regions:
            if start <= address < start + len(cells):
                part = data[: start + len(cells) - address]
                cells[address - start : address - start + len(part)] = part


class RegisterMap:
    """Registers and memory by address, in words of 32 bits; the two lowest bits do not count.

    Args:
        flash: The part behind SPI0.
        efuse: The eFuse words.
        baud: Rate that UART0 is set to at first.
        crystal_hz: Frequency of the crystal.

    Attributes:
        ram: The memory.
        spi: The flash controller.
        baud: Rate that UART0 is set to; the program that changes it says so here.

    An address that holds nothing known keeps what is written to it, and reads 0 before.
    """

    def __init__(self, flash: NorFlash, efuse: Efuse, *, baud: int, crystal_hz: int) -> None:
        self.ram = Ram()
        self.spi = SpiController(flash)
        self.baud = baud
        self._crystal_hz = crystal_hz
        self._constants = {_CHIP_MAGIC: _CHIP_MAGIC_VALUE}
        self._constants |= {_EFUSE + 4 * index: word for index, word in enumerate(efuse.words)}
        self._words: dict[int, int] = {}

    def read(self, address: int) -> int:
        """The word at an address."""
        address &= ~3
        if address in self._constants:
            return self._constants[address]
        if address in self.ram:
            return int.from_bytes(self.ram.read(address, 4), "little")
        if address == _UART_CLKDIV:
            return self._uart_divider()
        if 0 <= address - _SPI0 < _SPI0_BYTES:
            return self.spi.read(address - _SPI0)
        return self._words.get(address, 0)

    def write(self, address: int, value: int, mask: int, at_ns: int) -> None:
        """Replace the bits of a word that are set in `mask`; ROM and eFuse stay as they are."""
        address &= ~3
        if mask != 0xFFFF_FFFF:
            value = self.read(address) & ~mask | value & mask
        if address in self._constants:
            return
        if address in self.ram:
            self.ram.write(address, value.to_bytes(4, "little"))
        elif 0 <= address - _SPI0 < _SPI0_BYTES:
            self.spi.write(address - _SPI0, value, at_ns)
        else:
            self._words[address] = value

    def _uart_divider(self) -> int:
        """Twice the crystal's frequency by the rate, rounded up: 0x1C4 at 115200 and 26 MHz."""
        return -(-2 * self._crystal_hz // self.baud)
