"""A listening socket that lets in one client at a time."""

from __future__ import annotations

import socket
from contextlib import suppress

from .descriptor import Descriptor


class TcpServer:
    """Listens from the start; binding fails at once if the port is taken.

    Args:
        host: The address to listen at.
        port: The port; 0 picks a free one.

    Raises:
        OSError: The address cannot be bound.
    """

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_server((host, port))
        self._socket.settimeout(0)
        self.host = host
        self.port: int = self._socket.getsockname()[1]

    def fileno(self) -> int:
        """The descriptor that is readable when a client knocks."""
        return self._socket.fileno()

    def accept(self) -> Descriptor | None:
        """The next client that knocks, None if there is none (any more)."""
        try:
            client, _ = self._socket.accept()
        except OSError:
            return None
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def end_output() -> None:
            with suppress(OSError):  # the client may be gone
                client.shutdown(socket.SHUT_WR)

        return Descriptor(client.fileno(), client.close, end_output)

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()
