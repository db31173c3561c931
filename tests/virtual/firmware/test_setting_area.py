"""Which command of the interfaces stores where: APP-01, APP-02 and APP-09 to APP-12.

Source: the notes of commands 9 to 28 of section 4; A-69 in docs/ambiguities.
"""

from __future__ import annotations

import pytest

from hil.virtual.firmware.dialect import DOCUMENTED, ESPRESSIF_0_23, Dialect

from .chip_player import OK, ChipPlayer, ready_player

both_dialects = pytest.mark.parametrize("dialect", [DOCUMENTED, ESPRESSIF_0_23])
storing_suffixes = pytest.mark.parametrize("suffix", [b"", b"_DEF"])

USER = [
    (b"+CWDHCP", b"2,0"),
    (b"+CIPSTAMAC", b'"18:fe:35:98:d3:7b"'),
    (b"+CIPAPMAC", b'"1a:fe:36:97:d5:7b"'),
    (b"+CIPSTA", b'"192.168.6.100","192.168.6.1","255.255.255.0"'),
    (b"+CIPAP", b'"192.168.5.1","192.168.5.1","255.255.255.0"'),
]
SYSTEM = [(b"+CWSAP", b'"ESP8266","1234567890",5,3')]
user_families = pytest.mark.parametrize(("family", "value"), USER)
system_families = pytest.mark.parametrize(("family", "value"), SYSTEM)
all_families = pytest.mark.parametrize(("family", "value"), USER + SYSTEM)

QUERIES = [
    b"AT" + family + suffix + b"?"
    for family, _ in USER + SYSTEM
    for suffix in (b"", b"_CUR", b"_DEF")
]


def told(player: ChipPlayer) -> list[bytes]:
    """What all queries answer."""
    return [player.ask(line) for line in QUERIES]


@both_dialects
@storing_suffixes
@user_families
def test_only_the_user_area_changes(
    family: bytes, value: bytes, suffix: bytes, dialect: Dialect
) -> None:
    player = ready_player(dialect)
    before = player.flash.snapshot()
    user, system = player.areas()
    assert player.ask(b"AT" + family + suffix + b"=" + value) == OK
    after = player.flash.snapshot()
    assert player.areas()[0] != user
    assert player.areas()[1] == system
    assert (after[:0x7C000], after[0x80000:]) == (before[:0x7C000], before[0x80000:])


@both_dialects
@storing_suffixes
@system_families
def test_only_the_system_area_changes(
    family: bytes, value: bytes, suffix: bytes, dialect: Dialect
) -> None:
    player = ready_player(dialect)
    before = player.flash.snapshot()
    system = player.areas()[1]
    assert player.ask(b"AT" + family + suffix + b"=" + value) == OK
    assert player.areas()[1] != system
    assert player.flash.snapshot()[:-0x4000] == before[:-0x4000]


@both_dialects
@storing_suffixes
@all_families
def test_a_value_equal_to_the_stored_one_is_not_written_again(
    family: bytes, value: bytes, suffix: bytes, dialect: Dialect
) -> None:
    player = ready_player(dialect)
    line = b"AT" + family + suffix + b"=" + value
    player.send(line + b"\r\n")
    assert player.take_sent() == b""
    player.settle()
    assert player.take_sent() == OK
    writes, content = player.flash.write_count, player.flash.snapshot()
    player.send(line + b"\r\n")
    assert player.take_sent() == OK
    assert (player.flash.write_count, player.flash.snapshot()) == (writes, content)


@both_dialects
@storing_suffixes
@all_families
def test_what_is_stored_already_is_not_written_but_becomes_the_current_value(
    family: bytes, value: bytes, suffix: bytes, dialect: Dialect
) -> None:
    player = ready_player(dialect)
    player.ask(b"AT" + family + b"_DEF=" + value)
    current = player.ask(b"AT" + family + b"_CUR?")
    others = {
        b"+CWDHCP": b"2,1",
        b"+CIPSTAMAC": b'"02:00:00:00:00:0a"',
        b"+CIPAPMAC": b'"02:00:00:00:00:0b"',
        b"+CIPSTA": b'"192.168.7.7"',
        b"+CIPAP": b'"192.168.7.7"',
        b"+CWSAP": b'"other","0987654321",7,4',
    }
    player.ask(b"AT" + family + b"_CUR=" + others[family])
    assert player.ask(b"AT" + family + b"_CUR?") != current
    writes = player.flash.write_count
    assert player.ask(b"AT" + family + suffix + b"=" + value) == OK
    assert player.flash.write_count == writes
    assert player.ask(b"AT" + family + b"_CUR?") == current


@both_dialects
@all_families
def test_a_current_value_is_never_written(family: bytes, value: bytes, dialect: Dialect) -> None:
    player = ready_player(dialect)
    before = told(player)
    content = player.flash.snapshot()
    assert player.ask(b"AT" + family + b"_CUR=" + value) == OK
    assert told(player) != before
    assert player.flash.snapshot() == content
    player.ask(b"AT+RST")
    player.ask(b"ATE0")
    assert told(player) == before


@both_dialects
def test_nothing_that_only_asks_writes(dialect: Dialect) -> None:
    player = ready_player(dialect)
    player.ask(b"AT+CWMODE_CUR=3")
    content = player.flash.snapshot()
    told(player)
    for line in (b"AT+CWLIF", b"AT+CIFSR", b"AT+CIFSR=?"):
        assert player.ask(line).endswith(OK)
    assert player.flash.snapshot() == content


@both_dialects
@storing_suffixes
@all_families
def test_a_stored_value_survives_a_restart_and_a_power_cut_right_after_ok(
    family: bytes, value: bytes, suffix: bytes, dialect: Dialect
) -> None:
    player = ready_player(dialect)
    before = told(player)
    player.ask(b"AT" + family + suffix + b"=" + value)
    stored = told(player)
    assert stored != before
    player.power_cycle()
    player.ask(b"ATE0")
    assert told(player) == stored
    player.ask(b"AT+RST")
    player.ask(b"ATE0")
    assert told(player) == stored
    player.ask(b"AT+RESTORE")
    player.ask(b"ATE0")
    assert told(player) == before


@both_dialects
@all_families
def test_a_power_cut_while_it_is_written_leaves_the_old_value_or_the_new(
    family: bytes, value: bytes, dialect: Dialect
) -> None:
    line = b"AT" + family + b"_DEF=" + value
    whole = ready_player(dialect)
    old = told(whole)
    whole.send(line + b"\r\n")
    begin_ns = whole.now_ns
    whole.settle()
    took_ns = whole.now_ns - begin_ns
    new = told(whole)
    seen = []
    for tenth in range(11):
        player = ready_player(dialect)
        told(player)
        player.send(line + b"\r\n")
        player.advance(player.now_ns + took_ns * tenth // 10)
        player.power_cycle()
        player.ask(b"ATE0")
        seen.append(told(player))
    assert seen[0] == old
    assert seen[-1] == new
    assert seen == sorted(seen, key=lambda found: found == new)
    assert all(found in (old, new) for found in seen)
