"""The instructions of row 0: registers with registers, shifts, special registers, jumps to one.

Source: Xtensa Instruction Set Architecture Reference Manual, opcode maps QRST to RST3 and
"Instruction Descriptions".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .core import SHIFT_AMOUNT, WORD, Cause, CoreError
from .word import r_of, s_of, signed, t_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from .core import Core

    Operation = Callable[[Core, int], int | None]
    """Carries out one instruction; returns where to go on if that is not behind it."""

_PROCESSOR_STATE, _CYCLE_COUNT = 230, 234
# What the LX106 has: EPC, EPS, EXCSAVE, interrupts, PS, VECBASE, causes, CCOUNT, CCOMPARE0.
_SPECIAL_REGISTERS = frozenset(
    {SHIFT_AMOUNT, 176, 177, 178, 179, 192, 194, 195, 208, 209, 210, 211, 226, 227, 228}
    | {_PROCESSOR_STATE, 231, 232, _CYCLE_COUNT, 235, 236, 237, 238, 240}
)


def illegal(_core: Core, _word: int) -> int | None:
    """What is no instruction of this processor."""
    raise CoreError(Cause.ILLEGAL_INSTRUCTION)


def _nothing(_core: Core, _word: int) -> int | None:
    return None


def _computes(function: Callable[[int, int], int]) -> Operation:
    """Register `r` becomes a function of registers `s` and `t`."""

    def operation(core: Core, word: int) -> None:
        core.a[r_of(word)] = function(core.a[s_of(word)], core.a[t_of(word)]) & WORD

    return operation


def _moves_if(condition: Callable[[int], bool]) -> Operation:
    """Register `r` becomes register `s` if `t` meets a condition."""

    def operation(core: Core, word: int) -> None:
        if condition(core.a[t_of(word)]):
            core.a[r_of(word)] = core.a[s_of(word)]

    return operation


def _negate(core: Core, word: int) -> None:
    value = signed(core.a[t_of(word)])
    if s_of(word) > 1:
        raise CoreError(Cause.ILLEGAL_INSTRUCTION)
    core.a[r_of(word)] = (abs(value) if s_of(word) else -value) & WORD


def _shift_left_by(core: Core, word: int) -> None:
    core.a[r_of(word)] = core.a[s_of(word)] << 32 - (word >> 16 & 16 | t_of(word)) & WORD


def _shift_right_signed_by(core: Core, word: int) -> None:
    core.a[r_of(word)] = signed(core.a[t_of(word)]) >> (word >> 16 & 16 | s_of(word)) & WORD


def _shift_right_by(core: Core, word: int) -> None:
    core.a[r_of(word)] = core.a[t_of(word)] >> s_of(word)


def _extract(core: Core, word: int) -> None:
    shift = word >> 12 & 16 | s_of(word)
    core.a[r_of(word)] = core.a[t_of(word)] >> shift & (2 << (word >> 20)) - 1


def _shifts(function: Callable[[int, int, int], int]) -> Operation:
    """Register `r` becomes a function of registers `s` and `t` and of SAR."""

    def operation(core: Core, word: int) -> None:
        shift = core.shift_amount
        core.a[r_of(word)] = function(core.a[s_of(word)], core.a[t_of(word)], shift) & WORD

    return operation


_SHIFT_AMOUNTS: dict[int, Callable[[int, int], int]] = {
    # by r: SAR from the value of register s and the whole word
    0: lambda value, _: value & 31,
    1: lambda value, _: 32 - (value & 31),
    2: lambda value, _: 8 * (value & 3),
    3: lambda value, _: 32 - 8 * (value & 3),
    4: lambda _, word: word & 16 | s_of(word),
}


def _set_shift(core: Core, word: int) -> None:
    """SSR, SSL, SSA8L, SSA8B and SSAI; NSA and NSAU stand beside them."""
    value = core.a[s_of(word)]
    if r_of(word) in _SHIFT_AMOUNTS:
        core.special[SHIFT_AMOUNT] = _SHIFT_AMOUNTS[r_of(word)](value, word)
    elif r_of(word) == 14:
        core.a[t_of(word)] = 31 - (value ^ WORD if value >> 31 else value).bit_length()
    elif r_of(word) == 15:
        core.a[t_of(word)] = 32 - value.bit_length()
    else:
        raise CoreError(Cause.ILLEGAL_INSTRUCTION)


def _special_number(word: int) -> int:
    number = word >> 8 & 0xFF
    if number not in _SPECIAL_REGISTERS:
        raise CoreError(Cause.ILLEGAL_INSTRUCTION)
    return number


def _read_special(core: Core, word: int) -> None:
    number = _special_number(word)
    if number == _CYCLE_COUNT:
        core.changes += 1
        core.a[t_of(word)] = core.cycles & WORD
    else:
        core.a[t_of(word)] = core.special.get(number, 0)


def _write_special(core: Core, word: int) -> None:
    number = _special_number(word)
    mask = 0x3F if number == SHIFT_AMOUNT else WORD
    if number == _CYCLE_COUNT:
        core.cycles = core.a[t_of(word)]
    core.special[number] = core.a[t_of(word)] & mask
    core.changes += number != SHIFT_AMOUNT


def _exchange_special(core: Core, word: int) -> None:
    value = core.a[t_of(word)]
    _read_special(core, word)
    read, core.a[t_of(word)] = core.a[t_of(word)], value
    _write_special(core, word)
    core.a[t_of(word)] = read


def _jump_register(core: Core, word: int) -> int | None:
    """RET (jump to a0), JX and CALLX0, by `t`; anything else here is no instruction."""
    target = core.a[s_of(word)]
    match t_of(word):
        case 8 if not s_of(word):
            return core.a[0]
        case 10:
            return target
        case 12:
            core.a[0] = core.pc + 3
            return target
    raise CoreError(Cause.ILLEGAL_INSTRUCTION)


def _set_interrupt_level(core: Core, word: int) -> None:
    """RSIL: there are no interrupts here, so the level is only kept."""
    state = core.special.get(_PROCESSOR_STATE, 0)
    core.a[t_of(word)] = state
    core.special[_PROCESSOR_STATE] = state & ~15 | s_of(word)


def _wait_for_interrupt(core: Core, _word: int) -> int:
    """WAITI: none comes, so it waits for ever."""
    return core.pc


def _call_system(_core: Core, _word: int) -> int | None:
    raise CoreError(Cause.SYSCALL)


_CONTROL: dict[int, Operation] = {  # by r
    0: _jump_register,
    2: _nothing,  # ISYNC, RSYNC, ESYNC, DSYNC, MEMW, EXTW, NOP: all order what is in order here
    5: _call_system,
    6: _set_interrupt_level,
    7: _wait_for_interrupt,
}


def _control(core: Core, word: int) -> int | None:
    return _CONTROL.get(r_of(word), illegal)(core, word)


REGISTERS: dict[int, Operation] = {
    0x00: _control,
    0x10: _computes(lambda s, t: s & t),
    0x20: _computes(lambda s, t: s | t),
    0x30: _computes(lambda s, t: s ^ t),
    0x40: _set_shift,
    0x60: _negate,
    0x80: _computes(lambda s, t: s + t),
    0x90: _computes(lambda s, t: (s << 1) + t),
    0xA0: _computes(lambda s, t: (s << 2) + t),
    0xB0: _computes(lambda s, t: (s << 3) + t),
    0xC0: _computes(lambda s, t: s - t),
    0xD0: _computes(lambda s, t: (s << 1) - t),
    0xE0: _computes(lambda s, t: (s << 2) - t),
    0xF0: _computes(lambda s, t: (s << 3) - t),
    0x01: _shift_left_by,
    0x11: _shift_left_by,
    0x21: _shift_right_signed_by,
    0x31: _shift_right_signed_by,
    0x41: _shift_right_by,
    0x61: _exchange_special,
    0x81: _shifts(lambda s, t, shift: (s << 32 | t) >> shift),
    0x91: _shifts(lambda _, t, shift: t >> shift),
    0xA1: _shifts(lambda s, _, shift: s << 32 >> shift),
    0xB1: _shifts(lambda _, t, shift: signed(t) >> shift),
    0xC1: _computes(lambda s, t: (s & 0xFFFF) * (t & 0xFFFF)),
    0xD1: _computes(lambda s, t: signed(s & 0xFFFF, 16) * signed(t & 0xFFFF, 16)),
    0x82: _computes(lambda s, t: s * t),
    0x03: _read_special,
    0x13: _write_special,
    0x83: _moves_if(lambda t: t == 0),
    0x93: _moves_if(lambda t: t != 0),
    0xA3: _moves_if(lambda t: t >> 31 == 1),
    0xB3: _moves_if(lambda t: t >> 31 == 0),
    **{op2 << 4 | op1: _extract for op2 in range(16) for op1 in (4, 5)},
}
"""Row 0 by `op2` and `op1`."""
