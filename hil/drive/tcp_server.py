"""A listening socket that lets in one client at a time."""

from __future__ import annotations

import errno
import logging
import os
import socket
from contextlib import suppress

from .descriptor import Descriptor

_log = logging.getLogger(__name__)

_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
"""What the system lacks for one more client. The client stays at the door, and the door open."""


class TcpServer:
    """Listens from the start; binding fails at once if the port is taken.

    One descriptor is kept in reserve. When there is no other left, it lets the client in that
    would else wait in vain and keep the socket readable for ever, and shows it out again.

    Args:
        host: The address to listen at.
        port: The port; 0 picks a free one.

    Raises:
        OSError: The address cannot be bound.
    """

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_server((host, port))
        self._socket.settimeout(0)
        try:
            self._reserve = _open_reserve()
        except OSError:
            self._socket.close()
            raise
        self.host = host
        self.port: int = self._socket.getsockname()[1]

    def fileno(self) -> int:
        """The descriptor that is readable when a client knocks."""
        return self._socket.fileno()

    def accept(self) -> Descriptor | None:
        """The next client that knocks, None if there is none (any more) or no room for it.

        Raises:
            OSError: There is no room even for turning it away.
        """
        try:
            client, _ = self._socket.accept()
        except OSError as error:
            if error.errno in _EXHAUSTED:
                self._turn_away(error)
            return None
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def end_output() -> None:
            with suppress(OSError):  # the client may be gone
                client.shutdown(socket.SHUT_WR)

        return Descriptor(client.fileno(), client.close, end_output)

    def _turn_away(self, reason: OSError) -> None:
        _log.warning("%s:%d: turned a client away: %s", self.host, self.port, reason.strerror)
        os.close(self._reserve)
        self._reserve = -1
        try:
            client, _ = self._socket.accept()
            client.close()
        except (BlockingIOError, ConnectionError):  # it has gone by itself
            return
        finally:
            self._reserve = _open_reserve()

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()
        if self._reserve >= 0:
            os.close(self._reserve)
            self._reserve = -1


def _open_reserve() -> int:
    return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
