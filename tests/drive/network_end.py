"""A module in a network, and the peers there: simulated, and on sockets of this computer."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from ipaddress import IPv4Address
from queue import Empty, SimpleQueue
from random import Random
from typing import TYPE_CHECKING, Protocol, TypeVar

from hil.drive.host_network import HostSide
from hil.drive.host_reach import HostReach
from hil.drive.realtime import RealTime
from hil.drive.simulated_peer import SimulatedPeers
from hil.ports.clock import SystemClock, deadline_ns
from hil.ports.network_peer import Endpoint
from hil.ports.socket_peer import SocketPeers
from hil.units import NS_PER_MS, NS_PER_S
from hil.virtual.network.internet import Internet
from hil.virtual.network.message import (
    Interface,
    Ping,
    Ponged,
    SetAddress,
    TcpAcknowledged,
    TcpOpen,
    TcpOpened,
    TcpReceived,
    TcpTake,
)
from hil.virtual.world import World

from .inside import Inside

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hil.ports.network_peer import NetworkPeers, TcpConnection
    from hil.virtual.network.message import NetworkRequest
    from hil.virtual.outside import OutsideEvent

HOST = IPv4Address("192.168.1.2")
MODULE = IPv4Address("192.168.1.50")
NAMES = {"host.test": HOST}
ADDRESS = SetAddress(Interface.STATION, MODULE)
PATIENCE_S = 20.0
"""How long real input and output may take before a test gives up."""

T = TypeVar("T")


class Driver(Protocol):
    """How a test reaches a module's side of a network, in simulated or in real time."""

    @property
    def peers(self) -> NetworkPeers:
        """The peers in that network."""

    @property
    def server_address(self) -> str:
        """Where a peer finds the module."""

    def ask(self, request: NetworkRequest) -> None:
        """Let the module ask for something now."""

    def silence(self, *, is_orderly: bool) -> None:
        """Let the module fall silent now."""

    def next_event(self) -> OutsideEvent | None:
        """What the module hears next; None if nothing comes any more, or not in time."""


class Module:
    """Stands for the firmware: asks, and takes what comes unless told otherwise."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.takes = True
        self._unread: list[OutsideEvent] = []
        self._fences = 1000

    @property
    def peers(self) -> NetworkPeers:
        return self.driver.peers

    def ask(self, *requests: NetworkRequest) -> None:
        for request in requests:
            self.driver.ask(request)

    def _next(self) -> OutsideEvent:
        event = self.driver.next_event()
        assert event is not None, f"nothing came; before it {self._unread!r}"
        if self.takes and isinstance(event, TcpReceived):
            self.ask(TcpTake(event.socket, len(event.data)))
        return event

    def hear(self, kind: type[T]) -> T:
        """The next event of a kind; the others wait for their turn."""
        for index, event in enumerate(self._unread):
            if isinstance(event, kind):
                del self._unread[index]
                return event
        while not isinstance(event := self._next(), kind):
            self._unread.append(event)
        return event

    def receive(self, socket_number: int, count: int) -> bytes:
        """So many bytes that come over a connection."""
        data = b""
        while len(data) < count:
            event = self.hear(TcpReceived)
            assert event.socket == socket_number
            data += event.data
        return data

    def await_acknowledged(self, count: int) -> None:
        """Wait until so many bytes are acknowledged, and not one more."""
        while count > 0:
            count -= self.hear(TcpAcknowledged).count
        assert count == 0

    def events_so_far(self) -> list[OutsideEvent]:
        """What has come, and what was on its way when an echo request to the host left."""
        self._fences += 1
        self.ask(Ping(self._fences, HOST))
        while not (isinstance(event := self._next(), Ponged) and event.query == self._fences):
            self._unread.append(event)
        events, self._unread = self._unread, []
        return events

    def connect(self, number: int = 1, **settings: int) -> TcpConnection:
        """A connection that the module has opened, as its peer sees it."""
        listener = self.peers.listen(**settings)
        self.ask(TcpOpen(number, HOST, listener.endpoint.port))
        assert self.hear(TcpOpened).socket == number
        connection = listener.accept(self.soon_ns())
        assert connection is not None
        listener.close()
        return connection

    def dial(self, port: int) -> TcpConnection:
        """A connection to the module's server."""
        return self.peers.dial(Endpoint(self.driver.server_address, port), self.soon_ns())

    def soon_ns(self) -> int:
        """A moment that is never reached if all does what it should."""
        return deadline_ns(self.peers.clock, PATIENCE_S)

    def shortly_ns(self) -> int:
        """A moment to wait for in vain."""
        return deadline_ns(self.peers.clock, 0.05)


class SimulatedDriver:
    """An `Internet` in simulated time."""

    server_address = str(MODULE)

    def __init__(self) -> None:
        self._world = World()
        internet = Internet(Random(1), names=NAMES)  # noqa: S311 - must repeat itself
        self._world.add("internet", internet)
        self._heard: list[OutsideEvent] = []
        self._side = internet.attach(lambda event, now_ns: self._heard.append(event))
        self.peers = SimulatedPeers(self._world, internet.add_host(HOST))

    def ask(self, request: NetworkRequest) -> None:
        self._side.take(request, self._world.now_ns)

    def silence(self, *, is_orderly: bool) -> None:
        self._side.silence(self._world.now_ns, is_orderly=is_orderly)

    def next_event(self) -> OutsideEvent | None:
        until_ns = self._world.now_ns + round(PATIENCE_S * NS_PER_S)
        while not self._heard:
            due_ns = self._world.next_deadline_ns()
            if due_ns is None or due_ns > until_ns:
                return None
            self._world.advance(due_ns)
        return self._heard.pop(0)


class HostDriver:
    """Sockets of this computer in real time; the loop runs in a thread."""

    def __init__(self, *, slot: int = 0, reach: HostReach | None = None) -> None:
        self.reach = reach or HostReach(HOST, NAMES)
        self.server_address = self.reach.own_place(slot)
        self.peers = SocketPeers(SystemClock(), "127.0.0.1", {}, "tests")
        self._heard: SimpleQueue[OutsideEvent] = SimpleQueue()
        self.side = HostSide(
            slot, self.reach, NS_PER_MS, lambda event, now_ns: self._heard.put(event)
        )
        self._inside = Inside()
        self._loop = RealTime(World())
        self._loop.add_links([self._inside, self.side])
        self._thread = threading.Thread(target=self._loop.run)
        self._thread.start()

    def ask(self, request: NetworkRequest) -> None:
        self._inside.do(lambda now_ns: self.side.take(request, now_ns))

    def silence(self, *, is_orderly: bool) -> None:
        self._inside.do(lambda now_ns: self.side.silence(now_ns, is_orderly=is_orderly))

    def next_event(self) -> OutsideEvent | None:
        try:
            return self._heard.get(timeout=PATIENCE_S)
        except Empty:
            return None

    def close(self) -> None:
        self._loop.stop()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()
        self.peers.close()


@contextmanager
def simulated() -> Iterator[Module]:
    """A module with an address in a simulated network."""
    driver = SimulatedDriver()
    module = Module(driver)
    module.ask(ADDRESS)
    yield module
    driver.peers.close()


@contextmanager
def on_this_computer() -> Iterator[Module]:
    """A module with an address in the network of this computer."""
    driver = HostDriver()
    try:
        module = Module(driver)
        module.ask(ADDRESS)
        yield module
    finally:
        driver.close()


IMPLEMENTATIONS = {"simulated": simulated, "host": on_this_computer}


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    """A port of this computer that nobody has just now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
