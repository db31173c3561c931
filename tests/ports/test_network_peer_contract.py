"""What all network peers do, simulated ones and sockets, at the other end of a module."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.errors import PeerError
from hil.ports.clock import deadline_ns
from hil.ports.network_peer import (
    SOURCE_PATTERN,
    Behaviour,
    Datagram,
    Ending,
    Endpoint,
    receive_exactly,
    require_connection,
)
from hil.virtual.network.message import (
    TcpAbort,
    TcpCame,
    TcpClose,
    TcpEnded,
    TcpListen,
    TcpOpen,
    TcpOpened,
    TcpReceived,
    TcpSend,
    UdpOpen,
    UdpOpened,
    UdpSend,
)
from tests.drive.network_end import HOST, IMPLEMENTATIONS, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hil.ports.network_peer import NetworkPeers
    from tests.drive.network_end import Module


@pytest.fixture(params=IMPLEMENTATIONS)
def module(request: pytest.FixtureRequest) -> Iterator[Module]:
    with IMPLEMENTATIONS[request.param]() as module:
        yield module


@pytest.fixture
def peers(module: Module) -> NetworkPeers:
    return module.peers


class TestListener:
    def test_nobody_comes_by_the_deadline(self, module: Module, peers: NetworkPeers) -> None:
        listener = peers.listen()
        until_ns = module.shortly_ns()
        assert listener.accept(until_ns) is None
        assert peers.clock.now_ns() >= until_ns

    def test_a_deadline_in_the_past_looks_once(self, module: Module, peers: NetworkPeers) -> None:
        listener = peers.listen()
        assert listener.accept(0) is None
        module.ask(TcpOpen(1, HOST, listener.endpoint.port))
        module.hear(TcpOpened)
        module.events_so_far()
        assert listener.accept(0) is not None

    def test_connections_are_accepted_in_the_order_in_which_they_came(
        self, module: Module, peers: NetworkPeers
    ) -> None:
        listener = peers.listen()
        ports = []
        for number in (1, 2, 3):
            module.ask(TcpOpen(number, HOST, listener.endpoint.port))
            ports.append(module.hear(TcpOpened).local_port)
        accepted = [require_connection(listener, peers.clock, module.soon_ns()) for _ in range(3)]
        assert [connection.remote.port for connection in accepted] == ports

    def test_nobody_is_accepted_after_it_was_closed_and_who_came_before_stays(
        self, module: Module, peers: NetworkPeers
    ) -> None:
        listener = peers.listen()
        module.ask(TcpOpen(1, HOST, listener.endpoint.port))
        module.hear(TcpOpened)
        connection = require_connection(listener, peers.clock, module.soon_ns())
        listener.close()
        listener.close()
        module.ask(TcpSend(1, b"still there"))
        assert receive_exactly(connection, 11, peers.clock, module.soon_ns()) == b"still there"

    def test_a_port_is_had_once_and_can_be_had_again(self, peers: NetworkPeers) -> None:
        first = peers.listen()
        port = first.endpoint.port
        with pytest.raises(PeerError) as caught:
            peers.listen(port)
        assert str(caught.value) == (
            f"cannot listen at {peers.host_address}:{port}: Address already in use. Choose another "
            "port; 0 picks a free one"
        )
        first.close()
        second = peers.listen(port)
        first.close()  # once more takes nothing from the second
        with pytest.raises(PeerError):
            peers.listen(second.endpoint.port)

    def test_a_module_that_should_come_and_does_not_is_an_error(
        self, module: Module, peers: NetworkPeers
    ) -> None:
        listener = peers.listen()
        with pytest.raises(PeerError) as caught:
            require_connection(listener, peers.clock, module.shortly_ns())
        text = str(caught.value)
        assert text.startswith(
            f"cannot accept a connection at {listener.endpoint}: the module did not connect within "
        )
        assert text.endswith("Check that it has an address and dials this one")


class TestConnection:
    def test_it_waits_for_the_first_byte_and_not_for_the_deadline(
        self, module: Module, peers: NetworkPeers
    ) -> None:
        connection = module.connect()
        module.ask(TcpSend(1, b"x"))
        until_ns = module.soon_ns()
        assert connection.receive(until_ns) == b"x"
        assert peers.clock.now_ns() < until_ns

    def test_nothing_comes_by_the_deadline(self, module: Module, peers: NetworkPeers) -> None:
        connection = module.connect()
        until_ns = module.shortly_ns()
        assert connection.receive(until_ns) == b""
        assert peers.clock.now_ns() >= until_ns
        assert connection.ending is None

    def test_what_was_not_received_before_the_end_is_received_after_it(
        self, module: Module, peers: NetworkPeers
    ) -> None:
        connection = module.connect()
        module.ask(TcpSend(1, b"unread"), TcpClose(1))
        module.events_so_far()
        assert connection.ending is None
        assert connection.receive(module.soon_ns()) == b"unread"
        assert connection.receive(module.soon_ns()) == b""
        assert connection.ending is Ending.FINISHED

    def test_half_closed_it_still_receives(self, module: Module, peers: NetworkPeers) -> None:
        port = free_port()
        module.ask(TcpListen(port))
        module.events_so_far()
        connection = module.dial(port)
        module.ask(TcpSend(module.hear(TcpCame).socket, b"crossing"))
        connection.finish()
        assert receive_exactly(connection, 8, peers.clock, module.soon_ns()) == b"crossing"

    def test_sending_to_a_module_that_does_not_read_ends_at_the_deadline(
        self, module: Module, peers: NetworkPeers
    ) -> None:
        connection = module.connect()
        module.takes = False
        count = 20_000_000
        with pytest.raises(PeerError) as caught:
            connection.send(bytes(count), module.shortly_ns())
        text = str(caught.value)
        assert text.startswith(f"cannot send {count} bytes to {connection.remote}: only ")
        assert " were taken within " in text

    def test_sending_over_a_connection_that_broke_off_fails(
        self, module: Module, peers: NetworkPeers
    ) -> None:
        connection = module.connect()
        module.ask(TcpAbort(1))
        assert connection.receive(module.soon_ns()) == b""
        assert connection.ending is Ending.RESET
        with pytest.raises(PeerError, match="cannot send 1 bytes to "):
            connection.send(b"x", module.soon_ns())

    def test_a_closed_one_receives_nothing_and_can_be_closed_again(
        self, module: Module, peers: NetworkPeers
    ) -> None:
        connection = module.connect()
        connection.close()
        connection.close()
        connection.reset()
        connection.finish()
        assert connection.receive(module.soon_ns()) == b""
        assert module.hear(TcpEnded) == TcpEnded(1, is_reset=False)

    def test_closing_with_something_unread_is_a_reset(
        self, module: Module, peers: NetworkPeers
    ) -> None:
        connection = module.connect()
        module.ask(TcpSend(1, b"unread"))
        module.await_acknowledged(6)
        module.events_so_far()
        connection.close()
        assert module.hear(TcpEnded) == TcpEnded(1, is_reset=True)

    def test_segments_without_data_are_counted(self, module: Module, peers: NetworkPeers) -> None:
        connection = module.connect()
        before = connection.bare_segments
        connection.send(b"to be acknowledged", module.soon_ns())
        module.receive(1, 18)
        module.events_so_far()
        assert connection.bare_segments > before

    def test_too_few_bytes_are_an_error_that_has_them(
        self, module: Module, peers: NetworkPeers
    ) -> None:
        connection = module.connect()
        module.ask(TcpSend(1, b"abc"), TcpClose(1))
        with pytest.raises(PeerError) as caught:
            receive_exactly(connection, 10, peers.clock, module.soon_ns())
        text = str(caught.value)
        assert text.startswith(
            f"cannot receive 10 bytes from {connection.remote}: 3 bytes came within "
        )
        assert text.endswith("; the module has closed it. Check what the module was told to send")
        assert caught.value.received == b"abc"

    def test_too_many_bytes_are_an_error_too(self, module: Module, peers: NetworkPeers) -> None:
        connection = module.connect()
        module.ask(TcpSend(1, b"abc"))
        with pytest.raises(PeerError, match=r"^cannot receive 2 bytes from .*: 3 bytes came"):
            receive_exactly(connection, 2, peers.clock, module.soon_ns())


class TestDialling:
    def test_a_server_that_is_not_there_refuses(self, module: Module, peers: NetworkPeers) -> None:
        target = Endpoint(module.driver.server_address, free_port())
        with pytest.raises(PeerError) as caught:
            peers.dial(target, module.soon_ns())
        assert str(caught.value) == (
            f"cannot connect to {target}: Connection refused. Check that the module's server runs "
            "and which port it has"
        )

    def test_an_address_that_is_none_is_refused(self, module: Module, peers: NetworkPeers) -> None:
        with pytest.raises(PeerError, match=r"^cannot connect to 192\.168\.1\.500:80: "):
            peers.dial(Endpoint("192.168.1.500", 80), module.soon_ns())


class TestService:
    def test_an_echo_serves_several_connections(self, module: Module, peers: NetworkPeers) -> None:
        service = peers.serve(Behaviour.ECHO)
        for number in (1, 2):
            module.ask(TcpOpen(number, HOST, service.endpoint.port))
            module.hear(TcpOpened)
            module.ask(TcpSend(number, b"call"))
            assert module.receive(number, 4) == b"call"
        assert service.connections == 2
        assert service.received_bytes == 8

    def test_what_is_discarded_is_counted(self, module: Module, peers: NetworkPeers) -> None:
        service = peers.serve(Behaviour.DISCARD)
        module.ask(TcpOpen(1, HOST, service.endpoint.port))
        module.hear(TcpOpened)
        for _ in range(200):
            module.ask(TcpSend(1, bytes(2048)))
        module.ask(TcpClose(1))
        until_ns = module.soon_ns()
        while service.received_bytes < 200 * 2048 and peers.clock.now_ns() < until_ns:
            module.events_so_far()
        assert service.received_bytes == 200 * 2048

    def test_a_source_repeats_its_pattern(self, module: Module, peers: NetworkPeers) -> None:
        service = peers.serve(Behaviour.SOURCE)
        module.ask(TcpOpen(1, HOST, service.endpoint.port))
        module.hear(TcpOpened)
        data = b""
        while len(data) < 100_000:
            data += module.hear(TcpReceived).data
        assert data == (SOURCE_PATTERN * (len(data) // 256 + 1))[: len(data)]
        module.ask(TcpAbort(1))

    def test_closing_ends_its_connections(self, module: Module, peers: NetworkPeers) -> None:
        service = peers.serve(Behaviour.ECHO)
        module.ask(TcpOpen(1, HOST, service.endpoint.port), TcpOpen(2, HOST, service.endpoint.port))
        module.hear(TcpOpened)
        module.hear(TcpOpened)
        module.ask(TcpSend(1, b"x"), TcpSend(2, b"x"))  # it has accepted both when it answers
        module.hear(TcpReceived)
        module.hear(TcpReceived)
        service.close()
        service.close()
        assert {module.hear(TcpEnded).socket, module.hear(TcpEnded).socket} == {1, 2}
        peers.listen(service.endpoint.port)


class TestUdp:
    def test_nothing_comes_by_the_deadline(self, module: Module, peers: NetworkPeers) -> None:
        peer = peers.open_udp()
        until_ns = module.shortly_ns()
        assert peer.receive(until_ns) is None
        assert peers.clock.now_ns() >= until_ns

    def test_datagrams_keep_their_borders_and_their_order(
        self, module: Module, peers: NetworkPeers
    ) -> None:
        peer = peers.open_udp()
        module.ask(UdpOpen(1, 0))
        source = Endpoint(module.driver.server_address, module.hear(UdpOpened).port)
        for data in (b"one", b"", bytes(2048)):
            module.ask(UdpSend(1, data, HOST, peer.endpoint.port))
        for data in (b"one", b"", bytes(2048)):
            assert peer.receive(module.soon_ns()) == Datagram(data, source)

    def test_a_port_is_had_once_and_can_be_had_again(self, peers: NetworkPeers) -> None:
        peer = peers.open_udp()
        port = peer.endpoint.port
        with pytest.raises(PeerError) as caught:
            peers.open_udp(port)
        assert str(caught.value) == (
            f"cannot open UDP port {peers.host_address}:{port}: Address already in use. Choose "
            "another port; 0 picks a free one"
        )
        peer.close()
        peer.close()
        peers.open_udp(port)

    def test_a_datagram_to_no_address_is_refused(self, peers: NetworkPeers) -> None:
        with pytest.raises(PeerError, match=r"^cannot send a datagram of 1 bytes to nowhere!:7: "):
            peers.open_udp().send(b"x", Endpoint("nowhere!", 7))


def test_all_that_was_opened_is_closed_with_the_peers(module: Module, peers: NetworkPeers) -> None:
    listener = peers.listen()
    port = listener.endpoint.port
    udp_port = peers.open_udp().endpoint.port
    module.ask(TcpOpen(1, HOST, port))
    module.hear(TcpOpened)
    require_connection(listener, peers.clock, module.soon_ns())
    peers.close()
    peers.close()
    assert module.hear(TcpEnded).socket == 1
    peers.listen(port)
    peers.open_udp(udp_port)


def test_a_clock_goes_on_while_they_wait(module: Module, peers: NetworkPeers) -> None:
    until_ns = deadline_ns(peers.clock, 0.01)
    peers.listen().accept(until_ns)
    assert peers.clock.now_ns() >= until_ns
