"""Links, servers, UDP and passthrough against the virtual module, in both dialects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.at import UnsolicitedKind, WifiMode
from hil.at.tcp_result import ConnectionState, Protocol, UdpMode
from hil.errors import CommandFailedError, ModuleRestartedError, NoReplyError
from hil.ports.network_peer import Behaviour, Endpoint, receive_exactly, require_connection

if TYPE_CHECKING:
    from hil.at import AtClient
    from hil.ports.network_peer import TcpConnection
    from hil.rig.rig import Rig

EVERY_BYTE = bytes(range(256))
PORT = 5001


@pytest.fixture(autouse=True)
def joined(virtual_rig: Rig, at: AtClient) -> None:
    at.cwmode_cur(WifiMode.STATION)
    at.cwjap_cur(virtual_rig.access_point.setup.ssid, virtual_rig.access_point.setup.password)


def soon_ns(virtual_rig: Rig) -> int:
    return virtual_rig.clock.now_ns() + 20 * 10**9


def heard(virtual_rig: Rig, connection: TcpConnection, count: int) -> bytes:
    return receive_exactly(connection, count, virtual_rig.clock, soon_ns(virtual_rig))


def is_documented(virtual_rig: Rig) -> bool:
    return virtual_rig.modules[0].description.dialect == "documented"


@pytest.mark.parametrize("is_multiple", [False, True])
def test_link_carries_every_byte_both_ways(
    virtual_rig: Rig, at: AtClient, *, is_multiple: bool
) -> None:
    at.cipmux(is_multiple=is_multiple)
    listener = virtual_rig.network.listen(PORT)
    data = EVERY_BYTE * 20 + b"\r\nOK\r\n+IPD,0,5:> SEND OK\r\n"
    with at.tcp(virtual_rig.network.host_address, PORT) as link:
        assert link.link_id == (0 if is_multiple else None)
        peer = require_connection(listener, virtual_rig.clock, soon_ns(virtual_rig))
        link.send(data)
        assert heard(virtual_rig, peer, len(data)) == data
        peer.send(data, soon_ns(virtual_rig))
        assert link.receive_exactly(len(data)) == data
        assert at.cipstatus().state is ConnectionState.CONNECTED
        (record,) = at.cipstatus().links
        assert (record.protocol, record.remote_port) == (Protocol.TCP, PORT)
    assert not link.is_open
    assert at.cipstatus().links == ()


def test_peer_closes_after_its_last_words(virtual_rig: Rig, at: AtClient) -> None:
    listener = virtual_rig.network.listen(PORT)
    with at.tcp(virtual_rig.network.host_address, PORT) as link:
        peer = require_connection(listener, virtual_rig.clock, soon_ns(virtual_rig))
        peer.send(b"last words", soon_ns(virtual_rig))
        peer.close()
        assert link.receive_exactly(10) == b"last words"
        assert link.receive() == b""
        assert not link.is_open


def test_links_are_kept_apart(virtual_rig: Rig, at: AtClient) -> None:
    at.cipmux(is_multiple=True)
    listener = virtual_rig.network.listen(PORT)
    links, peers = [], []
    for _ in range(3):
        links.append(at.tcp(virtual_rig.network.host_address, PORT))
        peers.append(require_connection(listener, virtual_rig.clock, soon_ns(virtual_rig)))
    assert [link.link_id for link in links] == [0, 1, 2]
    for index, peer in enumerate(peers):
        peer.send(b"for %d" % index, soon_ns(virtual_rig))
    for index in (2, 0, 1):
        assert links[index].receive_exactly(5) == b"for %d" % index
    links[1].close()
    again = at.tcp(virtual_rig.network.host_address, PORT)
    assert again.link_id == 1
    at.cipclose(5)
    at.at()
    assert not any(link.is_open for link in (*links, again))


def test_refused_connection_is_an_error(virtual_rig: Rig, at: AtClient) -> None:
    with pytest.raises(CommandFailedError):
        at.tcp(virtual_rig.network.host_address, 9)


def test_nothing_received_is_an_error_with_the_peer(virtual_rig: Rig, at: AtClient) -> None:
    virtual_rig.network.serve(Behaviour.DISCARD, PORT)
    with (
        at.tcp(virtual_rig.network.host_address, PORT) as link,
        pytest.raises(NoReplyError, match=r"the link with 192\.168\.1\.2:5001: expected data"),
    ):
        link.receive(0.5)


def test_link_is_lost_with_a_restart(virtual_rig: Rig, at: AtClient) -> None:
    virtual_rig.network.serve(Behaviour.DISCARD, PORT)
    link = at.tcp(virtual_rig.network.host_address, PORT)
    at.send(b"AT+RST\r\n")
    if virtual_rig.module(0).description.dialect == "documented":
        with pytest.raises(ModuleRestartedError):
            link.receive(10)
    else:  # it leaves its network, and so ends its links, before it restarts
        assert link.receive(10) == b""
    assert not link.is_open
    link.close()


def test_server_accepts_clients(virtual_rig: Rig, at: AtClient) -> None:
    address = at.cifsr().station_address
    assert address is not None
    with at.server(PORT) as server:
        peers = [
            virtual_rig.network.dial(Endpoint(str(address), PORT), soon_ns(virtual_rig))
            for _ in range(2)
        ]
        peers[1].send(b"early", soon_ns(virtual_rig))
        virtual_rig.clock.sleep(0.1)
        first, second = server.accept(), server.accept()
        assert second.receive_exactly(5) == b"early"
        first.send(b"hello")
        assert heard(virtual_rig, peers[0], 5) == b"hello"
        peers[0].close()
        assert first.receive() == b""
        with pytest.raises(NoReplyError, match="accepting a client at port 5001: expected a line"):
            server.accept(0.5)
        at.cipsto(100)
        assert at.cipsto_query() == 100
    assert not second.is_open
    assert at.cipmux_query()
    at.cipmux(is_multiple=False)


def test_datagrams_go_both_ways(virtual_rig: Rig, at: AtClient) -> None:
    peer = virtual_rig.network.open_udp(PORT)
    with at.udp(
        virtual_rig.network.host_address, PORT, local_port=6001, mode=UdpMode.FIXED
    ) as link:
        link.send(EVERY_BYTE)
        came = peer.receive(soon_ns(virtual_rig))
        assert came is not None
        assert came.data == EVERY_BYTE
        peer.send(b"one", came.source)
        peer.send(b"two", came.source)
        assert link.receive() == b"one"
        assert at.at().is_ok
        assert link.receive() == b"two"


def test_answers_are_right_while_datagrams_pour_in(virtual_rig: Rig, at: AtClient) -> None:
    peer = virtual_rig.network.open_udp(PORT)
    with at.udp(virtual_rig.network.host_address, PORT) as link:
        link.send(b"x")
        came = peer.receive(soon_ns(virtual_rig))
        assert came is not None
        for number in range(10):
            peer.send(b"data %d" % number, came.source)
            assert at.cipmux_query() is False
            assert at.ping(virtual_rig.network.host_address) >= 0
        assert [link.receive() for _ in range(10)] == [b"data %d" % n for n in range(10)]


def test_datagram_to_another_peer(virtual_rig: Rig, at: AtClient) -> None:
    other = virtual_rig.network.open_udp(PORT + 1)
    with at.udp(virtual_rig.network.host_address, PORT) as link:
        link.send(b"there", remote=(virtual_rig.network.host_address, PORT + 1))
        came = other.receive(soon_ns(virtual_rig))
        assert came is not None
        assert came.data == b"there"


def test_passthrough_passes_everything_and_comes_back(virtual_rig: Rig, at: AtClient) -> None:
    listener = virtual_rig.network.listen(PORT)
    text = b"AT+GMR\r\n+IPD,3:OK\r\n\r\nOK\r\n> "
    with at.passthrough(virtual_rig.network.host_address, PORT) as stream:
        peer = require_connection(listener, virtual_rig.clock, soon_ns(virtual_rig))
        stream.send(text + EVERY_BYTE)
        assert heard(virtual_rig, peer, len(text) + 256) == text + EVERY_BYTE
        peer.send(text + EVERY_BYTE, soon_ns(virtual_rig))
        assert stream.receive_exactly(len(text) + 256) == text + EVERY_BYTE
        with pytest.raises(NoReplyError):
            stream.receive(0.2)
    assert at.cipmode_query() is False
    assert at.cipstatus().links == ()


def test_peer_sees_nothing_of_the_way_out_of_passthrough(virtual_rig: Rig, at: AtClient) -> None:
    listener = virtual_rig.network.listen(PORT)
    data = EVERY_BYTE * 12
    with at.passthrough(virtual_rig.network.host_address, PORT) as stream:
        peer = require_connection(listener, virtual_rig.clock, soon_ns(virtual_rig))
        stream.send(data)
    came = b""
    while more := peer.receive(soon_ns(virtual_rig)):
        came += more
    assert came == data


def test_passthrough_comes_back_from_a_failure(virtual_rig: Rig, at: AtClient) -> None:
    virtual_rig.network.serve(Behaviour.SOURCE, PORT)

    def fail_in_passthrough() -> None:
        with at.passthrough(virtual_rig.network.host_address, PORT) as stream:
            stream.receive()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_in_passthrough()
    assert at.at().is_ok
    assert at.cipmode_query() is False


def test_passthrough_that_cannot_connect_leaves_normal_transfer(
    virtual_rig: Rig, at: AtClient
) -> None:
    with pytest.raises(CommandFailedError):
        at.passthrough(virtual_rig.network.host_address, 9)
    assert at.cipmode_query() is False


def test_passthrough_over_udp(virtual_rig: Rig, at: AtClient) -> None:
    peer = virtual_rig.network.open_udp(PORT)
    host = virtual_rig.network.host_address
    with at.passthrough(host, PORT, Protocol.UDP, local_port=6001) as stream:
        stream.send(b"datagram")
        came = peer.receive(soon_ns(virtual_rig))
        assert came is not None
        assert came.data == b"datagram"
        peer.send(b"back", came.source)
        assert stream.receive() == b"back"
    assert at.at().is_ok


def test_stored_passthrough_is_left_and_cancelled(virtual_rig: Rig, at: AtClient) -> None:
    listener = virtual_rig.network.listen(PORT)
    at.cwjap_def(virtual_rig.access_point.setup.ssid, virtual_rig.access_point.setup.password)
    at.cwmode_def(WifiMode.STATION)
    at.savetranslink(virtual_rig.network.host_address, PORT)
    at.command("AT+RST")
    at.wait_for(UnsolicitedKind.READY, 5)
    require_connection(listener, virtual_rig.clock, soon_ns(virtual_rig))
    at.leave_passthrough()
    at.savetranslink_cancel()
    assert at.rst().is_announced


def test_extended_sending_keeps_backslashes(virtual_rig: Rig, at: AtClient) -> None:
    listener = virtual_rig.network.listen(PORT)
    with at.tcp(virtual_rig.network.host_address, PORT):
        peer = require_connection(listener, virtual_rig.clock, soon_ns(virtual_rig))
        for data in (b"plain", b"a\\0b\\\\c\\", b"\\0"):
            at.cipsendex(data)
            assert heard(virtual_rig, peer, len(data)) == data
        at.cipsendex(b"12345", length=5)
        assert heard(virtual_rig, peer, 5) == b"12345"
        assert at.cipsendex_test().is_ok
        assert at.cipsend_test().is_ok


@pytest.mark.parametrize("is_multiple", [False, True])
def test_buffered_sending(virtual_rig: Rig, at: AtClient, *, is_multiple: bool) -> None:
    at.cipmux(is_multiple=is_multiple)
    listener = virtual_rig.network.listen(PORT)
    with at.tcp(virtual_rig.network.host_address, PORT) as link:
        peer = require_connection(listener, virtual_rig.clock, soon_ns(virtual_rig))
        tickets = [at.cipsendbuf(b"segment", link.link_id) for _ in range(3)]
        assert [ticket.number for ticket in tickets] == [1, 2, 3]
        assert heard(virtual_rig, peer, 21) == b"segment" * 3
        virtual_rig.clock.sleep(1)
        assert at.cipcheckseg(3, link.link_id)
        status = at.cipbufstatus(link.link_id)
        assert (status.next_segment, status.delivered_segment) == (4, 3)
        prefix = "0," if is_multiple else ""
        assert at.wait_for(f"{prefix}3,SEND OK", 1).text.endswith("3,SEND OK")
        at.cipbufreset(link.link_id)
        assert at.cipbufstatus(link.link_id).next_segment == 1


def test_addresses_ping_and_test_forms(virtual_rig: Rig, at: AtClient) -> None:
    addresses = at.cifsr()
    assert addresses.station_address == addresses.addresses[0]
    assert addresses.station_mac == at.cipstamac_cur_query()
    assert addresses.softap_address is None
    assert at.ping(virtual_rig.network.host_address) >= 0
    with pytest.raises(CommandFailedError):
        at.ping("192.168.1.77")
    assert len(at.cipstart_test()) == 2
    assert at.cifsr_test().is_ok
    assert at.cipclose_test().is_ok


def test_update_that_fails_tells_how_far_it_came(virtual_rig: Rig, at: AtClient) -> None:
    del virtual_rig
    with pytest.raises(CommandFailedError):
        at.ciupdate()
    assert at.at().is_ok
