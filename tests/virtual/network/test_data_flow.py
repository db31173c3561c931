"""Data on a connection: order, windows, acknowledgements, and the ways in which it ends."""

from __future__ import annotations

import pytest

from hil.units import NS_PER_MS, NS_PER_S
from hil.virtual.errors import VirtualError
from hil.virtual.network.message import (
    TCP_WINDOW_BYTES,
    TcpAbort,
    TcpAcknowledged,
    TcpClose,
    TcpEnded,
    TcpReceived,
    TcpSend,
    TcpTake,
)
from hil.virtual.network.peer import PATTERN, Echo, Resetting, Script, Sink, SlowReader, Source

from .module_double import HOST, WAY_NS, Module, Net


def connected(script: Script, **settings: int) -> tuple[Net, Module]:
    """A module that is connected with a program of the test."""
    net = Net()
    module = net.module()
    net.internet.add_host(HOST).listen(4000, lambda: script, **settings)
    module.connect(4000)
    assert script.end is not None
    return net, module


class TestSending:
    def test_bytes_arrive_half_a_round_trip_later_and_are_acknowledged_after_a_whole_one(
        self,
    ) -> None:
        script = Script()
        net, module = connected(script)
        module.ask(TcpSend(1, b"abc"))
        net.wait(WAY_NS - 1)
        assert script.unread == b""
        net.wait(1)
        assert script.unread == b"abc"
        net.wait(WAY_NS - 1)
        assert module.events() == []
        net.wait(1)
        assert module.events() == [TcpAcknowledged(1, 3)]

    def test_what_is_sent_at_once_arrives_in_one_piece(self) -> None:
        sizes: list[int] = []

        class Measuring(Script):
            def received(self, end, data, now_ns):  # type: ignore[no-untyped-def]
                sizes.append(len(data))
                super().received(end, data, now_ns)

        net, module = connected(Measuring())
        module.ask(TcpSend(1, bytes(2048)), TcpSend(1, b"x"))
        net.settle()
        assert sizes == [2048, 1]

    def test_a_delayed_acknowledgement_comes_that_much_later_for_all_that_has_come(self) -> None:
        script = Script()
        net, module = connected(script, acknowledgement_delay_ns=200 * NS_PER_MS)
        module.ask(TcpSend(1, b"abc"))
        net.wait(100 * NS_PER_MS)
        module.ask(TcpSend(1, b"defg"))
        net.wait(120 * NS_PER_MS - 1)
        assert module.events() == []
        net.wait(1)
        assert module.events() == [TcpAcknowledged(1, 7)]

    def test_a_host_may_withhold_acknowledgements_until_it_is_told(self) -> None:
        script = Script()
        net, module = connected(script)
        assert script.end is not None
        script.end.holds_acknowledgements = True
        module.ask(TcpSend(1, b"abc"), TcpSend(1, b"de"))
        net.wait(3600 * NS_PER_S)
        assert script.unread == b"abcde"
        assert module.events() == []
        script.end.release(net.now_ns)
        net.wait(WAY_NS)
        assert module.acknowledged(1) == 5
        module.ask(TcpSend(1, b"f"))
        net.wait(2 * WAY_NS)
        assert module.acknowledged(1) == 1

    def test_a_program_that_reads_nothing_stops_the_module_at_its_window(self) -> None:
        script = Script()
        net, module = connected(script, window_bytes=3000)
        for _ in range(3):
            module.ask(TcpSend(1, bytes(2048)))
        net.settle()
        assert len(script.unread) == 3000
        assert module.acknowledged(1) == 3000
        assert script.read(2000, net.now_ns) == bytes(2000)
        net.settle()
        assert len(script.unread) == 3000
        assert module.acknowledged(1) == 2000

    def test_a_few_bytes_read_do_not_open_the_window(self) -> None:
        script = Script()
        net, module = connected(script, window_bytes=3000)
        module.ask(TcpSend(1, bytes(4000)))
        net.settle()
        script.read(1459, net.now_ns)
        net.settle()
        assert len(script.unread) == 3000 - 1459
        script.read(1, net.now_ns)
        net.settle()
        assert len(script.unread) == 4000 - 1460

    def test_a_slow_reader_gets_everything_in_its_own_time(self) -> None:
        net = Net()
        module = net.module()
        reader = SlowReader(net.internet.agenda, bite_bytes=500, interval_ns=100 * NS_PER_MS)
        net.internet.add_host(HOST).listen(9, lambda: reader, window_bytes=1000)
        module.connect(9)
        module.ask(TcpSend(1, bytes(10_000)), TcpClose(1))
        begin_ns = net.now_ns
        net.settle()
        assert reader.received_bytes == 10_000
        assert net.now_ns - begin_ns >= 20 * 100 * NS_PER_MS

    def test_a_module_cannot_take_what_it_has_not_received(self) -> None:
        _net, module = connected(Script())
        with pytest.raises(
            VirtualError,
            match=r"^5 bytes taken from 192\.168\.1\.2:4000, but only 0 were received and not tak",
        ):
            module.ask(TcpTake(1, 5))


