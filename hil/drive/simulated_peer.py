"""Network peers in a simulated network: waiting for the module lets simulated time pass."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import replace
from ipaddress import AddressValueError, IPv4Address
from typing import TYPE_CHECKING

from hil.errors import MistakeError, PeerError
from hil.ports.network_peer import (
    NETWORK_REMEDY,
    SOURCE_PATTERN,
    WINDOW_BYTES,
    Behaviour,
    Datagram,
    Ending,
    Endpoint,
    require_address,
)
from hil.units import format_duration, ns_to_seconds, seconds_to_ns
from hil.virtual.errors import VirtualError
from hil.virtual.network.peer import Echo, Mailbox, Peer, Script, Source

from .simulated import SimulatedClock, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from hil.ports.clock import Clock
    from hil.virtual.network.host import Host
    from hil.virtual.network.tcp import TcpEnd
    from hil.virtual.world import World

SEND_BUFFER_BYTES = 64 * 1024
"""How much a peer's network stack takes ahead of the module's window."""

_BEHAVIOURS: dict[Behaviour, Callable[[], Peer]] = {
    Behaviour.ECHO: Echo,
    Behaviour.DISCARD: Peer,
    Behaviour.SOURCE: lambda: Source(pattern=SOURCE_PATTERN),
}


class SimulatedConnection:
    """A `TcpConnection` in a simulated network.

    Args:
        world: Whose time it is.
        script: The program at the host's end.
        end: That end.
    """

    def __init__(self, world: World, script: Script, end: TcpEnd) -> None:
        self.local = Endpoint(str(end.local[0]), end.local[1])
        self.remote = Endpoint(str(end.remote[0]), end.remote[1])
        self._world, self._script, self._end = world, script, end
        self._last_ending: Ending | None = None

    @property
    def ending(self) -> Ending | None:
        """How it has ended; None while something is still to be received, or may come."""
        if self._last_ending is not None:
            return self._last_ending
        if self._script.unread:
            return None
        if self._script.is_reset:
            return Ending.RESET
        return Ending.FINISHED if self._script.has_ended else None

    @property
    def bare_segments(self) -> int:
        """How many segments without data have come."""
        return self._end.bare_segments

    def send(self, data: bytes, deadline_ns: int) -> None:
        """Send bytes; returns when the network has taken all of them."""
        begin_ns = self._world.now_ns
        rest = memoryview(data)
        while rest:
            wait_until(self._world, lambda: self._room() > 0 or self._end.is_gone, deadline_ns)
            room = self._room()
            if self._end.is_gone:
                raise self._failed(len(data), "the connection is gone")
            if room <= 0:
                waited = format_duration(self._world.now_ns - begin_ns)
                reason = f"only {len(data) - len(rest)} were taken within {waited}"
                raise self._failed(len(data), reason)
            self._end.send(bytes(rest[:room]), self._world.now_ns)
            rest = rest[room:]

    def _room(self) -> int:
        return SEND_BUFFER_BYTES - self._end.queued_bytes

    def _failed(self, count: int, reason: str) -> PeerError:
        return PeerError(
            str(self.remote),
            attempted=f"send {count} bytes to",
            reason=reason,
            remedy="Check that the module reads and that the connection stands",
        )

    def receive(self, deadline_ns: int) -> bytes:
        """What has come, as soon as there is at least one byte."""
        if self._last_ending is not None:
            return b""
        script = self._script
        wait_until(self._world, lambda: bool(script.unread) or self.ending is not None, deadline_ns)
        return script.read(len(script.unread), self._world.now_ns)

    def finish(self) -> None:
        """Send nothing more."""
        self._end.finish(self._world.now_ns)

    def close(self) -> None:
        """Close it."""
        self._leave(self._end.close)

    def reset(self) -> None:
        """Break it off."""
        self._leave(self._end.abort)

    def _leave(self, end_it: Callable[[int], None]) -> None:
        if self._last_ending is None:
            self._last_ending = self.ending or Ending.RESET
            end_it(self._world.now_ns)


class SimulatedListener:
    """A `TcpListener` in a simulated network.

    Args:
        peers: Whose it is; they close what it accepts.
        host: Where it listens.
        port: The port; 0 picks a free one.
        settings: Of `Host.listen`.
    """

    def __init__(self, peers: SimulatedPeers, host: Host, port: int, **settings: int) -> None:
        self._peers, self._host = peers, host
        self._scripts: list[Script] = []
        self._port = host.listen(port, self._admit, **settings)
        self._listener = host.listeners[self._port]
        self.endpoint = Endpoint(str(host.address), self._port)

    def _admit(self) -> Script:
        self._scripts.append(Script())
        return self._scripts[-1]

    def _next(self) -> Script | None:
        """The first connection that stands and was not accepted."""
        return next((script for script in self._scripts if script.end is not None), None)

    def accept(self, deadline_ns: int) -> SimulatedConnection | None:
        """The next connection; None at the deadline."""
        wait_until(self._peers.world, lambda: self._next() is not None, deadline_ns)
        script = self._next()
        if script is None or script.end is None:
            return None
        self._scripts.remove(script)
        return self._peers.hold(script, script.end)

    def close(self) -> None:
        """Refuse further connections."""
        if self._host.listeners.get(self._port) is self._listener:
            del self._host.listeners[self._port]


class SimulatedService:
    """A `TcpService` in a simulated network.

    Args:
        world: Whose time it is.
        host: Where it listens.
        port: The port; 0 picks a free one.
        behaviour: What is done with each connection.
    """

    def __init__(self, world: World, host: Host, port: int, behaviour: Behaviour) -> None:
        self._world, self._host = world, host
        self._make_peer = _BEHAVIOURS[behaviour]
        self._peers: list[Peer] = []
        self._port = host.listen(port, self._admit)
        self._listener = host.listeners[self._port]
        self.endpoint = Endpoint(str(host.address), self._port)

    def _admit(self) -> Peer:
        self._peers.append(self._make_peer())
        return self._peers[-1]

    @property
    def connections(self) -> int:
        """How many connections have been made so far."""
        return sum(peer.end is not None for peer in self._peers)

    @property
    def received_bytes(self) -> int:
        """How many bytes have come over all of them."""
        return sum(peer.received_bytes for peer in self._peers)

    def close(self) -> None:
        """End it with all its connections."""
        if self._host.listeners.get(self._port) is self._listener:
            del self._host.listeners[self._port]
        for peer in self._peers:
            if peer.end is not None:
                peer.end.close(self._world.now_ns)


class SimulatedUdpPeer:
    """A `UdpPeer` in a simulated network.

    Args:
        world: Whose time it is.
        host: Where it is.
        port: The port; 0 picks a free one.
    """

    def __init__(self, world: World, host: Host, port: int) -> None:
        self._world, self._host = world, host
        self._box = Mailbox()
        self._port = host.open_udp(port, self._box)
        self.endpoint = Endpoint(str(host.address), self._port)

    def send(self, data: bytes, target: Endpoint) -> None:
        """Send one datagram."""
        address = require_address(target, f"send a datagram of {len(data)} bytes to")
        self._host.send_udp(self._port, data, address, target.port, self._world.now_ns)

    def receive(self, deadline_ns: int) -> Datagram | None:
        """The next datagram; None at the deadline."""
        if not wait_until(self._world, lambda: bool(self._box.datagrams), deadline_ns):
            return None
        data, address, port = self._box.datagrams.pop(0)
        return Datagram(data, Endpoint(str(address), port))

    def close(self) -> None:
        """Give the port back."""
        if self._host.udp_users.get(self._port) is self._box:
            del self._host.udp_users[self._port]


class SimulatedPeers:
    """`NetworkPeers` at a host of a simulated network.

    Args:
        world: Whose time it is.
        host: Where the peers are.
    """

    def __init__(self, world: World, host: Host) -> None:
        self.world = world
        self.clock: Clock = SimulatedClock(world)
        self.host_address = str(host.address)
        self._host = host
        self._usual_names = dict(host.internet.names)
        self._open = ExitStack()

    def listen(
        self,
        port: int = 0,
        *,
        window_bytes: int = WINDOW_BYTES,
        acknowledgement_delay_s: float = 0.0,
    ) -> SimulatedListener:
        """Wait for connections at a port; 0 picks a free one."""
        with self._reported("listen at", port):
            listener = SimulatedListener(
                self,
                self._host,
                port,
                window_bytes=window_bytes,
                acknowledgement_delay_ns=seconds_to_ns(acknowledgement_delay_s),
            )
        self._open.callback(listener.close)
        return listener

    def serve(self, behaviour: Behaviour, port: int = 0) -> SimulatedService:
        """Serve connections to a port by themselves; 0 picks a free one."""
        with self._reported("listen at", port):
            service = SimulatedService(self.world, self._host, port, behaviour)
        self._open.callback(service.close)
        return service

    def dial(self, target: Endpoint, deadline_ns: int) -> SimulatedConnection:
        """Connect to the module's server."""
        begin_ns, script = self.world.now_ns, Script()
        address = require_address(target, "connect to")
        end = self._host.dial(script, address, target.port, begin_ns)
        wait_until(self.world, lambda: script.end is not None or script.is_refused, deadline_ns)
        if script.end is not None:
            return self.hold(script, script.end)
        if script.is_refused:
            raise PeerError(
                str(target),
                attempted="connect to",
                reason="Connection refused",
                remedy="Check that the module's server runs and which port it has",
            )
        end.abort(self.world.now_ns)
        waited_s = ns_to_seconds(self.world.now_ns - begin_ns)
        raise PeerError(
            str(target),
            attempted="connect to",
            reason=f"nobody answered within {waited_s:.3g} s",
            remedy=NETWORK_REMEDY,
        )

    def hold(self, script: Script, end: TcpEnd) -> SimulatedConnection:
        """A connection that is closed with the others."""
        connection = SimulatedConnection(self.world, script, end)
        self._open.callback(connection.close)
        return connection

    def open_udp(self, port: int = 0) -> SimulatedUdpPeer:
        """Open a UDP port; 0 picks a free one."""
        with self._reported("open UDP port", port):
            peer = SimulatedUdpPeer(self.world, self._host, port)
        self._open.callback(peer.close)
        return peer

    def set_path(self, *, is_open: bool) -> None:
        """Cut the way between the module and this host, unnoticed, or join it again."""
        self._host.is_cut = not is_open

    def set_delay(self, delay_s: float) -> None:
        """Let every round trip to this host take so much longer than usual."""
        if delay_s < 0:
            raise MistakeError(f"a round trip cannot take {-delay_s:g} s less than usual")
        usual = self._host.internet.path
        self._host.path = replace(usual, way_ns=usual.way_ns + seconds_to_ns(delay_s) // 2)

    @property
    def names(self) -> Mapping[str, str]:
        """Names that the module can resolve, with their addresses."""
        return {name: str(address) for name, address in self._host.internet.names.items()}

    def set_name(self, name: str, address: str | None) -> None:
        """Let a name lead to an address from now on, or (None) to nobody."""
        names = self._host.internet.names
        if address is None:
            names.pop(name.lower(), None)
        else:
            try:
                names[name.lower()] = IPv4Address(address)
            except AddressValueError as error:
                raise MistakeError(f"{name} cannot lead to {address!r}: {error}") from None

    @property
    def lookups(self) -> Sequence[str]:
        """The names that modules have asked for so far."""
        return tuple(self._host.internet.lookups)

    def close(self) -> None:
        """Close all that was opened."""
        self.set_path(is_open=True)
        self.set_delay(0)
        self._host.internet.names = dict(self._usual_names)
        self._open.close()

    @contextmanager
    def _reported(self, attempted: str, port: int) -> Iterator[None]:
        try:
            yield
        except VirtualError:
            raise PeerError(
                f"{self.host_address}:{port}",
                attempted=attempted,
                reason="Address already in use",
                remedy="Choose another port; 0 picks a free one",
            ) from None
