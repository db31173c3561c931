"""AT+CIPSENDBUF: write into the send buffer without waiting (section 5.2, command 5)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from hil.at.talk import PROMPT
from hil.spec.spelling import spelling

from .restart import restart
from .segment import NARROW_BYTES, WAITING_S, Segments
from .wifi import join_call

if TYPE_CHECKING:
    from hil.at.talk import Talk
    from hil.ports.access_point import AccessPoint

    from .link import Links

BUSY_SENDING = spelling("busy-sending")
LOST_S = 1.0
MOST_CALLS = 64
ROOMY_BYTES = 1460


@pytest.mark.clause("CIPSENDBUF-01")
def test_in_single_mode_the_length_is_enough(links: Links) -> None:
    segments = Segments(links)

    segments.write(b"abcd", "1,0")
    assert links.receive(segments.peer, 4) == b"abcd"


@pytest.mark.clause("CIPSENDBUF-02")
def test_in_multiple_mode_link_and_length_are_given(links: Links) -> None:
    links.use_many()
    first, second = Segments(links, 0), Segments(links, 1)

    links.talk.prompt("AT+CIPSENDBUF=1,4", "1,0")
    links.talk.give(b"abcd")
    assert links.receive(second.peer, 4) == b"abcd"
    assert links.has_received_nothing(first.peer)


@pytest.mark.clause("CIPSENDBUF-03")
def test_the_numbers_of_this_segment_and_the_last_delivered_one_come_first(links: Links) -> None:
    segments = Segments(links, window_bytes=NARROW_BYTES)
    stuck = segments.wait_stuck()

    segments.write(b"abcd", f"{stuck + 1},{stuck - 1}")
    links.receive(segments.peer, 512 * stuck + 4)
    segments.await_report(stuck)
    segments.await_report(stuck + 1)
    segments.write(b"efgh", f"{stuck + 2},{stuck + 1}")
    segments.await_report(stuck + 2)


@pytest.mark.clause("CIPSENDBUF-04")
def test_ok_and_the_prompt_follow_on_lines_of_their_own(links: Links) -> None:
    segments = Segments(links)

    links.talk.raw(b"AT+CIPSENDBUF=4\r\n")
    heard = links.talk.hear_until(rb">", 3.0)
    assert re.fullmatch(rb"1,0\r\n(?:\r\n)?OK\r\n(?:\r\n)?> ?", heard)
    links.talk.give(b"abcd")
    segments.await_report(1)


@pytest.mark.clause("CIPSENDBUF-05")
def test_nothing_is_sent_before_all_has_come(links: Links) -> None:
    segments = Segments(links)

    segments.announce(10, "1,0")
    links.talk.give(b"123456789")
    assert links.has_received_nothing(segments.peer, 1.0)
    links.talk.give(b"0")
    assert links.receive(segments.peer, 10) == b"1234567890"


@pytest.mark.clause("CIPSENDBUF-06")
@pytest.mark.parametrize("surplus", [b"EFGH", b"E", b"AT+CIPMUX=1\r\n"])
def test_what_is_too_much_is_thrown_away_with_busy(links: Links, surplus: bytes) -> None:
    segments = Segments(links)

    segments.announce(4, "1,0")
    links.talk.give(b"abcd" + surplus)
    links.talk.answer().must_be(BUSY_SENDING)
    segments.await_report(1)
    assert links.receive(segments.peer, 4) == b"abcd"
    assert links.has_received_nothing(segments.peer)
    links.talk.expect("AT+CIPMUX?", "+CIPMUX:0", "OK")
    segments.write(b"next", "2,1")
    assert links.receive(segments.peer, 4) == b"next"


@pytest.mark.clause("CIPSENDBUF-07")
def test_without_a_link_it_is_refused(talk: Talk) -> None:
    talk.refused("AT+CIPSENDBUF=4")
    talk.ok("AT+CIPMUX=1")
    for link in range(5):
        talk.refused(f"AT+CIPSENDBUF={link},4")
    talk.ok("AT")


@pytest.mark.clause("CIPSENDBUF-07")
def test_behind_a_link_that_has_ended_it_is_refused(links: Links) -> None:
    segments = Segments(links)
    links.talk.ok("AT+CIPCLOSE")

    links.talk.refused("AT+CIPSENDBUF=4")
    assert links.has_received_nothing(segments.peer)


@pytest.mark.clause("CIPSENDBUF-08")
def test_on_a_udp_link_it_is_refused(links: Links) -> None:
    peer = links.network.open_udp()
    links.talk.ok(links.start_call(peer.endpoint.port, kind="UDP"))

    links.talk.refused("AT+CIPSENDBUF=4")
    links.talk.prompt("AT+CIPSEND=4")
    links.talk.sent(b"abcd")
    datagram = peer.receive(links.deadline_ns(2.0))
    assert datagram is not None
    assert datagram.data == b"abcd"


@pytest.mark.clause("CIPSENDBUF-09")
def test_with_too_little_room_it_is_refused(links: Links) -> None:
    segments = Segments(links, window_bytes=NARROW_BYTES)
    segments.wait_stuck()
    for _ in range(MOST_CALLS):
        before = segments.status()
        if before.room < ROOMY_BYTES or segments.refuses(ROOMY_BYTES):
            break

    assert segments.refuses(before.room + 1)
    assert segments.status() == before
    assert not segments.refuses(before.room)


@pytest.mark.clause("CIPSENDBUF-10")
def test_in_single_mode_the_report_has_the_segment(links: Links) -> None:
    segments = Segments(links)

    segments.announce(4, "1,0")
    links.talk.give(b"abcd")
    heard = links.talk.hear_until(rb"SEND [A-Za-z]+\r\n", 5.0)
    assert re.fullmatch(rb"(?:\r\nRecv 4 bytes\r\n)?\r\n1, ?SEND OK\r\n", heard)
    links.talk.silent(WAITING_S)


@pytest.mark.clause("CIPSENDBUF-11")
def test_in_multiple_mode_the_report_has_link_and_segment(links: Links) -> None:
    links.use_many()
    segments = Segments(links, 3)

    segments.announce(4, "1,0")
    links.talk.give(b"abcd")
    heard = links.talk.hear_until(rb"SEND [A-Za-z]+\r\n", 5.0)
    assert re.fullmatch(rb"(?:\r\nRecv 4 bytes\r\n)?\r\n3, ?1, ?SEND OK\r\n", heard)


@pytest.mark.clause("CIPSENDBUF-12")
def test_the_first_segment_has_the_number_1(links: Links) -> None:
    segments = Segments(links)
    segments.deliver(b"ab", b"cd")
    links.talk.ok("AT+CIPBUFRESET")

    segments.deliver(b"ef")


@pytest.mark.clause("CIPSENDBUF-12")
def test_the_first_segment_behind_a_restart_has_the_number_1(
    links: Links, access_point: AccessPoint
) -> None:
    Segments(links).deliver(b"ab")
    restart(links.talk)
    links.talk.ok("AT+CWMODE_CUR=1")
    links.talk.ok(join_call(access_point))
    peer = links.open_tcp()

    links.talk.prompt("AT+CIPSENDBUF=4", "1,0")
    links.talk.give(b"abcd")
    assert links.receive(peer, 4) == b"abcd"


@pytest.mark.clause("CIPSENDBUF-13", "CIPSENDBUF-14")
def test_each_call_raises_the_number_by_one(links: Links) -> None:
    segments = Segments(links)
    numbers = []
    for _ in range(20):
        match = links.talk.prompt("AT+CIPSENDBUF=2", re.compile(r"([0-9]{1,10}),[0-9]{1,10}"))
        numbers.append(int(match.groups[0] or 0))
        segments.put(b"ab")
        segments.await_report(numbers[-1])

    assert numbers == list(range(1, 21))


@pytest.mark.clause("CIPSENDBUF-15")
def test_each_link_counts_its_own_segments(links: Links) -> None:
    links.use_many()
    pair = Segments(links, 0), Segments(links, 1)

    for number in (1, 2, 3):
        for segments in pair:
            segments.write(b"ab", f"{number},{number - 1}")
            segments.await_report(number)


@pytest.mark.clause("CIPSENDBUF-16")
def test_links_0_to_4_are_legal(links: Links) -> None:
    links.use_many()
    every = [Segments(links, link) for link in range(5)]

    for link in ("5", "6", "255", "-1"):
        links.talk.refused(f"AT+CIPSENDBUF={link},4")
    for segments in every:
        segments.deliver(b"to-%d" % (segments.link or 0))
        assert links.receive(segments.peer, 4) == b"to-%d" % (segments.link or 0)


@pytest.mark.clause("CIPSENDBUF-17")
def test_2048_bytes_are_the_most(links: Links) -> None:
    segments = Segments(links)
    data = bytes(range(256)) * 8

    segments.announce(2048, "1,0")
    links.talk.give(data)
    assert links.receive(segments.peer, 2048) == data
    segments.await_report(1)


@pytest.mark.clause("CIPSENDBUF-18")
def test_2049_bytes_are_refused(links: Links) -> None:
    segments = Segments(links)
    before = segments.status()

    for length in ("2049", "2920", "65536", "0", "", "-1", "x", "4,4"):
        links.talk.refused(f"AT+CIPSENDBUF={length}")
    assert segments.status() == before
    assert links.has_received_nothing(segments.peer)


@pytest.mark.clause("CIPSENDBUF-19")
def test_the_next_call_need_not_wait_for_the_report(links: Links) -> None:
    segments = Segments(links, window_bytes=NARROW_BYTES)
    stuck = segments.wait_stuck()

    segments.write(b"abcd", f"{stuck + 1},{stuck - 1}")
    segments.write(b"abcd", f"{stuck + 2},{stuck - 1}")
    assert b"SEND OK" not in links.talk.hear(WAITING_S)
    assert links.receive(segments.peer, 512 * stuck + 8).endswith(b"\0abcdabcd")
    for number in (stuck, stuck + 1, stuck + 2):
        segments.await_report(number)


@pytest.mark.clause("CIPSENDBUF-20")
def test_every_delivered_segment_is_reported(links: Links) -> None:
    segments = Segments(links)
    for number in range(1, 11):
        _write_unless_full(segments, b"[%02d]" % number)

    for number in range(1, 11):
        segments.await_report(number)
    links.talk.silent(WAITING_S)


@pytest.mark.clause("CIPSENDBUF-21")
def test_data_arrive_in_the_order_written(links: Links) -> None:
    segments = Segments(links)
    written = [b"[%02d]" % number for number in range(10)]
    for data in written:
        _write_unless_full(segments, data)

    assert links.receive(segments.peer, 40) == b"".join(written)


@pytest.mark.clause("CIPSENDBUF-22")
def test_segments_of_a_lost_link_are_not_reported_as_sent(links: Links) -> None:
    segments = Segments(links, window_bytes=NARROW_BYTES)
    segments.wait_stuck()

    segments.peer.reset()
    heard = links.talk.hear(LOST_S)
    assert b"SEND OK" not in heard
    assert heard
    links.talk.refused("AT+CIPSENDBUF=4")


@pytest.mark.clause("CIPSENDBUF-22")
def test_segments_of_a_lost_link_are_not_reported_over_the_next_one(links: Links) -> None:
    lost = Segments(links, window_bytes=NARROW_BYTES)
    stuck = lost.wait_stuck()
    lost.peer.reset()
    links.talk.hear(LOST_S)

    segments = Segments(links)
    segments.deliver(*[bytes(512)] * (stuck + 1))
    links.talk.silent(WAITING_S)


@pytest.mark.clause("CIPSENDBUF-22")
def test_a_segment_whose_data_come_too_late_is_not_reported_as_sent(links: Links) -> None:
    segments = Segments(links)

    segments.announce(4, "1,0")
    segments.peer.reset()
    links.talk.hear(LOST_S)
    links.talk.give(b"abcd")
    assert b"SEND OK" not in links.talk.hear(LOST_S)


@pytest.mark.clause("CIPSENDBUF-26")
def test_segments_on_their_way_when_a_link_is_closed_are_told_to_have_failed(links: Links) -> None:
    links.use_many()
    segments = Segments(links, 2, NARROW_BYTES)
    stuck = segments.wait_stuck()
    segments.write(b"ab", f"{stuck + 1},{stuck - 1}")

    links.talk.raw(b"AT+CIPCLOSE=2\r\n")
    numbers = (stuck, stuck + 1)
    assert _failures(links.talk.hear(LOST_S)) == [b"2,%d,SEND FAIL" % each for each in numbers]


@pytest.mark.clause("CIPSENDBUF-26")
def test_a_segment_whose_data_come_too_late_is_told_to_have_failed(links: Links) -> None:
    segments = Segments(links)
    segments.announce(4, "1,0")
    segments.peer.reset()
    links.talk.hear(LOST_S)

    links.talk.give(b"abcd")
    assert _failures(links.talk.hear(LOST_S)) == [b"1,SEND FAIL"]


@pytest.mark.clause("CIPSENDBUF-23")
def test_there_is_only_the_set_form(talk: Talk) -> None:
    for form in ("", "?", "=?"):
        talk.refused(f"AT+CIPSENDBUF{form}")


@pytest.mark.clause("CIPSENDBUF-24")
def test_in_multiple_mode_no_link_stands_before_the_numbers(links: Links) -> None:
    links.use_many()
    segments = Segments(links, 1)
    segments.deliver(b"ab", b"cd")

    links.talk.prompt("AT+CIPSENDBUF=1,4", "3,2")
    links.talk.give(b"abcd")
    segments.await_report(3)


@pytest.mark.clause("CIPSENDBUF-25")
def test_in_single_mode_a_link_is_refused(links: Links) -> None:
    segments = Segments(links)

    for link in (0, 1):
        links.talk.refused(f"AT+CIPSENDBUF={link},4")
    segments.deliver(b"ab")


@pytest.mark.clause("CIPSENDBUF-25")
def test_in_multiple_mode_a_link_must_be_given(links: Links) -> None:
    links.use_many()
    segments = Segments(links, 4)

    links.talk.refused("AT+CIPSENDBUF=4")
    segments.deliver(b"ab")


def _failures(heard: bytes) -> list[bytes]:
    """The lines that tell of segments that failed; the blank of A-55 may stand in them."""
    return re.findall(rb"(?m)^(.*SEND FAIL)\r$", heard.replace(b", ", b","))


def _write_unless_full(segments: Segments, data: bytes) -> None:
    """Put a segment into the buffer, when there is a place for it."""
    call = segments.call("CIPSENDBUF", len(data))
    for _ in range(MOST_CALLS):
        if segments.talk.say_for_prompt(call).match(re.compile(r"\d+,\d+"), PROMPT):
            segments.put(data)
            return
        segments.pause()
    pytest.fail("there is no room, although the peer has confirmed everything")
