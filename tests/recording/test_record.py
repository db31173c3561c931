"""Records are read again, and what is no record says so."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.errors import RecordFileError
from hil.ports.byte_port import Direction, Parity, PortFormat
from hil.ports.control_lines import Line
from hil.recording.entry import (
    Closed,
    Content,
    Entry,
    FormatSet,
    InputDiscarded,
    LinesSet,
    LoaderEntered,
    LoaderLeft,
    Noted,
    SectionBegun,
    SectionEnded,
    Transfer,
    format_content,
    parse_content,
)
from hil.recording.record import load_header, load_record

from .record_of_tests import HEADER

if TYPE_CHECKING:
    from pathlib import Path

DAMAGED = "The file is damaged: take another copy, or record the session again"


def write(folder: Path, *lines: str, end: str = "\n") -> Path:
    path = folder / "night.hilrec"
    path.write_text("\n".join([json.dumps(HEADER.to_json()), *lines]) + end, "utf-8")
    return path


def text_of(path: Path) -> str:
    with pytest.raises(RecordFileError) as caught:
        load_record(path)
    return str(caught.value)


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        '{"after_ns": 5, "tx": "AT\\r\\n"}',
        '{"after_ns": 7, "rx_hex": "00ff"}',
        '{"after_ns": 0, "record": "closed"}',
    )
    record = load_record(path)
    assert record.header == HEADER == load_header(path)
    assert record.entries == (
        Entry(2, 5, 0, Transfer(Direction.SENT, (b"AT\r\n",))),
        Entry(3, 12, 0, Transfer(Direction.RECEIVED, (b"\x00\xff",))),
        Entry(4, 12, None, Closed()),
    )
    assert not record.is_cut_off
    assert record.sections == []


pieces = st.lists(st.binary(min_size=1) | st.integers(1, 9), min_size=1).map(
    lambda each: tuple(
        piece
        for index, piece in enumerate(each)
        if isinstance(piece, int) or index == 0 or isinstance(each[index - 1], int)
    )
)
formats = st.builds(
    PortFormat,
    st.integers(1, 4_608_000),
    st.integers(5, 8),
    st.sampled_from(Parity),
    st.sampled_from([1.0, 1.5, 2.0]),
    st.booleans(),
)
contents: st.SearchStrategy[Content] = st.one_of(
    st.builds(Transfer, st.sampled_from(Direction), pieces),
    st.builds(FormatSet, formats),
    st.builds(LinesSet, st.dictionaries(st.sampled_from(Line), st.booleans(), min_size=1)),
    st.builds(Noted, st.text()),
    st.builds(
        SectionBegun,
        st.text(),
        st.lists(st.integers(0, 999)).map(tuple),
        st.booleans(),
        st.dictionaries(st.integers(0, 999), formats),
    ),
    st.builds(SectionEnded, st.text()),
    st.sampled_from([InputDiscarded(), LoaderEntered(), LoaderLeft(), Closed()]),
)


@given(contents)
def test_whatever_happens_is_read_as_it_was_written(content: Content) -> None:
    assert parse_content(json.loads(json.dumps(format_content(content)))) == content


def test_a_run_that_was_killed_leaves_a_record_up_to_there(tmp_path: Path) -> None:
    whole_lines = write(tmp_path, '{"after_ns": 5, "tx": "AT"}')
    assert load_record(whole_lines).is_cut_off
    cut = write(tmp_path, '{"after_ns": 5, "tx": "AT"}', '{"after_ns": 7, "rx', end="")
    record = load_record(cut)
    assert record.is_cut_off
    assert len(record.entries) == 1


def test_a_record_of_nothing_is_one(tmp_path: Path) -> None:
    path = tmp_path / "night.hilrec"
    path.write_text(json.dumps(HEADER.to_json()), "utf-8")
    assert load_record(path).entries == ()
    assert load_record(path).is_cut_off


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "nosuch.hilrec"
    assert text_of(path) == (
        f"{path}: expected a record of a session, found no such file. Check the path"
    )


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "nothing"),
        (b"\x7fELF\x02\x01", "'\\x7fELF\\\\x02\\x01'"),
        (b'{"version": 1}\n', "'{\"version\": 1}'"),
        (b"[rig]\nname = 1\n", "'[rig]'"),
        (b"x" * 100, repr("x" * 60 + "...")),
    ],
)
def test_a_foreign_file_is_told(tmp_path: Path, content: bytes, found: str) -> None:
    path = tmp_path / "night.hilrec"
    path.write_bytes(content)
    assert text_of(path).startswith(
        f"{path}: expected a record of a session, whose first line begins with "
        '{"hil_record":, found '
    )


def test_another_version_is_told(tmp_path: Path) -> None:
    path = tmp_path / "night.hilrec"
    path.write_text('{"hil_record": 2, "hil": "3.1"}\n', "utf-8")
    assert text_of(path) == (
        f"{path}: line 1: expected version 1 of the format, found version 2. Replay it with the "
        "toolkit that recorded it (3.1), or record the session again"
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"rig": None, "modules": []},
        {"modules": [{"slot": 0}]},
        {"firmware": []},
        {"modules": [HEADER.to_json()["modules"][0] | {"lines": ["brake"]}]},
    ],
)
def test_a_first_line_that_lacks_something_is_told(tmp_path: Path, changed: dict[str, Any]) -> None:
    path = tmp_path / "night.hilrec"
    path.write_text(json.dumps(HEADER.to_json() | changed) + "\n", "utf-8")
    text = text_of(path)
    assert text.startswith(
        f"{path}: line 1: expected rig, clock, virtual, rig_time_ns, time, hil, firmware and "
        "modules, found "
    )
    assert text.endswith(DAMAGED)


@pytest.mark.parametrize(
    ("line", "allowed", "found"),
    [
        ("what", "a JSON object", "'what'"),
        ("[1]", "a JSON object", "'[1]'"),
        ("", "a JSON object", "nothing"),
        ('{"tx": "A"}', "after_ns as a whole number from 0", "None"),
        ('{"after_ns": -1, "tx": "A"}', "after_ns as a whole number from 0", "-1"),
        ('{"after_ns": 0, "slot": 4, "tx": "A"}', "a slot that the first line names", "4"),
        (
            '{"after_ns": 0, "brake": true}',
            (
                "one of tx, rx, tx_hex, rx_hex, format, lines, input, note, loader, section, end, "
                "record"
            ),
            "brake",
        ),
        ('{"after_ns": 0, "tx": ""}', "a text of characters up to U+00FF", ""),
        ('{"after_ns": 0, "tx": "\\u20ac"}', "a text of characters up to U+00FF", "\u20ac"),
        ('{"after_ns": 0, "rx_hex": "0g"}', "pairs of hexadecimal digits", "0g"),
        (
            '{"after_ns": 0, "tx": "***", "masked": [[1, 1]]}',
            "'***' at each place in masked, in order",
            "[1, 1]",
        ),
        (
            '{"after_ns": 0, "tx": "****", "masked": [[0, 1], [1, 2]]}',
            "'***' at each place in masked, in order",
            "[1, 2]",
        ),
        (
            '{"after_ns": 0, "tx": "***", "masked": [0]}',
            "masked as a list of [offset, number]",
            "[0]",
        ),
        ('{"after_ns": 0, "format": "fast"}', "a line format like '115200 8N1'", "fast"),
        (
            '{"after_ns": 0, "lines": {"brake": true}}',
            "true or false for some of reset, strap, power, wake-link",
            "{'brake': True}",
        ),
        ('{"after_ns": 0, "loader": "gone"}', "loader as 'entered' or 'left'", "gone"),
        ('{"after_ns": 0, "note": 5}', "note as a text", "5"),
        ('{"after_ns": 0, "section": "t"}', "running as a list of slots", "None"),
    ],
)
def test_a_damaged_line_is_told(tmp_path: Path, line: str, allowed: str, found: str) -> None:
    path = write(tmp_path, '{"after_ns": 0, "tx": "A"}', line)
    assert text_of(path) == f"{path}: line 3: expected {allowed}, found {found}. {DAMAGED}"


def test_a_slot_that_is_not_on_record_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecordFileError) as caught:
        load_record(write(tmp_path)).module(7)
    assert str(caught.value).endswith(
        "night.hilrec: expected a slot out of 0, which are on record, found 7"
    )


def test_the_first_module_is_meant_without_a_slot(tmp_path: Path) -> None:
    record = load_record(write(tmp_path))
    assert record.module() == record.module(0) == HEADER.modules[0]
    assert replace(HEADER, firmware={}).has_synthesized_firmware is False
