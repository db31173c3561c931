"""The text that the ROM's ``ets_printf`` makes of a format and its arguments.

It knows ``%c %s %d %i %u %x %X %o %p %%``, each with a width, ``-``, ``0`` and the sizes ``l`` and
``h``, which change nothing on a machine whose int is a long. Anything else behind a ``%`` is
printed as it stands.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_DIRECTIVE = re.compile(rb"%([-0]*)(\d{0,3})[lh]*([csdiuxXop%])")


def format_text(
    template: bytes, arguments: Iterator[int], read_text: Callable[[int], bytes]
) -> bytes:
    """The bytes that go to the UART.

    Args:
        template: The format.
        arguments: As many words of 32 bits as the format asks for.
        read_text: The string at an address, for ``%s``.
    """

    def replace(directive: re.Match[bytes]) -> bytes:
        flags, width, kind = directive.groups()
        if kind == b"%":
            return b"%"
        text = _text_of(kind, next(arguments), read_text)
        size = int(width or b"0")
        if b"-" in flags:
            return text.ljust(size)
        return _zero_filled(text, size) if b"0" in flags else text.rjust(size)

    return _DIRECTIVE.sub(replace, template)


def _text_of(kind: bytes, value: int, read_text: Callable[[int], bytes]) -> bytes:
    match kind:
        case b"c":
            return bytes((value & 0xFF,))
        case b"s":
            return read_text(value)
        case b"d" | b"i":
            return b"%d" % (value - (1 << 32) if value >> 31 else value)
        case b"p":
            return b"0x%x" % value
    return (b"%" + kind) % value  # u, x, X and o mean the same here


def _zero_filled(text: bytes, size: int) -> bytes:
    sign = b"-" if text.startswith(b"-") else b""
    return sign + text[len(sign) :].rjust(size - len(sign), b"0")
