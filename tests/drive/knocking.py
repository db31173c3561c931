"""Clients of served modules that speak no protocol."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

from .served_module import PATIENCE_S


def connect(url: str | None) -> socket.socket:
    """A connection to where a URL points."""
    parts = urlsplit(url or "")
    connection = socket.create_connection(
        (parts.hostname or "", parts.port or 0), timeout=PATIENCE_S
    )
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def everything_from(connection: socket.socket) -> bytes:
    """What comes until the other end closes."""
    heard = b""
    while piece := connection.recv(4096):
        heard += piece
    return heard


def until(connection: socket.socket, end: bytes) -> bytes:
    """What comes up to certain bytes, which must come."""
    heard = b""
    while not heard.endswith(end):
        piece = connection.recv(1)
        assert piece, f"the other end closed after {heard!r}"
        heard += piece
    return heard
