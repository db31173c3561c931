"""The console without a terminal: lines come from standard input, what is shown goes to output."""

from __future__ import annotations

import asyncio
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from hil.errors import MistakeError

from .entry import format_entry
from .session import Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TextIO

    from .driver import Driver
    from .entry import Entry

COMMENT = "#"
"""A line of a script that begins so says nothing to the module."""


class PlainScreen:
    """Shows lines as they are, for pipes and files.

    Args:
        stream: Where to.
        origin_ns: Time zero of the stamps.
    """

    def __init__(self, stream: TextIO, origin_ns: int) -> None:
        self._stream, self._origin_ns = stream, origin_ns

    def show(self, entries: list[Entry]) -> None:
        """Write lines at once; what the stream's encoding lacks is escaped."""
        encoding = self._stream.encoding or "utf-8"
        for entry in entries:
            line = format_entry(entry, self._origin_ns)
            self._stream.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        self._stream.flush()


async def run_script(driver: Driver, lost: asyncio.Future[None], source: Iterable[bytes]) -> None:
    """Type the lines of a file or pipe, each when the reply to the one before has ended.

    Args:
        driver: The module.
        lost: Gets the error when the port has gone.
        source: Where the lines come from.

    Raises:
        MistakeError: A line is no command of the console.
        PortError: The port has gone.
    """
    lines: asyncio.Queue[str | None] = asyncio.Queue()
    _start_reader(source, lines.put_nowait)
    talk = asyncio.ensure_future(_talk(driver, lines))
    try:
        await asyncio.wait({talk, lost}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        talk.cancel()
    if lost.done():
        lost.result()
    await talk


async def _talk(driver: Driver, lines: asyncio.Queue[str | None]) -> None:
    number = 0
    while not driver.is_over and (line := await lines.get()) is not None:
        number += 1
        is_comment = line.startswith(COMMENT) and driver.session.mode is Mode.COMMAND
        if is_comment or not line:
            continue
        try:
            await driver.type_line(line)
        except MistakeError as error:
            raise MistakeError(f"line {number}: {error}") from None
        await driver.await_reply(line)
    if not driver.is_over:
        await driver.listen_to_the_end()


def _start_reader(source: Iterable[bytes], take: Callable[[str | None], None]) -> None:
    """Read lines in a thread: not every file can be waited for."""
    loop = asyncio.get_running_loop()

    def read() -> None:
        with suppress(RuntimeError):  # the loop has ended before the lines
            for raw in source:
                line = raw.rstrip(b"\r\n").decode("utf-8", "surrogateescape")
                loop.call_soon_threadsafe(take, line)
            loop.call_soon_threadsafe(take, None)

    threading.Thread(target=read, daemon=True).start()


def is_terminal() -> bool:
    """Whether somebody sits at standard input and looks at standard output."""
    return sys.stdin.isatty() and sys.stdout.isatty()
