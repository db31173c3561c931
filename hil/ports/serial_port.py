"""The byte port on any pyserial port: a device file, an ``rfc2217://`` server, ``sim://``."""

from __future__ import annotations

import errno
import os
import select
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Protocol, cast

import serial

from hil.errors import MistakeError, NeedMissingError, PortError
from hil.units import NS_PER_S

from .byte_port import Direction, Parity, PortFormat
from .rfc2217_port import RefusedError, Rfc2217Port

try:
    import termios
except ImportError:  # Windows
    _TERMIOS_ERRORS: tuple[type[Exception], ...] = ()
else:
    _TERMIOS_ERRORS = (termios.error,)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .byte_port import PortRecorder, Tap
    from .clock import Clock

_MOST_AT_ONCE = 65_536

WRITE_TIMEOUT_S = 10.0
"""How long a port may refuse to take bytes before it counts as stuck."""

_GONE = "Check that the adapter is still plugged in and that no other program uses it"
_UNSUITED = "Choose a rate and a format that this adapter supports"
_HELD = "Another program holds the port; close it"
_REFUSED = "If another client has the port, close that"
_OPEN_REMEDIES = {
    errno.ENOENT: "Check the name of the port in the rig description and that the adapter is "
    "plugged in; `python -m serial.tools.list_ports -v` lists what is there",
    errno.EACCES: "Add yourself to the group that owns the port (often `dialout`) and log in again",
    errno.EBUSY: _HELD,
    errno.EAGAIN: _HELD,
}
_NO_SUCH_PORT = "Check the port's name; `python -m serial.tools.list_ports -v` lists what is there"
_NO_SUCH_URL = "Check the port's URL in the rig description"
_FAILURES: tuple[type[Exception], ...] = (
    serial.SerialException,
    OSError,
    ValueError,
    OverflowError,
    *_TERMIOS_ERRORS,
)
"""What pyserial lets through, whatever its documentation says."""


class _ReceivesUntil(Protocol):
    """The one addition to pyserial's interface that ports of simulated worlds have."""

    def receive_until(self, deadline_ns: int) -> bytes:
        """Everything that is there as soon as one byte is."""


