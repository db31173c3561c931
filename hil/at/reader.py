"""The reply reader: bytes of a module in, events out. It does no I/O and knows no time.

How a module talks. Everything is lines that end in CR LF (A-01, A-06), with three exceptions,
which end by themselves: a prompt (``> ``), the header and the data of a ``+IPD`` record, and the
echo of data, which has no line end of its own. What the module repeats of a command is
``AT+X<CR>`` byte by byte, then CR LF. Lines that belong to no command may land anywhere, inside an
echo too (A-11). So:

=====================================  ========================================================
at the start of a line, or behind a    what it becomes
part of the expected echo
=====================================  ========================================================
``>`` and perhaps a blank              Prompt
``+IPD,[<link>,]<length>:``            NetworkData, after exactly that many bytes
the expected echo of data              Echo, with its last byte
=====================================  ========================================================

=====================================  ========================================================
a whole line, first match wins         what it becomes
=====================================  ========================================================
empty                                  nothing
the expected echo, or its rest         Echo
a part of the expected echo            nothing yet: something interrupted the echo
a part of the expected echo, then a    what stands behind the part
line of the next three rows
``OK``, ``ERROR``, ``busy ...``, ...   FinalResult
``ready``, ``0,CLOSED``, ...           Unsolicited
the rest of an answer's line that      with its beginning an InformationLine
something interrupted
a line that ends in one of             what stands there, and the line without it
``WIFI ...``, ``0,CLOSED``, ...
a line of the boot ROM                 BootLine
bytes that are no text                 Noise
anything else                          InformationLine; ReasonLine, TakenLine or ProgressLine
                                       where it has a meaning of its own
=====================================  ========================================================

In transparent mode there are no lines: every byte is RawData until `set_transparent` ends it.

The events depend on the bytes alone, never on the pieces they came in. Only an unfinished line is
looked at again when more of it comes, and it has a limit; data of a record are only counted.
"""

from __future__ import annotations

import re
from dataclasses import replace

from .event import (
    Echo,
    Event,
    FinalResult,
    NetworkData,
    Noise,
    Prompt,
    RawData,
    Unsolicited,
)
from .line import INTERRUPTION_ENDS, known_line, named_line, other_line, split_interruption

LINE_LIMIT_BYTES = 4096
"""A line that is longer is noise; the longest real one is the echo of 2048 bytes of data."""

# The sender's address and port come with CIPDINFO, which 0.23 does not have yet.
_DATA_MARK = b"+IPD,"
_DATA_HEADER = re.compile(
    rb"""\+IPD,(?:(\d),)?(\d{1,5})(?:,"?([\d.]{7,15})"?,(\d{1,5}))?:""",
)


