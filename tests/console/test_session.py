"""What the console sends, shows and expects, by literal bytes and given times."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.console.entry import Entry, EntryKind, format_entry, format_log_entry
from hil.console.session import QUIET_NS, Mode, Session
from hil.ports.byte_port import Parity, PortFormat
from hil.units import NS_PER_MS

MS = NS_PER_MS


class Talk:
    """A session and all that it has shown, as the screen shows it."""

    def __init__(self, baud: int = 115200) -> None:
        self.session = Session(PortFormat(baud=baud))
        self.entries: list[Entry] = []

    def say(self, line: str, at_ms: int = 0) -> bytes:
        """Type a line; returns what goes out."""
        data = self.session.bytes_of_line(line)
        self.entries += self.session.sent(data, at_ms * MS)
        return data

    def hear(self, data: bytes, at_ms: int = 0) -> None:
        self.entries += self.session.receive(data, at_ms * MS)

    def tick(self, at_ms: int) -> None:
        self.entries += self.session.tick(at_ms * MS)

    def mode(self) -> Mode:
        return self.session.mode

    def due_ns(self) -> int | None:
        return self.session.next_deadline_ns

    def waits(self) -> bool:
        return self.session.is_waiting

    @property
    def lines(self) -> list[str]:
        """What was shown since the last look."""
        lines = [format_entry(entry, 0).strip() for entry in self.entries]
        self.entries.clear()
        return lines


@pytest.fixture
def talk() -> Talk:
    return Talk()


def prompted(talk: Talk, command: str) -> None:
    """Say a command that a prompt answers."""
    talk.say(command)
    talk.hear(f"{command}\r\r\n\r\nOK\r\n> ".encode())


def test_a_command_and_its_reply_have_their_times_and_the_echo_is_not_shown_again(
    talk: Talk,
) -> None:
    assert talk.say("AT+CWMODE?", 1200) == b"AT+CWMODE?\r\n"
    assert talk.waits()
    talk.hear(b"AT+CWMODE?\r\r\n+CWMODE:1\r\n\r\nOK\r\n", 1204)
    assert talk.lines == ["1.200 tx AT+CWMODE?", "1.204 rx +CWMODE:1", "1.204 rx OK"]
    assert not talk.waits()
    assert talk.session.failures == 0


def test_a_line_in_the_midst_of_an_echo_is_shown_as_a_line_of_its_own(talk: Talk) -> None:
    talk.say("AT+GMR")
    talk.hear(b"AT+GWIFI CONNECTED\r\nMR\r\r\n\r\nOK\r\n")
    assert talk.lines == ["0.000 tx AT+GMR", "0.000 ** WIFI CONNECTED", "0.000 rx OK"]


@pytest.mark.parametrize("final", [b"ERROR", b"FAIL", b"busy p..."])
def test_a_reply_that_is_no_success_is_counted(talk: Talk, final: bytes) -> None:
    talk.say("AT+CWLAP")
    talk.hear(b"\r\n" + final + b"\r\n")
    assert not talk.waits()
    assert talk.session.failures == 1
    assert talk.entries[-1].kind is EntryKind.FAILURE


def test_a_password_is_shown_nowhere(talk: Talk) -> None:
    assert talk.say('AT+CWJAP_CUR="net","swordfish"') == b'AT+CWJAP_CUR="net","swordfish"\r\n'
    talk.hear(b"\r\nOK\r\npassword:swordfish\r\n+IPD,9:swordfish")
    talk.hear(b'+CWSAP:"mine","secret-one",5,3\r\n')
    assert talk.lines == [
        '0.000 tx AT+CWJAP_CUR="net",***',
        "0.000 rx OK",
        "0.000 ** password:***",
        "0.000 ** +IPD 9 bytes: ***",
        '0.000 rx +CWSAP:"mine",***,5,3',
    ]


@given(
    password=st.text(st.characters(codec="ascii", exclude_characters='"\\,\r\n\0'), min_size=5),
    cuts=st.lists(st.integers(0, 200)),
    place=st.integers(0, 40),
)
def test_a_password_in_an_echo_that_is_cut_and_interrupted_anywhere_is_hidden(
    password: str, cuts: list[int], place: int
) -> None:
    word = "".join(character for character in password if character.isprintable())
    secret = f"pw:{word}:wp"
    line = f'AT+CWJAP_DEF="net","{secret}"'
    talk = Talk()
    talk.say(line)
    place = min(place, len(line))
    heard = f"{line[:place]}WIFI DISCONNECT\r\n{line[place:]}\r\r\n\r\nOK\r\n".encode()
    edges = sorted({0, len(heard), *(cut % len(heard) for cut in cuts)})
    for moment, (start, end) in enumerate(pairwise(edges)):
        talk.hear(heard[start:end], 1000 * moment)
        talk.tick(1000 * moment + 500)
    assert secret not in "\n".join(talk.lines)


@given(st.lists(st.integers(0, 500)))
def test_what_is_shown_does_not_depend_on_the_pieces_in_which_it_comes(cuts: list[int]) -> None:
    heard = (
        b"AT+GMR\r\r\nAT version:0.23\r\n\r\nOK\r\n0,CONNECT\r\n\r\n+IPD,0,5:a\r\nb\x00"
        b"\xfe\xff\x80\r\nready\r\n ets Jan  8 2013,rst cause:2, boot mode:(3,6)\r\n> "
        b'+CWLAP:(3,"caf\xc3\xa9",-50,"18:fe:34:00:00:01",1)\r\nlast'
    )
    shown = []
    for edges in ([0, len(heard)], sorted({0, len(heard), *(cut % len(heard) for cut in cuts)})):
        talk = Talk()
        talk.say("AT+GMR")
        for start, end in pairwise(edges):
            talk.hear(heard[start:end])
        talk.tick(10_000)
        shown.append(talk.lines)
    assert shown[0] == shown[1]
    assert shown[0][-1] == "0.000 rx last ..."


def test_text_without_a_line_end_is_shown_when_nothing_more_comes(talk: Talk) -> None:
    talk.hear(b"half a li", 10)
    assert talk.due_ns() == 10 * MS + QUIET_NS
    talk.tick(109)
    assert talk.lines == []
    talk.tick(110)
    talk.tick(1000)
    assert talk.lines == ["0.010 rx half a li ..."]
    assert talk.due_ns() is None
    talk.hear(b"ne\r\n", 2000)
    assert talk.lines == ["2.000 rx half a line"]


def test_the_beginning_of_an_echo_is_not_text_without_a_line_end(talk: Talk) -> None:
    talk.say("AT+GMR")
    talk.hear(b"AT+G")
    talk.tick(1000)
    assert talk.lines == ["0.000 tx AT+GMR"]


def test_data_of_links_are_shown_by_length_and_what_is_no_text_as_escapes(talk: Talk) -> None:
    talk.hear(b"\r\n+IPD,2,7:\x1b[2J\r\n\xff+IPD,1:\x80")
    assert talk.lines == [
        "0.000 ** +IPD link 2, 7 bytes: \\x1b[2J\\r\\n\\xff",
        "0.000 ** +IPD 1 bytes: \\x80",
    ]


def test_the_screen_shows_the_beginning_of_long_data_and_the_log_all_of_them(talk: Talk) -> None:
    talk.hear(b"+IPD,600:" + b"a" * 512 + b"b" * 88)
    (entry,) = talk.entries
    assert format_entry(entry, 0).endswith("a ... 88 more")
    assert format_log_entry(entry, 0).endswith("ab" + "b" * 87)


def test_what_a_terminal_would_act_on_never_reaches_it(talk: Talk) -> None:
    talk.hear(b'+CWLAP:(0,"\x1b]0;x\x07",-1)\r\n+X:\xc2\x9b31m\r\n+Y:caf\xc3\xa9\r\n')
    assert talk.lines == [
        '0.000 rx +CWLAP:(0,"\\x1b]0;x\\x07",-1)',
        "0.000 rx +X:\\xc2\\x9b31m",
        "0.000 rx +Y:café",
    ]


class TestData:
    def test_lines_behind_a_prompt_go_out_as_they_are_until_the_length_is_met(
        self, talk: Talk
    ) -> None:
        prompted(talk, "AT+CIPSEND=0,6")
        assert talk.mode() is Mode.DATA
        assert not talk.waits()
        assert talk.say("AT") == b"AT"
        assert talk.session.missing_bytes == 4
        assert talk.say("data") == b"data"
        assert talk.mode() is Mode.COMMAND
        assert talk.waits()
        talk.hear(b"\r\nSEND OK\r\n")
        assert not talk.waits()
        assert talk.lines == [
            "0.000 tx AT+CIPSEND=0,6",
            "0.000 rx OK",
            "0.000 rx > (6 bytes wanted)",
            "0.000 tx 2 bytes: AT",
            "0.000 tx 4 bytes: data",
            "0.000 rx SEND OK",
        ]

    @pytest.mark.parametrize(
        ("command", "count"),
        [
            ("AT+CIPSEND=4", 4),
            ("AT+CIPSEND=1,5", 5),
            ('AT+CIPSEND=6,"host",80', 6),
            ('AT+CIPSENDEX=1,7,"host",80', 7),
            ("AT+CIPSENDBUF=8", 8),
        ],
    )
    def test_how_much_is_wanted_is_read_from_every_form(
        self, talk: Talk, command: str, count: int
    ) -> None:
        prompted(talk, command)
        assert talk.session.missing_bytes == count

    def test_a_prompt_that_nobody_asked_for_takes_lines_until_a_result_comes(
        self, talk: Talk
    ) -> None:
        talk.hear(b"> ")
        assert talk.say("anything") == b"anything"
        assert talk.mode() is Mode.DATA
        talk.hear(b"\r\nSEND OK\r\n")
        assert talk.mode() is Mode.COMMAND

    def test_too_much_is_said(self, talk: Talk) -> None:
        prompted(talk, "AT+CIPSEND=2")
        talk.say("data")
        assert talk.lines[-1] == "0.000 -- 2 more than the module waited for"

    def test_an_error_in_the_midst_of_data_leads_back_to_commands(self, talk: Talk) -> None:
        prompted(talk, "AT+CIPSEND=10")
        talk.say("data")
        talk.hear(b"\r\nERROR\r\n")
        assert talk.mode() is Mode.COMMAND
        assert talk.session.failures == 1

    def test_ok_behind_received_data_does_not_end_sending(self, talk: Talk) -> None:
        prompted(talk, "AT+CIPSEND=4")
        talk.hear(b"+IPD,1:x\r\nOK\r\n")
        assert talk.mode() is Mode.DATA

    def test_a_segment_of_the_send_buffer_ends_with_its_own_line(self, talk: Talk) -> None:
        prompted(talk, "AT+CIPSENDBUF=4")
        talk.say("data")
        assert talk.waits()
        talk.hear(b"\r\n1,SEND OK\r\n")
        assert not talk.waits()

    def test_three_plus_signs_take_a_prompt_back_without_a_line_end(self, talk: Talk) -> None:
        prompted(talk, "AT+CIPSEND=4")
        assert talk.say("+++") == b"+++"
        assert talk.mode() is Mode.COMMAND


class TestPassthrough:
    def test_everything_goes_as_it_is_until_three_plus_signs(self, talk: Talk) -> None:
        prompted(talk, "AT+CIPSEND")
        assert talk.mode() is Mode.PASSTHROUGH
        assert talk.lines[-1] == "0.000 rx > (passthrough until +++)"
        assert talk.say("AT+GMR") == b"AT+GMR"
        talk.hear(b"OK\r\n> +IPD,1:x")
        talk.tick(500)
        assert talk.lines == [
            "0.000 tx 6 bytes: AT+GMR",
            "0.000 ** OK\\r\\n",
            "0.000 ** > +IPD,1:x",
        ]
        assert talk.say("+++") == b"+++"
        assert talk.mode() is Mode.COMMAND
        assert talk.say("AT") == b"AT\r\n"
        talk.hear(b"AT\r\r\n\r\nOK\r\n")
        assert talk.lines == [
            "0.000 tx +++",
            "0.000 -- back to commands; wait a second before the next one (A-52)",
            "0.000 tx AT",
            "0.000 rx OK",
        ]

    def test_a_module_that_began_with_it_is_brought_back_likewise(self, talk: Talk) -> None:
        assert talk.mode() is Mode.COMMAND  # nobody has told the console
        assert talk.say("+++") == b"+++"
        assert talk.lines == ["0.000 tx +++"]

    def test_a_reset_by_the_rig_ends_it(self, talk: Talk) -> None:
        prompted(talk, "AT+CIPSEND")
        talk.session.forget()
        assert talk.mode() is Mode.COMMAND
        talk.hear(b"\r\nready\r\n")
        assert talk.lines[-1] == "0.000 -- the module has restarted (it said 'ready')"

    def test_a_refused_one_is_none(self, talk: Talk) -> None:
        talk.say("AT+CIPSEND")
        talk.hear(b"\r\nERROR\r\n")
        assert talk.mode() is Mode.COMMAND


class TestRestart:
    def test_noise_of_a_boot_log_is_shown_as_such_with_the_rate_that_it_has(
        self, talk: Talk
    ) -> None:
        talk.hear(b"\xfe\xffrl\x80", 5)
        talk.hear(b"\xe0" * 40 + b"\r\n", 6)
        talk.hear(b"ready\r\n", 300)
        assert talk.lines == [
            "0.005 ~~ 45 bytes of noise (sent at another rate? Boot logs come at 74880 baud): "
            "\\xfe\\xffrl\\x80" + "\\xe0" * 19 + " ... 21 more",
            "0.300 ** ready",
            "0.300 -- the module has restarted (it said 'ready')",
        ]

    def test_what_the_firmware_prints_until_it_is_ready_is_no_reply(self, talk: Talk) -> None:
        talk.hear(b" ets Jan  8 2013,rst cause:2, boot mode:(3,6)\r\n")
        talk.hear(b"SDK version: 1.0.1\r\nready\r\n")
        assert talk.lines[2:] == ["0.000 .. SDK version: 1.0.1", "0.000 ** ready"]
        talk.hear(b"SDK version: 1.0.1\r\n")
        assert talk.lines == ["0.000 rx SDK version: 1.0.1"]

    def test_a_reply_of_a_module_that_never_says_ready_is_a_reply(self, talk: Talk) -> None:
        talk.hear(b" ets Jan  8 2013,rst cause:2, boot mode:(3,6)\r\n")
        talk.say("AT+GMR")
        talk.hear(b"AT+GMR\r\r\nSDK version:1.0.1\r\n\r\nOK\r\n")
        assert talk.lines[-2:] == ["0.000 rx SDK version:1.0.1", "0.000 rx OK"]

    def test_noise_that_pauses_is_shown_once(self, talk: Talk) -> None:
        talk.hear(b"\xfe\xff", 5)
        talk.tick(200)
        talk.hear(b"\x80\r\n", 300)
        talk.tick(500)
        assert [line.rpartition(": ")[2] for line in talk.lines] == ["\\xfe\\xff", "\\x80"]

    def test_a_readable_boot_log_tells_the_cause_once(self) -> None:
        talk = Talk(baud=74880)
        talk.hear(b"\r\n ets Jan  8 2013,rst cause:4, boot mode:(3,6)\r\n\r\nwdt reset\r\n")
        talk.hear(b"\r\nready\r\n")
        assert talk.lines == [
            "0.000 .. ets Jan  8 2013,rst cause:4, boot mode:(3,6)",
            "0.000 -- the module has restarted (rst cause 4: watchdog)",
            "0.000 .. wdt reset",
            "0.000 ** ready",
        ]

    def test_one_that_nobody_asked_for_ends_what_was_running_as_a_failure(self, talk: Talk) -> None:
        prompted(talk, "AT+CIPSEND=4")
        talk.hear(b"\r\nready\r\n")
        assert (talk.mode(), talk.session.failures) == (Mode.COMMAND, 1)

    @pytest.mark.parametrize("command", ["AT+RST", "AT+RESTORE"])
    def test_a_command_that_restarts_has_ended_when_the_module_is_ready(
        self, talk: Talk, command: str
    ) -> None:
        talk.say(command)
        talk.hear(b"\r\nOK\r\n ets Jan  8 2013,rst cause:2, boot mode:(3,6)\r\n")
        assert talk.waits()
        talk.hear(b"\r\nready\r\n")
        assert not talk.waits()
        assert talk.session.failures == 0


class TestSettings:
    def test_cipmux_is_learnt_from_ok_from_its_query_and_from_a_restart(self, talk: Talk) -> None:
        assert talk.session.settings == {}
        talk.say("AT+CIPMUX=1")
        assert talk.session.settings == {}
        talk.hear(b"\r\nOK\r\n")
        assert talk.session.settings == {"CIPMUX": "1"}
        talk.hear(b"+CIPMUX:0\r\n")
        assert talk.session.settings == {"CIPMUX": "0"}
        talk.say("AT+CIPMUX=1")
        talk.hear(b"\r\nERROR\r\n")
        assert talk.session.settings == {"CIPMUX": "0"}
        talk.hear(b"\r\nready\r\n")
        assert talk.session.settings == {"CIPMUX": "0", "CIPMODE": "0"}

    @pytest.mark.parametrize(
        ("command", "wanted"),
        [
            ("AT+UART_CUR=9600,7,3,2,0", PortFormat(9600, 7, Parity.EVEN, 2)),
            ("AT+UART_DEF=115200,8,1,0,3", None),  # as it is set already; no flow control here
            ("AT+UART=57600,8,1,0,0", PortFormat(57600)),
            ("AT+UART_CUR=9600", None),
            ("AT+UART_CUR=a,8,1,0,0", None),
            ("AT+UART_CUR=9600,8,9,0,0", None),
            ("AT+GMR", None),
        ],
    )
    def test_the_port_follows_what_the_module_has_agreed_to(
        self, talk: Talk, command: str, wanted: PortFormat | None
    ) -> None:
        talk.say(command)
        assert talk.session.take_format() is None
        talk.hear(b"\r\nOK\r\n")
        assert talk.session.take_format() == wanted
        assert talk.session.take_format() is None

    def test_a_restart_brings_back_the_rate_with_which_the_module_starts(self, talk: Talk) -> None:
        for command, baud in (
            ("AT+UART_DEF=9600,8,1,0,0", 9600),
            ("AT+UART_CUR=57600,8,1,0,0", 57600),
        ):
            talk.say(command)
            talk.hear(b"\r\nOK\r\n")
            wanted = talk.session.take_format()
            assert wanted == PortFormat(baud)
            talk.session.set_format(wanted)
        talk.say("AT+RST")
        talk.hear(b"\r\nOK\r\n")
        assert talk.session.take_format() == PortFormat(9600)

    def test_factory_settings_bring_back_the_factorys_rate(self) -> None:
        talk = Talk(baud=9600)
        talk.say("AT+RESTORE")
        talk.hear(b"\r\nOK\r\n")
        assert talk.session.take_format() == PortFormat(115200)

    def test_what_began_at_another_rate_does_not_go_on(self, talk: Talk) -> None:
        talk.hear(b"abc")
        talk.entries += talk.session.set_format(PortFormat(9600))
        talk.hear(b"def\r\n")
        assert talk.lines == ["0.000 rx abc ...", "0.000 rx def"]
