"""Each named fault shows in what can be observed, and only where it is laid."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import pytest

from hil.virtual.firmware.command_table import COMMANDS, commands_of
from hil.virtual.firmware.dialect import DOCUMENTED, ESPRESSIF_0_23
from hil.virtual.firmware.fault_table import FAULTS
from hil.virtual.network.message import TcpReceived, UdpReceived

from .chip_player import OK
from .fault_probe_basic import BASIC_PROBES
from .fault_probe_interface import INTERFACE_PROBES
from .fault_probe_sending import SENDING_PROBES
from .fault_probe_tcp_ip import TCP_IP_PROBES
from .fault_probe_wifi import WIFI_PROBES
from .link_player import LinkPlayer

if TYPE_CHECKING:
    from hil.virtual.outside import OutsideEvent

PROBES = {
    **BASIC_PROBES,
    **WIFI_PROBES,
    **INTERFACE_PROBES,
    **TCP_IP_PROBES,
    **SENDING_PROBES,
}

TOUR = (
    "echo-is-off-at-start",
    "gmr-leaves-out-compile-time",
    "gslp-oversleeps",
    "uart-def-forgets",
    "sleep-works-with-soft-ap",
    "restore-keeps-system-area",
    "cwmode-cur-saves",
    "cwjap-def-forgets",
    "wifi-disconnect-is-missing",
    "cwlap-loses-last",
    "smart-config-lets-commands-through",
    "cwsap-def-forgets",
    "cwlif-keeps-who-left",
    "cwdhcp-mixes-up-bits",
    "cipstamac-def-forgets",
    "cipap-ignores-gateway",
    "cipstatus-mixes-up-roles",
    "udp-mode-1-changes-again",
    "cipclose-5-closes-with-server",
    "cipsto-is-ignored",
    "ping-tells-microseconds",
    "ciupdate-skips-third-step",
    "ipd-names-next-link",
    "cipsend-drops-eighth-bit",
    "cipsendbuf-loses-segments",
    "plus-plus-plus-is-forgotten",
    "savetranslink-is-not-stored",
)
"""Probes that between them see all groups of commands."""

each_fault = pytest.mark.parametrize("name", list(FAULTS))


class NotingPlayer(LinkPlayer):
    """Notes which commands it gives, and +IPD when data come from a peer."""

    def __init__(self) -> None:
        self.used: set[str] = set()
        super().__init__()
        self.used.clear()

    def send(self, data: bytes) -> None:
        self.used |= {each.decode() for each in re.findall(rb"AT(?:E|\+[A-Z_]+)?", data)}
        super().send(data)

    def hear(self, event: OutsideEvent) -> None:
        if isinstance(event, TcpReceived | UdpReceived):
            self.used.add("+IPD")
        super().hear(event)


@cache
def used_by(probe: str) -> frozenset[str]:
    player = NotingPlayer()
    PROBES[probe].run(player)
    return frozenset(player.used)


def test_there_is_a_probe_for_each_fault() -> None:
    assert set(PROBES) == set(FAULTS)
    assert len(FAULTS) >= 45


@each_fault
def test_a_fault_shows(name: str) -> None:
    probe = PROBES[name]
    assert probe.run(LinkPlayer()) == probe.sound
    assert probe.run(LinkPlayer(faults=[FAULTS[name]])) == probe.faulty
    assert probe.sound != probe.faulty


@each_fault
def test_a_fault_can_be_laid_over_the_other_dialect(name: str) -> None:
    PROBES[name].run(LinkPlayer(ESPRESSIF_0_23, faults=[FAULTS[name]]))


@pytest.mark.parametrize("name", [name for name in FAULTS if name != "echo-stays-on"])
def test_a_fault_leaves_everything_else_alone(name: str) -> None:
    """Whoever gives none of its commands meets a sound module."""
    fault = FAULTS[name]
    for probe in TOUR:
        if probe != name and used_by(probe).isdisjoint(fault.commands):
            assert PROBES[probe].run(LinkPlayer(faults=[fault])) == PROBES[probe].sound, probe


def test_an_echo_that_stays_on_is_all_that_is_wrong_then() -> None:
    sound, faulty = LinkPlayer(), LinkPlayer(faults=[FAULTS["echo-stays-on"]])
    for line in (b"AT", b"AT+GMR", b"AT+NOSUCH", b"AT+CWMODE=1", b"AT+CWMODE?", b"AT+RST"):
        assert faulty.ask(line) == line + b"\r\r\n" + sound.ask(line)


@pytest.mark.parametrize("is_reversed", [False, True])
@pytest.mark.parametrize(
    "names",
    [
        ("server-takes-highest-number", "server-leaves-sixth-client-waiting"),
        ("cwautoconn-is-not-stored", "savetranslink-is-not-stored"),
        ("uart-mixes-up-parities", "uart-drops-flow-control"),
        ("ipd-names-next-link", "ipd-drops-zero-bytes"),
        ("cwmode-cur-saves", "cwmode-refuses-three"),
        ("cipsend-takes-2049", "cipsend-drops-eighth-bit"),
    ],
)
def test_faults_in_the_same_place_show_side_by_side(
    names: tuple[str, ...], is_reversed: bool
) -> None:
    faults = [FAULTS[name] for name in (reversed(names) if is_reversed else names)]
    for name in names:
        assert PROBES[name].run(LinkPlayer(faults=faults)) != PROBES[name].sound


@pytest.mark.parametrize("is_reversed", [False, True])
def test_all_faults_together_leave_a_module_that_runs(is_reversed: bool) -> None:
    """Nobody needs that; but none of them takes for granted that it is alone."""
    faults = list(FAULTS.values())
    player = LinkPlayer(faults=faults[::-1] if is_reversed else faults)
    assert player.ask(b"AT") == b"AT\r\r\n" + OK


@each_fault
def test_a_fault_says_what_it_is_and_what_it_breaks(name: str) -> None:
    fault = FAULTS[name]
    assert fault.name == name
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    assert re.fullmatch(r"[^\n]{20,90}\.", fault.summary)
    assert fault.commands
    assert {command.removeprefix("AT") for command in fault.commands} <= {
        *COMMANDS,
        "+IPD",
        "APPENDIX",
        "GENERAL",
    }


def test_each_documented_command_but_at_has_a_fault() -> None:
    """A module that does not answer AT would fail in everything."""
    broken = {command for fault in FAULTS.values() for command in fault.commands}
    known = {f"AT{name}" for name, forms in commands_of(DOCUMENTED).items() if name and forms}
    assert known <= broken


def test_the_command_table_stays_as_it_is() -> None:
    before = {name: dict(forms) for name, forms in COMMANDS.items()}
    LinkPlayer(faults=list(FAULTS.values()))
    assert {name: dict(forms) for name, forms in COMMANDS.items()} == before
