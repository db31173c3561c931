"""Section 5.2 of the document, commands 5 to 8: segments in the TCP send buffer."""

from __future__ import annotations

import pytest

from hil.units import NS_PER_MS, NS_PER_S
from hil.virtual.firmware.dialect import DOCUMENTED, ESPRESSIF_0_23, Dialect
from hil.virtual.network.message import TcpAcknowledged, TcpEnded, TcpSend
from hil.virtual.uart import Burst

from .chip_player import ERROR, OK
from .link_player import DIALECTS, LinkPlayer, joined_player

both_dialects = pytest.mark.parametrize("dialect", DIALECTS)
PROMPT = b"\r\nOK\r\n> "
NOT_VALID = {DOCUMENTED: ERROR, ESPRESSIF_0_23: b"link is not valid\r\n" + ERROR}
BUSY_SENDING = b"\r\nbusy s...\r\n"


def recv(dialect: Dialect, count: int) -> bytes:
    return b"\r\nRecv %d bytes\r\n" % count if dialect is ESPRESSIF_0_23 else b""


def linked_player(dialect: Dialect = DOCUMENTED) -> tuple[LinkPlayer, int]:
    player = joined_player(dialect)
    return player, player.start_tcp()


def player_with_links(dialect: Dialect = DOCUMENTED) -> tuple[LinkPlayer, int, int]:
    """A player with links 0 and 1; returns it and their sockets."""
    player = joined_player(dialect)
    player.order(b"AT+CIPMUX=1")
    return player, player.start_tcp(0), player.start_tcp(1)


def give(player: LinkPlayer, data: bytes) -> bytes:
    """Send the data of a segment and a pause; returns what the firmware says to it."""
    player.send(data)
    player.wait(2 * NS_PER_MS)
    return player.take_sent()


def write(player: LinkPlayer, data: bytes = b"abcd", *, link: bytes = b"") -> bytes:
    """Write a segment; returns the first line of the answer to the command."""
    answer = player.order(b"AT+CIPSENDBUF=%s%d" % (link, len(data)))
    line, prompt, rest = answer.partition(b"\r\n" + PROMPT)
    assert (prompt, rest) == (b"\r\n" + PROMPT, b"")
    give(player, data)
    return line


