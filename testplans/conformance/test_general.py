"""How commands are written and answered, whatever they are (document, section 2)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from hil.at.talk import JOIN_FAILURE, OK

from .restart import power_cycle
from .wifi import join_call

if TYPE_CHECKING:
    from hil.at.talk import Talk
    from hil.ports.access_point import AccessPoint
    from hil.rig.module import RigModule

    from .link import Links

ECHO_GAP_S = 2.0
STRANGER = "18:fe:35:98:d3:7b"

_THREE = ("", "_CUR", "_DEF")
# The forms that the document gives each command: t(est), q(uery), s(et), x(ecute).
DOCUMENTED_FORMS = {
    "RST": "x",
    "GMR": "x",
    "GSLP": "s",
    "RESTORE": "x",
    "SLEEP": "qs",
    "CWLAP": "sx",
    "CWQAP": "tx",
    "CWLIF": "x",
    "CWAUTOCONN": "s",
    "CWSTARTSMART": "s",
    "CWSTOPSMART": "x",
    "CIPSTATUS": "x",
    "CIPSTART": "ts",
    "CIPSEND": "tsx",
    "CIPSENDEX": "ts",
    "CIPSENDBUF": "s",
    "CIPBUFRESET": "sx",
    "CIPBUFSTATUS": "sx",
    "CIPCHECKSEG": "s",
    "CIPCLOSE": "tsx",
    "CIFSR": "tx",
    "CIPMUX": "qs",
    "CIPSERVER": "s",
    "CIPMODE": "qs",
    "SAVETRANSLINK": "s",
    "CIPSTO": "qs",
    "CIUPDATE": "x",
    "PING": "s",
    # The query of the two variants of CWDHCP is left open.
    "CWDHCP": "qs",
    "CWDHCP_CUR": "qs",
    "CWDHCP_DEF": "qs",
    **{f"UART{suffix}": "s" for suffix in _THREE},
    **{f"CWMODE{suffix}": "tqs" for suffix in _THREE},
    **{
        f"{family}{suffix}": "qs"
        for family in ("CWJAP", "CWSAP", "CIPSTAMAC", "CIPAPMAC", "CIPSTA", "CIPAP")
        for suffix in _THREE
    },
}
_FORMS = {"t": "=?", "q": "?", "s": "=1", "x": ""}
UNDOCUMENTED = [
    f"AT+{name}{text}"
    for name, forms in DOCUMENTED_FORMS.items()
    for form, text in _FORMS.items()
    if form not in forms
]
STATE = (
    "AT+CWMODE_CUR?",
    "AT+CWMODE_DEF?",
    "AT+SLEEP?",
    "AT+CWSAP_CUR?",
    "AT+CWSAP_DEF?",
    "AT+CWDHCP?",
    "AT+CIPSTAMAC_CUR?",
    "AT+CIPAPMAC_CUR?",
    "AT+CIPSTA_CUR?",
    "AT+CIPAP_CUR?",
    "AT+CIPMUX?",
    "AT+CIPMODE?",
    "AT+CIPSTO?",
    "AT+CIPSTATUS",
)


@pytest.mark.clause("GEN-01")
def test_every_command_of_the_document_is_known(links: Links) -> None:
    talk = links.talk
    for suffix in _THREE:
        for family in ("CWMODE", "CWJAP", "CWSAP", "CIPSTAMAC", "CIPAPMAC", "CIPSTA", "CIPAP"):
            needs_softap = family in ("CWSAP", "CIPAP", "CIPAPMAC")
            talk.ok(f"AT+CWMODE_CUR={3 if needs_softap else 1}")
            assert talk.say(f"AT+{family}{suffix}?").lines[-1] == OK, family + suffix
        talk.ok(f"AT+UART{suffix}=115200,8,1,0,0")
        talk.ok(f"AT+CWDHCP{suffix}=1,1")
    talk.ok("AT+CWMODE_CUR=3")
    for call in ("AT", "ATE0", "AT+GMR", "AT+SLEEP?", "AT+CWLAP", "AT+CWLIF", "AT+CWAUTOCONN=1"):
        assert talk.say(call).lines[-1] == OK, call
    for name in ("CWQAP", "CIPSTART", "CIPSEND", "CIPSENDEX", "CIPCLOSE", "CIFSR"):
        assert talk.say(f"AT+{name}=?").lines[-1] == OK, name
    for call in ("AT+CIPSTATUS", "AT+CIPMUX?", "AT+CIPMODE?", "AT+CWSTOPSMART"):
        assert talk.say(call).lines[-1] == OK, call
    talk.ok("AT+SAVETRANSLINK=0")


@pytest.mark.clause("GEN-01")
def test_every_command_of_links_is_known(links: Links) -> None:
    talk = links.talk
    links.open_tcp()
    talk.raw(b"AT+CIPSENDBUF=3\r\n")
    talk.hear_until(rb"> ?\Z", 3)
    talk.raw(b"abc")
    talk.hear_until(rb"SEND OK\r\n", 5)
    assert talk.say("AT+CIPBUFSTATUS").lines[-1] == OK
    names = ("CIPCHECKSEG",) if talk.is_strict else ("CIPCHECKSEG", "CIPCHECKSEQ")
    assert any(talk.say(f"AT+{name}=1").lines[-1] == OK for name in names)
    talk.ok("AT+CIPBUFRESET")
    talk.ok("AT+CIPCLOSE")
    assert talk.say(f'AT+PING="{links.host}"').lines[-1] == OK
    links.use_many()
    talk.ok("AT+CIPSERVER=1")
    talk.expect("AT+CIPSTO?", re.compile(r"\+CIPSTO:\d+"), OK)
    talk.ok("AT+CIPSERVER=0")
    talk.ok("AT+CIPMUX=0")


@pytest.mark.clause("GEN-01")
def test_smart_config_is_known(talk: Talk) -> None:
    talk.ok("AT+CWMODE_CUR=1")
    talk.ok("AT+CWSTARTSMART=1")
    talk.ok("AT+CWSTOPSMART")


@pytest.mark.clause("GEN-02")
def test_the_test_form_tells_what_can_be_set(talk: Talk) -> None:
    talk.expect("AT+CWMODE=?", "+CWMODE:(1-3)", OK)
    *told, result = talk.say("AT+CIPSTART=?").lines
    assert result == OK
    assert len(told) == 2
    assert all(re.match(r"\+CIPSTART:\(.*type.*\),\(", line) for line in told)


@pytest.mark.clause("GEN-03", "GEN-04")
@pytest.mark.parametrize(
    ("call", "query", "answer"),
    [
        ("AT+CWMODE_CUR=3", "AT+CWMODE_CUR?", "+CWMODE_CUR:3"),
        ('AT+CWSAP_CUR="a","12345678",7,4', "AT+CWSAP_CUR?", '+CWSAP_CUR:"a","12345678",7,4'),
        (
            f'AT+CIPSTAMAC_CUR="{STRANGER}"',
            "AT+CIPSTAMAC_CUR?",
            f'+CIPSTAMAC_CUR:"{STRANGER}"',
        ),
        ("AT+CIPMODE=1", "AT+CIPMODE?", "+CIPMODE:1"),
        ("AT+CIPMUX=1", "AT+CIPMUX?", "+CIPMUX:1"),
    ],
)
def test_what_is_set_is_what_the_query_tells(
    talk: Talk, call: str, query: str, answer: str
) -> None:
    talk.ok("AT+CWMODE_CUR=3")
    if not call.startswith("AT+CWMODE"):
        assert talk.say(query).lines[0] != answer
    talk.ok(call)

    talk.expect(query, answer, OK)


@pytest.mark.clause("GEN-03")
def test_the_query_tells_the_network_that_was_joined(
    joined: Talk, access_point: AccessPoint
) -> None:
    first = joined.say("AT+CWJAP_CUR?").lines[0]
    assert first.startswith(f'+CWJAP_CUR:"{access_point.setup.ssid}"')


@pytest.mark.clause("GEN-05")
def test_the_execute_form_runs_without_parameters(talk: Talk) -> None:
    assert talk.say("AT+GMR").lines[0].startswith("AT version:")
    assert talk.say("AT+CIFSR").lines[0].startswith("+CIFSR:")


@pytest.mark.clause("GEN-06")
def test_forms_that_the_document_does_not_give_are_refused(talk: Talk) -> None:
    talk.ok("AT+CWMODE_CUR=3")
    before = [talk.say(query).lines for query in STATE]

    for call in [*UNDOCUMENTED, "ATE", "ATE?", "ATE=?", "ATE=1"]:
        talk.refused(call)

    assert [talk.say(query).lines for query in STATE] == before
    talk.ok("AT")


@pytest.mark.clause("GEN-07")
def test_parameters_in_brackets_may_be_left_out(links: Links) -> None:
    talk = links.talk
    peer = links.network.open_udp()
    talk.ok(links.start_call(peer.endpoint.port, kind="UDP"))
    talk.ok("AT+CIPCLOSE")
    links.open_tcp()
    talk.ok("AT+CIPCLOSE")
    links.use_many()
    talk.ok("AT+CIPSERVER=1")
    talk.ok("AT+CIPSERVER=0")
    talk.ok("AT+CIPMUX=0")
    talk.ok('AT+CIPSTA_CUR="192.168.1.166"')


@pytest.mark.clause("GEN-08", "GEN-09")
@pytest.mark.parametrize(
    "wrong",
    [STRANGER, f"'{STRANGER}'", f'"{STRANGER}', f'{STRANGER}"'],
    ids=["bare", "single quotes", "not closed", "not opened"],
)
def test_text_stands_in_double_quotes(talk: Talk, wrong: str) -> None:
    own = talk.say("AT+CIPSTAMAC_CUR?").lines
    talk.refused(f"AT+CIPSTAMAC_CUR={wrong}")
    assert talk.say("AT+CIPSTAMAC_CUR?").lines == own

    talk.ok(f'AT+CIPSTAMAC_CUR="{STRANGER}"')
    talk.expect("AT+CIPSTAMAC_CUR?", f'+CIPSTAMAC_CUR:"{STRANGER}"', OK)


@pytest.mark.clause("GEN-10")
def test_the_illustrated_call_is_legal(talk: Talk) -> None:
    talk.ok('AT+CWSAP="ESP756290","21030826",1,4')
    talk.expect("AT+CWSAP?", '+CWSAP:"ESP756290","21030826",1,4', OK)


@pytest.mark.clause("GEN-10")
@pytest.mark.parametrize("mark", [";", ".", ""], ids=["semicolon", "dot", "nothing"])
def test_nothing_but_commas_parts_parameters(talk: Talk, mark: str) -> None:
    before = talk.say("AT+CWSAP_CUR?").lines
    talk.refused("AT+CWSAP_CUR=" + mark.join(('"ESP756290"', '"21030826"', "1", "4")))
    assert talk.say("AT+CWSAP_CUR?").lines == before


@pytest.mark.clause("GEN-11")
@pytest.mark.parametrize(
    "call",
    [
        'AT+CWSAP_CUR="ESP756290", "21030826",1,4',
        'AT+CWSAP_CUR="ESP756290","21030826", 1,4',
        'AT+CWSAP_CUR ="ESP756290","21030826",1,4',
        'AT+ CWSAP_CUR="ESP756290","21030826",1,4',
    ],
)
def test_blanks_are_no_part_of_a_call(talk: Talk, call: str) -> None:
    before = talk.say("AT+CWSAP_CUR?").lines
    talk.refused(call)
    assert talk.say("AT+CWSAP_CUR?").lines == before


@pytest.mark.clause("GEN-12", "GEN-13")
def test_the_factory_speaks_115200_8n1_and_echoes(talk: Talk, module: RigModule) -> None:
    module.at.restore()  # leaves the port at the documented default
    assert module.port.format.baud == 115200

    talk.ok("AT")


@pytest.mark.clause("GEN-14")
@pytest.mark.parametrize("name", ["at+gmr", "AT+gmr", "AT+Gmr", "AT+GMr"])
def test_a_name_in_small_letters_is_refused(talk: Talk, name: str) -> None:
    talk.refused(name)


@pytest.mark.clause("GEN-16")
def test_nothing_happens_before_the_line_has_ended(talk: Talk) -> None:
    talk.raw(b"AT+GMR")
    talk.silent(ECHO_GAP_S)
    talk.raw(b"\r\n")

    assert talk.answer().lines[0].startswith("AT version:")


@pytest.mark.clause("GEN-15", "GEN-17")
def test_a_carriage_return_alone_does_not_end_a_line(talk: Talk) -> None:
    talk.raw(b"AT\r")
    talk.silent(ECHO_GAP_S)
    talk.raw(b"\n")

    talk.answer().must_be(OK)


@pytest.mark.clause("GEN-18")
def test_a_line_feed_alone_does_not_run_a_command(talk: Talk) -> None:
    talk.raw(b"AT+GMR\n")
    heard = talk.hear(ECHO_GAP_S)

    assert b"AT version" not in heard
    assert b"OK" not in heard


@pytest.mark.clause("GEN-19")
@pytest.mark.parametrize(
    "call", ["AT+NOSUCH?", "AT+NOSUCH=1", "ATX", "ATI", "AT+", "AT+CWMODE_XYZ?", "AT+CWMODES?", "X"]
)
def test_names_outside_of_the_set_are_refused(talk: Talk, call: str) -> None:
    talk.refused(call)


@pytest.mark.clause("GEN-20")
def test_an_empty_line_is_no_command(talk: Talk) -> None:
    talk.refused("")
    talk.ok("AT")


@pytest.mark.clause("GEN-21", "GEN-22", "GEN-23")
def test_every_command_ends_with_one_result(talk: Talk) -> None:
    good = ("AT", "AT+GMR", "AT+CWMODE?", "AT+CWMODE=?", "AT+CIFSR", "AT+CWSAP?", "AT+CIPMUX?")
    bad = ("AT+NOSUCH", "ATE7", "AT+CIPSTO=10", "AT+CIPCLOSE", "AT+CIPSEND=4", "AT+CIPSERVER=1")
    for _ in range(5):
        for call in good:
            lines = talk.say(call).lines
            assert lines[-1] == OK, call
            assert not {OK, "ERROR", "FAIL"} & set(lines[:-1]), call
        for call in bad:
            talk.refused(call)


@pytest.mark.clause("GEN-24")
def test_what_comes_while_a_command_runs_is_turned_away(talk: Talk) -> None:
    talk.ok("AT+CWMODE_CUR=1")
    talk.raw(b"AT+CWLAP\r\n")
    talk.raw(b"AT\r\n")
    talk.answer(15).must_be(re.compile(r"busy p\.\.\."))

    answer = talk.answer(15)
    assert answer.lines[-1] == OK
    assert len(answer.lines) > 1
    talk.silent(1)


@pytest.mark.clause("GEN-27")
@pytest.mark.parametrize(
    "call",
    [
        "AT+UART=115200,8,1,0,0",
        "AT+CWMODE=3",
        'AT+CWSAP="ESP8266","1234567890",5,3',
        "AT+CWDHCP=0,1",
        'AT+CIPSTAMAC="18:fe:35:98:d3:7b"',
        'AT+CIPAPMAC="1a:fe:36:97:d5:7b"',
        'AT+CIPSTA="192.168.6.100","192.168.6.1","255.255.255.0"',
        'AT+CIPAP="192.168.5.1","192.168.5.1","255.255.255.0"',
    ],
)
def test_the_deprecated_names_work(talk: Talk, call: str) -> None:
    talk.ok("AT+CWMODE_CUR=3")
    talk.ok(call)


@pytest.mark.clause("GEN-27")
def test_the_deprecated_name_joins(talk: Talk, access_point: AccessPoint) -> None:
    talk.ok("AT+CWMODE_CUR=1")
    talk.ok(join_call(access_point, "AT+CWJAP"))


@pytest.mark.clause("GEN-26")
@pytest.mark.parametrize(
    ("call", "query", "answer"),
    [
        ("AT+CWMODE=3", "AT+CWMODE?", "+CWMODE:3"),
        ('AT+CWSAP="kept","12345678",7,4', "AT+CWSAP?", '+CWSAP:"kept","12345678",7,4'),
        ("AT+CWDHCP=0,0", "AT+CWDHCP?", "+CWDHCP:2"),
        (f'AT+CIPSTAMAC="{STRANGER}"', "AT+CIPSTAMAC?", f'+CIPSTAMAC:"{STRANGER}"'),
        (f'AT+CIPAPMAC="1a{STRANGER[2:]}"', "AT+CIPAPMAC?", f'+CIPAPMAC:"1a{STRANGER[2:]}"'),
    ],
)
def test_the_deprecated_names_store(
    talk: Talk, module: RigModule, call: str, query: str, answer: str
) -> None:
    talk.ok("AT+CWMODE_DEF=3")
    talk.ok(call)
    power_cycle(talk, module)

    talk.expect(query, answer, OK)


@pytest.mark.clause("GEN-26")
@pytest.mark.parametrize(
    ("family", "address"), [("CIPSTA", "192.168.6.100"), ("CIPAP", "192.168.5.1")]
)
def test_the_deprecated_names_of_addresses_store(
    talk: Talk, module: RigModule, family: str, address: str
) -> None:
    talk.ok("AT+CWMODE_DEF=3")
    talk.ok(f'AT+{family}="{address}"')
    power_cycle(talk, module)

    assert f'"{address}"' in " ".join(talk.say(f"AT+{family}?").lines)


@pytest.mark.clause("GEN-26")
def test_the_deprecated_name_stores_what_was_joined(
    talk: Talk, module: RigModule, access_point: AccessPoint
) -> None:
    talk.ok("AT+CWMODE_DEF=1")
    talk.ok(join_call(access_point, "AT+CWJAP"))
    power_cycle(talk, module)

    talk.wait_for("WIFI GOT IP", 30)
    first = talk.say("AT+CWJAP?").lines[0]
    assert first.startswith(f'+CWJAP:"{access_point.setup.ssid}"')


@pytest.mark.clause("GEN-28")
@pytest.mark.parametrize("call", ["AT+CWOAP", "AT+CIPSENDER=4", "AT+CIPSENDERBUF=4"])
def test_misspelt_names_are_no_commands(talk: Talk, call: str) -> None:
    talk.refused(call)


@pytest.mark.clause("GEN-29")
def test_the_longest_call_is_taken_as_one_line(talk: Talk) -> None:
    talk.ok("AT+CWMODE_CUR=1")
    call = f'AT+CWJAP_CUR="{"S" * 32}","{"ab" * 32}","02:00:00:00:00:99"'
    assert len(call) == 134

    talk.expect(call, JOIN_FAILURE)
    talk.ok("AT")
