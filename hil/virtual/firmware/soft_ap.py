"""The module's own access point: whether it is on, and its network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .settings import FACTORY_SOFT_AP_NETWORK

if TYPE_CHECKING:
    from hil.virtual.address import Ipv4Config

    from .state import FirmwareState


class SoftAp:
    """What others know of the access point.

    Args:
        state: Its Wi-Fi mode says whether the access point is on.

    Attributes:
        network: Its current address.
    """

    def __init__(self, state: FirmwareState) -> None:
        self._state = state
        self.network: Ipv4Config = state.store.user.soft_ap.fixed or FACTORY_SOFT_AP_NETWORK

    @property
    def is_on(self) -> bool:
        """Whether it is on the air."""
        return self._state.wifi_mode.has_soft_ap
