"""A module that is played from a record. It is told what time it is, like the virtual one.

Theory of operation: what was done to the module (bytes sent, lines switched) are the *actions* of
a record; they must be done again in the same order. An action that is complete releases everything
that is on record behind it up to the next action: each chunk of received bytes is due as long
after it as it was then. So a session may be slower or faster than it was, and wait for more or for
less, and still gets the answers in order.

What else the client does is no action: how the port is set is compared when something is done, and
where input was discarded it is a remark on how much of what came was not wanted.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from hil.at.secret import MASK, show_bytes
from hil.errors import ReplayMismatchError
from hil.ports.byte_port import Direction, PortFormat
from hil.ports.control_lines import Line
from hil.units import NS_PER_MS

from .entry import (
    OF_ALL_SLOTS,
    FormatSet,
    InputDiscarded,
    LinesSet,
    LoaderEntered,
    LoaderLeft,
    SectionBegun,
    Transfer,
    format_port_format,
)
from .sent_match import PartedError, SentMatch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .entry import Content, Entry, Piece
    from .record import Record

REAL_SLACK_NS = 50 * NS_PER_MS
"""How far a look at the port sees ahead if the record was made in real time.

Between two calls of a client that was recorded on a bench time went by, in which bytes arrived that
its next look found. Played, no time goes by between them.
"""

_REMEDY = (
    "If the test has changed, record the session again; if not, it does something that depends on "
    "more than what came from the module"
)
_CUT_OFF_REMEDY = "Record the session again, and let the run end"
_SHORTEST_SECRET_BYTES = 5


class _Due(NamedTuple):
    """What is to arrive; without pieces, the place where input was discarded then."""

    time_ns: int
    pieces: tuple[Piece, ...] | None


@dataclass(frozen=True, slots=True)
class SectionStart:
    """How things stood when a section of the record began.

    Args:
        is_running: Whether the firmware was known to run.
        is_dirty: Whether the module was brought back to factory settings first.
        line_format: How the port was set.
        is_next: Whether the section follows the one that was played last, as it does in the record.
    """

    is_running: bool
    is_dirty: bool
    line_format: PortFormat
    is_next: bool


class ReplayedModule:
    """Answers as a module did when its session was recorded.

    Without `begin` the record is played from its beginning, across all its sections.

    Args:
        record: The record.
        slot: Which module of it; the first by default.
    """

    def __init__(self, record: Record, slot: int | None = None) -> None:
        self.recorded = record.module(slot)
        self.record = record
        self.lines = self.recorded.lines - {Line.STRAP}
        """What it can be switched by: to enter the boot loader would lead to what is not there."""
        self.capabilities = self.recorded.capabilities - {"uart-flow"}
        self.line_format = PortFormat(baud=self.recorded.baud)
        self.slack_ns = 0 if record.header.is_simulated else REAL_SLACK_NS
        self._recorded_format = self.line_format
        self._entries = [
            entry for entry in record.entries if entry.slot in {None, self.recorded.slot}
        ]
        self._begins = [
            index
            for index, entry in enumerate(self._entries)
            if isinstance(entry.content, SectionBegun)
        ]
        self._used: dict[str, int] = {}
        self._due: deque[_Due] = deque()
        self._arrived = bytearray()
        self._secrets: dict[int, bytes] = {}
        self._section = ""
        self._played = -2  # the number of the section that was begun last; no other follows this
        self._parted: ReplayMismatchError | None = None
        self._start(0, 0, record.header.rig_time_ns)

    @property
    def begins_with_a_restart(self) -> bool:
        """Whether the next thing on record is that lines were switched."""
        entry = self._entry()
        return entry is not None and isinstance(entry.content, LinesSet)

    def has(self, section: str) -> bool:
        """Whether a section of that name is on record."""
        return any(self._begin_at(index).name == section for index in self._begins)

    def begin(self, section: str, now_ns: int) -> SectionStart:
        """Play a section, whatever was played before; a name that occurs again means the next one.

        Args:
            section: A name for which `has` is true.
            now_ns: The present moment.
        """
        places = [index for index in self._begins if self._begin_at(index).name == section]
        times = self._used.get(section, 0)
        self._used[section] = times + 1
        index = places[min(times, len(places) - 1)]
        content = self._begin_at(index)
        number = self._begins.index(index)
        is_next = number == self._played + 1
        self._section, self._played = section, number
        self._follow_format(content)
        self._start(index + 1, now_ns, self._entries[index].time_ns)
        return SectionStart(
            self.recorded.slot in content.running, content.is_dirty, self._recorded_format, is_next
        )

    def set_format(self, line_format: PortFormat) -> None:
        """The host's side of the line is set."""
        self.line_format = line_format

    def send(self, data: bytes, now_ns: int) -> None:
        """Bytes are sent to the module.

        Raises:
            ReplayMismatchError: Something else is on record.
        """
        while data:
            self._require_together()
            entry, sent = self._entry(), self._match
            if entry is None or sent is None:
                raise self._part(f"{_quoted(data, self._secrets)} was sent")
            self._require_format(entry)
            try:
                rest = sent.take(data)
            except PartedError:
                raise self._part(f"{_quoted(bytes(sent.sent), self._secrets)} was sent") from None
            self._secrets |= sent.secrets
            if rest is None:
                return
            data = rest
            self._complete(entry, now_ns)

    def set_lines(self, states: Mapping[Line, bool], now_ns: int) -> None:
        """Control lines are switched.

        Raises:
            ReplayMismatchError: Something else is on record.
        """
        self._require_together()
        entry = self._entry()
        wanted = _playable(entry.content) if entry and isinstance(entry.content, LinesSet) else {}
        if entry is None or wanted != states:
            raise self._part(f"{_switched(states)} was switched")
        self._require_format(entry)
        self._complete(entry, now_ns)

    def next_arrival_ns(self, now_ns: int) -> int | None:
        """When the next bytes arrive that are not there yet; None if none are on their way."""
        self._collect(now_ns)
        return next((due.time_ns for due in self._due if due.pieces is not None), None)

    def available(self, now_ns: int) -> int:
        """How many bytes are there."""
        self._collect(now_ns)
        return len(self._arrived)

    def receive(self, count: int, now_ns: int) -> bytes:
        """Up to `count` bytes of what is there."""
        self._collect(now_ns)
        data = bytes(self._arrived[:count])
        del self._arrived[:count]
        return data

    def discard_input(self, now_ns: int) -> None:
        """Forget what is there, and what was forgotten at this place of the record."""
        self._collect(now_ns)
        self._arrived.clear()
        barriers = [index for index, due in enumerate(self._due) if due.pieces is None]
        for _ in range(barriers[0] + 1 if barriers else 0):
            self._due.popleft()

    def require_continued(self) -> None:
        """Refuse to say that nothing comes where the record does not know.

        Raises:
            ReplayMismatchError: The session parted from its record, or the record is cut off here.
        """
        self._require_together()
        if self._entry() is None and self.record.is_cut_off:
            raise self._part(
                "an answer is waited for", "nothing is known any more", _CUT_OFF_REMEDY
            )

    def next_deadline_ns(self) -> None:
        """It does nothing by itself: a machine of a world."""

    def advance(self, now_ns: int) -> None:
        """Likewise."""

    def _begin_at(self, index: int) -> SectionBegun:
        content = self._entries[index].content
        if not isinstance(content, SectionBegun):
            raise TypeError(f"entry {index} begins no section")
        return content

    def _entry(self) -> Entry | None:
        """The action that is next, or the end of a section; None at the end of the record."""
        return self._entries[self._next] if self._next < len(self._entries) else None

    def _start(self, index: int, now_ns: int, recorded_ns: int) -> None:
        self._next = index
        self._parted = None
        self._after, self._after_line = "at its beginning", 0
        self._anchor_ns, self._anchor_recorded_ns = now_ns, recorded_ns
        self._due.clear()
        self._arrived.clear()
        self._match: SentMatch | None = None
        self._release()

    def _complete(self, entry: Entry, now_ns: int) -> None:
        """An action has been done."""
        self._after = f"after {self._told(entry)} (line {entry.line})"
        self._anchor_ns, self._anchor_recorded_ns = now_ns, entry.time_ns
        self._due = deque(due for due in self._due if due.pieces is not None)
        self._match = None
        self._next += 1
        self._release()

    def _release(self) -> None:
        """Let what is on record up to the next action happen in its time."""
        while (entry := self._entry()) is not None and not self._stops_at(entry.content):
            match entry.content:
                case Transfer(pieces=pieces):
                    self._due.append(self._due_at(entry, pieces))
                case InputDiscarded():
                    self._due.append(self._due_at(entry, None))
                case FormatSet(line_format=line_format):
                    self._recorded_format = line_format
                case SectionBegun():
                    self._follow_format(entry.content)
                case LoaderEntered():
                    self._pass_loader()
                    continue
            self._next += 1
        if entry is not None and isinstance(entry.content, Transfer):
            self._match = SentMatch(entry.content.pieces, self._literal_behind(self._next))

    def _stops_at(self, content: Content) -> bool:
        """Whether it is another action, or the end of the section that is played."""
        if isinstance(content, Transfer):
            return content.direction is Direction.SENT
        if isinstance(content, LinesSet):
            return bool(_playable(content))
        return isinstance(content, OF_ALL_SLOTS) and bool(self._section)

    def _due_at(self, entry: Entry, pieces: tuple[Piece, ...] | None) -> _Due:
        return _Due(self._anchor_ns + entry.time_ns - self._anchor_recorded_ns, pieces)

    def _follow_format(self, content: SectionBegun) -> None:
        self._recorded_format = content.formats.get(self.recorded.slot, self._recorded_format)

    def _pass_loader(self) -> None:
        """Pass what was done in the boot loader, up to where the module left it."""
        while (entry := self._entry()) is not None:
            if isinstance(entry.content, OF_ALL_SLOTS):
                return
            if isinstance(entry.content, FormatSet):
                self._recorded_format = entry.content.line_format
            self._next += 1
            if isinstance(entry.content, LoaderLeft):
                return

    def _literal_behind(self, index: int) -> bytes:
        """How the next bytes begin that are to be sent after an entry."""
        for entry in self._entries[index + 1 :]:
            content = entry.content
            if isinstance(content, Transfer) and content.direction is Direction.SENT:
                first = content.pieces[0]
                return first if isinstance(first, bytes) else b""
            if isinstance(content, OF_ALL_SLOTS):
                break
        return b""

    def _collect(self, now_ns: int) -> None:
        """Take what is due; where input was discarded then and is not now, it has arrived."""
        index = 0
        for count, due in enumerate(self._due, start=1):
            if due.time_ns > now_ns:
                break
            if due.pieces is not None:
                index = count
        for _ in range(index):
            for piece in self._due.popleft().pieces or ():
                self._arrived += self._secrets.get(piece, MASK) if isinstance(piece, int) else piece

    def _require_format(self, entry: Entry) -> None:
        now, then = (
            format_port_format(replace(each, is_rts_cts=False))
            for each in (self.line_format, self._recorded_format)
        )
        if now != then:
            raise self._part(
                f"the port is set to {now}",
                f"{self._told(entry)} at {then}",
            )

    def _require_together(self) -> None:
        if self._parted is not None:
            raise self._parted

    def _part(
        self, happened: str, recorded: str | None = None, remedy: str = _REMEDY
    ) -> ReplayMismatchError:
        entry = self._entry()
        self._parted = ReplayMismatchError(
            self.record.path,
            entry.line if entry is not None else self._last_line(),
            session=self._section,
            after=self._after,
            recorded=recorded or self._told(entry),
            happened=happened,
            remedy=remedy,
        )
        return self._parted

    def _last_line(self) -> int:
        return self._entries[-1].line if self._entries else 1

    def _told(self, entry: Entry | None) -> str:
        """What is on record, as a clause."""
        content = entry.content if entry is not None else None
        if isinstance(content, LinesSet):
            return f"{_switched(_playable(content))} was switched"
        if isinstance(content, Transfer):
            return f"{_quoted(content.shown, self._secrets)} was sent"
        return "nothing more was done"


def _playable(content: LinesSet) -> dict[Line, bool]:
    """What can be switched again: the boot strap belongs to the boot loader."""
    return {line: state for line, state in content.states.items() if line is not Line.STRAP}


def _switched(states: Mapping[Line, bool]) -> str:
    return ", ".join(f"{line.value} {'on' if is_on else 'off'}" for line, is_on in states.items())


def _quoted(data: bytes, secrets: Mapping[int, bytes]) -> str:
    known = [each for each in secrets.values() if len(each) >= _SHORTEST_SECRET_BYTES]
    return f"'{show_bytes(data, known)}'"
