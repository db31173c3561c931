"""The Wi-Fi station: whether it has an address, and who is told when it loses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.virtual.address import Ipv4Config


class Station:
    """What others know of the station.

    Attributes:
        address: Its address; None without one.
        on_loss: Called with the moment when the association or the address goes.
    """

    def __init__(self) -> None:
        self.address: Ipv4Config | None = None
        self.on_loss: list[Callable[[int], None]] = []

    @property
    def has_ip(self) -> bool:
        """Whether it can reach anybody."""
        return self.address is not None
