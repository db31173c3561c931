"""``sim://WORLD/MACHINE`` for anything that uses pyserial."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import serial

from hil.drive import url
from hil.drive.simulated import POLL_NS
from hil.units import NS_PER_MS, NS_PER_S
from hil.virtual.chip import Phase
from hil.virtual.uart import LineFormat, Parity

from .simulated_module import URL, registered_world, running_module

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hil.virtual.bench import Bench
    from hil.virtual.world import World

ANSWER = b"AT\r\r\n\r\nOK\r\n"


@pytest.fixture
def module() -> Iterator[tuple[World, Bench]]:
    with running_module() as (world, bench):
        yield world, bench


@pytest.fixture
def world(module: tuple[World, Bench]) -> World:
    return module[0]


@pytest.fixture
def bench(module: tuple[World, Bench]) -> Bench:
    return module[1]


@pytest.fixture
def port(module: tuple[World, Bench]) -> Iterator[serial.Serial]:
    with serial.serial_for_url(URL, baudrate=115200, timeout=1) as opened:
        yield opened


def text_of(call: Callable[[], object], kind: type[Exception] = serial.SerialException) -> str:
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


class TestInstall:
    def test_twice_is_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        packages: list[str] = []
        monkeypatch.setattr(serial, "protocol_handler_packages", packages)
        url.install()
        url.install()
        assert packages == ["hil.drive.url"]

    def test_a_fresh_process_knows_the_scheme(self) -> None:
        """pyserial would call the protocol unknown if the handler could not be imported."""
        program = (
            "import serial, hil.drive.url; hil.drive.url.install(); "
            "serial.serial_for_url('sim://default/module0')"
        )
        run = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.stderr.splitlines()[-1] == (
            "serial.serialutil.SerialException: there is no simulated world 'default' in this "
            "process; there is none at all: a rig with a virtual module makes one"
        )


class TestOpen:
    @pytest.mark.parametrize("text", ["sim://", "sim://tests", "sim://tests/", "sim:///module"])
    def test_a_malformed_url_is_refused(self, text: str) -> None:
        url.install()
        assert text_of(lambda: serial.serial_for_url(text)) == (
            f"{text!r} is not of the form sim://WORLD/MACHINE"
        )

    def test_an_unknown_machine_is_answered_with_those_that_are_there(self, world: World) -> None:
        assert text_of(lambda: serial.serial_for_url("sim://tests/module7")) == (
            "the simulated world 'tests' has no machine 'module7'; it has 'module'"
        )

    def test_a_machine_without_a_serial_port_is_refused(self) -> None:
        class Meter:
            def next_deadline_ns(self) -> None:
                return None

            def advance(self, now_ns: int) -> None:
                del now_ns

        machines: dict[str, Any] = {"meter": Meter()}
        with registered_world(**machines):
            assert text_of(lambda: serial.serial_for_url("sim://tests/meter")) == (
                "the machine 'meter' of the simulated world 'tests' has no serial port"
            )

    def test_a_port_without_a_name_is_refused(self) -> None:
        url.install()
        port = serial.serial_for_url(URL, do_not_open=True)
        port.port = None
        assert text_of(port.open) == "no port: set the `sim://WORLD/MACHINE` before opening"

    def test_an_open_port_is_not_opened_again(self, port: serial.Serial) -> None:
        assert text_of(port.open) == f"{URL} is open already"

    def test_it_takes_effect_on_the_wire(self, bench: Bench) -> None:
        with serial.serial_for_url(
            URL, baudrate=9600, bytesize=7, parity=serial.PARITY_EVEN, stopbits=2
        ):
            assert bench.adapter.line_format == LineFormat(9600, 7, Parity.EVEN, 4)

    def test_what_came_before_is_not_read(self, world: World) -> None:
        with serial.serial_for_url(URL, baudrate=115200) as port:
            port.write(b"AT\r\n")
            world.advance(world.now_ns + NS_PER_S)
        with serial.serial_for_url(URL, baudrate=115200, timeout=1) as port:
            assert port.read(99) == b""

    def test_it_leaves_a_running_module_alone(self, bench: Bench, port: serial.Serial) -> None:
        assert (port.dtr, port.rts) == (True, True)
        assert bench.chip.boots == 1
        port.write(b"AT\r\n")
        assert port.read(len(ANSWER)) == ANSWER

    def test_lines_can_be_released_before(self) -> None:
        with running_module("direct") as (_, bench):
            port = serial.serial_for_url(URL, do_not_open=True)
            port.dtr = port.rts = False
            port.open()
            assert not bench.chip.is_reset_low
            port.close()

    @pytest.mark.parametrize(
        ("settings", "text"),
        [
            ({"baudrate": 0}, "no UART has 0 baud, 8 data bits and 1 stop bits"),
            ({"parity": serial.PARITY_MARK}, "the UART of an ESP8266 has no parity 'M'"),
        ],
    )
    def test_a_format_that_no_uart_has_is_refused_and_leaves_the_port_closed(
        self, world: World, settings: dict[str, Any], text: str
    ) -> None:
        port = serial.serial_for_url(URL, do_not_open=True, **settings)
        assert text_of(port.open, ValueError) == text
        assert not port.is_open
        with pytest.raises(serial.PortNotOpenError):
            port.read(1)

    def test_two_exclusive_ports_shut_each_other_out(self, world: World) -> None:
        with serial.serial_for_url(URL, exclusive=True):
            assert text_of(lambda: serial.serial_for_url(URL, exclusive=True)) == (
                "[Errno 11] Resource temporarily unavailable"
            )
        serial.serial_for_url(URL, exclusive=True).close()

    def test_two_other_ports_share_the_module(self, world: World) -> None:
        with (
            serial.serial_for_url(URL, baudrate=115200, timeout=1) as one,
            serial.serial_for_url(URL, baudrate=115200, timeout=1) as other,
        ):
            one.write(b"AT\r\n")
            assert other.read(4) == ANSWER[:4]
            assert one.read(99) == ANSWER[4:]


class TestRead:
    def test_the_timeout_passes_in_simulated_time(self, world: World, port: serial.Serial) -> None:
        before_ns = world.now_ns
        assert port.read(5) == b""
        assert world.now_ns == before_ns + NS_PER_S

    def test_without_a_timeout_and_with_nothing_pending_it_raises(
        self, world: World, port: serial.Serial
    ) -> None:
        port.timeout = None
        assert text_of(lambda: port.read(5)) == (
            "read of 5 bytes from sim://tests/module without a time-out would wait for ever: "
            "nothing is on the wire and nothing is due in the simulated world"
        )
        assert world.now_ns == NS_PER_S

    def test_without_a_timeout_it_waits_for_what_is_pending(self, port: serial.Serial) -> None:
        port.timeout = None
        port.write(b"AT\r\n")
        assert port.read(len(ANSWER)) == ANSWER

    def test_a_loop_around_in_waiting_ends(self, world: World, port: serial.Serial) -> None:
        before_ns = world.now_ns
        port.write(b"AT\r\n")
        received = b""
        while not received.endswith(b"OK\r\n"):
            received += port.read(port.in_waiting)
            assert world.now_ns < before_ns + NS_PER_S
        assert received == ANSWER

    def test_a_loop_around_in_waiting_with_a_deadline_ends(
        self, world: World, port: serial.Serial
    ) -> None:
        before_ns = world.now_ns
        while not port.in_waiting and world.now_ns < before_ns + NS_PER_MS:
            pass
        assert world.now_ns == before_ns + NS_PER_MS
        assert NS_PER_MS % POLL_NS == 0

    def test_a_loop_around_reads_that_do_not_wait_ends(
        self, world: World, port: serial.Serial
    ) -> None:
        port.timeout = 0
        port.write(b"AT\r\n")
        received = b""
        while not received.endswith(b"OK\r\n"):
            received += port.read(1)
            assert world.now_ns < 2 * NS_PER_S
        assert received == ANSWER

    def test_lines_can_be_read(self, port: serial.Serial) -> None:
        port.write(b"AT\r\n")
        assert [port.readline(), port.readline(), port.readline()] == [
            b"AT\r\r\n",
            b"\r\n",
            b"OK\r\n",
        ]
        assert port.readline() == b""

    def test_the_input_can_be_forgotten(self, world: World, port: serial.Serial) -> None:
        port.write(b"AT\r\n")
        world.advance(2 * NS_PER_S)
        port.reset_input_buffer()
        assert port.read(9) == b""


class TestWrite:
    def test_it_returns_at_once_and_flushing_takes_the_time(
        self, world: World, port: serial.Serial
    ) -> None:
        before_ns = world.now_ns
        assert port.write(bytearray(b"AT\r\n")) == 4
        assert world.now_ns == before_ns
        port.flush()
        assert world.now_ns == before_ns + -(-4 * 10 * NS_PER_S // 115200)

    def test_there_is_no_output_to_forget(self, port: serial.Serial) -> None:
        port.write(b"AT\r\n")
        port.reset_output_buffer()
        assert port.read(len(ANSWER)) == ANSWER

    def test_a_break_passes_in_simulated_time_and_is_one_nul(
        self, world: World, port: serial.Serial
    ) -> None:
        before_ns = world.now_ns
        port.send_break(0.5)
        assert world.now_ns == before_ns + NS_PER_S // 2
        port.write(b"AT\r\n")
        assert port.read(1 + len(ANSWER)) == b"\0" + ANSWER

    def test_closing_ends_a_break(self, port: serial.Serial) -> None:
        port.break_condition = True
        port.close()
        port.open()
        port.write(b"AT\r\n")
        assert port.read(1 + len(ANSWER)) == b"\0" + ANSWER


class TestSettings:
    def test_a_changed_rate_takes_effect(self, bench: Bench, port: serial.Serial) -> None:
        port.baudrate = 74880
        assert bench.adapter.line_format == LineFormat(74880)

    @pytest.mark.parametrize(("stop_bits", "half"), [(1, 2), (1.5, 3), (2, 4)])
    def test_stop_bits(
        self, bench: Bench, port: serial.Serial, stop_bits: float, half: int
    ) -> None:
        port.stopbits = stop_bits
        assert bench.adapter.line_format.half_stop_bits == half

    def test_a_rate_that_no_uart_has_is_refused(self, bench: Bench, port: serial.Serial) -> None:
        def set_rate() -> None:
            port.baudrate = 0

        assert text_of(set_rate, ValueError) == "no UART has 0 baud, 8 data bits and 1 stop bits"
        assert bench.adapter.line_format == LineFormat(115200)

    def test_rts_alone_holds_a_board_in_reset(self, bench: Bench, port: serial.Serial) -> None:
        phases = []
        for name in ("dtr", "rts"):
            setattr(port, name, False)
            phases.append(bench.chip.phase)
        assert phases == [Phase.RESET, Phase.STARTING]

    def test_the_inputs_of_the_adapter_are_not_wired(self, port: serial.Serial) -> None:
        assert (port.cts, port.dsr, port.ri, port.cd) == (False, False, False, False)

    def test_there_is_no_file_behind_it(self, port: serial.Serial) -> None:
        assert text_of(port.fileno, OSError) == (
            "[Errno 25] sim://tests/module is simulated and has no file descriptor"
        )


CLOSED: dict[str, Callable[[serial.Serial], object]] = {
    "read": lambda port: port.read(1),
    "write": lambda port: port.write(b"AT"),
    "in_waiting": lambda port: port.in_waiting,
    "flush": lambda port: port.flush(),
    "reset_input_buffer": lambda port: port.reset_input_buffer(),
    "cts": lambda port: port.cts,
    "dsr": lambda port: port.dsr,
    "ri": lambda port: port.ri,
    "cd": lambda port: port.cd,
}


@pytest.mark.parametrize("name", CLOSED)
def test_a_closed_port_does_nothing(port: serial.Serial, name: str) -> None:
    port.close()
    port.close()
    with pytest.raises(serial.PortNotOpenError):
        CLOSED[name](port)


def test_a_closed_port_can_be_opened_again(port: serial.Serial) -> None:
    port.close()
    port.open()
    port.write(b"AT\r\n")
    assert port.read(len(ANSWER)) == ANSWER
