"""One module on a rig and how it is brought into a known state."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest

from hil.drive.registry import find_machine
from hil.errors import NeedMissingError, NoReplyError
from hil.flashing.synthesis import synthesize
from hil.ports.byte_port import Parity, PortFormat
from hil.ports.control_lines import Line
from hil.rig.assembly import open_rig
from hil.rig.description import VIRTUAL_RIG, VirtualFlash
from hil.rig.module import (
    BOOT_LOG_BAUD,
    BOOT_LOG_LONGEST_S,
    COMMON_BAUDS,
    LOADER_BAUD,
    POWER_OFF_S,
    RigModule,
)
from hil.units import NS_PER_S, seconds_to_ns
from hil.virtual.bench import Bench
from hil.virtual.chip import Phase
from hil.virtual.rom_loader import RomLoader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from hil.ports.clock import Clock
    from hil.ports.control_lines import ControlLines
    from hil.ports.serial_port import SerialPort

FIRMWARE = synthesize()


@pytest.fixture
def module() -> Iterator[RigModule]:
    with open_rig(VIRTUAL_RIG, FIRMWARE) as rig:
        yield rig.modules[0]


@pytest.fixture
def bench(module: RigModule) -> Bench:
    _, bench = find_machine("default", "module0")
    assert isinstance(bench, Bench)
    return bench


class Lines:
    """The lines of a virtual module, or some of them; writes down what is switched when."""

    def __init__(self, lines: ControlLines, *which: Line) -> None:
        self._lines, self.lines = lines, frozenset(which)
        self.log: list[Mapping[Line, bool]] = []

    def set(self, states: Mapping[Line, bool]) -> None:
        assert set(states) <= self.lines
        self.log.append(dict(states))
        self._lines.set(states)

    def close(self) -> None:
        self._lines.close()


def with_lines(module: RigModule, *which: Line) -> tuple[RigModule, Lines]:
    lines = Lines(module.lines, *which)
    return RigModule(module.description, module.port, lines, "bench-7"), lines


def need_of(call: Callable[[], object]) -> str:
    with pytest.raises(NeedMissingError) as caught:
        call()
    return str(caught.value)


class TestReset:
    def test_the_boot_log_is_captured_at_the_rate_of_the_rom(self, module: RigModule) -> None:
        module.start()
        capture = module.reset()
        assert capture.baud == BOOT_LOG_BAUD
        assert capture.text.startswith(" ets Jan  8 2013,rst cause:2, boot mode:(3,6)\n")
        assert capture.text.endswith(
            "jump to run user1 @ 1000\n\nSDK version: 1.0.1\nmode : softAP(1a:fe:34:d0:00:00)"
        )
        banner = capture.log.banner
        assert banner is not None
        assert (int(banner.cause), banner.boot_mode) == (2, 3)

    def test_the_port_is_left_at_the_rate_of_the_firmware(self, module: RigModule) -> None:
        module.port.set_format(PortFormat(9600, 7, Parity.EVEN))
        module.reset()
        assert module.port.format == PortFormat(115200)
        assert not module.is_running

    def test_the_capture_says_when_the_reset_ended(self, module: RigModule) -> None:
        before_ns = module.clock.now_ns()
        assert module.reset().time_ns == before_ns + NS_PER_S // 10

    def test_every_capture_is_kept(self, module: RigModule) -> None:
        captures = [module.reset(), module.power_cycle(), module.start()]
        assert module.boot_captures == captures

    def test_what_came_before_is_no_part_of_it(self, module: RigModule) -> None:
        module.start()
        module.port.send(b"AT+GMR\r\n")
        module.clock.sleep(0.2)
        assert module.reset().text.startswith(" ets Jan")

    def test_what_the_client_knew_of_the_life_before_is_forgotten(
        self, module: RigModule, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        module.start()
        module.at.send(b"AT\r\n")
        module.clock.sleep(0.2)
        with pytest.raises(NoReplyError):
            module.at.wait_for("no such line", 0.1)
        module.reset()
        with pytest.raises(NoReplyError):
            module.at.receive_reply(0.1)

    def test_without_a_reset_line_the_supply_is_cut(self, module: RigModule) -> None:
        held, lines = with_lines(module, Line.POWER)
        banner = held.reset().log.banner
        assert banner is not None
        assert int(banner.cause) == 1
        assert lines.log == [{Line.POWER: False}, {Line.POWER: True}]

    def test_without_both_it_says_what_is_missing(self, module: RigModule) -> None:
        held, _ = with_lines(module, Line.STRAP)
        assert need_of(held.reset) == (
            "rig 'bench-7' has no 'reset': name line sets that switch EXT_RSTB or the supply in "
            "the module's `lines`, or restart the module by hand"
        )

    def test_a_silent_module_gives_an_empty_capture(self, bench: Bench, module: RigModule) -> None:
        held, _ = with_lines(module, Line.RESET)
        module.lines.set({Line.POWER: False})
        capture = held.reset()
        assert (capture.raw, capture.text, capture.log.banner) == (b"", "", None)

    def test_bytes_that_are_no_text_are_shown_escaped(self, module: RigModule) -> None:
        capture = replace(module.reset(), raw=b"\r\n\xfeets\r\nload\r\n\r\n")
        assert capture.text == "\\xfeets\nload"


class BabblingPort:
    """A module that sends without a pause, whatever is done to it."""

    def __init__(self) -> None:
        self.now = 0
        self.clock = cast("Clock", self)
        self.format = PortFormat()
        self.capabilities: frozenset[str] = frozenset()
        self.name = "babbling"

    def now_ns(self) -> int:
        return self.now

    def sleep(self, duration_s: float) -> None:
        self.now += seconds_to_ns(duration_s)

    def set_format(self, line_format: PortFormat) -> None:
        self.format = line_format

    def discard_input(self) -> None:
        pass

    def receive(self, deadline_ns: int) -> bytes:
        self.now += NS_PER_S // 100
        assert self.now < 60 * NS_PER_S, "never ends"
        return b"U"


class NoWires:
    lines = frozenset(Line)

    def set(self, states: Mapping[Line, bool]) -> None:
        pass

    def close(self) -> None:
        pass


def test_a_module_that_never_stops_talking_does_not_hold_up_a_reset() -> None:
    port = BabblingPort()
    module = RigModule(VIRTUAL_RIG.modules[0], cast("SerialPort", port), NoWires(), "bench-7")
    capture = module.reset()
    assert capture.raw == b"U" * 200
    assert port.now - capture.time_ns == seconds_to_ns(BOOT_LOG_LONGEST_S)


class TestPowerCycle:
    def test_the_module_boots_with_cause_1(self, module: RigModule) -> None:
        banner = module.power_cycle().log.banner
        assert banner is not None
        assert int(banner.cause) == 1

    def test_the_supply_is_off_long_enough(self, module: RigModule) -> None:
        before_ns = module.clock.now_ns()
        assert module.power_cycle().time_ns - before_ns == seconds_to_ns(POWER_OFF_S)

    def test_without_a_switch_it_says_what_is_missing(self, module: RigModule) -> None:
        held, _ = with_lines(module, Line.RESET)
        assert need_of(held.power_cycle) == (
            "rig 'bench-7' has no 'power': name a line set that switches the supply in the "
            "module's `lines`, or restart it by hand"
        )


class TestEnterLoader:
    def test_by_reset(self, module: RigModule, bench: Bench) -> None:
        held, lines = with_lines(module, Line.RESET, Line.STRAP)
        held.enter_loader()
        assert isinstance(bench.chip._program, RomLoader)
        assert lines.log == [
            {Line.RESET: True},
            {Line.STRAP: True, Line.RESET: False},
            {Line.STRAP: False},
        ]

    def test_by_the_supply(self, module: RigModule, bench: Bench) -> None:
        held, lines = with_lines(module, Line.POWER, Line.STRAP)
        held.enter_loader()
        assert isinstance(bench.chip._program, RomLoader)
        assert lines.log == [
            {Line.POWER: False},
            {Line.STRAP: True, Line.POWER: True},
            {Line.STRAP: False},
        ]

    def test_the_port_is_ready_for_the_loader(self, module: RigModule) -> None:
        module.start()
        module.port.set_format(PortFormat(9600, 7, Parity.EVEN))
        module.enter_loader()
        assert module.port.format == PortFormat(LOADER_BAUD)
        assert module.port.receive(0) == b""
        assert not module.is_running

    def test_the_next_reset_leaves_it(self, module: RigModule) -> None:
        module.enter_loader()
        module.start()
        assert module.at.gmr().lines

    def test_without_a_strap_it_says_what_is_missing(self, module: RigModule) -> None:
        held, lines = with_lines(module, Line.RESET, Line.POWER)
        assert need_of(held.enter_loader) == (
            "rig 'bench-7' has no 'strap': GPIO0 must be held low by the rig to enter the boot "
            "loader"
        )
        assert lines.log == []

    def test_without_reset_and_supply_it_says_what_is_missing(self, module: RigModule) -> None:
        held, lines = with_lines(module, Line.STRAP)
        assert need_of(held.enter_loader) == (
            "rig 'bench-7' has no 'reset': the boot loader is entered by a reset with GPIO0 held "
            "low"
        )
        assert lines.log == []


class TestWakeLink:
    def test_it_is_switched(self, module: RigModule, bench: Bench) -> None:
        module.start()
        module.set_wake_link(is_closed=False)
        module.at.execute("AT+GSLP=500")
        module.clock.sleep(10)
        assert bench.chip.phase is Phase.ASLEEP
        module.set_wake_link(is_closed=True)
        module.at.wait_ready(5)

    def test_without_one_it_says_what_is_missing(self, module: RigModule) -> None:
        held, _ = with_lines(module, Line.RESET)
        assert need_of(lambda: held.set_wake_link(is_closed=True)) == (
            "rig 'bench-7' has no 'wake-link': deep sleep ends only through a switchable wake link"
        )


class TestStart:
    def test_the_firmware_answers_afterwards(self, module: RigModule) -> None:
        capture = module.start()
        assert module.is_running
        assert module.boot_captures[-1] is capture
        assert module.at.command("AT").is_ok

    def test_a_module_without_firmware_is_reported_with_its_boot_log(self) -> None:
        blank = replace(VIRTUAL_RIG.modules[0], flash=VirtualFlash(content="blank"))
        with open_rig(replace(VIRTUAL_RIG, modules=(blank,)), FIRMWARE) as rig:
            with pytest.raises(NoReplyError) as caught:
                rig.modules[0].start()
            (note,) = caught.value.__notes__
            assert note.startswith(
                "The boot log was:\n ets Jan  8 2013,rst cause:2, boot mode:(3,6)\n"
            )
            assert not rig.modules[0].is_running

    def test_a_module_that_says_nothing_is_reported_as_such(self, module: RigModule) -> None:
        held, _ = with_lines(module, Line.RESET)
        module.lines.set({Line.POWER: False})
        with pytest.raises(NoReplyError) as caught:
            held.start()
        assert caught.value.__notes__ == ["The boot log was:\n(nothing)"]


class TestRecover:
    def test_factory_settings_come_back(self, module: RigModule) -> None:
        module.start()
        module.at.cwmode_def(3)
        module.at.ate(is_on=False)
        module.recover()
        assert module.is_running
        assert module.at.cwmode_def_query() == 2
        assert module.at.command("AT").raw.startswith(b"AT")
        assert module.restores == 1

    def test_a_module_in_its_loader_comes_back(self, module: RigModule) -> None:
        module.enter_loader()
        module.recover()
        assert module.at.command("AT").is_ok

    @pytest.mark.parametrize("baud", [57600, 250_000, 1200])
    def test_a_stored_rate_is_found(self, module: RigModule, baud: int) -> None:
        module.start()
        module.at.uart_def(baud)
        module.recover()
        assert module.port.format == PortFormat(115200)
        module.start()

    def test_a_stored_frame_is_found(self, module: RigModule) -> None:
        module.start()
        module.at.uart_def(9600, data_bits=7, stop_bits=2, parity=Parity.EVEN)
        module.recover()
        assert module.port.format == PortFormat(115200)
        module.start()

    @pytest.mark.parametrize("baud", COMMON_BAUDS)
    def test_a_usual_rate_is_found_even_if_nobody_remembers_it(
        self, module: RigModule, baud: int
    ) -> None:
        module.start()
        module.at.uart_def(baud)
        module.port.set_format(PortFormat(300))
        module.recover()
        module.start()

    def test_a_module_described_with_another_rate_gets_it_again(self, module: RigModule) -> None:
        module.start()
        module.at.uart_def(9600)
        slow = replace(module.description, baud=9600)
        held = RigModule(slow, module.port, module.lines, "bench-7")
        held.start()
        held.recover()
        assert held.port.format.baud == 9600
        held.start()

    def test_a_module_that_starts_in_passthrough_comes_back(self, module: RigModule) -> None:
        module.start()
        module.at.cwmode_def(1)
        module.at.cwjap_def("testnet", "password")
        module.at.savetranslink("192.168.1.2", 9)
        module.start()
        module.recover()
        module.start()
        assert module.at.command("AT").is_ok

    def test_a_module_that_is_dead_is_reported(self, module: RigModule) -> None:
        held, _ = with_lines(module, Line.RESET)
        module.lines.set({Line.POWER: False})
        with pytest.raises(NoReplyError) as caught:
            held.recover()
        assert caught.value.__notes__ == ["slot 0 could not be brought back to factory settings"]
        assert not held.is_running


def test_a_module_is_called_by_its_slot(module: RigModule) -> None:
    assert module.name == "slot 0"


def test_it_has_what_follows_from_its_lines_and_its_port(module: RigModule) -> None:
    held, _ = with_lines(module, Line.RESET)
    assert held.has == {"reset", "uart-format"}
