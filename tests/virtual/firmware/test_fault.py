"""Each named fault shows in what can be observed, and only where it is laid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.virtual.action import Restart
from hil.virtual.firmware.command_table import COMMANDS
from hil.virtual.firmware.fault_table import FAULTS

from .chip_player import ChipPlayer, ready_player

if TYPE_CHECKING:
    from collections.abc import Callable


def asked(*lines: bytes) -> Callable[[ChipPlayer], object]:
    return lambda player: [player.ask(line) for line in lines]


def stored(*lines: bytes, then: bytes) -> Callable[[ChipPlayer], object]:
    """What a line answers after others and a restart."""

    def probe(player: ChipPlayer) -> object:
        for line in lines:
            player.ask(line)
        player.power_cycle()
        return player.ask(then)

    return probe


def line_format_after(line: bytes) -> Callable[[ChipPlayer], object]:
    def probe(player: ChipPlayer) -> object:
        player.ask(line)
        player.power_cycle()
        return player.line_format

    return probe


def sleep_after(line: bytes) -> Callable[[ChipPlayer], object]:
    def probe(player: ChipPlayer) -> object:
        player.ask(line)
        return player.deep_sleep

    return probe


PROBES: dict[str, Callable[[ChipPlayer], object]] = {
    "echo-stays-on": asked(b"ATE0", b"AT"),
    "ate-accepts-anything": asked(b"ATE2"),
    "gslp-oversleeps": sleep_after(b"AT+GSLP=1000"),
    "uart-cur-saves": line_format_after(b"AT+UART_CUR=9600,8,1,0,0"),
    "uart-def-forgets": line_format_after(b"AT+UART_DEF=9600,8,1,0,0"),
    "cwmode-cur-saves": stored(b"AT+CWMODE_CUR=1", then=b"AT+CWMODE_DEF?"),
    "cwmode-def-forgets": stored(b"AT+CWMODE_DEF=1", then=b"AT+CWMODE_DEF?"),
}


def test_there_is_a_probe_for_each_fault() -> None:
    assert set(PROBES) == set(FAULTS)


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_fault_shows(name: str) -> None:
    sound, faulty = ready_player(), ready_player(faults=[FAULTS[name]])
    assert PROBES[name](faulty) != PROBES[name](sound)


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_fault_leaves_everything_else_alone(name: str) -> None:
    """Start-up, AT, version and restart are as always."""
    sound, faulty = ready_player(), ready_player(faults=[FAULTS[name]])
    sound.take_sent()
    faulty.take_sent()
    for line in (b"AT", b"AT+GMR", b"AT+NOSUCH", b"AT+RST"):
        echo = line + b"\r\r\n" if name == "echo-stays-on" else b""
        assert faulty.ask(line).removeprefix(echo) == sound.ask(line)
    assert [type(each) for each in faulty.actions[-2:]] == [
        type(each) for each in sound.actions[-2:]
    ]
    assert any(isinstance(each, Restart) for each in faulty.actions)


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_fault_names_what_it_breaks(name: str) -> None:
    fault = FAULTS[name]
    assert fault.summary.endswith(".")
    assert fault.commands
    assert {command.removeprefix("AT") for command in fault.commands} <= {*COMMANDS, "+IPD"}


def test_the_command_table_stays_as_it_is() -> None:
    before = {name: dict(forms) for name, forms in COMMANDS.items()}
    ready_player(faults=list(FAULTS.values()))
    assert {name: dict(forms) for name, forms in COMMANDS.items()} == before
