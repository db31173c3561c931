"""Requests and replies of an update, in any pieces."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.virtual.firmware.http import HttpReply, format_get

REPLY = b"HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 5\r\n\r\nab\r\n\r"


def taken(pieces: list[bytes]) -> tuple[HttpReply, bytes]:
    reply = HttpReply()
    return reply, b"".join([reply.take(piece) for piece in pieces])


def pieces_of(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in pairwise(edges)]


def test_a_request() -> None:
    assert format_get("/a?b=c", "192.0.2.1:80", "1.0") == (
        b"GET /a?b=c HTTP/1.0\r\nHost: 192.0.2.1:80\r\nConnection: close\r\n\r\n"
    )


@given(st.lists(st.integers(0, 1000), max_size=8))
def test_a_reply_in_any_pieces(cuts: list[int]) -> None:
    reply, body = taken(pieces_of(REPLY, cuts))
    assert (reply.status, reply.length, reply.is_broken, body) == (200, 5, False, b"ab\r\n\r")


@pytest.mark.parametrize(
    ("head", "length"),
    [
        (b"content-length:7", 7),
        (b"CONTENT-LENGTH: \t 7 ", 7),
        (b"X-Content-Length: 7", None),
        (b"Content-Length: seven", None),
        (b"Content-Length: -7", None),
        (b"Connection: close", None),
    ],
)
def test_the_length(head: bytes, length: int | None) -> None:
    reply, _ = taken([b"HTTP/1.0 200 OK\r\n" + head + b"\r\n\r\n"])
    assert reply.length == length


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"HTTP/1.0 404 Not Found", 404),
        (b"HTTP/1.1 200", 200),
        (b"HTTP/2 200", 0),
        (b"200 OK", 0),
        (b"HTTP/1.1 20", 0),
        (b"HTTP/1.1 2000", 0),
    ],
)
def test_the_status(line: bytes, status: int) -> None:
    reply, _ = taken([line + b"\r\nContent-Length: 0\r\n\r\n"])
    assert reply.status == status
    assert reply.is_broken == (status == 0)


def test_a_head_without_an_end_is_noise_at_last() -> None:
    reply, _ = taken([b"HTTP/1.1 200 OK\r\n" + b"x" * 4079])
    assert not reply.is_broken
    reply.take(b"x")
    assert reply.is_broken
