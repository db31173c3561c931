"""Passwords in texts that people read: as they are, escaped, encoded, cut off, broken into lines.

On the wire a password stands as it is or with the escapes of a command (line 159); `hil.at.secret`
finds it there. In a traceback, a log or a report the same password may be part of a Python
literal, of JSON, HTML or a URL, be printed in hex, decimal or base64, be cut short by an ellipsis,
or run over the end of a line where a long literal is broken. `mask_text` knows these forms.

It looks for passwords that are known, and for those in commands, known or not.
"""

from __future__ import annotations

import base64
import html
import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, quote_plus

from .parameter import format_string
from .secret import MASK, mask_secrets, merge_places

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import AnyStr

_MASK = MASK.decode()
_SHORTEST_REST = 4
"""Of a password that was cut off, fewer characters than this are not worth hiding."""

# What cuts a text short: an ellipsis, or the place where pprint breaks a long literal.
_CUT = re.compile(r"""[ ]?\.\.\.[ ]?|['"]\)?\n[E \t]*[-+? ]*\(?(?:b?['"])?""")
_DUMP = re.compile(r"[0-9a-fA-F](?:(?:[ \t:,-]|\\x|0x|\n){0,6}[0-9a-fA-F]){9,}")
_DIGIT = re.compile(r"\\x|0x|([0-9a-fA-F])")
_NUMBER = re.compile(r"\d+")


def mask_text(text: str, known: Iterable[bytes] = ()) -> str:
    """`text` with ``***`` in the place of each password.

    Args:
        text: What is going to be shown.
        known: Passwords to hide in every form.
    """
    secrets = sorted(known, key=len, reverse=True)
    found = [
        forms for forms in map(_forms_of, secrets) if any(map(text.__contains__, forms.traces))
    ]
    if found:
        text = _mask_rests(text, [form for forms in found for form in forms.broken])
    for forms in found:
        for form in forms.whole:
            text = text.replace(form, _MASK)
    if secrets:
        text = _DUMP.sub(lambda match: _mask_dump(match[0], secrets), text)
    raw = text.encode("utf-8", "surrogatepass")
    masked = mask_secrets(raw)
    return text if masked is raw else masked.decode("utf-8", "surrogatepass")


class _Forms(NamedTuple):
    """What shows one password in a text.

    Args:
        whole: The texts that are it.
        broken: Those of which a part may be left where a text was cut off.
        traces: Of these one at least is in a text that shows the password or a part of it.
    """

    whole: tuple[str, ...]
    broken: tuple[str, ...]
    traces: tuple[str, ...]


@lru_cache(maxsize=1024)
def _forms_of(secret: bytes) -> _Forms:
    texts = sorted(_texts(secret), key=len, reverse=True)
    whole = (*texts, *_encoded(secret))
    begins = {text[:_SHORTEST_REST] for text in whole}
    ends = {text[-_SHORTEST_REST:] for text in texts}
    return _Forms(whole, tuple(texts), tuple(begins | ends))


def _mask_rests(text: str, forms: Sequence[str]) -> str:
    """Hide what stands of passwords before and behind places where a text was cut off."""
    shown, done = [], 0
    longest = max(map(len, forms))
    for cut in _CUT.finditer(text):
        if cut.start() < done:
            continue
        head = text[max(done, cut.start() - longest) : cut.start()]
        tail = text[cut.end() : cut.end() + longest]
        before = max(_length_at_end(head, form) for form in forms)
        behind = max(_length_at_begin(tail, form) for form in forms)
        shown += [text[done : cut.start() - before], _MASK if before else "", cut[0]]
        shown += [_MASK if behind else ""]
        done = cut.end() + behind
    return "".join([*shown, text[done:]])


def _length_at_end(head: str, form: str) -> int:
    """How much of the beginning of a form stands at the end of a text."""
    place = head.find(form[:_SHORTEST_REST])
    while place >= 0 and not form.startswith(head[place:]):
        place = head.find(form[:_SHORTEST_REST], place + 1)
    return len(head) - place if place >= 0 else 0


def _length_at_begin(tail: str, form: str) -> int:
    """How much of the end of a form stands at the beginning of a text."""
    place = tail.rfind(form[-_SHORTEST_REST:])
    while place >= 0 and not form.endswith(tail[: place + _SHORTEST_REST]):
        place = tail.rfind(form[-_SHORTEST_REST:], 0, place + _SHORTEST_REST - 1)
    return place + _SHORTEST_REST if place >= 0 else 0


def _mask_dump(dump: str, secrets: Iterable[bytes]) -> str:
    """Hide passwords among bytes in hex or in decimal."""
    digits = [match for match in _DIGIT.finditer(dump) if match[1]]
    in_hex = "".join(match[1] for match in digits).lower()
    numbers = list(_NUMBER.finditer(dump))
    in_decimal = bytes(min(int(match[0]), 0xFF) for match in numbers)
    places: list[tuple[int, int]] = []
    for secret in secrets:
        places += _places(digits, in_hex, secret.hex())
        places += _places(numbers, in_decimal, secret)
    shown, done = [], 0
    for start, end in merge_places(places):
        shown += [dump[done:start], _MASK]
        done = end
    return "".join([*shown, dump[done:]])


def _places(
    found: Sequence[re.Match[str]], codes: AnyStr, secret: AnyStr
) -> Iterator[tuple[int, int]]:
    """Where those of the matches stand whose codes are the password's."""
    index = codes.find(secret)
    while index >= 0:
        yield found[index].start(), found[index + len(secret) - 1].end()
        index = codes.find(secret, index + 1)


def _texts(secret: bytes) -> set[str]:
    """The password as text: as it is, and in literals of several languages."""
    texts = {secret.decode("utf-8", "surrogateescape"), secret.decode("latin-1")}
    texts.add(format_string(secret)[1:-1].decode("utf-8", "surrogateescape"))
    raws = [form.encode("utf-8", "surrogateescape") for form in texts]
    texts |= {repr(raw)[2:-1] for raw in raws}
    # Beside a double quote, as in a command, a single one is escaped.
    texts |= {repr(b'"' + raw + b'"')[3:-2] for raw in raws}
    for _ in range(2):  # a literal may be shown inside of another
        texts |= {write(text) for text in texts for write in _LITERALS}
    return texts | {write(text) for text in texts for write in _MARKUPS}


_LITERALS: tuple[Callable[[str], str], ...] = (
    lambda text: repr(text)[1:-1],
    lambda text: ascii(text)[1:-1],
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    lambda text: text.replace("\\", "\\\\").replace("'", "\\'"),
    lambda text: text.encode("ascii", "backslashreplace").decode("ascii"),
)
_MARKUPS: tuple[Callable[[str], str], ...] = (
    html.escape,
    lambda text: html.escape(text, quote=False),
    lambda text: html.escape(text).replace("&#x27;", "&#39;").replace("&quot;", "&#34;"),
)


def _encoded(secret: bytes) -> set[str]:
    """The password in a URL or in base64, also as a part of something longer."""
    shown = {write(secret) for write in (quote, quote_plus)} | {quote(secret, safe="")}
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for offset in range(3):
            code = encode(bytes(offset) + secret).decode("ascii")
            # Only whole sextets are the password's own.
            shown.add(code[-(-offset * 8 // 6) : (offset + len(secret)) * 8 // 6])
    return shown
