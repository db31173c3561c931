from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.at import (
    BootLine,
    Echo,
    Event,
    Final,
    FinalResult,
    InformationLine,
    NetworkData,
    Noise,
    ProgressLine,
    Prompt,
    RawData,
    ReasonLine,
    ReplyReader,
    TakenLine,
    Unsolicited,
    UnsolicitedKind,
)
from hil.at.boot_log import ResetBanner, ResetCause, SegmentLoad
from hil.at.reader import LINE_LIMIT_BYTES

from .slicing import read, read_every_way

OK = FinalResult(Final.OK)
ERROR = FinalResult(Final.ERROR)


def info(text: str) -> InformationLine:
    return InformationLine(text.encode())


def unsolicited(
    kind: UnsolicitedKind, text: str, link_id: int | None = None, segment: int | None = None
) -> Unsolicited:
    return Unsolicited(kind, text.encode(), link_id, segment)


CONNECTED = unsolicited(UnsolicitedKind.WIFI_CONNECTED, "WIFI CONNECTED")
GOT_IP = unsolicited(UnsolicitedKind.WIFI_GOT_IP, "WIFI GOT IP")
READY = unsolicited(UnsolicitedKind.READY, "ready")

VERSIONS = [
    info("AT version:0.23.0.0(Apr 24 2015 21:11:01)"),
    info("SDK version:1.0.1"),
    info("compile time:Apr 24 2015 21:19:31"),
]
VERSION_BYTES = (
    b"AT version:0.23.0.0(Apr 24 2015 21:11:01)\r\n"
    b"SDK version:1.0.1\r\ncompile time:Apr 24 2015 21:19:31\r\n"
)

BOOT_BYTES = (
    b"\r\n ets Jan  8 2013,rst cause:2, boot mode:(3,6)\r\n\r\n"
    b"load 0x40100000, len 1856, room 16 \r\n"
)

