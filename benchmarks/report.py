"""Prints what reports cost: how large they are, and how long they take beside pytest-html alone.

Run it with ``tox -e benchmarks``. No test asserts any of this. Durations are CPU time, so that a
computer with other work to do says much the same; each is a ratio of one run.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from figures import show

from hil.plugins.replay import HTML_NAME
from hil.plugins.session import PLUGINS
from hil.report.journal import JOURNAL_NAME, Journal, read_journal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PLAN_TESTS = 1_200
EMPTY_TESTS = 10_000
ROUNDS = 2

HIL = (sys.executable, "-c", "from hil.cli import main; main()")
PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
HTML_ALONE = ("-p", "pytest_metadata.plugin", "-p", "pytest_html.plugin", "--self-contained-html")
EMPTY_PLAN = f"""
import pytest
@pytest.mark.parametrize("number", range({EMPTY_TESTS}))
def test_nothing(number): pass
"""


def cpu_s(*command: str, folder: Path) -> float:
    """CPU seconds of a program, the best of some rounds."""
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    took_s = []
    for _ in range(ROUNDS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder, env=environment)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took_s.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(took_s)


def measure_empty_tests(folder: Path) -> None:
    """The same empty tests with this toolkit's report and with pytest-html's."""
    Path(folder, "test_empty.py").write_text(EMPTY_PLAN, encoding="utf-8")
    Path(folder, "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    ours = [word for name in PLUGINS for word in ("-p", name)]
    bare_s = cpu_s(*PYTEST, folder=folder)
    html_s = cpu_s(*PYTEST, *HTML_ALONE, "--html=alone.html", folder=folder)
    hil_s = cpu_s(*PYTEST, *ours, "--hil-report=hil", folder=folder)
    name = f"{EMPTY_TESTS:,} empty tests"
    show(f"{name} with a report over pytest-html's", f"{hil_s / html_s:.2f} x", "< 1.3 x")
    show(f"{name} with pytest-html over bare pytest", f"{html_s / bare_s:.2f} x", "-")
    print_size(f"{name}, report", Path(folder, "hil", "latest"), "-")
    print_size(f"{name}, pytest-html's", Path(folder, "alone.html"), "-")


def measure_test_plans(folder: Path) -> None:
    """The report of a run as large as the whole conformance plan will be."""
    live = folder / "live"
    subprocess.run(
        [*HIL, "run", "--report", str(live)], check=False, stdout=subprocess.DEVNULL, cwd=folder
    )
    print_size("all test plans as they are, report", live / "latest", "-")
    grown = folder / "grown"
    grown.mkdir()
    grow(read_journal(live / "latest" / JOURNAL_NAME), grown / JOURNAL_NAME)
    took_s = cpu_s(*HIL, "report", str(grown), folder=folder)
    show(f"{PLAN_TESTS:,} tests with their transcripts, `hil report`", f"{took_s:.2f} s", "-")
    print_size(f"{PLAN_TESTS:,} tests with their transcripts, report", grown, "< 5 MB")


def grow(events: Iterator[dict[str, Any]], path: Path) -> None:
    """A journal in which the tests of another one run again under other names."""
    around: list[dict[str, Any]] = []
    reports: list[dict[str, Any]] = []
    for event in events:
        (reports if event["record"] == "report" else around).append(event)
    *begin, end = around
    tests: set[str] = set()
    with Journal(path) as journal:
        for event in begin:
            append(journal, event)
        for number in count():
            for event in reports:
                name = f"{event['report']['nodeid']}-{number}"
                if len(tests) == PLAN_TESTS and name not in tests:
                    break
                tests.add(name)
                append(journal, {**event, "report": {**event["report"], "nodeid": name}})
            else:
                continue
            break
        append(journal, end)


def append(journal: Journal, event: Mapping[str, Any]) -> None:
    """Write an event that another journal had."""
    kind, fields = event["record"], {key: event[key] for key in event if key != "record"}
    if kind == "collected":
        fields["tests"] = PLAN_TESTS
    journal.append(kind, **fields)


def print_size(name: str, place: Path, goal: str) -> None:
    """The size of a page, or of the one in a run folder."""
    path = place / HTML_NAME if place.is_dir() else place
    show(name, f"{path.stat().st_size / 1e6:.2f} MB", goal)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        measure_empty_tests(Path(name))
        measure_test_plans(Path(name))
