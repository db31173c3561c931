"""Carries lines and bytes between somebody who types, a session and a module.

One loop waits for keys or lines, for the port and for the session's next deadline; only the module
of a simulated world is waited for behind each line (`hil.console.wire`).
"""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from hil.at.line_time import line_time_ns
from hil.errors import MistakeError, NeedMissingError, PortError
from hil.ports.byte_port import Direction
from hil.rig.module import RigModule
from hil.units import NS_PER_MS, NS_PER_S, ns_to_seconds, seconds_to_ns

from .entry import Entry, EntryKind
from .hint import describe, near_commands
from .local import LOCAL_MARK, LocalCall, help_lines, parse_escapes, parse_local
from .masking import mask_line
from .session import LEAVE, Mode, Session, note
from .wire import SecondEar, wire_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from hil.errors import HilError
    from hil.ports.byte_port import PortFormat
    from hil.ports.serial_port import SerialPort

SIMULATED_QUIET_NS = 1 * NS_PER_S
"""A simulated module that has said nothing for so long is left alone until the next line."""

LAST_QUIET_NS = 300 * NS_PER_MS
"""How long a script listens behind its last line."""

_PACKET_GAP_NS = 50 * NS_PER_MS
"""Silence around ``+++`` in passthrough, which makes it a packet of its own (A-53)."""

_AFTER_LEAVE_NS = 1 * NS_PER_S
"""Silence behind it (A-52)."""

BAUDS = range(110, 4_608_000 + 1)
"""What a side of the line can be set to: the range of the module (line 248)."""

_NO_RESTART = (
    "open the module by a rig file whose `lines` switch EXT_RSTB or the supply (hil console --rig "
    "FILE), or restart it by AT+RST or by hand"
)


