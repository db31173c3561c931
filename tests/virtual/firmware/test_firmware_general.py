"""Section 2 of the document, and AT: what every command line has in common."""

from __future__ import annotations

import pytest

from hil.units import NS_PER_S
from hil.virtual.firmware.dialect import DOCUMENTED, ESPRESSIF_0_23, Dialect
from hil.virtual.uart import LineFormat

from .chip_player import ERROR, OK, READY, ChipPlayer, ready_player

both_dialects = pytest.mark.parametrize("dialect", [DOCUMENTED, ESPRESSIF_0_23])

FORMS = {
    b"AT": b"AT",
    b"AT+RST": b"AT+RST",
    b"AT+GMR": b"AT+GMR",
    b"AT+RESTORE": b"AT+RESTORE",
    b"AT+GSLP": b"AT+GSLP=1000",
    b"AT+SLEEP": b"AT+SLEEP? AT+SLEEP=2",
    b"AT+UART": b"AT+UART=115200,8,1,0,0",
    b"AT+UART_CUR": b"AT+UART_CUR=115200,8,1,0,0",
    b"AT+UART_DEF": b"AT+UART_DEF=115200,8,1,0,0",
    b"AT+CWMODE": b"AT+CWMODE=? AT+CWMODE? AT+CWMODE=1",
    b"AT+CWMODE_CUR": b"AT+CWMODE_CUR=? AT+CWMODE_CUR? AT+CWMODE_CUR=1",
    b"AT+CWMODE_DEF": b"AT+CWMODE_DEF=? AT+CWMODE_DEF? AT+CWMODE_DEF=1",
}


@both_dialects
@pytest.mark.parametrize("name", FORMS)
def test_a_command_has_its_documented_forms_and_no_other(name: bytes, dialect: Dialect) -> None:
    documented = FORMS[name].split()
    values = [line.partition(b"=")[2] for line in documented if b"=" in line]
    value = next((value for value in values if value != b"?"), b"1")
    for line in (name, name + b"?", name + b"=?", name + b"=" + value):
        player = ready_player(dialect)
        player.ask(b"AT+CWMODE=1")
        content = player.flash.snapshot()
        answer = player.ask(line)
        if line in documented:
            assert b"OK\r\n" in answer, line
        else:
            assert answer == ERROR, line
            assert (player.restarts, player.deep_sleep) == (0, None)
            assert player.flash.snapshot() == content


@both_dialects
def test_at_answers_ok_and_nothing_else(dialect: Dialect) -> None:
    assert ready_player(dialect).ask(b"AT") == b"\r\nOK\r\n"


@pytest.mark.parametrize("line", [b"AT?", b"AT=?", b"AT=1", b"AT1"])
def test_at_has_only_the_execute_form(line: bytes) -> None:
    assert ready_player().ask(line) == b"\r\nERROR\r\n"


@both_dialects
def test_at_is_answered_once_the_firmware_has_started(dialect: Dialect) -> None:
    player = ChipPlayer(dialect)
    player.settle()
    assert player.take_sent() == READY
    for _ in range(5):
        assert player.ask(b"AT") == b"AT\r\r\n" + OK


@pytest.mark.parametrize("line", [b"at+gmr", b"AT+gmr", b"AT+Gmr"])
def test_a_name_in_small_letters_is_refused(line: bytes) -> None:
    assert ready_player().ask(line) == ERROR


def test_the_two_letters_in_front_may_be_small() -> None:
    assert ready_player().ask(b"at") == OK


@pytest.mark.parametrize(
    "line",
    [
        b"AT+NOSUCH",
        b"AT+CWOAP",
        b"AT+CIPSENDER=4",
        b"AT+CIPSENDERBUF=4",
        b"AT+GM",
        b"AT+GMRX",
        b"AT +GMR",
        b"AT+GMR ",
        b"AT+CWMODE =1",
        b"AT+CWMODE= 1",
        b"AT+CWMODE=1 ",
        b"AT+CWMODE1",
        b"AT+CWMODE?1",
        b"AT+\xff\xfe",
        b"hello",
    ],
)
def test_a_line_that_is_no_command_is_refused(line: bytes) -> None:
    assert ready_player().ask(line) == ERROR


def test_an_empty_line_is_answered_with_error() -> None:
    assert ready_player().ask(b"") == ERROR


def test_nothing_is_executed_before_the_line_end() -> None:
    player = ready_player()
    player.send(b"AT+CWMODE?")
    player.advance(player.now_ns + 2 * NS_PER_S)
    assert player.take_sent() == b""
    player.send(b"\r\n")
    assert player.take_sent() == b"+CWMODE:2\r\n\r\nOK\r\n"


def test_cr_alone_executes_nothing_and_the_lf_that_follows_does() -> None:
    player = ready_player()
    player.send(b"AT\r")
    player.advance(player.now_ns + 2 * NS_PER_S)
    assert player.take_sent() == b""
    player.send(b"\n")
    assert player.take_sent() == OK


def test_lf_alone_does_not_run_the_command() -> None:
    player = ready_player()
    player.send(b"AT+GMR\n")
    assert player.take_sent() == ERROR


def test_the_factory_line_is_115200_8n1_without_flow_control() -> None:
    player = ChipPlayer()
    assert player.line_format == LineFormat()
    assert (player.line_format.baud, player.line_format.data_bits) == (115200, 8)
    assert player.firmware.flow_control == 0


def test_the_longest_documented_call_is_taken_as_one_line() -> None:
    line = b'AT+CWJAP_DEF="' + b"s" * 32 + b'","' + b"p" * 64 + b'","18:fe:34:97:d5:7b"'
    assert len(line) == 134
    player = ready_player(DOCUMENTED)
    assert player.ask(line).count(b"ERROR") == 1
    assert player.ask(b"AT") == OK


@pytest.mark.parametrize(("dialect", "room"), [(DOCUMENTED, 256), (ESPRESSIF_0_23, 128)])
def test_a_line_beyond_the_buffer_is_dropped(dialect: Dialect, room: int) -> None:
    player = ready_player(dialect)
    padding = b"0" * (room - len("+CWMODE_CUR=3\r\n"))
    assert player.ask(b"AT+CWMODE_CUR=" + padding + b"3") == OK
    assert player.ask(b"AT+CWMODE_CUR=0" + padding + b"1") == ERROR
    assert player.ask(b"AT+CWMODE_CUR?") == b"+CWMODE_CUR:3\r\n" + OK
