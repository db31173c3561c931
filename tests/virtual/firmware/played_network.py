"""A network that a test plays: it knows what the module may ask, and what it can be told.

Each request is checked: the module must never speak of a socket that is gone or not open, take more
than it was given, or use a number twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hil.virtual.network.message import (
    ListenFailed,
    NetworkEvent,
    Ping,
    Ponged,
    Resolve,
    Resolved,
    TcpAbort,
    TcpAcknowledged,
    TcpCame,
    TcpClose,
    TcpEnded,
    TcpFailed,
    TcpFailure,
    TcpListen,
    TcpOpen,
    TcpOpened,
    TcpReceived,
    TcpSend,
    TcpStopListening,
    TcpTake,
    UdpClose,
    UdpFailed,
    UdpOpen,
    UdpOpened,
    UdpReceived,
    UdpSend,
)

from .link_player import NEAR, OTHER, PEER

if TYPE_CHECKING:
    from ipaddress import IPv4Address

ADDRESSES = (PEER, OTHER, NEAR)
WINDOW_BYTES = 5840


@dataclass(slots=True)
class Socket:
    """What the network knows of a socket."""

    number: int
    is_udp: bool = False
    is_open: bool = False
    unacknowledged: int = 0
    untaken: int = 0


class PlayedNetwork:
    """Sockets, listeners and questions of one module."""

    def __init__(self) -> None:
        self.sockets: dict[int, Socket] = {}
        self.ports: set[int] = set()
        self.names: list[int] = []
        self.pings: list[int] = []
        self._last_opened = 0
        self._last_came = 0

    @property
    def open_sockets(self) -> set[int]:
        """The numbers of sockets on which data can go."""
        return {socket.number for socket in self.sockets.values() if socket.is_open}

    def take(self, request: object) -> None:
        """The module asks for something; what is none of the network's business is passed over."""
        match request:
            case TcpOpen() | UdpOpen():
                self._open(request)
            case TcpClose() | TcpAbort() | UdpClose():
                self._end(request)
            case TcpSend(number, data) | UdpSend(number, data):
                assert data
                assert self.sockets[number].is_open
                assert self.sockets[number].is_udp == isinstance(request, UdpSend)
                self.sockets[number].unacknowledged += len(data)
            case TcpTake(number, count):
                assert 0 < count <= self.sockets[number].untaken
                self.sockets[number].untaken -= count
            case TcpListen() | TcpStopListening():
                self._listen(request)
            case Resolve(query):
                self.names.append(query)
            case Ping(query):
                self.pings.append(query)

    def _open(self, request: TcpOpen | UdpOpen) -> None:
        assert request.socket > self._last_opened
        self._last_opened = request.socket
        is_udp = isinstance(request, UdpOpen)
        self.sockets[request.socket] = Socket(request.socket, is_udp=is_udp)

    def _end(self, request: TcpClose | TcpAbort | UdpClose) -> None:
        socket = self.sockets.pop(request.socket)
        assert socket.is_udp == isinstance(request, UdpClose)
        if isinstance(request, TcpClose):
            assert socket.is_open
            assert socket.untaken == 0

    def _listen(self, request: TcpListen | TcpStopListening) -> None:
        if isinstance(request, TcpListen):
            assert not self.ports
            self.ports.add(request.port)
        else:
            self.ports.remove(request.port)

    def event(self, choice: int, size: int) -> NetworkEvent | None:
        """Something that can happen now.

        Args:
            choice: Which of all that can happen.
            size: How much data, or another quantity of the event.
        """
        possible = self._possible(max(1, size), ADDRESSES[choice % len(ADDRESSES)])
        return possible[choice % len(possible)] if possible else None

    def success(self) -> NetworkEvent | None:
        """What lets the module go on with what it asked for last."""
        possible = self._possible(1, PEER)
        return next(
            (each for each in possible if isinstance(each, TcpOpened | UdpOpened | Resolved)), None
        )

    def tell(self, event: NetworkEvent) -> None:
        """Note that the module has been told of an event, before it is."""
        match event:
            case TcpOpened(number) | UdpOpened(number):
                self.sockets[number].is_open = True
            case TcpFailed(number) | TcpEnded(number) | UdpFailed(number):
                del self.sockets[number]
            case TcpAcknowledged(number, count):
                self.sockets[number].unacknowledged -= count
            case TcpReceived(number, data):
                self.sockets[number].untaken += len(data)
            case TcpCame(number):
                self._last_came = number
                self.sockets[number] = Socket(number, is_open=True)
            case ListenFailed(port):
                self.ports.remove(port)
            case Resolved(query):
                self.names.remove(query)
            case Ponged(query):
                self.pings.remove(query)

    def _possible(self, size: int, address: IPv4Address) -> list[NetworkEvent]:
        events: list[NetworkEvent] = []
        for socket in self.sockets.values():
            events += self._possible_of(socket, size, address)
        for port in self.ports:
            events += [TcpCame(self._last_came - 1, port, address, 50000), ListenFailed(port)]
        for query in self.names:
            events += [Resolved(query, address), Resolved(query, None)]
        events += [Ponged(query, size) for query in self.pings]
        return events

    def _possible_of(self, socket: Socket, size: int, address: IPv4Address) -> list[NetworkEvent]:
        number = socket.number
        if socket.is_udp:
            if socket.is_open:
                return [UdpReceived(number, bytes(size % 2048), address, 1 + size)]
            return [UdpOpened(number, 3000), UdpFailed(number)]
        if not socket.is_open:
            failures: list[NetworkEvent] = [TcpFailed(number, reason) for reason in TcpFailure]
            return [TcpOpened(number, 4097), *failures]
        events: list[NetworkEvent] = []
        if socket.untaken < WINDOW_BYTES:
            events.append(TcpReceived(number, bytes(min(size, WINDOW_BYTES - socket.untaken))))
        if socket.unacknowledged:
            events.append(TcpAcknowledged(number, min(size, socket.unacknowledged)))
        return [*events, TcpEnded(number, is_reset=bool(size % 2))]
