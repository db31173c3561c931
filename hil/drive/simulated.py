"""Simulated time: a world whose clock moves only because somebody waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.units import seconds_to_ns

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.virtual.bench import Bench
    from hil.virtual.world import World

POLL_NS = 10_000
"""What a look at ``in_waiting`` costs, so that a loop that polls comes to its end."""

PACKET_NS = 4_000_000
"""Latency timer of the virtual USB adapter: how long it gathers bytes that follow each other."""


class SimulatedClock:
    """The clock of a virtual rig.

    Args:
        world: Whose time this is.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def now_ns(self) -> int:
        """The present moment of the world."""
        return self._world.now_ns

    def sleep(self, duration_s: float) -> None:
        """Let time pass; everything that is due meanwhile happens.

        Raises:
            ValueError: The duration is negative; the host's clock refuses it likewise.
        """
        if duration_s < 0:
            raise ValueError("sleep length must be non-negative")
        self._world.advance(self._world.now_ns + seconds_to_ns(duration_s))


def wait_until(world: World, is_done: Callable[[], bool], deadline_ns: int) -> bool:
    """Let time pass until something is so, at most until the deadline; whether it is."""
    while not is_done():
        due_ns = world.next_deadline_ns()
        if due_ns is None or due_ns > deadline_ns:
            world.advance(max(deadline_ns, world.now_ns))
            return is_done()
        world.advance(due_ns)
    return True


class NothingPendingError(Exception):
    """A read without a time-out on a world in which nothing will ever happen."""


class SimulatedLine:
    """The host's end of one module's UART, in simulated time.

    Args:
        world: Where the module lives.
        bench: The module.
    """

    def __init__(self, world: World, bench: Bench) -> None:
        self.world = world
        self.bench = bench

    def write(self, data: bytes) -> None:
        """Send bytes; they leave behind those before, time does not pass."""
        self.bench.write(data, self.world.now_ns)

    def drain(self) -> None:
        """Let time pass until all that was written has left.

        Raises:
            NothingPendingError: CTS holds it up, and nothing in this world will change that.
        """
        world, adapter = self.world, self.bench.adapter
        while adapter.is_held or adapter.transmit_end_ns() > world.now_ns:
            moment_ns = world.next_deadline_ns() if adapter.is_held else adapter.transmit_end_ns()
            if moment_ns is None:
                raise NothingPendingError
            world.advance(moment_ns)

    def available(self) -> int:
        """How many bytes are there."""
        return self.bench.adapter.available(self.world.now_ns)

    def poll(self) -> int:
        """How many bytes are there, for a program that looks again and again.

        A look at an empty buffer costs `POLL_NS`, or shows the packet that is arriving.
        """
        count = self.available()
        if not count:
            self._gather(self.world.now_ns + PACKET_NS)
            count = self.available()
        if not count:
            self.world.advance(self.world.now_ns + POLL_NS)
            count = self.available()
        return count

    def read(self, count: int, deadline_ns: int | None) -> bytes:
        """Up to `count` bytes; waits for all of them, until the deadline.

        A deadline that is over makes this a look like `poll`, or a loop around it never ended.

        Raises:
            NothingPendingError: There is no deadline and the world stands still.
        """
        if deadline_ns is not None and deadline_ns <= self.world.now_ns:
            self.poll()
        else:
            self.wait_for(count, deadline_ns)
        return self.bench.adapter.read(count, self.world.now_ns)

    def receive(self, deadline_ns: int) -> bytes:
        """What a USB adapter hands over in one packet; ``b""`` at the deadline.

        A packet ends where the line pauses, or `PACKET_NS` after its first byte.
        """
        self.wait_for(1, deadline_ns)
        self._gather(min(deadline_ns, self.world.now_ns + PACKET_NS))
        return self.bench.adapter.read(self.available(), self.world.now_ns)

    def _gather(self, limit_ns: int) -> None:
        """Let time pass until the bytes on the wire pause, at most until the limit."""
        world, adapter = self.world, self.bench.adapter
        while world.now_ns < (end_ns := min(adapter.run_end_ns(world.now_ns), limit_ns)):
            world.advance(end_ns)

    def wait_for(self, count: int, deadline_ns: int | None) -> None:
        """Let time pass until `count` bytes are there, at most until the deadline."""
        world, adapter = self.world, self.bench.adapter
        while True:
            arrival_ns = adapter.arrival_ns(count)
            if arrival_ns is not None and arrival_ns <= world.now_ns:
                return
            moments = [
                moment
                for moment in (arrival_ns, world.next_deadline_ns(), deadline_ns)
                if moment is not None
            ]
            if not moments:
                raise NothingPendingError
            moment = min(moments)
            if deadline_ns is not None and moment >= deadline_ns:
                world.advance(max(deadline_ns, world.now_ns))
                return
            world.advance(moment)
