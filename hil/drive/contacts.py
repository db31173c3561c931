"""The contacts of a virtual bench as control lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.ports.control_lines import Line
from hil.virtual.bench import Contact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hil.virtual.bench import Bench
    from hil.virtual.world import World

_CONTACTS = {
    Line.STRAP: Contact.STRAP,
    Line.POWER: Contact.POWER,
    Line.RESET: Contact.RESET,
    Line.WAKE_LINK: Contact.WAKE_LINK,
}


class VirtualContacts:
    """`ControlLines` that are switched without any delay in simulated time.

    Args:
        world: Whose time it is.
        bench: The module whose contacts these are.
    """

    def __init__(self, world: World, bench: Bench) -> None:
        self._world, self._bench = world, bench

    @property
    def lines(self) -> frozenset[Line]:
        """All four."""
        return frozenset(_CONTACTS)

    def set(self, states: Mapping[Line, bool]) -> None:
        """Close or open contacts, the strap before supply and reset."""
        for line, contact in _CONTACTS.items():
            if line in states:
                self._bench.switch(contact, is_closed=states[line], now_ns=self._world.now_ns)

    def close(self) -> None:
        """Let the module run, fed."""
        self.set({Line.STRAP: False, Line.RESET: False, Line.POWER: True})
