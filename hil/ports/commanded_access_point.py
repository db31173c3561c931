"""An access point that commands switch: a script, hostapd_cli, the remote shell of a router.

Passwords go to a command in its environment, where other users cannot read them, and never in its
arguments. What it prints is kept for error texts, without the password.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from hil.errors import AccessPointError

from .access_point import Ability, ApStation, raise_missing

if TYPE_CHECKING:
    from pathlib import Path

    from .access_point import ApSetup

MAC_PLACE = "{mac}"
"""Stands in the command `drop` for the address of the station."""

_SHOWN_BYTES = 400
_STATION = re.compile(r"((?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2})(?:\s+(\d+(?:\.\d+){3}))?")

Command = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ApCommands:
    """What to call, program and arguments; empty where there is nothing to call.

    Args:
        on: Puts the access point on the air.
        off: Takes it off.
        configure: Sets it up as the environment says.
        drop: Throws the station out that stands in the place of ``{mac}``.
        stations: Prints a line for each station: its MAC address, perhaps its IPv4 address.
    """

    on: Command = ()
    off: Command = ()
    configure: Command = ()
    drop: Command = ()
    stations: Command = ()


class CommandedAccessPoint:
    """An `AccessPoint` that is switched by commands. It is on the air when this is made.

    Args:
        setup: How it is set up at first.
        commands: What to call.
        rig: The rig's name, for error texts.
        folder: Where commands run.
        timeout_s: How long each may take.
        bssid: Its MAC address, if the rig says.
    """

    def __init__(
        self,
        setup: ApSetup,
        commands: ApCommands,
        rig: str,
        *,
        folder: Path,
        timeout_s: float,
        bssid: str | None = None,
    ) -> None:
        self._first = self._setup = setup
        self._commands = commands
        self._rig = rig
        self._folder = folder
        self._timeout_s = timeout_s
        self._bssid = bssid
        self._is_on = True

    @property
    def setup(self) -> ApSetup:
        """How it was set up last."""
        return self._setup

    @property
    def bssid(self) -> str | None:
        """Its MAC address, or None if the rig does not say."""
        return self._bssid

    @property
    def is_on(self) -> bool:
        """Whether it was switched on last."""
        return self._is_on

    @property
    def abilities(self) -> frozenset[Ability]:
        """What there are commands for."""
        commands = self._commands
        there = {
            Ability.SWITCH: commands.on and commands.off,
            Ability.CONFIGURE: commands.configure,
            Ability.DROP: commands.drop,
            Ability.LIST: commands.stations,
        }
        return frozenset(ability for ability, command in there.items() if command)

    def switch(self, *, is_on: bool) -> None:
        """Switch it on or off, unless it is so.

        Raises:
            AccessPointError: The command failed.
            NeedMissingError: There is none.

        Blocks: the command's time, at most the time-out, on the host's clock.
        """
        self._require(Ability.SWITCH, "commands `on` and `off`")
        if is_on is not self._is_on:
            word = "on" if is_on else "off"
            self._run(self._commands.on if is_on else self._commands.off, f"switch {word}")
            self._is_on = is_on

    def configure(self, setup: ApSetup) -> None:
        """Set it up in another way.

        Raises:
            AccessPointError: The command failed; how the access point is set up is unknown then.
            NeedMissingError: There is none.

        Blocks: the command's time, at most the time-out, on the host's clock.
        """
        self._require(Ability.CONFIGURE, "a command `configure`")
        self._run(self._commands.configure, "configure", setup)
        self._setup = setup

    def drop(self, mac: str) -> None:
        """Throw a station out.

        Raises:
            AccessPointError: The command failed.
            NeedMissingError: There is none.

        Blocks: the command's time, at most the time-out, on the host's clock.
        """
        self._require(Ability.DROP, "a command `drop`")
        command = tuple(word.replace(MAC_PLACE, mac) for word in self._commands.drop)
        self._run(command, f"drop {mac} from")

    def stations(self) -> tuple[ApStation, ...]:
        """Who is joined, as the command tells.

        Raises:
            AccessPointError: The command failed or printed something else.
            NeedMissingError: There is none.

        Blocks: the command's time, at most the time-out, on the host's clock.
        """
        self._require(Ability.LIST, "a command `stations`")
        attempted = "list the stations of"
        lines = self._run(self._commands.stations, attempted).splitlines()
        return tuple(self._parse_station(line.strip()) for line in lines if line.strip())

    def restore(self) -> None:
        """Bring it back to how it was at first; what it is already is not done again.

        Raises:
            AccessPointError: A command failed.
        """
        if not self._is_on:
            self.switch(is_on=True)
        if self._setup != self._first:
            self.configure(self._first)

    def _require(self, ability: Ability, missing: str) -> None:
        if ability not in self.abilities:
            raise_missing(self._first.ssid, self._rig, missing)

    def _parse_station(self, line: str) -> ApStation:
        match = _STATION.fullmatch(line)
        address = None
        if match is not None and match[2] is not None:
            with suppress(ValueError):
                address = IPv4Address(match[2])
        if match is None or (match[2] is not None and address is None):
            raise AccessPointError(
                self._setup.ssid,
                attempted="list the stations of",
                reason=f"{self._commands.stations[0]} printed {self._shown(line, self._setup)!r}",
                remedy="Each line has to be a MAC address, and perhaps an IPv4 address behind it",
            )
        return ApStation(match[1].lower(), address)

    def _run(self, command: Command, attempted: str, setup: ApSetup | None = None) -> str:
        """What a command printed.

        Args:
            command: Program and arguments.
            attempted: What it is to do.
            setup: What its environment says; else how the access point is set up.

        Raises:
            AccessPointError: It could not be started, took too long, or failed.
        """
        wanted = setup or self._setup
        with TemporaryFile() as output:  # a pipe would wait for what a command leaves running
            try:
                process = subprocess.Popen(  # noqa: S603 - the rig file names it
                    command,
                    cwd=self._folder,
                    env=os.environ | _environment(wanted),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                reason = f"{command[0]} cannot be started: {error.strerror}"
                raise self._failure(attempted, reason) from error
            end = self._wait_for(process)
            output.seek(0)
            printed = output.read().decode("utf-8", "backslashreplace")
        if end:
            said = self._shown(printed.strip(), wanted) or "it printed nothing"
            raise self._failure(attempted, f"{command[0]} {end}: {said}")
        return printed

    def _wait_for(self, process: subprocess.Popen[bytes]) -> str:
        """How a command failed; empty if it did not."""
        try:
            status = process.wait(self._timeout_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # it leads the group, and is not reaped yet
            process.wait()
            return f"was ended after {self._timeout_s:g} s"
        if status < 0:
            return f"was ended by {signal.Signals(-status).name}"
        return f"ended with exit status {status}" if status else ""

    def _failure(self, attempted: str, reason: str) -> AccessPointError:
        return AccessPointError(
            self._setup.ssid,
            attempted=attempted,
            reason=reason,
            remedy=f"Try the command by hand in {self._folder}; docs/rig-file.md says what it "
            "finds in its environment",
        )

    def _shown(self, printed: str, setup: ApSetup) -> str:
        """What a command printed as an error text shows it: its end, without passwords."""
        for password in {setup.password, self._setup.password, self._first.password} - {""}:
            printed = printed.replace(password, "***")
        return printed if len(printed) <= _SHOWN_BYTES else f"... {printed[-_SHOWN_BYTES:]}"


def _environment(setup: ApSetup) -> dict[str, str]:
    return {
        "HIL_AP_SSID": setup.ssid,
        "HIL_AP_SECURITY": setup.security.value,
        "HIL_AP_PASSWORD": setup.password,
        "HIL_AP_CHANNEL": "" if setup.channel is None else str(setup.channel),
        "HIL_AP_DHCP": "1" if setup.has_dhcp else "0",
    }
