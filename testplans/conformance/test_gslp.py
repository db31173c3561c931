"""AT+GSLP: deep sleep, and how it ends (section 3.2, command 4)."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from hil.at.boot_log import ResetCause, parse_boot_log
from hil.at.event import UnsolicitedKind
from hil.at.talk import OK
from hil.ports.access_point import Ability
from hil.rig.module import BOOT_LOG_BAUD
from hil.spec.spelling import spelling
from hil.units import ns_to_seconds, seconds_to_ns

from .frame import follow
from .restart import READY_TIMEOUT_S, reset
from .wifi import join_call

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hil.at.boot_log import BootLog
    from hil.at.talk import Talk
    from hil.ports.access_point import AccessPoint
    from hil.rig.module import RigModule

LONGEST_MS = 4_294_967
"""What fits into the counter of microseconds (A-17)."""

CLOCK_TOLERANCE = 0.1
START_S = 0.2
"""From the end of the sleep to the first byte of the boot log, at most."""

MAC_TOLD = re.compile(r'\+CIPSTAMAC_CUR:"?([0-9A-Fa-f:]{17})"?')
LISTENING_S = 0.5
TIMEOUT_S = 15.0
JOIN_S = 30.0


def sleep(talk: Talk, time_ms: int) -> None:
    """Let the module fall asleep; it repeats the time (A-15)."""
    match = talk.expect(f"AT+GSLP={time_ms}", spelling("gslp-time"), OK)
    assert match.named.get("time") in {None, str(time_ms)}


def is_asleep(talk: Talk) -> bool:
    """Whether the module does not answer."""
    talk.raw(b"AT\r\n")
    return not talk.hear(LISTENING_S)


def wake(talk: Talk) -> tuple[float, BootLog]:
    """When from now the module woke up by itself, and what it printed then; it runs afterwards."""
    before, begin_ns = talk.port.format, talk.clock.now_ns()
    follow(talk, replace(before, baud=BOOT_LOG_BAUD))
    printed = talk.port.receive(begin_ns + seconds_to_ns(TIMEOUT_S))
    assert printed, f"the module does not wake up within {TIMEOUT_S:g} s"
    slept_s = ns_to_seconds(talk.clock.now_ns() - begin_ns)
    printed += talk.hear_until(rb"csum", TIMEOUT_S)
    follow(talk, before)
    _use_again(talk)
    return slept_s, parse_boot_log(printed)


def _use_again(talk: Talk) -> None:
    talk.at.wait_ready(READY_TIMEOUT_S)
    talk.ok("ATE0")


@contextmanager
def wake_link_open(module: RigModule) -> Iterator[None]:
    """XPD_DCDC and EXT_RSTB are parted."""
    module.set_wake_link(is_closed=False)
    try:
        yield
    finally:
        module.set_wake_link(is_closed=True)


@pytest.mark.clause("GSLP-01")
def test_one_number_is_taken_and_sends_the_module_to_sleep(talk: Talk, module: RigModule) -> None:
    sleep(talk, 60_000)

    assert is_asleep(talk)
    reset(talk, module)


@pytest.mark.clause("GSLP-02")
def test_the_time_is_repeated_before_ok(talk: Talk, module: RigModule) -> None:
    sleep(talk, 1500)

    reset(talk, module)


@pytest.mark.clause("GSLP-03", "GSLP-04")
@pytest.mark.parametrize("time_ms", [500, 1000, 4000])
def test_the_module_wakes_up_by_itself_after_so_many_milliseconds(talk: Talk, time_ms: int) -> None:
    sleep(talk, time_ms)

    slept_s, _ = wake(talk)
    asked_s = time_ms / 1000
    longest_s = asked_s * (1 + CLOCK_TOLERANCE) + START_S
    assert asked_s * (1 - CLOCK_TOLERANCE) <= slept_s <= longest_s


@pytest.mark.clause("GSLP-05", "GSLP-06")
def test_with_the_wake_link_the_module_boots_at_the_end(talk: Talk, module: RigModule) -> None:
    module.set_wake_link(is_closed=True)
    sleep(talk, 500)

    _, log = wake(talk)
    assert log.banner is not None


@pytest.mark.clause("GSLP-07")
def test_without_the_wake_link_the_module_sleeps_on(talk: Talk, module: RigModule) -> None:
    with wake_link_open(module):
        sleep(talk, 500)
        talk.silent(2.0)
        assert is_asleep(talk)
        reset(talk, module)


@pytest.mark.clause("GSLP-08")
def test_a_module_that_sleeps_does_nothing(talk: Talk) -> None:
    sleep(talk, 2000)

    talk.raw(b"AT\r\nAT+GMR\r\nAT+RST\r\n")
    talk.silent(1.5)
    wake(talk)


@pytest.mark.clause("GSLP-10")
def test_the_boot_log_tells_that_a_sleep_has_ended(talk: Talk) -> None:
    sleep(talk, 500)

    _, log = wake(talk)
    assert log.banner is not None
    assert log.banner.cause == ResetCause.DEEP_SLEEP


@pytest.mark.clause("GSLP-11")
def test_a_sleep_ends_what_is_current_and_keeps_what_is_stored(talk: Talk) -> None:
    talk.ok("AT+CWMODE_DEF=3")
    talk.ok("AT+CWMODE_CUR=1")
    sleep(talk, 500)
    wake(talk)

    talk.expect("AT+CWMODE_CUR?", "+CWMODE_CUR:3", OK)


@pytest.mark.clause("GSLP-12")
def test_a_station_leaves_its_access_point_and_joins_it_again(
    talk: Talk, access_point: AccessPoint
) -> None:
    talk.ok("AT+CWMODE_DEF=1")
    talk.ok(join_call(access_point, "AT+CWJAP_DEF"))
    talk.unsolicited()
    mac = talk.expect("AT+CIPSTAMAC_CUR?", MAC_TOLD, OK).groups[0] or ""
    assert _has_station(access_point, mac) is not False
    sleep(talk, 2000)

    talk.silent(1.5)
    assert _has_station(access_point, mac) is not True
    wake(talk)
    talk.wait_for(UnsolicitedKind.WIFI_GOT_IP, JOIN_S)
    assert _has_station(access_point, mac) is not False


def _has_station(access_point: AccessPoint, mac: str) -> bool | None:
    """Whether a station is joined; None if the access point does not tell."""
    if Ability.LIST not in access_point.abilities:
        return None
    return mac.lower() in {station.mac.lower() for station in access_point.stations()}


@pytest.mark.clause("GSLP-13")
def test_what_is_no_number_is_refused_and_the_module_stays_awake(talk: Talk) -> None:
    for value in ("abc", "", "-1", "1,2", '"1"', "1.5"):
        talk.refused(f"AT+GSLP={value}")
        talk.ok("AT")


@pytest.mark.clause("GSLP-14")
def test_0_is_a_sleep_without_end(talk: Talk, module: RigModule) -> None:
    sleep(talk, 0)

    talk.silent(3.0)
    assert is_asleep(talk)
    reset(talk, module)


@pytest.mark.clause("GSLP-15")
def test_a_time_beyond_the_counter_is_refused(talk: Talk, module: RigModule) -> None:
    talk.refused(f"AT+GSLP={LONGEST_MS + 1}")
    talk.ok("AT")

    sleep(talk, LONGEST_MS)
    assert is_asleep(talk)
    reset(talk, module)


@pytest.mark.clause("GSLP-16")
def test_there_is_only_the_set_form(talk: Talk) -> None:
    for form in ("AT+GSLP", "AT+GSLP?", "AT+GSLP=?"):
        talk.refused(form)
        talk.ok("AT")
