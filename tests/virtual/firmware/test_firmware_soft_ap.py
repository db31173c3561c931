"""Section 4, commands 9 to 12: AT+CWSAP x3 and AT+CWLIF; and what of the softAP is on the air."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from hil.virtual.address import Ipv4Config
from hil.virtual.air.message import Announce, ApLost, Security, SoftAp, StationCame, StationWent
from hil.virtual.firmware.dialect import DOCUMENTED, ESPRESSIF_0_23, Dialect
from hil.virtual.network.message import Interface, SetAddress

from .chip_player import ERROR, OK, ChipPlayer, ready_player

both_dialects = pytest.mark.parametrize("dialect", [DOCUMENTED, ESPRESSIF_0_23])
all_variants = pytest.mark.parametrize("name", [b"+CWSAP", b"+CWSAP_CUR", b"+CWSAP_DEF"])
storing_variants = pytest.mark.parametrize("name", [b"+CWSAP", b"+CWSAP_DEF"])

FACTORY_NETWORK = Ipv4Config(
    IPv4Address("192.168.4.1"), IPv4Address("192.168.4.1"), IPv4Address("255.255.255.0")
)
FACTORY = SoftAp(
    ssid=b"ESP_973BD5",
    password=b"",
    channel=1,
    security=Security.OPEN,
    mac=bytes.fromhex("1afe35973bd5"),
    network=FACTORY_NETWORK,
    has_dhcp=True,
)
EXAMPLE = replace(
    FACTORY,
    ssid=b"ESP8266",
    password=b"1234567890",
    channel=5,
    security=Security.WPA2_PSK,
)
HERE = SetAddress(Interface.SOFT_AP, IPv4Address("192.168.4.1"))
GONE = SetAddress(Interface.SOFT_AP, None)
PHONE = bytes.fromhex("acf8ae000001")
WATCH = bytes.fromhex("acf8ae000002")


def announced(player: ChipPlayer) -> SoftAp | None:
    """The softAP as the air was told last since the last call."""
    return [each for each in player.take_soft_ap_requests() if isinstance(each, Announce)][
        -1
    ].soft_ap


# AT+CWSAP


@both_dialects
@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b"AT+CWSAP?", b'+CWSAP:"ESP_973BD5","",1,0\r\n\r\nOK\r\n'),
        (b"AT+CWSAP_CUR?", b'+CWSAP_CUR:"ESP_973BD5","",1,0\r\n\r\nOK\r\n'),
        (b"AT+CWSAP_DEF?", b'+CWSAP_DEF:"ESP_973BD5","",1,0\r\n\r\nOK\r\n'),
        (b'AT+CWSAP="ESP8266","1234567890",5,3', OK),
        (b'AT+CWSAP_CUR="ESP8266","1234567890",5,3', OK),
        (b'AT+CWSAP_DEF="ESP8266","1234567890",5,3', OK),
    ],
)
def test_factory_softap_and_printed_examples(line: bytes, answer: bytes, dialect: Dialect) -> None:
    assert ready_player(dialect).ask(line) == answer


@both_dialects
@all_variants
def test_what_is_set_is_told_and_on_the_air(name: bytes, dialect: Dialect) -> None:
    player = ready_player(dialect)
    player.take_soft_ap_requests()
    assert player.ask(b"AT" + name + b'="ESP8266","1234567890",5,3') == OK
    assert player.take_soft_ap_requests() == [Announce(EXAMPLE)]
    assert player.ask(b"AT" + name + b"?") == name + b':"ESP8266","1234567890",5,3\r\n' + OK
    assert player.ask(b"AT+CWSAP?") == b'+CWSAP:"ESP8266","1234567890",5,3\r\n' + OK


@all_variants
@pytest.mark.parametrize(
    ("code", "security"),
    [
        (b"2", Security.WPA_PSK),
        (b"3", Security.WPA2_PSK),
        (b"4", Security.WPA_WPA2_PSK),
    ],
)
def test_each_encryption_is_used(name: bytes, code: bytes, security: Security) -> None:
    player = ready_player()
    assert player.ask(b"AT" + name + b'="ESP_T","1234567890",5,' + code) == OK
    soft_ap = announced(player)
    assert soft_ap is not None
    assert (soft_ap.security, soft_ap.password) == (security, b"1234567890")
    answer = name + b':"ESP_T","1234567890",5,' + code + b"\r\n" + OK
    assert player.ask(b"AT" + name + b"?") == answer


@all_variants
@pytest.mark.parametrize("password", [b"", b"1", b"1234567", b"x" * 64])
def test_an_open_softap_takes_any_password_and_uses_none(name: bytes, password: bytes) -> None:
    player = ready_player()
    assert player.ask(b"AT" + name + b'="ESP_T","' + password + b'",6,0') == OK
    soft_ap = announced(player)
    assert soft_ap is not None
    assert (soft_ap.security, soft_ap.password) == (Security.OPEN, b"")
    answer = name + b':"ESP_T","' + password + b'",6,0\r\n' + OK
    assert player.ask(b"AT" + name + b"?") == answer


@all_variants
@pytest.mark.parametrize(
    "arguments",
    [
        b'"E","12345678",5,3',
        b'"' + b"E" * 32 + b'","12345678",5,3',
        b'"ESP_T","12345678",5,3',
        b'"ESP_T","' + b"0123456789abcdef" * 4 + b'",5,3',
        b'"ESP_T","1234567890",1,3',
        b'"ESP_T","1234567890",13,3',
    ],
    ids=["ssid 1", "ssid 32", "pwd 8", "pwd 64", "channel 1", "channel 13"],
)
def test_values_at_their_limits_are_taken(name: bytes, arguments: bytes) -> None:
    player = ready_player()
    assert player.ask(b"AT" + name + b"=" + arguments) == OK
    assert player.ask(b"AT" + name + b"?") == name + b":" + arguments + b"\r\n" + OK


@both_dialects
@all_variants
@pytest.mark.parametrize(
    "arguments",
    [
        b'"","1234567890",5,3',
        b'"' + b"E" * 33 + b'","1234567890",5,3',
        b'"ESP_T","1234567",5,3',
        b'"ESP_T","1234567",5,2',
        b'"ESP_T","1234567",5,4',
        b'"ESP_T","' + b"x" * 65 + b'",5,3',
        b'"ESP_T","' + b"x" * 65 + b'",5,0',
        b'"ESP_T","1234567890",0,3',
        b'"ESP_T","1234567890",14,3',
        b'"ESP_T","1234567890",5,1',
        b'"ESP_T","1234567890",5,5',
        b'"ESP_T","1234567890",5',
        b'"ESP_T","1234567890",5,3,1',
        b'"ESP_T","1234567890",5,',
        b'"ESP_T",,5,3',
        b'ESP_T,"1234567890",5,3',
        b'"ESP_T",1234567890,5,3',
        b'"ESP_T","1234567890","5",3',
        b'"ESP_T", "1234567890", 5, 3',
        b'"ESP_T","1234567890",-5,3',
        b"",
    ],
)
def test_other_values_are_refused(name: bytes, arguments: bytes, dialect: Dialect) -> None:
    player = ready_player(dialect)
    player.take_soft_ap_requests()
    content = player.flash.snapshot()
    assert player.ask(b"AT" + name + b"=" + arguments) == ERROR
    assert player.ask(b"AT" + name + b"?") == name + b':"ESP_973BD5","",1,0\r\n' + OK
    assert player.take_soft_ap_requests() == []
    assert player.flash.snapshot() == content


@all_variants
@pytest.mark.parametrize("form", [b"=?", b""])
def test_test_and_execute_forms_of_cwsap_are_refused(name: bytes, form: bytes) -> None:
    assert ready_player().ask(b"AT" + name + form) == ERROR


@all_variants
def test_escapes_are_undone_in_arguments_and_not_made_in_answers(name: bytes) -> None:
    player = ready_player()
    assert player.ask(b"AT" + name + rb'="ab\\\,c","0123456789\"\\",5,3') == OK
    soft_ap = announced(player)
    assert soft_ap is not None
    assert (soft_ap.ssid, soft_ap.password) == (b"ab\\,c", b'0123456789"\\')
    answer = name + rb':"ab\,c","0123456789"\",5,3' + b"\r\n" + OK
    assert player.ask(b"AT" + name + b"?") == answer


def test_bytes_beyond_ascii_come_back_as_they_came() -> None:
    player = ready_player()
    assert player.ask(b'AT+CWSAP_CUR="caf\xc3\xa9","1234567890",5,3') == OK
    assert player.ask(b"AT+CWSAP_CUR?") == b'+CWSAP_CUR:"caf\xc3\xa9","1234567890",5,3\r\n' + OK


@both_dialects
@all_variants
def test_cwsap_needs_a_mode_with_a_softap(name: bytes, dialect: Dialect) -> None:
    player = ready_player(dialect)
    player.ask(b"AT+CWMODE_CUR=1")
    content = player.flash.snapshot()
    assert player.ask(b"AT" + name + b"?") == ERROR
    assert player.ask(b"AT" + name + b'="ESP8266","1234567890",5,3') == ERROR
    assert player.flash.snapshot() == content
    player.ask(b"AT+CWMODE_CUR=3")
    assert player.ask(b"AT" + name + b"?") == name + b':"ESP_973BD5","",1,0\r\n' + OK
    assert player.ask(b"AT" + name + b'="ESP8266","1234567890",5,3') == OK


@both_dialects
@storing_variants
def test_a_stored_softap_is_there_after_a_power_cycle(name: bytes, dialect: Dialect) -> None:
    player = ready_player(dialect)
    player.ask(b"AT" + name + b'="ESP8266","1234567890",5,3')
    player.take_soft_ap_requests()
    player.power_cycle()
    assert player.take_soft_ap_requests() == [Announce(EXAMPLE), HERE]
    player.ask(b"ATE0")
    assert player.ask(b"AT+CWSAP_CUR?") == b'+CWSAP_CUR:"ESP8266","1234567890",5,3\r\n' + OK


@both_dialects
def test_a_current_softap_leaves_the_stored_one_alone(dialect: Dialect) -> None:
    player = ready_player(dialect)
    player.ask(b'AT+CWSAP_DEF="ESP8266","1234567890",5,3')
    player.ask(b'AT+CWSAP_CUR="other","0987654321",7,4')
    assert player.ask(b"AT+CWSAP_CUR?") == b'+CWSAP_CUR:"other","0987654321",7,4\r\n' + OK
    assert player.ask(b"AT+CWSAP?") == b'+CWSAP:"other","0987654321",7,4\r\n' + OK
    assert player.ask(b"AT+CWSAP_DEF?") == b'+CWSAP_DEF:"ESP8266","1234567890",5,3\r\n' + OK
    player.ask(b"AT+RST")
    player.ask(b"ATE0")
    assert player.ask(b"AT+CWSAP_CUR?") == b'+CWSAP_CUR:"ESP8266","1234567890",5,3\r\n' + OK


def test_the_call_that_illustrates_the_notation_is_legal() -> None:
    """Line 160, without its blanks (GEN-10)."""
    player = ready_player()
    assert player.ask(b'AT+CWSAP="ESP756290","21030826",1,4') == OK
    assert player.ask(b"AT+CWSAP?") == b'+CWSAP:"ESP756290","21030826",1,4\r\n' + OK


# On the air


@both_dialects
def test_the_factory_softap_is_on_the_air_when_the_firmware_is_ready(dialect: Dialect) -> None:
    assert ready_player(dialect).take_soft_ap_requests() == [Announce(FACTORY), HERE]


def test_there_is_none_on_the_air_after_a_start_as_a_station() -> None:
    player = ready_player()
    player.ask(b"AT+CWMODE_DEF=1")
    player.take_soft_ap_requests()
    player.power_cycle()
    assert player.take_soft_ap_requests() == []


@pytest.mark.parametrize("name", [b"+CWMODE", b"+CWMODE_CUR", b"+CWMODE_DEF"])
def test_the_wifi_mode_switches_it(name: bytes) -> None:
    player = ready_player()
    player.take_soft_ap_requests()

    def told(mode: bytes) -> list[object]:
        assert player.ask(b"AT" + name + b"=" + mode) == OK
        return list(player.take_soft_ap_requests())

    assert told(b"3") == []
    assert told(b"2") == []
    assert told(b"1") == [GONE, Announce(None)]
    assert told(b"1") == []
    assert told(b"3") == [Announce(FACTORY), HERE]
    assert told(b"1") == [GONE, Announce(None)]
    assert told(b"2") == [Announce(FACTORY), HERE]


def test_it_comes_back_as_it_was_when_it_is_switched_off_and_on() -> None:
    player = ready_player()
    player.ask(b'AT+CWSAP_CUR="ESP8266","1234567890",5,3')
    player.ask(b"AT+CWMODE_CUR=1")
    player.ask(b"AT+CWMODE_CUR=3")
    assert announced(player) == EXAMPLE


@all_variants
def test_the_same_again_is_not_told_again(name: bytes) -> None:
    player = ready_player()
    player.ask(b"AT" + name + b'="ESP8266","1234567890",5,3')
    player.take_soft_ap_requests()
    assert player.ask(b"AT" + name + b'="ESP8266","1234567890",5,3') == OK
    assert player.take_soft_ap_requests() == []


def test_it_changes_when_the_flash_has_been_written_and_ok_is_sent() -> None:
    player = ready_player()
    player.send(b'AT+CWSAP_DEF="ESP8266","1234567890",5,3\r\n')
    player.take_soft_ap_requests()
    assert player.take_sent() == b""
    player.settle()
    assert player.take_sent() == OK
    assert player.take_soft_ap_requests() == [Announce(EXAMPLE)]


def test_no_answer_but_that_of_cwsap_shows_its_password() -> None:
    player = ready_player()
    player.ask(b'AT+CWSAP_CUR="ESP8266","top secret",5,3')
    assert "top secret" not in repr(player.actions)


# AT+CWLIF


@both_dialects
def test_stations_are_listed_in_the_order_in_which_they_came(dialect: Dialect) -> None:
    player = ready_player(dialect)
    assert player.ask(b"AT+CWLIF") == OK
    player.hear(StationCame(WATCH, IPv4Address("192.168.4.3")))
    player.hear(StationCame(PHONE, IPv4Address("192.168.4.2")))
    assert player.ask(b"AT+CWLIF") == (
        b"192.168.4.3,ac:f8:ae:00:00:02\r\n192.168.4.2,ac:f8:ae:00:00:01\r\n\r\nOK\r\n"
    )


def test_who_leaves_disappears_from_the_list() -> None:
    player = ready_player()
    player.hear(StationCame(PHONE, IPv4Address("192.168.4.2")))
    player.hear(StationCame(WATCH, IPv4Address("192.168.4.3")))
    player.hear(StationWent(PHONE))
    player.hear(StationWent(PHONE))
    assert player.ask(b"AT+CWLIF") == b"192.168.4.3,ac:f8:ae:00:00:02\r\n\r\nOK\r\n"


def test_who_gets_an_address_later_is_listed_with_it_where_it_came() -> None:
    player = ready_player()
    player.hear(StationCame(PHONE, None))
    player.hear(StationCame(WATCH, IPv4Address("192.168.4.3")))
    player.hear(StationCame(PHONE, IPv4Address("192.168.4.2")))
    assert player.ask(b"AT+CWLIF") == (
        b"192.168.4.2,ac:f8:ae:00:00:01\r\n192.168.4.3,ac:f8:ae:00:00:02\r\n\r\nOK\r\n"
    )


def test_who_comes_and_goes_is_not_told_unasked() -> None:
    player = ready_player()
    player.hear(StationCame(PHONE, IPv4Address("192.168.4.2")))
    player.hear(StationWent(PHONE))
    assert player.take_sent() == b""


def test_other_events_are_no_stations() -> None:
    player = ready_player()
    player.hear(ApLost())
    assert player.ask(b"AT+CWLIF") == OK


@both_dialects
def test_a_station_with_an_address_of_its_own_is_not_listed(dialect: Dialect) -> None:
    player = ready_player(dialect)
    player.hear(StationCame(PHONE, None))
    assert player.ask(b"AT+CWLIF") == OK


@both_dialects
def test_the_list_is_empty_while_dhcp_is_off(dialect: Dialect) -> None:
    player = ready_player(dialect)
    player.hear(StationCame(PHONE, IPv4Address("192.168.4.2")))
    player.ask(b"AT+CWDHCP_CUR=0,0")
    assert player.ask(b"AT+CWLIF") == OK
    player.ask(b"AT+CWDHCP_CUR=0,1")
    assert player.ask(b"AT+CWLIF") == b"192.168.4.2,ac:f8:ae:00:00:01\r\n\r\nOK\r\n"


@both_dialects
def test_cwlif_is_refused_without_a_softap_and_nobody_is_left_afterwards(dialect: Dialect) -> None:
    player = ready_player(dialect)
    player.hear(StationCame(PHONE, IPv4Address("192.168.4.2")))
    player.ask(b"AT+CWMODE_CUR=1")
    player.hear(StationWent(PHONE))
    assert player.ask(b"AT+CWLIF") == ERROR
    player.ask(b"AT+CWMODE_CUR=2")
    assert player.ask(b"AT+CWLIF") == OK


@pytest.mark.parametrize("form", [b"?", b"=?", b"=1"])
def test_cwlif_has_only_the_execute_form(form: bytes) -> None:
    assert ready_player().ask(b"AT+CWLIF" + form) == ERROR
