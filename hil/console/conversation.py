"""A whole session at the console, from the open rig to its end."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

from .driver import Driver
from .entry import format_entry
from .history import HistoryFile, history_path
from .log import Log
from .script import PlainScreen, is_terminal, run_script
from .stop import StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hil.errors import HilError
    from hil.rig.module import RigModule

    from .entry import Entry
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
    show_lines = PlainScreen(sys.stdout).show

    def show(entries: list[Entry]) -> None:
        if log is not None:
            log.write(entries)
        if terminal is not None:
            terminal.show(entries)
        else:
            show_lines([format_entry(entry, origin_ns) for entry in entries])

    try:
        driver = Driver(module, show, timeout_s)
        if is_reset:
            driver.reset_at_start()
        asyncio.run(_serve(driver, terminal))
        return 0 if terminal is not None else driver.session.failures
    finally:
        if log is not None:
            log.close()


async def _serve(driver: Driver, terminal: Terminal | None) -> None:
    lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    driver.start(_teller(lost))
    try:
        if terminal is not None:
            await terminal.run(driver, lost)
        else:
            await run_script(driver, lost, sys.stdin.buffer)
    finally:
        driver.stop()
        lost.cancel()


def _teller(lost: asyncio.Future[None]) -> Callable[[HilError], None]:
    def tell(error: HilError) -> None:
        if not lost.done():
            lost.set_exception(error)

    return tell
