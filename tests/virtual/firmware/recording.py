"""Replays what somebody recorded at a real module: lines sent, lines received, and events between.

A recording is a list of ``("tx", line)``, ``("data", content)`` behind a prompt, and
``("rx", line)``, with functions between them that let something happen behind the antenna. Blank
lines count only where the recording has kept them: many posts have lost them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

import pytest

from hil.units import NS_PER_MS, NS_PER_S
from hil.virtual.address import Ipv4Config
from hil.virtual.air.message import Joined, Leased, ScanDone, Security, Sighting
from hil.virtual.firmware.dialect import ESPRESSIF_0_23
from hil.virtual.network.message import (
    Ping,
    Ponged,
    TcpAcknowledged,
    TcpOpen,
    TcpOpened,
    TcpSend,
    UdpOpen,
    UdpOpened,
    UdpReceived,
)

from .link_player import LinkPlayer

if TYPE_CHECKING:
    from _pytest.mark import ParameterSet

    from hil.virtual.firmware.at_firmware import FirmwareIdentity

Line = tuple[str, str]
Event = Callable[[LinkPlayer], None]
Steps = Sequence[Line | Event]

OK: tuple[Line, Line] = (("rx", ""), ("rx", "OK"))
ERROR: tuple[Line, Line] = (("rx", ""), ("rx", "ERROR"))

_ENDS = {"tx": b"\r\n", "data": b""}

BSSID = bytes.fromhex("485d36000001")


def recorded(
    name: str,
    prepare: Callable[[LinkPlayer], None],
    *steps: Line | Event,
    keeps_blanks: bool = True,
) -> ParameterSet:
    """A recording as a parameter of a test.

    Args:
        name: What it is called.
        prepare: Brings a module with factory settings to where the recording begins.
        steps: The recording.
        keeps_blanks: Whether its blank lines count.
    """
    return pytest.param(prepare, steps, keeps_blanks, id=name)


def module(identity: FirmwareIdentity | None = None) -> LinkPlayer:
    """A started module of AT 0.23, with the echo off.

    Args:
        identity: What its image tells of itself.
    """
    player = LinkPlayer(ESPRESSIF_0_23)
    if identity is not None:
        player.identity = identity
        player.power_cycle()
        player.ask(b"ATE0")
    return player


def replay(player: LinkPlayer, steps: Steps, *, keeps_blanks: bool = True) -> None:
    """Send what was sent, let happen what happened, and compare what comes.

    Args:
        player: The module.
        steps: The recording.
        keeps_blanks: Whether its blank lines count.
    """
    expected: list[str] = []
    player.take_sent()
    for step in steps:
        if callable(step):
            step(player)
        elif step[0] == "rx":
            expected.append(step[1])
        else:
            _compare(player, expected, keeps_blanks=keeps_blanks)
            expected = []
            player.send(step[1].encode("latin-1") + _ENDS[step[0]])
            player.wait(60 * NS_PER_MS)
    _compare(player, expected, keeps_blanks=keeps_blanks)


def _compare(player: LinkPlayer, expected: Sequence[str], *, keeps_blanks: bool) -> None:
    lines = player.take_sent().decode("latin-1").replace("\r\n", "\n").split("\n")
    if lines[-1] == "":
        lines.pop()
    if not keeps_blanks:
        expected = [line.strip() for line in expected if line]
        lines = [line.strip() for line in lines if line]
    assert lines == list(expected), f"recorded {expected}, but {lines} came"


# Where a recording begins ------------------------------------------------------------------------


def fresh(player: LinkPlayer) -> None:
    """Factory settings: softAP mode."""


def station(player: LinkPlayer) -> None:
    """Station mode, not joined."""
    player.ask(b"AT+CWMODE_CUR=1")


def joined(player: LinkPlayer) -> None:
    """Station and softAP, joined."""
    player.join()


def joined_station(player: LinkPlayer) -> None:
    """Station mode, joined."""
    player.join()
    player.ask(b"AT+CWMODE_CUR=1")
    player.take_requests()


def multiple(player: LinkPlayer) -> None:
    """Joined, for several connections."""
    player.join()
    player.ask(b"AT+CIPMUX=1")


def linked(player: LinkPlayer) -> None:
    """Joined, with a TCP link."""
    player.join()
    player.start_tcp()


def multiply_linked(player: LinkPlayer) -> None:
    """Joined, for several connections, with TCP link 0."""
    multiple(player)
    player.start_tcp(0)


# What happens behind the antenna -----------------------------------------------------------------


def taken_in(ssid: str, address: str = "192.168.1.7") -> Event:
    """An access point takes the station in and gives it an address; the command looks in time."""
    lease = Ipv4Config(
        IPv4Address(address), IPv4Address("192.168.1.1"), IPv4Address("255.255.255.0")
    )

    def join(player: LinkPlayer) -> None:
        player.hear(Joined(Sighting(ssid.encode(), BSSID, 6, -50, Security.WPA2_PSK)))
        player.hear(Leased(lease))
        player.wait(4 * NS_PER_S)
        player.take_requests()

    return join


def found(*records: tuple[int, str, int, str, int]) -> Event:
    """A scan finds access points: security, name, strength, address, channel of each."""
    sightings = tuple(
        Sighting(ssid.encode(), bytes.fromhex(mac.replace(":", "")), channel, rssi, Security(code))
        for code, ssid, rssi, mac, channel in records
    )
    return lambda player: player.hear(ScanDone(sightings))


def seconds(duration_s: int) -> Event:
    """Time passes."""
    return lambda player: player.wait(duration_s * NS_PER_S)


def connected(player: LinkPlayer) -> None:
    """The peer accepts the connection."""
    player.hear(TcpOpened(player.request(TcpOpen).socket, 4097))


def registered(port: int) -> Event:
    """A UDP port is there."""
    return lambda player: player.hear(UdpOpened(player.request(UdpOpen).socket, port))


def acknowledged(player: LinkPlayer) -> None:
    """The peer acknowledges all that was sent."""
    sent = player.request(TcpSend)
    player.hear(TcpAcknowledged(sent.socket, len(sent.data)))


def answered(duration_ms: int) -> Event:
    """The answer to a ping comes."""

    def answer(player: LinkPlayer) -> None:
        query = player.request(Ping).query
        player.hear(Ponged(query, duration_ms * NS_PER_MS))

    return answer


def datagram(content: bytes) -> Event:
    """A datagram comes to the only socket."""
    return lambda player: player.hear(UdpReceived(1, content, IPv4Address("192.168.1.20"), 2000))
