"""WIFI CONNECTED, WIFI GOT IP, WIFI DISCONNECT: lines about the station (document, section 1)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from hil.at.talk import JOIN_FAILURE, OK
from hil.units import seconds_to_ns

from .joining import (
    AT_ONCE_S,
    CONNECTED,
    DISCONNECT,
    FINDS_AGAIN_S,
    GOT_IP,
    JOINS_WITHIN_S,
    NOTICES_LOSS_S,
    require_member,
    use_station,
    use_station_from_start,
    wifi_lines,
    wire_lines,
)
from .restart import restart
from .wifi import join_call, softap_name

if TYPE_CHECKING:
    from hil.at.talk import Talk
    from hil.ports.access_point import AccessPoint
    from hil.ports.wifi_station import WifiStation


@pytest.mark.clause("WIFI-01")
def test_a_line_tells_that_the_station_has_joined(talk: Talk, access_point: AccessPoint) -> None:
    use_station(talk)

    answer = talk.say(join_call(access_point))

    assert wire_lines(answer).count(CONNECTED) == 1


@pytest.mark.clause("WIFI-02")
def test_a_line_tells_that_the_station_has_an_address(
    talk: Talk, access_point: AccessPoint
) -> None:
    use_station(talk)

    answer = talk.say(join_call(access_point))

    assert wire_lines(answer).count(GOT_IP) == 1


@pytest.mark.clause("WIFI-03")
def test_a_line_tells_that_the_station_has_left(talk: Talk, access_point: AccessPoint) -> None:
    use_station(talk)
    talk.ok(join_call(access_point))
    assert DISCONNECT not in talk.unsolicited()
    talk.raw(b"AT+CWQAP\r\n")

    heard = talk.hear_until(rb"WIFI \w+\r\n", NOTICES_LOSS_S)

    assert DISCONNECT.encode() in heard.split(b"\r\n")


@pytest.mark.clause("WIFI-04")
def test_the_lines_come_while_no_command_is_pending(talk: Talk, access_point: AccessPoint) -> None:
    use_station(talk)
    talk.ok(join_call(access_point))
    talk.unsolicited()

    access_point.switch(is_on=False)
    assert talk.hear_until(rb"\r\n", NOTICES_LOSS_S) == b"WIFI DISCONNECT\r\n"

    access_point.switch(is_on=True)
    heard = talk.hear_until(rb"WIFI GOT IP\r\n", FINDS_AGAIN_S)
    assert heard == b"WIFI CONNECTED\r\nWIFI GOT IP\r\n"


@pytest.mark.clause("WIFI-05")
def test_the_station_has_joined_before_it_has_an_address(
    talk: Talk, access_point: AccessPoint
) -> None:
    use_station(talk)

    answer = talk.say(join_call(access_point))

    assert wifi_lines(wire_lines(answer)) == [CONNECTED, GOT_IP]


@pytest.mark.clause("WIFI-06")
def test_without_a_lease_the_station_tells_of_no_address(
    talk: Talk, access_point: AccessPoint
) -> None:
    access_point.configure(replace(access_point.setup, has_dhcp=False))
    use_station(talk)

    answer = talk.say(join_call(access_point))

    answer.must_be(JOIN_FAILURE)
    assert wifi_lines(wire_lines(answer)) == [CONNECTED]


@pytest.mark.clause("WIFI-07")
def test_stations_of_the_softap_are_not_told_of(talk: Talk, softap_client: WifiStation) -> None:
    talk.ok("AT+CWMODE_CUR=2")
    ssid = softap_name(talk)

    assert softap_client.join(ssid)
    assert softap_client.wait_for_address() is not None
    softap_client.leave()

    talk.ok("AT")
    assert talk.unsolicited() == ()


@pytest.mark.clause("WIFI-08")
def test_a_fixed_address_is_told_like_a_lease(talk: Talk, access_point: AccessPoint) -> None:
    use_station(talk)
    talk.ok('AT+CIPSTA_CUR="192.168.77.77"')

    answer = talk.say(join_call(access_point))

    assert wire_lines(answer) == [CONNECTED, GOT_IP, OK]


@pytest.mark.clause("WIFI-09")
def test_no_line_breaks_into_an_answer(talk: Talk, access_point: AccessPoint) -> None:
    use_station_from_start(talk)
    answer = wire_lines(talk.say("AT+GMR"))
    talk.ok(join_call(access_point, "AT+CWJAP_DEF"))
    restart(talk)

    heard, asked = b"", 0
    deadline_ns = talk.clock.now_ns() + seconds_to_ns(JOINS_WITHIN_S)
    while GOT_IP.encode() not in heard and talk.clock.now_ns() < deadline_ns:
        talk.raw(b"AT+GMR\r\n")
        heard += talk.hear_until(rb"\r\nOK\r\n", AT_ONCE_S)
        asked += 1
    talk.raw(b"AT+CWQAP\r\n")
    heard += talk.hear_until(rb"\r\nOK\r\n", AT_ONCE_S)
    talk.raw(b"AT+GMR\r\n")
    heard += talk.hear_until(rb"\r\nOK\r\n", AT_ONCE_S)
    heard += talk.hear(AT_ONCE_S)

    lines = [line.decode() for line in heard.split(b"\r\n") if line]
    assert wifi_lines(lines) == [CONNECTED, GOT_IP, DISCONNECT]
    assert [line for line in lines if not wifi_lines([line])] == answer * asked + [OK] + answer


@pytest.mark.clause("WIFI-10")
def test_switching_the_station_off_is_told(talk: Talk, access_point: AccessPoint) -> None:
    talk.ok("AT+CWMODE_CUR=3")
    talk.ok(join_call(access_point))
    assert DISCONNECT not in talk.unsolicited()

    talk.ok("AT+CWMODE_CUR=2")

    talk.wait_for(DISCONNECT, NOTICES_LOSS_S)
    require_member(talk, access_point, is_member=False)
