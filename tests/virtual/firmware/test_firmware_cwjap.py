"""Section 4 of the document, commands 4 to 6, 8 and 16: AT+CWJAP and kin, CWQAP, CWAUTOCONN."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hil.virtual.air.message import (
    ApLost,
    Join,
    Joined,
    JoinFailed,
    JoinFailure,
    Leased,
    Leave,
    RequestLease,
    Security,
)
from hil.virtual.firmware.command import Call, Form
from hil.virtual.firmware.dialect import DOCUMENTED, ESPRESSIF_0_23, Dialect
from hil.virtual.network.message import Interface, SetAddress

from .air_player import (
    CONNECTED,
    DISCONNECT,
    GOT_IP,
    HOME,
    LEASE,
    joined_player,
    station_player,
    take_in,
)
from .chip_player import BUSY, ERROR, OK, STATION_MAC, ChipPlayer, ready_player

all_variants = pytest.mark.parametrize("name", [b"+CWJAP", b"+CWJAP_CUR", b"+CWJAP_DEF"])
storing_variants = pytest.mark.parametrize("name", [b"+CWJAP", b"+CWJAP_DEF"])
current_variants = pytest.mark.parametrize("name", [b"+CWJAP", b"+CWJAP_CUR"])
both_dialects = pytest.mark.parametrize("dialect", [DOCUMENTED, ESPRESSIF_0_23])

CAFE = replace(HOME, ssid=b"cafe", bssid=bytes.fromhex("0a0b0c0d0e0f"), security=Security.OPEN)
NO_AP = b"No AP\r\n" + OK


def begin(player: ChipPlayer, line: bytes) -> Join | None:
    """Send a join and let the flash be written; returns what the air is asked for, if anything."""
    player.take_sent()
    player.take_requests()
    player.send(line + b"\r\n")
    player.wait_ms(500)
    joins = [each for each in player.take_requests() if isinstance(each, Join)]
    return joins[0] if joins else None


def requested(ssid: bytes, password: bytes, bssid: bytes | None = None) -> Join:
    return Join(ssid, password, bssid, STATION_MAC)


# Joining ------------------------------------------------------------------------------------------


@all_variants
def test_joining_answers_ok_as_soon_as_there_is_an_address(name: bytes) -> None:
    player = station_player()
    assert begin(player, b"AT" + name + b'="abc","0123456789"') == requested(b"abc", b"0123456789")
    assert player.take_sent() == b""
    player.hear(Joined(replace(HOME, ssid=b"abc")))
    player.wait_ms(5000)
    assert player.take_sent() == CONNECTED
    player.hear(Leased(LEASE))
    assert player.take_sent() == GOT_IP + OK


@pytest.mark.parametrize(
    ("address_ms", "ok_ms"),
    [(10, 3000), (2999, 3000), (3001, 5000), (4999, 5000), (13001, 15000), (14999, 15000)],
)
def test_firmware_0_23_looks_for_the_address_after_3_s_and_then_every_2_s(
    address_ms: int, ok_ms: int
) -> None:
    player = station_player(ESPRESSIF_0_23)
    player.send(b'AT+CWJAP_CUR="home","12345678"\r\n')
    player.wait_ms(address_ms)
    take_in(player)
    assert player.take_sent() == CONNECTED + GOT_IP
    player.wait_ms(ok_ms - address_ms - 1)
    assert player.take_sent() == b""
    player.wait_ms(1)
    assert player.take_sent() == OK


@all_variants
@both_dialects
def test_a_third_string_names_the_bssid(name: bytes, dialect: Dialect) -> None:
    player = station_player(dialect)
    line = b"AT" + name + b'="abc","0123456789","ca:d7:19:d8:a6:44"'
    assert begin(player, line) == requested(b"abc", b"0123456789", bytes.fromhex("cad719d8a644"))


@pytest.mark.parametrize(
    ("arguments", "ssid", "password"),
    [
        (b'"ab\\\\\\,c","0123456789\\"\\\\"', b"ab\\,c", b'0123456789"\\'),
        (b'"a\\,b","12345678"', b"a,b", b"12345678"),
        (b'"a,b","12345678"', b"a,b", b"12345678"),
        (b'"a/b","/"', b"a/b", b"/"),
        (b'"open",""', b"open", b""),
        (b'"' + 32 * b"s" + b'","' + 64 * b"f" + b'"', 32 * b"s", 64 * b"f"),
        (b'"\xc3\xa9","\xff"', b"\xc3\xa9", b"\xff"),
    ],
)
def test_what_the_strings_hold_goes_to_the_air(
    arguments: bytes, ssid: bytes, password: bytes
) -> None:
    player = station_player()
    assert begin(player, b"AT+CWJAP_CUR=" + arguments) == requested(ssid, password)


@all_variants
@both_dialects
@pytest.mark.parametrize(
    "arguments",
    [
        b"",
        b'"abc"',
        b'"abc",',
        b',"12345678"',
        b'"","12345678"',
        b'"abc","12345678",',
        b'"abc","12345678","ca:d7:19:d8:a6"',
        b'"abc","12345678","ca:d7:19:d8:a6:4g"',
        b'"abc","12345678","ca-d7-19-d8-a6-44"',
        b'"abc","12345678","ca:d7:19:d8:a6:44","x"',
        b'"abc","12345678",1',
        b'"abc", "12345678"',
        b'abc,"12345678"',
        b'"abc",12345678',
        b'"abc","12345678',
        b'"' + 33 * b"s" + b'","12345678"',
        b'"abc","' + 65 * b"f" + b'"',
    ],
)
def test_other_arguments_are_refused_at_once_and_without_effect(
    name: bytes, arguments: bytes, dialect: Dialect
) -> None:
    player = joined_player(dialect)
    content = player.flash.snapshot()
    assert player.ask(b"AT" + name + b"=" + arguments) == ERROR
    assert player.take_requests() == []
    assert player.flash.snapshot() == content


def test_a_blank_before_the_equals_sign_belongs_to_no_command() -> None:
    assert station_player().ask(b'AT+CWJAP ="abc","0123456789"') == ERROR


@all_variants
@both_dialects
def test_joining_needs_the_station(name: bytes, dialect: Dialect) -> None:
    player = ready_player(dialect)
    line = b"AT" + name + b'="home","12345678"'
    assert begin(player, line) is None
    assert player.take_sent() == ERROR
    for mode in (b"1", b"3"):
        player.ask(b"AT+CWMODE_CUR=" + mode)
        assert begin(player, line) == requested(b"home", b"12345678")
        player.wait_ms(15_000)


@all_variants
@both_dialects
@pytest.mark.parametrize("form", [b"", b"=?"])
def test_there_is_no_execute_and_no_test_form(form: bytes, name: bytes, dialect: Dialect) -> None:
    assert station_player(dialect).ask(b"AT" + name + form) == ERROR


@all_variants
@both_dialects
def test_joining_another_network_leaves_the_first(name: bytes, dialect: Dialect) -> None:
    player = joined_player(dialect)
    player.send(b"AT" + name + b'="cafe",""\r\n')
    player.wait_ms(500)
    assert player.take_sent() == DISCONNECT
    assert player.take_requests() == [
        SetAddress(Interface.STATION, None),
        Leave(),
        requested(b"cafe", b""),
    ]
    take_in(player, CAFE)
    player.wait_ms(3000)
    assert player.take_sent() == CONNECTED + GOT_IP + OK
    assert player.ask(b"AT+CWJAP_CUR?").startswith(b'+CWJAP_CUR:"cafe"')


@both_dialects
def test_the_firmware_is_busy_while_it_joins(dialect: Dialect) -> None:
    player = station_player(dialect)
    begin(player, b'AT+CWJAP="home","12345678"')
    player.send(b"AT\r\n")
    player.wait_ms(10)
    assert player.take_sent() == BUSY
    take_in(player)
    player.wait_ms(3000)
    assert player.take_sent() == CONNECTED + GOT_IP + OK
    assert player.ask(b"AT") == OK


# Failing ------------------------------------------------------------------------------------------

each_reason = pytest.mark.parametrize(
    ("reason", "number"),
    [(JoinFailure.WRONG_KEY, b"2"), (JoinFailure.NO_AP, b"3"), (JoinFailure.REFUSED, b"4")],
)


@all_variants
@each_reason
def test_a_failed_join_ends_in_error(name: bytes, reason: JoinFailure, number: bytes) -> None:
    del number
    player = station_player()
    begin(player, b"AT" + name + b'="home","12345678"')
    player.hear(JoinFailed(reason))
    assert player.take_sent() == ERROR
    assert player.take_requests() == [Leave()]
    player.wait_ms(30_000)
    assert player.take_requests() == []
    assert player.ask(b"AT+CWJAP_CUR?") == NO_AP


@all_variants
@each_reason
def test_firmware_0_23_tries_for_15_s_and_then_tells_the_status(
    name: bytes, reason: JoinFailure, number: bytes
) -> None:
    player = station_player(ESPRESSIF_0_23)
    begin(player, b"AT" + name + b'="home","12345678"')
    for _ in range(14):
        player.hear(JoinFailed(reason))
        player.wait_ms(1000)
        assert player.take_requests() == [requested(b"home", b"12345678")]
    assert player.take_sent() == b""
    player.hear(JoinFailed(reason))
    player.wait_ms(800)
    assert player.take_sent() == b"+CWJAP:" + number + b"\r\n\r\nFAIL\r\n"
    assert player.take_requests() == [Leave()]
    assert player.ask(b"AT") == OK


def test_firmware_0_23_joins_an_access_point_that_comes_up_meanwhile() -> None:
    player = station_player(ESPRESSIF_0_23)
    begin(player, b'AT+CWJAP_CUR="home","12345678"')
    player.hear(JoinFailed(JoinFailure.NO_AP))
    player.wait_ms(1000)
    take_in(player)
    player.wait_ms(1500)
    assert player.take_sent() == CONNECTED + GOT_IP + OK


def test_a_join_that_nobody_answers_ends_after_15_s() -> None:
    player = station_player()
    player.send(b'AT+CWJAP_CUR="home","12345678"\r\n')
    player.wait_ms(14_999)
    assert player.take_sent() == b""
    player.wait_ms(1)
    assert player.take_sent() == ERROR
    assert player.take_requests()[-1] == Leave()


@pytest.mark.parametrize(
    ("dialect", "answer"),
    [
        (DOCUMENTED, b"\r\nERROR\r\nWIFI DISCONNECT\r\n"),
        (ESPRESSIF_0_23, b"WIFI DISCONNECT\r\n+CWJAP:1\r\n\r\nFAIL\r\n"),
    ],
)
def test_a_network_without_a_lease_is_left_after_15_s(dialect: Dialect, answer: bytes) -> None:
    player = station_player(dialect)
    player.send(b'AT+CWJAP_CUR="home","12345678"\r\n')
    player.hear(Joined(HOME))
    assert player.take_requests()[-1] == RequestLease()
    player.wait_ms(14_999)
    assert player.take_sent() == CONNECTED
    player.wait_ms(1)
    assert player.take_sent() == answer


def test_an_access_point_lost_before_the_address_is_tried_again() -> None:
    player = station_player()
    begin(player, b'AT+CWJAP_CUR="home","12345678"')
    player.hear(Joined(HOME))
    player.hear(ApLost())
    player.wait_ms(1000)
    take_in(player)
    assert player.take_sent() == CONNECTED + DISCONNECT + CONNECTED + GOT_IP + OK


# Asking -------------------------------------------------------------------------------------------


@current_variants
@pytest.mark.parametrize(
    ("dialect", "rest"),
    [(DOCUMENTED, b'"home"\r\n'), (ESPRESSIF_0_23, b'"home","ca:d7:19:d8:a6:44"\r\n')],
)
def test_the_query_tells_the_network_joined(name: bytes, dialect: Dialect, rest: bytes) -> None:
    player = joined_player(dialect)
    assert player.ask(b"AT" + name + b"?") == name + b":" + rest + OK
    player.hear(ApLost())
    assert player.ask(b"AT" + name + b"?") == NO_AP


@all_variants
@both_dialects
def test_without_a_network_there_is_no_ap(name: bytes, dialect: Dialect) -> None:
    assert station_player(dialect).ask(b"AT" + name + b"?") == NO_AP


def test_an_association_without_an_address_counts_as_no_ap() -> None:
    player = joined_player()
    player.power_cycle()
    player.ask(b"ATE0")
    player.hear(Joined(HOME))
    assert player.ask(b"AT+CWJAP?") == NO_AP


def test_the_def_query_tells_the_stored_network() -> None:
    player = joined_player()
    begin(player, b'AT+CWJAP_CUR="cafe",""')
    take_in(player, CAFE)
    player.take_sent()
    assert player.ask(b"AT+CWJAP_DEF?") == b'+CWJAP_DEF:"home"\r\n' + OK
    assert player.ask(b"AT+CWJAP?") == b'+CWJAP:"cafe"\r\n' + OK
    player.ask(b"AT+CWQAP")
    assert player.ask(b"AT+CWJAP_DEF?") == b'+CWJAP_DEF:"home"\r\n' + OK


def test_the_def_query_of_firmware_0_23_tells_it_while_there_is_an_address() -> None:
    player = joined_player(ESPRESSIF_0_23)
    told = b'+CWJAP_DEF:"home","ca:d7:19:d8:a6:44"\r\n' + OK
    assert player.ask(b"AT+CWJAP_DEF?") == told
    begin(player, b'AT+CWJAP_CUR="cafe",""')
    take_in(player, CAFE)
    player.wait_ms(3000)
    told = b'+CWJAP_DEF:"home","00:00:00:00:00:00"\r\n' + OK
    assert player.ask(b"AT+CWJAP_DEF?") == told
    player.ask(b"AT+CWQAP")
    assert player.ask(b"AT+CWJAP_DEF?") == NO_AP


def test_the_def_query_of_firmware_0_23_tells_the_bssid_that_was_stored() -> None:
    player = station_player(ESPRESSIF_0_23)
    begin(player, b'AT+CWJAP_DEF="home","12345678","01:02:03:04:05:06"')
    player.wait_ms(16_000)
    begin(player, b'AT+CWJAP_CUR="cafe",""')
    take_in(player, CAFE)
    player.wait_ms(3000)
    told = b'+CWJAP_DEF:"home","01:02:03:04:05:06"\r\n' + OK
    assert player.ask(b"AT+CWJAP_DEF?") == told


def test_the_ssid_comes_back_as_it_is() -> None:
    player = station_player()
    begin(player, b'AT+CWJAP_CUR="a\\"b\\\\\\,\xe9",""')
    take_in(player, replace(HOME, ssid=b'a"b\\,\xe9'))
    player.take_sent()
    assert player.ask(b"AT+CWJAP_CUR?") == b'+CWJAP_CUR:"a"b\\,\xe9"\r\n' + OK


# Storing ------------------------------------------------------------------------------------------


@storing_variants
@both_dialects
def test_the_network_is_stored_in_the_system_area(name: bytes, dialect: Dialect) -> None:
    player = station_player(dialect)
    user, system = player.areas()
    begin(player, b"AT" + name + b'="home","12345678","ca:d7:19:d8:a6:44"')
    take_in(player)
    player.wait_ms(3000)
    user_after, system_after = player.areas()
    assert user_after == user
    assert system_after != system
    player.power_cycle()
    assert player.take_requests()[-1] == requested(b"home", b"12345678", HOME.bssid)


@storing_variants
@both_dialects
def test_the_network_is_stored_even_if_it_cannot_be_joined(name: bytes, dialect: Dialect) -> None:
    player = joined_player(dialect)
    begin(player, b"AT" + name + b'="cafe","wrong"')
    player.hear(JoinFailed(JoinFailure.WRONG_KEY))
    player.wait_ms(16_000)
    player.power_cycle()
    assert player.take_requests()[-1] == requested(b"cafe", b"wrong")


@storing_variants
def test_a_network_equal_to_the_stored_one_is_not_written_again(name: bytes) -> None:
    player = joined_player()
    writes = player.flash.write_count
    begin(player, b"AT" + name + b'="home","12345678"')
    take_in(player)
    assert player.flash.write_count == writes


def test_cwjap_cur_stores_nothing() -> None:
    player = joined_player()
    content = player.flash.snapshot()
    begin(player, b'AT+CWJAP_CUR="cafe",""')
    take_in(player, CAFE)
    assert player.flash.snapshot() == content
    player.ask(b"AT+RST")
    assert player.take_requests()[-1] == requested(b"home", b"12345678")


def test_the_radio_waits_for_the_flash() -> None:
    player = station_player()
    player.send(b'AT+CWJAP="home","12345678"\r\n')
    assert player.take_requests() == []
    player.wait_ms(500)
    assert player.take_requests() == [requested(b"home", b"12345678")]


# Leaving ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dialect", "answer"),
    [
        (DOCUMENTED, b"\r\nOK\r\nWIFI DISCONNECT\r\n"),
        (ESPRESSIF_0_23, b"WIFI DISCONNECT\r\n\r\nOK\r\n"),
    ],
)
def test_cwqap_answers_ok_and_leaves(dialect: Dialect, answer: bytes) -> None:
    player = joined_player(dialect)
    assert player.ask(b"AT+CWQAP") == answer
    assert player.take_requests() == [SetAddress(Interface.STATION, None), Leave()]
    assert player.ask(b"AT+CWJAP?") == NO_AP


def test_after_cwqap_nothing_is_joined_until_a_restart() -> None:
    player = joined_player()
    content = player.flash.snapshot()
    player.ask(b"AT+CWQAP")
    player.take_requests()
    player.wait_ms(60_000)
    assert player.take_requests() == []
    assert player.flash.snapshot() == content
    player.ask(b"AT+RST")
    assert player.take_requests() == [requested(b"home", b"12345678")]


@both_dialects
@pytest.mark.parametrize("mode", [b"1", b"2", b"3"])
def test_cwqap_without_a_network_answers_ok(mode: bytes, dialect: Dialect) -> None:
    player = ready_player(dialect)
    player.ask(b"AT+CWMODE_CUR=" + mode)
    assert player.ask(b"AT+CWQAP") == OK
    assert player.take_requests() == []


def test_cwqap_ends_the_attempts_after_a_loss() -> None:
    player = joined_player()
    player.hear(ApLost())
    player.take_sent()
    assert player.ask(b"AT+CWQAP") == OK
    player.take_requests()
    player.wait_ms(10_000)
    assert player.take_requests() == []


@both_dialects
def test_the_test_form_of_cwqap_leaves_nothing(dialect: Dialect) -> None:
    player = joined_player(dialect)
    assert player.ask(b"AT+CWQAP=?") == OK
    assert player.take_requests() == []


@pytest.mark.parametrize("line", [b"AT+CWQAP?", b"AT+CWQAP=1", b"AT+CWOAP"])
def test_cwqap_has_no_other_form_and_no_other_name(line: bytes) -> None:
    player = joined_player()
    assert player.ask(line) == ERROR
    assert player.take_requests() == []


# Joining by itself --------------------------------------------------------------------------------


@both_dialects
@pytest.mark.parametrize("restart", ["power", "AT+RST"])
def test_cwautoconn_rules_the_next_start_only(restart: str, dialect: Dialect) -> None:
    player = joined_player(dialect)

    def start() -> list[object]:
        if restart == "power":
            player.power_cycle()
        else:
            player.ask(b"AT+RST")
        player.ask(b"ATE0")
        player.wait_ms(20_000)
        return [each for each in player.take_requests() if isinstance(each, Join)]

    assert player.ask(b"AT+CWAUTOCONN=0") == OK
    assert player.take_requests() == []
    assert player.ask(b"AT+CWJAP?") != NO_AP
    assert start() == []
    assert player.ask(b"AT+CWAUTOCONN=1") == OK
    player.wait_ms(20_000)
    assert player.take_requests() == []
    assert start() == [requested(b"home", b"12345678")]


def test_cwautoconn_is_stored_in_the_system_area() -> None:
    player = station_player()
    user, system = player.areas()
    player.ask(b"AT+CWAUTOCONN=0")
    user_after, system_after = player.areas()
    assert user_after == user
    assert system_after != system
    writes = player.flash.write_count
    assert player.ask(b"AT+CWAUTOCONN=0") == OK
    assert player.flash.write_count == writes


@both_dialects
@pytest.mark.parametrize("value", [b"2", b"x", b"", b"-1", b'"1"', b"1,1"])
def test_other_flags_are_refused(value: bytes, dialect: Dialect) -> None:
    player = station_player(dialect)
    content = player.flash.snapshot()
    assert player.ask(b"AT+CWAUTOCONN=" + value) == ERROR
    assert player.flash.snapshot() == content


def test_only_firmware_0_23_can_be_asked_for_the_flag() -> None:
    assert station_player().ask(b"AT+CWAUTOCONN?") == ERROR
    player = station_player(ESPRESSIF_0_23)
    assert player.ask(b"AT+CWAUTOCONN?") == b"+CWAUTOCONN:1\r\nOK\r\n"
    player.ask(b"AT+CWAUTOCONN=0")
    assert player.ask(b"AT+CWAUTOCONN?") == b"+CWAUTOCONN:0\r\nOK\r\n"


@both_dialects
@pytest.mark.parametrize("form", [b"", b"=?"])
def test_cwautoconn_has_no_execute_and_no_test_form(form: bytes, dialect: Dialect) -> None:
    assert station_player(dialect).ask(b"AT+CWAUTOCONN" + form) == ERROR


def test_restore_forgets_the_network_and_the_flag() -> None:
    player = joined_player()
    player.ask(b"AT+CWAUTOCONN=0")
    player.take_requests()
    player.ask(b"AT+RESTORE")
    assert player.take_requests() == []
    player.ask(b"ATE0")
    player.ask(b"AT+CWMODE_CUR=1")
    assert player.ask(b"AT+CWJAP_DEF?") == NO_AP


def test_a_call_shows_no_password() -> None:
    assert "12345678" not in repr(Call("+CWJAP", Form.SET, b'"home","12345678"'))
