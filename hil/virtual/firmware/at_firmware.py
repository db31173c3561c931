"""The AT firmware as a program on the chip: when it hears, echoes, answers and is busy.

Theory of operation. Three things can be due, and each is a moment: the end of start-up, the answer
of the command that runs, and the end of the bytes that are arriving. Bytes are taken in pieces that
end at an LF at the latest, and before the next answer is due, so that an echo never overtakes an
answer. Of two things at the same moment the bytes come first.

While a command runs, each LF is answered ``busy p...`` and its line is lost.

Source: section 2; A-06, A-10, A-13, A-70 in docs/ambiguities.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from hil.units import NS_PER_MS
from hil.virtual.action import DeepSleep, Restart, Send

from .command_table import run_line
from .line import LF, Line, LineReader
from .parameter_store import ParameterStore
from .state import FirmwareIdentity, FirmwareState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hil.virtual.action import Action
    from hil.virtual.flash import NorFlash
    from hil.virtual.uart import Burst, LineFormat

    from .command import Outcome
    from .dialect import Dialect

__all__ = ["START_UP_NS", "AtFirmware", "FirmwareIdentity"]

START_UP_NS = 200 * NS_PER_MS
"""From the first instruction to ``ready``: calibrating the radio takes most of it."""

_READY = b"\r\nready\r\n"
_BUSY = b"\r\nbusy p...\r\n"
_FORCED_RESTART = b"\r\nWill force to restart!!!\r\n\r\nOK\r\n"
_RESTART_COMMAND = b"+RST"


class AtFirmware:
    """The program that answers AT commands on UART0.

    The stored settings are read when it is built, so that the chip can set its UART first.

    Args:
        flash: The flash that holds its parameters.
        identity: What AT+GMR tells of the image.
        dialect: Which firmware it is, where the document and the real one differ.
        station_mac: The station's MAC address as the chip was made, six bytes.

    Raises:
        VirtualError: The flash is too small to have parameter areas.
    """

    def __init__(
        self,
        flash: NorFlash,
        identity: FirmwareIdentity,
        *,
        dialect: Dialect,
        station_mac: bytes,
    ) -> None:
        store = ParameterStore(flash, blank_means_factory=dialect.blank_sector_means_factory)
        self._state = FirmwareState(identity, dialect, station_mac, store)
        self._reader = LineReader(dialect.line_buffer_bytes)
        self._ready_ns: int | None = None
        self._running: Outcome | None = None
        self._arriving: deque[Burst] = deque()
        self._has_left = False

    @property
    def line_format(self) -> LineFormat:
        """The format that UART0 is to have; before `start` the stored one."""
        return self._state.uart.line_format

    @property
    def flow_control(self) -> int:
        """The current flow control: 0 none, 1 RTS, 2 CTS, 3 both. Source: line 252."""
        return self._state.uart.flow_control

    def start(self, now_ns: int) -> Sequence[Action]:
        """Begin to run; what arrives before ``ready`` is lost.

        Effects: a RESTORE that was interrupted is finished in the flash.
        """
        self._ready_ns = max(now_ns + START_UP_NS, self._state.store.recover(now_ns))
        return ()

    def next_deadline_ns(self) -> int | None:
        """When start-up, the running command or the arriving bytes end, whichever is first."""
        due = [self._own_deadline_ns, self._arriving[0].end_ns() if self._arriving else None]
        return min((moment for moment in due if moment is not None), default=None)

    def advance(self, now_ns: int) -> Sequence[Action]:
        """Serve everything that is due at `now_ns`, in the order of time."""
        actions: list[Action] = []
        while (due_ns := self.next_deadline_ns()) is not None and due_ns <= now_ns:
            if self._arriving and self._arriving[0].end_ns() == due_ns:
                actions += self._end_piece(due_ns)
            elif self._ready_ns is not None:
                self._ready_ns = None
                actions.append(Send(_READY, due_ns))
            elif self._running is not None:
                actions += self._answer(self._running)
        return actions

    def bytes_wanted(self, burst: Burst) -> int:
        """How many bytes to hand over: up to a line end, and not beyond the next answer."""
        line_end = burst.data.find(LF)
        count = len(burst.data) if line_end < 0 else line_end + 1
        due_ns = self._own_deadline_ns
        if due_ns is not None and burst.start_ns < due_ns < burst.end_ns(count):
            return max(1, burst.ended_by(due_ns))
        return count

    def receive(self, burst: Burst) -> Sequence[Action]:
        """Take bytes; their echo is returned at once where it begins before they have ended."""
        is_idle = not self._arriving
        rest = burst
        while rest.data:
            piece, rest = rest.split(self.bytes_wanted(rest))
            self._arriving.append(piece)
        return self._begin_piece() if is_idle else ()

    @property
    def _own_deadline_ns(self) -> int | None:
        if self._ready_ns is not None:
            return self._ready_ns
        return None if self._running is None else self._running.at_ns

    @property
    def _is_deaf(self) -> bool:
        return self._ready_ns is not None or self._has_left

    def _begin_piece(self) -> Sequence[Action]:
        """Echo the first of the arriving pieces, if it is longer than the byte that ends it."""
        if self._arriving and len(self._arriving[0].data) > 1:
            return self._echo(self._arriving[0])
        return ()

    def _end_piece(self, now_ns: int) -> Sequence[Action]:
        piece = self._arriving.popleft()
        actions = [*self._echo(piece)] if len(piece.data) == 1 else []
        if not self._is_deaf:
            for line in self._reader.take(piece.data):
                actions += self._take_line(line, now_ns)
        return [*actions, *self._begin_piece()]

    def _echo(self, piece: Burst) -> Sequence[Action]:
        """Send back what arrives, in step with it: all but LF, and CR LF in its place.

        Source: line 225; A-06 in docs/ambiguities.
        """
        if self._is_deaf or not self._state.echo:
            return ()
        count = len(piece.data)
        in_step_ns = piece.end_ns() - self.line_format.duration_ns(count - 1)
        echoed = piece.data.replace(b"\n", b"\r\n")
        return (Send(echoed, max(piece.end_ns(1), in_step_ns)),)

    def _take_line(self, line: Line, now_ns: int) -> Sequence[Action]:
        if self._running is not None:
            return self._turn_away(line, self._running, now_ns)
        outcome = run_line(self._state, line.command, now_ns)
        if outcome.at_ns > now_ns:
            self._running = outcome
            return ()
        return self._answer(outcome)

    def _turn_away(self, line: Line, running: Outcome, now_ns: int) -> Sequence[Action]:
        """What a line comes to while a command runs. Source: A-13 in docs/ambiguities.

        A forced restart waits for the flash: the processor stands still while it is written.
        """
        is_restart = line.is_pure and line.command == _RESTART_COMMAND
        if not (is_restart and self._state.dialect.forced_restart):
            return (Send(_BUSY, now_ns),)
        self._running = None
        self._has_left = True
        return Send(_FORCED_RESTART, now_ns), Restart(running.at_ns)

    def _answer(self, outcome: Outcome) -> Sequence[Action]:
        self._running = None
        self._reader.reset()
        finish = outcome.finish(outcome.at_ns)
        self._has_left = any(isinstance(action, Restart | DeepSleep) for action in finish)
        return Send(outcome.text, outcome.at_ns), *finish
