"""What shows the faults of the Wi-Fi mode, the station, the scan and SmartConfig."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.virtual.air.message import (
    Announce,
    ApLost,
    CredentialsHeard,
    Join,
    JoinFailed,
    JoinFailure,
    Leave,
    ListenForCredentials,
    Scan,
    ScanDone,
    Security,
    Sighting,
)
from hil.virtual.network.message import Interface, SetAddress

from .chip_player import BUSY, ERROR, OK
from .fault_probe import SUFFIXES, Probe, Run, asked, join_by, of_family, start_anew, stored

if TYPE_CHECKING:
    from .link_player import LinkPlayer

CONNECTED = b"WIFI CONNECTED\r\n"
GOT_IP = b"WIFI GOT IP\r\n"
DISCONNECT = b"WIFI DISCONNECT\r\n"
HOME = Sighting(b"home", bytes.fromhex("cad719d8a644"), 6, -50, Security.WPA2_PSK)
WORK = Sighting(b"work", bytes.fromhex("0a0b0c0d0e0f"), 11, -70, Security.OPEN)
HOME_RECORD = b'+CWLAP:(3,"home",-50,"ca:d7:19:d8:a6:44",6)\r\n'
WORK_RECORD = b'+CWLAP:(0,"work",-70,"0a:0b:0c:0d:0e:0f",11)\r\n'
LONGEST_PASSWORD = b"0123456789abcdef" * 4


def left_on_air(player: LinkPlayer) -> object:
    """What the softAP asks of the outside when the mode becomes that of a station."""
    player.take_soft_ap_requests()
    for suffix in SUFFIXES:
        player.ask(b"AT+CWMODE" + suffix + b"=1")
        player.ask(b"AT+CWMODE_CUR=2")
    return [
        each
        for each in player.take_soft_ap_requests()
        if each in {Announce(None), SetAddress(Interface.SOFT_AP, None)}
    ]


def stored_network(command: bytes) -> Run:
    """What AT+CWJAP_DEF? tells after a command has joined a network."""

    def run(player: LinkPlayer) -> bytes:
        player.ask(b"AT+CWMODE_CUR=1")
        join_by(player, command)
        return player.ask(b"AT+CWJAP_DEF?")

    return run


def stored_network_after_start(command: bytes) -> Run:
    def run(player: LinkPlayer) -> bytes:
        player.ask(b"AT+CWMODE_CUR=1")
        join_by(player, command)
        start_anew(player)
        return player.ask(b"AT+CWJAP_DEF?")

    return run


def answers_of_failure(player: LinkPlayer) -> list[bytes]:
    player.ask(b"AT+CWMODE_CUR=1")
    answers = []
    for suffix in SUFFIXES:
        player.take_sent()
        player.send(b"AT+CWJAP" + suffix + b'="net","wrong password"\r\n')
        player.wait_ms(500)
        player.hear(JoinFailed(JoinFailure.WRONG_KEY))
        player.settle()
        answers.append(player.take_sent())
    return answers


def joins_asked(arguments: bytes, *, mode: bytes = b"1") -> Run:
    """Name, password and access point that the three commands ask the air for."""

    def run(player: LinkPlayer) -> list[tuple[bytes, bytes, bytes | None]]:
        player.ask(b"AT+CWMODE_CUR=" + mode)
        player.take_requests()
        for suffix in SUFFIXES:
            player.ask(b"AT+CWJAP" + suffix + b"=" + arguments)
        joins = [each for each in player.take_requests() if isinstance(each, Join)]
        return [(join.ssid, join.password, join.bssid) for join in joins]

    return run


def lines_of_joining(player: LinkPlayer) -> bytes:
    player.ask(b"AT+CWMODE_CUR=1")
    return join_by(player, b"AT+CWJAP_CUR")


def lines_of_loss(player: LinkPlayer) -> bytes:
    lines_of_joining(player)
    player.hear(ApLost())
    return player.take_sent()


def has_left_after(line: bytes) -> Run:
    """Whether the station leaves its network."""

    def run(player: LinkPlayer) -> bool:
        lines_of_joining(player)
        player.take_requests()
        player.ask(line)
        return Leave() in player.take_requests()

    return run


def joins_at_start(player: LinkPlayer) -> bool:
    """Whether the station joins by itself although it is told not to."""
    player.ask(b"AT+CWMODE_DEF=1")
    join_by(player, b"AT+CWJAP_DEF")
    player.ask(b"AT+CWAUTOCONN=0")
    start_anew(player)
    return any(isinstance(each, Join) for each in player.take_requests())


def found(command: bytes) -> Run:
    """What a scan lists with two access points in reach."""

    def run(player: LinkPlayer) -> bytes:
        player.ask(b"AT+CWMODE_CUR=1")
        player.take_requests()
        player.send(command + b"\r\n")
        wanted = player.request(Scan)
        sightings = [
            ap
            for ap in (HOME, WORK)
            if wanted.ssid in {None, ap.ssid} and wanted.channel in {None, ap.channel}
        ]
        player.hear(ScanDone(tuple(sightings)))
        return player.take_sent()

    return run


def types_listened_for(player: LinkPlayer) -> list[int]:
    player.ask(b"AT+CWMODE_CUR=1")
    for kind in (b"1", b"2"):
        player.ask(b"AT+CWSTARTSMART=" + kind)
        player.ask(b"AT+CWSTOPSMART")
    asked_for = player.take_requests()
    return [each.kind for each in asked_for if isinstance(each, ListenForCredentials)]


def said_when_told(player: LinkPlayer) -> bytes:
    player.ask(b"AT+CWMODE_CUR=1")
    player.ask(b"AT+CWSTARTSMART=1")
    player.hear(CredentialsHeard(1, b"net", b""))
    return player.take_sent()


MODE_PROBES = {
    "cwmode-cur-saves": Probe(
        stored(b"AT+CWMODE_CUR=1", then=b"AT+CWMODE_DEF?"),
        b"+CWMODE_DEF:2\r\n" + OK,
        b"+CWMODE_DEF:1\r\n" + OK,
    ),
    "cwmode-def-forgets": Probe(
        stored(b"AT+CWMODE_DEF=1", then=b"AT+CWMODE_DEF?"),
        b"+CWMODE_DEF:1\r\n" + OK,
        b"+CWMODE_DEF:2\r\n" + OK,
    ),
    "cwmode-cur-tells-stored": Probe(
        asked(b"AT+CWMODE_CUR=1", b"AT+CWMODE_CUR?"),
        [OK, b"+CWMODE_CUR:1\r\n" + OK],
        [OK, b"+CWMODE_CUR:2\r\n" + OK],
    ),
    "cwmode-refuses-three": Probe(of_family(b"CWMODE", b"=3"), [OK] * 3, [ERROR] * 3),
    "cwmode-takes-four": Probe(of_family(b"CWMODE", b"=4"), [ERROR] * 3, [OK] * 3),
    "cwmode-has-no-test-form": Probe(
        of_family(b"CWMODE", b"=?"),
        [b"+CWMODE" + suffix + b":(1-3)\r\n" + OK for suffix in SUFFIXES],
        [ERROR] * 3,
    ),
    "cwmode-changes-nothing-on-air": Probe(
        left_on_air, [SetAddress(Interface.SOFT_AP, None), Announce(None)] * 3, []
    ),
}

STATION_PROBES = {
    "cwjap-cur-saves": Probe(
        stored_network_after_start(b"AT+CWJAP_CUR"),
        b"No AP\r\n" + OK,
        b'+CWJAP_DEF:"net"\r\n' + OK,
    ),
    "cwjap-def-forgets": Probe(
        stored_network_after_start(b"AT+CWJAP_DEF"),
        b'+CWJAP_DEF:"net"\r\n' + OK,
        b"No AP\r\n" + OK,
    ),
    "cwjap-def-tells-current": Probe(
        stored_network(b"AT+CWJAP_CUR"), b"No AP\r\n" + OK, b'+CWJAP_DEF:"net"\r\n' + OK
    ),
    "cwjap-hides-failure": Probe(answers_of_failure, [ERROR] * 3, [OK] * 3),
    "cwjap-refuses-longest-password": Probe(
        joins_asked(b'"net","%b"' % LONGEST_PASSWORD), [(b"net", LONGEST_PASSWORD, None)] * 3, []
    ),
    "cwjap-ignores-bssid": Probe(
        joins_asked(b'"net","password","10:20:30:40:50:60"'),
        [(b"net", b"password", b"\x10\x20\x30\x40\x50\x60")] * 3,
        [(b"net", b"password", None)] * 3,
    ),
    "cwjap-keeps-escapes": Probe(
        joins_asked(rb'"ab\\\,c","0123456789\"\\"'),
        [(rb"ab\,c", rb'0123456789"' + b"\\", None)] * 3,
        [(rb"ab\\\,c", rb"0123456789\"" + b"\\\\", None)] * 3,
    ),
    "cwjap-takes-slash-for-escape": Probe(
        joins_asked(b'"a/b","01234/567"'),
        [(b"a/b", b"01234/567", None)] * 3,
        [(b"ab", b"01234567", None)] * 3,
    ),
    "cwjap-works-without-station": Probe(
        joins_asked(b'"net","password"', mode=b"2"), [], [(b"net", b"password", None)] * 3
    ),
    "wifi-lines-are-swapped": Probe(
        lines_of_joining, CONNECTED + GOT_IP + OK, GOT_IP + CONNECTED + OK
    ),
    "wifi-got-ip-is-missing": Probe(lines_of_joining, CONNECTED + GOT_IP + OK, CONNECTED + OK),
    "wifi-disconnect-is-missing": Probe(lines_of_loss, DISCONNECT, b""),
    "cwqap-stays-joined": Probe(has_left_after(b"AT+CWQAP"), sound=True, faulty=False),
    "cwqap-test-leaves": Probe(has_left_after(b"AT+CWQAP=?"), sound=False, faulty=True),
    "cwautoconn-is-ignored": Probe(joins_at_start, sound=False, faulty=True),
    "cwautoconn-is-not-stored": Probe(joins_at_start, sound=False, faulty=True),
}

SCAN_PROBES = {
    "cwlap-ignores-name": Probe(
        found(b'AT+CWLAP="work"'), WORK_RECORD + OK, HOME_RECORD + WORK_RECORD + OK
    ),
    "cwlap-ignores-channel": Probe(
        found(b"AT+CWLAP=,,11"), WORK_RECORD + OK, HOME_RECORD + WORK_RECORD + OK
    ),
    "cwlap-loses-last": Probe(found(b"AT+CWLAP"), HOME_RECORD + WORK_RECORD + OK, HOME_RECORD + OK),
}

SMART_CONFIG_PROBES = {
    "cwstartsmart-works-with-soft-ap": Probe(
        asked(b"AT+CWMODE_CUR=3", b"AT+CWSTARTSMART=1"), [OK, ERROR], [OK, OK]
    ),
    "cwstartsmart-mixes-up-types": Probe(types_listened_for, [1, 2], [2, 1]),
    "smart-config-line-is-missing": Probe(said_when_told, b"Smart get wifi info\r\n", b""),
    "smart-config-lets-commands-through": Probe(
        asked(b"AT+CWMODE_CUR=1", b"AT+CWSTARTSMART=1", b"AT"), [OK, OK, BUSY], [OK, OK, OK]
    ),
    "cwstopsmart-stops-nothing": Probe(
        asked(b"AT+CWMODE_CUR=1", b"AT+CWSTARTSMART=1", b"AT+CWSTOPSMART", b"AT"),
        [OK, OK, OK, OK],
        [OK, OK, OK, BUSY],
    ),
}

WIFI_PROBES = {**MODE_PROBES, **STATION_PROBES, **SCAN_PROBES, **SMART_CONFIG_PROBES}
