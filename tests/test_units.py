"""Spellings of sizes, times and addresses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.units import (
    KIB,
    MIB,
    NS_PER_S,
    format_duration,
    format_offset,
    format_size,
    ns_to_seconds,
    parse_size,
    seconds_to_ns,
)


@pytest.mark.parametrize(
    ("seconds", "expected_ns"),
    [
        (0, 0),
        (1, NS_PER_S),
        (0.1, 100_000_000),
        (1e-9, 1),
        (0.6e-9, 1),
        (0.4e-9, 0),
        (-1.5, -1.5e9),
    ],
)
def test_seconds_are_rounded_to_whole_nanoseconds(seconds: float, expected_ns: int) -> None:
    assert seconds_to_ns(seconds) == expected_ns


@given(st.integers(0, 10**15))
def test_ten_days_keep_their_nanoseconds_both_ways(duration_ns: int) -> None:
    assert seconds_to_ns(ns_to_seconds(duration_ns)) == duration_ns


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [
        ("4096", 4096),
        ("397 B", 397),
        ("512KB", 512 * KIB),
        ("512kb", 512 * KIB),
        ("512 KiB", 512 * KIB),
        ("4K", 4 * KIB),
        ("1MB", MIB),
        ("1 MiB", MIB),
        ("16m", 16 * MIB),
        (" 1MB ", MIB),
        ("0", 0),
    ],
)
def test_sizes_as_the_field_writes_them(text: str, size_bytes: int) -> None:
    assert parse_size(text) == size_bytes


@pytest.mark.parametrize("text", ["", "MB", "1.5MB", "-1", "1GB", "1 M B", "0x1000"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a memory size") as caught:
        parse_size(text)
    assert str(caught.value) == (
        f"not a memory size: {text!r} (expected for example 512KB, 1MB or 4096)"
    )


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (0, "0 B"),
        (397, "397 B"),
        (KIB, "1KB"),
        (KIB + 1, "1025 B"),
        (512 * KIB, "512KB"),
        (MIB, "1MB"),
        (1536 * KIB, "1536KB"),
        (16 * MIB, "16MB"),
    ],
)
def test_a_size_is_written_in_the_largest_unit_that_divides_it(size_bytes: int, text: str) -> None:
    assert format_size(size_bytes) == text


@given(st.integers(0, 64 * MIB))
def test_a_written_size_can_be_read(size_bytes: int) -> None:
    assert parse_size(format_size(size_bytes)) == size_bytes


@pytest.mark.parametrize(
    ("duration_ns", "text"),
    [
        (0, "0 ns"),
        (999, "999 ns"),
        (1_000, "1 us"),
        (86_806, "86.8 us"),
        (1_500_000, "1.5 ms"),
        (123_456_789, "123 ms"),
        (1_250_000_000, "1.25 s"),
        (59_940_000_000, "59.9 s"),
        (-1_500_000, "-1.5 ms"),
    ],
)
def test_a_time_has_three_digits_and_a_fitting_unit(duration_ns: int, text: str) -> None:
    assert format_duration(duration_ns) == text


@pytest.mark.parametrize(
    ("offset", "text"),
    [(0, "0x00000"), (0x1000, "0x01000"), (0xFE000, "0xFE000"), (MIB, "0x100000")],
)
def test_an_address_has_five_digits_or_more(offset: int, text: str) -> None:
    assert format_offset(offset) == text
