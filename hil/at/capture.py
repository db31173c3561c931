"""Logs that come back from the field, as events: raw captures of a line, and transcripts in TOML.

A transcript in TOML is a list of ``[[transcript]]`` tables, each with an ``id`` and ``lines`` of
``["tx" or "rx", text]``, as people post what they saw. Its lines have lost their line ends, and
often a part of what a record of data held; what the module printed is put together again from
them. A raw capture holds what came from the module and nothing else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hil.errors import FileMistakeError
from hil.toml_table import load_toml

from .event import (
    BootLine,
    Echo,
    Event,
    FinalResult,
    InformationLine,
    NetworkData,
    Noise,
    ProgressLine,
    Prompt,
    RawData,
    ReasonLine,
    TakenLine,
    Unsolicited,
)
from .line import known_line
from .reader import ReplyReader
from .secret import mask_secrets, passwords_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

_DIRECTIONS = ("tx", "rx")
_LINE_END = b"\r\n"

# What information lines say, by the shape of the line.
_UNDERSTOOD = re.compile(
    rb"""(?:
      \+[ ]?[A-Z_]+:.*                                     # the answer of a command with its name
    | (?:AT|SDK|Bin)[ ]version.*  | compile[ ]time.*       # AT+GMR
    | \d{8,10}(?:-\w+)?           | Build:.*               # ... up to 0.18, and of vendors
    | Ai-Thinker[ ]Technology.*   | \[Vendor:.*\]
    | STATUS:\d                   | No[ ]AP                # AT+CIPSTATUS, AT+CWJAP?
    | \+\d+                                                # AT+PING
    | [\d.]{7,15}(?:,[0-9a-f:]{17})?                       # AT+CIFSR up to 0.18, AT+CWLIF
    | \d+(?:,\d+)*[ ]?(?:,[ ]?(?:TRUE|FALSE))?             # segments, AT+GSLP
    | Will[ ]force[ ]to[ ]restart!!! | BAUD->\d+
    )""",
    re.VERBOSE,
)
_ECHO = re.compile(rb"[Aa][Tt](?:[+E][ -~]*)?")

# What the SDK and other second stages print at a start and at work; the document shows some of it
# in lines 1009-1011.
_START_TEXT = re.compile(
    rb"""(?:
      (?:OS[ ])?SDK[ ]ver:.* | phy[ ]ver:.* | rf[ ]cal[ ]sector:.* | rf\[\d+\][ ]?:.* | rf_cal.*
    | mode[ ]:[ ]?(?:sta|softAP|null).*     | (?:add|del)[ ]if\d   | f[ ][\dr]\S*,.*
    | scandone | SC_STATUS_\w+ | TYPE:[ ]ESPTOUCH.* | addr[ ]not[ ]ack[ ]when[ ]tx[ ]write[ ]cmd
    | state:[ ]\d+[ ]->[ ].*    | bcn[ ]\d+ | bcn_timout.*  | reconnect | pm[ ](?:open|close).*
    | dhcp[ ](?:server|client)[ ]st.*       | (?:add|aid|rm|cnt)[ ]\d+ | usl | sul[ ]\d+[ ]\d+
    | connected[ ]with[ ].*     | ip:[\d.]+,mask:.* | no[ ].*[ ]found,[ ]reconnect[ ]after.*
    | rBoot[ ]v.* | Flash[ ](?:Size|Mode|Speed):.* | v[0-9a-f]{8} | ~ld | MEM[ ]CHECK[ ]FAIL!!!
    )[ ]*""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Seen:
    """One event of a log.

    Args:
        name: What it is, in one word.
        data: The bytes that it is made of.
        operands: What it says, by name.
    """

    name: str
    data: bytes
    operands: dict[str, Any]

    @property
    def text(self) -> str:
        """Its bytes as text; what is no UTF-8 is escaped."""
        return self.data.decode("utf-8", "backslashreplace")


@dataclass(frozen=True, slots=True)
class FieldTranscript:
    """What somebody saw on a line.

    Args:
        name: Its ``id``, or the name of the capture.
        lines: Direction and text of each line.
    """

    name: str
    lines: tuple[tuple[str, str], ...]


def load_field_transcripts(path: Path) -> list[FieldTranscript]:
    """The transcripts of a TOML file.

    Raises:
        FileMistakeError: It is no such file; the text says where.
    """
    tables = load_toml(path, FileMistakeError, "transcripts").get("transcript")
    if not isinstance(tables, list) or not tables:
        raise FileMistakeError(
            path, "transcript", allowed="[[transcript]] tables", given=repr(tables)
        )
    return [_transcript(path, index, table) for index, table in enumerate(tables)]


