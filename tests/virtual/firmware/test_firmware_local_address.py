"""Section 5, command 10: AT+CIFSR."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from hil.virtual.air.message import Announce, ApLost
from hil.virtual.firmware.dialect import DOCUMENTED, ESPRESSIF_0_23, Dialect
from hil.virtual.network.message import Interface, SetAddress

from .air_player import join_beside_soft_ap
from .chip_player import ERROR, OK, ready_player

both_dialects = pytest.mark.parametrize("dialect", [DOCUMENTED, ESPRESSIF_0_23])

SOFT_AP = b'+CIFSR:APIP,"192.168.4.1"\r\n+CIFSR:APMAC,"1a:fe:35:97:3b:d5"\r\n'
NOT_JOINED = b'+CIFSR:STAIP,"0.0.0.0"\r\n+CIFSR:STAMAC,"18:fe:35:97:3b:d5"\r\n'
JOINED = b'+CIFSR:STAIP,"192.168.1.7"\r\n+CIFSR:STAMAC,"18:fe:35:97:3b:d5"\r\n'


@both_dialects
def test_the_test_form_answers_ok(dialect: Dialect) -> None:
    assert ready_player(dialect).ask(b"AT+CIFSR=?") == OK


@both_dialects
@pytest.mark.parametrize(
    ("mode", "answer"),
    [
        (b"1", b'+CIFSR:STAIP,"0.0.0.0"\r\n+CIFSR:STAMAC,"18:fe:35:97:3b:d5"\r\n\r\nOK\r\n'),
        (b"2", b'+CIFSR:APIP,"192.168.4.1"\r\n+CIFSR:APMAC,"1a:fe:35:97:3b:d5"\r\n\r\nOK\r\n'),
        (
            b"3",
            (
                b'+CIFSR:APIP,"192.168.4.1"\r\n'
                b'+CIFSR:APMAC,"1a:fe:35:97:3b:d5"\r\n'
                b'+CIFSR:STAIP,"0.0.0.0"\r\n'
                b'+CIFSR:STAMAC,"18:fe:35:97:3b:d5"\r\n\r\nOK\r\n'
            ),
        ),
    ],
)
def test_interfaces_that_are_on_are_told_the_softap_first(
    mode: bytes, answer: bytes, dialect: Dialect
) -> None:
    player = ready_player(dialect)
    player.ask(b"AT+CWMODE_CUR=" + mode)
    assert player.ask(b"AT+CIFSR") == answer


@both_dialects
def test_the_stations_address_is_the_leased_one_while_it_is_joined(dialect: Dialect) -> None:
    player = ready_player(dialect)
    join_beside_soft_ap(player)
    assert player.ask(b"AT+CIFSR") == SOFT_AP + JOINED + OK
    player.hear(ApLost())
    player.take_sent()
    player.send(b"AT+CIFSR\r\n")
    assert player.take_sent() == SOFT_AP + NOT_JOINED + OK


@both_dialects
def test_a_fixed_address_is_not_told_before_the_station_is_joined(dialect: Dialect) -> None:
    player = ready_player(dialect)
    player.ask(b'AT+CIPSTA_CUR="192.168.6.100"')
    player.ask(b"AT+CWMODE_CUR=3")
    assert player.ask(b"AT+CIFSR") == SOFT_AP + NOT_JOINED + OK
    join_beside_soft_ap(player)
    assert b'+CIFSR:STAIP,"192.168.6.100"\r\n' in player.ask(b"AT+CIFSR")


@both_dialects
def test_what_was_set_is_told(dialect: Dialect) -> None:
    player = ready_player(dialect)
    player.ask(b'AT+CIPAP_CUR="192.168.5.1"')
    player.ask(b'AT+CIPAPMAC_CUR="1a:fe:36:97:d5:7b"')
    player.ask(b'AT+CIPSTAMAC_CUR="18:fe:35:98:d3:7b"')
    player.ask(b"AT+CWMODE_CUR=3")
    assert player.ask(b"AT+CIFSR") == (
        b'+CIFSR:APIP,"192.168.5.1"\r\n'
        b'+CIFSR:APMAC,"1a:fe:36:97:d5:7b"\r\n'
        b'+CIFSR:STAIP,"0.0.0.0"\r\n'
        b'+CIFSR:STAMAC,"18:fe:35:98:d3:7b"\r\n\r\nOK\r\n'
    )


@both_dialects
def test_there_is_no_query_form(dialect: Dialect) -> None:
    assert ready_player(dialect).ask(b"AT+CIFSR?") == ERROR


@pytest.mark.parametrize("arguments", [b"1", b'"192.168.5.1"', b""])
def test_there_is_no_set_form_as_documented(arguments: bytes) -> None:
    player = ready_player()
    assert player.ask(b"AT+CIFSR=" + arguments) == ERROR
    assert player.ask(b"AT+CIFSR") == SOFT_AP + OK


def test_the_set_form_of_0_23_gives_the_softap_an_address_that_is_not_stored() -> None:
    player = ready_player(ESPRESSIF_0_23)
    player.ask(b'AT+CIPAP_CUR="192.168.5.1","192.168.5.9","255.255.255.0"')
    player.take_soft_ap_requests()
    content = player.flash.snapshot()
    assert player.ask(b'AT+CIFSR="192.168.5.2"') == OK
    announce, address = player.take_soft_ap_requests()
    assert address == SetAddress(Interface.SOFT_AP, IPv4Address("192.168.5.2"))
    assert isinstance(announce, Announce)
    assert announce.soft_ap is not None
    assert not announce.soft_ap.has_dhcp
    assert player.ask(b"AT+CIPAP?") == (
        b'+CIPAP:ip:"192.168.5.2"\r\n'
        b'+CIPAP:gateway:"192.168.5.9"\r\n'
        b'+CIPAP:netmask:"255.255.255.0"\r\n\r\nOK\r\n'
    )
    assert player.ask(b"AT+CWDHCP?") == b"+CWDHCP:2\r\nOK\r\n"
    assert player.flash.snapshot() == content


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (b"", b"IP ERROR\r\n\r\nERROR\r\n"),
        (b"192.168.5.1", b"IP ERROR\r\n\r\nERROR\r\n"),
        (b'""', b"IP ERROR\r\n\r\nERROR\r\n"),
        (b'"192.168.5"', ERROR),
        (b'"300.1.1.1"', ERROR),
        (b'"0.0.0.0"', ERROR),
        (b'"10.0.0.1"', ERROR),
        (b'"224.0.0.1"', ERROR),
    ],
)
def test_other_arguments_of_the_set_form_of_0_23_are_refused(
    arguments: bytes, answer: bytes
) -> None:
    player = ready_player(ESPRESSIF_0_23)
    assert player.ask(b"AT+CIFSR=" + arguments) == answer
    assert player.ask(b"AT+CIFSR") == SOFT_AP + OK


def test_the_set_form_of_0_23_needs_a_softap() -> None:
    player = ready_player(ESPRESSIF_0_23)
    player.ask(b"AT+CWMODE_CUR=1")
    assert player.ask(b'AT+CIFSR="192.168.5.2"') == ERROR
