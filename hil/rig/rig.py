"""Everything that the tests hold: the modules of a rig and their clock."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from hil.errors import MistakeError, NeedMissingError

from .need import needs_met_by_peers
from .wifi import NO_WIFI

if TYPE_CHECKING:
    from types import TracebackType

    from hil.ports.access_point import AccessPoint
    from hil.ports.clock import Clock
    from hil.ports.network_peer import NetworkPeers
    from hil.ports.wifi_station import WifiStation

    from .description import RigDescription
    from .module import RigModule
    from .wifi import RigWifi


class Rig:
    """An open rig; a context manager that leaves every line in its safe state.

    Args:
        description: What it was assembled from.
        clock: Its one clock.
        modules: In the order of the description.
        wifi: What is around them.
        network: The peers in their network, if there are any.
    """

    def __init__(
        self,
        description: RigDescription,
        clock: Clock,
        modules: tuple[RigModule, ...],
        wifi: RigWifi = NO_WIFI,
        network: NetworkPeers | None = None,
    ) -> None:
        self.description = description
        self.clock = clock
        self.modules = modules
        self.wifi = wifi
        self._network = network

    @property
    def name(self) -> str:
        """The name in the rig file."""
        return self.description.name

    @property
    def has(self) -> frozenset[str]:
        """What every module of this rig offers, in the vocabulary of needs."""
        common = frozenset.intersection(*(module.has for module in self.modules))
        peers = needs_met_by_peers(self._network) if self._network is not None else frozenset()
        return common | self.description.has | self.wifi.has | peers

    @property
    def network(self) -> NetworkPeers:
        """The peers in the modules' network.

        Raises:
            NeedMissingError: There are none.
        """
        if self._network is None:
            raise NeedMissingError(
                "tcp-peer",
                self.name,
                "name the address of this computer in the modules' network as `host_address` in a "
                "[network] table",
            )
        return self._network

    @property
    def access_point(self) -> AccessPoint:
        """The first access point: the one that `has` speaks of.

        Raises:
            NeedMissingError: There is none.
        """
        if not self.wifi.access_points:
            raise NeedMissingError("ap", self.name, "name one in an [[access-point]] table")
        return self.wifi.access_points[0]

    @property
    def station(self) -> WifiStation:
        """The first station that can join a module's softAP.

        Raises:
            NeedMissingError: There is none.
        """
        if not self.wifi.stations:
            raise NeedMissingError(
                "softap-client", self.name, "only virtual rigs have one, by [[air.station]]"
            )
        return self.wifi.stations[0]

    def module(self, slot: int) -> RigModule:
        """The module in a slot.

        Raises:
            MistakeError: There is no such slot.
        """
        for module in self.modules:
            if module.description.slot == slot:
                return module
        slots = ", ".join(str(module.description.slot) for module in self.modules)
        raise MistakeError(f"rig {self.name!r} has no slot {slot}; it has {slots}")

    def close(self) -> None:
        """Release lines, close ports and peers, restore access points, whatever one of them does.

        Closing twice is fine.
        """
        with ExitStack() as stack:
            stack.callback(self.wifi.restore)
            if self._network is not None:
                stack.callback(self._network.close)
            for module in reversed(self.modules):
                stack.callback(module.port.close)
                stack.callback(module.lines.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
