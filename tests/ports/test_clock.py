"""The clock of a real rig, and deadlines on any clock."""

from __future__ import annotations

import time

import pytest

from hil.ports.clock import SystemClock, deadline_ns


class StoppedClock:
    def now_ns(self) -> int:
        return 1_000

    def sleep(self, duration_s: float) -> None:
        raise AssertionError(f"slept for {duration_s} s")


def test_the_clock_of_a_real_rig_is_the_monotonic_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic_ns", lambda: 42)
    assert SystemClock().now_ns() == 42


def test_it_sleeps_in_real_time(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    SystemClock().sleep(0.25)
    assert slept == [0.25]


def test_it_refuses_to_sleep_backwards() -> None:
    with pytest.raises(ValueError, match=r"^sleep length must be non-negative$"):
        SystemClock().sleep(-0.001)


@pytest.mark.parametrize(
    ("timeout_s", "expected_ns"), [(0, 1_000), (1.5, 1_500_001_000), (1e-9, 1_001)]
)
def test_a_deadline_lies_ahead_of_now(timeout_s: float, expected_ns: int) -> None:
    assert deadline_ns(StoppedClock(), timeout_s) == expected_ns
