"""Whoever has an address: what modules and hosts have in common."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Protocol

from .tcp import HOST_WINDOW_BYTES, UNLIMITED_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from .message import Interface
    from .tcp import TcpUser
    from .way import Generator, Path

FIRST_DYNAMIC_PORT = 0xC000
"""Where the ports begin that nobody asked for. Source: RFC 6335; lwIP likewise."""

_DYNAMIC_PORTS = 0x10000 - FIRST_DYNAMIC_PORT


@dataclass(frozen=True, slots=True)
class Listener:
    """Lets others connect to a port.

    Args:
        admit: Makes the program at this end of the next connection.
        window_bytes: How much may come before it has taken it.
        piece_bytes: How much comes at once at most.
        acknowledgement_delay_ns: How long this end waits with an acknowledgement.
    """

    admit: Callable[[], TcpUser]
    window_bytes: int = HOST_WINDOW_BYTES
    piece_bytes: int = UNLIMITED_BYTES
    acknowledgement_delay_ns: int = 0


class UdpUser(Protocol):
    """The program behind a UDP port."""

    def received(self, data: bytes, address: IPv4Address, port: int, now_ns: int) -> None:
        """One datagram has come from that address and port."""


class Node:
    """A module's network stack, or a host's.

    Args:
        generator: Decides with which dynamic port it begins.
        path: What lies between it and the others; None for what the whole network has.

    Attributes:
        path: What lies between it and the others.
        addresses: Its addresses, by interface; those of a host under None.
        listeners: Who may connect, by port.
        ignored_ports: Where an attempt to connect is not even refused.
        udp_users: The programs behind its UDP ports.
        is_cut: Whether nothing reaches it and nothing it sends arrives.
    """

    def __init__(self, generator: Generator, path: Path | None = None) -> None:
        self.path = path
        self.addresses: dict[Interface | None, IPv4Address] = {}
        self.listeners: dict[int, Listener] = {}
        self.ignored_ports: set[int] = set()
        self.udp_users: dict[int, UdpUser] = {}
        self.is_cut = False
        self._next_port = generator.randrange(_DYNAMIC_PORTS)

    def all_addresses(self) -> Collection[IPv4Address]:
        """The addresses that it has now; the first leads to all who are no neighbours."""
        return self.addresses.values()

    def is_reached_by(self, address: IPv4Address) -> bool:
        """Whether what is sent to an address arrives here."""
        return not self.is_cut and address in self.all_addresses()

    def address_for(self, remote: IPv4Address) -> IPv4Address | None:
        """The own address from which to send to another; None without any."""
        own = self.all_addresses()
        near = (address for address in own if are_neighbours(address, remote))
        return next(near, next(iter(own), None))

    def finds(self, address: IPv4Address, *, source: IPv4Address) -> bool:
        """Whether what it sends from one of its addresses to another gets on its way."""
        del address, source
        return True

    def dynamic_port(self) -> int:
        """A port that is not in use."""
        while True:
            port = FIRST_DYNAMIC_PORT + self._next_port
            self._next_port = (self._next_port + 1) % _DYNAMIC_PORTS
            if port not in self.listeners and port not in self.udp_users:
                return port


def are_neighbours(first: IPv4Address, second: IPv4Address) -> bool:
    """Whether two addresses lie in one network; all have 256 addresses here (A-40)."""
    return int(first) >> 8 == int(second) >> 8


def address_in(text: str) -> IPv4Address | None:
    """The address that a text spells; None for a name."""
    try:
        return IPv4Address(text)
    except ValueError:
        return None
