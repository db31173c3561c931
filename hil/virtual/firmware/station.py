"""The Wi-Fi station: joins an access point, gets an address, loses both and tries again.

Theory of operation. The station is always in one phase; a cue takes it to the next one, as the
table `TRANSITIONS` says, and a cue that the table does not know in a phase changes nothing::

                      join                     failed
        ┌─────┐ ───────────────► ┌─────────┐ ──────────► ┌─────────┐
        │ OFF │                  │ JOINING │             │ WAITING │
        └─────┘ ◄───────────┐    └─────────┘ ◄────────── └─────────┘
                   leave,   │         │          retry        ▲
                   from any │  joined │                       │ lost, failed
                   phase    │         ▼                       │
                            │    ┌────────────┐               │
                            ├─── │ ASSOCIATED │ ──────────────┤
                            │    └────────────┘               │
                            │      │         ▲ readdress,     │
                            │      │address  │ joined         │
                            │      ▼         │                │
                            │    ┌────────────┐               │
                            └─── │   ONLINE   │ ──────────────┘
                                 └────────────┘

A new network to join leads from every phase to JOINING. What the station says follows from the two
borders that a transition crosses, whatever the cue was:

* into ASSOCIATED or ONLINE from elsewhere: ``WIFI CONNECTED``; back: ``WIFI DISCONNECT``;
* into ONLINE: ``WIFI GOT IP``; out of it the address is withdrawn from the network.

What it does next belongs to the phase it has entered (`Station._enter`): JOINING asks the air,
WAITING asks again after `RETRY_NS`, as the SDK looks for an access point that it has lost,
ASSOCIATED wants an address, a leased or a fixed one, and OFF leaves.

Requests and events may cross on their way: an answer to a request that was given up is told from
the wanted one by its network, or does no harm, because JOINING always asks anew.

Source: lines 136-139; A-11 in docs/ambiguities.
"""

from __future__ import annotations

from enum import Enum, IntEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from hil.units import NS_PER_S
from hil.virtual.air.message import (
    ApLost,
    Join,
    Joined,
    JoinFailed,
    JoinFailure,
    Leased,
    Leave,
    RequestLease,
)
from hil.virtual.network.message import Interface, SetAddress
from hil.virtual.network.route import Route

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hil.virtual.address import Ipv4Config
    from hil.virtual.air.message import Sighting
    from hil.virtual.outside import OutsideEvent

    from .settings import Credentials
    from .state import FirmwareState

RETRY_NS = NS_PER_S
"""From a failed attempt, or the loss of the access point, to the next attempt: about a scan."""


class Phase(Enum):
    """What the station is at."""

    OFF = "joins nothing until it is told to"
    JOINING = "has asked to be associated"
    WAITING = "asks again in a moment"
    ASSOCIATED = "has an access point and no address"
    ONLINE = "has an address"

    @property
    def is_associated(self) -> bool:
        """Whether it has an access point."""
        return self in {Phase.ASSOCIATED, Phase.ONLINE}


class Cue(Enum):
    """What can take the station to another phase."""

    JOIN = "a network to join is given"
    LEAVE = "it is to leave and to stay away"
    JOINED = "the access point has taken it"
    FAILED = "the access point has not taken it"
    LOST = "the access point is gone"
    RETRY = "it is time to ask again"
    ADDRESS = "it gets an address"
    READDRESS = "its address is no longer the one that it is to have"


TRANSITIONS: Mapping[tuple[Phase, Cue], Phase] = MappingProxyType(
    {
        (Phase.OFF, Cue.JOIN): Phase.JOINING,
        (Phase.JOINING, Cue.JOIN): Phase.JOINING,
        (Phase.JOINING, Cue.LEAVE): Phase.OFF,
        (Phase.JOINING, Cue.JOINED): Phase.ASSOCIATED,
        (Phase.JOINING, Cue.FAILED): Phase.WAITING,
        (Phase.WAITING, Cue.JOIN): Phase.JOINING,
        (Phase.WAITING, Cue.LEAVE): Phase.OFF,
        (Phase.WAITING, Cue.RETRY): Phase.JOINING,
        (Phase.ASSOCIATED, Cue.JOIN): Phase.JOINING,
        (Phase.ASSOCIATED, Cue.LEAVE): Phase.OFF,
        (Phase.ASSOCIATED, Cue.JOINED): Phase.ASSOCIATED,
        (Phase.ASSOCIATED, Cue.FAILED): Phase.WAITING,
        (Phase.ASSOCIATED, Cue.LOST): Phase.WAITING,
        (Phase.ASSOCIATED, Cue.ADDRESS): Phase.ONLINE,
        (Phase.ASSOCIATED, Cue.READDRESS): Phase.ASSOCIATED,
        (Phase.ONLINE, Cue.JOIN): Phase.JOINING,
        (Phase.ONLINE, Cue.LEAVE): Phase.OFF,
        (Phase.ONLINE, Cue.JOINED): Phase.ASSOCIATED,
        (Phase.ONLINE, Cue.FAILED): Phase.WAITING,
        (Phase.ONLINE, Cue.LOST): Phase.WAITING,
        (Phase.ONLINE, Cue.READDRESS): Phase.ASSOCIATED,
    }
)


