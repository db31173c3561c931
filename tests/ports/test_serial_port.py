"""What a serial port says when it cannot be opened, cannot be set, or goes away."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any, cast

import pytest
import serial

from hil.drive import url
from hil.errors import PortError
from hil.ports import serial_port
from hil.ports.byte_port import Parity, PortFormat
from hil.ports.clock import SystemClock, deadline_ns
from hil.ports.serial_port import WRITE_TIMEOUT_S, SerialPort, open_serial_port

from .wire import PATIENCE_S, PseudoTerminalEnd, pseudo_terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

GONE = "Check that the adapter is still plugged in and that no other program uses it"

NOT_ALLOWED = "Add yourself to the group that owns the port (often `dialout`) and log in again"
NO_SUCH_PORT = "Check the port's name; `python -m serial.tools.list_ports -v` lists what is there"


@pytest.fixture
def far_end() -> Iterator[PseudoTerminalEnd]:
    with pseudo_terminal() as end:
        yield end


@pytest.fixture
def port(far_end: PseudoTerminalEnd) -> SerialPort:
    return far_end.port


def error_of(call: Callable[[], object]) -> PortError:
    with pytest.raises(PortError) as caught:
        call()
    return caught.value


def opening(url: str) -> PortError:
    return error_of(lambda: open_serial_port(url, SystemClock(), line_format=PortFormat()))


def test_only_a_port_that_a_loop_can_wait_for_has_a_descriptor(port: SerialPort) -> None:
    assert port.descriptor == port.serial.fileno()
    loop = open_serial_port("loop://", SystemClock(), line_format=PortFormat())
    assert loop.descriptor is None
    loop.close()


class TestOpening:
    def test_a_missing_device(self, tmp_path: Path) -> None:
        device = str(tmp_path / "ttyUSB7")
        error = opening(device)
        assert str(error) == (
            f"cannot open {device}: No such file or directory. Check the name of the port in the "
            "rig description and that the adapter is plugged in; `python -m "
            "serial.tools.list_ports -v` lists what is there"
        )
        assert (error.port, error.attempted) == (device, "open")

    def test_a_busy_port(self, port: SerialPort) -> None:
        assert str(opening(port.name)) == (
            f"cannot open {port.name}: Resource temporarily unavailable. Another program holds "
            "the port; close it"
        )

    @pytest.mark.parametrize(
        ("number", "text"),
        [
            (errno.EACCES, f"Permission denied. {NOT_ALLOWED}"),
            (errno.EBUSY, "Device or resource busy. Another program holds the port; close it"),
            (errno.EIO, f"Input/output error. {NO_SUCH_PORT}"),
        ],
    )
    def test_what_the_operating_system_refuses(
        self, monkeypatch: pytest.MonkeyPatch, number: int, text: str
    ) -> None:
        def refuse(url: str, **settings: object) -> None:
            raise serial.SerialException(number, f"could not open port {url}: {number}")

        monkeypatch.setattr(serial, "serial_for_url", refuse)
        assert str(opening("/dev/ttyUSB0")) == f"cannot open /dev/ttyUSB0: {text}"

    def test_a_file_that_is_no_port(self, tmp_path: Path) -> None:
        assert str(opening(str(tmp_path))) == (
            f"cannot open {tmp_path}: Is a directory. {NO_SUCH_PORT}"
        )

    def test_an_unknown_scheme(self) -> None:
        assert str(opening("carrier-pigeon://loft")) == (
            "cannot open carrier-pigeon://loft: invalid URL, protocol 'carrier-pigeon' not known. "
            "Check the port's URL in the rig description"
        )

    def test_a_world_that_does_not_exist(self) -> None:
        url.install()
        error = opening("sim://nowhere/module0")
        assert str(error).startswith(
            "cannot open sim://nowhere/module0: there is no simulated world 'nowhere' in this "
            "process; there is "
        )
        assert str(error).endswith(". Check the port's URL in the rig description")

    def test_a_rate_that_does_not_exist(self, far_end: PseudoTerminalEnd) -> None:
        name = far_end.port.name
        far_end.port.close()
        error = error_of(
            lambda: open_serial_port(name, SystemClock(), line_format=PortFormat(baud=0))
        )
        assert error.reason == "no line has 0 baud"

    def test_a_stuck_port_is_given_up(self, port: SerialPort) -> None:
        assert port.serial.write_timeout == WRITE_TIMEOUT_S

    @pytest.mark.parametrize("keeps_released", [True, False])
    def test_modem_lines_can_be_kept_released(
        self, far_end: PseudoTerminalEnd, keeps_released: bool
    ) -> None:
        name = far_end.port.name
        far_end.port.close()
        port = open_serial_port(
            name,
            SystemClock(),
            line_format=PortFormat(),
            keeps_lines_released=keeps_released,
        )
        assert (port.serial.dtr, port.serial.rts) == (not keeps_released, not keeps_released)
        port.close()


class TestUnplugged:
    @pytest.fixture(autouse=True)
    def unplugged(self, far_end: PseudoTerminalEnd) -> None:
        far_end.unplug()

    def test_receiving(self, port: SerialPort) -> None:
        assert str(error_of(lambda: port.receive(deadline_ns(port.clock, PATIENCE_S)))) == (
            f"cannot read from {port.name}: Input/output error. {GONE}"
        )

    def test_sending(self, port: SerialPort) -> None:
        assert str(error_of(lambda: port.send(b"AT\r\n"))) == (
            f"cannot write to {port.name}: Input/output error. {GONE}"
        )

    def test_discarding(self, port: SerialPort) -> None:
        """pyserial lets `termios.error` through here, which is no OSError."""
        assert str(error_of(port.discard_input)) == (
            f"cannot read from {port.name}: Input/output error. {GONE}"
        )

    def test_setting_the_rate(self, port: SerialPort) -> None:
        error = error_of(lambda: port.set_format(PortFormat(9600)))
        assert str(error).startswith(f"cannot set 9600 baud, 8N1 on {port.name}: ")
        assert port.format == PortFormat(115200)

    def test_closing(self, port: SerialPort) -> None:
        port.close()
        port.close()


class TestWithoutPyserialBetween:
    """A device file is read and written directly, unless the operating system makes one wait."""

    @pytest.mark.parametrize("taken", [0, 3])
    def test_what_is_not_taken_at_once_is_sent_all_the_same(
        self,
        far_end: PseudoTerminalEnd,
        port: SerialPort,
        monkeypatch: pytest.MonkeyPatch,
        taken: int,
    ) -> None:
        write = os.write

        def take_some(descriptor: int, data: bytes) -> int:
            monkeypatch.undo()
            if not taken:
                raise BlockingIOError
            return write(descriptor, data[:taken])

        monkeypatch.setattr(os, "write", take_some)
        port.send(b"AT+GMR\r\n")
        assert far_end.hear(8) == b"AT+GMR\r\n"

    def test_bytes_that_another_program_took_are_waited_for_again(
        self, far_end: PseudoTerminalEnd, port: SerialPort, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def take_nothing(descriptor: int, count: int) -> bytes:
            monkeypatch.undo()
            raise BlockingIOError

        far_end.say(b"OK\r\n")
        monkeypatch.setattr(os, "read", take_nothing)
        assert port.receive(deadline_ns(port.clock, PATIENCE_S)) == b"OK\r\n"

    def test_a_port_that_pyserial_wraps_is_read_through_the_wrapper(
        self,
        far_end: PseudoTerminalEnd,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        name = far_end.port.name
        far_end.port.close()
        spied = open_serial_port(f"spy://{name}", SystemClock(), line_format=PortFormat())
        far_end.say(b"ready\r\n")
        assert spied.receive(deadline_ns(spied.clock, PATIENCE_S)) == b"ready\r\n"
        spied.send(b"AT\r\n")
        spied.close()
        shown = capsys.readouterr().err
        assert "72 65 61 64 79 0D 0A" in shown
        assert "41 54 0D 0A" in shown


class Adapter:
    """Stands for pyserial's port on an adapter with limits of its own."""

    port, is_open = "/dev/ttyUSB0", True
    baudrate, parity = 115200, "N"


