"""What every network does for a module. A new one is one more entry in `IMPLEMENTATIONS`."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import TYPE_CHECKING

import pytest

from hil.errors import PeerError
from hil.ports.network_peer import Behaviour, Ending, Endpoint, receive_exactly
from hil.virtual.network.message import (
    TCP_WINDOW_BYTES,
    Interface,
    Ping,
    Ponged,
    Resolve,
    Resolved,
    SetAddress,
    TcpAbort,
    TcpAcknowledged,
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
    TcpTake,
    UdpClose,
    UdpFailed,
    UdpOpen,
    UdpOpened,
    UdpReceived,
    UdpSend,
)

from .network_end import ADDRESS, HOST, IMPLEMENTATIONS, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hil.ports.network_peer import TcpConnection
    from hil.virtual.outside import OutsideEvent

    from .network_end import Module

EVERY_BYTE = bytes(range(256))


@pytest.fixture(params=IMPLEMENTATIONS)
def module(request: pytest.FixtureRequest) -> Iterator[Module]:
    with IMPLEMENTATIONS[request.param]() as module:
        yield module


def heard_at(module: Module, connection: TcpConnection, count: int) -> bytes:
    return receive_exactly(connection, count, module.peers.clock, module.soon_ns())


def ending_at(module: Module, connection: TcpConnection) -> Ending | None:
    """How a connection ends of which nothing more is to be received."""
    assert connection.receive(module.soon_ns()) == b""
    return connection.ending


def data_in(events: list[OutsideEvent]) -> list[TcpReceived]:
    return [event for event in events if isinstance(event, TcpReceived)]


class TestConnecting:
    def test_the_peer_sees_the_port_that_the_module_is_told(self, module: Module) -> None:
        listener = module.peers.listen()
        module.ask(TcpOpen(5, HOST, listener.endpoint.port))
        opened = module.hear(TcpOpened)
        connection = listener.accept(module.soon_ns())
        assert connection is not None
        assert opened == TcpOpened(5, connection.remote.port)
        assert connection.local == listener.endpoint

    def test_a_port_without_a_listener_refuses(self, module: Module) -> None:
        module.ask(TcpOpen(1, HOST, free_port()))
        assert module.hear(TcpFailed) == TcpFailed(1, TcpFailure.REFUSED)

    def test_without_an_address_nothing_is_reachable(self, module: Module) -> None:
        port = module.peers.listen().endpoint.port
        module.ask(SetAddress(Interface.STATION, None), TcpOpen(1, HOST, port))
        assert module.hear(TcpFailed) == TcpFailed(1, TcpFailure.UNREACHABLE)

    @pytest.mark.parametrize("request_", [TcpAbort(1), TcpClose(1)])
    def test_an_attempt_can_be_given_up(
        self, module: Module, request_: TcpAbort | TcpClose
    ) -> None:
        module.ask(TcpOpen(1, HOST, free_port()), request_)
        assert module.events_so_far() == []

    def test_a_number_can_be_used_again_at_once(self, module: Module) -> None:
        module.connect(1)
        module.ask(TcpClose(1))
        second = module.connect(1)
        module.ask(TcpSend(1, b"second"))
        assert heard_at(module, second, 6) == b"second"

    def test_many_at_once_do_not_disturb_each_other(self, module: Module) -> None:
        connections = {number: module.connect(number) for number in range(1, 6)}
        for number in connections:
            module.ask(TcpSend(number, b"%d" % number * 100))
        for number, connection in connections.items():
            assert heard_at(module, connection, 100) == b"%d" % number * 100


class TestData:
    def test_every_byte_passes_both_ways(self, module: Module) -> None:
        connection = module.connect()
        module.ask(TcpSend(1, EVERY_BYTE))
        assert heard_at(module, connection, 256) == EVERY_BYTE
        connection.send(EVERY_BYTE, module.soon_ns())
        assert module.receive(1, 256) == EVERY_BYTE

    def test_what_is_sent_is_acknowledged_byte_for_byte(self, module: Module) -> None:
        connection = module.connect()
        for size in (1, 2048, 7):
            module.ask(TcpSend(1, bytes(size)))
        module.await_acknowledged(2056)
        assert heard_at(module, connection, 2056) == bytes(2056)

    def test_a_peer_that_does_not_read_stops_the_acknowledgements(self, module: Module) -> None:
        connection = module.connect(window_bytes=4096)
        for _ in range(500):
            module.ask(TcpSend(1, bytes(2048)))
        events = module.events_so_far()
        acknowledged = sum(event.count for event in events if isinstance(event, TcpAcknowledged))
        assert 0 < acknowledged < 500 * 2048
        assert len(heard_at(module, connection, 500 * 2048)) == 500 * 2048
        module.await_acknowledged(500 * 2048 - acknowledged)

    def test_no_more_than_a_window_comes_before_the_module_takes_it(self, module: Module) -> None:
        connection = module.connect()
        module.takes = False
        connection.send(EVERY_BYTE * 40, module.soon_ns())
        data = module.receive(1, TCP_WINDOW_BYTES)
        assert data == (EVERY_BYTE * 23)[:TCP_WINDOW_BYTES]
        assert module.events_so_far() == []
        module.takes = True
        module.ask(TcpTake(1, TCP_WINDOW_BYTES))
        assert data + module.receive(1, 10240 - TCP_WINDOW_BYTES) == EVERY_BYTE * 40

    def test_no_more_comes_than_the_module_has_taken(self, module: Module) -> None:
        connection = module.connect()
        module.takes = False
        connection.send(bytes(20_000), module.soon_ns())
        taken = 0
        received = len(module.receive(1, TCP_WINDOW_BYTES))
        for count in (1000, 1, 2000, 839, 2000):
            module.ask(TcpTake(1, count))
            taken += count
            received += sum(len(each.data) for each in data_in(module.events_so_far()))
            assert received - taken <= TCP_WINDOW_BYTES
        assert received > TCP_WINDOW_BYTES

    def test_no_piece_is_longer_than_a_segment(self, module: Module) -> None:
        connection = module.connect()
        connection.send(bytes(20_000), module.soon_ns())
        total = 0
        while total < 20_000:
            size = len(module.hear(TcpReceived).data)
            assert size <= 1460
            total += size

    def test_an_echo_gives_everything_back_in_order(self, module: Module) -> None:
        service = module.peers.serve(Behaviour.ECHO)
        module.ask(TcpOpen(1, HOST, service.endpoint.port))
        module.hear(TcpOpened)
        sent = b"".join(b"%06d" % number for number in range(20_000))
        for start in range(0, len(sent), 2048):
            module.ask(TcpSend(1, sent[start : start + 2048]))
        assert module.receive(1, len(sent)) == sent


class TestEnding:
    def test_what_the_module_closes_ends_behind_its_data(self, module: Module) -> None:
        connection = module.connect()
        module.ask(TcpSend(1, b"last words"), TcpClose(1))
        assert heard_at(module, connection, 10) == b"last words"
        assert ending_at(module, connection) is Ending.FINISHED
        assert TcpEnded(1, is_reset=False) not in module.events_so_far()

    def test_closing_waits_for_a_peer_that_does_not_read(self, module: Module) -> None:
        connection = module.connect(window_bytes=4096)
        for _ in range(100):
            module.ask(TcpSend(1, bytes(2048)))
        module.ask(TcpClose(1))
        assert len(heard_at(module, connection, 204_800)) == 204_800
        assert ending_at(module, connection) is Ending.FINISHED

    def test_what_the_module_aborts_is_reset(self, module: Module) -> None:
        connection = module.connect()
        module.ask(TcpAbort(1))
        assert ending_at(module, connection) is Ending.RESET
        assert module.events_so_far() == []

    def test_what_the_peer_ends_is_gone_behind_its_data(self, module: Module) -> None:
        connection = module.connect()
        connection.send(b"bye", module.soon_ns())
        connection.close()
        assert module.receive(1, 3) == b"bye"
        assert module.hear(TcpEnded) == TcpEnded(1, is_reset=False)
        module.ask(TcpSend(1, b"to nobody"), TcpClose(1))
        assert module.events_so_far() == []

    def test_a_peer_that_sends_nothing_more_sees_the_module_end_too(self, module: Module) -> None:
        connection = module.connect()
        connection.finish()
        assert module.hear(TcpEnded) == TcpEnded(1, is_reset=False)
        assert ending_at(module, connection) is Ending.FINISHED

    def test_what_the_peer_breaks_off_is_reset(self, module: Module) -> None:
        connection = module.connect()
        connection.reset()
        assert module.hear(TcpEnded) == TcpEnded(1, is_reset=True)
        assert module.events_so_far() == []

    def test_a_module_that_restarts_in_good_order_ends_its_connections(
        self, module: Module
    ) -> None:
        connection = module.connect()
        module.driver.silence(is_orderly=True)
        assert ending_at(module, connection) is Ending.FINISHED

    def test_a_module_that_vanishes_leaves_a_dead_connection(self, module: Module) -> None:
        connection = module.connect()
        module.driver.silence(is_orderly=False)
        assert connection.receive(module.shortly_ns()) == b""
        connection.send(b"anybody there?", module.soon_ns())
        assert connection.receive(module.shortly_ns()) == b""
        assert connection.ending is None
        module.ask(ADDRESS)
        assert ending_at(module, connection) is Ending.RESET
        assert module.events_so_far() == []


class TestServer:
    @pytest.fixture
    def port(self, module: Module) -> int:
        port = free_port()
        module.ask(TcpListen(port))
        module.events_so_far()
        return port

    def test_clients_come_and_get_numbers(self, module: Module, port: int) -> None:
        for number in (-1, -2, -3):
            client = module.dial(port)
            came = module.hear(TcpCame)
            assert came == TcpCame(number, port, HOST, client.local.port)

    def test_data_pass_both_ways(self, module: Module, port: int) -> None:
        client = module.dial(port)
        client.send(b"hello", module.soon_ns())
        assert module.hear(TcpCame).socket == -1
        assert module.receive(-1, 5) == b"hello"
        module.ask(TcpSend(-1, b"world"))
        assert heard_at(module, client, 5) == b"world"

    def test_listening_twice_changes_nothing(self, module: Module, port: int) -> None:
        module.ask(TcpListen(port))
        assert module.events_so_far() == []
        module.dial(port)
        assert module.hear(TcpCame).local_port == port
        module.ask(TcpStopListening(port))
        module.events_so_far()
        with pytest.raises(PeerError, match="Connection refused"):
            module.dial(port)

    def test_a_client_can_be_turned_away(self, module: Module, port: int) -> None:
        client = module.dial(port)
        module.ask(TcpAbort(module.hear(TcpCame).socket))
        assert ending_at(module, client) is Ending.RESET

    def test_nobody_comes_after_it_has_stopped_and_who_has_come_stays(
        self, module: Module, port: int
    ) -> None:
        client = module.dial(port)
        number = module.hear(TcpCame).socket
        module.ask(TcpStopListening(port))
        module.events_so_far()
        with pytest.raises(PeerError, match="Connection refused"):
            module.dial(port)
        module.ask(TcpSend(number, b"still there"))
        assert heard_at(module, client, 11) == b"still there"

    def test_nobody_comes_without_an_address_and_again_with_one(
        self, module: Module, port: int
    ) -> None:
        module.ask(SetAddress(Interface.STATION, None), Resolve(1, "fence"))
        module.hear(Resolved)  # what was asked before has happened
        target = Endpoint(module.driver.server_address, port)
        with pytest.raises(PeerError):
            module.peers.dial(target, module.shortly_ns())
        module.ask(ADDRESS)
        module.events_so_far()
        module.dial(port)
        assert module.hear(TcpCame).local_port == port

    def test_it_is_gone_when_the_module_falls_silent(self, module: Module, port: int) -> None:
        module.driver.silence(is_orderly=True)
        module.ask(ADDRESS)
        module.events_so_far()
        with pytest.raises(PeerError, match="Connection refused"):
            module.dial(port)


class TestDatagrams:
    def test_they_pass_both_ways_with_their_senders(self, module: Module) -> None:
        peer = module.peers.open_udp()
        module.ask(UdpOpen(1, 0))
        port = module.hear(UdpOpened).port
        module.ask(UdpSend(1, EVERY_BYTE, HOST, peer.endpoint.port))
        datagram = peer.receive(module.soon_ns())
        assert datagram is not None
        assert datagram.data == EVERY_BYTE
        assert datagram.source == Endpoint(module.driver.server_address, port)
        peer.send(b"", datagram.source)
        peer.send(b"answer", datagram.source)
        assert module.hear(UdpReceived) == UdpReceived(1, b"", HOST, peer.endpoint.port)
        assert module.hear(UdpReceived) == UdpReceived(1, b"answer", HOST, peer.endpoint.port)

    def test_a_port_is_had_once_and_given_back(self, module: Module) -> None:
        module.ask(UdpOpen(1, 0))
        port = module.hear(UdpOpened).port
        module.ask(UdpOpen(2, port))
        assert module.hear(UdpFailed) == UdpFailed(2)
        module.ask(UdpClose(1), UdpOpen(3, port))
        assert module.hear(UdpOpened) == UdpOpened(3, port)

    def test_what_was_sent_before_closing_arrives(self, module: Module) -> None:
        peer = module.peers.open_udp()
        module.ask(UdpOpen(1, 0), UdpSend(1, b"last", HOST, peer.endpoint.port), UdpClose(1))
        datagram = peer.receive(module.soon_ns())
        assert datagram is not None
        assert datagram.data == b"last"

    def test_nothing_is_sent_or_heard_without_an_address(self, module: Module) -> None:
        peer = module.peers.open_udp()
        module.ask(UdpOpen(1, 0))
        port = module.hear(UdpOpened).port
        module.ask(SetAddress(Interface.STATION, None))
        module.ask(UdpSend(1, b"lost", HOST, peer.endpoint.port), ADDRESS)
        assert peer.receive(module.shortly_ns()) is None
        module.ask(SetAddress(Interface.STATION, None), Resolve(1, "fence"))
        module.hear(Resolved)  # what was asked before has happened
        peer.send(b"lost", Endpoint(module.driver.server_address, port))
        assert peer.receive(module.shortly_ns()) is None
        module.ask(ADDRESS)
        assert module.events_so_far() == []


class TestNamesAndEchoRequests:
    @pytest.mark.parametrize("name", ["host.test", "HOST.TEST", "host.test."])
    def test_a_name_of_the_table_is_known(self, module: Module, name: str) -> None:
        module.ask(Resolve(3, name))
        assert module.hear(Resolved) == Resolved(3, HOST)

    def test_another_name_is_not(self, module: Module) -> None:
        module.ask(Resolve(3, "nobody.test"))
        assert module.hear(Resolved) == Resolved(3, None)

    def test_an_address_stands_for_itself(self, module: Module) -> None:
        module.ask(Resolve(3, "10.1.2.3"))
        assert module.hear(Resolved) == Resolved(3, IPv4Address("10.1.2.3"))

    def test_without_an_address_nobody_can_be_asked(self, module: Module) -> None:
        module.ask(SetAddress(Interface.STATION, None), Resolve(3, "host.test"), Ping(1, HOST))
        assert module.hear(Resolved) == Resolved(3, None)
        module.ask(ADDRESS)
        assert module.events_so_far() == []

    def test_nobody_in_the_network_of_a_soft_ap_can_be_asked(self, module: Module) -> None:
        soft_ap = SetAddress(Interface.SOFT_AP, IPv4Address("192.168.4.1"))
        module.ask(SetAddress(Interface.STATION, None), soft_ap, Resolve(3, "host.test"))
        assert module.hear(Resolved) == Resolved(3, None)
        module.ask(ADDRESS, Resolve(4, "host.test"))
        assert module.hear(Resolved) == Resolved(4, HOST)

    def test_the_host_answers_echo_requests(self, module: Module) -> None:
        module.ask(Ping(8, HOST))
        ponged = module.hear(Ponged)
        assert ponged.query == 8
        assert ponged.duration_ns > 0

    def test_nobody_answers_for_an_address_that_nobody_has(self, module: Module) -> None:
        module.ask(Ping(8, IPv4Address("192.168.1.99")))
        assert module.events_so_far() == []
