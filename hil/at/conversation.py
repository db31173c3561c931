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

from hil.errors import NoReplyError
from hil.units import NS_PER_MS, NS_PER_S, ns_to_seconds, seconds_to_ns

from .boot_log import BootLog, collect_boot_log
from .collector import ReplyCollector
from .command import LINE_END
from .complaint import failed, no_reply, restarted, unexpected
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
from .line_time import line_time_ns
from .reader import ReplyReader
from .reply_end import (
    BUSY,
    COMMAND_ENDS,
    DATA_ENDS,
    PROMPT_ENDS,
    DatagramConfirmation,
    Ends,
    is_stale_at_next_command,
    sign_of_restart,
)
from .secret import passwords_in, show_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from hil.errors import CommandFailedError, UnexpectedReplyError
    from hil.ports.byte_port import BytePort

    from .reply import Reply

REPLY_TIMEOUT_NS = 2 * NS_PER_S
"""How long a command may think by default; the time its bytes need on the line comes on top."""

_LONGEST_REPLY_BYTES = 512
DELIVERY_TIMEOUT_NS = 15 * NS_PER_S
"""How long data behind a prompt may be on their way to the peer by default."""

_BUSY_RETRY_NS = 250 * NS_PER_MS
_KEPT_BOOT_LINES = 256
_MOST_LATE_PIECES = 16  # a link that never stops talking must not keep a command from being sent

