"""What the ROM's printf makes of formats and arguments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.virtual.rom_printf import format_text

TEXTS = {0x100: b"text"}


def printed(template: bytes, *arguments: int) -> bytes:
    return format_text(template, iter(arguments), TEXTS.__getitem__)


@pytest.mark.parametrize(
    ("template", "arguments", "text"),
    [
        (b"plain", (), b"plain"),
        (b"100 %%", (), b"100 %"),
        (b"%d %i %u", (0xFFFF_FFFF, 0x8000_0000, 0xFFFF_FFFF), b"-1 -2147483648 4294967295"),
        (b"%x %X %o %p", (255, 255, 8, 0x3FFE8000), b"ff FF 10 0x3ffe8000"),
        (b"load 0x%08x, len %d", (0x40100000, 4), b"load 0x40100000, len 4"),
        (b"[%5d][%-5d][%05d]", (42, 42, 0xFFFF_FFD6), b"[   42][42   ][-0042]"),
        (b"%ld %lu %hx", (1, 2, 3), b"1 2 3"),
        (b"%s, %c!", (0x100, ord("x")), b"text, x!"),
        (b"[%6s][%-6s]", (0x100, 0x100), b"[  text][text  ]"),
        (b"%q %", (), b"%q %"),
    ],
)
def test_format(template: bytes, arguments: tuple[int, ...], text: bytes) -> None:
    assert printed(template, *arguments) == text


@given(st.integers(0, 0xFFFF_FFFF), st.integers(0, 12))
def test_numbers_are_those_of_python(value: int, width: int) -> None:
    assert printed(b"%%0%dx" % width, value) == f"{value:0{width}x}".encode() if width else True
    assert (
        printed(b"%%%dd" % width, value & 0x7FFF_FFFF) == f"{value & 0x7FFF_FFFF:{width}d}".encode()
    )
