"""One UDP port of a served module on a socket of this computer."""

from __future__ import annotations

import logging
import selectors
import socket
from collections import deque
from typing import TYPE_CHECKING, Protocol

from .host_tcp import reason_of

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger(__name__)

_DATAGRAM_BYTES = 64 * 1024
_READS_PER_TURN = 16


class Mailbox(Protocol):
    """Where a port hangs: the module's place in the network of this computer."""

    def plan(self, at_ns: int, step: Callable[[int], None]) -> None:
        """Let something happen later."""

    def tell_datagram(
        self, port: HostUdp, data: bytes, source: tuple[str, int], now_ns: int
    ) -> None:
        """Let the module hear of a datagram when that has come its way."""


class HostUdp:
    """A UDP port; it never waits.

    Args:
        box: Where it hangs.
        number: What the module calls it.
        place: The address to bind; empty for all.
        port: The port; 0 for any that is free.

    Raises:
        OSError: The port cannot be had.

    Attributes:
        number: What the module calls it.
        socket: Its socket.
        port: Its port.
    """

    def __init__(self, box: Mailbox, number: int, place: str, port: int) -> None:
        self.number = number
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self.socket.settimeout(0)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            self.socket.bind((place, port))
        except OSError:
            self.socket.close()
            raise
        self.port: int = self.socket.getsockname()[1]
        self._box = box
        self._leaving: deque[tuple[bytes, tuple[str, int]]] = deque()
        self._has_complained = False

    def interest(self) -> int:
        """Datagrams."""
        return selectors.EVENT_READ

    def send(self, data: bytes, target: tuple[str, int], at_ns: int) -> None:
        """Send a datagram at a moment, or before the port is closed."""
        self._leaving.append((data, target))
        self._box.plan(at_ns, self._send_next)

    def _send_next(self, now_ns: int) -> None:
        del now_ns
        if not self._leaving:  # sent when the port was closed
            return
        data, target = self._leaving.popleft()
        try:
            self.socket.sendto(data, target)
        except OSError as error:  # nobody is told what becomes of a datagram
            if not self._has_complained:
                self._has_complained = True
                _log.warning(
                    "a datagram of a module to %s:%d was lost: %s", *target, reason_of(error)
                )

    def serve(self, now_ns: int) -> None:
        """Take what has come."""
        for _ in range(_READS_PER_TURN):
            try:
                data, source = self.socket.recvfrom(_DATAGRAM_BYTES)
            except OSError:  # BlockingIOError, or word of a datagram that reached nobody
                return
            self._box.tell_datagram(self, data, source, now_ns)

    def close(self) -> None:
        """Send what is to leave, and give the port back."""
        while self._leaving:
            self._send_next(0)
        self.socket.close()
