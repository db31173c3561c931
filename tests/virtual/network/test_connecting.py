"""How connections come about, from the module and to it, and how they do not."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from hil.units import NS_PER_S
from hil.virtual.errors import VirtualError
from hil.virtual.network.message import (
    Interface,
    Ping,
    SetAddress,
    TcpAbort,
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
)
from hil.virtual.network.peer import Echo, Resetting, Script
from hil.virtual.network.tcp import TcpEnd
from hil.virtual.network.way import Path

from .module_double import HOST, MODULE, SOFT_AP, WAY_NS, Net


def ends_of(script: Script) -> object:
    """Local and remote place of a connection that stands."""
    assert script.end is not None
    return script.end.local, script.end.remote


class TestModuleAsClient:
    def test_it_is_connected_after_a_round_trip_and_the_host_half_a_round_trip_later(self) -> None:
        net = Net()
        module, script = net.module(), Script()
        net.internet.add_host(HOST).listen(4000, lambda: script)
        module.ask(TcpOpen(1, HOST, 4000))
        net.wait(2 * WAY_NS - 1)
        assert module.events() == []
        net.wait(1)
        opened = module.event(TcpOpened)
        assert opened.socket == 1
        assert 0xC000 <= opened.local_port <= 0xFFFF
        net.wait(WAY_NS - 1)
        assert not isinstance(script.end, TcpEnd)
        net.wait(1)
        assert ends_of(script) == ((HOST, 4000), (MODULE, opened.local_port))

    def test_a_port_without_a_listener_refuses(self) -> None:
        net = Net()
        net.internet.add_host(HOST)
        module = net.module()
        module.ask(TcpOpen(1, HOST, 4000))
        net.wait(2 * WAY_NS - 1)
        assert module.events() == []
        net.wait(1)
        assert module.events() == [TcpFailed(1, TcpFailure.REFUSED)]

    def test_a_silent_port_never_answers(self) -> None:
        net = Net()
        net.internet.add_host(HOST).ignored_ports.add(4000)
        module = net.module()
        module.ask(TcpOpen(1, HOST, 4000))
        net.settle()
        assert module.events() == []
        assert net.now_ns > 60 * NS_PER_S  # it did try again

    def test_an_address_that_nobody_has_never_answers(self) -> None:
        net = Net()
        module = net.module()
        module.ask(TcpOpen(1, HOST, 4000))
        net.settle()
        assert module.events() == []

    def test_a_host_that_comes_late_is_reached_by_a_later_try(self) -> None:
        net = Net()
        module = net.module()
        module.ask(TcpOpen(1, HOST, 7))
        net.wait(2 * NS_PER_S)
        net.internet.add_host(HOST).listen(7, Echo)
        net.wait(NS_PER_S + 2 * WAY_NS)
        assert module.event(TcpOpened).socket == 1

    def test_without_an_address_nothing_is_reachable(self) -> None:
        net = Net()
        net.internet.add_host(HOST).listen(7, Echo)
        module = net.module(None)
        module.ask(TcpOpen(1, HOST, 7))
        net.wait(0)
        assert module.events() == [TcpFailed(1, TcpFailure.UNREACHABLE)]

    @pytest.mark.parametrize("request_", [TcpAbort(1), TcpClose(1)])
    @pytest.mark.parametrize("after_ways", [0, 1])
    def test_nothing_is_heard_of_an_attempt_that_was_given_up(
        self, request_: TcpAbort | TcpClose, after_ways: int
    ) -> None:
        net = Net()
        module, script = net.module(), Script()
        net.internet.add_host(HOST).listen(4000, lambda: script)
        module.ask(TcpOpen(1, HOST, 4000))
        net.wait(after_ways * WAY_NS)
        module.ask(request_)
        net.settle()
        assert module.events() == []
        assert script.end is None  # the host's program has never heard of it either

    def test_a_resetting_host_accepts_and_resets(self) -> None:
        net = Net()
        net.internet.add_host(HOST).listen(4000, Resetting)
        module = net.module()
        module.ask(TcpOpen(1, HOST, 4000))
        net.wait(4 * WAY_NS)
        opened, ended = module.events()
        assert isinstance(opened, TcpOpened)
        assert ended == TcpEnded(1, is_reset=True)

    def test_local_ports_follow_each_other_and_begin_by_chance(self) -> None:
        def ports(seed: int) -> list[int]:
            net = Net(seed=seed)
            net.internet.add_host(HOST).listen(7, Echo)
            module = net.module()
            module.ask(TcpOpen(1, HOST, 7), TcpOpen(2, HOST, 7))
            net.wait(2 * WAY_NS)
            return [event.local_port for event in module.events() if isinstance(event, TcpOpened)]

        first, second = ports(1)
        assert second == first + 1
        assert ports(1) == [first, second]
        assert ports(2) != [first, second]

    def test_a_number_cannot_stand_for_two_connections(self) -> None:
        net = Net()
        net.internet.add_host(HOST)
        module = net.module()
        module.ask(TcpOpen(1, HOST, 7))
        with pytest.raises(VirtualError, match=r"^the module has a connection 1 already$"):
            module.ask(TcpOpen(1, HOST, 7))

    def test_a_host_with_a_path_of_its_own_is_as_far_as_that(self) -> None:
        net = Net()
        net.internet.add_host(HOST, Path(way_ns=300)).listen(7, Echo)
        module = net.module()
        module.ask(TcpOpen(1, HOST, 7))
        net.wait(599)
        assert module.events() == []
        net.wait(1)
        assert module.event(TcpOpened).socket == 1


class TestModuleAsServer:
    def test_a_host_reaches_it_and_the_module_hears_who_came(self) -> None:
        net = Net()
        module, script = net.module(), Script()
        host = net.internet.add_host(HOST)
        module.ask(TcpListen(333))
        end = host.dial(script, MODULE, 333, net.now_ns)
        net.wait(2 * WAY_NS)
        assert script.end is end
        assert module.events() == []
        net.wait(WAY_NS)
        came = module.event(TcpCame)
        assert came == TcpCame(-1, 333, HOST, end.local[1])

    def test_each_client_gets_a_number_of_its_own_from_minus_one_down(self) -> None:
        net = Net()
        module = net.module()
        host = net.internet.add_host(HOST)
        module.ask(TcpListen(333))
        for _ in range(3):
            host.dial(Script(), MODULE, 333, net.now_ns)
        net.settle()
        assert [event.socket for event in module.events() if isinstance(event, TcpCame)] == [
            -1, -2, -3,
        ]  # fmt: skip

    def test_data_pass_both_ways(self) -> None:
        net = Net()
        module, script = net.module(), Script()
        module.ask(TcpListen(333))
        net.internet.add_host(HOST).dial(script, MODULE, 333, net.now_ns).send(b"hello", 0)
        net.wait(3 * WAY_NS)
        came, received = module.events()
        assert isinstance(came, TcpCame)
        assert received == TcpReceived(-1, b"hello")
        module.ask(TcpSend(-1, b"world"))
        net.wait(WAY_NS)
        assert script.unread == b"world"

    def test_nobody_is_let_in_after_it_has_stopped_and_who_is_in_stays(self) -> None:
        net = Net()
        module, first, second = net.module(), Script(), Script()
        host = net.internet.add_host(HOST)
        module.ask(TcpListen(333))
        host.dial(first, MODULE, 333, net.now_ns)
        net.wait(3 * WAY_NS)
        module.ask(TcpStopListening(333))
        host.dial(second, MODULE, 333, net.now_ns)
        net.wait(2 * WAY_NS)
        assert second.is_refused
        module.events()
        module.ask(TcpSend(-1, b"still there"))
        net.wait(WAY_NS)
        assert first.unread == b"still there"

    def test_a_client_in_the_door_when_it_stops_is_reset(self) -> None:
        net = Net()
        module, script = net.module(), Script()
        module.ask(TcpListen(333))
        net.internet.add_host(HOST).dial(script, MODULE, 333, net.now_ns)
        net.wait(2 * WAY_NS)
        module.ask(TcpStopListening(333))
        net.settle()
        assert module.events() == []
        assert script.is_reset

    def test_a_port_that_it_does_not_listen_at_refuses(self) -> None:
        net = Net()
        script = Script()
        net.module()
        net.internet.add_host(HOST).dial(script, MODULE, 333, net.now_ns)
        net.wait(2 * WAY_NS)
        assert script.is_refused

    def test_it_is_reached_at_every_address_it_has_and_at_none_it_has_not(self) -> None:
        net = Net()
        module = net.module()
        host = net.internet.add_host(HOST)
        host.guest_addresses = lambda: [IPv4Address("192.168.4.2")]
        module.ask(TcpListen(333), SetAddress(Interface.SOFT_AP, SOFT_AP))

        def reached(address: IPv4Address) -> bool:
            host.dial(Script(), address, 333, net.now_ns)
            net.wait(3 * WAY_NS)
            return any(isinstance(event, TcpCame) for event in module.events())

        assert reached(MODULE)
        assert reached(SOFT_AP)
        module.ask(SetAddress(Interface.STATION, None))
        assert not reached(MODULE)
        assert reached(SOFT_AP)
        module.ask(SetAddress(Interface.SOFT_AP, None))
        assert not reached(SOFT_AP)
        module.ask(SetAddress(Interface.STATION, IPv4Address("192.168.1.77")))
        assert reached(IPv4Address("192.168.1.77"))

    def test_a_reset_of_a_client_is_heard(self) -> None:
        net = Net()
        module, script = net.module(), Script()
        module.ask(TcpListen(333))
        end = net.internet.add_host(HOST).dial(script, MODULE, 333, net.now_ns)
        net.wait(3 * WAY_NS)
        module.events()
        end.abort(net.now_ns)
        net.wait(WAY_NS)
        assert module.events() == [TcpEnded(-1, is_reset=True)]


class TestModulesAmongThemselves:
    def test_one_module_reaches_the_other(self) -> None:
        net = Net()
        client, server = net.module(), net.module(IPv4Address("192.168.1.51"))
        server.ask(TcpListen(333))
        client.ask(TcpOpen(1, IPv4Address("192.168.1.51"), 333))
        net.wait(3 * WAY_NS)
        port = client.event(TcpOpened).local_port
        assert server.client() == TcpCame(-1, 333, MODULE, port)
        client.ask(TcpSend(1, b"to the server"))
        server.ask(TcpSend(-1, b"to the client"))
        net.wait(WAY_NS)
        assert server.data(-1) == b"to the server"
        assert client.data(1) == b"to the client"

    def test_a_module_does_not_reach_itself(self) -> None:
        net = Net()
        module = net.module()
        module.ask(TcpListen(333), TcpOpen(1, MODULE, 333))
        net.settle()
        assert module.events() == []


class TestSoftAp:
    """The network of a softAP is an island."""

    PHONE = IPv4Address("192.168.4.2")

    def test_its_stations_reach_its_module_and_nobody_else(self) -> None:
        net = Net()
        module, far = net.module(), net.module(IPv4Address("192.168.1.51"))
        module.ask(SetAddress(Interface.SOFT_AP, SOFT_AP), TcpListen(333))
        far.ask(TcpListen(333))
        phone = net.internet.add_host(self.PHONE)
        for address in (SOFT_AP, MODULE, IPv4Address("192.168.1.51")):
            phone.dial(Script(), address, 333, net.now_ns)
        net.settle()
        assert module.client().address == self.PHONE
        assert far.events() == []

    def test_a_module_without_a_station_address_reaches_its_stations_only(self) -> None:
        net = Net()
        module = net.module(None)
        module.ask(SetAddress(Interface.SOFT_AP, SOFT_AP))
        net.internet.add_host(self.PHONE)
        net.internet.add_host(HOST)
        module.ask(TcpOpen(1, self.PHONE, 80), TcpOpen(2, HOST, 80), Ping(3, HOST))
        net.settle()
        assert module.events() == [TcpFailed(1, TcpFailure.REFUSED)]

    def test_its_stations_see_its_address_and_others_the_station_s(self) -> None:
        net = Net()
        module, near, far = net.module(), Script(), Script()
        module.ask(SetAddress(Interface.SOFT_AP, SOFT_AP))
        net.internet.add_host(self.PHONE).listen(80, lambda: near)
        net.internet.add_host(HOST).listen(80, lambda: far)
        module.ask(TcpOpen(1, self.PHONE, 80), TcpOpen(2, HOST, 80))
        net.wait(3 * WAY_NS)
        assert near.end is not None
        assert near.end.remote[0] == SOFT_AP
        assert far.end is not None
        assert far.end.remote[0] == MODULE

    def test_a_host_that_joins_it_is_reached_by_both_addresses_until_it_leaves(self) -> None:
        net = Net()
        module = net.module()
        host, guests = net.internet.add_host(HOST), [self.PHONE]
        host.guest_addresses = lambda: guests
        host.listen(7, Echo)
        module.ask(SetAddress(Interface.SOFT_AP, SOFT_AP), TcpListen(333))
        module.ask(TcpOpen(1, self.PHONE, 7), TcpOpen(2, HOST, 7))
        host.dial(Script(), SOFT_AP, 333, net.now_ns)
        host.dial(Script(), MODULE, 333, net.now_ns)
        net.wait(3 * WAY_NS)
        events = module.events()
        assert [event.socket for event in events if isinstance(event, TcpOpened)] == [1, 2]
        assert [event.address for event in events if isinstance(event, TcpCame)] == [
            self.PHONE, HOST,
        ]  # fmt: skip
        guests.clear()
        module.ask(TcpOpen(3, self.PHONE, 7))
        host.dial(Script(), SOFT_AP, 333, net.now_ns)
        net.wait(3 * WAY_NS)
        assert module.events() == []

    def test_of_several_with_one_address_the_first_is_reached(self) -> None:
        net = Net()
        first, second = net.module(None), net.module(None)
        for module in (first, second):
            module.ask(SetAddress(Interface.SOFT_AP, SOFT_AP), TcpListen(333))
        net.internet.add_host(self.PHONE).dial(Script(), SOFT_AP, 333, net.now_ns)
        net.wait(3 * WAY_NS)
        assert first.client().address == self.PHONE
        assert second.events() == []

    def test_a_module_that_has_joined_another_s_reaches_that(self) -> None:
        net = Net()
        server, client = net.module(None), net.module(self.PHONE)
        server.ask(SetAddress(Interface.SOFT_AP, SOFT_AP), TcpListen(333))
        client.ask(TcpOpen(1, SOFT_AP, 333))
        net.wait(3 * WAY_NS)
        assert client.event(TcpOpened).socket == 1
        assert server.client().address == self.PHONE


def test_two_hosts_cannot_have_one_address() -> None:
    net = Net()
    net.internet.add_host(HOST)
    with pytest.raises(VirtualError, match=r"^this network has a host 192\.168\.1\.2 already$"):
        net.internet.add_host(HOST)


def test_two_programs_cannot_listen_at_one_port() -> None:
    host = Net().internet.add_host(HOST)
    host.listen(7, Echo)
    with pytest.raises(VirtualError, match=r"^somebody listens at 192\.168\.1\.2:7 already$"):
        host.listen(7, Echo)
