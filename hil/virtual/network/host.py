"""A computer in the network of a virtual module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.virtual.errors import VirtualError

from .node import Listener, Node
from .tcp import HOST_WINDOW_BYTES, TcpEnd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from ipaddress import IPv4Address

    from .internet import Internet
    from .node import UdpUser
    from .tcp import TcpUser
    from .way import Generator, Path


class Host(Node):
    """A node whose programs run in this process.

    It answers pings, refuses connections to ports at which nobody listens, and can dial.

    Args:
        internet: Where it is.
        address: Its own address.
        generator: Decides with which dynamic port it begins.
        path: What lies between it and the others; None for what the whole network has.

    Attributes:
        internet: Where it is.
        guest_addresses: Tells which addresses it has beside its own, as a computer that joins a
            softAP with its Wi-Fi.
    """

    def __init__(
        self,
        internet: Internet,
        address: IPv4Address,
        generator: Generator,
        path: Path | None = None,
    ) -> None:
        super().__init__(generator, path)
        self.addresses[None] = address
        self.guest_addresses: Callable[[], Iterable[IPv4Address]] = tuple
        self.internet = internet

    @property
    def address(self) -> IPv4Address:
        """Its own address."""
        return self.addresses[None]

    def all_addresses(self) -> list[IPv4Address]:
        """The addresses that it has now."""
        return [*self.addresses.values(), *self.guest_addresses()]

    def is_reached_by(self, address: IPv4Address) -> bool:
        """Whether what is sent to an address arrives here."""
        if self.is_cut:
            return False
        return address == self.addresses.get(None) or address in self.guest_addresses()

    def listen(
        self,
        port: int,
        admit: Callable[[], TcpUser],
        *,
        window_bytes: int = HOST_WINDOW_BYTES,
        acknowledgement_delay_ns: int = 0,
    ) -> int:
        """Let others connect to a port; 0 picks a free one.

        Args:
            port: The port.
            admit: Makes the program at this end of the next connection.
            window_bytes: How much may come before that has taken it.
            acknowledgement_delay_ns: How long it waits with an acknowledgement.

        Returns:
            The port.

        Raises:
            VirtualError: Somebody listens there already.
        """
        port = port or self.dynamic_port()
        if port in self.listeners:
            raise VirtualError(f"somebody listens at {self.address}:{port} already")
        self.listeners[port] = Listener(
            admit, window_bytes, acknowledgement_delay_ns=acknowledgement_delay_ns
        )
        return port

    def dial(
        self, user: TcpUser, address: IPv4Address, port: int, now_ns: int, **settings: int
    ) -> TcpEnd:
        """Connect to another node; the user is told how it went, or nothing if nobody answers.

        Args:
            user: The program at this end.
            address: Whom to connect to.
            port: Where.
            now_ns: When.
            **settings: Of `TcpEnd`, like ``window_bytes`` or ``keep_alive_ns``.
        """
        source = self.address_for(address) or self.address
        return self.internet.connect(self, source, user, (address, port), now_ns, **settings)

    def open_udp(self, port: int, user: UdpUser) -> int:
        """Register a program for a UDP port; 0 picks a free one.

        Raises:
            VirtualError: Another one has it already.
        """
        port = port or self.dynamic_port()
        if port in self.udp_users:
            raise VirtualError(f"UDP port {port} of {self.address} is in use already")
        self.udp_users[port] = user
        return port

    def send_udp(
        self, source_port: int, data: bytes, address: IPv4Address, port: int, now_ns: int
    ) -> None:
        """Send one datagram."""
        self.internet.send_udp(self, source_port, data, (address, port), now_ns)
