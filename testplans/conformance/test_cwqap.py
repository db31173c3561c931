"""AT+CWQAP: to leave the access point (document, section 4.1, command 8)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from hil.at.talk import OK

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
from .wifi import join_call

if TYPE_CHECKING:
    from hil.at.talk import Talk
    from hil.ports.access_point import AccessPoint

    from .link import Links


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
