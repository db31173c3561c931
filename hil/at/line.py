"""What a whole line of a module says, as far as the line alone tells.

Spellings are those of the document and of the firmware 0.18 to 1.7; a line that none of the
tables knows is an answer to whoever asked.
"""

from __future__ import annotations

import re

from .boot_log import parse_boot_line
from .event import (
    BootLine,
    Final,
    FinalResult,
    InformationLine,
    Noise,
    ProgressLine,
    ReasonLine,
    TakenLine,
    Unsolicited,
    UnsolicitedKind,
)

_FINALS = {final.value.encode(): final for final in Final if final.is_line}

_WITH_NUMBERS = {UnsolicitedKind.SEGMENT_SENT, UnsolicitedKind.SEGMENT_FAILED}
_WITH_VALUE = {
    UnsolicitedKind.SMART_TYPE,
    UnsolicitedKind.SMART_SSID,
    UnsolicitedKind.SMART_PASSWORD,
}
_UNSOLICITED = {
    kind.value.encode(): kind
    for kind in UnsolicitedKind
    if kind not in _WITH_NUMBERS and kind not in _WITH_VALUE
} | {
    b"Linked": UnsolicitedKind.LINK_OPENED,  # up to 0.18
    b"Link": UnsolicitedKind.LINK_OPENED,
    b"Unlink": UnsolicitedKind.LINK_CLOSED,
    b"UART RX OVF!": UnsolicitedKind.UART_OVERFLOW,
}
# After SmartConfig, from 0.24 on: the network that a phone told.
_VALUED = tuple((kind.value.encode(), kind) for kind in _WITH_VALUE)
_VALUED_STARTS = tuple(start for start, _ in _VALUED)

# `0,CONNECT` and `0,CLOSED`; `3,SEND OK` and `0,3,SEND OK` of CIPSENDBUF (line 834, A-55).
_NUMBERED = re.compile(
    rb"(?:(?P<link>\d),(?P<change>CONNECT|CLOSED)"
    rb"|(?:(?P<segment_link>\d),)?(?P<segment>\d{1,10}), ?SEND (?P<outcome>OK|FAIL))"
)

# Reasons of the firmware, compared without regard to capitals: `Link is builded`.
_REASONS = frozenset(
    reason.lower().encode()
    for reason in (
        *("ID ERROR", "IP ERROR", "ENTRY ERROR", "Link typ ERROR", "Link type ERROR"),
        *("Miss param", "no ip", "ip error", "no port", "port error", "port range error"),
        *("ALREAY CONNECT", "ALREADY CONNECT", "ALREADY CONNECTED", "CONNECT FAIL", "DNS Fail"),
        *("link is not", "link is not valid", "too long", "no tail", "send mode error"),
        *("IPMODE=1", "MUX=0", "MUX=1", "UNLINK", "BUFFER FULL", "QUEUE FULL"),
        *("Link is builded", "IPMODE must be 0", "CIPSERVER must be 0", "Connection exists"),
        *("CIPMUX and CIPSERVER must be 0", "we must restart", "no this fun"),
        *("+timeout", "Smart started"),
    )
)
_LONGEST_SPECIAL = max(map(len, _REASONS)) + 2
_NO_CHANGE = b"no change"
_NUMBERED_REASON = re.compile(rb"(\d),CONNECT FAIL")

_TAKEN = re.compile(rb"Recv (\d{1,5}) bytes")
_PROGRESS = re.compile(rb"\+CIP?UPDATE: ?(\d)")

INTERRUPTION_ENDS = (b"CONNECT", b"CLOSED", b"CONNECTED", b"GOT IP")
"""How a line ends in which another one landed while it was printed (A-11)."""

_INTERRUPTION = re.compile(rb"(?:WIFI (?:CONNECTED|GOT IP|DISCONNECT)|\d,(?:CONNECT|CLOSED))\Z")

_TEXT_BYTES = bytes(range(0x20, 0x7F)) + b"\t"
_NAMED_LINE = re.compile(rb"\+[A-Z_]+[:,]")


def known_line(line: bytes) -> FinalResult | Unsolicited | None:
    """A line that has the same meaning wherever it comes; None for any other.

    Args:
        line: Without its line end.
    """
    final = _FINALS.get(line)
    if final is not None:
        return FinalResult(final)
    kind = _UNSOLICITED.get(line)
    if kind is not None:
        return Unsolicited(kind, line)
    if line[:5] == b"busy ":  # "busy now ..." and other spellings
        return FinalResult(Final.BUSY_S if line[5:6] == b"s" else Final.BUSY_P)
    if line[:1].isdigit() and (match := _NUMBERED.fullmatch(line)):
        return _numbered(match)
    if line.startswith(_VALUED_STARTS):
        return next(Unsolicited(kind, line) for start, kind in _VALUED if line.startswith(start))
    return None


def split_interruption(line: bytes) -> tuple[bytes, Unsolicited | None]:
    """A line without the unsolicited one that landed at its end, and that one."""
    match = _INTERRUPTION.search(line)
    if match is None:
        return line, None
    known = known_line(match[0])
    if not isinstance(known, Unsolicited) or not match.start():
        return line, None
    return line[: match.start()], known


def other_line(line: bytes) -> BootLine | InformationLine | Noise:
    """A line whose meaning depends on who asked.

    Names of networks may hold any bytes, so a line with a command's name is never noise.
    """
    if line[:1] == b"+" and named_line(line):
        match = _PROGRESS.fullmatch(line)
        return ProgressLine(line, int(match[1])) if match else InformationLine(line)
    if len(line) <= _LONGEST_SPECIAL and (special := _special(line)) is not None:
        return special
    record = parse_boot_line(line)
    if record is not None:
        return BootLine(line, record)
    if line.translate(None, _TEXT_BYTES):
        return Noise(line)
    return InformationLine(line)


def named_line(line: bytes) -> bool:
    """Whether a line begins with a command's name, ``+CWJAP:``."""
    return _NAMED_LINE.match(line) is not None


def _special(line: bytes) -> ReasonLine | TakenLine | None:
    """A short line with a meaning of its own."""
    if line.lower() in _REASONS:
        return ReasonLine(line)
    if line == _NO_CHANGE:
        return ReasonLine(line, is_refusal=False)
    if match := _NUMBERED_REASON.fullmatch(line):
        return ReasonLine(line, link_id=int(match[1]))
    if match := _TAKEN.fullmatch(line):
        return TakenLine(line, int(match[1]))
    return None


def _numbered(match: re.Match[bytes]) -> Unsolicited:
    if match["link"]:
        kind = UnsolicitedKind(match["change"].decode())
        return Unsolicited(kind, match[0], link_id=int(match["link"]))
    is_sent = match["outcome"] == b"OK"
    return Unsolicited(
        UnsolicitedKind.SEGMENT_SENT if is_sent else UnsolicitedKind.SEGMENT_FAILED,
        match[0],
        link_id=int(match["segment_link"]) if match["segment_link"] else None,
        segment=int(match["segment"]),
    )
