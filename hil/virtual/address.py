"""MAC and IPv4 addresses as text, and the IPv4 settings of one interface."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address

NO_ADDRESS = IPv4Address(0)

_MAC = re.compile(rb"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}")


def parse_mac(text: bytes) -> bytes | None:
    """The six bytes of ``18:fe:35:98:d3:7b``, or None if it is no such text."""
    return bytes.fromhex(text.replace(b":", b"").decode()) if _MAC.fullmatch(text) else None


def format_mac(mac: bytes) -> str:
    """A MAC address as ``18:fe:35:98:d3:7b``. Source: A-37 in docs/ambiguities."""
    return mac.hex(":")


def parse_ipv4(text: bytes) -> IPv4Address | None:
    """The address in ``192.168.6.100``, or None if it is no such text."""
    try:
        return IPv4Address(text.decode("latin-1"))
    except ValueError:
        return None


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
