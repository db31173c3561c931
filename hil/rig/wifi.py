"""The Wi-Fi around the modules of an open rig: what they can join, and what can join them."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hil.errors import RigFileError
from hil.ports.access_point import FixedAccessPoint, needs_met_by_access_point
from hil.ports.commanded_access_point import CommandedAccessPoint

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hil.ports.access_point import AccessPoint
    from hil.ports.wifi_station import WifiStation

    from .description import RigDescription
    from .wifi_network import RealAccessPoint, WifiNetwork


@dataclass(frozen=True, slots=True)
class RigWifi:
    """Access points and stations of a rig.

    Args:
        access_points: What modules can join, in the order of the description.
        stations: What can join a module's softAP.
        secrets: Passwords that no report may show.
    """

    access_points: tuple[AccessPoint, ...] = ()
    stations: tuple[WifiStation, ...] = ()
    secrets: frozenset[bytes] = frozenset()

    @property
    def has(self) -> frozenset[str]:
        """What this offers, in the vocabulary of needs; of the access points, the first counts."""
        met = set().union(*map(needs_met_by_access_point, self.access_points[:1]))
        return frozenset(met | ({"softap-client"} if self.stations else set()))

    def restore(self) -> None:
        """Bring all access points back to how the rig describes them, whatever one of them does.

        Raises:
            AccessPointError: One of them does not obey.
        """
        with ExitStack() as stack:
            for access_point in reversed(self.access_points):
                stack.callback(access_point.restore)


NO_WIFI = RigWifi()


def open_wifi(description: RigDescription) -> RigWifi:
    """The access points that a real rig's file names.

    Raises:
        RigFileError: A password is not where the file says.
    """
    described = description.access_points
    return RigWifi(
        tuple(_open_access_point(each, description) for each in described),
        secrets=secrets_of(each.network for each in described),
    )


def secrets_of(networks: Iterable[WifiNetwork]) -> frozenset[bytes]:
    """Those of their passwords that nobody may see.

    Raises:
        RigFileError: A password is not where the file says.
    """
    return frozenset(
        network.setup().password.encode() for network in networks if network.password.is_secret
    )


def secrets_of_description(description: RigDescription) -> frozenset[bytes]:
    """The passwords around a rig that nobody may see, as far as they are there."""
    secrets: frozenset[bytes] = frozenset()
    for network in _networks(description):
        with suppress(RigFileError):
            secrets |= secrets_of([network])
    return secrets


def known_words(description: RigDescription) -> frozenset[bytes]:
    """The passwords around a rig that everybody may know."""
    return frozenset(
        network.setup().password.encode()
        for network in _networks(description)
        if not network.password.is_secret
    )


def _networks(description: RigDescription) -> list[WifiNetwork]:
    around = description.air.access_points if description.is_virtual else description.access_points
    return [each.network for each in around]


def _open_access_point(described: RealAccessPoint, description: RigDescription) -> AccessPoint:
    setup = described.network.setup()
    if described.commands is None:
        return FixedAccessPoint(setup, description.name, bssid=described.bssid)
    return CommandedAccessPoint(
        setup,
        described.commands,
        description.name,
        folder=description.path.parent if description.path is not None else Path(),
        timeout_s=described.timeout_s,
        bssid=described.bssid,
    )
