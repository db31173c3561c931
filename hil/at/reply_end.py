"""What ends the reply to a command, or to the data behind its prompt, and what has other meanings.

=================  =====================================  ==========================================
what was sent      ends                                   does not end
=================  =====================================  ==========================================
a command          OK, ERROR, FAIL, busy                  SEND OK of data that were sent before, a
                                                          prompt
a command that     a prompt; ERROR, FAIL, busy            OK, which firmware from 0.21 on prints
wants data                                                before the prompt (A-50)
data               SEND OK, SEND FAIL, SEND Canceled,     OK behind data of UDP that came; busy,
                   ERROR                                  which speaks of surplus bytes (line 832)
=================  =====================================  ==========================================

A reason behind which nothing comes ends the first two, too: firmware up to 0.20 said no ERROR
(A-08).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .boot_log import ResetBanner, ResetCause
from .event import (
    BootLine,
    Event,
    Final,
    FinalResult,
    InformationLine,
    NetworkData,
    ReasonLine,
    Unsolicited,
    UnsolicitedKind,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

BUSY = frozenset({Final.BUSY_P, Final.BUSY_S})


@dataclass(frozen=True, slots=True)
class Ends:
    """What ends a reply.

    Args:
        finals: The lines that do.
        expected: What an error says was waited for.
        has_prompt: Whether a prompt does.
        has_reason: Whether a reason does behind which nothing comes.
    """

    finals: frozenset[Final]
    expected: str
    has_prompt: bool = False
    has_reason: bool = True


COMMAND_ENDS = Ends(
    frozenset({Final.OK, Final.ERROR, Final.FAIL}) | BUSY, "the end of a reply (OK or ERROR)"
)
COMMAND_OR_PROMPT_ENDS = replace(COMMAND_ENDS, has_prompt=True)
PROMPT_ENDS = Ends(
    frozenset({Final.ERROR, Final.FAIL}) | BUSY, "the prompt '>' or ERROR", has_prompt=True
)
DATA_ENDS = Ends(
    frozenset({Final.SEND_OK, Final.SEND_FAIL, Final.SEND_CANCELED, Final.ERROR}),
    "SEND OK, SEND FAIL or ERROR",
    has_reason=False,
)

# Reasons that later firmware says without a command, too, or long before its ERROR.
_NEVER_LAST = frozenset({b"connect fail", b"dns fail", b"+timeout", b"smart started"})


def final_of_reason(events: Sequence[Event]) -> Final | None:
    """How a reply ends that says nothing more, if the last of its lines is a reason."""
    for event in reversed(events):
        if isinstance(event, ReasonLine):
            if event.link_id is not None or event.line.lower() in _NEVER_LAST:
                return None
            return Final.REFUSED if event.is_refusal else Final.UNCHANGED
        if isinstance(event, InformationLine):
            return None
    return None


def is_stale_at_next_command(event: Event) -> bool:
    """Whether what came before a command says nothing any more once it is sent."""
    if isinstance(event, Unsolicited):
        return event.kind is UnsolicitedKind.READY
    return not isinstance(event, NetworkData)


def sign_of_restart(event: Event) -> tuple[int | None, str] | None:
    """The cause and the words of an event that shows a restart, or None."""
    if isinstance(event, BootLine) and isinstance(event.record, ResetBanner):
        cause = event.record.cause
        name = cause.name.lower().replace("_", " ") if isinstance(cause, ResetCause) else "unknown"
        return int(cause), f"rst cause {int(cause)}: {name}"
    if isinstance(event, Unsolicited) and event.kind is UnsolicitedKind.READY:
        return None, "it said 'ready'"
    return None


class DatagramConfirmation:
    """Tells the OK that some firmware sends behind UDP data from the OK of a command (A-68).

    AT 0.21 to 0.23 send one behind every record of a UDP link, and the document knows of none; so
    what a module does is learned from it. As long as it is not known, such an OK ends a reply only
    when nothing else does in time.

    Attributes:
        links: The links that are UDP, None for the one of single mode.
    """

    def __init__(self) -> None:
        self.links: set[int | None] = set()
        self._is_sent: bool | None = None
        self._is_last_udp = False

    def see(self, event: NetworkData) -> None:
        """Data came."""
        self._is_last_udp = event.link_id in self.links

    def see_idle(self, event: FinalResult) -> None:
        """A result came directly behind data while no command waited for it."""
        if event.result is Final.OK and self._is_last_udp:
            self._is_sent = True

    def may_be(self) -> bool:
        """Whether an OK that follows data directly may be theirs."""
        return self._is_last_udp and self._is_sent is not False

    def learn(self, *, is_sent: bool) -> None:
        """An OK behind data of UDP was found to be theirs, or not to be."""
        self._is_sent = is_sent
