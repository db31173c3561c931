"""The registers of an LX106 and what they are joined to.

Whatever has an address is the `AddressSpace` that a core is given. An instruction that cannot be
carried out raises `CoreError` and changes nothing, as an exception of the processor does before
its handler runs. There are no interrupts and no timers.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Protocol

WORD = 0xFFFF_FFFF
"""The bits of a register."""

SHIFT_AMOUNT = 3
"""Number of the special register SAR."""


class Cause(IntEnum):
    """Why an instruction could not be carried out: values of EXCCAUSE."""

    ILLEGAL_INSTRUCTION = 0
    SYSCALL = 1
    LOAD_STORE_ERROR = 3
    UNALIGNED = 9
    FETCH_PROHIBITED = 20
    LOAD_PROHIBITED = 28
    STORE_PROHIBITED = 29


class CoreError(Exception):
    """An exception of the processor.

    Args:
        cause: Why.
        address: Which address was wrong; 0 if none was.
    """

    def __init__(self, cause: Cause, address: int = 0) -> None:
        super().__init__(f"{cause.name} at 0x{address:08x}")
        self.cause = cause
        self.address = address


class AddressSpace(Protocol):
    """What a core fetches from, loads from and stores to; each may raise `CoreError`.

    Attributes:
        changes: How many loads and stores had an effect, or a source that changes by itself.
    """

    changes: int

    def fetch(self, address: int) -> int:
        """The 24 bits at an address, which need not be aligned."""

    def load(self, address: int, size: int) -> int:
        """The value of 1, 2 or 4 bytes."""

    def store(self, address: int, size: int, value: int) -> None:
        """Replace 1, 2 or 4 bytes."""


class Core:
    """The registers of an LX106.

    Args:
        space: What has addresses.
        entry: Where execution begins.

    Attributes:
        space: As above.
        a: The sixteen registers a0 to a15, unsigned.
        pc: Address of the next instruction.
        special: Special registers by their number; 0 while nobody wrote them.
        cycles: What CCOUNT counts: a cycle an instruction.
        changes: How often a special register was written, or the one that changes by itself read.
    """

    def __init__(self, space: AddressSpace, entry: int) -> None:
        self.space = space
        self.a = [0] * 16
        self.pc = entry
        self.special: dict[int, int] = {}
        self.cycles = 0
        self.changes = 0

    @property
    def shift_amount(self) -> int:
        """The special register SAR, 0 to 63."""
        return self.special.get(SHIFT_AMOUNT, 0)

    def load(self, address: int, size: int) -> int:
        """Load from memory."""
        return self.space.load(address & WORD, size)

    def store(self, address: int, size: int, value: int) -> None:
        """Store to memory the lowest bytes of a value."""
        self.space.store(address & WORD, size, value & (1 << 8 * size) - 1)

    def state(self) -> tuple[int, ...]:
        """Two equal states with nothing else between them mean a loop without an end."""
        return (self.pc, *self.a, self.shift_amount, self.changes + self.space.changes)
