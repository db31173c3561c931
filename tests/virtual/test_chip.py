"""The whole chip on its bench: power, reset, straps, boot, firmware, deep sleep."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.flashing.image import Role
from hil.flashing.layout import plan_layout
from hil.flashing.synthesis import synthesize
from hil.units import MIB, NS_PER_MS, NS_PER_S
from hil.virtual.bench import Bench, Contact
from hil.virtual.chip import Chip, ChipSetup, Phase
from hil.virtual.efuse import Efuse
from hil.virtual.firmware.dialect import DIALECTS
from hil.virtual.flash import NorFlash
from hil.virtual.image import VersionStrings
from hil.virtual.uart import LineFormat, Parity

from .bench_host import MAC, Host

if TYPE_CHECKING:
    from hil.flashing.manifest import Firmware

BOOTED = b"jump to run user1 @ 1000\n\n"
STARTED = BOOTED + b"SDK version: 1.0.1\r\nmode : softAP(1a:fe:34:ab:cd:ef)\r\n"


def boot_log(host: Host) -> bytes:
    """Feed the module and read what it says at the ROM's rate."""
    host.listen_at(74880)
    host.switch(Contact.POWER, is_closed=True)
    host.wait(150 * NS_PER_MS)
    return host.read()


def started(host: Host) -> Host:
    """A module that has said `ready`."""
    host.switch(Contact.POWER, is_closed=True)
    host.wait(NS_PER_S)
    assert host.read().endswith(b"\r\nready\r\n")
    return host


def ask(host: Host, line: bytes) -> bytes:
    host.send(line + b"\r\n")
    host.wait(200 * NS_PER_MS)
    return host.read()


def test_after_power_on_the_module_boots_with_cause_1(host: Host) -> None:
    log = boot_log(host)
    assert log.startswith(b"\r\n ets Jan  8 2013,rst cause:1, boot mode:(3,6)\r\n")
    assert log.endswith(STARTED)


def test_the_boot_log_is_noise_at_the_rate_of_the_firmware(host: Host) -> None:
    host.switch(Contact.POWER, is_closed=True)
    host.wait(150 * NS_PER_MS)
    noise = host.read()
    assert noise
    assert b"ets" not in noise


def test_the_firmware_answers_when_it_has_said_ready(host: Host) -> None:
    assert ask(started(host), b"AT") == b"AT\r\r\n\r\nOK\r\n"


def test_a_module_without_supply_is_silent(host: Host) -> None:
    assert ask(host, b"AT") == b""
    started(host)
    host.switch(Contact.POWER, is_closed=False)
    assert ask(host, b"AT") == b""
    assert host.bench.chip.phase is Phase.OFF


def test_a_reset_in_the_middle_of_an_answer_cuts_it(host: Host) -> None:
    started(host)
    host.send(b"AT+GMR\r\n")
    host.wait(2 * NS_PER_MS)
    host.switch(Contact.RESET, is_closed=True)
    host.wait(NS_PER_S)
    answer = host.read()
    assert answer.startswith(b"AT+GMR\r")
    assert b"OK" not in answer


def test_a_module_held_in_reset_starts_with_cause_2_when_it_is_released(host: Host) -> None:
    started(host)
    host.listen_at(74880)
    host.reset()
    host.wait(150 * NS_PER_MS)
    assert b"rst cause:2, boot mode:(3,6)" in host.read()


def test_straps_are_sampled_after_the_rc_delay(host: Host) -> None:
    started(host)
    host.listen_at(74880)
    host.switch(Contact.RESET, is_closed=True)
    host.wait(NS_PER_MS)
    host.switch(Contact.RESET, is_closed=False)
    host.switch(Contact.STRAP, is_closed=True)  # late, and still in time
    host.wait(20 * NS_PER_MS)
    assert host.read().endswith(b"rst cause:2, boot mode:(1,6)\r\n\r\n")


def test_dtr_and_rts_together_leave_the_module_alone(host: Host) -> None:
    started(host)
    host.bench.set_modem_lines(dtr=True, rts=True, now_ns=host.world.now_ns)
    host.wait(NS_PER_S)
    assert ask(host, b"AT") == b"AT\r\r\n\r\nOK\r\n"


