from __future__ import annotations

import pytest

from hil.at import format_string
from hil.at.command import (
    CWMODE,
    Variant,
    format_execute,
    format_query,
    format_set,
    format_test,
)


def test_the_four_forms() -> None:
    assert format_test("CWMODE") == b"AT+CWMODE=?"
    assert format_query("CWMODE") == b"AT+CWMODE?"
    assert format_set("CWMODE", CWMODE, 1) == b"AT+CWMODE=1"
    assert format_execute("GMR") == b"AT+GMR"


@pytest.mark.parametrize(
    ("text", "argument"),
    [
        ("abc", b'"abc"'),
        ("", b'""'),
        ("ab\\,c", b'"ab\\\\\\,c"'),
        ('0123456789"\\', b'"0123456789\\"\\\\"'),
        ("a/b", b'"a/b"'),
        ("Café", b'"Caf\xc3\xa9"'),
        (b"\xff\x00", b'"\xff\x00"'),
    ],
)
def test_string_is_quoted_and_escaped(text: str | bytes, argument: bytes) -> None:
    assert format_string(text) == argument


def test_only_the_variant_for_the_present_is_not_saved() -> None:
    assert [variant.is_saved for variant in Variant] == [True, False, True]
