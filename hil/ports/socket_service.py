"""TCP services on sockets that work while the test plan does something else."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from .network_peer import SOURCE_PATTERN, Behaviour, Endpoint

if TYPE_CHECKING:
    from collections.abc import Callable

_RECEIVE_BYTES = 64 * 1024


class SocketService:
    """A `TcpService` with one thread that waits for connections and one for each of them.

    Args:
        listener: A socket that listens.
        behaviour: What is done with each connection.
    """

    def __init__(self, listener: socket.socket, behaviour: Behaviour) -> None:
        listener.settimeout(None)
        self.endpoint = Endpoint(*listener.getsockname()[:2])
        self._listener = listener
        self._work: Callable[[socket.socket], None] = {
            Behaviour.ECHO: self._echo,
            Behaviour.DISCARD: self._discard,
            Behaviour.SOURCE: _pour,
        }[behaviour]
        self._lock = threading.Lock()
        self._received_bytes = 0
        self._connections: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def connections(self) -> int:
        """How many connections have been made so far."""
        with self._lock:
            return len(self._connections)

    @property
    def received_bytes(self) -> int:
        """How many bytes have come over all of them."""
        with self._lock:
            return self._received_bytes

    def close(self) -> None:
        """End it with all its connections."""
        with self._lock:
            open_sockets = [self._listener, *self._connections]
        for each in open_sockets:
            with suppress(OSError):  # the module may have ended it
                each.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for it
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:  # closed
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            with self._lock:
                self._connections.append(connection)
                self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection, suppress(OSError):  # however the module ends it
            self._work(connection)

    def _read(self, connection: socket.socket) -> bytes:
        data = connection.recv(_RECEIVE_BYTES)
        with self._lock:
            self._received_bytes += len(data)
        return data

    def _discard(self, connection: socket.socket) -> None:
        while self._read(connection):
            pass

    def _echo(self, connection: socket.socket) -> None:
        while data := self._read(connection):
            connection.sendall(data)


def _pour(connection: socket.socket) -> None:
    pattern = SOURCE_PATTERN * 64
    while True:
        connection.sendall(pattern)
