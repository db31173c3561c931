"""The way from one node to another: how long it takes, what it loses, whether it is there."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from hil.units import NS_PER_MS, NS_PER_S

if TYPE_CHECKING:
    from ipaddress import IPv4Address

    from hil.virtual.agenda import Agenda, Step

FIRST_RETRY_NS = 1 * NS_PER_S
"""After how long what was lost is sent again; each further time after twice as long."""

LONGEST_RETRY_NS = 64 * FIRST_RETRY_NS

RETRIES = 12
"""How often it is sent again before the connection counts as lost. Source: lwIP, TCP_MAXRTX."""


class Generator(Protocol):
    """A seeded generator of random numbers, as `random.Random` is one."""

    def randrange(self, stop: int, /) -> int:
        """A number from 0 up to, but not including, `stop`."""


class Reachable(Protocol):
    """Whoever can be at an end of a way."""

    def is_reached_by(self, address: IPv4Address) -> bool:
        """Whether what is sent to an address arrives here."""


@dataclass(frozen=True, slots=True)
class Path:
    """What lies between a node and the others.

    Args:
        way_ns: How long everything takes there, and again back: half a round trip.
        lost_per_mille: How many of 1000 messages with data are lost. What TCP loses comes later,
            what UDP loses never.
    """

    way_ns: int = 10 * NS_PER_MS
    lost_per_mille: int = 0


class Way:
    """The way from one node to another.

    Args:
        agenda: What has not arrived yet.
        path: What it is like.
        generator: Decides what is lost.
        source: Where it begins, and by which address that is reached.
        target: Likewise where it ends.
    """

    def __init__(
        self,
        agenda: Agenda,
        path: Path,
        generator: Generator,
        source: tuple[Reachable, IPv4Address],
        target: tuple[Reachable, IPv4Address],
    ) -> None:
        self.agenda = agenda
        self.way_ns = path.way_ns
        self._lost_per_mille = path.lost_per_mille
        self._generator = generator
        self._source, self._target = source, target

    @property
    def has_source(self) -> bool:
        """Whether the node where it begins is still there, by that address."""
        node, address = self._source
        return node.is_reached_by(address)

    @property
    def has_target(self) -> bool:
        """Whether the node where it ends is still there, by that address."""
        node, address = self._target
        return node.is_reached_by(address)

    def loses(self) -> bool:
        """Whether what is sent now gets lost by chance."""
        lost = self._lost_per_mille
        return bool(lost) and self._generator.randrange(1000) < lost


def retry_ns(tries: int) -> int:
    """How long to wait after a number of vain tries, 1 at least."""
    return min(FIRST_RETRY_NS << (tries - 1), LONGEST_RETRY_NS)


class Care(Enum):
    """What is done about a message that does not arrive."""

    INSIST = "send it again; if nothing helps, the connection is lost"
    REPEAT = "send it again as long as there is hope"
    FORGET = "nothing"


@dataclass(slots=True)
class _Message:
    at_ns: int
    arrive: Step
    care: Care
    is_lost: bool
    is_repeated: bool = False


class Lane:
    """One direction of a connection: messages that arrive in the order in which they left.

    One that is sent again holds up those behind it.

    Args:
        way: Where they go.
        give_up: Called if insisting did not help.
    """

    def __init__(self, way: Way, give_up: Step) -> None:
        self._way = way
        self._give_up = give_up
        self._messages: deque[_Message] = deque()
        self._tries = 0
        self._is_planned = False
        self._is_abandoned = False

    def put(self, now_ns: int, arrive: Step, care: Care) -> None:
        """Send a message.

        Args:
            now_ns: When it leaves.
            arrive: What happens when it arrives.
            care: What is done if it does not.
        """
        is_lost = not self._way.has_source or self._loses(care)
        message = _Message(now_ns + self._way.way_ns, arrive, care, is_lost)
        self._messages.append(message)
        if not self._is_planned:
            self._plan(message.at_ns)

    def abandon(self) -> None:
        """Repeat nothing any more; what is under way still arrives."""
        self._is_abandoned = True

    def _loses(self, care: Care) -> bool:
        """Whether chance loses a message; of those without data the next one says the same."""
        return care is Care.INSIST and self._way.loses()

    def _arrives(self, message: _Message) -> bool:
        """Whether a message arrives that is due now; a repeated one has left a moment ago."""
        if message.is_lost or (message.is_repeated and not self._way.has_source):
            return False
        return self._way.has_target

    def _plan(self, at_ns: int) -> None:
        self._is_planned = True
        self._way.agenda.plan(at_ns, self._deliver)

    def _deliver(self, now_ns: int) -> None:
        messages = self._messages
        while messages and messages[0].at_ns <= now_ns:
            message = messages[0]
            if self._arrives(message):
                self._tries = 0
                messages.popleft()
                message.arrive(now_ns)
            elif self._retries(message, now_ns):
                return
        self._is_planned = False
        if messages:
            self._plan(messages[0].at_ns)

    def _retries(self, message: _Message, now_ns: int) -> bool:
        """Whether a message that did not arrive is sent again; else it is forgotten."""
        if message.care is not Care.FORGET and not self._is_abandoned:
            self._tries += 1
            if self._tries <= RETRIES:
                message.is_lost = self._loses(message.care)
                message.is_repeated = True
                message.at_ns = now_ns + retry_ns(self._tries)
                self._plan(message.at_ns)
                return True
        self._messages.popleft()
        if message.care is Care.INSIST and not self._is_abandoned:
            self._is_abandoned = True
            self._give_up(now_ns)
        return False
