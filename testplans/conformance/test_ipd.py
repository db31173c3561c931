"""+IPD: receive network data (document, section 5.2, command 18)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from hil.at.event import NetworkData
from hil.ports.network_peer import SOURCE_PATTERN, Behaviour, Endpoint
from hil.units import ns_to_seconds

from .link import NEVER_S, RECEIVE_TIMEOUT_S

if TYPE_CHECKING:
    from hil.at.talk import Talk

    from .link import Links

LOCAL_PORT = 3000
DATAGRAM = b"a datagram of twenty"
LONG_STREAM_BYTES = 64 * 1024
# Ends of lines, prompts and records that a reader might stumble over, and every byte there is.
DIFFICULT = (
    b"\r\n+IPD,3:abc\r\nOK\r\n> \r\n0,CLOSED\r\n:" + bytes(range(256)) + b"\0\0\r\nERROR\r\n"
)


@pytest.mark.clause("IPD-01")
def test_a_record_in_single_mode_is_length_and_data(links: Links) -> None:
    connection = links.open_tcp()
    connection.send(b"hello", links.deadline_ns(RECEIVE_TIMEOUT_S))

    assert _all_that_comes(links.talk).endswith(b"+IPD,5:hello")


@pytest.mark.clause("IPD-02")
@pytest.mark.parametrize("link", [0, 2])
def test_a_record_in_multiple_mode_has_the_link_number_before(links: Links, link: int) -> None:
    links.use_many()
    connection = links.open_tcp(link)
    connection.send(b"hello", links.deadline_ns(RECEIVE_TIMEOUT_S))

    assert _all_that_comes(links.talk).endswith(b"+IPD,%d,5:hello" % link)


@pytest.mark.clause("IPD-03")
def test_the_link_number_is_where_the_data_came_from(links: Links) -> None:
    links.use_many()
    connections = {number: links.open_tcp(number) for number in (0, 2, 4)}
    for number, connection in connections.items():
        connection.send(b"of %d" % number, links.deadline_ns(RECEIVE_TIMEOUT_S))

    came = [links.talk.received() for _ in connections]
    assert {record.link_id: record.data for record in came} == {
        number: b"of %d" % number for number in connections
    }


@pytest.mark.clause("IPD-04")
@pytest.mark.parametrize("size", [1, 10, 1460, 1461, 4000, 8000])
def test_the_length_is_how_many_bytes_follow(links: Links, size: int) -> None:
    connection = links.open_tcp()
    data = (SOURCE_PATTERN * (size // len(SOURCE_PATTERN) + 1))[:size]
    connection.send(data, links.deadline_ns(RECEIVE_TIMEOUT_S))

    heard, received = _all_that_comes(links.talk, size), b""
    while heard:
        head = re.match(rb"(?:\r\n)?\+IPD,(\d+):", heard)
        assert head is not None, heard[:40]
        end = head.end() + int(head[1])
        assert end <= len(heard)
        received, heard = received + heard[head.end() : end], heard[end:]
    assert received == data


@pytest.mark.clause("IPD-05")
@pytest.mark.parametrize("link", [None, 1])
def test_the_data_are_unchanged(links: Links, link: int | None) -> None:
    if link is not None:
        links.use_many()
    connection = links.open_tcp(link)
    connection.send(DIFFICULT, links.deadline_ns(RECEIVE_TIMEOUT_S))

    assert links.talk.received_bytes(len(DIFFICULT), link=link) == DIFFICULT
    links.talk.silent(NEVER_S)


@pytest.mark.clause("IPD-06")
def test_data_come_without_being_asked_for(links: Links) -> None:
    connection = links.open_tcp()
    links.talk.silent(1)
    connection.send(b"hello", links.deadline_ns(RECEIVE_TIMEOUT_S))

    assert links.talk.received().data == b"hello"
    links.talk.ok("AT")


@pytest.mark.clause("IPD-07")
def test_a_datagram_comes_the_same_way(links: Links) -> None:
    _send_datagram(links, None)

    assert _all_that_comes(links.talk) in _datagram_records(links, b"20:")


@pytest.mark.clause("IPD-12")
def test_a_datagram_in_multiple_mode_has_the_link_number(links: Links) -> None:
    links.use_many()
    _send_datagram(links, 3)

    assert _all_that_comes(links.talk) in _datagram_records(links, b"3,20:")


@pytest.mark.clause("IPD-08")
@pytest.mark.parametrize("link", [None, 1])
def test_a_record_begins_on_a_new_line(links: Links, link: int | None) -> None:
    if link is not None:
        links.use_many()
    connection = links.open_tcp(link)

    for data in (b"first", b"second"):  # the one behind an answer, the other behind data
        connection.send(data, links.deadline_ns(RECEIVE_TIMEOUT_S))
        assert _all_that_comes(links.talk).startswith(b"\r\n+IPD,")


@pytest.mark.clause("IPD-09")
def test_no_answer_tears_a_record_apart(links: Links) -> None:
    service = links.network.serve(Behaviour.SOURCE)
    links.talk.ok(links.start_call(service.endpoint.port))
    for _ in range(8):
        links.talk.ok("AT")
    links.talk.ok("AT+CIPCLOSE")

    kept = links.talk.at.take_kept(lambda event: isinstance(event, NetworkData))
    received = b"".join(event.data for event in kept if isinstance(event, NetworkData))
    times, rest = divmod(len(received), len(SOURCE_PATTERN))
    assert times > 2
    assert received == SOURCE_PATTERN * times + SOURCE_PATTERN[:rest]


@pytest.mark.clause("IPD-10")
def test_in_passthrough_there_is_no_header(links: Links) -> None:
    links.talk.ok("AT+CIPMODE=1")
    connection = links.open_tcp()
    links.talk.prompt("AT+CIPSEND")
    connection.send(SOURCE_PATTERN, links.deadline_ns(RECEIVE_TIMEOUT_S))
    heard = _all_that_comes(links.talk, len(SOURCE_PATTERN))
    links.leave_passthrough()

    assert heard == SOURCE_PATTERN


@pytest.mark.clause("IPD-11")
def test_a_long_stream_arrives_complete_and_in_order(links: Links) -> None:
    connection = links.open_tcp()
    piece = SOURCE_PATTERN * 64  # what a computer takes at once, whatever the module does
    received = b""
    for _ in range(LONG_STREAM_BYTES // len(piece)):
        connection.send(piece, links.deadline_ns(60))
        received += links.talk.received_bytes(len(piece), timeout_s=60)

    assert received == piece * (LONG_STREAM_BYTES // len(piece))
    links.talk.silent(NEVER_S)


def _all_that_comes(talk: Talk, size: int = 100) -> bytes:
    """Every byte that comes until it is certain that nothing more comes.

    Args:
        talk: With the module.
        size: How many bytes must have time on the line.
    """
    return talk.hear(NEVER_S + 2 * ns_to_seconds(talk.at.line_time_ns(size)))


def _send_datagram(links: Links, link: int | None) -> None:
    """Let a peer send a datagram over a new UDP link."""
    peer = links.network.open_udp()
    links.talk.ok(links.start_call(peer.endpoint.port, link, "UDP", LOCAL_PORT))
    peer.send(DATAGRAM, Endpoint(links.module_address, LOCAL_PORT))


def _datagram_records(links: Links, head: bytes) -> set[bytes]:
    """What the record of the datagram may be; OK behind it is real firmware's (A-68)."""
    record = b"\r\n+IPD," + head + DATAGRAM
    return {record} if links.talk.is_strict else {record, record + b"\r\nOK\r\n"}
