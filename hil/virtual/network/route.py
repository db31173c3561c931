"""How a module gets to addresses outside of its own network: by its gateway, if that is one.

A module hands what it sends to the address itself, if that lies in the network that its netmask
spells, else to its gateway. Nobody takes it where no such gateway is, and nobody answers to an
address that a netmask claims for a network in which it does not lie.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .node import are_neighbours

if TYPE_CHECKING:
    from collections.abc import Iterable
    from ipaddress import IPv4Address, IPv4Interface


@dataclass(frozen=True, slots=True)
class Route:
    """What an interface knows of others. Source: lines 646-648, 662-664, 676-678; A-39.

    Args:
        gateway: Who takes what goes to other networks.
        netmask: Which bits of an address name the network.
    """

    gateway: IPv4Address
    netmask: IPv4Address

    def next_hop(self, own: IPv4Address, remote: IPv4Address) -> IPv4Address:
        """Whom to hand what goes to an address."""
        is_near = not (int(own) ^ int(remote)) & int(self.netmask)
        return remote if is_near else self.gateway


class Gateways:
    """The gateways that there are, each with its network.

    Args:
        interfaces: Their addresses with the lengths of their netmasks.
    """

    def __init__(self, interfaces: Iterable[IPv4Interface]) -> None:
        self._interfaces = frozenset(interfaces)

    @property
    def addresses(self) -> frozenset[IPv4Address]:
        """The addresses of the gateways."""
        return frozenset(each.ip for each in self._interfaces)

    def lead(self, route: Route, own: IPv4Address, remote: IPv4Address) -> bool:
        """Whether what is sent from one address to another finds its way."""
        hop = route.next_hop(own, remote)
        if hop == remote:
            return are_neighbours(own, remote) or any(
                own in each.network and remote in each.network for each in self._interfaces
            )
        return any(own in each.network and hop == each.ip for each in self._interfaces)
