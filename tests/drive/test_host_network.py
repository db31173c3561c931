"""This computer as a module's network: what may be reached, what is taken, what runs out."""

from __future__ import annotations

import errno
import os
import select
import selectors
import socket
import threading
from contextlib import closing, contextmanager
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hil.drive.host_network import GHOSTS, HostSide
from hil.drive.host_reach import HostReach
from hil.drive.host_server import STARVED_NS, HostServer
from hil.drive.host_tcp import prepare
from hil.drive.host_watch import SocketWatch
from hil.drive.name_resolver import NameResolver
from hil.ports.network_peer import Ending, Endpoint
from hil.units import NS_PER_MS
from hil.virtual.network.message import (
    Interface,
    ListenFailed,
    Ping,
    Resolve,
    Resolved,
    SetAddress,
    TcpCame,
    TcpFailed,
    TcpFailure,
    TcpListen,
    TcpOpen,
    TcpOpened,
    TcpReceived,
    TcpSend,
    TcpTake,
    UdpOpen,
    UdpOpened,
    UdpReceived,
    UdpSend,
)
from hil.virtual.network.route import Gateways, Route

from .network_end import ADDRESS, HOST, MODULE, NAMES, PATIENCE_S, HostDriver, Module, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hil.virtual.outside import OutsideEvent

ELSEWHERE = IPv4Address("192.168.1.99")
ROUTER = IPv4Address("192.168.1.1")


@contextmanager
def on_this_computer(reach: HostReach | None = None, slot: int = 0) -> Iterator[Module]:
    with closing(HostDriver(slot=slot, reach=reach)) as driver:
        module = Module(driver)
        module.ask(SetAddress(Interface.STATION, MODULE + slot))
        yield module


@pytest.fixture
def module() -> Iterator[Module]:
    with on_this_computer() as module:
        yield module


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


