"""A listening socket, also when there are no file descriptors left."""

from __future__ import annotations

import errno
import os
import select
import socket
from typing import TYPE_CHECKING

import pytest

from hil.drive.tcp_server import TcpServer

from .exhaustion import few_descriptors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hil.drive.descriptor import Descriptor


@pytest.fixture
def server() -> Iterator[TcpServer]:
    listening = TcpServer("127.0.0.1", 0)
    yield listening
    listening.close()


def knock(server: TcpServer) -> socket.socket:
    return socket.create_connection((server.host, server.port), timeout=20)


def is_knocked_at(server: TcpServer) -> bool:
    return bool(select.select([server.fileno()], [], [], 0)[0])


def accepted(server: TcpServer) -> Descriptor:
    client = server.accept()
    assert client is not None
    return client


def test_a_client_is_let_in() -> None:
    server = TcpServer("127.0.0.1", 0)
    with knock(server) as far:
        near = accepted(server)
        far.sendall(b"AT")
        select.select([near.number], [], [], 20)
        assert near.read(10) == b"AT"
        near.close()
    assert server.accept() is None
    server.close()


def test_without_descriptors_clients_are_turned_away_and_nobody_is_left_at_the_door(
    server: TcpServer, caplog: pytest.LogCaptureFixture
) -> None:
    with knock(server) as first, knock(server) as second:
        with few_descriptors(0):
            assert server.accept() is None
            assert server.accept() is None
            assert not is_knocked_at(server)
        assert (first.recv(1), second.recv(1)) == (b"", b"")
    assert (
        caplog.messages
        == [f"127.0.0.1:{server.port}: turned a client away: Too many open files"] * 2
    )


def test_with_descriptors_again_clients_are_let_in_again(server: TcpServer) -> None:
    with knock(server), few_descriptors(0):
        server.accept()
    with knock(server):
        accepted(server).close()


def test_a_server_that_cannot_even_turn_away_is_at_fault(
    server: TcpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop closes a link at fault; it would find this one ready for ever."""

    class Exhausted:
        def accept(self) -> None:
            raise OSError(errno.ENFILE, os.strerror(errno.ENFILE))

    held = server._socket
    monkeypatch.setattr(server, "_socket", Exhausted())
    with pytest.raises(OSError, match="Too many open files in system"):
        server.accept()
    monkeypatch.setattr(server, "_socket", held)


def test_a_client_that_has_gone_before_it_could_be_turned_away_is_no_fault(
    server: TcpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Gone:
        errors = (
            OSError(errno.EMFILE, os.strerror(errno.EMFILE)),
            BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN)),
        )

        def __init__(self) -> None:
            self._left = iter(self.errors)

        def accept(self) -> None:
            raise next(self._left)

    held = server._socket
    monkeypatch.setattr(server, "_socket", Gone())
    assert server.accept() is None
    monkeypatch.setattr(server, "_socket", held)
    assert server._reserve >= 0


def test_without_a_descriptor_in_reserve_it_does_not_begin() -> None:
    with few_descriptors(1):
        with pytest.raises(OSError, match="Too many open files"):
            TcpServer("127.0.0.1", 0)
        os.close(os.open(os.devnull, os.O_RDONLY))  # the one that there was is free again


def test_closing_twice_is_fine(server: TcpServer) -> None:
    server.close()
    server.close()
