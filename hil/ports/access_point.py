"""The access point of a rig: what a module joins, as far as the rig can do something with it.

Three kinds stand behind this seam: one that is there and that nobody can switch
(`FixedAccessPoint`), one that commands switch (`hil.ports.commanded_access_point`), and one of a
virtual rig (`hil.drive.virtual_access_point`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, NoReturn, Protocol

from hil.errors import MistakeError, NeedMissingError

if TYPE_CHECKING:
    from ipaddress import IPv4Address

LONGEST_SSID_BYTES = 32
CHANNELS = range(1, 15)


class ApSecurity(Enum):
    """How an access point is secured; the value is the word of the rig file."""

    OPEN = "open"
    WEP = "wep"
    WPA = "wpa"
    WPA2 = "wpa2"
    WPA_WPA2 = "wpa-wpa2"


_PASSWORD_LENGTHS = {ApSecurity.OPEN: (0,), ApSecurity.WEP: (5, 10, 13, 26)}
_WPA_PASSWORD_LENGTHS = range(8, 65)
"""How many bytes a password may have. A WEP key is text or hexadecimal digits; line 413 allows 64
bytes, which are the hexadecimal digits of a WPA key."""


@dataclass(frozen=True, slots=True)
class ApSetup:
    """How an access point is set up.

    Args:
        ssid: Its name, 1 to 32 bytes in UTF-8.
        security: How it is secured.
        password: Of a secured one.
        channel: 1 to 14; None for whatever it is.
        has_dhcp: Whether its stations find a DHCP server.

    Raises:
        MistakeError: No access point can be set up so. The text does not show the password.
    """

    ssid: str
    security: ApSecurity = ApSecurity.WPA2
    password: str = field(default="", repr=False)
    channel: int | None = None
    has_dhcp: bool = True

    def __post_init__(self) -> None:
        size = len(self.ssid.encode())
        if not 1 <= size <= LONGEST_SSID_BYTES:
            raise MistakeError(f"an SSID has 1 to {LONGEST_SSID_BYTES} bytes, not {size}")
        if self.channel is not None and self.channel not in CHANNELS:
            raise MistakeError(f"access point {self.ssid!r}: no channel {self.channel}")
        if problem := password_problem(self.security, self.password):
            raise MistakeError(f"access point {self.ssid!r}: {problem}")


def password_problem(security: ApSecurity, password: str) -> str:
    """What is wrong with a password, without showing it; empty if nothing is."""
    size = len(password.encode())
    if size in _PASSWORD_LENGTHS.get(security, _WPA_PASSWORD_LENGTHS):
        return ""
    if security is ApSecurity.OPEN:
        return f"an open network has no password, and one of {size} bytes was given"
    is_wep = security is ApSecurity.WEP
    allowed = "5, 13, or in hexadecimal digits 10 or 26" if is_wep else "8 to 64"
    return f"a password for {security.value} has {allowed} bytes, not {size}"


class Ability(Enum):
    """What a rig can do with an access point."""

    SWITCH = "switch"
    CONFIGURE = "configure"
    DROP = "drop a station"
    LIST = "list its stations"


@dataclass(frozen=True, slots=True)
class ApStation:
    """Who is joined to an access point.

    Args:
        mac: Its address, ``18:fe:34:00:00:01``.
        address: Its IPv4 address, as far as the access point knows it.
    """

    mac: str
    address: IPv4Address | None = None


class AccessPoint(Protocol):
    """One access point in reach of the modules.

    What is not among its `abilities` raises `NeedMissingError`; a call that returns has been
    obeyed. Stations notice what is done to them within some seconds.
    """

    @property
    def setup(self) -> ApSetup:
        """How it is set up now."""

    @property
    def bssid(self) -> str | None:
        """Its MAC address in small letters, or None if the rig does not say."""

    @property
    def is_on(self) -> bool:
        """Whether it is on the air."""

    @property
    def abilities(self) -> frozenset[Ability]:
        """What can be done with it."""

    def switch(self, *, is_on: bool) -> None:
        """Switch it on or off.

        Raises:
            AccessPointError: It does not obey.
        """

    def configure(self, setup: ApSetup) -> None:
        """Set it up in another way. Its stations have to join again.

        Raises:
            AccessPointError: It does not obey.
        """

    def drop(self, mac: str) -> None:
        """Throw a station out.

        Raises:
            AccessPointError: It does not obey, or the station is not joined.
        """

    def stations(self) -> tuple[ApStation, ...]:
        """Who is joined.

        Raises:
            AccessPointError: It does not tell.
        """

    def restore(self) -> None:
        """Bring it back to how the rig describes it: on the air, first name, first password.

        Raises:
            AccessPointError: It does not obey.
        """


def needs_met_by_access_point(access_point: AccessPoint) -> frozenset[str]:
    """Which words of the vocabulary of needs an access point meets."""
    is_controlled = {Ability.SWITCH, Ability.CONFIGURE} <= access_point.abilities
    return frozenset({"ap", "ap-control"} if is_controlled else {"ap"})


class FixedAccessPoint:
    """An `AccessPoint` that is there; nobody can do anything with it.

    Args:
        setup: How it is set up.
        rig: The rig's name, for error texts.
        bssid: Its MAC address, if the rig says.
    """

    is_on = True
    abilities: frozenset[Ability] = frozenset()

    def __init__(self, setup: ApSetup, rig: str, *, bssid: str | None = None) -> None:
        self.setup, self.bssid = setup, bssid
        self._rig = rig

    def switch(self, *, is_on: bool) -> None:
        """Nobody can."""
        self._refuse("commands `on` and `off`" if is_on else "commands `off` and `on`")

    def configure(self, setup: ApSetup) -> None:
        """Nobody can."""
        del setup
        self._refuse("a command `configure`")

    def drop(self, mac: str) -> None:
        """Nobody can."""
        del mac
        self._refuse("a command `drop`")

    def stations(self) -> tuple[ApStation, ...]:
        """Nobody can tell."""
        self._refuse("a command `stations`")

    def restore(self) -> None:
        """It never was anything else."""

    def _refuse(self, missing: str) -> NoReturn:
        raise_missing(self.setup.ssid, self._rig, missing)


def raise_missing(ssid: str, rig: str, missing: str) -> NoReturn:
    """Raise the error for what a rig cannot do with an access point."""
    raise NeedMissingError(
        "ap-control",
        rig,
        f"give the access point {ssid!r} {missing} in its [access-point.command] table",
    )
