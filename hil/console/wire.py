"""How the console hears a port while it waits for keys, without polling any of the two.

================  =================================================================================
port              how
================  =================================================================================
with descriptor   the loop that waits for keys waits for it, too (a device file, a pty)
without           a thread that blocks in the port's own wait (``rfc2217://``, ``hil://``,
                  ``socket://``, COM ports of Windows)
simulated         nothing: its clock moves only while somebody waits, so the driver waits behind
                  each line until the module is quiet; a thread would run the clock away
================  =================================================================================

Whatever waits takes bytes from the port, whose ``tap`` brings them to the session.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from hil.errors import HilError
from hil.units import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.ports.byte_port import PortFormat
    from hil.ports.clock import Clock
    from hil.ports.serial_port import SerialPort

_LONGEST_WAIT_NS = 3600 * NS_PER_S
_PATIENCE_S = 2.0


class Wire(Protocol):
    """Takes what comes from a port from `start` to `stop`."""

    def start(self, on_lost: Callable[[HilError], None]) -> None:
        """Begin. `on_lost` is called in the loop when the port has gone."""

    def stop(self) -> None:
        """End; from now on nobody takes anything from the port."""


class DescriptorWire:
    """A port that the loop can wait for.

    Args:
        port: The port.
        descriptor: Its file descriptor.
    """

    def __init__(self, port: SerialPort, descriptor: int) -> None:
        self._port, self._descriptor = port, descriptor
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self, on_lost: Callable[[HilError], None]) -> None:
        """Begin."""
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._descriptor, self._take, on_lost)

    def _take(self, on_lost: Callable[[HilError], None]) -> None:
        try:
            self._port.receive(self._port.clock.now_ns())
        except HilError as error:
            self.stop()
            on_lost(error)

    def stop(self) -> None:
        """End."""
        if self._loop is not None:
            self._loop.remove_reader(self._descriptor)


class ThreadWire:
    """A port that only its own wait can wait for.

    Args:
        port: The port. `stop` closes it, which ends the wait.
    """

    def __init__(self, port: SerialPort) -> None:
        self._port = port
        self._is_stopped = False
        self._thread: threading.Thread | None = None

    def start(self, on_lost: Callable[[HilError], None]) -> None:
        """Begin."""
        loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._take, args=(loop, on_lost), daemon=True)
        self._thread.start()

    def _take(self, loop: asyncio.AbstractEventLoop, on_lost: Callable[[HilError], None]) -> None:
        try:
            while not self._is_stopped:
                self._port.receive(self._port.clock.now_ns() + _LONGEST_WAIT_NS)
        except HilError as error:
            if not self._is_stopped:
                with suppress(RuntimeError):  # the loop has ended in the meantime
                    loop.call_soon_threadsafe(on_lost, error)

    def stop(self) -> None:
        """End, and close the port."""
        self._is_stopped = True
        self._port.close()
        if self._thread is not None:
            self._thread.join(_PATIENCE_S)


class SimulatedWire:
    """A port of a simulated world, from which only the driver takes."""

    def start(self, on_lost: Callable[[HilError], None]) -> None:
        """Begin."""
        del on_lost

    def stop(self) -> None:
        """End."""


class SecondEar:
    """The port of a wire for somebody who waits in another thread: `hil.rig.module` in a reset.

    The wire goes on taking from the real port; what it takes is put in here, too.

    Args:
        port: The real port.
    """

    def __init__(self, port: SerialPort) -> None:
        self._port = port
        self._heard: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    @property
    def clock(self) -> Clock:
        """The port's."""
        return self._port.clock

    @property
    def format(self) -> PortFormat:
        """The port's."""
        return self._port.format

    def set_format(self, line_format: PortFormat) -> None:
        """Set the port."""
        self._port.set_format(line_format)

    def put(self, data: bytes) -> None:
        """The wire has taken these bytes."""
        self._heard.put(data)

    def receive(self, deadline_ns: int) -> bytes:
        """What the wire has taken; ``b""`` at the deadline."""
        remaining_s = max((deadline_ns - self.clock.now_ns()) / NS_PER_S, 0)
        try:
            return self._heard.get(timeout=remaining_s)
        except queue.Empty:
            return b""

    def discard_input(self) -> None:
        """Forget what was put in."""
        while not self._heard.empty():
            self._heard.get_nowait()


def wire_of(port: SerialPort, *, is_simulated: bool) -> Wire:
    """The wire that suits a port."""
    if is_simulated:
        return SimulatedWire()
    if port.descriptor is not None:
        return DescriptorWire(port, port.descriptor)
    return ThreadWire(port)