class TestWriting:
    @both_dialects
    def test_two_numbers_then_ok_and_the_prompt(self, dialect: Dialect) -> None:
        player, socket = linked_player(dialect)
        assert player.order(b"AT+CIPSENDBUF=4") == b"1,0\r\n" + PROMPT
        assert give(player, b"abcd") == recv(dialect, 4)
        assert player.take_requests() == [TcpSend(socket, b"abcd")]
        player.hear(TcpAcknowledged(socket, 4))
        assert player.take_sent() == b"\r\n1,SEND OK\r\n"
        assert player.order(b"AT+CIPSENDBUF=4") == b"2,1\r\n" + PROMPT

    @both_dialects
    def test_the_link_leads_in_multiple_mode_but_not_before_the_two_numbers(
        self, dialect: Dialect
    ) -> None:
        player, _, socket = player_with_links(dialect)
        assert player.order(b"AT+CIPSENDBUF=1,4") == b"1,0\r\n" + PROMPT
        assert give(player, b"abcd") == recv(dialect, 4)
        assert player.take_requests() == [TcpSend(socket, b"abcd")]
        player.hear(TcpAcknowledged(socket, 4))
        assert player.take_sent() == b"\r\n1,1,SEND OK\r\n"

    def test_nothing_is_sent_before_the_length_has_come(self) -> None:
        player, socket = linked_player()
        player.order(b"AT+CIPSENDBUF=10")
        player.send(b"123456789")
        player.wait(2 * NS_PER_S)
        assert (player.take_sent(), player.take_requests()) == (b"", [])
        give(player, b"0")
        assert player.take_requests() == [TcpSend(socket, b"1234567890")]

    def test_the_next_call_need_not_wait_for_delivery(self) -> None:
        player, socket = linked_player()
        assert [write(player) for _ in range(3)] == [b"1,0", b"2,0", b"3,0"]
        player.hear(TcpAcknowledged(socket, 4))
        assert player.take_sent() == b"\r\n1,SEND OK\r\n"
        assert write(player) == b"4,1"

    def test_a_segment_is_delivered_when_its_last_byte_is(self) -> None:
        player, socket = linked_player()
        write(player, b"abcd")
        write(player, b"efgh")
        player.hear(TcpAcknowledged(socket, 3))
        assert player.take_sent() == b""
        player.hear(TcpAcknowledged(socket, 4))
        assert player.take_sent() == b"\r\n1,SEND OK\r\n"
        player.hear(TcpAcknowledged(socket, 1))
        assert player.take_sent() == b"\r\n2,SEND OK\r\n"

    def test_one_confirmation_may_cover_several_segments(self) -> None:
        player, socket = linked_player()
        for _ in range(3):
            write(player)
        player.hear(TcpAcknowledged(socket, 12))
        assert player.take_sent() == b"\r\n1,SEND OK\r\n\r\n2,SEND OK\r\n\r\n3,SEND OK\r\n"

    def test_each_link_counts_its_own_segments(self) -> None:
        player, _, _ = player_with_links()
        lines = [write(player, link=link) for link in (b"0,", b"1,", b"0,", b"1,")]
        assert lines == [b"1,0", b"1,0", b"2,0", b"2,0"]

    @pytest.mark.parametrize(("dialect", "last"), [(DOCUMENTED, b"1"), (ESPRESSIF_0_23, b"2")])
    def test_counting_goes_on_with_the_next_link(self, dialect: Dialect, last: bytes) -> None:
        player, socket = linked_player(dialect)
        write(player)
        write(player)
        player.hear(TcpAcknowledged(socket, 4))
        player.hear(TcpEnded(socket, is_reset=False))
        player.start_tcp()
        assert write(player) == b"3," + last
        assert player.order(b"AT+CIPCHECKSEQ=1") == b"1,TRUE\r\n" + OK
        assert player.order(b"AT+CIPCHECKSEQ=2") == b"2,FALSE\r\n" + OK

    def test_numbers_have_32_bits_and_leave_out_zero(self) -> None:
        player, socket = linked_player()
        write(player)
        player.hear(TcpAcknowledged(socket, 4))
        player.state.send_buffers._buffers[0].next_number = 4_294_967_295
        assert [write(player) for _ in range(2)] == [b"4294967295,1", b"1,1"]
        assert player.order(b"AT+CIPBUFSTATUS") == b"2,1,1,2912,6\r\n" + OK

    def test_data_are_echoed_by_the_real_firmware_only(self) -> None:
        for dialect, echo in ((DOCUMENTED, b""), (ESPRESSIF_0_23, b"abcd")):
            player, _ = linked_player(dialect)
            player.order(b"AT+CIPSENDBUF=4")
            player.state.echo = True
            assert give(player, b"abcd") == echo + recv(dialect, 4)