class SerialPort:
    """A `BytePort` that owns a pyserial port.

    Args:
        port: An open pyserial port.
        clock: The clock on which its bytes arrive.
        capabilities: What the wiring allows beyond bytes at 8N1.

    Attributes:
        recorder: Is told what is done with the port, beside the tap, if the session is recorded.
    """

    def __init__(
        self,
        port: serial.Serial,
        clock: Clock,
        *,
        capabilities: frozenset[str] = frozenset(),
    ) -> None:
        self.serial = port
        self.clock = clock
        self.name = str(port.port)
        self.tap: Tap | None = None
        self.recorder: PortRecorder | None = None
        self._capabilities = capabilities
        self._format = PortFormat(
            baud=port.baudrate,
            data_bits=port.bytesize,
            parity=Parity(port.parity),
            stop_bits=port.stopbits,
            is_rts_cts=port.rtscts,
        )
        self._descriptor = _descriptor_of(port)
        self._is_plain = type(port) is serial.Serial and self._descriptor is not None
        self._receives_until = (
            cast("_ReceivesUntil", port) if hasattr(port, "receive_until") else None
        )

    @property
    def format(self) -> PortFormat:
        """The present line format of the host's side."""
        return self._format

    @property
    def capabilities(self) -> frozenset[str]:
        """What this port can do beyond bytes at 8N1."""
        return self._capabilities

    @property
    def descriptor(self) -> int | None:
        """The file descriptor that is readable when bytes have come; None if there is none."""
        return self._descriptor

    def set_format(self, line_format: PortFormat) -> None:
        """Set the host's side of the line.

        Raises:
            PortError: The port cannot do this rate or format; it is set as before.
        """
        with self._reported(
            f"set {line_format.baud} baud, {line_format.data_bits}{line_format.parity.value}"
            f"{line_format.stop_bits:g} on",
            _UNSUITED,
        ):
            try:
                _apply(self.serial, line_format)
            except _FAILURES:
                with suppress(*_FAILURES):
                    _apply(self.serial, self._format)
                raise
        self._format = line_format
        if self.recorder is not None:
            self.recorder.record_format(self.clock.now_ns(), line_format)

    def set_rts(self, *, is_asserted: bool) -> None:
        """Drive RTS by hand; see `hil.ports.byte_port.BytePort`."""
        self._require_flow_wires()
        if self._format.is_rts_cts:
            raise MistakeError(
                f"{self.name}: the driver drives RTS while `is_rts_cts` is set; set a format "
                "without it first"
            )
        with self._reported("drive RTS of", _GONE):
            self.serial.rts = is_asserted

    @property
    def is_cts_asserted(self) -> bool:
        """Whether the module lets bytes come: its RTS."""
        self._require_flow_wires()
        with self._reported("read CTS of", _GONE):
            return bool(self.serial.cts)

    def _require_flow_wires(self) -> None:
        if "uart-flow" not in self._capabilities:
            raise NeedMissingError(
                "uart-flow",
                self.name,
                "wire RTS and CTS of the port to MTCK and MTDO, and name it in `has`",
            )

    def restore_format(self) -> None:
        """Set the port back to `format` after another program changed its settings."""
        self.set_format(self._format)

    def send(self, data: bytes) -> None:
        """Send all of `data`; returns when the port has taken it."""
        if self.tap is not None or self.recorder is not None:
            self._tell(Direction.SENT, data)
        try:
            self._require_open()
            rest = data[self._send_at_once(data) :] if self._is_plain else data
            if rest:
                self.serial.write(rest)
        except _FAILURES as error:
            raise self._failure("write to", _GONE, error) from error

    def _send_at_once(self, data: bytes) -> int:
        """Send as much as the operating system takes without waiting; returns how much."""
        try:
            return os.write(self.serial.fileno(), data)
        except BlockingIOError:
            return 0

    def receive(self, deadline_ns: int) -> bytes:
        """What has arrived, as soon as there is at least one byte; ``b""`` at the deadline."""
        try:
            self._require_open()
            data = (
                self._receive_plain(deadline_ns) if self._is_plain else self._receive(deadline_ns)
            )
        except _FAILURES as error:
            raise self._failure("read from", _GONE, error) from error
        if data and (self.tap is not None or self.recorder is not None):
            self._tell(Direction.RECEIVED, data)
        return data

    def _receive_plain(self, deadline_ns: int) -> bytes:
        """As `receive`, for a device file: one call to wait and one to read.

        pyserial's own read and `in_waiting` make five of it, which is most of the time of a short
        exchange.
        """
        descriptor = self.serial.fileno()
        remaining_s = max((deadline_ns - self.clock.now_ns()) / NS_PER_S, 0)
        if not select.select([descriptor], [], [], remaining_s)[0]:
            return b""
        try:
            data = os.read(descriptor, _MOST_AT_ONCE)
        except BlockingIOError:  # another program was quicker
            return self._receive_plain(deadline_ns)
        if not data:  # readable with nothing to read means unplugged
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return data

    def _tell(self, direction: Direction, data: bytes) -> None:
        """Let transcript and record know what goes over the port."""
        if self.tap is not None:
            self.tap(self.clock.now_ns(), direction, data)
        if self.recorder is not None:
            self.recorder.record(self.clock.now_ns(), direction, data)

    def _receive(self, deadline_ns: int) -> bytes:
        if self._receives_until is not None:
            return self._receives_until.receive_until(deadline_ns)
        waiting = self.serial.in_waiting
        if waiting:
            return self.serial.read(waiting)
        remaining_s = max((deadline_ns - self.clock.now_ns()) / NS_PER_S, 0)
        if self._descriptor is not None:
            if not select.select([self._descriptor], [], [], remaining_s)[0]:
                return b""
            # Readable with nothing to read means unplugged; pyserial's read says so.
            return self.serial.read(self.serial.in_waiting or 1)
        self.serial.timeout = remaining_s
        data = self.serial.read(1)
        if data and (waiting := self.serial.in_waiting):
            data += self.serial.read(waiting)
        return data

    def discard_input(self) -> None:
        """Forget everything that has arrived and was not received."""
        with self._reported("read from", _GONE):
            self.serial.reset_input_buffer()
        if self.recorder is not None:
            self.recorder.record_discard(self.clock.now_ns())

    def close(self) -> None:
        """Close the pyserial port."""
        self.serial.close()

    def _require_open(self) -> None:
        if not self.serial.is_open:  # some of pyserial's methods stumble over it, some succeed
            raise serial.PortNotOpenError

    @contextmanager
    def _reported(self, attempted: str, remedy: str) -> Iterator[None]:
        try:
            self._require_open()
            yield
        except _FAILURES as error:
            raise self._failure(attempted, remedy, error) from error

    def _failure(self, attempted: str, remedy: str, error: Exception) -> PortError:
        return PortError(self.name, attempted=attempted, reason=reason_of(error), remedy=remedy)