# name: what was sent, what came, what it means
EXCHANGES: dict[str, tuple[bytes, bytes, list[Event]]] = {
    "echo of 0.23 repeats CR and adds CR LF": (
        b"AT",
        b"AT\r\r\n\r\nOK\r\n",
        [Echo(b"AT"), OK],
    ),
    "echo with one CR": (b"AT", b"AT\r\n\r\nOK\r\n", [Echo(b"AT"), OK]),
    "echo switched off": (b"AT", b"\r\nOK\r\n", [OK]),
    "blank line between GMR and OK": (
        b"AT+GMR",
        b"AT+GMR\r\r\n" + VERSION_BYTES + b"\r\nOK\r\n",
        [Echo(b"AT+GMR"), *VERSIONS, OK],
    ),
    "no blank line between GMR and OK": (
        b"AT+GMR",
        b"AT+GMR\r\r\n" + VERSION_BYTES + b"OK\r\n",
        [Echo(b"AT+GMR"), *VERSIONS, OK],
    ),
    "value without a line end of its own": (
        b"AT+CWDHCP?",
        b"AT+CWDHCP?\r\r\n+CWDHCP:3\r\nOK\r\n",
        [Echo(b"AT+CWDHCP?"), info("+CWDHCP:3"), OK],
    ),
    "lines inside an answer": (
        b'AT+CWJAP="net","password"',
        b'AT+CWJAP="net","password"\r\r\nWIFI CONNECTED\r\nWIFI GOT IP\r\n\r\nOK\r\n',
        [Echo(b'AT+CWJAP="net","password"'), CONNECTED, GOT_IP, OK],
    ),
    "failed join": (
        b"",
        b"+CWJAP:3\r\n\r\nFAIL\r\n",
        [info("+CWJAP:3"), FinalResult(Final.FAIL)],
    ),
    "line inside an echo": (
        b"AT+CIPSEND=0,98",
        b"AT+CIPSEND=0,1,CONNECT\r\n98\r\r\n\r\nOK\r\n> ",
        [
            unsolicited(UnsolicitedKind.LINK_OPENED, "1,CONNECT", link_id=1),
            Echo(b"AT+CIPSEND=0,98"),
            OK,
            Prompt(),
        ],
    ),
    "line inside an echo that goes on with the same digit": (
        b"AT+CIPSEND=0,198",
        b"AT+CIPSEND=0,1,CONNECT\r\n198\r\r\n",
        [
            unsolicited(UnsolicitedKind.LINK_OPENED, "1,CONNECT", link_id=1),
            Echo(b"AT+CIPSEND=0,198"),
        ],
    ),
    "line between the echo and its line end": (
        b"AT+CWMODE?",
        b"AT+CWMODE?\rWIFI GOT IP\r\n\r\n+CWMODE:1\r\n\r\nOK\r\n",
        [Echo(b"AT+CWMODE?"), GOT_IP, info("+CWMODE:1"), OK],
    ),
    "data inside an echo": (
        b"AT+CIPSTATUS",
        b"AT+CIP\r\n+IPD,0,4:\r\nATSTATUS\r\r\nSTATUS:3\r\n\r\nOK\r\n",
        [NetworkData(b"\r\nAT", 0), Echo(b"AT+CIPSTATUS"), info("STATUS:3"), OK],
    ),
    "data inside an echo without a line end": (
        b"AT+CIPSTATUS",
        b"AT++IPD,3:abcCIPSTATUS\r\r\n",
        [NetworkData(b"abc"), Echo(b"AT+CIPSTATUS")],
    ),
    "two lines inside an echo": (
        b"AT+GMR",
        b"AWIFI CONNECTED\r\nT+WIFI GOT IP\r\nGMR\r\r\n",
        [CONNECTED, GOT_IP, Echo(b"AT+GMR")],
    ),
    "glitch before an echo": (
        b"AT",
        b"\x00\xf8AT\r\r\n\r\nOK\r\n",
        [Noise(b"\x00\xf8"), Echo(b"AT"), OK],
    ),
    "refused nonsense whose echo is off": (b"ERRORS", b"\r\nERROR\r\n", [ERROR]),
    "two commands sent at once": (
        b"AT+CWLAP\r\nAT\r\n",
        b"AT+CWLAP\r\r\nAT\r\r\n\r\nbusy p...\r\n\r\nOK\r\n",
        [Echo(b"AT+CWLAP"), Echo(b"AT"), FinalResult(Final.BUSY_P), OK],
    ),
    "busy": (
        b"AT",
        b"AT\r\r\n\r\nbusy p...\r\n\r\nbusy s...\r\nbusy now ...\r\n",
        [
            Echo(b"AT"),
            FinalResult(Final.BUSY_P),
            FinalResult(Final.BUSY_S),
            FinalResult(Final.BUSY_P),
        ],
    ),
    "forced restart while busy": (
        b"AT+RST",
        b"AT+RST\r\r\n\r\nWill force to restart!!!\r\n\r\nOK\r\n",
        [Echo(b"AT+RST"), info("Will force to restart!!!"), OK],
    ),
    "nothing had to be changed": (
        b"",
        b"no change\r\n\r\nOK\r\n",
        [ReasonLine(b"no change", is_refusal=False), OK],
    ),
    "prompt without a blank": (
        b"AT+CIPSEND",
        b"AT+CIPSEND\r\r\n\r\nOK\r\n\r\n>\r\n",
        [Echo(b"AT+CIPSEND"), OK, Prompt()],
    ),
    "results of sending": (
        b"",
        b"\r\nRecv 4 bytes\r\n\r\nSEND OK\r\n\r\nSEND FAIL\r\n\r\nSEND Canceled\r\n",
        [
            TakenLine(b"Recv 4 bytes", 4),
            FinalResult(Final.SEND_OK),
            FinalResult(Final.SEND_FAIL),
            FinalResult(Final.SEND_CANCELED),
        ],
    ),
    "results of buffered sending": (
        b"",
        b"\r\n7,SEND OK\r\n\r\n2,8,SEND FAIL\r\n9, SEND OK\r\n",
        [
            unsolicited(UnsolicitedKind.SEGMENT_SENT, "7,SEND OK", segment=7),
            unsolicited(UnsolicitedKind.SEGMENT_FAILED, "2,8,SEND FAIL", 2, 8),
            unsolicited(UnsolicitedKind.SEGMENT_SENT, "9, SEND OK", segment=9),
        ],
    ),
    "links come and go": (
        b"",
        b"CONNECT\r\nCLOSED\r\n4,CONNECT\r\n4,CLOSED\r\n0,CONNECT FAIL\r\n",
        [
            unsolicited(UnsolicitedKind.LINK_OPENED, "CONNECT"),
            unsolicited(UnsolicitedKind.LINK_CLOSED, "CLOSED"),
            unsolicited(UnsolicitedKind.LINK_OPENED, "4,CONNECT", 4),
            unsolicited(UnsolicitedKind.LINK_CLOSED, "4,CLOSED", 4),
            ReasonLine(b"0,CONNECT FAIL", link_id=0),
        ],
    ),
    "line glued to data": (
        b"",
        b"\r\n+IPD,0,2:}}0,CLOSED\r\n",
        [
            NetworkData(b"}}", 0),
            unsolicited(UnsolicitedKind.LINK_CLOSED, "0,CLOSED", 0),
        ],
    ),
    "data that look like lines": (
        b"",
        b"\r\n+IPD,13:\r\nOK\r\n+IPD,1:\r\n+IPD,3,0:\r\n+IPD,1,2:\x00\xff",
        [
            NetworkData(b"\r\nOK\r\n+IPD,1:"),
            NetworkData(b"", 3),
            NetworkData(b"\x00\xff", 1),
        ],
    ),
    "data with the sender's address": (
        b"",
        b"+IPD,0,2,192.168.3.137,8080:ab+IPD,1,10.0.0.1,53:c",
        [NetworkData(b"ab", 0, ("192.168.3.137", 8080)), NetworkData(b"c", None, ("10.0.0.1", 53))],
    ),
    "OK behind the data of UDP": (
        b"",
        b"\r\n+IPD,0,3:abc\r\nOK\r\n\r\nOK\r\n",
        [NetworkData(b"abc", 0), FinalResult(Final.OK, follows_data=True), OK],
    ),
    "a network that is named like data": (
        b"AT+CWLAP",
        b'+CWLAP:(3,"+IPD,5:",-57,"40:a7:37:00:00:01",1)\r\n\r\nOK\r\n',
        [info('+CWLAP:(3,"+IPD,5:",-57,"40:a7:37:00:00:01",1)'), OK],
    ),
    "a network with a name beyond ASCII": (
        b"",
        b'+CWJAP:"Caf\xc3\xa9","40:a7:37:00:00:01"\r\n',
        [info('+CWJAP:"Café","40:a7:37:00:00:01"')],
    ),
    "restart at the speed of the ROM": (
        b"AT+RST",
        b"AT+RST\r\r\n\r\nOK\r\n" + BOOT_BYTES + b"\r\nready\r\n",
        [
            Echo(b"AT+RST"),
            OK,
            BootLine(
                b" ets Jan  8 2013,rst cause:2, boot mode:(3,6)",
                ResetBanner("Jan  8 2013", ResetCause.EXTERNAL, 3, 6),
            ),
            BootLine(b"load 0x40100000, len 1856, room 16 ", SegmentLoad(0x40100000, 1856, 16)),
            READY,
        ],
    ),
    "restart at another speed than the ROM's": (
        b"",
        b"\xfe\x81\r\n\x00c`\xf3n\n\r\nAi-Thinker Technology Co. Ltd.\r\n\r\nready\r\n",
        [
            Noise(b"\xfe\x81"),
            Noise(b"\x00c`\xf3n"),
            info("Ai-Thinker Technology Co. Ltd."),
            READY,
        ],
    ),
    "reasons of a refusal": (
        b"AT+CIPMUX=1",
        (
            b"AT+CIPMUX=1\r\r\nLink is builded\r\n\r\nERROR\r\nlink is not valid\r\n"
            b"ALREAY CONNECT\r\nDNS Fail\r\nwe must restart\r\n+timeout\r\n\r\nERROR\r\n"
        ),
        [
            Echo(b"AT+CIPMUX=1"),
            ReasonLine(b"Link is builded"),
            ERROR,
            ReasonLine(b"link is not valid"),
            ReasonLine(b"ALREAY CONNECT"),
            ReasonLine(b"DNS Fail"),
            ReasonLine(b"we must restart"),
            ReasonLine(b"+timeout"),
            ERROR,
        ],
    ),
    "progress of an update, new and old": (
        b"AT+CIUPDATE",
        b"AT+CIUPDATE\r\r\n+CIPUPDATE:1\r\n+CIUPDATE: 4\r\n\r\nOK\r\n",
        [
            Echo(b"AT+CIUPDATE"),
            ProgressLine(b"+CIPUPDATE:1", 1),
            ProgressLine(b"+CIUPDATE: 4", 4),
            OK,
        ],
    ),
    "what a phone told": (
        b"",
        (
            b"smartconfig type:ESPTOUCH\r\nSmart get wifi info\r\nssid:net\r\n"
            b"password:hidden word\r\nWIFI CONNECTED\r\nsmartconfig connected wifi\r\n"
        ),
        [
            unsolicited(UnsolicitedKind.SMART_TYPE, "smartconfig type:ESPTOUCH"),
            unsolicited(UnsolicitedKind.SMART_INFO, "Smart get wifi info"),
            unsolicited(UnsolicitedKind.SMART_SSID, "ssid:net"),
            unsolicited(UnsolicitedKind.SMART_PASSWORD, "password:hidden word"),
            CONNECTED,
            unsolicited(UnsolicitedKind.SMART_CONNECTED, "smartconfig connected wifi"),
        ],
    ),
    "links of firmware 0.18": (
        b"",
        b"Linked\r\nUnlink\r\nUNLINK\r\n",
        [
            unsolicited(UnsolicitedKind.LINK_OPENED, "Linked"),
            unsolicited(UnsolicitedKind.LINK_CLOSED, "Unlink"),
            ReasonLine(b"UNLINK"),
        ],
    ),
    "line inside an answer's line": (
        b"",
        b'+CIPSTATUS:0,"TCP","192.WIFI DISCONNECT\r\n168.4.2",80,0\r\n\r\nOK\r\n',
        [
            unsolicited(UnsolicitedKind.WIFI_DISCONNECT, "WIFI DISCONNECT"),
            info('+CIPSTATUS:0,"TCP","192.168.4.2",80,0'),
            OK,
        ],
    ),
    "data inside an answer's line": (
        b"",
        b'+CWJAP:"ne\r\n+IPD,1,3:OK>t"\r\n\r\nOK\r\n',
        [NetworkData(b"OK>", 1), info('+CWJAP:"net"'), OK],
    ),
    "line glued to a value": (
        b"",
        b"+CWDHCP:30,CLOSED\r\n\r\nOK\r\n",
        [
            unsolicited(UnsolicitedKind.LINK_CLOSED, "0,CLOSED", 0),
            info("+CWDHCP:3"),
            OK,
        ],
    ),
    "a network whose name has one quote": (
        b"",
        b'+CWLAP:(3,"a"b",-57,"40:a7:37:00:00:01",1)\r\n+CWLAP:(0,"c",-50,"",1)\r\n\r\nOK\r\n',
        [
            info('+CWLAP:(3,"a"b",-57,"40:a7:37:00:00:01",1)'),
            info('+CWLAP:(0,"c",-50,"",1)'),
            OK,
        ],
    ),
    "a line that looks cut off and is not": (
        b"",
        b'+CWJAP:"half\r\nSTATUS:3\r\n\r\nOK\r\n',
        [info('+CWJAP:"half'), info("STATUS:3"), OK],
    ),
    "data with a quoted address": (
        b"",
        b'+IPD,3,2,"10.0.0.1",53:ab',
        [NetworkData(b"ab", 3, ("10.0.0.1", 53))],
    ),
    "prompt without OK and with its text glued": (
        b"AT+CIPSEND=4",
        b"AT+CIPSEND=4\r\r\n> busy s...\r\n\r\nSEND OK\r\n",
        [
            Echo(b"AT+CIPSEND=4"),
            Prompt(),
            FinalResult(Final.BUSY_S),
            FinalResult(Final.SEND_OK),
        ],
    ),
    "errors of the UART": (
        b"",
        b"FRM_ERR\r\nRX OVF!\r\nUART RX OVF!\r\n",
        [
            unsolicited(UnsolicitedKind.UART_FRAME_ERROR, "FRM_ERR"),
            unsolicited(UnsolicitedKind.UART_OVERFLOW, "RX OVF!"),
            unsolicited(UnsolicitedKind.UART_OVERFLOW, "UART RX OVF!"),
        ],
    ),
    "a start that the vendor's check ends": (
        b"",
        b"\xff\xffMEM CHECK FAIL!!!\r\nAi-Thinker Technology Co. Ltd.\r\n\r\ninvalid\r\n",
        [
            Noise(b"\xff\xffMEM CHECK FAIL!!!"),
            info("Ai-Thinker Technology Co. Ltd."),
            unsolicited(UnsolicitedKind.VENDOR_INVALID, "invalid"),
        ],
    ),
    "unfinished lines are nothing yet": (b"AT", b"AT\r\r\n\r\nOK\r", [Echo(b"AT")]),
}


