"""The far ends of the byte ports under contract: what plays the module, and the ports to it."""

from __future__ import annotations

import os
import select
import tty
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol, cast

from hil.drive.simulated import SimulatedClock
from hil.ports.byte_port import PortFormat
from hil.ports.clock import SystemClock
from hil.ports.serial_port import SerialPort, open_serial_port
from hil.units import NS_PER_S
from hil.virtual.bench import Bench
from hil.virtual.boot_rom import Straps
from hil.virtual.chip import Chip, Phase
from hil.virtual.uart import Burst, LineFormat, Parity, receive_as
from hil.virtual.uart0 import Uart0
from tests.drive.simulated_module import URL, registered_world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hil.ports.byte_port import BytePort
    from hil.virtual.world import World

PATIENCE_S = 20.0
"""How long real input and output may take before a test gives up."""

PARITIES = {"N": Parity.NONE, "O": Parity.ODD, "E": Parity.EVEN}


def uart_format(line_format: PortFormat) -> LineFormat:
    """The same in the words of the virtual module."""
    return LineFormat(
        line_format.baud,
        line_format.data_bits,
        PARITIES[line_format.parity.value],
        round(2 * line_format.stop_bits),
    )


class FarEnd(Protocol):
    """Whoever is at the other end of a port."""

    kind: str

    @property
    def port(self) -> BytePort:
        """The near end."""

    def say(self, data: bytes) -> None:
        """Let bytes come to the port; `settle` waits until they are there."""

    def settle(self, count: int) -> None:
        """Wait until `count` bytes can be received without waiting."""

    def hear(self, count: int) -> bytes:
        """`count` bytes that the port has sent."""

    def set_format(self, line_format: PortFormat) -> None:
        """Set the far side of the line."""


class TalkingChip:
    """Stands for a chip on a virtual bench: says what it is told and keeps what it hears."""

    def __init__(self) -> None:
        self.phase = Phase.RUNNING
        self.straps = Straps()
        self.is_wake_pin_low = False
        self.line_format = LineFormat()
        self.heard = b""
        self.uart = Uart0(self.line_format)
        self._said_ns: int | None = None
        self._arriving: list[Burst] = []

    def say(self, data: bytes, now_ns: int) -> None:
        self.uart.transmitter.line_format = self.line_format
        self.uart.transmitter.send(data, now_ns)
        self._said_ns = now_ns

    def take_heard(self, count: int) -> bytes:
        taken, self.heard = self.heard[:count], self.heard[count:]
        return taken

    def set_power(self, *, is_on: bool, now_ns: int) -> None:
        del is_on, now_ns

    def set_reset(self, *, is_low: bool, now_ns: int) -> None:
        del is_low, now_ns

    def receive(self, burst: Burst) -> None:
        self._arriving.append(burst)

    def next_deadline_ns(self) -> int | None:
        moments = [burst.end_ns() for burst in self._arriving]
        moments += [] if self._said_ns is None else [self._said_ns]
        return min(moments, default=None)

    def advance(self, now_ns: int) -> None:
        self._said_ns = None
        for burst in [burst for burst in self._arriving if burst.end_ns() <= now_ns]:
            self._arriving.remove(burst)
            self.heard += receive_as(burst, self.line_format)


class SimulatedEnd:
    """The chip's end of a ``sim://`` port."""

    kind = "sim"

    def __init__(self, port: SerialPort, chip: TalkingChip, world: World) -> None:
        self.port, self._chip, self._world = port, chip, world

    def say(self, data: bytes) -> None:
        self._chip.say(data, self._world.now_ns)

    def settle(self, count: int) -> None:
        self._world.advance(self._world.now_ns + count * NS_PER_S // 100)

    def hear(self, count: int) -> bytes:
        self._world.advance(self._world.now_ns + count * NS_PER_S // 100)
        return self._chip.take_heard(count)

    def set_format(self, line_format: PortFormat) -> None:
        self._chip.line_format = uart_format(line_format)


@contextmanager
def simulated() -> Iterator[SimulatedEnd]:
    """A `SerialPort` on ``sim://``."""
    chip = TalkingChip()
    bench = Bench(cast("Chip", chip), circuit="none", is_wake_link_closed=False)
    with registered_world(module=bench) as world:
        port = open_serial_port(
            URL,
            SimulatedClock(world),
            line_format=PortFormat(),
            capabilities=frozenset({"uart-format"}),
        )
        try:
            yield SimulatedEnd(port, chip, world)
        finally:
            port.close()


class PseudoTerminalEnd:
    """The master's end of a pseudo-terminal. It has no line, so any format reaches it alike."""

    kind = "pty"

    def __init__(self, port: SerialPort, master: int) -> None:
        self.port, self._master = port, master

    def say(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._master, data) :]

    def settle(self, count: int) -> None:
        del count
        slave: Any = self.port.serial.fileno()
        assert select.select([slave], [], [], PATIENCE_S)[0], "nothing came in time"

    def hear(self, count: int) -> bytes:
        heard = b""
        while len(heard) < count:
            assert select.select([self._master], [], [], PATIENCE_S)[0], f"only {heard!r} came"
            heard += os.read(self._master, count - len(heard))
        return heard

    def set_format(self, line_format: PortFormat) -> None:
        del line_format

    def unplug(self) -> None:
        """The adapter is torn out."""
        os.close(self._master)
        self._master = -1


@contextmanager
def pseudo_terminal() -> Iterator[PseudoTerminalEnd]:
    """A `SerialPort` on the slave of a pseudo-terminal."""
    master, slave = os.openpty()
    tty.setraw(slave)
    port = open_serial_port(os.ttyname(slave), SystemClock(), line_format=PortFormat())
    os.close(slave)
    end = PseudoTerminalEnd(port, master)
    try:
        yield end
    finally:
        port.close()
        with suppress(OSError):
            os.close(end._master)
