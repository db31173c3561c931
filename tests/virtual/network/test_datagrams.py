"""Datagrams, names and echo requests: what is answered at once, later, and never."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from hil.units import NS_PER_S
from hil.virtual.errors import VirtualError
from hil.virtual.network.message import (
    Interface,
    Ping,
    Ponged,
    Resolve,
    Resolved,
    SetAddress,
    UdpClose,
    UdpFailed,
    UdpOpen,
    UdpOpened,
    UdpReceived,
    UdpSend,
)
from hil.virtual.network.peer import Mailbox
from hil.virtual.network.way import Path

from .module_double import HOST, MODULE, SOFT_AP, WAY_NS, Module, Net

OTHER = IPv4Address("192.168.1.51")


def listening(module: Module, port: int = 3000, socket: int = 1) -> None:
    module.ask(UdpOpen(socket, port))
    module.net.wait(0)
    assert module.events() == [UdpOpened(socket, port)]


class TestDatagrams:
    def test_one_arrives_half_a_round_trip_later_from_the_registered_port(self) -> None:
        net = Net()
        module, box = net.module(), Mailbox()
        net.internet.add_host(HOST).open_udp(2000, box)
        listening(module)
        module.ask(UdpSend(1, b"hello", HOST, 2000))
        net.wait(WAY_NS - 1)
        assert box.datagrams == []
        net.wait(1)
        assert box.datagrams == [(b"hello", MODULE, 3000)]

    def test_one_comes_to_the_module_with_its_sender(self) -> None:
        net = Net()
        module = net.module()
        listening(module)
        net.internet.add_host(HOST).send_udp(2000, b"hello", MODULE, 3000, net.now_ns)
        net.wait(WAY_NS)
        assert module.events() == [UdpReceived(1, b"hello", HOST, 2000)]

    def test_borders_are_kept_and_empty_ones_count(self) -> None:
        net = Net()
        module = net.module()
        listening(module)
        host = net.internet.add_host(HOST)
        for data in (b"a", b"", bytes(2048)):
            host.send_udp(2000, data, MODULE, 3000, net.now_ns)
        net.settle()
        assert [event.data for event in module.events() if isinstance(event, UdpReceived)] == [
            b"a", b"", bytes(2048),
        ]  # fmt: skip

    def test_a_port_may_be_chosen_by_the_network(self) -> None:
        net = Net()
        module = net.module()
        module.ask(UdpOpen(1, 0))
        net.wait(0)
        assert 0xC000 <= module.event(UdpOpened).port <= 0xFFFF

    def test_a_port_is_had_once(self) -> None:
        net = Net()
        module = net.module()
        listening(module)
        module.ask(UdpOpen(2, 3000))
        net.wait(0)
        assert module.events() == [UdpFailed(2)]
        module.ask(UdpClose(1), UdpOpen(3, 3000))
        net.wait(0)
        assert module.events() == [UdpOpened(3, 3000)]

    def test_two_modules_may_have_the_same_port(self) -> None:
        net = Net()
        first, second = net.module(), net.module(OTHER)
        listening(first)
        listening(second)
        first.ask(UdpSend(1, b"to the other", OTHER, 3000))
        net.settle()
        assert first.events() == []
        assert second.events() == [UdpReceived(1, b"to the other", MODULE, 3000)]

    def test_what_goes_to_nobody_is_lost_without_a_word(self) -> None:
        net = Net()
        module = net.module()
        net.internet.add_host(HOST)
        listening(module)
        module.ask(UdpSend(1, b"x", HOST, 2000), UdpSend(1, b"x", OTHER, 2000))
        net.settle()
        assert module.events() == []

    def test_nothing_is_heard_after_closing_or_without_an_address(self) -> None:
        net = Net()
        module = net.module()
        listening(module)
        host = net.internet.add_host(HOST)
        host.send_udp(2000, b"x", MODULE, 3000, net.now_ns)
        module.ask(UdpClose(1))
        net.settle()
        listening(module)
        host.send_udp(2000, b"x", MODULE, 3000, net.now_ns)
        module.ask(SetAddress(Interface.STATION, None))
        net.settle()
        assert module.events() == []

    def test_nothing_is_sent_without_an_address(self) -> None:
        net = Net()
        module, box = net.module(None), Mailbox()
        net.internet.add_host(HOST).open_udp(2000, box)
        listening(module)
        module.ask(UdpSend(1, b"x", HOST, 2000))
        net.settle()
        assert box.datagrams == []

    @pytest.mark.parametrize("address", ["255.255.255.255", "192.168.1.255"])
    def test_a_broadcast_reaches_all_in_the_same_network(self, address: str) -> None:
        net = Net()
        module, other = net.module(), net.module(OTHER)
        other.ask(SetAddress(Interface.SOFT_AP, SOFT_AP))
        near, far = Mailbox(), Mailbox()
        net.internet.add_host(HOST).open_udp(2000, near)
        net.internet.add_host(IPv4Address("10.0.0.1")).open_udp(2000, far)
        listening(module, 2000)
        listening(other, 2000)
        module.ask(UdpSend(1, b"all", IPv4Address(address), 2000))
        net.settle()
        assert near.datagrams == [(b"all", MODULE, 2000)]
        assert other.events() == [UdpReceived(1, b"all", MODULE, 2000)]
        assert far.datagrams == []
        assert module.events() == []

    def test_what_udp_loses_never_comes(self) -> None:
        net = Net(Path(lost_per_mille=500))
        module, box = net.module(), Mailbox()
        net.internet.add_host(HOST).open_udp(2000, box)
        listening(module)
        for number in range(200):
            module.ask(UdpSend(1, b"%d" % number, HOST, 2000))
        net.settle()
        numbers = [int(data) for data, _, _ in box.datagrams]
        assert 60 < len(numbers) < 140
        assert numbers == sorted(numbers)

    def test_two_programs_of_a_host_cannot_have_one_port(self) -> None:
        host = Net().internet.add_host(HOST)
        host.open_udp(53, Mailbox())
        with pytest.raises(VirtualError, match=r"^UDP port 53 of 192\.168\.1\.2 is in use already"):
            host.open_udp(53, Mailbox())


class TestNames:
    def ask(self, name: str, *, has_address: bool = True) -> tuple[int, object]:
        net = Net(None, 1, **{"Host.Test": HOST})
        module = net.module(MODULE if has_address else None)
        module.ask(Resolve(7, name))
        net.settle()
        ((at_ns, event),) = module.heard
        return at_ns, event

    @pytest.mark.parametrize("name", ["host.test", "HOST.test", "host.test."])
    def test_a_name_is_known_after_a_round_trip(self, name: str) -> None:
        assert self.ask(name) == (2 * WAY_NS, Resolved(7, HOST))

    def test_an_unknown_name_has_no_address(self) -> None:
        assert self.ask("nobody.test") == (2 * WAY_NS, Resolved(7, None))

    def test_an_address_is_no_name_and_nobody_is_asked(self) -> None:
        assert self.ask("10.1.2.3") == (0, Resolved(7, IPv4Address("10.1.2.3")))

    def test_without_an_address_nobody_can_be_asked(self) -> None:
        assert self.ask("host.test", has_address=False) == (0, Resolved(7, None))

    def test_names_can_change(self) -> None:
        net = Net()
        module = net.module()
        net.internet.names["late.test"] = HOST
        module.ask(Resolve(1, "late.test"))
        net.settle()
        assert module.events() == [Resolved(1, HOST)]


class TestPing:
    def test_a_host_answers_after_a_round_trip(self) -> None:
        net = Net()
        module = net.module()
        net.internet.add_host(HOST, Path(way_ns=1234))
        net.wait(5 * NS_PER_S)
        module.ask(Ping(3, HOST))
        net.settle()
        assert module.heard == [(5 * NS_PER_S + 2468, Ponged(3, 2468))]

    def test_modules_answer_each_other(self) -> None:
        net = Net()
        module, _ = net.module(), net.module(OTHER)
        module.ask(Ping(1, OTHER))
        net.settle()
        assert module.events() == [Ponged(1, 2 * WAY_NS)]

    def test_nobody_answers_for_an_address_that_nobody_has(self) -> None:
        net = Net()
        module = net.module()
        module.ask(Ping(1, HOST))
        net.settle()
        assert module.events() == []

    def test_nobody_answers_on_a_path_that_is_cut(self) -> None:
        net = Net()
        module = net.module()
        net.internet.add_host(HOST).is_cut = True
        module.ask(Ping(1, HOST))
        net.settle()
        assert module.events() == []

    def test_an_answer_to_the_life_before_is_not_heard(self) -> None:
        net = Net()
        module = net.module()
        net.internet.add_host(HOST)
        module.ask(Ping(1, HOST), Resolve(1, "x"))
        module.side.silence(net.now_ns, is_orderly=True)
        module.ask(SetAddress(Interface.STATION, MODULE))
        net.settle()
        assert module.events() == []
