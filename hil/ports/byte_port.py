"""The byte port: how everything above talks to the UART of a module."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.ports.clock import Clock


class Parity(Enum):
    """Parity of a UART frame; the value is pyserial's letter."""

    NONE = "N"
    ODD = "O"
    EVEN = "E"


@dataclass(frozen=True, slots=True)
class PortFormat:
    """How the host's side of the line is set.

    Args:
        baud: Bits per second.
        data_bits: 5 to 8.
        parity: None, odd or even.
        stop_bits: 1, 1.5 or 2.
        is_rts_cts: Whether the host stops at CTS and drives RTS by its buffer.
    """

    baud: int = 115200
    data_bits: int = 8
    parity: Parity = Parity.NONE
    stop_bits: float = 1
    is_rts_cts: bool = False


class Direction(Enum):
    """Which way bytes went, seen from the host."""

    SENT = "tx"
    RECEIVED = "rx"


if TYPE_CHECKING:
    Tap = Callable[[int, Direction, bytes], None]
    """Called with the time, the direction and the bytes, for a transcript."""


class PortRecorder(Protocol):
    """Is told everything that is done with a port, to write it down."""

    def record(self, time_ns: int, direction: Direction, data: bytes) -> None:
        """Bytes went over it."""

    def record_format(self, time_ns: int, line_format: PortFormat) -> None:
        """The host's side of the line was set."""

    def record_discard(self, time_ns: int) -> None:
        """What had arrived and was not received was forgotten."""


class BytePort(Protocol):
    """A full-duplex stream of bytes to one module, with a clock of its own.

    All waiting is by deadline on `clock`; nothing polls and nothing sleeps.
    """

    name: str
    clock: Clock
    tap: Tap | None

    @property
    def format(self) -> PortFormat:
        """The present line format of the host's side."""

    @property
    def capabilities(self) -> frozenset[str]:
        """What this port can do beyond bytes at 8N1: ``uart-format``, ``uart-flow``."""

    def set_format(self, line_format: PortFormat) -> None:
        """Set the host's side of the line.

        Raises:
            PortError: The port cannot do this rate or format.
        """

    def set_rts(self, *, is_asserted: bool) -> None:
        """Drive RTS by hand: a module that heeds its CTS sends nothing while it is released.

        Raises:
            NeedMissingError: The rig does not name ``uart-flow``.
            MistakeError: The driver does it by itself (`PortFormat.is_rts_cts`).
            PortError: The port went away.
        """

    @property
    def is_cts_asserted(self) -> bool:
        """Whether the module lets bytes come: its RTS.

        Raises:
            NeedMissingError: The rig does not name ``uart-flow``.
            PortError: The port went away.
        """

    def send(self, data: bytes) -> None:
        """Send all of `data`.

        Raises:
            PortError: The port went away, or takes nothing any more.
        """

    def receive(self, deadline_ns: int) -> bytes:
        """What has arrived, as soon as there is at least one byte; ``b""`` at the deadline.

        Args:
            deadline_ns: When to give up, on `clock`. A moment in the past takes what is there.

        Raises:
            PortError: The port went away.

        Blocks: until `deadline_ns`.
        """

    def discard_input(self) -> None:
        """Forget everything that has arrived and was not received."""

    def close(self) -> None:
        """Give the port back. Closing twice is fine."""
