"""AT+CWQAP: to leave the access point (document, section 4.1, command 8)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from hil.at.talk import OK
from hil.spec.spelling import spelling

from .joining import (
    DISCONNECT,
    GOT_IP,
    JOINS_WITHIN_S,
    NOTICES_LOSS_S,
    require_apart,
    require_member,
    require_network,
    require_no_network,
    use_station,
    use_station_from_start,
)
from .link import RECEIVE_TIMEOUT_S
from .restart import restart
from .wifi import join_call, softap_name

if TYPE_CHECKING:
    from ipaddress import IPv4Address

    from hil.at.talk import Talk
    from hil.ports.access_point import AccessPoint
    from hil.ports.wifi_station import WifiStation

    from .link import Links

SERVER_PORT = 1001


SERVER_PORT = 1001


def _leave(talk: Talk) -> None:
    """Leave, and hear that the station has left, which may be said behind the OK."""
    talk.ok("AT+CWQAP")
    talk.wait_for(DISCONNECT, NOTICES_LOSS_S)


@pytest.mark.clause("CWQAP-01")
def test_the_test_form_answers_ok(talk: Talk) -> None:
    talk.ok("AT+CWQAP=?")


@pytest.mark.clause("CWQAP-02")
def test_the_test_form_stays_joined(talk: Talk, access_point: AccessPoint) -> None:
    use_station(talk)
    talk.ok(join_call(access_point))

    talk.ok("AT+CWQAP=?")

    talk.silent(2.0)
    require_network(talk, "CWJAP_CUR", access_point.setup.ssid)
    require_member(talk, access_point)


@pytest.mark.clause("CWQAP-03")
def test_the_execute_form_answers_ok(talk: Talk) -> None:
    for mode in (1, 3):
        talk.ok(f"AT+CWMODE_CUR={mode}")
        talk.ok("AT+CWQAP")


@pytest.mark.clause("CWQAP-04")
def test_the_execute_form_leaves_the_access_point(talk: Talk, access_point: AccessPoint) -> None:
    use_station(talk)
    talk.ok(join_call(access_point))

    _leave(talk)

    require_no_network(talk)
    require_member(talk, access_point, is_member=False)


@pytest.mark.needs("tcp-peer")
@pytest.mark.clause("CWQAP-04")
def test_nobody_reaches_a_station_that_has_left(links: Links) -> None:
    address = links.module_address
    links.serve(SERVER_PORT)
    assert links.serves(links.dial(SERVER_PORT))

    _leave(links.talk)

    assert links.turns_away(SERVER_PORT, address)


@pytest.mark.clause("CWQAP-05")
def test_leaving_without_being_joined_answers_ok(talk: Talk) -> None:
    use_station(talk)
    require_no_network(talk)

    talk.ok("AT+CWQAP")
    talk.ok("AT+CWQAP")


@pytest.mark.clause("CWQAP-06")
def test_the_station_stays_away_until_the_next_start(talk: Talk, access_point: AccessPoint) -> None:
    use_station_from_start(talk)
    talk.ok(join_call(access_point, "AT+CWJAP_DEF"))
    _leave(talk)

    require_apart(talk)

    restart(talk)
    talk.wait_for(GOT_IP, JOINS_WITHIN_S)


@pytest.mark.clause("CWQAP-07")
def test_leaving_keeps_the_stored_network(talk: Talk, access_point: AccessPoint) -> None:
    use_station_from_start(talk)
    talk.ok(join_call(access_point, "AT+CWJAP_DEF"))
    talk.unsolicited()
    _leave(talk)
    restart(talk)

    talk.wait_for(GOT_IP, JOINS_WITHIN_S)
    require_network(talk, "CWJAP_CUR", access_point.setup.ssid)


@pytest.mark.clause("CWQAP-08")
def test_there_are_no_query_and_set_forms(talk: Talk) -> None:
    for form in ("?", "=1", "="):
        talk.refused(f"AT+CWQAP{form}")


@pytest.mark.needs("ap")
@pytest.mark.clause("CWQAP-08")
def test_a_form_that_there_is_not_stays_joined(talk: Talk, access_point: AccessPoint) -> None:
    use_station(talk)
    talk.ok(join_call(access_point))
    talk.unsolicited()

    for form in ("?", "=1"):
        talk.refused(f"AT+CWQAP{form}")

    require_network(talk, "CWJAP_CUR", access_point.setup.ssid)
    assert talk.unsolicited() == ()


@pytest.mark.clause("CWQAP-09")
def test_leaving_ends_the_links(links: Links) -> None:
    talk = links.talk
    connection = links.open_tcp()
    connection.send(b"before", links.deadline_ns(RECEIVE_TIMEOUT_S))
    assert talk.received_bytes(6) == b"before"

    _leave(talk)

    talk.expect("AT+CIPSTATUS", re.compile("STATUS:[245]"), OK)
    talk.refused("AT+CIPSEND=5")
    assert links.has_received_nothing(connection)


@pytest.mark.clause("CWQAP-09")
@pytest.mark.needs("softap-client")
def test_leaving_spares_a_client_that_came_over_the_softap(
    links: Links, access_point: AccessPoint, softap_client: WifiStation
) -> None:
    _join_both(links, access_point, softap_client)
    told = links.talk.expect(
        "AT+CIFSR", spelling("softap-addresses"), spelling("station-addresses"), OK
    )
    links.serve(SERVER_PORT)
    links.dial(SERVER_PORT, told.named["station"])
    near = links.dial(SERVER_PORT, told.named["softap"])

    _leave(links.talk)

    assert links.status().numbers == [1]
    assert links.serves(near)


@pytest.mark.clause("CWQAP-09")
@pytest.mark.needs("softap-client")
def test_leaving_spares_a_link_that_goes_over_the_softap(
    links: Links, access_point: AccessPoint, softap_client: WifiStation
) -> None:
    address = _join_both(links, access_point, softap_client)
    links.use_many()
    listener = links.network.listen()
    links.open_tcp(0, listener)
    call = f'AT+CIPSTART=1,"TCP","{address}",{listener.endpoint.port}'
    if links.talk.say(call).lines[-1] != OK:
        pytest.skip(f"the peers are not to be had at {address}, the softAP's station")
    near = links.accept(listener)

    _leave(links.talk)

    assert links.status().numbers == [1]
    assert links.goes_both_ways(near, 1)


def _join_both(
    links: Links, access_point: AccessPoint, softap_client: WifiStation
) -> IPv4Address | None:
    """Let the module be joined, and its softAP have a station; returns the station's address."""
    links.talk.ok("AT+CWMODE_CUR=3")
    links.talk.ok(join_call(access_point))
    assert softap_client.join(softap_name(links.talk))
    return softap_client.wait_for_address()
