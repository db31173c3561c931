from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.console.local import (
    LOCAL_COMMANDS,
    LocalCall,
    help_lines,
    parse_escapes,
    parse_local,
)
from hil.errors import MistakeError


@pytest.mark.parametrize(
    ("line", "call"),
    [
        (":quit", LocalCall("quit")),
        (":baud  9600 ", LocalCall("baud", "9600")),
        (":send  a b ", LocalCall("send", " a b ")),
        (":help", LocalCall("help")),
        (":help CWJAP", LocalCall("help", "CWJAP")),
    ],
)
def test_a_line_is_a_command_and_its_operand(line: str, call: LocalCall) -> None:
    assert parse_local(line) == call


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (
            ":rest",
            (
                "there is no command :rest in the console. Did you mean :reset? :help lists them; "
                "a line to be sent that begins with a colon needs two"
            ),
        ),
        (
            ":",
            (
                "there is no command : in the console. :help lists them; a line to be sent that "
                "begins with a colon needs two"
            ),
        ),
        (":quit now", ":quit takes nothing behind it, not 'now'"),
        (":baud", ":baud needs RATE behind it"),
        (":send", ":send needs TEXT behind it"),
    ],
)
def test_a_wrong_line_is_told_what_to_do(line: str, text: str) -> None:
    with pytest.raises(MistakeError) as caught:
        parse_local(line)
    assert str(caught.value) == text


def test_help_has_a_line_for_each() -> None:
    assert len(help_lines()) == len(LOCAL_COMMANDS)
    assert help_lines()[2] == ":baud RATE         set the rate of this side of the line"


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("+++", b"+++"),
        ("a\\r\\n", b"a\r\n"),
        ("\\x00\\xFf\\0\\t\\\\n", b"\x00\xff\x00\t\\n"),
        ("é", b"\xc3\xa9"),
        (" ", b" "),
    ],
)
def test_escapes_are_bytes(text: str, data: bytes) -> None:
    assert parse_escapes(text) == data


@pytest.mark.parametrize("text", ["\\q", "a\\", "\\x1", "\\xgg"])
def test_another_escape_is_refused(text: str) -> None:
    with pytest.raises(MistakeError, match="is no escape: write"):
        parse_escapes(text)


@given(st.binary())
def test_all_bytes_can_be_sent(data: bytes) -> None:
    assert parse_escapes("".join(f"\\x{byte:02x}" for byte in data)) == data
