"""What DTR, RTS and the contacts of a bench do to EXT_RSTB and GPIO0."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.units import MIB
from hil.virtual.bench import Bench, Contact
from hil.virtual.chip import Chip, ChipSetup, Phase
from hil.virtual.efuse import Efuse
from hil.virtual.firmware.dialect import DIALECTS
from hil.virtual.flash import NorFlash
from hil.virtual.wiring import CIRCUITS

from .bench_host import MAC

if TYPE_CHECKING:
    from .bench_host import Host

LOW, HIGH = True, False


def blank_bench(circuit: str) -> Bench:
    chip = Chip(ChipSetup(Efuse.for_mac(MAC), DIALECTS["documented"]), NorFlash(MIB))
    return Bench(chip, circuit=circuit, is_wake_link_closed=True)


def pins(bench: Bench) -> tuple[bool, bool]:
    """(EXT_RSTB low, GPIO0 low)"""
    return bench.chip.is_reset_low, not bench.chip.straps.gpio0


@pytest.mark.parametrize(
    ("circuit", "dtr", "rts", "expected"),
    [
        ("two-transistor", False, False, (HIGH, HIGH)),
        ("two-transistor", False, True, (LOW, HIGH)),
        ("two-transistor", True, False, (HIGH, LOW)),
        ("two-transistor", True, True, (HIGH, HIGH)),
        ("direct", False, False, (HIGH, HIGH)),
        ("direct", False, True, (LOW, HIGH)),
        ("direct", True, False, (HIGH, LOW)),
        ("direct", True, True, (LOW, LOW)),
        ("flow-control", False, True, (HIGH, HIGH)),
        ("flow-control", True, False, (HIGH, HIGH)),
        ("none", False, False, (HIGH, HIGH)),
        ("none", False, True, (HIGH, HIGH)),
        ("none", True, False, (HIGH, HIGH)),
        ("none", True, True, (HIGH, HIGH)),
    ],
)
def test_modem_lines_reach_the_pins_as_the_circuit_says(
    circuit: str, dtr: bool, rts: bool, expected: tuple[bool, bool]
) -> None:
    bench = blank_bench(circuit)
    bench.set_modem_lines(dtr=dtr, rts=rts, now_ns=0)
    assert pins(bench) == expected


def test_every_circuit_is_tested_here() -> None:
    assert set(CIRCUITS) == {"two-transistor", "direct", "flow-control", "none"}


def test_no_circuit_touches_a_pin_while_both_lines_are_released() -> None:
    assert {circuit(False, False) for circuit in CIRCUITS.values()} == {(HIGH, HIGH)}


@pytest.mark.parametrize(
    ("contact", "expected"), [(Contact.RESET, (LOW, HIGH)), (Contact.STRAP, (HIGH, LOW))]
)
def test_a_contact_pulls_its_pin_low(contact: Contact, expected: tuple[bool, bool]) -> None:
    bench = blank_bench("none")
    bench.switch(contact, is_closed=True, now_ns=0)
    assert pins(bench) == expected
    assert bench.is_closed(contact)
    bench.switch(contact, is_closed=False, now_ns=1)
    assert pins(bench) == (HIGH, HIGH)
    assert not bench.is_closed(contact)


def test_a_pin_is_low_while_a_contact_or_a_modem_line_pulls_it() -> None:
    bench = blank_bench("direct")
    bench.switch(Contact.RESET, is_closed=True, now_ns=0)
    bench.switch(Contact.STRAP, is_closed=True, now_ns=0)
    bench.set_modem_lines(dtr=True, rts=True, now_ns=0)
    bench.switch(Contact.RESET, is_closed=False, now_ns=1)
    bench.switch(Contact.STRAP, is_closed=False, now_ns=1)
    assert pins(bench) == (LOW, LOW)
    bench.set_modem_lines(dtr=False, rts=False, now_ns=2)
    assert pins(bench) == (HIGH, HIGH)


def test_a_module_that_is_fed_while_its_reset_is_held_waits(host: Host) -> None:
    host.switch(Contact.RESET, is_closed=True)
    host.switch(Contact.POWER, is_closed=True)
    host.wait(1_000_000_000)
    assert host.bench.chip.phase is Phase.RESET
    assert host.read() == b""
    host.switch(Contact.RESET, is_closed=False)
    host.wait(1_000_000_000)
    assert host.read().endswith(b"\r\nready\r\n")


def test_a_program_that_opens_the_port_leaves_a_board_with_two_transistors_alone(
    host: Host,
) -> None:
    host.switch(Contact.POWER, is_closed=True)
    host.wait(1_000_000_000)
    boots = host.bench.chip.boots
    host.bench.set_modem_lines(dtr=True, rts=True, now_ns=host.world.now_ns)
    host.bench.set_modem_lines(dtr=True, rts=False, now_ns=host.world.now_ns)
    host.bench.set_modem_lines(dtr=False, rts=False, now_ns=host.world.now_ns)
    host.wait(1_000_000_000)
    assert host.bench.chip.boots == boots
