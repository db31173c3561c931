"""How passthrough cuts what comes from the UART into packets.

A packet ends when the line has been idle for 20 ms, or when it has as many bytes as there is room
for. Nothing is lost of a packet that cannot be sent yet: it waits, and the next one is gathered in
what is left of the room::

    ├──────────── room ────────────┤
    │ waiting │ gathered │  free   │

The three bytes ``+++`` end passthrough if they come alone: with a pause before and behind them.

Source: line 808; A-52, A-53 in docs/ambiguities.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.units import NS_PER_MS

if TYPE_CHECKING:
    from hil.virtual.uart import Burst

PAUSE_NS = 20 * NS_PER_MS
"""Source: line 808."""

LEAVING = b"+++"
"""Source: line 808."""


class PacketCutter:
    """Bytes from the UART that have not been sent yet.

    Args:
        room_bytes: Longest packet, and room for all of them.
    """

    def __init__(self, room_bytes: int) -> None:
        self._room_bytes = room_bytes
        self._waiting = bytearray()
        self._gathered = bytearray()
        self._is_behind_pause = True
        self._idle_since_ns: int | None = None

    @property
    def free_bytes(self) -> int:
        """How many bytes can be taken now."""
        return self._room_bytes - len(self._waiting) - len(self._gathered)

    @property
    def waiting(self) -> bytes:
        """The packets that have ended."""
        return bytes(self._waiting)

    def take(self, burst: Burst) -> None:
        """Gather bytes, not more than are free."""
        if not self._gathered:
            idle_since_ns = self._idle_since_ns
            self._is_behind_pause = (
                idle_since_ns is None or burst.start_ns >= idle_since_ns + PAUSE_NS
            )
        self._gathered += burst.data
        self._idle_since_ns = burst.end_ns()
        if len(self._gathered) == self._room_bytes:
            self._end_packet()

    def pause_end_ns(self) -> int | None:
        """When the line will have been idle for long enough to end a packet.

        None if there is none, and while nothing can be taken: then nobody sees whether the line is
        idle.
        """
        if self._idle_since_ns is None or not self._gathered or not self.free_bytes:
            return None
        return self._idle_since_ns + PAUSE_NS

    def pause(self) -> bool:
        """That moment has come; returns whether the packet is the order to leave."""
        is_order = self._gathered == LEAVING and self._is_behind_pause
        if not is_order:
            self._end_packet()
        return is_order

    def forget_waiting(self, now_ns: int) -> None:
        """What waited has been sent or given up; from now on there is room for more."""
        if not self.free_bytes:
            self._idle_since_ns = now_ns
        self._waiting.clear()

    def _end_packet(self) -> None:
        self._waiting += self._gathered
        self._gathered.clear()
