"""A phone of a virtual air, as tests hold it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.ports.wifi_station import SeenNetwork
from hil.units import seconds_to_ns

from .simulated import wait_until
from .virtual_access_point import security_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from ipaddress import IPv4Address

    from hil.ports.wifi_station import SmartConfig
    from hil.virtual.air.phone import Phone
    from hil.virtual.world import World


class VirtualStation:
    """`hil.ports.wifi_station.WifiStation` in simulated time.

    Args:
        world: Whose time it is.
        phone: Who is told what to do.
    """

    def __init__(self, world: World, phone: Phone) -> None:
        self._world, self._phone = world, phone
        self.secrets: set[bytes] = set()

    @property
    def name(self) -> str:
        """What the rig calls it."""
        return self._phone.name

    @property
    def mac(self) -> str:
        """Its address."""
        return self._phone.mac.hex(":")

    @property
    def is_joined(self) -> bool:
        """Whether it is joined to an access point."""
        return self._phone.ap is not None

    @property
    def address(self) -> IPv4Address | None:
        """Its address in that network, None while it has none."""
        return self._phone.address

    def find(self, ssid: str, *, timeout_s: float = 5.0) -> SeenNetwork | None:
        """A network of that name, as soon as it is seen on the air. See `WifiStation`."""
        self._wait(lambda: self._seen(ssid) is not None, timeout_s)
        return self._seen(ssid)

    def join(self, ssid: str, password: str = "", *, timeout_s: float = 20.0) -> bool:
        """Leave whatever it is joined to, and join a network. See `WifiStation`."""
        phone = self._phone
        self.secrets.add(password.encode())
        phone.join(ssid.encode(), password.encode(), self._world.now_ns)
        self._wait(lambda: phone.ap is not None or phone.failure is not None, timeout_s)
        if not self.is_joined:
            phone.leave(self._world.now_ns)  # no attempt goes on behind the answer
        return self.is_joined

    def wait_for_address(self, timeout_s: float = 10.0) -> IPv4Address | None:
        """Its address, as soon as it has one. See `WifiStation`."""
        self._wait(lambda: self.address is not None, timeout_s)
        return self.address

    def leave(self) -> None:
        """Leave the network and tell modules nothing any more. See `WifiStation`."""
        self._phone.leave(self._world.now_ns)
        self._phone.fall_silent(self._world.now_ns)

    def send_credentials(self, kind: SmartConfig, ssid: str, password: str) -> None:
        """Begin to tell modules that listen which network to join. See `WifiStation`."""
        self.secrets.add(password.encode())
        self._phone.tell(int(kind), ssid.encode(), password.encode(), self._world.now_ns)

    def _seen(self, ssid: str) -> SeenNetwork | None:
        for each in self._phone.scan():
            if each.ssid == ssid.encode():
                return SeenNetwork(each.bssid.hex(":"), each.channel, security_of(each.security))
        return None

    def _wait(self, is_done: Callable[[], bool], timeout_s: float) -> None:
        wait_until(self._world, is_done, self._world.now_ns + seconds_to_ns(timeout_s))
