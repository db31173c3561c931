"""pyserial's RFC2217 client, made fit for many short waits, and plain about why a server left."""

from __future__ import annotations

from queue import Empty
from typing import TYPE_CHECKING

from serial import SerialException, rfc2217
from serial.serialutil import Timeout

if TYPE_CHECKING:
    import socket
    from queue import Queue


class RefusedError(SerialException):
    """The server has said something in plain text and left, before anything was settled.

    Servers do so when another client has the port.
    """


class Rfc2217Port(rfc2217.Serial):
    """A port on an RFC2217 server whose time-outs cost nothing.

    pyserial's client settles rate and format with the server whenever a time-out is set, and looks
    every 50 ms whether the answers have come: 100 ms for each wait that has a time-out of its own.
    A time-out is no business of the server's, so here it is asked only when something has changed
    that is.

    A time-out for writing, which pyserial's client refuses, is that of the connection.
    """

    # What pyserial's class keeps and its stubs leave out.
    _socket: socket.socket | None
    _read_buffer: Queue[bytes | None] | None
    _timeout: float | None
    _write_timeout: float | None
    _baudrate: int
    _bytesize: int
    _parity: str
    _stopbits: float
    _rtscts: bool
    _xonxoff: bool

    _settled: tuple[object, ...] | None = None

    def open(self) -> None:
        """Connect, and settle rate and format with the server.

        Raises:
            RefusedError: The server said why it does not let us in.
            SerialException: Nobody is there, or nobody who speaks RFC2217.
            OSError: Likewise; pyserial lets some through.

        Blocks: 5 s of the host's clock for the connection, 3 s for each question.
        """
        self._settled = None
        try:
            super().open()
        except OSError as error:
            if said := self._heard_from_server():
                raise RefusedError(f"the server said {said!r} and left") from error
            raise

    def close(self) -> None:
        """Disconnect; pyserial leaves the socket open if the server has gone first."""
        connection = self._socket
        super().close()
        if connection is not None:
            connection.close()

    def _heard_from_server(self) -> str:
        heard = b""
        while self._read_buffer is not None:
            try:
                heard += self._read_buffer.get_nowait() or b""
            except Empty:
                break
        return heard.decode("ascii", errors="backslashreplace").strip()

    def read(self, size: int = 1) -> bytes:
        """Up to `size` bytes, waiting for all of them until the time-out.

        Raises:
            SerialException: The connection ended; pyserial would only return early, once.
        """
        limit = Timeout(self._timeout)  # type: ignore[arg-type] # the stubs forget None
        data = super().read(size)
        if size and not data and not limit.expired():
            raise SerialException("the server closed the connection")
        return data

    def _reconfigure_port(self) -> None:
        limit_s, self._write_timeout = self._write_timeout, None
        try:
            self._settle()
        finally:
            self._write_timeout = limit_s
        if limit_s and self._socket is not None:
            self._socket.settimeout(limit_s)

    def _settle(self) -> None:
        settings = (
            self._baudrate,
            self._bytesize,
            self._parity,
            self._stopbits,
            self._rtscts,
            self._xonxoff,
        )
        if settings != self._settled:
            self._settled = None
            super()._reconfigure_port()  # type: ignore[misc] # the stubs lack it
            self._settled = settings
