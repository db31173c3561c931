"""The network around the virtual modules of one world: who is there, and how one gets there.

There are no packets: who has an address is reached by it, over a path that takes its time both
ways. Modules reach each other and the hosts, hosts reach the modules, at whatever addresses they
have at that moment. There are two limits. What a module sends needs a way: a right netmask, or a
gateway that is one (`hil.virtual.network.route`). And the network of a softAP is an island: its
module and its stations, all with addresses that begin alike, see each other and nobody else.
"""

from __future__ import annotations

from functools import partial
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from hil.virtual.agenda import Agenda
from hil.virtual.errors import VirtualError

from .host import Host
from .message import Interface
from .module_side import ModuleSide
from .node import are_neighbours
from .tcp import TcpEnd
from .way import Path, Way, retry_ns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hil.virtual.agenda import Step
    from hil.virtual.outside import Hear

    from .node import Listener, Node
    from .route import Gateways
    from .tcp import TcpUser
    from .way import Generator

CONNECT_RETRIES = 6
"""How often a request to connect is repeated. Source: lwIP, TCP_SYNMAXRTX."""

_BROADCAST = IPv4Address("255.255.255.255")


class Internet:
    """A machine of the world that carries what modules and hosts send each other.

    Args:
        generator: A seeded generator of random numbers.
        path: What lies between any two nodes, unless a host has a path of its own.
        names: Names with their addresses.
        gateways: What takes what modules send to other networks; None if whatever they have set
            will do.

    Attributes:
        agenda: What has not arrived yet.
        gateways: As given.
        names: Names with their addresses; in small letters.
        path: What lies between any two nodes, unless a host has a path of its own.
        lookups: The names that modules have asked for, in their order.
    """

    def __init__(
        self,
        generator: Generator,
        path: Path | None = None,
        names: Mapping[str, IPv4Address] | None = None,
        gateways: Gateways | None = None,
    ) -> None:
        self.agenda = Agenda()
        self.gateways = gateways
        self.names = {name.lower(): address for name, address in (names or {}).items()}
        self.path = path or Path()
        self.lookups: list[str] = []
        self._generator = generator
        self._nodes: list[Node] = []

    @property
    def round_trip_ns(self) -> int:
        """How long an answer takes at least, but for hosts with a path of their own."""
        return 2 * self.path.way_ns

    def attach(self, hear: Hear) -> ModuleSide:
        """A place for a module.

        Args:
            hear: How it is told of events.
        """
        side = ModuleSide(self, hear, self._generator)
        self._nodes.append(side)
        return side

    def add_host(self, address: IPv4Address, path: Path | None = None) -> Host:
        """Put a computer into the network; see `Host`.

        Raises:
            VirtualError: Another host has that address.
        """
        if any(isinstance(node, Host) for node in self._owners_of(address)):
            raise VirtualError(f"this network has a host {address} already")
        host = Host(self, address, self._generator, path)
        self._nodes.append(host)
        return host

    def remove_host(self, host: Host) -> None:
        """Take a computer out of the network, without a word."""
        host.addresses.clear()
        self._nodes.remove(host)

    def next_deadline_ns(self) -> int | None:
        """When something arrives."""
        return self.agenda.next_deadline_ns()

    def advance(self, now_ns: int) -> None:
        """Let everything arrive that is due at `now_ns`."""
        self.agenda.advance(now_ns)

    # What nodes do ------------------------------------------------------------------------------

    def connect(
        self,
        node: Node,
        source: IPv4Address,
        user: TcpUser,
        remote: tuple[IPv4Address, int],
        now_ns: int,
        **settings: int,
    ) -> TcpEnd:
        """Ask for a connection.

        Args:
            node: Who asks.
            source: By which of its addresses.
            user: The program there.
            remote: Address and port to connect to.
            now_ns: When.
            **settings: Of `TcpEnd`.
        """
        opening = _Opening(self, node, (source, node.dynamic_port()), user, remote, settings)
        opening.ask(now_ns)
        return opening.end

    def send_udp(
        self,
        node: Node,
        source_port: int,
        data: bytes,
        target: tuple[IPv4Address, int],
        now_ns: int,
    ) -> None:
        """Send a datagram to all whom the address reaches; without an own address to nobody."""
        address, port = target
        source = node.address_for(address)
        if source is None:
            return
        for receiver, local in self._receivers_of(address, source, node):
            way = self.way(node, source, receiver, local)
            if way.has_source and not way.loses():
                arrive = partial(_deliver_udp, way, receiver, port, data, (source, source_port))
                self.agenda.plan(now_ns + way.way_ns, arrive)

    def ping(self, node: Node, address: IPv4Address, answer: Step, now_ns: int) -> None:
        """Ask whether anybody is there; `answer` happens if the answer comes."""
        source, other = node.address_for(address), self.owner_of(address, node)
        if source is None or other is None:
            return
        there = self.way(node, source, other, address)
        back = self.way(other, address, node, source)

        def arrive(at_ns: int) -> None:
            finds_back = other.finds(source, source=address)
            if there.has_target and finds_back and not back.loses():
                self.agenda.plan(at_ns + back.way_ns, come_back)

        def come_back(at_ns: int) -> None:
            if back.has_target:
                answer(at_ns)

        if there.has_source and not there.loses():
            self.agenda.plan(now_ns + there.way_ns, arrive)

    def owner_of(self, address: IPv4Address, asker: Node) -> Node | None:
        """Whom a node reaches by an address; of several that have it, who was there first."""
        source = asker.address_for(address)
        if source is None or not self._sees(source, address):
            return None
        if not asker.finds(address, source=source):
            return None
        owners = (node for node in self._owners_of(address) if node is not asker)
        return next(owners, None)

    def way(
        self, source: Node, source_address: IPv4Address, target: Node, address: IPv4Address
    ) -> Way:
        """The way from one node to another."""
        path = target.path or source.path or self.path
        return Way(self.agenda, path, self._generator, (source, source_address), (target, address))

    # Inside -------------------------------------------------------------------------------------

    def _owners_of(self, address: IPv4Address) -> Iterator[Node]:
        return (node for node in self._nodes if node.is_reached_by(address))

    def _sees(self, first: IPv4Address, second: IPv4Address) -> bool:
        """Whether anything leads from one address to another: not from an island to elsewhere."""
        if are_neighbours(first, second):
            return True
        soft_aps = (node.addresses.get(Interface.SOFT_AP) for node in self._nodes)
        return not any(
            own is not None and (are_neighbours(own, first) or are_neighbours(own, second))
            for own in soft_aps
        )

    def _receivers_of(
        self, address: IPv4Address, source: IPv4Address, sender: Node
    ) -> list[tuple[Node, IPv4Address]]:
        """The nodes that a datagram reaches, and by which of their addresses."""
        is_broadcast = int(address) & 0xFF == 0xFF and are_neighbours(address, source)
        if address != _BROADCAST and not is_broadcast:
            owner = self.owner_of(address, sender)
            return [] if owner is None else [(owner, address)]
        return [
            (node, local)
            for node in self._nodes
            if node is not sender
            for local in node.all_addresses()
            if are_neighbours(local, source) and node.is_reached_by(local)
        ]


