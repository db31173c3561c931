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
_REST_PER_WRITE = 20


class RunJsonWriter:
    """Keeps ``run.json`` beside a journal that grows.

    Give its `take` to the journal as a follower. The whole file is written anew each time, so
    the next write waits until 20 times the last one's duration is over: however long the
    run, writing takes less than a twentieth of it.

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
        self._not_before = ended + _REST_PER_WRITE * (ended - begun)


def write_run_json(path: Path, record: Mapping[str, Any]) -> None:
    """Write a run record, replacing the file in one step."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    text = json.dumps(record, indent=1, ensure_ascii=False, default=str)
    draft.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")
    draft.replace(path)
