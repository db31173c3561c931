"""The journal of a run: one JSON object a line, appended and flushed as things happen.

The journal is the only thing that a running run writes with care; ``run.json``, ``junit.xml`` and
``report.html`` are made from it. A run that is killed leaves a journal that ends somewhere,
perhaps in the middle of a line, and everything before that counts.

Every record has ``record`` (its kind), ``time`` (wall clock, ISO 8601 with zone) and
``rig_time_ns`` (the rig's clock, or null where the rig has no say). ``docs/run-record.md`` lists
the kinds.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, BinaryIO, Self

from hil import __version__
from hil.errors import RunRecordError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

Event = dict[str, Any]

JOURNAL_NAME = "journal.jsonl"
JOURNAL_VERSION = 1
# json.dumps would make an encoder for each record.
_encode = json.JSONEncoder(separators=(",", ":"), default=str).encode


def wall_time() -> str:
    """The present wall-clock time as ISO 8601 with milliseconds and zone."""
    return datetime.now(UTC).astimezone().isoformat(timespec="milliseconds")


class Journal:
    """Appends the records of one run to its journal.

    Args:
        path: The file; created, or continued if it exists.
        followers: Each is called with every record, after it has been written.

    Effects: writes a header line if the file is new.
    """

    def __init__(self, path: Path, followers: Sequence[Callable[[Event], None]] = ()) -> None:
        self.path = path
        self._followers = followers
        self._file = path.open("ab")
        if self._file.tell() == 0:
            self.append("journal", version=JOURNAL_VERSION, hil=__version__)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def append(
        self, kind: str, *, time: str | None = None, rig_time_ns: int | None = None, **fields: Any
    ) -> None:
        """Write one record and hand it to the operating system.

        Args:
            kind: The kind of record: ``report``, ``flash``, ``boot log`` ...
            time: When it happened, as `wall_time` gives it; now by default.
            rig_time_ns: When it happened on the rig's clock.
            **fields: What happened, in values that JSON has.
        """
        event: Event = {
            "record": kind,
            "time": time or wall_time(),
            "rig_time_ns": rig_time_ns,
            **fields,
        }
        self._file.write(_encode(event).encode() + b"\n")
        self._file.flush()
        for follow in self._followers:
            follow(event)

    def close(self) -> None:
        """Close the file; closing twice is harmless."""
        self._file.close()


def read_journal(path: Path) -> Iterator[Event]:
    """The records of a journal in order, without the header.

    A last line that was torn by the end of the run is left out.

    Raises:
        RunRecordError: There is no journal, or it is of another version; while reading, that it is
            damaged in the middle.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise RunRecordError(
            f"cannot read the journal {path}: {error.strerror}. "
            f"A run folder is one that holds a {JOURNAL_NAME}"
        ) from error
    try:
        _require_header(path, file.readline())
    except BaseException:
        file.close()
        raise
    return _events(path, file)


def _events(path: Path, file: BinaryIO) -> Iterator[Event]:
    with file:
        for number, line in enumerate(file, start=2):
            if not line.endswith(b"\n"):
                return
            yield _parse_line(path, number, line)


def _require_header(path: Path, line: bytes) -> None:
    header = _parse_line(path, 1, line)
    if header.get("record") != "journal" or header.get("version") != JOURNAL_VERSION:
        raise RunRecordError(
            f"{path}: expected a journal of version {JOURNAL_VERSION}, found "
            f"{header.get('record')!r} of version {header.get('version')!r}"
        )


def _parse_line(path: Path, number: int, line: bytes) -> Event:
    try:
        event = json.loads(line)
    except ValueError as error:
        raise RunRecordError(f"{path}, line {number}: not a JSON object: {error}") from error
    if not isinstance(event, dict):
        raise RunRecordError(f"{path}, line {number}: expected a JSON object, found {event!r:.40}")
    return event
