"""A port that is played from a record of the same test, made on a simulated port before."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, cast

from hil.drive import url as urls
from hil.drive.simulated import SimulatedClock
from hil.ports.byte_port import Direction, PortFormat
from hil.ports.serial_port import SerialPort, open_serial_port
from hil.recording.record import Header, RecordedModule
from hil.recording.recorder import Recorder
from hil.units import NS_PER_S

from .wire import simulated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hil.drive.url.protocol_replay import Serial
    from hil.virtual.world import World

    from .wire import FarEnd

CAPABILITIES = frozenset({"uart-format"})


class _HeardRecorder:
    """Keeps what the port sends, for the far end to hear."""

    def __init__(self) -> None:
        self.heard = b""

    def record(self, time_ns: int, direction: Direction, data: bytes) -> None:
        if direction is Direction.SENT:
            self.heard += data

    def record_format(self, time_ns: int, line_format: PortFormat) -> None:
        """The far end of a record has no settings."""

    def record_discard(self, time_ns: int) -> None:
        """What the port forgets, the far end has said all the same."""


class PlayedEnd:
    """The far end of a ``replay://`` port: what it says is on record."""

    kind = "replay"

    def __init__(self, port: SerialPort, world: World) -> None:
        self.port, self._world = port, world
        self._heard = _HeardRecorder()
        port.recorder = self._heard

    def say(self, data: bytes) -> None:
        """It said so when the test was recorded."""

    def settle(self, count: int) -> None:
        self._world.advance(self._world.now_ns + count * NS_PER_S // 100)

    def hear(self, count: int) -> bytes:
        taken, self._heard.heard = self._heard.heard[:count], self._heard.heard[count:]
        return taken

    def set_format(self, line_format: PortFormat) -> None:
        """It was set so when the test was recorded."""


def _header(port: SerialPort) -> Header:
    module = RecordedModule(
        slot=0,
        port=port.name,
        baud=port.format.baud,
        dialect=None,
        lines=frozenset(),
        capabilities=port.capabilities,
    )
    return Header(
        rig="wire",
        is_simulated=True,
        is_virtual=True,
        rig_time_ns=port.clock.now_ns(),
        time="",
        toolkit="",
        firmware={},
        modules=(module,),
    )


@contextmanager
def played(test: Callable[[FarEnd], None]) -> Iterator[PlayedEnd]:
    """A `SerialPort` on the record of a test that was run on ``sim://``."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "test.hilrec"
        with simulated() as end:
            recorder = Recorder(path, _header(end.port), end.port.clock)
            end.port.recorder = recorder.modules[0]
            test(end)
            recorder.close()
        urls.install()
        # The port brings its world along, and the clock is that world's.
        probe = open_serial_port(f"replay://{path}", _NO_CLOCK, line_format=PortFormat())
        line = cast("Serial", probe.serial)._require_open()
        port = SerialPort(probe.serial, SimulatedClock(line.world), capabilities=CAPABILITIES)
        try:
            yield PlayedEnd(port, line.world)
        finally:
            port.close()


class _NoClock:
    def now_ns(self) -> int:
        raise AssertionError("nobody asks a port for the time while it is opened")

    def sleep(self, duration_s: float) -> None:
        raise AssertionError(f"nobody sleeps for {duration_s} s here")


_NO_CLOCK = _NoClock()
