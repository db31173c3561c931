"""The check of a rig tells its faults apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.drive.registry import find_machine
from hil.flashing.synthesis import synthesize
from hil.ports.control_lines import Line
from hil.rig.assembly import open_rig
from hil.rig.check import CheckOutcome, CheckResult, check_rig
from hil.rig.description import VIRTUAL_RIG
from hil.rig.module import RigModule
from hil.rig.rig import Rig
from hil.virtual.bench import Bench

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hil.ports.control_lines import ControlLines

FIRMWARE = synthesize()
RESET, FIRMWARE_CHECK, LOADER, POWER = (
    "EXT_RSTB resets",
    "the firmware answers",
    "GPIO0 enters the loader",
    "power cuts",
)
PASSED, FAILED, NOT_WIRED = CheckOutcome.PASSED, CheckOutcome.FAILED, CheckOutcome.NOT_WIRED


class FaultyLines:
    """Lines some of which do nothing, or are always in one state, or are not there."""

    def __init__(
        self,
        lines: ControlLines,
        *,
        dead: frozenset[Line] = frozenset(),
        missing: frozenset[Line] = frozenset(),
    ) -> None:
        self._lines, self._dead = lines, dead
        self.lines = lines.lines - missing

    def set(self, states: Mapping[Line, bool]) -> None:
        self._lines.set({line: on for line, on in states.items() if line not in self._dead})

    def close(self) -> None:
        self._lines.close()


@pytest.fixture
def healthy_rig() -> Iterator[Rig]:
    with open_rig(VIRTUAL_RIG, FIRMWARE) as opened:
        yield opened


@pytest.fixture
def bench(healthy_rig: Rig) -> Bench:
    _, bench = find_machine("default", "module0")
    assert isinstance(bench, Bench)
    return bench


def cut_rx(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wire to RX of the adapter is off."""
    monkeypatch.setattr(bench.adapter, "accept", lambda burst: None)


