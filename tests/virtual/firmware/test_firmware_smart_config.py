"""Section 4 of the document, commands 29 and 30: AT+CWSTARTSMART and AT+CWSTOPSMART."""

from __future__ import annotations

import pytest

from hil.virtual.air.message import (
    ApLost,
    CredentialsHeard,
    Join,
    JoinFailed,
    JoinFailure,
    Leave,
    ListenForCredentials,
    StopListening,
)
from hil.virtual.firmware.dialect import DOCUMENTED, ESPRESSIF_0_23, Dialect
from hil.virtual.network.message import Interface, SetAddress

from .air_player import (
    CONNECTED,
    DISCONNECT,
    GOT_IP,
    joined_player,
    station_player,
    take_in,
)
from .chip_player import BUSY, ERROR, OK, STATION_MAC, ChipPlayer, ready_player

both_dialects = pytest.mark.parametrize("dialect", [DOCUMENTED, ESPRESSIF_0_23])
both_kinds = pytest.mark.parametrize("kind", [1, 2])

INFO = b"Smart get wifi info\r\n"
JOIN_HOME = Join(b"home", b"12345678", None, STATION_MAC)


def phone(kind: int = 1) -> CredentialsHeard:
    return CredentialsHeard(kind, b"home", b"12345678")


def listening_player(dialect: Dialect = DOCUMENTED) -> ChipPlayer:
    player = station_player(dialect)
    assert player.ask(b"AT+CWSTARTSMART=1") == OK
    player.take_requests()
    return player


@both_dialects
@both_kinds
def test_the_network_that_a_phone_tells_is_joined(kind: int, dialect: Dialect) -> None:
    player = ready_player(dialect)
    assert player.ask(b"AT+CWMODE=1") == OK
    assert player.ask(b"AT+CWSTARTSMART=%d" % kind) == OK
    assert player.take_requests() == [ListenForCredentials(kind)]
    player.hear(phone(kind))
    assert player.take_sent() == INFO
    assert player.take_requests() == [JOIN_HOME]
    take_in(player)
    assert player.take_sent() == CONNECTED + GOT_IP


def test_a_phone_that_speaks_the_other_protocol_is_not_understood() -> None:
    player = listening_player()
    player.hear(phone(kind=2))
    assert player.take_sent() == b""
    assert player.take_requests() == []


@both_dialects
def test_a_phone_is_heard_while_smart_config_listens_only(dialect: Dialect) -> None:
    player = station_player(dialect)
    player.hear(phone())
    player.ask(b"AT+CWSTARTSMART=1")
    player.ask(b"AT+CWSTOPSMART")
    player.take_requests()
    player.hear(phone())
    assert player.take_sent() == b""
    assert player.take_requests() == []


@pytest.mark.parametrize(
    ("dialect", "answer"),
    [
        (DOCUMENTED, b"\r\nOK\r\nWIFI DISCONNECT\r\n"),
        (ESPRESSIF_0_23, b"WIFI DISCONNECT\r\n\r\nOK\r\n"),
    ],
)
def test_the_network_joined_before_is_left(dialect: Dialect, answer: bytes) -> None:
    player = joined_player(dialect)
    assert player.ask(b"AT+CWSTARTSMART=1") == answer
    assert player.take_requests() == [
        SetAddress(Interface.STATION, None),
        Leave(),
        ListenForCredentials(1),
    ]
    assert player.ask(b"AT+CWSTOPSMART") == OK
    player.wait_ms(30_000)
    assert player.take_requests() == [StopListening()]


@both_dialects
@pytest.mark.parametrize("value", [b"0", b"3", b"x", b"", b"1,1", b'"1"'])
def test_other_types_are_refused(value: bytes, dialect: Dialect) -> None:
    player = joined_player(dialect)
    assert player.ask(b"AT+CWSTARTSMART=" + value) == ERROR
    assert player.take_requests() == []


@both_dialects
@pytest.mark.parametrize("mode", [b"2", b"3"])
def test_it_works_in_station_mode_only(mode: bytes, dialect: Dialect) -> None:
    player = ready_player(dialect)
    player.ask(b"AT+CWMODE_CUR=" + mode)
    assert player.ask(b"AT+CWSTARTSMART=1") == ERROR
    assert player.take_requests() == []
    assert player.ask(b"AT") == OK


@both_dialects
@pytest.mark.parametrize(
    "line",
    [
        b"AT+CWSTARTSMART",
        b"AT+CWSTARTSMART?",
        b"AT+CWSTARTSMART=?",
        b"AT+CWSTOPSMART?",
        b"AT+CWSTOPSMART=?",
        b"AT+CWSTOPSMART=1",
    ],
)
def test_there_are_no_other_forms(line: bytes, dialect: Dialect) -> None:
    assert station_player(dialect).ask(line) == ERROR


