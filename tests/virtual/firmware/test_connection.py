"""Section 5.2 of the document, commands 1, 9 and 11: AT+CIPSTATUS, AT+CIPCLOSE, AT+CIPMUX."""

from __future__ import annotations

import pytest

from hil.units import NS_PER_S
from hil.virtual.air.message import ApLost, Joined, Leased
from hil.virtual.firmware.dialect import DOCUMENTED, ESPRESSIF_0_23, Dialect
from hil.virtual.network.message import (
    TcpAbort,
    TcpClose,
    TcpEnded,
    TcpReceived,
    TcpStopListening,
    UdpClose,
    UdpReceived,
)

from .chip_player import ERROR, OK
from .link_player import AP, DIALECTS, LEASE, NEAR, PEER, LinkPlayer, joined_player

both_dialects = pytest.mark.parametrize("dialect", DIALECTS)


def player_with_links(dialect: Dialect = DOCUMENTED, *numbers: int) -> LinkPlayer:
    player = joined_player(dialect)
    player.order(b"AT+CIPMUX=1")
    for number in numbers:
        player.start_tcp(number)
    player.take_requests()
    return player


class TestStatus:
    @both_dialects
    def test_without_a_network_it_is_5(self, dialect: Dialect) -> None:
        player = LinkPlayer(dialect)
        assert player.order(b"AT+CIPSTATUS") == b"STATUS:5\r\n" + OK

    @both_dialects
    def test_it_goes_from_2_over_3_to_4(self, dialect: Dialect) -> None:
        player = joined_player(dialect)
        assert player.order(b"AT+CIPSTATUS") == b"STATUS:2\r\n" + OK
        player.start_tcp()
        assert player.order(b"AT+CIPSTATUS").startswith(b"STATUS:3\r\n")
        player.order(b"AT+CIPCLOSE")
        assert player.order(b"AT+CIPSTATUS") == b"STATUS:4\r\n" + OK

    @both_dialects
    def test_a_new_address_begins_with_2_again(self, dialect: Dialect) -> None:
        player = joined_player(dialect)
        player.start_tcp()
        player.hear(ApLost())
        assert player.order(b"AT+CIPSTATUS") == b"STATUS:5\r\n" + OK
        player.wait(2 * NS_PER_S)
        player.hear(Joined(AP))
        player.hear(Leased(LEASE))
        assert player.order(b"AT+CIPSTATUS") == b"STATUS:2\r\n" + OK

    @pytest.mark.parametrize(
        ("dialect", "status"), [(DOCUMENTED, b"STATUS:3\r\n"), (ESPRESSIF_0_23, b"STATUS:5\r\n")]
    )
    def test_a_link_to_a_station_of_the_soft_ap(self, dialect: Dialect, status: bytes) -> None:
        player = LinkPlayer(dialect)
        player.order(b"AT+CWMODE_CUR=2")
        player.start_tcp(address=NEAR)
        assert player.order(b"AT+CIPSTATUS").startswith(status + b'+CIPSTATUS:0,"TCP"')

    @pytest.mark.parametrize(
        ("dialect", "status"), [(DOCUMENTED, b"STATUS:3\r\n"), (ESPRESSIF_0_23, b"STATUS:2\r\n")]
    )
    def test_a_udp_link(self, dialect: Dialect, status: bytes) -> None:
        player = joined_player(dialect)
        player.start_udp()
        assert player.order(b"AT+CIPSTATUS").startswith(status + b'+CIPSTATUS:0,"UDP"')
        player.order(b"AT+CIPCLOSE")
        assert player.order(b"AT+CIPSTATUS") == b"STATUS:4\r\n" + OK

    def test_the_last_link_of_several_makes_it_4(self) -> None:
        player = player_with_links(DOCUMENTED, 0, 1)
        player.order(b"AT+CIPCLOSE=0")
        assert player.order(b"AT+CIPSTATUS").startswith(b"STATUS:3\r\n")
        player.order(b"AT+CIPCLOSE=1")
        assert player.order(b"AT+CIPSTATUS") == b"STATUS:4\r\n" + OK

    @pytest.mark.parametrize(
        ("dialect", "local_port"), [(DOCUMENTED, b"4097,"), (ESPRESSIF_0_23, b"")]
    )
    def test_each_link_has_a_record(self, dialect: Dialect, local_port: bytes) -> None:
        player = joined_player(dialect)
        player.serve()
        player.start_tcp(4)
        player.start_udp(1, tail=b",3000")
        player.let_come(-1)
        listening = b"333," if local_port else b""
        assert player.order(b"AT+CIPSTATUS") == (
            b"STATUS:3\r\n"
            b'+CIPSTATUS:0,"TCP","192.168.1.20",50000,' + listening + b"1\r\n"
            b'+CIPSTATUS:1,"UDP","192.168.1.20",2000,3000,0\r\n'
            b'+CIPSTATUS:4,"TCP","192.168.1.20",80,' + local_port + b"0\r\n" + OK
        )

    @pytest.mark.parametrize(("dialect", "answer"), [(DOCUMENTED, ERROR), (ESPRESSIF_0_23, OK)])
    def test_the_test_form(self, dialect: Dialect, answer: bytes) -> None:
        assert LinkPlayer(dialect).order(b"AT+CIPSTATUS=?") == answer

    @both_dialects
    @pytest.mark.parametrize("line", [b"AT+CIPSTATUS?", b"AT+CIPSTATUS=1"])
    def test_other_forms_are_refused(self, line: bytes, dialect: Dialect) -> None:
        assert LinkPlayer(dialect).order(line) == ERROR