class TestRefusal:
    @both_dialects
    @pytest.mark.parametrize(
        "arguments", [b"", b"0", b"-1", b"4,", b'"4"', b"a", b"1,4", b"4,1,1", b" 4"]
    )
    def test_malformed_arguments(self, dialect: Dialect, arguments: bytes) -> None:
        player, _ = linked_player(dialect)
        assert player.order(b"AT+CIPSENDBUF=" + arguments) == ERROR

    @pytest.mark.parametrize("arguments", [b"4", b"1,0", b"1,4,1", b"5,4", b"2,4"])
    def test_in_multiple_mode(self, arguments: bytes) -> None:
        player, _, _ = player_with_links()
        assert player.order(b"AT+CIPSENDBUF=" + arguments) == ERROR

    @both_dialects
    def test_without_a_link(self, dialect: Dialect) -> None:
        assert joined_player(dialect).order(b"AT+CIPSENDBUF=4") == NOT_VALID[dialect]

    @both_dialects
    @pytest.mark.parametrize(
        "command", [b"AT+CIPSENDBUF=4", b"AT+CIPBUFRESET", b"AT+CIPBUFSTATUS", b"AT+CIPCHECKSEQ=1"]
    )
    def test_on_a_udp_link(self, dialect: Dialect, command: bytes) -> None:
        player = joined_player(dialect)
        player.start_udp()
        assert player.order(command) == ERROR

    @both_dialects
    @pytest.mark.parametrize(
        "command", [b"AT+CIPSENDBUF=4", b"AT+CIPBUFRESET", b"AT+CIPBUFSTATUS", b"AT+CIPCHECKSEQ=1"]
    )
    def test_in_passthrough_mode(self, dialect: Dialect, command: bytes) -> None:
        player = joined_player(dialect)
        player.order(b"AT+CIPMODE=1")
        player.start_tcp()
        reason = b"IPMODE=1\r\n" if dialect is ESPRESSIF_0_23 else b""
        assert player.order(command) == reason + ERROR

    def test_2048_bytes_are_the_most(self) -> None:
        player, socket = linked_player()
        assert player.order(b"AT+CIPSENDBUF=2049") == ERROR
        assert player.order(b"AT+CIPSENDBUF=2048") == b"1,0\r\n" + PROMPT
        data = bytes(range(256)) * 8
        give(player, data)
        assert player.take_requests() == [TcpSend(socket, data)]

    def test_the_real_firmware_says_why(self) -> None:
        player, _ = linked_player(ESPRESSIF_0_23)
        assert player.order(b"AT+CIPSENDBUF=2049") == b"too long\r\n" + ERROR
        write(player, bytes(2048))
        assert player.order(b"AT+CIPSENDBUF=873") == b"BUFFER FULL\r\n" + ERROR
        for _ in range(7):
            write(player)
        assert player.order(b"AT+CIPSENDBUF=4") == b"QUEUE FULL\r\n" + ERROR

    def test_a_full_buffer_takes_what_fits(self) -> None:
        player, socket = linked_player()
        write(player, bytes(2048))
        assert player.order(b"AT+CIPSENDBUF=873") == ERROR
        assert write(player, bytes(872)) == b"2,0"
        assert player.order(b"AT+CIPBUFSTATUS") == b"3,2,0,0,6\r\n" + OK
        assert player.order(b"AT+CIPSENDBUF=1") == ERROR
        player.hear(TcpAcknowledged(socket, 1))
        assert write(player, b"x") == b"3,0"

    def test_the_ninth_segment_has_no_place(self) -> None:
        player, socket = linked_player()
        for _ in range(8):
            write(player, b"x")
        assert player.order(b"AT+CIPBUFSTATUS") == b"9,8,0,2912,0\r\n" + OK
        assert player.order(b"AT+CIPSENDBUF=1") == ERROR
        player.hear(TcpAcknowledged(socket, 1))
        assert write(player, b"x") == b"9,1"

    def test_a_refused_call_takes_no_number(self) -> None:
        player, _ = linked_player()
        player.order(b"AT+CIPSENDBUF=2049")
        assert write(player) == b"1,0"

    @pytest.mark.parametrize("form", [b"", b"?", b"=?"])
    def test_other_forms(self, form: bytes) -> None:
        player, _ = linked_player()
        assert player.order(b"AT+CIPSENDBUF" + form) == ERROR

    @pytest.mark.parametrize(
        ("dialect", "command", "answer"),
        [
            (DOCUMENTED, b"AT+CIPSEND=4", ERROR),
            (DOCUMENTED, b"AT+CIPSENDEX=4", ERROR),
            (ESPRESSIF_0_23, b"AT+CIPSEND=4", b"2,0\r\n" + PROMPT),
            (ESPRESSIF_0_23, b"AT+CIPSENDEX=4", ERROR),
        ],
    )
    def test_plain_sending_while_segments_wait(
        self, dialect: Dialect, command: bytes, answer: bytes
    ) -> None:
        player, _ = linked_player(dialect)
        write(player)
        assert player.order(command) == answer

    @both_dialects
    @pytest.mark.parametrize("command", [b"AT+CIPSEND=4", b"AT+CIPSENDEX=4"])
    def test_plain_sending_when_all_are_delivered(self, dialect: Dialect, command: bytes) -> None:
        player, socket = linked_player(dialect)
        write(player)
        player.hear(TcpAcknowledged(socket, 4))
        assert player.order(command) == PROMPT

    def test_plus_signs_alone_take_the_prompt_of_the_real_firmware_back(self) -> None:
        player, socket = linked_player(ESPRESSIF_0_23)
        player.order(b"AT+CIPSENDBUF=10")
        assert give(player, b"+++") == b"\r\nSEND Canceled\r\n"
        assert write(player) == b"2,0"
        player.hear(TcpAcknowledged(socket, 4))
        assert player.take_sent() == b"\r\n2,SEND OK\r\n"

    def test_plain_sending_on_another_link_goes_on(self) -> None:
        player, _, _ = player_with_links()
        write(player, link=b"0,")
        assert player.order(b"AT+CIPSEND=1,4") == PROMPT


