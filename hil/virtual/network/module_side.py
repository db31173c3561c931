"""One module's place in the network: requests become connections, what arrives becomes events."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from hil.units import NS_PER_MS
from hil.virtual.errors import VirtualError

from .message import (
    TCP_WINDOW_BYTES,
    Interface,
    Ping,
    Ponged,
    Resolve,
    Resolved,
    SetAddress,
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
from .node import Listener, Node, address_in
from .tcp import SEGMENT_BYTES

if TYPE_CHECKING:
    from ipaddress import IPv4Address

    from hil.virtual.outside import Hear

    from .internet import Internet
    from .message import NetworkEvent, NetworkRequest
    from .route import Route
    from .tcp import TcpEnd
    from .way import Generator


_OfConnection = TcpSend | TcpTake | TcpClose | TcpAbort


class ModuleSide(Node):
    """A `NetworkSide`; see `hil.virtual.outside`.

    A request that concerns a socket that is gone is ignored: the event that says so may still be
    on its way when the module asks.

    Args:
        internet: Where it is.
        hear: How the module is told of events.
        generator: Decides with which dynamic port it begins.

    Attributes:
        life: How often the module has fallen silent. What belongs to a former life is not heard.
    """

    def __init__(self, internet: Internet, hear: Hear, generator: Generator) -> None:
        super().__init__(generator)
        self._internet = internet
        self._hear = hear
        self.life = 0
        self._routes: dict[Interface | None, Route | None] = {}
        self._ends: dict[int, TcpEnd] = {}
        self._closing: list[TcpEnd] = []
        self._udp_ports: dict[int, int] = {}
        self._clients = 0

    def take(self, request: NetworkRequest, now_ns: int) -> None:
        """The module asks for something."""
        match request:
            case TcpSend() | TcpTake() | TcpClose() | TcpAbort():
                self._use_connection(request, now_ns)
            case TcpOpen():
                self._open_tcp(request, now_ns)
            case TcpListen() | TcpStopListening():
                self._serve(request)
            case UdpOpen() | UdpSend() | UdpClose():
                self._use_udp(request, now_ns)
            case SetAddress(interface, address, route):
                self._routes[interface] = route
                self._set_address(interface, address)
            case Resolve(query, name):
                self._resolve(query, name, now_ns)
            case Ping(query, address):
                self._ping(query, address, now_ns)

    def silence(self, now_ns: int, *, is_orderly: bool) -> None:
        """The module's radio falls silent."""
        if is_orderly:
            for end in self._ends.values():
                end.leave(now_ns)
        for end in (*self._ends.values(), *self._closing):
            end.vanish()
        self.life += 1
        self._ends.clear()
        self._closing.clear()
        self._udp_ports.clear()
        self.udp_users.clear()
        self.listeners.clear()
        self.addresses.clear()

    # For the sockets ----------------------------------------------------------------------------

    def tell(self, event: NetworkEvent, now_ns: int) -> None:
        """Tell the module of an event."""
        self._hear(event, now_ns)

    def register_client(self, end: TcpEnd) -> int:
        """A number for the connection of a client that came."""
        self._clients += 1
        self._ends[-self._clients] = end
        return -self._clients

    def forget(self, socket: int) -> None:
        """A connection is gone, or nothing more of it is heard."""
        self._closing = [end for end in self._closing if not end.is_gone]
        self._closing.append(self._ends.pop(socket))

    # Inside -------------------------------------------------------------------------------------

    def _tell_at(self, at_ns: int, event: NetworkEvent) -> None:
        """Tell the module of an event, unless it has fallen silent by then."""
        life = self.life

        def tell(now_ns: int) -> None:
            if self.life == life:
                self._hear(event, now_ns)

        self._internet.agenda.plan(at_ns, tell)

    def _use_connection(self, request: _OfConnection, now_ns: int) -> None:
        end = self._ends.get(request.socket)
        if end is None:
            return
        match request:
            case TcpSend(_, data):
                end.send(data, now_ns)
            case TcpTake(_, count):
                end.take(count, now_ns)
            case TcpClose(socket):
                end.close(now_ns)
                self.forget(socket)
            case TcpAbort(socket):
                end.abort(now_ns)
                self.forget(socket)

    def _open_tcp(self, request: TcpOpen, now_ns: int) -> None:
        if request.socket in self._ends:
            raise VirtualError(f"the module has a connection {request.socket} already")
        source = self.address_for(request.address)
        if source is None:
            self._tell_at(now_ns, TcpFailed(request.socket, TcpFailure.UNREACHABLE))
            return
        self._ends[request.socket] = self._internet.connect(
            self,
            source,
            _Connection(self, request.socket),
            (request.address, request.port),
            now_ns,
            window_bytes=TCP_WINDOW_BYTES,
            piece_bytes=SEGMENT_BYTES,
            keep_alive_ns=request.keep_alive_ms * NS_PER_MS,
        )

    def _serve(self, request: TcpListen | TcpStopListening) -> None:
        if isinstance(request, TcpListen):
            admit = partial(_Connection, self, None)
            self.listeners[request.port] = Listener(admit, TCP_WINDOW_BYTES, SEGMENT_BYTES)
        else:
            self.listeners.pop(request.port, None)

    def _use_udp(self, request: UdpOpen | UdpSend | UdpClose, now_ns: int) -> None:
        port = self._udp_ports.get(request.socket)
        match request:
            case UdpOpen(socket, wanted):
                self._open_udp(socket, wanted or self.dynamic_port(), now_ns)
            case UdpSend(_, data, address, remote_port) if port is not None:
                self._internet.send_udp(self, port, data, (address, remote_port), now_ns)
            case UdpClose(socket) if port is not None:
                del self._udp_ports[socket], self.udp_users[port]

    def _open_udp(self, socket: int, port: int, now_ns: int) -> None:
        if port in self.udp_users:
            self._tell_at(now_ns, UdpFailed(socket))
        else:
            self.udp_users[port] = _UdpSocket(self, socket)
            self._udp_ports[socket] = port
            self._tell_at(now_ns, UdpOpened(socket, port))

    def finds(self, address: IPv4Address, *, source: IPv4Address) -> bool:
        """Whether what it sends from one of its addresses to another gets on its way."""
        interface = next((each for each, own in self.addresses.items() if own == source), None)
        route, gateways = self._routes.get(interface), self._internet.gateways
        return route is None or gateways is None or gateways.lead(route, source, address)

    def _set_address(self, interface: Interface, address: IPv4Address | None) -> None:
        addresses = {**self.addresses, interface: address}
        self.addresses = {  # the station's first: it leads to all who are no neighbours
            each: own for each in Interface if (own := addresses.get(each)) is not None
        }

    def _resolve(self, query: int, name: str, now_ns: int) -> None:
        """Name servers are behind access points; nobody in the network of a softAP is one."""
        if address := address_in(name):
            self._tell_at(now_ns, Resolved(query, address))
        elif Interface.STATION not in self.addresses:
            self._tell_at(now_ns, Resolved(query, None))
        else:
            self._internet.lookups.append(name)
            found = self._internet.names.get(name.lower().removesuffix("."))
            self._tell_at(now_ns + self._internet.round_trip_ns, Resolved(query, found))

    def _ping(self, query: int, address: IPv4Address, now_ns: int) -> None:
        life = self.life

        def answer(at_ns: int) -> None:
            if self.life == life:
                self._hear(Ponged(query, at_ns - now_ns), at_ns)

        self._internet.ping(self, address, answer, now_ns)


