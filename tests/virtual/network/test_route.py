"""Netmasks and gateways: what a module sends needs a way."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface
from random import Random

import pytest

from hil.units import NS_PER_S
from hil.virtual.network.internet import Internet
from hil.virtual.network.message import (
    Interface,
    Ping,
    Ponged,
    SetAddress,
    TcpCame,
    TcpListen,
    TcpOpen,
    TcpOpened,
    UdpOpen,
    UdpSend,
)
from hil.virtual.network.peer import Peer
from hil.virtual.network.route import Gateways, Route

from .module_double import HOST, MODULE, SOFT_AP, Module, Net

GATEWAY = IPv4Address("192.168.1.1")
NOBODY = IPv4Address("192.168.1.99")
FAR = IPv4Address("10.9.8.7")
NETMASK = IPv4Address("255.255.255.0")
RIGHT = Route(GATEWAY, NETMASK)
WRONG = Route(NOBODY, NETMASK)

LAN = Gateways([IPv4Interface("192.168.1.1/24"), IPv4Interface("172.16.0.1/16")])


@pytest.mark.parametrize(
    ("gateway", "netmask", "own", "remote", "leads"),
    [
        ("192.168.1.1", "255.255.255.0", "192.168.1.50", "192.168.1.2", True),
        ("192.168.1.1", "255.255.255.0", "192.168.1.50", "10.9.8.7", True),
        ("192.168.1.99", "255.255.255.0", "192.168.1.50", "192.168.1.2", True),
        ("192.168.1.99", "255.255.255.0", "192.168.1.50", "10.9.8.7", False),
        # a gateway of another network than the module's
        ("172.16.0.1", "255.255.255.0", "192.168.1.50", "10.9.8.7", False),
        # too narrow: a neighbour is looked for behind the gateway, which hands it back
        ("192.168.1.1", "255.255.255.240", "192.168.1.50", "192.168.1.2", True),
        ("192.168.1.99", "255.255.255.240", "192.168.1.50", "192.168.1.2", False),
        # too wide: who is far is looked for among the neighbours
        ("192.168.1.1", "255.255.0.0", "192.168.1.50", "192.168.7.7", False),
        ("192.168.1.1", "128.0.0.0", "192.168.1.50", "200.1.1.1", False),
        # a network of more than 256 addresses
        ("172.16.0.1", "255.255.0.0", "172.16.3.4", "172.16.200.1", True),
        ("172.16.0.1", "255.255.255.0", "172.16.3.4", "10.9.8.7", True),
        # a network without a gateway of ours: neighbours only
        ("192.168.6.1", "255.255.255.0", "192.168.6.100", "192.168.6.101", True),
        ("192.168.6.1", "255.255.255.0", "192.168.6.100", "192.168.1.2", False),
    ],
)
def test_a_packet_finds_its_way_by_netmask_and_gateway(
    gateway: str, netmask: str, own: str, remote: str, *, leads: bool
) -> None:
    route = Route(IPv4Address(gateway), IPv4Address(netmask))
    assert LAN.lead(route, IPv4Address(own), IPv4Address(remote)) is leads


class Lan(Net):
    """A network that has a gateway."""

    def __init__(self) -> None:
        super().__init__()
        self.internet = Internet(Random(1), gateways=LAN)  # noqa: S311 - must repeat itself
        self.world.add("lan", self.internet)

    def routed(self, route: Route | None, address: IPv4Address = MODULE) -> Module:
        module = self.module(None)
        module.ask(SetAddress(Interface.STATION, address, route))
        return module


@pytest.mark.parametrize(("route", "answers"), [(RIGHT, True), (None, True), (WRONG, False)])
def test_another_network_is_reached_through_a_gateway_only(
    route: Route | None, *, answers: bool
) -> None:
    net = Lan()
    host = net.internet.add_host(FAR)
    peer = Peer()
    host.listen(4000, lambda: peer)
    datagrams: list[bytes] = []
    host.open_udp(4001, _Keeper(datagrams))
    module = net.routed(route)
    module.ask(TcpOpen(1, FAR, 4000), Ping(1, FAR), UdpOpen(2, 4002))
    module.ask(UdpSend(2, b"hello", FAR, 4001))
    net.wait(30 * NS_PER_S)
    heard = {type(event) for event in module.events()}
    assert (TcpOpened in heard) is answers
    assert (Ponged in heard) is answers
    assert (datagrams == [b"hello"]) is answers


class _Keeper:
    """Keeps the datagrams that come."""

    def __init__(self, datagrams: list[bytes]) -> None:
        self._datagrams = datagrams

    def received(self, data: bytes, address: IPv4Address, port: int, now_ns: int) -> None:
        del address, port, now_ns
        self._datagrams.append(data)


@pytest.mark.parametrize(("route", "answers"), [(RIGHT, True), (WRONG, False)])
def test_a_server_answers_a_client_of_another_network_through_a_gateway_only(
    route: Route, *, answers: bool
) -> None:
    net = Lan()
    host = net.internet.add_host(FAR)
    module = net.routed(route)
    module.ask(TcpListen(333))
    host.dial(Peer(), MODULE, 333, net.now_ns)
    net.wait(30 * NS_PER_S)
    assert any(isinstance(event, TcpCame) for event in module.events()) is answers


@pytest.mark.parametrize(("route", "answers"), [(RIGHT, True), (WRONG, False)])
def test_a_ping_is_answered_by_a_module_that_finds_back(route: Route, *, answers: bool) -> None:
    net = Lan()
    net.routed(route)
    asker = net.routed(None, FAR)
    asker.ask(Ping(1, MODULE))
    net.wait(NS_PER_S)
    assert any(isinstance(event, Ponged) for event in asker.events()) is answers


def test_a_neighbour_is_reached_whatever_the_gateway() -> None:
    net = Lan()
    net.internet.add_host(HOST).listen(4000, Peer)
    module = net.routed(WRONG)
    module.ask(TcpOpen(1, HOST, 4000))
    net.wait(NS_PER_S)
    assert isinstance(module.event(TcpOpened), TcpOpened)


def test_the_next_route_counts() -> None:
    net = Lan()
    net.internet.add_host(FAR).listen(4000, Peer)
    module = net.routed(WRONG)
    module.ask(SetAddress(Interface.STATION, None), SetAddress(Interface.STATION, MODULE, RIGHT))
    module.ask(TcpOpen(1, FAR, 4000))
    net.wait(NS_PER_S)
    assert isinstance(module.event(TcpOpened), TcpOpened)


def test_a_soft_ap_beside_it_has_no_route() -> None:
    net = Lan()
    client = net.routed(Route(SOFT_AP, NETMASK), SOFT_AP + 1)
    module = net.routed(WRONG)
    module.ask(SetAddress(Interface.SOFT_AP, SOFT_AP), TcpListen(333))
    client.ask(TcpOpen(1, SOFT_AP, 333))
    net.wait(NS_PER_S)
    assert isinstance(client.event(TcpOpened), TcpOpened)


def test_a_module_without_known_gateways_reaches_everybody() -> None:
    net = Net()
    net.internet.add_host(FAR).listen(4000, Peer)
    module = net.module(None)
    module.ask(SetAddress(Interface.STATION, MODULE, WRONG), TcpOpen(1, FAR, 4000))
    net.wait(NS_PER_S)
    assert isinstance(module.event(TcpOpened), TcpOpened)
