"""Hides passwords in what is shown: transcripts, errors, and the text of a reply.

The password of an access point stands in the second argument of CWJAP (line 411) and CWSAP (line
476), is echoed by the module, and comes back in the answer of ``AT+CWSAP?`` (line 474) and in the
``password:`` line that later firmware prints after SmartConfig. In doubt too much is hidden: of a
call that does not parse, everything behind the first comma; and of a command that begins with AT+CW
and is none, everything behind its first string.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK = b"***"

_SHORTEST_SECRET_BYTES = 5
"""Shorter arguments are no passwords, and would hide half of a transcript."""

# The name of the network is quoted (with escapes, A-02) or, in a wrong call, anything but a comma.
# A password that something interrupted in the echo ends in the next line.
_SECRET = re.compile(
    rb"""
      (?: AT\+[ ]*CW(?P<kind>JAP|SAP)(?:_CUR|_DEF)? [ ]*=[ ]*
        | \+[ ]?CWSAP(?:_CUR|_DEF)?: )
      (?: "(?:\\.|[^"\\\r\n])*" | [^,\r\n]* ) [ ]*,[ ]*
      (?P<password>
          "(?:\\.|[^"\\\r\n])* [\r\n]+ (?!\+) (?:\\.|[^"\\\r\n])* "
        | [^\r\n]*? (?= ,[ ]*"[0-9a-f]{2}(?::[0-9a-f]{2}){5}"[ ]* (?:[\r\n]|\Z)
                      | ,[ ]*\d{1,2}[ ]*(?:,[ ]*\d{1,2}[ ]*)*     (?:[\r\n]|\Z)
                      | [\r\n] | \Z)
      )
    | AT\+[ ]*CW (?!(?:LAP|DHCP)(?:_CUR|_DEF)?[ ]*=) [^",\r\n]*
      "(?:\\.|[^"\\\r\n])*" [ ]*,[ ]* (?P<mistyped>[^\r\n]+)
    | ^ password: (?P<told>[^\r\n]+)
    """,
    re.VERBOSE | re.IGNORECASE | re.MULTILINE,
)

_QUOTED = re.compile(rb'"((?:\\.|[^"\\\r\n])*)"')
_MAC = re.compile(rb"[0-9a-f]{2}(?::[0-9a-f]{2}){5}", re.IGNORECASE)
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)


def find_secrets(data: bytes, known: Iterable[bytes] = ()) -> list[tuple[int, int]]:
    """Where passwords stand in `data`.

    Args:
        data: What was sent or received, in one piece.
        known: Passwords to look for as they are; `passwords_in` finds them in what was sent.

    Returns:
        Begin and end of each place, in order, without overlaps.
    """
    places = []
    if b"CW" in data or b"cw" in data or b"password:" in data:
        for match in _SECRET.finditer(data):
            name = next((each for each in ("told", "mistyped") if match[each]), "password")
            if match[name]:
                places.append(match.span(name))
    for secret in known:
        start = data.find(secret)
        while start >= 0:
            places.append((start, start + len(secret)))
            start = data.find(secret, start + len(secret))
    return merge_places(places)


def passwords_in(data: bytes) -> frozenset[bytes]:
    """The passwords in what was sent or received, without quotes, both with and without escapes.

    Args:
        data: In one piece.
    """
    found: set[bytes] = set()
    for start, end in find_secrets(data):
        text = data[start:end]
        found.add(text.strip().removeprefix(b'"').removesuffix(b'"'))
        found.update(each[1] for each in _QUOTED.finditer(text) if not _MAC.fullmatch(each[1]))
    found |= {_ESCAPE.sub(rb"\1", text) for text in found}
    return frozenset(text for text in found if len(text) >= _SHORTEST_SECRET_BYTES)


def mask_secrets(data: bytes, known: Iterable[bytes] = ()) -> bytes:
    """`data` with ``***`` in the place of each password.

    Args:
        data: What was sent or received, in one piece.
        known: Passwords to hide wherever they stand.
    """
    places = find_secrets(data, known)
    if not places:
        return data
    shown, end = [], 0
    for start, stop in places:
        shown += [data[end:start], MASK]
        end = stop
    return b"".join([*shown, data[end:]])


def merge_places(places: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Begin and end of places, in order, those that overlap as one."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(places):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def show_bytes(data: bytes, known: Iterable[bytes] = (), *, limit_bytes: int = 120) -> str:
    """`data` as a person reads it in an error text: masked, escaped, cut in the middle."""
    masked = mask_secrets(data, known)
    if len(masked) > limit_bytes:
        half = limit_bytes // 2
        masked = masked[:half] + b" ... " + masked[-half:]
    return "".join(
        chr(byte) if 0x20 <= byte < 0x7F else _ESCAPES.get(byte, f"\\x{byte:02x}")
        for byte in masked
    )


_ESCAPES = {0x0D: "\\r", 0x0A: "\\n", 0x09: "\\t"}
