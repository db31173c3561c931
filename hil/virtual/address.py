"""MAC and IPv4 addresses as text, and the IPv4 settings of one interface."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address

NO_ADDRESS = IPv4Address(0)

_MAC = re.compile(rb"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}")
_PART = re.compile(rb"0[xX](?P<hex>[0-9A-Fa-f]+)|(?P<octal>0[0-7]*)|(?P<decimal>[1-9][0-9]*)")


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


def parse_any_ipv4(text: bytes) -> IPv4Address | None:
    """The address that a network stack in C reads from a text: one to four numbers with dots.

    They may be octal or hexadecimal, and the last one fills what is left of the address: ``0`` is
    0.0.0.0, and ``127.1`` is 127.0.0.1. None if the text is no such address.
    """
    numbers = [_value(part) for part in text.split(b".")]
    *bytes_in_front, rest = numbers
    free_bits = 32 - 8 * len(bytes_in_front)
    if len(numbers) > 4 or None in numbers or rest is None or rest >> free_bits:
        return None
    address = rest
    for position, number in enumerate(bytes_in_front):
        if number is None or number > 0xFF:
            return None
        address |= number << (24 - 8 * position)
    return IPv4Address(address)


def _value(part: bytes) -> int | None:
    match = _PART.fullmatch(part)
    if match is None:
        return None
    bases = {"hex": 16, "octal": 8, "decimal": 10}
    return next(int(match[name], base) for name, base in bases.items() if match[name] is not None)


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
