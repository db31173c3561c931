"""Compares the AT client with other tools on one pseudo-terminal, and says what it must reach.

Run it with ``tox -e compare``, on a machine that does nothing else; ``docs/benchmarks.md`` says
what is measured. Each tool runs in a process, and where need be in an environment, of its own; in
each a bare loop of read and write is measured in turn with the tool, so that ratios come from one
run. All of them share one CPU with the other side: on two, a bare exchange takes two to three times
as long, by waking the other one, and hides what a tool adds. A goal that is missed makes the exit
status 1.

``--python NAME=PROGRAM`` tells in which environment a tool is; a tool without one is left out.
``--rounds N`` is how often everything is repeated.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent
COMMANDS = ("AT", "AT+GMR")
PASSES = 3
TIMEOUT_S = 900

MOST_TIMES_BARE = {"AT": 3.0, "AT+GMR": 4.0}
MOST_GROWTH = 12
MOST_SHARE = 0.10

Figures = dict[str, Any]


class Goal(NamedTuple):
    """What has to be, and whether it is."""

    name: str
    figure: str
    goal: str
    is_met: bool


@contextmanager
def responder() -> Iterator[str]:
    """The other side, in a process of its own; the name of the terminal."""
    command = [sys.executable, str(FOLDER / "responder.py")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the responder has no pipes")
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()


def measure(tool: str, python: str, terminal: str, rounds: int, *, has_log: bool) -> Figures:
    """What one tool takes, measured in its environment."""
    command = [python, str(FOLDER / "contender.py"), tool, terminal, str(rounds), str(int(has_log))]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
    if ended.returncode:
        raise RuntimeError(f"{tool} failed:\n{ended.stdout[-2000:]}\n{ended.stderr[-2000:]}")
    figures: Figures = json.loads(ended.stdout.splitlines()[-1])
    return figures


def median_of(passes: list[Figures]) -> Figures:
    """The medians of several passes, figure by figure."""
    return {
        name: median_of([each[name] for each in passes])
        if isinstance(value, dict)
        else statistics.median([each[name] for each in passes])
        for name, value in passes[0].items()
    }


def times_bare(figures: Figures, command: str) -> float:
    """How many times a bare loop's time an exchange takes."""
    return float(figures[command]["ratio"])


def goals_of(figures: dict[str, Figures]) -> Iterator[Goal]:
    """The goals of the client."""
    own = figures["hil"]
    for command, most in MOST_TIMES_BARE.items():
        ratio = times_bare(own, command)
        yield Goal(f"{command}, typed", f"{ratio:.2f} x bare", f"<= {most:g} x", ratio <= most)
    for name in figures.keys() - {"hil", "pyserial"}:
        ahead = times_bare(figures[name], "AT") / times_bare(own, "AT")
        yield Goal(f"AT, over {name}", f"{ahead:.1f} x as fast", "> 1 x", ahead > 1)
    growth = own["log 10000000"] / own["log 1000000"]
    met = growth <= MOST_GROWTH
    yield Goal("a line behind 10 MB of log, over 1 MB", f"{growth:.1f} x", "<= 12 x", met)
    share = own["paced"]
    text = f"a log at 921,600 baud (bare {own['bare paced']:.1%} of a CPU)"
    yield Goal(text, f"{share:.1%}", f"< {MOST_SHARE:.0%}", share < MOST_SHARE)


def show(figures: dict[str, Figures], goals: list[Goal]) -> None:
    """Both tables."""
    print(f"{'':<18}" + "".join(f"{name:>28}" for name in COMMANDS) + f"{'1 MB':>9}{'10 MB':>9}")
    for tool, each in figures.items():
        cells = [
            f"{each[name]['median_s'] * 1e6:,.0f} us = {times_bare(each, name):,.1f} x bare"
            for name in COMMANDS
        ]
        logs = [each.get(f"log {size}") for size in (1_000_000, 10_000_000)]
        times = "".join("        -" if log is None else f"{log:>7.2f} s" for log in logs)
        print(f"{tool:<18}" + "".join(f"{cell:>28}" for cell in cells) + times)
    print()
    for goal in goals:
        verdict = "met" if goal.is_met else "MISSED"
        print(f"{goal.name:<46}{goal.figure:>18}   goal {goal.goal:<12}{verdict}")


def main() -> int:
    """Measure, print, and judge."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--python", action="append", default=[], metavar="NAME=PROGRAM")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--logs", action="store_true", help="logs for the other tools as well")
    asked = parser.parse_args()
    pythons = {"hil": sys.executable}
    pythons |= dict(each.split("=", 1) for each in asked.python)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    passes: dict[str, list[Figures]] = {tool: [] for tool in pythons}
    with responder() as terminal:
        for _ in range(PASSES):
            for tool, python in pythons.items():
                has_log = tool == "hil" or (asked.logs and tool != "pytest-embedded")
                passes[tool].append(measure(tool, python, terminal, asked.rounds, has_log=has_log))
    figures = {tool: median_of(each) for tool, each in passes.items()}
    goals = list(goals_of(figures))
    show(figures, goals)
    return 0 if all(goal.is_met for goal in goals) else 1


if __name__ == "__main__":
    sys.exit(main())
