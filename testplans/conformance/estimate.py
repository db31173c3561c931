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
        Seconds for those that are known, and how many are not.
    """
    total_s, unknown = 0.0, 0
    for name in names:
        if name not in durations:
            unknown += 1
            continue
        wait_s, count = durations[name]
        total_s += wait_s + count * BITS_PER_BYTE / baud
    return total_s, unknown


def describe_estimate(total_s: float, tests: int, unknown: int, baud: int) -> str:
    """The estimate for people."""
    shown = f"{total_s / 60:.0f} min" if total_s >= 120 else format_duration(seconds_to_ns(total_s))
    rest = f"; nothing is known of {unknown} of them" if unknown else ""
    return f"about {shown} for {tests} tests of the conformance plan at {baud} baud{rest}"


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
