"""Recorded exchanges of basic and Wi-Fi commands, replayed through `espressif-0.23`.

One was recorded at a module with AT 0.23. The others were at modules with other versions, and their
lines are those of 0.23; exchanges whose lines are not are left out. Names and addresses are partly
those of these tests. Test ids name the recordings.
"""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import TYPE_CHECKING

import pytest

from hil.virtual.air.message import StationCame
from hil.virtual.firmware.at_firmware import FirmwareIdentity

from .recording import (
    ERROR,
    OK,
    Line,
    found,
    fresh,
    joined_station,
    module,
    recorded,
    replay,
    seconds,
    station,
    taken_in,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from .link_player import LinkPlayer
    from .recording import Steps


def client(mac: str) -> Callable[[LinkPlayer], None]:
    """The softAP has given a station the address 192.168.4.100."""
    came = StationCame(bytes.fromhex(mac.replace(":", "")), IPv4Address("192.168.4.100"))
    return lambda player: player.hear(came)


@pytest.mark.parametrize(
    ("identity", "lines"),
    [
        pytest.param(
            FirmwareIdentity("0.23.0.0", "1.0.1", "May  9 2015 16:00:00", "Apr 24 2015 21:11:01"),
            [
                "AT version:0.23.0.0(Apr 24 2015 21:11:01)",
                "SDK version:1.0.1",
                "compile time:May  9 2015 16:00:00",
                "OK",
            ],
            id="basic-gmr-0230-waitfor",
        ),
        pytest.param(
            FirmwareIdentity("0.22.0.0", "1.0.0", "Mar 20 2015 11:00:32", "Mar 20 2015 10:04:26"),
            [
                "AT version:0.22.0.0(Mar 20 2015 10:04:26)",
                "SDK version:1.0.0",
                "compile time:Mar 20 2015 11:00:32",
                "OK",
            ],
            id="basic-gmr-0220",
        ),
    ],
)
def test_the_versions_are_told_as_recorded(identity: FirmwareIdentity, lines: list[str]) -> None:
    """The posts have lost the blank line in front of OK."""
    steps: list[Line] = [("tx", "AT+GMR"), *(("rx", line) for line in lines)]
    replay(module(identity), steps, keeps_blanks=False)


@pytest.mark.parametrize(
    ("prepare", "steps", "keeps_blanks"),
    [
        recorded("basic-at-0018", fresh, ("tx", "AT"), *OK),
        recorded(
            "wifi-cwmode-0018",
            fresh,
            ("tx", "AT+CWMODE=1"),
            *OK,
            ("tx", "AT+CWMODE?"),
            ("rx", "+CWMODE:1"),
            *OK,
        ),
        recorded(
            "wifi-cwlap-0018",
            station,
            ("tx", "AT+CWLAP"),
            found(
                (3, "DIRECT-net-01", -57, "40:a7:37:00:00:01", 1),
                (4, "NET-38C0", -93, "f4:32:c8:00:00:02", 1),
                (0, "opennet", -90, "26:32:c8:00:00:03", 1),
                (1, "wepnet", -86, "c0:1d:19:00:00:04", 1),
                (3, "net1", -47, "fc:ee:7b:00:00:05", 1),
                (3, "NETGEAR", -82, "a0:22:3f:00:00:06", 2),
                (4, "net3", -85, "bc:22:0b:00:00:07", 6),
                (3, "NETGEAR21", -54, "64:94:fc:00:00:08", 11),
                (4, "150104", -92, "ac:35:40:00:00:09", 1),
            ),
            ("rx", '+CWLAP:(3,"DIRECT-net-01",-57,"40:a7:37:00:00:01",1)'),
            ("rx", '+CWLAP:(4,"NET-38C0",-93,"f4:32:c8:00:00:02",1)'),
            ("rx", '+CWLAP:(0,"opennet",-90,"26:32:c8:00:00:03",1)'),
            ("rx", '+CWLAP:(1,"wepnet",-86,"c0:1d:19:00:00:04",1)'),
            ("rx", '+CWLAP:(3,"net1",-47,"fc:ee:7b:00:00:05",1)'),
            ("rx", '+CWLAP:(3,"NETGEAR",-82,"a0:22:3f:00:00:06",2)'),
            ("rx", '+CWLAP:(4,"net3",-85,"bc:22:0b:00:00:07",6)'),
            ("rx", '+CWLAP:(3,"NETGEAR21",-54,"64:94:fc:00:00:08",11)'),
            ("rx", '+CWLAP:(4,"150104",-92,"ac:35:40:00:00:09",1)'),
            *OK,
        ),
        recorded(
            "wifi-cwlap-session-se16194",
            station,
            ("tx", "AT+CWMODE?"),
            ("rx", "+CWMODE:1"),
            *OK,
            ("tx", "AT+CWLAP"),
            found(
                (3, "ap-1", -91, "01:23:45:00:00:01", 1),
                (3, "ap-2", -88, "cd:ef:01:00:00:02", 2),
                (3, "ap-3", -74, "89:ab:cd:00:00:03", 11),
            ),
            ("rx", '+CWLAP:(3,"ap-1",-91,"01:23:45:00:00:01",1)'),
            ("rx", '+CWLAP:(3,"ap-2",-88,"cd:ef:01:00:00:02",2)'),
            ("rx", '+CWLAP:(3,"ap-3",-74,"89:ab:cd:00:00:03",11)'),
            *OK,
            keeps_blanks=False,
        ),
        recorded(
            "wifi-cwlap-filter-0018-room15",
            station,
            ("tx", 'AT+CWLAP="N16FU","20:cf:30:00:00:01",11'),
            found((3, "N16FU", -53, "20:cf:30:00:00:01", 11)),
            ("rx", '+CWLAP:(3,"N16FU",-53,"20:cf:30:00:00:01",11)'),
            *OK,
            keeps_blanks=False,
        ),
        recorded(
            "wifi-cwsap-query-0018",
            fresh,
            ("tx", "AT+CWSAP?"),
            ("rx", '+CWSAP:"ESP_973BD5","",1,0'),
            *OK,
        ),
        recorded(
            "wifi-cwlif-0018",
            client("ac:f8:ae:00:00:01"),
            ("tx", "AT+CWLIF"),
            ("rx", "192.168.4.100,ac:f8:ae:00:00:01"),
            *OK,
        ),
        recorded(
            "wifi-cwlif-0018-room15",
            client("c0:ee:fb:00:00:01"),
            ("tx", "AT+CWLIF"),
            ("rx", "192.168.4.100,c0:ee:fb:00:00:01"),
            *OK,
            keeps_blanks=False,
        ),
        recorded(
            "wifi-cwjap-def-freetarget40",
            fresh,
            ("tx", "AT+CWMODE=1"),
            ("rx", "OK"),
            ("tx", 'AT+CWJAP_DEF="net1","password1"'),
            taken_in("net1"),
            ("rx", "WIFI CONNECTED"),
            ("rx", "WIFI GOT IP"),
            ("rx", "OK"),
            keeps_blanks=False,
        ),
        recorded(
            "wifi-cwjap-1200-wcc",
            fresh,
            ("tx", "AT+CWMODE=1"),
            *OK,
            ("tx", 'AT+CWJAP="net1","password1"'),
            taken_in("net1"),
            ("rx", "WIFI CONNECTED"),
            ("rx", "WIFI GOT IP"),
            *OK,
        ),
        recorded(
            "wifi-cwmode-cur-0400-dushin",  # but for CWLAP, to which 0.40 adds a field
            fresh,
            ("tx", "AT+CWMODE_CUR?"),
            ("rx", "+CWMODE_CUR:2"),
            *OK,
            ("tx", "AT+CWMODE_CUR=3"),
            *OK,
            ("tx", 'AT+CWJAP_CUR="MyWirelessNetwork","XXXXXXXXXXX"'),
            taken_in("MyWirelessNetwork", "192.168.1.178"),
            ("rx", "WIFI CONNECTED"),
            ("rx", "WIFI GOT IP"),
            *OK,
            ("tx", "AT+CIFSR"),
            ("rx", '+CIFSR:APIP,"192.168.4.1"'),
            ("rx", '+CIFSR:APMAC,"1a:fe:35:97:3b:d5"'),
            ("rx", '+CIFSR:STAIP,"192.168.1.178"'),
            ("rx", '+CIFSR:STAMAC,"18:fe:35:97:3b:d5"'),
            *OK,
        ),
        recorded(
            "tcp-cifsr-cwjap-1750-nopnop",
            fresh,
            ("tx", "AT+CWMODE=3"),
            ("rx", "OK"),
            ("tx", 'AT+CWJAP="ssid","12345678"'),
            taken_in("ssid", "192.168.10.108"),
            ("rx", "WIFI CONNECTED"),
            ("rx", "WIFI GOT IP"),
            ("rx", "OK"),
            ("tx", "AT+CIFSR"),
            ("rx", '+CIFSR:APIP,"192.168.4.1"'),
            ("rx", '+CIFSR:APMAC,"1a:fe:35:97:3b:d5"'),
            ("rx", '+CIFSR:STAIP,"192.168.10.108"'),
            ("rx", '+CIFSR:STAMAC,"18:fe:35:97:3b:d5"'),
            ("rx", "OK"),
            keeps_blanks=False,
        ),
        recorded(
            "tcp-cifsr-newer-0020",
            joined_station,
            ("tx", "AT+CIFSR"),
            ("rx", '+CIFSR:STAIP,"192.168.1.7"'),
            ("rx", '+CIFSR:STAMAC,"18:fe:35:97:3b:d5"'),
            *OK,
        ),
        recorded(
            "wifi-cwjap-query-051-lcgamboa",
            station,
            ("tx", "AT+CWJAP?"),
            ("rx", "No AP"),
            *OK,
            keeps_blanks=False,
        ),
        recorded(
            "wifi-cwjap-fail-timeout-051-lcgamboa",  # nobody answers; 1 is: still connecting
            station,
            ("tx", 'AT+CWJAP="net1","password1"'),
            seconds(15),
            ("rx", "+CWJAP:1"),
            ("rx", ""),
            ("rx", "FAIL"),
            keeps_blanks=False,
        ),
        recorded(
            "wifi-cipstamac-query-051-lcgamboa",
            fresh,
            ("tx", "AT+CIPSTAMAC?"),
            ("rx", '+CIPSTAMAC:"18:fe:35:97:3b:d5"'),
            *OK,
            keeps_blanks=False,
        ),
        recorded(
            "wifi-space-in-command-error-051-lcgamboa",
            fresh,
            ("tx", "AT+ CWSAP?"),
            *ERROR,
            keeps_blanks=False,
        ),
        recorded(
            "wifi-status5-noap-wifiespat27",
            station,
            ("tx", "AT+CWMODE?"),
            ("rx", "+CWMODE:1"),
            *OK,
            ("tx", "AT+CIPSTATUS"),
            ("rx", "STATUS:5"),
            *OK,
            keeps_blanks=False,
        ),
        recorded(
            "audit-1100-basic",  # but for the versions
            fresh,
            ("tx", "AT"),
            *OK,
            ("tx", "AT+UART_CUR?"),
            *ERROR,
            ("tx", "AT+UART_DEF?"),
            *ERROR,
            ("tx", "AT+SLEEP?"),
            ("rx", "+SLEEP:2"),
            *OK,
            ("tx", "AT+RFPOWER?"),
            *ERROR,
            keeps_blanks=False,
        ),
        recorded(
            "audit-1100-wifi-mode",
            fresh,
            ("tx", "AT+CWMODE_CUR?"),
            ("rx", "+CWMODE_CUR:2"),
            *OK,
            ("tx", "AT+CWMODE_DEF?"),
            ("rx", "+CWMODE_DEF:2"),
            *OK,
            keeps_blanks=False,
        ),
        recorded(
            "audit-1100-cwlapopt-query-error",
            fresh,
            ("tx", "AT+CWLAPOPT?"),
            *ERROR,
            keeps_blanks=False,
        ),
        recorded("audit-1100-cwlif-empty", fresh, ("tx", "AT+CWLIF"), *OK, keeps_blanks=False),
        recorded(
            "audit-1100-cwdhcp",  # but for CWDHCPS, which came later
            fresh,
            ("tx", "AT+CWDHCP_CUR?"),
            ("rx", "+CWDHCP_CUR:3"),
            ("rx", "OK"),
            ("tx", "AT+CWDHCP_DEF?"),
            ("rx", "+CWDHCP_DEF:3"),
            ("rx", "OK"),
            keeps_blanks=False,
        ),
        recorded(
            "audit-1100-stamac",
            fresh,
            ("tx", "AT+CIPSTAMAC_CUR?"),
            ("rx", '+CIPSTAMAC_CUR:"18:fe:35:97:3b:d5"'),
            *OK,
            ("tx", "AT+CIPSTAMAC_DEF?"),
            ("rx", '+CIPSTAMAC_DEF:"ff:ff:ff:ff:ff:ff"'),
            *OK,
            keeps_blanks=False,
        ),
        recorded(
            "audit-1100-cipsta",
            fresh,
            ("tx", "AT+CIPSTA_CUR?"),
            ("rx", '+CIPSTA_CUR:ip:"0.0.0.0"'),
            ("rx", '+CIPSTA_CUR:gateway:"0.0.0.0"'),
            ("rx", '+CIPSTA_CUR:netmask:"0.0.0.0"'),
            *OK,
            ("tx", "AT+CIPSTA_DEF?"),
            ("rx", '+CIPSTA_DEF:ip:"0.0.0.0"'),
            ("rx", '+CIPSTA_DEF:gateway:"0.0.0.0"'),
            ("rx", '+CIPSTA_DEF:netmask:"0.0.0.0"'),
            *OK,
            keeps_blanks=False,
        ),
        recorded(
            "audit-1100-cipap",
            fresh,
            ("tx", "AT+CIPAP_CUR?"),
            ("rx", '+CIPAP_CUR:ip:"192.168.4.1"'),
            ("rx", '+CIPAP_CUR:gateway:"192.168.4.1"'),
            ("rx", '+CIPAP_CUR:netmask:"255.255.255.0"'),
            *OK,
            ("tx", "AT+CIPAP_DEF?"),
            ("rx", '+CIPAP_DEF:ip:"0.0.0.0"'),
            ("rx", '+CIPAP_DEF:gateway:"0.0.0.0"'),
            ("rx", '+CIPAP_DEF:netmask:"0.0.0.0"'),
            *OK,
            keeps_blanks=False,
        ),
    ],
)
def test_the_module_answers_as_recorded(
    prepare: Callable[[LinkPlayer], None],
    steps: Steps,
    keeps_blanks: bool,
) -> None:
    player = module()
    prepare(player)
    replay(player, steps, keeps_blanks=keeps_blanks)


def test_with_the_echo_a_restart_reads_as_recorded() -> None:
    """basic-rst-twice-wifiespat27, from its second AT+RST on and without the noise of the boot."""
    player = module()
    player.ask(b"ATE1")
    replay(
        player,
        [
            ("tx", "AT+RST"),
            ("rx", "AT+RST\r"),
            *OK,
            seconds(1),
            ("rx", ""),
            ("rx", "ready"),
            ("tx", "ATE0"),
            ("rx", "ATE0\r"),
            *OK,
            ("tx", "AT+CIPMUX=1"),
            *OK,
        ],
    )
