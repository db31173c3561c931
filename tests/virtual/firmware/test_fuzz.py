"""A short run of benchmarks/fuzz.py, so that it stays a program that runs."""

from __future__ import annotations

import runpy
from pathlib import Path

FUZZ = Path(__file__).parents[3] / "benchmarks" / "fuzz.py"


def test_random_command_lines_neither_crash_nor_stick() -> None:
    names = runpy.run_path(str(FUZZ))
    names["fuzz"](lines=1000, seed=1)


def test_what_is_sent_reaches_most_commands() -> None:
    names = runpy.run_path(str(FUZZ))
    random = names["Random"](1)
    lines = [names["random_line"](random) for _ in range(5000)]
    reached = {name for name in names["NAMES"] if any(b"AT" + name in line for line in lines)}
    assert len(reached) == len(names["NAMES"])
