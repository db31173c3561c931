"""What shows the faults of the softAP and of the interfaces' addresses."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from hil.virtual.air.message import Announce, SoftAp, StationCame, StationWent

from .chip_player import ERROR, OK
from .fault_probe import SUFFIXES, Probe, Run, asked, of_family, stored
from .link_player import NEAR

if TYPE_CHECKING:
    from .link_player import LinkPlayer

PHONE = bytes.fromhex("0a0b0c0d0e0f")
MAC = b'"1a:2b:3c:4d:5e:6e"'
FACTORY_SOFT_AP = b'"ESP_973BD5","",1,0'
FACTORY_SOFT_AP_MAC = b'"1a:fe:35:97:3b:d5"'


def announced(player: LinkPlayer) -> list[SoftAp]:
    """What has come on the air since the last call."""
    requests = player.take_soft_ap_requests()
    return [each.soft_ap for each in requests if isinstance(each, Announce) and each.soft_ap]


def names_on_air(player: LinkPlayer) -> list[bytes]:
    announced(player)
    for suffix, name in zip(SUFFIXES, (b"one", b"two", b"three"), strict=True):
        player.ask(b"AT+CWSAP" + suffix + b'="' + name + b'","12345678",5,3')
    return [soft_ap.ssid for soft_ap in announced(player)]


def set_up_while_off(player: LinkPlayer) -> object:
    player.ask(b"AT+CWMODE_CUR=1")
    return of_family(b"CWSAP", b'="mine","12345678",5,3')(player)


def listed_stations(player: LinkPlayer) -> bytes:
    player.hear(StationCame(PHONE, None))
    player.hear(StationCame(PHONE, NEAR))
    player.hear(StationWent(PHONE))
    return player.ask(b"AT+CWLIF")


def dhcp_switched_off(player: LinkPlayer) -> list[bytes]:
    """Whose DHCP is left when that of the softAP is switched off."""
    answers = []
    for suffix in SUFFIXES:
        player.ask(b"AT+CWDHCP=2,1")
        player.ask(b"AT+CWDHCP" + suffix + b"=0,0")
        answers.append(player.ask(b"AT+CWDHCP_CUR?"))
    return answers


def dhcp_told(player: LinkPlayer) -> list[bytes]:
    player.ask(b"AT+CWDHCP=0,0")
    return [player.ask(b"AT+CWDHCP" + suffix + b"?") for suffix in SUFFIXES]


def dhcp_on_air(player: LinkPlayer) -> list[bool]:
    announced(player)
    for suffix in SUFFIXES:
        player.ask(b"AT+CWDHCP" + suffix + b"=0,0")
        player.ask(b"AT+CWDHCP" + suffix + b"=0,1")
    return [soft_ap.has_dhcp for soft_ap in announced(player)]


def macs_on_air(player: LinkPlayer) -> list[str]:
    announced(player)
    for suffix, end in zip(SUFFIXES, (b"01", b"02", b"03"), strict=True):
        player.ask(b"AT+CIPAPMAC" + suffix + b'="1a:2b:3c:4d:5e:' + end + b'"')
    return [soft_ap.mac.hex(":") for soft_ap in announced(player)]


def gateways_on_air(player: LinkPlayer) -> list[IPv4Address]:
    announced(player)
    for suffix, net in zip(SUFFIXES, (b"5", b"6", b"7"), strict=True):
        addresses = b'"192.168.%b.1","192.168.%b.254","255.255.255.0"' % (net, net)
        player.ask(b"AT+CIPAP" + suffix + b"=" + addresses)
    return [soft_ap.network.gateway for soft_ap in announced(player)]


def kept_after_start(name: bytes, suffix: bytes, arguments: bytes) -> Run:
    """What the _DEF query tells when a value has been set before a start."""
    command = b"AT+" + name
    return stored(command + suffix + b"=" + arguments, then=command + b"_DEF?")


def told_by(name: bytes, suffix: bytes, arguments: bytes) -> Run:
    """What a query tells when only the current value has been set."""
    command = b"AT+" + name
    return asked(command + b"_CUR=" + arguments, command + suffix + b"?")


def saves(name: bytes, arguments: bytes, factory: bytes, value: bytes) -> Probe:
    """A _CUR command that stores what it sets."""
    line = b"+%b_DEF:%b"
    run = kept_after_start(name, b"_CUR", arguments)
    return Probe(run, line % (name, factory), line % (name, value))


def forgets(name: bytes, arguments: bytes, factory: bytes, value: bytes) -> Probe:
    """A _DEF command that does not store what it sets."""
    line = b"+%b_DEF:%b"
    run = kept_after_start(name, b"_DEF", arguments)
    return Probe(run, line % (name, value), line % (name, factory))


def tells_stored(name: bytes, arguments: bytes, factory: bytes, value: bytes) -> Probe:
    """A _CUR query that tells what is stored."""
    line = b"+%b_CUR:%b"
    run = told_by(name, b"_CUR", arguments)
    return Probe(run, [OK, line % (name, value)], [OK, line % (name, factory)])


def tells_current(name: bytes, arguments: bytes, factory: bytes, value: bytes) -> Probe:
    """A _DEF query that tells what is in force."""
    line = b"+%b_DEF:%b"
    run = told_by(name, b"_DEF", arguments)
    return Probe(run, [OK, line % (name, factory)], [OK, line % (name, value)])


END = b"\r\n" + OK
CWSAP = (b"CWSAP", b'"mine","12345678",5,3', FACTORY_SOFT_AP + END, b'"mine","12345678",5,3' + END)
CWDHCP = (b"CWDHCP", b"0,0", b"3\r\nOK\r\n", b"2\r\nOK\r\n")
CIPSTAMAC = (b"CIPSTAMAC", MAC, b'"18:fe:35:97:3b:d5"' + END, MAC + END)
CIPAPMAC = (b"CIPAPMAC", MAC, FACTORY_SOFT_AP_MAC + END, MAC + END)
CIPSTA = (b"CIPSTA", b'"192.168.6.100"', b'"0.0.0.0"' + END, b'"192.168.6.100"' + END)
CIPAP = (b"CIPAP", b'"192.168.5.1"', b'"192.168.4.1"' + END, b'"192.168.5.1"' + END)

SOFT_AP_PROBES = {
    "cwsap-cur-saves": saves(*CWSAP),
    "cwsap-def-forgets": forgets(*CWSAP),
    "cwsap-cur-tells-stored": tells_stored(*CWSAP),
    "cwsap-refuses-channel-13": Probe(
        of_family(b"CWSAP", b'="mine","12345678",13,3'), [OK] * 3, [ERROR] * 3
    ),
    "cwsap-takes-wep": Probe(of_family(b"CWSAP", b'="mine","12345678",5,1'), [ERROR] * 3, [OK] * 3),
    "cwsap-works-in-station-mode": Probe(set_up_while_off, [ERROR] * 3, [OK] * 3),
    "cwsap-changes-nothing-on-air": Probe(names_on_air, [b"one", b"two", b"three"], []),
    "cwlif-keeps-who-left": Probe(listed_stations, OK, b"192.168.4.2,0a:0b:0c:0d:0e:0f\r\n" + OK),
}

DHCP_PROBES = {
    "cwdhcp-cur-saves": saves(*CWDHCP),
    "cwdhcp-def-forgets": forgets(*CWDHCP),
    "cwdhcp-def-tells-current": tells_current(*CWDHCP),
    "cwdhcp-mixes-up-interfaces": Probe(
        dhcp_switched_off, [b"+CWDHCP_CUR:2\r\nOK\r\n"] * 3, [b"+CWDHCP_CUR:1\r\nOK\r\n"] * 3
    ),
    "cwdhcp-mixes-up-bits": Probe(
        dhcp_told,
        [b"+CWDHCP%b:2\r\nOK\r\n" % suffix for suffix in SUFFIXES],
        [b"+CWDHCP%b:1\r\nOK\r\n" % suffix for suffix in SUFFIXES],
    ),
    "cwdhcp-changes-nothing-at-once": Probe(dhcp_on_air, [False, True] * 3, []),
}

ADDRESS_PROBES = {
    "cipstamac-cur-saves": saves(*CIPSTAMAC),
    "cipstamac-def-forgets": forgets(*CIPSTAMAC),
    "cipstamac-cur-tells-stored": tells_stored(*CIPSTAMAC),
    "cipstamac-takes-group-address": Probe(
        of_family(b"CIPSTAMAC", b'="01:00:5e:00:00:01"'), [ERROR] * 3, [OK] * 3
    ),
    "cipapmac-cur-saves": saves(*CIPAPMAC),
    "cipapmac-def-forgets": forgets(*CIPAPMAC),
    "cipapmac-def-tells-current": tells_current(*CIPAPMAC),
    "cipapmac-changes-nothing-on-air": Probe(
        macs_on_air, ["1a:2b:3c:4d:5e:01", "1a:2b:3c:4d:5e:02", "1a:2b:3c:4d:5e:03"], []
    ),
    "cipsta-cur-saves": saves(*CIPSTA),
    "cipsta-def-forgets": forgets(*CIPSTA),
    "cipsta-cur-tells-stored": tells_stored(*CIPSTA),
    "cipsta-takes-gateway-alone": Probe(
        of_family(b"CIPSTA", b'="192.168.6.100","192.168.6.1"'), [ERROR] * 3, [OK] * 3
    ),
    "cipap-cur-saves": saves(*CIPAP),
    "cipap-def-forgets": forgets(*CIPAP),
    "cipap-def-tells-current": tells_current(*CIPAP),
    "cipap-ignores-gateway": Probe(
        gateways_on_air,
        [IPv4Address(f"192.168.{net}.254") for net in (5, 6, 7)],
        [IPv4Address(f"192.168.{net}.1") for net in (5, 6, 7)],
    ),
}

INTERFACE_PROBES = {**SOFT_AP_PROBES, **DHCP_PROBES, **ADDRESS_PROBES}
