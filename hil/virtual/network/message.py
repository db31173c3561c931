"""What a module's TCP/IP stack and the network around it say to each other.

Requests go from the module to the network, events come back. An answer is never given inside of
the call that takes the request; it comes as an event, at the same moment at the earliest.

Sockets are numbers. The module chooses those of the links that it opens (from 1 up); the network
chooses those of clients that come to a server (from -1 down).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipaddress import IPv4Address

    from .route import Route

TCP_WINDOW_BYTES = 5840
"""How much a peer may send before the module has taken it: lwIP's four segments of 1460 bytes."""


class Interface(Enum):
    """Which of the module's two interfaces."""

    STATION = "station"
    SOFT_AP = "softap"


# Requests


@dataclass(frozen=True, slots=True)
class SetAddress:
    """An interface has got an address, or (None) lost it. Without one, nothing can reach it.

    Args:
        interface: Which.
        address: The address.
        route: How it leads to other networks; None for a softAP's, whose network is an island.
    """

    interface: Interface
    address: IPv4Address | None
    route: Route | None = None


@dataclass(frozen=True, slots=True)
class Resolve:
    """Ask for the address of a name; answered by `Resolved`."""

    query: int
    name: str


@dataclass(frozen=True, slots=True)
class Ping:
    """Send an echo request; answered by `Ponged` if anybody is there."""

    query: int
    address: IPv4Address


@dataclass(frozen=True, slots=True)
class TcpOpen:
    """Connect; answered by `TcpOpened` or `TcpFailed`, or never if nobody answers.

    Args:
        socket: What it will be called.
        address: Whom to connect to.
        port: Where.
        keep_alive_ms: After how much silence a probe is sent, and again; 0 never.
    """

    socket: int
    address: IPv4Address
    port: int
    keep_alive_ms: int = 0


@dataclass(frozen=True, slots=True)
class TcpSend:
    """Send bytes; acknowledged by one `TcpAcknowledged` or more, in order."""

    socket: int
    data: bytes


@dataclass(frozen=True, slots=True)
class TcpTake:
    """The module has dealt with bytes it received; the peer may send as many more."""

    socket: int
    count: int


@dataclass(frozen=True, slots=True)
class TcpClose:
    """End a connection in good order, behind what was sent. No event of this socket follows."""

    socket: int


@dataclass(frozen=True, slots=True)
class TcpAbort:
    """Reset a connection, or give up opening one. No event of this socket follows."""

    socket: int


@dataclass(frozen=True, slots=True)
class TcpListen:
    """Let clients come to a port on every interface; each is told by `TcpCame`."""

    port: int


@dataclass(frozen=True, slots=True)
class TcpStopListening:
    """Let nobody come to a port any more; who has come stays."""

    port: int


@dataclass(frozen=True, slots=True)
class UdpOpen:
    """Register a UDP port; answered by `UdpOpened` or `UdpFailed`.

    Args:
        socket: What it will be called.
        port: The local port; 0 for any that is free.
    """

    socket: int
    port: int


@dataclass(frozen=True, slots=True)
class UdpSend:
    """Send one datagram; nobody says whether it arrived."""

    socket: int
    data: bytes
    address: IPv4Address
    port: int


@dataclass(frozen=True, slots=True)
class UdpClose:
    """Give a UDP port back. No event of this socket follows."""

    socket: int


NetworkRequest = (
    SetAddress
    | Resolve
    | Ping
    | TcpOpen
    | TcpSend
    | TcpTake
    | TcpClose
    | TcpAbort
    | TcpListen
    | TcpStopListening
    | UdpOpen
    | UdpSend
    | UdpClose
)

# Events


@dataclass(frozen=True, slots=True)
class Resolved:
    """The address of a name, or None if it has none."""

    query: int
    address: IPv4Address | None


@dataclass(frozen=True, slots=True)
class Ponged:
    """The answer to an echo request came, after so long."""

    query: int
    duration_ns: int


class TcpFailure(Enum):
    """Why a connection could not be made."""

    REFUSED = "refused"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class TcpOpened:
    """A connection stands."""

    socket: int
    local_port: int


@dataclass(frozen=True, slots=True)
class TcpFailed:
    """A connection could not be made; the socket is gone."""

    socket: int
    reason: TcpFailure


@dataclass(frozen=True, slots=True)
class TcpCame:
    """A client has come to a port that the module listens at.

    Args:
        socket: What it is called; negative.
        local_port: The port it came to.
        address: Its address.
        port: Its port.
    """

    socket: int
    local_port: int
    address: IPv4Address
    port: int


@dataclass(frozen=True, slots=True)
class TcpAcknowledged:
    """The peer has received so many more of the bytes sent."""

    socket: int
    count: int


@dataclass(frozen=True, slots=True)
class TcpReceived:
    """Bytes from the peer, at most `TCP_WINDOW_BYTES` more than the module has taken."""

    socket: int
    data: bytes


@dataclass(frozen=True, slots=True)
class TcpEnded:
    """The peer has ended the connection, or it was lost; the socket is gone.

    Args:
        socket: Which.
        is_reset: Whether it broke off; what was not acknowledged is lost.
    """

    socket: int
    is_reset: bool


@dataclass(frozen=True, slots=True)
class ListenFailed:
    """The port to listen at cannot be had, on a host that lends the module its own ports."""

    port: int


@dataclass(frozen=True, slots=True)
class UdpOpened:
    """A UDP port is registered."""

    socket: int
    port: int


@dataclass(frozen=True, slots=True)
class UdpFailed:
    """The UDP port cannot be had; the socket is gone."""

    socket: int


@dataclass(frozen=True, slots=True)
class UdpReceived:
    """One datagram and who sent it."""

    socket: int
    data: bytes
    address: IPv4Address
    port: int


NetworkEvent = (
    Resolved
    | Ponged
    | TcpOpened
    | TcpFailed
    | TcpCame
    | TcpAcknowledged
    | TcpReceived
    | TcpEnded
    | ListenFailed
    | UdpOpened
    | UdpFailed
    | UdpReceived
)
