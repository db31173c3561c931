"""Plays the modules on an air: sends their requests and writes down what they hear, and when."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from hil.virtual.address import Ipv4Config
from hil.virtual.air.access_point import ApSettings
from hil.virtual.air.air import Air
from hil.virtual.air.dhcp import DhcpServer
from hil.virtual.air.message import Join, RequestLease, Security, SoftAp

if TYPE_CHECKING:
    from hil.virtual.air.access_point import AccessPoint
    from hil.virtual.air.message import AirEvent, AirRequest

MS = 1_000_000
S = 1_000_000_000

MAC_A = bytes.fromhex("18fe34000001")
MAC_B = bytes.fromhex("18fe34000002")
BSSID = bytes.fromhex("b4750e000001")
ROUTER = Ipv4Config(
    IPv4Address("192.168.1.1"), IPv4Address("192.168.1.1"), IPv4Address("255.255.255.0")
)
SOFT_AP_NETWORK = Ipv4Config(
    IPv4Address("192.168.4.1"), IPv4Address("192.168.4.1"), IPv4Address("255.255.255.0")
)


def lease_of(address: str, gateway: str) -> Ipv4Config:
    return Ipv4Config(IPv4Address(address), IPv4Address(gateway), IPv4Address("255.255.255.0"))


def settings_of(
    ssid: bytes = b"lab", *, number: int = 1, password: bytes = b"password", channel: int = 6
) -> ApSettings:
    bssid = BSSID[:-1] + bytes([number])
    return ApSettings(ssid, bssid, Security.WPA2_PSK, password, channel)


def soft_ap_of(
    ssid: bytes = b"ESP_000002",
    *,
    password: bytes = b"",
    has_dhcp: bool = True,
    network: Ipv4Config = SOFT_AP_NETWORK,
    channel: int = 1,
) -> SoftAp:
    security = Security.WPA2_PSK if password else Security.OPEN
    mac = bytes.fromhex("1afe34000002")
    return SoftAp(ssid, password, channel, security, mac, network, has_dhcp)


class AirPlayer:
    """An air with a clock that the test moves."""

    def __init__(self) -> None:
        self.air = Air()
        self.now_ns = 0

    def add(
        self,
        settings: ApSettings | None = None,
        *,
        rssi_dbm: int = -58,
        has_dhcp: bool = True,
        is_on: bool = True,
    ) -> AccessPoint:
        dhcp = DhcpServer(ROUTER, IPv4Address("192.168.1.100"), IPv4Address("192.168.1.199"))
        return self.air.add_access_point(
            settings or settings_of(),
            rssi_dbm=rssi_dbm,
            dhcp=dhcp if has_dhcp else None,
            is_on=is_on,
        )

    def module(self, mac: bytes = MAC_A) -> ModuleDouble:
        return ModuleDouble(self, mac)

    def wait(self, duration_ns: int) -> None:
        self.now_ns += duration_ns
        self.air.advance(self.now_ns)


class ModuleDouble:
    """What a module says on the air and hears from it."""

    def __init__(self, player: AirPlayer, mac: bytes) -> None:
        self.player, self.mac = player, mac
        self.antenna = player.air.attach(self._hear)
        self._heard: list[tuple[int, AirEvent]] = []

    def _hear(self, event: AirEvent, now_ns: int) -> None:
        self._heard.append((now_ns, event))

    def ask(self, request: AirRequest) -> None:
        self.antenna.take(request, self.player.now_ns)

    def silence(self, *, is_orderly: bool) -> None:
        self.antenna.silence(self.player.now_ns, is_orderly=is_orderly)

    def join(
        self, ssid: bytes = b"lab", password: bytes = b"password", bssid: bytes | None = None
    ) -> None:
        self.ask(Join(ssid, password, bssid, self.mac))

    def join_and_lease(self, ssid: bytes = b"lab", password: bytes = b"password") -> None:
        """Come to a lease; what was heard on the way is forgotten."""
        self.join(ssid, password)
        self.player.wait(700 * MS)
        self.ask(RequestLease())
        self.player.wait(S)
        self.take_timed()

    def take_timed(self) -> list[tuple[int, AirEvent]]:
        """What was heard since the last call, with the moments."""
        heard, self._heard = self._heard, []
        return heard

    def take(self) -> list[AirEvent]:
        """What was heard since the last call."""
        return [event for _, event in self.take_timed()]
