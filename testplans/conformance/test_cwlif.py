"""AT+CWLIF: who is joined to the softAP (document, section 4.2, command 12)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.at.talk import OK
from hil.spec.spelling import spelling

from .wifi import softap_name

if TYPE_CHECKING:
    from hil.at.talk import Talk
    from hil.ports.wifi_station import WifiStation

LEAVING_S = 0.5
"""How long the module may take to notice that a station has left."""


def join(talk: Talk, station: WifiStation) -> str:
    """Let a station join the softAP, as it is from the factory; what AT+CWLIF has to say of it."""
    assert station.join(softap_name(talk))
    address = station.wait_for_address()
    assert address is not None
    return f"{address},{station.mac}"


@pytest.mark.clause("CWLIF-01", "CWLIF-04")
def test_a_client_is_listed_with_its_address(talk: Talk, softap_client: WifiStation) -> None:
    client = join(talk, softap_client)

    talk.expect("AT+CWLIF", client, OK)


@pytest.mark.clause("CWLIF-02")
def test_two_clients_are_two_lines(
    talk: Talk, softap_client: WifiStation, second_client: WifiStation
) -> None:
    first, second = join(talk, softap_client), join(talk, second_client)

    answer = talk.say("AT+CWLIF")
    if not answer.match(second, first, OK):
        answer.must_be(first, second, OK)


@pytest.mark.clause("CWLIF-03")
def test_without_clients_there_is_nothing_to_list(talk: Talk) -> None:
    softap_name(talk)

    talk.ok("AT+CWLIF")


@pytest.mark.clause("CWLIF-05")
def test_it_lists_again_once_the_dhcp_server_is_enabled(
    talk: Talk, softap_client: WifiStation
) -> None:
    talk.ok("AT+CWDHCP_CUR=0,0")
    talk.ok("AT+CWDHCP_CUR=0,1")
    client = join(talk, softap_client)

    talk.expect("AT+CWLIF", client, OK)


@pytest.mark.clause("CWLIF-06")
def test_nobody_is_listed_once_the_dhcp_server_is_disabled(
    talk: Talk, softap_client: WifiStation
) -> None:
    client = join(talk, softap_client)
    talk.expect("AT+CWLIF", client, OK)

    talk.ok("AT+CWDHCP_CUR=0,0")

    talk.expect("AT+CWLIF", spelling("no-list-of-stations"))


@pytest.mark.clause("CWLIF-06")
def test_a_client_that_comes_without_a_dhcp_server_is_not_listed(
    talk: Talk, softap_client: WifiStation
) -> None:
    ssid = softap_name(talk)
    talk.ok("AT+CWDHCP_CUR=0,0")
    assert softap_client.join(ssid)

    talk.expect("AT+CWLIF", spelling("no-list-of-stations"))


@pytest.mark.clause("CWLIF-07")
def test_a_client_that_leaves_is_no_longer_listed(talk: Talk, softap_client: WifiStation) -> None:
    client = join(talk, softap_client)
    talk.expect("AT+CWLIF", client, OK)

    softap_client.leave()
    talk.hear(LEAVING_S)

    talk.ok("AT+CWLIF")


@pytest.mark.clause("CWLIF-08")
def test_there_is_only_the_execute_form(talk: Talk) -> None:
    softap_name(talk)

    for form in ("?", "=?", "=1", "="):
        talk.refused(f"AT+CWLIF{form}")


@pytest.mark.clause("CWLIF-09")
def test_there_is_no_list_in_station_mode(talk: Talk) -> None:
    talk.ok("AT+CWMODE_CUR=1")

    talk.refused("AT+CWLIF")
