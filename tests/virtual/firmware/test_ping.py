"""Section 5.2 of the document, command 17: AT+PING."""

from __future__ import annotations

import pytest

from hil.units import NS_PER_MS, NS_PER_S
from hil.virtual.firmware.dialect import DOCUMENTED, ESPRESSIF_0_23, Dialect
from hil.virtual.firmware.query import Queries
from hil.virtual.network.message import Ping, Ponged, Resolve, Resolved

from .chip_player import BUSY, ERROR, OK
from .link_player import DIALECTS, PEER, LinkPlayer, joined_player

both_dialects = pytest.mark.parametrize("dialect", DIALECTS)
SILENCE = [(DOCUMENTED, ERROR), (ESPRESSIF_0_23, b"+timeout\r\n" + ERROR)]


@both_dialects
@pytest.mark.parametrize(
    ("duration_ns", "told"), [(24 * NS_PER_MS, b"+24"), (999_999, b"+0"), (1_999_999, b"+1")]
)
def test_the_time_is_told_in_milliseconds(duration_ns: int, told: bytes, dialect: Dialect) -> None:
    player = joined_player(dialect)
    assert player.order(b'AT+PING="192.168.1.20"') == b""
    assert player.take_requests() == [Ping(1, PEER)]
    player.hear(Ponged(1, duration_ns))
    assert player.take_sent() == told + b"\r\n" + OK


@both_dialects
def test_a_name_is_resolved_first(dialect: Dialect) -> None:
    player = joined_player(dialect)
    assert player.order(b'AT+PING="peer.test"') == b""
    assert player.take_requests() == [Resolve(1, "peer.test")]
    player.hear(Resolved(1, PEER))
    assert player.take_requests() == [Ping(2, PEER)]
    assert player.order(b"AT") == BUSY
    player.hear(Ponged(2, 5 * NS_PER_MS))
    assert player.take_sent() == b"+5\r\n" + OK


@pytest.mark.parametrize(("dialect", "answer"), SILENCE)
def test_nobody_answers(dialect: Dialect, answer: bytes) -> None:
    player = joined_player(dialect)
    player.order(b'AT+PING="192.168.1.20"')
    player.wait(NS_PER_S)
    assert player.take_sent() == b""
    player.wait(NS_PER_S)
    assert player.take_sent() == answer
    player.hear(Ponged(1, NS_PER_S))
    assert player.take_sent() == b""
    assert player.order(b"AT") == OK


def test_an_answer_is_kept_only_while_somebody_waits_for_it() -> None:
    queries = Queries()
    query = queries.begin()
    assert queries.end(query) is None
    queries.hear(Ponged(query, NS_PER_MS), NS_PER_S)
    with pytest.raises(KeyError):
        queries.is_answered(query)


@both_dialects
def test_a_name_without_an_address(dialect: Dialect) -> None:
    player = joined_player(dialect)
    player.order(b'AT+PING="nobody.test"')
    player.hear(Resolved(1, None))
    assert player.take_sent() == ERROR


@both_dialects
@pytest.mark.parametrize(
    "arguments", [b"192.168.1.20", b"", b'""', b'"a b"', b'"192.168.1.20",1', b"1"]
)
def test_bad_arguments_are_refused(arguments: bytes, dialect: Dialect) -> None:
    player = joined_player(dialect)
    assert player.order(b"AT+PING=" + arguments) == ERROR
    assert player.take_requests() == []


@both_dialects
@pytest.mark.parametrize("line", [b"AT+PING", b"AT+PING?", b"AT+PING=?"])
def test_other_forms_are_refused(line: bytes, dialect: Dialect) -> None:
    assert joined_player(dialect).order(line) == ERROR


@both_dialects
def test_without_a_network_it_is_refused(dialect: Dialect) -> None:
    player = LinkPlayer(dialect)
    player.order(b"AT+CWMODE_CUR=1")
    assert player.order(b'AT+PING="192.168.1.20"') == ERROR
