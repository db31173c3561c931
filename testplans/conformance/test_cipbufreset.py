"""AT+CIPBUFRESET: count segments from 1 again (section 5.2, command 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .segment import NARROW_BYTES, Segments

if TYPE_CHECKING:
    from hil.at.talk import Talk

    from .link import Links


@pytest.mark.clause("CIPBUFRESET-01")
def test_in_single_mode_it_takes_nothing(links: Links) -> None:
    Segments(links).deliver(b"ab", b"cd")

    links.talk.ok("AT+CIPBUFRESET")


@pytest.mark.clause("CIPBUFRESET-02")
def test_in_multiple_mode_it_takes_the_link(links: Links) -> None:
    links.use_many()
    segments = Segments(links, 1)
    segments.deliver(b"ab", b"cd")

    links.talk.ok("AT+CIPBUFRESET=1")
    segments.deliver(b"ef")


@pytest.mark.clause("CIPBUFRESET-03")
def test_afterwards_segments_are_counted_from_1(links: Links) -> None:
    segments = Segments(links)
    segments.deliver(*[b"ab"] * 5)
    assert segments.status()[:3] == (6, 5, 5)

    links.talk.ok("AT+CIPBUFRESET")
    assert segments.status()[:3] == (1, 0, 0)
    segments.deliver(b"cd", b"ef")


@pytest.mark.clause("CIPBUFRESET-03")
def test_what_was_counted_before_is_forgotten(links: Links) -> None:
    segments = Segments(links)
    segments.deliver(b"ab", b"cd", b"ef")
    name = segments.check_name()

    links.talk.ok("AT+CIPBUFRESET")
    links.talk.refused(segments.check_call(3, name))
    segments.deliver(b"gh")
    links.talk.expect(segments.check_call(1, name), "1,TRUE", "OK")
    links.talk.refused(segments.check_call(2, name))


@pytest.mark.clause("CIPBUFRESET-04")
def test_without_a_link_it_is_refused(talk: Talk) -> None:
    talk.refused("AT+CIPBUFRESET")
    talk.ok("AT+CIPMUX=1")
    for link in range(5):
        talk.refused(f"AT+CIPBUFRESET={link}")


@pytest.mark.clause("CIPBUFRESET-04")
def test_behind_a_link_that_has_ended_it_is_refused(links: Links) -> None:
    Segments(links).deliver(b"ab")
    links.talk.ok("AT+CIPCLOSE")

    links.talk.refused("AT+CIPBUFRESET")


@pytest.mark.clause("CIPBUFRESET-05")
def test_while_data_wait_it_is_refused(links: Links) -> None:
    segments = Segments(links, window_bytes=NARROW_BYTES)
    stuck = segments.wait_stuck()
    before = segments.status()

    links.talk.refused("AT+CIPBUFRESET")
    assert segments.status() == before
    links.receive(segments.peer, 512 * stuck)
    segments.await_report(stuck)
    links.talk.ok("AT+CIPBUFRESET")


@pytest.mark.clause("CIPBUFRESET-06")
def test_only_the_link_that_is_named_is_reset(links: Links) -> None:
    links.use_many()
    first, second = Segments(links, 0), Segments(links, 1)
    first.deliver(b"ab", b"cd")
    second.deliver(b"ef", b"gh", b"ij")

    links.talk.ok("AT+CIPBUFRESET=0")
    first.deliver(b"kl")
    second.write(b"mn", "4,3")
    second.await_report(4)


@pytest.mark.clause("CIPBUFRESET-07")
def test_links_0_to_4_are_legal(links: Links) -> None:
    links.use_many()
    for link in range(5):
        links.open_tcp(link)

    for other in ("5", "6", "255", "-1", "x", "", "0,1"):
        links.talk.refused(f"AT+CIPBUFRESET={other}")
    for link in range(5):
        links.talk.ok(f"AT+CIPBUFRESET={link}")


@pytest.mark.clause("CIPBUFRESET-08")
def test_in_single_mode_a_link_is_refused(links: Links) -> None:
    segments = Segments(links)
    segments.deliver(b"ab")

    for link in (0, 1):
        links.talk.refused(f"AT+CIPBUFRESET={link}")
    assert segments.status().next == 2


@pytest.mark.clause("CIPBUFRESET-08")
def test_in_multiple_mode_a_link_must_be_given(links: Links) -> None:
    links.use_many()
    segments = Segments(links, 0)
    segments.deliver(b"ab")

    links.talk.refused("AT+CIPBUFRESET")
    assert segments.status().next == 2


@pytest.mark.clause("CIPBUFRESET-09")
def test_there_is_neither_a_query_nor_a_test_form(talk: Talk) -> None:
    talk.refused("AT+CIPBUFRESET?")
    talk.refused("AT+CIPBUFRESET=?")