class TestFormat:
    def test_a_frame_that_the_driver_refuses(self, port: SerialPort) -> None:
        """A pseudo-terminal has eight bits and no parity."""
        error = error_of(lambda: port.set_format(PortFormat(9600, 7, Parity.EVEN, 2)))
        assert str(error) == (
            f"cannot set 9600 baud, 7E2 on {port.name}: Invalid argument. Choose a rate and a "
            "format that this adapter supports"
        )

    def test_after_a_refusal_the_port_is_set_as_before(self, port: SerialPort) -> None:
        before = port.serial.get_settings()
        with pytest.raises(PortError):
            port.set_format(PortFormat(9600, 7, Parity.EVEN, 2))
        assert port.serial.get_settings() == before
        assert port.format == PortFormat(115200)
        port.set_format(PortFormat(57600))
        assert port.serial.baudrate == 57600

    def test_a_rate_that_the_driver_refuses(self) -> None:
        class Divider(Adapter):
            """Its clock does not divide down to 74,880 baud."""

            bytesize, stopbits, rtscts = 8, 1, False

            def __setattr__(self, name: str, value: object) -> None:
                if (name, value) == ("baudrate", 74880):
                    raise ValueError("Failed to set custom baud rate (74880): [Errno 22]")
                object.__setattr__(self, name, value)

        adapter = Divider()
        port = SerialPort(cast("serial.Serial", adapter), SystemClock())
        assert str(error_of(lambda: port.set_format(PortFormat(74880)))) == (
            "cannot set 74880 baud, 8N1 on /dev/ttyUSB0: Failed to set custom baud rate (74880): "
            "[Errno 22]. Choose a rate and a format that this adapter supports"
        )
        assert (adapter.baudrate, port.format.baud) == (115200, 115200)

    def test_a_format_may_be_reached_through_one_that_the_driver_refuses(self) -> None:
        class Windows(Adapter):
            """Has 1.5 stop bits with 5 data bits and with no others."""

            bytesize, stopbits, rtscts = 5, 1.5, False

            def __setattr__(self, name: str, value: object) -> None:
                object.__setattr__(self, name, value)
                if self.stopbits == 1.5 and self.bytesize != 5:
                    raise serial.SerialException("Cannot configure port")

        adapter = Windows()
        port = SerialPort(cast("serial.Serial", adapter), SystemClock())
        port.set_format(PortFormat(115200, 8, Parity.NONE, 1))
        assert (adapter.bytesize, adapter.stopbits) == (8, 1)
        with pytest.raises(PortError):
            port.set_format(PortFormat(115200, 8, Parity.NONE, 1.5))
        assert (adapter.bytesize, adapter.stopbits) == (8, 1)

    def test_a_rate_too_large_for_the_driver(self, port: SerialPort) -> None:
        assert error_of(lambda: port.set_format(PortFormat(2**40))).attempted == (
            "set 1099511627776 baud, 8N1 on"
        )

    def test_it_is_put_back_after_another_program_changed_it(self, port: SerialPort) -> None:
        port.serial.baudrate = 460800
        port.restore_format()
        assert port.serial.baudrate == 115200


def test_the_text_of_the_operating_system_stands_there_once() -> None:
    said = serial.SerialException(errno.ENOENT, "could not open port X: [Errno 2] No such file")
    assert serial_port.reason_of(said) == os.strerror(errno.ENOENT)
    assert serial_port.reason_of(serial.SerialException("returned no data")) == "returned no data"


def test_capabilities_are_what_the_rig_says(port: SerialPort) -> None:
    assert port.capabilities == frozenset()
    held: Any = port.serial
    with_format = SerialPort(held, port.clock, capabilities=frozenset({"uart-format"}))
    assert with_format.capabilities == {"uart-format"}
