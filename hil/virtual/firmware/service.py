"""What goes on in the firmware beside the commands: the station, the links, the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from hil.virtual.outside import OutsideEvent


class Service(Protocol):
    """A part of the firmware that events and time move, whether a command runs or not.

    What it has to say or ask goes to the firmware's `Output`. Each service hears each event and
    picks what concerns it.
    """

    def start(self, now_ns: int) -> None:
        """The firmware is ready."""

    def next_deadline_ns(self) -> int | None:
        """When it wants to be woken, or None."""

    def advance(self, now_ns: int) -> None:
        """Serve what is due at `now_ns`."""

    def hear(self, event: OutsideEvent, now_ns: int) -> None:
        """Something came in over the antenna."""
