"""``hil://HOST:PORT``: the port of a virtual module that ``hil virtual serve --tcp`` serves.

Everything a serial port has but a file descriptor: rates, formats, DTR and RTS, at the speed of a
local socket.
"""

from __future__ import annotations

import errno
import select
import socket
import threading
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import serial
from serial import SerialException, SerialTimeoutException

from hil.drive.framing import (
    Break,
    Data,
    Drain,
    Drained,
    Error,
    Format,
    Frame,
    FrameDecoder,
    FramingError,
    Hello,
    Lines,
    Purge,
    Purged,
    format_frame,
)

from .module_port import ModulePort

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

    from hil.virtual.uart import LineFormat

OPEN_TIMEOUT_S = 5.0
ANSWER_TIMEOUT_S = 10.0

_RECEIVE_BYTES = 256 * 1024
_OWN_NAME = "pyserial"


class Serial(ModulePort):
    """pyserial's port interface on a framed connection; one thread may read and one write."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._socket: socket.socket | None = None
        self._receiving = threading.Lock()
        self._sending = threading.Lock()
        self._forget_connection()
        super().__init__(*args, **kwargs)

    def _forget_connection(self) -> None:
        self._decoder = FrameDecoder()
        self._received = bytearray()
        self._answers: list[Frame] = []
        self._purges: deque[bool] = deque()
        self._sent_format: LineFormat | None = None

    def open(self) -> None:
        """Connect.

        Raises:
            SerialException: The URL is malformed, nobody listens there, the module is in use, or
                whoever listens does not speak this protocol.
            ValueError: No UART has such a line format.

        Blocks: 5 s of the host's clock for each of connection and greeting.
        """
        if self._port is None:
            raise SerialException("no port: set the `hil://HOST:PORT` before opening")
        if self.is_open:
            raise SerialException(f"{self._port} is open already")
        address = _address_of(self._port)
        line_format = self._line_format()
        self._forget_connection()
        self._socket = _connect(self._port, address)
        try:
            self._send(Hello(_OWN_NAME))
            self._require_greeting(self._await(Hello, OPEN_TIMEOUT_S))
            self.is_open = True
            self._send_format(line_format)
            self._send_lines()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Disconnect; the module lives on, with DTR and RTS released."""
        self.is_open = False
        if self._socket is not None:
            with suppress(OSError):  # it has gone already
                self._socket.shutdown(socket.SHUT_RDWR)  # wakes a thread that reads
            self._socket.close()
            self._socket = None

    def _require_open(self) -> socket.socket:
        if self._socket is None:
            raise serial.PortNotOpenError
        return self._socket

    def _reconfigure_port(self) -> None:
        self._require_open()
        self._send_format(self._line_format())

    def _send_format(self, line_format: LineFormat) -> None:
        """Tell the module, but not of the many times that pyserial sets what is set already."""
        if line_format != self._sent_format:
            self._send(Format(line_format))
            self._sent_format = line_format

    @property
    def in_waiting(self) -> int:
        """Number of bytes that can be read at once."""
        self._receive()
        return len(self._received)

    def read(self, size: int = 1) -> bytes:
        """Up to `size` bytes, waiting for all of them until the time-out.

        Raises:
            SerialException: The connection ended.
        """
        connection = self._require_open()
        deadline_s = None if self._timeout is None else time.monotonic() + self._timeout
        while True:
            self._receive()
            if len(self._received) >= size or not _wait_for(connection, deadline_s):
                with self._receiving:
                    data = bytes(self._received[:size])
                    del self._received[:size]
                return data

    def write(self, data: Buffer) -> int:
        """Send bytes; returns when the connection has taken them.

        Raises:
            SerialTimeoutException: The module's wire is full for longer than `write_timeout`.
            SerialException: The connection ended.
        """
        raw = bytes(data)
        if raw:
            self._send(Data(raw))
        return len(raw)

    def flush(self) -> None:
        """Wait until all that was written has left the wire's end at the host.

        Raises:
            SerialException: The connection ended.
        """
        self._send(Drain())
        self._await(Drained, None)

    def reset_input_buffer(self) -> None:
        """Forget what has arrived."""
        self._purge(is_input=True)

    def reset_output_buffer(self) -> None:
        """Forget what was written and has not reached the wire yet."""
        self._purge(is_input=False)

    def _purge(self, *, is_input: bool) -> None:
        self._purges.append(is_input)
        self._send(Purge(is_input))
        self._await(Purged, ANSWER_TIMEOUT_S)

    @property
    def cts(self) -> bool:
        """The adapter's CTS input, to which nothing is wired."""
        self._require_open()
        return False

    def fileno(self) -> int:
        """There is none that a terminal's ioctls work on; esptool expects this error then."""
        raise OSError(errno.ENOTTY, f"{self._port} is no terminal")

    def _update_dtr_state(self) -> None:
        self._send_lines()

    def _update_rts_state(self) -> None:
        self._send_lines()

    def _send_lines(self) -> None:
        self._send(Lines(dtr=bool(self._dtr_state), rts=bool(self._rts_state)))

    def _update_break_state(self) -> None:
        self._send(Break(is_on=bool(self._break_state)))

    def _send(self, frame: Frame) -> None:
        connection = self._require_open()
        content = memoryview(format_frame(frame))
        limit_s = self._write_timeout
        deadline_s = None if limit_s is None else time.monotonic() + limit_s
        with self._sending:
            while content:
                try:
                    content = content[connection.send(content) :]
                except BlockingIOError:
                    if not _wait_for(connection, deadline_s, is_for_output=True):
                        raise SerialTimeoutException("Write timeout") from None
                except OSError as error:
                    raise self._lost(error.strerror or str(error)) from error

    def _receive(self) -> None:
        """Take in what has come, without waiting."""
        with self._receiving:
            self._receive_alone()

    def _receive_alone(self) -> None:
        """Likewise, for who holds the lock."""
        try:
            data = self._require_open().recv(_RECEIVE_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            raise self._lost(error.strerror or str(error)) from error
        if not data:
            raise self._lost("the other end closed it")
        try:
            for frame in self._decoder.receive(data):
                self._take_in(frame)
        except FramingError as error:
            raise self._lost(f"no `hil virtual serve` is at the other end: {error}") from error

    def _take_in(self, frame: Frame) -> None:
        match frame:
            case Data(data):
                self._received += data
            case Error(text):
                raise self._lost(text, errno.ECONNABORTED if self.is_open else errno.EBUSY)
            case Purged() if self._purges and self._purges.popleft():
                self._received.clear()
                self._answers.append(frame)
            case _:
                self._answers.append(frame)

    def _await(self, kind: type[Frame], limit_s: float | None) -> Frame:
        """Wait for an answer. Nobody else receives meanwhile, lest they take it."""
        deadline_s = None if limit_s is None else time.monotonic() + limit_s
        with self._receiving:
            while not (found := [each for each in self._answers if isinstance(each, kind)]):
                if not _wait_for(self._require_open(), deadline_s):
                    raise self._lost(f"nothing was said for {limit_s:g} s")
                self._receive_alone()
            self._answers.remove(found[0])
            return found[0]

    def _require_greeting(self, answer: Frame) -> None:
        if answer == Hello(_OWN_NAME):
            raise self._lost(
                "the greeting came back as an echo, so this is a port of plain bytes "
                "(`--raw-tcp`); `hil virtual serve --tcp PORT` prints the URL to use"
            )

    def _lost(self, reason: str, number: int = errno.EPIPE) -> SerialException:
        text = f"connection to {self._port} lost" if self.is_open else f"cannot open {self._port}"
        return SerialException(number, f"{text}: {reason}")


def _address_of(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    has_more = parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc
    with suppress(ValueError):  # of a port that is no number
        if parts.scheme == "hil" and parts.hostname and parts.port and not has_more:
            return parts.hostname, parts.port
    raise SerialException(
        f"{url!r} is not of the form hil://HOST:PORT; rate and format are settings of the port, "
        "the module's are those of `hil virtual serve`"
    )


def _connect(url: str, address: tuple[str, int]) -> socket.socket:
    try:
        connection = socket.create_connection(address, timeout=OPEN_TIMEOUT_S)
    except OSError as error:
        raise SerialException(
            error.errno,
            f"cannot connect to {url}: {error.strerror or error}; `hil virtual serve --tcp PORT` "
            "prints the URL at which it serves a module",
        ) from error
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.settimeout(0)
    return connection


def _wait_for(
    connection: socket.socket, deadline_s: float | None, *, is_for_output: bool = False
) -> bool:
    """Wait until the connection is ready; False at the deadline."""
    timeout_s = None if deadline_s is None else max(0.0, deadline_s - time.monotonic())
    waiting = [connection]
    ready = select.select(
        [] if is_for_output else waiting, waiting if is_for_output else [], [], timeout_s
    )
    return any(ready)
