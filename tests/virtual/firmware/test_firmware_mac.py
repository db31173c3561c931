"""Section 4, commands 17 to 22: AT+CIPSTAMAC x3 and AT+CIPAPMAC x3."""

from __future__ import annotations

import pytest

from hil.virtual.air.message import Announce, Join
from hil.virtual.firmware.dialect import DOCUMENTED, ESPRESSIF_0_23, Dialect

from .air_player import join_beside_soft_ap, serve
from .chip_player import ERROR, OK, ready_player

both_dialects = pytest.mark.parametrize("dialect", [DOCUMENTED, ESPRESSIF_0_23])
suffixes = pytest.mark.parametrize("suffix", [b"", b"_CUR", b"_DEF"])
storing_suffixes = pytest.mark.parametrize("suffix", [b"", b"_DEF"])
families = pytest.mark.parametrize(
    ("family", "example", "factory"),
    [
        (b"+CIPSTAMAC", b"18:fe:35:98:d3:7b", b"18:fe:35:97:3b:d5"),
        (b"+CIPAPMAC", b"1a:fe:36:97:d5:7b", b"1a:fe:35:97:3b:d5"),
    ],
)


@both_dialects
@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b"AT+CIPSTAMAC?", b'+CIPSTAMAC:"18:fe:35:97:3b:d5"\r\n\r\nOK\r\n'),
        (b"AT+CIPSTAMAC_CUR?", b'+CIPSTAMAC_CUR:"18:fe:35:97:3b:d5"\r\n\r\nOK\r\n'),
        (b"AT+CIPAPMAC?", b'+CIPAPMAC:"1a:fe:35:97:3b:d5"\r\n\r\nOK\r\n'),
        (b"AT+CIPAPMAC_CUR?", b'+CIPAPMAC_CUR:"1a:fe:35:97:3b:d5"\r\n\r\nOK\r\n'),
        (b'AT+CIPSTAMAC="18:fe:35:98:d3:7b"', OK),
        (b'AT+CIPSTAMAC_CUR="18:fe:35:98:d3:7b"', OK),
        (b'AT+CIPSTAMAC_DEF="18:fe:35:98:d3:7b"', OK),
        (b'AT+CIPAPMAC="1a:fe:36:97:d5:7b"', OK),
        (b'AT+CIPAPMAC_CUR="1a:fe:36:97:d5:7b"', OK),
        (b'AT+CIPAPMAC_DEF="1a:fe:36:97:d5:7b"', OK),
    ],
)
def test_factory_addresses_and_printed_examples(
    line: bytes, answer: bytes, dialect: Dialect
) -> None:
    assert ready_player(dialect).ask(line) == answer


@pytest.mark.parametrize(
    ("dialect", "line", "answer"),
    [
        (DOCUMENTED, b"AT+CIPSTAMAC_DEF?", b'+CIPSTAMAC_DEF:"18:fe:35:97:3b:d5"\r\n\r\nOK\r\n'),
        (DOCUMENTED, b"AT+CIPAPMAC_DEF?", b'+CIPAPMAC_DEF:"1a:fe:35:97:3b:d5"\r\n\r\nOK\r\n'),
        (ESPRESSIF_0_23, b"AT+CIPSTAMAC_DEF?", b'+CIPSTAMAC_DEF:"ff:ff:ff:ff:ff:ff"\r\n\r\nOK\r\n'),
        (ESPRESSIF_0_23, b"AT+CIPAPMAC_DEF?", b'+CIPAPMAC_DEF:"ff:ff:ff:ff:ff:ff"\r\n\r\nOK\r\n'),
    ],
)
def test_a_default_that_nobody_has_stored(dialect: Dialect, line: bytes, answer: bytes) -> None:
    assert ready_player(dialect).ask(line) == answer


@both_dialects
@suffixes
@families
def test_what_is_set_is_told(
    suffix: bytes, family: bytes, example: bytes, factory: bytes, dialect: Dialect
) -> None:
    player = ready_player(dialect)
    name = family + suffix
    assert player.ask(b"AT" + name + b'="' + example.upper() + b'"') == OK
    assert player.ask(b"AT" + name + b"?") == name + b':"' + example + b'"\r\n' + OK
    assert player.ask(b"AT" + family + b"?") == family + b':"' + example + b'"\r\n' + OK
    assert player.ask(b"AT" + family + b"_CUR?") == family + b'_CUR:"' + example + b'"\r\n' + OK


@both_dialects
@suffixes
@families
@pytest.mark.parametrize(
    "arguments",
    [
        b'"18:fe:35:98:d3"',
        b'"18:fe:35:98:d3:7b:00"',
        b'"18:fe:35:98:d3:7g"',
        b'"18fe3598d37b"',
        b'"18-fe-35-98-d3-7b"',
        b'"8:fe:35:98:d3:7b"',
        b'"18:fe:35:98:d3:7b "',
        b"18:fe:35:98:d3:7b",
        b'"19:fe:35:98:d3:7b"',
        b'"01:00:5e:00:00:01"',
        b'"ff:ff:ff:ff:ff:ff"',
        b'"00:00:00:00:00:00"',
        b'""',
        b"",
        b'"18:fe:35:98:d3:7b",',
        b'"18:fe:35:98:d3:7b",1',
    ],
)
def test_other_addresses_are_refused(
    suffix: bytes, family: bytes, example: bytes, factory: bytes, arguments: bytes, dialect: Dialect
) -> None:
    player = ready_player(dialect)
    player.take_soft_ap_requests()
    content = player.flash.snapshot()
    assert player.ask(b"AT" + family + suffix + b"=" + arguments) == ERROR
    assert player.ask(b"AT" + family + b"?") == family + b':"' + factory + b'"\r\n' + OK
    assert player.flash.snapshot() == content
    assert player.take_soft_ap_requests() == []