@pytest.mark.parametrize("name", EXCHANGES)
def test_reader_finds_the_events_in_any_slicing(name: str) -> None:
    sent, stream, events = EXCHANGES[name]
    assert read_every_way(stream, echo=sent) == events


@pytest.mark.parametrize("name", EXCHANGES)
def test_reader_goes_on_with_what_follows(name: str) -> None:
    sent, stream, events = EXCHANGES[name]
    end = b"\n\r\nERROR\r\n"
    assert read_every_way(stream + end, echo=sent)[: len(events)] == events
    last = read([stream + end], echo=sent)[-1]
    assert isinstance(last, FinalResult)
    assert last.result is Final.ERROR


def test_echo_of_data_ends_without_a_line_end() -> None:
    data = b"GET /\r\n\r\n+IPD,3:x>\x00\xff"
    echoed = data.replace(b"\n", b"")
    stream = echoed + b"\r\nRecv 20 bytes\r\n\r\nSEND OK\r\n"
    assert read_every_way(stream, data_echo=data) == [
        Echo(echoed),
        TakenLine(b"Recv 20 bytes", 20),
        FinalResult(Final.SEND_OK),
    ]


def test_echo_of_data_may_begin_like_a_prompt() -> None:
    assert read_every_way(b">>>\r\nRecv 3 bytes\r\n", data_echo=b">>>") == [
        Echo(b">>>"),
        TakenLine(b"Recv 3 bytes", 3),
    ]


