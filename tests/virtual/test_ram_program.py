"""Programs in RAM: what is seen of them, and that none of them costs more than it must."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.units import NS_PER_MS, NS_PER_S
from hil.virtual import ram_program
from hil.virtual.action import Hang, Restart, Send
from hil.virtual.uart import Burst, LineFormat

from .ram_host import (
    CODE,
    PRINT_FOR_EVER,
    PRINT_FOR_EVER_ENTRY,
    PRINTF,
    TEXT,
    RamHost,
    calls,
)

if TYPE_CHECKING:
    from hil.virtual.program import Program

DELAY = 0x4000_2ECC
RESTART = 0x4000_264C


def printing(text: bytes = b"Hello world!\n\0") -> RamHost:
    return RamHost(PRINT_FOR_EVER, PRINT_FOR_EVER_ENTRY, text)


def test_it_is_a_program_that_ignores_what_arrives() -> None:
    host = printing()
    program: Program = host.program
    burst = Burst(0, b"AT\r\n", LineFormat(115200))
    assert program.bytes_wanted(burst) == 4
    assert program.receive(burst) == []


def test_it_prints_as_fast_as_its_line_and_costs_no_more() -> None:
    host = printing()
    host.run(limit_ns=NS_PER_S)
    assert 11_520 <= len(host.printed) <= 11_520 + 128 + 14
    assert host.printed == (b"Hello world!\r\n" * 1000)[: len(host.printed)]
    assert host.program.core.cycles < 6_000
    sends = [action for action in host.actions if isinstance(action, Send)]
    line_format = LineFormat(115200)
    ahead = [
        line_format.duration_ns(14 * (index + 1)) - send.at_ns for index, send in enumerate(sends)
    ]
    assert max(ahead) <= line_format.duration_ns(128 + 14)  # no more waits than the FIFO holds


@given(st.lists(st.integers(1, 3 * NS_PER_MS), max_size=30))
def test_how_time_is_sliced_changes_nothing(pauses_ns: list[int]) -> None:
    whole, sliced = printing(), printing()
    now_ns = 0
    for pause_ns in [*pauses_ns, 0]:
        now_ns += pause_ns
        sliced.actions += sliced.program.advance(now_ns)
    whole.run(now_ns)
    assert sliced.actions == whole.actions


def test_a_return_ends_in_the_rom() -> None:
    host = RamHost(bytes.fromhex("0df0"), CODE)  # ret.n
    host.run()
    assert host.printed == b"user code done\r\n"
    assert host.program.next_deadline_ns() is None


@pytest.mark.parametrize(
    ("code", "cause", "at", "address"),
    [
        ("000000", 0, CODE, 0),  # ill
        ("005000", 1, CODE, 0),  # syscall
        ("050000 00 524000", 3, CODE + 4, CODE + 3),  # call0, to: s8i a5, a0, 0
        ("42c101 522400", 9, CODE + 3, 0x3FFF_FFF1),  # addi a4, a1, 1; l32i a5, a4, 0
        ("a00400", 20, 0, 0),  # jx a4
        ("520400", 28, CODE, 0),  # l8ui a5, a4, 0
        ("525410", 29, CODE, 0x20),  # s16i a5, a4, 32
    ],
)
def test_what_cannot_be_carried_out_is_a_fatal_exception(
    code: str, cause: int, at: int, address: int
) -> None:
    host = RamHost(bytes.fromhex(code), CODE)
    host.run()
    (hang,) = host.ends
    assert isinstance(hang, Hang)
    assert host.printed == (
        b"Fatal exception (%d):\r\nepc1=0x%08x, epc2=0x00000000, epc3=0x00000000, "
        b"excvaddr=0x%08x, depc=0x00000000\r\n" % (cause, at, address)
    )
    assert host.program.next_deadline_ns() is None


@pytest.mark.parametrize(
    ("code", "cycles"),
    [
        ("06ffff", 10),  # j .
        ("007000", 10),  # waiti 0
        # movi a2, 100; then: addi a2, a2, -1; bnez a2; j to the first of them
        ("22a064 22c2ff 5692ff c6fcff", 1_000),
        # the same, storing a2 in data memory each time: nobody can tell that it never ends
        ("22a064 22c2ff 226100 5662ff 06fcff", 20_010),
        # rsr a2, ccount; j: it waits for a moment that it does not recognise here
        ("20ea03 46feff", 20_010),
    ],
)
def test_a_loop_of_which_nothing_is_seen_is_not_executed_for_ever(
    monkeypatch: pytest.MonkeyPatch, code: str, cycles: int
) -> None:
    monkeypatch.setattr(ram_program, "_SILENT_STEPS", 20_000)
    host = RamHost(bytes.fromhex(code), CODE)
    host.run(limit_ns=3600 * NS_PER_S)
    assert host.program.next_deadline_ns() is None
    assert host.actions == []
    assert cycles / 10 < host.program.core.cycles <= cycles


@pytest.mark.parametrize("duration_us", [0, 1, 50])
def test_short_waits_do_not_keep_a_loop_alive(
    monkeypatch: pytest.MonkeyPatch, duration_us: int
) -> None:
    monkeypatch.setattr(ram_program, "_SILENT_STEPS", 5_000)
    code = calls((DELAY, duration_us))[:-3] + b"\xc6\xfc\xff"  # j back to the arguments
    host = RamHost(code, CODE + 8)
    host.run(limit_ns=3600 * NS_PER_S)
    assert host.program.next_deadline_ns() is None
    assert host.actions == []
    assert host.program.core.cycles <= 20_000


def test_waits_of_some_length_keep_a_loop_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ram_program, "_SILENT_STEPS", 500)
    code = calls((DELAY, 1000))[:-3] + b"\xc6\xfc\xff"
    host = RamHost(code, CODE + 8)
    host.run(limit_ns=NS_PER_S)
    assert host.program.next_deadline_ns() is not None


def test_a_delay_passes_the_time_it_is_asked_for() -> None:
    host = RamHost.call(
        (DELAY, 1_000_000), (PRINTF, TEXT), (DELAY, 500_000), (PRINTF, TEXT), text=b".\0"
    )
    first, second = (action.at_ns for action in host.actions if isinstance(action, Send))
    assert NS_PER_S <= first < NS_PER_S + NS_PER_MS
    assert 500 * NS_PER_MS <= second - first < 501 * NS_PER_MS


def test_software_reset_restarts_the_chip() -> None:
    host = RamHost.call((RESTART,), (PRINTF, TEXT), text=b"not reached\0")
    (restart,) = host.actions
    assert isinstance(restart, Restart)


def test_arguments_come_from_registers_and_then_from_the_stack() -> None:
    host = RamHost.call((PRINTF, TEXT, 1, 2, 3, 4, 5), text=b"%d %d %d %d %d %d\n\0")
    assert host.printed == b"1 2 3 4 5 0\r\n"


@pytest.mark.parametrize(
    ("function", "arguments", "result"),
    [
        (0x4000_E21C, (7, 2), 3),
        (0x4000_E21C, (0xFFFF_FFFF, 16), 0x0FFF_FFFF),
        (0x4000_E268, (7, 2), 1),
        (0x4000_2AC8, (TEXT,), 6),
        (0x4000_BF4C, (TEXT + 4,), 2),
    ],
)
def test_functions_that_return_a_number(
    function: int, arguments: tuple[int, ...], result: int
) -> None:
    host = RamHost.call((function, *arguments), text=b"length\0")
    assert host.program.core.a[2] == result


def test_functions_that_move_memory() -> None:
    copy, fill = 0x4000_DF48, 0x4000_E190
    host = RamHost.call(
        (copy, TEXT + 8, TEXT, 4),
        (fill, TEXT + 2, ord("x"), 3),
        (PRINTF, TEXT),
        text=b"0123456789ABCDEF",
    )
    assert host.printed == b"01xxx5670123CDEF"
    host = RamHost.call((fill, TEXT, 0xFF, 0xFFFF_FFFF))  # no more than there is
    assert host.registers.read(TEXT + 0x1000) == 0xFFFF_FFFF


def test_bytes_can_be_stored_to_the_fifo_which_tells_how_full_it_is() -> None:
    # a4 = UART; then: s32i a5, a4, 0; l32i a6, a4, 28; addi a5, a5, 1; bnei a5, 4
    code = "00000060 41ffff 526400 622407 52c501 66451f"
    host = RamHost(bytes.fromhex(code.replace("66451f", "6645f3")) + b"\x06\xff\xff", CODE + 4)
    host.run()
    assert host.printed == b"\0\1\2\3"
    assert host.program.core.a[6] == 4 << 16