def _descriptor_of(port: serial.Serial) -> int | None:
    """The file descriptor of a port that has one to wait for.

    Waiting for it spares pyserial's time-out, whose every change sets the port's rate anew.
    """
    try:
        return port.fileno()
    except (OSError, AttributeError):
        return None


def _opening_remedy(url: str, error: Exception) -> str:
    if isinstance(error, RefusedError):
        return _REFUSED
    unknown = _NO_SUCH_URL if "://" in url else _NO_SUCH_PORT
    return _OPEN_REMEDIES.get(getattr(error, "errno", None) or 0, unknown)


def _new_port(url: str) -> serial.Serial:
    """A port that is not open yet."""
    if not url.lower().startswith("rfc2217://"):
        return serial.serial_for_url(url, do_not_open=True)
    port = Rfc2217Port()
    port.port = url
    return cast("serial.Serial", port)


def reason_of(error: Exception) -> str:
    """What the operating system said, once; pyserial says it up to three times."""
    number = error.errno if isinstance(error, OSError) else None
    if number is None and isinstance(error, _TERMIOS_ERRORS):
        number = error.args[0]
    return os.strerror(number) if number else str(error)


def _apply(port: serial.Serial, line_format: PortFormat) -> None:
    if line_format.baud < 1:  # 0 hangs a terminal up
        raise ValueError(f"no line has {line_format.baud} baud")
    settings = {
        "baudrate": line_format.baud,
        "bytesize": line_format.data_bits,
        "parity": line_format.parity.value,
        "stopbits": line_format.stop_bits,
    }
    for name, value in settings.items():
        # An open port is set anew with each of them. On the way there may be a format that it
        # refuses; what it says to the last one counts.
        with suppress(OSError, *_TERMIOS_ERRORS):
            setattr(port, name, value)
    port.rtscts = line_format.is_rts_cts


def open_serial_port(
    url: str,
    clock: Clock,
    *,
    line_format: PortFormat,
    keeps_lines_released: bool = False,
    capabilities: frozenset[str] = frozenset(),
) -> SerialPort:
    """Open a port by name or pyserial URL.

    Args:
        url: ``/dev/ttyUSB0``, ``COM3``, ``rfc2217://HOST:PORT``, ``sim://WORLD/MACHINE``.
        clock: The clock on which its bytes arrive.
        line_format: How to set it.
        keeps_lines_released: Open with DTR and RTS released, for wiring on which asserting them
            would hold the module in reset.
        capabilities: What the wiring allows beyond bytes at 8N1.

    Raises:
        PortError: The port does not exist, is busy, may not be opened or cannot be set so.
    """
    try:
        port = _new_port(url)
        _apply(port, line_format)
        port.write_timeout = WRITE_TIMEOUT_S
        if keeps_lines_released:
            port.dtr = False
            port.rts = False
        if hasattr(port, "exclusive"):
            port.exclusive = True
        port.open()
    except _FAILURES as error:
        remedy = _opening_remedy(url, error)
        raise PortError(url, attempted="open", reason=reason_of(error), remedy=remedy) from error
    return SerialPort(port, clock, capabilities=capabilities)