def test_new_expectation_replaces_an_echo_that_never_came() -> None:
    reader = ReplyReader()
    reader.expect_echo(b"AT+GMR\r\n")
    assert reader.receive(b"\r\nOK\r\n") == [OK]
    reader.expect_echo(b"AT\r\n")
    assert reader.receive(b"AT\r\r\n") == [Echo(b"AT")]


def test_final_result_tells_where_in_the_stream_it_ended() -> None:
    reader = ReplyReader()
    stream = b"\r\nOK\r\nWIFI GOT IP\r\n\r\nERROR\r\n"
    events = [event for byte in stream for event in reader.receive(bytes((byte,)))]
    ends = [event.end_offset for event in events if isinstance(event, FinalResult)]
    assert [stream[:end] for end in ends] == [b"\r\nOK\r\n", stream]
    assert reader.received_bytes == len(stream)


def test_endless_line_becomes_noise_in_pieces() -> None:
    stream = b"x" * (2 * LINE_LIMIT_BYTES + 3) + b"\r\nOK\r\n"
    reader = ReplyReader()
    events = reader.receive(stream)
    assert [type(event) for event in events] == [Noise, Noise, InformationLine, FinalResult]
    again = ReplyReader()
    pieces = (stream[begin : begin + 1000] for begin in range(0, len(stream), 1000))
    assert [event for piece in pieces for event in again.receive(piece)] == events


