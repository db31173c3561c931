"""Each instruction of the LX106, as bytes with what it does to the registers.

The bytes were checked with an independent disassembler (capstone, mode ESP8266).
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.virtual.xtensa.core import Cause, Core, CoreError
from hil.virtual.xtensa.instruction import step

CODE = 0x4010_0100
DATA = 0x3FFE_8000
ONES = 0xFFFF_FFFF


class Memory:
    """Some code and some data, in which everything may be loaded and stored."""

    def __init__(self, code: bytes, data: bytes = bytes(32)) -> None:
        self.changes = 0
        self.cells = dict(enumerate(code, start=CODE)) | dict(enumerate(data, start=DATA))

    def fetch(self, address: int) -> int:
        return self.load(address, 3)

    def load(self, address: int, size: int) -> int:
        cells = (self.cells.get(address + index, 0) for index in range(size))
        return int.from_bytes(bytes(cells), "little")

    def store(self, address: int, size: int, value: int) -> None:
        self.changes += 1
        self.cells.update(enumerate(value.to_bytes(size, "little"), start=address))


def run(code: str, registers: dict[int, int], shift_amount: int = 0) -> Core:
    core = Core(Memory(bytes.fromhex(code), bytes(range(0x80, 0xA0))), CODE)
    core.special[3] = shift_amount
    for number, value in registers.items():
        core.a[number] = value
    step(core)
    return core


def case(assembly: str, code: str, *values: object) -> object:
    return pytest.param(code, *values, id=assembly)


@pytest.mark.parametrize(
    ("code", "a4", "a5", "a3"),
    [
        case("and a3, a4, a5", "503410", 0xFF00FF00, 0x0FF00FF0, 0x0F000F00),
        case("or a3, a4, a5", "503420", 0xFF00FF00, 0x0FF00FF0, 0xFFF0FFF0),
        case("xor a3, a4, a5", "503430", 0xFF00FF00, 0x0FF00FF0, 0xF0F0F0F0),
        case("add a3, a4, a5", "503480", 7, ONES, 6),
        case("addx2 a3, a4, a5", "503490", 0x80000001, 5, 7),
        case("addx4 a3, a4, a5", "5034a0", 3, 5, 17),
        case("addx8 a3, a4, a5", "5034b0", 3, 5, 29),
        case("sub a3, a4, a5", "5034c0", 3, 5, ONES - 1),
        case("subx2 a3, a4, a5", "5034d0", 3, 5, 1),
        case("subx4 a3, a4, a5", "5034e0", 3, 5, 7),
        case("subx8 a3, a4, a5", "5034f0", 3, 5, 19),
        case("mul16u a3, a4, a5", "5034c1", 0x1FFFF, 0xFFFF, 0xFFFE0001),
        case("mul16s a3, a4, a5", "5034d1", 0xFFFF, 3, ONES - 2),
        case("mull a3, a4, a5", "503482", 0x10001, 0x10001, 0x20001),
        case("neg a3, a5", "503060", 0, 1, ONES),
        case("neg a3, a5", "503060", 0, 0x80000000, 0x80000000),
        case("abs a3, a5", "503160", 0, ONES, 1),
        case("slli a3, a4, 4", "c03411", 0xF0000001, 0, 0x10),
        case("slli a3, a4, 31", "103401", 3, 0, 0x80000000),
        case("slli a3, a4, 16", "003411", 0x12345678, 0, 0x56780000),
        case("srai a3, a5, 4", "503421", 0, 0x80000000, 0xF8000000),
        case("srai a3, a5, 20", "503431", 0, 0x7FF00000, 0x7FF),
        case("srli a3, a5, 4", "503441", 0, 0x80000000, 0x08000000),
        case("extui a3, a5, 4, 8", "503474", 0, 0x12345678, 0x67),
        case("extui a3, a5, 20, 12", "5034b5", 0, 0x12345678, 0x123),
        case("extui a3, a5, 0, 1", "503004", 0, 0x3, 1),
        case("moveqz a3, a4, a5", "503483", 7, 0, 7),
        case("moveqz a3, a4, a5", "503483", 7, 1, 0),
        case("movnez a3, a4, a5", "503493", 7, 1, 7),
        case("movnez a3, a4, a5", "503493", 7, 0, 0),
        case("movltz a3, a4, a5", "5034a3", 7, ONES, 7),
        case("movltz a3, a4, a5", "5034a3", 7, 0, 0),
        case("movgez a3, a4, a5", "5034b3", 7, 0, 7),
        case("movgez a3, a4, a5", "5034b3", 7, ONES, 0),
        case("add.n a3, a4, a5", "5a34", ONES, 2, 1),
        case("addi.n a3, a4, -1", "0b34", 0, 0, ONES),
        case("addi.n a3, a4, 15", "fb34", 1, 0, 16),
    ],
)
def test_a3_from_a4_and_a5(code: str, a4: int, a5: int, a3: int) -> None:
    core = run(code, {4: a4, 5: a5})
    assert core.a == [0, 0, 0, a3, a4, a5, *[0] * 10]
    assert (core.pc, core.cycles) == (CODE + len(code) // 2, 1)


@pytest.mark.parametrize(
    ("code", "shift_amount", "a3"),
    [
        case("src a3, a4, a5", "503481", 8, 0x78_9ABCDE),
        case("srl a3, a5", "503091", 8, 0x009ABCDE),
        case("sll a3, a4", "0034a1", 24, 0x34567800),
        case("sll a3, a4", "0034a1", 32, 0x12345678),
        case("sra a3, a5", "5030b1", 8, 0xFF9ABCDE),
    ],
)
def test_shift_by_sar(code: str, shift_amount: int, a3: int) -> None:
    assert run(code, {4: 0x12345678, 5: 0x9ABCDEF0}, shift_amount).a[3] == a3


@pytest.mark.parametrize(
    ("code", "a4", "shift_amount"),
    [
        case("ssr a4", "000440", 33, 1),
        case("ssl a4", "001440", 33, 31),
        case("ssl a4", "001440", 0, 32),
        case("ssa8l a4", "002440", 7, 24),
        case("ssa8b a4", "003440", 7, 8),
        case("ssai 20", "104440", 0, 20),
        case("wsr a4, sar", "400313", 0x7F, 0x3F),
    ],
)
def test_shift_amount_is_set(code: str, a4: int, shift_amount: int) -> None:
    assert run(code, {4: a4}).shift_amount == shift_amount


@pytest.mark.parametrize(
    ("code", "a4", "a5"),
    [
        case("nsa a5, a4", "50e440", 0, 31),
        case("nsa a5, a4", "50e440", ONES, 31),
        case("nsa a5, a4", "50e440", 0x00010000, 14),
        case("nsau a5, a4", "50f440", 0, 32),
        case("nsau a5, a4", "50f440", 0x00010000, 15),
        case("mov.n a5, a4", "5d04", 42, 42),
        case("movi a5, -2048", "52a800", 0, 0xFFFFF800),
        case("movi a5, 2047", "52a7ff", 0, 2047),
        case("addi a5, a4, -128", "52c480", 0, 0xFFFFFF80),
        case("addmi a5, a4, -32768", "52d480", 0, 0xFFFF8000),
        case("addmi a5, a4, 256", "52d401", 1, 257),
        case("l8ui a5, a4, 3", "520403", DATA, 0x83),
        case("l16ui a5, a4, 2", "521401", DATA, 0x8382),
        case("l16si a5, a4, 2", "529401", DATA, 0xFFFF8382),
        case("l32i a5, a4, 4", "522401", DATA, 0x87868584),
        case("l32i.n a5, a4, 4", "5814", DATA, 0x87868584),
    ],
)
def test_a5_from_a4(code: str, a4: int, a5: int) -> None:
    core = run(code, {4: a4})
    assert core.a == [0, 0, 0, 0, a4, a5, *[0] * 10]


def test_l32r_reads_a_word_before_the_instruction() -> None:
    """l32r a5, CODE - 8"""
    core = Core(Memory(bytes.fromhex("51feff")), CODE)
    core.space.store(CODE - 8, 4, 0xDEADBEEF)
    step(core)
    assert core.a[5] == 0xDEADBEEF


@pytest.mark.parametrize(
    ("code", "cells"),
    [
        case("s8i a5, a4, 1", "524401", "80 44 82 83 84 85 86 87"),
        case("s16i a5, a4, 2", "525401", "80 81 44 33 84 85 86 87"),
        case("s32i a5, a4, 4", "526401", "80 81 82 83 44 33 22 11"),
        case("s32i.n a5, a4, 4", "5914", "80 81 82 83 44 33 22 11"),
    ],
)
def test_store_of_a5_at_a4(code: str, cells: str) -> None:
    core = run(code, {4: DATA, 5: 0x11223344})
    assert core.load(DATA, 4) | core.load(DATA + 4, 4) << 32 == int.from_bytes(
        bytes.fromhex(cells), "little"
    )


@pytest.mark.parametrize(
    ("code", "a4"), [("6c04", ONES - 31), ("5cf4", 95), ("0c04", 0)], ids=["-32", "95", "0"]
)
def test_movi_n_a4(code: str, a4: int) -> None:
    assert run(code, {4: 1}).a[4] == a4


BRANCHES = [
    # what, its bytes, (a4, a5) that branch, (a4, a5) that do not
    ("bnone a4, a5, +16", "57040c", (0xF0, 0x0F), (0xF0, 0x1F)),
    ("beq a4, a5, +16", "57140c", (3, 3), (3, 4)),
    ("blt a4, a5, +16", "57240c", (ONES, 0), (0, 0)),
    ("bltu a4, a5, +16", "57340c", (0, ONES), (ONES, 0)),
    ("ball a4, a5, +16", "57440c", (0xFF, 0x0F), (0xF7, 0x0F)),
    ("bbc a4, a5, +16", "57540c", (ONES - 4, 2), (4, 2)),
    ("bany a4, a5, +16", "57840c", (0xF0, 0x1F), (0xF0, 0x0F)),
    ("bne a4, a5, +16", "57940c", (3, 4), (3, 3)),
    ("bge a4, a5, +16", "57a40c", (0, 0), (ONES, 0)),
    ("bgeu a4, a5, +16", "57b40c", (ONES, 0), (0, ONES)),
    ("bnall a4, a5, +16", "57c40c", (0xF7, 0x0F), (0xFF, 0x0F)),
    ("bbs a4, a5, +16", "57d40c", (4, 34), (ONES - 4, 34)),
    ("bbci a4, 5, +16", "57640c", (ONES - 32, 0), (32, 0)),
    ("bbci a4, 21, +16", "57740c", (ONES - (1 << 21), 0), (1 << 21, 0)),
    ("bbsi a4, 5, +16", "57e40c", (32, 0), (ONES - 32, 0)),
    ("beqz a4, +16", "16c400", (0, 0), (1, 0)),
    ("bnez a4, +16", "56c400", (1, 0), (0, 0)),
    ("bltz a4, +16", "96c400", (ONES, 0), (0, 0)),
    ("bgez a4, +16", "d6c400", (0, 0), (ONES, 0)),
    ("beqi a4, 256, +16", "26f40c", (256, 0), (255, 0)),
    ("bnei a4, 256, +16", "66f40c", (255, 0), (256, 0)),
    ("blti a4, 256, +16", "a6f40c", (ONES, 0), (256, 0)),
    ("bgei a4, 256, +16", "e6f40c", (256, 0), (ONES, 0)),
    ("beqi a4, -1, +16", "26040c", (ONES, 0), (1, 0)),
    ("bltui a4, 32768, +16", "b6040c", (32767, 0), (ONES, 0)),
    ("bgeui a4, 65536, +16", "f6140c", (ONES, 0), (65535, 0)),
    ("beqz.n a4, +16", "8cc4", (0, 0), (1, 0)),
    ("bnez.n a4, +16", "ccc4", (1, 0), (0, 0)),
]


@pytest.mark.parametrize(
    ("code", "taken", "not_taken"), [pytest.param(*row[1:], id=row[0]) for row in BRANCHES]
)
def test_branch(code: str, taken: tuple[int, int], not_taken: tuple[int, int]) -> None:
    assert run(code, dict(zip((4, 5), taken, strict=True))).pc == CODE + 16
    assert run(code, dict(zip((4, 5), not_taken, strict=True))).pc == CODE + len(code) // 2


@pytest.mark.parametrize(
    ("code", "target", "a0"),
    [
        case("bbsi a4, 21, -16", "57f4ec", CODE - 16, 0x1000),
        case("bnez.n a4, +34", "dce4", CODE + 34, 0x1000),
        case("j +16", "060300", CODE + 16, 0x1000),
        case("j -16", "06fbff", CODE - 16, 0x1000),
        case("call0 +16", "c50000", CODE + 16, CODE + 3),
        case("callx0 a4", "c00400", ONES, CODE + 3),
        case("callx0 a0", "c00000", 0x1000, CODE + 3),
        case("jx a4", "a00400", ONES, 0x1000),
        case("ret", "800000", 0x1000, 0x1000),
        case("ret.n", "0df0", 0x1000, 0x1000),
        case("waiti 0", "007000", CODE, 0x1000),
    ],
)
def test_jump(code: str, target: int, a0: int) -> None:
    core = run(code, {0: 0x1000, 4: ONES})
    assert (core.pc, core.a[0]) == (target, a0)


@pytest.mark.parametrize("code", ["f02000", "c02000", "002000", "3df0"])
def test_nothing_is_done_by_nop_memw_isync_and_nop_n(code: str) -> None:
    core = run(code, {})
    assert core.a == [0] * 16
    assert core.pc == CODE + len(code) // 2


def test_special_registers_are_kept_and_exchanged() -> None:
    core = run("50d113", {5: 42})  # wsr a5, excsave1
    core.space.store(core.pc, 3, 0x61D150)  # xsr a5, excsave1
    core.a[5] = 7
    step(core)
    assert (core.a[5], core.special[209]) == (42, 7)
    assert run("50ea03", {}).a[5] == 0  # rsr a5, ccount
    assert run("506f00", {}).special[230] == 15  # rsil a5, 15


@pytest.mark.parametrize(
    "code",
    [
        case("ill", "000000"),
        case("ill.n", "6df0"),
        case("entry a1, 256", "360102"),
        case("call8", "250000"),
        case("loop a4", "768402"),
        case("quou a3, a4, a5", "5034c2"),
        case("sext a3, a4, 7", "003423"),
        case("s32c1i a5, a4, 4", "52e401"),
        case("rsr a5, lbeg", "500003"),
        case("lsi f5, a4, 4", "530401"),
        case("mac16", "040000"),
        case("reserved", "0e00"),
        case("break 0, 0", "004000"),
    ],
)
def test_what_an_lx106_does_not_have_is_illegal(code: str) -> None:
    with pytest.raises(CoreError) as caught:
        run(code, {})
    assert caught.value.cause is Cause.ILLEGAL_INSTRUCTION


def test_syscall_is_an_exception_of_its_own() -> None:
    with pytest.raises(CoreError) as caught:
        run("005000", {})
    assert caught.value.cause is Cause.SYSCALL


@given(st.binary(min_size=3, max_size=3), st.lists(st.integers(0, ONES), min_size=16, max_size=16))
def test_any_bytes_are_carried_out_or_refused(code: bytes, registers: list[int]) -> None:
    core = Core(Memory(code), CODE)
    core.a[:] = registers
    try:
        step(core)
    except CoreError:
        assert core.a == registers
        assert core.pc == CODE
    assert all(0 <= value <= ONES for value in (*core.a, core.pc))
