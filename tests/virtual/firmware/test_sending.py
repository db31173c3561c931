"""Section 5.2 of the document, commands 3 and 4: AT+CIPSEND with a length, AT+CIPSENDEX."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.units import NS_PER_MS, NS_PER_S
from hil.virtual.firmware.dialect import DOCUMENTED, ESPRESSIF_0_23, Dialect
from hil.virtual.firmware.payload import EscapedPayload, Payload
from hil.virtual.network.message import (
    TcpAbort,
    TcpAcknowledged,
    TcpEnded,
    TcpReceived,
    TcpSend,
    UdpSend,
)
from hil.virtual.uart import Burst, LineFormat

from .chip_player import BUSY, ERROR, OK
from .link_player import DIALECTS, OTHER, PEER, LinkPlayer, joined_player

both_dialects = pytest.mark.parametrize("dialect", DIALECTS)
both_commands = pytest.mark.parametrize("name", [b"AT+CIPSEND", b"AT+CIPSENDEX"])
PROMPT = b"\r\nOK\r\n> "
SEND_OK = b"\r\nSEND OK\r\n"
BUSY_SENDING = b"\r\nbusy s...\r\n"
BYTE_NS = 86_806
"""One byte at 115200 baud, rounded up."""
FAILURES = [(DOCUMENTED, b"\r\nERROR\r\n"), (ESPRESSIF_0_23, b"SEND FAIL\r\n")]


def recv(dialect: Dialect, count: int) -> bytes:
    return b"\r\nRecv %d bytes\r\n" % count if dialect is ESPRESSIF_0_23 else b""


def linked_player(dialect: Dialect = DOCUMENTED) -> tuple[LinkPlayer, int]:
    player = joined_player(dialect)
    return player, player.start_tcp()


class TestTcp:
    @both_commands
    @both_dialects
    def test_data_are_sent_and_confirmed(self, name: bytes, dialect: Dialect) -> None:
        player, socket = linked_player(dialect)
        assert player.order(name + b"=4") == PROMPT
        player.send(b"abcd")
        assert player.take_sent() == recv(dialect, 4)
        assert player.take_requests() == [TcpSend(socket, b"abcd")]
        player.hear(TcpAcknowledged(socket, 4))
        assert player.take_sent() == SEND_OK
        assert player.order(b"AT") == OK

    @both_commands
    @both_dialects
    def test_the_number_leads_in_multiple_mode(self, name: bytes, dialect: Dialect) -> None:
        player = joined_player(dialect)
        player.order(b"AT+CIPMUX=1")
        player.start_tcp(0)
        socket = player.start_tcp(1)
        assert player.order(name + b"=1,4") == PROMPT
        player.send(b"abcd")
        assert player.take_requests() == [TcpSend(socket, b"abcd")]
        player.hear(TcpAcknowledged(socket, 4))
        assert player.take_sent() == recv(dialect, 4) + SEND_OK

    def test_nothing_is_sent_before_the_length_has_come(self) -> None:
        player, socket = linked_player()
        player.order(b"AT+CIPSEND=10")
        player.send(b"123456789")
        player.wait(2 * NS_PER_S)
        assert (player.take_sent(), player.take_requests()) == (b"", [])
        player.send(b"0")
        assert player.take_requests() == [TcpSend(socket, b"1234567890")]

    @both_commands
    def test_the_largest_length_is_2048(self, name: bytes) -> None:
        player, socket = linked_player()
        data = bytes(range(256)).replace(b"\\", b"/") * 8
        assert player.order(name + b"=2048") == PROMPT
        player.send(data)
        assert player.take_requests() == [TcpSend(socket, data)]
        player.hear(TcpAcknowledged(socket, 2048))
        assert player.take_sent() == SEND_OK

    @both_dialects
    def test_all_byte_values_are_carried(self, dialect: Dialect) -> None:
        player, socket = linked_player(dialect)
        player.order(b"AT+CIPSEND=256")
        player.send(bytes(range(256)))
        assert player.take_requests() == [TcpSend(socket, bytes(range(256)))]

    def test_an_acknowledgement_may_come_in_parts(self) -> None:
        player, socket = linked_player()
        player.order(b"AT+CIPSEND=4")
        player.send(b"abcd")
        player.hear(TcpAcknowledged(socket, 3))
        assert player.take_sent() == b""
        player.hear(TcpAcknowledged(socket, 1))
        assert player.take_sent() == SEND_OK

    @both_dialects
    def test_surplus_bytes_are_turned_away_while_sending(self, dialect: Dialect) -> None:
        player, socket = linked_player(dialect)
        player.order(b"AT+CIPSEND=4")
        player.send(b"abcd\r\nAT\r\n")
        assert player.take_sent() == recv(dialect, 4) + BUSY_SENDING + BUSY_SENDING
        assert player.take_requests() == [TcpSend(socket, b"abcd")]
        player.hear(TcpAcknowledged(socket, 4))
        assert player.take_sent() == SEND_OK

    def test_data_may_come_in_the_middle_of_a_payload(self) -> None:
        player, socket = linked_player()
        player.order(b"AT+CIPSEND=4")
        player.send(b"ab")
        player.hear(TcpReceived(socket, b"hello"))
        assert player.take_sent() == b"\r\n+IPD,5:hello"
        player.send(b"cd")
        assert TcpSend(socket, b"abcd") in player.take_requests()


class TestEcho:
    def test_documented_echoes_commands_only(self) -> None:
        player, _ = linked_player()
        player.order(b"ATE1")
        assert player.order(b"AT+CIPSEND=4") == b"AT+CIPSEND=4\r\r\n" + PROMPT
        player.send(b"a\r\nb")
        assert player.take_sent() == b""

    def test_the_real_one_echoes_the_payload_but_for_lf(self) -> None:
        player, _ = linked_player(ESPRESSIF_0_23)
        player.order(b"ATE1")
        player.order(b"AT+CIPSEND=4")
        player.send(b"a\r\nb")
        assert player.take_sent() == b"a\rb" + recv(ESPRESSIF_0_23, 4)

    def test_the_command_behind_is_echoed_again(self) -> None:
        player, socket = linked_player()
        player.order(b"ATE1")
        player.order(b"AT+CIPSEND=1")
        player.send(b"x")
        player.hear(TcpAcknowledged(socket, 1))
        player.take_sent()
        assert player.order(b"AT") == b"AT\r\r\n" + OK


class TestFailure:
    @both_commands
    @pytest.mark.parametrize(("dialect", "failure"), FAILURES)
    def test_the_link_is_lost_before_the_data_come(
        self, name: bytes, dialect: Dialect, failure: bytes
    ) -> None:
        player, socket = linked_player(dialect)
        player.order(name + b"=4")
        player.hear(TcpEnded(socket, is_reset=True))
        assert player.take_sent() == b"CLOSED\r\n"
        player.send(b"abcd")
        assert player.take_sent() == recv(dialect, 4) + failure
        assert player.take_requests() == []
        assert player.order(b"AT") == OK

    @pytest.mark.parametrize(("dialect", "failure"), FAILURES)
    def test_the_link_is_lost_while_sending(self, dialect: Dialect, failure: bytes) -> None:
        player, socket = linked_player(dialect)
        player.order(b"AT+CIPSEND=4")
        player.send(b"abcd")
        player.take_sent()
        player.hear(TcpAcknowledged(socket, 3))
        player.hear(TcpEnded(socket, is_reset=True))
        assert player.take_sent() == b"CLOSED\r\n" + failure

    def test_the_number_of_a_lost_link_may_belong_to_another(self) -> None:
        player = joined_player()
        player.serve()
        player.let_come(-1)
        player.order(b"AT+CIPSEND=0,4")
        player.hear(TcpEnded(-1, is_reset=True))
        player.let_come(-2)
        player.take_requests()
        player.send(b"abcd")
        assert player.take_sent() == ERROR
        assert player.take_requests() == []

    def test_a_peer_that_confirms_nothing_is_given_up(self) -> None:
        player, socket = linked_player()
        player.order(b"AT+CIPSEND=4")
        player.send(b"abcd")
        player.wait(59 * NS_PER_S)
        player.hear(TcpAcknowledged(socket, 1))
        player.take_requests()
        player.wait(59 * NS_PER_S)
        assert player.take_sent() == b""
        player.wait(NS_PER_S)
        assert player.take_sent() == b"CLOSED\r\n" + ERROR
        assert player.take_requests() == [TcpAbort(socket)]

    @pytest.mark.parametrize(
        ("arguments", "reason"),
        [
            (b"0", b""),
            (b"", b""),
            (b"x", b""),
            (b'"4"', b""),
            (b"0,4", b""),
            (b"1,4", b""),
            (b"2049", b"too long\r\n"),
            (b'4,"192.168.1.21"', b""),
            (b'4,"192.168.1.21",2000', b""),
            (b'4,"peer.test",2000', b""),
        ],
    )
    @both_commands
    def test_bad_arguments_give_no_prompt_in_single_mode(
        self, name: bytes, arguments: bytes, reason: bytes
    ) -> None:
        for dialect in DIALECTS:
            player, _ = linked_player(dialect)
            said = b"" if dialect is DOCUMENTED else reason
            assert player.order(name + b"=" + arguments) == said + ERROR
            assert player.order(b"AT") == OK

    @pytest.mark.parametrize(
        ("arguments", "reason"),
        [
            (b"4", b""),
            (b"0,0", b""),
            (b"0,2049", b"too long\r\n"),
            (b"1,4", b"link is not valid\r\n"),
            (b"5,4", b""),
        ],
    )
    @both_commands
    def test_bad_arguments_give_no_prompt_in_multiple_mode(
        self, name: bytes, arguments: bytes, reason: bytes
    ) -> None:
        for dialect in DIALECTS:
            player = joined_player(dialect)
            player.order(b"AT+CIPMUX=1")
            player.start_tcp(0)
            said = b"" if dialect is DOCUMENTED else reason
            assert player.order(name + b"=" + arguments) == said + ERROR
            assert player.order(b"AT") == OK

    @both_commands
    @pytest.mark.parametrize(
        ("dialect", "answer"),
        [(DOCUMENTED, ERROR), (ESPRESSIF_0_23, b"link is not valid\r\n" + ERROR)],
    )
    def test_without_a_link_there_is_no_prompt(
        self, name: bytes, dialect: Dialect, answer: bytes
    ) -> None:
        assert joined_player(dialect).order(name + b"=4") == answer

    @pytest.mark.parametrize(
        ("dialect", "answer"), [(DOCUMENTED, ERROR), (ESPRESSIF_0_23, b"IPMODE=1\r\n" + ERROR)]
    )
    def test_in_passthrough_mode_a_length_is_refused(self, dialect: Dialect, answer: bytes) -> None:
        player, _ = linked_player(dialect)
        player.state.transfer_mode = 1
        assert player.order(b"AT+CIPSEND=4") == answer

    @both_commands
    @both_dialects
    def test_forms(self, name: bytes, dialect: Dialect) -> None:
        player, _ = linked_player(dialect)
        assert player.order(name + b"=?") == OK
        assert player.order(name + b"?") == ERROR

    @both_dialects
    def test_cipsendex_has_no_bare_form(self, dialect: Dialect) -> None:
        player, _ = linked_player(dialect)
        assert player.order(b"AT+CIPSENDEX") == ERROR

    @both_dialects
    def test_misspelt_names_are_refused(self, dialect: Dialect) -> None:
        player, _ = linked_player(dialect)
        assert player.order(b"AT+CIPSENDER=4") == ERROR


class TestCancelling:
    @pytest.mark.parametrize("line", [b"AT+CIPSEND=3", b"AT+CIPSEND=100", b"AT+CIPSENDEX=100"])
    def test_the_real_one_takes_a_prompt_back(self, line: bytes) -> None:
        player, _ = linked_player(ESPRESSIF_0_23)
        player.order(line)
        player.send(b"+++")
        player.wait(2 * BYTE_NS)
        assert player.take_sent() == b"\r\nSEND Canceled\r\n"
        assert player.take_requests() == []
        assert player.order(b"AT") == OK

    def test_the_real_one_does_so_in_the_middle_of_a_payload(self) -> None:
        player, _ = linked_player(ESPRESSIF_0_23)
        player.order(b"AT+CIPSEND=100")
        player.send(b"abc")
        player.wait(2 * BYTE_NS)
        player.send(b"+")
        player.wait(BYTE_NS)
        player.send(b"++")
        player.wait(2 * BYTE_NS)
        assert player.take_sent() == b"\r\nSEND Canceled\r\n"

    def test_documented_sends_them(self) -> None:
        player, socket = linked_player()
        player.order(b"AT+CIPSEND=3")
        player.send(b"+++")
        assert player.take_requests() == [TcpSend(socket, b"+++")]

    @pytest.mark.parametrize(
        ("pieces", "pause_ns"),
        [
            ([b"++++"], 0),
            ([b"x+++"], 0),
            ([b"+++x"], 0),
            ([b"+++", b"x"], BYTE_NS // 2),
            ([b"++", b"+x"], 2 * BYTE_NS),
            ([b"x", b"+++"], BYTE_NS),
        ],
    )
    def test_what_is_not_alone_is_data(self, pieces: list[bytes], pause_ns: int) -> None:
        player, socket = linked_player(ESPRESSIF_0_23)
        player.order(b"AT+CIPSEND=4")
        for piece in pieces:
            player.send(piece)
            player.wait(pause_ns)
        assert player.take_requests() == [TcpSend(socket, b"".join(pieces))]


class TestUdp:
    @both_commands
    @both_dialects
    def test_a_datagram_goes_to_the_peer(self, name: bytes, dialect: Dialect) -> None:
        player = joined_player(dialect)
        socket = player.start_udp()
        assert player.order(name + b"=4") == PROMPT
        player.send(b"abcd")
        assert player.take_requests() == [UdpSend(socket, b"abcd", PEER, 2000)]
        player.wait(NS_PER_MS)
        assert player.take_sent() == recv(dialect, 4) + SEND_OK

    @both_commands
    @pytest.mark.parametrize("mode", [b"0", b"1"])
    def test_a_destination_holds_for_one_datagram(self, name: bytes, mode: bytes) -> None:
        player = joined_player()
        player.order(b"AT+CIPMUX=" + mode)
        number = b"3," if mode == b"1" else b""
        socket = player.start_udp(3 if number else None)
        assert player.order(name + b"=" + number + b'4,"192.168.1.21",99') == PROMPT
        player.send(b"abcd")
        player.wait(NS_PER_MS)
        player.order(name + b"=" + number + b"1")
        player.send(b"x")
        assert player.take_requests() == [
            UdpSend(socket, b"abcd", OTHER, 99),
            UdpSend(socket, b"x", PEER, 2000),
        ]

    @pytest.mark.parametrize("port", [b"0", b"65536", b'"99"'])
    def test_a_bad_destination_is_refused(self, port: bytes) -> None:
        player = joined_player()
        player.start_udp()
        assert player.order(b'AT+CIPSEND=4,"192.168.1.21",' + port) == ERROR

    def test_a_line_end_behind_the_payload_is_turned_away(self) -> None:
        player = joined_player()
        player.start_udp()
        player.order(b"AT+CIPSEND=4")
        player.send(b"abcd\r\n")
        player.wait(NS_PER_MS)
        assert player.take_sent() == BUSY_SENDING + SEND_OK


class TestEscapes:
    @pytest.mark.parametrize(
        ("typed", "length", "meant"),
        [
            (rb"hello\0", 100, b"hello"),
            (rb"a\\0b\0", 100, rb"a\0b"),
            (b"hello", 5, b"hello"),
            (b"a\x00b", 3, b"a\x00b"),
            (rb"\\\0", 100, b"\\"),
            (rb"\\\\0\0", 100, rb"\\0"),
            (rb"\n\0", 100, rb"\n"),
            (b"ab\\", 3, b"ab\\"),
            (rb"a\\b", 4, rb"a\b"),
            (rb"ab\0", 4, b"ab"),
            (b"x0\\0", 100, b"x0"),
        ],
    )
    @pytest.mark.parametrize("piece", [1, 100])
    def test_what_typed_bytes_mean(
        self, typed: bytes, length: int, meant: bytes, piece: int
    ) -> None:
        player, socket = linked_player()
        assert player.order(b"AT+CIPSENDEX=%d" % length) == PROMPT
        for start in range(0, len(typed), piece):
            assert player.take_requests() == []
            player.send(typed[start : start + piece])
        assert player.take_requests() == [TcpSend(socket, meant)]
        player.hear(TcpAcknowledged(socket, len(meant)))
        assert player.take_sent() == SEND_OK

    def test_what_follows_the_early_end_is_a_command_again(self) -> None:
        player, socket = linked_player()
        player.order(b"AT+CIPSENDEX=100")
        player.send(rb"hello\0" + b"AT\r\n")
        assert player.take_sent() == BUSY_SENDING
        assert player.take_requests() == [TcpSend(socket, b"hello")]

    def test_the_early_end_works_on_a_numbered_link(self) -> None:
        player = joined_player()
        player.order(b"AT+CIPMUX=1")
        player.start_tcp(0)
        socket = player.start_tcp(2)
        player.order(b"AT+CIPSENDEX=2,100")
        player.send(rb"hello\0")
        assert player.take_requests() == [TcpSend(socket, b"hello")]

    @pytest.mark.parametrize(("dialect", "failure"), FAILURES)
    def test_nothing_is_no_transmission(self, dialect: Dialect, failure: bytes) -> None:
        player, _ = linked_player(dialect)
        player.order(b"AT+CIPSENDEX=100")
        player.send(rb"\0")
        assert player.take_sent() == recv(dialect, 0) + failure

    def test_the_real_one_tells_the_length_of_what_is_meant(self) -> None:
        player, _ = linked_player(ESPRESSIF_0_23)
        player.order(b"AT+CIPSENDEX=100")
        player.send(rb"a\\0b\0")
        assert player.take_sent() == recv(ESPRESSIF_0_23, 4)

    @given(
        typed=st.lists(st.sampled_from([b"\\", b"0", b"a", b"\n"]), min_size=1, max_size=12),
        length=st.integers(1, 12),
        pieces=st.lists(st.integers(1, 5), min_size=12, max_size=12),
    )
    def test_pieces_make_no_difference(
        self, typed: list[bytes], length: int, pieces: list[int]
    ) -> None:
        data = b"".join(typed)
        whole = collected(EscapedPayload, data, length, [len(data)])
        assert collected(EscapedPayload, data, length, pieces) == whole
        assert collected(Payload, data, length, pieces) == (
            data[:length] if len(data) >= length else None
        )


def collected(kind: type[Payload], data: bytes, length: int, pieces: list[int]) -> bytes | None:
    """What a payload means that comes in pieces, or None if it does not end."""
    player = LinkPlayer()
    meant: list[bytes] = []

    def use(payload: bytes, _now_ns: int) -> None:
        meant.append(payload)

    payload = kind(player.state, length, use)  # type: ignore[arg-type]  # no task is run here
    for size in pieces:
        rest = Burst(0, data[:size], LineFormat())
        data = data[size:]
        while rest.data:
            piece, rest = rest.split(payload.wanted(rest))
            if payload.take(piece) is not None:
                return meant[0]
    return None


def test_busy_is_told_apart_from_sending() -> None:
    player, _ = linked_player()
    player.send(b'AT+CIPMUX=1\r\nAT+PING="192.168.1.20"\r\nAT\r\n')
    assert player.take_sent().endswith(BUSY)
