"""A world whose clock moves only because somebody waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.drive.simulated import (
    PACKET_NS,
    POLL_NS,
    NothingPendingError,
    SimulatedClock,
    SimulatedLine,
)
from hil.units import NS_PER_MS, NS_PER_S
from hil.virtual.transmitter import LineCut
from hil.virtual.uart import Burst, LineFormat

from .simulated_module import running_module

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hil.virtual.bench import Bench
    from hil.virtual.world import World

ANSWER = b"AT\r\r\n\r\nOK\r\n"
BYTE_NS = 86_806  # at 115200 baud, rounded up


@pytest.fixture
def line() -> Iterator[SimulatedLine]:
    with running_module() as (world, bench):
        yield SimulatedLine(world, bench)


def say(line: SimulatedLine, data: bytes, after_ns: int = 0) -> None:
    """Bytes appear on the wire as if the module had sent them."""
    line.bench.adapter.accept(Burst(line.world.now_ns + after_ns, data, LineFormat()))


class TestClock:
    def test_it_shows_the_time_of_the_world(self, line: SimulatedLine) -> None:
        clock = SimulatedClock(line.world)
        assert clock.now_ns() == line.world.now_ns == NS_PER_S

    def test_sleeping_lets_happen_what_is_due(self, line: SimulatedLine) -> None:
        line.write(b"AT\r\n")
        SimulatedClock(line.world).sleep(0.25)
        assert line.world.now_ns == NS_PER_S + 250 * NS_PER_MS
        assert line.read(99, 0) == ANSWER

    def test_an_hour_is_cheap_and_exact(self, line: SimulatedLine) -> None:
        SimulatedClock(line.world).sleep(3600)
        assert line.world.now_ns == 3601 * NS_PER_S

    def test_it_refuses_what_the_clock_of_the_host_refuses(self, line: SimulatedLine) -> None:
        with pytest.raises(ValueError, match=r"^sleep length must be non-negative$"):
            SimulatedClock(line.world).sleep(-0.001)


class TestRead:
    def test_time_passes_until_the_last_byte_asked_for_and_no_further(
        self, line: SimulatedLine
    ) -> None:
        say(line, b"abcdef")
        assert line.read(4, NS_PER_S * 9) == b"abcd"
        assert line.world.now_ns == NS_PER_S + -(-4 * 10 * NS_PER_S // 115200)

    def test_what_is_there_costs_no_time(self, line: SimulatedLine) -> None:
        say(line, b"abc")
        line.world.advance(2 * NS_PER_S)
        assert line.read(3, None) == b"abc"
        assert line.world.now_ns == 2 * NS_PER_S

    def test_the_deadline_ends_it_with_what_has_come(self, line: SimulatedLine) -> None:
        say(line, b"abc")
        assert line.read(9, 2 * NS_PER_S) == b"abc"
        assert line.world.now_ns == 2 * NS_PER_S

    def test_a_byte_that_ends_at_the_deadline_counts(self, line: SimulatedLine) -> None:
        say(line, b"ab")
        assert line.read(2, NS_PER_S + BYTE_NS) == b"a"

    def test_what_the_module_does_meanwhile_is_waited_for(self, line: SimulatedLine) -> None:
        line.write(b"AT\r\n")
        assert line.read(len(ANSWER), None) == ANSWER

    def test_without_a_deadline_it_waits_for_whatever_is_due(self, line: SimulatedLine) -> None:
        line.write(b"AT+GSLP=3600000\r\n")
        line.world.advance(2 * NS_PER_S)
        line.bench.set_format(LineFormat(74880), line.world.now_ns)
        line.bench.adapter.discard_input(line.world.now_ns)
        assert line.read(24, None) == b"\r\n ets Jan  8 2013,rst c"
        assert line.world.now_ns > 3600 * NS_PER_S

    def test_without_a_deadline_it_raises_at_once_if_nothing_is_due(
        self, line: SimulatedLine
    ) -> None:
        with pytest.raises(NothingPendingError):
            line.read(1, None)
        assert line.world.now_ns == NS_PER_S

    def test_it_raises_when_less_is_due_than_was_asked_for_and_keeps_that(
        self, line: SimulatedLine
    ) -> None:
        say(line, b"ab")
        with pytest.raises(NothingPendingError):
            line.read(3, None)
        line.world.advance(2 * NS_PER_S)
        assert line.read(3, 0) == b"ab"

    def test_bytes_that_are_cut_off_are_not_waited_for(self, line: SimulatedLine) -> None:
        say(line, b"abc")
        line.bench.adapter.cut(LineCut(line.world.now_ns + BYTE_NS))
        assert line.read(3, 2 * NS_PER_S) == b"a"

    def test_a_loop_that_never_waits_comes_to_its_end(self, line: SimulatedLine) -> None:
        say(line, b"a", after_ns=NS_PER_MS)
        reads = 0
        while not line.read(1, line.world.now_ns):
            reads += 1
            assert reads < 1000
        assert reads == pytest.approx(NS_PER_MS / POLL_NS, abs=2)

    def test_nothing_is_read_without_waiting(self, line: SimulatedLine) -> None:
        assert line.read(0, None) == b""


class TestPoll:
    def test_a_look_at_an_empty_buffer_costs_a_little(self, line: SimulatedLine) -> None:
        assert line.poll() == 0
        assert line.world.now_ns == NS_PER_S + POLL_NS

    def test_a_look_at_bytes_that_are_there_is_free(self, line: SimulatedLine) -> None:
        say(line, b"ab")
        line.world.advance(2 * NS_PER_S)
        assert [line.poll(), line.poll()] == [2, 2]
        assert line.world.now_ns == 2 * NS_PER_S

    def test_a_packet_that_is_arriving_is_shown_whole(self, line: SimulatedLine) -> None:
        say(line, b"abc")
        assert line.poll() == 3

    def test_what_comes_after_a_pause_is_not_waited_for(self, line: SimulatedLine) -> None:
        say(line, b"abc", after_ns=NS_PER_MS)
        assert line.poll() == 0
        assert line.world.now_ns == NS_PER_S + POLL_NS

    def test_a_loop_that_polls_comes_to_its_end(self, line: SimulatedLine) -> None:
        line.write(b"AT\r\n")
        polls = 0
        while line.poll() < len(ANSWER):
            polls += 1
            assert polls < 10_000


class TestReceive:
    def test_a_packet_is_what_comes_without_a_pause(self, line: SimulatedLine) -> None:
        say(line, b"abc")
        say(line, b"def", after_ns=2 * NS_PER_MS)
        assert line.receive(9 * NS_PER_S) == b"abc"
        assert line.receive(9 * NS_PER_S) == b"def"

    def test_looking_in_between_does_not_join_packets(self, line: SimulatedLine) -> None:
        say(line, b"a")
        say(line, b"b", after_ns=2 * NS_PER_MS)
        line.world.advance(NS_PER_S + BYTE_NS)
        assert line.available() == 1
        assert line.receive(9 * NS_PER_S) == b"a"
        assert line.world.now_ns == NS_PER_S + BYTE_NS

    def test_a_packet_is_handed_over_when_the_adapter_has_gathered_enough(
        self, line: SimulatedLine
    ) -> None:
        say(line, bytes(1000))
        packet = line.receive(9 * NS_PER_S)
        assert line.world.now_ns == NS_PER_S + BYTE_NS + PACKET_NS
        assert len(packet) == (BYTE_NS + PACKET_NS) * 115200 // (10 * NS_PER_S)

    def test_the_deadline_ends_it(self, line: SimulatedLine) -> None:
        assert line.receive(2 * NS_PER_S) == b""
        assert line.world.now_ns == 2 * NS_PER_S

    def test_the_deadline_ends_a_packet(self, line: SimulatedLine) -> None:
        say(line, b"abc")
        assert line.receive(NS_PER_S + 2 * BYTE_NS) == b"ab"
        assert line.world.now_ns == NS_PER_S + 2 * BYTE_NS

    def test_a_deadline_in_the_past_takes_what_is_there_for_nothing(
        self, line: SimulatedLine
    ) -> None:
        say(line, b"ab")
        line.world.advance(NS_PER_S + BYTE_NS)
        assert line.receive(0) == b"a"
        assert line.receive(0) == b""
        assert line.world.now_ns == NS_PER_S + BYTE_NS

    def test_a_module_that_is_reset_in_between_is_not_waited_for_too_long(
        self, line: SimulatedLine
    ) -> None:
        line.write(b"AT+RST\r\n")
        received = b""
        while data := line.receive(line.world.now_ns + 500 * NS_PER_MS):
            received += data
        assert received.endswith(b"\r\nready\r\n")


class TestWrite:
    def test_it_takes_no_time_and_draining_does(self, line: SimulatedLine) -> None:
        line.write(b"\r\n")
        assert line.world.now_ns == NS_PER_S
        line.drain()
        assert line.world.now_ns == NS_PER_S + -(-2 * 10 * NS_PER_S // 115200)

    def test_draining_what_has_left_takes_no_time(self, line: SimulatedLine) -> None:
        line.write(b"\r\n")
        line.world.advance(2 * NS_PER_S)
        line.drain()
        assert line.world.now_ns == 2 * NS_PER_S


def test_two_lines_of_one_module_share_what_it_says(line: SimulatedLine) -> None:
    """As two programs on one serial port do: each byte goes to whoever reads first."""
    other = SimulatedLine(line.world, line.bench)
    line.write(b"AT\r\n")
    assert other.read(4, 9 * NS_PER_S) == ANSWER[:4]
    assert line.read(99, 2 * NS_PER_S) == ANSWER[4:]


@settings(max_examples=10)  # each starts two modules
@given(st.lists(st.integers(1, 40 * NS_PER_MS), max_size=12))
def test_how_somebody_waits_changes_nothing(waits: list[int]) -> None:
    def talk(world: World, bench: Bench, stops: list[int]) -> tuple[bytes, int | None]:
        line = SimulatedLine(world, bench)
        line.write(b"AT+GMR\r\nAT+NOSUCH\r\n")
        for wait_ns in stops:
            line.wait_for(1000, min(world.now_ns + wait_ns, 2 * NS_PER_S))
        line.wait_for(1000, 2 * NS_PER_S)
        return line.read(1000, 0), world.next_deadline_ns()

    with running_module() as (world, bench):
        expected = talk(world, bench, [])
    with running_module() as (world, bench):
        assert talk(world, bench, waits) == expected
