"""What a module and the air around it say to each other.

Requests go from the module to the air, events come back. An answer is never given inside of the
call that takes the request; it comes as an event, at the same moment at the earliest.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipaddress import IPv4Address

    from hil.virtual.address import Ipv4Config


class Security(IntEnum):
    """How an access point is secured; the value is the document's code. Source: line 456."""

    OPEN = 0
    WEP = 1
    WPA_PSK = 2
    WPA2_PSK = 3
    WPA_WPA2_PSK = 4


@dataclass(frozen=True, slots=True)
class Sighting:
    """An access point as a scan sees it.

    Args:
        ssid: 0 to 32 bytes; none for a hidden network.
        bssid: Its MAC address, six bytes.
        channel: 1 to 14.
        rssi_dbm: How strong it is, negative.
        security: How it is secured.
    """

    ssid: bytes
    bssid: bytes
    channel: int
    rssi_dbm: int
    security: Security


@dataclass(frozen=True, slots=True)
class SoftAp:
    """The module's own access point as it is on the air.

    Args:
        ssid: 1 to 32 bytes.
        password: Empty for an open one.
        channel: 1 to 13.
        security: How it is secured; never WEP.
        mac: Its BSSID, six bytes.
        network: Its address and network.
        has_dhcp: Whether stations get an address from it.
    """

    ssid: bytes
    password: bytes = field(repr=False)
    channel: int
    security: Security
    mac: bytes
    network: Ipv4Config
    has_dhcp: bool


# Requests


@dataclass(frozen=True, slots=True)
class Scan:
    """Look for access points; answered by `ScanDone`.

    Args:
        ssid: Only those of this name, hidden ones included.
        bssid: Only the one with this address.
        channel: Only on this channel.
    """

    ssid: bytes | None = None
    bssid: bytes | None = None
    channel: int | None = None


@dataclass(frozen=True, slots=True)
class Join:
    """Associate with an access point; answered by `Joined` or `JoinFailed`.

    An access point that is there and stays silent leaves it without an answer. Whatever the
    station was joined to before is left first, without an event.

    Args:
        ssid: Its name.
        password: Of the network; empty for an open one.
        bssid: Only the access point with this address; else the strongest of that name.
        mac: The station's own address.
    """

    ssid: bytes
    password: bytes = field(repr=False)
    bssid: bytes | None
    mac: bytes


@dataclass(frozen=True, slots=True)
class Leave:
    """Leave the access point, or give up joining one; no event follows."""


@dataclass(frozen=True, slots=True)
class RequestLease:
    """Ask the DHCP server behind the access point; answered by `Leased` once there is one."""


@dataclass(frozen=True, slots=True)
class Announce:
    """Put the module's own access point on the air, change it, or (None) take it off.

    Stations that this parts from it are told by `StationWent`.
    """

    soft_ap: SoftAp | None


@dataclass(frozen=True, slots=True)
class ListenForCredentials:
    """Listen for one phone that tells which network to join; answered by `CredentialsHeard`.

    Args:
        kind: 1 for ESP-TOUCH, 2 for AirKiss (line 731).
    """

    kind: int


@dataclass(frozen=True, slots=True)
class StopListening:
    """Stop listening for credentials."""


AirRequest = Scan | Join | Leave | RequestLease | Announce | ListenForCredentials | StopListening

# Events


@dataclass(frozen=True, slots=True)
class ScanDone:
    """What a scan has found, in the order in which it is told."""

    sightings: tuple[Sighting, ...]


@dataclass(frozen=True, slots=True)
class Joined:
    """The station is associated with an access point."""

    ap: Sighting


class JoinFailure(Enum):
    """Why an association failed."""

    WRONG_KEY = "the password does not fit"
    NO_AP = "no such access point in reach"
    REFUSED = "the access point refuses"


@dataclass(frozen=True, slots=True)
class JoinFailed:
    """The station is not associated with the access point that it tried."""

    reason: JoinFailure


@dataclass(frozen=True, slots=True)
class ApLost:
    """The access point that the station was joined to is gone, or has thrown it out."""


@dataclass(frozen=True, slots=True)
class Leased:
    """The DHCP server behind the access point grants an address."""

    lease: Ipv4Config


@dataclass(frozen=True, slots=True)
class StationCame:
    """A station joined the module's own access point, or, there already, has got an address.

    Args:
        mac: Its address.
        address: The IPv4 address that the module's DHCP server gave it; None when it has just
            joined, and for good if it has one of its own.
    """

    mac: bytes
    address: IPv4Address | None


@dataclass(frozen=True, slots=True)
class StationWent:
    """A station left the module's own access point."""

    mac: bytes


@dataclass(frozen=True, slots=True)
class CredentialsHeard:
    """A phone told which network to join.

    Args:
        kind: 1 for ESP-TOUCH, 2 for AirKiss.
        ssid: The network's name.
        password: Its password.
    """

    kind: int
    ssid: bytes
    password: bytes = field(repr=False)


AirEvent = (
    ScanDone | Joined | JoinFailed | ApLost | Leased | StationCame | StationWent | CredentialsHeard
)
