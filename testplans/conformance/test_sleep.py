"""AT+SLEEP: the sleep mode of the station (section 3.2, command 10)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from hil.at.talk import OK

from .restart import restart

if TYPE_CHECKING:
    from hil.at.talk import Talk

DEFAULT_MODE = 2


@pytest.fixture
def station(talk: Talk) -> Talk:
    """The module as a station."""
    talk.ok("AT+CWMODE_CUR=1")
    return talk


@pytest.mark.clause("SLEEP-01")
def test_the_query_gives_the_mode(station: Talk) -> None:
    station.expect("AT+SLEEP?", re.compile(r"\+SLEEP:[0-2]"), OK)


@pytest.mark.parametrize(
    ("mode", "other"),
    [
        pytest.param(0, 1, marks=pytest.mark.clause("SLEEP-02")),
        pytest.param(1, 2, marks=pytest.mark.clause("SLEEP-03", "SLEEP-07")),
        pytest.param(2, 0, marks=pytest.mark.clause("SLEEP-04")),
    ],
)
def test_each_mode_is_taken_and_shown(station: Talk, mode: int, other: int) -> None:
    station.ok(f"AT+SLEEP={other}")
    station.expect("AT+SLEEP?", f"+SLEEP:{other}", OK)
    station.ok(f"AT+SLEEP={mode}")

    station.expect("AT+SLEEP?", f"+SLEEP:{mode}", OK)


@pytest.mark.clause("SLEEP-05")
def test_another_mode_is_refused_and_changes_nothing(station: Talk) -> None:
    station.ok("AT+SLEEP=1")

    for value in ("3", "-1", "x", "", "0,0", '"0"'):
        station.refused(f"AT+SLEEP={value}")
        station.expect("AT+SLEEP?", "+SLEEP:1", OK)


@pytest.mark.clause("SLEEP-06")
def test_modem_sleep_is_the_mode_after_a_start(talk: Talk) -> None:
    talk.ok("AT+CWMODE_DEF=1")
    restart(talk)

    talk.expect("AT+SLEEP?", f"+SLEEP:{DEFAULT_MODE}", OK)


@pytest.mark.clause("SLEEP-08")
@pytest.mark.parametrize("wifi_mode", [2, 3])
def test_a_module_with_a_softap_refuses_it(talk: Talk, wifi_mode: int) -> None:
    talk.ok(f"AT+CWMODE_CUR={wifi_mode}")

    for mode in (0, 1, 2):
        talk.refused(f"AT+SLEEP={mode}")
        talk.expect("AT+SLEEP?", f"+SLEEP:{DEFAULT_MODE}", OK)


@pytest.mark.clause("SLEEP-09")
def test_the_mode_does_not_survive_a_restart(talk: Talk) -> None:
    talk.ok("AT+CWMODE_DEF=1")
    talk.ok("AT+SLEEP=0")
    talk.expect("AT+SLEEP?", "+SLEEP:0", OK)
    restart(talk)

    talk.expect("AT+SLEEP?", f"+SLEEP:{DEFAULT_MODE}", OK)


@pytest.mark.clause("SLEEP-11")
def test_there_are_only_the_query_and_the_set_form(station: Talk) -> None:
    station.refused("AT+SLEEP")
    station.refused("AT+SLEEP=?")
