"""Section 5.2 of the document, commands 12 and 15: AT+CIPSERVER and AT+CIPSTO."""

from __future__ import annotations

import pytest

from hil.units import NS_PER_S
from hil.virtual.action import Send
from hil.virtual.firmware.dialect import DOCUMENTED, ESPRESSIF_0_23, Dialect
from hil.virtual.network.message import (
    ListenFailed,
    TcpAbort,
    TcpAcknowledged,
    TcpClose,
    TcpEnded,
    TcpListen,
    TcpReceived,
    TcpSend,
    TcpStopListening,
)

from .chip_player import ERROR, OK
from .link_player import DIALECTS, NEAR, LinkPlayer, joined_player

both_dialects = pytest.mark.parametrize("dialect", DIALECTS)
UNCHANGED = [(DOCUMENTED, OK), (ESPRESSIF_0_23, b"no change\r\n" + OK)]


def serving_player(dialect: Dialect = DOCUMENTED) -> LinkPlayer:
    player = joined_player(dialect)
    player.serve()
    return player


class TestSetting:
    @both_dialects
    @pytest.mark.parametrize(
        ("arguments", "port"), [(b"1", 333), (b"1,1001", 1001), (b"1,1", 1), (b"1,65535", 65535)]
    )
    def test_a_server_listens(self, arguments: bytes, port: int, dialect: Dialect) -> None:
        player = joined_player(dialect)
        player.order(b"AT+CIPMUX=1")
        assert player.order(b"AT+CIPSERVER=" + arguments) == OK
        assert player.take_requests() == [TcpListen(port)]
        assert player.let_come(-1, port=port) == b"0,CONNECT\r\n"

    @both_dialects
    def test_in_single_mode_it_is_refused(self, dialect: Dialect) -> None:
        player = joined_player(dialect)
        assert player.order(b"AT+CIPSERVER=1") == ERROR
        assert player.take_requests() == []
        assert player.let_come(-1) == b""
        assert player.take_requests() == [TcpAbort(-1)]

    @both_dialects
    @pytest.mark.parametrize(
        "arguments", [b"2", b"x", b"", b"1,0", b"1,65536", b"1,1,1", b'1,"1001"', b"1,"]
    )
    def test_bad_arguments_are_refused(self, arguments: bytes, dialect: Dialect) -> None:
        player = joined_player(dialect)
        player.order(b"AT+CIPMUX=1")
        assert player.order(b"AT+CIPSERVER=" + arguments) == ERROR
        assert player.take_requests() == []

    @both_dialects
    @pytest.mark.parametrize("line", [b"AT+CIPSERVER", b"AT+CIPSERVER?", b"AT+CIPSERVER=?"])
    def test_other_forms_are_refused(self, line: bytes, dialect: Dialect) -> None:
        player = joined_player(dialect)
        player.order(b"AT+CIPMUX=1")
        assert player.order(line) == ERROR

    @pytest.mark.parametrize(("dialect", "answer"), UNCHANGED)
    def test_a_server_that_runs_is_not_created_again(self, dialect: Dialect, answer: bytes) -> None:
        player = serving_player(dialect)
        assert player.order(b"AT+CIPSERVER=1,1001") == answer
        assert player.take_requests() == []
        assert player.let_come(-1, port=333) == b"0,CONNECT\r\n"

    @pytest.mark.parametrize(("dialect", "answer"), UNCHANGED)
    def test_a_server_that_is_not_there_is_not_deleted(
        self, dialect: Dialect, answer: bytes
    ) -> None:
        player = serving_player(dialect)
        assert player.order(b"AT+CIPSERVER=0") == OK
        player.take_requests()
        assert player.order(b"AT+CIPSERVER=0") == answer
        assert player.take_requests() == []

    @both_dialects
    def test_deleting_it_dismisses_its_clients_only(self, dialect: Dialect) -> None:
        player = serving_player(dialect)
        player.let_come(-1)
        player.start_tcp(1)
        player.let_come(-2)
        player.take_requests()
        assert player.order(b"AT+CIPSERVER=0") == OK + b"0,CLOSED\r\n2,CLOSED\r\n"
        assert player.take_requests() == [TcpStopListening(333), TcpClose(-1), TcpClose(-2)]
        assert player.let_come(-3) == b""
        assert player.take_requests() == [TcpAbort(-3)]
        assert b"+CIPSTATUS:1" in player.order(b"AT+CIPSTATUS")

    @both_dialects
    def test_a_port_that_cannot_be_had_is_an_error(self, dialect: Dialect) -> None:
        player = joined_player(dialect)
        player.order(b"AT+CIPMUX=1")
        player.send(b"AT+CIPSERVER=1,80\r\n")
        player.hear(ListenFailed(80))
        assert player.take_sent().endswith(ERROR)
        assert player.order(b"AT+CIPMUX=0") == OK

    @both_dialects
    def test_it_is_not_stored(self, dialect: Dialect) -> None:
        player = serving_player(dialect)
        player.ask(b"AT+RST")
        player.ask(b"ATE0")
        player.ask(b"AT+CIPMUX=1")
        assert player.let_come(-1) == b""


