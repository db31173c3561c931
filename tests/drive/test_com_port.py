"""The server's end of RFC2217 as bytes: what a client says, what it is answered, what it moves."""

from __future__ import annotations

import socket
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.drive.com_port import LONGEST_COMMAND_BYTES, ComPort, TelnetError
from hil.drive.descriptor import OUTBOX_BYTES, Descriptor
from hil.drive.line_port import LinePort
from hil.virtual.uart import LineFormat, Parity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hil.drive.served_line import ServedLine

NOW_NS = 7


class Line:
    """Writes down what happens to a served line, in order."""

    def __init__(self) -> None:
        self.happened: list[object] = []

    def write(self, data: bytes, now_ns: int) -> None:
        assert now_ns == NOW_NS
        match self.happened:
            case [*_, bytes(before)]:
                self.happened[-1] = before + data
            case _:
                self.happened.append(data)

    def set_format(self, line_format: LineFormat, now_ns: int) -> None:
        self.happened.append(line_format)

    def set_lines(self, *, dtr: bool, rts: bool, now_ns: int) -> None:
        self.happened.append(f"dtr {dtr:d} rts {rts:d}")

    def set_break(self, *, is_on: bool, now_ns: int) -> None:
        self.happened.append(f"break {is_on:d}")

    def discard_input(self, now_ns: int) -> None:
        self.happened.append("discard input")


class Conversation:
    """A client and the server's end."""

    def __init__(self) -> None:
        self.line = Line()
        near, self._far = socket.socketpair()
        self._far.settimeout(0)
        self.client = Descriptor(near.fileno(), near.close)
        port = LinePort(cast("ServedLine", self.line), NOW_NS)
        self.com_port = ComPort(port, self.client, "a virtual module")
        self.greeting = self.answers()
        self.line.happened.clear()

    def say(self, data: bytes, *, is_purged: bool = False) -> bytes:
        """Say something; returns what is answered."""
        self.com_port.receive(data, NOW_NS, is_purged=is_purged)
        return self.answers()

    def answers(self) -> bytes:
        try:
            return self._far.recv(1_000_000)
        except BlockingIOError:
            return b""

    def __enter__(self) -> Conversation:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self._far.close()


@pytest.fixture
def conversation() -> Iterator[Conversation]:
    with Conversation() as held:
        yield held


def command(content: str) -> bytes:
    """IAC SB COM-PORT-OPTION content IAC SE."""
    return b"\xff\xfa\x2c" + bytes.fromhex(content) + b"\xff\xf0"


def test_the_server_begins(conversation: Conversation) -> None:
    """WILL ECHO, WILL SUPPRESS-GO-AHEAD, DO BINARY, WILL COM-PORT-OPTION."""
    assert conversation.greeting == b"\xff\xfb\x01\xff\xfb\x03\xff\xfd\x00\xff\xfb\x2c"


def test_a_client_that_agrees_hears_of_the_inputs(conversation: Conversation) -> None:
    assert conversation.say(b"\xff\xfd\x2c") == command("6b00")


def test_an_option_that_nobody_knows_is_refused(conversation: Conversation) -> None:
    assert conversation.say(b"\xff\xfb\x18\xff\xfd\x1f") == b"\xff\xfe\x18\xff\xfc\x1f"


class TestSettings:
    @pytest.mark.parametrize(
        ("asked", "answered", "line_format"),
        [
            ("0100002580", "6500002580", LineFormat(9600)),
            ("010000ffff00", "650000ffff00", LineFormat(65280)),
            ("0207", "6607", LineFormat(data_bits=7)),
            ("0302", "6702", LineFormat(parity=Parity.ODD)),
            ("0303", "6703", LineFormat(parity=Parity.EVEN)),
            ("0402", "6802", LineFormat(half_stop_bits=4)),
            ("0403", "6803", LineFormat(half_stop_bits=3)),
        ],
    )
    def test_take_effect(
        self, conversation: Conversation, asked: str, answered: str, line_format: LineFormat
    ) -> None:
        assert conversation.say(command(asked)) == command(answered)
        assert conversation.line.happened == [line_format]

    @pytest.mark.parametrize(
        ("asked", "answered"),
        [
            ("0100000000", "650001c200"),
            ("0200", "6608"),
            ("0300", "6701"),
            ("0400", "6801"),
        ],
    )
    def test_can_be_asked_for(self, conversation: Conversation, asked: str, answered: str) -> None:
        assert conversation.say(command(asked)) == command(answered)
        assert conversation.line.happened == []

    @pytest.mark.parametrize(
        ("asked", "answered"),
        [
            pytest.param("0204", "6608", id="4 data bits"),
            pytest.param("0209", "6608", id="9 data bits"),
            pytest.param("0304", "6701", id="mark parity"),
            pytest.param("0305", "6701", id="space parity"),
            pytest.param("0306", "6701", id="a parity of the future"),
            pytest.param("0404", "6801", id="stop bits of the future"),
        ],
    )
    def test_that_no_uart_has_are_answered_with_what_is_set(
        self, conversation: Conversation, asked: str, answered: str
    ) -> None:
        assert conversation.say(command(asked)) == command(answered)
        assert set(conversation.line.happened) <= {LineFormat()}

    def test_take_effect_in_their_place_among_the_bytes(self, conversation: Conversation) -> None:
        conversation.say(b"slow" + command("0100000960") + b"slower" + command("0207") + b"7")
        assert conversation.line.happened == [
            b"slow",
            LineFormat(2400),
            b"slower",
            LineFormat(2400, 7),
            b"7",
        ]


