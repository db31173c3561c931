"""Raw talk with a module: lines are sent as they are written, and answers compared as text.

This is how the conformance plan speaks: nothing is formatted, escaped, retried or interpreted. All
waiting is by deadline on the port's clock.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hil.errors import AnswerDiffersError
from hil.spec.spelling import spelling
from hil.units import NS_PER_MS, ns_to_seconds, seconds_to_ns

from .answer import Answer, Match, Part, answer_of, lines_of, name_of
from .event import NetworkData, Unsolicited
from .reply_end import COMMAND_ENDS, DATA_ENDS, PROMPT_ENDS, is_stale_at_next_command
from .secret import show_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hil.spec.spelling import Alternative

    from .client import AtClient
    from .event import Event, UnsolicitedKind
    from .reply import Reply
    from .reply_end import Ends

OK = "OK"
REFUSAL = spelling("refusal")
JOIN_FAILURE = spelling("join-failure")
PROMPT = spelling("prompt")
SENT = spelling("sent")

_ANSWER_TIMEOUT_S = 3.0
# What a command waits for by itself; the times are generous, since only a dead module uses them up.
_TIMEOUTS_S = (
    (re.compile(rb"AT\+CWJAP(?:_CUR|_DEF)?="), 40.0),
    (re.compile(rb"AT\+CWLAP"), 15.0),
    (re.compile(rb"AT\+CIPSTART=(?!\?)"), 40.0),
    (re.compile(rb"AT\+(?:CIUPDATE|CIPUPDATE)"), 120.0),
    (re.compile(rb"AT\+PING"), 20.0),
    (re.compile(rb"AT\+(?:CWMODE|CWQAP|CWSAP|RESTORE|CIPCLOSE|CIPSERVER|CWSTARTSMART)"), 15.0),
)

_LONG_ANSWER_BYTES = 512

_QUIET_NS = 3 * NS_PER_MS
"""How long an answer must be the last word: what comes within this time belongs to it."""


class Talk:
    """Raw talk with one module.

    Args:
        at: Its client, of which only the hearing and the sending of raw lines are used.
        is_strict: Whether the document's spelling is the only one that counts, as on a virtual
            module that follows the document.
        on_line: Is told of every line before it is sent.

    Attributes:
        spellings: By the name of a `Spelling`, the alternative that the module used last.
    """

    def __init__(
        self,
        at: AtClient,
        *,
        is_strict: bool,
        on_line: Callable[[bytes], None] | None = None,
    ) -> None:
        self.at = at
        self.port = at.port
        self.clock = at.port.clock
        self.is_strict = is_strict
        self.on_line = on_line
        self.spellings: dict[str, Alternative] = {}

    def say(self, line: str | bytes, timeout_s: float | None = None) -> Answer:
        """The answer to a line.

        Args:
            line: Without its line end.
            timeout_s: For everything up to OK, ERROR, FAIL or busy. By default what the command
                needs at most.

        Raises:
            NoReplyError: It did not come in time.
            ModuleRestartedError: The module started anew instead.
            AnswerDiffersError: Something came behind the end of the answer.

        Blocks: until the deadline.
        """
        return self._ask(line, COMMAND_ENDS, timeout_s)

    def expect(self, line: str | bytes, *parts: Part, timeout_s: float | None = None) -> Match:
        """How the answer to a line consists of the parts that are expected.

        Raises:
            AnswerDiffersError: It does not.

        Further as `say`.
        """
        return self._judge(self.say(line, timeout_s), parts)

    def ok(self, line: str | bytes, timeout_s: float | None = None) -> None:
        """Let a line be answered with OK and nothing else."""
        self.expect(line, OK, timeout_s=timeout_s)

    def refused(self, line: str | bytes, timeout_s: float | None = None) -> None:
        """Let a line be refused: ERROR, on real firmware perhaps behind a reason (A-08)."""
        self.expect(line, REFUSAL, timeout_s=timeout_s)

    def say_for_prompt(self, line: str | bytes, timeout_s: float | None = None) -> Answer:
        """As `say`, but OK does not end the answer: a prompt does, ERROR, FAIL or busy."""
        return self._ask(line, PROMPT_ENDS, timeout_s)

    def prompt(self, line: str | bytes, *before: Part) -> Match:
        """Let a line be answered with the prompt for data (A-50).

        Args:
            line: Without its line end.
            before: Lines that come before it.
        """
        return self._judge(self.say_for_prompt(line), (*before, PROMPT))

    def data(self, data: bytes, timeout_s: float = 40.0) -> Answer:
        """The answer to data behind a prompt: up to SEND OK, SEND FAIL or ERROR."""
        self.at.send(data)
        return self._take(DATA_ENDS, timeout_s)

    def sent(self, data: bytes) -> None:
        """Let data behind a prompt be sent: SEND OK (A-51)."""
        self._judge(self.data(data), (SENT,))

    def give(self, data: bytes) -> None:
        """Send data, behind a prompt or in passthrough, and wait for nothing."""
        self.at.send(data)

    def raw(self, data: bytes) -> None:
        """Send bytes as they are and wait for nothing."""
        self._tell(data)
        self.at.send(data)

    def answer(self, timeout_s: float = _ANSWER_TIMEOUT_S) -> Answer:
        """The answer to what `raw` sent."""
        return self._take(COMMAND_ENDS, timeout_s)

    def hear(self, duration_s: float) -> bytes:
        """Every byte that comes within a time; nothing of it is interpreted.

        What came before and was not taken is forgotten.

        Blocks: for `duration_s`.
        """
        self.at.forget()
        deadline_ns = self.clock.now_ns() + seconds_to_ns(duration_s)
        heard = bytearray()
        while data := self.port.receive(deadline_ns):
            heard += data
        return bytes(heard)

    def hear_until(self, pattern: bytes, timeout_s: float) -> bytes:
        """Every byte that comes up to an expression; nothing of it is interpreted.

        Raises:
            AnswerDiffersError: It did not come in time.

        Blocks: until it has come, at most `timeout_s`.
        """
        self.at.forget()
        deadline_ns = self.clock.now_ns() + seconds_to_ns(timeout_s)
        wanted, heard = re.compile(pattern, re.DOTALL), bytearray()
        while not wanted.search(heard):
            data = self.port.receive(deadline_ns)
            if not data:
                raise AnswerDiffersError(
                    "listening",
                    expected=f"/{pattern.decode('ascii', 'backslashreplace')}/",
                    received=f"{show_bytes(bytes(heard)) or '(nothing)'} within {timeout_s:g} s",
                    port=self.at.place,
                )
            heard += data
        return bytes(heard)

    def wait_for(self, what: UnsolicitedKind | str, timeout_s: float) -> None:
        """Wait for a line that comes unasked; one that came and was not taken counts.

        Raises:
            NoReplyError: It did not come in time.
        """
        self.at.wait_for(what, timeout_s)

    def unsolicited(self) -> tuple[str, ...]:
        """The lines that came unasked and that nobody took so far, taken now."""
        events = self.at.take_kept(lambda event: isinstance(event, Unsolicited))
        return tuple(event.text for event in events if isinstance(event, Unsolicited))

    def received(self, timeout_s: float = 2.0) -> NetworkData:
        """The next +IPD record that came or comes.

        Raises:
            AnswerDiffersError: None came in time.
        """
        deadline_ns = self.clock.now_ns() + seconds_to_ns(timeout_s)
        event = self.at.next_event(lambda each: isinstance(each, NetworkData), deadline_ns)
        if not isinstance(event, NetworkData):
            raise AnswerDiffersError(
                "waiting for data",
                expected="a record +IPD",
                received=f"none within {timeout_s:g} s",
                port=self.at.place,
            )
        return event

    def received_bytes(
        self, count: int, timeout_s: float = 5.0, *, link: int | None = None
    ) -> bytes:
        """The data of the next +IPD records of a link, until there are `count` bytes.

        Raises:
            AnswerDiffersError: They did not come in time, or for another link.
        """
        data = b""
        while len(data) < count:
            record = self.received(timeout_s)
            if record.link_id != link:
                raise AnswerDiffersError(
                    "waiting for data",
                    expected=f"a record +IPD of link {link}",
                    received=f"one of link {record.link_id}",
                    port=self.at.place,
                )
            data += record.data
        return data

    def silent(self, duration_s: float) -> None:
        """Let the module say nothing for a time.

        Raises:
            AnswerDiffersError: It said something.

        Blocks: for `duration_s`.
        """
        heard = self.hear(duration_s)
        if heard:
            raise AnswerDiffersError(
                f"listening for {duration_s:g} s",
                expected="nothing",
                received=show_bytes(heard),
                port=self.at.place,
            )

    def _ask(self, line: str | bytes, ends: Ends, timeout_s: float | None) -> Answer:
        data = line.encode() if isinstance(line, str) else line
        self._tell(data)
        limit_s = _usual_timeout_s(data) if timeout_s is None else timeout_s
        return self._answer(self.at.command(data, self._with_line_s(limit_s), ends=ends))

    def _take(self, ends: Ends, timeout_s: float) -> Answer:
        return self._answer(self.at.receive_reply(self._with_line_s(timeout_s), ends))

    def _with_line_s(self, timeout_s: float) -> float:
        """A time, and what a long answer needs on the line."""
        return timeout_s + ns_to_seconds(self.at.line_time_ns(_LONG_ANSWER_BYTES))

    def _answer(self, reply: Reply) -> Answer:
        answer = answer_of(reply, self.at.place, is_strict=self.is_strict)
        if self.is_strict:
            answer.must_be_framed()
        self._require_last_word(answer.sent, reply.events)
        return answer

    def _require_last_word(self, sent: bytes, own: Sequence[Event]) -> None:
        """Nothing belongs to an answer any more once it has ended."""
        deadline_ns = self.clock.now_ns() + _QUIET_NS + self.at.line_time_ns(2)
        self.at.listen_until(lambda: False, deadline_ns)
        kept = self.at.take_kept(_is_loose)
        behind = lines_of([event for event in kept if not any(event is each for each in own)])
        if behind:
            raise AnswerDiffersError(
                name_of(sent),
                expected="nothing behind the end of the answer",
                received=" | ".join(behind),
                port=self.at.place,
            )

    def _judge(self, answer: Answer, parts: tuple[Part, ...]) -> Match:
        match = answer.must_be(*parts)
        self.spellings |= match.seen
        return match

    def _tell(self, data: bytes) -> None:
        if self.on_line is not None:
            self.on_line(data)


def _is_loose(event: Event) -> bool:
    return is_stale_at_next_command(event) and not isinstance(event, Unsolicited)


def _usual_timeout_s(sent: bytes) -> float:
    return next((limit for pattern, limit in _TIMEOUTS_S if pattern.match(sent)), _ANSWER_TIMEOUT_S)
