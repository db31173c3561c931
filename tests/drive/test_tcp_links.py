"""Plain bytes and frames over TCP: whoever connects, whatever they send, the module lives on."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest
import serial

from hil.drive import url as urls
from hil.rig.served import ServedModule, ServePlan

from .knocking import connect, everything_from
from .served_module import ANSWER, PATIENCE_S, ask, purge_what_waits, served, talk_until_ok

if TYPE_CHECKING:
    from collections.abc import Iterator

HELLO = b"\x01\x00\x04hil\x01"


@pytest.fixture
def module() -> Iterator[ServedModule]:
    urls.install()
    with served(ServePlan(tcp_port=0, raw_tcp_port=0, is_paced=False)) as (module,):
        yield module


def port_at(url: str | None, **settings: Any) -> serial.Serial:
    return serial.serial_for_url(url, timeout=PATIENCE_S, **settings)


def text_of(error: pytest.ExceptionInfo[Exception]) -> str:
    return str(error.value)


class TestRaw:
    def test_at_commands(self, module: ServedModule) -> None:
        with port_at(module.raw) as port:
            assert talk_until_ok(port).endswith(b"AT\r\r\n" + ANSWER)
            assert ask(port, b"AT+CWMODE?").startswith(b"AT+CWMODE?\r\r\n+CWMODE:")

    def test_the_format_follows_the_module(self, module: ServedModule) -> None:
        """The boot log comes at 74,880 baud, the rest as AT+UART_CUR says."""
        with port_at(module.raw) as port:
            talk_until_ok(port)
            ask(port, b"AT+UART_CUR=9600,7,1,2,0")
            assert ask(port, b"AT") == b"AT\r\r\n" + ANSWER
            port.write(b"AT+RST\r\n")
            log = port.read_until(b"ready\r\n")
            assert b"ets Jan  8 2013,rst cause:" in log
            assert ask(port, b"AT") == b"AT\r\r\n" + ANSWER

    def test_a_second_client_is_turned_away_and_the_first_goes_on(
        self, module: ServedModule
    ) -> None:
        with port_at(module.raw) as port:
            talk_until_ok(port)
            with connect(module.raw) as second:
                assert everything_from(second) == b""
            assert ask(port, b"AT") == b"AT\r\r\n" + ANSWER

    def test_the_next_client_comes_in_when_the_first_has_gone(self, module: ServedModule) -> None:
        for _ in range(3):
            with port_at(module.raw) as port:
                talk_until_ok(port)

    def test_much_at_once_waits_until_the_wire_takes_it(self, module: ServedModule) -> None:
        lines = 2000
        with port_at(module.raw) as port:
            talk_until_ok(port)
            ask(port, b"ATE0")
            port.write(b"\r\n" * lines + b"AT\r\n")
            assert port.read_until(ANSWER).endswith(ANSWER)


class TestFramed:
    def test_at_commands(self, module: ServedModule) -> None:
        with port_at(module.url, baudrate=115200) as port:
            talk_until_ok(port)
            assert ask(port, b"AT") == b"AT\r\r\n" + ANSWER

    def test_rate_and_format_reach_the_wire(self, module: ServedModule) -> None:
        with port_at(module.url, baudrate=115200) as port:
            talk_until_ok(port)
            ask(port, b"AT+UART_CUR=57600,7,1,2,0")
            port.baudrate = 57600
            port.bytesize, port.parity = 7, serial.PARITY_EVEN
            assert ask(port, b"AT") == b"AT\r\r\n" + ANSWER
            port.parity = serial.PARITY_NONE
            port.timeout = 0.25
            port.write(b"AT\r\n")
            assert port.read_until(ANSWER) != b"AT\r\r\n" + ANSWER

    def test_rts_resets_the_module(self, module: ServedModule) -> None:
        with port_at(module.url, baudrate=115200) as port:
            talk_until_ok(port)
            port.dtr = False
            port.rts = True
            port.baudrate = 74880
            port.reset_input_buffer()
            port.rts = False
            log = b"\r\n ets Jan  8 2013,rst cause:2, boot mode:(3,"
            assert port.read(len(log)) == log

    def test_dtr_and_rts_enter_the_loader(self, module: ServedModule) -> None:
        with port_at(module.url, baudrate=115200) as port:
            talk_until_ok(port)
            port.dtr = False
            port.rts = True
            port.dtr = True
            port.baudrate = 74880
            port.reset_input_buffer()
            port.rts = False
            log = b"\r\n ets Jan  8 2013,rst cause:2, boot mode:(1,"
            assert port.read(len(log)) == log

    def test_a_break_is_one_nul(self, module: ServedModule) -> None:
        with port_at(module.url, baudrate=115200) as port:
            talk_until_ok(port)
            port.break_condition = True
            assert port.read(1) == b"\0"
            port.write(b"lost")
            port.break_condition = False
            assert ask(port, b"AT") == b"AT\r\r\n" + ANSWER

    def test_a_client_that_vanishes_in_a_break_ends_it(self, module: ServedModule) -> None:
        with port_at(module.url, baudrate=115200) as port:
            talk_until_ok(port)
            port.break_condition = True
        with port_at(module.url, baudrate=115200) as port:
            talk_until_ok(port)

    def test_to_open_and_close_does_not_reset(self, module: ServedModule) -> None:
        with port_at(module.url, baudrate=115200) as port:
            talk_until_ok(port)
            ask(port, b"ATE0")
        with port_at(module.url, baudrate=115200) as port:
            assert ask(port, b"AT") == ANSWER

    def test_what_has_arrived_can_be_forgotten(self, module: ServedModule) -> None:
        with port_at(module.url, baudrate=115200) as port:
            talk_until_ok(port)
            port.write(b"AT\r\n")
            assert port.read(1) == b"A"
            port.write(b"ATE0\r\n")
            assert port.read_until(b"ATE0\r\r\n" + ANSWER).endswith(ANSWER)
            port.write(b"AT\r\n")
            port.flush()
            port.reset_input_buffer()
            assert ask(port, b"ATE1").endswith(ANSWER)

    def test_what_waits_can_be_purged(self) -> None:
        urls.install()
        with (
            served(ServePlan(tcp_port=0)) as (module,),
            port_at(module.url, baudrate=115200) as port,
        ):
            purge_what_waits(port)

    def test_a_second_client_is_told_who_is_there(self, module: ServedModule) -> None:
        with port_at(module.url, baudrate=115200) as port:
            talk_until_ok(port)
            with pytest.raises(serial.SerialException) as caught:
                port_at(module.url)
            assert text_of(caught) == (
                f"[Errno 16] cannot open {module.url}: module0 is in use by another client"
            )
            assert ask(port, b"AT") == b"AT\r\r\n" + ANSWER

    def test_a_client_of_another_link_keeps_the_module_too(self, module: ServedModule) -> None:
        with port_at(module.raw) as port:
            talk_until_ok(port)
            with pytest.raises(serial.SerialException, match="in use by another client"):
                port_at(module.url)
        with port_at(module.url, baudrate=115200) as port:
            talk_until_ok(port)
            with connect(module.raw) as second:
                assert everything_from(second) == b""

    @pytest.mark.parametrize(
        ("noise", "reason"),
        [
            (b"GET / HTTP/1.1\r\n\r\n", "the first frame is not a hello"),
            (b"\xff" * 70_000, "the first frame is not a hello"),
            (HELLO + b"\x63garbage", "there is no frame of kind 99"),
        ],
    )
    def test_noise_is_answered_with_the_reason_and_the_module_lives_on(
        self, module: ServedModule, noise: bytes, reason: str
    ) -> None:
        with connect(module.url) as connection:
            connection.sendall(noise)
            assert everything_from(connection).endswith(reason.encode())
            with port_at(module.url, baudrate=115200) as port:
                talk_until_ok(port)

    def test_who_has_not_said_hello_makes_way(self, module: ServedModule) -> None:
        with connect(module.url) as silent, port_at(module.url, baudrate=115200) as port:
            talk_until_ok(port)
            assert everything_from(silent).endswith(b"another client came before you said hello")

    def test_a_client_that_vanishes_makes_room(self, module: ServedModule) -> None:
        for _ in range(3):
            with connect(module.url) as connection:
                connection.sendall(HELLO + b"\x04\x00\x02\x00\x01")  # held in reset
                assert connection.recv(1) == b"\x01"
        with port_at(module.url, baudrate=115200) as port:
            talk_until_ok(port)


MORE = ["hil://host:5?baud=9600", "hil://host:5#1", "hil://user@host:5"]


class TestOpen:
    @pytest.mark.parametrize(
        "text", ["hil://", "hil://host", "hil://host:x", "hil://:5", "hil://host:5/path", *MORE]
    )
    def test_a_malformed_url_is_refused(self, text: str) -> None:
        urls.install()
        with pytest.raises(serial.SerialException) as caught:
            port_at(text)
        assert text_of(caught) == (
            f"{text!r} is not of the form hil://HOST:PORT; rate and format are settings of the "
            "port, the module's are those of `hil virtual serve`"
        )

    def test_nobody_there(self) -> None:
        urls.install()
        with socket.create_server(("127.0.0.1", 0)) as server:
            number = server.getsockname()[1]
        with pytest.raises(serial.SerialException) as caught:
            port_at(f"hil://127.0.0.1:{number}")
        assert text_of(caught) == (
            f"[Errno 111] cannot connect to hil://127.0.0.1:{number}: Connection refused; "
            "`hil virtual serve --tcp PORT` prints the URL at which it serves a module"
        )

    def test_somebody_else_is_there(self, module: ServedModule) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            url = f"hil://127.0.0.1:{server.getsockname()[1]}"
            port = serial.serial_for_url(url, do_not_open=True)
            server_side: list[socket.socket] = []

            def greet() -> None:
                client, _ = server.accept()
                client.sendall(b"220 mail.example ESMTP\r\n")
                server_side.append(client)

            thread = threading.Thread(target=greet)
            thread.start()
            with pytest.raises(serial.SerialException) as caught:
                port.open()
            thread.join(PATIENCE_S)
            for client in server_side:
                client.close()
        assert text_of(caught) == (
            f"[Errno 32] cannot open {url}: no `hil virtual serve` is at the other end: "
            "the first frame is not a hello"
        )
        assert not port.is_open

    @pytest.mark.parametrize(
        ("settings", "text"),
        [
            ({"baudrate": 0}, "no UART has 0 baud, 8 data bits and 1 stop bits"),
            ({"parity": serial.PARITY_MARK}, "the UART of an ESP8266 has no parity 'M'"),
        ],
    )
    def test_a_format_that_no_uart_has_is_refused(
        self, module: ServedModule, settings: dict[str, Any], text: str
    ) -> None:
        with pytest.raises(ValueError, match="UART") as caught:
            port_at(module.url, **settings)
        assert text_of(caught) == text
        port_at(module.url, baudrate=115200).close()

    def test_there_is_no_terminal_behind_it(self, module: ServedModule) -> None:
        with port_at(module.url) as port, pytest.raises(OSError, match="is no terminal") as caught:
            port.fileno()
        assert caught.value.errno == 25

    def test_the_end_of_the_service_is_an_error_and_no_end_of_data(self) -> None:
        urls.install()
        with served(ServePlan(tcp_port=0, is_paced=False)) as (module,):
            port = port_at(module.url, baudrate=115200)
            talk_until_ok(port)
        with pytest.raises(serial.SerialException, match=f"connection to {module.url} lost"):
            port.read(1)
        port.close()


def test_a_port_of_plain_bytes_is_told_from_a_module_that_greets(module: ServedModule) -> None:
    """The firmware echoes what it hears, the greeting too."""
    assert module.raw is not None
    with port_at(module.raw) as port:
        talk_until_ok(port)
    with pytest.raises(serial.SerialException) as caught:
        port_at(module.raw.replace("socket://", "hil://"))
    assert "the greeting came back as an echo, so this is a port of plain bytes (`--raw-tcp`)" in (
        text_of(caught)
    )


def test_closing_a_framed_port_wakes_the_thread_that_waits_for_bytes(module: ServedModule) -> None:
    ended: list[str] = []
    with port_at(module.url, baudrate=115200) as port:
        talk_until_ok(port)
        port.timeout = PATIENCE_S
        waiting = threading.Event()

        def wait_for_bytes() -> None:
            waiting.set()
            try:
                port.read(1)
            except serial.SerialException as error:
                ended.append(type(error).__name__)

        thread = threading.Thread(target=wait_for_bytes)
        thread.start()
        waiting.wait(PATIENCE_S)
        port.close()
        thread.join(PATIENCE_S / 4)
        assert not thread.is_alive()
    assert ended
