"""The DHCP server of a network: which address each station gets."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from hil.virtual.address import Ipv4Config

if TYPE_CHECKING:
    from collections.abc import Mapping

FIRST_SOFT_AP_HOST = 2
"""A module's softAP at 192.168.4.1 gives leases from 192.168.4.2 up."""


class DhcpServer:
    """Gives addresses of a pool, the lowest free one first, and each station the same again.

    Args:
        network: The server's own address, which is the gateway of the leases, and the netmask.
        first: The lowest address of the pool.
        last: The highest.
    """

    def __init__(self, network: Ipv4Config, first: IPv4Address, last: IPv4Address) -> None:
        self.network, self.first, self.last = network, first, last
        self._leases: dict[bytes, IPv4Address] = {}

    @classmethod
    def of_soft_ap(cls, network: Ipv4Config) -> DhcpServer:
        """The server of a module whose softAP has this address."""
        mask = int(network.netmask)
        base, size = int(network.address) & mask, (~mask & 0xFFFFFFFF) + 1
        first, last = base + FIRST_SOFT_AP_HOST, base + size - 2
        return cls(network, IPv4Address(first), IPv4Address(max(first, last)))

    @property
    def leases(self) -> Mapping[bytes, IPv4Address]:
        """The addresses given so far, by MAC address."""
        return dict(self._leases)

    def lease(self, mac: bytes) -> Ipv4Config | None:
        """The lease of a station, or None if the pool is exhausted."""
        address = self._leases.get(mac) or self._lowest_free()
        if address is None:
            return None
        self._leases[mac] = address
        return Ipv4Config(address, self.network.address, self.network.netmask)

    def _lowest_free(self) -> IPv4Address | None:
        taken = {self.network.address, *self._leases.values()}
        for number in range(int(self.first), int(self.last) + 1):
            if (address := IPv4Address(number)) not in taken:
                return address
        return None