def read_transcript(transcript: FieldTranscript) -> Iterator[Seen]:
    """The events of a transcript, with what was sent among them."""
    reader = ReplyReader()
    for direction, text in transcript.lines:
        data = text.encode()
        if reader.missing_bytes and _is_behind_record(direction, data, reader.missing_bytes):
            yield from _all_seen(reader.finish())
        if direction == "tx":
            reader.expect_echo(data)
            yield Seen("sent", data, {})
        else:
            yield from _all_seen(reader.receive(data + _LINE_END))
    yield from _all_seen(reader.finish())


def read_capture(data: bytes) -> Iterator[Seen]:
    """The events in what a module sent."""
    reader = ReplyReader()
    yield from _all_seen(reader.receive(data))
    yield from _all_seen(reader.finish())


def _is_behind_record(direction: str, line: bytes, missing_bytes: int) -> bool:
    """Whether a line cannot belong to the data before it: they were posted without their end.

    A line that has a meaning of its own may still be data, if they end with it.
    """
    if direction == "tx" or line.startswith(b"+IPD,"):
        return True
    return missing_bytes > len(line) + len(_LINE_END) and known_line(line) is not None


def mask_seen(events: Iterable[Seen]) -> Iterator[Seen]:
    """The events with ``***`` for passwords: in calls and answers, and wherever they turn up."""
    known: frozenset[bytes] = frozenset()
    for seen in events:
        if seen.name in {"sent", "echo"}:
            known |= passwords_in(seen.data)
        yield replace(seen, data=mask_secrets(seen.data, known))


def _transcript(path: Path, index: int, table: object) -> FieldTranscript:
    place = f"transcript[{index}]"
    if not isinstance(table, dict):
        raise FileMistakeError(path, place, allowed="a table", given=repr(table))
    name, lines = table.get("id"), table.get("lines")
    if not isinstance(name, str):
        raise FileMistakeError(path, f"{place}.id", allowed="a text", given=repr(name))
    if not isinstance(lines, list):
        raise FileMistakeError(path, f"{place}.lines", allowed="a list", given=repr(lines))
    return FieldTranscript(
        name,
        tuple(_line(path, f"{place}.lines[{at}]", line) for at, line in enumerate(lines)),
    )


def _line(path: Path, place: str, line: object) -> tuple[str, str]:
    match line:
        case [str(direction), str(text)] if direction in _DIRECTIONS:
            return direction, text
    raise FileMistakeError(path, place, allowed='["tx" or "rx", a text]', given=repr(line))


def _all_seen(events: Iterable[Event]) -> Iterator[Seen]:
    return map(_seen, events)


def _seen(event: Event) -> Seen:
    return _SEEN[type(event)](event)


def _seen_data(event: NetworkData) -> Seen:
    operands: dict[str, Any] = {
        "link": event.link_id,
        "length": len(event.data) + event.missing_bytes,
        "missing_bytes": event.missing_bytes,
    }
    if event.remote is not None:
        operands["remote"] = f"{event.remote[0]}:{event.remote[1]}"
    return Seen("data", event.data, operands)


def _seen_unsolicited(event: Unsolicited) -> Seen:
    operands = {"kind": event.kind.name.lower(), "link": event.link_id, "segment": event.segment}
    return Seen("unsolicited", event.line, operands)


def _seen_final(event: FinalResult) -> Seen:
    return Seen("final", event.result.value.encode(), {"follows_data": event.follows_data})


_SEEN: dict[type[Any], Callable[[Any], Seen]] = {
    Echo: lambda event: Seen("echo", event.text, {}),
    FinalResult: _seen_final,
    Prompt: lambda _: Seen("prompt", b">", {}),
    NetworkData: _seen_data,
    RawData: lambda event: Seen("raw", event.data, {}),
    Unsolicited: _seen_unsolicited,
    BootLine: lambda event: Seen("boot", event.line, {"record": type(event.record).__name__}),
    Noise: lambda event: Seen("noise", event.data, {}),
    ReasonLine: lambda event: Seen("reason", event.line, {"is_refusal": event.is_refusal}),
    ProgressLine: lambda event: Seen("progress", event.line, {"step": event.step}),
    TakenLine: lambda event: Seen("taken", event.line, {"count": event.count}),
    InformationLine: lambda event: Seen(_shape(event.line), event.line, {}),
}


def _shape(line: bytes) -> str:
    """What an information line is, as far as nobody has asked for it."""
    if _UNDERSTOOD.fullmatch(line):
        return "information"
    if _START_TEXT.fullmatch(line):
        return "boot"
    return "echo" if _ECHO.fullmatch(line) else "unknown"