def test_the_classic_sequence_on_dtr_and_rts_enters_the_loader(host: Host) -> None:
    started(host)
    host.listen_at(74880)
    for dtr, rts, pause_ms in ((False, True, 100), (True, True, 0), (True, False, 50)):
        host.bench.set_modem_lines(dtr=dtr, rts=rts, now_ns=host.world.now_ns)
        host.wait(pause_ms * NS_PER_MS)
    host.bench.set_modem_lines(dtr=False, rts=False, now_ns=host.world.now_ns)
    host.wait(20 * NS_PER_MS)
    assert host.read().endswith(b"boot mode:(1,6)\r\n\r\n")


def test_at_rst_repeats_cause_2(host: Host) -> None:
    started(host)
    host.send(b"AT+RST\r\n")
    host.wait(2 * NS_PER_MS)
    host.read()
    host.listen_at(74880)
    host.wait(100 * NS_PER_MS)
    assert b"rst cause:2, boot mode:(3,6)" in host.read()


def test_bytes_sent_while_the_module_boots_are_lost(host: Host) -> None:
    host.switch(Contact.POWER, is_closed=True)
    host.send(b"AT\r\n")
    host.wait(2 * NS_PER_S)
    assert b"OK" not in host.read()


def test_the_wrong_rate_is_not_understood(host: Host) -> None:
    started(host)
    host.listen_at(9600)
    assert b"OK" not in ask(host, b"AT")
    host.listen_at(115200)
    ask(host, b"")  # ends what the noise began
    assert ask(host, b"AT").endswith(b"\r\nOK\r\n")


def test_the_ok_of_uart_cur_comes_at_the_old_rate_and_the_next_at_the_new(host: Host) -> None:
    started(host)
    assert ask(host, b"AT+UART_CUR=57600,8,1,0,0").endswith(b"\r\nOK\r\n")
    host.listen_at(57600)
    assert ask(host, b"AT") == b"AT\r\r\n\r\nOK\r\n"


@pytest.mark.parametrize("parity", [1, 2])
def test_seven_bits_with_parity_pass_both_ways(host: Host, parity: int) -> None:
    started(host)
    ask(host, b"AT+UART_CUR=9600,7,3,%d,0" % parity)
    line_format = LineFormat(9600, 7, Parity(parity), 4)
    host.bench.set_format(line_format, host.world.now_ns)
    assert ask(host, b"AT") == b"AT\r\r\n\r\nOK\r\n"


def test_deep_sleep_ends_through_the_wake_link_with_cause_5(host: Host) -> None:
    started(host)
    assert b"\r\nOK\r\n" in ask(host, b"AT+GSLP=1500")
    assert host.bench.chip.phase is Phase.ASLEEP
    host.listen_at(74880)
    host.wait(1200 * NS_PER_MS)
    assert host.read() == b""
    host.wait(300 * NS_PER_MS)
    assert b"rst cause:5, boot mode:(3,6)" in host.read()


def test_deep_sleep_with_an_open_link_ends_only_by_a_reset(host: Host) -> None:
    started(host)
    host.switch(Contact.WAKE_LINK, is_closed=False)
    ask(host, b"AT+GSLP=500")
    host.wait(3600 * NS_PER_S)
    assert host.bench.chip.phase is Phase.ASLEEP
    assert host.bench.chip.is_wake_pin_low
    host.reset()
    host.wait(NS_PER_S)
    assert ask(host, b"AT").endswith(b"\r\nOK\r\n")


def test_closing_the_link_later_lets_the_waiting_pin_wake_the_module(host: Host) -> None:
    started(host)
    host.switch(Contact.WAKE_LINK, is_closed=False)
    ask(host, b"AT+GSLP=500")
    host.wait(NS_PER_S)
    host.switch(Contact.WAKE_LINK, is_closed=True)
    host.wait(NS_PER_S)
    assert ask(host, b"AT").endswith(b"\r\nOK\r\n")


