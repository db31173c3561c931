"""A descriptor that is never waited for: what cannot be written yet is kept, within limits."""

from __future__ import annotations

import os
import select
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_HUNG_UP = getattr(select, "POLLRDHUP", 0)  # Linux has it; without, only a reset shows

OUTBOX_BYTES = 64 * 1024
"""How much is kept for a host that does not read; more is lost, as in an adapter's buffer."""


class Descriptor:
    """A socket or pseudo-terminal in non-blocking mode.

    Args:
        number: The file descriptor.
        close: What closes it.
        end_output: What tells the host that nothing more will come, if that can be told.

    Attributes:
        number: The file descriptor.
        lost_bytes: How many bytes a host that did not read has lost.
        is_held: Whether what is written waits although the host reads; `flush` when it ends.
    """

    def __init__(
        self,
        number: int,
        close: Callable[[], None],
        end_output: Callable[[], None] = lambda: None,
    ) -> None:
        os.set_blocking(number, False)
        self.number = number
        self.lost_bytes = 0
        self.is_held = False
        self.close = close
        self.end_output = end_output
        self._outbox = bytearray()

    @property
    def has_outbox(self) -> bool:
        """Whether bytes wait for the host to read."""
        return bool(self._outbox)

    def read(self, limit: int) -> bytes | None:
        """Up to `limit` bytes that are there; None if there are none, ``b""`` at the end."""
        try:
            return os.read(self.number, limit)
        except BlockingIOError:
            return None
        except OSError:  # reset by the other end; EIO of a terminal that nobody has open
            return b""

    @property
    def has_hung_up(self) -> bool:
        """Whether the host has closed its end, also while bytes of it wait to be read.

        If more of them wait than the system takes, it shows only when they have been read.
        """
        poll = select.poll()
        poll.register(self.number, _HUNG_UP)
        return bool(poll.poll(0))

    @property
    def is_full(self) -> bool:
        """Whether so much waits for the host that what comes next is lost."""
        return len(self._outbox) >= OUTBOX_BYTES

    def write(self, data: bytes, *, is_vital: bool = False) -> None:
        """Write bytes behind those that wait; if too much waits they are lost, but for vital ones.

        They are written or lost as a whole, since they may be a frame.
        """
        if self.is_full and not is_vital:
            self.lost_bytes += len(data)
            return
        self._outbox += data
        self.flush()

    def flush(self) -> None:
        """Write what waits as far as the host reads; the end shows when reading."""
        while self._outbox and not self.is_held:
            try:
                written = os.write(self.number, self._outbox)
                del self._outbox[:written]
            except BlockingIOError:
                return
            except OSError:
                self._outbox.clear()

    def forget_output(self) -> None:
        """Drop what waits for a host that has gone."""
        self._outbox.clear()
