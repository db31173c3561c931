"""What the SDK prints when the firmware starts: at which rate, of which settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.flashing.layout import plan_layout
from hil.flashing.synthesis import synthesize
from hil.units import MIB, NS_PER_MS, NS_PER_S
from hil.virtual.bench import Bench, Contact
from hil.virtual.chip import Chip, ChipSetup
from hil.virtual.efuse import Efuse
from hil.virtual.firmware.dialect import DIALECTS
from hil.virtual.flash import NorFlash

from .bench_host import MAC, Host

if TYPE_CHECKING:
    from hil.flashing.manifest import Firmware

BOOTED = b"jump to run user1 @ 1000\n\n"
REAL = b"\r\nSDK ver: 1.0.1 compiled @ Apr 24 2015 19:31:11\r\nphy ver: 329, pp ver: 8.4\r\n\r\n"


def host_of(flash: NorFlash, dialect: str = "documented") -> Host:
    chip = Chip(ChipSetup(Efuse.for_mac(MAC), DIALECTS[dialect]), flash)
    return Host(Bench(chip, circuit="none", is_wake_link_closed=True))


def order(host: Host, *lines: bytes) -> None:
    """Let a running module do things, at the rate of the firmware."""
    for line in lines:
        host.send(line + b"\r\n")
        host.wait(NS_PER_S)
        assert host.read().endswith(b"\r\nOK\r\n")


def start(host: Host) -> None:
    host.switch(Contact.POWER, is_closed=True)
    host.wait(NS_PER_S)
    host.read()


def start_text(host: Host) -> bytes:
    """Feed the module anew; what it says behind the boot loader's text, at the rate of the ROM."""
    host.switch(Contact.POWER, is_closed=False)
    host.listen_at(74880)
    host.wait(NS_PER_S)
    host.read()
    host.switch(Contact.POWER, is_closed=True)
    host.wait(150 * NS_PER_MS)
    said = host.read()
    host.listen_at(115200)
    host.wait(NS_PER_S)
    return said.partition(BOOTED)[2]


@pytest.mark.parametrize(
    ("mode", "text"),
    [
        (b"1", b"sta(18:fe:34:ab:cd:ef)"),
        (b"2", b"softAP(1a:fe:34:ab:cd:ef)"),
        (b"3", b"sta(18:fe:34:ab:cd:ef) + softAP(1a:fe:34:ab:cd:ef)"),
    ],
)
def test_the_document_has_version_and_interfaces(flash: NorFlash, mode: bytes, text: bytes) -> None:
    """BOOT-10 and BOOT-11; the interfaces are those that the stored mode switches on."""
    host = host_of(flash)
    start(host)
    order(host, b"AT+CWMODE_DEF=" + mode)
    assert start_text(host) == b"SDK version: 1.0.1\r\nmode : " + text + b"\r\n"


def test_the_addresses_are_those_in_force(flash: NorFlash) -> None:
    host = host_of(flash)
    start(host)
    order(
        host,
        b"AT+CWMODE_DEF=3",
        b'AT+CIPSTAMAC_DEF="18:fe:35:98:d3:7b"',
        b'AT+CIPAPMAC_DEF="1a:fe:36:97:d5:7b"',
    )
    assert start_text(host).endswith(
        b"mode : sta(18:fe:35:98:d3:7b) + softAP(1a:fe:36:97:d5:7b)\r\n"
    )


def test_the_version_is_the_one_that_gmr_tells() -> None:
    newer: Firmware = synthesize(at_version="0.24.0.0", sdk_version="1.1.0")
    flash = NorFlash(MIB)
    for region in plan_layout(newer, MIB).regions:
        flash.load(region.offset, region.expected_data)
    assert start_text(host_of(flash)).startswith(b"SDK version: 1.1.0\r\n")


def test_the_real_firmware_tells_its_parts_and_no_interfaces(flash: NorFlash) -> None:
    assert start_text(host_of(flash, "espressif-0.23")) == REAL


@pytest.mark.parametrize("dialect", DIALECTS)
def test_at_the_rate_of_the_firmware_it_is_noise_in_front_of_ready(
    flash: NorFlash, dialect: str
) -> None:
    host = host_of(flash, dialect)
    host.switch(Contact.POWER, is_closed=True)
    host.wait(NS_PER_S)
    noise, ready, rest = host.read().partition(b"\r\nready\r\n")
    assert b"SDK" not in noise
    assert ready
    assert rest == b""


def test_a_stored_rate_does_not_change_it(flash: NorFlash) -> None:
    host = host_of(flash)
    start(host)
    order(host, b"AT+UART_DEF=9600,7,2,2,3")
    assert start_text(host).startswith(b"SDK version: 1.0.1\r\n")
