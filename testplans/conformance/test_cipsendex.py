r"""AT+CIPSENDEX: data that may end early, at the two characters \0 (section 5.2, command 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .sending import EVERY_BYTE

if TYPE_CHECKING:
    from hil.at.talk import Talk

    from .link import Links


@pytest.mark.clause("CIPSENDEX-17", "CIPSENDEX-18")
@pytest.mark.parametrize(
    ("typed", "arrives"),
    [
        (rb"hello\0", b"hello"),
        (rb"0\0", b"0"),
        (b"line\r\n\\0", b"line\r\n"),
        (EVERY_BYTE.replace(b"\\", b"/") + rb"\0", EVERY_BYTE.replace(b"\\", b"/")),
    ],
    ids=["word", "digit", "line", "every-byte"],
)
def test_backslash_and_0_end_the_data(links: Links, typed: bytes, arrives: bytes) -> None:
    peer = links.open_tcp()

    links.talk.prompt("AT+CIPSENDEX=2048")
    links.talk.sent(typed)
    assert links.receive(peer, len(arrives)) == arrives
    assert links.has_received_nothing(peer)
    links.talk.ok("AT")


@pytest.mark.clause("CIPSENDEX-17")
@pytest.mark.parametrize(
    ("begun", "arrives"), [(b"hello\\", b"hello"), (b"a\\\\\\", b"a\\")], ids=["plain", "doubled"]
)
def test_the_end_is_seen_when_it_comes_in_two_pieces(
    links: Links, begun: bytes, arrives: bytes
) -> None:
    peer = links.open_tcp()

    links.talk.prompt("AT+CIPSENDEX=100")
    links.talk.give(begun)
    assert links.has_received_nothing(peer)
    links.talk.sent(b"0")
    assert links.receive(peer, len(arrives)) == arrives


@pytest.mark.clause("CIPSENDEX-19")
@pytest.mark.parametrize(
    ("typed", "arrives"),
    [
        (rb"a\\0b\0", rb"a\0b"),
        (rb"\\0\0", rb"\0"),
        (rb"a\\\0", b"a\\"),
        (rb"\\\\0\0", rb"\\0"),
    ],
)
def test_a_doubled_backslash_stands_for_one(links: Links, typed: bytes, arrives: bytes) -> None:
    peer = links.open_tcp()

    links.talk.prompt("AT+CIPSENDEX=100")
    links.talk.sent(typed)
    assert links.receive(peer, len(arrives)) == arrives


@pytest.mark.clause("CIPSENDEX-20")
def test_the_length_ends_the_data_without_backslash_and_0(links: Links) -> None:
    peer = links.open_tcp()

    links.talk.prompt("AT+CIPSENDEX=5")
    links.talk.sent(b"hello")
    assert links.receive(peer, 5) == b"hello"


@pytest.mark.clause("CIPSENDEX-21")
def test_a_zero_byte_is_data(links: Links) -> None:
    peer = links.open_tcp()

    links.talk.prompt("AT+CIPSENDEX=3")
    links.talk.sent(b"a\0b")
    assert links.receive(peer, 3) == b"a\0b"


@pytest.mark.clause("CIPSENDEX-22")
def test_there_is_neither_a_bare_form_nor_a_query(talk: Talk) -> None:
    talk.refused("AT+CIPSENDEX")
    talk.refused("AT+CIPSENDEX?")


@pytest.mark.clause("CIPSENDEX-22")
def test_passthrough_is_not_entered_by_this_name(links: Links) -> None:
    links.talk.ok("AT+CIPMODE=1")
    peer = links.open_tcp()

    links.talk.refused("AT+CIPSENDEX")
    links.talk.ok("AT+CIPCLOSE")
    links.talk.ok("AT+CIPMODE=0")
    assert links.has_received_nothing(peer)


@pytest.mark.clause("CIPSENDEX-23")
def test_data_end_early_on_a_numbered_link(links: Links) -> None:
    links.use_many()
    first, second = links.open_tcp(0), links.open_tcp(2)

    links.talk.prompt("AT+CIPSENDEX=2,100")
    links.talk.sent(rb"hello\0")
    assert links.receive(second, 5) == b"hello"
    assert links.has_received_nothing(first)