class TestSurplus:
    @both_dialects
    def test_bytes_beyond_the_length_are_thrown_away_and_told_off_once(
        self, dialect: Dialect
    ) -> None:
        player, socket = linked_player(dialect)
        player.order(b"AT+CIPSENDBUF=4")
        assert give(player, b"abcdEFGH") == recv(dialect, 4) + BUSY_SENDING
        assert player.take_requests() == [TcpSend(socket, b"abcd")]
        assert player.order(b"AT") == OK

    def test_a_whole_burst_may_be_handed_over_at_once(self) -> None:
        player, socket = linked_player()
        player.order(b"AT+CIPSENDBUF=4")
        burst = Burst(player.now_ns, b"abcdEFGH", player.line_format)
        player.carry_out(player.firmware.receive(burst))
        player.wait(2 * NS_PER_MS)
        assert player.take_sent() == BUSY_SENDING
        assert player.take_requests() == [TcpSend(socket, b"abcd")]

    def test_a_line_in_the_surplus_is_not_run(self) -> None:
        player, _ = linked_player()
        player.order(b"AT+CIPSENDBUF=4")
        assert give(player, b"abcdAT\r\nAT\r\n") == BUSY_SENDING
        assert player.order(b"AT") == OK

    def test_a_line_behind_a_pause_is_run(self) -> None:
        player, _ = linked_player()
        player.order(b"AT+CIPSENDBUF=4")
        player.send(b"abcd")
        player.wait(NS_PER_MS)
        assert player.order(b"AT") == OK

    def test_a_byte_that_began_within_the_pause_is_surplus_at_any_speed(self) -> None:
        player, _ = linked_player()
        player.order(b"AT+UART_CUR=300,8,1,0,0")
        player.wait(NS_PER_S)
        player.order(b"AT+CIPSENDBUF=4")
        player.wait(NS_PER_S)
        player.take_sent()
        assert give(player, b"abcdAT\r\n") == BUSY_SENDING
        assert player.order(b"AT")[:6] == OK


