"""The module's own access point: what of it is on the air and in the network, and who joined it.

What commands set is only put down (`SoftAp.settings`, `FirmwareState.soft_ap_interface`, ...);
`SoftAp.apply` compares it with what the outside was told last and tells what has changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.virtual.air.message import Announce, Security, StationCame, StationWent
from hil.virtual.air.message import SoftAp as AnnouncedSoftAp
from hil.virtual.network.message import Interface, SetAddress

from .settings import FACTORY_SOFT_AP_NETWORK, SoftApSettings

if TYPE_CHECKING:
    from ipaddress import IPv4Address

    from hil.virtual.address import Ipv4Config
    from hil.virtual.outside import OutsideEvent

    from .state import FirmwareState


class SoftAp:
    """The softAP interface. It is on in the Wi-Fi modes 2 and 3.

    Args:
        state: Of the firmware that it is a part of.

    Attributes:
        settings: The current name, password, channel and security.
        stations: Who is joined, by MAC address and in the order in which they came, with the
            address that the DHCP server gave out or None for one of the station's own.
    """

    def __init__(self, state: FirmwareState) -> None:
        self.settings = state.store.system.soft_ap or factory_soft_ap(state.factory_mac)
        self.stations: dict[bytes, IPv4Address | None] = {}
        self._state = state
        self._announced: AnnouncedSoftAp | None = None
        self._address: IPv4Address | None = None

    @property
    def is_on(self) -> bool:
        """Whether the softAP is on the air."""
        return self._state.wifi_mode.has_soft_ap

    @property
    def network(self) -> Ipv4Config:
        """Its current address and network, whether it is on or not.

        A softAP without a fixed address has the factory one, with its DHCP server running or not:
        it gives addresses out and gets none. Source: lines 532, 693; A-30, A-35.
        """
        interface = self._state.soft_ap_interface
        excludes = self._state.dialect.wifi.fixed_soft_ap_has_no_dhcp
        fixed = interface.fixed_in_force if excludes else interface.fixed
        return fixed or FACTORY_SOFT_AP_NETWORK

    def follow_mode(self, now_ns: int) -> None:
        """The Wi-Fi mode has changed."""
        self.apply(now_ns)

    def apply(self, now_ns: int) -> None:
        """Something of it may have changed; the outside is told what has.

        Its address goes before its network is taken off the air, and comes after it was put there.
        """
        if self.is_on:
            self._announce(self._wanted(), now_ns)
            self._tell_address(self.network.address, now_ns)
        else:
            self._tell_address(None, now_ns)
            self._announce(None, now_ns)

    def start(self, now_ns: int) -> None:
        """The firmware is ready."""
        self.apply(now_ns)

    def next_deadline_ns(self) -> int | None:
        """It waits for nothing."""
        return None

    def advance(self, now_ns: int) -> None:
        """Nothing is ever due."""

    def hear(self, event: OutsideEvent, _now_ns: int) -> None:
        """A station may have come, got an address, or gone."""
        match event:
            case StationCame(mac, address):
                self.stations[mac] = address
            case StationWent(mac):
                self.stations.pop(mac, None)

    def _wanted(self) -> AnnouncedSoftAp:
        settings = self.settings
        return AnnouncedSoftAp(
            ssid=settings.ssid,
            password=b"" if settings.security is Security.OPEN else settings.password,
            channel=settings.channel,
            security=settings.security,
            mac=self._state.soft_ap_mac,
            network=self.network,
            has_dhcp=self._state.soft_ap_interface.uses_dhcp,
        )

    def _announce(self, soft_ap: AnnouncedSoftAp | None, now_ns: int) -> None:
        if soft_ap != self._announced:
            self._announced = soft_ap
            self._state.out.transmit(Announce(soft_ap), now_ns)

    def _tell_address(self, address: IPv4Address | None, now_ns: int) -> None:
        if address != self._address:
            self._address = address
            self._state.out.transmit(SetAddress(Interface.SOFT_AP, address), now_ns)


def factory_soft_ap(factory_mac: bytes) -> SoftApSettings:
    """What a softAP is that nobody has set: open, on channel 1, named after the chip.

    Source: A-30 in docs/ambiguities.
    """
    return SoftApSettings(b"ESP_" + factory_mac[-3:].hex().upper().encode(), password=b"")
