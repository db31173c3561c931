"""Writes a record while the session goes on.

Each line is in the file as soon as it is settled, so that a run that is killed leaves a record up
to there. Only a line of AT that may hold a password, and what follows it, waits for its end.
"""

from __future__ import annotations

import json
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hil.errors import RecordFileError
from hil.ports.byte_port import Direction

from .entry import (
    Closed,
    FormatSet,
    InputDiscarded,
    LinesSet,
    LoaderEntered,
    LoaderLeft,
    Noted,
    SectionBegun,
    SectionEnded,
    Transfer,
    format_content,
)
from .mask import MaskedStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from hil.ports.byte_port import PortFormat
    from hil.ports.clock import Clock
    from hil.ports.control_lines import Line

    from .entry import Content
    from .record import Header


@dataclass(frozen=True, slots=True)
class _Waiting:
    """What is to be written: something that happened, or a stretch of a stream."""

    time_ns: int
    slot: int | None
    content: Content
    stream: MaskedStream | None = None
    begin: int = 0
    end: int = 0


class Recorder:
    """A record that is being written.

    Args:
        path: The file, which must not exist yet.
        header: Its first line.
        clock: The rig's clock.
        secrets: Passwords that must not be written down, whoever says them.

    Raises:
        RecordFileError: The file exists, or cannot be written.
    """

    def __init__(
        self, path: Path, header: Header, clock: Clock, secrets: Iterable[bytes] = ()
    ) -> None:
        self.path = path
        self._clock = clock
        self._known = set(secrets)
        self._numbers: dict[bytes, int] = {}
        self._waiting: deque[_Waiting] = deque()
        self._written_ns = header.rig_time_ns
        self._first_slot = header.modules[0].slot
        self.modules = {module.slot: ModuleRecorder(self, module.slot) for module in header.modules}
        try:
            # Written through at each line end. A file that exists may be somebody's only copy.
            self._file = path.open("x", encoding="ascii", newline="\n", buffering=1)
        except FileExistsError:
            raise RecordFileError(
                path,
                "",
                allowed="no file there yet, to record a session into",
                given="one that exists",
                remedy="Name another file, or remove this one if nobody needs it any more",
            ) from None
        except OSError as error:
            raise self._refused(error) from None
        try:
            self._write_line(header.to_json())
        except RecordFileError:
            with suppress(RecordFileError):
                self._close_file()
            raise

    def begin_section(
        self,
        name: str,
        *,
        running: Iterable[int],
        is_dirty: bool,
        formats: Mapping[int, PortFormat],
    ) -> None:
        """What follows belongs to one test, its preparation included."""
        content = SectionBegun(name, tuple(running), is_dirty, formats)
        self._take(_Waiting(self._clock.now_ns(), None, content))

    def end_section(self, name: str) -> None:
        """The test has ended."""
        self._take(_Waiting(self._clock.now_ns(), None, SectionEnded(name)))

    def take(self, slot: int, time_ns: int, content: Content) -> None:
        """Something has happened to a module."""
        self._take(_Waiting(time_ns, slot, content))

    def take_bytes(self, slot: int, time_ns: int, content: Transfer, stream: MaskedStream) -> None:
        """Bytes have gone; `content` says which way, and the stream has them."""
        begin = stream.end
        stream.add(content.shown)
        self._take(_Waiting(time_ns, slot, content, stream, begin, stream.end))

    def new_stream(self, *, is_sent: bool) -> MaskedStream:
        """A direction of a module's line, in which the passwords of all are hidden."""
        return MaskedStream(self._known, self._number_of, is_sent=is_sent)

    def close(self) -> None:
        """Write what waits, and that the record is whole. Closing twice is fine."""
        if self._file.closed:
            return
        try:
            self._write_settled(is_last=True)
            self._write(_Waiting(self._clock.now_ns(), None, Closed()))
        finally:
            self._close_file()

    def _number_of(self, secret: bytes) -> int:
        return self._numbers.setdefault(secret, len(self._numbers) + 1)

    def _take(self, waiting: _Waiting) -> None:
        self._waiting.append(waiting)
        self._write_settled()

    def _write_settled(self, *, is_last: bool = False) -> None:
        while self._waiting:
            first = self._waiting[0]
            stream = first.stream
            if stream is None:
                self._write(first)
            elif is_last or first.end <= stream.settled_end():
                self._write_stretch(first, stream)
            else:
                return
            self._waiting.popleft()

    def _write_stretch(self, waiting: _Waiting, stream: MaskedStream) -> None:
        pieces = stream.cut(waiting.begin, waiting.end)
        stream.forget(waiting.end)
        if pieces and isinstance(waiting.content, Transfer):
            self._write(replace(waiting, content=replace(waiting.content, pieces=pieces)))

    def _write(self, waiting: _Waiting) -> None:
        after_ns = max(waiting.time_ns - self._written_ns, 0)
        self._written_ns += after_ns
        slot = waiting.slot
        named = {} if slot in {None, self._first_slot} else {"slot": slot}
        self._write_line({"after_ns": after_ns, **named, **format_content(waiting.content)})

    def _write_line(self, told: Mapping[str, object]) -> None:
        try:
            self._file.write(json.dumps(told, separators=(",", ":")) + "\n")
        except OSError as error:
            raise self._refused(error) from None

    def _close_file(self) -> None:
        try:
            self._file.close()
        except OSError as error:  # what it could not write before, it cannot now
            raise self._refused(error) from None

    def _refused(self, error: OSError) -> RecordFileError:
        return RecordFileError(
            self.path,
            "",
            allowed="a place to record a session into",
            given=error.strerror or str(error),
            remedy="Name another place, or make room there",
        )


class ModuleRecorder:
    """What one module has to do with a record: its port and its lines tell it what happens.

    Args:
        recorder: Writes it down.
        slot: The module.
    """

    def __init__(self, recorder: Recorder, slot: int) -> None:
        self._recorder = recorder
        self._slot = slot
        self._streams = {
            direction: recorder.new_stream(is_sent=direction is Direction.SENT)
            for direction in Direction
        }

    def record(self, time_ns: int, direction: Direction, data: bytes) -> None:
        """Bytes went over the port."""
        if data:
            content = Transfer(direction, (data,))
            self._recorder.take_bytes(self._slot, time_ns, content, self._streams[direction])

    def record_format(self, time_ns: int, line_format: PortFormat) -> None:
        """The port was set."""
        self._recorder.take(self._slot, time_ns, FormatSet(line_format))

    def record_discard(self, time_ns: int) -> None:
        """What had arrived was forgotten."""
        self._recorder.take(self._slot, time_ns, InputDiscarded())

    def record_lines(self, time_ns: int, states: Mapping[Line, bool]) -> None:
        """Control lines were switched."""
        self._recorder.take(self._slot, time_ns, LinesSet(dict(states)))

    def note(self, time_ns: int, text: str) -> None:
        """Something was done to the module, in words."""
        self._recorder.take(self._slot, time_ns, Noted(text))

    def enter_loader(self, time_ns: int) -> None:
        """The module is about to be put into its boot loader."""
        self._recorder.take(self._slot, time_ns, LoaderEntered())

    def leave_loader(self, time_ns: int) -> None:
        """It is about to be restarted."""
        self._recorder.take(self._slot, time_ns, LoaderLeft())
