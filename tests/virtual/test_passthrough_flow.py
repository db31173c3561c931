"""Bursts through a module in passthrough: UART with flow control, network, and a peer behind it."""

from __future__ import annotations

from ipaddress import IPv4Address
from random import Random
from typing import TYPE_CHECKING

import pytest

from hil.units import KIB, NS_PER_MS, NS_PER_S
from hil.virtual.air.air import Air
from hil.virtual.bench import Bench, Contact
from hil.virtual.chip import Chip, ChipSetup
from hil.virtual.efuse import Efuse
from hil.virtual.firmware.dialect import DIALECTS
from hil.virtual.network.internet import Internet
from hil.virtual.network.peer import Peer, SlowReader
from hil.virtual.network.way import Path
from hil.virtual.outside import Surroundings

from .bench_host import MAC, Host

if TYPE_CHECKING:
    from hil.virtual.flash import NorFlash
    from hil.virtual.network.tcp import TcpEnd

PEER = IPv4Address("192.168.4.2")
BURST = Random(26).randbytes(64 * KIB)  # noqa: S311 - must repeat itself


class Recorder(Peer):
    """A sink that keeps what comes."""

    def __init__(self) -> None:
        super().__init__()
        self.data = bytearray()
        self.end: TcpEnd | None = None

    def opened(self, end: TcpEnd, now_ns: int) -> None:
        self.end = end

    def received(self, end: TcpEnd, data: bytes, now_ns: int) -> None:
        self.data += data
        super().received(end, data, now_ns)


class SlowRecorder(SlowReader):
    """Keeps what comes, and lets little come at a time."""

    def __init__(self, internet: Internet) -> None:
        super().__init__(internet.agenda, bite_bytes=1000, interval_ns=40 * NS_PER_MS)
        self.data = bytearray()

    def received(self, end: TcpEnd, data: bytes, now_ns: int) -> None:
        self.data += data
        super().received(end, data, now_ns)


class Rig:
    """A module in passthrough to a peer that has joined its softAP.

    Args:
        flash: Its flash.
        dialect: What it speaks.
        way_ms: Half a round trip.
        flow_control: The code of the document; the host heeds RTS if it is not 0.
    """

    def __init__(
        self, flash: NorFlash, *, dialect: str, way_ms: int = 10, flow_control: int = 3
    ) -> None:
        chip = Chip(ChipSetup(Efuse.for_mac(MAC), DIALECTS[dialect]), flash)
        self.host = Host(Bench(chip, circuit="flow-control", is_wake_link_closed=True))
        self.bench = self.host.bench
        self.internet = Internet(Random(1), Path(way_ms * NS_PER_MS))  # noqa: S311 - must repeat
        self.host.world.add("internet", self.internet)
        side = self.internet.attach(self.bench.hear)
        chip.outside = Surroundings(Air().attach(self.bench.hear), side)
        self.peer = self.internet.add_host(PEER)
        self.bench.set_modem_lines(dtr=True, rts=True, now_ns=0)
        self.host.switch(Contact.POWER, is_closed=True)
        self.host.wait(NS_PER_S)
        self.order(b"ATE0")
        self.order(b"AT+UART_CUR=921600,8,1,0,%d" % flow_control)
        self.bench.follow_format(self.host.world.now_ns)
        self.bench.heed_cts(is_heeded=flow_control != 0, now_ns=self.host.world.now_ns)

    def order(self, line: bytes) -> bytes:
        self.host.read()
        self.host.send(line + b"\r\n")
        self.host.wait(NS_PER_S)
        return self.host.read()

    def enter(self) -> None:
        assert self.order(b"AT+CIPMODE=1") == b"\r\nOK\r\n"
        assert self.order(b'AT+CIPSTART="TCP","192.168.4.2",5000').endswith(b"\r\nOK\r\n")
        assert self.order(b"AT+CIPSEND") == b"\r\nOK\r\n\r\n>"

    def has_stopped_the_host(self, duration_ns: int) -> bool:
        """Let time pass; returns whether RTS was inactive at any moment."""
        world = self.host.world
        end_ns = world.now_ns + duration_ns
        was_inactive = False
        while world.now_ns < end_ns:
            world.advance(min(end_ns, world.next_deadline_ns() or end_ns))
            was_inactive = was_inactive or not self.bench.is_cts_asserted
        return was_inactive


@pytest.mark.parametrize("dialect", DIALECTS)
def test_64_kb_at_921600_with_flow_control_lose_nothing(flash: NorFlash, dialect: str) -> None:
    rig = Rig(flash, dialect=dialect)
    recorder = Recorder()
    rig.peer.listen(5000, lambda: recorder)
    rig.enter()
    rig.host.send(BURST)
    rig.host.wait(5 * NS_PER_S)
    assert recorder.data == BURST
    assert rig.host.read() == b""


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_longer_way_stops_the_host_and_loses_nothing(flash: NorFlash, dialect: str) -> None:
    rig = Rig(flash, dialect=dialect, way_ms=40)
    recorder = Recorder()
    rig.peer.listen(5000, lambda: recorder)
    rig.enter()
    rig.host.send(BURST)
    assert rig.has_stopped_the_host(10 * NS_PER_S)
    assert recorder.data == BURST


def test_a_peer_that_reads_slowly_stops_the_host_and_loses_nothing(flash: NorFlash) -> None:
    rig = Rig(flash, dialect="documented")
    recorder = SlowRecorder(rig.internet)
    rig.peer.listen(5000, lambda: recorder, window_bytes=4000)
    rig.enter()
    rig.host.send(BURST)
    assert rig.has_stopped_the_host(10 * NS_PER_S)
    assert recorder.data == BURST


def test_without_flow_control_a_longer_way_loses_bytes(flash: NorFlash) -> None:
    rig = Rig(flash, dialect="documented", way_ms=40, flow_control=0)
    recorder = Recorder()
    rig.peer.listen(5000, lambda: recorder)
    rig.enter()
    rig.host.send(BURST)
    rig.host.wait(10 * NS_PER_S)
    assert 2048 + 2048 + 128 < len(recorder.data) < len(BURST)
    assert recorder.data.startswith(BURST[: 2048 + 2048 + 128])


def test_what_the_peer_sends_comes_raw_in_the_other_direction(flash: NorFlash) -> None:
    rig = Rig(flash, dialect="documented")
    recorder = Recorder()
    rig.peer.listen(5000, lambda: recorder)
    rig.enter()
    rig.host.send(BURST[:5000])
    assert recorder.end is not None
    recorder.end.send(BURST, rig.host.world.now_ns)
    rig.host.wait(5 * NS_PER_S)
    assert recorder.data == BURST[:5000]
    assert rig.host.read() == BURST
