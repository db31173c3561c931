"""The network of this computer as the network of served modules, in real time.

Each module has a `HostSide`: the `NetworkSide` that its chip talks to, and a `Link` of the loop.
What a module asks for takes half a round trip until it is done, and what sockets say takes as
long until the module hears of it; the rest of the time is what this computer needs.

All sockets of a module hang on one selector. The loop waits for that one descriptor, so it stays
quick and is not limited in the number of sockets.
"""

from __future__ import annotations

import logging
import socket
from functools import partial
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from hil.virtual.network.message import (
    Interface,
    ListenFailed,
    Ping,
    Ponged,
    Resolve,
    Resolved,
    SetAddress,
    TcpAbort,
    TcpCame,
    TcpClose,
    TcpEnded,
    TcpFailed,
    TcpFailure,
    TcpListen,
    TcpOpen,
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
from hil.virtual.network.node import address_in, are_neighbours

from .host_server import HostServer
from .host_tcp import HostTcp, Phase, prepare, reason_of
from .host_udp import HostUdp
from .host_watch import SocketWatch
from .name_resolver import NameResolver

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.virtual.network.message import NetworkEvent, NetworkRequest
    from hil.virtual.network.route import Route
    from hil.virtual.outside import Hear

    from .host_reach import HostReach

    _Answer = Callable[[IPv4Address | None, int], None]

_log = logging.getLogger(__name__)

GHOSTS = 8
"""How many connections that a vanished module left behind are kept; older ones are reset."""


class HostSide:
    """One module's place in the network of this computer: a `NetworkSide`, and a `Link`.

    Args:
        slot: The module's number; it is found at 127.0.0.(1+slot).
        reach: What it may reach.
        way_ns: Half a round trip.
        hear: How the module is told of events.

    Raises:
        OSError: This process has no descriptor left.
    """

    def __init__(self, slot: int, reach: HostReach, way_ns: int, hear: Hear) -> None:
        self._slot, self._reach, self._way_ns = slot, reach, way_ns
        self._hear = hear
        self._watch = SocketWatch()
        self._life = 0
        self._addresses: dict[Interface, tuple[IPv4Address, Route | None]] = {}
        self._dialling: dict[int, TcpOpen] = {}
        self._connections: dict[int, HostTcp] = {}
        self._clients = 0
        self._open: set[HostTcp] = set()
        self._ghosts: list[HostTcp] = []
        self._servers: dict[int, HostServer | None] = {}
        self._udp_ports: dict[int, HostUdp] = {}
        self._resolver: NameResolver | None = None
        self._questions: dict[str, list[_Answer]] = {}
        self._is_closed = False

    # As a link ----------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """For the log."""
        return f"network of module {self._slot}"

    def readers(self, now_ns: int) -> list[int]:
        """The descriptor of all sockets, and the one of names that were asked for."""
        del now_ns
        asked = [self._resolver.fileno()] if self._resolver is not None else []
        return [self._watch.fileno(), *asked]

    def writers(self) -> list[int]:
        """None: room for output shows in the one descriptor too."""
        return []

    def next_deadline_ns(self, now_ns: int) -> int | None:
        """When something has come its way."""
        del now_ns
        return self._watch.next_deadline_ns()

    def serve(self, now_ns: int) -> None:
        """Carry what can be carried."""
        if self._resolver is not None:
            for name, address in self._resolver.take():
                for answer in self._questions.pop(name, ()):
                    answer(address, now_ns)
        self._watch.serve(now_ns)

    def close(self) -> None:
        """Close all sockets; closing twice is fine."""
        if self._is_closed:
            return
        self._is_closed = True
        self._close_servers()
        self._close_udp_ports()
        for connection in list(self._open):
            connection.close()
        if self._resolver is not None:
            self._resolver.close()
        self._watch.close()

    # As the module's network --------------------------------------------------------------------

    def take(self, request: NetworkRequest, now_ns: int) -> None:
        """The module asks for something."""
        if self._is_closed:
            return
        match request:
            case TcpOpen() | TcpSend() | TcpTake() | TcpClose() | TcpAbort():
                self._use_connection(request, now_ns)
            case TcpListen(port):
                self._servers.setdefault(port, None)
                self._open_servers(now_ns)
            case TcpStopListening(port):
                self._close_server(self._servers.pop(port, None))
            case UdpOpen() | UdpSend() | UdpClose():
                self._use_udp(request, now_ns)
            case SetAddress():
                self._set_address(request, now_ns)
            case Resolve(query, name):
                self._resolve(query, name, now_ns)
            case Ping(query, address):
                self._ping(query, address, now_ns)

    def silence(self, now_ns: int, *, is_orderly: bool) -> None:
        """The module's radio falls silent."""
        self._addresses.clear()
        self._reach.move(self._slot, {})
        for connection in self._connections.values():
            connection.is_heard = False
            if is_orderly:
                self.plan(now_ns + self._way_ns, connection.finish)
            else:
                self._make_ghost(connection)
        self._life += 1
        self._dialling.clear()
        self._connections.clear()
        self._close_servers()
        self._servers.clear()
        self._close_udp_ports()

    # For the sockets ----------------------------------------------------------------------------

    @property
    def has_address(self) -> bool:
        """Whether the module can be reached at all."""
        return bool(self._addresses)

    def plan(self, at_ns: int, step: Callable[[int], None]) -> None:
        """Let something happen later."""
        self._watch.plan(at_ns, step)

    def watch(self, item: HostTcp | HostServer) -> None:
        """A socket may wait for something else now."""
        self._watch.watch(item)

    def drop(self, connection: HostTcp) -> None:
        """A connection is about to close its socket."""
        self._watch.drop(connection)
        self._open.discard(connection)

    def tell(self, connection: HostTcp, event: NetworkEvent, now_ns: int) -> None:
        """Let the module hear of an event when that has come its way."""

        def arrive(at_ns: int) -> None:
            if not connection.is_heard:
                return
            if isinstance(event, TcpEnded | TcpFailed):
                connection.is_heard = False
                del self._connections[connection.number]
                self.plan(at_ns + self._way_ns, connection.finish)  # behind what is under way
            self._hear(event, at_ns)

        self.plan(now_ns + self._way_ns, arrive)

    def tell_datagram(
        self, port: HostUdp, data: bytes, source: tuple[str, int], now_ns: int
    ) -> None:
        """Let the module hear of a datagram when that has come its way."""
        event = UdpReceived(port.number, data, self._reach.address_at(source[0]), source[1])

        def arrive(at_ns: int) -> None:
            if self._udp_ports.get(port.number) is port and self.has_address:
                self._hear(event, at_ns)

        self.plan(now_ns + self._way_ns, arrive)

    def let_in(
        self, client: socket.socket, source: tuple[str, int], local_port: int, now_ns: int
    ) -> None:
        """Somebody has come to a port."""
        self._clients += 1
        prepare(client)
        connection = HostTcp(self, -self._clients, client, Phase.OPEN)
        self._adopt(connection)
        seen = self._reach.address_at(source[0])
        self.tell(connection, TcpCame(connection.number, local_port, seen, source[1]), now_ns)
        self.watch(connection)

    # Inside -------------------------------------------------------------------------------------

    def _tell_at(self, at_ns: int, event: NetworkEvent) -> None:
        """Tell the module of an event, unless it has fallen silent by then."""
        self.plan(at_ns, self._in_this_life(lambda now_ns: self._hear(event, now_ns)))

    def _answer_behind(self, now_ns: int, event: NetworkEvent) -> None:
        """Likewise after a round trip, behind all that is under way now."""
        tell = self._in_this_life(lambda at_ns: self._tell_at(at_ns + self._way_ns, event))
        self.plan(now_ns + self._way_ns, tell)

    def _in_this_life(self, step: Callable[[int], None]) -> Callable[[int], None]:
        """A step that does not happen once the module has fallen silent."""
        life = self._life
        return lambda now_ns: step(now_ns) if self._life == life else None

    def _leads_to(self, address: IPv4Address) -> bool:
        """Whether an interface leads to an address; the softAP only to those who are near it."""
        return any(
            interface is Interface.STATION or are_neighbours(own, address)
            for interface, (own, _) in self._addresses.items()
        )

    def _place_of(self, address: IPv4Address) -> str | None:
        """Where an address leads, if anywhere."""
        return self._reach.place_of(address, self._slot) if self._leads_to(address) else None

    def _adopt(self, connection: HostTcp) -> None:
        self._connections[connection.number] = connection
        self._open.add(connection)

    def _use_connection(
        self, request: TcpOpen | TcpSend | TcpTake | TcpClose | TcpAbort, now_ns: int
    ) -> None:
        number, arrival_ns = request.socket, now_ns + self._way_ns
        if isinstance(request, TcpOpen):
            self._dialling[number] = request
            self.plan(arrival_ns, partial(self._dial, request))
            return
        connection = self._connections.get(number)
        if isinstance(request, TcpClose | TcpAbort):
            self._dialling.pop(number, None)
            self._connections.pop(number, None)
        if connection is None:
            return
        match request:
            case TcpSend(_, data):
                self.plan(arrival_ns, partial(connection.send, data))
            case TcpTake(_, count):
                self.plan(arrival_ns, lambda _: connection.give_room(count))
            case TcpClose():
                connection.is_heard = False
                self.plan(arrival_ns, connection.finish)
            case TcpAbort():
                connection.is_heard = False
                self.plan(arrival_ns, lambda _: connection.abort())

    def _dial(self, request: TcpOpen, now_ns: int) -> None:
        if self._dialling.get(request.socket) is not request:  # given up meanwhile
            return
        del self._dialling[request.socket]
        place = self._place_of(request.address)
        if place is None:
            self._tell_at(now_ns, TcpFailed(request.socket, TcpFailure.UNREACHABLE))
            return
        try:
            dialling = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            prepare(dialling, request.keep_alive_ms)
            if IPv4Address(place).is_loopback:
                dialling.bind((self._reach.own_place(self._slot), 0))
        except OSError as error:
            _log.warning("a module cannot connect to %s: %s", request.address, reason_of(error))
            self._tell_at(now_ns, TcpFailed(request.socket, TcpFailure.UNREACHABLE))
            return
        connection = HostTcp(self, request.socket, dialling, Phase.CONNECTING)
        self._adopt(connection)
        connection.take_answer(dialling.connect_ex((place, request.port)), now_ns)

    def _make_ghost(self, connection: HostTcp) -> None:
        connection.vanish()
        ghosts = [each for each in (*self._ghosts, connection) if each.phase is Phase.GHOST]
        for ghost in ghosts[:-GHOSTS]:
            ghost.abort()
        self._ghosts = ghosts[-GHOSTS:]

    def _set_address(self, request: SetAddress, now_ns: int) -> None:
        if request.address is None:
            self._addresses.pop(request.interface, None)
        else:
            self._addresses[request.interface] = request.address, request.route
        self._reach.move(self._slot, dict(self._addresses.values()))
        if self.has_address:
            self._open_servers(now_ns)
        else:
            self._close_servers()
        for ghost in self._ghosts:
            self.watch(ghost)

    def _open_servers(self, now_ns: int) -> None:
        if not self.has_address:
            return
        place = self._reach.own_place(self._slot)
        for port in [port for port, server in self._servers.items() if server is None]:
            try:
                server = HostServer(self, place, port)
            except OSError as error:
                _log.warning("a module cannot listen at %s:%d: %s", place, port, reason_of(error))
                del self._servers[port]
                self._tell_at(now_ns, ListenFailed(port))
            else:
                self._servers[port] = server
                self.watch(server)

    def _close_servers(self) -> None:
        for port, server in self._servers.items():
            self._close_server(server)
            self._servers[port] = None

    def _close_server(self, server: HostServer | None) -> None:
        if server is not None:
            self._watch.drop(server)
            server.socket.close()

    def _use_udp(self, request: UdpOpen | UdpSend | UdpClose, now_ns: int) -> None:
        if isinstance(request, UdpOpen):
            self._open_udp(request, now_ns)
            return
        port = self._udp_ports.get(request.socket)
        if port is None:
            return
        if isinstance(request, UdpClose):
            self._close_udp(self._udp_ports.pop(request.socket))
        elif (place := self._place_of(request.address)) is not None:
            port.send(request.data, (place, request.port), now_ns + self._way_ns)

    def _open_udp(self, request: UdpOpen, now_ns: int) -> None:
        place = "" if self._reach.is_whole else self._reach.own_place(self._slot)
        try:
            port = HostUdp(self, request.socket, place, request.port)
        except OSError as error:
            _log.warning("a module cannot have UDP port %d: %s", request.port, reason_of(error))
            self._tell_at(now_ns, UdpFailed(request.socket))
            return
        self._udp_ports[request.socket] = port
        self._watch.watch(port)
        self._tell_at(now_ns, UdpOpened(request.socket, port.port))

    def _close_udp(self, port: HostUdp) -> None:
        self._watch.drop(port)
        port.close()

    def _close_udp_ports(self) -> None:
        while self._udp_ports:
            self._close_udp(self._udp_ports.popitem()[1])

    def _resolve(self, query: int, name: str, now_ns: int) -> None:
        if (address := address_in(name)) or Interface.STATION not in self._addresses:
            self._tell_at(now_ns, Resolved(query, address))
            return
        known = self._reach.address_of(name)
        if known is not None or not self._reach.is_whole:
            self._answer_behind(now_ns, Resolved(query, known))
            return
        life = self._life

        def answer(address: IPv4Address | None, at_ns: int) -> None:
            if self._life == life:
                self._tell_at(at_ns + self._way_ns, Resolved(query, address))

        self.plan(now_ns + self._way_ns, partial(self._ask, name, answer))

    def _ask(self, name: str, answer: _Answer, now_ns: int) -> None:
        try:
            self._resolver = self._resolver or NameResolver()
        except OSError as error:
            _log.warning("a module cannot ask for %s: %s", name, reason_of(error))
            answer(None, now_ns)
            return
        self._questions.setdefault(name, []).append(answer)
        self._resolver.ask(name)

    def _ping(self, query: int, address: IPv4Address, now_ns: int) -> None:
        if self._leads_to(address) and self._reach.answers_ping(address, self._slot):
            self._answer_behind(now_ns, Ponged(query, 2 * self._way_ns))
