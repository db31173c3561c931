"""A break on the module's RX: one NUL, whatever listens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.units import NS_PER_MS, NS_PER_S
from hil.virtual.adapter import SerialAdapter
from hil.virtual.bench import Contact
from hil.virtual.uart import LineFormat

if TYPE_CHECKING:
    from .bench_host import Host

ANSWER = b"AT\r\r\n\r\nOK\r\n"


@pytest.fixture
def module(host: Host) -> Host:
    """A module that has said `ready`."""
    host.switch(Contact.POWER, is_closed=True)
    host.wait(NS_PER_S)
    assert host.read().endswith(b"\r\nready\r\n")
    return host


def hold_low(host: Host, duration_ns: int, meanwhile: bytes = b"") -> None:
    host.bench.set_break(is_on=True, now_ns=host.world.now_ns)
    host.bench.write(meanwhile, host.world.now_ns)
    host.wait(duration_ns)
    host.bench.set_break(is_on=False, now_ns=host.world.now_ns)


@pytest.mark.parametrize("duration_ms", [1, 250, 5000])
def test_the_firmware_hears_one_nul_however_long_it_is(module: Host, duration_ms: int) -> None:
    hold_low(module, duration_ms * NS_PER_MS)
    module.wait(NS_PER_MS)
    assert module.read() == b"\0"


def test_a_nul_between_lines_is_no_part_of_a_command(module: Host) -> None:
    hold_low(module, 250 * NS_PER_MS)
    module.send(b"AT\r\n")
    module.wait(100 * NS_PER_MS)
    assert module.read() == b"\0" + ANSWER


def test_a_nul_within_a_line_spoils_it(module: Host) -> None:
    module.send(b"AT+GM")
    hold_low(module, 250 * NS_PER_MS)
    module.send(b"R\r\n")
    module.wait(100 * NS_PER_MS)
    assert module.read() == b"AT+GM\0R\r\r\n\r\nERROR\r\n"


def test_it_comes_when_the_break_begins_and_not_when_it_ends(module: Host) -> None:
    module.bench.set_break(is_on=True, now_ns=module.world.now_ns)
    module.wait(NS_PER_MS)
    assert module.read() == b"\0"


def test_what_is_sent_meanwhile_is_lost(module: Host) -> None:
    hold_low(module, 250 * NS_PER_MS, meanwhile=b"AT+GMR\r\n")
    module.send(b"AT\r\n")
    module.wait(100 * NS_PER_MS)
    assert module.read() == b"\0" + ANSWER


def test_what_was_sent_before_comes_first(module: Host) -> None:
    module.send(b"AT\r\n")
    hold_low(module, 250 * NS_PER_MS)
    module.wait(100 * NS_PER_MS)
    assert module.read() == ANSWER + b"\0"


def test_a_module_without_power_hears_nothing_of_it(host: Host) -> None:
    host.bench.set_break(is_on=True, now_ns=host.world.now_ns)
    host.switch(Contact.POWER, is_closed=True)
    host.wait(NS_PER_S)
    host.bench.set_break(is_on=False, now_ns=host.world.now_ns)
    assert host.read().endswith(b"\r\nready\r\n")


def test_the_serial_loader_does_not_take_it_for_the_rate_of_the_host(host: Host) -> None:
    host.switch(Contact.STRAP, is_closed=True)
    host.switch(Contact.POWER, is_closed=True)
    host.wait(NS_PER_S)
    hold_low(host, 250 * NS_PER_MS)
    host.listen_at(115200)
    host.read()
    sync = b"\xc0\x00\x08\x24\x00\x00\x00\x00\x00\x07\x07\x12\x20" + b"\x55" * 32 + b"\xc0"
    host.send(sync)
    host.wait(100 * NS_PER_MS)
    assert host.read() == b"\xc0\x01\x08\x02\x00\x07\x07\x12\x20\x00\x00\xc0" * 8


class TestAdapter:
    """100,000 baud 8N1: a byte lasts 100 us."""

    def test_it_begins_behind_the_bytes_on_the_wire_and_lasts_as_long_as_it_was_meant_to(
        self,
    ) -> None:
        adapter = SerialAdapter(LineFormat(100_000))
        adapter.write(b"abc", 0)
        assert adapter.begin_break(50_000) == 300_000
        adapter.end_break(150_000)
        assert adapter.write(b"d", 150_000)[0].start_ns == 400_000

    def test_on_an_idle_wire_it_ends_when_it_ends(self) -> None:
        adapter = SerialAdapter(LineFormat(100_000))
        adapter.write(b"a", 0)
        assert adapter.begin_break(1_000_000) == 1_000_000
        adapter.end_break(1_250_000)
        assert adapter.write(b"b", 1_250_000)[0].start_ns == 1_250_000

    def test_to_begin_twice_is_to_begin_once(self) -> None:
        adapter = SerialAdapter()
        adapter.begin_break(0)
        assert adapter.begin_break(1_000_000) == 0
        adapter.end_break(2_000_000)
        adapter.end_break(3_000_000)
        assert not adapter.is_in_break
        assert adapter.transmit_end_ns() == 2_000_000
