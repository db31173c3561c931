"""Whole lines of a transcript, however the bytes came."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.report.line import joined_lines

MS = 1_000_000
TALK = "\r\nready\r\nA\rT\x0b\r\r\n\r\nOK\r\n> "
NOISE = b"\r\nOK\r\nrl\x00l\x9c\n\x9e|\r\nready\r\n"


def entry(text: str, at_ms: float = 0, direction: str = "received", **more: Any) -> dict[str, Any]:
    return {"rig_time_ns": int(at_ms * MS), "direction": direction, "text": text, "slot": 0, **more}


def binary(data: bytes, at_ms: float = 0, **more: Any) -> dict[str, Any]:
    return entry(data.decode("ascii", "backslashreplace"), at_ms, hex=data.hex(" "), **more)


def texts(*entries: dict[str, Any]) -> list[str]:
    return [line.text for line in joined_lines(entries)]


def pieces_of(whole: Any, cuts: list[int]) -> list[Any]:
    edges = sorted({0, len(whole), *(cut for cut in cuts if cut < len(whole))})
    return [whole[a:b] for a, b in itertools.pairwise(edges)]


@given(st.lists(st.integers(0, 30), max_size=12))
def test_lines_do_not_depend_on_the_pieces(cuts: list[int]) -> None:
    shown = ["ready", "A\rT\x0b", "OK", "> "]
    assert texts(*map(entry, pieces_of(TALK, cuts))) == shown


@given(st.lists(st.integers(0, 30), max_size=12))
def test_bytes_that_are_no_text_do_not_depend_on_the_pieces(cuts: list[int]) -> None:
    pieces = [
        entry(piece.decode()) if piece.isascii() and b"\x00" not in piece else binary(piece)
        for piece in pieces_of(NOISE, cuts)
    ]
    lines = [(line.text, line.data) for line in joined_lines(pieces)]
    assert lines == [("OK", b""), ("", b"rl\x00l\x9c\n\x9e|\r\n"), ("ready", b"")]


def test_line_has_the_time_of_its_first_byte() -> None:
    lines = [*joined_lines([entry("O", 3), entry("K\r\n", 4), entry("> ", 5)])]
    assert [line.time_ns for line in lines] == [3 * MS, 5 * MS]
    lines = [*joined_lines([binary(b"a\x00", 3), entry("K\r\n", 4), entry("OK\r\n", 5)])]
    assert [line.time_ns for line in lines] == [3 * MS, 5 * MS]


@pytest.mark.parametrize(
    "second",
    [
        entry("b", 1, direction="sent"),
        entry("b", 1, slot=1),
        entry("b", 60),
        entry("b", 1, direction="line"),
    ],
)
def test_line_ends_with_another_direction_module_or_pause(second: dict[str, Any]) -> None:
    assert texts(entry("a"), second) == ["a", "b"]


def test_text_beside_bytes_that_are_none_stays_text() -> None:
    lines = [*joined_lines([binary(b"AT+CIPSEND=3\r\nOK\r\n> \x01\x02\x03\r\nSEND OK\r\n")])]
    assert [line.text for line in lines] == ["AT+CIPSEND=3", "OK", "", "SEND OK"]
    assert lines[2].data == b"> \x01\x02\x03\r\n"


def test_nothing_but_line_ends_is_no_line() -> None:
    assert texts(entry("\r\n"), entry("\n")) == []


def test_entry_without_a_time_is_a_line() -> None:
    (line,) = joined_lines([{"direction": "sent", "text": "AT\r\n"}])
    assert line.time_ns is None
