"""The access points under contract, and whoever else is on the air with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from hil.drive.virtual_access_point import VirtualAccessPoint, settings_of
from hil.ports.access_point import ApSecurity, ApSetup, FixedAccessPoint
from hil.ports.commanded_access_point import ApCommands, CommandedAccessPoint
from hil.virtual.air.air import Air
from hil.virtual.air.dhcp import DhcpServer
from hil.virtual.world import World
from tests.virtual.air.air_player import ROUTER

if TYPE_CHECKING:
    from pathlib import Path

    from hil.ports.access_point import AccessPoint

SETUP = ApSetup("lab", ApSecurity.WPA2, "secret-1", channel=6)
MAC = "ac:37:43:00:00:01"
BSSID = "b4:75:0e:00:00:01"

SCRIPT = r"""#!/bin/sh
# Plays a program that switches an access point: it keeps its state in files beside it.
case "$1" in
    on) echo on > state ;;
    off) echo off > state; : > joined ;;
    configure)
        printf '%s\n' "$HIL_AP_SSID" "$HIL_AP_SECURITY" "$HIL_AP_PASSWORD" "$HIL_AP_CHANNEL" \
            "$HIL_AP_DHCP" > setup
        : > joined ;;
    drop) grep -v -i "^$2" joined > rest; cmp -s joined rest && { echo "no $2 here"; exit 4; }
        mv rest joined ;;
    stations) cat joined ;;
esac
echo "$*" >> calls
"""


class Place(Protocol):
    """An access point and what others see of it."""

    @property
    def access_point(self) -> AccessPoint:
        """The access point under contract."""

    def seen(self) -> ApSetup | None:
        """How others find it, None if it is off the air."""

    def join(self) -> None:
        """A station with the address `MAC` joins and gets 192.168.1.100."""


class FixedPlace:
    """An access point that nobody can switch."""

    def __init__(self) -> None:
        self.access_point = FixedAccessPoint(SETUP, "bench-7", bssid=BSSID)

    def seen(self) -> ApSetup:
        return SETUP

    def join(self) -> None:
        """Nobody can tell."""


class VirtualPlace:
    """An access point of a virtual air."""

    def __init__(self) -> None:
        self.world, self.air = World(), Air()
        self.world.add("air", self.air)
        dhcp = DhcpServer(ROUTER, ROUTER.address + 99, ROUTER.address + 198)
        self.point = self.air.add_access_point(
            settings_of(SETUP, bytes.fromhex(BSSID.replace(":", "")), 1), rssi_dbm=-50, dhcp=dhcp
        )
        self.access_point = VirtualAccessPoint(self.world, self.point, SETUP, dhcp)
        self._phone = self.air.add_phone("phone", bytes.fromhex(MAC.replace(":", "")))

    def seen(self) -> ApSetup | None:
        settings = self.point.settings
        words = [ApSecurity.OPEN, ApSecurity.WEP, ApSecurity.WPA, ApSecurity.WPA2]
        return (
            ApSetup(
                settings.ssid.decode(),
                [*words, ApSecurity.WPA_WPA2][settings.security],
                settings.password.decode(),
                settings.channel,
                self.point.dhcp is not None,
            )
            if self.point.is_heard
            else None
        )

    def join(self) -> None:
        setup = self.access_point.setup
        self._phone.join(setup.ssid.encode(), setup.password.encode(), self.world.now_ns)
        self.world.advance(self.world.now_ns + 2_000_000_000)


class CommandedPlace:
    """An access point that a script switches."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        script = folder / "ap"
        script.write_text(SCRIPT)
        script.chmod(0o700)
        (folder / "state").write_text("on\n")
        (folder / "setup").write_text("lab\nwpa2\nsecret-1\n6\n1\n")
        (folder / "joined").write_text("")
        commands = ApCommands(
            on=("./ap", "on"),
            off=("./ap", "off"),
            configure=("./ap", "configure"),
            drop=("./ap", "drop", "{mac}"),
            stations=("./ap", "stations"),
        )
        self.access_point = CommandedAccessPoint(
            SETUP, commands, "bench-7", folder=folder, timeout_s=20, bssid=BSSID
        )

    def seen(self) -> ApSetup | None:
        lines = (self.folder / "setup").read_text().split("\n")
        ssid, security, password, channel, dhcp = lines[:5]
        if (self.folder / "state").read_text() == "off\n":
            return None
        number = int(channel) if channel else None
        return ApSetup(ssid, ApSecurity(security), password, number, dhcp == "1")

    def join(self) -> None:
        (self.folder / "joined").write_text("AC:37:43:00:00:01 192.168.1.100\n")

    def calls(self) -> list[str]:
        path = self.folder / "calls"
        return path.read_text().splitlines() if path.exists() else []
