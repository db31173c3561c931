"""What the Wi-Fi commands of section 4 answer, as values, and how their lines are read.

Names of networks may hold any character, and the firmware prints them as they are: commas and
quotes in a name are told from those of the record by what stands around it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import IntEnum
from ipaddress import AddressValueError, IPv4Address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hil.errors import CommandFailedError

_MAC = r"[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}"


class Encryption(IntEnum):
    """``<ecn>`` of CWLAP and CWSAP (lines 452, 475)."""

    OPEN = 0
    WEP = 1
    WPA_PSK = 2
    WPA2_PSK = 3
    WPA_WPA2_PSK = 4


class JoinFailure(IntEnum):
    """The number in ``+CWJAP:<n>`` of a join that failed (A-26)."""

    IDLE = 0
    TIMEOUT = 1
    WRONG_PASSWORD = 2
    NO_ACCESS_POINT = 3
    CONNECT_FAILED = 4


class Interface(IntEnum):
    """``<mode>`` of the CWDHCP commands (line 531); CWMODE counts them otherwise (A-33)."""

    SOFTAP = 0
    STATION = 1
    BOTH = 2


class SmartConfigType(IntEnum):
    """``<type>`` of AT+CWSTARTSMART (line 731)."""

    ESP_TOUCH = 1
    AIRKISS = 2


@dataclass(frozen=True, slots=True)
class FoundAccessPoint:
    """One line of AT+CWLAP.

    Args:
        encryption: How it is secured; a plain number where `Encryption` has no name for it.
        ssid: Its name; bytes that are no UTF-8 survive as surrogates.
        rssi_dbm: How strong it is.
        bssid: Its MAC address.
        channel: Its channel; None if AT+CWLAPOPT of later firmware hides it.
        further: What firmware from 0.30 on prints behind it: frequency offset, calibration.
    """

    encryption: int
    ssid: str
    rssi_dbm: int
    bssid: str
    channel: int | None = None
    further: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class JoinedAccessPoint:
    """What ``AT+CWJAP?`` tells.

    Args:
        ssid: Its name.
        bssid: Its MAC address, from 0.23 on.
        channel: Its channel, from 0.24 on.
        rssi_dbm: How strong it is, from 0.24 on.
    """

    ssid: str
    bssid: str | None = None
    channel: int | None = None
    rssi_dbm: int | None = None


@dataclass(frozen=True, slots=True)
class SoftApSetup:
    """What ``AT+CWSAP?`` tells; the text of it hides the password.

    Args:
        ssid: Its name.
        password: Its password.
        channel: Its channel.
        encryption: How it is secured.
        most_stations: How many stations may join, from 0.40 on.
        is_hidden: Whether it does not tell its name, from 0.50 on.
    """

    ssid: str
    password: str = field(repr=False)
    channel: int
    encryption: int
    most_stations: int | None = None
    is_hidden: bool | None = None


@dataclass(frozen=True, slots=True)
class SoftApStation:
    """One line of AT+CWLIF: who is joined to the softAP."""

    address: IPv4Address
    mac: str


@dataclass(frozen=True, slots=True)
class DhcpSwitches:
    """What ``AT+CWDHCP?`` tells: bit 0 is the softAP's server, bit 1 the station's client."""

    is_softap_on: bool
    is_station_on: bool


@dataclass(frozen=True, slots=True)
class InterfaceAddress:
    """What ``AT+CIPSTA?`` and ``AT+CIPAP?`` tell.

    Args:
        address: The IP address.
        gateway: From 0.22 on.
        netmask: From 0.22 on.
    """

    address: IPv4Address
    gateway: IPv4Address | None = None
    netmask: IPv4Address | None = None


_FOUND = re.compile(
    rf'\(?(\d),"(.*)",(-?\d+),"({_MAC})"((?:,-?\d+)*)\)?',
    re.DOTALL,
)
_JOINED = re.compile(rf'"(.*?)"(?:,"({_MAC})"(?:,(\d+),(-?\d+)(?:,-?\d+)*)?)?', re.DOTALL)
_SOFT_AP = re.compile(r'"(.*?)","(.*)",(\d+),(\d)(?:,(\d+))?(?:,([01]))?', re.DOTALL)
_STATION = re.compile(rf"([\d.]{{7,15}}),({_MAC})")
_PART = re.compile(r'(ip|gateway|netmask):"?([\d.]{7,15})"?')


def parse_found(value: str) -> FoundAccessPoint | None:
    """A record of AT+CWLAP behind its name; None if it is none."""
    match = _FOUND.fullmatch(value)
    if match is None:
        return None
    numbers = [int(number) for number in match[5].split(",")[1:]]
    channel = numbers[0] if numbers else None
    return FoundAccessPoint(
        _encryption(match[1]), match[2], int(match[3]), match[4], channel, tuple(numbers[1:])
    )


def parse_joined(value: str) -> JoinedAccessPoint | None:
    """The answer of ``AT+CWJAP?`` behind its name; None if it is none.

    The document's ``<ssid>`` is a string; one without quotes will do.
    """
    if not value.startswith('"'):
        return JoinedAccessPoint(value) if value else None
    match = _JOINED.fullmatch(value)
    if match is None:
        return None
    channel = int(match[3]) if match[3] else None
    return JoinedAccessPoint(match[1], match[2], channel, int(match[4]) if match[4] else None)


def parse_soft_ap(value: str) -> SoftApSetup | None:
    """The answer of ``AT+CWSAP?`` behind its name; None if it is none."""
    match = _SOFT_AP.fullmatch(value)
    if match is None:
        return None
    return SoftApSetup(
        match[1],
        match[2],
        int(match[3]),
        _encryption(match[4]),
        int(match[5]) if match[5] else None,
        match[6] == "1" if match[6] else None,
    )


def parse_stations(lines: Iterable[str]) -> tuple[SoftApStation, ...]:
    """The stations that AT+CWLIF lists."""
    matches = (_STATION.fullmatch(line.strip()) for line in lines)
    return tuple(SoftApStation(IPv4Address(match[1]), match[2]) for match in matches if match)


def parse_interface_address(values: Iterable[str]) -> InterfaceAddress | None:
    """An address in one value, or in three with their names; None if it is none of both."""
    parts: dict[str, IPv4Address] = {}
    try:
        for value in values:
            match = _PART.fullmatch(value)
            name, text = (match[1], match[2]) if match else ("ip", value.strip('"'))
            parts.setdefault(name, IPv4Address(text))
    except AddressValueError:
        return None
    if "ip" not in parts:
        return None
    return InterfaceAddress(parts["ip"], parts.get("gateway"), parts.get("netmask"))


def parse_mac(value: str) -> str | None:
    """A MAC address, quoted or not, in small letters; None if it is none."""
    text = value.strip('"')
    return text.lower() if re.fullmatch(_MAC, text) else None


def join_failure(error: CommandFailedError) -> JoinFailure | None:
    """Why a join failed, as far as the module said so.

    Args:
        error: What `cwjap_cur` and its kin raised.
    """
    for line in error.lines:
        match = re.fullmatch(r"\+CWJAP(?:_CUR|_DEF)?:([0-4])", line)
        if match:
            return JoinFailure(int(match[1]))
    return None


def _encryption(text: str) -> int:
    number = int(text)
    return Encryption(number) if number in Encryption._value2member_map_ else number
