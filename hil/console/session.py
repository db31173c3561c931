"""A session at the console, without input and output: what to send, what to show, what to expect.

::

                 a line is typed              bytes come, time passes
                       │                               │
                 bytes_of_line                    receive, tick
                       │                               │
        port ◄── bytes │                               ▼
          │            ▼                            entries
          └──────►   sent ──► entries

The state that matters to the next line is its `Mode`:

=============  ==========================================  =====================================
mode           begins with                                 what a typed line becomes
=============  ==========================================  =====================================
COMMAND        the start, the end of data, a restart       the line and CR LF
DATA           a prompt                                    its bytes, until the length is met
PASSTHROUGH    the prompt of ``AT+CIPSEND`` alone          its bytes, until ``+++`` comes alone
=============  ==========================================  =====================================
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from hil.at.command import LINE_END
from hil.at.event import (
    BootLine,
    Event,
    Final,
    FinalResult,
    InformationLine,
    NetworkData,
    Noise,
    Prompt,
    RawData,
    Unsolicited,
    UnsolicitedKind,
)
from hil.at.line import other_line
from hil.at.reader import ReplyReader
from hil.at.reply_end import COMMAND_ENDS, DATA_ENDS, sign_of_restart
from hil.spec.command import FormKind
from hil.units import NS_PER_MS

from .call import parse_call
from .entry import SCREEN_DATA_BYTES, SCREEN_NOISE_BYTES, Entry, EntryKind, show_text
from .line_following import FormatFollower
from .masking import Masking

if TYPE_CHECKING:
    from hil.ports.byte_port import PortFormat

    from .call import Call

LEAVE = "+++"

QUIET_NS = 100 * NS_PER_MS
"""After so long without a byte, what has no line end yet is shown."""

_BOOT_LOG_BAUD = 74880
_GOOD = frozenset({Final.OK, Final.SEND_OK})
_SEGMENT_KINDS = {UnsolicitedKind.SEGMENT_SENT, UnsolicitedKind.SEGMENT_FAILED}
_RESTARTING = frozenset({"AT+RST", "AT+RESTORE"})
_VOLATILE = {"CIPMUX": "0", "CIPMODE": "0"}
"""Settings that a restart takes back (A-75, line 919)."""


class Mode(Enum):
    """What the module takes the next bytes for."""

    COMMAND = "command"
    DATA = "data"
    PASSTHROUGH = "passthrough"


@dataclass(slots=True)
class _Exchange:
    """A command that was sent and whose reply has not ended.

    Args:
        call: What it says, if it begins with AT.
        is_data: Whether its prompt has come, so that it ends as data do.
    """

    call: Call | None
    is_data: bool = False

    @property
    def wants_prompt(self) -> bool:
        """Whether a prompt ends its reply, and not the OK before it (A-50)."""
        form = self.call.form if self.call is not None else None
        return form is not None and form.has_prompt

    @property
    def is_passthrough(self) -> bool:
        """Whether everything behind its prompt is passed through (line 807)."""
        return self.wants_prompt and self.call is not None and self.call.kind is None

    @property
    def is_restart(self) -> bool:
        """Whether the module starts anew behind its OK."""
        return self.call is not None and self.call.kind is None and self.call.name in _RESTARTING

    @property
    def announced_bytes(self) -> int | None:
        """How many bytes it says will follow its prompt; None if it does not say."""
        if self.call is None or self.call.kind is not FormKind.SET:
            return None
        # A link's number leads where one number, or one number and a peer, do not stand alone.
        place = (len(self.call.arguments) + 1) % 2
        text = self.call.arguments[place]
        return int(text) if text.isdecimal() and text.isascii() else None

    def is_ended_by(self, result: Final) -> bool:
        """Whether nothing more of the reply comes behind a result."""
        if self.is_data:
            return result in DATA_ENDS.finals
        if result is Final.OK and (self.wants_prompt or self.is_restart):
            return False
        return result in COMMAND_ENDS.finals


class Session:
    """What is known of a module that somebody talks to.

    Args:
        line_format: How the port is set at the start.

    Attributes:
        mode: What the module takes the next line for.
        missing_bytes: In `Mode.DATA`, how many it still waits for; None if that is not known.
        settings: What is known of ``CIPMUX`` and ``CIPMODE``.
        failures: How many replies ended in something else than success.
    """

    def __init__(self, line_format: PortFormat) -> None:
        self.mode = Mode.COMMAND
        self.missing_bytes: int | None = None
        self.settings: dict[str, str] = {}
        self.failures = 0
        self._reader = ReplyReader()
        self._masking = Masking()
        self._follower = FormatFollower(line_format)
        self._exchange: _Exchange | None = None
        self._heard_ns = 0
        self._due_ns: int | None = None
        self._noise, self._noise_ns = b"", 0
        self._raw = b""
        self._shown_unfinished = b""
        self._has_booted = False

    @property
    def is_waiting(self) -> bool:
        """Whether a reply has not ended, or data behind a prompt have not been sent."""
        return self._exchange is not None and self.mode is not Mode.DATA

    @property
    def next_deadline_ns(self) -> int | None:
        """When `tick` has something to show, if nothing comes before."""
        return self._due_ns

    def bytes_of_line(self, line: str) -> bytes:
        """What a typed line becomes on the wire."""
        data = line.encode("utf-8", "surrogateescape")
        if self.mode is Mode.COMMAND and line != LEAVE:
            return data + LINE_END
        return data

    def sent(self, data: bytes, now_ns: int) -> list[Entry]:
        """Bytes go out; returns what to show.

        Args:
            data: All that is sent in one piece: a command with its line end, or data.
            now_ns: When.
        """
        entries = self._flush()
        masked = self._masking.sent(data)
        if data == LEAVE.encode():
            return [*entries, Entry(now_ns, EntryKind.SENT, LEAVE), *self._leave(now_ns)]
        if self.mode is Mode.COMMAND and data.endswith(LINE_END):
            self._begin(data.removesuffix(LINE_END))
            text = show_text(masked.removesuffix(LINE_END))
            return [*entries, Entry(now_ns, EntryKind.SENT, text)]
        entries.append(_cut(now_ns, EntryKind.SENT, f"{len(data)} bytes: ", masked))
        if self.mode is Mode.DATA:
            entries += self._count_data(data, now_ns)
        return entries

    def receive(self, data: bytes, now_ns: int) -> list[Entry]:
        """Bytes have come; returns what to show."""
        if not self._noise and not self._reader.unfinished:
            self._noise_ns = now_ns
        self._heard_ns = now_ns
        entries: list[Entry] = []
        for event in self._reader.receive(data):
            entries += self._take(event, now_ns)
        has_rest = self._noise or self._raw or self._reader.unfinished
        self._due_ns = now_ns + QUIET_NS if has_rest else None
        return entries

    def tick(self, now_ns: int) -> list[Entry]:
        """Time has come to `now_ns`; returns what nothing more came to in the meantime."""
        if self._due_ns is None or now_ns < self._due_ns:
            return []
        return self._flush()

    def take_format(self) -> PortFormat | None:
        """How to set the port now, if the module has changed its side of the line; once."""
        return self._follower.take()

    def set_format(self, line_format: PortFormat) -> list[Entry]:
        """The port was set; what began in another format cannot go on."""
        entries = self._flush()
        self._reader.reset()
        self._follower.current = line_format
        return entries

    def follow_port(self, line_format: PortFormat) -> None:
        """Somebody else has set the port, who knows what he does."""
        self._follower.current = line_format

    def give_up(self) -> None:
        """Wait no longer for the end of a reply."""
        self._exchange = None
        self.failures += 1

    def forget(self) -> list[Entry]:
        """The module is restarted from outside: nothing that began before goes on."""
        entries = self._flush()
        self._reader.reset()
        self._forget()
        return entries

    def _begin(self, line: bytes) -> None:
        """A command goes out; its echo and its reply are expected."""
        self._exchange = _Exchange(parse_call(line.decode("utf-8", "surrogateescape")))
        self._reader.expect_echo(line)
        if self._exchange.is_passthrough:
            self._reader.expect_transparency()

    def _count_data(self, data: bytes, now_ns: int) -> list[Entry]:
        """Data behind a prompt go out."""
        self._reader.expect_data_echo(data)
        if self.missing_bytes is None:
            return []
        surplus = len(data) - self.missing_bytes
        self.missing_bytes = max(-surplus, 0)
        if surplus < 0:
            return []
        self._return_to_commands()
        return note(f"{surplus} more than the module waited for", now_ns) if surplus else []

    def _leave(self, now_ns: int) -> list[Entry]:
        """``+++`` went out alone: passthrough ends, and so does a prompt of firmware 0.23."""
        was = self.mode
        self._return_to_commands()
        self._exchange = None
        if was is not Mode.PASSTHROUGH:
            return []
        self._reader.set_transparent(is_on=False)
        return note("back to commands; wait a second before the next one (A-52)", now_ns)

    def _flush(self) -> list[Entry]:
        """What was kept because more might follow."""
        self._due_ns = None
        entries = self._flush_raw() + self._flush_noise()
        unfinished = self._reader.unfinished
        if not unfinished or unfinished == self._shown_unfinished:
            return entries
        if isinstance(other_line(unfinished), Noise):
            self._noise = self._without_shown(unfinished)
            entries += self._flush_noise()
        else:
            text = show_text(self._masking.piece(unfinished))
            entries.append(Entry(self._heard_ns, EntryKind.UNFINISHED, f"{text} ..."))
        self._shown_unfinished = unfinished
        return entries

    def _without_shown(self, noise: bytes) -> bytes:
        """Noise without its beginning, if that was shown before its line had an end."""
        return noise.strip(b"\r").removeprefix(self._shown_unfinished.strip(b"\r"))

    def _flush_raw(self) -> list[Entry]:
        raw, self._raw = self._raw, b""
        if not raw:
            return []
        return [_cut(self._heard_ns, EntryKind.UNSOLICITED, "", self._masking.piece(raw))]

    def _flush_noise(self) -> list[Entry]:
        noise, self._noise = self._noise, b""
        if not noise:
            return []
        is_other_rate = self._follower.current.baud != _BOOT_LOG_BAUD
        advice = f" (sent at another rate? Boot logs come at {_BOOT_LOG_BAUD} baud)"
        head = f"{len(noise)} bytes of noise{advice if is_other_rate else ''}: "
        masked = self._masking.piece(noise)
        shown, rest = masked[:SCREEN_NOISE_BYTES], masked[SCREEN_NOISE_BYTES:]
        text = head + show_text(shown, "ascii")
        return [Entry(self._noise_ns, EntryKind.NOISE, text, show_text(rest, "ascii"), len(rest))]

    def _take(self, event: Event, now_ns: int) -> list[Entry]:
        """What one event shows; noise and raw data may be shown later."""
        if isinstance(event, Noise):
            self._noise += self._without_shown(event.data)
            self._shown_unfinished = b""
            return []
        if isinstance(event, RawData):
            return self._take_raw(event, now_ns)
        entries = self._flush_noise() + self._flush_raw()
        self._shown_unfinished = b""
        entries += self._take_told(event, now_ns)
        if isinstance(event, BootLine | Unsolicited) and (sign := sign_of_restart(event)):
            entries += self._take_restart(sign[1], now_ns, is_ready=isinstance(event, Unsolicited))
        return entries

    def _take_told(self, event: Event, now_ns: int) -> list[Entry]:
        """What an event shows that the module has told in text."""
        match event:
            case InformationLine():
                self._learn(event.text)
                kind = EntryKind.BOOT if self._is_booting else EntryKind.RECEIVED
                entry = Entry(now_ns, kind, self._show_line(event.line))
            case FinalResult():
                entry = self._take_final(event, now_ns)
            case Prompt():
                entry = self._take_prompt(now_ns)
            case NetworkData():
                entry = self._take_data(event, now_ns)
            case Unsolicited():
                entry = self._take_unsolicited(event, now_ns)
            case BootLine():
                entry = Entry(now_ns, EntryKind.BOOT, show_text(event.line.strip()))
            case _:
                return []  # an echo: the line is shown where it was sent
        return [entry]

    @property
    def _is_booting(self) -> bool:
        """Whether the firmware may print what it likes: between the boot log and ``ready``."""
        is_asked = self._exchange is not None and not self._exchange.is_restart
        return self._has_booted and not is_asked

    def _show_line(self, line: bytes) -> str:
        return show_text(self._masking.line(line))

    def _take_raw(self, event: RawData, now_ns: int) -> list[Entry]:
        """Data of passthrough, line by line as far as they have lines."""
        lines = (self._raw + event.data).splitlines(keepends=True)
        self._raw = b"" if lines[-1].endswith(b"\n") else lines.pop()
        kind = EntryKind.UNSOLICITED
        return [_cut(now_ns, kind, "", self._masking.piece(line)) for line in lines]

    def _take_final(self, event: FinalResult, now_ns: int) -> Entry:
        is_good = event.result in _GOOD
        exchange = self._exchange
        if self.mode is Mode.DATA and event.result in DATA_ENDS.finals:
            self._return_to_commands()
        if exchange is not None:
            if event.result is Final.OK and exchange.call is not None:
                self._obey(exchange.call)
            if exchange.is_ended_by(event.result):
                self._end(is_good=is_good)
        kind = EntryKind.SUCCESS if is_good else EntryKind.FAILURE
        return Entry(now_ns, kind, event.result.value)

    def _take_prompt(self, now_ns: int) -> Entry:
        exchange = self._exchange
        if exchange is not None and exchange.is_passthrough:
            self.mode, self._exchange = Mode.PASSTHROUGH, None
            return Entry(now_ns, EntryKind.RECEIVED, "> (passthrough until +++)")
        self.mode = Mode.DATA
        self.missing_bytes = None
        if exchange is not None:
            exchange.is_data = True
            self.missing_bytes = exchange.announced_bytes
        wanted = "data" if self.missing_bytes is None else f"{self.missing_bytes} bytes"
        return Entry(now_ns, EntryKind.RECEIVED, f"> ({wanted} wanted)")

    def _take_data(self, event: NetworkData, now_ns: int) -> Entry:
        link = "" if event.link_id is None else f" link {event.link_id},"
        sender = f" from {event.remote[0]}:{event.remote[1]}" if event.remote else ""
        head = f"+IPD{link} {len(event.data)} bytes{sender}: "
        return _cut(now_ns, EntryKind.UNSOLICITED, head, self._masking.piece(event.data))

    def _take_unsolicited(self, event: Unsolicited, now_ns: int) -> Entry:
        exchange = self._exchange
        if event.kind in _SEGMENT_KINDS and exchange is not None and exchange.is_data:
            self._end(is_good=event.kind is UnsolicitedKind.SEGMENT_SENT)
        return Entry(now_ns, EntryKind.UNSOLICITED, self._show_line(event.line))

    def _take_restart(self, sign: str, now_ns: int, *, is_ready: bool) -> list[Entry]:
        """The module has started anew: nothing of what was volatile holds any more."""
        exchange, is_known = self._exchange, is_ready and self._has_booted
        self._has_booted = not is_ready
        self._forget()
        if exchange is not None and exchange.is_restart:
            self._exchange = None if is_ready else exchange
        elif exchange is not None:
            self.failures += 1
        if is_known:  # its boot log has said so
            return []
        return note(f"the module has restarted ({sign})", now_ns)

    def _forget(self) -> None:
        self._return_to_commands()
        self._exchange = None
        self.settings |= _VOLATILE

    def _return_to_commands(self) -> None:
        self.mode, self.missing_bytes = Mode.COMMAND, None

    def _end(self, *, is_good: bool) -> None:
        self._exchange = None
        self.failures += not is_good

    def _obey(self, call: Call) -> None:
        """The module has said OK: what it was told holds."""
        self._follower.obey(call)
        setting = call.name.removeprefix("AT+")
        if setting in _VOLATILE and call.kind is FormKind.SET:
            self.settings[setting] = call.arguments[0]

    def _learn(self, text: str) -> None:
        """``+CIPMUX:1``."""
        name, is_there, value = text.removeprefix("+").partition(":")
        if is_there and name in _VOLATILE:
            self.settings[name] = value.strip()


def note(text: str, now_ns: int) -> list[Entry]:
    """Something that the console itself has to say."""
    return [Entry(now_ns, EntryKind.NOTE, line) for line in text.splitlines()]


def _cut(now_ns: int, kind: EntryKind, head: str, data: bytes) -> Entry:
    """An entry for bytes, of which the screen shows so many."""
    shown, rest = data[:SCREEN_DATA_BYTES], data[SCREEN_DATA_BYTES:]
    return Entry(now_ns, kind, head + show_text(shown), show_text(rest), len(rest))