def cut_tx(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wire from TX of the adapter is off."""
    monkeypatch.setattr(bench.chip, "receive", lambda burst: None)


def with_lines(rig: Rig, **faults: frozenset[Line]) -> Rig:
    (module,) = rig.modules
    lines = FaultyLines(module.lines, **faults)
    faulty = RigModule(module.description, module.port, lines, rig.name)
    return Rig(rig.description, rig.clock, (faulty,))


def checked(rig: Rig) -> dict[str, CheckResult]:
    return {result.name: result for result in check_rig(rig)}


def outcomes(rig: Rig) -> dict[str, CheckOutcome]:
    return {name: result.outcome for name, result in checked(rig).items()}


def is_running(rig: Rig) -> bool:
    (module,) = rig.modules
    module.at.wait_ready(5)
    return module.at.command("AT").is_ok


class TestHealthy:
    def test_everything_passes_in_order(self, healthy_rig: Rig) -> None:
        assert list(outcomes(healthy_rig).items()) == [
            (RESET, PASSED),
            (FIRMWARE_CHECK, PASSED),
            (LOADER, PASSED),
            (POWER, PASSED),
        ]

    def test_each_line_says_what_was_seen(self, healthy_rig: Rig) -> None:
        results = checked(healthy_rig)
        assert [result.detail for result in results.values()] == [
            "boot log with cause 2, boot mode 3",
            "AT is answered at 115200 baud",
            "ESP8266EX, MAC 18:fe:34:d0:00:00, 1MB of flash, data at 460800 baud",
            "silent without supply, boots with cause 1",
        ]
        assert {result.remedy for result in results.values()} == {""}
        assert {result.module for result in results.values()} == {"slot 0"}

    def test_the_module_runs_afterwards(self, healthy_rig: Rig) -> None:
        checked(healthy_rig)
        assert is_running(healthy_rig)

    def test_the_module_runs_afterwards_if_the_loader_was_the_last_check(
        self, healthy_rig: Rig
    ) -> None:
        faulty = with_lines(healthy_rig, missing=frozenset({Line.POWER}))
        assert outcomes(faulty)[LOADER] is PASSED
        assert is_running(faulty)

    def test_results_come_as_they_are_found(self, healthy_rig: Rig) -> None:
        results = check_rig(healthy_rig)
        assert next(results).name == RESET
        assert next(results).name == FIRMWARE_CHECK


class TestFaults:
    def test_reset_not_connected(self, healthy_rig: Rig) -> None:
        healthy_rig.modules[0].at.wait_ready(5)
        results = checked(with_lines(healthy_rig, dead=frozenset({Line.RESET})))
        assert {name: result.outcome for name, result in results.items()} == {
            RESET: FAILED,
            FIRMWARE_CHECK: PASSED,
            LOADER: FAILED,
            POWER: PASSED,
        }
        assert results[RESET].detail == ("no boot log at 74880 baud after a reset; 0 bytes came")
        assert results[RESET].remedy == (
            "the wire from the reset line to EXT_RSTB, the `circuit` in the rig file, RX of the "
            "adapter, and whether the crystal is a 26 MHz one"
        )

    def test_strap_stuck_high(self, healthy_rig: Rig) -> None:
        results = checked(with_lines(healthy_rig, dead=frozenset({Line.STRAP})))
        assert {name: result.outcome for name, result in results.items()} == {
            RESET: PASSED,
            FIRMWARE_CHECK: PASSED,
            LOADER: FAILED,
            POWER: PASSED,
        }
        assert results[LOADER].detail.startswith(
            "no boot loader answers on sim://default/module0: "
        )
        assert results[LOADER].remedy.startswith("the wire from the strap line to GPIO0")

    def test_strap_stuck_low(self, healthy_rig: Rig) -> None:
        healthy_rig.modules[0].lines.set({Line.STRAP: True})
        results = checked(with_lines(healthy_rig, dead=frozenset({Line.STRAP})))
        assert {name: result.outcome for name, result in results.items()} == {
            RESET: PASSED,
            FIRMWARE_CHECK: FAILED,
            LOADER: PASSED,
            POWER: FAILED,
        }
        assert results[RESET].detail == "boot log with cause 2, boot mode 1"

    def test_power_relay_dead(self, healthy_rig: Rig) -> None:
        results = checked(with_lines(healthy_rig, dead=frozenset({Line.POWER})))
        assert {name: result.outcome for name, result in results.items()} == {
            RESET: PASSED,
            FIRMWARE_CHECK: PASSED,
            LOADER: PASSED,
            POWER: FAILED,
        }
        assert results[POWER].detail == (
            "the module still answers AT a second after its supply was cut"
        )
        assert results[POWER].remedy == (
            "the relay or supply output, and whether the adapter feeds the module through TX or 3V3"
        )

    def test_nothing_is_heard(
        self, healthy_rig: Rig, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cut_rx(bench, monkeypatch)
        assert outcomes(healthy_rig) == {
            RESET: FAILED,
            FIRMWARE_CHECK: FAILED,
            LOADER: FAILED,
            POWER: FAILED,
        }

    def test_nothing_that_is_said_arrives(
        self, healthy_rig: Rig, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """`ready` and boot logs are heard; they prove nothing of the other direction."""
        cut_tx(bench, monkeypatch)
        results = checked(healthy_rig)
        assert {name: result.outcome for name, result in results.items()} == {
            RESET: PASSED,
            FIRMWARE_CHECK: FAILED,
            LOADER: FAILED,
            POWER: PASSED,
        }
        assert results[FIRMWARE_CHECK].remedy.startswith("TX of the adapter, ")

    def test_no_two_faults_look_alike(self, healthy_rig: Rig, bench: Bench) -> None:
        looks = [outcomes(healthy_rig)]
        looks += [
            outcomes(with_lines(healthy_rig, dead=frozenset({line})))
            for line in (Line.RESET, Line.STRAP, Line.POWER)
        ]
        for cut in (cut_rx, cut_tx):
            with pytest.MonkeyPatch.context() as monkeypatch:
                cut(bench, monkeypatch)
                looks.append(outcomes(healthy_rig))
        assert [looks.count(look) for look in looks] == [1] * 6

    def test_what_is_wrong_with_one_module_does_not_hide_the_next(self, healthy_rig: Rig) -> None:
        (module,) = healthy_rig.modules
        lines = FaultyLines(module.lines, dead=frozenset({Line.RESET}))
        faulty = RigModule(module.description, module.port, lines, healthy_rig.name)
        both = Rig(healthy_rig.description, healthy_rig.clock, (faulty, module))
        results = [result for result in check_rig(both) if result.name == RESET]
        assert [result.outcome for result in results] == [FAILED, PASSED]


class TestNotWired:
    def test_a_line_that_is_not_there_is_named_and_skipped(self, healthy_rig: Rig) -> None:
        results = checked(with_lines(healthy_rig, missing=frozenset(Line)))
        assert {name: (result.outcome, result.detail) for name, result in results.items()} == {
            RESET: (NOT_WIRED, "the rig has no reset"),
            FIRMWARE_CHECK: (PASSED, "AT is answered at 115200 baud"),
            LOADER: (NOT_WIRED, "the rig has no strap"),
            POWER: (NOT_WIRED, "the rig has no power"),
        }

    def test_a_strap_without_a_reset_is_not_wired_rather_than_broken(
        self, healthy_rig: Rig
    ) -> None:
        faulty = with_lines(healthy_rig, missing=frozenset({Line.RESET, Line.POWER}))
        result = checked(faulty)[LOADER]
        assert result.outcome is NOT_WIRED
        assert result.detail == (
            "rig 'virtual' has no 'reset': the boot loader is entered by a reset with GPIO0 held "
            "low"
        )

    def test_a_rig_without_a_reset_line_enters_the_loader_by_its_supply(
        self, healthy_rig: Rig
    ) -> None:
        assert outcomes(with_lines(healthy_rig, missing=frozenset({Line.RESET}))) == {
            RESET: NOT_WIRED,
            FIRMWARE_CHECK: PASSED,
            LOADER: PASSED,
            POWER: PASSED,
        }


def test_the_adapter_that_goes_away_with_the_supply_is_no_silence(
    healthy_rig: Rig, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An adapter on the switched supply vanishes: that proves nothing of the module."""
    (module,) = healthy_rig.modules
    send = module.port.serial.write

    def write(data: bytes) -> int | None:
        if bench.chip.phase.value == "off":
            raise OSError(5, "Input/output error")
        return send(data)

    monkeypatch.setattr(module.port.serial, "write", write)
    result = checked(healthy_rig)[POWER]
    assert result.outcome is FAILED
    assert result.detail.startswith("cannot write to sim://default/module0: Input/output error. ")
