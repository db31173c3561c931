"""Lines that were typed, kept from one session to the next, without passwords and without data."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from .local import LOCAL_MARK
from .masking import mask_line

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_LINES = 1000

_OWNER_ONLY = 0o600
_QUIT = f"{LOCAL_MARK}quit"
_FILE = Path("hil", "console-history")


def history_path(environment: Mapping[str, str] = os.environ) -> Path:
    """Where the history lies: in the state directory of the XDG base directories."""
    folder = environment.get("XDG_STATE_HOME", "")
    base = Path(folder) if folder.startswith("/") else Path.home() / ".local" / "state"
    return base / _FILE


def kept_line(line: str) -> str | None:
    """What the file keeps of a line; None if nothing.

    A line of which it is not known what it says may be data, and data may be anything. Nobody
    brings back the line that ended the session before.
    """
    if line == _QUIT or not (line.startswith(LOCAL_MARK) or line[:2].upper() == "AT"):
        return None
    return mask_line(line)


class HistoryFile:
    """The file.

    Args:
        path: Where it lies; its folder is made when it is written for the first time.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> list[str]:
        """The lines of earlier sessions, the newest last.

        Raises:
            OSError: It is there and cannot be read.
        """
        try:
            lines = self.path.read_text("utf-8", "replace").splitlines()
        except FileNotFoundError:
            return []
        return lines[-MOST_LINES:]

    def store(self, line: str) -> None:
        """Append a line, as far as it may be kept.

        Raises:
            OSError: It cannot be written.
        """
        kept = kept_line(line)
        if kept is None:
            return
        lines = self.load()
        if lines and lines[-1] == kept:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if len(lines) < MOST_LINES:
            content, flags = kept + "\n", os.O_APPEND
        else:
            content, flags = "".join(f"{each}\n" for each in [*lines[1:], kept]), os.O_TRUNC
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | flags, _OWNER_ONLY)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
