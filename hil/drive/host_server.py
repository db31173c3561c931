"""The listening socket of a served module's server on this computer."""

from __future__ import annotations

import errno
import logging
import selectors
import socket
from typing import TYPE_CHECKING, Protocol

from hil.units import NS_PER_S

from .host_tcp import reason_of

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger(__name__)

STARVED_NS = 1 * NS_PER_S
"""How long a server waits for descriptors to become free before it lets in anybody again."""

_BACKLOG = 5
_STARVED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


class Door(Protocol):
    """Where a server hangs: the module's place in the network of this computer."""

    def let_in(
        self, client: socket.socket, source: tuple[str, int], local_port: int, now_ns: int
    ) -> None:
        """Somebody has come to a port."""

    def plan(self, at_ns: int, step: Callable[[int], None]) -> None:
        """Let something happen later."""

    def watch(self, server: HostServer) -> None:
        """A server may wait for something else now."""


class HostServer:
    """Listens from the start.

    Args:
        door: Where it hangs.
        place: The address to listen at.
        port: The port.

    Raises:
        OSError: The port cannot be had.

    Attributes:
        socket: The listening socket.
    """

    def __init__(self, door: Door, place: str, port: int) -> None:
        self.socket = socket.create_server((place, port), backlog=_BACKLOG)
        self.socket.settimeout(0)
        self._door, self._port = door, port
        self._is_starved = False

    def interest(self) -> int:
        """Clients, but while there are no descriptors for them."""
        return 0 if self._is_starved else selectors.EVENT_READ

    def serve(self, now_ns: int) -> None:
        """Let in whoever has come."""
        while True:
            try:
                client, source = self.socket.accept()
            except OSError as error:  # BlockingIOError, or a client that has left already
                if error.errno in _STARVED:
                    self._starve(error, now_ns)
                return
            self._door.let_in(client, source, self._port, now_ns)

    def _starve(self, error: OSError, now_ns: int) -> None:
        _log.warning(
            "nobody is let in at port %d of a module for the moment: %s",
            self._port,
            reason_of(error),
        )
        self._is_starved = True
        self._door.watch(self)
        self._door.plan(now_ns + STARVED_NS, self._recover)

    def _recover(self, now_ns: int) -> None:
        del now_ns
        self._is_starved = False
        if self.socket.fileno() >= 0:
            self._door.watch(self)