def test_without_user1_the_watchdog_tries_the_backup_once(host: Host, flash: NorFlash) -> None:
    flash.load(0x1000, b"\xff" * 4096)
    host.listen_at(74880)
    host.switch(Contact.POWER, is_closed=True)
    host.wait(10 * NS_PER_S)
    log = host.read()
    assert log.count(b"ets Jan") == 2
    assert b"first boot failed, reboot to try backup bin\n" in log
    assert b"rst cause:4, boot mode:(3,6)\r\n\r\nwdt reset\r\n" in log
    assert log.endswith(b"jump to run user2 @ 81000\n\nerror magic!\nbackup boot failed.\n")


def test_damaged_code_crashes_again_and_again(host: Host, flash: NorFlash) -> None:
    flash.load(0x2000, bytes([flash.read(0x2000, 1)[0] ^ 0x80]))
    host.listen_at(74880)
    host.switch(Contact.POWER, is_closed=True)
    host.wait(6 * NS_PER_S)
    log = host.read()
    assert log.count(b"Fatal exception (0):\r\nepc1=0x") >= 3
    assert log.count(b"rst cause:4") >= 2


def test_an_image_that_is_not_at_boots_and_says_nothing(
    host: Host, flash: NorFlash, firmware: Firmware
) -> None:
    user1 = firmware.read(Role.USER1)
    # Two letters swapped keep the checksum, which is an XOR; the CRC is taken away.
    changed = user1[:-4].replace(b"AT version:", b"TA version:") + b"\xff" * 4
    flash.load(0x1000, changed)
    assert boot_log(host).endswith(BOOTED)
    host.listen_at(115200)
    assert ask(host, b"AT") == b""


def test_versions_come_from_the_image_and_else_from_the_manifest(
    flash: NorFlash,
) -> None:
    setup = ChipSetup(
        Efuse.for_mac(MAC),
        DIALECTS["documented"],
        stated_versions=VersionStrings(at_version="9.9", sdk_version="9.9.9"),
    )
    host = Host(Bench(Chip(setup, flash), circuit="none", is_wake_link_closed=True))
    assert b"AT version:0.23.0.0(" in ask(started(host), b"AT+GMR")


def test_settings_survive_a_power_cut_and_volatile_ones_do_not(host: Host) -> None:
    started(host)
    ask(host, b"AT+CWMODE_DEF=3")
    ask(host, b"AT+CWMODE_CUR=1")
    host.switch(Contact.POWER, is_closed=False)
    host.wait(NS_PER_S)
    started(host)
    assert b"+CWMODE_CUR:3\r\n" in ask(host, b"AT+CWMODE_CUR?")


SCRIPT = st.lists(
    st.tuples(
        st.sampled_from(
            [b"AT\r\n", b"AT+GMR\r\n", b"AT+UART_DEF=57600,8,1,0,0\r\n", b"ATE0\r\n",
             b"AT+GSLP=700\r\n", b"AT+RST\r\n", b"\x00\xff garbage", b"reset", b"power"]
        ),
        st.integers(1, 900_000_000),
    ),
    max_size=8,
)  # fmt: skip


@given(SCRIPT, st.integers(2, 40))
def test_slicing_time_differently_changes_nothing(
    script: list[tuple[bytes, int]], slices: int
) -> None:
    assert play(script, slices=1) == play(script, slices=slices)


def play(script: list[tuple[bytes, int]], *, slices: int) -> list[bytes]:
    """What the host heard while a script ran, with each pause in one go or in slices."""
    flash = NorFlash(MIB)
    for region in plan_layout(synthesize(), MIB).regions:
        flash.load(region.offset, region.expected_data)
    chip = Chip(ChipSetup(Efuse.for_mac(MAC), DIALECTS["documented"]), flash)
    host = Host(Bench(chip, circuit="two-transistor", is_wake_link_closed=True))
    host.switch(Contact.POWER, is_closed=True)
    heard = []
    for action, pause_ns in [(b"", 800_000_000), *script]:
        if action == b"reset":
            host.reset()
        elif action == b"power":
            host.switch(Contact.POWER, is_closed=False)
            host.switch(Contact.POWER, is_closed=True)
        else:
            host.send(action)
        for _ in range(slices):
            host.wait(pause_ns // slices)
        host.wait(pause_ns % slices)
        heard.append(host.read())
    return [*heard, flash.snapshot()]
