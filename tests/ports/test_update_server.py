"""The update server of a rig, at simulated peers and at sockets: what it takes and answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.errors import PeerError
from hil.ports.update_server import LONGEST_REQUEST_BYTES, UpdateServer, version_reply
from hil.virtual.network.message import TcpEnded, TcpOpen, TcpOpened, TcpSend
from tests.drive.network_end import HOST, IMPLEMENTATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hil.ports.update_server import UpdateRequest
    from tests.drive.network_end import Module

VERSION_TARGET = "/v1/device/rom/?is_format_simple=true"
FILE_TARGET = "/v1/device/rom/?action=download_rom&version=v0.24&filename=user2.bin"


@pytest.fixture(params=IMPLEMENTATIONS)
def module(request: pytest.FixtureRequest) -> Iterator[Module]:
    with IMPLEMENTATIONS[request.param]() as module:
        yield module


@pytest.fixture
def server(module: Module) -> UpdateServer:
    return UpdateServer(module.peers, 0)


def asked(module: Module, server: UpdateServer, *pieces: bytes) -> UpdateRequest:
    """What the server takes when the module connects and sends these."""
    module.ask(TcpOpen(1, HOST, server.endpoint.port))
    module.hear(TcpOpened)
    for piece in pieces:
        module.ask(TcpSend(1, piece))
        module.await_acknowledged(len(piece))
    return server.take_request(module.soon_ns())


def get(target: str) -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: 192.168.1.9:80\r\nConnection: close\r\n\r\n".encode()


def test_a_request_for_the_version(module: Module, server: UpdateServer) -> None:
    request = asked(module, server, get(VERSION_TARGET))
    assert request.target == VERSION_TARGET
    assert request.file_name is None
    server.answer(request, version_reply("v0.24"), module.soon_ns())
    reply = (
        b"HTTP/1.1 200 OK\r\nContent-Length: 24\r\nConnection: close\r\n\r\n"
        b'{"rom_version": "v0.24"}'
    )
    assert module.receive(1, len(reply)) == reply
    assert module.hear(TcpEnded) == TcpEnded(1, is_reset=False)


def test_a_request_for_a_file(module: Module, server: UpdateServer) -> None:
    request = asked(module, server, get(FILE_TARGET))
    assert request.file_name == "user2.bin"
    assert server.requests == [request]


def test_a_request_may_come_in_pieces(module: Module, server: UpdateServer) -> None:
    text = get(FILE_TARGET)
    assert asked(module, server, text[:7], text[7:60], text[60:]).file_name == "user2.bin"


def test_headers_that_are_not_needed_are_ignored(module: Module, server: UpdateServer) -> None:
    text = get(VERSION_TARGET)[:-2] + b"Authorization: token 0123\r\nAccept: */*\r\n\r\n"
    assert asked(module, server, text).target == VERSION_TARGET


def test_an_answer_can_be_wrong(module: Module, server: UpdateServer) -> None:
    request = asked(module, server, get(FILE_TARGET))
    server.answer(request, b"gone", module.soon_ns(), status="404 Not Found")
    reply = b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\nConnection: close\r\n\r\ngone"
    assert module.receive(1, len(reply)) == reply


def test_an_answer_can_break_off(module: Module, server: UpdateServer) -> None:
    request = asked(module, server, get(FILE_TARGET))
    server.answer(request, bytes(1000), module.soon_ns(), cut_bytes=10)
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nConnection: close\r\n\r\n" + bytes(10)
    assert module.receive(1, len(reply)) == reply
    assert module.hear(TcpEnded) == TcpEnded(1, is_reset=False)


@pytest.mark.parametrize(
    "text",
    [
        b"POST / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/2\r\n\r\n",
        b"GET  / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01 no HTTP at all\r\n\r\n",
    ],
)
def test_what_is_no_request_is_told(module: Module, server: UpdateServer, text: bytes) -> None:
    with pytest.raises(PeerError) as caught:
        asked(module, server, text)
    assert caught.value.received == text
    assert str(caught.value).startswith("cannot receive a request for an update from ")
    assert str(caught.value).endswith(
        f": {len(text)} bytes came that are none. Look at what the module answers to AT+CIUPDATE"
    )


def test_a_request_without_an_end_is_not_waited_for_for_ever(
    module: Module, server: UpdateServer
) -> None:
    with pytest.raises(PeerError) as caught:
        asked(module, server, b"GET /" + bytes(LONGEST_REQUEST_BYTES))
    assert len(caught.value.received) == LONGEST_REQUEST_BYTES + 5


def test_a_module_that_says_nothing_is_told(module: Module, server: UpdateServer) -> None:
    module.ask(TcpOpen(1, HOST, server.endpoint.port))
    module.hear(TcpOpened)
    with pytest.raises(PeerError, match=": 0 bytes came that are none"):
        server.take_request(module.shortly_ns())


def test_a_module_that_does_not_come_is_told(module: Module, server: UpdateServer) -> None:
    with pytest.raises(PeerError, match="the module did not connect within"):
        server.take_request(module.shortly_ns())


def test_a_closed_one_gives_its_port_back(module: Module, server: UpdateServer) -> None:
    server.close()
    UpdateServer(module.peers, server.endpoint.port)
