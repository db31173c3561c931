"""Sending without waiting: a link, and the segments that AT+CIPSENDBUF puts into its buffer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from hil.at.event import UnsolicitedKind
from hil.at.talk import OK, PROMPT
from hil.errors import AnswerDiffersError
from hil.spec.spelling import spelling
from hil.units import seconds_to_ns

if TYPE_CHECKING:
    from hil.ports.network_peer import TcpConnection

    from .link import Links

DELIVERY_S = 5.0
"""How long a peer may take to confirm a segment."""

TAKING_S = 0.02
"""From the last byte of a segment to the next command."""

WAITING_S = 1.0
"""A segment that is not confirmed within this time waits for the peer."""

NARROW_BYTES = 1024
"""The window of a peer that soon takes nothing more; a computer may round it up."""

_PIECE_BYTES = 512
_MOST_PIECES = 64
_STATUS_NAMES = ("next", "sent", "delivered", "room", "places")


class Status(NamedTuple):
    """What AT+CIPBUFSTATUS tells (line 852)."""

    next: int
    sent: int
    delivered: int
    room: int
    places: int


class Segments:
    """A TCP link, whose segments are counted from 1.

    Args:
        links: The module and its peers.
        link: The number of the link, None with CIPMUX=0.
        window_bytes: The peer's window; a narrow one fills as long as nobody receives.
    """

    def __init__(self, links: Links, link: int | None = None, window_bytes: int = 65535) -> None:
        self.links, self.talk = links, links.talk
        self.link = link
        listener = links.network.listen(window_bytes=window_bytes)
        self.peer: TcpConnection = links.open_tcp(link, listener)
        listener.close()
        self.talk.ok(self.call("CIPBUFRESET"))

    def call(self, command: str, *values: object) -> str:
        """A call that concerns the link."""
        given = [*([] if self.link is None else [self.link]), *values]
        return f"AT+{command}" + ("=" + ",".join(map(str, given)) if given else "")

    def announce(self, length: int, numbers: str) -> None:
        """Let AT+CIPSENDBUF answer with these two numbers and the prompt."""
        self.talk.prompt(self.call("CIPSENDBUF", length), numbers)

    def put(self, data: bytes) -> None:
        """Give the data of a segment, and leave the module the time to take them.

        What comes at once behind them is surplus (line 832).
        """
        self.talk.give(data)
        self.pause(TAKING_S, len(data))

    def pause(self, duration_s: float = TAKING_S, count: int = 0) -> None:
        """Let some time pass, and what `count` bytes need on the line; reports are kept."""
        at = self.talk.at
        pause_ns = seconds_to_ns(duration_s) + at.line_time_ns(count)
        at.listen_until(lambda: False, self.talk.clock.now_ns() + pause_ns)

    def write(self, data: bytes, numbers: str) -> None:
        """Put a segment into the buffer."""
        self.announce(len(data), numbers)
        self.put(data)

    def deliver(self, *segments: bytes) -> None:
        """Send segments one after the other, the first of them as number 1."""
        for number, data in enumerate(segments, 1):
            self.write(data, f"{number},{number - 1}")
            self.await_report(number)

    def await_report(self, number: int) -> None:
        """Wait until the module tells that a segment was delivered; it must be the next it tells.

        Raises:
            NoReplyError: It tells of none.
            AnswerDiffersError: It tells something else.
        """
        event = self.talk.at.wait_for(UnsolicitedKind.SEGMENT_SENT, DELIVERY_S)
        wanted = f"{self.label}{number},SEND OK"
        is_it = event.text == wanted or (
            not self.talk.is_strict and event.text.replace(", ", ",") == wanted
        )
        if not is_it:
            raise AnswerDiffersError(
                "waiting for a report",
                expected=wanted,
                received=event.text,
                port=self.talk.at.place,
            )

    def wait_stuck(self) -> int:
        """Write until a segment is not confirmed; returns its number.

        The peer must have a narrow window, and nobody may have received.

        Raises:
            AnswerDiffersError: All are confirmed.
        """
        for number in range(1, _MOST_PIECES + 1):
            self.announce(_PIECE_BYTES, f"{number},{number - 1}")
            self.talk.give(bytes(_PIECE_BYTES))
            if b"SEND OK" not in self.talk.hear(WAITING_S):
                return number
        raise AnswerDiffersError(
            "filling the window of a peer that receives nothing",
            expected="a segment that is not confirmed",
            received=f"SEND OK for {_MOST_PIECES} of {_PIECE_BYTES} bytes",
            port=self.talk.at.place,
        )

    def status(self) -> Status:
        """What AT+CIPBUFSTATUS tells."""
        call = self.call("CIPBUFSTATUS")
        match = self.talk.expect(call, _ONE_STATUS if self.link is None else _STATUS, OK)
        return Status(*(int(match.named[name] or 0) for name in _STATUS_NAMES))

    def check_call(self, segment: object, name: str = "CIPCHECKSEG") -> str:
        """The call that asks whether a segment was delivered."""
        return self.call(name, segment)

    def check_name(self) -> str:
        """How the module calls the command that tells of a segment; number 1 must be known.

        Raises:
            AnswerDiffersError: It knows it by no name.
        """
        shown = []
        for way in _CHECK.alternatives[: 1 if self.talk.is_strict else None]:
            name = str(way.lines[0])
            answer = self.talk.say(self.check_call(1, name))
            if answer.match(re.compile(rf"{self.label}1,(?:TRUE|FALSE)"), OK):
                self.talk.spellings[_CHECK.name] = way
                return name
            shown.append(f"{answer.shown} to {name}")
        raise AnswerDiffersError(
            "asking for segment 1",
            expected=f"{self.label}1,TRUE or {self.label}1,FALSE",
            received=", ".join(shown),
            port=self.talk.at.place,
        )

    def refuses(self, length: int) -> bool:
        """Whether AT+CIPSENDBUF refuses a length; if it does not, that many bytes are written."""
        answer = self.talk.say_for_prompt(self.call("CIPSENDBUF", length))
        if answer.match(re.compile(r"\d+,\d+"), PROMPT) is None:
            answer.must_be(spelling("refusal"))
            return True
        self.talk.give(bytes(length))
        self.talk.hear(WAITING_S)
        return False

    @property
    def label(self) -> str:
        """What leads in lines about the link."""
        return "" if self.link is None else f"{self.link},"


_STATUS = spelling("buffer-status")
_ONE_STATUS = _STATUS.document.lines[0]
_CHECK = spelling("check-segment")
