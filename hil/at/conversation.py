"""Talking to one module: a command, its reply, and what comes without being asked.

One conversation owns the receiving side of a port. Nothing runs in the background: bytes are read
while somebody waits for something, and what nobody waited for is kept in order of arrival. All
waiting is by deadline on the port's clock.

A restart of the module is told apart from a reply: the banner of the boot ROM, or ``ready``, ends
a command with `ModuleRestartedError`.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from hil.errors import (
    CommandFailedError,
    ModuleRestartedError,
    NoReplyError,
    UnexpectedReplyError,
)
from hil.ports.byte_port import Parity
from hil.units import NS_PER_MS, NS_PER_S, ns_to_seconds, seconds_to_ns

from .boot_log import BootLog, ResetBanner, ResetCause, collect_boot_log
from .command import LINE_END
from .event import (
    BootLine,
    Echo,
    Event,
    Final,
    FinalResult,
    InformationLine,
    NetworkData,
    Noise,
    Unsolicited,
    UnsolicitedKind,
)
from .reader import ReplyReader
from .reply import Reply
from .secret import passwords_in, show_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from hil.ports.byte_port import BytePort, PortFormat

REPLY_TIMEOUT_NS = 2 * NS_PER_S
"""How long a command may think by default; the time its bytes need on the line comes on top."""

_LONGEST_REPLY_BYTES = 512
_BUSY_RETRY_NS = 250 * NS_PER_MS
_KEPT_BOOT_LINES = 256
_MOST_LATE_PIECES = 16  # a link that never stops talking must not keep a command from being sent

_REPLY_ENDS = frozenset({Final.OK, Final.ERROR, Final.FAIL, Final.BUSY_P, Final.BUSY_S})
_BUSY = frozenset({Final.BUSY_P, Final.BUSY_S})


class Conversation:
    """Commands and their replies as text, and the lines that come unasked.

    Args:
        port: The module's UART. The conversation reads it alone; it does not close it.
    """

    def __init__(self, port: BytePort) -> None:
        self.port = port
        self._clock = port.clock
        self._reader = ReplyReader()
        self._inbox: deque[Event] = deque()
        self._has_stale = False
        self._rest = b""
        self._boot_lines: deque[BootLine] = deque(maxlen=_KEPT_BOOT_LINES)
        self.secrets: set[bytes] = set()
        """Passwords that were sent to the module; whoever shows texts hides them."""
        self._timed_format = port.format
        self._line_allowance_ns = _line_time_ns(port.format, _LONGEST_REPLY_BYTES)

    def command(self, line: str | bytes, timeout_s: float | None = None) -> Reply:
        """The reply to a line sent as it is, whatever it says.

        Args:
            line: The text, without a line end.
            timeout_s: For everything up to the end of the reply. By default 2 s and what 512
                bytes need on the line.

        Raises:
            NoReplyError: The end of a reply did not come in time.
            ModuleRestartedError: The module started anew in the meantime.

        Blocks: until the deadline.
        """
        data = line.encode() if isinstance(line, str) else line
        started_ns = self._clock.now_ns()
        return self._exchange(data, started_ns, self._deadline_ns(started_ns, timeout_s))

    def execute(self, line: str | bytes, timeout_s: float | None = None) -> Reply:
        """The reply to a line that the module must answer with OK.

        A module that is busy has lost the line (A-13): it is sent again when what the module was
        doing has ended, as long as the deadline allows.

        Args:
            line: The text, without a line end.
            timeout_s: As for `command`.

        Raises:
            CommandFailedError: ERROR or FAIL came, or busy until the deadline.
            NoReplyError: The end of a reply did not come in time.
            ModuleRestartedError: The module started anew in the meantime.

        Blocks: until the deadline.
        """
        data = line.encode() if isinstance(line, str) else line
        started_ns = self._clock.now_ns()
        deadline_ns = self._deadline_ns(started_ns, timeout_s)
        reply = self._exchange(data, started_ns, deadline_ns)
        while reply.final in _BUSY:
            retry_ns = self._clock.now_ns() + self._pause_ns(_BUSY_RETRY_NS)
            self._await(_is_final, min(retry_ns, deadline_ns))
            if self._clock.now_ns() >= deadline_ns:
                break
            reply = self._exchange(data, started_ns, deadline_ns)
        if reply.final is not Final.OK:
            raise self._failed(reply, started_ns)
        return reply

    def send(self, data: bytes) -> None:
        """Send bytes as they are, and wait for nothing; `receive_reply` takes the answer."""
        self._remember_secrets(data)
        self._reader.expect_echo(data)
        self.port.send(data)

    def receive_reply(self, timeout_s: float | None = None) -> Reply:
        """The next reply that comes, or came behind the last one; nothing is sent.

        Its `raw` begins behind the last reply, or is incomplete if `wait_for` read in between.

        Raises:
            NoReplyError: No end of a reply came in time.
            ModuleRestartedError: The module started anew in the meantime.

        Blocks: until the deadline.
        """
        started_ns = self._clock.now_ns()
        came = list(self._inbox)
        self._inbox.clear()
        return self._collect(b"", started_ns, self._deadline_ns(started_ns, timeout_s), came)

    def wait_for(
        self, what: UnsolicitedKind | str, timeout_s: float
    ) -> Unsolicited | InformationLine:
        """The next line of a kind, or with a text; one that came earlier and was not taken counts.

        Args:
            what: A kind, or the whole text of a line.
            timeout_s: How long to wait.

        Raises:
            NoReplyError: It did not come in time.

        Blocks: until the deadline.
        """
        started_ns = self._clock.now_ns()

        def is_wanted(event: Event) -> bool:
            if isinstance(event, Unsolicited):
                return event.kind is what or event.text == what
            return isinstance(event, InformationLine) and event.text == what

        event = self._await(is_wanted, started_ns + seconds_to_ns(timeout_s))
        if isinstance(event, Unsolicited | InformationLine):
            return event
        text = what.value if isinstance(what, UnsolicitedKind) else what
        raise NoReplyError(
            f"waiting for '{show_bytes(text.encode())}'",
            expected="this line",
            received="it did not come",
            after_s=self._elapsed_s(started_ns),
            port=self._place,
            remedy="See in the transcript what came instead, or allow more time.",
        )

    def forget(self) -> None:
        """Start over: what was received so far belongs to a life of the module that has ended."""
        self._reader.reset()
        self._inbox.clear()
        self._has_stale = False
        self._rest = b""
        self._boot_lines.clear()

    @property
    def boot_log(self) -> BootLog:
        """The last start of the module that was seen, as far as it was readable (A-72)."""
        return collect_boot_log(line.record for line in self._boot_lines)

    def _exchange(self, line: bytes, started_ns: int, deadline_ns: int) -> Reply:
        """Send a line and collect its reply; what came before it was sent is not its reply."""
        for _ in range(_MOST_LATE_PIECES):
            data = self.port.receive(started_ns)
            if not data:
                break
            self._keep(self._reader.receive(data))
        if self._has_stale:
            self._drop_stale()
        self._rest = b""
        self._remember_secrets(line)
        self._reader.expect_echo(line)
        self.port.send(line + LINE_END)
        return self._collect(line, started_ns, deadline_ns, ())

    def _collect(
        self, line: bytes, started_ns: int, deadline_ns: int, came: Sequence[Event]
    ) -> Reply:
        """Take events, those in `came` first, until one ends a reply."""
        receive, read = self.port.receive, self._reader.receive
        begin = self._reader.received_bytes - len(self._rest)
        raw, self._rest = bytearray(self._rest), b""
        events: list[Event] = []
        while True:
            for index, event in enumerate(came):
                events.append(event)
                if isinstance(event, FinalResult) and event.result in _REPLY_ENDS:
                    self._keep(came[index + 1 :])
                    end = max(event.end_offset - begin, 0)
                    self._rest = bytes(raw[end:])
                    duration_ns = self._clock.now_ns() - started_ns
                    return _reply(line, event.result, events, bytes(raw[:end]), duration_ns)
                if not isinstance(event, Echo | InformationLine):
                    if (sign := _sign_of_restart(event)) is not None:
                        self._keep(came[index:])
                        raise self._restarted(line, sign, started_ns)
                    self._keep((event,))
            data = receive(deadline_ns)
            if not data:
                raise self._no_reply(line, started_ns, bytes(raw))
            raw += data
            came = read(data)

    def _remember_secrets(self, sent: bytes) -> None:
        if b"CW" in sent:
            self.secrets |= passwords_in(sent)

    def _await(self, is_wanted: Callable[[Event], bool], deadline_ns: int) -> Event | None:
        """The next event that is wanted, taken from what is kept or comes; None at the deadline."""
        for index, event in enumerate(self._inbox):
            if is_wanted(event):
                del self._inbox[index]
                return event
        self._rest = b""
        while data := self.port.receive(deadline_ns):
            events = self._reader.receive(data)
            for index, event in enumerate(events):
                if is_wanted(event):
                    self._keep(events[index + 1 :])
                    return event
                self._keep((event,))
        return None

    def _keep(self, events: Iterable[Event]) -> None:
        """Keep what nobody asked for until somebody does."""
        for event in events:
            if isinstance(event, BootLine):
                self._boot_lines.append(event)
            elif not isinstance(event, Echo | Noise):
                self._inbox.append(event)
                self._has_stale = self._has_stale or _is_stale_at_next_command(event)

    def _value(self, reply: Reply, name: str) -> str:
        """What the reply says behind ``+<name>:``."""
        value = reply.value(name)
        if value is None:
            raise self._unexpected(reply, f"a line '+{name}:...'")
        return value

    def _number(self, reply: Reply, name: str, allowed: range) -> int:
        """The number that the reply says behind ``+<name>:``."""
        text = self._value(reply, name).strip()
        if not text.isdecimal() or int(text) not in allowed:
            numbers = f"{allowed[0]} to {allowed[-1]}"
            raise self._unexpected(reply, f"a number from {numbers} in a line '+{name}:...'")
        return int(text)

    def _drop_stale(self) -> None:
        """Forget what belonged to the time before a command: ends of replies, loose lines."""
        self._inbox = deque(event for event in self._inbox if not _is_stale_at_next_command(event))
        self._has_stale = False

    def _deadline_ns(self, started_ns: int, timeout_s: float | None) -> int:
        if timeout_s is not None:
            return started_ns + seconds_to_ns(timeout_s)
        return started_ns + self._pause_ns(REPLY_TIMEOUT_NS)

    def _pause_ns(self, duration_ns: int) -> int:
        """`duration_ns` and what the longest usual reply needs on the line."""
        line_format = self.port.format
        if line_format is not self._timed_format:
            self._timed_format = line_format
            self._line_allowance_ns = _line_time_ns(line_format, _LONGEST_REPLY_BYTES)
        return duration_ns + self._line_allowance_ns

    def _elapsed_s(self, started_ns: int) -> float:
        return ns_to_seconds(self._clock.now_ns() - started_ns)

    @property
    def _place(self) -> str:
        return f"{self.port.name} at {self.port.format.baud} baud"

    def _no_reply(self, line: bytes, started_ns: int, raw: bytes) -> NoReplyError:
        if raw:
            received = f"only '{show_bytes(raw, passwords_in(line))}' came"
            remedy = "Allow more time; if this is no reply at all, call resynchronise()."
        else:
            received = "nothing came"
            remedy = "Check the supply, the wiring and the baud rate; resynchronise() tries others."
        return NoReplyError(
            _name(line),
            expected="the end of a reply (OK or ERROR)",
            received=received,
            after_s=self._elapsed_s(started_ns),
            port=self._place,
            remedy=remedy,
        )

    def _failed(self, reply: Reply, started_ns: int) -> CommandFailedError:
        if reply.final in _BUSY:
            remedy = "Wait for what it is doing, or allow more time."
        else:
            remedy = "Compare the arguments, the Wi-Fi mode and the link mode with the document."
        known = passwords_in(reply.command)
        lines = [line.encode("utf-8", "surrogateescape") for line in reply.lines]
        return CommandFailedError(
            _name(reply.command),
            result=reply.final.value,
            lines=[show_bytes(line, known) for line in lines],
            after_s=self._elapsed_s(started_ns),
            port=self._place,
            remedy=remedy,
        )

    def _unexpected(self, reply: Reply, expected: str) -> UnexpectedReplyError:
        return UnexpectedReplyError(
            _name(reply.command),
            expected=expected,
            received=f"'{show_bytes(reply.raw, passwords_in(reply.command))}' came",
            after_s=ns_to_seconds(reply.duration_ns),
            port=self._place,
            remedy="The firmware may be another version than 0.23; gmr() tells.",
        )

    def _restarted(
        self, line: bytes, sign: tuple[int | None, str], started_ns: int
    ) -> ModuleRestartedError:
        cause, text = sign
        return ModuleRestartedError(
            _name(line),
            cause=cause,
            sign=text,
            after_s=self._elapsed_s(started_ns),
            port=self._place,
            remedy="Check the supply (a dip restarts it), then call wait_ready().",
        )


def _reply(line: bytes, final: Final, events: list[Event], raw: bytes, duration_ns: int) -> Reply:
    lines = tuple([event.text for event in events if isinstance(event, InformationLine)])
    echo = next((event.text for event in events if isinstance(event, Echo)), None)
    return Reply(line, final, lines, echo, duration_ns, raw, tuple(events))


def _name(line: bytes) -> str:
    """What an error calls a command."""
    return show_bytes(line) if line else "a reply to what was sent"


def _is_final(event: Event) -> bool:
    return isinstance(event, FinalResult)


def _is_stale_at_next_command(event: Event) -> bool:
    if isinstance(event, Unsolicited):
        return event.kind is UnsolicitedKind.READY
    return not isinstance(event, NetworkData)


def _sign_of_restart(event: Event) -> tuple[int | None, str] | None:
    """The cause and the words of an event that shows a restart, or None."""
    if isinstance(event, BootLine) and isinstance(event.record, ResetBanner):
        cause = event.record.cause
        name = cause.name.lower().replace("_", " ") if isinstance(cause, ResetCause) else "unknown"
        return int(cause), f"rst cause {int(cause)}: {name}"
    if isinstance(event, Unsolicited) and event.kind is UnsolicitedKind.READY:
        return None, "it said 'ready'"
    return None


def _line_time_ns(line_format: PortFormat, count: int) -> int:
    """How long `count` bytes need on the line."""
    has_parity = line_format.parity is not Parity.NONE
    bits = 1 + line_format.data_bits + has_parity + line_format.stop_bits
    return round(count * bits * NS_PER_S / line_format.baud)