class TestClose:
    @both_dialects
    def test_the_only_link_is_closed(self, dialect: Dialect) -> None:
        player = joined_player(dialect)
        socket = player.start_tcp()
        assert player.order(b"AT+CIPCLOSE") == b"CLOSED\r\n" + OK
        assert player.take_requests() == [TcpClose(socket)]

    @both_dialects
    def test_a_numbered_link_is_closed(self, dialect: Dialect) -> None:
        player = player_with_links(dialect, 0, 1)
        assert player.order(b"AT+CIPCLOSE=1") == b"1,CLOSED\r\n" + OK
        assert player.take_requests() == [TcpClose(2)]
        assert b"+CIPSTATUS:0" in player.order(b"AT+CIPSTATUS")

    @both_dialects
    def test_a_udp_link_is_closed_alike(self, dialect: Dialect) -> None:
        player = joined_player(dialect)
        socket = player.start_udp()
        assert player.order(b"AT+CIPCLOSE") == b"CLOSED\r\n" + OK
        assert player.take_requests() == [UdpClose(socket)]
        player.hear(UdpReceived(socket, b"x", PEER, 2000))
        assert player.take_sent() == b""

    @both_dialects
    def test_5_closes_all(self, dialect: Dialect) -> None:
        player = player_with_links(dialect, 0, 1, 2)
        assert player.order(b"AT+CIPCLOSE=5") == b"0,CLOSED\r\n1,CLOSED\r\n2,CLOSED\r\n" + OK
        assert player.order(b"AT+CIPSTATUS") == b"STATUS:4\r\n" + OK
        assert player.order(b"AT+CIPCLOSE=5") == OK

    def test_5_closes_all_though_there_is_a_server_in_the_real_one(self) -> None:
        player = joined_player(ESPRESSIF_0_23)
        player.serve()
        player.start_tcp(0)
        player.let_come(-1)
        assert player.order(b"AT+CIPCLOSE=5") == b"0,CLOSED\r\n1,CLOSED\r\n" + OK
        assert player.let_come(-2) == b"0,CONNECT\r\n"

    def test_5_has_no_effect_while_there_is_a_server(self) -> None:
        player = joined_player()
        player.serve()
        player.start_tcp(0)
        player.let_come(-1)
        player.take_requests()
        assert player.order(b"AT+CIPCLOSE=5") == OK
        assert player.take_requests() == []
        assert player.order(b"AT+CIPCLOSE=1") == b"1,CLOSED\r\n" + OK
        assert player.take_requests() == [TcpClose(-1)]

    @pytest.mark.parametrize(
        ("mode", "line", "reason"),
        [
            (b"0", b"AT+CIPCLOSE", b""),
            (b"0", b"AT+CIPCLOSE=0", b"MUX=0\r\n"),
            (b"0", b"AT+CIPCLOSE=5", b"MUX=0\r\n"),
            (b"1", b"AT+CIPCLOSE", b"MUX=1\r\n"),
            (b"1", b"AT+CIPCLOSE=3", b"UNLINK\r\n"),
            (b"1", b"AT+CIPCLOSE=6", b""),
            (b"1", b"AT+CIPCLOSE=x", b""),
            (b"1", b"AT+CIPCLOSE=", b""),
            (b"1", b"AT+CIPCLOSE=0,1", b""),
            (b"1", b"AT+CIPCLOSE?", b""),
        ],
    )
    def test_what_is_refused(self, mode: bytes, line: bytes, reason: bytes) -> None:
        for dialect in DIALECTS:
            player = joined_player(dialect)
            player.order(b"AT+CIPMUX=" + mode)
            said = b"" if dialect is DOCUMENTED else reason
            assert player.order(line) == said + ERROR

    @both_dialects
    def test_the_test_form_closes_nothing(self, dialect: Dialect) -> None:
        player = player_with_links(dialect, 0)
        assert player.order(b"AT+CIPCLOSE=?") == OK
        assert player.take_requests() == []


