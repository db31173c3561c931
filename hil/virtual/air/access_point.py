"""An access point: how it is set, how it behaves, and who is joined.

A module's softAP is one too; its `hear` is how the module learns who comes and goes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Protocol

from hil.units import NS_PER_S
from hil.virtual.errors import VirtualError

from .message import JoinFailure, Security, Sighting, StationCame, StationWent

if TYPE_CHECKING:
    from collections.abc import Callable
    from ipaddress import IPv4Address

    from hil.virtual.address import Ipv4Config
    from hil.virtual.agenda import Agenda, Appointment

    from .dhcp import DhcpServer
    from .message import Join

REACH_DBM = -98
"""A weaker signal is not heard: the sensitivity that the chip's data sheet gives for 1 Mbit/s."""

BEACON_LOSS_NS = 6 * NS_PER_S
"""How long a station goes without beacons before it takes its access point for gone."""

INACTIVITY_NS = 300 * NS_PER_S
"""How long an access point keeps a station that fell silent; hostapd's default."""


class Conduct(Enum):
    """How an access point answers who wants to join."""

    NORMAL = "normal"
    REFUSES = "refuses"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class ApSettings:
    """How an access point is set up.

    Args:
        ssid: 1 to 32 bytes.
        bssid: Its MAC address, six bytes.
        security: How it is secured.
        password: Of a secured one.
        channel: 1 to 14.
        is_hidden: Whether its beacons keep the name back.
    """

    ssid: bytes
    bssid: bytes
    security: Security = Security.OPEN
    password: bytes = field(default=b"", repr=False)
    channel: int = 1
    is_hidden: bool = False

    def __post_init__(self) -> None:
        if not 1 <= len(self.ssid) <= 32:
            raise VirtualError(f"an SSID has 1 to 32 bytes, not {len(self.ssid)}")
        if len(self.bssid) != 6:
            raise VirtualError(f"a BSSID has six bytes, not {len(self.bssid)}")
        if not 1 <= self.channel <= 14:
            raise VirtualError(f"a channel is 1 to 14, not {self.channel}")


@dataclass(frozen=True, slots=True)
class JoinedStation:
    """Who is joined to an access point.

    Args:
        mac: Its address.
        address: What the DHCP server behind the access point gave it since it joined.
    """

    mac: bytes
    address: IPv4Address | None


class Client(Protocol):
    """A station as its access point knows it."""

    @property
    def mac(self) -> bytes:
        """Its address."""

    def lose(self, now_ns: int, after_ns: int) -> None:
        """The access point is gone; the station notices so much later."""

    def keep(self, now_ns: int) -> None:
        """The access point is heard again before the station gave it up."""

    def retry_lease(self, now_ns: int) -> None:
        """There is a DHCP server now."""


@dataclass(slots=True)
class _Member:
    """What an access point keeps of a station; its `client` is None once that has fallen silent."""

    client: Client | None
    address: IPv4Address | None = None
    end: Appointment | None = None

    def cancel_end(self) -> None:
        if self.end is not None:
            self.end.cancel()
            self.end = None


