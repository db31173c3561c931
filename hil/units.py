"""Factors and spellings of the units that the whole toolkit shares.

Cores count time in integer nanoseconds and memory in integer bytes; everything a person types or
reads goes through the functions here.
"""

from __future__ import annotations

import re

NS_PER_US = 1_000
NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000

KIB = 1024
MIB = 1024 * 1024

_SIZE = re.compile(r"(\d+)\s*(B|KB|KIB|K|MB|MIB|M)?", re.IGNORECASE)
_SIZE_FACTOR = {"B": 1, "K": KIB, "KB": KIB, "KIB": KIB, "M": MIB, "MB": MIB, "MIB": MIB}


def seconds_to_ns(seconds: float) -> int:
    """Whole nanoseconds of a time in seconds, rounded to the nearest."""
    return round(seconds * NS_PER_S)


def ns_to_seconds(duration_ns: int) -> float:
    """Seconds of a time in nanoseconds."""
    return duration_ns / NS_PER_S


def parse_size(text: str) -> int:
    """Bytes of a memory size as the field writes it: ``512KB``, ``1MB``, ``4096`` (K = 1024).

    Raises:
        ValueError: The text is not a size.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"not a memory size: {text!r} (expected for example 512KB, 1MB or 4096)")
    return int(match[1]) * _SIZE_FACTOR[(match[2] or "B").upper()]


def format_size(size_bytes: int) -> str:
    """A memory size as the field writes it: ``1MB``, ``512KB``, ``397 B``."""
    if size_bytes and size_bytes % MIB == 0:
        return f"{size_bytes // MIB}MB"
    if size_bytes and size_bytes % KIB == 0:
        return f"{size_bytes // KIB}KB"
    return f"{size_bytes} B"


def format_duration(duration_ns: int) -> str:
    """A time with three significant digits and the unit that suits it: ``86.8 us``, ``1.25 s``."""
    for factor, unit in ((NS_PER_S, "s"), (NS_PER_MS, "ms"), (NS_PER_US, "us")):
        if abs(duration_ns) >= 0.9995 * factor:
            value = duration_ns / factor
            return f"{value:.0f} {unit}" if abs(value) >= 99.95 else f"{value:.3g} {unit}"
    return f"{duration_ns} ns"


def format_offset(offset: int) -> str:
    """A flash address as the document prints it: ``0x01000``, at least five digits."""
    return f"0x{offset:05X}"
