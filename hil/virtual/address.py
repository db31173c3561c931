"""IPv4 settings of one interface."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address

NO_ADDRESS = IPv4Address(0)


@dataclass(frozen=True, slots=True)
class Ipv4Config:
    """Address, gateway and netmask.

    Args:
        address: Of the interface itself.
        gateway: Where packets to other networks go.
        netmask: Which bits of an address name the network.
    """

    address: IPv4Address
    gateway: IPv4Address
    netmask: IPv4Address

    def holds(self, other: IPv4Address) -> bool:
        """Whether an address lies in the same network."""
        return not (int(self.address) ^ int(other)) & int(self.netmask)
