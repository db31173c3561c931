"""How long this plan takes on a real module, told before it begins.

``durations.json`` has what each test took on the virtual rig, whose clock goes as the document and
the wire say: the time that passed while nothing was on the wire, and the bytes. At another rate the
bytes need another time. ``python -m tests.conformance.durations`` makes the file anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from hil.units import format_duration, seconds_to_ns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pytest

DURATIONS = Path(__file__).with_name("durations.json")
BITS_PER_BYTE = 10
"""Of a character 8N1."""

Durations = dict[str, tuple[float, int]]
"""By test, from the name of its file on: seconds of waiting, and bytes on the wire."""


def load_durations() -> Durations:
    """What each test took."""
    content: Mapping[str, list[float]] = json.loads(DURATIONS.read_text(encoding="utf-8"))
    return {name: (wait_s, int(count)) for name, (wait_s, count) in content.items()}


def estimate_s(names: Iterable[str], baud: int, durations: Durations) -> tuple[float, int]:
    """How long tests take one after the other.

    Args:
        names: The tests, from the names of their files on.
        baud: The rate of the module.
        durations: What each took.

    Returns:
        Seconds, and how many tests are not known; they count as the average of those that are.
    """
    took_s = {
        name: wait_s + count * BITS_PER_BYTE / baud for name, (wait_s, count) in durations.items()
    }
    average_s = sum(took_s.values()) / max(len(took_s), 1)
    total_s, unknown = 0.0, 0
    for name in names:
        unknown += name not in took_s
        total_s += took_s.get(name, average_s)
    return total_s, unknown


def describe_estimate(total_s: float, tests: int, unknown: int, baud: int) -> str:
    """The estimate for people."""
    shown = f"{total_s / 60:.0f} min" if total_s >= 120 else format_duration(seconds_to_ns(total_s))
    rest = f"; {unknown} of them were never measured and count as the average" if unknown else ""
    counted = f"{tests} test{'' if tests == 1 else 's'}"
    return f"about {shown} for {counted} of the conformance plan at {baud} baud{rest}"


def name_of(item: pytest.Item) -> str:
    """A test from the name of its file on, without the rate at which it is run."""
    name = item.nodeid.rpartition("/")[2]
    callspec = getattr(item, "callspec", None)
    rate = callspec.params.get("line_rate") if callspec is not None else None
    if rate is None:
        return name
    head, _, parameters = name.partition("[")
    others = [each for each in parameters.rstrip("]").split("-") if each != str(rate)]
    return f"{head}[{'-'.join(others)}]" if others else head
