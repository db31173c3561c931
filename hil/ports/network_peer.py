"""Network peers: whom a module talks to over TCP and UDP, and who talks to its server.

A test plan gets them from the rig (`NetworkPeers`) and does not know whether they are sockets of
this computer or programs in a simulated network. All waiting is by deadline on the rig's clock.

Nobody reads a connection by itself: what is not received stays in the network, and the module
cannot send more than the window of the peer. A peer that is to read or send while the plan is busy
at the serial port is a `TcpService`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from ipaddress import AddressValueError, IPv4Address
from typing import TYPE_CHECKING, Protocol

from hil.errors import PeerError
from hil.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .clock import Clock

WINDOW_BYTES = 65535
"""How much a peer takes before it is received, unless a listener says otherwise."""

SOURCE_PATTERN = bytes(range(256))
"""What a source sends, again and again."""

NETWORK_REMEDY = "Check that this computer and the module are in one network"
"""What to do when an address does not lead to the module."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An IPv4 address and a port."""

    address: str
    port: int

    def __str__(self) -> str:
        return f"{self.address}:{self.port}"


@dataclass(frozen=True, slots=True)
class Datagram:
    """What came to a UDP peer, and from where."""

    data: bytes
    source: Endpoint


class Ending(Enum):
    """How a connection ended, seen from the peer."""

    FINISHED = "the module has closed it"
    RESET = "it broke off"


class Behaviour(Enum):
    """What a service does with each connection."""

    ECHO = "send back what comes"
    DISCARD = "read what comes"
    SOURCE = "send `SOURCE_PATTERN` again and again"


class TcpConnection(Protocol):
    """A connection with the module, made by either side.

    Attributes:
        local: The peer's end, as the module sees it.
        remote: The module's end.
    """

    local: Endpoint
    remote: Endpoint

    @property
    def ending(self) -> Ending | None:
        """How it has ended; None while something is still to be received, or may come."""

    @property
    def bare_segments(self) -> int:
        """How many segments without data have come: acknowledgements and keep-alive probes.

        What is added while nothing is sent either way are probes.

        Raises:
            NeedMissingError: This computer does not count them.
        """

    def send(self, data: bytes, deadline_ns: int) -> None:
        """Send bytes.

        Raises:
            PeerError: The connection has ended, or the module does not take them in time.

        Blocks: until the network has taken all of them, at most until the deadline.
        """

    def receive(self, deadline_ns: int) -> bytes:
        """What has come, as soon as there is at least one byte.

        Returns:
            ``b""`` at the deadline, or at once when the connection has ended.

        Blocks: until `deadline_ns`.
        """

    def finish(self) -> None:
        """Send nothing more; what the module sends is still received."""

    def close(self) -> None:
        """Close it; if something is unread, the module sees a reset. Closing twice is fine."""

    def reset(self) -> None:
        """Break it off."""


class TcpListener(Protocol):
    """Waits for the module to connect.

    Attributes:
        endpoint: What the module dials.
    """

    endpoint: Endpoint

    def accept(self, deadline_ns: int) -> TcpConnection | None:
        """The next connection; None at the deadline.

        Blocks: until `deadline_ns`.
        """

    def close(self) -> None:
        """Refuse further connections; those made stay. Closing twice is fine."""


class TcpService(Protocol):
    """A listener that serves all its connections by itself.

    Attributes:
        endpoint: What the module dials.
    """

    endpoint: Endpoint

    @property
    def connections(self) -> int:
        """How many connections have been made so far."""

    @property
    def received_bytes(self) -> int:
        """How many bytes have come over all of them."""

    def close(self) -> None:
        """End it with all its connections. Closing twice is fine."""


class UdpPeer(Protocol):
    """A UDP port to which the module can send, and that can send to the module.

    Attributes:
        endpoint: Where the module reaches it.
    """

    endpoint: Endpoint

    def send(self, data: bytes, target: Endpoint) -> None:
        """Send one datagram.

        Raises:
            PeerError: It cannot leave this computer.
        """

    def receive(self, deadline_ns: int) -> Datagram | None:
        """The next datagram; None at the deadline.

        Blocks: until `deadline_ns`.
        """

    def close(self) -> None:
        """Give the port back. Closing twice is fine."""


