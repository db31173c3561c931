"""RFC2217: pyserial's own client as it is, and clients that do not behave."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, Any

import pytest
import serial

from hil.rig.served import ServedModule, ServePlan

from .knocking import connect, everything_from, until
from .rfc2217_client import in_haste
from .served_module import ANSWER, PATIENCE_S, ask, purge_what_waits, served, talk_until_ok

if TYPE_CHECKING:
    from collections.abc import Iterator

GREETING = b"\xff\xfb\x01\xff\xfb\x03\xff\xfd\x00\xff\xfb\x2c"
RTS_ON = b"\xff\xfa\x2c\x05\x0b\xff\xf0"
RTS_IS_ON = b"\xff\xfa\x2c\x69\x0b\xff\xf0"


@pytest.fixture
def module() -> Iterator[ServedModule]:
    with in_haste(), served(ServePlan(rfc2217_port=0, is_paced=False)) as (module,):
        yield module


def port_at(module: ServedModule, options: str = "", **settings: Any) -> serial.Serial:
    port: Any = serial.serial_for_url(
        f"{module.rfc2217}{options}", **{"baudrate": 115200, "timeout": PATIENCE_S, **settings}
    )
    port._network_timeout = PATIENCE_S  # pyserial's own 3 s are short on a busy computer
    return port  # type: ignore[no-any-return]


class TestUse:
    def test_to_open_with_both_lines_asserted_resets_nothing(self, module: ServedModule) -> None:
        with port_at(module) as port:
            assert (port.dtr, port.rts) == (True, True)
            talk_until_ok(port)
            ask(port, b"ATE0")
        with port_at(module) as port:
            assert ask(port, b"AT") == ANSWER

    @pytest.mark.parametrize("baud", [9600, 57600, 74880, 123456, 921600, 3_000_000])
    def test_the_rate_reaches_the_wire(self, module: ServedModule, baud: int) -> None:
        with port_at(module) as port:
            talk_until_ok(port)
            ask(port, b"AT+UART_CUR=%d,8,1,0,0" % baud)
            port.baudrate = baud
            assert ask(port, b"AT") == b"AT\r\r\n" + ANSWER

    def test_the_frame_reaches_the_wire(self, module: ServedModule) -> None:
        with port_at(module) as port:
            talk_until_ok(port)
            ask(port, b"AT+UART_CUR=57600,7,2,2,0")
            port.baudrate = 57600
            port.bytesize, port.parity = 7, serial.PARITY_EVEN
            port.stopbits = serial.STOPBITS_ONE_POINT_FIVE
            assert ask(port, b"AT") == b"AT\r\r\n" + ANSWER
            port.parity = serial.PARITY_NONE
            port.timeout = 0.25
            port.write(b"AT\r\n")
            assert port.read_until(ANSWER) != b"AT\r\r\n" + ANSWER

    def test_the_next_client_begins_at_115200_baud(self, module: ServedModule) -> None:
        with port_at(module, baudrate=9600, bytesize=7, parity=serial.PARITY_EVEN):
            pass
        with connect(module.rfc2217) as plain:
            until(plain, GREETING)
            plain.sendall(b"\xff\xfa\x2c\x01\0\0\0\0\xff\xf0\xff\xfa\x2c\x02\0\xff\xf0")
            until(plain, b"\xff\xfa\x2c\x65\x00\x01\xc2\x00\xff\xf0")
            until(plain, b"\xff\xfa\x2c\x66\x08\xff\xf0")

    def test_rts_resets_the_module(self, module: ServedModule) -> None:
        with port_at(module) as port:
            talk_until_ok(port)
            port.dtr = False
            port.rts = True
            port.baudrate = 74880
            port.reset_input_buffer()
            port.rts = False
            log = b"\r\n ets Jan  8 2013,rst cause:2, boot mode:(3,"
            assert port.read(len(log)) == log

    def test_dtr_and_rts_enter_the_loader(self, module: ServedModule) -> None:
        with port_at(module) as port:
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
        with port_at(module) as port:
            talk_until_ok(port)
            port.send_break(0.01)
            assert ask(port, b"AT") == b"\0AT\r\r\n" + ANSWER

    def test_nothing_is_wired_to_the_inputs(self, module: ServedModule) -> None:
        with port_at(module, "?poll_modem") as port:
            assert (port.cts, port.dsr, port.ri, port.cd) == (False, False, False, False)

    @pytest.mark.parametrize("settings", [{"rtscts": True}, {"xonxoff": True}], ids=str)
    def test_flow_control_is_refused(self, module: ServedModule, settings: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=r"^remote rejected value for option 'control'$"):
            port_at(module, **settings)
        with port_at(module) as port:
            talk_until_ok(port)

    def test_a_plain_telnet_client_can_talk(self, module: ServedModule) -> None:
        """It refuses the option, and types."""
        with connect(module.rfc2217) as plain:
            until(plain, GREETING)
            plain.sendall(b"\xff\xfe\x2c")
            heard = b""
            for _ in range(round(PATIENCE_S)):
                plain.sendall(b"AT\r\n")
                plain.settimeout(1)
                try:
                    while not heard.endswith(ANSWER):
                        heard += plain.recv(4096)
                except TimeoutError:
                    continue
                break
            assert heard.endswith(b"AT\r\r\n" + ANSWER)


class TestMuchAtOnce:
    def test_it_waits_until_the_wire_takes_it(self, module: ServedModule) -> None:
        lines = 2000
        with port_at(module) as port:
            talk_until_ok(port)
            ask(port, b"ATE0")
            port.write(b"\r\n" * lines + b"AT\r\n")
            assert port.read_until(ANSWER).endswith(ANSWER)

    def test_what_waits_can_be_purged(self) -> None:
        with (
            in_haste(),
            served(ServePlan(rfc2217_port=0)) as (module,),
            port_at(module) as port,
        ):
            purge_what_waits(port)


class TestOthers:
    def test_a_second_client_is_told_who_is_there_and_the_first_goes_on(
        self, module: ServedModule
    ) -> None:
        with port_at(module) as port:
            talk_until_ok(port)
            with connect(module.rfc2217) as second:
                assert everything_from(second) == b"module0 is in use by another client\r\n"
            with pytest.raises(serial.SerialException, match="does not seem to support RFC2217"):
                port_at(module, "?timeout=0.2")
            assert ask(port, b"AT") == b"AT\r\r\n" + ANSWER

    def test_the_next_client_comes_in_when_the_first_has_gone(self, module: ServedModule) -> None:
        for _ in range(3):
            with port_at(module) as port:
                talk_until_ok(port)

    @pytest.mark.parametrize("is_torn_out", [False, True], ids=["closed", "reset"])
    def test_a_client_that_vanishes_leaves_the_lines_released(
        self, module: ServedModule, is_torn_out: bool
    ) -> None:
        for _ in range(3):
            with connect(module.rfc2217) as plain:
                plain.sendall(RTS_ON)
                until(plain, RTS_IS_ON)  # the module is held in reset
                if is_torn_out:
                    plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with port_at(module) as port:
            talk_until_ok(port)

    def test_a_client_that_vanishes_in_a_break_ends_it(self, module: ServedModule) -> None:
        with connect(module.rfc2217) as plain:
            plain.sendall(b"\xff\xfa\x2c\x05\x05\xff\xf0")
            until(plain, b"\xff\xfa\x2c\x69\x05\xff\xf0")
        with port_at(module) as port:
            talk_until_ok(port)

    @pytest.mark.parametrize(
        ("noise", "reason"),
        [
            (b"\xff\xf0", "a command ends that has not begun"),
            (b"AT\r\n\xff\xfa\x2c\x01\xff\xf0", "command 01 cannot hold nothing"),
            (b"\xff\xfa" + b"\0" * 70_000, "a command is longer than 1024 bytes"),
        ],
    )
    def test_impossible_commands_are_answered_with_the_reason_and_the_module_lives_on(
        self, module: ServedModule, noise: bytes, reason: str
    ) -> None:
        with connect(module.rfc2217) as plain:
            plain.sendall(noise)
            assert everything_from(plain).endswith(
                b"this is no RFC2217: " + reason.encode() + b"\r\n"
            )
            with port_at(module) as port:
                talk_until_ok(port)

    def test_what_is_no_command_is_for_the_module(self, module: ServedModule) -> None:
        with connect(module.rfc2217) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\n\r\n" + b"\xff\xff\x00\x7f" * 20_000)
            plain.shutdown(socket.SHUT_WR)
            everything_from(plain)
        with port_at(module) as port:
            talk_until_ok(port)