class _Connection:
    """What one end of a connection tells the module.

    Args:
        side: The module's place in the network.
        socket: The number of the connection; None for a client that is still to come.
    """

    def __init__(self, side: ModuleSide, socket: int | None) -> None:
        self._side, self._socket = side, socket
        self._life = side.life

    def opened(self, end: TcpEnd, now_ns: int) -> None:
        """The connection stands."""
        if self._socket is None:
            is_let_in = end.local[1] in self._side.listeners and self._life == self._side.life
            if not is_let_in:  # it came too late
                end.abort(now_ns)
                return
            self._socket = self._side.register_client(end)
            event: NetworkEvent = TcpCame(self._socket, end.local[1], *end.remote)
        else:
            event = TcpOpened(self._socket, end.local[1])
        self._side.tell(event, now_ns)

    def refused(self, end: TcpEnd, now_ns: int) -> None:
        """It does not come about."""
        del end
        if self._socket is not None:
            self._side.forget(self._socket)
            self._side.tell(TcpFailed(self._socket, TcpFailure.REFUSED), now_ns)

    def received(self, end: TcpEnd, data: bytes, now_ns: int) -> None:
        """Bytes have come."""
        del end
        if self._socket is not None:
            self._side.tell(TcpReceived(self._socket, data), now_ns)

    def acknowledged(self, end: TcpEnd, count: int, now_ns: int) -> None:
        """So many more of the bytes sent have arrived."""
        del end
        if self._socket is not None:
            self._side.tell(TcpAcknowledged(self._socket, count), now_ns)

    def ended(self, end: TcpEnd, now_ns: int, *, is_reset: bool) -> None:
        """The other end will send nothing more; the module's stack ends its own side too."""
        if self._socket is not None:
            self._side.forget(self._socket)
            end.dismiss(now_ns)
            self._side.tell(TcpEnded(self._socket, is_reset), now_ns)


class _UdpSocket:
    """What a UDP port tells the module."""

    def __init__(self, side: ModuleSide, socket: int) -> None:
        self._side, self._socket = side, socket

    def received(self, data: bytes, address: IPv4Address, port: int, now_ns: int) -> None:
        """One datagram has come."""
        self._side.tell(UdpReceived(self._socket, data, address, port), now_ns)