class TestControl:
    @pytest.mark.parametrize(
        ("asked", "answered", "happened"),
        [
            ("0508", "6908", ["dtr 1 rts 0"]),
            ("0509", "6909", ["dtr 0 rts 0"]),
            ("050b", "690b", ["dtr 0 rts 1"]),
            ("050c", "690c", ["dtr 0 rts 0"]),
            ("0505", "6905", ["break 1"]),
            ("0506", "6906", ["break 0"]),
        ],
    )
    def test_lines_and_break(
        self, conversation: Conversation, asked: str, answered: str, happened: list[str]
    ) -> None:
        assert conversation.say(command(asked)) == command(answered)
        assert conversation.line.happened == happened

    @pytest.mark.parametrize(
        ("on", "ask", "is_on", "is_off"),
        [("08", "07", "08", "09"), ("0b", "0a", "0b", "0c"), ("05", "04", "05", "06")],
        ids=["DTR", "RTS", "break"],
    )
    def test_their_state_can_be_asked_for(
        self, conversation: Conversation, on: str, ask: str, is_on: str, is_off: str
    ) -> None:
        assert conversation.say(command("05" + ask)) == command("69" + is_off)
        conversation.say(command("05" + on))
        assert conversation.say(command("05" + ask)) == command("69" + is_on)

    @pytest.mark.parametrize("value", ["00", "01", "02", "03", "11", "13"])
    def test_there_is_no_flow_control_outbound(
        self, conversation: Conversation, value: str
    ) -> None:
        assert conversation.say(command("05" + value)) == command("6901")

    @pytest.mark.parametrize("value", ["0d", "0e", "0f", "10", "12"])
    def test_there_is_no_flow_control_inbound(self, conversation: Conversation, value: str) -> None:
        assert conversation.say(command("05" + value)) == command("690e")

    def test_lines_change_behind_the_bytes_before_them(self, conversation: Conversation) -> None:
        conversation.say(b"AT\r\n" + command("050b") + command("0505") + b"more")
        assert conversation.line.happened == [b"AT\r\n", "dtr 0 rts 1", "break 1", b"more"]


class TestNotification:
    def test_the_state_of_the_inputs_can_be_asked_for(self, conversation: Conversation) -> None:
        assert conversation.say(command("07")) == command("6b00")
        assert conversation.say(command("06")) == command("6a00")

    def test_masks_are_confirmed(self, conversation: Conversation) -> None:
        assert conversation.say(command("0b30") + command("0a10")) == command("6f30") + command(
            "6e10"
        )


class TestSignature:
    def test_a_client_that_asks_is_told(self, conversation: Conversation) -> None:
        assert conversation.say(command("00")) == b"\xff\xfa\x2c\x64a virtual module\xff\xf0"

    def test_the_clients_own_is_no_question(self, conversation: Conversation) -> None:
        assert conversation.say(command("00" + b"minicom".hex())) == b""


class TestPurge:
    def test_of_what_has_arrived(self, conversation: Conversation) -> None:
        assert conversation.say(b"a" + command("0c01")) == command("7001")
        assert conversation.line.happened == [b"a", "discard input"]

    def test_of_both_buffers(self, conversation: Conversation) -> None:
        assert conversation.say(command("0c03")) == command("7003")
        assert conversation.line.happened == ["discard input"]

    def test_of_what_waits_for_the_line(self, conversation: Conversation) -> None:
        waiting = b"lost" + command("050b") + b"\xff\xfftoo" + command("0c02")
        assert conversation.com_port.purged_bytes(waiting + b"kept") == len(waiting)
        assert conversation.say(waiting, is_purged=True) == command("690b") + command("7002")
        conversation.say(b"kept")
        assert conversation.line.happened == ["dtr 0 rts 1", b"kept"]

    @pytest.mark.parametrize(
        "waiting",
        [
            b"\xff" + command("0c02"),  # escaped, it is data
            command("0c01"),
            command("00" + "0c02"),
            command("0c02")[:-1],
            b"",
        ],
    )
    def test_that_is_none_is_not_taken_for_one(
        self, conversation: Conversation, waiting: bytes
    ) -> None:
        assert conversation.com_port.purged_bytes(waiting) == 0

    def test_is_not_looked_for_in_the_rest_of_a_command(self, conversation: Conversation) -> None:
        conversation.say(b"\xff\xfa\x2c\x00\xff")
        assert conversation.com_port.purged_bytes(command("0c02")) == 0


