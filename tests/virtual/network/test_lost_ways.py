"""What does not arrive: vanished modules, cut paths, lost messages, and who notices when."""

from __future__ import annotations

import pytest

from hil.units import NS_PER_S
from hil.virtual.network.message import (
    Interface,
    SetAddress,
    TcpAcknowledged,
    TcpClose,
    TcpEnded,
    TcpListen,
    TcpOpen,
    TcpReceived,
    TcpSend,
)
from hil.virtual.network.peer import Echo, Script
from hil.virtual.network.tcp import KEEP_ALIVE_PROBES
from hil.virtual.network.way import RETRIES, Path, retry_ns

from .module_double import HOST, MODULE, WAY_NS, Module, Net

OPEN = TcpOpen(1, HOST, 7)
ADDRESS = SetAddress(Interface.STATION, MODULE)
LONGEST_NS = sum(retry_ns(tries) for tries in range(1, RETRIES + 1))


def connected(*, keep_alive_ms: int = 0) -> tuple[Net, Module, Script]:
    net, script = Net(), Script()
    module = net.module()
    net.internet.add_host(HOST).listen(4000, lambda: script)
    module.connect(4000, keep_alive_ms=keep_alive_ms)
    return net, module, script


class TestSilence:
    def test_a_module_that_restarts_in_good_order_ends_its_connections(self) -> None:
        net, module, script = connected()
        module.side.silence(net.now_ns, is_orderly=True)
        net.wait(WAY_NS)
        assert script.has_ended
        assert not script.is_reset
        assert module.events() == []

    def test_what_it_could_not_send_any_more_makes_that_a_reset(self) -> None:
        net, module, script = connected()
        module.ask(TcpSend(1, bytes(100_000)))
        module.side.silence(net.now_ns, is_orderly=True)
        net.settle()
        assert len(script.unread) == 65535
        assert script.is_reset

    def test_a_module_that_loses_its_supply_leaves_a_dead_connection(self) -> None:
        net, module, script = connected()
        module.side.silence(net.now_ns, is_orderly=False)
        net.wait(3600 * NS_PER_S)
        assert not script.has_ended
        assert not script.is_reset

    def test_a_dead_connection_is_noticed_when_the_host_sends_and_nobody_answers(self) -> None:
        net, module, script = connected()
        module.side.silence(net.now_ns, is_orderly=False)
        assert script.end is not None
        script.end.send(b"anybody there?", net.now_ns)
        net.wait(WAY_NS + LONGEST_NS - 1)
        assert not script.is_reset
        net.wait(1)
        assert script.is_reset

    def test_a_dead_connection_is_reset_when_the_module_is_back(self) -> None:
        net, module, script = connected()
        module.side.silence(net.now_ns, is_orderly=False)
        net.wait(10 * NS_PER_S)
        module.ask(ADDRESS)
        assert script.end is not None
        script.end.send(b"remember me?", net.now_ns)
        net.wait(2 * WAY_NS - 1)
        assert not script.is_reset
        net.wait(1)
        assert (script.is_reset, module.events()) == (True, [])

    def test_nothing_of_the_life_before_is_heard(self) -> None:
        net, module, script = connected()
        assert script.end is not None
        script.end.send(b"on its way", net.now_ns)
        module.ask(TcpSend(1, b"to be acknowledged"))
        net.wait(WAY_NS // 2)
        module.side.silence(net.now_ns, is_orderly=False)
        module.ask(ADDRESS)
        net.settle()
        assert module.events() == []

    def test_a_client_in_the_door_of_the_life_before_is_reset(self) -> None:
        net, script = Net(), Script()
        module = net.module()
        module.ask(TcpListen(333))
        net.internet.add_host(HOST).dial(script, MODULE, 333, net.now_ns)
        net.wait(2 * WAY_NS)
        module.side.silence(net.now_ns, is_orderly=False)
        net.wait(NS_PER_S)
        module.ask(ADDRESS, TcpListen(333))
        net.settle()
        assert module.events() == []
        assert script.is_reset

    def test_what_has_left_the_antenna_arrives(self) -> None:
        net, module, script = connected()
        module.ask(TcpSend(1, b"last words"))
        module.side.silence(net.now_ns, is_orderly=False)
        net.settle()
        assert script.unread == b"last words"
        assert not script.has_ended

    @pytest.mark.parametrize("is_orderly", [True, False])
    def test_its_server_is_gone_with_it(self, *, is_orderly: bool) -> None:
        net = Net()
        module, script = net.module(), Script()
        module.ask(TcpListen(333))
        module.side.silence(net.now_ns, is_orderly=is_orderly)
        module.ask(ADDRESS)
        net.internet.add_host(HOST).dial(script, MODULE, 333, net.now_ns)
        net.wait(2 * WAY_NS)
        assert script.is_refused

    @pytest.mark.parametrize("is_orderly", [True, False])
    def test_a_connection_that_was_closing_is_gone_with_it(self, *, is_orderly: bool) -> None:
        net, module, script = connected()
        module.ask(TcpSend(1, bytes(100_000)), TcpClose(1))
        module.side.silence(net.now_ns, is_orderly=is_orderly)
        module.ask(ADDRESS)
        net.settle()
        script.read(65535, net.now_ns)
        net.settle()
        assert script.unread == b""
        assert not script.has_ended


class TestNoAddress:
    def test_what_is_sent_meanwhile_arrives_when_the_address_is_back(self) -> None:
        net, module, script = connected()
        module.ask(SetAddress(Interface.STATION, None), TcpSend(1, b"patience"))
        net.wait(2 * NS_PER_S)
        assert script.unread == b""
        module.ask(ADDRESS)
        net.wait(NS_PER_S + 2 * WAY_NS)
        assert script.unread == b"patience"
        assert module.events() == [TcpAcknowledged(1, 8)]

    def test_it_works_the_other_way_round_too(self) -> None:
        net, module, script = connected()
        module.ask(SetAddress(Interface.STATION, None))
        assert script.end is not None
        script.end.send(b"patience", net.now_ns)
        net.wait(2 * NS_PER_S)
        assert module.events() == []
        module.ask(ADDRESS)
        net.wait(NS_PER_S + 2 * WAY_NS)
        assert module.events() == [TcpReceived(1, b"patience")]
        assert script.end.unacknowledged_bytes == 0

    def test_an_acknowledgement_that_could_not_be_sent_is_made_up_for(self) -> None:
        net, module, _script = connected()
        module.ask(TcpSend(1, b"abc"))
        net.wait(WAY_NS + 1)
        module.ask(SetAddress(Interface.STATION, None))
        net.wait(WAY_NS)
        assert module.events() == []
        module.ask(ADDRESS)
        net.wait(2 * NS_PER_S)
        assert module.events() == [TcpAcknowledged(1, 3)]

    def test_a_module_gives_up_a_connection_on_which_nothing_is_acknowledged(self) -> None:
        net, module, _script = connected()
        module.ask(SetAddress(Interface.STATION, None), TcpSend(1, b"in vain"))
        net.wait(WAY_NS + LONGEST_NS - 1)
        assert module.events() == []
        net.wait(1)
        assert module.events() == [TcpEnded(1, is_reset=True)]


class TestKeepAlive:
    def probes(self, keep_alive_ms: int, wait_ns: int) -> int:
        net, module, script = connected(keep_alive_ms=keep_alive_ms)
        assert script.end is not None
        before = script.end.bare_segments
        net.wait(wait_ns)
        assert module.events() == []
        return script.end.bare_segments - before

    def test_without_it_nothing_is_sent(self) -> None:
        assert self.probes(0, 3600 * NS_PER_S) == 0

    def test_a_silent_connection_is_probed_again_and_again(self) -> None:
        # The answer to each probe is heard a round trip later, and silence begins anew.
        assert self.probes(10_000, 60 * NS_PER_S) == 5
        assert self.probes(500, 10 * NS_PER_S) == 19

    def test_traffic_from_the_host_puts_the_probe_off(self) -> None:
        net, _module, script = connected(keep_alive_ms=5000)
        assert script.end is not None
        for _ in range(10):
            net.wait(4 * NS_PER_S)
            script.end.send(b".", net.now_ns)
            net.wait(2 * WAY_NS)
        # Nine acknowledgements of what came before the last, and one of that.
        assert script.end.bare_segments == 10

    def test_a_cut_path_is_noticed_after_the_last_probe(self) -> None:
        net, script = Net(), Script()
        module = net.module()
        host = net.internet.add_host(HOST)
        host.listen(4000, lambda: script)
        module.connect(4000, keep_alive_ms=2000)
        host.is_cut = True
        # It has heard the last word a round trip after it dialled; three ways have passed.
        net.wait((KEEP_ALIVE_PROBES + 1) * 2 * NS_PER_S - WAY_NS - 1)
        assert module.events() == []
        net.wait(1)
        assert module.events() == [TcpEnded(1, is_reset=True)]
        assert not script.is_reset  # nobody told it

    def test_a_path_that_is_cut_for_a_while_is_not_noticed(self) -> None:
        net, script = Net(), Script()
        module = net.module()
        host = net.internet.add_host(HOST)
        host.listen(4000, lambda: script)
        module.connect(4000, keep_alive_ms=2000)
        host.is_cut = True
        net.wait(10 * NS_PER_S)
        host.is_cut = False
        net.wait(100 * NS_PER_S)
        assert module.events() == []

    def test_a_host_that_does_not_know_the_connection_any_more_resets_it(self) -> None:
        net, module, script = connected(keep_alive_ms=2000)
        assert script.end is not None
        script.end.vanish()
        net.wait(2 * NS_PER_S + WAY_NS)
        assert module.events() == [TcpEnded(1, is_reset=True)]


class TestLoss:
    def test_what_tcp_loses_comes_later_and_in_order(self) -> None:
        net = Net(Path(lost_per_mille=300))
        module = net.module()
        net.internet.add_host(HOST).listen(7, Echo)
        module.side.take(OPEN, 0)
        net.wait(60 * NS_PER_S)
        sent = [bytes([number]) * 100 for number in range(100)]
        for data in sent:
            module.ask(TcpSend(1, data))
        net.settle()
        assert module.data(1) == b"".join(sent)
        assert net.now_ns > 90 * NS_PER_S  # without loss it would have taken some milliseconds

    def test_a_connection_on_which_everything_is_lost_is_reset(self) -> None:
        net, script = Net(), Script()
        module = net.module()
        host = net.internet.add_host(HOST)
        host.listen(4000, lambda: script)
        module.connect(4000)
        net.internet.remove_host(host)
        module.ask(TcpSend(1, b"into the void"))
        net.wait(WAY_NS + LONGEST_NS)
        assert module.events() == [TcpEnded(1, is_reset=True)]

    def test_the_same_seed_loses_the_same(self) -> None:
        def moments(seed: int) -> list[int]:
            net = Net(Path(lost_per_mille=200), seed)
            module = net.module()
            net.internet.add_host(HOST).listen(7, Echo)
            module.side.take(OPEN, 0)
            for _ in range(30):
                module.side.take(TcpSend(1, b"x"), net.now_ns)
                net.wait(NS_PER_S)
            return [at_ns for at_ns, _ in module.heard]

        assert moments(5) == moments(5)
        assert moments(5) != moments(6)
