"""Builds the air around the modules of a virtual rig from its description.

Beside `hil.rig.assembly` and `hil.rig.served` this file knows virtual machines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.drive.virtual_access_point import VirtualAccessPoint, settings_of
from hil.drive.virtual_station import VirtualStation
from hil.units import NS_PER_MS
from hil.virtual.address import Ipv4Config
from hil.virtual.air.access_point import Conduct
from hil.virtual.air.air import Air
from hil.virtual.air.dhcp import DhcpServer
from hil.virtual.network.route import Gateways

from .wifi import RigWifi, secrets_of

if TYPE_CHECKING:
    from ipaddress import IPv4Interface

    from hil.virtual.world import World

    from .air_description import AirAccessPoint, AirDescription

DEFAULT_CHANNEL = 1


def build_air(description: AirDescription, world: World) -> tuple[Air, RigWifi]:
    """An air for the modules of a world, and what tests hold of it.

    Raises:
        RigFileError: A password is not where the file says.
    """
    air = Air()
    servers = _build_servers(description)
    access_points = tuple(
        _add_access_point(air, each, servers[each.address], world)
        for each in description.access_points
    )
    stations = tuple(
        VirtualStation(
            world,
            air.add_phone(each.name, _mac_bytes(each.mac), fixed_address=each.address),
        )
        for each in description.stations
    )
    secrets = secrets_of(each.network for each in description.access_points)
    return air, RigWifi(access_points, stations, secrets)


def gateways_of(description: AirDescription) -> Gateways:
    """The access points as gateways, each of its own network."""
    return Gateways(each.address for each in description.access_points)


def _build_servers(description: AirDescription) -> dict[IPv4Interface, DhcpServer]:
    """A DHCP server for each network, which all its access points share."""
    return {
        each.address: DhcpServer(
            Ipv4Config(each.address.ip, each.address.ip, each.address.netmask), *each.pool
        )
        for each in description.access_points
    }


def _add_access_point(
    air: Air, described: AirAccessPoint, dhcp: DhcpServer, world: World
) -> VirtualAccessPoint:
    setup = described.network.setup()
    access_point = air.add_access_point(
        settings_of(
            setup,
            _mac_bytes(described.bssid),
            DEFAULT_CHANNEL,
            is_hidden=described.is_hidden,
        ),
        rssi_dbm=described.rssi_dbm,
        dhcp=dhcp if described.network.has_dhcp else None,
        is_on=described.is_on,
    )
    access_point.conduct = Conduct(described.behaviour)
    access_point.delay_ns = described.delay_ms * NS_PER_MS
    if described.drops_after_ms is not None:
        access_point.drops_after_ns = described.drops_after_ms * NS_PER_MS
    return VirtualAccessPoint(world, access_point, setup, dhcp)


def _mac_bytes(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", ""))
