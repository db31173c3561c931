"""What the TCP/IP commands of section 5 answer, as values, and how their lines are read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, IntEnum
from ipaddress import AddressValueError, IPv4Address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .reply import Reply, Startup


class Protocol(Enum):
    """``<type>`` of a connection (line 792)."""

    TCP = "TCP"
    UDP = "UDP"


class UdpMode(IntEnum):
    """Whether the peer of a UDP link may change (line 792, A-49)."""

    FIXED = 0
    CHANGES_ONCE = 1
    CHANGES = 2


class ConnectionState(IntEnum):
    """``<stat>`` of AT+CIPSTATUS (line 776); 5 is the firmware's (A-42)."""

    GOT_IP = 2
    CONNECTED = 3
    DISCONNECTED = 4
    NOT_JOINED = 5


@dataclass(frozen=True, slots=True)
class LinkRecord:
    """One link as AT+CIPSTATUS lists it.

    Args:
        link_id: Its number; 0 in single mode.
        protocol: TCP or UDP.
        remote_address: The peer's address.
        remote_port: The peer's port.
        local_port: The module's port; 0.23 and older tell it of UDP links only.
        is_server: Whether the module is the server.
    """

    link_id: int
    protocol: Protocol
    remote_address: str
    remote_port: int
    local_port: int | None
    is_server: bool


@dataclass(frozen=True, slots=True)
class ConnectionStatus:
    """What AT+CIPSTATUS tells.

    Args:
        state: A plain number where `ConnectionState` has no name for it.
        links: The links that are open.
    """

    state: int
    links: tuple[LinkRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class LocalAddresses:
    """What AT+CIFSR tells; None for an interface that is off, or that the firmware leaves out.

    Args:
        softap_address: The softAP's IP address.
        softap_mac: Its MAC address, from 0.20 on.
        station_address: The station's IP address; 0.0.0.0 if it is not joined.
        station_mac: Its MAC address, from 0.20 on.
        addresses: All IP addresses in their order; firmware up to 0.18, and the document, do not
            say whose they are (A-59).
    """

    softap_address: IPv4Address | None
    softap_mac: str | None
    station_address: IPv4Address | None
    station_mac: str | None
    addresses: tuple[IPv4Address, ...]


@dataclass(frozen=True, slots=True)
class SegmentTicket:
    """What AT+CIPSENDBUF answers (line 832).

    Args:
        number: The segment that was handed over.
        delivered: The last one that was delivered; 0.23 tells the last that is settled.
    """

    number: int
    delivered: int


@dataclass(frozen=True, slots=True)
class BufferStatus:
    """What AT+CIPBUFSTATUS tells (lines 849, 853).

    Args:
        next_segment: The number that the next segment will get.
        sent_segment: The last one that was sent, perhaps in vain.
        delivered_segment: The last one that was delivered.
        free_bytes: Room in the send buffer.
        free_places: Room in the queue; the document calls it not reliable.
    """

    next_segment: int
    sent_segment: int
    delivered_segment: int
    free_bytes: int
    free_places: int


@dataclass(frozen=True, slots=True)
class UpdateOutcome:
    """What AT+CIUPDATE did.

    Args:
        steps: The steps that it told, 1 to 4 (line 949).
        startup: How the module came back with the other program.
    """

    steps: tuple[int, ...]
    startup: Startup


_STATUS = re.compile(r"STATUS: ?(\d)")
_RECORD = re.compile(r'(\d),"(TCP|UDP)","([^"]*)",(\d+)(?:,(\d+))?,([01])')
_NAMED_ADDRESS = re.compile(r'(AP|STA)(IP|MAC),"([^"]*)"')
_NUMBERS = re.compile(r"\d+(?:, ?\d+)+")
_SEGMENT_STATUS = re.compile(r"(?:\d,)?(\d+) ?, ?(TRUE|FALSE)")
_PING = re.compile(r"\+(?:PING:)?(\d+)")

_STATUS_NUMBERS = 5


def parse_status(reply: Reply) -> ConnectionStatus | None:
    """The answer of AT+CIPSTATUS; None if it is none."""
    states = [match[1] for line in reply.lines if (match := _STATUS.fullmatch(line.strip()))]
    records = [_RECORD.fullmatch(value) for value in reply.values("CIPSTATUS")]
    if not states or None in records:
        return None
    number = int(states[0])
    state = ConnectionState(number) if number in ConnectionState._value2member_map_ else number
    return ConnectionStatus(state, tuple(_record(match) for match in records if match))


def parse_local_addresses(reply: Reply) -> LocalAddresses | None:
    """The answer of AT+CIFSR, in each of its three spellings (A-59); None if it is none."""
    told: dict[str, str] = {}
    bare: list[str] = []
    values = reply.values("CIFSR")
    for value in values or reply.lines:
        match = _NAMED_ADDRESS.fullmatch(value)
        if match:
            told.setdefault(match[1] + match[2], match[3])
        bare += [match[3]] if match and match[2] == "IP" else [] if match else [value.strip('"')]
    addresses = _addresses(bare)
    if addresses is None:
        return None
    return LocalAddresses(
        IPv4Address(told["APIP"]) if "APIP" in told else None,
        told.get("APMAC"),
        IPv4Address(told["STAIP"]) if "STAIP" in told else None,
        told.get("STAMAC"),
        addresses,
    )


def parse_ticket(reply: Reply) -> SegmentTicket | None:
    """The numbers of AT+CIPSENDBUF; with a link's number before them they do as well."""
    numbers = _numbers(reply, 2)
    return None if numbers is None else SegmentTicket(*numbers)


def parse_buffer_status(reply: Reply) -> BufferStatus | None:
    """The numbers of AT+CIPBUFSTATUS; 0.23 puts the link's before them (A-56)."""
    numbers = _numbers(reply, _STATUS_NUMBERS)
    return None if numbers is None else BufferStatus(*numbers)


def parse_segment_status(reply: Reply, segment: int) -> bool | None:
    """Whether a segment was delivered; None if the answer does not say so."""
    for line in reply.lines:
        match = _SEGMENT_STATUS.fullmatch(line.strip())
        if match and int(match[1]) == segment:
            return match[2] == "TRUE"
    return None


def parse_ping_ms(reply: Reply) -> int | None:
    """The time of AT+PING in ms; None if there is none (A-67)."""
    matches = (_PING.fullmatch(line.strip()) for line in reply.lines)
    return next((int(match[1]) for match in matches if match), None)


def _record(match: re.Match[str]) -> LinkRecord:
    return LinkRecord(
        int(match[1]),
        Protocol(match[2]),
        match[3],
        int(match[4]),
        int(match[5]) if match[5] else None,
        match[6] == "1",
    )


def _addresses(texts: Iterable[str]) -> tuple[IPv4Address, ...] | None:
    try:
        return tuple(IPv4Address(text) for text in texts)
    except AddressValueError:
        return None


def _numbers(reply: Reply, count: int) -> tuple[int, ...] | None:
    """The last `count` numbers of the first line that has as many, or one more."""
    for line in reply.lines:
        if _NUMBERS.fullmatch(line.strip()):
            numbers = tuple(int(number) for number in line.split(","))
            if count <= len(numbers) <= count + 1:
                return numbers[-count:]
    return None
