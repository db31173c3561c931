"""Section 4 of the document, commands 1 to 3: AT+CWMODE, AT+CWMODE_CUR, AT+CWMODE_DEF."""

from __future__ import annotations

import pytest

from hil.virtual.firmware.dialect import DOCUMENTED, ESPRESSIF_0_23, Dialect

from .chip_player import ERROR, OK, ready_player

all_variants = pytest.mark.parametrize("name", [b"+CWMODE", b"+CWMODE_CUR", b"+CWMODE_DEF"])
storing_variants = pytest.mark.parametrize("name", [b"+CWMODE", b"+CWMODE_DEF"])
both_dialects = pytest.mark.parametrize("dialect", [DOCUMENTED, ESPRESSIF_0_23])


@both_dialects
@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b"AT+CWMODE=?", b"+CWMODE:(1-3)\r\n\r\nOK\r\n"),
        (b"AT+CWMODE_CUR=?", b"+CWMODE_CUR:(1-3)\r\n\r\nOK\r\n"),
        (b"AT+CWMODE_DEF=?", b"+CWMODE_DEF:(1-3)\r\n\r\nOK\r\n"),
        (b"AT+CWMODE?", b"+CWMODE:2\r\n\r\nOK\r\n"),
        (b"AT+CWMODE_CUR?", b"+CWMODE_CUR:2\r\n\r\nOK\r\n"),
        (b"AT+CWMODE_DEF?", b"+CWMODE_DEF:2\r\n\r\nOK\r\n"),
    ],
)
def test_test_and_query_answer_under_the_name_typed(
    line: bytes, answer: bytes, dialect: Dialect
) -> None:
    assert ready_player(dialect).ask(line) == answer


@all_variants
@pytest.mark.parametrize("mode", [b"1", b"2", b"3"])
def test_setting_a_mode_answers_ok_and_acts_at_once(name: bytes, mode: bytes) -> None:
    player = ready_player()
    assert player.ask(b"AT" + name + b"=" + mode) == OK
    assert player.ask(b"AT" + name + b"?") == name + b":" + mode + b"\r\n" + OK
    assert player.ask(b"AT+CWMODE_CUR?") == b"+CWMODE_CUR:" + mode + b"\r\n" + OK


@all_variants
@pytest.mark.parametrize("value", [b"0", b"4", b"x", b"", b"-1", b"1,1", b'"1"', b"99999999999"])
def test_other_modes_are_refused(name: bytes, value: bytes) -> None:
    player = ready_player()
    content = player.flash.snapshot()
    assert player.ask(b"AT" + name + b"=" + value) == ERROR
    assert player.ask(b"AT" + name + b"?") == name + b":2\r\n" + OK
    assert player.flash.snapshot() == content


@storing_variants
@both_dialects
def test_the_mode_is_stored_in_the_system_area(name: bytes, dialect: Dialect) -> None:
    player = ready_player(dialect)
    user, system = player.areas()
    player.ask(b"AT" + name + b"=3")
    user_after, system_after = player.areas()
    assert user_after == user
    assert system_after != system
    player.power_cycle()
    player.ask(b"ATE0")
    assert player.ask(b"AT+CWMODE_DEF?") == b"+CWMODE_DEF:3\r\n" + OK
    assert player.ask(b"AT+CWMODE?") == b"+CWMODE:3\r\n" + OK


def test_cwmode_cur_is_not_stored() -> None:
    player = ready_player()
    content = player.flash.snapshot()
    player.ask(b"AT+CWMODE_CUR=3")
    assert player.flash.snapshot() == content
    player.ask(b"AT+RST")
    player.ask(b"ATE0")
    assert player.ask(b"AT+CWMODE_CUR?") == b"+CWMODE_CUR:2\r\n" + OK


def test_the_current_and_the_stored_mode_are_separate() -> None:
    player = ready_player()
    player.ask(b"AT+CWMODE_DEF=1")
    player.ask(b"AT+CWMODE_CUR=3")
    assert player.ask(b"AT+CWMODE?") == b"+CWMODE:3\r\n" + OK
    assert player.ask(b"AT+CWMODE_CUR?") == b"+CWMODE_CUR:3\r\n" + OK
    assert player.ask(b"AT+CWMODE_DEF?") == b"+CWMODE_DEF:1\r\n" + OK


@storing_variants
def test_a_mode_equal_to_the_stored_one_is_not_written_again(name: bytes) -> None:
    player = ready_player()
    writes = player.flash.write_count
    player.ask(b"AT+CWMODE_CUR=3")
    assert player.ask(b"AT" + name + b"=2") == OK
    assert player.flash.write_count == writes
    assert player.ask(b"AT+CWMODE_CUR?") == b"+CWMODE_CUR:2\r\n" + OK