_REASON_NS = 300 * NS_PER_MS  # ERROR follows its reason at once, where it follows at all


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
        self._datagrams = DatagramConfirmation()
        self._owed_bytes = 0
        self.secrets: set[bytes] = set()
        """Passwords that were sent to the module; whoever shows texts hides them."""
        self._timed_format = port.format
        self._line_allowance_ns = line_time_ns(port.format, _LONGEST_REPLY_BYTES)

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
        reply = self._exchange_when_free(data, started_ns, deadline_ns, COMMAND_ENDS)
        if not reply.is_ok:
            raise self._failed(reply, started_ns)
        return reply

    def send_behind_prompt(
        self, line: str | bytes, data: bytes, timeout_s: float | None = None
    ) -> Reply:
        """The reply to data that a command asks for with a prompt: SEND OK.

        A module that is busy has lost the line (A-13): it is sent again as with `execute`.

        Args:
            line: The command, without a line end.
            data: What to send behind the prompt, as it is.
            timeout_s: For all of it. By default 17 s and what the bytes need on the line.

        Raises:
            CommandFailedError: Instead of the prompt, or behind the data, came something else.
            NoReplyError: Neither came in time.
            ModuleRestartedError: The module started anew in the meantime.

        Source: lines 805, 822; A-50, A-51.

        Blocks: until the deadline.
        """
        deadline_ns = self._data_deadline_ns(len(data), timeout_s)
        started_ns = self._clock.now_ns()
        command = line.encode() if isinstance(line, str) else line
        self._hand_over(command, data, started_ns, deadline_ns)
        reply = self._collect(command, started_ns, deadline_ns, (), DATA_ENDS)
        self._owed_bytes = 0
        if reply.final is not Final.SEND_OK:
            raise self._failed(reply, started_ns, expected="SEND OK")
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
        deadline_ns = self._deadline_ns(started_ns, timeout_s)
        return self._collect(b"", started_ns, deadline_ns, came, COMMAND_ENDS)

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

        seen_lines = len(self._boot_lines)
        event = self._await(is_wanted, started_ns + seconds_to_ns(timeout_s))
        if isinstance(event, Unsolicited | InformationLine):
            return event
        text = what.value if isinstance(what, UnsolicitedKind) else what
        signs = [sign_of_restart(line) for line in list(self._boot_lines)[seen_lines:]]
        restarts = "".join(f" (the module restarted: {sign[1]})" for sign in signs if sign)
        raise NoReplyError(
            f"waiting for '{show_bytes(text.encode())}'",
            expected="this line",
            received=f"it did not come{restarts}",
            after_s=self._elapsed_s(started_ns),
            port=self.place,
            remedy="See in the transcript what came instead, or allow more time.",
        )

    def listen_until(self, is_done: Callable[[], bool], deadline_ns: int) -> bool:
        """Take what comes until a condition holds; what nobody waits for is kept.

        Returns:
            Whether it holds; False at the deadline.

        Blocks: until the deadline.
        """
        self._rest = b""
        while not is_done():
            data = self.port.receive(deadline_ns)
            if not data:
                return False
            self._keep(self._reader.receive(data))
        return True

    def now_ns(self) -> int:
        """The time on the port's clock."""
        return self._clock.now_ns()

    def forget(self) -> None:
        """Start over: what was received so far belongs to a life of the module that has ended."""
        self._reader.reset()
        self._inbox.clear()
        self._has_stale = False
        self._rest = b""
        self._owed_bytes = 0
        self._boot_lines.clear()

    @property
    def boot_log(self) -> BootLog:
        """The last start of the module that was seen, as far as it was readable (A-72)."""
        return collect_boot_log(line.record for line in self._boot_lines)

    def _exchange(
        self, line: bytes, started_ns: int, deadline_ns: int, ends: Ends = COMMAND_ENDS
    ) -> Reply:
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
        return self._collect(line, started_ns, deadline_ns, (), ends)

    def _exchange_when_free(
        self, line: bytes, started_ns: int, deadline_ns: int, ends: Ends
    ) -> Reply:
        """As `_exchange`; a line that a busy module has lost is sent again until the deadline."""
        reply = self._exchange(line, started_ns, deadline_ns, ends)
        while reply.final in BUSY:
            retry_ns = self._clock.now_ns() + self._pause_ns(_BUSY_RETRY_NS)
            self._await(_is_final, min(retry_ns, deadline_ns))
            if self._clock.now_ns() >= deadline_ns:
                break
            reply = self._exchange(line, started_ns, deadline_ns, ends)
        return reply

    def _hand_over(self, line: bytes, data: bytes, started_ns: int, deadline_ns: int) -> Reply:
        """Send data behind the prompt of a command; returns what came up to the prompt."""
        reply = self._exchange_when_free(line, started_ns, deadline_ns, PROMPT_ENDS)
        if reply.final is not Final.PROMPT:
            raise self._failed(reply, started_ns, expected="the prompt '>'")
        self._owed_bytes = len(data)
        self._reader.expect_data_echo(data)
        self.port.send(data)
        return reply

    def _collect(
        self,
        line: bytes,
        started_ns: int,
        deadline_ns: int,
        came: Sequence[Event],
        ends: Ends,
    ) -> Reply:
        """Take events, those in `came` first, until one ends a reply."""
        begin = self._reader.received_bytes - len(self._rest)
        collector = ReplyCollector(line, ends, self._datagrams, begin, self._rest)
        self._rest = b""
        while True:
            used = collector.take(came)
            if collector.others:
                self._keep(collector.others)
                collector.others.clear()
            if collector.final is not None or collector.sign is not None:
                self._keep(came[used:])
                break
            until_ns = deadline_ns
            if collector.is_reason_last:
                until_ns = min(until_ns, self._clock.now_ns() + self._pause_ns(_REASON_NS))
            data = self.port.receive(until_ns)
            if not data:
                collector.give_up()
                break
            collector.raw += data
            came = self._reader.receive(data)
        duration_ns = self._clock.now_ns() - started_ns
        after_s = ns_to_seconds(duration_ns)
        if collector.sign is not None:
            raise restarted(line, collector.sign, after_s=after_s, place=self.place)
        if collector.final is None:
            raw = bytes(collector.raw)
            raise no_reply(line, raw, expected=ends.expected, after_s=after_s, place=self.place)
        reply, self._rest = collector.reply(duration_ns)
        return reply

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
            if isinstance(event, NetworkData):
                self._datagrams.see(event)
            elif isinstance(event, FinalResult) and event.follows_data:
                self._datagrams.see_idle(event)
            elif isinstance(event, BootLine | Unsolicited) and (sign := sign_of_restart(event)):
                self._on_restart(sign)
            if isinstance(event, BootLine):
                self._boot_lines.append(event)
            elif not isinstance(event, Echo | Noise) and not self._is_taken(event):
                self._inbox.append(event)
                self._has_stale = self._has_stale or is_stale_at_next_command(event)

    def _on_restart(self, sign: tuple[int | None, str]) -> None:
        """The module has started anew; `sign` is the cause and what showed it."""

    def _is_taken(self, event: Event) -> bool:
        """Whether somebody waits for such events and has taken this one; the links do."""
        del event
        return False

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
        self._inbox = deque(event for event in self._inbox if not is_stale_at_next_command(event))
        self._has_stale = False

    def _deadline_ns(self, started_ns: int, timeout_s: float | None) -> int:
        if timeout_s is not None:
            return started_ns + seconds_to_ns(timeout_s)
        return started_ns + self._pause_ns(REPLY_TIMEOUT_NS)

    def _data_deadline_ns(self, count: int, timeout_s: float | None) -> int:
        """Until when data behind a prompt must have arrived at the peer."""
        now_ns = self._clock.now_ns()
        if timeout_s is not None:
            return now_ns + seconds_to_ns(timeout_s)
        line_ns = 2 * self.line_time_ns(count)  # there, and back as echo
        return self._deadline_ns(now_ns, None) + DELIVERY_TIMEOUT_NS + line_ns

    def line_time_ns(self, count: int) -> int:
        """How long `count` bytes need on the line."""
        return line_time_ns(self.port.format, count)

    def _pause_ns(self, duration_ns: int) -> int:
        """`duration_ns` and what the longest usual reply needs on the line."""
        line_format = self.port.format
        if line_format is not self._timed_format:
            self._timed_format = line_format
            self._line_allowance_ns = line_time_ns(line_format, _LONGEST_REPLY_BYTES)
        return duration_ns + self._line_allowance_ns

    def _elapsed_s(self, started_ns: int) -> float:
        return ns_to_seconds(self._clock.now_ns() - started_ns)

    @property
    def place(self) -> str:
        """The port and how it is set, for error texts."""
        return f"{self.port.name} at {self.port.format.baud} baud"

    def _failed(self, reply: Reply, started_ns: int, *, expected: str = "OK") -> CommandFailedError:
        after_s = self._elapsed_s(started_ns)
        return failed(reply, after_s=after_s, place=self.place, expected=expected)

    def _unexpected(self, reply: Reply, expected: str) -> UnexpectedReplyError:
        after_s = ns_to_seconds(reply.duration_ns)
        return unexpected(reply, expected, after_s=after_s, place=self.place)


def _is_final(event: Event) -> bool:
    return isinstance(event, FinalResult)
