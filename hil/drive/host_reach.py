"""Where the addresses that a served module uses lie on this computer, and which it may reach.

A module lives in a network of its own, with an address like 192.168.1.50. Of this computer it may
reach the loopback addresses, and *the host* under an address of the module's network. Module *n*
itself is found at 127.0.0.(1+n), so that several modules can have servers at one port.
"""

from __future__ import annotations

import logging
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from hil.virtual.network.node import are_neighbours

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hil.virtual.network.route import Gateways, Route

_log = logging.getLogger(__name__)

LOOPBACK = IPv4Address("127.0.0.1")


class HostReach:
    """Which addresses and names lead where.

    Args:
        host_address: What stands for this computer in the module's network.
        names: Names that are known without asking anybody.
        gateways: What takes what modules send to other networks, and answers pings; None if
            whatever they have set will do.
        is_whole: Whether a module reaches all that this computer reaches.
    """

    def __init__(
        self,
        host_address: IPv4Address,
        names: Mapping[str, IPv4Address],
        gateways: Gateways | None = None,
        *,
        is_whole: bool = False,
    ) -> None:
        self.host_address = host_address
        self.is_whole = is_whole
        self.gateways = gateways
        self._names = {name.lower(): address for name, address in names.items()}
        self._names.setdefault("localhost", LOOPBACK)
        self._modules: dict[int, dict[IPv4Address, Route | None]] = {}
        self._warnings: set[tuple[object, ...]] = set()

    def own_place(self, slot: int) -> str:
        """Where a module itself is found."""
        return str(LOOPBACK + slot)

    def move(self, slot: int, addresses: Mapping[IPv4Address, Route | None]) -> None:
        """A module has got other addresses, with routes; the other modules reach it by them."""
        self._modules[slot] = dict(addresses)

    def place_of(self, address: IPv4Address, slot: int) -> str | None:
        """Where an address leads that the module in a slot uses.

        Returns:
            None if the module's gateway is none, and (with a line in the log) if the address is
            not to be reached.
        """
        if not self._finds(address, slot):
            return None
        if address.is_loopback:
            return str(address)
        if address == self.host_address:
            return str(LOOPBACK)
        for other, addresses in self._modules.items():
            if other != slot and address in addresses:
                return self.own_place(other)
        if self.is_whole:
            return str(address)
        self._warn_once(
            "a module may not reach %s: with --network loopback it reaches 127.0.0.0/8, %s "
            "(this computer) and other modules; --network host allows all",
            address,
            self.host_address,
        )
        return None

    def address_at(self, place: str) -> IPv4Address:
        """How a module sees whoever is found at a place: the host, another module, or as it is."""
        seen = IPv4Address(place)
        if seen == LOOPBACK:
            return self.host_address
        addresses = self._modules.get(int(seen) - int(LOOPBACK))
        return next(iter(addresses)) if addresses else seen

    def _finds(self, address: IPv4Address, slot: int) -> bool:
        """Whether what a module sends to an address gets on its way."""
        own = self._modules.get(slot, {})
        near = (each for each in own if are_neighbours(each, address))
        source = next(near, next(iter(own), None))
        route = None if source is None else own[source]
        if source is None or route is None or self.gateways is None:
            return True
        return self.gateways.lead(route, source, address)

    def answers_ping(self, address: IPv4Address, slot: int) -> bool:
        """Whether an echo comes back to the module in a slot.

        Returns:
            False (and a line in the log) for whoever lies beyond this computer: only programs with
            particular rights may send echo requests.
        """
        if self.gateways is not None and address in self.gateways.addresses:
            return self._finds(address, slot)
        place = self.place_of(address, slot)
        if place is not None and not IPv4Address(place).is_loopback:
            self._warn_once(
                "a module pings %s in vain: no echo request leaves this computer", address
            )
            return False
        return place is not None

    def address_of(self, name: str) -> IPv4Address | None:
        """The address of a name that is known without asking anybody.

        Returns:
            None if there is none, with a line in the log if nobody else may be asked.
        """
        name = name.lower().removesuffix(".")
        if name not in self._names and not self.is_whole:
            self._warn_once(
                "a module asks in vain for the address of %s: with --network loopback it is told "
                "that of %s; --network host asks the name service of this computer",
                name,
                ", ".join(sorted(self._names)),
            )
        return self._names.get(name)

    def _warn_once(self, text: str, *operands: object) -> None:
        if (text, *operands) not in self._warnings:
            self._warnings.add((text, *operands))
            _log.warning(text, *operands)
