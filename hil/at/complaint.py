"""Errors about replies: what was sent, expected and received, where, after how long, what to do.

Nothing here shows a password.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.errors import (
    CommandFailedError,
    ModuleRestartedError,
    NoReplyError,
    UnexpectedReplyError,
)

from .reply_end import BUSY
from .secret import passwords_in, show_bytes

if TYPE_CHECKING:
    from .reply import Reply

_SURE_LINE_BYTES = 128
"""What every firmware takes, ``AT`` included; the document gives no limit. Source: A-78."""


def no_reply(line: bytes, raw: bytes, *, expected: str, after_s: float, place: str) -> NoReplyError:
    """The end of a reply did not come in time; `raw` is what came."""
    if raw and raw.strip() == line:
        received = "only its echo came"
        remedy = "Allow more time: joining a network takes up to 15 s, connecting as long."
    elif raw:
        received = f"only '{show_bytes(raw, passwords_in(line))}' came"
        remedy = "Allow more time; if this is no reply at all, call resynchronise()."
    else:
        received = "nothing came"
        remedy = "Check the supply, the wiring and the baud rate; resynchronise() tries others."
    return NoReplyError(
        _name(line),
        expected=expected,
        received=received,
        after_s=after_s,
        port=place,
        remedy=remedy,
    )


def failed(reply: Reply, *, after_s: float, place: str, expected: str = "OK") -> CommandFailedError:
    """The reply ended in something else than what was expected."""
    if reply.final in BUSY:
        remedy = "Wait for what it is doing, or allow more time."
    elif len(reply.command) > _SURE_LINE_BYTES:
        remedy = (
            f"The line has {len(reply.command)} bytes; firmware 0.23 drops one of more than "
            f"{_SURE_LINE_BYTES}: shorten its texts."
        )
    else:
        remedy = "Compare the arguments, the Wi-Fi mode and the link mode with the document."
    known = passwords_in(reply.command)
    lines = [line.encode("utf-8", "surrogateescape") for line in reply.lines]
    return CommandFailedError(
        _name(reply.command),
        result=reply.final.value,
        lines=[show_bytes(line, known) for line in lines],
        after_s=after_s,
        port=place,
        remedy=remedy,
        expected=expected,
    )


def unexpected(reply: Reply, expected: str, *, after_s: float, place: str) -> UnexpectedReplyError:
    """The reply does not say what the command answers."""
    return UnexpectedReplyError(
        _name(reply.command),
        expected=expected,
        received=f"'{show_bytes(reply.raw, passwords_in(reply.command))}' came",
        after_s=after_s,
        port=place,
        remedy="The firmware may be another version than 0.23; gmr() tells.",
    )


def restarted(
    line: bytes, sign: tuple[int | None, str], *, after_s: float, place: str
) -> ModuleRestartedError:
    """The module started anew; `sign` is the cause and what showed it."""
    cause, text = sign
    return ModuleRestartedError(
        _name(line),
        cause=cause,
        sign=text,
        after_s=after_s,
        port=place,
        remedy="Check the supply (a dip restarts it), then call wait_ready().",
    )


def _name(line: bytes) -> str:
    """What an error calls a command."""
    return show_bytes(line) if line else "a reply to what was sent"
