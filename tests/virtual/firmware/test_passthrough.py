"""Section 5.2 of the document, commands 3 and 13: CIPMODE, and CIPSEND without a length."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hil.units import NS_PER_MS, NS_PER_S
from hil.virtual.air.message import ApLost, Joined, Leased
from hil.virtual.firmware.dialect import DOCUMENTED, ESPRESSIF_0_23, Dialect
from hil.virtual.network.message import (
    TcpAbort,
    TcpAcknowledged,
    TcpEnded,
    TcpFailed,
    TcpFailure,
    TcpOpen,
    TcpOpened,
    TcpReceived,
    TcpSend,
    TcpTake,
    UdpReceived,
    UdpSend,
)

from .chip_player import ERROR, OK
from .link_player import AP, DIALECTS, LEASE, PEER, LinkPlayer, joined_player

both_dialects = pytest.mark.parametrize("dialect", DIALECTS)
PROMPT = b"\r\nOK\r\n\r\n>"
PAUSE_NS = 20 * NS_PER_MS
RETRY_NS = 100 * NS_PER_MS


def chosen_player(dialect: Dialect = DOCUMENTED) -> LinkPlayer:
    """A player that has joined and chosen passthrough."""
    player = joined_player(dialect)
    assert player.order(b"AT+CIPMODE=1") == OK
    return player


def in_passthrough(dialect: Dialect = DOCUMENTED) -> tuple[LinkPlayer, int]:
    """A player in passthrough over TCP, and its socket."""
    player = chosen_player(dialect)
    socket = player.start_tcp()
    assert player.order(b"AT+CIPSEND") == PROMPT
    player.take_requests()
    return player, socket


def leave(player: LinkPlayer) -> None:
    """A pause, three plus signs, and another pause."""
    player.wait(PAUSE_NS)
    player.send(b"+++")
    player.wait(PAUSE_NS)


def is_full(player: LinkPlayer) -> bool:
    return player.firmware.is_full


def packets(player: LinkPlayer) -> list[bytes]:
    return [each.data for each in player.take_requests() if isinstance(each, TcpSend)]


class TestTransferMode:
    @both_dialects
    def test_it_is_normal_at_first(self, dialect: Dialect) -> None:
        assert joined_player(dialect).order(b"AT+CIPMODE?") == b"+CIPMODE:0\r\n" + OK

    @both_dialects
    def test_it_can_be_set(self, dialect: Dialect) -> None:
        player = joined_player(dialect)
        for mode in (b"1", b"0"):
            assert player.order(b"AT+CIPMODE=" + mode) == OK
            assert player.order(b"AT+CIPMODE?") == b"+CIPMODE:%s\r\n" % mode + OK

    @both_dialects
    @pytest.mark.parametrize("form", [b"=2", b"=", b"=-1", b'="1"', b"=1,1", b"=?", b""])
    def test_other_values_and_forms(self, dialect: Dialect, form: bytes) -> None:
        player = joined_player(dialect)
        assert player.order(b"AT+CIPMODE" + form) == ERROR
        assert player.order(b"AT+CIPMODE?") == b"+CIPMODE:0\r\n" + OK

    @pytest.mark.parametrize(
        ("dialect", "reason"),
        [(DOCUMENTED, b""), (ESPRESSIF_0_23, b"CIPMUX and CIPSERVER must be 0\r\n")],
    )
    def test_it_is_for_single_connections(self, dialect: Dialect, reason: bytes) -> None:
        player = joined_player(dialect)
        player.order(b"AT+CIPMUX=1")
        assert player.order(b"AT+CIPMODE=1") == reason + ERROR
        assert player.order(b"AT+CIPMODE=0") == (reason + ERROR if reason else OK)
        player.order(b"AT+CIPMUX=0")
        player.order(b"AT+CIPMODE=1")
        assert player.order(b"AT+CIPMUX=1") == b"IPMODE must be 0\r\n" + ERROR

    @pytest.mark.parametrize("mode", [b"0", b"1"])
    @pytest.mark.parametrize(
        ("dialect", "answer"),
        [(DOCUMENTED, b"Link is builded\r\n" + ERROR), (ESPRESSIF_0_23, OK)],
    )
    def test_while_connected(self, dialect: Dialect, answer: bytes, mode: bytes) -> None:
        player = joined_player(dialect)
        player.start_tcp()
        assert player.order(b"AT+CIPMODE=" + mode) == answer

    def test_a_restart_forgets_it_and_nothing_is_written(self) -> None:
        player = joined_player()
        areas = player.areas()
        player.order(b"AT+CIPMODE=1")
        assert player.areas() == areas
        player.send(b"AT+RST\r\n")
        player.settle()
        player.send(b"ATE0\r\n")
        assert player.order(b"AT+CIPMODE?") == b"+CIPMODE:0\r\n" + OK

    @both_dialects
    @pytest.mark.parametrize("command", [b"AT+CIPSEND", b"AT+CIPSENDEX", b"AT+CIPSENDBUF"])
    def test_a_length_is_refused_in_passthrough_mode(
        self, dialect: Dialect, command: bytes
    ) -> None:
        player = chosen_player(dialect)
        player.start_tcp()
        reason = b"IPMODE=1\r\n" if dialect is ESPRESSIF_0_23 else b""
        assert player.order(command + b"=4") == reason + ERROR


class TestEntering:
    def test_not_in_normal_mode(self) -> None:
        player = joined_player()
        player.start_tcp()
        assert player.order(b"AT+CIPSEND") == ERROR

    def test_not_in_multiple_mode(self) -> None:
        player = joined_player()
        player.order(b"AT+CIPMUX=1")
        player.start_tcp(0)
        assert player.order(b"AT+CIPSEND") == ERROR

    @both_dialects
    def test_not_without_a_link(self, dialect: Dialect) -> None:
        player = chosen_player(dialect)
        assert player.order(b"AT+CIPSEND") == ERROR
        assert player.order(b"AT") == OK

    @pytest.mark.parametrize(
        ("tail", "answer"),
        [(b"", PROMPT), (b",2001,0", PROMPT), (b",2001,1", ERROR), (b",2001,2", ERROR)],
    )
    def test_over_udp_only_with_a_peer_that_does_not_change(
        self, tail: bytes, answer: bytes
    ) -> None:
        player = chosen_player()
        player.start_udp(tail=tail)
        assert player.order(b"AT+CIPSEND") == answer

    def test_not_while_segments_wait(self) -> None:
        player = joined_player(ESPRESSIF_0_23)
        socket = player.start_tcp()
        player.order(b"AT+CIPSENDBUF=4")
        player.send(b"abcd")
        player.wait(2 * NS_PER_MS)
        assert player.order(b"AT+CIPMODE=1") == ERROR
        player.hear(TcpAcknowledged(socket, 4))
        assert player.order(b"AT+CIPMODE=1") == OK
        assert player.order(b"AT+CIPSEND") == PROMPT

    def test_the_real_firmware_looks_at_udp_modes_earlier(self) -> None:
        player = joined_player(ESPRESSIF_0_23)
        player.start_udp(tail=b",2001,2")
        assert player.order(b"AT+CIPMODE=1") == ERROR
        assert player.order(b"AT+CIPMODE=0") == OK

    def test_there_is_no_query(self) -> None:
        player = chosen_player()
        player.start_tcp()
        assert player.order(b"AT+CIPSEND?") == ERROR


class TestSending:
    @both_dialects
    def test_bytes_go_to_the_peer_without_an_echo_or_an_answer(self, dialect: Dialect) -> None:
        player, socket = in_passthrough(dialect)
        player.state.echo = True
        player.send(b"abc")
        player.wait(PAUSE_NS - 1)
        assert packets(player) == []
        player.wait(1)
        assert packets(player) == [b"abc"]
        player.hear(TcpAcknowledged(socket, 3))
        player.wait(NS_PER_S)
        assert player.take_sent() == b""

    def test_a_gap_of_5_ms_does_not_end_a_packet_and_one_of_50_ms_does(self) -> None:
        player, _ = in_passthrough()
        for gap_ms in (5, 5, 50, 50):
            player.send(b"abc")
            player.wait(gap_ms * NS_PER_MS)
        assert packets(player) == [b"abcabcabc", b"abc"]

    def test_bytes_behind_the_command_are_data(self) -> None:
        player = chosen_player()
        player.start_tcp()
        player.send(b"AT+CIPSEND\r\nAT\r\n")
        player.wait(PAUSE_NS)
        assert packets(player) == [b"AT\r\n"]

    def test_all_bytes_are_carried_unchanged(self) -> None:
        player, _ = in_passthrough()
        data = bytes(range(256))
        player.send(data)
        player.wait(PAUSE_NS)
        assert packets(player) == [data]

    def test_datagrams(self) -> None:
        player = chosen_player()
        socket = player.start_udp()
        player.order(b"AT+CIPSEND")
        player.take_requests()
        for _ in range(3):
            player.send(b"x" * 2000)
            player.wait(PAUSE_NS)
        assert player.take_requests() == [UdpSend(socket, b"x" * 2000, PEER, 2000)] * 3
        player.hear(UdpReceived(socket, b"hello", PEER, 2000))
        assert player.take_sent() == b"hello"


class TestReceiving:
    @both_dialects
    def test_data_come_raw_and_the_peer_may_go_on_when_they_have_left(
        self, dialect: Dialect
    ) -> None:
        player, socket = in_passthrough(dialect)
        player.hear(TcpReceived(socket, b"xyz"))
        assert player.take_sent() == b"xyz"
        player.wait(3 * player.line_format.duration_ns(1))
        assert player.take_requests() == [TcpTake(socket, 3)]

    @both_dialects
    def test_from_the_mode_on_until_it_ends(self, dialect: Dialect) -> None:
        player = chosen_player(dialect)
        socket = player.start_tcp()
        player.hear(TcpReceived(socket, b"before"))
        assert player.take_sent() == b"before"
        player.order(b"AT+CIPSEND")
        leave(player)
        player.hear(TcpReceived(socket, b"after"))
        assert player.take_sent() == b"after"


class TestLeaving:
    @both_dialects
    def test_three_plus_signs_alone_lead_back_to_commands(self, dialect: Dialect) -> None:
        player, socket = in_passthrough(dialect)
        leave(player)
        assert (player.take_sent(), packets(player)) == (b"", [])
        assert player.order(b"AT") == OK
        assert b'+CIPSTATUS:0,"TCP"' in player.order(b"AT+CIPSTATUS")
        assert player.order(b"AT+CIPSEND") == PROMPT
        player.send(b"abc")
        player.wait(PAUSE_NS)
        assert player.take_requests() == [TcpSend(socket, b"abc")]

    @pytest.mark.parametrize(
        "data", [b"abc+++def", b"+++def", b"abc+++", b"++++", b"++", b"+++\r\n"]
    )
    def test_other_packets_do_not(self, data: bytes) -> None:
        player, _ = in_passthrough()
        player.wait(PAUSE_NS)
        player.send(data)
        player.wait(PAUSE_NS)
        assert packets(player) == [data]

    def test_slow_plus_signs_are_one_packet(self) -> None:
        player, _ = in_passthrough()
        for _ in range(3):
            player.wait(15 * NS_PER_MS)
            player.send(b"+")
        player.wait(PAUSE_NS)
        assert packets(player) == []
        assert player.order(b"AT") == OK

    def test_an_end_of_the_link_is_told_again(self) -> None:
        player, socket = in_passthrough()
        leave(player)
        player.hear(TcpEnded(socket, is_reset=False))
        assert player.take_sent() == b"CLOSED\r\n"
        player.wait(NS_PER_S)
        assert player.take_requests() == []

    def test_what_waited_is_sent(self) -> None:
        player, _ = in_passthrough()
        player.send(b"x" * 2048)
        player.send(b"y" * 1000)
        leave(player)
        assert packets(player) == [b"x" * 2048, b"y" * 1000]
        assert player.order(b"AT") == OK


class TestBackPressure:
    """The send buffer holds 2920 bytes, and 2048 more can be gathered."""

    def test_packets_follow_each_other_while_the_send_buffer_has_room(self) -> None:
        player, socket = in_passthrough()
        for _ in range(4):
            player.send(b"x" * 1000)
            player.wait(PAUSE_NS)
        assert packets(player) == [b"x" * 1000, b"x" * 1000]
        player.hear(TcpAcknowledged(socket, 1079))
        assert packets(player) == []
        player.hear(TcpAcknowledged(socket, 1))
        assert packets(player) == [b"x" * 2000]

    def test_no_byte_is_taken_when_both_are_full(self) -> None:
        player, socket = in_passthrough()
        player.send(b"x" * 2048)
        assert not is_full(player)
        player.send(b"y" * 2047)
        assert not is_full(player)
        player.send(b"y")
        assert is_full(player)
        player.hear(TcpAcknowledged(socket, 1175))
        assert is_full(player)
        player.hear(TcpAcknowledged(socket, 1))
        assert not is_full(player)
        assert packets(player) == [b"x" * 2048, b"y" * 2048]

    def test_the_real_firmware_sends_one_whole_packet_after_the_other(self) -> None:
        player, socket = in_passthrough(ESPRESSIF_0_23)
        player.send(b"x" * 2920)
        player.send(b"y" * 2920)
        assert is_full(player)
        player.hear(TcpAcknowledged(socket, 2919))
        assert is_full(player)
        player.hear(TcpAcknowledged(socket, 1))
        assert packets(player) == [b"x" * 2920, b"y" * 2920]


class TestLoss:
    @both_dialects
    @pytest.mark.parametrize("is_reset", [False, True])
    def test_the_link_is_opened_again_in_silence(self, dialect: Dialect, *, is_reset: bool) -> None:
        player, socket = in_passthrough(dialect)
        player.hear(TcpEnded(socket, is_reset=is_reset))
        player.wait(RETRY_NS - 1)
        assert player.take_requests() == []
        player.wait(1)
        opening = player.request(TcpOpen)
        assert replace(opening, socket=0) == TcpOpen(0, PEER, 80)
        assert opening.socket != socket
        player.hear(TcpOpened(opening.socket, 4098))
        player.send(b"abc")
        player.wait(PAUSE_NS)
        assert player.take_requests() == [TcpSend(opening.socket, b"abc")]
        assert player.take_sent() == b""

    def test_the_keep_alive_is_that_of_before(self) -> None:
        player = chosen_player()
        player.send(b'AT+CIPSTART="TCP","192.168.1.20",80,7\r\n')
        socket = player.request(TcpOpen).socket
        player.hear(TcpOpened(socket, 4097))
        player.order(b"AT+CIPSEND")
        player.hear(TcpEnded(socket, is_reset=False))
        player.wait(RETRY_NS)
        assert player.request(TcpOpen).keep_alive_ms == 3500

    def test_it_is_tried_again_and_again(self) -> None:
        player, socket = in_passthrough()
        player.hear(TcpEnded(socket, is_reset=False))
        for _ in range(3):
            player.wait(RETRY_NS)
            player.hear(TcpFailed(player.request(TcpOpen).socket, TcpFailure.REFUSED))
        player.wait(RETRY_NS)
        opening = player.request(TcpOpen)
        player.wait(18 * NS_PER_S)
        assert player.take_requests() == [TcpAbort(opening.socket)]
        player.wait(RETRY_NS)
        assert player.request(TcpOpen).address == PEER
        assert player.take_sent() == b""

    def test_what_comes_meanwhile_is_lost_and_room_stays(self) -> None:
        player, socket = in_passthrough()
        player.send(b"x" * 4096)
        player.take_requests()
        assert is_full(player)
        player.hear(TcpEnded(socket, is_reset=False))
        assert not is_full(player)
        for _ in range(5):
            player.send(b"y" * 2000)
            assert not is_full(player)
        player.wait(NS_PER_S)
        assert packets(player) == []

    def test_it_can_be_left_while_there_is_no_link(self) -> None:
        player, socket = in_passthrough()
        player.hear(TcpEnded(socket, is_reset=False))
        leave(player)
        assert player.take_sent() == b"CLOSED\r\n"
        assert player.order(b"AT+CIPSTATUS") == b"STATUS:4\r\n" + OK
        player.wait(5 * NS_PER_S)
        assert player.take_requests() == []

    def test_an_attempt_is_given_up_when_it_is_left(self) -> None:
        player, socket = in_passthrough()
        player.hear(TcpEnded(socket, is_reset=False))
        player.wait(RETRY_NS)
        opening = player.request(TcpOpen)
        leave(player)
        assert player.take_requests() == [TcpAbort(opening.socket)]
        assert player.order(b"AT+CIPSEND") == ERROR
        player.wait(5 * NS_PER_S)
        assert player.take_requests() == []

    @pytest.mark.parametrize(
        ("dialect", "lines"),
        [
            (DOCUMENTED, b"WIFI DISCONNECT\r\nWIFI CONNECTED\r\nWIFI GOT IP\r\n"),
            (ESPRESSIF_0_23, b""),
        ],
    )
    def test_a_lost_network_is_waited_for(self, dialect: Dialect, lines: bytes) -> None:
        player, _ = in_passthrough(dialect)
        player.hear(ApLost())
        player.wait(10 * NS_PER_S)
        assert TcpOpen not in map(type, player.take_requests())
        player.hear(Joined(AP))
        player.hear(Leased(LEASE))
        assert player.request(TcpOpen).address == PEER
        assert player.take_sent() == lines
