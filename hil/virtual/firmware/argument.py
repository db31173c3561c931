"""The arguments of a set form: numbers, quoted strings and places left empty, with commas between.

Nothing is forgiven: a blank, a sign, a quote that is not escaped or does not end the argument, a
backslash without a character behind it make the whole list malformed. An unescaped ``/`` is a
``/``.

Source: lines 158-162; lines 407, 413 and their kin, where the backslash was printed as ``/``; A-02,
A-03, A-25 in docs/ambiguities.
"""

from __future__ import annotations

import re

Argument = int | bytes | None
"""A bare decimal number; the content of a quoted string, escapes removed; or nothing at all."""

_ARGUMENT = re.compile(
    rb"""
    (?P<number> [0-9]+ )
  | " (?P<text> (?: [^"\\] | \\. )* ) "
  |  # nothing
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)


def parse_arguments(arguments: bytes) -> tuple[Argument, ...] | None:
    """Take apart what follows ``=``.

    Args:
        arguments: For example ``"abc","0123456789",,7``.

    Returns:
        One argument more than there are commas between them, so at least one; or None if the list
        is malformed.
    """
    parsed = []
    at = 0
    while match := _ARGUMENT.match(arguments, at):
        parsed.append(_value(match))
        if match.end() == len(arguments):
            return tuple(parsed)
        if arguments[match.end()] != ord(","):
            break
        at = match.end() + 1
    return None


def _value(match: re.Match[bytes]) -> Argument:
    if match["number"] is not None:
        return int(match["number"])
    return None if match["text"] is None else _ESCAPE.sub(rb"\1", match["text"])
