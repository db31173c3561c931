"""Measures how many mutants of the virtual module's firmware the conformance plan kills.

``tox -e mutants``, or ``python -m tests.conformance.mutants [--share 0.1] [FILE ...]``. Mutants of
lines that no test executes are counted apart. Exit status 1 if fewer than 95 % of the others are
killed.
"""

from __future__ import annotations

import argparse
import importlib
import random
import sys
import time
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .covering import Covering, find_covering, forget_cached
from .forking import ROOT, ForkingPlugin, Result, run_forked
from .mutant import Mutant, implant, mutants_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pytest

FIRMWARE = ROOT / "hil" / "virtual" / "firmware"
EQUIVALENT = Path(__file__).with_name("equivalent.toml")
GOAL = 0.95
_PATIENCE = 4
_LEAST_PATIENCE_S = 6
"""A module hangs if its tests take longer than this, and so many times what the sound one takes."""


@dataclass(frozen=True, slots=True)
class MutantModule:
    """A module with one mutant in its firmware.

    Args:
        mutant: Which.
        source: The text of its file.
        tests: Places of the tests that execute its line, the likeliest to notice it first.
        hangs_after_s: See `Variation`.
    """

    mutant: Mutant
    source: str
    tests: Sequence[int]
    hangs_after_s: int

    @property
    def name(self) -> str:
        """The mutant's name."""
        return self.mutant.name

    def items(self, session: pytest.Session) -> Sequence[pytest.Item]:
        """The tests."""
        return [session.items[index] for index in self.tests]

    def apply(self, session: pytest.Session) -> None:
        """Put the mutant into its place."""
        del session
        dotted = ".".join(Path(self.mutant.path).with_suffix("").parts)
        implant(importlib.import_module(dotted), self.source, self.mutant)
        forget_cached("hil.virtual.firmware")


class Measurement:
    """What became of all mutants.

    Args:
        files: Where they are.
        share: Which part of them is tried, chosen by the seed.
        seed: Of the choice.
    """

    def __init__(self, files: Sequence[Path], share: float, seed: int) -> None:
        self.tried = 0
        self.equivalent: set[str] = set()
        self._reasons = load_equivalent()
        self.unreached: list[str] = []
        self.survivors: list[Result] = []
        self.kills: Counter[str] = Counter()
        self._files, self._share, self._random = files, share, random.Random(seed)
        self._begin_s = time.monotonic()

    def variations(self, session: pytest.Session) -> Iterator[MutantModule]:
        """The mutants whose lines some test executes."""
        covering = find_covering(session, self._files)
        if covering.failed:
            raise RuntimeError(f"the sound module fails: {', '.join(covering.failed[:5])}")
        print(f"{len(session.items)} tests pass, {sum(covering.cpu_s):.1f} s", flush=True)
        for path in self._files:
            yield from self._of_file(path, covering)

    def _of_file(self, path: Path, covering: Covering) -> Iterator[MutantModule]:
        source = path.read_text(encoding="utf-8")
        for mutant in mutants_of(source, str(path.relative_to(ROOT))):
            if self._random.random() >= self._share:
                continue
            if mutant.key in self._reasons:
                self.equivalent.add(mutant.key)
                continue
            tests = covering.of(str(path), mutant.lines)
            if tests:
                sound_s = sum(covering.cpu_s[test] for test in tests)
                hangs_after_s = _LEAST_PATIENCE_S + round(_PATIENCE * sound_s)
                yield MutantModule(mutant, source, tests, hangs_after_s)
            else:
                self.unreached.append(mutant.name)

    def take(self, result: Result) -> None:
        """Count a result, and tell a survivor at once."""
        self.tried += 1
        if not result.is_noticed:
            self.survivors.append(result)
            how = result.problem or f"survives {result.tests} tests"
            print(f"{how}: {result.name}", flush=True)
        else:
            self.kills[result.killed_by or result.failed[0][1]] += 1
        if self.tried % 200 == 0:
            print(f"... {self.tried} tried, {self.killed_share:.1%} killed", flush=True)

    @property
    def killed_share(self) -> float:
        """Which part of the mutants that were tried was noticed."""
        return 1 - len(self.survivors) / self.tried if self.tried else 0.0

    def print_sum(self) -> None:
        """Print the figures."""
        seconds = time.monotonic() - self._begin_s
        how = ", ".join(f"{count} in {phase}" for phase, count in self.kills.most_common())
        print(
            f"{self.tried} mutants whose line a test executes: "
            f"{self.tried - len(self.survivors)} killed ({how}), {len(self.survivors)} survive: "
            f"{self.killed_share:.1%} killed (goal {GOAL:.0%}). "
            f"{len(self.equivalent)} more are judged equivalent (equivalent.toml), "
            f"{len(self.unreached)} stand in lines that no test executes. {seconds:.0f} s"
        )


def load_equivalent() -> dict[str, str]:
    """The mutants that are judged equivalent, with the reasons.

    Raises:
        ValueError: One of them has none, or there is no such mutant.
    """
    reasons: dict[str, str] = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8"))
    known = {
        mutant.key
        for path in _firmware_files()
        for mutant in mutants_of(path.read_text(encoding="utf-8"), str(path.relative_to(ROOT)))
    }
    if strange := [key for key, reason in reasons.items() if key not in known or not reason]:
        raise ValueError(f"{EQUIVALENT.name}: no such mutant, or no reason: {strange}")
    return reasons


def main() -> int:
    """Run the measurement; returns the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("files", nargs="*", type=Path, help="files of the firmware (default: all)")
    parser.add_argument("--share", type=float, default=1.0, help="part of the mutants to try")
    parser.add_argument("--seed", type=int, default=23, help="chooses the part")
    parser.add_argument("--workers", type=int, default=None, help="children at once")
    parser.add_argument("--unreached", action="store_true", help="list what no test executes")
    options = parser.parse_args()
    files = [path.resolve() for path in options.files] or _firmware_files()
    measurement = Measurement(files, options.share, options.seed)
    plugin = ForkingPlugin(
        measurement.variations,
        stops_at={"setup", "call", "teardown"},
        workers=options.workers,
        on_result=measurement.take,
    )
    run_forked(plugin, ROOT / "testplans" / "conformance", "--hil-flash=never")
    if options.unreached:
        print("\n".join(f"not executed: {name}" for name in measurement.unreached))
    measurement.print_sum()
    return 0 if measurement.killed_share >= GOAL else 1


def _firmware_files() -> list[Path]:
    """The files of the firmware, without those that make it faulty on purpose."""
    return sorted(
        path
        for path in FIRMWARE.glob("*.py")
        if not path.name.startswith("fault") and path.name != "__init__.py"
    )


if __name__ == "__main__":
    sys.exit(main())
