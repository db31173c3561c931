"""RTS and CTS of UART0: who stops whom, behind which byte, and what is lost without them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.units import NS_PER_MS, NS_PER_S
from hil.virtual.adapter import SerialAdapter
from hil.virtual.bench import Bench, Contact
from hil.virtual.chip import Chip, ChipSetup
from hil.virtual.efuse import Efuse
from hil.virtual.firmware.at_firmware import AtFirmware
from hil.virtual.firmware.dialect import DIALECTS
from hil.virtual.transmitter import LineCut, Transmitter
from hil.virtual.uart import Burst, LineFormat

from .bench_host import MAC, Host

if TYPE_CHECKING:
    from hil.virtual.firmware.command import Job
    from hil.virtual.flash import NorFlash

BYTE_NS = 86_806
"""One 8N1 byte at 115200 baud, rounded up."""


class Gate:
    """An input that takes bytes only while it is open."""

    def __init__(self) -> None:
        self.is_full = False
        self.data = b""

    def echo(self, data: bytes) -> bytes:
        return b""

    def wanted(self, burst: Burst) -> int:
        return len(burst.data)

    def take(self, burst: Burst) -> Job | None:
        self.data += burst.data
        return None

    def next_deadline_ns(self) -> int | None:
        return None

    def advance(self, now_ns: int) -> Job | None:
        return None


def wired_host(flash: NorFlash, flow_control: bytes) -> Host:
    chip = Chip(ChipSetup(Efuse.for_mac(MAC), DIALECTS["documented"]), flash)
    host = Host(Bench(chip, circuit="flow-control", is_wake_link_closed=True))
    host.bench.set_modem_lines(dtr=True, rts=True, now_ns=0)
    host.switch(Contact.POWER, is_closed=True)
    host.wait(NS_PER_S)
    host.send(b"ATE0\r\n")
    host.wait(NS_PER_S)
    host.send(b"AT+UART_CUR=115200,8,1,0," + flow_control + b"\r\n")
    host.wait(NS_PER_S)
    host.read()
    return host


def set_rts(host: Host, *, is_asserted: bool) -> None:
    host.bench.set_modem_lines(dtr=True, rts=is_asserted, now_ns=host.world.now_ns)


def is_cts_asserted(host: Host) -> bool:
    return host.bench.is_cts_asserted


def gate_of(host: Host, *, is_full: bool) -> Gate:
    gate = Gate()
    program = host.bench.chip._program
    assert isinstance(program, AtFirmware)
    program._state.input = gate
    set_gate(host, gate, is_full=is_full)
    return gate


def set_gate(host: Host, gate: Gate, *, is_full: bool) -> None:
    gate.is_full = is_full
    host.bench.chip._follow_flow(host.world.now_ns)
    host.bench._collect(host.world.now_ns)


class TestCts:
    @pytest.mark.parametrize("flow_control", [b"2", b"3"])
    def test_the_module_is_silent_while_cts_is_inactive(
        self, flash: NorFlash, flow_control: bytes
    ) -> None:
        host = wired_host(flash, flow_control)
        set_rts(host, is_asserted=False)
        host.send(b"AT\r\n")
        host.wait(NS_PER_S)
        assert host.read() == b""
        set_rts(host, is_asserted=True)
        host.wait(NS_PER_S)
        assert host.read() == b"\r\nOK\r\n"

    @pytest.mark.parametrize("flow_control", [b"0", b"1"])
    def test_without_it_cts_does_not_matter(self, flash: NorFlash, flow_control: bytes) -> None:
        host = wired_host(flash, flow_control)
        set_rts(host, is_asserted=False)
        host.send(b"AT\r\n")
        host.wait(NS_PER_S)
        assert host.read() == b"\r\nOK\r\n"

    def test_the_byte_on_the_wire_still_comes(self, flash: NorFlash) -> None:
        host = wired_host(flash, b"2")
        host.send(b"AT\r\n")
        host.wait(4 * BYTE_NS + 2 * BYTE_NS + BYTE_NS // 2)  # in the third byte of the answer
        set_rts(host, is_asserted=False)
        host.wait(NS_PER_S)
        assert host.read() == b"\r\nO"
        set_rts(host, is_asserted=True)
        host.wait(NS_PER_S)
        assert host.read() == b"K\r\n"

    def test_switching_it_off_lets_the_module_speak(self, flash: NorFlash) -> None:
        host = wired_host(flash, b"2")
        set_rts(host, is_asserted=False)
        host.send(b"AT+UART_CUR=115200,8,1,0,0\r\n")
        host.wait(NS_PER_S)
        assert host.read() == b"\r\nOK\r\n"

    def test_a_reset_forgets_what_was_held_up(self, flash: NorFlash) -> None:
        host = wired_host(flash, b"2")
        set_rts(host, is_asserted=False)
        host.send(b"AT\r\n")
        host.wait(NS_PER_MS)
        host.reset()
        host.listen_at(115200)
        host.wait(NS_PER_S)
        assert host.read().endswith(b"\r\nready\r\n")

    @given(st.lists(st.tuples(st.booleans(), st.integers(0, 900_000)), max_size=12))
    def test_nothing_is_lost_or_doubled_however_often_it_stops(
        self, steps: list[tuple[bool, int]]
    ) -> None:
        transmitter, adapter = Transmitter(LineFormat()), SerialAdapter()
        text = bytes(range(64))
        now_ns = 0
        transmitter.send(text, 0)
        for is_clear, pause_ns in [*steps, (True, 64 * BYTE_NS)]:
            if is_clear:
                transmitter.resume(now_ns)
            else:
                transmitter.hold(now_ns)
            for event in transmitter.take(now_ns):
                if isinstance(event, LineCut):
                    adapter.cut(event)
                else:
                    adapter.accept(event)
            now_ns += pause_ns
            adapter.available(now_ns)
        assert adapter.read(99, now_ns + NS_PER_S) == text


class TestRts:
    @pytest.mark.parametrize("flow_control", [b"1", b"3"])
    def test_it_goes_inactive_when_the_fifo_is_nearly_full(
        self, flash: NorFlash, flow_control: bytes
    ) -> None:
        host = wired_host(flash, flow_control)
        gate_of(host, is_full=True)
        host.send(b"x" * 200)
        host.wait(109 * BYTE_NS)
        assert host.bench.is_cts_asserted
        host.wait(BYTE_NS)
        assert not host.bench.is_cts_asserted

    @pytest.mark.parametrize("flow_control", [b"0", b"2"])
    def test_it_stays_active_if_it_is_not_enabled(
        self, flash: NorFlash, flow_control: bytes
    ) -> None:
        host = wired_host(flash, flow_control)
        gate_of(host, is_full=True)
        host.send(b"x" * 200)
        host.wait(NS_PER_S)
        assert host.bench.is_cts_asserted

    def test_a_host_that_does_not_heed_it_loses_what_does_not_fit(self, flash: NorFlash) -> None:
        host = wired_host(flash, b"1")
        gate = gate_of(host, is_full=True)
        host.send(bytes(range(200)))
        host.wait(NS_PER_S)
        set_gate(host, gate, is_full=False)
        host.wait(NS_PER_S)
        assert gate.data == bytes(range(128))

    def test_a_host_that_heeds_it_loses_nothing(self, flash: NorFlash) -> None:
        host = wired_host(flash, b"1")
        host.bench.heed_cts(is_heeded=True, now_ns=host.world.now_ns)
        gate = gate_of(host, is_full=True)
        host.send(bytes(range(200)))
        host.wait(NS_PER_S)
        assert not is_cts_asserted(host)
        set_gate(host, gate, is_full=False)
        assert is_cts_asserted(host)
        host.wait(NS_PER_S)
        assert gate.data == bytes(range(200))

    def test_what_is_written_while_it_is_inactive_follows(self, flash: NorFlash) -> None:
        host = wired_host(flash, b"1")
        host.bench.heed_cts(is_heeded=True, now_ns=host.world.now_ns)
        gate = gate_of(host, is_full=True)
        host.send(b"a" * 150)
        host.wait(NS_PER_S)
        host.send(b"b" * 50)
        host.wait(NS_PER_S)
        set_gate(host, gate, is_full=False)
        host.wait(NS_PER_S)
        assert gate.data == b"a" * 150 + b"b" * 50

    def test_bytes_in_flight_when_it_takes_bytes_again_come_in_order(self, flash: NorFlash) -> None:
        host = wired_host(flash, b"0")
        gate = gate_of(host, is_full=True)
        host.send(bytes(range(200)))
        host.wait(50 * BYTE_NS + BYTE_NS // 2)
        set_gate(host, gate, is_full=False)
        host.wait(NS_PER_S)
        assert gate.data == bytes(range(200))
