"""AT+CWSTARTSMART and AT+CWSTOPSMART: SmartConfig (document, section 4.1, commands 29 and 30)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.at.talk import OK
from hil.ports.wifi_station import SmartConfig
from hil.spec.spelling import spelling

from .joining import (
    CONNECTED,
    GOT_IP,
    JOINS_WITHIN_S,
    require_member,
    require_network,
    require_no_network,
    use_station,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hil.at.talk import Talk
    from hil.ports.access_point import AccessPoint
    from hil.ports.wifi_station import WifiStation

TOLD = "Smart get wifi info"
RUNS = spelling("smart-config-runs")

TOLD_WITHIN_S = 60.0
UNTOLD_S = 10.0
"""How long a module is watched that must not understand a phone; one that does needs some 5 s."""

ROUNDS = 20


def _join_by(talk: Talk, phone: WifiStation, access_point: AccessPoint, kind: SmartConfig) -> None:
    """Let a phone tell the module the network, and the module join it."""
    setup = access_point.setup
    phone.send_credentials(kind, setup.ssid, setup.password)
    talk.wait_for(GOT_IP, TOLD_WITHIN_S + JOINS_WITHIN_S)


def _require_idle(talk: Talk) -> None:
    """Let nothing keep commands from being carried out."""
    talk.ok("AT")


@pytest.fixture(autouse=True)
def _stopped(talk: Talk) -> Iterator[None]:
    """A module at which SmartConfig runs takes no command that would bring it to its start."""
    yield
    talk.say("AT+CWSTOPSMART")


@pytest.mark.clause("CWSTARTSMART-01")
def test_starting_answers_ok(talk: Talk) -> None:
    use_station(talk)

    talk.ok("AT+CWSTARTSMART=1")


@pytest.mark.parametrize(
    ("kind", "other"),
    [
        pytest.param(
            SmartConfig.ESP_TOUCH,
            SmartConfig.AIRKISS,
            id="ESP_TOUCH",
            marks=pytest.mark.clause("CWSTARTSMART-02"),
        ),
        pytest.param(
            SmartConfig.AIRKISS,
            SmartConfig.ESP_TOUCH,
            id="AirKiss",
            marks=pytest.mark.clause("CWSTARTSMART-03"),
        ),
    ],
)
def test_the_type_is_what_the_phone_must_speak(
    talk: Talk,
    access_point: AccessPoint,
    softap_client: WifiStation,
    kind: SmartConfig,
    other: SmartConfig,
) -> None:
    use_station(talk, access_point)
    talk.ok(f"AT+CWSTARTSMART={kind:d}")

    setup = access_point.setup
    softap_client.send_credentials(other, setup.ssid, setup.password)
    talk.silent(UNTOLD_S)
    _join_by(talk, softap_client, access_point, kind)

    talk.ok("AT+CWSTOPSMART")
    require_network(talk, "CWJAP_CUR", setup.ssid)
    require_member(talk, access_point)


@pytest.mark.clause("CWSTARTSMART-04")
def test_another_type_is_refused_and_starts_nothing(talk: Talk) -> None:
    use_station(talk)

    for kind in ("0", "3", "x", "", "-1", "1,1", '"1"'):
        talk.refused(f"AT+CWSTARTSMART={kind}")
        _require_idle(talk)


@pytest.mark.clause("CWSTARTSMART-05")
def test_station_mode_is_needed_and_enough(talk: Talk) -> None:
    talk.ok("AT+CWMODE_CUR=2")
    talk.refused("AT+CWSTARTSMART=1")

    talk.ok("AT+CWMODE_CUR=1")
    talk.ok("AT+CWSTARTSMART=1")


@pytest.mark.clause("CWSTARTSMART-06")
def test_modes_with_a_softap_are_refused_and_nothing_starts(talk: Talk) -> None:
    for mode in (2, 3):
        talk.ok(f"AT+CWMODE_CUR={mode}")
        for kind in (1, 2):
            talk.refused(f"AT+CWSTARTSMART={kind}")
            _require_idle(talk)


@pytest.mark.clause("CWSTARTSMART-07")
def test_a_line_tells_that_the_network_is_known(
    talk: Talk, access_point: AccessPoint, softap_client: WifiStation
) -> None:
    use_station(talk)
    talk.ok("AT+CWSTARTSMART=1")
    setup = access_point.setup
    softap_client.send_credentials(SmartConfig.ESP_TOUCH, setup.ssid, setup.password)

    heard = talk.hear_until(rb"info\r\n", TOLD_WITHIN_S)

    assert TOLD.encode() in heard.split(b"\r\n")


@pytest.mark.clause("CWSTARTSMART-08")
def test_then_the_module_joins_and_tells_so(
    talk: Talk, access_point: AccessPoint, softap_client: WifiStation
) -> None:
    use_station(talk)
    talk.ok("AT+CWSTARTSMART=1")
    setup = access_point.setup
    softap_client.send_credentials(SmartConfig.ESP_TOUCH, setup.ssid, setup.password)

    heard = talk.hear_until(rb"WIFI GOT IP\r\n", TOLD_WITHIN_S + JOINS_WITHIN_S)

    wanted = (TOLD.encode(), CONNECTED.encode(), GOT_IP.encode())
    assert tuple(line for line in heard.split(b"\r\n") if line in wanted) == wanted


@pytest.mark.clause("CWSTARTSMART-09")
def test_no_other_command_is_carried_out_meanwhile(talk: Talk) -> None:
    use_station(talk)
    talk.ok("AT+CWSTARTSMART=1")

    for line in ("AT", "AT+GMR", "AT+CWMODE_CUR=3", "AT+CWLAP", "AT+CWSTARTSMART=1"):
        talk.expect(line, RUNS)

    talk.ok("AT+CWSTOPSMART")
    talk.expect("AT+CWMODE_CUR?", "+CWMODE_CUR:1", OK)


@pytest.mark.needs("ap", "softap-client")
@pytest.mark.clause("CWSTARTSMART-09")
def test_no_other_command_is_carried_out_until_it_has_joined(
    talk: Talk, access_point: AccessPoint, softap_client: WifiStation
) -> None:
    use_station(talk)
    talk.ok("AT+CWSTARTSMART=1")
    setup = access_point.setup
    softap_client.send_credentials(SmartConfig.ESP_TOUCH, setup.ssid, setup.password)
    talk.wait_for(TOLD, TOLD_WITHIN_S)

    talk.expect("AT+GMR", RUNS)
    talk.wait_for(CONNECTED, JOINS_WITHIN_S)
    talk.expect("AT+GMR", RUNS)

    talk.wait_for(GOT_IP, JOINS_WITHIN_S)
    _require_idle(talk)


@pytest.mark.clause("CWSTARTSMART-10")
def test_stopping_ends_it_before_success(talk: Talk) -> None:
    use_station(talk)
    talk.ok("AT+CWSTARTSMART=1")

    talk.ok("AT+CWSTOPSMART")

    _require_idle(talk)
    talk.expect("AT+CWMODE_CUR?", "+CWMODE_CUR:1", OK)


@pytest.mark.needs("ap", "softap-client")
@pytest.mark.clause("CWSTARTSMART-10")
def test_after_stopping_no_phone_is_listened_to(
    talk: Talk, access_point: AccessPoint, softap_client: WifiStation
) -> None:
    use_station(talk)
    talk.ok("AT+CWSTARTSMART=1")
    talk.ok("AT+CWSTOPSMART")

    setup = access_point.setup
    softap_client.send_credentials(SmartConfig.ESP_TOUCH, setup.ssid, setup.password)

    talk.silent(UNTOLD_S)


@pytest.mark.clause("CWSTARTSMART-11")
def test_a_wrong_password_leads_to_no_address(
    talk: Talk, access_point: AccessPoint, softap_client: WifiStation
) -> None:
    use_station(talk)
    talk.ok("AT+CWSTARTSMART=1")
    softap_client.send_credentials(
        SmartConfig.ESP_TOUCH, access_point.setup.ssid, "not-the-password"
    )
    talk.wait_for(TOLD, TOLD_WITHIN_S)

    heard = talk.hear(UNTOLD_S)

    assert GOT_IP.encode() not in heard
    talk.ok("AT+CWSTOPSMART")
    require_no_network(talk)


@pytest.mark.clause("CWSTARTSMART-12")
def test_starting_has_only_the_set_form(talk: Talk) -> None:
    use_station(talk)

    for form in ("", "?", "=?"):
        talk.refused(f"AT+CWSTARTSMART{form}")
        _require_idle(talk)


@pytest.mark.clause("CWSTOPSMART-01")
def test_stopping_answers_ok(talk: Talk) -> None:
    use_station(talk)
    for kind in (1, 2):
        talk.ok(f"AT+CWSTARTSMART={kind}")
        talk.ok("AT+CWSTOPSMART")


@pytest.mark.clause("CWSTOPSMART-02")
def test_stopping_after_success_stays_joined(
    talk: Talk, access_point: AccessPoint, softap_client: WifiStation
) -> None:
    use_station(talk)
    talk.ok("AT+CWSTARTSMART=1")
    _join_by(talk, softap_client, access_point, SmartConfig.ESP_TOUCH)

    talk.ok("AT+CWSTOPSMART")

    talk.silent(2.0)
    require_network(talk, "CWJAP_CUR", access_point.setup.ssid)
    talk.ok("AT+CWSTARTSMART=1")


@pytest.mark.clause("CWSTOPSMART-03")
def test_stopping_gives_back_what_starting_took(talk: Talk) -> None:
    use_station(talk)

    for _ in range(ROUNDS):
        talk.ok("AT+CWSTARTSMART=1")
        talk.ok("AT+CWSTOPSMART")


@pytest.mark.clause("CWSTOPSMART-04")
def test_stopping_where_nothing_runs_answers_ok(talk: Talk) -> None:
    for mode in (1, 2, 3):
        talk.ok(f"AT+CWMODE_CUR={mode}")
        talk.ok("AT+CWSTOPSMART")
        talk.ok("AT+CWSTOPSMART")


@pytest.mark.clause("CWSTOPSMART-05")
def test_stopping_has_only_the_execute_form(talk: Talk) -> None:
    for form in ("?", "=?", "=1", "="):
        talk.refused(f"AT+CWSTOPSMART{form}")
