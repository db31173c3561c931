"""``sim://WORLD/MACHINE``: a serial port into a simulated world, for anything that uses pyserial.

Reading advances the simulated clock instead of waiting. A read without a time-out while nothing
can ever arrive raises at once instead of hanging.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit
from weakref import WeakSet

import serial
from serial import SerialException

from hil.drive.registry import find_machine
from hil.drive.simulated import SimulatedLine
from hil.units import seconds_to_ns
from hil.virtual.bench import Bench
from hil.virtual.errors import VirtualError

from .module_port import SimulatedPort

if TYPE_CHECKING:
    from hil.virtual.world import World


class Serial(SimulatedPort):
    """pyserial's port interface on a `SimulatedLine`."""

    _endless = "nothing is on the wire and nothing is due in the simulated world"

    _open_ports: ClassVar[WeakSet[Serial]] = WeakSet()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._line: SimulatedLine | None = None
        super().__init__(*args, **kwargs)

    def open(self) -> None:
        """Open the port of the machine that the URL names.

        Raises:
            SerialException: The URL is malformed, names no machine with a serial port, or that
                port is held: as on Linux, two ports with `exclusive` shut each other out.
            ValueError: No UART has such a line format.
        """
        if self._port is None:
            raise SerialException("no port: set the `sim://WORLD/MACHINE` before opening")
        if self.is_open:
            raise SerialException(f"{self._port} is open already")
        world, bench = _find_bench(self._port)
        if self._exclusive and any(port.holds(bench) for port in self._open_ports):
            raise SerialException(errno.EAGAIN, os.strerror(errno.EAGAIN))
        self._line = SimulatedLine(world, bench)
        try:
            self._reconfigure_port()
        except ValueError:
            self._line = None
            raise
        self.is_open = True
        self._open_ports.add(self)
        self._update_lines()
        self.reset_input_buffer()

    def close(self) -> None:
        """Close the port, which ends a break; the module lives on."""
        self.is_open = False
        if self._line is not None:
            self._line.bench.set_break(is_on=False, now_ns=self._line.world.now_ns)
            self._line = None

    def holds(self, bench: Bench) -> bool:
        """Whether this is an open port of that module, with `exclusive`."""
        return self._line is not None and self._line.bench is bench and bool(self._exclusive)

    def _require_open(self) -> SimulatedLine:
        if self._line is None:
            raise serial.PortNotOpenError
        return self._line

    def _reconfigure_port(self) -> None:
        line = self._require_open()
        line.bench.set_format(self._line_format(), line.world.now_ns)
        line.bench.heed_cts(is_heeded=self._rtscts, now_ns=line.world.now_ns)
        if self.is_open:
            self._update_lines()

    def flush(self) -> None:
        """Let simulated time pass until everything written has left."""
        self._require_open().drain()

    def reset_input_buffer(self) -> None:
        """Forget what has arrived."""
        line = self._require_open()
        line.bench.adapter.discard_input(line.world.now_ns)

    def _update_dtr_state(self) -> None:
        self._update_lines()

    def _update_rts_state(self) -> None:
        self._update_lines()

    def _update_lines(self) -> None:
        """Drive DTR and RTS; with `rtscts` the driver asserts RTS, for it always has room."""
        line = self._require_open()
        line.bench.set_modem_lines(
            dtr=bool(self._dtr_state),
            rts=bool(self._rtscts or self._rts_state),
            now_ns=line.world.now_ns,
        )

    @property
    def cts(self) -> bool:
        """The adapter's CTS input: the module's RTS, on a rig with ``uart-flow``."""
        return self._require_open().bench.is_cts_asserted

    def send_break(self, duration: float = 0.25) -> None:
        """Hold the line low for a time, which passes in the simulated world."""
        line = self._require_open()
        self.break_condition = True
        line.world.advance(line.world.now_ns + seconds_to_ns(duration))
        self.break_condition = False

    def _update_break_state(self) -> None:
        line = self._require_open()
        line.bench.set_break(is_on=bool(self._break_state), now_ns=line.world.now_ns)


def _find_bench(url: str) -> tuple[World, Bench]:
    """The module that a URL names, and its world."""
    parts = urlsplit(url)
    machine_name = parts.path.strip("/")
    if parts.scheme != "sim" or not parts.netloc or not machine_name:
        raise SerialException(f"{url!r} is not of the form sim://WORLD/MACHINE")
    try:
        world, machine = find_machine(parts.netloc, machine_name)
    except VirtualError as error:
        raise SerialException(str(error)) from error
    if not isinstance(machine, Bench):
        raise SerialException(
            f"the machine {machine_name!r} of the simulated world {parts.netloc!r} has no serial "
            "port"
        )
    return world, machine
