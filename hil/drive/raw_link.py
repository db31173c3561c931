"""Plain bytes over TCP, for foreign drivers and ``socket://``: no rate, no lines.

The host's side of the line is always set as the module is, whatever AT+UART or the loader do.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from .tcp_link import TcpLink

if TYPE_CHECKING:
    from .descriptor import Descriptor

_log = logging.getLogger(__name__)


class RawLink(TcpLink):
    """A `Link` whose one client sends and receives what is on the wire."""

    @property
    def name(self) -> str:
        """The URL, as pyserial spells it."""
        return f"socket://{self._server.host}:{self._server.port}"

    def _has_room(self, now_ns: int) -> bool:
        return self._line.room_bytes(now_ns) > 0

    def _due_ns(self, now_ns: int) -> int | None:
        if self._client is None:
            return None
        due_ns = self._line.delivery_ns(now_ns)
        if self._has_room(now_ns):
            return due_ns
        room_ns = self._line.room_ns()
        return room_ns if due_ns is None else min(room_ns, due_ns)

    def _admit(self, client: Descriptor, now_ns: int) -> None:
        is_free = self._client is None or self._give_way(now_ns)
        if is_free and self._line.acquire(self.name, now_ns, gives_way=self._give_way):
            self._client = client
            self._line.follow_module(now_ns)
        else:
            _log.info("%s: refused a client, %s is in use", self.name, self._line.name)
            client.close()

    def _carry_from(self, client: Descriptor, now_ns: int) -> bool:
        self._line.follow_module(now_ns)
        data = client.read(self._line.room_bytes(now_ns))
        if data == b"":
            self._lose(client, now_ns)
        elif data:
            self._line.write(data, now_ns)
        return data is not None

    def _carry_to(self, client: Descriptor, now_ns: int) -> None:
        if data := self._line.take(now_ns):
            client.write(data)
