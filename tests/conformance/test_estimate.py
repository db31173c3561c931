"""What is said before a run on a real module about how long it takes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.cli.program import start, write_rig

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
    for rate, line in zip(rates.split(","), estimates, strict=True):
        assert re.fullmatch(rf"about .* for \d+ tests of the conformance plan at {rate} baud", line)


def test_a_virtual_rig_is_told_nothing(tmp_path: Path) -> None:
    ended = start(tmp_path, "run", "conformance/test_cwmode.py", "--", "--collect-only")
    assert "tests of the conformance plan" not in ended.out
