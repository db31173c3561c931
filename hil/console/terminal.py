"""The console at a terminal: one line to edit at the bottom, what comes above it.

This is the one file that knows prompt_toolkit.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import contextmanager
from os.path import commonprefix
from typing import TYPE_CHECKING, Any

from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.filters import Condition, is_searching
from prompt_toolkit.history import History
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.layout import HSplit, Layout, Window
from prompt_toolkit.layout.controls import BufferControl, FormattedTextControl
from prompt_toolkit.layout.menus import CompletionsMenu
from prompt_toolkit.layout.processors import BeforeInput
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.output.defaults import create_output
from prompt_toolkit.renderer import print_formatted_text
from prompt_toolkit.styles import Style
from prompt_toolkit.widgets import SearchToolbar

from hil.errors import HilError

from .completion import complete
from .entry import stamp
from .hint import hint
from .local import LOCAL_MARK
from .session import Mode
from .stop import StoppedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prompt_toolkit.document import Document
    from prompt_toolkit.formatted_text import StyleAndTextTuples

    from .driver import Driver
    from .entry import Entry
    from .history import HistoryFile

_STYLE = Style.from_dict(
    {
        "stamp": "ansibrightblack",
        "sent": "ansicyan",
        "received": "",
        "success": "ansigreen",
        "failure": "ansired bold",
        "unfinished": "ansibrightblack",
        "unsolicited": "ansiyellow",
        "boot": "ansibrightblack",
        "noise": "ansibrightblack",
        "note": "ansimagenta",
        "mistake": "ansired",
        "prompt": "ansicyan bold",
        "hint": "reverse",
        "hint.current": "bold underline noreverse",
        "hint.warning": "ansired bold",
    }
)
_MENU_ROWS = 8
_REDRAW_S = 0.03  # the line is drawn anew so often at most while much comes
_CALM = "Tab completes, Up goes back, :help tells more"
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGHUP) if hasattr(signal, "SIGHUP") else (signal.SIGTERM,)


class Terminal:
    """The terminal.

    Args:
        history: Lines of earlier sessions.
        origin_ns: Time zero of the stamps.
    """

    def __init__(self, history: HistoryFile, origin_ns: int) -> None:
        self._origin_ns = origin_ns
        self._lines: asyncio.Queue[str] = asyncio.Queue()
        self._driver: Driver | None = None
        self._doing: asyncio.Future[None] | None = None
        self._history = _KeptHistory(history, self)
        search = SearchToolbar(ignore_case=True)
        self._buffer = Buffer(
            completer=_CallCompleter(self),
            complete_while_typing=False,
            enable_history_search=Condition(lambda: True),
            history=self._history,
            accept_handler=self._accept,
            multiline=False,
        )
        line = BufferControl(
            self._buffer,
            input_processors=[BeforeInput(self._prompt, style="class:prompt")],
            search_buffer_control=search.control,
        )
        body = HSplit(
            [
                Window(line, dont_extend_height=True, wrap_lines=True),
                CompletionsMenu(max_height=_MENU_ROWS, scroll_offset=1),
                search,
                Window(FormattedTextControl(self._hint), height=1, style="class:hint"),
            ]
        )
        self._application: Application[None] = Application(
            layout=Layout(body, focused_element=line),
            key_bindings=self._bindings(),
            style=_STYLE,
            output=_output(),
            color_depth=ColorDepth.from_env(),
            min_redraw_interval=_REDRAW_S,
            erase_when_done=True,
        )

    def show(self, entries: list[Entry]) -> None:
        """Print lines above the one that is being edited."""
        if not entries:
            return
        application = self._application
        if application.is_running:
            application.renderer.erase()
        for entry in entries:
            print_formatted_text(
                application.output,
                _fragments(entry, self._origin_ns),
                _STYLE,
                color_depth=application.color_depth,
            )
        application.output.flush()
        if application.is_running:
            application.invalidate()

    @property
    def mode(self) -> Mode:
        """What the module takes the next line for."""
        return self._driver.session.mode if self._driver is not None else Mode.COMMAND

    def complain(self, text: str) -> None:
        """Show what does not work here."""
        if self._driver is not None:
            self._driver.complain(text)

    async def run(self, driver: Driver, lost: asyncio.Future[None]) -> None:
        """Let somebody type until he leaves.

        Args:
            driver: The module.
            lost: Gets the error when the port has gone.

        Raises:
            StoppedError: A signal came.
            PortError: The port has gone.
        """
        self._driver = driver
        lost.add_done_callback(self._end_by)
        talk = asyncio.ensure_future(self._talk(driver))
        talk.add_done_callback(self._end_by)
        try:
            with self._signals():
                await self._application.run_async(handle_sigint=True)
        finally:
            talk.cancel()

    async def _talk(self, driver: Driver) -> None:
        """Do what the lines say, in turn; those of one paste each behind the reply before."""
        while not driver.is_over:
            line = await self._lines.get()
            self._doing = asyncio.ensure_future(self._do(driver, line))
            try:
                await asyncio.wait({self._doing})
            finally:
                self._doing.cancel()
            if not self._doing.cancelled():
                self._doing.result()

    async def _do(self, driver: Driver, line: str) -> None:
        try:
            await driver.type_line(line)
        except HilError as error:  # a port that has gone is found by the wire
            driver.complain(str(error))
        if not self._lines.empty():
            await driver.await_reply(line)

    def _accept(self, buffer: Buffer) -> bool:
        for line in buffer.text.splitlines():
            self._lines.put_nowait(line)
        # Else it is loaded when the line is drawn next, and Up may come before.
        asyncio.get_running_loop().call_soon(buffer.load_history_if_not_yet_loaded)
        return False

    def _end_by(self, future: asyncio.Future[None]) -> None:
        """Leave, because somebody has said so or something has gone wrong."""
        if future.cancelled() or not self._application.is_running:
            return
        if self._application.future is not None and self._application.future.done():
            return
        error = future.exception()
        if error is None:
            self._application.exit()
        else:
            self._application.exit(exception=error)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Signals that end programs end the application, which restores the terminal."""
        loop = asyncio.get_running_loop()
        for number in _STOP_SIGNALS:
            loop.add_signal_handler(number, self._stop)
        try:
            yield
        finally:
            for number in _STOP_SIGNALS:
                loop.remove_signal_handler(number)

    def _stop(self) -> None:
        stopped: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        stopped.set_exception(StoppedError())
        self._end_by(stopped)

    def _bindings(self) -> KeyBindings:
        bindings = KeyBindings()

        @bindings.add("enter", filter=~is_searching)
        def _(event: KeyPressEvent) -> None:
            event.current_buffer.validate_and_handle()

        @bindings.add("c-c", filter=~is_searching)
        @bindings.add("<sigint>")
        def _(event: KeyPressEvent) -> None:
            """Cancel the line, what the console does, and the lines of a paste that wait for it."""
            event.current_buffer.reset()
            while not self._lines.empty():
                self._lines.get_nowait()
            if self._doing is not None:
                self._doing.cancel()

        @bindings.add("c-d", filter=~is_searching & Condition(lambda: not self._buffer.text))
        def _(event: KeyPressEvent) -> None:
            event.app.exit()

        @bindings.add("c-l")
        def _(event: KeyPressEvent) -> None:
            event.app.renderer.clear()

        @bindings.add("tab", filter=~is_searching)
        def _(event: KeyPressEvent) -> None:
            buffer = event.current_buffer
            if buffer.complete_state is not None:
                buffer.complete_next()
            elif self._complete_common():
                buffer.start_completion()

        return bindings

    def _complete_common(self) -> bool:
        """Put in at once what all completions have in common; whether there are several."""
        text = self._buffer.document.text_before_cursor
        found = list(self.completions(text))
        if not found:
            return False
        replaced = -found[0].start_position
        common = commonprefix([each.text for each in found])  # noqa: RUF071 - these are no paths
        if len(common) >= replaced and not text.endswith(common):
            self._buffer.delete_before_cursor(replaced)
            self._buffer.insert_text(common)
        return len(found) > 1

    def _prompt(self) -> StyleAndTextTuples:
        if self.mode is Mode.COMMAND or self._driver is None:
            return [("", "at> ")]
        if self.mode is Mode.PASSTHROUGH:
            return [("", "passthrough> ")]
        count = self._driver.session.missing_bytes
        return [("", f"data{'' if count is None else f' {count}'}> ")]

    def _hint(self) -> StyleAndTextTuples:
        """The line at the bottom."""
        driver = self._driver
        if driver is None:
            return []
        text = self._buffer.document.text_before_cursor
        if self.mode is not Mode.COMMAND and not text.startswith(LOCAL_MARK):
            return [("", f" sent as it is, without CR LF; :send takes {_ESCAPES} ")]
        if not text:
            return [("", f" {driver.place}; {_CALM}")]
        pieces = hint(text, driver.session.settings)
        styles = [
            "class:hint.warning"
            if piece.is_warning
            else "class:hint.current"
            if piece.is_current
            else ""
            for piece in pieces
        ]
        told = [(style, piece.text) for style, piece in zip(styles, pieces, strict=True)]
        return [("", " "), *told]

    def completions(self, text: str) -> Iterator[Completion]:
        """How the line can go on, for prompt_toolkit."""
        is_data = self.mode is not Mode.COMMAND and not text.startswith(LOCAL_MARK)
        if self._driver is None or is_data:
            return
        for candidate in complete(text, self._driver.session.settings):
            yield Completion(
                candidate.text,
                start_position=-candidate.replaced,
                display_meta=candidate.summary,
            )


