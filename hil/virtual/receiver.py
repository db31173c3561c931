"""The receive side of UART0: bytes on their way, and the FIFO in which they wait for a program.

A program takes bytes while they arrive. One that cannot take any leaves them in the FIFO: when it
holds `RTS_THRESHOLD_BYTES` RTS goes inactive, if the UART is set so; what comes when it is full is
lost. When the program takes bytes again, those in the FIFO and behind it reach it one after the
other from then on.

Source: the ESP8266's UART has 128 bytes; the SDK's driver stops the sender at 110.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from .uart import stop_sending

if TYPE_CHECKING:
    from .uart import Burst

FIFO_BYTES = 128
RTS_THRESHOLD_BYTES = 110


class Receiver:
    """Bursts that have not been handed to a program yet.

    Attributes:
        free_ns: When the last byte handed over has ended.
    """

    def __init__(self) -> None:
        self.free_ns = 0
        self._arriving: deque[Burst] = deque()
        self._is_stopped = False

    def announce(self, burst: Burst) -> None:
        """Bytes are on the wire, or will be."""
        self._arriving.append(burst)

    def start_ns(self) -> int | None:
        """When the next burst begins, or could be handed over if it has begun already."""
        return max(self._arriving[0].start_ns, self.free_ns) if self._arriving else None

    def pop(self) -> Burst:
        """Take the next burst, to hand it over."""
        return self._arriving.popleft()

    def put_back(self, rest: Burst) -> None:
        """What of it was not handed over comes next."""
        self._arriving.appendleft(rest)

    def drop_before(self, now_ns: int) -> None:
        """Lose what began before a program was there to hear it."""
        self.free_ns = now_ns
        while self._arriving and self._arriving[0].start_ns < now_ns:
            burst = self._arriving.popleft()
            _, rest = burst.split(burst.begun_by(now_ns))
            if rest.data:
                self._arriving.appendleft(rest)
                break

    def waiting_bytes(self, now_ns: int) -> int:
        """How many bytes have ended and wait in the FIFO, lost ones included."""
        return sum(burst.ended_by(now_ns) for burst in self._arriving)

    def threshold_ns(self) -> int | None:
        """When the FIFO will hold so much that RTS goes inactive; None if nothing like it comes."""
        missing = RTS_THRESHOLD_BYTES
        for burst in self._arriving:
            if missing <= len(burst.data):
                return burst.end_ns(missing)
            missing -= len(burst.data)
        return None

    def stop(self) -> None:
        """The program takes no bytes from now on."""
        self._is_stopped = True

    def go_on(self, now_ns: int) -> None:
        """The program takes bytes again: what did not fit is lost, the rest follows from now on."""
        if not self._is_stopped:
            return
        self._is_stopped = False
        room = FIFO_BYTES
        kept: deque[Burst] = deque()
        free_ns = max(now_ns, self.free_ns)
        for burst in self._arriving:
            ended, coming = burst.split(burst.ended_by(now_ns))
            data = ended.data[:room] + coming.data
            room -= min(room, len(ended.data))
            if data:
                kept.append(replace(burst, start_ns=max(free_ns, burst.start_ns), data=data))
                free_ns = kept[-1].end_ns()
        self._arriving = kept

    def withdraw(self, now_ns: int) -> list[Burst]:
        """The sender stops behind the byte it is sending: returns what it does not send now."""
        kept, withdrawn = stop_sending(self._arriving, now_ns)
        self._arriving = deque(kept)
        return withdrawn
