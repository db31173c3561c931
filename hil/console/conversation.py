"""A whole session at the console, from the open rig to its end."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

from hil.errors import MistakeError

from .driver import Driver
from .entry import Entry, EntryKind
from .history import HistoryFile, history_path
from .log import Log
from .script import PlainScreen, is_terminal, run_script
from .stop import StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hil.errors import HilError
    from hil.rig.module import RigModule

    from .terminal import Terminal

__all__ = ["StoppedError", "converse"]

_DUMB = {"dumb", "unknown"}


def converse(module: RigModule, *, log_path: Path | None, is_reset: bool, timeout_s: float) -> int:
    """Let somebody, or a script, talk to a module.

    Args:
        module: The module.
        log_path: Where to write what is shown, if anywhere.
        is_reset: Whether to reset the module first.
        timeout_s: How long lines that come faster than typed wait for the end of a reply.

    Returns:
        How many replies to a script were no success; 0 at a terminal.

    Raises:
        HilError: The module does not start, the port has gone, a line of a script is wrong, ...
        StoppedError: A signal has ended it.

    Blocks: until the end.
    """
    origin_ns = module.clock.now_ns()
    place = f"{module.port.name} at {module.port.format.baud} baud"
    log = Log(log_path, place, origin_ns) if log_path is not None else None
    terminal: Terminal | None = None
    if is_terminal() and os.environ.get("TERM") not in _DUMB:
        from .terminal import Terminal  # noqa: PLC0415 - a script pays nothing for it

        terminal = Terminal(HistoryFile(history_path()), origin_ns)
    output = terminal or PlainScreen(sys.stdout, origin_ns)
    screen = Screen(output.show, log)
    try:
        driver = Driver(module, screen.show, timeout_s)
        if is_reset:
            driver.reset_at_start()
        asyncio.run(_serve(driver, terminal))
    finally:
        screen.close()
    if screen.log_failure is not None:
        raise screen.log_failure
    return 0 if terminal is not None else driver.session.failures


class Screen:
    """Shows lines and logs them; a log that cannot be written any more ends with a word.

    Args:
        show: Shows lines to whoever looks.
        log: The log, if one is kept.

    Attributes:
        log_failure: Why the log ended too early.
    """

    def __init__(self, show: Callable[[list[Entry]], None], log: Log | None) -> None:
        self._show, self._log = show, log
        self.log_failure: MistakeError | None = None

    def show(self, entries: list[Entry]) -> None:
        """Show lines, and write them to the log."""
        self._show(entries)
        if self._log is None or not entries:
            return
        try:
            self._log.write(entries)
        except MistakeError as error:
            self._log.close()
            self.log_failure, self._log = error, None
            self._show([Entry(entries[-1].time_ns, EntryKind.MISTAKE, f"{error}; it ends here")])

    def close(self) -> None:
        """Close the log."""
        if self._log is not None:
            self._log.close()


async def _serve(driver: Driver, terminal: Terminal | None) -> None:
    lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    driver.start(_teller(lost))
    try:
        if terminal is not None:
            await terminal.run(driver, lost)
        else:
            # A thread that is left waiting in a buffered file would keep Python from ending.
            source = getattr(sys.stdin.buffer, "raw", sys.stdin.buffer)
            await run_script(driver, lost, source)
    finally:
        driver.stop()
        if not lost.cancel() and not lost.cancelled():
            lost.exception()  # somebody else has ended it first


def _teller(lost: asyncio.Future[None]) -> Callable[[HilError], None]:
    def tell(error: HilError) -> None:
        if not lost.done():
            lost.set_exception(error)

    return tell
