"""Plays name server and update server for one module: each request is answered at once."""

from __future__ import annotations

import re
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from hil.virtual.action import Transmit
from hil.virtual.network.message import (
    Resolve,
    Resolved,
    TcpAbort,
    TcpAcknowledged,
    TcpClose,
    TcpEnded,
    TcpFailed,
    TcpFailure,
    TcpOpen,
    TcpOpened,
    TcpReceived,
    TcpSend,
    TcpTake,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from .chip_player import ChipPlayer

SERVER = IPv4Address("192.168.1.9")
WINDOW_BYTES = 5840
PIECE_BYTES = 1460


def reply(body: bytes, status: bytes = b"200 OK", length: int | None = None) -> bytes:
    """A reply with its length, which need not be the true one."""
    said = len(body) if length is None else length
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status, said, body)


class UpdateServer:
    """A server whose behaviour a test sets.

    Args:
        player: The module.
        programs: The files by name.

    Attributes:
        address: What the name resolves to; None if it does not.
        refusals: How many connections stand before one is refused; None for all of them.
        version_reply: What is said of the version.
        change: Makes another reply out of the one that brings a program.
        cut_bytes: After how many bytes of that reply the connection breaks off.
        names: The names that were looked up.
        targets: What was asked for.
    """

    def __init__(self, player: ChipPlayer, programs: dict[str, bytes]) -> None:
        self.player = player
        self.programs = programs
        self.address: IPv4Address | None = SERVER
        self.refusals: int | None = None
        self.version_reply = reply(b'{"name": "at", "rom_version": "v0.24", "id": 7}')
        self.change: Callable[[bytes], bytes] = lambda whole: whole
        self.cut_bytes: int | None = None
        self.names: list[str] = []
        self.targets: list[str] = []
        self._opened = 0
        self._socket = 0
        self._outgoing = b""
        self._window = 0

    @property
    def unsent_bytes(self) -> int:
        """How much of the last reply has not been sent."""
        return len(self._outgoing)

    def run(self, until_ns: int | None = None) -> None:
        """Let module and server talk until nothing happens any more, or up to a moment."""
        while self.talk():
            pass
        due_ns = self.player.firmware.next_deadline_ns()
        while due_ns is not None and (until_ns is None or due_ns <= until_ns):
            self.player.advance(due_ns)
            while self.talk():
                pass
            due_ns = self.player.firmware.next_deadline_ns()

    def talk(self) -> bool:
        """Answer what was asked, or else send a piece; returns whether there was anything to do."""
        actions = self.player.actions
        requests = [each.request for each in actions if isinstance(each, Transmit)]
        actions.clear()
        for request in requests:
            self._answer(request)
        return bool(requests) or self._pump()

    def _answer(self, request: object) -> None:
        hear = self.player.hear
        match request:
            case Resolve(query, name):
                self.names.append(name)
                hear(Resolved(query, self.address))
            case TcpOpen(socket, address, port):
                assert (address, port) == (SERVER, 80)
                self._open(socket)
            case TcpSend(socket, data) if socket == self._socket:
                hear(TcpAcknowledged(socket, len(data)))
                self._outgoing = self._reply_to(data)
            case TcpTake(socket, count) if socket == self._socket:
                self._window += count
            case TcpClose(socket) | TcpAbort(socket) if socket == self._socket:
                self._socket = 0

    def _open(self, socket: int) -> None:
        self._opened += 1
        if self.refusals is not None and self._opened > self.refusals:
            self.player.hear(TcpFailed(socket, TcpFailure.REFUSED))
            return
        self._socket, self._window, self._outgoing = socket, WINDOW_BYTES, b""
        self.player.hear(TcpOpened(socket, 4097))

    def _reply_to(self, request: bytes) -> bytes:
        head = rb"GET (\S+) HTTP/1\.[01]\r\nHost: 192\.168\.1\.9:80\r\nConnection: close\r\n\r\n"
        asked = re.fullmatch(head, request)
        assert asked is not None, request
        target = asked[1].decode("ascii")
        self.targets.append(target)
        if target == "/v1/device/rom/?is_format_simple=true":
            return self.version_reply
        name = target.rpartition("=")[2]
        if name not in self.programs:
            return self.change(reply(b"not here", b"404 Not Found"))
        whole = self.change(reply(self.programs[name]))
        return whole if self.cut_bytes is None else whole[: self.cut_bytes]

    def _pump(self) -> bool:
        """Send what the window lets through, then the end; returns whether anything was sent."""
        piece = self._outgoing[: min(self._window, PIECE_BYTES)]
        if piece and self._socket:
            self._outgoing = self._outgoing[len(piece) :]
            self._window -= len(piece)
            self.player.hear(TcpReceived(self._socket, piece))
            if not self._outgoing and self._socket:
                socket, self._socket = self._socket, 0
                self.player.hear(TcpEnded(socket, is_reset=False))
            return True
        return False
