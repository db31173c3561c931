"""Wi-Fi networks that a rig file names: those that are there, and what all of them have in common.

A real rig lists access points in reach of its modules as ``[[access-point]]``; the air of a
virtual one stands in `hil.rig.air_description`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hil.ports.access_point import CHANNELS, LONGEST_SSID_BYTES, ApSecurity, ApSetup
from hil.ports.commanded_access_point import MAC_PLACE, ApCommands
from hil.toml_table import Words

from .password_source import NO_PASSWORD, PasswordSource, parse_password

if TYPE_CHECKING:
    from hil.toml_table import Table

NETWORK_KEYS = frozenset({"ssid", "security", "password", "channel", "dhcp"})
SECURITIES = tuple(security.value for security in ApSecurity)

_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_COMMANDS = ("on", "off", "configure", "drop", "stations")


@dataclass(frozen=True, slots=True)
class WifiNetwork:
    """What a station has to know of an access point.

    Args:
        ssid: Its name.
        security: How it is secured.
        password: Where its password is.
        channel: Where it sends; None if the file does not say.
        has_dhcp: Whether there is a DHCP server.
    """

    ssid: str
    security: ApSecurity = ApSecurity.WPA2
    password: PasswordSource = NO_PASSWORD
    channel: int | None = None
    has_dhcp: bool = True

    def setup(self) -> ApSetup:
        """All of it, with the password.

        Raises:
            RigFileError: The password is not where the file says.
        """
        password = self.password.read(self.security)
        return ApSetup(self.ssid, self.security, password, self.channel, self.has_dhcp)


@dataclass(frozen=True, slots=True)
class RealAccessPoint:
    """An access point in reach of a real rig.

    Args:
        network: What a station has to know of it.
        bssid: Its MAC address, if the file says.
        commands: What switches it, if anything does.
        timeout_s: How long a command may take.
    """

    network: WifiNetwork
    bssid: str | None = None
    commands: ApCommands | None = None
    timeout_s: int = 30


def parse_access_point(table: Table) -> RealAccessPoint:
    """The access point that an ``[[access-point]]`` table describes."""
    table.require_known(NETWORK_KEYS | {"bssid", "command", "timeout_s"})
    commands = None
    if "command" in table:
        commands = _parse_commands(table.table("command"))
    else:
        table.refuse("timeout_s", allowed="no timeout_s without an [access-point.command] table")
    return RealAccessPoint(
        parse_network(table),
        parse_mac(table, "bssid") if "bssid" in table else None,
        commands,
        table.integer("timeout_s", 1, 600, default=30),
    )


def parse_network(table: Table) -> WifiNetwork:
    """What a table says under `NETWORK_KEYS`."""
    allowed = f"a name of 1 to {LONGEST_SSID_BYTES} bytes"
    ssid = table.text("ssid", allowed=allowed)
    if len(ssid.encode()) > LONGEST_SSID_BYTES:
        raise table.mistake("ssid", allowed=allowed, given=ssid)
    security = ApSecurity(table.choice("security", SECURITIES, default="wpa2"))
    password: PasswordSource = NO_PASSWORD
    if security is not ApSecurity.OPEN:
        password = parse_password(table, "password")
    elif "password" in table:
        raise table.mistake(
            "password", allowed="no password for an open network", given=Words("one")
        )
    channel = None
    if "channel" in table:
        channel = table.integer("channel", CHANNELS.start, CHANNELS.stop - 1)
    return WifiNetwork(ssid, security, password, channel, table.truth("dhcp", default=True))


def parse_mac(table: Table, key: str) -> str:
    """A MAC address of one station, ``18:fe:34:00:00:01``."""
    allowed = "six pairs of small hexadecimal digits with colons, the first of them even"
    text = table.text(key, allowed=allowed)
    if not _MAC.fullmatch(text) or int(text[:2], 16) & 1:
        raise table.mistake(key, allowed=allowed, given=text)
    return text


def _parse_commands(table: Table) -> ApCommands:
    table.require_known(set(_COMMANDS))
    allowed = "a list of a program and its arguments"
    commands = {name: table.texts(name, (), allowed=allowed) for name in _COMMANDS}
    for name, command in commands.items():
        if name in table and not command:
            raise table.mistake(name, allowed=allowed, given=[])
    drop = commands["drop"]
    if drop and not any(MAC_PLACE in word for word in drop):
        raise table.mistake("drop", allowed=f"a command with {MAC_PLACE} in it", given=[*drop])
    for name, other in (("on", "off"), ("off", "on")):
        if commands[name] and not commands[other]:
            raise table.mistake(
                other, allowed=f"a command, because there is one for {name!r}", given=Words("none")
            )
    return ApCommands(**commands)
