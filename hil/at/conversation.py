"""Talking to one module: a command, its reply, and what comes without being asked.

One conversation owns the receiving side of a port (`hil.at.hearing`).

A restart of the module is told apart from a reply: the banner of the boot ROM, or ``ready``, ends
a command with `ModuleRestartedError`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.units import NS_PER_MS, NS_PER_S, ns_to_seconds, seconds_to_ns

from .collector import ReplyCollector
from .command import LINE_END
from .complaint import failed, no_reply, restarted, unexpected
from .event import (
    Event,
    Final,
    FinalResult,
)
from .hearing import Hearing
from .reply_end import (
    BUSY,
    COMMAND_ENDS,
    COMMAND_OR_PROMPT_ENDS,
    DATA_ENDS,
    PROMPT_ENDS,
    Ends,
)
from .secret import passwords_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hil.errors import CommandFailedError, UnexpectedReplyError

    from .reply import Reply

REPLY_TIMEOUT_NS = 2 * NS_PER_S
"""How long a command may think by default; the time its bytes need on the line comes on top."""

DELIVERY_TIMEOUT_NS = 15 * NS_PER_S
"""How long data behind a prompt may be on their way to the peer by default."""

_BUSY_RETRY_NS = 250 * NS_PER_MS
_MOST_LATE_PIECES = 16  # a link that never stops talking must not keep a command from being sent

_REASON_NS = 300 * NS_PER_MS  # ERROR follows its reason at once, where it follows at all


class Conversation(Hearing):
    """Commands and their replies as text, and the lines that come unasked."""

    def command(
        self, line: str | bytes, timeout_s: float | None = None, *, ends: Ends | None = None
    ) -> Reply:
        """The reply to a line sent as it is, whatever it says.

        Args:
            line: The text, without a line end.
            timeout_s: For everything up to the end of the reply. By default 2 s and what 512
                bytes need on the line.
            ends: What ends the reply, if that is not OK, ERROR, FAIL or busy.

        Raises:
            NoReplyError: The end of a reply did not come in time.
            ModuleRestartedError: The module started anew in the meantime.

        Blocks: until the deadline.
        """
        data = line.encode() if isinstance(line, str) else line
        started_ns = self._clock.now_ns()
        # Firmware up to 0.20 says no OK before its prompt.
        usual = COMMAND_OR_PROMPT_ENDS if b"CIPSEND" in data else COMMAND_ENDS
        deadline_ns = self._deadline_ns(started_ns, timeout_s)
        return self._exchange(data, started_ns, deadline_ns, ends or usual)

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

    def receive_reply(self, timeout_s: float | None = None, ends: Ends = COMMAND_ENDS) -> Reply:
        """The next reply that comes, or came behind the last one; nothing is sent.

        Args:
            timeout_s: As for `command`.
            ends: What ends it; behind data for a prompt that is `DATA_ENDS`.

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
        return self._collect(b"", started_ns, deadline_ns, came, ends)

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
            self.next_event(_is_final, min(retry_ns, deadline_ns))
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

    def _failed(self, reply: Reply, started_ns: int, *, expected: str = "OK") -> CommandFailedError:
        after_s = self._elapsed_s(started_ns)
        return failed(reply, after_s=after_s, place=self.place, expected=expected)

    def _unexpected(self, reply: Reply, expected: str) -> UnexpectedReplyError:
        after_s = ns_to_seconds(reply.duration_ns)
        return unexpected(reply, expected, after_s=after_s, place=self.place)


def _is_final(event: Event) -> bool:
    return isinstance(event, FinalResult)