class TestReceiving:
    def test_no_more_than_the_window_comes_before_the_module_takes_it(self) -> None:
        script = Script()
        net, module = connected(script)
        module.takes = False
        assert script.end is not None
        script.end.send(bytes(20_000), net.now_ns)
        net.settle()
        sizes = [len(event.data) for event in module.events() if isinstance(event, TcpReceived)]
        assert sizes == [1460, 1460, 1460, 1460]
        assert sum(sizes) == TCP_WINDOW_BYTES
        module.ask(TcpTake(1, 1460))
        net.settle()
        assert len(module.data(1)) == 1460
        module.ask(TcpTake(1, 5840))
        net.settle()
        assert len(module.data(1)) == 5840

    def test_a_window_opens_half_a_round_trip_after_it_was_taken_and_fills_after_a_whole_one(
        self,
    ) -> None:
        script = Script()
        net, module = connected(script)
        module.takes = False
        assert script.end is not None
        script.end.send(bytes(5840 + 10), net.now_ns)
        net.settle()
        module.events()
        module.ask(TcpTake(1, 5840))
        net.wait(2 * WAY_NS - 1)
        assert module.events() == []
        net.wait(1)
        assert module.data(1) == bytes(10)

    def test_a_source_sends_as_fast_as_the_window_allows(self) -> None:
        net = Net()
        module = net.module()
        source = Source()
        net.internet.add_host(HOST).listen(19, lambda: source)
        module.connect(19)
        begin_ns = net.now_ns
        net.wait(10 * NS_PER_S - 2 * WAY_NS)
        data = module.data(1)
        assert data == (PATTERN * (len(data) // 256 + 1))[: len(data)]
        # One window in each round trip; the first one came with the end of the handshake.
        assert len(data) == TCP_WINDOW_BYTES * (net.now_ns - begin_ns) // (2 * WAY_NS)

    def test_a_source_of_a_certain_length_ends_behind_it(self) -> None:
        net = Net()
        module = net.module()
        net.internet.add_host(HOST).listen(19, lambda: Source(10_001, pattern=b"0123456789"))
        module.connect(19)
        net.settle()
        *pieces, ended = module.events()
        data = b"".join(event.data for event in pieces if isinstance(event, TcpReceived))
        assert data == b"0123456789" * 1000 + b"0"
        assert ended == TcpEnded(1, is_reset=False)

    def test_an_echo_gives_everything_back(self) -> None:
        net = Net()
        module = net.module()
        net.internet.add_host(HOST).listen(7, Echo)
        module.connect(7)
        sent = bytes(range(256)) * 400
        module.ask(TcpSend(1, sent))
        net.settle()
        assert module.data(1) == sent

    def test_an_echo_whose_words_do_not_get_away_stops_reading(self) -> None:
        net = Net()
        module = net.module()
        net.internet.add_host(HOST).listen(7, Echo, window_bytes=4000)
        module.connect(7)
        module.takes = False
        module.ask(TcpSend(1, bytes(100_000)))
        net.settle()
        events = module.events()
        assert sum(len(event.data) for event in events if isinstance(event, TcpReceived)) == 5840
        taken = sum(event.count for event in events if isinstance(event, TcpAcknowledged))
        assert 20_000 < taken < 40_000
        module.takes = True
        module.ask(TcpTake(1, 5840))
        net.settle()
        assert len(module.data(1)) == 100_000 - 5840


class TestEnding:
    def test_a_connection_that_the_module_closes_ends_at_the_host_behind_its_data(self) -> None:
        script = Script()
        net, module = connected(script)
        module.ask(TcpSend(1, b"last words"), TcpClose(1))
        net.wait(WAY_NS)
        assert script.unread == b"last words"
        assert script.has_ended
        assert not script.is_reset
        net.settle()
        assert module.events() == []

    def test_the_end_waits_for_the_window(self) -> None:
        script = Script()
        net, module = connected(script, window_bytes=1000)
        module.ask(TcpSend(1, bytes(1500)), TcpClose(1))
        net.settle()
        assert not script.has_ended
        script.read(1000, net.now_ns)
        net.settle()
        assert len(script.unread) == 500
        assert script.has_ended

    def test_what_a_host_sends_to_a_connection_that_was_closed_is_answered_by_a_reset(self) -> None:
        script = Script()
        net, module = connected(script)
        module.ask(TcpClose(1))
        net.wait(WAY_NS)
        assert script.end is not None
        script.end.send(b"too late", net.now_ns)
        net.settle()
        assert script.is_reset
        assert module.events() == []

    def test_closing_with_unread_data_resets(self) -> None:
        script = Script()
        net, module = connected(script)
        module.takes = False
        assert script.end is not None
        script.end.send(b"unread", net.now_ns)
        net.wait(WAY_NS)
        module.ask(TcpClose(1))
        net.wait(WAY_NS)
        assert script.is_reset

    def test_an_abort_resets_and_what_was_sent_before_arrives_first(self) -> None:
        script = Script()
        net, module = connected(script)
        module.ask(TcpSend(1, b"sent"), TcpAbort(1))
        net.wait(WAY_NS)
        assert script.unread == b"sent"
        assert script.is_reset
        net.settle()
        assert module.events() == []

    def test_a_connection_that_the_host_ends_is_gone_behind_its_data(self) -> None:
        script = Script()
        net, module = connected(script)
        assert script.end is not None
        script.end.send(b"bye", net.now_ns)
        script.end.finish(net.now_ns)
        net.wait(WAY_NS)
        assert module.events() == [TcpReceived(1, b"bye"), TcpEnded(1, is_reset=False)]
        net.wait(WAY_NS)
        assert script.has_ended  # the module's stack ends its side by itself
        module.ask(TcpSend(1, b"to nobody"))
        net.settle()
        assert module.events() == []

    def test_what_was_sent_before_the_end_was_known_still_arrives(self) -> None:
        script = Script()
        net, module = connected(script)
        assert script.end is not None
        script.end.finish(net.now_ns)
        module.ask(TcpSend(1, b"crossing"))
        net.settle()
        assert script.unread == b"crossing"
        assert module.events() == [TcpEnded(1, is_reset=False)]

    def test_a_reset_is_heard_and_nothing_is_acknowledged_any_more(self) -> None:
        net = Net()
        module = net.module()
        net.internet.add_host(HOST).listen(9, lambda: Resetting(after_bytes=3))
        module.connect(9)
        module.ask(TcpSend(1, b"ab"), TcpSend(1, b"cd"))
        net.settle()
        assert module.events() == [TcpAcknowledged(1, 2), TcpEnded(1, is_reset=True)]

    def test_connections_do_not_disturb_each_other(self) -> None:
        net = Net()
        module = net.module()
        host = net.internet.add_host(HOST)
        scripts = {port: Script() for port in (4000, 4001, 4002)}
        for port, script in scripts.items():
            host.listen(port, lambda script=script: script)  # type: ignore[misc]
            module.connect(port, socket=port - 3999)
        module.ask(TcpSend(1, b"one"), TcpSend(2, b"two"), TcpClose(1))
        net.wait(WAY_NS)
        assert [bytes(script.unread) for script in scripts.values()] == [b"one", b"two", b""]
        assert [script.has_ended for script in scripts.values()] == [True, False, False]

    def test_a_sink_ends_when_the_module_does(self) -> None:
        net = Net()
        module = net.module()
        sink = Sink()
        net.internet.add_host(HOST).listen(9, lambda: sink)
        module.connect(9)
        module.ask(TcpSend(1, bytes(10)), TcpClose(1))
        net.settle()
        assert sink.received_bytes == 10
        assert net.internet.agenda.next_deadline_ns() is None
