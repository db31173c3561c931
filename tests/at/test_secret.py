from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.at import (
    Echo,
    Event,
    InformationLine,
    TakenLine,
    Unsolicited,
    UnsolicitedKind,
    format_string,
    mask_secrets,
)
from hil.at.secret import passwords_in, show_bytes


@pytest.mark.parametrize(
    ("data", "masked"),
    [
        (b'AT+CWJAP="net","secret-word"\r\n', b'AT+CWJAP="net",***\r\n'),
        (b'AT+CWJAP_CUR="net","secret-word"', b'AT+CWJAP_CUR="net",***'),
        (
            b'AT+CWJAP_DEF="a\\,\\"b","secret\\"wo\\\\rd","18:fe:34:00:00:01"\r\r\n',
            b'AT+CWJAP_DEF="a\\,\\"b",***,"18:fe:34:00:00:01"\r\r\n',
        ),
        (b'AT+CWSAP="net","secret-word",5,3\r\n', b'AT+CWSAP="net",***,5,3\r\n'),
        (b'+CWSAP_CUR:"net","secret-word",5,3,4,0\r\n', b'+CWSAP_CUR:"net",***,5,3,4,0\r\n'),
        (b'+ CWSAP:"net","se,cr,1",5,3\r\n', b'+ CWSAP:"net",***,5,3\r\n'),
        (b"password:secret-word\r\nssid:net\r\n", b"password:***\r\nssid:net\r\n"),
        (b'at+cwjap="net", "secret-word"\r\n', b'at+cwjap="net", ***\r\n'),
        (b'AT+ CWJAP ="net","secret-word"\r\n', b'AT+ CWJAP ="net",***\r\n'),
        (b"AT+CWJAP=net,secret-word\r\nAT\r\n", b"AT+CWJAP=net,***\r\nAT\r\n"),
        (b'AT+CWJAP="net","0123456789"/""\r\n', b'AT+CWJAP="net",***\r\n'),
        (b'AT+CWJAP="a"b","secret-word"\r\n', b'AT+CWJAP="a"b",***\r\n'),
        (b'AT+CWJAP="net","secret', b'AT+CWJAP="net",***'),
        (
            b'AT+CWJAP="net","secWIFI DISCONNECT\r\nret-word"\r\r\n\r\nOK\r\n',
            b'AT+CWJAP="net",***\r\r\n\r\nOK\r\n',
        ),
        (b'+CWJAP:"net","18:fe:34:00:00:01",1,-15\r\n', None),
        (b'AT+CWJAP="net"\r\n', None),
        (b"AT+CWJAP?\r\n", None),
        (b"AT+CWSAP=?\r\n", None),
        (b'AT+CWLAP="net","18:fe:34:00:00:01",6\r\n', None),
        (b'AT+CWJAP="net",""\r\n', b'AT+CWJAP="net",***\r\n'),
        (b'AT+CWJPA="net","secret-word"\r\n', b'AT+CWJPA="net",***\r\n'),
        (b'AT+CWJAP_XXX="net","secret-word"', b'AT+CWJAP_XXX="net",***'),
        (b'AT+CWJAP_CUR:"net","secret-word"', b'AT+CWJAP_CUR:"net",***'),
        (b'AT+CWJAP"net","secret-word"', b'AT+CWJAP"net",***'),
        (b'AT+CWJAP?"net","secret-word"', b'AT+CWJAP?"net",***'),
        (b'+CWLAP:(3,"net",-58,"18:fe:34:00:00:01",6)\r\n', None),
    ],
)
def test_password_is_masked(data: bytes, masked: bytes | None) -> None:
    assert mask_secrets(data) == (data if masked is None else masked)


@given(
    st.sampled_from(["CWJAP", "CWJAP_CUR", "CWJAP_DEF", "CWSAP", "CWSAP_CUR", "CWSAP_DEF"]),
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=32),
    st.text(st.sampled_from('abXY09,"\\/: '), min_size=5, max_size=64),
)
def test_no_escaped_password_is_shown(name: str, ssid: str, password: str) -> None:
    tail = b",5,3" if "SAP" in name else b""
    head = b"AT+" + name.encode() + b"=" + format_string(ssid) + b","
    line = head + format_string(password) + tail + b"\r\n"
    assert mask_secrets(line) == head + b"***" + tail + b"\r\n"


def test_known_password_is_masked_wherever_it_stands() -> None:
    known = passwords_in(b'AT+CWJAP="net","secret-word"\r\nAT+CWJAP="net","abc"\r\n')
    assert known == {b"secret-word"}
    assert mask_secrets(b'JAP="net","secret-word" abc', known) == b'JAP="net","***" abc'


def test_bytes_are_shown_escaped_and_cut() -> None:
    assert show_bytes(b"a\tb\r\n\x00\xff") == r"a\tb\r\n\x00\xff"
    assert show_bytes(b"a" * 200, limit_bytes=10) == "aaaaa ... aaaaa"


@pytest.mark.parametrize(
    ("event", "shown"),
    [
        (Echo(b'AT+CWJAP="net","hidden word"'), "Echo(text=b'AT+CWJAP=\"net\",***')"),
        (
            InformationLine(b'+CWSAP:"net","hidden word",5,3'),
            "InformationLine(line=b'+CWSAP:\"net\",***,5,3')",
        ),
        (
            Unsolicited(UnsolicitedKind.SMART_PASSWORD, b"password:hidden word"),
            (
                "Unsolicited(kind=<UnsolicitedKind.SMART_PASSWORD: 'password:'>, "
                "line=b'password:***', link_id=None, segment=None)"
            ),
        ),
        (TakenLine(b"Recv 4 bytes", 4), "TakenLine(line=b'Recv 4 bytes', count=4)"),
    ],
)
def test_events_show_no_password(event: Event, shown: str) -> None:
    assert repr(event) == shown
