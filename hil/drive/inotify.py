"""Learns that a file is opened or closed, without looking again and again (Linux only)."""

from __future__ import annotations

import ctypes
import os
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# Source: inotify(7), <sys/inotify.h>
_IN_CLOSE_WRITE = 0x08
_IN_CLOSE_NOWRITE = 0x10
_IN_OPEN = 0x20
_EVENT = struct.Struct("=iIII")  # without a name: the watch is on a file
_EVENTS_BYTES = 4096


class OpenWatch:
    """Readable when somebody has opened or closed a file since the last `take`.

    It does not count: equal events that follow each other are reported once, so whether somebody
    is there must be asked of the file itself.

    Args:
        path: The file.

    Raises:
        OSError: The system has no inotify, or no watch left.
    """

    def __init__(self, path: Path) -> None:
        library = ctypes.CDLL(None, use_errno=True)
        if not hasattr(library, "inotify_init1"):
            raise OSError("noticing that a terminal is opened needs inotify, which Linux has")
        self._number: int = library.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._number < 0:
            raise _last_error(path)
        events = _IN_OPEN | _IN_CLOSE_WRITE | _IN_CLOSE_NOWRITE
        if library.inotify_add_watch(self._number, os.fsencode(path), events) < 0:
            error = _last_error(path)
            self.close()
            raise error

    def fileno(self) -> int:
        """The descriptor to wait for."""
        return self._number

    def take(self) -> list[bool]:
        """What happened since the last call, in order: True for opened, False for closed."""
        try:
            raw = os.read(self._number, _EVENTS_BYTES)
        except BlockingIOError:
            return []
        return [bool(mask & _IN_OPEN) for _, mask, _, _ in _EVENT.iter_unpack(raw)]

    def close(self) -> None:
        """Stop watching."""
        os.close(self._number)


def _last_error(path: Path) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number), str(path))
