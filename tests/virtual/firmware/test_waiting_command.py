"""Commands that wait, services, and inputs: how the firmware lets them take their turns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.units import NS_PER_MS, NS_PER_S
from hil.virtual.action import Send, Transmit
from hil.virtual.air.message import ApLost, Leave
from hil.virtual.firmware import at_firmware
from hil.virtual.firmware.command import Call, Form, Job, Outcome, Task, Wait, ok
from hil.virtual.uart import Burst

from .chip_player import BUSY, OK, ChipPlayer, ready_player

if TYPE_CHECKING:
    from hil.virtual.firmware.state import FirmwareState
    from hil.virtual.outside import OutsideEvent


class Bell:
    """A service that rings at a moment, and counts what it hears."""

    def __init__(self, state: FirmwareState, ring_ns: int | None = None) -> None:
        self.state = state
        self.ring_ns = ring_ns
        self.heard: list[OutsideEvent] = []

    def start(self, now_ns: int) -> None:
        self.state.out.transmit(Leave(), now_ns)

    def next_deadline_ns(self) -> int | None:
        return self.ring_ns

    def advance(self, now_ns: int) -> None:
        self.ring_ns = None
        self.state.out.send(b"ring\r\n", now_ns)

    def hear(self, event: OutsideEvent, now_ns: int) -> None:
        self.heard.append(event)
        self.state.out.send(b"heard\r\n", now_ns)


class Collector:
    """An input that takes bytes up to a full stop, or up to a pause of 20 ms."""

    is_full = False

    def __init__(self, state: FirmwareState, *, echoes: bool = True) -> None:
        self.state = state
        self.echoes = echoes
        self.data = b""
        self.last_ns: int | None = None

    def echo(self, data: bytes) -> bytes:
        return data.replace(b"\n", b"") if self.echoes else b""

    def wanted(self, burst: Burst) -> int:
        return burst.data.find(b".") + 1 or len(burst.data)

    def take(self, burst: Burst) -> Job | None:
        self.data += burst.data
        self.last_ns = burst.end_ns()
        return self._end(burst.end_ns()) if self.data.endswith(b".") else None

    def next_deadline_ns(self) -> int | None:
        return None if self.last_ns is None else self.last_ns + 20 * NS_PER_MS

    def advance(self, now_ns: int) -> Job | None:
        return self._end(now_ns)

    def _end(self, now_ns: int) -> Job:
        self.state.input = None
        return Job(say(self.data, now_ns), is_sending=True)


def say(data: bytes, at_ns: int) -> Task:
    now_ns = yield Wait(until_ns=at_ns + 5 * NS_PER_MS)
    return Outcome(b"[" + data + b"]", now_ns)


def state_of(player: ChipPlayer) -> FirmwareState:
    return player.firmware._state


def run_as_at(monkeypatch: pytest.MonkeyPatch, make: object) -> None:
    """Let AT be another command."""

    def run(state: FirmwareState, command: bytes | None, at_ns: int) -> object:
        assert callable(make)
        return make(state, Call("", Form.EXECUTE), at_ns)

    monkeypatch.setattr(at_firmware, "run_line", run)


def player_with_bell(ring_ns: int | None = None) -> tuple[ChipPlayer, Bell]:
    player = ready_player()
    bell = Bell(state_of(player), ring_ns)
    state_of(player).services = (bell,)
    return player, bell


def test_a_task_goes_on_at_its_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = []

    def task(_state: FirmwareState, _call: Call, at_ns: int) -> Task:
        now_ns = yield Wait(until_ns=at_ns + NS_PER_S)
        moments.append(now_ns - at_ns)
        now_ns = yield Wait(until_ns=now_ns + NS_PER_S)
        moments.append(now_ns - at_ns)
        return ok(now_ns)

    player = ready_player()
    run_as_at(monkeypatch, task)
    assert player.ask(b"AT") == OK
    assert moments == [NS_PER_S, 2 * NS_PER_S]


def test_a_task_goes_on_when_an_event_has_met_its_condition(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    player, bell = player_with_bell()

    def task(_state: FirmwareState, _call: Call, _at_ns: int) -> Task:
        now_ns = yield Wait(is_met=lambda: len(bell.heard) == 2)
        return ok(now_ns)

    run_as_at(monkeypatch, task)
    player.send(b"AT\r\n")
    player.settle()
    player.hear(ApLost())
    assert player.take_sent() == b"heard\r\n"
    player.hear(ApLost())
    assert player.take_sent() == b"heard\r\n" + OK


def test_a_waiting_command_turns_lines_away(monkeypatch: pytest.MonkeyPatch) -> None:
    player, bell = player_with_bell()

    def task(_state: FirmwareState, _call: Call, _at_ns: int) -> Task:
        now_ns = yield Wait(is_met=lambda: bool(bell.heard))
        return ok(now_ns)

    run_as_at(monkeypatch, task)
    player.send(b"AT\r\nAT\r\n")
    player.settle()
    assert player.take_sent() == BUSY
    player.hear(ApLost())
    assert player.take_sent() == b"heard\r\n" + OK


def test_an_answer_of_a_task_may_lie_in_the_future(monkeypatch: pytest.MonkeyPatch) -> None:
    def task(_state: FirmwareState, _call: Call, at_ns: int) -> Task:
        now_ns = yield Wait(until_ns=at_ns)
        return ok(now_ns + NS_PER_S)

    player = ready_player()
    run_as_at(monkeypatch, task)
    player.send(b"AT\r\n")
    asked_ns = player.now_ns
    player.settle()
    assert player.take_sent() == OK
    assert player.now_ns == asked_ns + NS_PER_S


def test_a_service_is_started_when_the_firmware_is_ready() -> None:
    player = ChipPlayer()
    state_of(player).services = (Bell(state_of(player)),)
    player.settle()
    (request,) = [each for each in player.actions if isinstance(each, Transmit)]
    assert request == Transmit(Leave(), player.now_ns)


def test_a_service_speaks_at_its_moment_even_while_bytes_arrive() -> None:
    player, bell = player_with_bell()
    bell.ring_ns = player.now_ns + 200_000  # in the middle of the third byte
    state_of(player).echo = True
    player.send(b"AT\r\n")
    player.settle()
    assert player.take_sent() == b"AT" + b"ring\r\n" + b"\r\r\n" + OK


def test_nothing_is_heard_before_ready() -> None:
    player = ChipPlayer()
    bell = Bell(state_of(player))
    state_of(player).services = (bell,)
    player.hear(ApLost())
    assert bell.heard == []


def test_nothing_is_heard_while_a_restart_waits_for_the_flash() -> None:
    player, bell = player_with_bell()
    player.firmware._has_left = True
    player.hear(ApLost())
    assert bell.heard == []


def test_an_input_takes_bytes_up_to_its_last_and_the_line_reader_the_rest() -> None:
    player = ready_player()
    state_of(player).input = Collector(state_of(player))
    player.send(b"AT\r\n.")
    player.settle()
    assert player.take_sent() == b"[AT\r\n.]"
    assert player.ask(b"AT") == OK


def test_what_comes_behind_the_last_byte_of_an_input_is_turned_away_as_sending() -> None:
    player = ready_player()
    state_of(player).input = Collector(state_of(player))
    player.send(b"data.AT\r\n")
    player.settle()
    assert player.take_sent() == b"\r\nbusy s...\r\n" + b"[data.]"


def test_an_input_in_one_piece_with_what_follows_is_taken_apart() -> None:
    player = ready_player()
    state_of(player).input = Collector(state_of(player))
    firmware = player.firmware
    burst = Burst(player.now_ns, b"a.AT\r\n", player.line_format)
    player.carry_out(firmware.receive(burst))
    player.settle()
    assert player.take_sent() == b"\r\nbusy s...\r\n" + b"[a.]"


@pytest.mark.parametrize(
    ("pause_ms", "said"), [(19, b"[abcdef]"), (21, b"[abc]")], ids=["shorter", "longer"]
)
def test_the_pause_that_ends_an_input_is_measured_from_the_end_of_bytes(
    pause_ms: int, said: bytes
) -> None:
    player = ready_player()
    state_of(player).input = Collector(state_of(player))
    player.send(b"abc")
    byte_ns = player.line_format.duration_ns(1)
    player.advance(player.now_ns + pause_ms * NS_PER_MS - byte_ns)
    player.send(b"def")
    player.settle()
    assert player.take_sent() == said


def test_bytes_for_an_input_are_echoed_if_it_wants_it() -> None:
    player = ready_player()
    state_of(player).echo = True
    state_of(player).input = Collector(state_of(player))
    player.send(b"ab.")
    player.settle()
    assert player.take_sent() == b"ab." + b"[ab.]"
    state_of(player).input = Collector(state_of(player), echoes=False)
    player.send(b"ab.")
    player.settle()
    assert player.take_sent() == b"[ab.]"


def test_an_echo_that_leaves_bytes_out_overtakes_none() -> None:
    player = ready_player()
    state_of(player).echo = True
    state_of(player).input = Collector(state_of(player))
    burst = Burst(player.now_ns, b"a\n\n\nb.", player.line_format)
    (echo,) = player.firmware.receive(burst)
    assert isinstance(echo, Send)
    assert echo.data == b"ab."
    assert echo.at_ns + player.line_format.duration_ns(2) >= burst.end_ns()
