"""The control lines of a module: reset, boot strap, power, wake link."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class Line(Enum):
    """A line that a rig may hold. *Active* is the state named here, whatever the voltage.

    The value is the word of the vocabulary of needs.
    """

    RESET = "reset"  # active: EXT_RSTB held low
    STRAP = "strap"  # active: GPIO0 held low, the next reset enters the boot loader
    POWER = "power"  # active: the module is fed
    WAKE_LINK = "wake-link"  # active: XPD_DCDC joined to EXT_RSTB


class ControlLines(Protocol):
    """Some of a module's lines, switched together."""

    @property
    def lines(self) -> frozenset[Line]:
        """Which lines these are."""

    def set(self, states: Mapping[Line, bool]) -> None:
        """Switch lines to active (True) or inactive, and wait until they have settled.

        A strap is switched before the supply and before a reset, so that one call leaves a reset
        (or comes back from a power cut) into the boot loader.

        Raises:
            NeedMissingError: A line that is not among `lines`.
            PortError: The hardware behind it went away.
        """

    def close(self) -> None:
        """Leave the lines in their safe state: running, fed. Closing twice is fine."""