_ESCAPES = "\\r \\n \\xNN"


class _CallCompleter(Completer):
    """Completion of what is typed."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        """What prompt_toolkit asks for."""
        del complete_event
        return self._terminal.completions(document.text_before_cursor)


class _KeptHistory(History):
    """Lines of this session as they were typed, in the file without passwords and data."""

    def __init__(self, file: HistoryFile, terminal: Terminal) -> None:
        super().__init__()
        self._file, self._terminal = file, terminal
        self._is_kept = True

    def load_history_strings(self) -> Iterable[str]:
        """Lines of earlier sessions, the newest first."""
        try:
            return self._file.load()[::-1]
        except OSError as error:
            self._give_up(error)
            return []

    def append_string(self, string: str) -> None:
        """Take what was entered; a paste line by line."""
        for line in string.splitlines():
            super().append_string(line)

    def store_string(self, string: str) -> None:
        """Keep a line, unless it is data."""
        if not self._is_kept or self._terminal.mode is not Mode.COMMAND:
            return
        try:
            self._file.store(string)
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        self._is_kept = False
        self._terminal.complain(f"no history is kept: {self._file.path}: {error.strerror}")


def _fragments(entry: Entry, origin_ns: int) -> StyleAndTextTuples:
    """One line in its colours."""
    style = f"class:{entry.kind.name.lower()}"
    return [
        ("class:stamp", f"{stamp(entry, origin_ns)} {entry.kind.mark} "),
        (style, f"{entry.screen_text}\n"),
    ]


def _output() -> Any:
    """Standard output; no questions for the cursor's place, which need a terminal that answers."""
    os.environ.setdefault("PROMPT_TOOLKIT_NO_CPR", "1")
    return create_output(stdout=sys.stdout)
