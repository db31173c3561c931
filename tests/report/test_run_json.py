"""run.json while a run goes on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from hil.report.record import record_from_journal
from hil.report.run_json import RunJsonWriter, write_run_json

from .reports_of_tests import finished, passed_test, started

if TYPE_CHECKING:
    from pathlib import Path


class Stopwatch:
    """A clock on which each reading lasts a second."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        self.now_s += 1.0
        return self.now_s


def test_file_is_whole_after_every_record(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    writer = RunJsonWriter(path, stopwatch=iter(range(0, 10**9, 1000)).__next__)
    for event in [started(), *passed_test("t"), finished()]:
        writer.take(event)
        json.loads(path.read_text(encoding="utf-8"))


def test_writing_takes_a_small_part_of_a_long_run(tmp_path: Path) -> None:
    stopwatch = Stopwatch()
    writer = RunJsonWriter(tmp_path / "run.json", stopwatch=stopwatch)
    writes = 0

    def counted() -> None:
        nonlocal writes
        writes += 1
        RunJsonWriter.write(writer)

    writer.write = counted  # type: ignore[method-assign]
    for number in range(500):
        for event in passed_test(f"t{number}"):
            writer.take(event)
    # A write lasts one second of this stopwatch, so it rests for fifty.
    assert 500 * 3 / 55 <= writes <= 500 * 3 / 50 + 1


def test_quick_writes_are_a_second_apart(tmp_path: Path) -> None:
    times = iter((5.0, 5.0, 5.0, 5.9, 6.0, 6.0, 6.0))
    writer = RunJsonWriter(tmp_path / "run.json", stopwatch=times.__next__)
    writer.take(started())
    writer.take(finished())
    assert '"finished": null' in (tmp_path / "run.json").read_text("utf-8")
    writer.take(finished())
    assert '"finished": null' not in (tmp_path / "run.json").read_text("utf-8")


def test_each_test_has_a_line(tmp_path: Path) -> None:
    record = {"a": {}, "tests": [{"id": "one"}, {"id": "\u2028"}], "clauses": {"AT-01": "passed"}}
    write_run_json(tmp_path / "run.json", record)
    text = (tmp_path / "run.json").read_text("utf-8")
    assert json.loads(text) == record
    assert ' {"id": "one"},\n' in text
    assert ' "AT-01": "passed"\n' in text


def test_last_write_says_what_the_journal_says(tmp_path: Path) -> None:
    path, events = tmp_path / "run.json", [started(), *passed_test("t", "AT-01"), finished()]
    writer = RunJsonWriter(path)
    for event in events:
        writer.take(event)
    writer.write()
    assert json.loads(path.read_text(encoding="utf-8")) == record_from_journal(events)


def test_broken_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.json"
    write_run_json(path, {"is": "old"})

    def no_space(*_: object, **__: object) -> int:
        raise OSError("no space left")

    monkeypatch.setattr("pathlib.Path.write_text", no_space)
    with pytest.raises(OSError, match="no space left"):
        write_run_json(path, {"is": "new"})
    assert json.loads(path.read_bytes()) == {"is": "old"}
