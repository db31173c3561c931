"""Section 5.2 of the document, command 2: AT+CIPSTART."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from hil.units import NS_PER_MS, NS_PER_S, NS_PER_US
from hil.virtual.air.message import ApLost
from hil.virtual.firmware.dialect import DOCUMENTED, ESPRESSIF_0_23, Dialect
from hil.virtual.network.message import (
    Resolve,
    Resolved,
    TcpAbort,
    TcpEnded,
    TcpFailed,
    TcpFailure,
    TcpOpen,
    TcpOpened,
    TcpReceived,
    UdpFailed,
    UdpOpen,
    UdpOpened,
    UdpReceived,
    UdpSend,
)

from .chip_player import BUSY, ERROR, OK
from .link_player import DIALECTS, NEAR, OTHER, PEER, LinkPlayer, joined_player

both_dialects = pytest.mark.parametrize("dialect", DIALECTS)
TCP = b'AT+CIPSTART="TCP","192.168.1.20",80'
THIRD = IPv4Address("192.168.1.22")


class TestPassthrough:
    @pytest.mark.parametrize(("mode", "is_refused"), [(b"0", False), (b"1", True), (b"2", True)])
    def test_the_real_firmware_opens_no_link_whose_peer_may_change(
        self, mode: bytes, is_refused: bool
    ) -> None:
        line = b'AT+CIPSTART="UDP","192.168.1.20",2000,3000,' + mode
        for dialect in (DOCUMENTED, ESPRESSIF_0_23):
            player = joined_player(dialect)
            player.order(b"AT+CIPMODE=1")
            player.take_requests()
            answer = player.order(line)
            asked = any(isinstance(each, UdpOpen) for each in player.take_requests())
            expected = is_refused and dialect is ESPRESSIF_0_23
            assert (answer == ERROR, asked) == (expected, not expected)


class TestParameterList:
    @pytest.mark.parametrize(
        ("dialect", "mode", "answer"),
        [
            (
                DOCUMENTED,
                b"0",
                (
                    b"+CIPSTART:(<type>),(<IP address>),(<port>)[,(<local port>),(<mode>)]\r\n"
                    b"+CIPSTART:(<type>),(<domain name>),(<port>)[,(<local port>),(<mode>)]\r\n"
                ),
            ),
            (
                DOCUMENTED,
                b"1",
                (
                    b"+CIPSTART:(link ID),(<type>),(<IP address>),(<port>)"
                    b"[,(<local port>),(<mode>)]\r\n"
                    b"+CIPSTART:(link ID),(<type>),(<domain name>),(<port>)"
                    b"[,(<local port>),(<mode>)]\r\n"
                ),
            ),
            (
                ESPRESSIF_0_23,
                b"0",
                (
                    b'+CIPSTART:(id)("type"),("ip address"),(port)\r\n'
                    b'+CIPSTART:((id)"type"),("domain name"),(port)\r\n'
                ),
            ),
            (
                ESPRESSIF_0_23,
                b"1",
                (
                    b'+CIPSTART:("type"),("ip address"),(port)\r\n'
                    b'+CIPSTART:("type"),("domain name"),(port)\r\n'
                ),
            ),
        ],
    )
    def test_the_test_form_lists_them(self, dialect: Dialect, mode: bytes, answer: bytes) -> None:
        player = LinkPlayer(dialect)
        player.order(b"AT+CIPMUX=" + mode)
        assert player.order(b"AT+CIPSTART=?") == answer + OK

    @both_dialects
    @pytest.mark.parametrize("line", [b"AT+CIPSTART", b"AT+CIPSTART?"])
    def test_other_forms_are_refused(self, line: bytes, dialect: Dialect) -> None:
        assert joined_player(dialect).order(line) == ERROR


class TestTcp:
    @both_dialects
    def test_connect_and_ok_come_when_the_link_is_up(self, dialect: Dialect) -> None:
        player = joined_player(dialect)
        assert player.order(TCP) == b""
        assert player.request(TcpOpen) == TcpOpen(1, PEER, 80, 0)
        player.hear(TcpOpened(1, 4097))
        assert player.take_sent() == b"CONNECT\r\n\r\nOK\r\n"

    @both_dialects
    @pytest.mark.parametrize("number", [0, 1, 2, 3, 4])
    def test_the_number_leads_in_multiple_mode(self, number: int, dialect: Dialect) -> None:
        player = joined_player(dialect)
        player.order(b"AT+CIPMUX=1")
        assert player.order(b'AT+CIPSTART=%d,"TCP","192.168.1.20",80' % number) == b""
        player.hear(TcpOpened(1, 4097))
        assert player.take_sent() == b"%d,CONNECT\r\n\r\nOK\r\n" % number
        assert b"+CIPSTATUS:%d," % number in player.order(b"AT+CIPSTATUS")

    def test_five_links_can_be_open_at_once(self) -> None:
        player = joined_player()
        player.order(b"AT+CIPMUX=1")
        sockets = [player.start_tcp(number) for number in range(5)]
        assert len(set(sockets)) == 5
        for number, socket in enumerate(sockets):
            player.hear(TcpReceived(socket, b"hello"))
            assert player.take_sent() == b"\r\n+IPD,%d,5:hello" % number

    @both_dialects
    @pytest.mark.parametrize(
        ("tail", "keep_alive_ms"), [(b"", 0), (b",0", 0), (b",1", 500), (b",7200", 3_600_000)]
    )
    def test_keep_alive_counts_half_seconds(
        self, tail: bytes, keep_alive_ms: int, dialect: Dialect
    ) -> None:
        player = joined_player(dialect)
        player.order(TCP + tail)
        assert player.request(TcpOpen).keep_alive_ms == keep_alive_ms

    def test_keep_alive_is_the_last_in_multiple_mode_too(self) -> None:
        player = joined_player()
        player.order(b"AT+CIPMUX=1")
        player.order(b'AT+CIPSTART=1,"TCP","192.168.1.20",80,20')
        assert player.request(TcpOpen).keep_alive_ms == 10_000

    @both_dialects
    def test_a_line_that_comes_meanwhile_is_turned_away(self, dialect: Dialect) -> None:
        player = joined_player(dialect)
        player.order(TCP)
        assert player.order(b"AT") == BUSY
        player.hear(TcpOpened(1, 4097))
        assert player.take_sent() == b"CONNECT\r\n\r\nOK\r\n"

    @both_dialects
    def test_the_peer_ends_the_link(self, dialect: Dialect) -> None:
        player = joined_player(dialect)
        socket = player.start_tcp()
        player.hear(TcpEnded(socket, is_reset=False))
        assert player.take_sent() == b"CLOSED\r\n"
        assert player.order(b"AT+CIPSTATUS") == b"STATUS:4\r\n" + OK

    @pytest.mark.parametrize(
        ("dialect", "answer"),
        [
            (DOCUMENTED, b"ALREAY CONNECT\r\n\r\nERROR\r\n"),
            (ESPRESSIF_0_23, b"ALREADY CONNECTED\r\n\r\nERROR\r\n"),
        ],
    )
    def test_a_link_that_is_there_is_not_opened_again(
        self, dialect: Dialect, answer: bytes
    ) -> None:
        player = joined_player(dialect)
        player.order(b"AT+CIPMUX=1")
        socket = player.start_tcp(1)
        assert player.order(b'AT+CIPSTART=1,"TCP","192.168.1.21",81') == answer
        assert player.order(b'AT+CIPSTART=1,"UDP","192.168.1.21",81') == answer
        assert player.take_requests() == []
        player.start_tcp(2)
        player.hear(TcpReceived(socket, b"x"))
        assert player.take_sent() == b"\r\n+IPD,1,1:x"


class TestFailure:
    @both_dialects
    @pytest.mark.parametrize(
        ("mode", "number", "answer"),
        [
            (b"0", b"", b"\r\nERROR\r\nCLOSED\r\n"),
            (b"1", b"3,", b"\r\nERROR\r\n3,CLOSED\r\n"),
        ],
    )
    @pytest.mark.parametrize("reason", TcpFailure)
    def test_a_connection_that_fails(
        self, mode: bytes, number: bytes, answer: bytes, reason: TcpFailure, dialect: Dialect
    ) -> None:
        player = joined_player(dialect)
        player.order(b"AT+CIPMUX=" + mode)
        player.order(b'AT+CIPSTART=%s"TCP","192.168.1.20",81' % number)
        player.hear(TcpFailed(1, reason))
        assert player.take_sent() == answer
        assert player.order(b"AT+CIPSTATUS") == b"STATUS:2\r\n" + OK

    @both_dialects
    @pytest.mark.parametrize(
        ("mode", "number", "answer"),
        [
            (b"0", b"", b"\r\nERROR\r\nCLOSED\r\n"),
            (b"1", b"3,", b"\r\nERROR\r\n3,CLOSED\r\n"),
        ],
    )
    def test_nobody_answers(
        self, mode: bytes, number: bytes, answer: bytes, dialect: Dialect
    ) -> None:
        player = joined_player(dialect)
        player.order(b"AT+CIPMUX=" + mode)
        player.order(b'AT+CIPSTART=%s"TCP","192.168.1.20",81' % number)
        player.take_requests()
        player.wait(17 * NS_PER_S)
        assert player.take_sent() == b""
        player.wait(NS_PER_S)
        assert player.take_sent() == answer
        assert player.take_requests() == [TcpAbort(1)]
        player.hear(TcpOpened(1, 4097))
        assert player.order(b"AT+CIPSTATUS") == b"STATUS:2\r\n" + OK

    @pytest.mark.parametrize(
        ("dialect", "answer"),
        [(DOCUMENTED, ERROR), (ESPRESSIF_0_23, b"0,CONNECT FAIL\r\n" + ERROR)],
    )
    def test_a_udp_port_that_cannot_be_had(self, dialect: Dialect, answer: bytes) -> None:
        player = joined_player(dialect)
        player.order(b'AT+CIPSTART="UDP","192.168.1.20",2000,3000')
        player.hear(UdpFailed(1))
        assert player.take_sent() == answer
        assert player.order(b"AT+CIPSTATUS") == b"STATUS:2\r\n" + OK

    @both_dialects
    def test_the_station_loses_its_network_meanwhile(self, dialect: Dialect) -> None:
        player = joined_player(dialect)
        player.order(TCP)
        player.hear(ApLost())
        assert player.take_sent().startswith(b"WIFI DISCONNECT\r\n")
        player.advance(player.now_ns)
        assert TcpAbort(1) in player.take_requests()
        assert player.order(b"AT") == OK

    @both_dialects
    def test_a_station_without_an_address_opens_nothing(self, dialect: Dialect) -> None:
        player = LinkPlayer(dialect)
        player.order(b"AT+CWMODE_CUR=1")
        player.take_requests()
        assert player.order(TCP) == b"no ip\r\n\r\nERROR\r\n"
        assert player.take_requests() == []

    @both_dialects
    def test_a_soft_ap_can_open_links_to_its_stations(self, dialect: Dialect) -> None:
        player = LinkPlayer(dialect)
        player.order(b"AT+CWMODE_CUR=2")
        player.take_requests()
        player.start_tcp(address=NEAR)

    @pytest.mark.parametrize(
        ("mode", "arguments", "reason"),
        [
            (b"0", b'0,"TCP","192.168.1.20",80', b"Link typ ERROR"),
            (b"0", b'"XYZ","192.168.1.20",80', b"Link typ ERROR"),
            (b"0", b'"tcp","192.168.1.20",80', b"Link typ ERROR"),
            (b"0", b'TCP,"192.168.1.20",80', b"Link typ ERROR"),
            (b"0", b"", b"Link typ ERROR"),
            (b"0", b'"TCP"', b""),
            (b"0", b'"TCP","192.168.1.20"', b"ENTRY ERROR"),
            (b"0", b'"TCP",80', b"IP ERROR"),
            (b"0", b'"TCP","",80', b"IP ERROR"),
            (b"0", b'"TCP","not a name",80', b"IP ERROR"),
            (b"0", b'"TCP","192.168.1.20",0', b""),
            (b"0", b'"TCP","192.168.1.20",65536', b""),
            (b"0", b'"TCP","192.168.1.20","80"', b""),
            (b"0", b'"TCP","192.168.1.20",80,7201', b""),
            (b"0", b'"TCP","192.168.1.20",80,1,2', b""),
            (b"0", b'"UDP","192.168.1.20",0', b"Miss param"),
            (b"1", b'4,"UDP","192.168.1.20",0', b"Miss param"),
            (b"0", b'"UDP","not a name",0', b"IP ERROR"),
            (b"0", b'"UDP","192.168.1.20",65536', b""),
            (b"0", b'"UDP","192.168.1.20",2000,0', b""),
            (b"0", b'"UDP","192.168.1.20",2000,65536', b""),
            (b"0", b'"UDP","192.168.1.20",2000,3000,3', b""),
            (b"0", b'"UDP","192.168.1.20",2000,,2', b""),
            (b"0", b'"UDP","192.168.1.20",2000,3000,0,1', b""),
            (b"1", b'"TCP","192.168.1.20",80', b""),
            (b"1", b'5,"TCP","192.168.1.20",80', b"ID ERROR"),
            (b"1", b"0", b"Link typ ERROR"),
        ],
    )
    def test_bad_arguments_have_no_effect(
        self, mode: bytes, arguments: bytes, reason: bytes
    ) -> None:
        for dialect in DIALECTS:
            player = joined_player(dialect)
            player.order(b"AT+CIPMUX=" + mode)
            said = reason + b"\r\n" if reason and dialect is ESPRESSIF_0_23 else b""
            assert player.order(b"AT+CIPSTART=" + arguments) == said + ERROR
            assert player.take_requests() == []
            assert player.order(b"AT+CIPSTATUS") == b"STATUS:2\r\n" + OK


class TestName:
    @both_dialects
    def test_a_name_is_resolved_first(self, dialect: Dialect) -> None:
        player = joined_player(dialect)
        assert player.order(b'AT+CIPSTART="TCP","peer.test",80') == b""
        assert player.take_requests() == [Resolve(1, "peer.test")]
        player.hear(Resolved(1, PEER))
        assert player.take_requests() == [TcpOpen(1, PEER, 80, 0)]
        player.hear(TcpOpened(1, 4097))
        assert player.take_sent() == b"CONNECT\r\n\r\nOK\r\n"

    @pytest.mark.parametrize(
        ("host", "address"),
        [
            (b"127.1", "127.0.0.1"),
            (b"10.0.258", "10.0.1.2"),
            (b"3232235796", "192.168.1.20"),
            (b"0xC0.0250.1.20", "192.168.1.20"),
        ],
    )
    def test_an_address_may_be_short(self, host: bytes, address: str) -> None:
        player = joined_player(ESPRESSIF_0_23)
        player.order(b'AT+CIPSTART="TCP","%s",80' % host)
        assert player.take_requests() == [TcpOpen(1, IPv4Address(address), 80, 0)]
        player = joined_player(DOCUMENTED)
        player.order(b'AT+CIPSTART="TCP","%s",80' % host)
        assert player.take_requests() == [Resolve(1, host.decode())]

    @pytest.mark.parametrize(
        "host", [b"1.2.3.4.5", b"256.1", b"1.2.65536", b"4294967296", b"08", b"0x", b"1..2", b"1."]
    )
    def test_what_is_no_address_is_a_name(self, host: bytes) -> None:
        player = joined_player(ESPRESSIF_0_23)
        player.order(b'AT+CIPSTART="TCP","%s",80' % host)
        assert player.take_requests() == [Resolve(1, host.decode())]

    def test_the_peer_of_a_udp_link_may_have_a_name(self) -> None:
        player = joined_player()
        player.order(b'AT+CIPSTART="UDP","peer.test",2000')
        player.hear(Resolved(1, PEER))
        player.hear(UdpOpened(1, 4097))
        assert b'"UDP","192.168.1.20",2000,4097,0' in player.order(b"AT+CIPSTATUS")

    @pytest.mark.parametrize(
        ("dialect", "answer"), [(DOCUMENTED, ERROR), (ESPRESSIF_0_23, b"DNS Fail\r\n" + ERROR)]
    )
    @pytest.mark.parametrize("is_answered", [True, False])
    def test_a_name_without_an_address(
        self, dialect: Dialect, answer: bytes, is_answered: bool
    ) -> None:
        player = joined_player(dialect)
        player.order(b'AT+CIPSTART="TCP","300.1.1.1",80')
        player.take_requests()
        if is_answered:
            player.hear(Resolved(1, None))
        else:
            player.wait(7 * NS_PER_S)
        assert player.take_sent() == answer
        player.hear(Resolved(1, PEER))
        assert player.take_requests() == []

    def test_resolving_and_opening_have_one_limit(self) -> None:
        player = joined_player()
        player.order(b'AT+CIPSTART="TCP","peer.test",80')
        player.wait(6 * NS_PER_S)
        player.hear(Resolved(1, PEER))
        player.wait(12 * NS_PER_S)
        assert player.take_sent() == ERROR + b"CLOSED\r\n"

    def test_no_client_takes_the_number_meanwhile(self) -> None:
        player = joined_player()
        player.serve()
        player.order(b'AT+CIPSTART=0,"TCP","peer.test",80')
        assert player.let_come(-1) == b"1,CONNECT\r\n"
        player.hear(Resolved(1, PEER))
        player.hear(TcpOpened(1, 4097))
        assert player.take_sent() == b"0,CONNECT\r\n" + OK


class TestUdp:
    @both_dialects
    @pytest.mark.parametrize(
        ("tail", "local_port"), [(b"", 0), (b",3000", 3000), (b",3000,0", 3000), (b",1,2", 1)]
    )
    def test_the_local_port_may_follow(
        self, tail: bytes, local_port: int, dialect: Dialect
    ) -> None:
        player = joined_player(dialect)
        player.order(b'AT+CIPSTART="UDP","192.168.1.20",2000' + tail)
        assert player.request(UdpOpen) == UdpOpen(1, local_port)
        player.hear(UdpOpened(1, local_port or 4097))
        number = b"" if dialect is DOCUMENTED else b"0,"
        assert player.take_sent() == number + b"CONNECT\r\n\r\nOK\r\n"

    def test_local_port_and_mode_follow_in_multiple_mode_too(self) -> None:
        player = joined_player()
        player.order(b"AT+CIPMUX=1")
        player.start_udp(1, tail=b",3000,2")
        assert player.order(b"AT+CIPSTATUS") == (
            b'STATUS:3\r\n+CIPSTATUS:1,"UDP","192.168.1.20",2000,3000,0\r\n' + OK
        )

    @both_dialects
    @pytest.mark.parametrize(
        ("tail", "destinations"),
        [
            (b"", [PEER, PEER, PEER]),
            (b",3000", [PEER, PEER, PEER]),
            (b",3000,0", [PEER, PEER, PEER]),
            (b",3000,1", [PEER, OTHER, OTHER]),
            (b",3000,2", [PEER, OTHER, THIRD]),
        ],
    )
    def test_the_mode_says_how_far_the_peer_follows_senders(
        self, tail: bytes, destinations: list[IPv4Address], dialect: Dialect
    ) -> None:
        player = joined_player(dialect)
        socket = player.start_udp(tail=tail)
        reached = []
        for sender in (PEER, OTHER, THIRD):
            player.hear(UdpReceived(socket, b"?", sender, 2000))
            player.order(b"AT+CIPSEND=1")
            player.send(b"!")
            player.wait(NS_PER_S)
            reached.append(player.request(UdpSend).address)
        assert reached == destinations

    def test_the_port_of_the_sender_is_followed_too(self) -> None:
        player = joined_player()
        socket = player.start_udp(tail=b",3000,2")
        player.hear(UdpReceived(socket, b"?", PEER, 2001))
        assert b'"192.168.1.20",2001,3000' in player.order(b"AT+CIPSTATUS")

    @pytest.mark.parametrize(
        ("clock_us", "port"), [(1024, 1024), (49_999, 49_999), (50_000, 1024), (51_023, 2047)]
    )
    def test_the_clock_chooses_the_port_of_a_peer_that_is_not_known_yet(
        self, clock_us: int, port: int
    ) -> None:
        player = joined_player(ESPRESSIF_0_23)
        player.order(b"AT+CIPMUX=1")
        order = b'AT+CIPSTART=3,"UDP","0",0,5566,2\r\n'
        arrival_us = -(-len(order) * 10 * NS_PER_S // 115_200) // NS_PER_US
        player.now_ns = (50_000_000 + clock_us - arrival_us) * NS_PER_US
        player.send(order)
        player.wait(NS_PER_MS)
        assert player.request(UdpOpen) == UdpOpen(1, 5566)
        player.hear(UdpOpened(1, 5566))
        assert player.take_sent().endswith(b"3,CONNECT\r\n\r\nOK\r\n")
        assert player.order(b"AT+CIPSTATUS") == (
            b'STATUS:2\r\n+CIPSTATUS:3,"UDP","0.0.0.0",%d,5566,0\r\n' % port + OK
        )
        assert player.order(b'AT+CIPSEND=3,2,"192.168.1.20",2000') == b"\r\nOK\r\n> "
        player.send(b"hi")
        player.wait(NS_PER_S)
        assert player.request(UdpSend) == UdpSend(1, b"hi", PEER, 2000)

    @pytest.mark.parametrize("local", [b"5566", b"5566,0", b"5566,2"])
    def test_the_document_knows_no_peer_without_a_port(self, local: bytes) -> None:
        player = joined_player()
        assert player.order(b'AT+CIPSTART="UDP","192.168.1.20",0,' + local) == ERROR
        assert player.take_requests() == []

    def test_tcp_and_udp_links_stand_side_by_side(self) -> None:
        player = joined_player()
        player.order(b"AT+CIPMUX=1")
        player.start_tcp(0)
        player.start_udp(1)
        assert player.order(b"AT+CIPSTATUS") == (
            b"STATUS:3\r\n"
            b'+CIPSTATUS:0,"TCP","192.168.1.20",80,4097,0\r\n'
            b'+CIPSTATUS:1,"UDP","192.168.1.20",2000,4097,0\r\n' + OK
        )
