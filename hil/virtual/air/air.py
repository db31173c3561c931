"""The air of a world: access points, phones, and the antennas of its modules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.virtual.agenda import Agenda
from hil.virtual.errors import VirtualError

from .access_point import AccessPoint, ApSettings
from .antenna import Antenna
from .phone import Phone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from ipaddress import IPv4Address

    from .dhcp import DhcpServer
    from .message import AirEvent
    from .smart_config import Telling


class Air:
    """A `hil.virtual.world.Machine`; whoever asks it for something has advanced it before.

    Everybody hears everybody. The signal of an access point is that at the modules.
    """

    def __init__(self) -> None:
        self._agenda = Agenda()
        self._access_points: list[AccessPoint] = []
        self._phones: list[Phone] = []
        self._antennas: list[Antenna] = []
        self._tellings: list[Telling] = []

    @property
    def access_points(self) -> tuple[AccessPoint, ...]:
        """Those that are no module's, in the order in which scans list them."""
        return tuple(self._access_points)

    @property
    def soft_aps(self) -> tuple[AccessPoint, ...]:
        """Those of the modules, as far as they are on the air."""
        return tuple(each.soft_ap for each in self._antennas if each.soft_ap is not None)

    @property
    def phones(self) -> tuple[Phone, ...]:
        """The phones."""
        return tuple(self._phones)

    def add_access_point(
        self,
        settings: ApSettings,
        *,
        rssi_dbm: int,
        dhcp: DhcpServer | None = None,
        is_on: bool = True,
    ) -> AccessPoint:
        """An access point, behind those that are there.

        Raises:
            VirtualError: Its BSSID is taken.
        """
        if any(ap.settings.bssid == settings.bssid for ap in self._access_points):
            raise VirtualError(f"there is an access point {settings.bssid.hex(':')} already")
        ap = AccessPoint(settings, self._agenda, rssi_dbm=rssi_dbm, dhcp=dhcp)
        ap.switch(0, is_on=is_on)
        self._access_points.append(ap)
        return ap

    def add_phone(
        self, name: str, mac: bytes, *, fixed_address: IPv4Address | None = None
    ) -> Phone:
        """A phone.

        Raises:
            VirtualError: Its name or its address is taken.
        """
        if any(name == phone.name or mac == phone.mac for phone in self._phones):
            raise VirtualError(f"there is a phone {name!r} or {mac.hex(':')} already")
        phone = Phone(
            name,
            mac,
            self._agenda,
            lambda: self._around(None),
            self._spread,
            self._hush,
            fixed_address=fixed_address,
        )
        self._phones.append(phone)
        return phone

    def attach(self, hear: Callable[[AirEvent, int], None]) -> Antenna:
        """The place of one more module.

        Args:
            hear: How the module is told of an event.
        """
        antenna = Antenna(
            self._agenda,
            lambda: self._around(antenna),
            lambda: tuple(self._tellings),
            hear,
        )
        self._antennas.append(antenna)
        return antenna

    def next_deadline_ns(self) -> int | None:
        """When something happens by itself."""
        return self._agenda.next_deadline_ns()

    def advance(self, now_ns: int) -> None:
        """Let everything happen that is due."""
        self._agenda.advance(now_ns)

    def _around(self, listener: Antenna | None) -> Iterator[AccessPoint]:
        """What a module hears, or a phone: all access points that are strong enough."""
        soft_aps = [each.soft_ap for each in self._antennas if each is not listener]
        for ap in (*self._access_points, *soft_aps):
            if ap is not None and ap.is_heard:
                yield ap

    def _spread(self, telling: Telling, now_ns: int) -> None:
        self._tellings = [each for each in self._tellings if each.until_ns > now_ns]
        self._tellings.append(telling)
        for antenna in self._antennas:
            antenna.hear_telling(telling, now_ns)

    def _hush(self, telling: Telling, now_ns: int) -> None:
        self._tellings = [each for each in self._tellings if each is not telling]
        for antenna in self._antennas:
            antenna.lose_telling(telling, now_ns)
