"""An access point of a virtual air, as tests hold it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.errors import AccessPointError
from hil.ports.access_point import Ability, ApSecurity, ApSetup, ApStation
from hil.virtual.air.access_point import ApSettings
from hil.virtual.air.message import Security
from hil.virtual.errors import VirtualError

if TYPE_CHECKING:
    from hil.virtual.air.access_point import AccessPoint
    from hil.virtual.air.dhcp import DhcpServer
    from hil.virtual.world import World

_CODES = {
    ApSecurity.OPEN: Security.OPEN,
    ApSecurity.WEP: Security.WEP,
    ApSecurity.WPA: Security.WPA_PSK,
    ApSecurity.WPA2: Security.WPA2_PSK,
    ApSecurity.WPA_WPA2: Security.WPA_WPA2_PSK,
}


_SECURITIES = {code: security for security, code in _CODES.items()}


class VirtualAccessPoint:
    """`hil.ports.access_point.AccessPoint` in simulated time; every call takes none.

    Args:
        world: Whose time it is.
        access_point: What is switched.
        setup: How it is set up.
        dhcp: The server of its network.
    """

    abilities = frozenset(Ability)

    def __init__(
        self, world: World, access_point: AccessPoint, setup: ApSetup, dhcp: DhcpServer
    ) -> None:
        self._world, self._access_point, self._dhcp = world, access_point, dhcp
        self._first = self._setup = setup
        self._is_on_first = access_point.is_on

    @property
    def setup(self) -> ApSetup:
        """How it is set up now."""
        return self._setup

    @property
    def bssid(self) -> str:
        """Its MAC address."""
        return self._access_point.settings.bssid.hex(":")

    @property
    def is_on(self) -> bool:
        """Whether it is on the air."""
        return self._access_point.is_on

    def switch(self, *, is_on: bool) -> None:
        """Switch it on or off; off, it dismisses its stations as hostapd does."""
        self._access_point.switch(self._world.now_ns, is_on=is_on)

    def configure(self, setup: ApSetup) -> None:
        """Set it up in another way. A hidden one stays hidden."""
        present = self._access_point.settings
        settings = settings_of(setup, present.bssid, present.channel, is_hidden=present.is_hidden)
        self._access_point.configure(settings, self._world.now_ns)
        server = self._dhcp if setup.has_dhcp else None
        if server is not self._access_point.dhcp:
            self._access_point.serve_by(server, self._world.now_ns)
        self._setup = setup

    def drop(self, mac: str) -> None:
        """Throw a station out.

        Raises:
            AccessPointError: It is not joined.
        """
        try:
            self._access_point.drop(bytes.fromhex(mac.replace(":", "")), self._world.now_ns)
        except (VirtualError, ValueError) as error:
            raise AccessPointError(
                self._setup.ssid,
                attempted=f"drop {mac} from",
                reason=str(error),
                remedy="`stations` tells who is joined",
            ) from error

    def stations(self) -> tuple[ApStation, ...]:
        """Who is joined."""
        return tuple(
            ApStation(each.mac.hex(":"), each.address) for each in self._access_point.stations
        )

    def restore(self) -> None:
        """Bring it back to how the rig describes it."""
        self.configure(self._first)
        self.switch(is_on=self._is_on_first)


def settings_of(
    setup: ApSetup, bssid: bytes, channel: int, *, is_hidden: bool = False
) -> ApSettings:
    """What an access point of an air is to be.

    Args:
        setup: What it is to be.
        bssid: Its MAC address, six bytes.
        channel: Where it is if `setup` does not say.
        is_hidden: Whether its beacons keep the name back.
    """
    return ApSettings(
        setup.ssid.encode(),
        bssid,
        _CODES[setup.security],
        setup.password.encode(),
        setup.channel or channel,
        is_hidden,
    )


def security_of(code: Security) -> ApSecurity:
    """The word for how an access point of an air is secured."""
    return _SECURITIES[code]
