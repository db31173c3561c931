"""Looks for access points, one scan at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.virtual.air.message import ScanDone

if TYPE_CHECKING:
    from hil.virtual.air.message import Scan, Sighting
    from hil.virtual.outside import OutsideEvent

    from .output import Output


class Scanner:
    """The service that AT+CWLAP waits for.

    Args:
        out: Where the request goes.

    Attributes:
        found: What the last scan has found, or None while there is no result.
    """

    def __init__(self, out: Output) -> None:
        self._out = out
        self.found: tuple[Sighting, ...] | None = None

    def scan(self, request: Scan, now_ns: int) -> None:
        """Begin to look."""
        self.found = None
        self._out.transmit(request, now_ns)

    def start(self, now_ns: int) -> None:
        """Nothing is looked for by itself."""

    def next_deadline_ns(self) -> None:
        """Only the air ends a scan."""

    def advance(self, now_ns: int) -> None:
        """Nothing is due."""

    def hear(self, event: OutsideEvent, now_ns: int) -> None:
        """The air has been searched."""
        del now_ns
        if isinstance(event, ScanDone):
            self.found = event.sightings