class NetworkPeers(Protocol):
    """What a rig has in the module's network.

    Attributes:
        clock: The rig's clock.
        host_address: What the module dials to reach the peers.
    """

    clock: Clock
    host_address: str

    @property
    def names(self) -> Mapping[str, str]:
        """Names that the module can resolve, with their addresses."""

    def listen(
        self,
        port: int = 0,
        *,
        window_bytes: int = WINDOW_BYTES,
        acknowledgement_delay_s: float = 0.0,
    ) -> TcpListener:
        """Wait for connections at a port; 0 picks a free one.

        Args:
            port: The port.
            window_bytes: How much may come before it is received; a computer rounds it.
            acknowledgement_delay_s: How long the peer waits with an acknowledgement.

        Raises:
            PeerError: The port cannot be had.
            NeedMissingError: The rig cannot delay acknowledgements.
        """

    def serve(self, behaviour: Behaviour, port: int = 0) -> TcpService:
        """Serve connections to a port by themselves; 0 picks a free one.

        Raises:
            PeerError: The port cannot be had.
        """

    def dial(self, target: Endpoint, deadline_ns: int) -> TcpConnection:
        """Connect to the module's server.

        Raises:
            PeerError: It refuses, or nobody answers in time.

        Blocks: until `deadline_ns`.
        """

    def open_udp(self, port: int = 0) -> UdpPeer:
        """Open a UDP port; 0 picks a free one.

        Raises:
            PeerError: The port cannot be had.
        """

    def set_path(self, *, is_open: bool) -> None:
        """Cut the way between the module and all peers, unnoticed, or join it again.

        Raises:
            NeedMissingError: The rig cannot do that.
        """

    def set_delay(self, delay_s: float) -> None:
        """Let every round trip to the peers take so much longer than usual; 0 as usual.

        Connections that stand keep the time that they have.

        Raises:
            NeedMissingError: The rig cannot do that.
        """

    def set_name(self, name: str, address: str | None) -> None:
        """Let a name lead to an address from now on, or (None) to nobody.

        Raises:
            NeedMissingError: The rig cannot do that.
        """

    @property
    def lookups(self) -> Sequence[str]:
        """The names that modules have asked for so far, known or not, in their order.

        Raises:
            NeedMissingError: The rig does not hear their questions.
        """

    def close(self) -> None:
        """Close all that was opened. Closing twice is fine."""


def require_connection(listener: TcpListener, clock: Clock, deadline_ns: int) -> TcpConnection:
    """The next connection to a listener.

    Raises:
        PeerError: The module does not connect in time.

    Blocks: until `deadline_ns`.
    """
    begin_ns = clock.now_ns()
    connection = listener.accept(deadline_ns)
    if connection is None:
        raise PeerError(
            str(listener.endpoint),
            attempted="accept a connection at",
            reason=f"the module did not connect within {_since(begin_ns, clock)}",
            remedy="Check that it has an address and dials this one",
        )
    return connection


def receive_exactly(connection: TcpConnection, count: int, clock: Clock, deadline_ns: int) -> bytes:
    """So many bytes from the module.

    Raises:
        PeerError: Fewer come in time, or the piece that comes last is longer; the error has the
            bytes.

    Blocks: until `deadline_ns`.
    """
    begin_ns = clock.now_ns()
    received = b""
    while len(received) < count and (data := connection.receive(deadline_ns)):
        received += data
    if len(received) != count:
        ending = connection.ending
        reason = f"{len(received)} bytes came within {_since(begin_ns, clock)}"
        raise PeerError(
            str(connection.remote),
            attempted=f"receive {count} bytes from",
            reason=f"{reason}; {ending.value}" if ending else reason,
            remedy="Check what the module was told to send",
            received=received,
        )
    return received


def require_address(target: Endpoint, attempted: str) -> IPv4Address:
    """The address of an endpoint. Names are for modules: a peer asks no name service.

    Raises:
        PeerError: It is none.
    """
    try:
        return IPv4Address(target.address)
    except AddressValueError as error:
        raise PeerError(
            str(target), attempted=attempted, reason=str(error), remedy=NETWORK_REMEDY
        ) from None


def _since(begin_ns: int, clock: Clock) -> str:
    return format_duration(clock.now_ns() - begin_ns)
