"""Getting into step with a module: at its start, after noise, at an unknown speed."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING

from hil.errors import ModuleRestartedError, NoReplyError, ReplyError
from hil.units import NS_PER_MS, seconds_to_ns

from .command import LINE_END
from .conversation import Conversation
from .event import Event, Final, FinalResult, Unsolicited, UnsolicitedKind
from .reply import Startup
from .reply_end import BUSY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hil.ports.byte_port import PortFormat

_READY_POLL_NS = 500 * NS_PER_MS
_QUIET_NS = 50 * NS_PER_MS
_LONGEST_SWALLOW_NS = 1000 * NS_PER_MS
_ANSWER_NS = 300 * NS_PER_MS
_ATTEMPTS = 3
_LEAVE = b"+++"
_PACKET_END_NS = 50 * NS_PER_MS
_ANSWER_AMID_DATA_NS = 1500 * NS_PER_MS
_OK_LINE = b"\r\nOK\r\n"
_AFTER_LEAVING_NS = 1000 * NS_PER_MS


class Liveness(Enum):
    """What `Recovery.probe` finds."""

    IDLE = "it waits for a command"
    BUSY = "it works on a command"
    RESTARTED = "it has just restarted"
    SILENT = "it says nothing"


class Recovery(Conversation):
    """A conversation that finds its module again."""

    def wait_ready(self, timeout_s: float = 10.0) -> Startup:
        """Wait until the module runs: ``ready``, or an answer to AT, whichever comes first.

        The document names no sign of readiness (A-70), so AT is asked every half second.

        Raises:
            NoReplyError: Neither came in time.

        Blocks: until the deadline.
        """
        started_ns = self._clock.now_ns()
        deadline_ns = started_ns + seconds_to_ns(timeout_s)
        is_polled = False

        def is_ready(event: Event) -> bool:
            if isinstance(event, Unsolicited):
                return event.kind is UnsolicitedKind.READY
            return is_polled and isinstance(event, FinalResult) and event.result is Final.OK

        while (now_ns := self._clock.now_ns()) < deadline_ns:
            poll_ns = now_ns + self._pause_ns(_READY_POLL_NS)
            event = self.next_event(is_ready, min(poll_ns, deadline_ns))
            if event is not None:
                if is_polled:
                    self._swallow()  # the answer to an AT that crossed the first sign of life
                duration_ns = self._clock.now_ns() - started_ns
                return Startup(isinstance(event, Unsolicited), self.boot_log, duration_ns)
            if self._clock.now_ns() < deadline_ns:
                self.send(b"AT" + LINE_END)
                is_polled = True
        raise NoReplyError(
            "waiting for the module to start",
            expected="'ready', or OK to AT",
            received="neither came",
            after_s=self._elapsed_s(started_ns),
            port=self.place,
            remedy="Check the supply, the boot straps and the content of the flash; "
            "resynchronise() tries other rates.",
        )

    def resynchronise(self, bauds: Iterable[int] = ()) -> int:
        """Get back into step after noise, lost bytes or a wrong speed.

        An empty line ends whatever the module has in its buffer, and may answer ERROR (A-10);
        what comes is swallowed, then AT must be answered with OK.

        Args:
            bauds: Speeds to try after the present one.

        Returns:
            The speed at which the module answers; the port is left there.

        Raises:
            NoReplyError: It answers at none of them; the port is set as before.
            PortError: The port cannot do one of the speeds.

        Blocks: up to 2 s for each speed, more below 9600 baud.
        """
        started_ns = self._clock.now_ns()
        before = self.port.format
        tried = list(dict.fromkeys([before.baud, *bauds]))
        for baud in tried:
            self._follow(replace(before, baud=baud))
            if self._is_answering():
                return baud
        self._follow(before)
        raise NoReplyError(
            "AT",
            expected="OK",
            received=f"it did not come at {', '.join(str(baud) for baud in tried)} baud",
            after_s=self._elapsed_s(started_ns),
            port=self.place,
            remedy="Reset the module, or name other rates; a factory module talks at 115200.",
        )

    def leave_passthrough(self) -> None:
        """Bring a module back to commands that passes everything through (A-52).

        Silence, ``+++``, a second of silence; then AT, which a module that is still in passthrough
        hands to the peer. One that waits for commands anyway is not harmed.

        Raises:
            NoReplyError: It does not come back.

        Source: line 808.

        Blocks: up to 9 s, more below 9600 baud.
        """
        started_ns = self._clock.now_ns()
        self._reader.set_transparent(is_on=True)
        try:
            for _ in range(_ATTEMPTS):
                self._listen(self._pause_ns(_PACKET_END_NS))
                self.port.send(_LEAVE)
                self._listen(self._pause_ns(_AFTER_LEAVING_NS))
                if self._answers_between_data():
                    return
        finally:
            self._reader.set_transparent(is_on=False)
        raise NoReplyError(
            "leaving passthrough by '+++'",
            expected="OK to AT",
            received="it did not come",
            after_s=self._elapsed_s(started_ns),
            port=self.place,
            remedy="Reset the module, or call resynchronise() if its speed is in doubt.",
        )

    def _answers_between_data(self) -> bool:
        """Whether AT is answered, be it in the midst of data that the peer goes on sending.

        They come raw, without a line end before the answer, and a fast peer has the answer wait
        behind what it sent before.
        """
        self.port.send(b"AT" + LINE_END)
        deadline_ns = self._clock.now_ns() + self._pause_ns(_ANSWER_AMID_DATA_NS)
        tail = b""
        while data := self.port.receive(deadline_ns):
            tail += data
            if _OK_LINE in tail:
                return True
            tail = tail[1 - len(_OK_LINE) :]
        return False

    def _listen(self, duration_ns: int) -> None:
        """Send nothing for a while."""
        self.listen_until(lambda: False, self._clock.now_ns() + duration_ns)

    def probe(self, timeout_s: float = 0.5) -> Liveness:
        """Whether a module that does not answer still works on something, or is dead.

        AT is sent once. A module that runs a command says so by ``busy``, also when it takes long
        over that command (A-13); one that hangs, or is without supply, says nothing.

        Blocks: until it answers, at most `timeout_s`.
        """
        now_ns = self._clock.now_ns()
        try:
            reply = self._exchange(b"AT", now_ns, now_ns + seconds_to_ns(timeout_s))
        except NoReplyError:
            return Liveness.SILENT
        except ModuleRestartedError:
            return Liveness.RESTARTED
        return Liveness.BUSY if reply.final in BUSY else Liveness.IDLE

    def _is_answering(self) -> bool:
        if self._owed_bytes:
            # It may still wait for bytes behind a prompt that were lost. A CR alone does nothing
            # to a module that waits for commands.
            self.port.send(b"\r" * self._owed_bytes)
            self._owed_bytes = 0
        self.port.send(LINE_END)
        self._swallow()
        self._reader.reset()
        return any(self._answers_at() for _ in range(_ATTEMPTS))

    def _answers_at(self) -> bool:
        """Whether AT is answered with OK at once."""
        now_ns = self._clock.now_ns()
        try:
            reply = self._exchange(b"AT", now_ns, now_ns + self._pause_ns(_ANSWER_NS))
        except ReplyError:
            return False
        return reply.final is Final.OK

    def _swallow(self) -> None:
        """Receive until the line is quiet, or has talked for a second without a pause."""
        end_ns = self._clock.now_ns() + self._pause_ns(_LONGEST_SWALLOW_NS)
        while (now_ns := self._clock.now_ns()) < end_ns:
            data = self.port.receive(now_ns + self._pause_ns(_QUIET_NS))
            if not data:
                break
            self._keep(self._reader.receive(data))

    def _follow(self, line_format: PortFormat) -> None:
        """Set the host's side of the line, if it is not set so."""
        if self.port.format != line_format:
            self.port.set_format(line_format)
