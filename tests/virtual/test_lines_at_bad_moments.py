"""What becomes of lines that come at the UART while the AT firmware does something else.

It writes to the flash, or is about to restart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.units import NS_PER_S
from hil.virtual.bench import Bench, Contact
from hil.virtual.chip import Chip, ChipSetup
from hil.virtual.efuse import Efuse
from hil.virtual.firmware.dialect import DIALECTS

from .bench_host import MAC, Host

if TYPE_CHECKING:
    from hil.virtual.flash import NorFlash


def started_host(flash: NorFlash, dialect: str, *, flow_control: int = 0) -> Host:
    """A host whose module has started, with the echo off; the host heeds RTS if it is not 0."""
    chip = Chip(ChipSetup(Efuse.for_mac(MAC), DIALECTS[dialect]), flash)
    host = Host(Bench(chip, circuit="flow-control", is_wake_link_closed=True))
    host.bench.set_modem_lines(dtr=True, rts=True, now_ns=0)
    host.switch(Contact.POWER, is_closed=True)
    host.wait(NS_PER_S)
    host.send(b"ATE0\r\nAT+UART_CUR=115200,8,1,0,%d\r\n" % flow_control)
    host.wait(NS_PER_S)
    host.bench.heed_cts(is_heeded=flow_control != 0, now_ns=host.world.now_ns)
    host.read()
    return host


def answer(host: Host, data: bytes) -> bytes:
    host.send(data)
    host.wait(5 * NS_PER_S)
    return host.read()


@pytest.mark.parametrize(
    ("dialect", "heard"),
    [
        ("documented", b"\r\nbusy p...\r\n\r\nOK\r\n"),
        ("espressif-0.23", b"\r\nOK\r\n+CWMODE:3\r\n\r\nOK\r\n"),
    ],
)
def test_a_line_is_turned_away_or_carried_out_later(
    flash: NorFlash, dialect: str, heard: bytes
) -> None:
    host = started_host(flash, dialect)
    assert answer(host, b"AT+CWMODE=3\r\nAT+CWMODE?\r\n") == heard
    assert answer(host, b"AT\r\n") == b"\r\nOK\r\n"


def test_a_line_behind_a_join_is_turned_away_when_the_flash_is_written(flash: NorFlash) -> None:
    host = started_host(flash, "espressif-0.23")
    answer(host, b"AT+CWMODE=1\r\n")
    host.send(b'AT+CWJAP="home","12345678"\r\nAT\r\n')
    # 31 bytes are on the wire for 2.7 ms, then a sector is programmed, once or twice: 0.4 ms each.
    host.wait(3_000_000)
    assert host.read() == b""
    host.wait(100_000_000)
    assert host.read() == b"\r\nbusy p...\r\n"


def test_its_echo_comes_behind_the_answer(flash: NorFlash) -> None:
    host = started_host(flash, "espressif-0.23")
    answer(host, b"ATE1\r\n")
    assert answer(host, b"AT+CWMODE=3\r\nAT\r\n") == (
        b"AT+CWMODE=3\r\r\n\r\nOK\r\nAT\r\r\n\r\nOK\r\n"
    )


@pytest.mark.parametrize(("flow_control", "answers"), [(0, 100), (1, 201)])
def test_more_than_the_fifo_holds_is_lost_unless_rts_stops_the_host(
    flash: NorFlash, flow_control: int, answers: int
) -> None:
    host = started_host(flash, "espressif-0.23", flow_control=flow_control)
    answer(host, b"AT+CWMODE=1\r\n")
    answer(host, b"AT+CWMODE=2\r\n")
    # Now a sector is erased: 46.2 ms, in which 532 bytes come. 128 are kept, 101 lines are lost.
    heard = answer(host, b"AT+CWMODE=3\r\n" + b"AT\r\n" * 200)
    assert heard == b"\r\nOK\r\n" * answers


@pytest.mark.parametrize("restart", [b"AT+RST\r\n", b"AT+RESTORE\r\n"])
@pytest.mark.parametrize(("dialect", "answers"), [("documented", 1), ("espressif-0.23", 5)])
def test_lines_behind_a_restart_are_answered_for_100_ms_by_the_real_firmware(
    flash: NorFlash, restart: bytes, dialect: str, answers: int
) -> None:
    host = started_host(flash, dialect)
    boots = host.bench.chip.boots
    host.send(restart)
    host.wait(NS_PER_S // 1000)
    for _ in range(5):
        host.send(b"AT\r\n")
        host.wait(30_000_000)
    heard = host.read()
    assert heard.startswith(b"\r\nOK\r\n" * answers)
    assert heard.count(b"OK") == answers
    host.wait(NS_PER_S)
    assert host.bench.chip.boots == boots + 1
