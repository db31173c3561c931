"""What links over TCP have in common: one client at a time, and an orderly way out for others."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .descriptor import Descriptor
    from .served_line import ServedLine
    from .tcp_server import TcpServer

_log = logging.getLogger(__name__)

READ_BYTES = 64 * 1024
_DISMISSED_CLIENTS = 8
_CLIENTS_PER_TURN = 8
_READS_PER_TURN = 16


class TcpLink(ABC):
    """One listening socket and at most one client behind it.

    A client that is dismissed is told why, as far as the protocol can, and hears nothing more; its
    connection is closed when it has closed its own end, so that the last words arrive.

    Args:
        line: What is served.
        server: Where clients knock.
    """

    def __init__(self, line: ServedLine, server: TcpServer) -> None:
        self._line = line
        self._server = server
        self._client: Descriptor | None = None
        self._dismissed: deque[Descriptor] = deque()
        self._knocking: list[Descriptor] = []
        self._has_ended = False

    @property
    @abstractmethod
    def name(self) -> str:
        """The URL."""

    @abstractmethod
    def _admit(self, client: Descriptor, now_ns: int) -> None:
        """A client knocked: make it `_client`, or dismiss it."""

    @abstractmethod
    def _carry_from(self, client: Descriptor, now_ns: int) -> bool:
        """Carry bytes from the client to the line; False if there was nothing to read."""

    @abstractmethod
    def _carry_to(self, client: Descriptor, now_ns: int) -> None:
        """Carry bytes from the line to the client."""

    @abstractmethod
    def _has_room(self, now_ns: int) -> bool:
        """Whether more can be read from the client."""

    @abstractmethod
    def _due_ns(self, now_ns: int) -> int | None:
        """When bytes have arrived or the wire has room again."""

    def next_deadline_ns(self, now_ns: int) -> int | None:
        """When there is something to carry or somebody to let in."""
        return now_ns if self._knocking else self._due_ns(now_ns)

    def readers(self, now_ns: int) -> list[int]:
        """The server, the client while the wire has room, and those who are leaving."""
        numbers = [self._server.fileno(), *(client.number for client in self._dismissed)]
        if self._client is not None and self._has_room(now_ns):
            numbers.append(self._client.number)
        return numbers

    def writers(self) -> list[int]:
        """The client while it does not read."""
        client = self._client
        waits = client is not None and client.has_outbox and not client.is_held
        return [client.number] if client is not None and waits else []

    def serve(self, now_ns: int) -> None:
        """Admit, carry, and see off."""
        for client in list(self._dismissed):
            if client.read(READ_BYTES) == b"":
                self._dismissed.remove(client)
                client.close()
        self._carry_all_from_client(now_ns)
        # Who knocks is let in a turn later: a client that had gone before, of whatever link of
        # this module, has been noticed by then.
        while self._knocking:
            self._admit(self._knocking.pop(0), now_ns)
        while len(self._knocking) < _CLIENTS_PER_TURN:
            newcomer = self._server.accept()
            if newcomer is None:
                break
            self._knocking.append(newcomer)
        if self._client is not None:
            self._deliver(self._client, now_ns)

    def _carry_all_from_client(self, now_ns: int) -> None:
        for _ in range(_READS_PER_TURN):
            client = self._client
            if client is None or not self._has_room(now_ns):
                return
            if not self._carry_from(client, now_ns):
                return

    def _may_read_past(self, waiting_bytes: int) -> bool:
        """Whether to read although so much of the client's waits for the wire."""
        return not waiting_bytes or (not self._has_ended and waiting_bytes < READ_BYTES)

    def _read_past(self, client: Descriptor, waiting_bytes: int, now_ns: int) -> bytes:
        """Read more, if there is something and it may be read; what waits outlives the client."""
        data = client.read(READ_BYTES) if self._may_read_past(waiting_bytes) else None
        if data == b"":
            self._has_ended = True
            if not waiting_bytes:
                self._lose(client, now_ns)
        return data or b""

    def _deliver(self, client: Descriptor, now_ns: int) -> None:
        had_lost = client.lost_bytes
        self._carry_to(client, now_ns)
        client.flush()
        if client.lost_bytes and not had_lost:
            _log.warning("%s: the client does not read, bytes are lost", self.name)
        if self._line.owner == self.name:
            self._line.is_backed_up = client.has_outbox

    def _dismiss(self, client: Descriptor, last_words: bytes = b"") -> None:
        """Let a client go."""
        if client is self._client:
            self._client = None
        client.is_held = False
        client.write(last_words)
        client.end_output()
        self._dismissed.append(client)
        if len(self._dismissed) > _DISMISSED_CLIENTS:
            self._dismissed.popleft().close()

    def _drop(self, client: Descriptor) -> None:
        """The client has closed its end."""
        if client is self._client:
            self._client = None
        client.close()

    def _give_way(self, now_ns: int) -> bool:
        """Somebody wants in: lose a client of which only bytes that wait for the wire are left."""
        client = self._client
        if client is None or not client.has_hung_up:
            return False
        self._lose(client, now_ns)
        return True

    def _lose(self, client: Descriptor, now_ns: int) -> None:
        """The client that used the line has gone."""
        self._drop(client)
        self._leave(now_ns)

    def _leave(self, now_ns: int) -> None:
        """Forget what the client has sent, and give the line back."""
        self._has_ended = False
        self._line.hang_up(self.name, now_ns)

    def close(self) -> None:
        """Close all connections and stop listening."""
        self._line.release(self.name)
        self._server.close()
        if self._client is not None:
            self._drop(self._client)
        for client in (*self._dismissed, *self._knocking):
            client.close()
        self._dismissed.clear()
        self._knocking.clear()
