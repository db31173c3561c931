"""AT+CIPSEND= and AT+CIPSENDEX= over UDP: a destination may be given (section 5.2, line 804)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.at.talk import OK

from .sending import each_command

if TYPE_CHECKING:
    from hil.ports.network_peer import UdpPeer

    from .link import Links

LOCAL_PORT = 3000
ARRIVAL_S = 2.0
ABSENCE_S = 0.5


def _open_udp(links: Links, peer: UdpPeer, link: int | None = None) -> None:
    """Open a UDP link whose remote end does not change: UDP mode 0 (line 792)."""
    call = links.start_call(peer.endpoint.port, link, "UDP")
    links.talk.ok(f"{call},{LOCAL_PORT},0")


def _receive(links: Links, peer: UdpPeer, timeout_s: float = ARRIVAL_S) -> bytes | None:
    datagram = peer.receive(links.deadline_ns(timeout_s))
    return None if datagram is None else datagram.data


def _send(links: Links, call: str, data: bytes) -> None:
    links.talk.prompt(call)
    links.talk.sent(data)


@each_command(5)
@pytest.mark.needs("udp-peer")
def test_a_destination_may_be_given(links: Links, command: str) -> None:
    first, second = links.network.open_udp(), links.network.open_udp()
    _open_udp(links, first)

    _send(links, f'{command}=4,"{links.host}",{second.endpoint.port}', b"abcd")
    assert _receive(links, second) == b"abcd"
    assert _receive(links, first, ABSENCE_S) is None


@each_command(5)
@pytest.mark.needs("udp-peer")
def test_without_a_destination_the_remote_end_gets_it(links: Links, command: str) -> None:
    peer = links.network.open_udp()
    _open_udp(links, peer)

    _send(links, f"{command}=4", b"abcd")
    datagram = peer.receive(links.deadline_ns(ARRIVAL_S))
    assert datagram is not None
    assert datagram.data == b"abcd"
    assert datagram.source.port == LOCAL_PORT


@each_command(5)
@pytest.mark.parametrize(
    "destination",
    ['"HOST",0', '"HOST",65536', '"HOST"', ",PORT", '"300.1.1.1",PORT', "HOST,PORT", '"",PORT'],
)
def test_a_destination_must_be_whole(links: Links, command: str, destination: str) -> None:
    first, second = links.network.open_udp(), links.network.open_udp()
    _open_udp(links, first)
    given = destination.replace("HOST", links.host).replace("PORT", str(second.endpoint.port))

    links.talk.refused(f"{command}=4,{given}")
    _send(links, f"{command}=4", b"abcd")
    assert _receive(links, first) == b"abcd"
    assert _receive(links, second, ABSENCE_S) is None


@each_command(6)
@pytest.mark.needs("udp-peer")
def test_a_destination_may_be_given_in_multiple_mode(links: Links, command: str) -> None:
    first, second = links.network.open_udp(), links.network.open_udp()
    links.use_many()
    _open_udp(links, first, 1)

    _send(links, f'{command}=1,4,"{links.host}",{second.endpoint.port}', b"abcd")
    assert _receive(links, second) == b"abcd"
    _send(links, f"{command}=1,4", b"efgh")
    assert _receive(links, first) == b"efgh"


@pytest.mark.clause("CIPSEND-18")
def test_a_destination_holds_for_its_datagram_alone(links: Links) -> None:
    first, second = links.network.open_udp(), links.network.open_udp()
    _open_udp(links, first)

    _send(links, f'AT+CIPSEND=4,"{links.host}",{second.endpoint.port}', b"abcd")
    assert _receive(links, second) == b"abcd"
    _send(links, "AT+CIPSEND=4", b"efgh")
    assert _receive(links, first) == b"efgh"
    assert _receive(links, second, ABSENCE_S) is None


@pytest.mark.clause("CIPSEND-35")
def test_a_destination_does_not_lead_a_tcp_link_astray(links: Links) -> None:
    peer, other = links.open_tcp(), links.network.open_udp()
    listener = links.network.listen()

    for port in (other.endpoint.port, listener.endpoint.port):
        answer = links.talk.say_for_prompt(f'AT+CIPSEND=4,"{links.host}",{port}')
        if answer.lines[-1] == ">":
            links.talk.sent(b"abcd")
            assert links.receive(peer, 4) == b"abcd"
        else:
            assert answer.lines[-1] == "ERROR"
    assert _receive(links, other, ABSENCE_S) is None
    assert listener.accept(links.deadline_ns(ABSENCE_S)) is None
    links.talk.expect("AT+CIPMUX?", "+CIPMUX:0", OK)
    assert peer.ending is None
