"""What shows a fault: what is done with a module, and what is seen without and with the fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hil.virtual.air.message import Joined, Leased

from .link_player import AP, LEASE, LinkPlayer

Run = Callable[[LinkPlayer], object]

SUFFIXES = (b"", b"_CUR", b"_DEF")


@dataclass(frozen=True)
class Probe:
    """One observation.

    Args:
        run: What is done with a module that has just started, and what is seen of it.
        sound: What a sound module shows.
        faulty: What the module with the fault shows.
    """

    run: Run
    sound: object
    faulty: object


def asked(*lines: bytes) -> Run:
    """What command lines are answered."""
    return lambda player: [player.ask(line) for line in lines]


def of_family(name: bytes, rest: bytes) -> Run:
    """What the three commands of a family are answered."""
    return asked(*(b"AT+" + name + suffix + rest for suffix in SUFFIXES))


def start_anew(player: LinkPlayer) -> None:
    """Cut the power, start again and switch the echo off."""
    player.take_requests()
    player.power_cycle()
    player.ask(b"ATE0")


def stored(*lines: bytes, then: bytes) -> Run:
    """What a line is answered after others and a start."""

    def run(player: LinkPlayer) -> bytes:
        for line in lines:
            player.ask(line)
        start_anew(player)
        return player.ask(then)

    return run


def join_by(player: LinkPlayer, command: bytes) -> bytes:
    """Let the station join a network by a command; returns what is said."""
    player.take_sent()
    player.send(command + b'="net",""\r\n')
    player.wait_ms(500)
    player.hear(Joined(AP))
    player.hear(Leased(LEASE))
    player.wait_ms(4000)
    return player.take_sent()
