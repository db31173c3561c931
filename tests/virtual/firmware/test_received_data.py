"""Section 5.2 of the document, command 18: +IPD, and how a slow UART holds up a fast peer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.units import NS_PER_MS, NS_PER_S
from hil.virtual.action import Send, Transmit
from hil.virtual.firmware.dialect import DOCUMENTED, ESPRESSIF_0_23, Dialect
from hil.virtual.network.message import (
    TcpClose,
    TcpEnded,
    TcpReceived,
    TcpTake,
    UdpReceived,
)

from .chip_player import OK
from .link_player import DIALECTS, PEER, LinkPlayer, joined_player

both_dialects = pytest.mark.parametrize("dialect", DIALECTS)


def linked_player(dialect: Dialect = DOCUMENTED) -> tuple[LinkPlayer, int]:
    player = joined_player(dialect)
    return player, player.start_tcp()


def records(stream: bytes) -> list[bytes]:
    """The data of records in single mode, and nothing between them."""
    found = []
    while stream:
        head, _, rest = stream.partition(b":")
        assert head.startswith(b"\r\n+IPD,")
        length = int(head[7:])
        found.append(rest[:length])
        stream = rest[length:]
    return found


class TestRecord:
    @both_dialects
    def test_data_come_unasked_in_single_mode(self, dialect: Dialect) -> None:
        player, socket = linked_player(dialect)
        player.hear(TcpReceived(socket, b"hello"))
        assert player.take_sent() == b"\r\n+IPD,5:hello"

    @both_dialects
    def test_the_number_comes_first_in_multiple_mode(self, dialect: Dialect) -> None:
        player = joined_player(dialect)
        player.order(b"AT+CIPMUX=1")
        sockets = {number: player.start_tcp(number) for number in (2, 0, 4)}
        for number, socket in sockets.items():
            player.hear(TcpReceived(socket, b"hello"))
            assert player.take_sent() == b"\r\n+IPD,%d,5:hello" % number

    @pytest.mark.parametrize(
        ("dialect", "end"), [(DOCUMENTED, b""), (ESPRESSIF_0_23, b"\r\nOK\r\n")]
    )
    @pytest.mark.parametrize("mode", [b"0", b"1"])
    def test_datagrams_come_alike(self, dialect: Dialect, end: bytes, mode: bytes) -> None:
        player = joined_player(dialect)
        player.order(b"AT+CIPMUX=" + mode)
        number = b"3," if mode == b"1" else b""
        socket = player.start_udp(3 if number else None)
        player.hear(UdpReceived(socket, b"x" * 20, PEER, 2000))
        assert player.take_sent() == b"\r\n+IPD," + number + b"20:" + b"x" * 20 + end

    def test_a_datagram_is_one_record(self) -> None:
        player = joined_player()
        socket = player.start_udp()
        player.hear(UdpReceived(socket, b"x" * 2048, PEER, 2000))
        assert player.take_sent() == b"\r\n+IPD,2048:" + b"x" * 2048

    def test_an_empty_datagram_is_a_record_too(self) -> None:
        player = joined_player()
        socket = player.start_udp()
        player.hear(UdpReceived(socket, b"", PEER, 2000))
        assert player.take_sent() == b"\r\n+IPD,0:"

    def test_a_tcp_record_holds_a_segment_at_most(self) -> None:
        player, socket = linked_player()
        player.hear(TcpReceived(socket, b"x" * 4000))
        assert [len(data) for data in records(player.take_sent())] == [1460, 1460, 1080]

    @both_dialects
    def test_all_byte_values_are_handed_over(self, dialect: Dialect) -> None:
        player, socket = linked_player(dialect)
        data = bytes(range(256)) + b"\r\n+IPD,5:hello\r\nOK\r\n"
        player.hear(TcpReceived(socket, data))
        assert player.take_sent() == b"\r\n+IPD,276:" + data

    @given(pieces=st.lists(st.binary(min_size=1, max_size=4000), max_size=5))
    def test_a_stream_comes_complete_and_in_order(self, pieces: list[bytes]) -> None:
        player, socket = linked_player()
        for piece in pieces:
            player.hear(TcpReceived(socket, piece))
        assert b"".join(records(player.take_sent())) == b"".join(pieces)

    def test_a_record_does_not_tear_an_answer(self) -> None:
        player, socket = linked_player()
        player.send(b"AT+CIPSTATUS\r\n")
        player.hear(TcpReceived(socket, b"hello"))
        sends = [action.data for action in player.actions if isinstance(action, Send)]
        assert sends[-2].endswith(b"OK\r\n")
        assert sends[-1] == b"\r\n+IPD,5:hello"

    def test_data_behind_the_end_of_a_link_are_nobody_s(self) -> None:
        player, socket = linked_player()
        player.order(b"AT+CIPCLOSE")
        player.hear(TcpReceived(socket, b"hello"))
        assert player.take_sent() == b""

    def test_raw_data_have_no_head(self) -> None:
        player, socket = linked_player(ESPRESSIF_0_23)
        player.state.transfer_mode = 1
        player.hear(TcpReceived(socket, b"x" * 2000))
        assert player.take_sent() == b"x" * 2000
        player.order(b"AT+CIPCLOSE")
        socket = player.start_udp()
        player.hear(UdpReceived(socket, b"hello", PEER, 2000))
        assert player.take_sent() == b"hello"


class TestCredit:
    def test_the_peer_may_go_on_when_a_record_has_left_the_uart(self) -> None:
        player, socket = linked_player()
        player.wait(NS_PER_S)
        player.actions.clear()
        start_ns = player.now_ns
        player.hear(TcpReceived(socket, b"x" * 2000))
        first_ns = start_ns + player.line_format.duration_ns(len(b"\r\n+IPD,1460:") + 1460)
        second_ns = first_ns + player.line_format.duration_ns(len(b"\r\n+IPD,540:") + 540)
        player.settle()
        takes = [action for action in player.actions if isinstance(action, Transmit)]
        assert [take.request for take in takes] == [TcpTake(socket, 1460), TcpTake(socket, 540)]
        assert abs(takes[0].at_ns - first_ns) <= 1
        assert abs(takes[1].at_ns - second_ns) <= 2

    def test_what_is_sent_before_holds_it_up(self) -> None:
        player, socket = linked_player()
        player.wait(NS_PER_S)
        player.take_requests()
        player.hear(TcpReceived(socket, b"x" * 1460))
        player.hear(TcpReceived(socket, b"y"))
        player.wait(player.line_format.duration_ns(1470))
        assert player.take_requests() == []
        player.wait(player.line_format.duration_ns(20))
        assert player.take_requests() == [TcpTake(socket, 1460), TcpTake(socket, 1)]

    def test_a_link_that_is_over_takes_nothing(self) -> None:
        player, socket = linked_player()
        player.take_requests()
        player.hear(TcpReceived(socket, b"hello"))
        player.hear(TcpEnded(socket, is_reset=False))
        player.settle()
        assert player.take_requests() == []

    def test_closing_takes_what_is_on_the_uart(self) -> None:
        player, socket = linked_player()
        player.take_requests()
        player.hear(TcpReceived(socket, b"x" * 3000))
        assert player.order(b"AT+CIPCLOSE").endswith(b"CLOSED\r\n" + OK)
        assert player.take_requests() == [
            TcpTake(socket, 1460),
            TcpTake(socket, 1460),
            TcpTake(socket, 80),
            TcpClose(socket),
        ]
        player.settle()
        assert player.take_requests() == []

    def test_the_peer_waits_while_cts_holds_the_line_up(self) -> None:
        player, socket = linked_player()
        player.wait(NS_PER_S)
        player.actions.clear()
        start_ns = player.now_ns
        player.hear(TcpReceived(socket, b"x" * 2000))
        player.wait(10 * NS_PER_MS)
        player.firmware.follow_line(is_held=True, now_ns=player.now_ns)
        player.wait(60 * NS_PER_S)
        player.hear(TcpReceived(socket, b"y"))
        assert [action for action in player.actions if isinstance(action, Transmit)] == []
        player.firmware.follow_line(is_held=False, now_ns=player.now_ns)
        player.settle()
        takes = [action for action in player.actions if isinstance(action, Transmit)]
        first_ns = player.line_format.duration_ns(len(b"\r\n+IPD,1460:") + 1460)
        second_ns = player.line_format.duration_ns(len(b"\r\n+IPD,540:") + 540)
        third_ns = player.line_format.duration_ns(len(b"\r\n+IPD,1:") + 1)
        ends_ns = [first_ns, first_ns + second_ns, first_ns + second_ns + third_ns]
        assert [take.request for take in takes] == [
            TcpTake(socket, 1460),
            TcpTake(socket, 540),
            TcpTake(socket, 1),
        ]
        assert [take.at_ns for take in takes] == [
            start_ns + 60 * NS_PER_S + end_ns for end_ns in ends_ns
        ]

    def test_what_had_left_before_the_line_was_held_up_counts(self) -> None:
        player, socket = linked_player()
        player.wait(NS_PER_S)
        player.take_requests()
        player.hear(TcpReceived(socket, b"x" * 10))
        player.wait(NS_PER_S)
        assert player.take_requests() == [TcpTake(socket, 10)]
        player.firmware.follow_line(is_held=True, now_ns=player.now_ns)
        player.firmware.follow_line(is_held=True, now_ns=player.now_ns + NS_PER_S)
        assert player.firmware.next_deadline_ns() is None

    def test_datagrams_are_lost_while_the_line_is_held_up_for_too_long(self) -> None:
        player = joined_player()
        socket = player.start_udp()
        player.wait(NS_PER_S)
        player.firmware.follow_line(is_held=True, now_ns=player.now_ns)
        for _ in range(20):
            player.hear(UdpReceived(socket, b"x" * 1460, PEER, 2000))
            player.wait(NS_PER_S)
        assert len(records(player.take_sent())) == 12
        player.firmware.follow_line(is_held=False, now_ns=player.now_ns)
        player.hear(UdpReceived(socket, b"x", PEER, 2000))
        assert player.take_sent() == b""
        player.wait(2 * NS_PER_S)
        player.hear(UdpReceived(socket, b"x", PEER, 2000))
        assert player.take_sent() == b"\r\n+IPD,1:x"

    def test_datagrams_are_lost_while_too_much_waits(self) -> None:
        player = joined_player()
        socket = player.start_udp()
        for _ in range(20):
            player.hear(UdpReceived(socket, b"x" * 1460, PEER, 2000))
        assert len(records(player.take_sent())) == 12  # 16 KB are exceeded by the twelfth
        player.wait(2 * NS_PER_S)
        player.hear(UdpReceived(socket, b"x", PEER, 2000))
        assert player.take_sent() == b"\r\n+IPD,1:x"
