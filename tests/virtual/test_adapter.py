"""The host's end of the wire: what has arrived when, and what the host makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from hil.virtual.adapter import SerialAdapter
from hil.virtual.transmitter import LineCut
from hil.virtual.uart import Burst, LineFormat, Parity

if TYPE_CHECKING:
    from collections.abc import Sequence

# One byte of 8N1 lasts 100 us.
FORMAT = LineFormat(100_000)
BYTE_NS = 100_000

bursts = st.lists(
    st.tuples(
        st.integers(0, 3_000_000),
        st.binary(min_size=1, max_size=20),
        st.sampled_from([9600, 74880]),
    ),
    min_size=1,
    max_size=4,
)


def hearing(*bursts: Burst, line_format: LineFormat = FORMAT) -> SerialAdapter:
    adapter = SerialAdapter(line_format)
    for burst in bursts:
        adapter.accept(burst)
    return adapter


def in_a_row(pieces: Sequence[tuple[int, bytes, int]]) -> list[Burst]:
    """Bursts with the given pauses before them, as one transmitter sends them."""
    free_ns, row = 0, []
    for pause_ns, data, baud in pieces:
        burst = Burst(free_ns + pause_ns, data, LineFormat(baud))
        free_ns = burst.end_ns()
        row.append(burst)
    return row


def test_a_byte_has_arrived_when_its_stop_bit_has() -> None:
    adapter = hearing(Burst(0, b"abc", FORMAT))
    assert [adapter.available(now_ns) for now_ns in (99_999, 100_000, 299_999, 300_000)] == [
        0,
        1,
        2,
        3,
    ]


def test_what_was_read_is_gone() -> None:
    adapter = hearing(Burst(0, b"abc", FORMAT))
    assert adapter.read(2, 3 * BYTE_NS) == b"ab"
    assert adapter.read(9, 3 * BYTE_NS) == b"c"
    assert adapter.read(9, 3 * BYTE_NS) == b""


def test_the_arrival_of_a_byte_is_known_before() -> None:
    adapter = hearing(Burst(0, b"ab", FORMAT), Burst(1_000_000, b"cd", FORMAT))
    assert [adapter.arrival_ns(count) for count in (1, 2, 3, 4, 5)] == [
        100_000,
        200_000,
        1_100_000,
        1_200_000,
        None,
    ]


def test_what_is_there_has_arrived() -> None:
    adapter = hearing(Burst(0, b"ab", FORMAT))
    adapter.available(BYTE_NS)
    assert adapter.arrival_ns(1) == 0
    assert adapter.arrival_ns(2) == 200_000


@given(st.lists(st.integers(0, 4_000_000), max_size=50), st.integers(1, 30))
def test_looking_often_delays_nothing(looks: list[int], last: int) -> None:
    """A byte lasts no whole number of nanoseconds at 115200 baud."""
    line_format = LineFormat(115200)
    adapter = hearing(Burst(0, bytes(range(30)), line_format), line_format=line_format)
    for now_ns in sorted(looks):
        adapter.available(now_ns)
    arrival_ns = line_format.duration_ns(last)
    assert adapter.available(max([arrival_ns - 1, *looks])) >= last - 1
    assert adapter.available(max([arrival_ns, *looks])) >= last


@given(bursts, st.sampled_from([4800, 9600, 74880, 115200]), st.integers(1, 90))
def test_what_is_announced_arrives_then_and_not_before(
    pieces: list[tuple[int, bytes, int]], baud: int, count: int
) -> None:
    adapter = hearing(*in_a_row(pieces), line_format=LineFormat(baud))
    arrival_ns = adapter.arrival_ns(count)
    if arrival_ns is None:
        assert adapter.available(10**12) < count
    else:
        assert adapter.available(arrival_ns - 1) < count
        assert adapter.available(arrival_ns) >= count


def test_a_slow_host_is_done_with_one_burst_before_it_hears_the_next() -> None:
    """At a fifth of the rate, two bytes look like the beginning of one that lasts 500 us."""
    adapter = hearing(
        Burst(0, b"\0\0", FORMAT),
        Burst(2 * BYTE_NS, b"\0", FORMAT),
        line_format=LineFormat(20_000),
    )
    assert [adapter.arrival_ns(1), adapter.arrival_ns(2)] == [500_000, 500_000]
    assert adapter.available(499_999) == 0
    assert adapter.available(500_000) == 2


def test_a_host_that_is_set_otherwise_hears_noise() -> None:
    adapter = hearing(Burst(0, b"ready", LineFormat(74880)), line_format=LineFormat(115200))
    noise = adapter.read(99, 10_000_000)
    assert noise
    assert noise != b"ready"


def test_stop_bits_alone_make_no_noise() -> None:
    sender = LineFormat(100_000, half_stop_bits=4)
    assert hearing(Burst(0, b"ab", sender)).read(9, 220_000) == b"ab"


def test_a_host_with_seven_bits_drops_the_eighth() -> None:
    line_format = LineFormat(100_000, 7, Parity.EVEN)
    adapter = hearing(Burst(0, b"\xc1", line_format), line_format=line_format)
    assert adapter.read(9, 1_000_000) == b"\x41"


def test_bytes_that_have_not_ended_are_heard_in_the_new_format() -> None:
    adapter = hearing(Burst(0, b"abcd", FORMAT), line_format=LineFormat(50_000))
    adapter.set_format(FORMAT, 2 * BYTE_NS)
    adapter.discard_input(2 * BYTE_NS)
    assert adapter.read(9, 4 * BYTE_NS) == b"cd"


def test_bytes_that_have_ended_are_not_heard_again() -> None:
    """To a host at 300 baud the whole burst is less than a start bit."""
    adapter = hearing(Burst(0, b"abcd", FORMAT), line_format=LineFormat(300))
    adapter.set_format(FORMAT, 2 * BYTE_NS)
    assert adapter.read(9, 2 * BYTE_NS) == b""
    assert adapter.read(9, 4 * BYTE_NS) == b"cd"


def test_bytes_of_which_a_slow_host_hears_nothing_are_on_the_wire_all_the_same() -> None:
    adapter = hearing(Burst(BYTE_NS, b"\xff", FORMAT), line_format=LineFormat(300))
    assert adapter.arrival_ns(1) is None
    assert adapter.available(0) == 0
    adapter.set_format(FORMAT, 0)
    assert adapter.read(9, 2 * BYTE_NS) == b"\xff"


def test_the_same_format_again_changes_nothing() -> None:
    adapter = hearing(Burst(0, b"ab", FORMAT))
    adapter.set_format(LineFormat(100_000), BYTE_NS // 2)
    assert adapter.line_format == FORMAT
    assert adapter.read(9, 2 * BYTE_NS) == b"ab"


def test_a_cut_keeps_what_has_ended() -> None:
    adapter = hearing(Burst(0, b"abc", FORMAT), Burst(5 * BYTE_NS, b"def", FORMAT))
    adapter.cut(LineCut(2 * BYTE_NS + 1))
    assert adapter.read(9, 99 * BYTE_NS) == b"ab"
    adapter.accept(Burst(100 * BYTE_NS, b"g", FORMAT))
    assert adapter.read(9, 101 * BYTE_NS) == b"g"


def test_discarding_leaves_what_is_on_the_wire() -> None:
    adapter = hearing(Burst(0, b"abc", FORMAT))
    adapter.discard_input(2 * BYTE_NS)
    assert adapter.available(2 * BYTE_NS) == 0
    assert adapter.read(9, 3 * BYTE_NS) == b"c"


def test_writes_queue_behind_each_other() -> None:
    adapter = SerialAdapter(FORMAT)
    assert adapter.transmit_end_ns() == 0
    assert adapter.write(b"ab", 50) == [Burst(50, b"ab", FORMAT)]
    assert adapter.write(b"c", 60) == [Burst(50 + 2 * BYTE_NS, b"c", FORMAT)]
    assert adapter.transmit_end_ns() == 50 + 3 * BYTE_NS
    assert adapter.write(b"d", 900_000) == [Burst(900_000, b"d", FORMAT)]


def test_written_bytes_keep_the_format_they_were_written_in() -> None:
    adapter = SerialAdapter(FORMAT)
    (before,) = adapter.write(b"a", 0)
    adapter.set_format(LineFormat(9600), 0)
    assert before.format == FORMAT
    assert adapter.write(b"b", 0) == [Burst(BYTE_NS, b"b", LineFormat(9600))]


def test_a_run_ends_where_the_line_pauses() -> None:
    adapter = hearing(
        Burst(0, b"ab", FORMAT), Burst(2 * BYTE_NS, b"c", FORMAT), Burst(4 * BYTE_NS, b"d", FORMAT)
    )
    assert adapter.run_end_ns(0) == 3 * BYTE_NS
    assert adapter.run_end_ns(BYTE_NS + 1) == 3 * BYTE_NS
    assert adapter.run_end_ns(4 * BYTE_NS) == 5 * BYTE_NS


def test_a_run_does_not_reach_over_a_pause_to_what_comes_later() -> None:
    adapter = hearing(Burst(0, b"a", FORMAT), Burst(4 * BYTE_NS, b"b", FORMAT))
    assert adapter.read(1, BYTE_NS) == b"a"
    assert adapter.run_end_ns(BYTE_NS) == BYTE_NS


def test_a_quiet_line_has_no_run() -> None:
    assert SerialAdapter().run_end_ns(77) == 77
