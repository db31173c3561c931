"""AT+CIUPDATE on a bench: a module, its network, a server, and the restart into the new version."""

from __future__ import annotations

import re
from ipaddress import IPv4Address
from random import Random
from typing import TYPE_CHECKING

import pytest

from hil.flashing.image import Role
from hil.flashing.synthesis import synthesize
from hil.units import NS_PER_MS, NS_PER_S
from hil.virtual.address import Ipv4Config
from hil.virtual.air.access_point import ApSettings
from hil.virtual.air.air import Air
from hil.virtual.air.dhcp import DhcpServer
from hil.virtual.bench import Bench, Contact
from hil.virtual.chip import Chip, ChipSetup
from hil.virtual.efuse import Efuse
from hil.virtual.firmware.dialect import DIALECTS
from hil.virtual.image import VersionStrings
from hil.virtual.network.internet import Internet
from hil.virtual.network.peer import Peer
from hil.virtual.outside import Surroundings

from .bench_host import MAC, Host

if TYPE_CHECKING:
    from hil.virtual.flash import NorFlash
    from hil.virtual.network.tcp import TcpEnd

SERVER = IPv4Address("203.0.113.7")
MODULE = IPv4Address("192.168.1.7")
ROUTER = Ipv4Config(
    IPv4Address("192.168.1.1"), IPv4Address("192.168.1.1"), IPv4Address("255.255.255.0")
)
STATED = VersionStrings(at_version="0.23.0.0")
STAGES = b"".join(b"+CIPUPDATE:%d\r\n" % stage for stage in range(1, 5))
GMR = b"AT version:%s(Apr 24 2015 21:11:01)\r\nSDK version:1.0.1\r\n"


class FileServer(Peer):
    """Answers one request for the version or a program, and closes the connection."""

    def __init__(self, programs: dict[str, bytes], log: list[str]) -> None:
        super().__init__()
        self._programs, self._log = programs, log

    def received(self, end: TcpEnd, data: bytes, now_ns: int) -> None:
        super().received(end, data, now_ns)
        target = re.match(rb"GET (\S+) HTTP/1\.[01]\r\n(?:.+\r\n)+\r\n$", data)
        assert target is not None
        self._log.append(target[1].decode())
        body = b'{"rom_version": "v0.24"}'
        if b"filename=" in target[1]:
            body = self._programs[target[1].decode().rpartition("=")[2]]
        end.send(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body, now_ns)
        end.finish(now_ns)


class Rig:
    """A module that is on and has joined, and a server that knows a newer version."""

    def __init__(self, flash: NorFlash, dialect: str, new_version: str = "0.24.0.0") -> None:
        newer = synthesize(at_version=new_version)
        roles = {"user1.bin": Role.USER1, "user2.bin": Role.USER2}
        images = {name: newer.image(role) for name, role in roles.items()}
        self.programs = {name: image.read() for name, image in images.items() if image}
        self.log: list[str] = []
        chip = Chip(ChipSetup(Efuse.for_mac(MAC), DIALECTS[dialect], STATED), flash)
        self.bench = Bench(chip, circuit="none", is_wake_link_closed=True)
        self.host = Host(self.bench)
        self.flash = flash
        names = {"iot.espressif.cn": SERVER}
        internet = Internet(Random(1), names=names)  # noqa: S311 - must repeat itself
        self.host.world.add("internet", internet)
        internet.add_host(SERVER).listen(80, lambda: FileServer(self.programs, self.log))
        air = Air()
        self.host.world.add("air", air)
        dhcp = DhcpServer(ROUTER, MODULE, MODULE)
        air.add_access_point(ApSettings(b"net", bytes(6)), rssi_dbm=-50, dhcp=dhcp)
        hear = self.bench.hear
        chip.outside = Surroundings(air.attach(hear), internet.attach(hear))
        self.host.switch(Contact.POWER, is_closed=True)
        self.host.wait(NS_PER_S)
        self.join()

    def order(self, line: bytes, wait_s: int = 4) -> bytes:
        self.host.read()
        self.host.send(line + b"\r\n")
        self.host.wait(wait_s * NS_PER_S)
        return self.host.read()

    def join(self) -> None:
        self.order(b"ATE0")
        self.order(b"AT+CWMODE_CUR=1")
        assert self.order(b'AT+CWJAP_CUR="net",""', 8).endswith(b"\r\nOK\r\n")

    def update(self) -> bytes:
        """Run the command; returns what comes up to the restart."""
        boots = self.bench.chip.boots
        self.host.read()
        self.host.send(b"AT+CIUPDATE\r\n")
        while self.bench.chip.boots == boots:
            self.host.wait(NS_PER_MS)
        return self.host.read()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_update_restarts_into_the_new_version(flash: NorFlash, dialect: str) -> None:
    rig = Rig(flash, dialect)
    assert rig.order(b"AT+GMR").startswith(GMR % b"0.23.0.0")
    assert rig.update().startswith(STAGES + b"\r\nOK\r\n")
    rig.host.listen_at(74_880)
    rig.host.wait(100 * NS_PER_MS)
    log = rig.host.read()
    assert b"rst cause:2, boot mode:(3," in log
    assert b"\njump to run user2 @ 81000\n" in log
    rig.host.listen_at(115_200)
    rig.host.wait(NS_PER_S)
    assert b"\r\nready\r\n" in rig.host.read()
    rig.order(b"ATE0")
    assert rig.order(b"AT+GMR").startswith(GMR % b"0.24.0.0")


def test_a_manifest_says_nothing_of_the_new_version(flash: NorFlash) -> None:
    rig = Rig(flash, "documented", "%d.%d.%d.%d")
    rig.update()
    rig.host.wait(NS_PER_S)
    rig.order(b"ATE0")
    assert rig.order(b"AT+GMR").startswith(b"AT version:unknown\r\n")


def test_two_updates_come_back_to_the_first_place(flash: NorFlash) -> None:
    rig = Rig(flash, "documented")
    for number in (2, 1):
        rig.update()
        rig.host.wait(NS_PER_S)
        assert rig.log[-1].endswith(f"&filename=user{number}.bin")
        assert rig.bench.chip.phase.value == "running"
        rig.join()
    assert rig.log.count("/v1/device/rom/?is_format_simple=true") == 2


def test_a_power_cut_during_the_download_leaves_the_old_version(flash: NorFlash) -> None:
    rig = Rig(flash, "documented")
    rig.host.send(b"AT+CIUPDATE\r\n")
    rig.host.wait(2 * NS_PER_S)
    assert rig.host.read() == STAGES
    rig.host.switch(Contact.POWER, is_closed=False)
    rig.host.wait(NS_PER_S)
    rig.host.switch(Contact.POWER, is_closed=True)
    rig.host.wait(NS_PER_S)
    rig.order(b"ATE0")
    assert rig.order(b"AT+GMR").startswith(GMR % b"0.23.0.0")


def test_a_broken_new_version_gives_way_to_the_old_one(flash: NorFlash) -> None:
    rig = Rig(flash, "documented")
    rig.update()
    rig.host.wait(NS_PER_S)
    flash.load(0x81000, b"\0")
    rig.host.reset()
    rig.host.wait(4 * NS_PER_S)
    rig.order(b"ATE0")
    assert rig.order(b"AT+GMR").startswith(GMR % b"0.23.0.0")
    rig.join()
    rig.update()
    assert rig.log[-1].endswith("&filename=user2.bin")
    rig.host.wait(NS_PER_S)
    rig.order(b"ATE0")
    assert rig.order(b"AT+GMR").startswith(GMR % b"0.24.0.0")
