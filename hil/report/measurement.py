"""A measured value with its name, its unit, its limits and what they say about it."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from hil.errors import MistakeError
from hil.report.outcome import MeasurementOutcome

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Measurement:
    """A value and its limits, which count as inside.

    Args:
        name: What was measured: ``wake-up delay``.
        value: The value; None if it was to be measured and was not.
        unit: The unit as printed: ``ms``, ``mA``, ``KB/s``.
        low: The least value that passes.
        high: The greatest value that passes.
        marginal_low: Below it a value that passes is marginal.
        marginal_high: Above it a value that passes is marginal.

    Raises:
        MistakeError: The limits are not in the order low, marginal low, marginal high, high.
    """

    name: str
    value: float | None
    unit: str
    low: float | None = None
    high: float | None = None
    marginal_low: float | None = None
    marginal_high: float | None = None

    def __post_init__(self) -> None:
        ladder = (self.low, self.marginal_low, self.marginal_high, self.high)
        limits = [each for each in ladder if each is not None]
        if any(math.isnan(each) for each in limits) or limits != sorted(limits):
            raise MistakeError(
                f"measurement {self.name!r}: limits must rise from low over marginal_low and "
                f"marginal_high to high, not {ladder}"
            )

    @property
    def outcome(self) -> MeasurementOutcome:
        """What the limits say about the value."""
        if self.value is None:
            return MeasurementOutcome.NOT_SET
        if math.isnan(self.value) or not _is_between(self.value, self.low, self.high):
            return MeasurementOutcome.FAILED
        if not _is_between(self.value, self.marginal_low, self.marginal_high):
            return MeasurementOutcome.MARGINAL
        return MeasurementOutcome.PASSED

    def describe(self) -> str:
        """One line for a person: ``wake-up delay = 1130 ms (limits 950 .. 1050 ms): failed``."""
        return (
            f"{self.name} = {self.format_value()} (limits {self.format_limits()}): {self.outcome}"
        )

    def format_value(self) -> str:
        """The value with its unit, or ``not set``."""
        return "not set" if self.value is None else f"{self.value:g} {self.unit}"

    def format_limits(self) -> str:
        """The limits for a person: ``950 .. 1050 ms``, ``up to 20 uA``, ``none``."""
        return _format_range(self.low, self.high, self.unit) or "none"

    def format_comfort(self) -> str:
        """The marginal limits for a person; empty if there are none."""
        return _format_range(self.marginal_low, self.marginal_high, self.unit)

    def to_json(self) -> dict[str, Any]:
        """The measurement as an object of the run record; NaN and infinity become null."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        plain = {
            key: None if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in values.items()
        }
        return {**plain, "outcome": str(self.outcome)}

    @classmethod
    def from_json(cls, table: Mapping[str, Any]) -> Measurement:
        """The measurement of an object of the run record.

        Raises:
            MistakeError: The limits are not in order.
        """
        return cls(**{field.name: table.get(field.name) for field in fields(cls)})  # type: ignore[arg-type]


def _is_between(value: float, low: float | None, high: float | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)


def _format_range(low: float | None, high: float | None, unit: str) -> str:
    if low is None and high is None:
        return ""
    if high is None:
        return f"from {low:g} {unit}"
    return f"up to {high:g} {unit}" if low is None else f"{low:g} .. {high:g} {unit}"
