"""Ports to modules that a loop serves on the host's clock, in a thread of the test process."""

from __future__ import annotations

import os
import threading
import time
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, cast

from hil.drive import url as urls
from hil.drive.framed_link import FramedLink
from hil.drive.pty_link import PtyLink
from hil.drive.realtime import RealTime
from hil.drive.rfc2217_link import Rfc2217Link
from hil.drive.served_line import ServedLine
from hil.drive.tcp_server import TcpServer
from hil.ports.byte_port import PortFormat
from hil.ports.clock import SystemClock
from hil.ports.serial_port import SerialPort, open_serial_port
from hil.units import seconds_to_ns
from hil.virtual.bench import Bench
from hil.virtual.world import World
from tests.drive.inside import Inside
from tests.drive.rfc2217_client import in_haste

from .wire import PATIENCE_S, TalkingChip, uart_format

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hil.drive.realtime import Link
    from hil.ports.clock import Clock
    from hil.virtual.chip import Chip


def _listen() -> TcpServer:
    return TcpServer("127.0.0.1", 0)


LINKS: dict[str, Callable[[ServedLine], Link]] = {
    "pty": lambda line: PtyLink(line, resets_on_close=False),
    "hil": lambda line: FramedLink(line, _listen()),
    "rfc2217": lambda line: Rfc2217Link(line, _listen()),
}

CAPABILITIES = {"pty": frozenset[str](), "hil": {"uart-format"}, "rfc2217": {"uart-format"}}
"""A pseudo-terminal has neither parity nor other than eight data bits."""


def _end_a_break(port: SerialPort) -> None:
    port.serial.break_condition = False


ARRIVALS: dict[str, Callable[[SerialPort], Callable[[], object]]] = {
    "hil": lambda port: port.serial.flush,
    "rfc2217": lambda port: partial(_end_a_break, port),
}
"""What each kind of port answers only after everything that was before it, both ways."""


class HastyClock:
    """The host's clock, but for sleeping: the loop's time jumps ahead, and nobody waits.

    Before and after the jump, everything that is under way between port and loop arrives.
    """

    def __init__(self) -> None:
        self.inside = Inside()
        self.arrive: Callable[[], object] = lambda: None
        self._skipped_ns = 0

    def now_ns(self) -> int:
        return time.monotonic_ns() + self._skipped_ns

    def sleep(self, duration_s: float) -> None:
        self.arrive()
        duration_ns = seconds_to_ns(duration_s)
        until_ns = self._loop_ns() + duration_ns
        self._skipped_ns += duration_ns
        while self._loop_ns() < until_ns:  # a turn may have begun before the jump
            pass
        self.arrive()

    def _loop_ns(self) -> int:
        return self.inside.do(lambda now_ns: now_ns)


@contextmanager
def port_to(
    bench: Bench, world: World, kind: str, clock: Clock, inside: Inside
) -> Iterator[SerialPort]:
    """A `SerialPort` to a module that is served by one kind of link."""
    urls.install()
    line = ServedLine("module", world, bench)
    link = LINKS[kind](line)
    loop = RealTime(world, monotonic_ns=clock.now_ns)
    loop.add(line, [link, inside])
    thread = threading.Thread(target=loop.run)
    thread.start()
    with ExitStack() as stack:
        stack.enter_context(in_haste())
        stack.callback(thread.join, PATIENCE_S)
        stack.callback(loop.stop)
        port = open_serial_port(
            link.name,
            clock,
            line_format=PortFormat(),
            capabilities=frozenset(CAPABILITIES[kind]),
        )
        stack.callback(port.close)
        inside.do(lambda now_ns: None)  # a link that is not told is seeing now that it was opened
        yield port
    assert not thread.is_alive(), "the loop did not end"


class ServedEnd:
    """The chip's end of a port to a served module."""

    def __init__(self, kind: str, port: SerialPort, chip: TalkingChip, inside: Inside) -> None:
        self.kind, self.port, self._chip, self._inside = kind, port, chip, inside

    def say(self, data: bytes) -> None:
        self._inside.do(lambda now_ns: self._chip.say(data, now_ns))

    def settle(self, count: int) -> None:
        until_s = time.monotonic() + PATIENCE_S
        while self.port.serial.in_waiting < count:
            assert time.monotonic() < until_s, f"only {self.port.serial.in_waiting} bytes came"
            os.sched_yield()

    def hear(self, count: int) -> bytes:
        until_s = time.monotonic() + PATIENCE_S
        while self._inside.do(lambda now_ns: len(self._chip.heard)) < count:
            assert time.monotonic() < until_s, f"only {self._chip.heard!r} came"
        return self._inside.do(lambda now_ns: self._chip.take_heard(count))

    def set_format(self, line_format: PortFormat) -> None:
        def switch(now_ns: int) -> None:
            self._chip.line_format = uart_format(line_format)

        self._inside.do(switch)


@contextmanager
def served_port(world: World, bench: Bench, kind: str) -> Iterator[SerialPort]:
    """A `SerialPort` to a module over one kind of link, with a clock that wastes no time."""
    clock = HastyClock()
    with port_to(bench, world, kind, clock, clock.inside) as port:
        clock.arrive = ARRIVALS[kind](port)
        yield port


@contextmanager
def far_end_over(kind: str) -> Iterator[ServedEnd]:
    """A chip that talks behind one kind of link, and a `SerialPort` to it."""
    chip = TalkingChip()
    bench = Bench(cast("Chip", chip), circuit="none", is_wake_link_closed=False)
    world = World()
    world.add("module", bench)
    inside = Inside()
    with port_to(bench, world, kind, SystemClock(), inside) as port:
        yield ServedEnd(kind, port, chip, inside)
