"""A pseudo-terminal for each program that can open a serial port.

The rate that the host sets is read back from the terminal; parity and 5 to 7 data bits do not pass
a pseudo-terminal. It has no DTR and RTS either, so a module on which nothing understands esptool's
SYNC is reset into its loader when one arrives. That SYNC is not answered, esptool sends several.
Likewise the last close may stand for the reset that esptool cannot do; without it, the module
stays in the stub.
"""

from __future__ import annotations

import logging
import os
import select
from itertools import pairwise
from typing import TYPE_CHECKING

from hil.virtual.uart import LineFormat

from .descriptor import Descriptor
from .inotify import OpenWatch
from .terminal import baud_of, open_terminal

if TYPE_CHECKING:
    from .served_line import ServedLine

_log = logging.getLogger(__name__)

FIRST_BAUD = 115200

# What esptool sends to wake a loader, as a SLIP frame.
# Source: observed with esptool 5.6; every request of its command 08 has these bytes.
SYNC = b"\xc0\x00\x08\x24\x00\x00\x00\x00\x00\x07\x07\x12\x20" + b"\x55" * 32 + b"\xc0"


class SyncFinder:
    """Finds SYNC in bytes that come in pieces of any size."""

    def __init__(self) -> None:
        self._tail = b""

    def receive(self, data: bytes) -> bool:
        """Whether `data` holds the end of a SYNC."""
        seen = self._tail + data
        self._tail = seen[-(len(SYNC) - 1) :]
        return SYNC in seen


class PtyLink:
    """A `Link` over a pseudo-terminal.

    Args:
        line: What is served.
        resets_on_close: Whether the module is reset when the last program closes the terminal.

    Raises:
        OSError: There is no pseudo-terminal left, or no way to learn that one is opened.
    """

    def __init__(self, line: ServedLine, *, resets_on_close: bool) -> None:
        self._line = line
        self._resets_on_close = resets_on_close
        master, self.path = open_terminal(FIRST_BAUD)
        self._host = Descriptor(master, lambda: os.close(master))
        self._poll = select.poll()
        self._poll.register(master, select.POLLIN)
        self._finder = SyncFinder()
        self._is_open = False
        self._is_refused = False
        try:
            self._watch = OpenWatch(self.path)
        except OSError:
            self._host.close()
            raise

    @property
    def name(self) -> str:
        """The path of the terminal."""
        return str(self.path)

    @property
    def _is_owner(self) -> bool:
        return self._line.owner == self.name

    def readers(self, now_ns: int) -> list[int]:
        """The watch, and the terminal while somebody has it open and the wire has room.

        A terminal that nobody has open would be readable for ever.
        """
        numbers = [self._watch.fileno()]
        if self._is_open and self._line.room_bytes(now_ns):
            numbers.append(self._host.number)
        return numbers

    def writers(self) -> list[int]:
        """The terminal while its buffer is full."""
        return [self._host.number] if self._is_open and self._host.has_outbox else []

    def next_deadline_ns(self, now_ns: int) -> int | None:
        """When bytes have arrived or the wire has room again."""
        if not self._is_open or not self._is_owner:
            return None
        due_ns = self._line.delivery_ns(now_ns)
        if self._line.room_bytes(now_ns):
            return due_ns
        room_ns = self._line.room_ns()
        return room_ns if due_ns is None else min(room_ns, due_ns)

    def serve(self, now_ns: int) -> None:
        """Notice who opened the terminal, what is set, and carry bytes."""
        events = self._watch.take()
        if self._is_open and any(pair == (False, True) for pair in pairwise(events)):
            self._end(now_ns)  # closed and opened again before anybody could look
        if events and not self._is_open and self._has_host():
            self._is_open = True
            self._is_refused = False
            self._finder = SyncFinder()
        if not self._is_open:
            return
        if self._line.acquire(self.name, now_ns):
            self._follow_settings(now_ns)
        elif not self._is_refused:  # nothing could tell the program
            self._is_refused = True
            _log.info("%s: what a program sends is lost, %s is in use", self.name, self._line.name)
        self._carry_from(now_ns)
        if self._is_owner:
            self._carry_to(now_ns)

    def _has_host(self) -> bool:
        """Whether somebody has the terminal open, or had it and left bytes behind."""
        events = dict(self._poll.poll(0)).get(self._host.number, 0)
        return bool(events & select.POLLIN) or not events & select.POLLHUP

    def _follow_settings(self, now_ns: int) -> None:
        if baud := baud_of(self._host.number):
            self._line.set_format(LineFormat(baud), now_ns)

    def _carry_from(self, now_ns: int) -> None:
        room = self._line.room_bytes(now_ns)
        data = self._host.read(room) if room else None
        if data == b"":
            self._end(now_ns)
        elif data and self._is_owner:  # else somebody else uses the line, and they are lost
            self._take_in(data, now_ns)

    def _take_in(self, data: bytes, now_ns: int) -> None:
        if self._finder.receive(data) and not self._line.hears_sync:
            self._line.enter_loader(now_ns)
        else:
            self._line.write(data, now_ns)

    def _carry_to(self, now_ns: int) -> None:
        had_lost = self._host.lost_bytes
        if data := self._line.take(now_ns):
            self._host.write(data)
        self._host.flush()
        if self._host.lost_bytes and not had_lost:
            _log.warning("%s: the program does not read, bytes are lost", self.name)
        self._line.is_backed_up = self._host.has_outbox

    def _end(self, now_ns: int) -> None:
        """The last program has closed the terminal."""
        self._is_open = False
        self._host.forget_output()
        if self._is_owner:
            self._line.release(self.name)
            if self._resets_on_close:
                self._line.restart(now_ns)

    def close(self) -> None:
        """Remove the terminal."""
        if self._host.number < 0:
            return
        self._line.release(self.name)
        self._watch.close()
        self._host.close()
        self._host.number = -1
