from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.virtual.firmware.line import Line, LineReader

NO_COMMAND = Line(None)


def lines_of(data: bytes, buffer_bytes: int = 256) -> list[Line]:
    return list(LineReader(buffer_bytes).take(data))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b"AT\r\n", Line(b"", is_pure=True), id="head alone"),
        pytest.param(b"AT+GMR\r\n", Line(b"+GMR", is_pure=True), id="command"),
        pytest.param(b"at+GMR\r\n", Line(b"+GMR"), id="small head"),
        pytest.param(b"aT+GMR\r\n", NO_COMMAND, id="mixed head"),
        pytest.param(b"\xff\x00xAT+GMR\r\n", Line(b"+GMR"), id="noise before the head"),
        pytest.param(b"AAT+GMR\r\n", Line(b"+GMR"), id="head overlaps the noise"),
        pytest.param(b"AT+GMR\rnoise\r\n", Line(b"+GMR"), id="text behind the first CR"),
        pytest.param(b"AT+GMR\r\r\n", Line(b"+GMR"), id="second CR"),
        pytest.param(b"AT+GMR\n", NO_COMMAND, id="LF alone"),
        pytest.param(b"\r\n", NO_COMMAND, id="empty line"),
        pytest.param(b"\n", NO_COMMAND, id="empty line of LF"),
        pytest.param(b"hello\r\n", NO_COMMAND, id="no head"),
    ],
)
def test_a_line_is_read_the_same_in_any_chunks(data: bytes, expected: Line) -> None:
    assert lines_of(data) == [expected]
    reader = LineReader(256)
    assert [line for byte in data for line in reader.take(bytes((byte,)))] == [expected]
    assert lines_of(data + b"AT\r\n") == [expected, Line(b"", is_pure=True)]


def test_cr_alone_ends_no_line() -> None:
    reader = LineReader(256)
    assert list(reader.take(b"AT\r")) == []
    assert list(reader.take(b"\n")) == [Line(b"", is_pure=True)]


@pytest.mark.parametrize("buffer_bytes", [128, 256])
def test_the_longest_line_fills_the_buffer_with_its_end(buffer_bytes: int) -> None:
    text = b"+" + b"x" * (buffer_bytes - 3)
    assert lines_of(b"AT" + text + b"\r\n", buffer_bytes) == [Line(text, is_pure=True)]


@pytest.mark.parametrize("buffer_bytes", [128, 256])
def test_a_line_that_is_longer_is_dropped_until_its_lf(buffer_bytes: int) -> None:
    text = b"+" + b"x" * (buffer_bytes - 2)
    assert lines_of(b"AT" + text + b"\r\n", buffer_bytes) == [NO_COMMAND]


def test_a_head_is_looked_for_behind_a_dropped_line() -> None:
    assert lines_of(b"AT" + b"x" * 300 + b"AT+GMR\r\n") == [Line(b"+GMR")]


def test_reset_forgets_the_line_begun() -> None:
    reader = LineReader(256)
    assert list(reader.take(b"AT+G")) == []
    reader.reset()
    assert list(reader.take(b"MR\r\n")) == [NO_COMMAND]


@given(st.lists(st.binary(max_size=20), max_size=20))
def test_chunks_do_not_matter_and_each_lf_ends_one_line(chunks: list[bytes]) -> None:
    data = b"".join(chunks)
    reader = LineReader(16)
    lines = [line for chunk in chunks for line in reader.take(chunk)]
    assert lines == lines_of(data, 16)
    assert len(lines) == data.count(b"\n")
