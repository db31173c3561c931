"""The network of served modules: whose it is, and what is reached in it."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hil.drive.host_network import HostSide
from hil.drive.registry import find_world
from hil.rig.served import ServePlan, open_service
from hil.units import NS_PER_S
from hil.virtual.bench import Bench
from hil.virtual.network.message import Ping, Ponged, Resolve, Resolved, TcpListen
from hil.virtual.network.module_side import ModuleSide
from hil.virtual.outside import Surroundings
from tests.drive.network_end import ADDRESS, HOST, PATIENCE_S, free_port
from tests.drive.simulated_module import firmware

if TYPE_CHECKING:
    from hil.virtual.network.message import NetworkRequest
    from hil.virtual.outside import NetworkSide
    from hil.virtual.world import World

ELSEWHERE = IPv4Address("192.0.2.1")


class Asker:
    """A machine that asks modules' networks for something as soon as time passes."""

    def __init__(self, at_ns: int, requests: list[tuple[NetworkSide, NetworkRequest]]) -> None:
        self.at_ns, self.requests = at_ns, requests

    def next_deadline_ns(self) -> int | None:
        return self.at_ns if self.requests else None

    def advance(self, now_ns: int) -> None:
        while self.requests and self.at_ns <= now_ns:
            side, request = self.requests.pop(0)
            side.take(request, now_ns)


def served_world() -> World:
    return find_world("served")


def sides_of(world: World) -> list[NetworkSide]:
    """The networks of the modules of a world."""
    benches = [machine for machine in world.machines.values() if isinstance(machine, Bench)]
    outsides = [bench.chip.outside for bench in benches]
    return [outside.network for outside in outsides if isinstance(outside, Surroundings)]


def connected(address: tuple[str, int]) -> socket.socket:
    """A connection to a server that will soon be there."""
    for _ in range(100_000):
        with suppress(ConnectionRefusedError):
            return socket.create_connection(address, PATIENCE_S)
    raise AssertionError(f"nobody listens at {address}")


def test_each_module_has_its_server_at_an_address_of_its_own() -> None:
    port = free_port()
    with open_service(ServePlan(modules=2, raw_tcp_port=0), firmware()) as service:
        world = served_world()
        requests: list[NetworkRequest] = [ADDRESS, TcpListen(port)]
        asked = [(side, request) for side in sides_of(world) for request in requests]
        world.add("asker", Asker(world.now_ns + 1, asked))
        thread = threading.Thread(target=service.run)
        thread.start()
        try:
            for address in ("127.0.0.1", "127.0.0.2"):
                connected((address, port)).close()
        finally:
            service.stop()
            thread.join(PATIENCE_S)


@pytest.mark.parametrize(
    ("network", "kind"), [("loopback", HostSide), ("host", HostSide), ("none", ModuleSide)]
)
def test_it_is_lent_as_the_plan_says(network: str, kind: type[object]) -> None:
    with open_service(ServePlan(raw_tcp_port=0, network=network), firmware()):
        (side,) = sides_of(served_world())
        assert isinstance(side, kind)


@pytest.mark.parametrize(("network", "is_reached"), [("loopback", False), ("host", True)])
def test_what_lies_behind_this_computer_is_reached_if_the_plan_says_so(
    network: str, caplog: pytest.LogCaptureFixture, *, is_reached: bool
) -> None:
    with open_service(ServePlan(raw_tcp_port=0, network=network), firmware()):
        (side,) = sides_of(served_world())
        assert isinstance(side, HostSide)
        reach = side._reach
        assert (reach.place_of(ELSEWHERE, 0) is not None) == is_reached
        assert ("a module may not reach 192.0.2.1" in caplog.text) != is_reached


@pytest.mark.parametrize("name", ["host.test", socket.gethostname()])
def test_this_computer_has_a_name(name: str) -> None:
    with open_service(ServePlan(raw_tcp_port=0, latency_ms=0), firmware()):
        (side,) = sides_of(served_world())
        assert isinstance(side, HostSide)
        assert side._reach.address_of(name) == HOST


@pytest.mark.parametrize(("network", "address"), [("loopback", HOST), ("host", None)])
def test_this_computer_is_the_update_server_unless_the_real_one_can_be_asked_for(
    network: str, address: IPv4Address | None
) -> None:
    with open_service(ServePlan(raw_tcp_port=0, network=network), firmware()):
        (side,) = sides_of(served_world())
        assert isinstance(side, HostSide)
        assert side._reach.address_of("iot.espressif.cn") == address


@pytest.mark.parametrize("network", ["loopback", "host"])
def test_the_router_of_the_air_answers_pings(network: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_service(ServePlan(raw_tcp_port=0, network=network), firmware()):
        (side,) = sides_of(served_world())
        assert isinstance(side, HostSide)
        heard: list[object] = []
        monkeypatch.setattr(side, "_hear", lambda event, now_ns: heard.append(event))
        side.take(ADDRESS, 0)
        side.take(Ping(1, IPv4Address("192.168.1.1")), 0)
        for moment_ms in (10, 20):
            side.serve(moment_ms * 1_000_000)
        assert heard == [Ponged(1, 20_000_000)]


def test_with_none_no_peer_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    with open_service(ServePlan(raw_tcp_port=0, network="none"), firmware()):
        world = served_world()
        (side,) = sides_of(world)
        heard: list[object] = []
        monkeypatch.setattr(side, "_hear", lambda event, now_ns: heard.append(event))
        for request in (ADDRESS, Resolve(1, "host.test"), Ping(2, HOST)):
            side.take(request, world.now_ns)
        world.advance(world.now_ns + NS_PER_S)
        assert heard == [Resolved(1, None)]


def test_the_latency_is_the_round_trip(monkeypatch: pytest.MonkeyPatch) -> None:
    with open_service(ServePlan(raw_tcp_port=0, latency_ms=30), firmware()):
        (side,) = sides_of(served_world())
        assert isinstance(side, HostSide)
        heard: list[object] = []
        monkeypatch.setattr(side, "_hear", lambda event, now_ns: heard.append(event))
        side.take(ADDRESS, 0)
        side.take(Resolve(1, "host.test"), 0)
        for moment_ms in (15, 29, 30):
            assert heard == []
            side.serve(moment_ms * 1_000_000)
        assert heard == [Resolved(1, HOST)]


def test_no_descriptor_is_left_behind() -> None:
    with open_service(ServePlan(raw_tcp_port=0), firmware()):
        pass  # what the first one loads stays
    before = len(list(Path("/proc/self/fd").iterdir()))
    with open_service(ServePlan(raw_tcp_port=0), firmware()):
        (side,) = sides_of(served_world())
        side.take(ADDRESS, 0)
        side.take(TcpListen(free_port()), 0)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