def _deliver_udp(
    way: Way,
    receiver: Node,
    port: int,
    data: bytes,
    source: tuple[IPv4Address, int],
    now_ns: int,
) -> None:
    user = receiver.udp_users.get(port)
    if user is not None and way.has_target:
        user.received(data, *source, now_ns)


class _Opening:
    """A request to connect, repeated until somebody answers or the last try was in vain."""

    def __init__(
        self,
        internet: Internet,
        node: Node,
        local: tuple[IPv4Address, int],
        user: TcpUser,
        remote: tuple[IPv4Address, int],
        settings: Mapping[str, int],
    ) -> None:
        self._internet, self._node = internet, node
        self._local, self._remote = local, remote
        self.end = TcpEnd(user, local=local, remote=remote, **settings)
        self._tries = 0

    def ask(self, now_ns: int) -> None:
        """Send the request once more, and plan the next one."""
        if not self.end.is_opening or self._tries > CONNECT_RETRIES:
            return
        self._tries += 1
        self._internet.agenda.plan(now_ns + 3 * retry_ns(self._tries), self.ask)
        other = self._internet.owner_of(self._remote[0], self._node)
        if other is not None:
            there = self._internet.way(self._node, self._local[0], other, self._remote[0])
            if there.has_source and not there.loses():
                arrive = partial(self._arrive, other, there)
                self._internet.agenda.plan(now_ns + there.way_ns, arrive)

    def _arrive(self, other: Node, there: Way, now_ns: int) -> None:
        port = self._remote[1]
        if not self.end.is_opening or self.end.is_met:
            return
        if not there.has_target or port in other.ignored_ports:
            return
        if not other.finds(self._local[0], source=self._remote[0]):
            return
        back = self._internet.way(other, self._remote[0], self._node, self._local[0])
        listener = other.listeners.get(port)
        if listener is None:
            self._internet.agenda.plan(now_ns + back.way_ns, self.end.reset)
            return
        far = self._accept(listener)
        far.meet(self.end, back)
        self.end.meet(far, there)
        far.welcome(now_ns)

    def _accept(self, listener: Listener) -> TcpEnd:
        return TcpEnd(
            listener.admit(),
            local=self._remote,
            remote=self._local,
            window_bytes=listener.window_bytes,
            piece_bytes=listener.piece_bytes,
            acknowledgement_delay_ns=listener.acknowledgement_delay_ns,
        )
