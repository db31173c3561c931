"""AT+CIPSEND= and AT+CIPSENDEX=: data of a known length (section 5.2, commands 3 and 4).

What both have in common; what only AT+CIPSENDEX does stands in test_cipsendex.py, datagrams stand
in test_cipsend_datagram.py and passthrough in test_passthrough.py.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from hil.at.talk import OK
from hil.spec.spelling import spelling

from .segment import NARROW_BYTES, Segments
from .sending import EVERY_BYTE, LONGEST_BYTES, NO_BACKSLASH, each_command, send_until_stuck

if TYPE_CHECKING:
    from hil.at.talk import Talk

    from .link import Links

NOT_SENT = spelling("not-sent")
LOST_S = 0.5
BLANK_S = 0.01
PROMPT = rb"\r\n(?:OK\r\n(?:\r\n)?)?> ?"
STRICT_PROMPT = rb"\r\nOK\r\n> "
"""The choice made for the document (A-50)."""


@each_command(1)
def test_the_test_form_answers_ok(talk: Talk, command: str) -> None:
    talk.ok(f"{command}=?")
    talk.ok("AT+CIPMUX=1")
    talk.ok(f"{command}=?")


@each_command(2)
def test_in_single_mode_the_length_is_enough(links: Links, command: str) -> None:
    peer = links.open_tcp()

    links.talk.prompt(f"{command}=4")
    links.talk.sent(b"abcd")
    assert links.receive(peer, 4) == b"abcd"


@each_command(3)
def test_in_multiple_mode_link_and_length_are_given(links: Links, command: str) -> None:
    links.use_many()
    first, second = links.open_tcp(0), links.open_tcp(1)

    links.talk.prompt(f"{command}=1,4")
    links.talk.sent(b"abcd")
    assert links.receive(second, 4) == b"abcd"
    assert links.has_received_nothing(first)


@each_command(4)
def test_in_multiple_mode_the_link_must_be_given(links: Links, command: str) -> None:
    links.use_many()
    peer = links.open_tcp(0)

    links.talk.refused(f"{command}=4")
    links.talk.refused(f"{command}=0")
    assert links.has_received_nothing(peer)


@each_command(7)
def test_the_prompt_begins_a_line(links: Links, command: str) -> None:
    links.open_tcp()

    links.talk.raw(f"{command}=4\r\n".encode())
    heard = links.talk.hear_until(rb">", 3.0) + links.talk.hear(BLANK_S)
    assert re.fullmatch(STRICT_PROMPT if links.talk.is_strict else PROMPT, heard)
    links.talk.sent(b"abcd")


@each_command(8)
def test_nothing_is_sent_before_all_has_come(links: Links, command: str) -> None:
    peer = links.open_tcp()

    links.talk.prompt(f"{command}=10")
    links.talk.give(b"123456789")
    assert links.has_received_nothing(peer, 1.0)
    links.talk.sent(b"0")
    assert links.receive(peer, 10) == b"1234567890"


@each_command(9)
def test_send_ok_comes_when_the_peer_has_confirmed(links: Links, command: str) -> None:
    peer, count = send_until_stuck(links, command)

    assert links.receive(peer, count) == bytes(count)
    links.talk.hear_until(rb"\r\nSEND OK\r\n", 10.0)


@each_command(10)
def test_without_a_link_there_is_no_prompt(talk: Talk, command: str) -> None:
    talk.refused(f"{command}=4")
    talk.ok("AT+CIPMUX=1")
    talk.refused(f"{command}=0,4")
    talk.ok("AT")


@each_command(10)
def test_a_link_that_was_closed_is_none(links: Links, command: str) -> None:
    links.use_many()
    links.open_tcp(0)
    links.open_tcp(1)
    links.talk.ok("AT+CIPCLOSE=1")

    links.talk.refused(f"{command}=1,4")
    links.talk.prompt(f"{command}=0,4")
    links.talk.sent(b"abcd")


@each_command(11)
def test_a_link_lost_behind_the_prompt_ends_in_error(links: Links, command: str) -> None:
    peer = links.open_tcp()

    links.talk.prompt(f"{command}=4")
    peer.reset()
    links.talk.hear(LOST_S)
    links.talk.data(b"abcd").must_be(NOT_SENT)
    assert b"SEND OK" not in links.talk.hear(LOST_S)
    links.talk.refused(f"{command}=4")


@each_command(11)
def test_a_link_lost_while_data_are_on_their_way_ends_in_error(links: Links, command: str) -> None:
    peer, _ = send_until_stuck(links, command)

    peer.reset()
    heard = links.talk.hear_until(rb"(?:ERROR|SEND FAIL)\r\n", 10.0) + links.talk.hear(LOST_S)
    assert b"SEND OK" not in heard


@each_command(12)
def test_2048_bytes_are_the_most(links: Links, command: str) -> None:
    peer = links.open_tcp()
    data = NO_BACKSLASH * 8
    assert len(data) == LONGEST_BYTES

    links.talk.prompt(f"{command}=2048")
    links.talk.sent(data)
    assert links.receive(peer, LONGEST_BYTES) == data


@each_command(13)
def test_2049_bytes_are_refused(links: Links, command: str) -> None:
    peer = links.open_tcp()

    for length in (2049, 4096, 65536, 4294967297):
        links.talk.refused(f"{command}={length}")
    assert links.has_received_nothing(peer)


@each_command(13)
def test_2049_bytes_are_refused_in_multiple_mode(links: Links, command: str) -> None:
    links.use_many()
    peer = links.open_tcp(2)

    links.talk.refused(f"{command}=2,2049")
    links.talk.prompt(f"{command}=2,2048")
    links.talk.sent(NO_BACKSLASH * 8)
    assert links.receive(peer, LONGEST_BYTES) == NO_BACKSLASH * 8


@each_command(14)
def test_one_byte_is_the_least(links: Links, command: str) -> None:
    peer = links.open_tcp()

    for length in ("0", "", "-1", "x", "4x", "1.5", '"4"', "0x10"):
        links.talk.refused(f"{command}={length}")
    links.talk.prompt(f"{command}=1")
    links.talk.sent(b"a")
    assert links.receive(peer, 1) == b"a"


@each_command(15)
def test_links_0_to_4_are_legal(links: Links, command: str) -> None:
    links.use_many()
    peers = [links.open_tcp(link) for link in range(5)]

    for link in (5, 6, 255):
        links.talk.refused(f"{command}={link},4")
    links.talk.refused(f"{command}=-1,4")
    for link, peer in enumerate(peers):
        links.talk.prompt(f"{command}={link},4")
        links.talk.sent(b"to-%d" % link)
        assert links.receive(peer, 4) == b"to-%d" % link


@each_command(16)
def test_behind_send_ok_commands_are_taken(links: Links, command: str) -> None:
    peer = links.open_tcp()

    links.talk.prompt(f"{command}=4")
    links.talk.sent(b"abcd")
    links.talk.ok("AT")
    links.talk.expect("AT+CIPMODE?", "+CIPMODE:0", OK)
    assert links.receive(peer, 4) == b"abcd"


@pytest.mark.clause("CIPSEND-17")
def test_every_byte_arrives_unchanged(links: Links) -> None:
    peer = links.open_tcp()

    links.talk.prompt("AT+CIPSEND=256")
    links.talk.sent(EVERY_BYTE)
    assert links.receive(peer, 256) == EVERY_BYTE


@pytest.mark.clause("CIPSEND-17")
def test_what_would_end_something_elsewhere_is_data(links: Links) -> None:
    peer = links.open_tcp()

    for data in (b"\\0", b"AT\r\n", b"\x1a\x03", b"\r\n+IPD,3:abc"):
        links.talk.prompt(f"AT+CIPSEND={len(data)}")
        links.talk.sent(data)
        assert links.receive(peer, len(data)) == data


@pytest.mark.clause("CIPSEND-33")
def test_there_is_no_query_form(talk: Talk) -> None:
    talk.refused("AT+CIPSEND?")


@pytest.mark.clause("CIPSEND-34")
def test_in_single_mode_a_link_is_refused(links: Links) -> None:
    peer = links.open_tcp()

    links.talk.refused("AT+CIPSEND=0,4")
    links.talk.refused("AT+CIPSEND=1,4")
    assert links.has_received_nothing(peer)


@pytest.mark.parametrize(
    "command",
    [
        pytest.param("AT+CIPSEND", marks=pytest.mark.clause("CIPSEND-36")),
        pytest.param("AT+CIPSENDEX", marks=pytest.mark.clause("CIPSENDEX-24")),
    ],
)
def test_while_segments_wait_it_is_refused(links: Links, command: str) -> None:
    segments = Segments(links, window_bytes=NARROW_BYTES)
    stuck = segments.wait_stuck()

    links.talk.refused(f"{command}=4")
    links.receive(segments.peer, 512 * stuck)
    segments.await_report(stuck)
    links.talk.prompt(f"{command}=4")
    links.talk.sent(b"abcd")
    assert links.receive(segments.peer, 4) == b"abcd"
