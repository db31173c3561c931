"""Runs tests of a collected session many times, each time on another module, in forked children.

Collecting costs a second, running a test some milliseconds. So a session is collected once, and
each variation (a module with a fault, or with a mutant in its firmware) runs the tests that concern
it in a child of the process, which leaves nothing behind.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import selectors
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

ROOT = Path(__file__).parents[2]
HANGS_AFTER_S = 30
"""A child that needs so much of the processor for its tests hangs, unless it knows better."""

MEMORY_LIMIT_BYTES = 4 << 30


class Variation(Protocol):
    """One way in which the module differs."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def hangs_after_s(self) -> int:
        """How much of the processor, in seconds, its tests need only if the module hangs."""

    def items(self, session: pytest.Session) -> Sequence[pytest.Item]:
        """The tests that concern it, those that are quick to notice it first."""

    def apply(self, session: pytest.Session) -> None:
        """Make the difference; called in the child."""


@dataclass(frozen=True, slots=True)
class Result:
    """What the tests said about a variation.

    Args:
        name: The variation's.
        tests: How many tests were run.
        failed: The tests that failed, with the phase and the first line of the reason; of those
            that were run before the child stopped.
        killed_by: The signal that ended the child: its module hung, or took all memory.
        problem: Why the child could not run the tests; it says nothing about the variation.
    """

    name: str
    tests: int
    failed: tuple[tuple[str, str, str], ...]
    killed_by: str = ""
    problem: str = ""

    @property
    def is_noticed(self) -> bool:
        """Whether a test failed, or the module brought the child down."""
        return bool(self.failed or self.killed_by)


class ForkingPlugin:
    """Runs variations instead of the collected tests.

    Args:
        variations: What to run, once the tests are collected.
        stops_at: A child stops at the first test that fails in one of these phases.
        workers: How many children run at once.
        on_result: Called with each result, in the order in which they end.
    """

    def __init__(
        self,
        variations: Callable[[pytest.Session], Iterable[Variation]],
        *,
        stops_at: Collection[str],
        workers: int | None = None,
        on_result: Callable[[Result], None] | None = None,
    ) -> None:
        self.results: list[Result] = []
        self._variations = variations
        self._stops_at = frozenset(stops_at)
        self._workers = workers or os.cpu_count() or 1
        self._on_result = on_result

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the variations."""
        if session.testsfailed:
            raise session.Interrupted("the tests could not be collected")
        with selectors.DefaultSelector() as selector:
            for variation in self._variations(session):
                while len(selector.get_map()) >= self._workers:
                    self._collect(selector)
                self._start(session, variation, selector)
            while selector.get_map():
                self._collect(selector)
        return True

    def _start(
        self, session: pytest.Session, variation: Variation, selector: selectors.BaseSelector
    ) -> None:
        reader, writer = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        child = os.fork()
        if child == 0:
            os.close(reader)
            _live_as_child(session, variation, writer, self._stops_at)
        os.close(writer)
        selector.register(reader, selectors.EVENT_READ, (child, variation.name, bytearray()))

    def _collect(self, selector: selectors.BaseSelector) -> None:
        """Take what the children have said, and the results of those that ended."""
        for key, _ in selector.select():
            child, name, said = key.data
            data = os.read(key.fd, 1 << 16)
            said += data
            if data:
                continue
            selector.unregister(key.fd)
            os.close(key.fd)
            _, status = os.waitpid(child, 0)
            result = _result(name, bytes(said), status)
            self.results.append(result)
            if self._on_result is not None:
                self._on_result(result)


def run_forked(plugin: ForkingPlugin, plan: Path, *arguments: str) -> None:
    """Collect a plan quietly and let the plugin run it.

    Raises:
        RuntimeError: The session did not end well.
    """
    status = pytest.main(
        [
            *("-p", "no:terminal", "-p", "no:cacheprovider", "-p", "no:xdist", "-s"),
            *("-p", "no:hil.plugins.journal", "-p", "no:pytest_embedded", "-p", "no:html"),
            *("-c", str(ROOT / "tox.ini"), f"--rootdir={ROOT}", "-oaddopts=", "--strict-markers"),
            *arguments,
            str(plan),
        ],
        plugins=[plugin],
    )
    if status != pytest.ExitCode.OK:
        raise RuntimeError(f"the session that runs {plan} ended with {status!r}")


def _live_as_child(
    session: pytest.Session, variation: Variation, writer: int, stops_at: frozenset[str]
) -> None:
    """Run the tests of a variation and leave the process, whatever happens."""
    status = 70
    with contextlib.suppress(BaseException):
        limit_s = variation.hangs_after_s
        resource.setrlimit(resource.RLIMIT_CPU, (limit_s, limit_s + 1))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
        signal.signal(signal.SIGXCPU, signal.SIG_DFL)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        items = variation.items(session)
        variation.apply(session)
        recorder = Recorder(writer)
        session.config.pluginmanager.register(recorder)
        for item, following in _with_next(items):
            recorder.tests += 1
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if recorder.phases & stops_at:
                break
        recorder.say({"tests": recorder.tests})
        status = 0
    os._exit(status)


def _with_next(items: Sequence[pytest.Item]) -> Iterator[tuple[pytest.Item, pytest.Item | None]]:
    for index, item in enumerate(items):
        yield item, items[index + 1] if index + 1 < len(items) else None


class Recorder:
    """Tells the parent what fails.

    Args:
        writer: Where.
    """

    def __init__(self, writer: int) -> None:
        self.tests = 0
        self.phases: set[str] = set()
        self._writer = writer

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Tell a failure."""
        if report.failed:
            self.phases.add(report.when)
            crash = getattr(report.longrepr, "reprcrash", None)
            text = crash.message if crash is not None else str(report.longrepr)
            reason = text.strip().partition("\n")[0][:200]
            self.say({"failed": [report.nodeid, report.when, reason]})

    def say(self, record: dict[str, Any]) -> None:
        """Write a record."""
        data = json.dumps(record).encode() + b"\n"
        while data:
            data = data[os.write(self._writer, data) :]


def _result(name: str, said: bytes, status: int) -> Result:
    tests, failed = 0, []
    for line in said.splitlines():
        record = json.loads(line)
        tests = record.get("tests", tests)
        if "failed" in record:
            failed.append(tuple(record["failed"]))
    if os.WIFSIGNALED(status):
        killed_by = signal.Signals(os.WTERMSIG(status)).name
        return Result(name, tests, tuple(failed), killed_by)
    problem = f"the child broke with status {status}" if status and not failed else ""
    return Result(name, tests, tuple(failed), problem=problem)
