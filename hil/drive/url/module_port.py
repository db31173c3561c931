"""What the ports of modules that are no device files have in common, whichever URL names them."""

from __future__ import annotations

import errno
from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar, Protocol

import serial
from serial import SerialBase, SerialException

from hil.drive.simulated import NothingPendingError
from hil.units import seconds_to_ns
from hil.virtual.errors import VirtualError
from hil.virtual.uart import LineFormat, Parity

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

    from hil.virtual.world import World

PARITIES = {
    serial.PARITY_NONE: Parity.NONE,
    serial.PARITY_ODD: Parity.ODD,
    serial.PARITY_EVEN: Parity.EVEN,
}
HALF_STOP_BITS = {1: 2, 1.5: 3, 2: 4}


class ModulePort(SerialBase):
    """pyserial's port interface to a virtual module; nothing is wired to DSR, RI and CD."""

    # What pyserial's base class keeps and its stubs leave out.
    _port: str | None
    _baudrate: int
    _bytesize: int
    _parity: str
    _stopbits: float
    _timeout: float | None
    _write_timeout: float | None
    _dtr_state: bool
    _rts_state: bool
    _break_state: bool
    _rtscts: bool
    _exclusive: bool | None

    @property
    def name(self) -> str | None:
        """The URL, named as a port that has lines but is no terminal.

        esptool reads from this name how it may switch DTR and RTS: both at once by a call that only
        terminals know, or one after the other. With the wrong guess a connect takes 2 s longer.
        Source: observed in esptool 5.6, which looks for ``rfc2217:`` at the beginning.
        """
        return None if self._port is None else f"rfc2217:{self._port}"

    @name.setter
    def name(self, value: str | None) -> None:
        """What pyserial sets is in `port` as well."""

    BAUDRATES = (110, 300, 1200, 9600, 74880, 115200, 230400, 460800, 921600, 3000000, 4608000)

    @abstractmethod
    def _require_open(self) -> object:
        """Refuse to work on a port that is closed, with pyserial's own error."""

    def _line_format(self) -> LineFormat:
        """The settings of the port as those of a UART.

        Raises:
            ValueError: No UART of an ESP8266 has them.
        """
        if self._parity not in PARITIES:
            raise ValueError(f"the UART of an ESP8266 has no parity {self._parity!r}")
        try:
            return LineFormat(
                baud=self._baudrate,
                data_bits=self._bytesize,
                parity=PARITIES[self._parity],
                half_stop_bits=HALF_STOP_BITS[self._stopbits],
            )
        except VirtualError as error:
            raise ValueError(str(error)) from error

    @property
    def dsr(self) -> bool:
        """The adapter's DSR input."""
        self._require_open()
        return False

    @property
    def ri(self) -> bool:
        """The adapter's RI input."""
        self._require_open()
        return False

    @property
    def cd(self) -> bool:
        """The adapter's CD input."""
        self._require_open()
        return False


class HostLine(Protocol):
    """The host's end of a line in simulated time."""

    world: World

    def poll(self) -> int:
        """How many bytes are there, for a program that looks again and again."""

    def read(self, count: int, deadline_ns: int | None) -> bytes:
        """Up to `count` bytes; waits for all of them, until the deadline."""

    def receive(self, deadline_ns: int) -> bytes:
        """What has arrived, as soon as there is something; ``b""`` at the deadline."""

    def write(self, data: bytes) -> None:
        """Send bytes, which takes no time."""


class SimulatedPort(ModulePort):
    """pyserial's port interface on a `HostLine`: reading advances the clock instead of waiting."""

    _endless: ClassVar[str]
    """Why a read without a time-out would never end."""

    @abstractmethod
    def _require_open(self) -> HostLine: ...

    @property
    def in_waiting(self) -> int:
        """Number of bytes that can be read at once; a look at an empty buffer costs 10 us."""
        return self._require_open().poll()

    def read(self, size: int = 1) -> bytes:
        """Up to `size` bytes, waiting for all of them until the time-out.

        With a time-out of 0, a look at an empty buffer costs 10 us.

        Raises:
            SerialException: There is no time-out and nothing will ever arrive.
            ReplayMismatchError: What is played from a record is cut off here.
        """
        line = self._require_open()
        deadline_ns = (
            None if self._timeout is None else line.world.now_ns + seconds_to_ns(self._timeout)
        )
        try:
            return line.read(size, deadline_ns)
        except NothingPendingError:
            raise SerialException(
                f"read of {size} bytes from {self._port} without a time-out would wait for ever: "
                f"{self._endless}"
            ) from None

    def receive_until(self, deadline_ns: int) -> bytes:
        """What has arrived as soon as one byte has; ``b""`` at the deadline.

        An addition to pyserial's interface for `hil.ports.serial_port`, which asks for it by name.
        """
        return self._require_open().receive(deadline_ns)

    def write(self, data: Buffer) -> int:
        """Send bytes; they take their time on the wire, the call does not.

        Raises:
            ReplayMismatchError: Something else is on record.
        """
        raw = bytes(data)
        self._require_open().write(raw)
        return len(raw)

    def reset_output_buffer(self) -> None:
        """Nothing to do: bytes are on the wire as soon as they are written."""

    def fileno(self) -> int:
        """There is none; the error is the one that a file without a terminal gives."""
        raise OSError(errno.ENOTTY, f"{self._port} is simulated and has no file descriptor")
