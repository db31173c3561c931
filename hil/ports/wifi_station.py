"""A Wi-Fi station of a rig that is not the module: a phone that joins the module's softAP."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ipaddress import IPv4Address

    from .access_point import ApSecurity


class SmartConfig(IntEnum):
    """How a phone tells a module which network to join; the document's code. Source: line 731."""

    ESP_TOUCH = 1
    AIRKISS = 2


@dataclass(frozen=True, slots=True)
class SeenNetwork:
    """A network as a station sees it on the air.

    Args:
        bssid: The MAC address of its access point in small letters.
        channel: 1 to 14.
        security: How it is secured.
    """

    bssid: str
    channel: int
    security: ApSecurity


class WifiStation(Protocol):
    """A station that the rig can command. It meets the need ``softap-client``.

    Attributes:
        secrets: Passwords that it was told; whoever shows texts hides them.
    """

    secrets: set[bytes]

    @property
    def name(self) -> str:
        """What the rig calls it."""

    @property
    def mac(self) -> str:
        """Its address, ``ac:37:43:00:00:01``."""

    @property
    def is_joined(self) -> bool:
        """Whether it is joined to an access point."""

    @property
    def address(self) -> IPv4Address | None:
        """Its address in that network, None while it has none."""

    def find(self, ssid: str, *, timeout_s: float = 5.0) -> SeenNetwork | None:
        """A network of that name, as soon as it is seen on the air; None if it is not in time.

        Blocks: until it is seen, at most `timeout_s`, on the rig's clock.
        """

    def join(self, ssid: str, password: str = "", *, timeout_s: float = 20.0) -> bool:
        """Leave whatever it is joined to, and join a network.

        Returns:
            Whether it is joined: not with a wrong password, not if nobody of that name is there.

        Blocks: until the outcome is known, at most `timeout_s`, on the rig's clock.
        """

    def wait_for_address(self, timeout_s: float = 10.0) -> IPv4Address | None:
        """Its address, as soon as it has one; None if it gets none in time.

        Blocks: until then, at most `timeout_s`, on the rig's clock.
        """

    def leave(self) -> None:
        """Leave the network, if it is joined to one, and tell modules nothing any more."""

    def send_credentials(self, kind: SmartConfig, ssid: str, password: str) -> None:
        """Begin to tell modules that listen which network to join, and nothing else.

        It goes on for about a minute, or until `leave`.
        """
