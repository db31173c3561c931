"""Joining access points, for the tests that are about it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from hil.at.talk import OK
from hil.ports.access_point import Ability
from hil.spec.spelling import spelling

from .wifi import escaped

if TYPE_CHECKING:
    from hil.at.answer import Answer
    from hil.at.talk import Talk
    from hil.ports.access_point import AccessPoint
    from hil.rig.rig import Rig

    from .variant import Variant

CONNECTED = "WIFI CONNECTED"
GOT_IP = "WIFI GOT IP"
DISCONNECT = "WIFI DISCONNECT"

JOINED_NETWORK = spelling("joined-network")
NO_NETWORK = spelling("no-network")

AT_ONCE_S = 1.0
"""Within this time a call is refused that leads to no attempt; an attempt that fails takes longer,
since the access point has to be looked for on all channels."""

JOINS_WITHIN_S = 20.0
STAYS_APART_S = 10.0
"""How long a station is watched that is not to join; one that does needs three or four seconds."""

NOTICES_LOSS_S = 30.0
FINDS_AGAIN_S = 60.0

_WIFI_LINES = frozenset({CONNECTED, GOT_IP, DISCONNECT})


def use_station(talk: Talk, *access_points: AccessPoint) -> None:
    """Let the module be a station alone until its next start.

    Args:
        talk: With it.
        access_points: Let these not know it, as far as the rig can do that: they keep a station
            that a test before was joined with and that was reset without leaving.
    """
    talk.ok("AT+CWMODE_CUR=1")
    for access_point in access_points:
        if access_point.abilities >= {Ability.LIST, Ability.DROP}:
            mac = station_mac(talk)
            if mac in _macs(access_point):
                access_point.drop(mac)


def use_station_from_start(talk: Talk) -> None:
    """Let the module be a station alone, from every start on."""
    talk.ok("AT+CWMODE_DEF=1")


def join_line(command: str, ssid: str, password: str, bssid: str | None = None) -> str:
    """The call that joins a network, for texts that are not escaped yet."""
    line = f'{command}="{escaped(ssid)}","{escaped(password)}"'
    return line if bssid is None else f'{line},"{bssid}"'


def wire_lines(answer: Answer) -> list[str]:
    """What came with an answer, line by line, lines that came unasked among them."""
    return [line.decode("ascii", "backslashreplace") for line in answer.raw.split(b"\r\n") if line]


def wifi_lines(lines: list[str]) -> list[str]:
    """Those of them that tell of the station."""
    return [line for line in lines if line in _WIFI_LINES]


def require_network(talk: Talk, variant: Variant | str, ssid: str) -> None:
    """Let a query name this network."""
    name = variant if isinstance(variant, str) else variant.name
    assert talk.expect(f"AT+{name}?", JOINED_NETWORK, OK).groups == (name, ssid)


def require_no_network(talk: Talk, variant: Variant | str = "CWJAP_CUR") -> None:
    """Let a query name no network."""
    name = variant if isinstance(variant, str) else variant.name
    talk.expect(f"AT+{name}?", NO_NETWORK)


def require_apart(talk: Talk) -> None:
    """Let the module not join by itself."""
    talk.silent(STAYS_APART_S)
    require_no_network(talk)


def require_member(talk: Talk, access_point: AccessPoint, *, is_member: bool = True) -> None:
    """Let the access point have the module among its stations, or not, if it can be asked."""
    if Ability.LIST not in access_point.abilities:
        return
    mac, macs = station_mac(talk), _macs(access_point)
    assert (mac in macs) == is_member, f"{mac} is {'not ' if is_member else ''}among {macs}"


def station_mac(talk: Talk) -> str:
    """The MAC address of the module as a station, in small letters."""
    pattern = re.compile(r'\+CIPSTAMAC_CUR:"?([0-9A-Fa-f:]{17})"?')
    return (talk.expect("AT+CIPSTAMAC_CUR?", pattern, OK).groups[0] or "").lower()


def _macs(access_point: AccessPoint) -> frozenset[str]:
    return frozenset(station.mac.lower() for station in access_point.stations())


def bssid_of(talk: Talk, access_point: AccessPoint) -> str:
    """The MAC address of an access point, from the rig or else from the module's own list."""
    if access_point.bssid is not None:
        return access_point.bssid
    ssid = access_point.setup.ssid
    found = re.search(
        rf'"{re.escape(ssid)}",-?\d+,"([^"]*)"', talk.say(f'AT+CWLAP="{escaped(ssid)}"').shown
    )
    assert found is not None, f"{ssid!r} is not heard"
    return found[1]


def second_access_point(rig: Rig, *abilities: Ability) -> AccessPoint:
    """Another access point of the rig; the test is skipped if there is none that can do so much."""
    for access_point in rig.wifi.access_points[1:]:
        if access_point.abilities.issuperset(abilities):
            return access_point
    wanted = "".join(f" that can {ability.value}" for ability in abilities)
    pytest.skip(f"the rig {rig.name!r} has no second access point{wanted}")
