"""Stands for a module's TCP/IP stack: says what a test wants to say, keeps what it hears."""

from __future__ import annotations

from ipaddress import IPv4Address
from random import Random
from typing import TYPE_CHECKING, TypeVar

from hil.units import NS_PER_MS
from hil.virtual.network.internet import Internet
from hil.virtual.network.message import (
    Interface,
    SetAddress,
    TcpAcknowledged,
    TcpCame,
    TcpOpen,
    TcpOpened,
    TcpReceived,
    TcpTake,
)
from hil.virtual.world import World

if TYPE_CHECKING:
    from hil.virtual.network.message import NetworkRequest
    from hil.virtual.network.way import Path
    from hil.virtual.outside import OutsideEvent

HOST = IPv4Address("192.168.1.2")
MODULE = IPv4Address("192.168.1.50")
SOFT_AP = IPv4Address("192.168.4.1")
WAY_NS = 10 * NS_PER_MS

T = TypeVar("T")


class Net:
    """A world with nothing but a network."""

    def __init__(self, path: Path | None = None, seed: int = 1, **names: IPv4Address) -> None:
        self.world = World()
        self.internet = Internet(Random(seed), path, names)  # noqa: S311 - must repeat itself
        self.world.add("internet", self.internet)

    @property
    def now_ns(self) -> int:
        return self.world.now_ns

    def wait(self, duration_ns: int) -> None:
        self.world.advance(self.world.now_ns + duration_ns)

    def settle(self) -> None:
        """Let time pass until nothing is on its way."""
        while (due_ns := self.world.next_deadline_ns()) is not None:
            self.world.advance(due_ns)

    def module(self, address: IPv4Address | None = MODULE) -> Module:
        """A module that has an address."""
        module = Module(self)
        if address is not None:
            module.ask(SetAddress(Interface.STATION, address))
        return module


class Module:
    """One module's side of a network; `heard` holds what it heard, with the moments."""

    def __init__(self, net: Net) -> None:
        self.net = net
        self.heard: list[tuple[int, OutsideEvent]] = []
        self.side = net.internet.attach(self._hear)
        self.takes = True

    def _hear(self, event: OutsideEvent, now_ns: int) -> None:
        assert now_ns == self.net.now_ns
        self.heard.append((now_ns, event))
        if self.takes and isinstance(event, TcpReceived):
            self.ask(TcpTake(event.socket, len(event.data)))

    def ask(self, *requests: NetworkRequest) -> None:
        """Ask for something now. The answer never comes inside of the call."""
        before = len(self.heard)
        for request in requests:
            self.side.take(request, self.net.now_ns)
        assert len(self.heard) == before

    def events(self) -> list[OutsideEvent]:
        """What was heard since the last look."""
        events = [event for _, event in self.heard]
        self.heard.clear()
        return events

    def event(self, kind: type[T]) -> T:
        """The one event of a kind that was heard since the last look."""
        (event,) = [event for event in self.events() if isinstance(event, kind)]
        return event

    def data(self, socket: int) -> bytes:
        """What came over a connection since the last look."""
        events = self.events()
        return b"".join(
            event.data
            for event in events
            if isinstance(event, TcpReceived) and event.socket == socket
        )

    def acknowledged(self, socket: int) -> int:
        """How much was acknowledged since the last look."""
        return sum(
            event.count
            for event in self.events()
            if isinstance(event, TcpAcknowledged) and event.socket == socket
        )

    def connect(self, port: int, *, socket: int = 1, keep_alive_ms: int = 0) -> None:
        """Open a connection to the host and wait until it stands at both ends."""
        self.ask(TcpOpen(socket, HOST, port, keep_alive_ms))
        self.net.wait(3 * WAY_NS)
        assert isinstance(self.event(TcpOpened), TcpOpened)

    def client(self) -> TcpCame:
        """The client that has come since the last look."""
        return self.event(TcpCame)