class TestLoss:
    @both_dialects
    def test_waiting_segments_fail_with_the_link(self, dialect: Dialect) -> None:
        player, socket = linked_player(dialect)
        for _ in range(3):
            write(player)
        player.hear(TcpAcknowledged(socket, 4))
        player.take_sent()
        player.hear(TcpEnded(socket, is_reset=True))
        lines = player.take_sent()
        assert lines == b"CLOSED\r\n" + b"2,SEND FAIL\r\n3,SEND FAIL\r\n"

    def test_the_link_leads_in_multiple_mode(self) -> None:
        player, _, socket = player_with_links()
        write(player, link=b"1,")
        player.hear(TcpEnded(socket, is_reset=True))
        assert player.take_sent() == b"1,CLOSED\r\n" + b"1,1,SEND FAIL\r\n"

    @both_dialects
    def test_data_for_a_link_that_is_gone_fail(self, dialect: Dialect) -> None:
        player, socket = linked_player(dialect)
        player.order(b"AT+CIPSENDBUF=4")
        player.send(b"ab")
        player.hear(TcpEnded(socket, is_reset=True))
        assert give(player, b"cd") == b"CLOSED\r\n" + recv(dialect, 4) + b"\r\n1,SEND FAIL\r\n"
        assert player.take_requests() == []
        assert player.order(b"AT") == OK


class TestReset:
    def test_counting_starts_over(self) -> None:
        player, socket = linked_player()
        for _ in range(5):
            write(player)
        player.hear(TcpAcknowledged(socket, 20))
        assert player.order(b"AT+CIPBUFRESET") == OK
        assert player.order(b"AT+CIPBUFSTATUS") == b"1,0,0,2920,8\r\n" + OK
        assert player.order(b"AT+CIPCHECKSEG=5") == ERROR
        assert write(player) == b"1,0"

    def test_not_while_data_wait(self) -> None:
        player, socket = linked_player()
        write(player)
        player.hear(TcpAcknowledged(socket, 3))
        assert player.order(b"AT+CIPBUFRESET") == ERROR
        assert player.order(b"AT+CIPBUFSTATUS") == b"2,1,0,2919,7\r\n" + OK

    def test_the_addressed_link_only(self) -> None:
        player, first, second = player_with_links()
        write(player, link=b"0,")
        write(player, link=b"1,")
        player.hear(TcpAcknowledged(first, 4))
        player.hear(TcpAcknowledged(second, 4))
        assert player.order(b"AT+CIPBUFRESET=0") == OK
        assert [write(player, link=link) for link in (b"0,", b"1,")] == [b"1,0", b"2,1"]

    @both_dialects
    def test_without_a_link(self, dialect: Dialect) -> None:
        assert joined_player(dialect).order(b"AT+CIPBUFRESET") == NOT_VALID[dialect]


@pytest.mark.parametrize("command", [b"AT+CIPBUFRESET", b"AT+CIPBUFSTATUS"])
class TestFormsForOneLink:
    @pytest.mark.parametrize("form", [b"?", b"=?", b"=0", b"="])
    def test_in_single_mode(self, command: bytes, form: bytes) -> None:
        player, _ = linked_player()
        assert player.order(command + form) == ERROR

    @pytest.mark.parametrize("form", [b"", b"?", b"=?", b"=", b"=2", b"=5", b"=0,1", b'="0"'])
    def test_in_multiple_mode(self, command: bytes, form: bytes) -> None:
        player, _, _ = player_with_links()
        assert player.order(command + form) == ERROR


class TestStatus:
    def test_five_numbers(self) -> None:
        player, socket = linked_player()
        assert player.order(b"AT+CIPBUFSTATUS") == b"1,0,0,2920,8\r\n" + OK
        for _ in range(3):
            write(player, bytes(100))
        player.hear(TcpAcknowledged(socket, 150))
        player.take_sent()
        assert player.order(b"AT+CIPBUFSTATUS") == b"4,3,1,2770,6\r\n" + OK

    @pytest.mark.parametrize(
        ("dialect", "status"), [(DOCUMENTED, b"4,3,1"), (ESPRESSIF_0_23, b"1,4,1,1")]
    )
    def test_the_real_firmware_names_the_link_and_the_last_segment_that_is_settled(
        self, dialect: Dialect, status: bytes
    ) -> None:
        player, _, socket = player_with_links(dialect)
        for _ in range(3):
            write(player, link=b"1,")
        player.hear(TcpAcknowledged(socket, 4))
        player.take_sent()
        assert player.order(b"AT+CIPBUFSTATUS=1") == status + b",2912,6\r\n" + OK

    @pytest.mark.parametrize(
        ("dialect", "answer"), [(DOCUMENTED, ERROR), (ESPRESSIF_0_23, b"3,2,1,0,0\r\n" + OK)]
    )
    def test_without_a_link(self, dialect: Dialect, answer: bytes) -> None:
        player, socket = linked_player(dialect)
        write(player)
        write(player)
        player.hear(TcpAcknowledged(socket, 4))
        player.hear(TcpEnded(socket, is_reset=True))
        player.take_sent()
        assert player.order(b"AT+CIPBUFSTATUS") == answer