class AccessPoint:
    """One access point on the air.

    Args:
        settings: How it is set up.
        agenda: The air's.
        rssi_dbm: How strong it is where the modules are.
        dhcp: The server behind it, if any.
        station_limit: How many stations it takes; None for any number.
        hear: Told, within the call, who comes and goes.

    Attributes:
        conduct: How it answers who wants to join.
        delay_ns: How much slower than usual it, and the DHCP server behind it, answers.
        drops_after_ns: How long after joining it throws each station out, if at all.
    """

    def __init__(
        self,
        settings: ApSettings,
        agenda: Agenda,
        *,
        rssi_dbm: int,
        dhcp: DhcpServer | None = None,
        station_limit: int | None = None,
        hear: Callable[[StationCame | StationWent, int], None] = lambda _event, _now_ns: None,
    ) -> None:
        self._settings = settings
        self._agenda = agenda
        self._rssi_dbm = rssi_dbm
        self._dhcp = dhcp
        self._station_limit = station_limit
        self._hear = hear
        self._is_on = True
        self._members: dict[bytes, _Member] = {}
        self.conduct = Conduct.NORMAL
        self.delay_ns = 0
        self.drops_after_ns: int | None = None

    # What can be seen of it ---------------------------------------------------------------------

    @property
    def settings(self) -> ApSettings:
        """How it is set up now."""
        return self._settings

    @property
    def is_on(self) -> bool:
        """Whether it is switched on."""
        return self._is_on

    @property
    def rssi_dbm(self) -> int:
        """How strong it is where the modules are."""
        return self._rssi_dbm

    @property
    def dhcp(self) -> DhcpServer | None:
        """The DHCP server that stations reach through it."""
        return self._dhcp

    @property
    def is_heard(self) -> bool:
        """Whether stations hear it."""
        return self._is_on and self._rssi_dbm >= REACH_DBM

    @property
    def stations(self) -> tuple[JoinedStation, ...]:
        """Who is joined, in the order of joining."""
        return tuple(JoinedStation(mac, each.address) for mac, each in self._members.items())

    def sighting(self, *, is_named: bool) -> Sighting:
        """What a scan tells of it.

        Args:
            is_named: Whether the scan asks by name, which a hidden one answers.
        """
        settings = self._settings
        ssid = settings.ssid if is_named or not settings.is_hidden else b""
        return Sighting(ssid, settings.bssid, settings.channel, self._rssi_dbm, settings.security)

    def fits(self, password: bytes) -> bool:
        """Whether a station has the right password; an open access point asks for none."""
        return self._settings.security is Security.OPEN or password == self._settings.password

    # What stations do ---------------------------------------------------------------------------

    def is_meant(self, request: Join) -> bool:
        """Whether a station that wants to join looks for this access point."""
        settings = self._settings
        return (
            self.is_heard
            and settings.ssid == request.ssid
            and request.bssid in (None, settings.bssid)
        )

    def refusal(self, request: Join) -> JoinFailure | None:
        """Why a station cannot join, or None."""
        if not self.is_meant(request):
            return JoinFailure.NO_AP
        others = self._members.keys() - {request.mac}
        is_full = self._station_limit is not None and len(others) >= self._station_limit
        if self.conduct is Conduct.REFUSES or is_full:
            return JoinFailure.REFUSED
        return None if self.fits(request.password) else JoinFailure.WRONG_KEY

    def admit(self, client: Client, now_ns: int) -> None:
        """A station joins; one of the same address that was joined before is forgotten."""
        before = self._members.get(client.mac)
        if before is not None and before.client not in (None, client):
            before.client.lose(now_ns, 0)
        self.remove(client.mac, now_ns)
        member = self._members[client.mac] = _Member(client)
        if self.drops_after_ns is not None:
            member.end = self._agenda.plan(
                now_ns + self.drops_after_ns, partial(self.drop, client.mac)
            )
        self._hear(StationCame(client.mac, None), now_ns)

    def remove(self, mac: bytes, now_ns: int) -> None:
        """A station leaves, if it is joined."""
        member = self._members.pop(mac, None)
        if member is not None:
            member.cancel_end()
            self._hear(StationWent(mac), now_ns)

    def miss(self, client: Client, now_ns: int) -> None:
        """A station falls silent without a word; it is kept for a while."""
        member = self._members.get(client.mac)
        if member is not None and member.client is client:
            member.client = None
            member.cancel_end()
            member.end = self._agenda.plan(now_ns + INACTIVITY_NS, partial(self.remove, client.mac))

    def grant(self, client: Client, now_ns: int) -> Ipv4Config | None:
        """The lease of a station, or None if nobody gives one."""
        member = self._members.get(client.mac)
        if member is None or member.client is not client or not self.is_heard:
            return None
        lease = self._dhcp.lease(client.mac) if self._dhcp is not None else None
        if lease is not None and lease.address != member.address:
            member.address = lease.address
            self._hear(StationCame(client.mac, lease.address), now_ns)
        return lease

    # What its owner does ------------------------------------------------------------------------

    def switch(self, now_ns: int, *, is_on: bool, is_orderly: bool = True) -> None:
        """Switch it on or off.

        Args:
            now_ns: When.
            is_on: To which.
            is_orderly: Whether it dismisses its stations; else they miss it after a while.
        """
        if is_on is not self._is_on:
            self._is_on = is_on
            if not is_on:
                self._dismiss_all(now_ns, 0 if is_orderly else BEACON_LOSS_NS)

    def configure(self, settings: ApSettings, now_ns: int) -> None:
        """Set it up in another way, which dismisses its stations."""
        if settings != self._settings:
            self._settings = settings
            self._dismiss_all(now_ns, 0)

    def move(self, rssi_dbm: int, now_ns: int) -> None:
        """Make it stronger or weaker; below `REACH_DBM` its stations miss it after a while."""
        was_heard = self.is_heard
        self._rssi_dbm = rssi_dbm
        for client in self._clients():
            if was_heard and not self.is_heard:
                client.lose(now_ns, BEACON_LOSS_NS)
            elif self.is_heard and not was_heard:
                client.keep(now_ns)

    def serve_by(self, dhcp: DhcpServer | None, now_ns: int) -> None:
        """Put another DHCP server behind it, or none. Stations that wait for a lease get one."""
        self._dhcp = dhcp
        if dhcp is not None:
            for client in self._clients():
                client.retry_lease(now_ns)

    def drop(self, mac: bytes, now_ns: int) -> None:
        """Throw a station out.

        Raises:
            VirtualError: It is not joined.
        """
        member = self._members.get(mac)
        if member is None:
            joined = ", ".join(each.hex(":") for each in self._members) or "nobody"
            raise VirtualError(f"{mac.hex(':')} is not joined to this access point; {joined} is")
        self.remove(mac, now_ns)
        if member.client is not None:
            member.client.lose(now_ns, 0)

    def _clients(self) -> list[Client]:
        return [each.client for each in self._members.values() if each.client is not None]

    def _dismiss_all(self, now_ns: int, noticed_after_ns: int) -> None:
        for client in self._clients():
            client.lose(now_ns, noticed_after_ns)
        for mac in tuple(self._members):
            self.remove(mac, now_ns)
