"""An adapter that is set as its module is, and what a module understands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.units import NS_PER_MS, NS_PER_S
from hil.virtual.adapter import SerialAdapter
from hil.virtual.bench import Contact
from hil.virtual.uart import Burst, LineFormat, Parity

if TYPE_CHECKING:
    from .bench_host import Host

ROM_FORMAT = LineFormat(74880)
USUAL_FORMAT = LineFormat(115200)


def test_an_adapter_can_hear_each_burst_in_its_own_format() -> None:
    adapter = SerialAdapter(LineFormat(9600))
    adapter.accept(Burst(0, b"log", ROM_FORMAT))
    adapter.set_format(USUAL_FORMAT, 0, hears_all=True)
    adapter.accept(Burst(NS_PER_MS, b"ready", LineFormat(921600, 7, Parity.EVEN)))
    assert adapter.read(99, NS_PER_S) == b"logready"
    assert adapter.line_format == USUAL_FORMAT


def test_it_stops_when_a_host_sets_a_format_again() -> None:
    adapter = SerialAdapter(USUAL_FORMAT)
    adapter.set_format(USUAL_FORMAT, 0, hears_all=True)
    adapter.set_format(USUAL_FORMAT, 0)
    adapter.accept(Burst(0, b"log", ROM_FORMAT))
    assert adapter.read(99, NS_PER_S) != b"log"


def test_a_bench_follows_its_module(host: Host) -> None:
    host.switch(Contact.POWER, is_closed=True)
    host.bench.follow_format(host.world.now_ns)
    assert host.bench.adapter.line_format == ROM_FORMAT
    host.wait(NS_PER_S)
    host.bench.follow_format(host.world.now_ns)
    assert host.bench.adapter.line_format == USUAL_FORMAT
    heard = host.read()
    assert heard.startswith(b"\r\n ets Jan  8 2013")
    assert heard.endswith(b"ready\r\n")


def test_a_firmware_understands_no_sync_and_a_loader_does_at_any_rate(host: Host) -> None:
    host.switch(Contact.POWER, is_closed=True)
    assert not host.bench.chip.hears_sync(USUAL_FORMAT)
    host.wait(NS_PER_S)
    assert not host.bench.chip.hears_sync(USUAL_FORMAT)
    host.switch(Contact.STRAP, is_closed=True)
    host.reset()
    host.wait(NS_PER_S)
    assert host.bench.chip.hears_sync(USUAL_FORMAT)
    assert host.bench.chip.hears_sync(LineFormat(9600))
