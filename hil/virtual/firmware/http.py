"""As much of HTTP as an update needs: a request without a body, and a reply that says its length.

Source: RFC 9112, sections 2 to 6.
"""

from __future__ import annotations

import re

LONGEST_HEAD_BYTES = 4096
"""A head that is longer is taken for noise."""

OK_STATUS = 200

_HEAD_END = b"\r\n\r\n"
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([0-9]{3})(?:[ \r]|$)")
_LENGTH = re.compile(rb"^content-length:[ \t]*([0-9]+)[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)


def format_get(target: str, host: str, version: str) -> bytes:
    """A request for what stands at `target`; the server is to close the connection afterwards.

    Args:
        target: Path and query.
        host: Address and port of the server.
        version: Of HTTP, ``1.0`` or ``1.1``.
    """
    lines = (f"GET {target} HTTP/{version}", f"Host: {host}", "Connection: close", "", "")
    return "\r\n".join(lines).encode("ascii")


class HttpReply:
    """A reply that comes in pieces.

    Attributes:
        status: The three digits of its status; 0 until the head is there, or if it is none.
        length: How long the body is by its head; None if it does not say so.
        is_broken: Whether it does not begin as a reply does.
    """

    def __init__(self) -> None:
        self.status = 0
        self.length: int | None = None
        self.is_broken = False
        self._head: bytearray | None = bytearray()

    @property
    def has_head(self) -> bool:
        """Whether status and length are known."""
        return self._head is None

    def take(self, data: bytes) -> bytes:
        """Take bytes from the connection; returns what of the body is among them."""
        if self._head is None:
            return data
        self._head += data
        head, end, body = bytes(self._head).partition(_HEAD_END)
        if not end:
            self.is_broken = self.is_broken or len(head) > LONGEST_HEAD_BYTES
            return b""
        self._head = None
        self._read_head(head)
        return body

    def _read_head(self, head: bytes) -> None:
        status = _STATUS_LINE.match(head)
        length = _LENGTH.search(head)
        self.is_broken = status is None
        self.status = int(status[1]) if status else 0
        self.length = int(length[1]) if length else None