@suffixes
@families
@pytest.mark.parametrize("form", [b"=?", b""])
def test_test_and_execute_forms_are_refused(
    suffix: bytes, family: bytes, example: bytes, factory: bytes, form: bytes
) -> None:
    assert ready_player().ask(b"AT" + family + suffix + form) == ERROR


@storing_suffixes
@families
def test_a_stored_address_is_in_force_after_a_power_cycle(
    suffix: bytes, family: bytes, example: bytes, factory: bytes
) -> None:
    player = ready_player()
    player.ask(b"AT" + family + suffix + b'="' + example + b'"')
    player.power_cycle()
    player.ask(b"ATE0")
    assert player.ask(b"AT" + family + b"_CUR?") == family + b'_CUR:"' + example + b'"\r\n' + OK
    assert player.ask(b"AT" + family + b"_DEF?") == family + b'_DEF:"' + example + b'"\r\n' + OK


@families
def test_a_current_address_leaves_the_stored_one_alone(
    family: bytes, example: bytes, factory: bytes
) -> None:
    player = ready_player()
    player.ask(b"AT" + family + b'_DEF="02:00:00:00:00:0a"')
    player.ask(b"AT" + family + b'_CUR="' + example + b'"')
    assert player.ask(b"AT" + family + b"_CUR?") == family + b'_CUR:"' + example + b'"\r\n' + OK
    assert player.ask(b"AT" + family + b"_DEF?") == family + b'_DEF:"02:00:00:00:00:0a"\r\n' + OK
    player.ask(b"AT+RST")
    player.ask(b"ATE0")
    assert player.ask(b"AT" + family + b"?") == family + b':"02:00:00:00:00:0a"\r\n' + OK


# Two interfaces, two addresses


@pytest.mark.parametrize(
    ("family", "others"),
    [(b"+CIPSTAMAC", b"1a:fe:35:97:3b:d5"), (b"+CIPAPMAC", b"18:fe:35:97:3b:d5")],
)
@suffixes
def test_the_address_of_the_other_interface_is_refused(
    family: bytes, others: bytes, suffix: bytes
) -> None:
    player = ready_player()
    assert player.ask(b"AT" + family + suffix + b'="' + others + b'"') == ERROR


def test_the_address_that_the_other_interface_has_stored_cannot_be_stored() -> None:
    player = ready_player()
    player.ask(b'AT+CIPAPMAC_DEF="02:00:00:00:00:0a"')
    player.ask(b'AT+CIPAPMAC_CUR="02:00:00:00:00:0b"')
    assert player.ask(b'AT+CIPSTAMAC_DEF="02:00:00:00:00:0a"') == ERROR
    assert player.ask(b'AT+CIPSTAMAC_CUR="02:00:00:00:00:0b"') == ERROR
    assert player.ask(b'AT+CIPSTAMAC_CUR="02:00:00:00:00:0a"') == OK


def test_the_factory_address_to_which_the_other_interface_returns_cannot_be_stored() -> None:
    player = ready_player()
    player.ask(b'AT+CIPSTAMAC_CUR="02:00:00:00:00:0a"')
    assert player.ask(b'AT+CIPAPMAC_DEF="18:fe:35:97:3b:d5"') == ERROR
    assert player.ask(b'AT+CIPAPMAC_CUR="18:fe:35:97:3b:d5"') == OK


# On the air


@suffixes
def test_the_softap_uses_its_address_on_the_air(suffix: bytes) -> None:
    player = ready_player()
    player.take_soft_ap_requests()
    player.ask(b"AT+CIPAPMAC" + suffix + b'="1a:fe:36:97:d5:7b"')
    (told,) = player.take_soft_ap_requests()
    assert isinstance(told, Announce)
    assert told.soft_ap is not None
    assert told.soft_ap.mac == bytes.fromhex("1afe3697d57b")
    assert told.soft_ap.ssid == b"ESP_973BD5"
    player.ask(b"AT+CIPAPMAC" + suffix + b'="1a:fe:36:97:d5:7b"')
    assert player.take_soft_ap_requests() == []


@both_dialects
@suffixes
def test_the_station_joins_anew_with_a_new_address(suffix: bytes, dialect: Dialect) -> None:
    player = ready_player(dialect)
    join_beside_soft_ap(player)
    player.ask(b"AT+CIPSTAMAC" + suffix + b'="18:fe:35:98:d3:7b"')
    request = serve(player)[0]
    assert isinstance(request, Join)
    assert request.mac == bytes.fromhex("18fe3598d37b")
    player.ask(b"AT+CIPSTAMAC" + suffix + b'="18:fe:35:98:d3:7b"')
    assert player.take_requests() == []


def test_a_station_that_is_not_joined_asks_nothing_and_joins_with_the_new_address_later() -> None:
    player = ready_player()
    player.take_requests()
    player.ask(b'AT+CIPSTAMAC_CUR="18:fe:35:98:d3:7b"')
    assert player.take_requests() == []
    player.ask(b"AT+CWMODE_CUR=1")
    player.take_requests()
    player.send(b'AT+CWJAP_CUR="home","12345678"\r\n')
    request = serve(player)[0]
    assert isinstance(request, Join)
    assert request.mac == bytes.fromhex("18fe3598d37b")
