"""RFC2217 over TCP: a serial port with rates and DTR/RTS for any program that speaks it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from .com_port import ComPort, TelnetError
from .line_port import LinePort
from .tcp_link import TcpLink

if TYPE_CHECKING:
    from .descriptor import Descriptor
    from .served_line import ServedLine
    from .tcp_server import TcpServer

_log = logging.getLogger(__name__)


class Rfc2217Link(TcpLink):
    """A `Link` whose one client sets its side of the line by Telnet commands.

    Each client begins at 115,200 baud 8N1 with DTR and RTS released, as on a port just opened, and
    leaves the lines released. Commands take effect in their place among the bytes: one behind
    bytes that wait for the wire waits with them, but for one that purges those, which is looked
    for among the next `READ_BYTES` at least. What is no Telnet command is for the module; a client
    that sends impossible ones is told why and dismissed.

    Args:
        line: What is served.
        server: Where clients knock.
    """

    def __init__(self, line: ServedLine, server: TcpServer) -> None:
        super().__init__(line, server)
        self._com_port: ComPort | None = None
        self._waiting = b""

    @property
    def name(self) -> str:
        """The URL, as pyserial spells it."""
        return f"rfc2217://{self._server.host}:{self._server.port}"

    def _has_room(self, now_ns: int) -> bool:
        if not self._listens_to_client:
            return False
        return self._may_read_past(len(self._waiting)) or self._line.room_bytes(now_ns) > 0

    @property
    def _listens_to_client(self) -> bool:
        """Not while it reads nothing; one that has asked for silence must be able to end it."""
        client = self._client
        return client is not None and (client.is_held or not client.is_full)

    def _due_ns(self, now_ns: int) -> int | None:
        if self._client is None:
            return None
        moments = [self._line.delivery_ns(now_ns)]
        if self._listens_to_client and self._waiting:
            moments.append(self._line.room_ns())
        return min((moment for moment in moments if moment is not None), default=None)

    def _admit(self, client: Descriptor, now_ns: int) -> None:
        is_free = self._client is None or self._give_way(now_ns)
        if is_free and self._line.acquire(self.name, now_ns, gives_way=self._give_way):
            self._client = client
            port = LinePort(self._line, now_ns)
            self._com_port = ComPort(port, client, f"hil virtual serve, {self._line.name}")
        else:
            _log.info("%s: refused a client, %s is in use", self.name, self._line.name)
            self._dismiss(client, f"{self._line.name} is in use by another client\r\n".encode())

    def _carry_from(self, client: Descriptor, now_ns: int) -> bool:
        if self._com_port is None:
            return False
        if data := self._read_past(client, len(self._waiting), now_ns):
            self._waiting += data
            if purged := self._com_port.purged_bytes(self._waiting):
                self._receive(self._com_port, purged, client, now_ns, is_purged=True)
                return True
        room = self._line.room_bytes(now_ns) if self._waiting else 0
        if room:
            self._receive(self._com_port, room, client, now_ns)
        return bool(data or room)

    def _receive(
        self,
        com_port: ComPort,
        count: int,
        client: Descriptor,
        now_ns: int,
        *,
        is_purged: bool = False,
    ) -> None:
        """Hand over the first of the waiting bytes."""
        data, self._waiting = self._waiting[:count], self._waiting[count:]
        try:
            com_port.receive(data, now_ns, is_purged=is_purged)
        except TelnetError as error:
            _log.warning("%s: dismissed a client: %s", self.name, error)
            self._dismiss(client, f"this is no RFC2217: {error}\r\n".encode())
            self._leave(now_ns)

    def _leave(self, now_ns: int) -> None:
        self._waiting = b""
        super()._leave(now_ns)

    def _carry_to(self, client: Descriptor, now_ns: int) -> None:
        if self._com_port is not None and (data := self._line.take(now_ns)):
            client.write(b"".join(self._com_port.escape(data)))
