"""Section 4 of the document, command 7: AT+CWLAP."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hil.virtual.air.message import Scan, ScanDone, Security, Sighting
from hil.virtual.firmware.dialect import DOCUMENTED, ESPRESSIF_0_23, Dialect

from .air_player import HOME, joined_player, station_player
from .chip_player import BUSY, ERROR, OK, ready_player

both_dialects = pytest.mark.parametrize("dialect", [DOCUMENTED, ESPRESSIF_0_23])

MAC = bytes.fromhex("cad719d8a644")
HIDDEN = Sighting(b"", bytes.fromhex("0a0b0c0d0e0f"), 11, -70, Security.WPA_PSK)
FOUND = (
    Sighting(b"DIRECT-net-01", bytes.fromhex("40a737000001"), 1, -57, Security.WPA2_PSK),
    Sighting(b"NET-38C0", bytes.fromhex("f432c8000002"), 1, -93, Security.WPA_WPA2_PSK),
    Sighting(b"opennet", bytes.fromhex("2632c8000003"), 6, -90, Security.OPEN),
    Sighting(b"wepnet", bytes.fromhex("c01d19000004"), 11, -86, Security.WEP),
    Sighting(b'a"b,c', bytes.fromhex("c01d19000005"), 13, -4, Security.WPA_PSK),
)
LISTED = (
    b'+CWLAP:(3,"DIRECT-net-01",-57,"40:a7:37:00:00:01",1)\r\n'
    b'+CWLAP:(4,"NET-38C0",-93,"f4:32:c8:00:00:02",1)\r\n'
    b'+CWLAP:(0,"opennet",-90,"26:32:c8:00:00:03",6)\r\n'
    b'+CWLAP:(1,"wepnet",-86,"c0:1d:19:00:00:04",11)\r\n'
    b'+CWLAP:(2,"a"b,c",-4,"c0:1d:19:00:00:05",13)\r\n'
)


@both_dialects
@pytest.mark.parametrize("mode", [b"1", b"3"])
def test_all_access_points_are_listed_in_the_order_in_which_they_are_found(
    mode: bytes, dialect: Dialect
) -> None:
    player = ready_player(dialect)
    assert player.ask(b"AT+CWMODE_CUR=" + mode) == OK
    player.send(b"AT+CWLAP\r\n")
    player.wait_ms(2000)
    assert player.take_requests() == [Scan()]
    player.hear(ScanDone(FOUND))
    assert player.take_sent() == LISTED + OK


@both_dialects
@pytest.mark.parametrize(
    ("arguments", "request_"),
    [
        (b'"wifi"', Scan(b"wifi")),
        (b'"wifi","ca:d7:19:d8:a6:44"', Scan(b"wifi", MAC)),
        (b'"wifi","CA:D7:19:D8:A6:44",6', Scan(b"wifi", MAC, 6)),
        (b'"wifi",,6', Scan(b"wifi", None, 6)),
        (b'"wifi","",13', Scan(b"wifi", None, 13)),
        (b'"wi\\"fi",,0', Scan(b'wi"fi')),
        (b',"ca:d7:19:d8:a6:44"', Scan(None, MAC)),
        (b'"",,6', Scan(None, None, 6)),
        (b"", Scan()),
        (b'"' + 32 * b"s" + b'"', Scan(32 * b"s")),
    ],
)
def test_the_set_form_says_what_to_look_for(
    arguments: bytes, request_: Scan, dialect: Dialect
) -> None:
    player = station_player(dialect)
    player.send(b"AT+CWLAP=" + arguments + b"\r\n")
    player.wait_ms(100)
    assert player.take_requests() == [request_]
    player.hear(ScanDone((HOME,)))
    assert player.take_sent() == b'+CWLAP:(3,"home",-50,"ca:d7:19:d8:a6:44",6)\r\n' + OK


@both_dialects
@pytest.mark.parametrize(
    "arguments",
    [
        b'"wifi","zz:zz",6',
        b'"wifi","ca:d7:19:d8:a6:4",6',
        b'"wifi","ca:d7:19:d8:a6:44",14',
        b'"wifi","ca:d7:19:d8:a6:44","6"',
        b'"wifi","ca:d7:19:d8:a6:44",6,',
        b'"wifi", "ca:d7:19:d8:a6:44"',
        b"wifi",
        b"1",
        b'"wifi",6',
        b'"' + 33 * b"s" + b'"',
    ],
)
def test_other_arguments_are_refused(arguments: bytes, dialect: Dialect) -> None:
    player = station_player(dialect)
    assert player.ask(b"AT+CWLAP=" + arguments) == ERROR
    assert player.take_requests() == []


@both_dialects
def test_a_scan_that_finds_nothing_answers_ok(dialect: Dialect) -> None:
    player = station_player(dialect)
    player.send(b'AT+CWLAP="no-such-net"\r\n')
    player.hear(ScanDone(()))
    assert player.take_sent() == OK


def test_each_scan_lists_what_it_has_found_itself() -> None:
    player = station_player()
    player.send(b"AT+CWLAP\r\n")
    player.hear(ScanDone(FOUND))
    player.take_sent()
    player.send(b"AT+CWLAP\r\n")
    player.wait_ms(100)
    assert player.take_sent() == b""
    player.hear(ScanDone((HOME,)))
    assert player.take_sent() == b'+CWLAP:(3,"home",-50,"ca:d7:19:d8:a6:44",6)\r\n' + OK


def test_a_hidden_network_is_found_by_its_name_only() -> None:
    player = station_player()
    player.send(b"AT+CWLAP\r\n")
    player.hear(ScanDone((HIDDEN,)))
    assert player.take_sent() == OK
    for told in (HIDDEN, replace(HIDDEN, ssid=b"secret")):
        player.send(b'AT+CWLAP="secret"\r\n')
        player.hear(ScanDone((told,)))
        assert player.take_sent() == b'+CWLAP:(2,"secret",-70,"0a:0b:0c:0d:0e:0f",11)\r\n' + OK


@both_dialects
@pytest.mark.parametrize("line", [b"AT+CWLAP", b'AT+CWLAP="wifi"'])
def test_without_a_station_nothing_is_listed(line: bytes, dialect: Dialect) -> None:
    player = ready_player(dialect)
    assert player.ask(line) == ERROR
    assert player.take_requests() == []


@both_dialects
def test_the_firmware_is_busy_while_it_scans(dialect: Dialect) -> None:
    player = station_player(dialect)
    player.send(b"AT+CWLAP\r\nAT\r\n")
    player.wait_ms(10)
    assert player.take_sent() == BUSY
    player.hear(ScanDone(FOUND))
    assert player.take_sent() == LISTED + OK


def test_a_scan_that_nobody_answers_ends_in_error() -> None:
    player = station_player()
    player.send(b"AT+CWLAP\r\n")
    player.wait_ms(9_999)
    assert player.take_sent() == b""
    player.wait_ms(1)
    assert player.take_sent() == ERROR
    player.hear(ScanDone(FOUND))
    assert player.take_sent() == b""


def test_a_joined_station_may_scan() -> None:
    player = joined_player()
    player.send(b"AT+CWLAP\r\n")
    player.hear(ScanDone(FOUND))
    assert player.take_sent() == LISTED + OK
    assert player.ask(b"AT+CWJAP?") == b'+CWJAP:"home"\r\n' + OK


@both_dialects
@pytest.mark.parametrize("form", [b"?", b"=?"])
def test_there_is_no_query_and_no_test_form(form: bytes, dialect: Dialect) -> None:
    assert station_player(dialect).ask(b"AT+CWLAP" + form) == ERROR
