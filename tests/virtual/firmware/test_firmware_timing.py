"""When the firmware hears, echoes, answers and is busy; and that nothing makes it stumble."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.units import MIB, NS_PER_MS, NS_PER_S
from hil.virtual.action import Action, Restart, Send
from hil.virtual.firmware.at_firmware import START_UP_NS, AtFirmware
from hil.virtual.firmware.dialect import DOCUMENTED, ESPRESSIF_0_23, Dialect
from hil.virtual.flash import NorFlash
from hil.virtual.uart import Burst, LineFormat

from .chip_player import BUSY, ERROR, IDENTITY, OK, READY, STATION_MAC, ChipPlayer, ready_player

both_dialects = pytest.mark.parametrize("dialect", [DOCUMENTED, ESPRESSIF_0_23])
dialects = st.sampled_from([DOCUMENTED, ESPRESSIF_0_23])
BYTE_NS = 86_806
"""One 8N1 byte at 115200 baud, rounded up."""


class TestStartUp:
    @both_dialects
    def test_ready_is_sent_when_start_up_is_over(self, dialect: Dialect) -> None:
        player = ChipPlayer(dialect)
        player.settle()
        assert player.actions[0] == Send(b"\r\nready\r\n", START_UP_NS)
        assert player.take_sent() == READY

    def test_what_arrives_before_is_lost_without_an_echo(self) -> None:
        player = ChipPlayer()
        player.send(b"AT\r\n")
        player.settle()
        assert player.take_sent() == READY

    def test_bytes_that_end_behind_ready_are_heard(self) -> None:
        player = ChipPlayer()
        player.now_ns = START_UP_NS - 3 * BYTE_NS - BYTE_NS // 2
        player.send(b"xyzAT\r\n")
        assert player.take_sent() == READY + b"AT\r\r\n" + OK

    def test_a_byte_across_the_moment_of_ready_is_echoed_behind_it(self) -> None:
        player = ChipPlayer()
        player.now_ns = START_UP_NS - BYTE_NS // 2
        player.send(b"AT\r\n")
        assert player.take_sent() == READY + b"AT\r\r\n" + OK


class TestEchoTiming:
    def echo_of(self, burst: Burst) -> Send:
        player = ChipPlayer()
        player.settle()
        (echo,) = player.firmware.receive(burst)
        assert isinstance(echo, Send)
        return echo

    def test_the_echo_begins_when_the_first_byte_has_ended(self) -> None:
        burst = Burst(NS_PER_S, b"AT+GMR\r\n", LineFormat())
        assert self.echo_of(burst) == Send(b"AT+GMR\r\r\n", NS_PER_S + BYTE_NS)

    def test_the_last_byte_leaves_no_earlier_than_it_came(self) -> None:
        burst = Burst(NS_PER_S, b"AT+GMR\r\n", LineFormat(half_stop_bits=4))
        echo = self.echo_of(burst)
        own = LineFormat()
        assert echo.at_ns + own.duration_ns(7) >= burst.end_ns()

    def test_a_single_byte_is_echoed_when_it_has_ended(self) -> None:
        player = ChipPlayer()
        player.settle()
        burst = Burst(NS_PER_S, b"A", LineFormat())
        assert not player.firmware.receive(burst)
        assert player.firmware.next_deadline_ns() == NS_PER_S + BYTE_NS
        assert player.firmware.advance(NS_PER_S + BYTE_NS) == [Send(b"A", NS_PER_S + BYTE_NS)]

    def test_lf_is_echoed_as_cr_lf(self) -> None:
        player = ChipPlayer()
        player.settle()
        player.take_sent()
        for byte in b"AT\r\n":
            player.send(bytes((byte,)))
        assert player.take_sent() == b"AT\r\r\n" + OK

    def test_the_answer_is_written_at_the_end_of_the_line_feed(self) -> None:
        player = ready_player()
        start_ns = player.now_ns
        player.send(b"AT\r\nAT\r\n")
        answers = player.actions[-2:]
        assert answers == [
            Send(OK, start_ns + LineFormat().duration_ns(4)),
            Send(OK, answers[0].at_ns + LineFormat().duration_ns(4)),  # type: ignore[union-attr]
        ]

    def test_bytes_handed_over_with_several_line_ends_are_taken_line_by_line(self) -> None:
        player = ChipPlayer()
        player.settle()
        player.take_sent()
        burst = Burst(player.now_ns, b"ATE0\r\nAT\r\n", LineFormat())
        player.carry_out(player.firmware.receive(burst))
        player.settle()
        assert player.take_sent() == b"ATE0\r\r\n" + OK + OK


class TestBusy:
    def storing(self, dialect: Dialect = DOCUMENTED) -> ChipPlayer:
        player = ready_player(dialect)
        player.ask(b"AT+CWMODE=1")
        player.ask(b"AT+CWMODE=3")
        player.send(b"AT+CWMODE=1\r\n")
        assert player.take_sent() == b""
        return player

    def scanning(self) -> ChipPlayer:
        player = ready_player(ESPRESSIF_0_23)
        player.ask(b"AT+CWMODE=1")
        player.send(b"AT+CWLAP\r\n")
        assert player.take_sent() == b""
        return player

    def test_each_line_is_turned_away_while_a_store_is_under_way(self) -> None:
        player = self.storing()
        player.send(b"AT\r\n")
        assert player.take_sent() == b"\r\nbusy p...\r\n"
        player.send(b"AT+CWMODE=3\r\n\n")
        assert player.take_sent() == BUSY + BUSY
        player.settle()
        assert player.take_sent() == OK
        assert player.ask(b"AT+CWMODE?") == b"+CWMODE:1\r\n" + OK

    def test_no_byte_is_taken_while_the_processor_of_the_real_firmware_stands_still(self) -> None:
        player = self.storing(ESPRESSIF_0_23)
        stood_still = player.firmware.is_full
        player.send(b"AT+CWMODE?\r\n")
        assert player.take_sent() == OK + b"+CWMODE:1\r\n" + OK
        assert (stood_still, player.firmware.is_full) == (True, False)
        assert not self.storing(DOCUMENTED).firmware.is_full

    @both_dialects
    def test_ok_comes_when_the_flash_is_written(self, dialect: Dialect) -> None:
        player = self.storing(dialect)
        asked_ns = player.now_ns
        player.settle()
        timing = player.flash.timing
        took_ns = timing.sector_erase_ns + 3 * timing.page_program_ns
        assert Send(OK, asked_ns + took_ns) in player.actions

    def test_what_is_equal_to_the_stored_value_takes_no_time(self) -> None:
        player = ready_player()
        player.send(b"AT+CWMODE=2\r\n")
        assert player.take_sent() == OK

    def test_a_line_that_ends_when_the_firmware_is_idle_again_has_lost_its_begin(self) -> None:
        player = self.storing()
        player.send(b"AT+CW")
        player.settle()
        player.send(b"MODE?\r\n")
        assert player.take_sent() == OK + ERROR
        assert player.ask(b"AT") == OK

    def test_an_echo_does_not_overtake_the_answer(self) -> None:
        player = ready_player()
        player.ask(b"ATE1")
        player.send(b"AT+CWMODE=1\r\n")
        player.take_sent()
        (own_deadline_ns,) = {player.firmware.next_deadline_ns()}
        assert own_deadline_ns is not None
        player.advance(own_deadline_ns - 2 * BYTE_NS - BYTE_NS // 2)
        player.send(b"abcdef\r\n")
        assert player.take_sent() == b"ab" + OK + b"cdef\r\r\n" + ERROR

    def test_restart_does_not_get_through_in_the_document(self) -> None:
        player = self.storing(DOCUMENTED)
        player.send(b"AT+RST\r\n")
        assert player.take_sent() == BUSY
        player.settle()
        assert (player.take_sent(), player.restarts) == (OK, 0)

    def test_restart_gets_through_in_the_real_firmware(self) -> None:
        player = self.scanning()
        player.send(b"AT+RST\r\n")
        assert player.take_sent() == b"\r\nWill force to restart!!!\r\n\r\nOK\r\n"
        assert player.actions[-1] == Restart(player.now_ns)
        player.settle()
        assert player.take_sent() == READY
        player.ask(b"ATE0")
        assert player.ask(b"AT+CWMODE?") == b"+CWMODE:1\r\n" + OK

    def test_a_join_that_has_been_stored_turns_away_what_came_meanwhile(self) -> None:
        player = ready_player(ESPRESSIF_0_23)
        player.ask(b"AT+CWMODE=1")
        player.send(b'AT+CWJAP="home","12345678"\r\n')
        stored_ns = player.firmware.next_deadline_ns() or 0
        stood_still = player.firmware.is_full
        player.advance(stored_ns)
        assert (stood_still, player.firmware.is_full) == (True, False)
        player.send(b"AT\r\n")
        assert player.take_sent() == BUSY

    def test_a_restart_waits_until_the_flash_is_written(self) -> None:
        player = self.scanning()
        written_ns = player.flash.erase_sector(0x70000, player.now_ns)
        player.send(b"AT+RST\r\n")
        assert player.take_sent() == b"\r\nWill force to restart!!!\r\n\r\nOK\r\n"
        assert player.actions[-1] == Restart(written_ns)

    @pytest.mark.parametrize("line", [b"at+RST\r\n", b"xAT+RST\r\n", b"AT+RST\r\r\n", b"AT+RST\n"])
    def test_only_the_exact_line_restarts_while_busy(self, line: bytes) -> None:
        player = self.scanning()
        player.send(line)
        assert player.take_sent() == BUSY
        assert player.restarts == 0


LINES = st.sampled_from(
    [
        b"AT\r\n",
        b"ATE0\r\n",
        b"ATE1\r\n",
        b"AT+GMR\r\n",
        b"AT+CWMODE=1\r\n",
        b"AT+CWMODE=3\r\n",
        b"AT+CWMODE_CUR?\r\n",
        b"AT+RST\r\n",
        b"AT+SLEEP=1\r\n",
        b"\r\n",
        b"AT+CWM",
        b"noise",
    ]
)
GAPS = st.integers(0, 120 * NS_PER_MS)


def play(
    bursts: list[tuple[int, bytes]], dialect: Dialect, pauses: list[int] | None = None
) -> list[Action]:
    """Actions of a firmware that is given bursts, each after a gap, and woken in between."""
    firmware = AtFirmware(NorFlash(MIB), IDENTITY, dialect=dialect, factory_mac=STATION_MAC)
    actions = [*firmware.start(0)]
    now_ns = 0

    def pass_time(until_ns: int) -> None:
        nonlocal now_ns
        stops = [until_ns] if pauses is None else [now_ns + pause for pause in pauses]
        due_ns = firmware.next_deadline_ns()
        while due_ns is not None and due_ns <= until_ns:
            for stop_ns in stops:
                if stop_ns < due_ns:
                    actions.extend(firmware.advance(stop_ns))
            actions.extend(firmware.advance(due_ns))
            due_ns = firmware.next_deadline_ns()
        now_ns = max(now_ns, until_ns)

    for gap_ns, data in bursts:
        rest = Burst(now_ns + gap_ns, data, LineFormat())
        while rest.data:
            pass_time(rest.start_ns)
            piece, rest = rest.split(firmware.bytes_wanted(rest))
            actions.extend(firmware.receive(piece))
            pass_time(piece.end_ns())
    pass_time(now_ns + 2 * NS_PER_S)
    return actions


@settings(deadline=None)
@given(st.lists(st.tuples(GAPS, LINES), max_size=8), dialects, st.lists(GAPS, max_size=5))
def test_slicing_time_changes_nothing(
    bursts: list[tuple[int, bytes]], dialect: Dialect, pauses: list[int]
) -> None:
    assert play(bursts, dialect, sorted(pauses)) == play(bursts, dialect)


@settings(deadline=None)
@given(st.lists(st.tuples(GAPS, st.binary(max_size=300) | LINES), max_size=12), dialects)
def test_after_any_bytes_at_is_answered(bursts: list[tuple[int, bytes]], dialect: Dialect) -> None:
    player = ChipPlayer(dialect)
    player.settle()
    for gap_ns, data in bursts:
        player.advance(player.now_ns + gap_ns)
        player.send(data)
    player.settle()
    assert player.ask(b"\r\nAT").endswith(OK)


@settings(deadline=None)
@given(st.lists(st.tuples(GAPS, LINES), max_size=8), dialects)
def test_moments_of_what_is_sent_never_go_back(
    bursts: list[tuple[int, bytes]], dialect: Dialect
) -> None:
    moments = [action.at_ns for action in play(bursts, dialect) if isinstance(action, Send)]
    assert moments == sorted(moments)
