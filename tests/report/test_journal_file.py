"""The journal as a file: appended, flushed, read back, also when torn."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from hil.errors import RunRecordError
from hil.report.journal import Journal, read_journal, wall_time

if TYPE_CHECKING:
    from pathlib import Path

    from hil.report.journal import Event


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def test_wall_time_has_a_zone() -> None:
    assert datetime.fromisoformat(wall_time()).tzinfo is not None


def test_records_are_on_disk_at_once_with_both_clocks(path: Path) -> None:
    with Journal(path) as journal:
        journal.append("rig", rig_time_ns=17, rig={"name": "bench1"})
        header, line = path.read_text().splitlines()
    assert json.loads(header)["version"] == 1
    event = json.loads(line)
    assert (event["record"], event["rig_time_ns"], event["rig"]["name"]) == ("rig", 17, "bench1")
    assert datetime.fromisoformat(event["time"]).tzinfo is not None


def test_followers_get_every_record(path: Path) -> None:
    seen: list[Event] = []
    with Journal(path, followers=[seen.append]) as journal:
        journal.append("flash", flash={})
    assert [each["record"] for each in seen] == ["journal", "flash"]


def test_journal_that_exists_is_continued(path: Path) -> None:
    for name in ("one", "two"):
        with Journal(path) as journal:
            journal.append(name)
    assert [each["record"] for each in read_journal(path)] == ["one", "two"]


def test_torn_last_line_is_left_out_wherever_it_was_torn(path: Path) -> None:
    with Journal(path) as journal:
        journal.append("one", text="grün")
        journal.append("two", text="x" * 50)
    whole = path.read_bytes()
    start_of_last = whole.rindex(b"\n", 0, -1) + 1
    for end in range(start_of_last, len(whole)):
        path.write_bytes(whole[:end])
        assert [each["record"] for each in read_journal(path)] == ["one"]


def test_text_that_is_not_unicode_can_be_written(path: Path) -> None:
    with Journal(path) as journal:
        journal.append("one", text="\udcff\x00")
    assert next(read_journal(path))["text"] == "\udcff\x00"


def test_damage_in_the_middle_is_told(path: Path) -> None:
    with Journal(path) as journal:
        journal.append("one")
    path.write_bytes(path.read_bytes() + b"{oops\n{}\n")
    with pytest.raises(RunRecordError, match=r"journal\.jsonl, line 3: not a JSON object"):
        list(read_journal(path))


def test_missing_journal_is_told(path: Path) -> None:
    with pytest.raises(RunRecordError) as caught:
        list(read_journal(path))
    assert str(caught.value) == (
        f"cannot read the journal {path}: No such file or directory. "
        "A run folder is one that holds a journal.jsonl"
    )


def test_journal_of_another_version_is_refused(path: Path) -> None:
    path.write_text('{"record": "journal", "version": 99}\n')
    with pytest.raises(RunRecordError) as caught:
        list(read_journal(path))
    assert str(caught.value) == (
        f"{path}: expected a journal of version 1, found 'journal' of version 99"
    )
