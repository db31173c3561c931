"""Times and labelled facts as the page words them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from hil.report.html.markup import Html, element
from hil.units import NS_PER_S, format_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def labelled(facts: Iterable[tuple[str, object]]) -> list[Html]:
    """Facts with their labels, side by side; those that are None are left out."""
    return [
        element("span", element("span", label, class_="dim"), " ", value, class_="fact")
        for label, value in facts
        if value is not None
    ]


def format_seconds(duration_s: float) -> str:
    """A duration in seconds with the unit that suits it."""
    return format_duration(round(duration_s * NS_PER_S))


def format_moment(text: str | None) -> str:
    """A wall-clock time of the journal for a person."""
    if not text:
        return "unknown time"
    return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M:%S %Z")


def module_name(slot: object) -> str:
    """The name of the module in a slot."""
    if slot is None:
        return "Module"
    return f"Module in slot {slot}" if isinstance(slot, int) else str(slot)


def boot_facts(log: Mapping[str, Any]) -> list[tuple[str, object]]:
    """What a boot log says of the start, with labels."""
    boot_mode, baud = log.get("boot_mode"), log.get("baud")
    if isinstance(boot_mode, (list, tuple)):
        boot_mode = f"({','.join(map(str, boot_mode))})"
    return [
        ("reset cause", log.get("reset_cause")),
        ("boot mode", boot_mode or None),
        ("at", f"{baud} baud" if baud else None),
    ]
