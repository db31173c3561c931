"""The serial transcript in the page: whole lines, however the bytes came."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.report.html.transcript import joined_lines, transcript_table

MS = 1_000_000


def entry(text: str, at_ms: float = 0, direction: str = "received", **more: Any) -> dict[str, Any]:
    return {"rig_time_ns": int(at_ms * MS), "direction": direction, "text": text, "slot": 0, **more}


def texts(*entries: dict[str, Any]) -> list[str]:
    return [line["text"] for line in joined_lines(entries)]


@given(st.lists(st.integers(0, 30), max_size=12))
def test_lines_do_not_depend_on_the_pieces(cuts: list[int]) -> None:
    whole = "\r\nready\r\nA\rT\x0b\r\r\n\r\nOK\r\n> "
    edges = sorted({0, len(whole), *(cut for cut in cuts if cut < len(whole))})
    pieces = [whole[a:b] for a, b in itertools.pairwise(edges)]
    assert texts(*map(entry, pieces)) == ["ready", "A\rT\x0b", "OK", "> "]


def test_line_has_the_time_of_its_first_byte() -> None:
    lines = list(joined_lines([entry("O", 3), entry("K\r\n", 4), entry("> ", 5)]))
    assert [line["rig_time_ns"] / MS for line in lines] == [3, 5]


@pytest.mark.parametrize(
    "second",
    [
        entry("b", 1, direction="sent"),
        entry("b", 1, slot=1),
        entry("b", 60),
        entry("b", 1, hex="62"),
        entry("b", 1, direction="line"),
    ],
)
def test_line_ends_with_another_direction_module_pause_or_binary(second: dict[str, Any]) -> None:
    assert texts(entry("a"), second) == ["a", "b"]


def test_columns_appear_where_they_say_something() -> None:
    plain = transcript_table([entry("OK")], 0)
    assert plain is not None
    assert "Hex" not in plain
    assert "Module" not in plain
    rich = transcript_table([entry("OK"), entry("\x00", slot=1, hex="00")], 0)
    assert rich is not None
    assert "Hex" in rich
    assert "Module" in rich


def test_nothing_makes_no_table() -> None:
    assert transcript_table([], 0) is None
    assert transcript_table([entry("\r\n")], 0) is None


def test_long_transcript_is_folded() -> None:
    long = transcript_table([entry(f"{n}\r\n") for n in range(61)], 0)
    assert long is not None
    assert long.startswith('<details class="part"><summary>Serial transcript, 61 lines')
