"""A TCP connection that the firmware uses for itself, beside the links of the commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.virtual.network.message import (
    TcpAbort,
    TcpClose,
    TcpEnded,
    TcpFailed,
    TcpOpen,
    TcpOpened,
    TcpReceived,
    TcpSend,
    TcpTake,
)

if TYPE_CHECKING:
    from ipaddress import IPv4Address

    from hil.virtual.outside import OutsideEvent

    from .state import FirmwareState


class OwnConnection:
    """One connection at a time; a `Service`.

    Args:
        state: Its station tells when it has lost its network.

    Attributes:
        is_open: Whether the connection stands.
        received: What has come and was not read.
    """

    def __init__(self, state: FirmwareState) -> None:
        self._state = state
        self._socket: int | None = None
        self.is_open = False
        self.received = bytearray()
        state.station.on_loss.append(self.abort)

    @property
    def is_over(self) -> bool:
        """Whether it has failed or ended; what came before can still be read."""
        return self._socket is None

    @property
    def has_news(self) -> bool:
        """Whether there is something to read, or nothing more will come."""
        return bool(self.received) or self.is_over

    # What its user asks --------------------------------------------------------------------------

    def open(self, address: IPv4Address, port: int, now_ns: int) -> None:
        """Begin to open a connection, and forget what came over the one before, which is over."""
        self.received.clear()
        self._socket = next(self._state.sockets)
        self._state.out.transmit(TcpOpen(self._socket, address, port), now_ns)

    def send(self, data: bytes, now_ns: int) -> None:
        """Send bytes while it is open."""
        if self._socket is not None:
            self._state.out.transmit(TcpSend(self._socket, data), now_ns)

    def read(self) -> bytes:
        """All that has come since the last call."""
        data = bytes(self.received)
        self.received.clear()
        return data

    def grant(self, count: int, now_ns: int) -> None:
        """Let the other end send as many more bytes as were read and dealt with."""
        if count and self._socket is not None:
            self._state.out.transmit(TcpTake(self._socket, count), now_ns)

    def close(self, now_ns: int) -> None:
        """End it in good order."""
        if self._socket is not None:
            self._state.out.transmit(TcpClose(self._socket), now_ns)
        self._end()

    def abort(self, now_ns: int) -> None:
        """End it at once, or give up opening it."""
        if self._socket is not None:
            self._state.out.transmit(TcpAbort(self._socket), now_ns)
        self._end()

    # What happens --------------------------------------------------------------------------------

    def start(self, now_ns: int) -> None:
        """Nothing is open at start."""

    def next_deadline_ns(self) -> int | None:
        """Whoever uses it waits by itself."""
        return None

    def advance(self, now_ns: int) -> None:
        """Nothing is due."""

    def hear(self, event: OutsideEvent, now_ns: int) -> None:
        """Keep in mind what happens to its socket."""
        del now_ns
        match event:
            case TcpOpened(socket) if socket == self._socket:
                self.is_open = True
            case TcpReceived(socket, data) if socket == self._socket:
                self.received += data
            case TcpFailed(socket) | TcpEnded(socket) if socket == self._socket:
                self._end()

    def _end(self) -> None:
        self._socket = None
        self.is_open = False