# What else can be done meanwhile ------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [b"AT", b"AT+GMR", b"AT+RST", b"ATE1", b'AT+CWJAP="a","b"', b"AT+CWSTARTSMART=1", b"nothing"],
)
def test_every_other_line_is_turned_away(line: bytes) -> None:
    player = listening_player()
    assert player.ask(line) == BUSY
    player.hear(phone())
    assert player.ask(line) == BUSY
    assert player.restarts == 0
    take_in(player)
    player.take_sent()
    assert player.ask(b"AT") == OK


@pytest.mark.parametrize("line", [b"AT+CWSTOPSMART?", b"AT+CWSTOPSMART=1"])
def test_a_wrong_form_of_the_stop_is_refused_not_turned_away(line: bytes) -> None:
    assert listening_player().ask(line) == ERROR


@both_dialects
def test_stopping_before_a_phone_was_heard(dialect: Dialect) -> None:
    player = listening_player(dialect)
    assert player.ask(b"AT+CWSTOPSMART") == OK
    assert player.take_requests() == [StopListening()]
    assert player.ask(b"AT") == OK


def test_a_wrong_password_keeps_the_module_busy_until_it_is_stopped() -> None:
    player = listening_player()
    player.hear(phone())
    assert player.take_sent() == INFO
    for _ in range(20):
        player.hear(JoinFailed(JoinFailure.WRONG_KEY))
        player.wait_ms(1000)
    assert player.take_sent() == b""
    assert player.ask(b"AT") == BUSY
    assert player.ask(b"AT+CWSTOPSMART") == OK
    assert player.ask(b"AT") == OK


def test_once_joined_a_loss_turns_nobody_away() -> None:
    player = listening_player()
    player.hear(phone())
    take_in(player)
    player.hear(ApLost())
    assert player.take_sent() == INFO + CONNECTED + GOT_IP + DISCONNECT
    assert player.ask(b"AT") == OK


def test_in_firmware_0_23_only_joining_is_refused() -> None:
    player = listening_player(ESPRESSIF_0_23)
    for name in (b"+CWJAP", b"+CWJAP_CUR", b"+CWJAP_DEF"):
        answer = player.ask(b"AT" + name + b'="home","12345678"')
        assert answer == b"Smart started\r\nERROR\r\n"
    assert player.take_requests() == []
    assert player.ask(b"AT") == OK
    player.hear(phone())
    assert player.ask(b"AT") == OK
    player.ask(b"AT+CWSTOPSMART")
    player.send(b'AT+CWJAP_CUR="home","12345678"\r\n')
    player.wait_ms(10)
    assert player.take_sent() == b""


@pytest.mark.parametrize("mode", [b"2", b"3"])
def test_in_firmware_0_23_another_mode_ends_it(mode: bytes) -> None:
    player = listening_player(ESPRESSIF_0_23)
    assert player.ask(b"AT+CWMODE_CUR=" + mode) == OK
    assert player.take_requests() == [StopListening()]
    player.hear(phone())
    assert player.take_sent() == b""


# Starting again -----------------------------------------------------------------------------------


@both_dialects
def test_stopping_releases_what_it_took(dialect: Dialect) -> None:
    player = station_player(dialect)
    for _ in range(20):
        assert player.ask(b"AT+CWSTARTSMART=2") == OK
        assert player.ask(b"AT+CWSTOPSMART") == OK


@both_dialects
def test_after_success_it_has_to_be_stopped_and_the_network_stays(dialect: Dialect) -> None:
    player = listening_player(dialect)
    player.hear(phone())
    player.wait_ms(500)
    take_in(player)
    player.take_requests()
    player.take_sent()
    assert player.ask(b"AT+CWSTARTSMART=1") == ERROR
    assert player.ask(b"AT+CWSTOPSMART") == OK
    assert player.take_requests() == []
    assert player.ask(b"AT+CWJAP?").startswith(b'+CWJAP:"home"')
    answer = player.ask(b"AT+CWSTARTSMART=1")
    assert answer == (OK + DISCONNECT if dialect is DOCUMENTED else DISCONNECT + OK)


@both_dialects
@pytest.mark.parametrize("mode", [b"1", b"2", b"3"])
def test_stopping_what_does_not_run_answers_ok(mode: bytes, dialect: Dialect) -> None:
    player = ready_player(dialect)
    player.ask(b"AT+CWMODE_CUR=" + mode)
    assert player.ask(b"AT+CWSTOPSMART") == OK
    assert player.ask(b"AT+CWSTOPSMART") == OK
    assert player.take_requests() == []


# Storing ------------------------------------------------------------------------------------------


def test_what_a_phone_told_is_not_stored() -> None:
    player = listening_player()
    content = player.flash.snapshot()
    player.hear(phone())
    take_in(player)
    assert player.flash.snapshot() == content


def test_firmware_0_23_stores_what_a_phone_told_whether_it_can_be_joined_or_not() -> None:
    player = listening_player(ESPRESSIF_0_23)
    player.hear(phone())
    player.hear(JoinFailed(JoinFailure.WRONG_KEY))
    player.wait_ms(500)
    player.take_requests()
    player.power_cycle()
    assert player.take_requests() == [JOIN_HOME]


def test_what_a_phone_told_shows_no_password() -> None:
    assert "12345678" not in repr(phone())
