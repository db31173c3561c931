"""``run.json``: the run record as a file that is whole at every moment."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

from hil.report.record import RecordBuilder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from hil.report.journal import Event

RUN_JSON_NAME = "run.json"
_REST_PER_WRITE = 50
_SHORTEST_REST_S = 1.0


class RunJsonWriter:
    """Keeps ``run.json`` beside a journal that grows.

    Give its `take` to the journal as a follower. The whole file is written anew each time, so
    the next write waits for a second, and until 50 times the last one's duration is over: however
    long the run, writing takes less than a fiftieth of it.

    Args:
        path: The file.
        stopwatch: Seconds that only rise.
    """

    def __init__(self, path: Path, stopwatch: Callable[[], float] = time.perf_counter) -> None:
        self._path = path
        self._builder = RecordBuilder()
        self._stopwatch = stopwatch
        self._not_before = float("-inf")

    def take(self, event: Event) -> None:
        """Add a record of the journal, and write the file if it is time."""
        self._builder.take(event)
        if self._stopwatch() >= self._not_before:
            self.write()

    def record(self) -> dict[str, Any]:
        """The run record so far."""
        return self._builder.record()

    def write(self) -> None:
        """Write the file now.

        Effects: replaces the file in one step; a reader sees the old one or the new one.
        """
        begun = self._stopwatch()
        write_run_json(self._path, self.record())
        ended = self._stopwatch()
        self._not_before = ended + max(_SHORTEST_REST_S, _REST_PER_WRITE * (ended - begun))


def write_run_json(path: Path, record: Mapping[str, Any]) -> None:
    """Write a run record, replacing the file in one step."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    items = ",\n".join(f"{_json(name)}: {_lines(value)}" for name, value in record.items())
    text = f"{{\n{items}\n}}\n"
    draft.write_text(text, encoding="utf-8", errors="backslashreplace")
    draft.replace(path)


def _lines(value: object) -> str:
    """JSON with a line for each test, clause and so on.

    ``indent`` would cost ten times as much: json has it in Python only.
    """
    if isinstance(value, dict) and value:
        items = ",\n ".join(f"{_json(name)}: {_json(item)}" for name, item in value.items())
        return f"{{\n {items}\n}}"
    if isinstance(value, list) and value:
        items = ",\n ".join(map(_json, value))
        return f"[\n {items}\n]"
    return _json(value)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
