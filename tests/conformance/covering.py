"""Which tests execute which lines of the firmware, found out in a forked child."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import coverage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pytest


@dataclass(frozen=True, slots=True)
class Covering:
    """What a run of the sound module showed.

    Args:
        tests: By file and line, the tests that execute it, as places in the list of tests.
        cpu_s: What each test cost, in seconds of the processor.
        failed: Tests that failed; there must be none.
    """

    tests: Mapping[str, Mapping[int, tuple[int, ...]]]
    cpu_s: Sequence[float]
    failed: tuple[str, ...]

    def of(self, path: str, lines: tuple[int, int]) -> list[int]:
        """The tests that execute one of some lines, those that are about the file first.

        A line that few tests execute counts most, if they are quick: every test passes the lines
        of a start, but one that passes a refusal is about that refusal.
        """
        here = self.tests.get(path, {})
        found = {test for line in range(lines[0], lines[1] + 1) for test in here.get(line, ())}
        worth = dict.fromkeys(found, 0.0)
        for tests in here.values():
            for test in found.intersection(tests):
                worth[test] += 1 / len(tests)
        return sorted(found, key=lambda test: (self.cpu_s[test] / worth[test], test))


def forget_cached(package: str) -> None:
    """Let the functions of a package that keep what they returned compute it anew.

    A table that is built once, before there is a mutant, would hide it.
    """
    for name, module in list(sys.modules.items()):
        if name.startswith(f"{package}."):
            for value in list(vars(module).values()):
                if hasattr(value, "cache_clear"):
                    value.cache_clear()


def find_covering(session: pytest.Session, files: Sequence[Path]) -> Covering:
    """Run all tests of a session once and see which lines of the files they execute."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        status = 70
        try:
            with os.fdopen(writer, "w") as pipe:
                json.dump(_run(session, files), pipe)
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    if status:
        raise RuntimeError(f"the run of the sound module ended with status {status}")
    found: dict[str, Any] = json.loads(said)
    tests = {
        path: {int(line): tuple(tests) for line, tests in lines.items()}
        for path, lines in found["tests"].items()
    }
    return Covering(tests, found["cpu_s"], tuple(found["failed"]))


class _Failures:
    def __init__(self) -> None:
        self.node_ids: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.node_ids.append(report.nodeid)


def _run(session: pytest.Session, files: Sequence[Path]) -> dict[str, Any]:
    failures = _Failures()
    session.config.pluginmanager.register(failures)
    measured = coverage.Coverage(data_file=None, include=[str(path) for path in files])
    cpu_s: list[float] = []
    measured.start()
    for index, item in enumerate(session.items):
        following = session.items[index + 1] if index + 1 < len(session.items) else None
        measured.switch_context(str(index))
        forget_cached("hil.virtual.firmware")
        begin_s = time.process_time()
        session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        cpu_s.append(time.process_time() - begin_s)
    measured.stop()
    data = measured.get_data()
    tests = {
        str(path): {
            line: sorted({int(context) for context in contexts if context})
            for line, contexts in data.contexts_by_lineno(str(path)).items()
        }
        for path in files
    }
    return {"tests": tests, "cpu_s": cpu_s, "failed": failures.node_ids}
