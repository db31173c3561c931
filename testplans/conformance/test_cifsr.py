"""AT+CIFSR: get local IP addresses (document, section 5.2, command 10)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from hil.at.talk import OK
from hil.spec.spelling import spelling

from .wifi import join_call

if TYPE_CHECKING:
    from hil.at.talk import Talk
    from hil.ports.access_point import AccessPoint
    from hil.ports.wifi_station import WifiStation
    from hil.spec.spelling import Spelling

    from .link import Links

SOFTAP = spelling("softap-addresses")
STATION = spelling("station-addresses")


@pytest.mark.clause("CIFSR-01")
def test_the_test_form_answers_ok(talk: Talk) -> None:
    talk.ok("AT+CIFSR=?")


@pytest.mark.clause("CIFSR-02")
@pytest.mark.parametrize("mode", [1, 2, 3])
def test_the_execute_form_answers_records_and_ok(talk: Talk, mode: int) -> None:
    talk.ok(f"AT+CWMODE_CUR={mode}")
    answer = talk.say("AT+CIFSR")

    *records, result = answer.lines
    assert result == OK
    assert records
    assert all(re.fullmatch(r"(\+CIFSR:.*|[0-9.]+)", record) for record in records), answer


@pytest.mark.clause("CIFSR-03")
def test_the_softaps_addresses_are_its_own(talk: Talk) -> None:
    own = _text_in(talk, "AT+CIPAP_CUR?", r"\d+\.\d+\.\d+\.\d+")
    own_mac = _text_in(talk, "AT+CIPAPMAC_CUR?", r"[0-9a-f:]{17}")

    match = talk.expect("AT+CIFSR", SOFTAP, OK)
    assert match.named["softap"] == own
    assert match.named.get("softap_mac", own_mac) == own_mac


@pytest.mark.clause("CIFSR-03")
def test_the_softaps_new_address_is_reported(talk: Talk) -> None:
    talk.ok('AT+CIPAP_CUR="192.168.9.7"')

    assert talk.expect("AT+CIFSR", SOFTAP, OK).named["softap"] == "192.168.9.7"


@pytest.mark.clause("CIFSR-03")
@pytest.mark.needs("softap-client", "tcp-peer")
def test_the_softaps_address_is_the_one_where_its_stations_reach_it(
    softap_client: WifiStation, links: Links
) -> None:
    talk = links.talk
    talk.ok("AT+CWMODE_CUR=2")
    ssid = _text_in(talk, "AT+CWSAP_CUR?", r'(?<=")[^"]*')
    address = talk.expect("AT+CIFSR", SOFTAP, OK).named["softap"]
    links.serve(1001)
    assert softap_client.join(ssid)
    assert softap_client.wait_for_address() is not None

    assert links.serves(links.dial(1001, address))


@pytest.mark.clause("CIFSR-04")
def test_the_stations_addresses_are_its_own(joined: Talk) -> None:
    own = _text_in(joined, "AT+CIPSTA_CUR?", r"\d+\.\d+\.\d+\.\d+")
    own_mac = _text_in(joined, "AT+CIPSTAMAC_CUR?", r"[0-9a-f:]{17}")

    match = joined.expect("AT+CIFSR", STATION, OK)
    assert match.named["station"] == own
    assert match.named.get("station_mac", own_mac) == own_mac


@pytest.mark.clause("CIFSR-04")
@pytest.mark.needs("tcp-peer")
def test_the_stations_address_is_the_one_that_peers_see(links: Links) -> None:
    seen = links.open_tcp().remote.address

    assert links.talk.expect("AT+CIFSR", STATION, OK).named["station"] == seen


@pytest.mark.clause("CIFSR-04")
def test_a_station_without_a_network_has_no_address(joined: Talk) -> None:
    joined.ok("AT+CWQAP")
    joined.wait_for("WIFI DISCONNECT", 10)

    assert joined.expect("AT+CIFSR", STATION, OK).named["station"] == "0.0.0.0"  # noqa: S104


@pytest.mark.clause("CIFSR-05")
def test_the_softap_comes_before_the_station(talk: Talk, access_point: AccessPoint) -> None:
    own = _text_in(talk, "AT+CIPAP_CUR?", r"\d+\.\d+\.\d+\.\d+")
    talk.ok("AT+CWMODE_CUR=3")
    talk.ok(join_call(access_point))
    joined = _text_in(talk, "AT+CIPSTA_CUR?", r"\d+\.\d+\.\d+\.\d+")

    match = talk.expect("AT+CIFSR", SOFTAP, STATION, OK)
    assert (match.named["softap"], match.named["station"]) == (own, joined)


@pytest.mark.clause("CIFSR-06")
@pytest.mark.parametrize(("mode", "on"), [(1, STATION), (2, SOFTAP)], ids=["1", "2"])
def test_an_interface_that_is_off_is_left_out(talk: Talk, mode: int, on: Spelling) -> None:
    talk.ok("AT+CWMODE_CUR=3")
    talk.expect("AT+CIFSR", SOFTAP, STATION, OK)

    talk.ok(f"AT+CWMODE_CUR={mode}")
    talk.expect("AT+CIFSR", on, OK)


@pytest.mark.clause("CIFSR-08")
def test_there_is_neither_a_query_nor_a_set_form(talk: Talk) -> None:
    talk.refused("AT+CIFSR?")
    talk.refused("AT+CIFSR=1")
    talk.refused('AT+CIFSR="192.168.9.7"')


def _text_in(talk: Talk, call: str, pattern: str) -> str:
    """The first text of a form in the answer to a call, whatever stands around it."""
    answer = talk.say(call)
    match = re.search(pattern, "\n".join(answer.lines))
    assert match is not None, answer
    return match[0]