class TestMultiple:
    @both_dialects
    def test_it_is_off_after_a_start_and_not_stored(self, dialect: Dialect) -> None:
        player = LinkPlayer(dialect)
        content = player.flash.snapshot()
        assert player.order(b"AT+CIPMUX?") == b"+CIPMUX:0\r\n" + OK
        assert player.order(b"AT+CIPMUX=1") == OK
        assert player.order(b"AT+CIPMUX?") == b"+CIPMUX:1\r\n" + OK
        assert player.flash.snapshot() == content
        player.ask(b"AT+RST")
        player.ask(b"ATE0")
        assert player.ask(b"AT+CIPMUX?") == b"+CIPMUX:0\r\n" + OK

    @both_dialects
    @pytest.mark.parametrize("value", [b"2", b"x", b"", b"-1", b"1,1", b'"1"'])
    def test_other_modes_are_refused(self, value: bytes, dialect: Dialect) -> None:
        player = LinkPlayer(dialect)
        assert player.order(b"AT+CIPMUX=" + value) == ERROR
        assert player.order(b"AT+CIPMUX?") == b"+CIPMUX:0\r\n" + OK

    @both_dialects
    @pytest.mark.parametrize("line", [b"AT+CIPMUX=?", b"AT+CIPMUX"])
    def test_other_forms_are_refused(self, line: bytes, dialect: Dialect) -> None:
        assert LinkPlayer(dialect).order(line) == ERROR

    @pytest.mark.parametrize(
        ("dialect", "answer"),
        [
            (DOCUMENTED, b"Link is builded\r\n" + ERROR),
            (ESPRESSIF_0_23, b"link is builded\r\n" + ERROR),
        ],
    )
    @pytest.mark.parametrize("value", [b"0", b"1"])
    def test_while_there_are_links_it_stays(
        self, value: bytes, dialect: Dialect, answer: bytes
    ) -> None:
        player = joined_player(dialect)
        player.start_tcp()
        assert player.order(b"AT+CIPMUX=" + value) == answer
        assert player.order(b"AT+CIPMUX?") == b"+CIPMUX:0\r\n" + OK
        player.order(b"AT+CIPCLOSE")
        assert player.order(b"AT+CIPMUX=1") == OK

    @pytest.mark.parametrize(
        ("dialect", "answer"),
        [
            (DOCUMENTED, b"Link is builded\r\n" + ERROR),
            (ESPRESSIF_0_23, b"Connection exists\r\n" + ERROR),
        ],
    )
    def test_udp_links_keep_it_on(self, dialect: Dialect, answer: bytes) -> None:
        player = player_with_links(dialect)
        player.start_udp(3)
        assert player.order(b"AT+CIPMUX=0") == answer
        assert player.order(b"AT+CIPMUX?") == b"+CIPMUX:1\r\n" + OK

    def test_a_udp_link_of_single_mode_becomes_one_of_several_in_the_real_one(self) -> None:
        player = joined_player(ESPRESSIF_0_23)
        socket = player.start_udp()
        assert player.order(b"AT+CIPMUX=1") == OK
        player.hear(UdpReceived(socket, b"x", PEER, 2000))
        assert player.take_sent() == b"\r\n+IPD,0,1:x" + OK

    @both_dialects
    def test_passthrough_mode_keeps_it_off(self, dialect: Dialect) -> None:
        player = LinkPlayer(dialect)
        player.state.transfer_mode = 1
        assert player.order(b"AT+CIPMUX=1") == b"IPMODE must be 0\r\n" + ERROR
        assert player.order(b"AT+CIPMUX?") == b"+CIPMUX:0\r\n" + OK
        assert player.order(b"AT+CIPMUX=0") == OK

    @both_dialects
    def test_a_server_keeps_it_on(self, dialect: Dialect) -> None:
        player = joined_player(dialect)
        player.serve()
        assert player.order(b"AT+CIPMUX=0") == b"CIPSERVER must be 0\r\n" + ERROR
        assert player.order(b"AT+CIPMUX?") == b"+CIPMUX:1\r\n" + OK
        assert player.order(b"AT+CIPSERVER=0") == OK
        assert player.request(TcpStopListening) == TcpStopListening(333)
        assert player.order(b"AT+CIPMUX=0") == OK


