"""One TCP connection of a served module on a socket of this computer."""

from __future__ import annotations

import errno
import os
import selectors
import socket
import struct
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from hil.virtual.network.message import (
    TCP_WINDOW_BYTES,
    TcpAcknowledged,
    TcpEnded,
    TcpFailed,
    TcpFailure,
    TcpOpened,
    TcpReceived,
)
from hil.virtual.network.tcp import KEEP_ALIVE_PROBES, SEGMENT_BYTES

if TYPE_CHECKING:
    from hil.virtual.network.message import NetworkEvent

SEND_BUFFER_BYTES = 4096
"""How much the kernel takes before the peer has; small, so that a slow peer is felt soon."""

_RESET_AT_CLOSE = struct.pack("ii", 1, 0)


class Board(Protocol):
    """Where connections hang: a module's place in the network of this computer."""

    @property
    def has_address(self) -> bool:
        """Whether the module can be reached at all."""

    def tell(self, connection: HostTcp, event: NetworkEvent, now_ns: int) -> None:
        """Let the module hear of an event when that has come its way."""

    def watch(self, connection: HostTcp) -> None:
        """A connection may wait for something else now."""

    def drop(self, connection: HostTcp) -> None:
        """A connection is about to close its socket."""


class Phase(Enum):
    """What a connection is doing."""

    CONNECTING = "waiting for an answer"
    OPEN = "open"
    FLUSHING = "closed by the module, but for what that has sent"
    GHOST = "left behind by a module that vanished"
    CLOSED = "closed"


class HostTcp:
    """A connection; it never waits.

    What the kernel has taken counts as acknowledged.

    Args:
        board: Where it hangs.
        number: What the module calls it.
        connection: Its socket.
        phase: `Phase.CONNECTING` or `Phase.OPEN`.

    Attributes:
        number: What the module calls it.
        socket: Its socket.
        phase: What it is doing.
        is_heard: Whether the module wants to hear of it.
    """

    def __init__(self, board: Board, number: int, connection: socket.socket, phase: Phase) -> None:
        self.number = number
        self.socket = connection
        self.phase = phase
        self.is_heard = True
        self._board = board
        self._outbox = bytearray()
        self._room_bytes = TCP_WINDOW_BYTES
        self._has_heard_all = False

    def interest(self) -> int:
        """For what it waits: selectors.EVENT_READ, EVENT_WRITE, both or 0."""
        match self.phase:
            case Phase.CONNECTING:
                return selectors.EVENT_WRITE
            case Phase.OPEN:
                wants_data = self._room_bytes > 0 and not self._has_heard_all
                reading = selectors.EVENT_READ if wants_data else 0
                return reading | (selectors.EVENT_WRITE if self._outbox else 0)
            case Phase.FLUSHING:
                return selectors.EVENT_WRITE
            case Phase.GHOST:
                return selectors.EVENT_READ if self._board.has_address else 0
            case Phase.CLOSED:
                return 0

    # What the module asks -----------------------------------------------------------------------

    def send(self, data: bytes, now_ns: int) -> None:
        """Send bytes behind those before."""
        if self.phase is Phase.OPEN:
            self._outbox += data
            self._flush(now_ns)

    def give_room(self, count: int) -> None:
        """Let so many bytes more come."""
        self._room_bytes += count
        self._board.watch(self)

    def finish(self, now_ns: int) -> None:
        """Close the socket behind what was sent."""
        if self.phase is Phase.CONNECTING:
            self.close()
        elif self.phase is Phase.OPEN:
            self.phase = Phase.FLUSHING
            self._flush(now_ns)

    def abort(self) -> None:
        """Break the connection off."""
        if self.phase is not Phase.CLOSED:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
            self.close()

    def vanish(self) -> None:
        """Leave the peer alone with a connection at whose other end nobody is."""
        self.is_heard = False
        if self.phase is Phase.OPEN:
            self.phase = Phase.GHOST
            self._board.watch(self)
        else:
            self.close()

    # What the socket says -----------------------------------------------------------------------

    def serve(self, now_ns: int) -> None:
        """The socket is ready for something that it was waited for."""
        match self.phase:
            case Phase.CONNECTING:
                self.take_answer(self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), now_ns)
            case Phase.OPEN:
                self._read(now_ns)
                self._flush(now_ns)
            case Phase.FLUSHING:
                self._flush(now_ns)
            case Phase.GHOST:
                self.abort()
            case Phase.CLOSED:
                return

    def take_answer(self, error: int, now_ns: int) -> None:
        """The attempt to connect has come to this end; 0 for success."""
        if error == errno.EINPROGRESS:
            self._board.watch(self)
        elif error == 0:
            self.phase = Phase.OPEN
            self._board.watch(self)
            port = self.socket.getsockname()[1]
            self._board.tell(self, TcpOpened(self.number, port), now_ns)
        else:
            self.close()
            if error != errno.ETIMEDOUT:  # nobody answered
                is_refused = error == errno.ECONNREFUSED
                reason = TcpFailure.REFUSED if is_refused else TcpFailure.UNREACHABLE
                self._board.tell(self, TcpFailed(self.number, reason), now_ns)

    def _read(self, now_ns: int) -> None:
        while self.phase is Phase.OPEN and self._room_bytes > 0 and not self._has_heard_all:
            try:
                data = self.socket.recv(min(SEGMENT_BYTES, self._room_bytes))
            except BlockingIOError:
                return
            except OSError:
                self._break_off(now_ns)
                return
            if data:
                self._room_bytes -= len(data)
                self._board.tell(self, TcpReceived(self.number, data), now_ns)
            else:
                self._has_heard_all = True
                self._board.tell(self, TcpEnded(self.number, is_reset=False), now_ns)
        self._board.watch(self)

    def _flush(self, now_ns: int) -> None:
        while self._outbox and self.phase in {Phase.OPEN, Phase.FLUSHING}:
            try:
                count = self.socket.send(self._outbox)
            except BlockingIOError:
                break
            except OSError:
                self._break_off(now_ns)
                return
            del self._outbox[:count]
            self._board.tell(self, TcpAcknowledged(self.number, count), now_ns)
        if self.phase is Phase.FLUSHING and not self._outbox:
            self.close()
        else:
            self._board.watch(self)

    def _break_off(self, now_ns: int) -> None:
        self.close()
        self._board.tell(self, TcpEnded(self.number, is_reset=True), now_ns)

    def close(self) -> None:
        """Close the socket now; what the kernel has taken still goes out."""
        if self.phase is not Phase.CLOSED:
            self._board.drop(self)
            self.phase = Phase.CLOSED
            self.socket.close()


def prepare(connection: socket.socket, keep_alive_ms: int = 0) -> None:
    """Set a socket as a connection of a module needs it.

    Args:
        connection: The socket.
        keep_alive_ms: After how much silence a probe is sent; the kernel counts whole seconds.
    """
    connection.settimeout(0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if keep_alive_ms:
        seconds = -(-keep_alive_ms // 1000)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, seconds)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, seconds)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, KEEP_ALIVE_PROBES)


def reason_of(error: OSError) -> str:
    """What the operating system said."""
    return os.strerror(error.errno) if error.errno else str(error)