@pytest.mark.parametrize("unended", [b">", b"+IPD,0:"])
def test_what_has_no_line_ends_is_looked_at_once(unended: bytes) -> None:
    class Counting(bytes):
        copied = 0

        def __getitem__(self, key):  # type: ignore[no-untyped-def]
            part = bytes.__getitem__(self, key)
            if isinstance(part, bytes):
                Counting.copied += len(part)
            return part

    count = 20_000
    events = ReplyReader().receive(Counting(unended * count))
    assert len(events) == count
    assert Counting.copied < count * (LINE_LIMIT_BYTES + 10)


def test_reset_forgets_data_that_will_not_come() -> None:
    reader = ReplyReader()
    assert reader.receive(b"+IPD,2000:half") == []
    reader.reset()
    assert reader.receive(b"\r\nOK\r\n") == [OK]


def test_transparent_bytes_are_left_alone_until_told_otherwise() -> None:
    reader = ReplyReader()
    assert reader.receive(b"\r\nOK\r\n\r\n> +IPD,9:half") == [OK, Prompt()]
    reader.set_transparent(is_on=True)
    assert reader.receive(b"\r\nOK\r\n+IPD,0,3:") == [RawData(b"\r\nOK\r\n+IPD,0,3:")]
    assert reader.receive(b"") == []
    reader.set_transparent(is_on=False)
    assert reader.receive(b"\r\nOK\r\n") == [OK]
    assert reader.received_bytes == 42


