"""The loop: a world on a clock, with links that are at fault."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest

from hil.drive.realtime import RealTime
from hil.drive.served_line import ServedLine
from hil.units import NS_PER_MS, NS_PER_S
from hil.virtual.world import World

from .simulated_module import running_module

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hil.virtual.bench import Bench


class HandClock:
    """A host's clock that moves when `select` waits for a moment, and at no other time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_ns = 17 * NS_PER_S
        self.waits_s: list[float | None] = []
        monkeypatch.setattr("hil.drive.realtime.select.select", self._select)

    def _select(
        self, readers: list[int], writers: list[int], _: list[int], timeout_s: float | None
    ) -> object:
        self.waits_s.append(timeout_s)
        if timeout_s is None:
            raise AssertionError("nothing would ever happen")
        self.now_ns += round(timeout_s * NS_PER_S)
        return readers, writers, []


class Alarm:
    """A machine that is woken at certain moments."""

    def __init__(self, *moments_ns: int) -> None:
        self.moments_ns = list(moments_ns)
        self.woken_ns: list[int] = []

    def next_deadline_ns(self) -> int | None:
        return self.moments_ns[0] if self.moments_ns else None

    def advance(self, now_ns: int) -> None:
        while self.moments_ns and self.moments_ns[0] <= now_ns:
            self.moments_ns.pop(0)
            self.woken_ns.append(now_ns)


class PipeLink:
    """A link that hears bytes from a pipe."""

    name = "pipe"

    def __init__(self) -> None:
        self.reader, self.writer = os.pipe()
        os.set_blocking(self.reader, False)
        self.served = threading.Event()
        self.is_closed = False
        self.fault: Exception | None = None
        self.line: ServedLine | None = None
        self.heard = b""

    def readers(self, now_ns: int) -> list[int]:
        return [self.reader]

    def writers(self) -> list[int]:
        return []

    def next_deadline_ns(self, now_ns: int) -> int | None:
        if self.line is None or self.line.owner is None:
            return None
        return self.line.delivery_ns(now_ns)

    def serve(self, now_ns: int) -> None:
        if self.line is not None:
            self.heard += self.line.take(now_ns)
        try:
            os.read(self.reader, 99)
        except BlockingIOError:
            return
        self.served.set()
        if self.fault is not None:
            raise self.fault

    def close(self) -> None:
        if not self.is_closed:
            self.is_closed = True
            os.close(self.reader)
            os.close(self.writer)


@pytest.fixture
def module() -> Iterator[tuple[World, Bench]]:
    with running_module() as (world, bench):
        yield world, bench


def test_deadlines_are_met_on_the_hosts_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = HandClock(monkeypatch)
    world, alarm = World(), Alarm(NS_PER_MS, 3 * NS_PER_S)
    world.add("alarm", alarm)
    loop = RealTime(world, monotonic_ns=lambda: clock.now_ns)
    with pytest.raises(AssertionError, match="nothing would ever happen"):
        loop.run()
    assert alarm.woken_ns == [NS_PER_MS, 3 * NS_PER_S]
    assert clock.waits_s == [0.001, 2.999, None]  # it waited for what was due, and never looked


def test_a_world_that_has_lived_before_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = HandClock(monkeypatch)
    world, alarm = World(), Alarm(10 * NS_PER_S)
    world.add("alarm", alarm)
    world.advance(9 * NS_PER_S)
    with pytest.raises(AssertionError):
        RealTime(world, monotonic_ns=lambda: clock.now_ns).run()
    assert clock.waits_s == [1.0, None]


def test_stop_ends_a_loop_that_waits_for_ever() -> None:
    link = PipeLink()
    loop = RealTime(World())
    with running_module() as (world, bench):
        loop.add(ServedLine("module", world, bench), [link])
    thread = threading.Thread(target=loop.run)
    thread.start()
    os.write(link.writer, b"x")
    assert link.served.wait(20)
    loop.stop()
    thread.join(20)
    assert not thread.is_alive()
    assert link.is_closed
    loop.stop()  # once more is fine


def test_a_loop_that_was_stopped_before_ends_at_once() -> None:
    loop = RealTime(World())
    loop.stop()
    loop.run()


def test_a_link_at_fault_is_closed_and_logged_and_the_others_live_on(
    module: tuple[World, Bench], caplog: pytest.LogCaptureFixture
) -> None:
    world, bench = module
    faulty, sound = PipeLink(), PipeLink()
    faulty.fault = RuntimeError("a fault for this test")
    loop = RealTime(world)
    loop.add(ServedLine("module", world, bench), [faulty, sound])
    thread = threading.Thread(target=loop.run)
    thread.start()
    os.write(faulty.writer, b"x")
    assert faulty.served.wait(20)
    os.write(sound.writer, b"x")
    assert sound.served.wait(20)
    assert faulty.is_closed
    assert not sound.is_closed
    loop.stop()
    thread.join(20)
    assert "closing pipe after a fault" in caplog.text
    assert "a fault for this test" in caplog.text


class TestRunningAhead:
    """Time that is not paced jumps while an owner's bytes are worked on, and waits otherwise."""

    def run(
        self, monkeypatch: pytest.MonkeyPatch, world: World, bench: Bench, *, owner: str | None
    ) -> tuple[HandClock, bytes]:
        clock = HandClock(monkeypatch)
        line = ServedLine("module", world, bench, is_paced=False)
        link = PipeLink()
        link.line = line
        loop = RealTime(world, is_paced=False, monotonic_ns=lambda: clock.now_ns)
        loop.add(line, [link])
        if owner:
            line.acquire(owner, world.now_ns)
        bench.write(b"AT\r\n", world.now_ns)
        with pytest.raises(AssertionError, match="nothing would ever happen"):
            loop.run()
        return clock, link.heard

    def test_an_answer_takes_no_time(
        self, monkeypatch: pytest.MonkeyPatch, module: tuple[World, Bench]
    ) -> None:
        world, bench = module
        before_ns = world.now_ns
        clock, heard = self.run(monkeypatch, world, bench, owner="me")
        assert heard == b"AT\r\r\n\r\nOK\r\n"
        assert world.now_ns > before_ns + NS_PER_MS
        assert clock.now_ns == 17 * NS_PER_S

    def test_without_an_owner_it_takes_its_time(
        self, monkeypatch: pytest.MonkeyPatch, module: tuple[World, Bench]
    ) -> None:
        world, bench = module
        before_ns = world.now_ns
        clock, heard = self.run(monkeypatch, world, bench, owner=None)
        assert heard == b""
        assert clock.now_ns - 17 * NS_PER_S >= world.now_ns - before_ns - 1000
