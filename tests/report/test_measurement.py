"""Measured values and their limits."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.errors import MistakeError
from hil.report.measurement import Measurement
from hil.report.outcome import MeasurementOutcome

LIMITED = {"low": 10.0, "marginal_low": 12.0, "marginal_high": 18.0, "high": 20.0}


@pytest.mark.parametrize(
    ("value", "outcome"),
    [
        (9.99, "failed"),
        (10.0, "marginal"),
        (11.99, "marginal"),
        (12.0, "passed"),
        (18.0, "passed"),
        (18.01, "marginal"),
        (20.0, "marginal"),
        (20.01, "failed"),
        (math.nan, "failed"),
        (math.inf, "failed"),
        (None, "not set"),
    ],
)
def test_limits_count_as_inside(value: float | None, outcome: str) -> None:
    assert Measurement("m", value, "ms", **LIMITED).outcome == outcome


def test_value_without_limits_passes() -> None:
    assert Measurement("m", -1e9, "ms").outcome is MeasurementOutcome.PASSED


@pytest.mark.parametrize(
    ("measurement", "text"),
    [
        (
            Measurement("wake-up delay", 1130, "ms", 950, 1050),
            "wake-up delay = 1130 ms (limits 950 .. 1050 ms): failed",
        ),
        (
            Measurement("sleep current", 18.5, "uA", high=20),
            "sleep current = 18.5 uA (limits up to 20 uA): passed",
        ),
        (
            Measurement("rate", None, "KB/s", low=60),
            "rate = not set (limits from 60 KB/s): not set",
        ),
        (Measurement("rate", 61, "KB/s"), "rate = 61 KB/s (limits none): passed"),
    ],
)
def test_measurement_describes_itself(measurement: Measurement, text: str) -> None:
    assert measurement.describe() == text


def test_limits_out_of_order_are_refused() -> None:
    with pytest.raises(MistakeError) as caught:
        Measurement("m", 1, "ms", low=2, high=1)
    assert str(caught.value) == (
        "measurement 'm': limits must rise from low over marginal_low and marginal_high to high, "
        "not (2, None, None, 1)"
    )


@given(st.none() | st.floats(allow_nan=False, allow_infinity=False))
def test_json_and_back_is_the_same(value: float | None) -> None:
    measurement = Measurement("m", value, "ms", **LIMITED)
    assert Measurement.from_json(measurement.to_json()) == measurement


def test_json_has_no_nan_but_keeps_the_outcome() -> None:
    table = Measurement("m", math.nan, "ms").to_json()
    assert table["value"] is None
    assert table["outcome"] == "failed"
