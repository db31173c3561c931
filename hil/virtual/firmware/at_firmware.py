"""The AT firmware as a program on the chip: when it hears, echoes, answers and is busy.

Theory of operation. What can be due is a moment: the end of start-up, the end of the bytes that are
arriving, what the command that runs waits for, what its services (`hil.virtual.firmware.service`)
want to do, and the pause that ends a packet of passthrough. Bytes are taken in pieces that end at
an LF at the latest (or at the last byte that a prompt asked for), and before anything else is due,
so that an echo never overtakes an answer. Of two things at the same moment the bytes come first.

Events from the outside go to the services; whatever they or time have changed, the command that
runs is asked whether it can go on.

While a command runs, each LF is answered ``busy p...`` and its line is lost; ``busy s...`` while
data are being sent. The processor of the real firmware stands still while a command writes to the
flash: what comes then waits in the UART's FIFO, and is looked at afterwards.

Source: section 2; A-06, A-10, A-13, A-70 in docs/ambiguities.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hil.units import NS_PER_MS
from hil.virtual.action import DeepSleep, Restart
from hil.virtual.user_slot import UserSlots

from .command import BUSY, Job, Outcome, Wait, until_written
from .command_table import commands_of, run_line
from .fault import TamperedOutput, lay_faults
from .line import LF, Line, LineReader
from .parameter_store import ParameterStore
from .start_text import start_text
from .state import FirmwareIdentity, FirmwareState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hil.virtual.action import Action
    from hil.virtual.flash import NorFlash
    from hil.virtual.outside import OutsideEvent
    from hil.virtual.uart import Burst, LineFormat

    from .command import Task
    from .dialect import Dialect
    from .fault import Fault

__all__ = ["START_UP_NS", "AtFirmware", "FirmwareIdentity"]

START_UP_NS = 200 * NS_PER_MS
"""From the first instruction to ``ready``: calibrating the radio takes most of it."""

_READY = b"\r\nready\r\n"
_BUSY_SENDING = b"\r\nbusy s...\r\n"
_FORCED_RESTART = b"\r\nWill force to restart!!!\r\n\r\nOK\r\n"
_RESTART_COMMAND = b"+RST"


@dataclass(slots=True)
class _Running:
    """A job that is under way, and what it waits for."""

    job: Job
    wait: Wait


class AtFirmware:
    """The program that answers AT commands on UART0.

    The stored settings are read when it is built, so that the chip can set its UART first.

    Args:
        flash: The flash that holds its parameters.
        identity: What AT+GMR tells of the image.
        dialect: Which firmware it is, where the document and the real one differ.
        factory_mac: The station's MAC address as the chip was made, six bytes.
        slot_number: Which of the two slots for programs it was started from, 1 or 2.
        faults: What is wrong with it.

    Raises:
        VirtualError: The flash is too small to have parameter areas.
    """

    def __init__(
        self,
        flash: NorFlash,
        identity: FirmwareIdentity,
        *,
        dialect: Dialect,
        factory_mac: bytes,
        slot_number: int = 1,
        faults: Sequence[Fault] = (),
    ) -> None:
        self._flash = flash
        self._tampering = lay_faults(faults, commands_of(dialect))
        store = self._tampering.kind(ParameterStore)(
            flash, blank_means_factory=dialect.blank_sector_means_factory
        )
        self._state = FirmwareState(
            identity,
            dialect,
            factory_mac,
            store,
            commands=self._tampering.commands,
            slots=UserSlots(flash, slot_number),
            out=TamperedOutput(store.user.uart.line_format, self._tampering) if faults else None,
            kinds=self._tampering.kind,
        )
        self._tampering.begin(self._state)
        self._reader = LineReader(dialect.line_buffer_bytes)
        self._ready_ns: int | None = None
        self._running: _Running | None = None
        self._arriving: deque[Burst] = deque()
        self._has_left = False
        self._has_changed = True
        self._planned_ns: int | None = None

    @property
    def line_format(self) -> LineFormat:
        """The format that UART0 is to have; before `start` the stored one."""
        return self._state.uart.line_format

    @property
    def start_text(self) -> bytes:
        """What is printed before UART0 gets that format."""
        return start_text(self._state)

    @property
    def flow_control(self) -> int:
        """The current flow control: 0 none, 1 RTS, 2 CTS, 3 both. Source: line 252."""
        return self._state.uart.flow_control

    @property
    def is_full(self) -> bool:
        """Whether no byte can be taken now."""
        has_no_room = self._state.input is not None and self._state.input.is_full
        return has_no_room or self._stands_still

    def start(self, now_ns: int) -> Sequence[Action]:
        """Begin to run; what arrives before ``ready`` is lost.

        Effects: a RESTORE that was interrupted is finished in the flash.
        """
        self._ready_ns = max(now_ns + START_UP_NS, self._state.store.recover(now_ns))
        return ()

    def next_deadline_ns(self) -> int | None:
        """When the next of what the theory of operation lists is due."""
        own_ns = self._own_deadline_ns
        if not self._arriving:
            return own_ns
        arrival_ns = self._arriving[0].end_ns()
        return arrival_ns if own_ns is None else min(arrival_ns, own_ns)

    def advance(self, now_ns: int) -> Sequence[Action]:
        """Serve everything that is due at `now_ns`, in the order of time."""
        while (due_ns := self.next_deadline_ns()) is not None and due_ns <= now_ns:
            if self._arriving and self._arriving[0].end_ns() == due_ns:
                self._end_piece(due_ns)
            elif self._ready_ns is not None:
                self._become_ready(due_ns)
            else:
                self._serve(due_ns)
            self._go_on(due_ns)
            self._has_changed = True
        return self._state.out.take()

    def hear(self, event: OutsideEvent, now_ns: int) -> Sequence[Action]:
        """Something came in over the antenna; `advance` has been called up to `now_ns`."""
        heard = None if self._is_deaf else self._tampering.heard(event)
        if heard is not None:
            for service in self._state.services:
                service.hear(heard, now_ns)
            self._go_on(now_ns)
            self._has_changed = True
        return self._state.out.take()

    def follow_line(self, *, is_held: bool, now_ns: int) -> None:
        """CTS holds up what is sent, or lets it go on; `advance` has been called up to `now_ns`."""
        out = self._state.out
        if is_held != out.is_held:
            out.follow_line(is_held=is_held, now_ns=now_ns)
            self._has_changed = True

    def bytes_wanted(self, burst: Burst) -> int:
        """How many bytes to hand over: up to one that acts, and not beyond what is due before."""
        count = self._wanted(burst)
        due_ns = self._own_deadline_ns
        if due_ns is not None and burst.start_ns < due_ns < burst.end_ns(count):
            return max(1, burst.ended_by(due_ns))
        return count

    def receive(self, burst: Burst) -> Sequence[Action]:
        """Take bytes; their echo is returned at once where it begins before they have ended."""
        self._has_changed = True
        is_idle = not self._arriving
        rest = burst
        while rest.data:
            piece, rest = rest.split(self.bytes_wanted(rest))
            self._arriving.append(piece)
        if is_idle:
            self._begin_piece()
        return self._state.out.take()

    @property
    def _own_deadline_ns(self) -> int | None:
        """When anything but bytes is due."""
        if self._ready_ns is not None or self._has_left:
            return self._ready_ns
        if self._has_changed:
            self._has_changed = False
            self._planned_ns = self._find_planned_ns()
        input_ns = self._input_deadline_ns
        planned_ns = self._planned_ns
        return planned_ns if input_ns is None or _is_before(planned_ns, input_ns) else input_ns

    def _find_planned_ns(self) -> int | None:
        """What services and the running job plan; it changes only while the firmware acts."""
        planned_ns = self._running.wait.until_ns if self._running else None
        for service in self._state.services:
            moment_ns = service.next_deadline_ns()
            if moment_ns is not None and not _is_before(planned_ns, moment_ns):
                planned_ns = moment_ns
        return planned_ns

    @property
    def _input_deadline_ns(self) -> int | None:
        """When the input is due; no pause is over while a byte is on the wire, however slow."""
        deadline_ns = self._state.input.next_deadline_ns() if self._state.input else None
        if deadline_ns is None or (self._arriving and self._arriving[0].start_ns < deadline_ns):
            return None
        return deadline_ns

    @property
    def _stands_still(self) -> bool:
        """Whether the processor is kept from looking at what the UART has received."""
        running = self._running
        is_writing = running is not None and running.wait.stands_still
        return is_writing and self._state.dialect.flash_holds_uart

    @property
    def _is_deaf(self) -> bool:
        return self._ready_ns is not None or self._has_left

    def _wanted(self, burst: Burst) -> int:
        if self._state.input is not None and not self._is_deaf:
            return min(len(burst.data), self._state.input.wanted(burst))
        line_end = burst.data.find(LF)
        return len(burst.data) if line_end < 0 else line_end + 1

    def _become_ready(self, now_ns: int) -> None:
        self._ready_ns = None
        self._state.out.send(_READY, now_ns)
        for service in self._state.services:
            service.start(now_ns)

    def _serve(self, now_ns: int) -> None:
        """Let services and input do what is due; the command that runs goes on afterwards."""
        for service in self._state.services:
            due_ns = service.next_deadline_ns()
            if due_ns is not None and due_ns <= now_ns:
                service.advance(now_ns)
        due_ns = self._input_deadline_ns
        if self._state.input is not None and due_ns is not None and due_ns <= now_ns:
            self._begin(self._state.input.advance(now_ns), now_ns)

    def _begin_piece(self) -> None:
        """Echo the first of the arriving pieces, if it is longer than the byte that ends it."""
        if self._arriving and len(self._arriving[0].data) > 1:
            self._echo(self._arriving[0])

    def _end_piece(self, now_ns: int) -> None:
        piece = self._arriving.popleft()
        if len(piece.data) == 1:
            self._echo(piece)
        while piece.data and not self._is_deaf:
            head, piece = piece.split(self._wanted(piece))
            if self._state.input is not None:
                self._begin(self._state.input.take(head), now_ns)
            else:
                for line in self._reader.take(head.data):
                    self._take_line(line, now_ns)
        self._begin_piece()

    def _echo(self, piece: Burst) -> None:
        """Send back what arrives, in step with it: of command lines all but LF, CR LF in its place.

        Source: line 225; A-06 in docs/ambiguities.
        """
        if self._is_deaf or not self._state.echo:
            return
        taker = self._state.input
        echoed = taker.echo(piece.data) if taker else piece.data.replace(b"\n", b"\r\n")
        if echoed:
            behind_first = min(len(piece.data), len(echoed)) - 1
            in_step_ns = piece.end_ns() - self.line_format.duration_ns(behind_first)
            self._state.out.send(echoed, max(piece.end_ns(1), in_step_ns))

    def _take_line(self, line: Line, now_ns: int) -> None:
        if self._running is not None:
            self._turn_away(line, self._running, now_ns)
            return
        result = run_line(self._state, line.command, now_ns)
        if isinstance(result, Outcome):
            self._end(result, now_ns)
        else:
            self._begin(Job(result), now_ns)

    def _turn_away(self, line: Line, running: _Running, now_ns: int) -> None:
        """What a line comes to while a command runs. Source: A-13 in docs/ambiguities.

        A forced restart waits for the flash, which a service may be writing to.
        """
        out = self._state.out
        is_restart = line.is_pure and line.command == _RESTART_COMMAND
        if not (is_restart and self._state.dialect.forced_restart):
            out.send(_BUSY_SENDING if running.job.is_sending else BUSY, now_ns)
            return
        self._running = None
        self._has_left = True
        out.send(_FORCED_RESTART, now_ns)
        out.add((Restart(max(now_ns, self._flash.busy_until_ns)),))

    def _begin(self, job: Job | None, now_ns: int) -> None:
        """Let a job run up to where it waits, if there is one."""
        if job is None:
            return
        try:
            self._running = _Running(job, next(job.task))
        except StopIteration as end:
            self._end(end.value, now_ns)

    def _go_on(self, now_ns: int) -> None:
        """Let the job go on as far as what it waits for has come."""
        while self._running is not None and self._running.wait.is_over(now_ns):
            running = self._running
            try:
                running.wait = running.job.task.send(now_ns)
            except StopIteration as end:
                self._end(end.value, now_ns)

    def _end(self, outcome: Outcome, now_ns: int) -> None:
        """Answer, at once or when the flash has been written."""
        self._running = None
        if outcome.at_ns > now_ns:
            self._begin(Job(_answer_later(outcome)), now_ns)
            return
        self._reader.reset()
        if outcome.text:
            self._state.out.send(outcome.text, outcome.at_ns)
        finish = outcome.finish(outcome.at_ns)
        self._state.out.add(finish)
        self._has_left = any(
            isinstance(action, Restart | DeepSleep) and action.at_ns <= now_ns for action in finish
        )


def _is_before(moment_ns: int | None, other_ns: int) -> bool:
    return moment_ns is not None and moment_ns < other_ns


def _answer_later(outcome: Outcome) -> Task:
    """The task of a command that writes to the flash."""
    yield until_written(outcome.at_ns)
    return outcome
