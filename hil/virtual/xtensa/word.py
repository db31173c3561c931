"""The fields of an instruction.

Its lowest nibble is called `op0`, those above it `t`, `s`, `r`, `op1` and `op2`; mostly they
number registers, and the two highest together are a constant of 8 bits.
"""

from __future__ import annotations


def signed(value: int, bits: int = 32) -> int:
    """The number that `bits` bits stand for in two's complement."""
    return value - (1 << bits) if value >> bits - 1 & 1 else value


def t_of(word: int) -> int:
    """Bits 4 to 7."""
    return word >> 4 & 15


def s_of(word: int) -> int:
    """Bits 8 to 11."""
    return word >> 8 & 15


def r_of(word: int) -> int:
    """Bits 12 to 15."""
    return word >> 12 & 15


def imm8_of(word: int) -> int:
    """Bits 16 to 23."""
    return word >> 16 & 0xFF
