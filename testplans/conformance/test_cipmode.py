"""AT+CIPMODE: normal transfer or passthrough (section 5.2, command 13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.at.talk import OK
from hil.spec.spelling import spelling

from .passthrough import UDP_PORT, close, leave
from .restart import power_cycle, restart

if TYPE_CHECKING:
    from hil.at.talk import Talk
    from hil.rig.module import RigModule

    from .link import Links

WHILE_LINKED = spelling("mode-while-linked")


@pytest.mark.clause("CIPMODE-01")
def test_the_query_gives_the_mode(talk: Talk) -> None:
    talk.expect("AT+CIPMODE?", "+CIPMODE:0", OK)
    talk.ok("AT+CIPMODE=1")
    talk.expect("AT+CIPMODE?", "+CIPMODE:1", OK)
    talk.ok("AT+CIPMODE=0")
    talk.expect("AT+CIPMODE?", "+CIPMODE:0", OK)


@pytest.mark.clause("CIPMODE-02")
def test_mode_0_is_normal_transfer(links: Links) -> None:
    links.talk.ok("AT+CIPMODE=1")
    links.talk.ok("AT+CIPMODE=0")
    peer = links.open_tcp()

    links.talk.refused("AT+CIPSEND")
    links.talk.prompt("AT+CIPSEND=4")
    links.talk.sent(b"abcd")
    assert links.receive(peer, 4) == b"abcd"
    peer.send(b"xyz", links.deadline_ns(2.0))
    assert links.talk.received().data == b"xyz"


@pytest.mark.clause("CIPMODE-03")
def test_mode_1_is_passthrough(links: Links) -> None:
    links.talk.ok("AT+CIPMODE=1")
    peer = links.open_tcp()

    links.talk.prompt("AT+CIPSEND")
    links.talk.give(b"abcd")
    assert links.receive(peer, 4) == b"abcd"
    leave(links.talk)
    close(links.talk)


@pytest.mark.clause("CIPMODE-04")
def test_other_modes_are_refused_and_change_nothing(talk: Talk) -> None:
    for mode in (0, 1):
        talk.ok(f"AT+CIPMODE={mode}")
        for other in ("2", "3", "10", "256", "-1", "x", "", "0,1", "1,0", '"1"'):
            talk.refused(f"AT+CIPMODE={other}")
            talk.expect("AT+CIPMODE?", f"+CIPMODE:{mode}", OK)
    talk.ok("AT+CIPMODE=0")


@pytest.mark.clause("CIPMODE-05")
def test_in_single_mode_passthrough_can_be_chosen(talk: Talk) -> None:
    talk.expect("AT+CIPMUX?", "+CIPMUX:0", OK)

    talk.ok("AT+CIPMODE=1")
    talk.expect("AT+CIPMUX?", "+CIPMUX:0", OK)
    talk.ok("AT+CIPMODE=0")


@pytest.mark.clause("CIPMODE-06")
def test_in_multiple_mode_passthrough_is_refused(talk: Talk) -> None:
    talk.ok("AT+CIPMUX=1")

    talk.refused("AT+CIPMODE=1")
    talk.expect("AT+CIPMODE?", "+CIPMODE:0", OK)
    talk.expect("AT+CIPMUX?", "+CIPMUX:1", OK)


@pytest.mark.clause("CIPMODE-07")
@pytest.mark.needs("udp-peer")
def test_passthrough_is_for_udp_with_a_fixed_peer_too(links: Links) -> None:
    peer = links.network.open_udp()
    links.talk.ok("AT+CIPMODE=1")
    links.talk.ok(f"{links.start_call(peer.endpoint.port, kind='UDP')},{UDP_PORT},0")

    links.talk.prompt("AT+CIPSEND")
    links.talk.give(b"abcd")
    datagram = peer.receive(links.deadline_ns(2.0))
    assert datagram is not None
    assert datagram.data == b"abcd"
    leave(links.talk)
    close(links.talk)


@pytest.mark.clause("CIPMODE-08")
def test_with_a_link_the_mode_cannot_be_changed(links: Links) -> None:
    peer = links.open_tcp()

    for mode in (1, 0):
        links.talk.expect(f"AT+CIPMODE={mode}", WHILE_LINKED)
        links.talk.expect("AT+CIPMODE?", "+CIPMODE:0", OK)
    assert peer.ending is None
    links.talk.ok("AT+CIPCLOSE")
    links.talk.ok("AT+CIPMODE=1")
    links.open_tcp()
    links.talk.expect("AT+CIPMODE=0", WHILE_LINKED)
    links.talk.expect("AT+CIPMODE?", "+CIPMODE:1", OK)
    close(links.talk)


@pytest.mark.clause("CIPMODE-09")
def test_a_restart_forgets_the_mode(talk: Talk) -> None:
    talk.ok("AT+CIPMODE=1")
    restart(talk)

    talk.expect("AT+CIPMODE?", "+CIPMODE:0", OK)


@pytest.mark.clause("CIPMODE-09")
@pytest.mark.needs("power")
def test_power_off_forgets_the_mode(talk: Talk, module: RigModule) -> None:
    talk.ok("AT+CIPMODE=1")
    power_cycle(talk, module)

    talk.expect("AT+CIPMODE?", "+CIPMODE:0", OK)


@pytest.mark.clause("CIPMODE-10")
def test_there_is_neither_a_test_form_nor_a_bare_one(talk: Talk) -> None:
    talk.refused("AT+CIPMODE=?")
    talk.refused("AT+CIPMODE")
    talk.expect("AT+CIPMODE?", "+CIPMODE:0", OK)
