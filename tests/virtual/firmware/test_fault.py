"""Each named fault shows in what can be observed, and only where it is laid."""

from __future__ import annotations

import re

import pytest

from hil.virtual.firmware.command_table import COMMANDS
from hil.virtual.firmware.dialect import ESPRESSIF_0_23
from hil.virtual.firmware.fault_table import FAULTS

from .fault_probe_basic import BASIC_PROBES
from .fault_probe_interface import INTERFACE_PROBES
from .fault_probe_sending import SENDING_PROBES
from .fault_probe_tcp_ip import TCP_IP_PROBES
from .fault_probe_wifi import WIFI_PROBES
from .link_player import LinkPlayer

PROBES = {
    **BASIC_PROBES,
    **WIFI_PROBES,
    **INTERFACE_PROBES,
    **TCP_IP_PROBES,
    **SENDING_PROBES,
}

each_fault = pytest.mark.parametrize("name", list(FAULTS))


def test_there_is_a_probe_for_each_fault() -> None:
    assert set(PROBES) == set(FAULTS)


@each_fault
def test_a_fault_shows(name: str) -> None:
    probe = PROBES[name]
    assert probe.run(LinkPlayer()) == probe.sound
    assert probe.run(LinkPlayer(faults=[FAULTS[name]])) == probe.faulty
    assert probe.sound != probe.faulty


@each_fault
def test_a_fault_can_be_laid_over_the_other_dialect(name: str) -> None:
    PROBES[name].run(LinkPlayer(ESPRESSIF_0_23, faults=[FAULTS[name]]))


@each_fault
def test_a_fault_says_what_it_is_and_what_it_breaks(name: str) -> None:
    fault = FAULTS[name]
    assert fault.name == name
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    assert re.fullmatch(r"[^\n]{20,90}\.", fault.summary)
    assert fault.commands
    assert {command.removeprefix("AT") for command in fault.commands} <= {*COMMANDS, "+IPD"}


def test_the_command_table_stays_as_it_is() -> None:
    before = {name: dict(forms) for name, forms in COMMANDS.items()}
    LinkPlayer(faults=list(FAULTS.values()))
    assert {name: dict(forms) for name, forms in COMMANDS.items()} == before
