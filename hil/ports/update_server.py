"""An update server: whom AT+CIUPDATE of a module talks to, played step by step at a rig's peers.

A test takes what the module asks for and answers it, rightly or wrongly::

    server = UpdateServer(rig.network)
    ...                                                      # the module is told AT+CIUPDATE
    request = server.take_request(deadline_ns)
    server.answer(request, version_reply("v0.24"), deadline_ns)
    request = server.take_request(deadline_ns)
    server.answer(request, images[request.file_name], deadline_ns)

The modules find it if their name server gives the peers' address for `UPDATE_SERVER_NAME`.

Source: section 5.2, command 16, lines 947-950; A-66 and update-server.md in docs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from hil.errors import PeerError

from .network_peer import TcpConnection, require_connection

if TYPE_CHECKING:
    from .network_peer import NetworkPeers

UPDATE_SERVER_NAME = "iot.espressif.cn"
UPDATE_SERVER_PORT = 80

LONGEST_REQUEST_BYTES = 4096

_REQUEST_END = b"\r\n\r\n"
_REQUEST = re.compile(rb"GET ([!-~]+) HTTP/1\.[01]\r\n(?:[^\r\n]+\r\n)*\r\n")


@dataclass(frozen=True, slots=True)
class UpdateRequest:
    """What a module asks for.

    Args:
        target: Path and query.
        connection: Where it asks.
    """

    target: str
    connection: TcpConnection = field(repr=False, compare=False)

    @property
    def file_name(self) -> str | None:
        """The image that it wants, ``user1.bin`` or ``user2.bin``; None if it wants no file."""
        names = parse_qs(urlsplit(self.target).query).get("filename", [])
        return names[0] if names else None


class UpdateServer:
    """Waits for a module that updates itself.

    Args:
        peers: Of the rig.
        port: Where; a real one dials `UPDATE_SERVER_PORT`.

    Attributes:
        requests: What was asked for so far.

    Raises:
        PeerError: The port cannot be had.
    """

    def __init__(self, peers: NetworkPeers, port: int = UPDATE_SERVER_PORT) -> None:
        self.requests: list[UpdateRequest] = []
        self._clock = peers.clock
        self._listener = peers.listen(port)
        self.endpoint = self._listener.endpoint

    def take_request(self, deadline_ns: int) -> UpdateRequest:
        """What the module asks for next.

        Raises:
            PeerError: It does not connect, or what it sends is no request; the error has it.

        Blocks: until `deadline_ns`.
        """
        connection = require_connection(self._listener, self._clock, deadline_ns)
        head = b""
        while _REQUEST_END not in head and len(head) <= LONGEST_REQUEST_BYTES:
            data = connection.receive(deadline_ns)
            if not data:
                break
            head += data
        found = _REQUEST.match(head)
        if found is None:
            raise PeerError(
                str(connection.remote),
                attempted="receive a request for an update from",
                reason=f"{len(head)} bytes came that are none",
                remedy="Look at what the module answers to AT+CIUPDATE",
                received=head,
            )
        self.requests.append(UpdateRequest(found[1].decode("ascii"), connection))
        return self.requests[-1]

    def answer(
        self,
        request: UpdateRequest,
        body: bytes,
        deadline_ns: int,
        *,
        status: str = "200 OK",
        cut_bytes: int | None = None,
    ) -> None:
        """Send a reply and end the connection.

        Args:
            request: What is answered.
            body: The file, or what `version_reply` says.
            deadline_ns: When it must have been sent.
            status: Of HTTP.
            cut_bytes: How much of the body is sent although all of it is announced; None for all.

        Raises:
            PeerError: The module does not take it in time, or has ended the connection.

        Blocks: until the network has taken it, at most until `deadline_ns`.
        """
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        request.connection.send(head.encode("ascii") + body[:cut_bytes], deadline_ns)
        request.connection.finish()

    def close(self) -> None:
        """Refuse further connections."""
        self._listener.close()


def version_reply(version: str) -> bytes:
    """The body that tells which version can be had, such as ``v0.24``."""
    return f'{{"rom_version": "{version}"}}'.encode("ascii")
