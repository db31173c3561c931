"""How the firmware takes the arguments of a set form apart: strict, with escapes (A-02, A-25)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.virtual.firmware.argument import Argument, parse_arguments

texts = st.binary(max_size=64) | st.text('abc,"\\/; ', max_size=12).map(str.encode)
lists = st.lists(st.none() | st.integers(0, 10**12) | texts, min_size=1, max_size=6)


def written(argument: Argument, *, escapes_all: bool) -> bytes:
    """An argument as a host sends it."""
    if argument is None:
        return b""
    if isinstance(argument, int):
        return b"%d" % argument
    special = bytes(range(256)) if escapes_all else b'"\\,'
    return b'"' + b"".join(b"\\" * (byte in special) + bytes((byte,)) for byte in argument) + b'"'


@pytest.mark.parametrize(
    ("arguments", "parsed"),
    [
        (b"1", (1,)),
        (b"007", (7,)),
        (b'"abc"', (b"abc",)),
        (b'"abc","0123456789"', (b"abc", b"0123456789")),
        (
            b'"abc","0123456789","ca:d7:19:d8:a6:44"',
            (b"abc", b"0123456789", b"ca:d7:19:d8:a6:44"),
        ),
        (b'"ab\\\\\\,c","0123456789\\"\\\\"', (b"ab\\,c", b'0123456789"\\')),
        (b'"ESP756290","21030826",1,4', (b"ESP756290", b"21030826", 1, 4)),
        (b'"wifi",,6', (b"wifi", None, 6)),
        (b"", (None,)),
        (b",", (None, None)),
        (b'"a",', (b"a", None)),
        (b'""', (b"",)),
        (b'"a,b"', (b"a,b",)),
        (b'"a/b"', (b"a/b",)),
        (b'"\\a\\/"', (b"a/",)),
        (b'"\xff\x00"', (b"\xff\x00",)),
        (b'"a\\\n"', (b"a\n",)),
    ],
)
def test_well_formed_arguments(arguments: bytes, parsed: tuple[Argument, ...]) -> None:
    assert parse_arguments(arguments) == parsed


@pytest.mark.parametrize(
    "arguments",
    [
        b"abc",
        b"-1",
        b"+1",
        b"1.5",
        b"0x1",
        b" 1",
        b"1 ",
        b'"a", "b"',
        b'"a" ,"b"',
        b'"a',
        b'a"',
        b'"',
        b'"a"b"',
        b'"a""b"',
        b'"a"1',
        b'1"a"',
        b'"a\\"',
        b'"a"\\',
        b"\\",
        b"'a'",
        b'"ab///,c","0123456789"/""',
        b'"ab///,c","0123456789"/"///"',
        b"\xb2",
        b"\xd9\xa1",
    ],
)
def test_malformed_arguments(arguments: bytes) -> None:
    assert parse_arguments(arguments) is None


@given(lists, st.booleans())
def test_what_a_host_writes_is_read_back(arguments: list[Argument], escapes_all: bool) -> None:
    line = b",".join(written(each, escapes_all=escapes_all) for each in arguments)
    assert parse_arguments(line) == tuple(arguments)


@given(st.text('01,"\\a ', max_size=20).map(str.encode) | st.binary(max_size=40))
def test_no_list_is_read_in_two_ways(line: bytes) -> None:
    parsed = parse_arguments(line)
    if parsed is not None:
        again = b",".join(written(each, escapes_all=False) for each in parsed)
        assert parse_arguments(again) == parsed
        assert len(parsed) <= line.count(b",") + 1
