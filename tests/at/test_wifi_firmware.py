"""The typed Wi-Fi commands with the literal bytes of real firmware, 0.18 to 1.7."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import TYPE_CHECKING

import pytest

from hil.at.wifi_result import (
    Encryption,
    FoundAccessPoint,
    Interface,
    InterfaceAddress,
    JoinedAccessPoint,
    JoinFailure,
    SmartConfigType,
    SoftApSetup,
    SoftApStation,
    join_failure,
)
from hil.errors import CommandArgumentError, CommandFailedError, UnexpectedReplyError

from .scripted_port import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.at import AtClient

    from .scripted_port import ScriptedPort

OK = b"\r\nOK\r\n"
MAC = "40:a7:37:00:00:01"


def test_join_of_0_40(port: ScriptedPort, client: AtClient) -> None:
    port.expect(
        b'AT+CWJAP_CUR="my\\,net","p\\"w\\\\d","40:a7:37:00:00:01"\r\n',
        b'AT+CWJAP_CUR="my\\,net","p\\"w\\\\d","40:a7:37:00:00:01"\r\r\n',
        Answer(b"WIFI DISCONNECT\r\nWIFI CONNECTED\r\n", 2000),
        Answer(b"WIFI GOT IP\r\n" + OK, 3000),
    )
    assert client.cwjap_cur("my,net", 'p"w\\d', MAC.upper()).is_ok


def test_failed_join_tells_why(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b'AT+CWJAP="net","password"\r\n', Answer(b"+CWJAP:1\r\n\r\nFAIL\r\n", 15_000))
    with pytest.raises(CommandFailedError) as caught:
        client.cwjap("net", "password")
    assert join_failure(caught.value) is JoinFailure.TIMEOUT


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"No AP\r\n", None),
        (b'+CWJAP:"net"\r\n', JoinedAccessPoint("net")),
        (b"+CWJAP:net\r\n", JoinedAccessPoint("net")),
        (b'+CWJAP:"a","b"\r\n', JoinedAccessPoint('a","b')),
        (b'+CWJAP:"half\r\n', None),
        (b'+CWJAP:"n","40:a7:37:00:00:01"\r\n', JoinedAccessPoint("n", MAC)),
        (b'+CWJAP:"n","40:a7:37:00:00:01",1,-15\r\n', JoinedAccessPoint("n", MAC, 1, -15)),
        (
            b'+CWJAP:"n","40:a7:37:00:00:01",11,-55,0,0,0,0\r\n',
            JoinedAccessPoint("n", MAC, 11, -55),
        ),
    ],
)
def test_joined_access_point(
    port: ScriptedPort, client: AtClient, answer: bytes, told: JoinedAccessPoint | None
) -> None:
    port.expect(b"AT+CWJAP?\r\n", answer + OK)
    if told is None and answer.startswith(b"+"):
        with pytest.raises(UnexpectedReplyError, match="expected 'No AP', or a name"):
            client.cwjap_query()
    else:
        assert client.cwjap_query() == told


@pytest.mark.parametrize(
    ("record", "found"),
    [
        (b'(3,"a b",-57,"40:a7:37:00:00:01",1)', FoundAccessPoint(3, "a b", -57, MAC, 1)),
        (b'4,"",-9,"40:a7:37:00:00:01",13', FoundAccessPoint(4, "", -9, MAC, 13)),
        (b'(0,"q"),(x",-5,"40:a7:37:00:00:01",1)', FoundAccessPoint(0, 'q"),(x', -5, MAC, 1)),
        (
            b'(3,"Moto",-42,"40:a7:37:00:00:01",1,25,0)',
            FoundAccessPoint(3, "Moto", -42, MAC, 1, (25, 0)),
        ),
        (b'(7,"new",-76,"40:a7:37:00:00:01")', FoundAccessPoint(7, "new", -76, MAC)),
    ],
)
def test_found_access_points(
    port: ScriptedPort, client: AtClient, record: bytes, found: FoundAccessPoint
) -> None:
    line = b"+CWLAP:" + record + b"\r\n"
    port.expect(b"AT+CWLAP\r\n", b"AT+CWLAP\r\r\n", Answer(line + line + OK, 2200))
    assert client.cwlap() == (found, found)


def test_scan_that_makes_no_sense(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+CWLAP\r\n", b"+CWLAP:(3)\r\n" + OK)
    with pytest.raises(UnexpectedReplyError, match="expected records"):
        client.cwlap()


@pytest.mark.parametrize(
    ("answer", "setup"),
    [
        (b'"ESP_000001","",1,0', SoftApSetup("ESP_000001", "", 1, Encryption.OPEN)),
        (b'"ESP8266","12345678",5,3,4,0', SoftApSetup("ESP8266", "12345678", 5, 3, 4, False)),
    ],
)
def test_softap_setup(
    port: ScriptedPort, client: AtClient, answer: bytes, setup: SoftApSetup
) -> None:
    port.expect(b"AT+CWSAP?\r\n", b"\r\n+CWSAP:" + answer + b"\r\n" + OK)
    assert client.cwsap_query() == setup


def test_stations_of_the_softap(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+CWLIF\r\n", b"\r\n192.168.4.100,40:a7:37:00:00:01\r\n" + OK)
    assert client.cwlif() == (SoftApStation(IPv4Address("192.168.4.100"), MAC),)


def test_dhcp_without_a_line_end_of_its_own(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+CWDHCP?\r\n", b"AT+CWDHCP?\r\r\n+CWDHCP:2" + OK)
    switches = client.cwdhcp_query()
    assert (switches.is_softap_on, switches.is_station_on) == (False, True)


@pytest.mark.parametrize(
    ("answer", "address"),
    [
        (b'+CIPSTA_DEF:"10.0.0.7"\r\n', InterfaceAddress(IPv4Address("10.0.0.7"))),
        (b'+CIPSTA:"10.0.0.7"\r\n', InterfaceAddress(IPv4Address("10.0.0.7"))),
        (
            (
                b'+CIPSTA_DEF:ip:"10.0.0.7"\r\n+CIPSTA_DEF:gateway:"10.0.0.1"\r\n'
                b'+CIPSTA_DEF:netmask:"255.0.0.0"\r\n'
            ),
            InterfaceAddress(
                IPv4Address("10.0.0.7"), IPv4Address("10.0.0.1"), IPv4Address("255.0.0.0")
            ),
        ),
    ],
)
def test_station_address(
    port: ScriptedPort, client: AtClient, answer: bytes, address: InterfaceAddress
) -> None:
    port.expect(b"AT+CIPSTA_DEF?\r\n", answer + OK)
    assert client.cipsta_def_query() == address


def test_mac_that_nobody_stored(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+CIPSTAMAC_DEF?\r\n", b'+CIPSTAMAC_DEF:"ff:ff:ff:ff:ff:ff"\r\n' + OK)
    assert client.cipstamac_def_query() == "ff:ff:ff:ff:ff:ff"
    port.expect(b"AT+CIPAPMAC?\r\n", b'+CIPAPMAC:"nonsense"\r\n' + OK)
    with pytest.raises(UnexpectedReplyError, match="expected a MAC address"):
        client.cipapmac_query()


def test_lines_as_they_are_sent(port: ScriptedPort, client: AtClient) -> None:
    calls: list[tuple[bytes, Callable[[], object]]] = [
        (b'AT+CWJAP="abc","0123456789"', lambda: client.cwjap("abc", "0123456789")),
        (b'AT+CWJAP_DEF="open",""', lambda: client.cwjap_def("open")),
        (
            b'AT+CWLAP="wifi","ca:d7:19:d8:a6:44",6',
            lambda: client.cwlap("wifi", "ca:d7:19:d8:a6:44", 6),
        ),
        (b'AT+CWLAP="wifi"', lambda: client.cwlap("wifi")),
        (b"AT+CWQAP", client.cwqap),
        (b"AT+CWQAP=?", client.cwqap_test),
        (b'AT+CWSAP="ESP8266","1234567890",5,3', lambda: client.cwsap("ESP8266", "1234567890", 5)),
        (b'AT+CWSAP_DEF="open","",1,0', lambda: client.cwsap_def("open", "", 1, Encryption.OPEN)),
        (b"AT+CWDHCP=0,1", lambda: client.cwdhcp(Interface.SOFTAP, is_on=True)),
        (b"AT+CWDHCP_CUR=2,0", lambda: client.cwdhcp_cur(Interface.BOTH, is_on=False)),
        (b"AT+CWAUTOCONN=1", lambda: client.cwautoconn(is_on=True)),
        (b'AT+CIPSTAMAC="18:fe:35:98:d3:7b"', lambda: client.cipstamac("18:fe:35:98:d3:7b")),
        (b'AT+CIPSTA_CUR="10.0.0.7"', lambda: client.cipsta_cur("10.0.0.7")),
        (
            b'AT+CIPAP_DEF="192.168.5.1","192.168.5.1","255.255.255.0"',
            lambda: client.cipap_def("192.168.5.1", IPv4Address("192.168.5.1"), "255.255.255.0"),
        ),
        (b"AT+CWSTARTSMART=2", lambda: client.cwstartsmart(SmartConfigType.AIRKISS)),
        (b"AT+CWSTOPSMART", client.cwstopsmart),
    ]
    for line, call in calls:
        port.expect(line + b"\r\n", OK)
        call()


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (
            lambda at: at.cwjap_cur("x" * 33),
            "AT+CWJAP_CUR: ssid must be 1 to 32 bytes long, not '" + "x" * 33 + "'",
        ),
        (
            lambda at: at.cwjap("n", "secret word\r\n"),
            "AT+CWJAP: pwd must be without CR, LF and NUL, which end a line, not *** (13 bytes)",
        ),
        (
            lambda at: at.cwjap("n", "s" * 65),
            "AT+CWJAP: pwd must be 0 to 64 bytes long, not *** (65 bytes)",
        ),
        (lambda at: at.cwjap("n", 5), "AT+CWJAP: pwd must be text or bytes, not ***"),
        (
            lambda at: at.cwjap("n", "p", "40:a7"),
            "AT+CWJAP: bssid must be a MAC address like 18:fe:35:98:d3:7b, not '40:a7'",
        ),
        (
            lambda at: at.cwlap("n", None, 3),
            "AT+CWLAP: mac must be given if what stands behind it is, not None",
        ),
        (
            lambda at: at.cwlap("n", "40:a7:37:00:00:01", 15),
            "AT+CWLAP: ch must be a whole number from 1 to 14, not 15",
        ),
        (
            lambda at: at.cwsap("n", "short", 1),
            (
                "AT+CWSAP: pwd must be 8 to 64 bytes long unless the network is open, "
                "not *** (5 bytes)"
            ),
        ),
        (
            lambda at: at.cwsap("n", "long password", 14),
            "AT+CWSAP: chl must be a whole number from 1 to 13, not 14",
        ),
        (
            lambda at: at.cwsap("n", "long password", 1, Encryption.WEP),
            "AT+CWSAP: ecn must be one of 0, 2, 3, 4, not <Encryption.WEP: 1>",
        ),
        (
            lambda at: at.cipstamac_def("19:fe:35:98:d3:7b"),
            (
                "AT+CIPSTAMAC_DEF: mac must be no group address, so its first byte must be even, "
                "not '19:fe:35:98:d3:7b'"
            ),
        ),
        (
            lambda at: at.cipsta("10.0.0.300"),
            "AT+CIPSTA: IP must be an IPv4 address, not '10.0.0.300'",
        ),
        (
            lambda at: at.cipap_cur("10.0.0.3", "10.0.0.1"),
            (
                "AT+CIPAP_CUR: netmask must be given together with the other one, or not at all, "
                "not None"
            ),
        ),
        (
            lambda at: at.cwautoconn(is_on=2),
            "AT+CWAUTOCONN: enable must be True or False, not 2",
        ),
    ],
)
def test_mistakes_are_told_before_anything_is_sent(
    port: ScriptedPort, client: AtClient, call: Callable[[AtClient], object], complaint: str
) -> None:
    with pytest.raises(CommandArgumentError) as caught:
        call(client)
    assert str(caught.value) == complaint
    assert port.sent == []
