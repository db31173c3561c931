from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.virtual.firmware.command import Call, Form, parse_call, parse_numbers


@pytest.mark.parametrize(
    ("command", "call"),
    [
        (b"", Call("", Form.EXECUTE)),
        (b"+GMR", Call("+GMR", Form.EXECUTE)),
        (b"+gmr", Call("+gmr", Form.EXECUTE)),
        (b"+CWMODE=?", Call("+CWMODE", Form.TEST)),
        (b"+CWMODE?", Call("+CWMODE", Form.QUERY)),
        (b"+CWMODE_CUR=3", Call("+CWMODE_CUR", Form.SET, b"3")),
        (b"+CWMODE=", Call("+CWMODE", Form.SET, b"")),
        (b"+CWMODE=?3", Call("+CWMODE", Form.SET, b"?3")),
        (b"E0", Call("E", Form.SUFFIX, b"0")),
        (b"E=0", Call("E", Form.SET, b"0")),
        (b"+CWMODE3", Call("+CWMODE", Form.SUFFIX, b"3")),
        (b"+CWMODE?3", None),
    ],
)
def test_a_call_is_its_name_its_form_and_its_arguments(command: bytes, call: Call | None) -> None:
    assert parse_call(command) == call


@given(st.binary(max_size=60))
def test_any_bytes_are_a_call_or_none(command: bytes) -> None:
    call = parse_call(command)
    assert call is None or command.startswith(call.name.encode("latin-1"))


@pytest.mark.parametrize(
    ("arguments", "numbers"),
    [
        (b"3", (3,)),
        (b"0003", (3,)),
        (b"115200,8,1,0,3", (115200, 8, 1, 0, 3)),
        (b"", None),
        (b"1,", None),
        (b",1", None),
        (b"1, 2", None),
        (b" 1", None),
        (b"-1", None),
        (b"+1", None),
        (b"1.5", None),
        (b'"1"', None),
        (b"0x10", None),
        (b"\xb2", None),
        (b"1\n", None),
    ],
)
def test_numbers_are_digits_with_commas_between(
    arguments: bytes, numbers: tuple[int, ...] | None
) -> None:
    assert parse_numbers(arguments) == numbers