class ReplyReader:
    r"""Finds the events in the bytes of one module.

    Example:
        >>> reader = ReplyReader()
        >>> reader.expect_echo(b"AT")
        >>> reader.receive(b"AT\r\r\n\r\nOK\r\n")
        [Echo(text=b'AT'), FinalResult(result=<Final.OK: 'OK'>, ...)]
    """

    def __init__(self) -> None:
        self.received_bytes = 0
        """How many bytes have come so far; `FinalResult.end_offset` counts like this."""
        self.reset()

    def reset(self) -> None:
        """Forget an unfinished line, unfinished data and the expected echo."""
        self._line = b""
        self._echo = self._echo_rest = b""
        self._later_echoes: list[bytes] = []
        self._is_data_echo = False
        self._header: NetworkData | None = None
        self._data = bytearray()
        self._missing_bytes = 0
        self._follows_data = False
        self._follows_prompt = False
        self._is_transparent = self._is_transparency_due = False
        self._begun = b""
        self._is_interrupted = False

    def set_transparent(self, *, is_on: bool) -> None:
        """Take every byte as it is from now on, or look for lines again.

        What was unfinished before the change is forgotten.
        """
        self.reset()
        self._is_transparent = is_on

    def expect_transparency(self) -> None:
        """What comes behind the next prompt is transparent, but for the blank that belongs to it.

        `reset` and `set_transparent` take this back.
        """
        self._is_transparency_due = True

    @property
    def missing_bytes(self) -> int:
        """How many bytes the record lacks whose data are coming; 0 if none are."""
        return self._missing_bytes

    @property
    def unfinished(self) -> bytes:
        """What has come of a line without its end; nothing while it may become expected echo."""
        return b"" if self._echo_rest.startswith(self._line) else self._line

    def finish(self) -> list[Event]:
        """The bytes of a log end here: what is unfinished is taken as it is, and forgotten.

        Returns:
            An unfinished line as if its line end had come, and a record that lacks data.
        """
        events: list[Event] = []
        if self._header is not None and self._missing_bytes:
            data = bytes(self._data)
            events.append(replace(self._header, data=data, missing_bytes=self._missing_bytes))
        elif text := self._line.strip(b"\r"):
            self._take_line(text, events, self.received_bytes)
        self._end_begun(events)
        self.reset()
        return events

    def expect_echo(self, line: bytes) -> None:
        """Tell what is about to be sent, so that its echo is known when it comes.

        It replaces what was expected before; with the echo off it does no harm.

        Args:
            line: One command, or several lines of them; the last line end does not matter.
        """
        lines = line.split(b"\n")
        self._echo = self._echo_rest = lines[0].strip(b"\r")
        self._later_echoes = [later.strip(b"\r") for later in lines[1:]]
        self._is_data_echo = False

    def expect_data_echo(self, data: bytes) -> None:
        """Tell what is about to be sent behind a prompt; the firmware repeats all but LF."""
        self._echo = self._echo_rest = data.replace(b"\n", b"")
        self._later_echoes = []
        self._is_data_echo = bool(self._echo)

    def receive(self, data: bytes) -> list[Event]:
        """Take bytes, in pieces of any size.

        Returns:
            What is complete with these bytes, in order; often nothing.
        """
        events: list[Event] = []
        start, size = 0, len(data)
        while start < size:
            if self._missing_bytes or self._follows_prompt or self._is_transparent:
                start = self._take_unlined(data, start, events)
                continue
            limit = start + LINE_LIMIT_BYTES + 1
            end = data.find(b"\n", start, limit)
            piece = data[start : end if end >= 0 else limit]
            line = self._line + piece if self._line else piece
            if line[:1] == b">" or _DATA_MARK in line or self._is_data_echo:
                taken = self._take_unended(line, events)
                if taken > len(self._line):
                    start += taken - len(self._line)
                    self._line = b""
                    continue
            if len(line) > LINE_LIMIT_BYTES:
                events.append(Noise(line[:LINE_LIMIT_BYTES]))
                start += LINE_LIMIT_BYTES - len(self._line)
                self._line = b""
                continue
            if end < 0:
                self._line = line
                break
            self._line = b""
            start = end + 1
            if text := line.strip(b"\r"):
                self._take_line(text, events, self.received_bytes + start)
        self.received_bytes += size
        return events

    def _take_unlined(self, data: bytes, start: int, events: list[Event]) -> int:
        """Take what is not looked at as a line; returns where it ends in `data`."""
        if self._missing_bytes:
            return self._take_data(data, start, events)
        if self._follows_prompt:
            self._follows_prompt = False
            return start + 1 if data[start] == 0x20 else start
        events.append(RawData(bytes(data[start:])))
        return len(data)

    def _take_data(self, data: bytes, start: int, events: list[Event]) -> int:
        """Take data of a +IPD record; returns where they end in `data`."""
        end = min(start + self._missing_bytes, len(data))
        self._data += data[start:end]
        self._missing_bytes -= end - start
        if not self._missing_bytes:
            self._end_data(events)
        return end

    def _end_data(self, events: list[Event]) -> None:
        if self._header is not None:
            events.append(NetworkData(bytes(self._data), self._header.link_id, self._header.remote))
        self._data.clear()
        self._header = None
        self._follows_data = self._is_interrupted = True

    def _take_unended(self, line: bytes, events: list[Event]) -> int:
        """Take what does not wait for a line end; returns how much of `line` that was."""
        echo = self._echo_rest
        if self._is_data_echo and line.startswith(echo):
            self._end_echo(events)
            return len(echo)
        if line[:1] == b">" and not echo.startswith(b">"):
            events.append(Prompt())
            self._follows_prompt = True
            if self._is_transparency_due:
                self._is_transparency_due, self._is_transparent = False, True
            return 1
        place = line.find(_DATA_MARK)
        header = _DATA_HEADER.match(line, place) if place >= 0 else None
        if header is None or echo.startswith(line[: header.end()]):
            return 0
        before = line[:place].rstrip(b"\r")
        if not echo.startswith(before):
            return 0
        self._advance_echo(len(before), events)
        link, length, address, port = header.groups()
        self._header = NetworkData(
            b"",
            int(link) if link else None,
            (address.decode(), int(port)) if address else None,
        )
        self._missing_bytes = int(length)
        if not self._missing_bytes:
            self._end_data(events)
        return header.end()

    def _take_line(self, line: bytes, events: list[Event], end_offset: int) -> None:
        """Take a whole line that is not empty."""
        if self._echo_rest and self._take_echo(line, events, end_offset):
            return
        known = known_line(line)
        if self._begun:
            if isinstance(known, Unsolicited):
                self._is_interrupted = True
                events.append(known)
                return
            line = self._go_on(line, events, is_known=known is not None)
        if isinstance(known, FinalResult):
            known = FinalResult(known.result, self._follows_data, end_offset)
        self._follows_data = False
        if known is not None:
            events.append(known)
        else:
            self._take_other_line(line, events)

    def _take_other_line(self, line: bytes, events: list[Event]) -> None:
        """Take a line whose meaning depends on who asked, perhaps with another one at its end."""
        interruption = None
        if line.endswith(INTERRUPTION_ENDS):
            line, interruption = split_interruption(line)
            if interruption is not None:
                events.append(interruption)
        if line[:1] == b"+" and _is_cut_off(line):
            self._begun, self._is_interrupted = line, interruption is not None
        else:
            events.append(other_line(line))

    def _go_on(self, line: bytes, events: list[Event], *, is_known: bool) -> bytes:
        """What a line is behind one that was cut off: its rest if something came between."""
        if self._is_interrupted and not is_known and line[:1] != b"+":
            line, self._begun = self._begun + line, b""
        else:
            self._end_begun(events)
        return line

    def _end_begun(self, events: list[Event]) -> None:
        """A line that looked cut off was whole."""
        if self._begun:
            events.append(other_line(self._begun))
            self._begun = b""

    def _take_echo(self, line: bytes, events: list[Event], end_offset: int) -> bool:
        """Take a line that is echo, or begins with some of it; returns whether it was one."""
        echo = self._echo_rest
        if line == echo or (echo.startswith(line) and known_line(line) is None):
            self._advance_echo(len(line), events)
            return True
        if line.endswith(echo) and echo == self._echo and not named_line(line):
            events.append(Noise(line[: -len(echo)]))  # a glitch that had no line end
            self._end_echo(events)
            return True
        for length in range(_common_length(echo, line), 0, -1):
            rest = line[length:].lstrip(b"\r")
            if known_line(rest) is not None:
                self._advance_echo(length, events)
                self._take_line(rest, events, end_offset)
                return True
        return False

    def _advance_echo(self, length: int, events: list[Event]) -> None:
        """Count `length` bytes of the expected echo as come."""
        if length and length == len(self._echo_rest):
            self._end_echo(events)
        else:
            self._echo_rest = self._echo_rest[length:]

    def _end_echo(self, events: list[Event]) -> None:
        events.append(Echo(self._echo))
        self._echo = self._echo_rest = self._later_echoes.pop(0) if self._later_echoes else b""
        self._is_data_echo = self._follows_data = False


def _common_length(one: bytes, other: bytes) -> int:
    """How many bytes two texts have in common at their beginning."""
    limit = min(len(one), len(other))
    for index in range(limit):
        if one[index] != other[index]:
            return index
    return limit


def _is_cut_off(line: bytes) -> bool:
    """Whether a line of an answer looks as if its rest is still to come."""
    return line.count(b'"') % 2 == 1 or line[-1:] in {b",", b":"}
