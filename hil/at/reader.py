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
a line of the boot ROM                 BootLine
bytes that are no text                 Noise
anything else                          InformationLine
=====================================  ========================================================

The events depend on the bytes alone, never on the pieces they came in. Only an unfinished line is
looked at again when more of it comes, and it has a limit; data of a record are only counted.
"""

from __future__ import annotations

import re

from .boot_log import parse_boot_line
from .event import (
    BootLine,
    Echo,
    Event,
    Final,
    FinalResult,
    InformationLine,
    NetworkData,
    Noise,
    Prompt,
    Unsolicited,
    UnsolicitedKind,
)

LINE_LIMIT_BYTES = 4096
"""A line that is longer is noise; the longest real one is the echo of 2048 bytes of data."""

_FINALS = {final.value.encode(): final for final in Final}

_UNSOLICITED = {
    kind.value.encode(): kind
    for kind in UnsolicitedKind
    if kind not in {UnsolicitedKind.SEGMENT_SENT, UnsolicitedKind.SEGMENT_FAILED}
}

# `0,CONNECT` and `0,CLOSED`; `3,SEND OK` and `0,3,SEND OK` of CIPSENDBUF (line 834, A-55).
_NUMBERED = re.compile(
    rb"(?:(?P<link>\d),(?P<change>CONNECT|CLOSED)"
    rb"|(?:(?P<segment_link>\d),)?(?P<segment>\d{1,10}), ?SEND (?P<outcome>OK|FAIL))"
)

# The sender's address and port come with CIPDINFO, which 0.23 does not have yet.
_DATA_MARK = b"+IPD,"
_DATA_HEADER = re.compile(rb"\+IPD,(?:(\d),)?(\d{1,5})(?:,([\d.]{7,15}),(\d{1,5}))?:")

_TEXT_BYTES = bytes(range(0x20, 0x7F)) + b"\t"
_NAMED_LINE = re.compile(rb"\+[A-Z_]+[:,]")


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
            if self._missing_bytes:
                start = self._take_data(data, start, events)
                continue
            if self._follows_prompt:
                self._follows_prompt = False
                if data[start] == 0x20:
                    start += 1
                    continue
            end = data.find(b"\n", start)
            piece = data[start : end if end >= 0 else size]
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
        self._follows_data = True

    def _take_unended(self, line: bytes, events: list[Event]) -> int:
        """Take what does not wait for a line end; returns how much of `line` that was."""
        echo = self._echo_rest
        if self._is_data_echo and line.startswith(echo):
            self._end_echo(events)
            return len(echo)
        if line[:1] == b">" and not echo.startswith(b">"):
            events.append(Prompt())
            self._follows_prompt = True
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
        known = _known_event(line)
        if isinstance(known, FinalResult):
            known = FinalResult(known.result, self._follows_data, end_offset)
        self._follows_data = False
        events.append(known or _other_event(line))

    def _take_echo(self, line: bytes, events: list[Event], end_offset: int) -> bool:
        """Take a line that is echo, or begins with some of it; returns whether it was one."""
        echo = self._echo_rest
        if line == echo or (echo.startswith(line) and _known_event(line) is None):
            self._advance_echo(len(line), events)
            return True
        if line.endswith(echo) and echo == self._echo and not _NAMED_LINE.match(line):
            events.append(Noise(line[: -len(echo)]))  # a glitch that had no line end
            self._end_echo(events)
            return True
        for length in range(_common_length(echo, line), 0, -1):
            rest = line[length:].lstrip(b"\r")
            if _known_event(rest) is not None:
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


def _known_event(line: bytes) -> FinalResult | Unsolicited | None:
    """A line that has the same meaning wherever it comes."""
    final = _FINALS.get(line)
    if final is not None:
        return FinalResult(final)
    kind = _UNSOLICITED.get(line)
    if kind is not None:
        return Unsolicited(kind, line)
    if line[:5] == b"busy ":  # "busy now ..." and other spellings
        return FinalResult(Final.BUSY_S if line[5:6] == b"s" else Final.BUSY_P)
    if line[:1].isdigit() and (match := _NUMBERED.fullmatch(line)):
        return _numbered_event(match)
    return None


def _numbered_event(match: re.Match[bytes]) -> Unsolicited:
    if match["link"]:
        kind = UnsolicitedKind(match["change"].decode())
        return Unsolicited(kind, match[0], link_id=int(match["link"]))
    is_sent = match["outcome"] == b"OK"
    return Unsolicited(
        UnsolicitedKind.SEGMENT_SENT if is_sent else UnsolicitedKind.SEGMENT_FAILED,
        match[0],
        link_id=int(match["segment_link"]) if match["segment_link"] else None,
        segment=int(match["segment"]),
    )


def _other_event(line: bytes) -> BootLine | InformationLine | Noise:
    """A line whose meaning depends on who asked.

    Names of networks may hold any bytes, so a line with a command's name is never noise.
    """
    if line[:1] == b"+" and _NAMED_LINE.match(line):
        return InformationLine(line)
    record = parse_boot_line(line)
    if record is not None:
        return BootLine(line, record)
    if line.translate(None, _TEXT_BYTES):
        return Noise(line)
    return InformationLine(line)
