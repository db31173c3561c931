"""The instructions of an LX106, carried out one at a time.

Each is 24 or 16 bits long, least significant byte first. Its lowest nibble chooses a row of
`_ROWS`; most rows choose again by other nibbles.

Source: Xtensa Instruction Set Architecture Reference Manual, "Opcode Maps" and "Instruction
Descriptions". The LX106 has the density, 16- and 32-bit multiply and NSA options, and neither
windows, loops nor division.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .arithmetic import REGISTERS, illegal
from .core import WORD, Cause, CoreError
from .word import imm8_of, r_of, s_of, signed, t_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from .arithmetic import Operation
    from .core import Core

_B4_CONSTANTS = (-1, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 32, 64, 128, 256)
_B4_UNSIGNED_CONSTANTS = (0x8000, 0x1_0000, *_B4_CONSTANTS[2:])


def step(core: Core) -> None:
    """Carry out one instruction.

    Raises:
        CoreError: It cannot be; `pc` is still its address.
    """
    word = core.space.fetch(core.pc)
    following = _ROWS[word & 15](core, word)
    if following is None:
        following = core.pc + (2 if word & 8 else 3)
    core.pc = following & WORD
    core.cycles += 1


def _registers(core: Core, word: int) -> int | None:
    return REGISTERS.get(word >> 16, illegal)(core, word)


def _load_literal(core: Core, word: int) -> None:
    """L32R: the word is up to 256 KB before the instruction."""
    offset = (word >> 8) - 0x1_0000 << 2
    core.a[t_of(word)] = core.load((core.pc + 3 & ~3) + offset, 4)


def _loads(size: int, *, is_signed: bool = False) -> Operation:
    def operation(core: Core, word: int) -> None:
        value = core.load(core.a[s_of(word)] + size * imm8_of(word), size)
        core.a[t_of(word)] = signed(value, 8 * size) & WORD if is_signed else value

    return operation


def _stores(size: int) -> Operation:
    def operation(core: Core, word: int) -> None:
        core.store(core.a[s_of(word)] + size * imm8_of(word), size, core.a[t_of(word)])

    return operation


def _move_constant(core: Core, word: int) -> None:
    core.a[t_of(word)] = signed(s_of(word) << 8 | imm8_of(word), 12) & WORD


def _add_constant(core: Core, word: int) -> None:
    core.a[t_of(word)] = core.a[s_of(word)] + signed(imm8_of(word), 8) & WORD


def _add_high_constant(core: Core, word: int) -> None:
    core.a[t_of(word)] = core.a[s_of(word)] + (signed(imm8_of(word), 8) << 8) & WORD


_MEMORY: dict[int, Operation] = {  # by r
    0: _loads(1),
    1: _loads(2),
    2: _loads(4),
    4: _stores(1),
    5: _stores(2),
    6: _stores(4),
    9: _loads(2, is_signed=True),
    10: _move_constant,
    12: _add_constant,
    13: _add_high_constant,
}


def _memory(core: Core, word: int) -> int | None:
    return _MEMORY.get(r_of(word), illegal)(core, word)


def _call(core: Core, word: int) -> int | None:
    """CALL0; the calls that turn a register window do not exist."""
    if word >> 4 & 3:
        raise CoreError(Cause.ILLEGAL_INSTRUCTION)
    core.a[0] = core.pc + 3
    return (core.pc & ~3) + (signed(word >> 6, 18) << 2) + 4


_ZERO_TESTS: tuple[Callable[[int], bool], ...] = (
    lambda s: s == 0,
    lambda s: s != 0,
    lambda s: s < 0,
    lambda s: s >= 0,
)

_CONSTANT_TESTS: tuple[Callable[[int, int], bool], ...] = (
    lambda s, constant: s == constant,
    lambda s, constant: s != constant,
    lambda s, constant: s < constant,
    lambda s, constant: s >= constant,
)


def _jump(core: Core, word: int) -> int | None:
    """J, and the branches that compare a register with a constant."""
    kind, test = word >> 4 & 3, word >> 6 & 3
    value = core.a[s_of(word)]
    if kind == 0:
        return core.pc + signed(word >> 6, 18) + 4
    if kind == 1:
        is_taken, offset = _ZERO_TESTS[test](signed(value)), signed(word >> 12, 12)
    elif kind == 2:
        is_taken = _CONSTANT_TESTS[test](signed(value), _B4_CONSTANTS[r_of(word)])
        offset = signed(imm8_of(word), 8)
    elif test >= 2:  # BLTUI and BGEUI; ENTRY and the loops do not exist
        is_taken = _CONSTANT_TESTS[test](value, _B4_UNSIGNED_CONSTANTS[r_of(word)])
        offset = signed(imm8_of(word), 8)
    else:
        raise CoreError(Cause.ILLEGAL_INSTRUCTION)
    return core.pc + offset + 4 if is_taken else None


_TESTS: tuple[Callable[[int, int], bool], ...] = (  # by the lower three bits of r; 8 inverts
    lambda s, t: s & t == 0,
    lambda s, t: s == t,
    lambda s, t: signed(s) < signed(t),
    lambda s, t: s < t,
    lambda s, t: ~s & t == 0,
    lambda s, t: s >> (t & 31) & 1 == 0,
)


def _branch(core: Core, word: int) -> int | None:
    """The branches that compare two registers, or look at one bit."""
    r = r_of(word)
    value = core.a[s_of(word)]
    if r & 6 == 6:
        is_taken = value >> (r << 4 & 16 | t_of(word)) & 1 == 0
    else:
        is_taken = _TESTS[r & 7](value, core.a[t_of(word)])
    return core.pc + signed(imm8_of(word), 8) + 4 if is_taken != bool(r & 8) else None


# Rows 8 to 13: 16 bits ---------------------------------------------------------------------------


def _load_narrow(core: Core, word: int) -> None:
    core.a[t_of(word)] = core.load(core.a[s_of(word)] + 4 * r_of(word), 4)


def _store_narrow(core: Core, word: int) -> None:
    core.store(core.a[s_of(word)] + 4 * r_of(word), 4, core.a[t_of(word)])


def _add_narrow(core: Core, word: int) -> None:
    core.a[r_of(word)] = core.a[s_of(word)] + core.a[t_of(word)] & WORD


def _add_constant_narrow(core: Core, word: int) -> None:
    core.a[r_of(word)] = core.a[s_of(word)] + (t_of(word) or -1) & WORD


def _constant_or_branch_narrow(core: Core, word: int) -> int | None:
    """MOVI.N (-32 to 95), BEQZ.N and BNEZ.N (forward only)."""
    t, s, r = t_of(word), s_of(word), r_of(word)
    if t < 8:
        constant = t << 4 | r
        core.a[s] = (constant - 128 if constant >= 96 else constant) & WORD
        return None
    is_taken = (core.a[s] == 0) == (t < 12)
    return core.pc + (t << 4 & 48 | r) + 4 if is_taken else None


def _move_narrow(core: Core, word: int) -> int | None:
    """MOV.N, RET.N and NOP.N."""
    match r_of(word), t_of(word):
        case 0, t:
            core.a[t] = core.a[s_of(word)]
            return None
        case 15, 0:
            return core.a[0]
        case 15, 3:
            return None
    raise CoreError(Cause.ILLEGAL_INSTRUCTION)


_ROWS: tuple[Operation, ...] = (
    _registers,
    _load_literal,
    _memory,
    illegal,
    illegal,
    _call,
    _jump,
    _branch,
    _load_narrow,
    _store_narrow,
    _add_narrow,
    _add_constant_narrow,
    _constant_or_branch_narrow,
    _move_narrow,
    illegal,
    illegal,
)
