"""AT+CIPMUX: enable multiple connections or not (document, section 5.2, command 11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.at.talk import OK
from hil.spec.spelling import spelling

from .restart import power_cycle, restart

if TYPE_CHECKING:
    from hil.at.talk import Talk
    from hil.rig.module import RigModule

    from .link import Links

STILL_CONNECTED = spelling("still-connected")
SERVER_PORT = 1001


@pytest.mark.clause("CIPMUX-01")
def test_the_query_gives_the_mode(talk: Talk) -> None:
    talk.expect("AT+CIPMUX?", "+CIPMUX:0", OK)
    talk.ok("AT+CIPMUX=1")

    talk.expect("AT+CIPMUX?", "+CIPMUX:1", OK)


@pytest.mark.clause("CIPMUX-02")
def test_mode_0_is_a_single_link_without_a_number(links: Links) -> None:
    links.use_many()
    links.talk.ok("AT+CIPMUX=0")

    links.talk.expect("AT+CIPMUX?", "+CIPMUX:0", OK)
    assert links.goes_both_ways(links.open_tcp())


@pytest.mark.clause("CIPMUX-02")
def test_mode_0_may_be_chosen_again(links: Links) -> None:
    links.talk.ok("AT+CIPMUX=0")

    links.talk.expect("AT+CIPMUX?", "+CIPMUX:0", OK)


@pytest.mark.clause("CIPMUX-03")
def test_mode_1_is_several_links_with_numbers(links: Links) -> None:
    links.talk.ok("AT+CIPMUX=1")

    links.talk.expect("AT+CIPMUX?", "+CIPMUX:1", OK)
    connections = {number: links.open_tcp(number) for number in (3, 1)}
    for number, connection in connections.items():
        assert links.goes_both_ways(connection, number)


@pytest.mark.clause("CIPMUX-04")
@pytest.mark.parametrize("mode", [0, 1])
def test_another_mode_is_refused_and_changes_nothing(talk: Talk, mode: int) -> None:
    talk.ok(f"AT+CIPMUX={mode}")

    for value in ("2", "3", "10", "256", "-1", "x", "", '"1"', '"0"', "0,1", "1,0"):
        talk.refused(f"AT+CIPMUX={value}")
    talk.expect("AT+CIPMUX?", f"+CIPMUX:{mode}", OK)


@pytest.mark.clause("CIPMUX-05")
@pytest.mark.parametrize(("mode", "link"), [(0, None), (1, 0), (1, 4)])
def test_the_mode_stays_while_there_is_a_tcp_link(
    links: Links, mode: int, link: int | None
) -> None:
    links.talk.ok(f"AT+CIPMUX={mode}")
    connection = links.open_tcp(link)

    links.talk.expect(f"AT+CIPMUX={1 - mode}", STILL_CONNECTED)
    links.talk.expect("AT+CIPMUX?", f"+CIPMUX:{mode}", OK)
    assert links.goes_both_ways(connection, link)


@pytest.mark.clause("CIPMUX-05")
@pytest.mark.parametrize(("mode", "link"), [(0, None), (1, 0)])
def test_even_the_present_mode_is_refused_while_there_is_a_link(
    links: Links, mode: int, link: int | None
) -> None:
    links.talk.ok(f"AT+CIPMUX={mode}")
    links.open_tcp(link)

    links.talk.expect(f"AT+CIPMUX={mode}", STILL_CONNECTED)


@pytest.mark.clause("CIPMUX-05")
@pytest.mark.needs("udp-peer")
@pytest.mark.parametrize(("mode", "link"), [(0, None), (1, 2)])
def test_the_mode_stays_while_there_is_a_udp_link(
    links: Links, mode: int, link: int | None
) -> None:
    links.talk.ok(f"AT+CIPMUX={mode}")
    links.talk.ok(links.start_call(2000, link, "UDP", 3000))

    links.talk.expect(f"AT+CIPMUX={1 - mode}", STILL_CONNECTED)
    links.talk.expect("AT+CIPMUX?", f"+CIPMUX:{mode}", OK)


@pytest.mark.clause("CIPMUX-06")
def test_mode_1_can_be_chosen_once_passthrough_is_off(talk: Talk) -> None:
    talk.ok("AT+CIPMODE=1")
    talk.ok("AT+CIPMODE=0")

    talk.ok("AT+CIPMUX=1")
    talk.expect("AT+CIPMUX?", "+CIPMUX:1", OK)


@pytest.mark.clause("CIPMUX-07")
def test_mode_1_is_refused_while_passthrough_is_on(talk: Talk) -> None:
    talk.ok("AT+CIPMODE=1")

    talk.expect("AT+CIPMUX=1", spelling("passthrough-excludes-multiple"))
    talk.expect("AT+CIPMUX?", "+CIPMUX:0", OK)
    talk.expect("AT+CIPMODE?", "+CIPMODE:1", OK)


@pytest.mark.clause("CIPMUX-08")
@pytest.mark.parametrize(
    ("mode", "link", "close"), [(0, None, "AT+CIPCLOSE"), (1, 2, "AT+CIPCLOSE=2")]
)
def test_the_mode_can_be_changed_once_all_links_are_closed(
    links: Links, mode: int, link: int | None, close: str
) -> None:
    links.talk.ok(f"AT+CIPMUX={mode}")
    links.open_tcp(link)
    links.talk.expect(f"AT+CIPMUX={1 - mode}", STILL_CONNECTED)

    links.talk.ok(close)
    links.talk.ok(f"AT+CIPMUX={1 - mode}")
    links.talk.expect("AT+CIPMUX?", f"+CIPMUX:{1 - mode}", OK)


@pytest.mark.clause("CIPMUX-09")
def test_single_mode_is_refused_while_there_is_a_server(talk: Talk) -> None:
    talk.ok("AT+CIPMUX=1")
    talk.ok(f"AT+CIPSERVER=1,{SERVER_PORT}")

    talk.expect("AT+CIPMUX=0", spelling("server-excludes-single"))
    talk.expect("AT+CIPMUX?", "+CIPMUX:1", OK)


@pytest.mark.clause("CIPMUX-09")
@pytest.mark.needs("ap", "tcp-peer")
def test_the_server_goes_on_when_single_mode_was_refused(links: Links) -> None:
    links.serve(SERVER_PORT)
    links.talk.expect("AT+CIPMUX=0", spelling("server-excludes-single"))

    assert links.serves(links.dial(SERVER_PORT))


@pytest.mark.clause("CIPMUX-10")
def test_single_mode_can_be_chosen_once_the_server_is_deleted(talk: Talk) -> None:
    talk.ok("AT+CIPMUX=1")
    talk.ok(f"AT+CIPSERVER=1,{SERVER_PORT}")
    talk.ok("AT+CIPSERVER=0")

    talk.ok("AT+CIPMUX=0")
    talk.expect("AT+CIPMUX?", "+CIPMUX:0", OK)


@pytest.mark.clause("CIPMUX-11")
def test_after_a_restart_the_mode_is_single(talk: Talk) -> None:
    talk.ok("AT+CIPMUX=1")
    restart(talk)

    talk.expect("AT+CIPMUX?", "+CIPMUX:0", OK)


@pytest.mark.clause("CIPMUX-12")
@pytest.mark.needs("power")
def test_the_mode_does_not_survive_power_off(talk: Talk, module: RigModule) -> None:
    talk.ok("AT+CIPMUX=1")
    power_cycle(talk, module)

    talk.expect("AT+CIPMUX?", "+CIPMUX:0", OK)


@pytest.mark.clause("CIPMUX-13")
def test_there_is_neither_a_test_nor_an_execute_form(talk: Talk) -> None:
    talk.refused("AT+CIPMUX=?")
    talk.refused("AT+CIPMUX")