class TestCheck:
    @pytest.mark.parametrize("name", [b"AT+CIPCHECKSEG", b"AT+CIPCHECKSEQ"])
    def test_delivered_or_not(self, name: bytes) -> None:
        player, socket = linked_player()
        write(player)
        write(player)
        player.hear(TcpAcknowledged(socket, 4))
        player.take_sent()
        assert player.order(name + b"=1") == b"1,TRUE\r\n" + OK
        assert player.order(name + b"=2") == b"2,FALSE\r\n" + OK

    def test_the_link_leads_in_multiple_mode(self) -> None:
        player, _, _ = player_with_links()
        write(player, link=b"1,")
        assert player.order(b"AT+CIPCHECKSEG=1,1") == b"1,1,FALSE\r\n" + OK
        assert player.order(b"AT+CIPCHECKSEG=0,1") == ERROR
        assert player.order(b"AT+CIPCHECKSEG=1") == ERROR
        assert player.order(b"AT+CIPCHECKSEG=5,1") == ERROR

    def test_the_real_firmware_has_two_other_names(self) -> None:
        player, _ = linked_player(ESPRESSIF_0_23)
        write(player)
        assert player.order(b"AT+CIPCHECKSEG=1") == ERROR
        assert player.order(b"AT+CIPCHECKSEQ=1") == b"1,FALSE\r\n" + OK
        assert player.order(b"AT+CIPCHECKQUEUE=1") == b"1,FALSE\r\n" + OK

    def test_the_document_knows_nothing_of_queues(self) -> None:
        player, _ = linked_player()
        write(player)
        assert player.order(b"AT+CIPCHECKQUEUE=1") == ERROR

    def test_the_latest_32_segments_are_known(self) -> None:
        player, socket = linked_player()
        for _ in range(40):
            write(player)
            player.hear(TcpAcknowledged(socket, 4))
        player.take_sent()
        for number in range(9, 41):
            assert player.order(b"AT+CIPCHECKSEG=%d" % number) == b"%d,TRUE\r\n" % number + OK
        for number in (0, 1, 8, 41):
            assert player.order(b"AT+CIPCHECKSEG=%d" % number) == ERROR

    @both_dialects
    def test_without_a_link(self, dialect: Dialect) -> None:
        assert joined_player(dialect).order(b"AT+CIPCHECKSEQ=1") == ERROR

    @pytest.mark.parametrize(
        ("dialect", "answer"), [(DOCUMENTED, ERROR), (ESPRESSIF_0_23, b"1,TRUE\r\n" + OK)]
    )
    def test_when_the_link_is_gone(self, dialect: Dialect, answer: bytes) -> None:
        player, socket = linked_player(dialect)
        write(player)
        player.hear(TcpAcknowledged(socket, 4))
        player.hear(TcpEnded(socket, is_reset=True))
        player.take_sent()
        assert player.order(b"AT+CIPCHECKSEQ=1") == answer

    @pytest.mark.parametrize("form", [b"", b"?", b"=?", b"=", b"=0,1", b'="1"'])
    def test_other_forms(self, form: bytes) -> None:
        player, _ = linked_player()
        write(player)
        assert player.order(b"AT+CIPCHECKSEG" + form) == ERROR
