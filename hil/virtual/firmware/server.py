"""The TCP server: whom it takes in, and whom it dismisses for being silent.

The commands that set it up stand in `hil.virtual.firmware.server_setting`.

Source: section 5.2, commands 12 and 15; A-65, A-76 in docs/ambiguities.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.units import NS_PER_S
from hil.virtual.network.message import (
    ListenFailed,
    TcpAbort,
    TcpCame,
    TcpListen,
    TcpStopListening,
)

from .link import TcpLink

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hil.virtual.outside import OutsideEvent

    from .state import FirmwareState

FIRST_TIMEOUT_S = 180
"""Source: A-65 in docs/ambiguities."""


class Server:
    """The module's server, if it runs; a `Service`.

    Args:
        state: Its links are where clients go.

    Attributes:
        port: Where it listens; None while there is no server.
        timeout_s: After how much silence a client is dismissed; 0 never (lines 941-942).
    """

    def __init__(self, state: FirmwareState) -> None:
        self._state = state
        self.port: int | None = None
        self.timeout_s = FIRST_TIMEOUT_S
        self._timeout_set_ns = 0

    @property
    def is_running(self) -> bool:
        """Whether clients can come."""
        return self.port is not None

    def listen(self, port: int, now_ns: int) -> None:
        """Let clients come to a port."""
        self.port = port
        self._state.out.transmit(TcpListen(port), now_ns)

    def stop(self, now_ns: int) -> None:
        """Let nobody come any more."""
        if self.port is not None:
            self._state.out.transmit(TcpStopListening(self.port), now_ns)
            self.port = None

    def dismiss(self, now_ns: int) -> None:
        """End the links of all clients."""
        for client in tuple(self._clients):
            self._state.links.close(client, now_ns)

    def set_timeout(self, timeout_s: int, now_ns: int) -> None:
        """Dismiss clients after another silence; nobody for the time before now."""
        self.timeout_s = timeout_s
        self._timeout_set_ns = now_ns

    def start(self, now_ns: int) -> None:
        """There is no server at start (A-75)."""

    def next_deadline_ns(self) -> int | None:
        """When the first client has been silent for too long."""
        if not self.timeout_s:
            return None
        return min(map(self._limit_ns, self._clients), default=None)

    def advance(self, now_ns: int) -> None:
        """Dismiss clients that have been silent for too long. Source: line 942; A-65."""
        if not self.timeout_s:
            return
        for client in tuple(self._clients):
            if self._limit_ns(client) <= now_ns:
                self._state.links.close(client, now_ns)

    def hear(self, event: OutsideEvent, now_ns: int) -> None:
        """Take a client in, or turn it away if there is no server any more."""
        match event:
            case TcpCame(socket, local_port) if local_port != self.port:
                self._state.out.transmit(TcpAbort(socket), now_ns)
            case TcpCame():
                self._state.links.accept(event, now_ns)
            case ListenFailed(port) if port == self.port:
                self.port = None

    @property
    def _clients(self) -> Iterator[TcpLink]:
        """The links of clients."""
        return (
            link for link in self._state.links.links if isinstance(link, TcpLink) and link.is_server
        )

    def _limit_ns(self, client: TcpLink) -> int:
        """When a client has been silent for too long."""
        return max(client.active_ns + self.timeout_s * NS_PER_S, self._timeout_set_ns)
