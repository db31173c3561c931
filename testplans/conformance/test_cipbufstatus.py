"""AT+CIPBUFSTATUS: what is in the send buffer (section 5.2, command 7)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from hil.at.talk import OK
from hil.spec.spelling import spelling

from .segment import NARROW_BYTES, Segments

if TYPE_CHECKING:
    from hil.at.talk import Talk

    from .link import Links

STATUS = spelling("buffer-status")
FIVE_NUMBERS = re.compile(r"\d+,\d+,\d+,\d+,\d+")
MOST_SEGMENTS = 64


@pytest.mark.clause("CIPBUFSTATUS-01")
def test_in_single_mode_it_takes_nothing(links: Links) -> None:
    Segments(links).deliver(b"ab", b"cd")

    links.talk.expect("AT+CIPBUFSTATUS", re.compile(r"3,2,2,\d+,\d+"), OK)


@pytest.mark.clause("CIPBUFSTATUS-02")
def test_in_multiple_mode_it_takes_the_link(links: Links) -> None:
    links.use_many()
    Segments(links, 0)
    Segments(links, 1).deliver(b"ab", b"cd")

    for link, numbers in ((0, ("1", "0", "0")), (1, ("3", "2", "2"))):
        match = links.talk.expect(f"AT+CIPBUFSTATUS={link}", STATUS, OK)
        assert match.groups[:3] == numbers


@pytest.mark.clause("CIPBUFSTATUS-03")
def test_the_answer_is_five_numbers(links: Links) -> None:
    links.open_tcp()

    links.talk.expect("AT+CIPBUFSTATUS", FIVE_NUMBERS, OK)


@pytest.mark.clause("CIPBUFSTATUS-04")
def test_the_first_number_is_that_of_the_next_segment(links: Links) -> None:
    segments = Segments(links)

    for number in (1, 2, 3):
        assert segments.status().next == number
        segments.write(b"ab", f"{number},{number - 1}")
        segments.await_report(number)


@pytest.mark.clause("CIPBUFSTATUS-05")
def test_the_second_number_is_the_last_segment_sent(links: Links) -> None:
    segments = Segments(links, window_bytes=NARROW_BYTES)
    assert segments.status().sent == 0
    stuck = segments.wait_stuck()

    assert segments.status()[:3] == (stuck + 1, stuck, stuck - 1)
    segments.write(b"ab", f"{stuck + 1},{stuck - 1}")
    assert segments.status()[:3] == (stuck + 2, stuck + 1, stuck - 1)


@pytest.mark.clause("CIPBUFSTATUS-06")
def test_the_third_number_is_the_last_segment_delivered(links: Links) -> None:
    segments = Segments(links, window_bytes=NARROW_BYTES)
    assert segments.status().delivered == 0
    stuck = segments.wait_stuck()

    assert segments.status().delivered == stuck - 1
    links.receive(segments.peer, 512 * stuck)
    segments.await_report(stuck)
    assert segments.status().delivered == stuck


@pytest.mark.clause("CIPBUFSTATUS-07")
def test_the_fourth_number_is_the_room_left(links: Links) -> None:
    segments = Segments(links, window_bytes=NARROW_BYTES)
    first = segments.status().room
    stuck = segments.wait_stuck()
    filled = segments.status().room
    assert filled < first

    segments.write(bytes(100), f"{stuck + 1},{stuck - 1}")
    assert segments.status().room == filled - 100
    links.receive(segments.peer, 512 * stuck + 100)
    segments.await_report(stuck)
    segments.await_report(stuck + 1)
    assert segments.status().room == first


@pytest.mark.clause("CIPBUFSTATUS-08")
def test_the_fifth_number_falls_while_segments_wait(links: Links) -> None:
    segments = Segments(links, window_bytes=NARROW_BYTES)
    first = segments.status().places
    stuck = segments.wait_stuck()
    filled = segments.status().places

    segments.write(b"ab", f"{stuck + 1},{stuck - 1}")
    assert 0 <= segments.status().places <= filled <= first


@pytest.mark.clause("CIPBUFSTATUS-09")
def test_with_no_place_left_segments_are_refused(links: Links) -> None:
    segments = Segments(links, window_bytes=NARROW_BYTES)
    stuck = segments.wait_stuck()
    for number in range(stuck + 1, stuck + MOST_SEGMENTS):
        if not segments.status().places:
            break
        segments.write(b"ab", f"{number},{stuck - 1}")

    full = segments.status()
    assert full.places == 0
    assert segments.refuses(2)
    assert segments.status() == full
    last = full.next - 1
    links.receive(segments.peer, 512 * stuck + 2 * (last - stuck))
    for number in range(stuck, full.next):
        segments.await_report(number)
    segments.write(b"ab", f"{full.next},{last}")
    segments.await_report(full.next)


@pytest.mark.clause("CIPBUFSTATUS-10")
def test_next_exceeds_sent_and_sent_is_not_below_delivered(links: Links) -> None:
    segments = Segments(links, window_bytes=NARROW_BYTES)
    _require_order(segments)
    stuck = segments.wait_stuck()
    _require_order(segments)
    segments.write(b"ab", f"{stuck + 1},{stuck - 1}")
    _require_order(segments)
    links.receive(segments.peer, 512 * stuck + 2)
    _require_order(segments)


@pytest.mark.clause("CIPBUFSTATUS-11")
def test_without_a_link_it_is_refused(talk: Talk) -> None:
    talk.refused("AT+CIPBUFSTATUS")
    talk.ok("AT+CIPMUX=1")
    for link in range(5):
        talk.refused(f"AT+CIPBUFSTATUS={link}")


@pytest.mark.clause("CIPBUFSTATUS-11")
def test_behind_a_link_that_has_ended_it_is_refused(links: Links) -> None:
    Segments(links).deliver(b"ab")
    links.talk.ok("AT+CIPCLOSE")

    links.talk.refused("AT+CIPBUFSTATUS")


@pytest.mark.clause("CIPBUFSTATUS-12")
def test_links_0_to_4_are_legal(links: Links) -> None:
    links.use_many()
    for link in range(5):
        links.open_tcp(link)

    for other in ("5", "6", "255", "-1", "x", "", "0,1"):
        links.talk.refused(f"AT+CIPBUFSTATUS={other}")
    for link in range(5):
        links.talk.expect(f"AT+CIPBUFSTATUS={link}", STATUS, OK)


@pytest.mark.clause("CIPBUFSTATUS-13")
def test_in_single_mode_a_link_is_refused(links: Links) -> None:
    links.open_tcp()

    for link in (0, 1):
        links.talk.refused(f"AT+CIPBUFSTATUS={link}")


@pytest.mark.clause("CIPBUFSTATUS-13")
def test_in_multiple_mode_a_link_must_be_given(links: Links) -> None:
    links.use_many()
    links.open_tcp(0)

    links.talk.refused("AT+CIPBUFSTATUS")


@pytest.mark.clause("CIPBUFSTATUS-14")
def test_there_is_neither_a_query_nor_a_test_form(talk: Talk) -> None:
    talk.refused("AT+CIPBUFSTATUS?")
    talk.refused("AT+CIPBUFSTATUS=?")


def _require_order(segments: Segments) -> None:
    status = segments.status()
    assert status.next > status.sent >= status.delivered