class TestReach:
    @pytest.mark.parametrize(
        ("address", "place"),
        [("127.0.0.1", "127.0.0.1"), ("127.9.8.7", "127.9.8.7"), (str(HOST), "127.0.0.1")],
    )
    def test_loopback_and_the_host_are_reached(self, address: str, place: str) -> None:
        assert HostReach(HOST, {}).place_of(IPv4Address(address), 0) == place

    def test_nothing_else_is_and_the_log_says_once_what_would_allow_it(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        reach = HostReach(HOST, {})
        assert reach.place_of(ELSEWHERE, 0) is None
        assert reach.place_of(ELSEWHERE, 0) is None
        (message,) = caplog.messages
        assert message == (
            "a module may not reach 192.168.1.99: with --network loopback it reaches 127.0.0.0/8, "
            "192.168.1.2 (this computer) and other modules; --network host allows all"
        )

    def test_with_the_whole_network_everything_is_reached_as_it_is(self) -> None:
        reach = HostReach(HOST, {}, is_whole=True)
        assert reach.place_of(ELSEWHERE, 0) == "192.168.1.99"
        assert reach.place_of(HOST, 0) == "127.0.0.1"

    def test_modules_reach_each_other_by_the_addresses_they_have_now(self) -> None:
        reach = HostReach(HOST, {})
        reach.move(0, {MODULE: None})
        reach.move(1, {MODULE + 1: None})
        assert reach.place_of(MODULE + 1, 0) == "127.0.0.2"
        assert reach.place_of(MODULE, 1) == "127.0.0.1"
        assert reach.place_of(MODULE, 0) is None
        reach.move(1, {})
        assert reach.place_of(MODULE + 1, 0) is None

    def test_other_networks_are_reached_through_a_gateway_only(self) -> None:
        gateways = Gateways([IPv4Interface("192.168.1.1/24")])
        reach = HostReach(HOST, {}, gateways, is_whole=True)
        far, netmask = IPv4Address("10.9.8.7"), IPv4Address("255.255.255.0")
        reach.move(0, {MODULE: Route(IPv4Address("192.168.1.1"), netmask)})
        reach.move(1, {MODULE + 1: Route(IPv4Address("192.168.1.98"), netmask)})
        assert reach.place_of(far, 0) == "10.9.8.7"
        assert reach.place_of(far, 1) is None
        assert reach.place_of(HOST, 1) == "127.0.0.1"
        assert reach.place_of(MODULE, 1) == "127.0.0.1"

    def test_places_are_shown_to_modules_by_their_addresses(self) -> None:
        reach = HostReach(HOST, {})
        reach.move(1, {MODULE + 1: None})
        assert reach.address_at("127.0.0.1") == HOST
        assert reach.address_at("127.0.0.2") == MODULE + 1
        assert reach.address_at("127.0.0.9") == IPv4Address("127.0.0.9")
        assert reach.address_at("10.1.2.3") == IPv4Address("10.1.2.3")

    def test_localhost_has_a_name_unless_the_table_says_otherwise(self) -> None:
        assert HostReach(HOST, NAMES).address_of("localhost") == IPv4Address("127.0.0.1")
        assert HostReach(HOST, {"LocalHost": HOST}).address_of("localhost") == HOST
        assert HostReach(HOST, NAMES).address_of("Host.Test.") == HOST

    def test_the_log_says_once_which_name_is_not_known(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        reach = HostReach(HOST, NAMES)
        assert reach.address_of("iot.espressif.cn") is None
        assert reach.address_of("iot.espressif.cn.") is None
        (message,) = caplog.messages
        assert message == (
            "a module asks in vain for the address of iot.espressif.cn: with --network loopback it "
            "is told that of host.test, localhost; --network host asks the name service of this "
            "computer"
        )

    def test_with_the_whole_network_a_name_is_asked_for_and_not_refused(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert HostReach(HOST, NAMES, is_whole=True).address_of("iot.espressif.cn") is None
        assert caplog.messages == []

    def test_this_computer_other_modules_and_the_router_answer_pings(self) -> None:
        reach = HostReach(HOST, {}, Gateways([IPv4Interface(f"{ROUTER}/24")]))
        reach.move(1, {MODULE + 1: None})
        for address in (HOST, ROUTER, MODULE + 1):
            assert reach.answers_ping(address, 0)
        assert not reach.answers_ping(ELSEWHERE, 0)
        assert reach.place_of(ROUTER, 0) is None

    def test_the_log_says_once_that_no_ping_leaves_this_computer(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        reach = HostReach(HOST, {}, is_whole=True)
        assert not reach.answers_ping(ELSEWHERE, 0)
        assert not reach.answers_ping(ELSEWHERE, 0)
        assert caplog.messages == [
            "a module pings 192.168.1.99 in vain: no echo request leaves this computer"
        ]


def test_an_address_that_may_not_be_reached_is_unreachable(
    module: Module, caplog: pytest.LogCaptureFixture
) -> None:
    module.ask(TcpOpen(1, ELSEWHERE, 80))
    assert module.hear(TcpFailed) == TcpFailed(1, TcpFailure.UNREACHABLE)
    module.ask(UdpOpen(1, 0), UdpSend(1, b"x", ELSEWHERE, 53), Ping(1, ELSEWHERE))
    module.hear(UdpOpened)
    assert module.events_so_far() == []
    assert "a module may not reach 192.168.1.99" in caplog.text


class TestSeveralModules:
    def test_they_listen_at_one_port_and_reach_each_other(self) -> None:
        reach, port = HostReach(HOST, {}), free_port()
        with on_this_computer(reach, 0) as first, on_this_computer(reach, 1) as second:
            for module in (first, second):
                module.ask(TcpListen(port))
                module.events_so_far()
            first.ask(TcpOpen(1, MODULE + 1, port))
            opened = first.hear(TcpOpened)
            came = second.hear(TcpCame)
            assert (came.local_port, came.port) == (port, opened.local_port)
            # Module 0 is found where the host is; it looks like that.
            assert came.address == HOST
            second.ask(TcpOpen(1, MODULE, port))
            second.hear(TcpOpened)
            assert first.hear(TcpCame).address == MODULE + 1

    def test_they_have_one_udp_port_and_reach_each_other(self) -> None:
        reach, port = HostReach(HOST, {}), free_port(socket.SOCK_DGRAM)
        with on_this_computer(reach, 0) as first, on_this_computer(reach, 1) as second:
            for module in (first, second):
                module.ask(UdpOpen(1, port))
                assert module.hear(UdpOpened) == UdpOpened(1, port)
            second.ask(UdpSend(1, b"hello", MODULE, port))
            assert first.hear(UdpReceived) == UdpReceived(1, b"hello", MODULE + 1, port)


class TestSoftApAlone:
    """A module that has not joined any network: its softAP leads to nobody but its stations."""

    SOFT_AP = IPv4Address("192.168.4.1")

    @contextmanager
    def module(self, reach: HostReach | None = None) -> Iterator[Module]:
        with on_this_computer(reach) as module:
            module.ask(
                SetAddress(Interface.SOFT_AP, self.SOFT_AP), SetAddress(Interface.STATION, None)
            )
            yield module

    @pytest.mark.parametrize("address", [HOST, IPv4Address("127.0.0.1")])
    def test_this_computer_is_out_of_its_reach(self, address: IPv4Address) -> None:
        with self.module() as module:
            listener = module.peers.listen()
            module.ask(TcpOpen(1, address, listener.endpoint.port))
            assert module.hear(TcpFailed) == TcpFailed(1, TcpFailure.UNREACHABLE)
            module.ask(Ping(1, address), Resolve(2, "host.test"), ADDRESS)
            assert module.events_so_far() == [Resolved(2, None)]

    def test_a_datagram_comes_to_this_computer_only_by_way_of_the_station(self) -> None:
        with (
            self.module() as module,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer,
        ):
            peer.bind(("127.0.0.1", 0))
            peer.settimeout(PATIENCE_S)
            port = peer.getsockname()[1]
            module.ask(UdpOpen(1, 0), UdpSend(1, b"lost", HOST, port), ADDRESS)
            module.ask(UdpSend(1, b"sent", HOST, port))
            module.events_so_far()
            assert peer.recv(99) == b"sent"

    def test_its_server_is_found_here_as_by_a_station_of_the_soft_ap(self) -> None:
        port = free_port()
        with self.module() as module:
            module.ask(TcpListen(port), Resolve(1, "anybody"))
            module.hear(Resolved)
            with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as client:
                module.ask(TcpSend(module.hear(TcpCame).socket, b"welcome"))
                module.await_acknowledged(7)
                assert client.recv(99) == b"welcome"

    def test_a_module_that_has_joined_it_is_reached(self) -> None:
        reach, port = HostReach(HOST, {}), free_port()
        station = SetAddress(Interface.STATION, IPv4Address("192.168.4.2"))
        with self.module(reach) as first, on_this_computer(reach, 1) as second:
            second.ask(station, TcpListen(port))
            second.events_so_far()
            first.ask(TcpOpen(1, IPv4Address("192.168.4.2"), port))
            first.hear(TcpOpened)
            second.hear(TcpCame)


class TestServer:
    def test_a_port_that_is_taken_fails_and_the_log_says_so(
        self, module: Module, caplog: pytest.LogCaptureFixture
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            module.ask(TcpListen(port))
            assert module.hear(ListenFailed) == ListenFailed(port)
        assert caplog.messages == [
            f"a module cannot listen at 127.0.0.1:{port}: Address already in use"
        ]

    def test_a_port_that_is_taken_while_there_is_no_address_fails_when_there_is_one(
        self, module: Module
    ) -> None:
        module.ask(SetAddress(Interface.STATION, None))
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            module.ask(TcpListen(port), Resolve(1, "fence"))
            module.hear(Resolved)
            module.ask(ADDRESS)
            assert module.hear(ListenFailed) == ListenFailed(port)

    def test_without_descriptors_it_waits_instead_of_spinning(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        class Door:
            def __init__(self) -> None:
                self.plans: list[tuple[int, Callable[[int], None]]] = []
                self.interests: list[int] = []

            def let_in(self, *_: object) -> None:
                raise AssertionError("there is no descriptor for anybody")

            def plan(self, at_ns: int, step: Callable[[int], None]) -> None:
                self.plans.append((at_ns, step))

            def watch(self, server: HostServer) -> None:
                self.interests.append(server.interest())

        class Starved:
            def accept(self) -> None:
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

            def fileno(self) -> int:
                return 5

        door = Door()
        server = HostServer(door, "127.0.0.1", 0)
        server.socket.close()
        server.socket = Starved()  # type: ignore[assignment]
        assert server.interest() == selectors.EVENT_READ
        server.serve(1000)
        assert door.interests == [0]
        ((at_ns, recover),) = door.plans
        assert at_ns == 1000 + STARVED_NS
        assert caplog.messages == [
            "nobody is let in at port 0 of a module for the moment: Too many open files"
        ]
        recover(at_ns)
        assert door.interests == [0, selectors.EVENT_READ]


class TestNames:
    def test_a_name_of_the_whole_network_is_asked_for_without_waiting(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        may_answer = threading.Event()
        asked: list[str] = []

        def look_up(name: str, *_: object) -> list[tuple[object, ...]]:
            asked.append(name)
            assert may_answer.wait(PATIENCE_S)
            if name == "nobody.test":
                raise socket.gaierror(socket.EAI_NONAME, "unknown")
            return [(2, 1, 6, "", ("10.1.2.3", 0))]

        monkeypatch.setattr("hil.drive.name_resolver.socket.getaddrinfo", look_up)
        with on_this_computer(HostReach(HOST, NAMES, is_whole=True)) as module:
            module.ask(Resolve(1, "slow.test"), Resolve(2, "nobody.test"), Resolve(3, "host.test"))
            # While the system's name service keeps us waiting, everything else goes on.
            assert module.events_so_far() == [Resolved(3, HOST)]
            may_answer.set()
            assert module.hear(Resolved) == Resolved(1, IPv4Address("10.1.2.3"))
            assert module.hear(Resolved) == Resolved(2, None)
        assert asked == ["slow.test", "nobody.test"]

    def test_an_answer_to_the_life_before_is_not_heard(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        may_answer = threading.Event()

        def look_up(*_: object) -> list[tuple[object, ...]]:
            assert may_answer.wait(PATIENCE_S)
            return [(2, 1, 6, "", ("10.1.2.3", 0))]

        monkeypatch.setattr("hil.drive.name_resolver.socket.getaddrinfo", look_up)
        with on_this_computer(HostReach(HOST, NAMES, is_whole=True)) as module:
            module.ask(Resolve(1, "slow.test"))
            module.events_so_far()
            module.driver.silence(is_orderly=True)
            module.ask(ADDRESS, Resolve(1, "again.test"))
            may_answer.set()
            assert module.hear(Resolved) == Resolved(1, IPv4Address("10.1.2.3"))
            assert module.events_so_far() == []

    def test_a_name_that_no_name_service_takes_has_no_address(self) -> None:
        with closing(NameResolver()) as resolver:
            resolver.ask("a" * 64 + ".test")  # a label may have 63 letters
            selectors_wait(resolver.fileno())
            assert resolver.take() == [("a" * 64 + ".test", None)]
            assert resolver.take() == []


def selectors_wait(number: int) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(number, selectors.EVENT_READ)
        assert selector.select(PATIENCE_S)


class TestVanishing:
    def test_of_the_connections_left_behind_the_oldest_are_reset(self, module: Module) -> None:
        left = []
        for _ in range(GHOSTS + 1):
            left.append(module.connect())
            module.driver.silence(is_orderly=False)
            module.ask(ADDRESS)
        module.events_so_far()
        assert left[0].receive(module.soon_ns()) == b""
        assert left[0].ending is Ending.RESET
        assert [connection.ending for connection in left[1:]] == [None] * GHOSTS

    def test_a_peer_that_closes_a_dead_connection_leaves_nothing_behind(
        self, module: Module
    ) -> None:
        connection = module.connect()
        before = descriptors()
        module.driver.silence(is_orderly=False)
        module.ask(ADDRESS)
        connection.close()
        until_ns = module.soon_ns()
        while descriptors() > before - 2 and module.peers.clock.now_ns() < until_ns:
            module.events_so_far()
        assert descriptors() == before - 2  # its own and the module's


class TestKeepAlive:
    @pytest.mark.parametrize(("keep_alive_ms", "seconds"), [(500, 1), (10_000, 10), (10_500, 11)])
    def test_the_kernel_probes_in_whole_seconds(self, keep_alive_ms: int, seconds: int) -> None:
        with socket.socket() as connection:
            prepare(connection, keep_alive_ms)
            assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL):
                assert connection.getsockopt(socket.IPPROTO_TCP, option) == seconds
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT) == 9

    def test_without_it_the_kernel_does_not(self) -> None:
        with socket.socket() as connection:
            prepare(connection)
            assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 0


def is_quiet(side: HostSide) -> bool:
    """Whether the loop would wait."""
    return not select.select(side.readers(0), side.writers(), [], 0)[0]


def data_in(heard: list[tuple[int, OutsideEvent]]) -> list[TcpReceived]:
    return [event for _, event in heard if isinstance(event, TcpReceived)]


class TestTheLink:
    """One side without a loop: time is what the test says."""

    @pytest.fixture
    def heard(self) -> list[tuple[int, OutsideEvent]]:
        return []

    @pytest.fixture
    def side(self, heard: list[tuple[int, OutsideEvent]]) -> Iterator[HostSide]:
        side = HostSide(
            0, HostReach(HOST, NAMES), 10 * NS_PER_MS, lambda event, now: heard.append((now, event))
        )
        with closing(side):
            side.take(ADDRESS, 0)
            yield side

    def test_half_a_round_trip_passes_each_way(
        self, side: HostSide, heard: list[tuple[int, OutsideEvent]]
    ) -> None:
        side.take(TcpOpen(1, HOST, free_port()), 0)
        assert side.next_deadline_ns(0) == 10 * NS_PER_MS
        side.serve(10 * NS_PER_MS)  # a connection to a loopback address is refused at once
        assert side.next_deadline_ns(0) == 20 * NS_PER_MS
        assert heard == []
        side.serve(20 * NS_PER_MS)
        assert heard == [(20 * NS_PER_MS, TcpFailed(1, TcpFailure.REFUSED))]

    def test_it_wants_nothing_while_nothing_is_on_its_way(self, side: HostSide) -> None:
        side.take(TcpListen(free_port()), 0)
        side.take(UdpOpen(1, 0), 0)
        side.serve(0)
        assert side.next_deadline_ns(0) is None
        assert side.writers() == []
        assert len(side.readers(0)) == 1

    @pytest.mark.parametrize("has_more", [True, False])
    def test_a_module_that_does_not_take_leaves_the_loop_in_peace(
        self, side: HostSide, heard: list[tuple[int, OutsideEvent]], *, has_more: bool
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            side.take(TcpOpen(1, HOST, server.getsockname()[1]), 0)
            side.serve(10 * NS_PER_MS)
            peer, _ = server.accept()
            with peer:
                peer.sendall(bytes(10_000 if has_more else 5840))
                if not has_more:
                    peer.shutdown(socket.SHUT_WR)
                now_ns = 20 * NS_PER_MS
                while sum(len(each.data) for each in data_in(heard)) < 5840:
                    now_ns += NS_PER_MS
                    side.serve(now_ns)
                assert is_quiet(side)
                side.take(TcpTake(1, 1), now_ns)
                side.serve(now_ns + 10 * NS_PER_MS)
                side.serve(now_ns + 20 * NS_PER_MS)
                assert is_quiet(side)

    def test_closing_gives_every_descriptor_back(self) -> None:
        before = descriptors()
        side = HostSide(0, HostReach(HOST, NAMES), 0, lambda event, now: None)
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            for request in (
                ADDRESS,
                TcpListen(free_port()),
                UdpOpen(1, 0),
                TcpOpen(1, HOST, port),
                TcpOpen(2, HOST, port),
                TcpSend(1, b"x"),
            ):
                side.take(request, 0)
                side.serve(0)
            side.silence(0, is_orderly=False)
            side.take(TcpOpen(3, HOST, port), 0)
            side.serve(0)
            assert descriptors() > before + 1
            side.close()
            side.close()
        assert descriptors() == before
        side.take(TcpOpen(4, HOST, port), 0)  # a chip does not know that its network is gone

    def test_a_module_without_descriptors_reaches_nobody(
        self,
        side: HostSide,
        heard: list[tuple[int, OutsideEvent]],
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        def none_left(*_: object) -> None:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

        monkeypatch.setattr("hil.drive.host_network.socket.socket", none_left)
        side.take(TcpOpen(1, HOST, 80), 0)
        side.take(UdpOpen(1, 0), 0)
        side.serve(10 * NS_PER_MS)
        side.serve(20 * NS_PER_MS)
        assert [type(event).__name__ for _, event in heard] == ["UdpFailed", "TcpFailed"]
        assert caplog.messages == [
            "a module cannot have UDP port 0: Too many open files",
            "a module cannot connect to 192.168.1.2: Too many open files",
        ]


def test_a_socket_that_another_one_has_ended_is_not_served() -> None:
    class Item:
        def __init__(self) -> None:
            self.socket, self.far = socket.socketpair()
            self.served = 0
            self.other: Item | None = None

        def interest(self) -> int:
            return selectors.EVENT_READ

        def serve(self, now_ns: int) -> None:
            self.served += 1
            assert self.other is not None
            watch.drop(self.other)
            self.other.socket.close()

    watch = SocketWatch()
    first, second = Item(), Item()
    first.other, second.other = second, first
    for item in (first, second):
        item.far.send(b"x")
        watch.watch(item)
    watch.serve(0)
    assert first.served + second.served == 1
    watch.close()
    for item in (first, second):
        item.socket.close()
        item.far.close()


def test_a_server_at_another_address_than_the_module_s_is_not_the_module_s(module: Module) -> None:
    port = free_port()
    module.ask(TcpListen(port))
    module.events_so_far()
    with socket.create_server(("127.0.0.2", port)):
        module.peers.dial(Endpoint("127.0.0.1", port), module.soon_ns())
        assert module.hear(TcpCame).local_port == port
