"""TCP between two ends: no packets, but all that the programs at the ends can observe of them.

Theory of operation. A connection is two `TcpEnd`s, each with a lane to the other. What an end says
is one of these messages::

    data            as much as the other end's window lets through; the rest waits in the queue
    acknowledgement how much has arrived, and how far the window reaches now
    end             behind all data: nothing more will come (FIN)
    reset           the connection is gone (RST), also the answer to anything that reaches no end
    probe           is anybody there? (keep-alive)

The program at an end is a `TcpUser`. What it has *received* it must *take* before the window opens
again; the end itself acknowledges as soon as the data have arrived, or after its delay. Whoever
vanishes says nothing: the other end stays as it is until it sends something, and then tries again
and again until it is answered by a reset or gives up.
"""

from __future__ import annotations

from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol

from hil.virtual.errors import VirtualError

from .way import Care, Lane

if TYPE_CHECKING:
    from ipaddress import IPv4Address

    from hil.virtual.agenda import Step

    from .way import Way

SEGMENT_BYTES = 1460
"""How much reaches a module at once: a segment on Ethernet and Wi-Fi."""

HOST_WINDOW_BYTES = 65535
"""How much a host takes before its program has read it: the largest window without scaling."""

UNLIMITED_BYTES = 1 << 30
"""A host's network stack puts segments together again."""

KEEP_ALIVE_PROBES = 9
"""How many probes go unanswered before a connection is lost. Source: lwIP, TCP_KEEPCNT_DEFAULT;
Linux's default is the same."""


class TcpUser(Protocol):
    """The program at one end of a connection."""

    def opened(self, end: TcpEnd, now_ns: int) -> None:
        """The connection stands."""

    def refused(self, end: TcpEnd, now_ns: int) -> None:
        """It does not come about: the other node lets nobody come to that port."""

    def received(self, end: TcpEnd, data: bytes, now_ns: int) -> None:
        """Bytes have come; `TcpEnd.take` lets as many more come."""

    def acknowledged(self, end: TcpEnd, count: int, now_ns: int) -> None:
        """So many more of the bytes sent have arrived."""

    def ended(self, end: TcpEnd, now_ns: int, *, is_reset: bool) -> None:
        """The other end will send nothing more, or (a reset) the connection is gone."""


class _Other(NamedTuple):
    """The other end, the way to it, and what is on that way."""

    end: TcpEnd
    way: Way
    lane: Lane


class _Phase(Enum):
    OPENING = "opening"
    OPEN = "open"
    GONE = "gone"


