"""Raw talk: lines as they are written, and answers compared as text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from hil.at.talk import JOIN_FAILURE, OK, REFUSAL, Talk
from hil.errors import AnswerDiffersError, NoReplyError

from .scripted_port import Answer, ScriptedPort

if TYPE_CHECKING:
    from hil.at import AtClient


@pytest.fixture
def talk(client: AtClient) -> Talk:
    """Talk with a virtual module that follows the document."""
    return Talk(client, is_strict=True)


@pytest.fixture
def real(client: AtClient) -> Talk:
    """Talk with any other module."""
    return Talk(client, is_strict=False)


def test_answer_is_compared_line_by_line(port: ScriptedPort, talk: Talk) -> None:
    port.expect(b"AT+CWMODE?\r\n", b"+CWMODE:2\r\n\r\nOK\r\n")
    talk.expect("AT+CWMODE?", "+CWMODE:2", OK)


@pytest.mark.parametrize(
    "answer",
    [
        b"+CWMODE:3\r\n\r\nOK\r\n",
        b"+CWMODE:2\r\n\r\nERROR\r\n",
        b"+CWMODE:2\r\n+CWMODE:2\r\n\r\nOK\r\n",
        b"\r\nOK\r\n",
        b"x\x80y\r\n+CWMODE:2\r\n\r\nOK\r\n",
    ],
)
def test_any_other_answer_differs(port: ScriptedPort, real: Talk, answer: bytes) -> None:
    port.expect(b"AT+CWMODE?\r\n", answer)
    with pytest.raises(AnswerDiffersError):
        real.expect("AT+CWMODE?", "+CWMODE:2", OK)


def test_difference_is_told_with_what_was_sent_and_came(port: ScriptedPort, talk: Talk) -> None:
    port.expect(b"AT+CWMODE?\r\n", b"+CWMODE:3\r\n\r\nOK\r\n")
    with pytest.raises(AnswerDiffersError) as caught:
        talk.expect("AT+CWMODE?", re.compile(r"\+CWMODE:[12]"), OK)
    assert str(caught.value) == (
        r"AT+CWMODE?: expected /\+CWMODE:[12]/ | OK, but +CWMODE:3 | OK came "
        "on scripted at 115200 baud"
    )


def test_expressions_give_their_groups(port: ScriptedPort, talk: Talk) -> None:
    port.expect(b"AT+CIFSR\r\n", b'+CIFSR:STAIP,"1.2.3.4"\r\n+CIFSR:STAMAC,"x"\r\n\r\nOK\r\n')
    match = talk.expect(
        "AT+CIFSR", re.compile(r'\+CIFSR:STAIP,"(?P<ip>.*)"'), re.compile(r".*MAC,(.*)"), OK
    )
    assert match.groups == ("1.2.3.4", '"x"')
    assert match.named == {"ip": "1.2.3.4"}


@pytest.mark.parametrize("answer", [b"\r\nERROR\r\n", b"no ip\r\n\r\nERROR\r\n"])
def test_real_module_may_give_a_reason(port: ScriptedPort, real: Talk, answer: bytes) -> None:
    port.expect(b"AT+PING=x\r\n", answer)
    real.refused("AT+PING=x")
    assert list(real.spellings) == ["refusal"]
    assert real.spellings["refusal"].lines[-1] == "ERROR"


def test_module_that_follows_the_document_gives_none(port: ScriptedPort, talk: Talk) -> None:
    port.expect(b"AT+PING=x\r\n", b"no ip\r\n\r\nERROR\r\n")
    with pytest.raises(AnswerDiffersError, match=r"expected ERROR, but no ip \| ERROR came"):
        talk.refused("AT+PING=x")


def test_spelling_of_several_lines_stands_among_others(port: ScriptedPort, real: Talk) -> None:
    port.expect(b"AT+CWJAP?\r\n", b"first\r\n+CWJAP:3\r\n\r\nFAIL\r\n")
    match = real.expect("AT+CWJAP?", "first", JOIN_FAILURE)
    assert match.seen["join-failure"].firmware.startswith("a code and FAIL")


def test_unsolicited_lines_belong_to_no_answer(port: ScriptedPort, talk: Talk) -> None:
    port.expect(b"AT+CWQAP\r\n", b"WIFI DISCONNECT\r\n\r\nOK\r\n", b"WIFI CONNECTED\r\n")
    talk.ok("AT+CWQAP")
    assert talk.unsolicited() == ("WIFI DISCONNECT", "WIFI CONNECTED")
    assert talk.unsolicited() == ()


def test_line_behind_the_end_is_an_error(port: ScriptedPort, talk: Talk) -> None:
    port.expect(b"AT\r\n", b"\r\nOK\r\n", Answer(b"\r\nOK\r\n", 2))
    with pytest.raises(
        AnswerDiffersError,
        match="AT: expected nothing behind the end of the answer, but OK came on scripted",
    ):
        talk.ok("AT")


@pytest.mark.parametrize(
    "answer", [b"OK\r\n\r\n+X:1\r\n", b"+X:1\n\r\nOK\r\n", b"\r\n+X:1\r\n\r\nOK\r\n"]
)
def test_framing_counts_where_only_the_document_counts(
    port: ScriptedPort, talk: Talk, answer: bytes
) -> None:
    port.expect(b"AT+X?\r\n", answer)
    with pytest.raises(AnswerDiffersError):
        talk.expect("AT+X?", "+X:1", OK)


def test_blank_lines_do_not_count_on_a_real_module(port: ScriptedPort, real: Talk) -> None:
    port.expect(b"AT+X?\r\n", b"\r\n+X:1\r\n\r\n\r\nOK\r\n")
    real.expect("AT+X?", "+X:1", OK)


@pytest.mark.parametrize(("prompt", "is_taken"), [(b"\r\nOK\r\n> ", True), (b"\r\n> ", False)])
def test_prompt_of_the_document_has_an_ok(
    port: ScriptedPort, talk: Talk, prompt: bytes, *, is_taken: bool
) -> None:
    port.expect(b"AT+CIPSEND=2\r\n", prompt)
    if not is_taken:
        with pytest.raises(AnswerDiffersError):
            talk.prompt("AT+CIPSEND=2")
        return
    talk.prompt("AT+CIPSEND=2")
    port.expect(b"hi", b"\r\nSEND OK\r\n")
    talk.data(b"hi").must_be("SEND OK")


def test_data_of_links_are_taken_in_order(port: ScriptedPort, talk: Talk) -> None:
    port.arrive(b"\r\n+IPD,0,3:abc")
    port.arrive(b"\r\n+IPD,0,2:de", after_ms=5)
    assert talk.received_bytes(5, link=0) == b"abcde"
    with pytest.raises(AnswerDiffersError, match=r"expected a record \+IPD, but none within 1 s"):
        talk.received(1)


def test_data_of_another_link_are_an_error(port: ScriptedPort, talk: Talk) -> None:
    port.arrive(b"\r\n+IPD,1,3:abc")
    with pytest.raises(AnswerDiffersError, match="of link 0, but one of link 1"):
        talk.received_bytes(3, link=0)


def test_bytes_are_heard_as_they_are(port: ScriptedPort, talk: Talk) -> None:
    port.arrive(b"\r\nOK", after_ms=10)
    port.arrive(b"\x00\xff", after_ms=20)
    port.arrive(b"late", after_ms=2000)
    assert talk.hear(1) == b"\r\nOK\x00\xff"
    with pytest.raises(AnswerDiffersError, match="expected nothing, but late came"):
        talk.silent(2)
    talk.silent(2)


def test_what_does_not_come_is_told(port: ScriptedPort, talk: Talk) -> None:
    port.arrive(b"abc", after_ms=10)
    with pytest.raises(AnswerDiffersError, match=r"expected /x\+/, but abc within 1 s came"):
        talk.hear_until(b"x+", 1)


def test_silence_is_no_answer(port: ScriptedPort, talk: Talk) -> None:
    port.expect(b"AT\r\n")
    with pytest.raises(NoReplyError):
        talk.say("AT")


def test_answer_shows_no_password(port: ScriptedPort, talk: Talk) -> None:
    port.expect(b'AT+CWJAP="net","secret99"\r\n', b"secret99\r\n\r\nERROR\r\n")
    answer = talk.say('AT+CWJAP="net","secret99"')
    assert "secret99" not in repr(answer)
    with pytest.raises(AnswerDiffersError) as caught:
        answer.must_be(REFUSAL)
    assert "secret99" not in str(caught.value)


def test_whoever_asks_is_told_what_is_sent(port: ScriptedPort, talk: Talk) -> None:
    lines: list[bytes] = []
    talk.on_line = lines.append
    port.expect(b"AT\r\n", b"\r\nOK\r\n")
    port.expect(b"+++")
    talk.ok("AT")
    talk.raw(b"+++")
    assert lines == [b"AT", b"+++"]