class TestClients:
    @both_dialects
    def test_a_client_takes_the_lowest_free_number(self, dialect: Dialect) -> None:
        player = serving_player(dialect)
        player.start_tcp(1)
        assert player.let_come(-1) == b"0,CONNECT\r\n"
        assert player.let_come(-2) == b"2,CONNECT\r\n"
        player.hear(TcpEnded(-1, is_reset=False))
        assert player.take_sent() == b"0,CLOSED\r\n"
        assert player.let_come(-3, address=NEAR) == b"0,CONNECT\r\n"

    @pytest.mark.parametrize(
        ("dialect", "farewell"),
        [(DOCUMENTED, b"0,CLOSED\r\n"), (ESPRESSIF_0_23, b"0,CONNECT FAIL\r\n")],
    )
    def test_a_client_whose_connection_breaks_off(self, dialect: Dialect, farewell: bytes) -> None:
        player = serving_player(dialect)
        player.let_come(-1)
        player.hear(TcpEnded(-1, is_reset=True))
        assert player.take_sent() == farewell

    @both_dialects
    def test_a_sixth_client_is_turned_away(self, dialect: Dialect) -> None:
        player = serving_player(dialect)
        player.start_tcp(3)
        for socket in (-1, -2, -3, -4):
            assert player.let_come(socket).endswith(b",CONNECT\r\n")
        player.take_requests()
        assert player.let_come(-5) == b""
        assert player.take_requests() == [TcpAbort(-5)]
        assert player.order(b"AT+CIPSTATUS").count(b"+CIPSTATUS:") == 5
        player.hear(TcpReceived(-5, b"x"))
        assert player.take_sent() == b""

    @both_dialects
    def test_data_from_and_to_a_client_use_its_number(self, dialect: Dialect) -> None:
        player = serving_player(dialect)
        player.let_come(-1)
        player.let_come(-2)
        player.hear(TcpReceived(-2, b"hello"))
        assert player.take_sent() == b"\r\n+IPD,1,5:hello"
        player.order(b"AT+CIPSEND=1,2")
        player.take_requests()
        player.send(b"ok")
        assert TcpSend(-2, b"ok") in player.take_requests()


class TestTimeout:
    @both_dialects
    def test_it_is_180_s_after_a_start(self, dialect: Dialect) -> None:
        assert LinkPlayer(dialect).order(b"AT+CIPSTO?") == b"+CIPSTO:180\r\n" + OK

    @both_dialects
    @pytest.mark.parametrize("value", [b"0", b"10", b"7200"])
    def test_it_is_set_while_there_is_a_server(self, value: bytes, dialect: Dialect) -> None:
        player = serving_player(dialect)
        assert player.order(b"AT+CIPSTO=" + value) == OK
        assert player.order(b"AT+CIPSTO?") == b"+CIPSTO:" + value + b"\r\n" + OK

    @both_dialects
    @pytest.mark.parametrize("value", [b"7201", b"abc", b"-1", b"", b"1,2"])
    def test_other_values_are_refused(self, value: bytes, dialect: Dialect) -> None:
        player = serving_player(dialect)
        assert player.order(b"AT+CIPSTO=" + value) == ERROR
        assert player.order(b"AT+CIPSTO?") == b"+CIPSTO:180\r\n" + OK

    @both_dialects
    def test_without_a_server_it_cannot_be_set(self, dialect: Dialect) -> None:
        player = joined_player(dialect)
        player.order(b"AT+CIPMUX=1")
        assert player.order(b"AT+CIPSTO=10") == ERROR

    @both_dialects
    @pytest.mark.parametrize("line", [b"AT+CIPSTO", b"AT+CIPSTO=?"])
    def test_other_forms_are_refused(self, line: bytes, dialect: Dialect) -> None:
        assert serving_player(dialect).order(line) == ERROR

    @both_dialects
    @pytest.mark.parametrize("timeout_s", [3, 6])
    def test_a_silent_client_is_dismissed(self, timeout_s: int, dialect: Dialect) -> None:
        player = serving_player(dialect)
        player.order(b"AT+CIPSTO=%d" % timeout_s)
        player.start_tcp(0)
        player.let_come(-1)
        player.take_requests()
        player.wait(timeout_s * NS_PER_S - 1)
        assert player.take_sent() == b""
        player.wait(1)
        assert player.take_sent() == b"1,CLOSED\r\n"
        assert player.take_requests() == [TcpClose(-1)]
        player.wait(1000 * NS_PER_S)
        assert player.take_sent() == b""  # the link that the module opened stays

    def test_each_client_has_its_own_time_and_traffic_prolongs_it(self) -> None:
        player = serving_player()
        player.order(b"AT+CIPSTO=5")
        player.let_come(-1)
        player.let_come(-2)
        for _ in range(4):
            player.wait(2 * NS_PER_S)
            player.hear(TcpReceived(-2, b"x"))
        assert player.take_sent().count(b"CLOSED") == 1
        player.wait(4 * NS_PER_S)
        player.order(b"AT+CIPSEND=1,1")
        player.send(b"y")
        player.hear(TcpAcknowledged(-2, 1))
        player.wait(4 * NS_PER_S)
        assert b"CLOSED" not in player.take_sent()
        player.wait(NS_PER_S)
        assert player.take_sent() == b"1,CLOSED\r\n"

    def test_0_dismisses_nobody(self) -> None:
        player = serving_player()
        player.order(b"AT+CIPSTO=0")
        player.let_come(-1)
        player.wait(100_000 * NS_PER_S)
        assert player.take_sent() == b""
        assert player.firmware.next_deadline_ns() is None

    def test_a_shorter_time_dismisses_who_has_been_silent_for_longer_at_once(self) -> None:
        player = serving_player()
        player.let_come(-1)
        player.wait(100 * NS_PER_S)
        player.actions.clear()
        set_ns = player.now_ns
        assert player.order(b"AT+CIPSTO=10") == OK + b"0,CLOSED\r\n"
        sends = [action for action in player.actions if isinstance(action, Send)]
        assert all(send.at_ns > set_ns for send in sends)
