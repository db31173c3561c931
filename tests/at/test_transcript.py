from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from hil.at import Transcript
from hil.ports.byte_port import Direction

if TYPE_CHECKING:
    from hil.at import AtClient

    from .scripted_port import ScriptedPort

SENT, RECEIVED = Direction.SENT, Direction.RECEIVED
MS = 1_000_000


def test_port_is_recorded_through_its_tap(port: ScriptedPort, client: AtClient) -> None:
    transcript = Transcript()
    port.tap = transcript.record
    port.expect(b"AT\r\n", b"AT\r\r\n", b"\r\nOK\r\n")
    client.at()
    assert list(transcript.entries()) == [
        (0, SENT, b"AT\r\n"),
        (1 * MS, RECEIVED, b"AT\r\r\n"),
        (2 * MS, RECEIVED, b"\r\nOK\r\n"),
    ]
    assert transcript.stream(RECEIVED) == b"AT\r\r\n\r\nOK\r\n"
    assert len(transcript) == 3


def test_chunks_within_a_gap_are_merged() -> None:
    transcript = Transcript()
    for time_ms, direction, data in (
        (0, RECEIVED, b"a"),
        (1, RECEIVED, b"b"),
        (3, RECEIVED, b"c"),
        (3, SENT, b"d"),
        (3, RECEIVED, b"e"),
    ):
        transcript.record(time_ms * MS, direction, data)
    assert list(transcript.entries(gap_ns=MS)) == [
        (0, RECEIVED, b"ab"),
        (3 * MS, RECEIVED, b"c"),
        (3 * MS, SENT, b"d"),
        (3 * MS, RECEIVED, b"e"),
    ]


def test_rendering_shows_text_hex_and_marks() -> None:
    transcript = Transcript()
    transcript.record(5_000 * MS, SENT, b"AT\r\n")
    transcript.record(5_001 * MS, RECEIVED, b"\r\nO")
    transcript.record(5_002 * MS, RECEIVED, b"K\\\r\n")
    transcript.mark(5_500 * MS, "esptool session: 412 KB sent")
    transcript.record(6_500 * MS, RECEIVED, b"\x00\xffOK")
    transcript.record(7_500 * MS, SENT, bytes(100))
    assert transcript.render().splitlines() == [
        r"   0.000000 tx AT\r\n",
        r"   0.001000 rx \r\nOK\\\r\n",
        r"   0.500000 -- esptool session: 412 KB sent",
        r"   1.500000 rx [4 bytes] 00 ff 4f 4b",
        r"   2.500000 tx [100 bytes] " + " ".join(["00"] * 64) + " ... 36 more",
    ]
    assert transcript.render(origin_ns=0).startswith("   5.000000 tx")


def test_empty_transcript_renders_as_nothing() -> None:
    assert Transcript().render() == ""


def test_transcript_of_marks_only() -> None:
    transcript = Transcript()
    transcript.mark(3 * MS, "power off")
    assert transcript.render() == "   0.000000 -- power off"


SECRET = b"secret\\,word"
LINE = b'AT+CWJAP_DEF="net","' + SECRET + b'","18:fe:34:00:00:01"\r\n'


def record_in_pieces(transcript: Transcript, direction: Direction, data: bytes, size: int) -> None:
    for begin in range(0, len(data), size):
        transcript.record(begin * MS, direction, data[begin : begin + size])


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 80), st.integers(1, 80))
def test_password_is_masked_across_chunks(sent_size: int, received_size: int) -> None:
    transcript = Transcript()
    echo = LINE.replace(b"\r\n", b"\r\r\n") + b"\r\nOK\r\n"
    record_in_pieces(transcript, SENT, LINE, sent_size)
    record_in_pieces(transcript, RECEIVED, echo, received_size)
    shown = {SENT: b"", RECEIVED: b""}
    for entry in transcript.masked_entries():
        shown[entry.direction] += entry.data
    assert shown[SENT] == b'AT+CWJAP_DEF="net",***,"18:fe:34:00:00:01"\r\n'
    assert shown[RECEIVED] == shown[SENT].replace(b"\r\n", b"\r\r\n") + b"\r\nOK\r\n"
    assert len(list(transcript.masked_entries())) == len(transcript)
    assert b"".join(entry.data for entry in transcript.entries()) == LINE + echo


def test_password_is_masked_in_an_echo_with_a_line_inside_the_name() -> None:
    transcript = Transcript()
    transcript.record(0, SENT, b'AT+CWJAP="net","secret-word"\r\n')
    transcript.record(MS, RECEIVED, b'AT+CWJWIFI GOT IP\r\nAP="net","secret-word"\r\r\n')
    assert "secret-word" not in transcript.render()
    assert "WIFI GOT IP" in transcript.render()


def test_chunks_of_a_password_leave_no_line() -> None:
    transcript = Transcript()
    record_in_pieces(transcript, SENT, b'AT+CWJAP="net","secret-word"\r\n', 1)
    lines = transcript.render(gap_ns=0).splitlines()
    assert "".join(line.partition(" tx ")[2] for line in lines) == r'AT+CWJAP="net",***\r\n'