class TcpEnd:
    """One end of a connection.

    Args:
        user: The program at this end.
        local: Address and port of this end.
        remote: Address and port of the other end.
        window_bytes: How much may come before the program has taken it.
        piece_bytes: How much comes at once at most.
        acknowledgement_delay_ns: How long this end waits with an acknowledgement.
        keep_alive_ns: After how much silence it sends a probe, and again; 0 never.

    Attributes:
        local: Address and port of this end.
        remote: Address and port of the other end.
        window_bytes: How much may come before the program has taken it.
        piece_bytes: How much comes at once at most.
        bare_segments: How many segments without data have come: acknowledgements, and on an idle
            connection keep-alive probes alone.
        holds_acknowledgements: Whether nothing that comes is acknowledged; see `release`.
    """

    def __init__(
        self,
        user: TcpUser,
        *,
        local: tuple[IPv4Address, int],
        remote: tuple[IPv4Address, int],
        window_bytes: int = HOST_WINDOW_BYTES,
        piece_bytes: int = UNLIMITED_BYTES,
        acknowledgement_delay_ns: int = 0,
        keep_alive_ns: int = 0,
    ) -> None:
        self.local, self.remote = local, remote
        self.bare_segments = 0
        self.holds_acknowledgements = False
        self.window_bytes, self.piece_bytes = window_bytes, piece_bytes
        self._user = user
        self._threshold_bytes = max(1, min(SEGMENT_BYTES, window_bytes // 2))
        self._delay_ns = acknowledgement_delay_ns
        self._keep_alive_ns = keep_alive_ns
        self._other: _Other | None = None
        self._phase = _Phase.OPENING
        self._queue = bytearray()
        # Bytes since the beginning: sent, acknowledged by the other end, and its window's edge ...
        self._sent = self._acknowledged = self._edge = 0
        # ... and received, acknowledged to the other end, taken, and the edge of the own window.
        self._received = self._confirmed = self._taken = 0
        self._announced = window_bytes
        self._owes_acknowledgement = False
        self._is_ending = self._has_ended = self._far_has_ended = False
        self._is_dialler = True
        self._is_deaf = False
        self._heard_ns = 0
        self._unanswered = 0

    @property
    def is_opening(self) -> bool:
        """Whether the connection does not stand yet."""
        return self._phase is _Phase.OPENING

    @property
    def is_met(self) -> bool:
        """Whether there is another end."""
        return self._other is not None

    @property
    def is_gone(self) -> bool:
        """Whether nothing is left of it."""
        return self._phase is _Phase.GONE

    @property
    def queued_bytes(self) -> int:
        """How much waits for the other end's window."""
        return len(self._queue)

    @property
    def unacknowledged_bytes(self) -> int:
        """How much is queued, or sent and not acknowledged."""
        return len(self._queue) + self._sent - self._acknowledged

    # What the program does ----------------------------------------------------------------------

    def send(self, data: bytes, now_ns: int) -> None:
        """Send bytes behind those before; none go any more once the end has been said."""
        if self._phase is not _Phase.GONE and not self._is_ending:
            self._queue += data
            self._pump(now_ns)

    def take(self, count: int, now_ns: int) -> None:
        """Deal with bytes that were received; as many more may come.

        Raises:
            VirtualError: Not that many were received.
        """
        if count > self._received - self._taken:
            raise VirtualError(
                f"{count} bytes taken from {self.remote[0]}:{self.remote[1]}, but only "
                f"{self._received - self._taken} were received and not taken"
            )
        self._taken += count
        opened = self._taken + self.window_bytes - self._announced
        if opened >= self._threshold_bytes and not self._owes_acknowledgement:
            self._acknowledge(now_ns)

    def release(self, now_ns: int) -> None:
        """Acknowledge all that has come, and what will come from now on."""
        self.holds_acknowledgements = False
        self._acknowledge(now_ns)

    def finish(self, now_ns: int) -> None:
        """Say the end behind all that was sent; what the other end sends still comes."""
        self._is_ending = True
        self._pump(now_ns)

    def close(self, now_ns: int) -> None:
        """End in good order and hear nothing more.

        A program that leaves while something is unread resets the connection, and so does what
        comes later: it will not be read. Source: lwIP's tcp_close and TF_RXCLOSED; Linux likewise.
        """
        if self._phase is _Phase.OPENING or self._received > self._taken:
            self.abort(now_ns)
        else:
            self.finish(now_ns)
            self._is_deaf = True

    def leave(self, now_ns: int) -> None:
        """End as a program that is stopped: in good order, or by a reset if something waits."""
        if self._queue:
            self.abort(now_ns)
        else:
            self.close(now_ns)

    def dismiss(self, now_ns: int) -> None:
        """Send what is left behind the other end's last word, and hear nothing more."""
        self.finish(now_ns)
        self._is_deaf = True

    def abort(self, now_ns: int) -> None:
        """Reset the connection, or give up opening it; nothing more is heard."""
        if self._phase is not _Phase.GONE:
            self._leave()
            if self._other is not None:
                self._other.lane.put(now_ns, self._other.end.reset, Care.FORGET)

    def vanish(self) -> None:
        """Be no more, without a word."""
        self._leave()
        if self._other is not None:
            self._other.lane.abandon()

    # What the other end says --------------------------------------------------------------------

    def meet(self, end: TcpEnd, way: Way) -> None:
        """Know the other end and the way to it."""
        self._other = _Other(end, way, Lane(way, self._time_out))
        self._edge = end.window_bytes

    def welcome(self, now_ns: int) -> None:
        """Let the other end connect; the connection stands here when it has heard of it."""
        self._is_dialler = False
        self._put(now_ns, self._far.arrive_welcome, Care.INSIST)

    def arrive_welcome(self, now_ns: int) -> None:
        """The other node lets this end connect."""
        if self._phase is _Phase.GONE:
            self._answer_by_reset(now_ns)
            return
        self._put(now_ns, self._far.arrive_thanks, Care.INSIST)
        self._open(now_ns)

    def arrive_thanks(self, now_ns: int) -> None:
        """Whoever wanted to connect knows that it stands."""
        if self._phase is _Phase.OPENING:
            self._open(now_ns)

    def arrive_data(self, data: bytes, now_ns: int) -> None:
        """Bytes come, never more than the window lets through."""
        if self._phase is _Phase.GONE or self._is_deaf:
            self._leave()
            self._answer_by_reset(now_ns)
            return
        self._hear(now_ns)
        self._received += len(data)
        was_owing, self._owes_acknowledgement = self._owes_acknowledgement, True
        self._user.received(self, data, now_ns)
        if self._delay_ns == 0:
            self._acknowledge_if_owing(now_ns)
        elif not was_owing:
            self._plan(now_ns + self._delay_ns, self._acknowledge_if_owing)

    def arrive_acknowledgement(self, received: int, edge: int, now_ns: int) -> None:
        """So much has arrived at the other end, and so far its window reaches."""
        if self._phase is _Phase.GONE:
            return
        self.bare_segments += 1
        self._hear(now_ns)
        count = received - self._acknowledged
        self._acknowledged = received
        self._edge = edge
        if count and not self._is_deaf:
            self._user.acknowledged(self, count, now_ns)
        self._pump(now_ns)

    def arrive_end(self, now_ns: int) -> None:
        """The other end sends nothing more."""
        if self._phase is not _Phase.GONE:
            self._hear(now_ns)
            self._far_has_ended = True
            if not self._is_deaf:
                self._user.ended(self, now_ns, is_reset=False)
            self._leave_if_both_ended()

    def arrive_probe(self, now_ns: int) -> None:
        """The other end asks whether anybody is there."""
        if self._phase is _Phase.GONE:
            self._answer_by_reset(now_ns)
            return
        self.bare_segments += 1
        self._hear(now_ns)
        self._say_state(now_ns)

    def reset(self, now_ns: int) -> None:
        """The other end, or the node where it should be, resets the connection."""
        if self._phase is _Phase.GONE:
            return
        was_opening = self._phase is _Phase.OPENING
        self._leave()
        if was_opening and self._is_dialler:
            self._user.refused(self, now_ns)
        elif not was_opening and not self._is_deaf:
            self._user.ended(self, now_ns, is_reset=True)

    # Inside -------------------------------------------------------------------------------------

    def _require_other(self) -> _Other:
        if self._other is None:
            raise VirtualError("this end of a connection has no other end yet")
        return self._other

    @property
    def _far(self) -> TcpEnd:
        return self._require_other().end

    def _put(self, now_ns: int, arrive: Step, care: Care) -> None:
        self._require_other().lane.put(now_ns, arrive, care)

    def _plan(self, at_ns: int, step: Step) -> None:
        self._require_other().way.agenda.plan(at_ns, step)

    def _open(self, now_ns: int) -> None:
        self._phase = _Phase.OPEN
        self._hear(now_ns)
        if self._keep_alive_ns:
            self._plan(now_ns + self._keep_alive_ns, self._probe)
        self._user.opened(self, now_ns)
        self._pump(now_ns)

    def _leave(self) -> None:
        self._phase = _Phase.GONE
        self._queue.clear()

    def _leave_if_both_ended(self) -> None:
        if self._has_ended and self._far_has_ended:
            self._leave()

    def _answer_by_reset(self, now_ns: int) -> None:
        """Say that here is no such connection."""
        other = self._require_other()
        other.way.agenda.plan(now_ns + other.way.way_ns, other.end.reset)

    def _pump(self, now_ns: int) -> None:
        """Send what the other end's window lets through."""
        if self._phase is not _Phase.OPEN:
            return
        far = self._far
        while count := min(len(self._queue), self._edge - self._sent, far.piece_bytes):
            data = bytes(self._queue[:count])
            del self._queue[:count]
            self._sent += count
            self._put(now_ns, partial(far.arrive_data, data), Care.INSIST)
        if self._is_ending and not self._has_ended and not self._queue:
            self._has_ended = True
            self._put(now_ns, far.arrive_end, Care.INSIST)
            self._leave_if_both_ended()

    def _acknowledge_if_owing(self, now_ns: int) -> None:
        if self._owes_acknowledgement:
            self._acknowledge(now_ns)

    def _acknowledge(self, now_ns: int) -> None:
        if self._phase is _Phase.OPEN and not self.holds_acknowledgements:
            self._owes_acknowledgement = False
            self._confirmed = self._received
            self._announced = self._taken + self.window_bytes
            self._say_state(now_ns)

    def _say_state(self, now_ns: int) -> None:
        arrive = partial(self._far.arrive_acknowledgement, self._confirmed, self._announced)
        self._put(now_ns, arrive, Care.REPEAT)

    def _hear(self, now_ns: int) -> None:
        self._heard_ns = now_ns
        self._unanswered = 0

    def _probe(self, now_ns: int) -> None:
        """Ask whether anybody is there if it has been silent for long enough."""
        if self._phase is not _Phase.OPEN or self._is_ending:
            return
        due_ns = self._heard_ns + (self._unanswered + 1) * self._keep_alive_ns
        if due_ns <= now_ns:
            if self._unanswered == KEEP_ALIVE_PROBES:
                self._time_out(now_ns)
                return
            self._unanswered += 1
            self._put(now_ns, self._far.arrive_probe, Care.FORGET)
            due_ns = now_ns + self._keep_alive_ns
        self._plan(due_ns, self._probe)

    def _time_out(self, now_ns: int) -> None:
        """Nobody answers any more."""
        self.reset(now_ns)
