"""AT+CIPSTART for UDP: local port, and whether the remote end may change (lines 789-792)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.ports.network_peer import Endpoint

from .link import NEVER_S, RECEIVE_TIMEOUT_S, SILENT_ADDRESS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hil.ports.network_peer import UdpPeer

    from .link import Links

LOCAL_PORT = 3000


@pytest.mark.clause("CIPSTART-18")
def test_udp_registers_a_port_without_a_word_from_the_peer(links: Links) -> None:
    peer = links.network.open_udp()
    links.talk.ok(links.start_call(peer.endpoint.port, None, "UDP"))

    assert [each.kind for each in links.status().records] == ["UDP"]
    assert peer.receive(links.deadline_ns(NEVER_S)) is None


@pytest.mark.clause("CIPSTART-18")
def test_udp_asks_nobody_whether_the_peer_is_there(links: Links) -> None:
    links.talk.ok(f'AT+CIPSTART="UDP","{SILENT_ADDRESS}",2000')


@pytest.mark.clause("CIPSTART-18")
def test_several_links_can_do_without_a_local_port(links: Links) -> None:
    links.use_many()
    peer = links.network.open_udp()
    for number in range(2):
        links.talk.ok(links.start_call(peer.endpoint.port, number, "UDP"))

    assert _source_of(links, peer, 0) != _source_of(links, peer, 1)


@pytest.mark.clause("CIPSTART-24")
def test_a_local_port_may_follow_the_remote_port(links: Links) -> None:
    peer = links.network.open_udp()
    links.talk.ok(links.start_call(peer.endpoint.port, None, "UDP", LOCAL_PORT))

    assert _source_of(links, peer) == Endpoint(links.module_address, LOCAL_PORT)


@pytest.mark.clause("CIPSTART-24")
def test_the_module_hears_at_its_local_port_and_no_other(links: Links) -> None:
    peer = links.network.open_udp()
    links.talk.ok(links.start_call(peer.endpoint.port, None, "UDP", LOCAL_PORT))
    address = links.module_address

    peer.send(b"here", Endpoint(address, LOCAL_PORT))
    assert links.talk.received().data == b"here"
    peer.send(b"there", Endpoint(address, LOCAL_PORT + 1))
    links.talk.silent(NEVER_S)


@pytest.mark.clause("CIPSTART-24")
def test_a_local_port_is_1_to_65535(links: Links) -> None:
    peer = links.network.open_udp()
    for port in (1, 65535):
        links.talk.ok(links.start_call(peer.endpoint.port, None, "UDP", port))
        assert _source_of(links, peer).port == port
        links.talk.ok("AT+CIPCLOSE")

    for beyond in (0, 65536):
        links.talk.refused(links.start_call(peer.endpoint.port, None, "UDP", beyond))
        links.talk.refused(links.start_call(peer.endpoint.port, None, "UDP", beyond, 0))
    assert links.status().records == ()


@pytest.mark.clause("CIPSTART-25")
def test_a_mode_may_follow_the_local_port(links: Links) -> None:
    peer = links.network.open_udp()

    for mode in (0, 1, 2):
        links.talk.ok(links.start_call(peer.endpoint.port, None, "UDP", LOCAL_PORT, mode))
        assert _source_of(links, peer).port == LOCAL_PORT
        links.talk.ok("AT+CIPCLOSE")


@pytest.mark.parametrize(
    ("mode", "remote_ends"),
    [
        pytest.param(0, "AAA", marks=pytest.mark.clause("CIPSTART-26")),
        pytest.param(1, "ABB", marks=pytest.mark.clause("CIPSTART-27")),
        pytest.param(2, "ABC", marks=pytest.mark.clause("CIPSTART-28")),
    ],
)
def test_the_mode_says_how_often_the_remote_end_changes(
    links: Links, mode: int, remote_ends: str
) -> None:
    peers = [links.network.open_udp() for _ in range(3)]
    links.talk.ok(links.start_call(peers[0].endpoint.port, None, "UDP", LOCAL_PORT, mode))

    reached = _reached(links, peers)
    for sender in peers[1:]:
        _send(links, sender, b"hello")
        reached += _reached(links, peers)
    assert reached == remote_ends


@pytest.mark.clause("CIPSTART-26")
@pytest.mark.parametrize("local_port", [(), (LOCAL_PORT,)], ids=["chosen", "given"])
def test_without_a_mode_the_remote_end_stays(links: Links, local_port: tuple[int, ...]) -> None:
    peers = [links.network.open_udp() for _ in range(2)]
    links.talk.ok(links.start_call(peers[0].endpoint.port, None, "UDP", *local_port))

    peers[1].send(b"hello", _source_of(links, peers[0]))
    assert links.talk.received_bytes(5) == b"hello"
    assert _reached(links, peers) == "A"


@pytest.mark.clause("CIPSTART-27")
def test_mode_1_waits_for_another_sender_than_the_first_peer(links: Links) -> None:
    peers = [links.network.open_udp() for _ in range(2)]
    links.talk.ok(links.start_call(peers[0].endpoint.port, None, "UDP", LOCAL_PORT, 1))

    _send(links, peers[0], b"no change")
    _send(links, peers[1], b"change")
    assert _reached(links, peers) == "B"


@pytest.mark.clause("CIPSTART-28")
def test_mode_2_comes_back_to_a_peer(links: Links) -> None:
    peers = [links.network.open_udp() for _ in range(2)]
    links.talk.ok(links.start_call(peers[0].endpoint.port, None, "UDP", LOCAL_PORT, 2))

    _send(links, peers[1], b"hello")
    _send(links, peers[0], b"hello")
    assert _reached(links, peers) == "A"


@pytest.mark.clause("CIPSTART-29")
def test_another_mode_is_refused(links: Links) -> None:
    for mode in ("3", "4", "10", "-1", "x", '"0"', "", "0,0"):
        links.talk.refused(f"{links.start_call(2000, None, 'UDP', LOCAL_PORT)},{mode}")

    assert links.status().records == ()


@pytest.mark.clause("CIPSTART-30")
def test_a_mode_needs_a_local_port(links: Links) -> None:
    for mode in (0, 1, 2):
        links.talk.refused(f"{links.start_call(2000, None, 'UDP')},,{mode}")

    assert links.status().records == ()


@pytest.mark.clause("CIPSTART-31")
def test_passthrough_works_with_mode_0(links: Links) -> None:
    peer = links.network.open_udp()
    links.talk.ok("AT+CIPMODE=1")
    links.talk.ok(links.start_call(peer.endpoint.port, None, "UDP", LOCAL_PORT, 0))
    links.talk.prompt("AT+CIPSEND")
    links.talk.raw(b"as it is")
    datagram = peer.receive(links.deadline_ns(RECEIVE_TIMEOUT_S))
    links.leave_passthrough()

    assert datagram is not None
    assert datagram.data == b"as it is"


@pytest.mark.clause("CIPSTART-31")
@pytest.mark.parametrize("mode", [1, 2])
def test_passthrough_is_refused_with_another_mode(links: Links, mode: int) -> None:
    peer = links.network.open_udp()
    links.talk.ok("AT+CIPMODE=1")
    links.talk.ok(links.start_call(peer.endpoint.port, None, "UDP", LOCAL_PORT, mode))

    links.talk.refused("AT+CIPSEND")
    links.talk.ok("AT")
    assert peer.receive(links.deadline_ns(NEVER_S)) is None


@pytest.mark.clause("CIPSTART-42")
def test_multiple_mode_takes_local_port_and_mode_in_the_same_order(links: Links) -> None:
    links.use_many()
    peers = [links.network.open_udp() for _ in range(2)]
    links.talk.ok(links.start_call(peers[0].endpoint.port, 1, "UDP", LOCAL_PORT, 2))

    (record,) = links.status().records
    assert (record.number, record.local_port) == (1, LOCAL_PORT)
    assert _reached(links, peers, 1) == "A"
    _send(links, peers[1], b"hello", 1)
    assert _reached(links, peers, 1) == "B"


def _source_of(links: Links, peer: UdpPeer, link: int | None = None) -> Endpoint:
    """From where a datagram comes that the module sends to a peer."""
    links.send(b"hello", link)
    datagram = peer.receive(links.deadline_ns(RECEIVE_TIMEOUT_S))
    assert datagram is not None
    assert datagram.data == b"hello"
    return datagram.source


def _send(links: Links, peer: UdpPeer, data: bytes, link: int | None = None) -> None:
    """Let a peer send a datagram to the module's local port, and the module receive it."""
    peer.send(data, Endpoint(links.module_address, LOCAL_PORT))
    assert links.talk.received_bytes(len(data), link=link) == data


def _reached(links: Links, peers: Sequence[UdpPeer], link: int | None = None) -> str:
    """Which of the peers A, B, C a datagram of the module reaches."""
    links.send(b"hello", link)
    deadline_ns = links.deadline_ns(NEVER_S)
    return "".join(
        name for name, peer in zip("ABC", peers, strict=False) if peer.receive(deadline_ns)
    )
