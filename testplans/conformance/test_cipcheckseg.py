"""AT+CIPCHECKSEG: whether a segment was delivered (section 5.2, command 8).

Every firmware that is known calls it AT+CIPCHECKSEQ (A-44); which name a module has is found out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.at.talk import OK

from .segment import NARROW_BYTES, Segments

if TYPE_CHECKING:
    from hil.at.talk import Talk

    from .link import Links

NAMES = ("CIPCHECKSEG", "CIPCHECKSEQ")
KNOWN_SEGMENTS = 32
"""Line 862."""


@pytest.mark.clause("CIPCHECKSEG-01", "CIPCHECKSEG-03")
def test_in_single_mode_it_takes_and_tells_the_segment(links: Links) -> None:
    segments = Segments(links)
    segments.deliver(b"ab", b"cd")
    name = segments.check_name()

    links.talk.expect(f"AT+{name}=2", "2,TRUE", OK)


@pytest.mark.clause("CIPCHECKSEG-02", "CIPCHECKSEG-04")
def test_in_multiple_mode_it_takes_and_tells_link_and_segment(links: Links) -> None:
    links.use_many()
    Segments(links, 0)
    segments = Segments(links, 3)
    segments.deliver(b"ab", b"cd")
    name = segments.check_name()

    links.talk.expect(f"AT+{name}=3,2", "3,2,TRUE", OK)
    links.talk.refused(f"AT+{name}=0,2")


@pytest.mark.clause("CIPCHECKSEG-05")
def test_true_is_a_segment_that_was_delivered(links: Links) -> None:
    segments = Segments(links, window_bytes=NARROW_BYTES)
    stuck = segments.wait_stuck()
    name = segments.check_name()

    for number in range(1, stuck):
        links.talk.expect(segments.check_call(number, name), f"{number},TRUE", OK)
    links.receive(segments.peer, 512 * stuck)
    segments.await_report(stuck)
    links.talk.expect(segments.check_call(stuck, name), f"{stuck},TRUE", OK)


@pytest.mark.clause("CIPCHECKSEG-06")
def test_false_is_a_segment_that_was_not_delivered(links: Links) -> None:
    segments = Segments(links, window_bytes=NARROW_BYTES)
    stuck = segments.wait_stuck()
    name = segments.check_name()
    segments.write(b"ab", f"{stuck + 1},{stuck - 1}")

    for number in (stuck, stuck + 1):
        links.talk.expect(segments.check_call(number, name), f"{number},FALSE", OK)


@pytest.mark.clause("CIPCHECKSEG-07")
def test_without_a_link_it_is_refused(talk: Talk) -> None:
    for name in NAMES:
        talk.refused(f"AT+{name}=1")
    talk.ok("AT+CIPMUX=1")
    for name in NAMES:
        for link in range(5):
            talk.refused(f"AT+{name}={link},1")


@pytest.mark.clause("CIPCHECKSEG-07")
def test_behind_a_link_that_has_ended_it_is_refused(links: Links) -> None:
    segments = Segments(links)
    segments.deliver(b"ab")
    name = segments.check_name()
    links.talk.ok("AT+CIPCLOSE")

    links.talk.refused(f"AT+{name}=1")


@pytest.mark.clause("CIPCHECKSEG-08")
def test_the_latest_32_segments_are_known(links: Links) -> None:
    segments = Segments(links)
    name = _deliver_one_too_many(segments)

    for number in range(2, KNOWN_SEGMENTS + 2):
        links.talk.expect(segments.check_call(number, name), f"{number},TRUE", OK)


@pytest.mark.clause("CIPCHECKSEG-09")
def test_older_segments_are_not_known(links: Links) -> None:
    segments = Segments(links)
    name = _deliver_one_too_many(segments)

    links.talk.refused(segments.check_call(1, name))


@pytest.mark.clause("CIPCHECKSEG-10")
def test_a_segment_that_never_was_is_refused(links: Links) -> None:
    segments = Segments(links)
    segments.deliver(b"ab", b"cd", b"ef")
    name = segments.check_name()

    for number in ("4", "0", "5", "4294967296", "-1", "x", "", "1,1"):
        links.talk.refused(segments.check_call(number, name))


@pytest.mark.clause("CIPCHECKSEG-11")
def test_links_0_to_4_are_legal(links: Links) -> None:
    links.use_many()
    every = [Segments(links, link) for link in range(5)]
    for segments in every:
        segments.deliver(b"ab")
    name = every[0].check_name()

    for other in ("5", "6", "255", "-1", "x"):
        links.talk.refused(f"AT+{name}={other},1")
    for link in range(5):
        links.talk.expect(f"AT+{name}={link},1", f"{link},1,TRUE", OK)


@pytest.mark.clause("CIPCHECKSEG-12")
def test_there_is_only_the_set_form(talk: Talk) -> None:
    for name in NAMES:
        for form in ("", "?", "=?"):
            talk.refused(f"AT+{name}{form}")


@pytest.mark.clause("CIPCHECKSEG-13")
def test_in_single_mode_a_link_is_refused(links: Links) -> None:
    segments = Segments(links)
    segments.deliver(b"ab")
    name = segments.check_name()

    links.talk.refused(f"AT+{name}=0,1")


@pytest.mark.clause("CIPCHECKSEG-13")
def test_in_multiple_mode_a_link_must_be_given(links: Links) -> None:
    links.use_many()
    segments = Segments(links, 0)
    segments.deliver(b"ab")
    name = segments.check_name()

    links.talk.refused(f"AT+{name}=1")


def _deliver_one_too_many(segments: Segments) -> str:
    """Deliver one segment more than are known; returns how the command is called."""
    segments.deliver(b"ab")
    name = segments.check_name()
    segments.talk.ok(segments.call("CIPBUFRESET"))
    segments.deliver(*[b"ab"] * (KNOWN_SEGMENTS + 1))
    return name