class Driver:
    """One module at the console.

    Args:
        module: The module.
        show: Shows lines, on the screen and in a log.
        timeout_s: How long a line waits for the end of the reply to the one before, where lines
            come faster than somebody types.
    """

    def __init__(
        self, module: RigModule, show: Callable[[list[Entry]], None], timeout_s: float
    ) -> None:
        self.session = Session(module.port.format)
        self.is_over = False
        self._module = module
        self._port = module.port
        self._clock = module.clock
        self._show = show
        self._timeout_s = timeout_s
        self._is_simulated = module.description.is_virtual
        self._wire = wire_of(module.port, is_simulated=self._is_simulated)
        self._ear: SecondEar | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.get_ident()
        self._timer: asyncio.TimerHandle | None = None
        self._news = asyncio.Event()
        self._local: dict[str, Callable[[str], Awaitable[None]]] = {
            "help": self._help,
            "send": self._send_escaped,
            "baud": self._baud,
            "reset": self._reset,
            "wake": self._wake,
            "wait": self._wait,
            "quit": self._quit,
        }
        self._port.tap = self._tap

    def start(self, on_lost: Callable[[HilError], None]) -> None:
        """Listen to the module; `on_lost` is called when its port has gone."""
        self._loop = asyncio.get_running_loop()
        self._wire.start(on_lost)

    def stop(self) -> None:
        """Listen no longer."""
        if self._timer is not None:
            self._timer.cancel()
        self._wire.stop()
        self._port.tap = None

    def reset_at_start(self) -> None:
        """Reset the module before anything is typed, and wait until it answers.

        Raises:
            NoReplyError: It does not.
            NeedMissingError: The rig cannot.
        """
        self._require_restart()
        self._module.start()
        self._show(self.session.forget())

    def _require_restart(self) -> None:
        if self._module.has.isdisjoint({"reset", "power"}):
            raise NeedMissingError("reset", self._module.rig_name, _NO_RESTART)

    async def type_line(self, line: str) -> None:
        """Do what a line says: one for the module, or one of the console's own commands.

        Raises:
            MistakeError: It is no command of the console, or the rig cannot do it.
            PortError: The port has gone, or cannot do it.
        """
        if line.startswith(LOCAL_MARK) and not line.startswith(2 * LOCAL_MARK):
            call: LocalCall = parse_local(line)
            await self._local[call.name](call.operand)
        elif line:
            text = line.removeprefix(LOCAL_MARK)
            self._send(self.session.bytes_of_line(text))
        if self._is_simulated:
            self._settle(SIMULATED_QUIET_NS)

    async def await_reply(self, line: str) -> None:
        """Wait until the module can take the next line; says so if a reply does not end."""
        if not await self._until(lambda: not self.session.is_waiting, self._timeout_s):
            self.session.give_up()
            self._say(f"no end of a reply came within {self._timeout_s:g} s")
        elif self.session.mode is Mode.PASSTHROUGH or line == LEAVE:
            gap_ns = _AFTER_LEAVE_NS if line == LEAVE else _PACKET_GAP_NS
            gap_ns += line_time_ns(self._port.format, len(line))
            await self._until(lambda: False, ns_to_seconds(gap_ns))

    async def listen_to_the_end(self) -> None:
        """Wait until the module is quiet behind the last line of a script."""
        if self._is_simulated:
            return
        quiet_s = ns_to_seconds(LAST_QUIET_NS)
        deadline_ns = self._clock.now_ns() + seconds_to_ns(self._timeout_s)
        while self._clock.now_ns() < deadline_ns:
            self._news.clear()
            if not await self._until(self._news.is_set, quiet_s):
                break

    def complain(self, text: str) -> None:
        """Show what is wrong with a line that was typed."""
        self._show([Entry(self._clock.now_ns(), EntryKind.MISTAKE, text)])

    @property
    def place(self) -> str:
        """The port and its rate."""
        return f"{self._port.name} at {self._port.format.baud} baud"

    def _tap(self, now_ns: int, direction: Direction, data: bytes) -> None:
        """Bytes went over the port; perhaps in a thread of the wire."""
        if self._ear is not None and direction is Direction.RECEIVED:
            self._ear.put(data)
        if self._loop is None or threading.get_ident() == self._thread:
            self._hear(now_ns, direction, data)
        else:
            self._loop.call_soon_threadsafe(self._hear, now_ns, direction, data)

    def _hear(self, now_ns: int, direction: Direction, data: bytes) -> None:
        self.session.follow_port(self._port.format)
        if direction is Direction.SENT:
            self._show(self.session.sent(data, now_ns))
        else:
            self._show(self.session.receive(data, now_ns))
        self._set_timer()
        self._news.set()
        wanted = self.session.take_format()
        if wanted is not None:
            self._follow(wanted)

    def _set_timer(self) -> None:
        """Have the session's next deadline kept, in real time by the loop."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due_ns = self.session.next_deadline_ns
        if due_ns is None or self._loop is None or self._is_simulated:
            return
        delay_s = max(ns_to_seconds(due_ns - self._clock.now_ns()), 0)
        self._timer = self._loop.call_later(delay_s, self._tick)

    def _tick(self) -> None:
        self._show(self.session.tick(self._clock.now_ns()))
        self._set_timer()

    def _follow(self, line_format: PortFormat) -> None:
        """Go where the module has gone, if this port can."""
        try:
            self._set_format(line_format)
        except PortError as error:
            self.complain(str(error))

    def _set_format(self, line_format: PortFormat) -> None:
        self._port.set_format(line_format)
        self._show(self.session.set_format(line_format))
        self._say(f"this side of the line is at {line_format.baud} baud now")

    def _send(self, data: bytes) -> None:
        self._port.send(data)

    def _say(self, text: str) -> None:
        self._show(note(text, self._clock.now_ns()))

    async def _until(self, is_done: Callable[[], bool], timeout_s: float) -> bool:
        """Let time pass until something is so; whether it is."""
        if self._is_simulated:
            return self._let_pass(is_done, seconds_to_ns(timeout_s))
        try:
            async with asyncio.timeout(timeout_s):
                while not is_done():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return is_done()
        return True

    def _settle(self, quiet_ns: int) -> None:
        """Let a simulated module talk until its reply has ended and it is quiet."""
        if not self._let_pass(lambda: not self.session.is_waiting, seconds_to_ns(self._timeout_s)):
            self.session.give_up()
            self._say(f"no end of a reply came within {self._timeout_s:g} s")
        while self._listen(self._clock.now_ns() + quiet_ns):
            pass

    def _let_pass(self, is_done: Callable[[], bool], duration_ns: int) -> bool:
        deadline_ns = self._clock.now_ns() + duration_ns
        while not is_done() and self._clock.now_ns() < deadline_ns:
            self._listen(deadline_ns)
        return is_done()

    def _listen(self, deadline_ns: int) -> bool:
        """Take what comes first, at most until a deadline; whether anything came."""
        while True:
            due_ns = self.session.next_deadline_ns
            until_ns = deadline_ns if due_ns is None else min(deadline_ns, due_ns)
            if self._port.receive(until_ns):
                return True
            self._tick()
            if self._clock.now_ns() >= deadline_ns:
                return False

    async def _help(self, operand: str) -> None:
        lines = describe(operand) if operand else help_lines()
        if not lines:
            near = near_commands(operand)
            advice = f"did you mean {near[0]}?" if near else "Tab completes names"
            raise MistakeError(f"the document has no command {mask_line(operand)!r}; {advice}")
        self._say("\n".join(lines))

    async def _send_escaped(self, operand: str) -> None:
        self._send(parse_escapes(operand))

    async def _baud(self, operand: str) -> None:
        is_number = operand.isascii() and operand.isdecimal()
        if not is_number or int(operand) not in BAUDS:
            raise MistakeError(
                f":baud takes a rate from {BAUDS[0]} to {BAUDS[-1]}, not {mask_line(operand)!r}"
            )
        self._set_format(replace(self._port.format, baud=int(operand)))

    async def _reset(self, operand: str) -> None:
        """Restart the module; a real one while the wire goes on listening."""
        del operand
        self._require_restart()
        self._show(self.session.forget())
        if self._is_simulated or self._loop is None:
            self._module.reset()
        else:
            self._ear = SecondEar(self._port)
            # What a reset asks of a port, the ear has.
            port = cast("SerialPort", self._ear)
            module = RigModule(
                self._module.description, port, self._module.lines, self._module.rig_name
            )
            await _finished(self._loop.run_in_executor(None, module.reset))
            self._ear = None
        self._show(self.session.forget())

    async def _wake(self, operand: str) -> None:
        if operand not in {"open", "closed"}:
            raise MistakeError(f":wake takes 'open' or 'closed', not {mask_line(operand)!r}")
        self._module.set_wake_link(is_closed=operand == "closed")
        self._say(f"the wake link is {operand}")

    async def _wait(self, operand: str) -> None:
        try:
            duration_s = float(operand)
        except ValueError:
            duration_s = -1.0
        if not 0 <= duration_s <= NS_PER_S:
            raise MistakeError(f":wait takes a number of seconds, not {mask_line(operand)!r}")
        await self._until(lambda: False, duration_s)

    async def _quit(self, operand: str) -> None:
        del operand
        self.is_over = True


async def _finished(job: asyncio.Future[object]) -> None:
    """Wait for a job to its end, also when somebody does not want to wait any more."""
    try:
        await asyncio.shield(job)
    except asyncio.CancelledError:
        await asyncio.wait({job})
        raise
