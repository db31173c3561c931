"""Passwords in texts for people, in every form; and that a search for them can find them."""

from __future__ import annotations

import base64
import html
import json
import pprint
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.at import format_string
from hil.at.secret_form import mask_text
from tests.leak import find_leak, views_of

if TYPE_CHECKING:
    from collections.abc import Callable

PASSWORDS = [
    "swordfish-9Zq",
    "ka\\,r\"p<tr>&o'ut\\",
    "l\u00e4chs+%20/\u00fcnd?#aal",
    "c0ffee4b1d",
    "0123456789abcdef" * 4,
]
FORMS: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "as it is sent": lambda text: format_string(text).decode(),
    "literal": repr,
    "ASCII literal": ascii,
    "literal of bytes": lambda text: repr(text.encode()),
    "literal in a literal": lambda text: repr([repr(text.encode())]),
    "literal of what is sent": lambda text: repr(format_string(text)),
    "JSON": lambda text: json.dumps({"password": text}),
    "HTML": html.escape,
    "HTML of a literal": lambda text: html.escape(repr(text)),
    "URL": lambda text: "http://host/?psk=" + quote(text, safe=""),
    "hex": lambda text: text.encode().hex(),
    "hex of a line": lambda text: f"AT+X={text}\r\n".encode().hex(" ").upper(),
    "hex in words": lambda text: text.encode().hex(" ", 2),
    "hex with marks": lambda text: ", ".join(map(hex, text.encode())),
    "escapes": lambda text: "".join(f"\\x{byte:02x}" for byte in text.encode()),
    "numbers": lambda text: str(list(b"x" + text.encode())),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 of a line": lambda text: base64.b64encode(f"psk={text}!".encode()).decode(),
    "broken literal": lambda text: pprint.pformat([b"-" * 60 + text.encode() + b"-" * 60]),
    "cut before its end": lambda text: f"'joined with {text[:9]}...'",
    "cut behind its begin": lambda text: f"'joined with ...{text[-9:]}'",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("password", PASSWORDS)
def test_password_is_masked_in_every_form(form: str, password: str) -> None:
    text = FORMS[form](password)
    assert find_leak(views_of(text.encode()), password), "the search would not find it"
    masked = mask_text(f"<{text}>", [password.encode()])
    assert find_leak(views_of(masked.encode()), password) is None, masked
    assert "***" in masked


@pytest.mark.parametrize("indent", range(24))
def test_password_is_masked_wherever_a_long_literal_is_broken(indent: int) -> None:
    for password in PASSWORDS:
        text = pprint.pformat([[b"-" * (50 + indent) + password.encode() + b"-" * 70]])
        lines = "\n".join(f"E     + {line}" for line in text.splitlines())
        assert find_leak(views_of(mask_text(lines, [password.encode()]).encode()), password) is None


@given(st.text(st.sampled_from("abc\\\"',.&<\u00e4 0"), min_size=8, max_size=63), st.randoms())
def test_any_password_is_masked_in_any_form(password: str, random: object) -> None:
    form = random.choice(list(FORMS))  # type: ignore[attr-defined]
    if form.startswith(("cut", "broken")):
        return
    masked = mask_text(f"({FORMS[form](password)})", [password.encode()])
    assert password not in masked
    assert masked.count("*") >= 3


def test_text_without_a_password_stays_as_it_is() -> None:
    text = (
        "swim... fish 00 11 22 33 44 55 [1, 2, 3, 4, 5, 6] 'sw'\n b'ord' cafe babe 0x7f2bb79e6190"
    )
    assert mask_text(text, [b"swordfish-9Zq", b"c0ffee4b1d"]) == text


def test_two_passwords_of_which_one_contains_the_other_are_masked() -> None:
    assert mask_text("abcdefgh abcdefghij", [b"abcdefgh", b"abcdefghij"]) == "*** ***"
