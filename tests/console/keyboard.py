"""Somebody at a terminal: types keys into a pseudo-terminal and waits for what appears on it."""

from __future__ import annotations

import fcntl
import os
import re
import select
import struct
import subprocess
import sys
import termios
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.cli.program import PROGRAM, ROOT
from tests.drive.served_module import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ENTER, TAB, UP, CTRL_C, CTRL_D = "\r", "\t", "\x1b[A", "\x03", "\x04"
PASTE_BEGIN, PASTE_END = "\x1b[200~", "\x1b[201~"

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[()][A-Z0-9]|\x1b[=>78]|\x1b\][^\x07]*\x07")
_ROWS, _COLUMNS = 30, 160


class Keyboard:
    """A terminal with a program on it."""

    def __init__(self, master: int, slave: int, running: subprocess.Popen[bytes]) -> None:
        self.running = running
        self._master, self._slave = master, slave
        self._place = 0
        self.raw = b""

    @property
    def text(self) -> str:
        """All that came so far, without the sequences that move the cursor and set colours."""
        return _CONTROL.sub("", self.raw.decode("utf-8", "replace"))

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def enter(self, line: str) -> None:
        self.press(line + ENTER)

    def wait_for(self, wanted: str) -> str:
        """Wait until a text appears behind what was waited for before; returns all up to it."""
        deadline_s = time.monotonic() + PATIENCE_S
        while (found := self.text.find(wanted, self._place)) < 0:
            if not self._read(deadline_s - time.monotonic()):
                raise AssertionError(f"{wanted!r} did not appear in:\n{self.text[self._place :]}")
        before, self._place = self._place, found + len(wanted)
        return self.text[before : self._place]

    def wait_for_end(self) -> int:
        """Wait until the program has ended; returns its exit status."""
        deadline_s = time.monotonic() + PATIENCE_S
        while self.running.poll() is None and time.monotonic() < deadline_s:
            self._read(0.05)
        while self._read(0):
            pass
        return self.running.wait(PATIENCE_S)

    def settings(self) -> list[Any]:
        """How the terminal is set."""
        return termios.tcgetattr(self._slave)

    def _read(self, timeout_s: float) -> bool:
        if not select.select([self._master], [], [], max(timeout_s, 0))[0]:
            return False
        self.raw += os.read(self._master, 65536)
        return True


@contextmanager
def at_keyboard(state: Path, *arguments: str | Path) -> Iterator[Keyboard]:
    """The program ``hil`` on a terminal, with its state directory in a folder of the test."""
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    environment = {
        **kept,
        "PYTHONPATH": str(ROOT),
        "TERM": "xterm",
        "NO_COLOR": "1",
        "XDG_STATE_HOME": str(state),
    }
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *map(str, arguments)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=environment,
        start_new_session=True,
    ) as running:
        try:
            yield Keyboard(master, slave, running)
        finally:
            running.kill()
            os.close(master)
            os.close(slave)