class TestSilence:
    def test_data_and_answers_wait_until_the_client_resumes(
        self, conversation: Conversation
    ) -> None:
        assert conversation.say(command("08")) == b""
        conversation.client.write(b"data")
        assert conversation.say(command("0200")) == b""
        assert conversation.client.has_outbox
        conversation.com_port.receive(command("09"), NOW_NS)
        conversation.client.flush()
        assert conversation.answers() == b"data" + command("6608")

    def test_a_client_that_asks_on_and_on_in_silence_costs_no_more_than_one_that_does_not_read(
        self, conversation: Conversation
    ) -> None:
        conversation.say(command("08"))
        for _ in range(OUTBOX_BYTES // 4):
            conversation.say(command("0200"))
        assert len(conversation.client._outbox) < OUTBOX_BYTES + 16
        assert conversation.client.lost_bytes


class TestImpossible:
    @pytest.mark.parametrize(
        ("said", "text"),
        [
            (b"\xff\xf0", "a command ends that has not begun"),
            (command("01002580"), "command 01 cannot hold 002580"),
            (command("05"), "command 05 cannot hold nothing"),
            (command("0b"), "command 0b cannot hold nothing"),
            (command("0c"), "command 0c cannot hold nothing"),
        ],
    )
    def test_commands_are_refused(self, conversation: Conversation, said: bytes, text: str) -> None:
        with pytest.raises(TelnetError) as caught:
            conversation.say(b"before" + said + b"behind")
        assert str(caught.value) == text
        assert conversation.line.happened == [b"before"]

    def test_a_command_that_never_ends_is_refused(self, conversation: Conversation) -> None:
        conversation.say(b"\xff\xfa" + b"x" * LONGEST_COMMAND_BYTES)
        with pytest.raises(TelnetError) as caught:
            conversation.say(b"xx")
        assert str(caught.value) == "a command is longer than 1024 bytes"

    @pytest.mark.parametrize(
        "said",
        [
            command(""),
            command("63"),  # no such command
            command("0514"),  # a control value of the future
            command("0c07"),
            b"\xff\xfa\x18\x01\xff\xf0",  # an option that was refused
            b"\xff\xf6",  # are you there?
        ],
    )
    def test_what_means_nothing_is_passed_over(
        self, conversation: Conversation, said: bytes
    ) -> None:
        assert conversation.say(b"before" + said + b"behind") == b""
        assert conversation.line.happened == [b"beforebehind"]


pieces = st.lists(
    st.one_of(
        st.binary(max_size=20).map(lambda data: data.replace(b"\xff", b"\xff\xff")),
        st.sampled_from(
            [
                command("010000ffff00"),
                command("0207"),
                command("050b"),
                command("050c"),
                command("0505"),
                command("0c01"),
                b"\xff\xfd\x01",
            ]
        ),
    ),
    max_size=10,
)


@given(pieces, st.lists(st.integers(0)))
def test_how_it_is_cut_does_not_matter(said: list[bytes], places: list[int]) -> None:
    stream = b"".join(said)
    edges = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    with Conversation() as whole, Conversation() as cut:
        answered = whole.say(stream)
        assert b"".join(cut.say(stream[start:end]) for start, end in pairwise(edges)) == answered
        assert cut.line.happened == whole.line.happened


fragments = st.sampled_from([b"\xff", b"\xfa", b"\xf0", b"\x2c", *(bytes([n]) for n in range(20))])


@given(st.one_of(st.binary(max_size=200), st.lists(fragments, max_size=60).map(b"".join)))
def test_noise_is_obeyed_passed_on_or_refused(noise: bytes) -> None:
    with Conversation() as conversation, suppress(TelnetError):
        conversation.say(noise)


def test_every_byte_passes(conversation: Conversation) -> None:
    every = bytes(range(256)) * 3
    conversation.say(every.replace(b"\xff", b"\xff\xff"))
    assert conversation.line.happened == [every]
    assert b"".join(conversation.com_port.escape(every)) == every.replace(b"\xff", b"\xff\xff")