class TestLoss:
    @both_dialects
    def test_a_lost_network_takes_the_tcp_links_over_it_along(self, dialect: Dialect) -> None:
        player = joined_player(dialect)
        player.serve()
        station_link = player.start_tcp(0)
        near_link = player.start_tcp(1, address=NEAR)
        player.let_come(-1)
        player.start_udp(3)
        player.take_requests()
        player.hear(ApLost())
        assert player.take_sent() == b"WIFI DISCONNECT\r\n0,CLOSED\r\n2,CLOSED\r\n"
        asked = player.take_requests()
        assert TcpAbort(station_link) in asked
        assert TcpAbort(-1) in asked
        assert player.order(b"AT+CIPSTATUS").count(b"+CIPSTATUS:") == 2
        player.hear(TcpReceived(near_link, b"x"))
        assert player.take_sent() == b"\r\n+IPD,1,1:x"

    @pytest.mark.parametrize(
        ("dialect", "answer"),
        [
            (DOCUMENTED, b"\r\nOK\r\nWIFI DISCONNECT\r\nCLOSED\r\n"),
            (ESPRESSIF_0_23, b"WIFI DISCONNECT\r\n\r\nOK\r\nCLOSED\r\n"),
        ],
    )
    def test_leaving_the_network_does_so_too(self, dialect: Dialect, answer: bytes) -> None:
        player = joined_player(dialect)
        player.start_tcp()
        assert player.order(b"AT+CWQAP") == answer

    @both_dialects
    def test_what_the_network_says_of_a_dropped_link_is_ignored(self, dialect: Dialect) -> None:
        player = joined_player(dialect)
        socket = player.start_tcp()
        player.hear(ApLost())
        player.take_sent()
        player.hear(TcpEnded(socket, is_reset=True))
        assert player.take_sent() == b""

    @both_dialects
    def test_a_soft_ap_that_is_switched_off_takes_its_links_along(self, dialect: Dialect) -> None:
        player = player_with_links(dialect, 0)
        near_link = player.start_tcp(1, address=NEAR)
        assert player.order(b"AT+CWMODE_CUR=1") == OK + b"1,CLOSED\r\n"
        assert player.take_requests()[0] == TcpAbort(near_link)
        assert b"+CIPSTATUS:0" in player.order(b"AT+CIPSTATUS")
