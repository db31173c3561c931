"""The RFC2217 client: what it asks the server, and what it says when the server leaves."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import serial

from hil.errors import PortError
from hil.ports.byte_port import PortFormat
from hil.ports.clock import SystemClock, deadline_ns
from hil.ports.serial_port import WRITE_TIMEOUT_S, SerialPort, open_serial_port
from hil.rig.served import ServePlan
from tests.drive.rfc2217_client import in_haste
from tests.drive.served_module import served

from .served_wire import far_end_over
from .wire import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .served_wire import ServedEnd

QUESTION = b"\xff\xfa\x2c"


@pytest.fixture
def end() -> Iterator[ServedEnd]:
    with far_end_over("rfc2217") as far_end:
        yield far_end


class Overheard:
    """What goes to the server."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, port: SerialPort) -> None:
        self.said: list[bytes] = []
        say = port.serial._internal_raw_write  # type: ignore[attr-defined] # of the RFC2217 client

        def overhear(data: bytes) -> None:
            self.said.append(data)
            say(data)

        monkeypatch.setattr(port.serial, "_internal_raw_write", overhear)


def test_waiting_asks_the_server_nothing(end: ServedEnd, monkeypatch: pytest.MonkeyPatch) -> None:
    """pyserial's own client settles five things anew for each time-out, in two pauses of 50 ms."""
    overheard = Overheard(monkeypatch, end.port)
    for byte in (b"a", b"b"):
        end.say(byte)
        assert end.port.receive(deadline_ns(end.port.clock, PATIENCE_S)) == byte
    assert end.port.receive(deadline_ns(end.port.clock, 0.001)) == b""
    end.port.serial.timeout = 3
    end.port.serial.write_timeout = 3
    assert overheard.said == []


def test_a_changed_rate_is_settled_once(end: ServedEnd, monkeypatch: pytest.MonkeyPatch) -> None:
    overheard = Overheard(monkeypatch, end.port)
    end.port.set_format(PortFormat(9600))
    assert overheard.said.count(QUESTION + b"\x01\x00\x00\x25\x80\xff\xf0") == 1
    overheard.said.clear()
    end.port.set_format(PortFormat(9600))
    assert overheard.said == []


def test_what_the_server_refused_is_asked_for_again(end: ServedEnd) -> None:
    for _ in range(2):
        with pytest.raises(ValueError, match="remote rejected value"):
            end.port.serial.rtscts = True
    end.port.serial.rtscts = False
    end.port.set_format(PortFormat(9600))


def test_a_stuck_server_is_given_up(end: ServedEnd) -> None:
    connection: socket.socket = end.port.serial._socket  # type: ignore[attr-defined]
    assert end.port.serial.write_timeout == WRITE_TIMEOUT_S
    assert connection.gettimeout() == WRITE_TIMEOUT_S


def test_a_port_that_was_closed_settles_everything_anew(
    end: ServedEnd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server begins at 115,200 baud with each client."""
    end.port.set_format(PortFormat(9600))
    end.port.serial.close()
    overheard = Overheard(monkeypatch, end.port)
    end.port.serial.open()
    assert QUESTION + b"\x01\x00\x00\x25\x80\xff\xf0" in overheard.said


@contextmanager
def server_that(serves: Callable[[socket.socket], None]) -> Iterator[str]:
    """The URL of a server that does something to its one client and leaves."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def run() -> None:
            client, _ = listening.accept()
            with client:
                serves(client)
                client.shutdown(socket.SHUT_WR)
                while client.recv(4096):
                    pass

        thread = threading.Thread(target=run)
        thread.start()
        yield f"rfc2217://127.0.0.1:{listening.getsockname()[1]}?timeout=0.2"
        thread.join(PATIENCE_S)


def opening(url: str) -> str:
    with pytest.raises(PortError) as caught, in_haste():
        open_serial_port(url, SystemClock(), line_format=PortFormat())
    return str(caught.value)


class TestTheServerLeaves:
    def test_a_server_that_says_why_is_quoted(self) -> None:
        with server_that(lambda client: client.sendall(b"Port already in use\r\n")) as url:
            assert opening(url) == (
                f"cannot open {url}: the server said 'Port already in use' and left. "
                "If another client has the port, close that"
            )

    def test_one_that_says_nothing_does_not_speak_rfc2217(self) -> None:
        with server_that(lambda client: None) as url:
            text = opening(url)
        assert text.startswith(f"cannot open {url}: Remote does not seem to support RFC2217")
        assert text.endswith(". Check the port's URL in the rig description")

    def test_nobody_is_there(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            url = f"rfc2217://127.0.0.1:{listening.getsockname()[1]}"
        text = opening(url)
        assert text.startswith(f"cannot open {url}: Could not open port {url}: ")
        assert "Connection refused" in text

    def test_a_module_in_use(self) -> None:
        with in_haste(), served(ServePlan(rfc2217_port=0)) as (module,):
            url = module.rfc2217 or ""
            with serial.serial_for_url(url):
                assert opening(f"{url}?timeout=0.2") == (
                    f"cannot open {url}?timeout=0.2: the server said 'module0 is in use by another "
                    "client' and left. If another client has the port, close that"
                )

    def test_a_receive_that_waits_ends_with_the_connection(self, end: ServedEnd) -> None:
        connection: socket.socket = end.port.serial._socket  # type: ignore[attr-defined]
        threading.Timer(0.01, connection.shutdown, [socket.SHUT_RD]).start()
        with pytest.raises(PortError) as caught:
            end.port.receive(deadline_ns(end.port.clock, PATIENCE_S))
        assert caught.value.attempted == "read from"
        assert caught.value.reason == "the server closed the connection"
