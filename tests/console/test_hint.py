from __future__ import annotations

import pytest

from hil.console.hint import describe, hint
from hil.spec.command import FormKind, load_commands


def shown(line: str, **settings: str) -> str:
    """The hint as text; where the cursor is stands in brackets, a warning begins with !."""
    marks = {(True, False): "«{}»", (False, True): "!{}", (False, False): "{}"}
    return "".join(
        marks[piece.is_current, piece.is_warning].format(piece.text)
        for piece in hint(line, settings)
    )


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (
            'AT+CWJAP_CUR="x",',
            ('AT+CWJAP_CUR="ssid",«"pwd"»[,"bssid"]  pwd: its password, "" if it is open; '
            '\\ before comma, " and \\; 0 to 64 bytes'),
        ),
        (
            "AT+CWMODE=",
            ("AT+CWMODE=«<mode>»  mode: what the module is; "
            "1 station, 2 softAP, 3 station and softAP"),
        ),
        (
            'AT+CIPSTART="UDP","h",1,',
            ('AT+CIPSTART="type","remote IP",<remote port>[,«<UDP local port>»,<UDP mode>]  '
            "UDP local port: port of the module; 1 to 65535; with type=UDP"),
        ),
        (
            'AT+CIPSTART="TCP","h",1,',
            ('AT+CIPSTART="type","remote IP",<remote port>[,«<TCP keep alive>»]  '
            "TCP keep alive: interval of keep-alive; 0 for none; 0 to 7200 x 500 ms; "
            "0 if left out; with type=TCP"),
        ),
        (
            'AT+CIPSTART="',
            ('AT+CIPSTART=«"type"»,"remote IP",<remote port>'
            "[,<UDP local port>,<UDP mode>][,<TCP keep alive>]  "
            'type: the protocol; "TCP", "UDP"'),
        ),
        ('AT+CWLAP="x"', 'AT+CWLAP=«"ssid"»[,"mac"[,<ch>]]  ssid: its name; 1 to 32 bytes'),
        ("AT+GMR", "AT+GMR  versions of the firmware and the SDK"),
        ("AT+CWMODE", ("AT+CWMODE=? or AT+CWMODE? or AT+CWMODE=  station, softAP or both (stored; "
         "deprecated)")),
        ("AT+CWMODE?", "AT+CWMODE?  station, softAP or both: what is set"),
        ("AT+CIPSEND", "AT+CIPSEND  send data: passthrough, until +++ comes alone; with CIPMODE=1"),
        ("ATE1", "ATE«<echo>»  echo: whether the module repeats what is sent to it; 0 off, 1 on"),
        (":wake", ":wake open|closed  part XPD_DCDC from EXT_RSTB, or join them"),
        ("AT+CW", ""),
        ("", ""),
        ("hello", ""),
    ],
)  # fmt: skip
def test_what_a_line_takes_with_the_place_of_the_cursor(line: str, wanted: str) -> None:
    assert shown(line, CIPMUX="0") == wanted


@pytest.mark.parametrize(
    ("line", "warning"),
    [
        ("AT+CWMODE=7", "!mode: only 1 station, 2 softAP, 3 station and softAP"),
        ("AT+UART_CUR=4608001", "!baudrate: 4608001 is more than 110 to 4608000 baud"),
        ("AT+UART_CUR=fast", "!baudrate: a number from 110 to 4608000 baud"),
        ("AT+CWSAP=abc", "!ssid: must stand in double quotes, without a blank before"),
        ("AT+CWJAP=" + '"' + "x" * 33, "!ssid: 33 is more than 1 to 32 bytes"),
        ("AT+SAVETRANSLINK=0,", "!takes 1 parameters at most"),
        ("AT+CWOAP", "!AT+CWOAP is not in the document; did you mean AT+CWSAP?"),
        ("AT+XYZZY=", "!AT+XYZZY is not in the document"),
        ("AT+GMR=", "!the document has AT+GMR only"),
        ('AT+CWJAP="' + "x" * 32 + '","' + "y" * 85, "!firmware 0.23 drops lines of 128 bytes"),
    ],
)
def test_what_is_wrong_is_said_before_it_is_sent(line: str, warning: str) -> None:
    assert shown(line).endswith(warning)


def test_escapes_do_not_count() -> None:
    assert "!" not in shown('AT+CWJAP="' + "x" * 30 + '\\"\\,"')


def test_a_links_number_is_shown_where_it_leads_and_hinted_at_where_that_is_not_known() -> None:
    assert shown("AT+CIPSEND=", CIPMUX="1").startswith("AT+CIPSEND=«<link ID>»,<length>")
    assert shown("AT+CIPSEND=", CIPMUX="0").startswith("AT+CIPSEND=«<length>»")
    assert "CIPMUX" not in shown("AT+CIPSEND=", CIPMUX="0")
    assert shown("AT+CIPSEND=").endswith("; with CIPMUX=1 <link ID> comes first")
    assert shown("AT+CIPSEND=0,4").startswith("AT+CIPSEND=<link ID>,«<length>»")
    assert shown('AT+CIPSEND=4,"h",').startswith('AT+CIPSEND=<length>[,"remote IP",«')


def test_every_example_of_the_table_raises_no_warning() -> None:
    for command in load_commands():
        for form in command.forms:
            line = command.example(form.kind)
            multiple = form.when is not None and str(form.when) == "CIPMUX=1"
            pieces = hint(line, {"CIPMUX": "1" if multiple else "0"})
            assert pieces, line
            assert not any(piece.is_warning for piece in pieces), line
            if form.kind is FormKind.SET:
                assert any(piece.is_current for piece in pieces), line


def test_all_that_is_known_of_a_command_can_be_read() -> None:
    assert describe("cwlap") == [
        "AT+CWLAP: access points in reach (4.1 #7, line 446)",
        '  AT+CWLAP="ssid"[,"mac"[,<ch>]]  look for one access point',
        "    ssid: its name; 1 to 32 bytes",
        "    mac: its MAC address",
        "    ch: its channel; 1 to 14",
        '    example: AT+CWLAP="wifi","ca:d7:19:d8:a6:44",6',
        "  AT+CWLAP  run it",
    ]
    assert describe("AT+CWLAP=?") == describe("cwlap")
    assert describe("nosuch") == []
    assert all(describe(command.name) for command in load_commands())
