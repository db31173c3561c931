"""What all control lines do, whatever switches them, seen at the module that they reach."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import pytest
import serial

from hil.drive.contacts import VirtualContacts
from hil.drive.simulated import SimulatedClock
from hil.errors import NeedMissingError, PortError
from hil.ports.byte_port import PortFormat
from hil.ports.combined_lines import CombinedLines
from hil.ports.control_lines import Line
from hil.ports.modem_lines import ModemLines
from hil.ports.serial_port import SerialPort, open_serial_port
from hil.virtual.chip import Phase
from tests.drive.simulated_module import URL, running_module

from .served_wire import far_end_over, served_port
from .wire import FarEnd, pseudo_terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from hil.ports.control_lines import ControlLines
    from hil.virtual.bench import Bench
    from hil.virtual.world import World

ANSWER = b"AT\r\r\n\r\nOK\r\n"
FROM_FLASH, FROM_UART = b"boot mode:(3,", b"boot mode:(1,"


@dataclass(frozen=True)
class Place:
    """A module that runs, its port, and the lines under contract."""

    world: World
    bench: Bench
    port: SerialPort
    lines: ControlLines

    def wait(self, duration_s: float) -> None:
        self.port.clock.sleep(duration_s)

    def boot_log_after(self, states: Mapping[Line, bool]) -> bytes:
        self.port.set_format(PortFormat(74880))
        self.port.discard_input()
        self.lines.set(states)
        self.wait(0.2)
        log = self.port.receive(0)
        self.port.set_format(PortFormat())
        return log

    def answers(self) -> bool:
        self.wait(1)
        self.port.discard_input()
        self.port.send(b"AT\r\n")
        self.wait(0.2)
        return self.port.receive(0) == ANSWER


def two_transistors(world: World, bench: Bench, port: SerialPort) -> ControlLines:
    return ModemLines(port, "two-transistor")


def direct(world: World, bench: Bench, port: SerialPort) -> ControlLines:
    return ModemLines(port, "direct")


def contacts(world: World, bench: Bench, port: SerialPort) -> ControlLines:
    return VirtualContacts(world, bench)


class Some:
    """Only some of the lines of another piece of hardware."""

    def __init__(self, lines: ControlLines, *which: Line) -> None:
        self._lines, self.lines = lines, frozenset(which)

    def set(self, states: Mapping[Line, bool]) -> None:
        self._lines.set(states)

    def close(self) -> None:
        self._lines.close()


def combined(world: World, bench: Bench, port: SerialPort) -> ControlLines:
    relay = Some(VirtualContacts(world, bench), Line.POWER)
    return CombinedLines([relay, ModemLines(port, "two-transistor")], "bench-7")


@dataclass(frozen=True)
class Implementation:
    open: Callable[[World, Bench, SerialPort], ControlLines]
    circuit: str
    lines: frozenset[Line]
    wire: str = "sim"


BOTH = frozenset({Line.RESET, Line.STRAP})
IMPLEMENTATIONS = {
    "modem-two-transistor": Implementation(two_transistors, "two-transistor", BOTH),
    "modem-direct": Implementation(direct, "direct", BOTH),
    "virtual-contacts": Implementation(contacts, "none", frozenset(Line)),
    "combined": Implementation(combined, "two-transistor", BOTH | {Line.POWER}),
    "modem over hil": Implementation(two_transistors, "two-transistor", BOTH, "hil"),
    "modem over rfc2217": Implementation(two_transistors, "two-transistor", BOTH, "rfc2217"),
    "modem over pty": Implementation(two_transistors, "two-transistor", frozenset(), "pty"),
}


def open_port(
    implementation: Implementation, world: World, bench: Bench, stack: ExitStack
) -> SerialPort:
    if implementation.wire != "sim":
        return stack.enter_context(served_port(world, bench, implementation.wire))
    port = open_serial_port(
        URL,
        SimulatedClock(world),
        line_format=PortFormat(),
        keeps_lines_released=implementation.circuit == "direct",
    )
    stack.callback(port.close)
    return port


@contextmanager
def opened(implementation: Implementation) -> Iterator[Place]:
    if not implementation.lines:
        pytest.skip(f"a {implementation.wire} has no modem lines")
    with running_module(implementation.circuit) as (world, bench), ExitStack() as stack:
        port = open_port(implementation, world, bench, stack)
        lines = implementation.open(world, bench, port)
        stack.callback(lines.close)
        yield Place(world, bench, port, lines)


@pytest.fixture(params=IMPLEMENTATIONS)
def implementation(request: pytest.FixtureRequest) -> Implementation:
    return IMPLEMENTATIONS[request.param]


@pytest.fixture
def place(implementation: Implementation) -> Iterator[Place]:
    with opened(implementation) as held:
        yield held


def require_line(place: Place, line: Line) -> None:
    if line not in place.lines.lines:
        pytest.skip(f"these lines have no {line.value}")


def test_they_say_which_lines_they_are(place: Place, implementation: Implementation) -> None:
    assert place.lines.lines == implementation.lines


def test_taking_them_leaves_a_running_module_alone(place: Place) -> None:
    assert place.bench.chip.boots == 1
    assert place.answers()


def test_a_line_that_is_not_there_is_refused(place: Place) -> None:
    missing = sorted(set(Line) - place.lines.lines, key=lambda line: line.value)
    if not missing:
        pytest.skip("these are all lines that exist")
    for line in missing:
        with pytest.raises(NeedMissingError) as caught:
            place.lines.set({line: True})
        assert caught.value.need == line.value
    assert place.answers()


def test_a_refused_line_keeps_the_others_from_being_switched(place: Place) -> None:
    if Line.WAKE_LINK in place.lines.lines:
        pytest.skip("these lines have a wake link")
    with pytest.raises(NeedMissingError):
        place.lines.set({Line.RESET: True, Line.WAKE_LINK: True})
    assert place.bench.chip.phase is Phase.RUNNING


def test_an_active_reset_holds_the_module(place: Place) -> None:
    place.lines.set({Line.RESET: True})
    place.wait(1)
    assert place.bench.chip.phase is Phase.RESET
    assert not place.answers()


def test_a_released_reset_starts_the_module_from_its_flash(place: Place) -> None:
    place.lines.set({Line.RESET: True})
    place.wait(0.1)
    assert FROM_FLASH in place.boot_log_after({Line.RESET: False})
    assert place.answers()


@pytest.mark.parametrize(
    "states",
    [{Line.RESET: False, Line.STRAP: True}, {Line.STRAP: True, Line.RESET: False}],
    ids=["reset named first", "strap named first"],
)
def test_one_call_leaves_a_reset_into_the_loader(place: Place, states: dict[Line, bool]) -> None:
    place.lines.set({Line.RESET: True})
    place.wait(0.1)
    assert FROM_UART in place.boot_log_after(states)


def test_a_strap_that_joins_a_reset_is_sampled_when_the_reset_ends(place: Place) -> None:
    """On a board the strap ends the reset; the RC network lets it be sampled all the same."""
    place.port.set_format(PortFormat(74880))
    place.lines.set({Line.RESET: True})
    place.wait(0.1)
    place.lines.set({Line.STRAP: True})
    assert FROM_UART in place.boot_log_after({Line.RESET: False})


def test_a_strap_that_is_released_meanwhile_is_not_sampled(place: Place) -> None:
    place.lines.set({Line.RESET: True})
    place.wait(0.1)
    place.lines.set({Line.RESET: False, Line.STRAP: True})
    place.wait(0.1)
    place.lines.set({Line.STRAP: False, Line.RESET: True})
    place.wait(0.1)
    assert FROM_FLASH in place.boot_log_after({Line.RESET: False})


def test_a_strap_alone_does_not_disturb_the_module(place: Place) -> None:
    place.lines.set({Line.STRAP: True})
    assert place.answers()


def test_without_power_the_module_is_silent(place: Place) -> None:
    require_line(place, Line.POWER)
    place.lines.set({Line.POWER: False})
    assert not place.answers()
    assert FROM_FLASH in place.boot_log_after({Line.POWER: True})


def test_one_call_comes_back_from_a_power_cut_into_the_loader(place: Place) -> None:
    require_line(place, Line.POWER)
    place.lines.set({Line.POWER: False})
    place.wait(1)
    assert FROM_UART in place.boot_log_after({Line.POWER: True, Line.STRAP: True})


def test_a_closed_wake_link_ends_deep_sleep_and_an_open_one_does_not(place: Place) -> None:
    require_line(place, Line.WAKE_LINK)
    place.lines.set({Line.WAKE_LINK: False})
    place.port.send(b"AT+GSLP=500\r\n")
    place.wait(10)
    assert place.bench.chip.phase is Phase.ASLEEP
    place.lines.set({Line.WAKE_LINK: True})
    assert place.answers()


@pytest.mark.parametrize(
    "states",
    [
        {Line.RESET: True},
        {Line.STRAP: True},
        {Line.STRAP: True, Line.RESET: True},
        {Line.POWER: False},
        {Line.POWER: False, Line.STRAP: True, Line.RESET: True},
        {},
    ],
    ids=lambda states: "+".join(line.value for line in states) or "nothing",
)
def test_closing_leaves_a_running_module_and_may_be_repeated(
    place: Place, states: dict[Line, bool]
) -> None:
    for line in states:
        require_line(place, line)
    place.lines.set(states)
    place.wait(0.1)
    place.lines.close()
    place.lines.close()
    assert place.answers()


def test_closing_after_the_port_is_fine(place: Place) -> None:
    place.port.close()
    place.lines.close()


class TestModemLines:
    def test_another_line_is_named(self) -> None:
        with opened(IMPLEMENTATIONS["modem-direct"]) as place:
            with pytest.raises(NeedMissingError) as caught:
                place.lines.set({Line.POWER: False})
            assert str(caught.value) == (
                "rig 'sim://tests/module' has no 'power': DTR and RTS drive reset and strap only"
            )

    @pytest.mark.parametrize(
        "open_end", [pseudo_terminal, partial(far_end_over, "pty")], ids=["bare", "served"]
    )
    def test_a_port_without_modem_lines_says_what_to_do(
        self, open_end: Callable[[], AbstractContextManager[FarEnd]]
    ) -> None:
        with open_end() as end:
            port = cast("SerialPort", end.port)
            with pytest.raises(PortError) as caught:
                ModemLines(port, "two-transistor")
            assert str(caught.value) == (
                f"cannot switch DTR and RTS of {end.port.name}: Inappropriate ioctl for device. "
                "This port has no modem lines; describe the lines of the rig by another driver, "
                "or leave them out and reset by hand"
            )

    @pytest.mark.parametrize(
        ("circuit", "expected"),
        [
            ("two-transistor", ["rts 0", "dtr 0", "rts 0"]),
            ("direct", ["dtr 0", "rts 0"]),
        ],
    )
    def test_the_lines_are_released_in_the_order_that_resets_nothing(
        self, circuit: str, expected: list[str]
    ) -> None:
        """DTR alone is the strap, RTS alone the reset of a board; on bare wires RTS is the reset.

        So there GPIO0 is released before EXT_RSTB, and the module starts from its flash.
        """
        port = SwitchedPort()
        ModemLines(cast("SerialPort", port), circuit)
        assert port.serial.switched == expected


class SwitchedPort:
    """Writes down in which order its modem lines are switched."""

    name = "COM3"

    def __init__(self) -> None:
        self.serial: Any = SwitchedSerial()


class SwitchedSerial:
    is_open = True

    def __init__(self) -> None:
        object.__setattr__(self, "switched", [])

    def __setattr__(self, name: str, value: object) -> None:
        cast("list[str]", self.__dict__["switched"]).append(f"{name} {value:d}")


class Recorder:
    """Hardware that writes down what it is told."""

    def __init__(self, name: str, log: list[str], *lines: Line, breaks: bool = False) -> None:
        self.name, self.log, self.lines, self.breaks = name, log, frozenset(lines), breaks

    def set(self, states: Mapping[Line, bool]) -> None:
        words = ", ".join(f"{line.value} {on:d}" for line, on in states.items())
        self.log.append(f"{self.name}: {words}")

    def close(self) -> None:
        self.log.append(f"{self.name}: close")
        if self.breaks:
            raise serial.SerialException(f"{self.name} is gone")


class TestCombinedLines:
    def test_the_missing_line_set_is_asked_for(self) -> None:
        lines = CombinedLines([], "bench-7")
        assert lines.lines == frozenset()
        with pytest.raises(NeedMissingError) as caught:
            lines.set({Line.STRAP: True})
        assert str(caught.value) == (
            "rig 'bench-7' has no 'strap': add a [lines.NAME] table that switches it to the rig "
            "file and name it in the module's `lines`"
        )

    def test_the_first_part_that_has_a_line_gets_it(self) -> None:
        log: list[str] = []
        first = Recorder("first", log, Line.RESET)
        CombinedLines([first, Recorder("second", log, Line.RESET)], "r").set({Line.RESET: True})
        assert log == ["first: reset 1"]

    @pytest.mark.parametrize("line", [Line.RESET, Line.POWER])
    def test_the_strap_comes_before_what_starts_the_module(self, line: Line) -> None:
        """A relay takes milliseconds; GPIO0 is sampled one millisecond after the start."""
        log: list[str] = []
        starter = Recorder("starter", log, line, Line.WAKE_LINK)
        lines = CombinedLines([starter, Recorder("strap", log, Line.STRAP)], "r")
        on = line is Line.POWER
        lines.set({line: on, Line.WAKE_LINK: True, Line.STRAP: True})
        assert log == ["strap: strap 1", f"starter: {line.value} {on:d}, wake-link 1"]

    def test_lines_of_one_part_are_switched_in_one_step(self) -> None:
        log: list[str] = []
        both = Recorder("both", log, Line.RESET, Line.STRAP)
        CombinedLines([both], "r").set({Line.RESET: False, Line.STRAP: True})
        assert log == ["both: strap 1, reset 0"]

    def test_a_part_that_breaks_does_not_keep_the_others_from_being_released(self) -> None:
        log: list[str] = []
        parts = [Recorder("one", log, breaks=True), Recorder("two", log, breaks=True)]
        with pytest.raises(serial.SerialException, match=r"^one is gone$"):
            CombinedLines([*parts, Recorder("three", log)], "r").close()
        assert log == ["one: close", "two: close", "three: close"]
