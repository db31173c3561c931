"""The log of a session at the console: what the screen shows, with finer times and whole data."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from hil.errors import MistakeError

from .entry import format_log_entry

if TYPE_CHECKING:
    from collections.abc import Iterable
    from io import RawIOBase
    from pathlib import Path

    from .entry import Entry


class Log:
    """A file to which a session is appended as it goes, line by line.

    Args:
        path: The file; it is made if it is not there.
        place: The port and how it is set.
        origin_ns: Time zero of the stamps, on the rig's clock.

    Raises:
        MistakeError: It cannot be written.
    """

    def __init__(self, path: Path, place: str, origin_ns: int) -> None:
        self._path, self._origin_ns = path, origin_ns
        try:
            self._file: RawIOBase = path.open("ab", buffering=0)
        except OSError as error:
            raise MistakeError(f"cannot write the log {path}: {error.strerror}") from None
        self._write(f"# {datetime.now().astimezone().isoformat()} {place}")

    def write(self, entries: Iterable[Entry]) -> None:
        """Append what was shown.

        Raises:
            MistakeError: The disk is full, or the file cannot be written any more.
        """
        for entry in entries:
            self._write(format_log_entry(entry, self._origin_ns))

    def _write(self, line: str) -> None:
        try:
            self._file.write(f"{line}\n".encode("utf-8", "backslashreplace"))
        except OSError as error:
            self._file.close()
            raise MistakeError(f"cannot write the log {self._path}: {error.strerror}") from None

    def close(self) -> None:
        """Close the file."""
        self._file.close()