class StationStatus(IntEnum):
    """The station as the SDK tells it; AT+CWJAP's failure repeats the number (A-26)."""

    IDLE = 0
    CONNECTING = 1
    WRONG_PASSWORD = 2
    NO_AP_FOUND = 3
    CONNECT_FAILED = 4
    GOT_IP = 5


_FAILURES = MappingProxyType(
    {
        JoinFailure.WRONG_KEY: StationStatus.WRONG_PASSWORD,
        JoinFailure.NO_AP: StationStatus.NO_AP_FOUND,
        JoinFailure.REFUSED: StationStatus.CONNECT_FAILED,
    }
)


class Station:
    """The service that keeps the station joined. See the theory of operation above.

    Args:
        state: The firmware's; its Wi-Fi mode, `station_interface` and `station_mac` are followed.

    Attributes:
        network: What is joined, or being tried; None while the station is off.
        ap: The access point that it is associated with, or None.
        address: What it is reached by, or None.
        on_loss: Called with the moment in ns when the association or the address has gone.
    """

    def __init__(self, state: FirmwareState) -> None:
        self._state = state
        self._phase = Phase.OFF
        self._failure: StationStatus | None = None
        self._mac: bytes | None = None
        self._fixed: Ipv4Config | None = None
        self._is_leasing = False
        self._retry_ns: int | None = None
        self._is_leaving = False
        self.network: Credentials | None = None
        self.ap: Sighting | None = None
        self.address: Ipv4Config | None = None
        self.on_loss: list[Callable[[int], None]] = []

    @property
    def status(self) -> StationStatus:
        """What the SDK would tell; a failure stands until the network is joined or given up."""
        match self._phase:
            case Phase.OFF:
                return StationStatus.IDLE
            case Phase.ONLINE:
                return StationStatus.GOT_IP
            case _:
                return self._failure or StationStatus.CONNECTING

    @property
    def has_ip(self) -> bool:
        """Whether it is joined and has an address."""
        return self._phase is Phase.ONLINE

    @property
    def has_failed(self) -> bool:
        """Whether the network that it tries has not taken it so far."""
        return self._failure is not None

    # What commands ask ---------------------------------------------------------------------------

    def join(self, network: Credentials, now_ns: int) -> None:
        """Join a network, and again whenever it is lost, until told otherwise."""
        self.network = network
        self._failure = None
        self._go(Cue.JOIN, now_ns)

    def tell_leaving(self, now_ns: int) -> None:
        """Say that it is going to leave, in the firmware that says so before it answers.

        Source: read from the libraries of SDK 1.0.1, which call the AT firmware's handler from
        within the function that disconnects; A-11 in docs/ambiguities.
        """
        if self._state.dialect.wifi.tells_leaving_first and self._phase.is_associated:
            self._say("WIFI DISCONNECT", now_ns)
            self._is_leaving = True

    def leave(self, now_ns: int) -> None:
        """Leave the network, or give up joining it, and stay away."""
        self._go(Cue.LEAVE, now_ns)

    def readdress(self, now_ns: int) -> None:
        """The interface's settings or its MAC address have changed; a new MAC has to join anew."""
        if self._phase is not Phase.OFF and self._mac != self._state.station_mac:
            self._go(Cue.JOIN, now_ns)
        elif (self._is_leasing, self._fixed) != self._addressing():
            self._go(Cue.READDRESS, now_ns)

    def follow_mode(self, now_ns: int) -> None:
        """The Wi-Fi mode has changed; without a station the network is left. Source: line 139."""
        if not self._state.wifi_mode.has_station:
            self.leave(now_ns)

    # What the firmware asks ----------------------------------------------------------------------

    def start(self, now_ns: int) -> None:
        """Join the stored network, if the station may. Source: line 560; A-36."""
        stored = self._state.store.system
        may_join = stored.joins_at_start and self._state.wifi_mode.has_station
        if stored.network is not None and may_join:
            self.join(stored.network, now_ns)

    def next_deadline_ns(self) -> int | None:
        """When to ask again."""
        return self._retry_ns

    def advance(self, now_ns: int) -> None:
        """Ask again."""
        self._go(Cue.RETRY, now_ns)

    def hear(self, event: OutsideEvent, now_ns: int) -> None:
        """The air answers, or takes the access point away; nothing counts once it is leaving."""
        if self._is_leaving:
            return
        match event:
            case Joined(ap) if self._is_wanted(ap):
                self._failure = None
                self._go(Cue.JOINED, now_ns, ap=ap)
            case JoinFailed(reason) if self._phase is not Phase.OFF:
                self._failure = _FAILURES[reason]
                self._go(Cue.FAILED, now_ns)
            case ApLost():
                self._go(Cue.LOST, now_ns)
            case Leased(lease) if self._is_leasing:
                self._go(Cue.ADDRESS, now_ns, address=lease)

    # Inside --------------------------------------------------------------------------------------

    def _is_wanted(self, ap: Sighting) -> bool:
        """Whether an access point is of the network; a hidden one may be told without its name."""
        network = self.network
        return (
            network is not None
            and ap.ssid in {network.ssid, b""}
            and network.bssid in {None, ap.bssid}
        )

    def _addressing(self) -> tuple[bool, Ipv4Config | None]:
        """Whether to ask for a lease, else the fixed address to have (A-35)."""
        interface = self._state.station_interface
        return interface.uses_dhcp, None if interface.uses_dhcp else interface.fixed

    def _go(
        self,
        cue: Cue,
        now_ns: int,
        *,
        ap: Sighting | None = None,
        address: Ipv4Config | None = None,
    ) -> None:
        """Follow the table; `ap` and `address` are what the cue brings."""
        before = self._phase
        after = TRANSITIONS.get((before, cue))
        if after is None:
            return
        self._phase = after
        self._retry_ns = None
        self._cross_back(before, now_ns)
        if ap is not None:
            self.ap = ap
        if address is not None:
            self.address = address
        self._cross(before, now_ns)
        self._enter(now_ns)

    def _cross_back(self, before: Phase, now_ns: int) -> None:
        """Say and undo what the borders crossed outwards take away."""
        out = self._state.out
        loses_ap = before.is_associated and not self._phase.is_associated
        loses_address = before is Phase.ONLINE and self._phase is not Phase.ONLINE
        if loses_ap:
            self.ap = None
            if not self._is_leaving:
                self._say("WIFI DISCONNECT", now_ns)
            self._is_leaving = False
        if loses_address:
            self.address = None
            out.transmit(SetAddress(Interface.STATION, None), now_ns)
        if loses_ap or loses_address:
            for tell in self.on_loss:
                tell(now_ns)

    def _cross(self, before: Phase, now_ns: int) -> None:
        """Say and do what the borders crossed inwards bring."""
        out = self._state.out
        if self._phase.is_associated and not before.is_associated:
            self._say("WIFI CONNECTED", now_ns)
        if self._phase is Phase.ONLINE and self.address is not None:
            self._say("WIFI GOT IP", now_ns)
            route = Route(self.address.gateway, self.address.netmask)
            out.transmit(SetAddress(Interface.STATION, self.address.address, route), now_ns)

    def _say(self, text: str, now_ns: int) -> None:
        """Source: lines 136-139; A-11."""
        if self._state.dialect.wifi.tells_in_passthrough or not self._state.transfer_mode:
            self._state.out.send(f"{text}\r\n".encode("ascii"), now_ns)

    def _enter(self, now_ns: int) -> None:
        """Do what the phase that has been entered asks for."""
        out = self._state.out
        match self._phase:
            case Phase.OFF:
                self.network = None
                out.transmit(Leave(), now_ns)
            case Phase.JOINING if self.network is not None:
                self._mac = self._state.station_mac
                network = self.network
                request = Join(network.ssid, network.password, network.bssid, self._mac)
                out.transmit(request, now_ns)
            case Phase.WAITING:
                self._retry_ns = now_ns + RETRY_NS
            case Phase.ASSOCIATED:
                self._is_leasing, self._fixed = self._addressing()
                if self._is_leasing:
                    out.transmit(RequestLease(), now_ns)
                elif self._fixed is not None:
                    self._go(Cue.ADDRESS, now_ns, address=self._fixed)
