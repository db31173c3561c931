"""Where bytes from the UART go while they are no command lines: data behind a prompt, passthrough.

The firmware's state holds one `Input` at a time, or none for command lines. An input ends itself by
taking its place away again (`FirmwareState.input = None`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from hil.virtual.uart import Burst

    from .command import Job


class Input(Protocol):
    """Takes bytes from the UART."""

    def echo(self, data: bytes) -> bytes:
        """What of received bytes is sent back if the echo is on; never more than there are."""

    @property
    def is_full(self) -> bool:
        """Whether no byte can be taken now; they wait in the receiver's FIFO, which is small."""

    def wanted(self, burst: Burst) -> int:
        """How many bytes of a burst to take in one `take`, 1 at least: up to one that acts."""

    def take(self, burst: Burst) -> Job | None:
        """Take bytes at the moment when the last of them has ended.

        Returns:
            What is to be run with them, if they were the last.
        """

    def next_deadline_ns(self) -> int | None:
        """When it wants to be woken if no further byte has begun by then, or None."""

    def advance(self, now_ns: int) -> Job | None:
        """Serve what is due at `now_ns`; returns like `take`."""
