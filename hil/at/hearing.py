"""Listening to one module: what comes without being asked, and what nobody waited for.

Nothing runs in the background: bytes are read while somebody waits for something, and what nobody
waited for is kept in order of arrival. All waiting is by deadline on the port's clock.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from hil.errors import NoReplyError
from hil.units import ns_to_seconds, seconds_to_ns

from .boot_log import BootLog, collect_boot_log
from .event import (
    BootLine,
    Echo,
    Event,
    FinalResult,
    InformationLine,
    NetworkData,
    Noise,
    Unsolicited,
    UnsolicitedKind,
)
from .line_time import line_time_ns
from .reader import ReplyReader
from .reply_end import DatagramConfirmation, is_stale_at_next_command, sign_of_restart
from .secret import show_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hil.ports.byte_port import BytePort

_LONGEST_REPLY_BYTES = 512
_KEPT_BOOT_LINES = 256


class Hearing:
    """The receiving side of a port, and what has come over it.

    Args:
        port: The module's UART. It is read from here alone, and not closed.
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
        event = self.next_event(is_wanted, started_ns + seconds_to_ns(timeout_s))
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

    def take_kept(self, is_wanted: Callable[[Event], bool]) -> tuple[Event, ...]:
        """What came and nobody took so far, as far as it is wanted; it is taken now."""
        taken = tuple(event for event in self._inbox if is_wanted(event))
        self._inbox = deque(event for event in self._inbox if not is_wanted(event))
        return taken

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

    def next_event(self, is_wanted: Callable[[Event], bool], deadline_ns: int) -> Event | None:
        """The next event that is wanted, taken from what is kept or comes; None at the deadline.

        Blocks: until the deadline.
        """
        for index, event in enumerate(self._inbox):
            if is_wanted(event):
                del self._inbox[index]
                return event
        self._rest = b""
        while data := self.port.receive(deadline_ns):
            events = self._reader.receive(data)
            for index, event in enumerate(events):
                if is_wanted(event):
                    self._keep(events[:index])
                    self._keep(events[index + 1 :])
                    return event
            self._keep(events)
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

    def _drop_stale(self) -> None:
        """Forget what belonged to the time before a command: ends of replies, loose lines."""
        self._inbox = deque(event for event in self._inbox if not is_stale_at_next_command(event))
        self._has_stale = False

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
