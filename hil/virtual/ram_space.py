"""What a program in RAM finds at the addresses: memory, registers, and the UART's FIFO."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .xtensa.core import Cause, CoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from .registers import RegisterMap

_LONGEST_TEXT_BYTES = 4096

_INSTRUCTION_RAM = range(0x4010_0000, 0x4011_0000)
_PERIPHERALS = (range(0x3FF0_0000, 0x3FF2_0000), range(0x6000_0000, 0x6000_1400))
_UART_FIFO, _UART_STATUS = 0x6000_0000, 0x6000_001C
_ALL_BITS = 0xFFFF_FFFF


class RamSpace:
    """Memory and peripherals as the core sees them; an `AddressSpace`.

    Args:
        registers: What is at the addresses.
        fifo_bytes: Tells how many bytes wait in the UART's FIFO.

    Attributes:
        changes: How often something was stored, or a peripheral read.
        now_ns: When the core looks.
        printed: What was stored to the UART's FIFO since somebody took it.
    """

    def __init__(self, registers: RegisterMap, fifo_bytes: Callable[[], int]) -> None:
        self.changes = 0
        self.now_ns = 0
        self.printed = bytearray()
        self._registers = registers
        self._ram = registers.ram
        self._fifo_bytes = fifo_bytes

    def fetch(self, address: int) -> int:
        """The 24 bits of an instruction."""
        code = self._ram.read(address, 3) if address in _INSTRUCTION_RAM else b""
        if not code:
            raise CoreError(Cause.FETCH_PROHIBITED, address)
        return int.from_bytes(code, "little")

    def load(self, address: int, size: int) -> int:
        """A value from memory or a peripheral."""
        self._require_access(address, size, Cause.LOAD_PROHIBITED)
        if address in self._ram:
            return int.from_bytes(self._ram.read(address, size), "little")
        self.changes += 1
        if address == _UART_STATUS:
            return min(self._fifo_bytes(), 0xFF) << 16
        return self._registers.read(address)

    def store(self, address: int, size: int, value: int) -> None:
        """A value to memory or a peripheral."""
        self._require_access(address, size, Cause.STORE_PROHIBITED)
        self.changes += 1
        if address in self._ram:
            self._ram.write(address, value.to_bytes(size, "little"))
        elif address == _UART_FIFO:
            self.printed.append(value & 0xFF)
        else:
            self._registers.write(address, value, _ALL_BITS, self.now_ns)

    def _require_access(self, address: int, size: int, prohibited: Cause) -> None:
        """Refuse what the buses refuse: wrong places, and other than words beside data memory."""
        is_ram = address in self._ram
        if not is_ram and not any(address in place for place in _PERIPHERALS):
            raise CoreError(prohibited, address)
        if address % size:
            raise CoreError(Cause.UNALIGNED, address)
        if size < 4 and (not is_ram or address in _INSTRUCTION_RAM):
            raise CoreError(Cause.LOAD_STORE_ERROR, address)

    # What functions of the ROM do to memory; they are not executed, so no bus refuses them.

    def text(self, address: int) -> bytes:
        """The string at an address, without its zero."""
        return self._ram.read(address, _LONGEST_TEXT_BYTES).partition(b"\0")[0]

    def copy(self, target: int, source: int, length: int) -> None:
        """Copy memory."""
        self.changes += 1
        self._ram.write(target, self._ram.read(source, length))

    def fill(self, target: int, value: int, length: int) -> None:
        """Fill memory with a byte, at most up to the end of its region."""
        self.changes += 1
        self._ram.write(target, bytes((value & 0xFF,)) * len(self._ram.read(target, length)))
