"""Gathers the reply to one command out of the events that come; sans-I/O, and without time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .event import Echo, Event, Final, FinalResult, InformationLine, NetworkData, Prompt
from .reply import Reply
from .reply_end import final_of_reason, sign_of_restart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .reply_end import DatagramConfirmation, Ends


class ReplyCollector:
    """A reply that is still coming.

    Args:
        line: What was sent.
        ends: What ends the reply.
        datagrams: Whether an OK behind data may be theirs.
        begin: Where in the stream of the reader the reply begins.
        rest: What has come of it already.

    Attributes:
        final: How the reply ended, once it did.
        sign: What shows that the module restarted instead.
        others: Events that belong to no reply; whoever feeds the collector takes them out.
    """

    def __init__(
        self, line: bytes, ends: Ends, datagrams: DatagramConfirmation, begin: int, rest: bytes
    ) -> None:
        self.line = line
        self.final: Final | None = None
        self.sign: tuple[int | None, str] | None = None
        self.others: list[Event] = []
        self.raw = bytearray(rest)
        self._events: list[Event] = []
        self._ends = ends
        self._datagrams = datagrams
        self._begin = begin
        self._end: int | None = None
        self._doubtful: FinalResult | None = None

    def take(self, came: Sequence[Event]) -> int:
        """Take events up to the end of the reply, or up to a sign of a restart.

        Returns:
            How many of them were taken; the rest is not the reply's.
        """
        for index, event in enumerate(came):
            if isinstance(event, FinalResult):
                self._take_final(event)
            elif not isinstance(event, Echo | InformationLine):
                self.sign = sign_of_restart(event)
                if self.sign is not None:
                    return index
                self._take_other(event)
            self._events.append(event)
            if self.final is not None:
                return index + 1
        return len(came)

    @property
    def is_reason_last(self) -> bool:
        """Whether a reason came last, behind which some firmware says nothing more."""
        return (
            self._ends.has_reason
            and bool(self._events)
            and final_of_reason(self._events) is not None
        )

    def give_up(self) -> None:
        """Nothing more comes: what has come may be a reply all the same."""
        self.final = final_of_reason(self._events) if self._ends.has_reason else None
        if self.final is None and self._doubtful is not None:
            self._datagrams.learn(is_sent=False)
            self.final = self._doubtful.result

    def reply(self, duration_ns: int) -> tuple[Reply, bytes]:
        """The reply, once it has ended, and the bytes behind it."""
        if self.final is None:
            raise AssertionError("the reply has not ended")
        lines = tuple([event.text for event in self._events if isinstance(event, InformationLine)])
        echo = next((event.text for event in self._events if isinstance(event, Echo)), None)
        end = len(self.raw) if self._end is None else self._end
        raw, rest = bytes(self.raw[:end]), bytes(self.raw[end:])
        events = tuple(self._events)
        return Reply(self.line, self.final, lines, echo, duration_ns, raw, events), rest

    def _take_final(self, event: FinalResult) -> None:
        if event.result not in self._ends.finals:
            self.others.append(event)
        elif event.follows_data and event.result is Final.OK and self._datagrams.may_be():
            self._doubtful = event
        else:
            if self._doubtful is not None:
                self._datagrams.learn(is_sent=True)
            self.final = event.result
            self._end = max(event.end_offset - self._begin, 0)

    def _take_other(self, event: Event) -> None:
        if isinstance(event, NetworkData):
            self._datagrams.see(event)
        if isinstance(event, Prompt) and self._ends.has_prompt:
            self.final = Final.PROMPT
        else:
            self.others.append(event)
