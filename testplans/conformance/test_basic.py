"""AT, AT+RST, AT+GMR, ATE and AT+RESTORE (document, section 3, commands 1 to 3, 5 and 6)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from hil.at.talk import OK
from hil.flashing.flasher import Flasher
from hil.flashing.image import Role
from hil.ports.byte_port import PortFormat
from hil.units import seconds_to_ns

from .restart import power_cycle, reset, restart
from .wifi import join_call

if TYPE_CHECKING:
    from hil.at.talk import Talk
    from hil.flashing.manifest import Firmware
    from hil.ports.access_point import AccessPoint
    from hil.rig.module import RigModule
    from hil.rig.rig import Rig

    from .baseline import Baseline
    from .link import Links

FACTORY_MODE = 2
START_LIMIT_S = 5.0
OTHER_MAC = "18:fe:35:98:d3:7b"
OTHER_AP_MAC = "1a:fe:36:97:d5:7b"


@pytest.mark.clause("AT-01")
def test_at_answers_ok(talk: Talk) -> None:
    talk.ok("AT")


@pytest.mark.clause("AT-02", "AT-03")
@pytest.mark.parametrize("call", ["AT=1", "AT?", "AT=?"])
def test_at_has_no_other_form(talk: Talk, call: str) -> None:
    talk.refused(call)


@pytest.mark.clause("AT-04")
def test_at_tells_that_the_start_is_complete(talk: Talk, module: RigModule) -> None:
    begin_ns = talk.clock.now_ns()
    reset(talk, module)

    assert talk.clock.now_ns() - begin_ns < seconds_to_ns(START_LIMIT_S)
    for _ in range(10):
        talk.ok("AT")


@pytest.mark.clause("RST-01", "RST-02", "RST-03")
def test_rst_says_ok_and_then_restarts(talk: Talk) -> None:
    talk.raw(b"AT+RST\r\n")
    heard = talk.hear_until(rb"ready\r\n", START_LIMIT_S)

    assert heard.startswith(b"\r\nOK\r\n")
    talk.at.wait_ready(START_LIMIT_S)
    talk.expect("AT", OK)


@pytest.mark.clause("RST-04")
def test_rst_discards_what_is_current_only(talk: Talk) -> None:
    talk.ok("AT+CWMODE_DEF=1")
    talk.ok("AT+CWMODE_CUR=3")
    restart(talk)

    talk.expect("AT+CWMODE_CUR?", "+CWMODE_CUR:1", OK)


@pytest.mark.clause("RST-06")
def test_rst_ends_links_and_the_server(links: Links) -> None:
    talk = links.talk
    links.use_many()
    talk.ok("AT+CIPSERVER=1")
    connection = links.open_tcp(0)
    restart(talk)

    assert links.has_received_nothing(connection, 1)
    if connection.ending is None:  # it went without a word; whoever still sends learns it
        connection.send(b"still there?", links.deadline_ns(1))
        assert links.has_received_nothing(connection, 5)
    assert connection.ending is not None
    assert not [line for line in talk.say("AT+CIPSTATUS").lines if line.startswith("+CIPSTATUS")]
    talk.expect("AT+CIPMUX?", "+CIPMUX:0", OK)
    talk.refused("AT+CIPSTO=10")  # there is no server any more


@pytest.mark.clause("RST-07")
@pytest.mark.parametrize("call", ["AT+RST?", "AT+RST=?", "AT+RST=1"])
def test_rst_has_no_other_form(talk: Talk, call: str) -> None:
    talk.ok("AT+CIPMUX=1")
    talk.refused(call)
    talk.silent(1)

    talk.expect("AT+CIPMUX?", "+CIPMUX:1", OK)


@pytest.mark.clause("GMR-01", "GMR-02", "GMR-03", "GMR-04")
def test_gmr_tells_three_versions_in_their_order(talk: Talk) -> None:
    talk.expect(
        "AT+GMR",
        re.compile(r"AT version:\d+\.\d+.*"),
        re.compile(r"SDK version:\d.*"),
        re.compile(r"compile time:.*[A-Z][a-z]{2} [ \d]\d \d{4}.*"),
        OK,
    )


@pytest.mark.clause("GMR-05")
def test_gmr_tells_the_same_after_a_restart(talk: Talk) -> None:
    before = talk.say("AT+GMR").lines
    restart(talk)

    assert talk.say("AT+GMR").lines == before


@pytest.mark.clause("GMR-07")
@pytest.mark.parametrize("call", ["AT+GMR?", "AT+GMR=?", "AT+GMR=1"])
def test_gmr_has_no_other_form(talk: Talk, call: str) -> None:
    talk.refused(call)


@pytest.mark.clause("ATE-01", "ATE-06")
def test_without_echo_nothing_but_answers_comes(talk: Talk) -> None:
    talk.say("ATE1")
    talk.expect("ATE0", OK)
    talk.raw(b"AT\r\n")
    assert talk.hear(0.5) == b"\r\nOK\r\n"
    talk.raw(b"AT+GMR\r\n")
    assert talk.hear(0.5).startswith(b"AT version:")


@pytest.mark.clause("ATE-02", "ATE-05")
def test_with_echo_the_command_comes_before_its_answer(talk: Talk) -> None:
    talk.ok("ATE1")
    talk.raw(b"AT\r\n")
    heard = talk.hear(0.5)
    assert heard.startswith(b"AT\r")
    assert heard.endswith(b"\r\nOK\r\n")
    talk.raw(b"AT+GMR\r\n")
    assert re.match(rb"AT\+GMR\r+\nAT version:", talk.hear(0.5))


@pytest.mark.clause("ATE-05")
def test_the_echo_is_that_of_the_bytes_as_they_came(talk: Talk) -> None:
    talk.ok("ATE1")
    talk.raw(b"AT+NoSuch=\t1,x\r\n")
    assert talk.hear(0.5).startswith(b"AT+NoSuch=\t1,x\r")


@pytest.mark.clause("ATE-03", "ATE-04")
@pytest.mark.parametrize("digit", [2, 3, 7, 9])
@pytest.mark.parametrize("is_on", [False, True], ids=["off", "on"])
def test_another_digit_is_refused_and_leaves_the_echo(
    talk: Talk, digit: int, *, is_on: bool
) -> None:
    talk.ok(f"ATE{int(is_on)}")
    talk.refused(f"ATE{digit}")
    talk.raw(b"AT\r\n")
    assert talk.hear(0.5).startswith(b"AT\r" if is_on else b"\r\nOK")


@pytest.mark.clause("ATE-07")
@pytest.mark.parametrize("call", ["ATE", "ATE10", "ATE01", "ATE-1"])
def test_ate_takes_one_digit(talk: Talk, call: str) -> None:
    talk.refused(call)
    talk.raw(b"AT\r\n")
    assert talk.hear(0.5) == b"\r\nOK\r\n"


@pytest.mark.clause("ATE-08")
def test_the_echo_is_on_after_every_start(talk: Talk) -> None:
    talk.ok("AT+RST")
    talk.at.wait_ready(START_LIMIT_S)
    talk.raw(b"AT\r\n")

    assert talk.hear(0.5).startswith(b"AT\r")


@pytest.mark.clause("RESTORE-01", "RESTORE-02", "RESTORE-03")
def test_restore_says_ok_and_then_restarts(talk: Talk) -> None:
    talk.raw(b"AT+RESTORE\r\n")
    heard = talk.hear_until(rb"ready\r\n", 2 * START_LIMIT_S)

    assert heard.startswith(b"\r\nOK\r\n")


@pytest.mark.clause("RESTORE-04")
def test_restore_resets_the_parameters_of_the_user_area(talk: Talk) -> None:
    queries = (
        "AT+CIPSTAMAC_DEF?",
        "AT+CIPAPMAC_DEF?",
        "AT+CIPSTA_DEF?",
        "AT+CIPAP_DEF?",
        "AT+CWDHCP?",
    )
    talk.ok("AT+CWMODE_DEF=3")
    factory = {query: talk.say(query).lines for query in queries}
    for call in (
        f'AT+CIPSTAMAC_DEF="{OTHER_MAC}"',
        f'AT+CIPAPMAC_DEF="{OTHER_AP_MAC}"',
        "AT+CWDHCP_DEF=0,0",
        'AT+CIPSTA_DEF="192.168.6.100"',
        'AT+CIPAP_DEF="192.168.5.1"',
    ):
        talk.ok(call)
    assert all(talk.say(query).lines != lines for query, lines in factory.items())

    _restore(talk)

    talk.ok("AT+CWMODE_CUR=3")
    assert {query: talk.say(query).lines for query in queries} == factory


@pytest.mark.clause("RESTORE-04", "RESTORE-08")
def test_restore_forgets_the_saved_link(talk: Talk, module: RigModule) -> None:
    talk.ok('AT+SAVETRANSLINK=1,"192.168.1.2",1002,"TCP"')
    _restore(talk)
    power_cycle(talk, module)

    talk.expect("AT+CIPMODE?", "+CIPMODE:0", OK)


@pytest.mark.clause("RESTORE-05", "RESTORE-08")
def test_restore_resets_the_parameters_of_the_system_area(
    talk: Talk, module: RigModule, access_point: AccessPoint
) -> None:
    network = talk.say("AT+CWSAP_DEF?").lines
    talk.ok("AT+CWMODE_DEF=3")
    talk.ok('AT+CWSAP_DEF="other","12345678",7,3')
    talk.ok(join_call(access_point, "AT+CWJAP_DEF"))
    talk.ok("AT+CWAUTOCONN=0")

    _restore(talk)
    power_cycle(talk, module)

    talk.expect("AT+CWMODE_DEF?", f"+CWMODE_DEF:{FACTORY_MODE}", OK)
    assert talk.say("AT+CWSAP_DEF?").lines == network
    talk.ok("AT+CWMODE_CUR=3")
    talk.expect("AT+CWJAP_DEF?", "No AP", OK)


@pytest.mark.clause("RESTORE-05")
def test_restore_lets_the_module_join_by_itself_again(
    talk: Talk, access_point: AccessPoint
) -> None:
    talk.ok("AT+CWAUTOCONN=0")
    _restore(talk)
    talk.ok("AT+CWMODE_DEF=1")
    talk.ok(join_call(access_point, "AT+CWJAP_DEF"))
    restart(talk)

    talk.wait_for("WIFI GOT IP", 30)


@pytest.mark.clause("RESTORE-06")
def test_restore_brings_back_the_factory_rate(talk: Talk, module: RigModule) -> None:
    talk.ok("AT+UART_DEF=9600,8,1,0,0")
    module.port.set_format(PortFormat(baud=9600))
    talk.ok("AT")
    talk.raw(b"AT+RESTORE\r\n")
    talk.hear_until(rb"\r\nOK\r\n", 2 * START_LIMIT_S)
    module.port.set_format(PortFormat(baud=115200))
    talk.at.wait_ready(2 * START_LIMIT_S)

    talk.expect("ATE0", OK)


@pytest.mark.clause("RESTORE-07")
def test_restore_keeps_the_programme(
    talk: Talk, module: RigModule, rig: Rig, firmware: Firmware, baseline: Baseline
) -> None:
    _restore(talk)
    with Flasher(module, baud=rig.description.flash_baud).session() as session:
        user1 = firmware.read(Role.USER1)
        is_whole = session.holds(0x01000, user1)
        boot = session.read(0, len(firmware.read(Role.BOOT)))
    baseline.disturb()
    module.start()

    assert is_whole
    expected = firmware.read(Role.BOOT)
    assert boot[:2] + boot[4:] == expected[:2] + expected[4:]


@pytest.mark.clause("RESTORE-09")
@pytest.mark.parametrize("call", ["AT+RESTORE?", "AT+RESTORE=?", "AT+RESTORE=1"])
def test_restore_has_no_other_form(talk: Talk, call: str) -> None:
    talk.ok("AT+CWMODE_DEF=1")
    talk.refused(call)
    talk.silent(1)

    talk.expect("AT+CWMODE_DEF?", "+CWMODE_DEF:1", OK)


def _restore(talk: Talk) -> None:
    talk.ok("AT+RESTORE")
    talk.port.set_format(PortFormat(baud=115200))
    talk.at.wait_ready(2 * START_LIMIT_S)
    talk.expect("ATE0", OK)
