"""Looks for a password in texts of any kind: raw, escaped, encoded, in pieces.

It shares nothing with the code that hides them. A text is undone in all ways in which it may have
been written, and whatever six characters of the password are left in it give it away.
"""

from __future__ import annotations

import base64
import html
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

WINDOW = 6

_LITERAL = re.compile(rb"\\+(?:x([0-9a-fA-F]{2})|u00([0-9a-fA-F]{2}))")
_UNSEEN = re.compile(rb"[\s\\\"']|^E\s+(?:[-+?]\s)?|(?<=[\"'])b(?=[\"'])", re.MULTILINE)
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{8,}")
_NUMBERS = re.compile(rb"\d{1,3}(?:,\s*\d{1,3}){5,}")
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")


def find_leak(views: Iterable[bytes], password: str) -> bytes | None:
    """A place where a part of a password shows; None if it is well hidden.

    Args:
        views: What `views_of` makes of a text.
        password: What to look for.
    """
    latin, windows = password.encode("latin-1", "replace"), set()
    for data in (password.encode(), latin):
        for form in (data, _bare(data)):
            windows |= {form[at : at + WINDOW] for at in range(len(form) - WINDOW + 1)}
    for view in views:
        for window in windows:
            if window in view:
                place = view.index(window)
                return view[max(place - 40, 0) : place + 60]
    return None


def views_of(text: bytes) -> list[bytes]:
    """A text in all ways in which it can be read."""
    return list(dict.fromkeys(_views(text)))


def _views(text: bytes) -> Iterator[bytes]:
    yield text
    plain = html.unescape(html.unescape(text.decode("utf-8", "replace"))).encode()
    for readable in (text, plain, unquote_to_bytes(plain)):
        yield _bare(readable)
        yield _bare(_LITERAL.sub(lambda match: bytes([int(match[1] or match[2], 16)]), readable))
    yield from _hex_dumps(plain)
    for start in range(4):
        codes = (run[start:].translate(_TO_STANDARD) for run in set(_BASE64.findall(plain)))
        yield b"\n".join(base64.b64decode(code[: len(code) // 4 * 4]) for code in codes)
    for run in _NUMBERS.findall(plain):
        yield bytes(int(each) & 0xFF for each in run.split(b","))


def _hex_dumps(text: bytes) -> Iterator[bytes]:
    for noise in (rb"[\s:,-]|0x|\\x|\\n", rb"[\s:,-]|0x|\\+x|\\+n|[\"']"):
        for run in re.findall(rb"[0-9a-fA-F]{12,}", re.sub(noise, b"", text)):
            for start in range(2):
                digits = run[start:]
                yield bytes.fromhex(digits[: len(digits) // 2 * 2].decode())


def _bare(text: bytes) -> bytes:
    """A text without what quoting, escaping and breaking of lines may put into it."""
    return _UNSEEN.sub(b"", text)
