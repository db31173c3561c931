"""A phone: a station that is no module, and tells modules by SmartConfig which network to join."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .message import ApLost, Join, Joined, JoinFailed, Leased
from .smart_config import TELLING_NS, Telling
from .supplicant import Supplicant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from ipaddress import IPv4Address

    from hil.virtual.agenda import Agenda

    from .access_point import AccessPoint
    from .message import JoinFailure, Sighting


class Phone:
    """A station in somebody's hand.

    Args:
        name: What it is called.
        mac: Its address, six bytes.
        agenda: The air's.
        in_reach: The access points around it.
        spread: Lets modules hear what it tells.
        hush: Ends that.
        fixed_address: Its own address; None to ask for a lease.

    Attributes:
        name: What it is called.
        mac: Its address.
        failure: Why the last attempt to join failed; None while there is none.
    """

    def __init__(
        self,
        name: str,
        mac: bytes,
        agenda: Agenda,
        in_reach: Callable[[], Iterable[AccessPoint]],
        spread: Callable[[Telling, int], None],
        hush: Callable[[Telling, int], None],
        *,
        fixed_address: IPv4Address | None = None,
    ) -> None:
        self.name, self.mac = name, mac
        self._in_reach = in_reach
        self._station = Supplicant(agenda, in_reach, self._take)
        self._spread, self._hush = spread, hush
        self._telling: Telling | None = None
        self._fixed_address = fixed_address
        self._lease: IPv4Address | None = None
        self.failure: JoinFailure | None = None

    @property
    def ap(self) -> AccessPoint | None:
        """The access point that it is joined to."""
        return self._station.ap

    @property
    def address(self) -> IPv4Address | None:
        """Its address in the network that it is joined to."""
        if self.ap is None:
            return None
        return self._fixed_address or self._lease

    def scan(self) -> tuple[Sighting, ...]:
        """The access points around it, as far as they tell their names."""
        sightings = (ap.sighting(is_named=False) for ap in self._in_reach())
        return tuple(each for each in sightings if each.ssid)

    def join(
        self, ssid: bytes, password: bytes, now_ns: int, *, bssid: bytes | None = None
    ) -> None:
        """Leave whatever it is joined to, and join a network."""
        self.failure = self._lease = None
        self._station.join(Join(ssid, password, bssid, self.mac), now_ns)

    def leave(self, now_ns: int) -> None:
        """Leave with a word, or give up joining."""
        self._station.leave(now_ns)

    def vanish(self, now_ns: int) -> None:
        """Be carried away: gone without a word."""
        self._station.fall_silent(now_ns)

    def tell(self, kind: int, ssid: bytes, password: bytes, now_ns: int) -> None:
        """Tell modules that listen which network to join, for `TELLING_NS`, and nothing else.

        Args:
            kind: 1 for ESP-TOUCH, 2 for AirKiss.
            ssid: The network's name.
            password: Its password.
            now_ns: When it begins.
        """
        self.fall_silent(now_ns)
        self._telling = Telling(kind, ssid, password, now_ns + TELLING_NS)
        self._spread(self._telling, now_ns)

    def fall_silent(self, now_ns: int) -> None:
        """Tell modules nothing any more."""
        if self._telling is not None:
            self._hush(self._telling, now_ns)
            self._telling = None

    def _take(self, event: Joined | JoinFailed | ApLost | Leased, now_ns: int) -> None:
        match event:
            case Joined():
                if self._fixed_address is None:
                    self._station.request_lease(now_ns)
            case JoinFailed(reason):
                self.failure = reason
            case Leased(lease):
                self._lease = lease.address
            case ApLost():  # `ap` and `address` tell
                pass
