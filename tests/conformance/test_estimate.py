"""What is said before a run on a real module about how long it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.program import start, write_rig

from .plan_module import plan_module

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(("rates", "told"), [("115200", 1), ("9600,921600", 2)])
def test_a_real_rig_is_told_the_time_before_the_first_test(
    tmp_path: Path, rates: str, told: int
) -> None:
    rig = write_rig(tmp_path, "loop://")
    ended = start(
        tmp_path,
        *("run", "conformance/test_cwmode.py", "--rig", rig, "--baud", rates),
        *("--", "--collect-only"),
    )
    estimates = [line for line in ended.out.splitlines() if "tests of the conformance plan" in line]
    assert len(estimates) == told, ended.out
    counts = set()
    for rate, line in zip(rates.split(","), estimates, strict=True):
        assert line.startswith("about ")
        head, _, rest = line.partition(" tests of the conformance plan at ")
        assert rest == f"{rate} baud"
        counts.add(int(head.rpartition(" ")[2]))
    assert len(counts) == 1, "each rate runs the same tests"


def test_a_virtual_rig_is_told_nothing(tmp_path: Path) -> None:
    ended = start(tmp_path, "run", "conformance/test_cwmode.py", "--", "--collect-only")
    assert "tests of the conformance plan" not in ended.out


def test_tests_that_were_never_measured_count_as_the_average() -> None:
    durations = {"a": (1.0, 0), "b": (2.0, 1152)}  # 1152 bytes take 0.1 s at 115200 baud
    estimate = plan_module("estimate")
    assert estimate.estimate_s(["a", "b"], 115200, durations) == (pytest.approx(3.1), 0)
    assert estimate.estimate_s(["a", "new"], 115200, durations) == (pytest.approx(2.55), 1)
    assert estimate.estimate_s(["new"], 115200, {}) == (0.0, 1)


@pytest.mark.parametrize(
    ("total_s", "tests", "unknown", "text"),
    [
        (0.4175, 1, 0, "about 418 ms for 1 test of the conformance plan at 9600 baud"),
        (
            600.0,
            30,
            4,
            (
                "about 10 min for 30 tests of the conformance plan at 9600 baud; 4 of them were "
                "never measured and count as the average"
            ),
        ),
    ],
)
def test_the_estimate_is_told(total_s: float, tests: int, unknown: int, text: str) -> None:
    assert plan_module("estimate").describe_estimate(total_s, tests, unknown, 9600) == text