@pytest.mark.parametrize("prompt", [b"> ", b">"])
def test_what_follows_an_expected_prompt_is_transparent(prompt: bytes) -> None:
    stream = b"AT+CIPSEND\r\r\n\r\nOK\r\n\r\n" + prompt + b"\r\nOK\r\n> +IPD"
    for size in (1, 3, len(stream)):
        reader = ReplyReader()
        reader.expect_echo(b"AT+CIPSEND")
        reader.expect_transparency()
        pieces = (stream[begin : begin + size] for begin in range(0, len(stream), size))
        events = [event for piece in pieces for event in reader.receive(piece)]
        assert events[:3] == [Echo(b"AT+CIPSEND"), OK, Prompt()]
        raw = [event.data for event in events[3:] if isinstance(event, RawData)]
        assert b"".join(raw) == b"\r\nOK\r\n> +IPD"
        reader.set_transparent(is_on=False)
        assert reader.receive(b"\r\nOK\r\n") == [OK]


def test_end_of_a_log_gives_what_is_unfinished() -> None:
    reader = ReplyReader()
    assert reader.receive(b"WIFI GOT IP\r\n0,CLOSED") == [GOT_IP]
    assert reader.finish() == [unsolicited(UnsolicitedKind.LINK_CLOSED, "0,CLOSED", 0)]
    assert reader.receive(b"+IPD,1,5:abc") == []
    assert reader.finish() == [NetworkData(b"abc", 1, missing_bytes=2)]
    assert reader.receive(b'+CWJAP:"a\r\n') == []
    assert reader.finish() == [info('+CWJAP:"a')]
    assert reader.finish() == []


def test_large_data_come_in_one_event_whatever_the_pieces() -> None:
    data = bytes(range(256)) * 11
    stream = b"\r\n+IPD,2,%d:" % len(data) + data + b"\r\nOK\r\n"
    for size in (1, 7, 64, 5000):
        pieces = (stream[begin : begin + size] for begin in range(0, len(stream), size))
        assert read(pieces)[0] == NetworkData(data, 2)


_PARTS = st.sampled_from(
    [b"AT", b"+IPD,", b"0,", b"3:", b"\r", b"\n", b"\r\n", b"> ", b"OK", b"WIFI GOT IP", b"\xff"]
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(_PARTS, max_size=25).map(b"".join),
    st.sampled_from([b"", b"AT", b"AT+GMR", b"AT0,3"]),
    st.lists(st.integers(1, 6), min_size=1, max_size=8),
)
def test_any_bytes_mean_the_same_in_any_slicing(
    stream: bytes, echo: bytes, sizes: list[int]
) -> None:
    pieces: list[bytes] = []
    begin = 0
    while begin < len(stream):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(stream[begin : begin + size])
        begin += size
    assert read(pieces, echo=echo) == read([stream], echo=echo)


def test_text_without_a_line_end_can_be_seen_before_it_ends() -> None:
    reader = ReplyReader()
    assert reader.unfinished == b""
    reader.receive(b"AT version:0.2")
    assert reader.unfinished == b"AT version:0.2"
    reader.receive(b"3\r\n")
    assert reader.unfinished == b""


def test_the_beginning_of_an_expected_echo_is_not_unfinished_text() -> None:
    reader = ReplyReader()
    reader.expect_echo(b"AT+GMR")
    reader.receive(b"AT+G")
    assert reader.unfinished == b""
    reader.receive(b"X")
    assert reader.unfinished == b"AT+GX"
