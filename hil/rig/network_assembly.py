"""Builds the network around the modules of a rig from its description.

Beside `hil.rig.assembly`, `hil.rig.air_assembly` and `hil.rig.served` this file knows virtual
machines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.drive.simulated_peer import SimulatedPeers
from hil.ports.clock import SystemClock
from hil.ports.socket_peer import SocketPeers
from hil.units import NS_PER_MS
from hil.virtual.network.internet import Internet
from hil.virtual.network.way import Path

from .network_description import NetworkDescription

if TYPE_CHECKING:
    from ipaddress import IPv4Address

    from hil.virtual.network.route import Gateways
    from hil.virtual.network.way import Generator
    from hil.virtual.world import World

    from .description import RigDescription
    from .wifi import RigWifi


def build_network(
    description: RigDescription,
    world: World,
    generator: Generator,
    wifi: RigWifi,
    gateways: Gateways,
) -> tuple[Internet, SimulatedPeers | None]:
    """A network for the modules of a world, and the peers in it.

    Args:
        description: What the rig file says of the network.
        world: Where it is.
        generator: Decides what is left to chance.
        wifi: Whose stations are the host's too: who joins a softAP is reached through it.
        gateways: What takes what modules send to other networks.
    """
    described = description.network or NetworkDescription()
    path = Path(way_ns=described.latency_ms * NS_PER_MS // 2)
    internet = Internet(generator, path, described.names, gateways)
    for router in sorted(gateways.addresses):
        if router != described.host_address:
            internet.add_host(router)  # it answers a ping and refuses all else
    if described.host_address is None:
        return internet, None
    host = internet.add_host(described.host_address)

    def guest_addresses() -> list[IPv4Address]:
        return [each.address for each in wifi.stations if each.address is not None]

    host.guest_addresses = guest_addresses
    return internet, SimulatedPeers(world, host)


def open_network(description: RigDescription) -> SocketPeers | None:
    """The peers of a real rig, if its file names the address of this computer."""
    described = description.network
    if described is None or described.host_address is None:
        return None
    return SocketPeers(
        SystemClock(), str(described.host_address), _texts(described), description.name
    )


def _texts(described: NetworkDescription) -> dict[str, str]:
    return {name: str(address) for name, address in described.names.items()}
