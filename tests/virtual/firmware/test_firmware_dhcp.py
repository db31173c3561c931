"""Section 4, commands 13 to 15 and 23 to 28: what DHCP and fixed addresses do."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from hil.virtual.air.message import Announce, RequestLease, SoftAp
from hil.virtual.firmware.dialect import DOCUMENTED, ESPRESSIF_0_23, Dialect
from hil.virtual.network.message import Interface, SetAddress
from hil.virtual.network.route import Route

from .air_player import join_beside_soft_ap, serve
from .chip_player import ERROR, OK, ChipPlayer, ready_player

both_dialects = pytest.mark.parametrize("dialect", [DOCUMENTED, ESPRESSIF_0_23])
suffixes = pytest.mark.parametrize("suffix", [b"", b"_CUR", b"_DEF"])
storing_suffixes = pytest.mark.parametrize("suffix", [b"", b"_DEF"])
families = pytest.mark.parametrize(
    ("family", "address"), [(b"+CIPSTA", b"192.168.6.100"), (b"+CIPAP", b"192.168.5.1")]
)


def soft_ap(player: ChipPlayer) -> SoftAp:
    """The softAP as the air was told last since the last call."""
    found = [each for each in player.take_soft_ap_requests() if isinstance(each, Announce)][
        -1
    ].soft_ap
    assert found is not None
    return found


# AT+CWDHCP


@both_dialects
@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b"AT+CWDHCP?", b"+CWDHCP:3\r\nOK\r\n"),
        (b"AT+CWDHCP_CUR?", b"+CWDHCP_CUR:3\r\nOK\r\n"),
        (b"AT+CWDHCP_DEF?", b"+CWDHCP_DEF:3\r\nOK\r\n"),
        (b"AT+CWDHCP_CUR=0,1", b"\r\nOK\r\n"),
        (b"AT+CWDHCP_DEF=0,1", b"\r\nOK\r\n"),
        (b"AT+CWDHCP=1,1", b"\r\nOK\r\n"),
    ],
)
def test_dhcp_is_on_at_first_and_the_examples_are_taken(
    line: bytes, answer: bytes, dialect: Dialect
) -> None:
    assert ready_player(dialect).ask(line) == answer


@both_dialects
@suffixes
@pytest.mark.parametrize(
    ("before", "number", "flag", "after"),
    [
        (b"2,1", b"0", b"0", b"2"),
        (b"2,1", b"1", b"0", b"1"),
        (b"2,1", b"2", b"0", b"0"),
        (b"2,0", b"0", b"1", b"1"),
        (b"2,0", b"1", b"1", b"2"),
        (b"2,0", b"2", b"1", b"3"),
    ],
)
def test_numbers_of_interfaces_and_bits(
    suffix: bytes, before: bytes, number: bytes, flag: bytes, after: bytes, dialect: Dialect
) -> None:
    player = ready_player(dialect)
    player.ask(b"AT+CWMODE_CUR=3")
    assert player.ask(b"AT+CWDHCP" + suffix + b"=" + before) == OK
    assert player.ask(b"AT+CWDHCP" + suffix + b"=" + number + b"," + flag) == OK
    answer = b"+CWDHCP" + suffix + b":" + after + b"\r\nOK\r\n"
    assert player.ask(b"AT+CWDHCP" + suffix + b"?") == answer
    assert player.ask(b"AT+CWDHCP?") == b"+CWDHCP:" + after + b"\r\nOK\r\n"


@suffixes
@pytest.mark.parametrize(
    "arguments",
    [
        b"3,1",
        b"1,2",
        b"1",
        b"",
        b"1,",
        b",1",
        b"1,1,1",
        b"-1,1",
        b'"1",1',
        b"1, 1",
        b"a,1",
        b"10,1",
    ],
)
def test_other_arguments_of_cwdhcp_are_refused(suffix: bytes, arguments: bytes) -> None:
    player = ready_player()
    content = player.flash.snapshot()
    assert player.ask(b"AT+CWDHCP" + suffix + b"=" + arguments) == ERROR
    assert player.ask(b"AT+CWDHCP?") == b"+CWDHCP:3\r\nOK\r\n"
    assert player.flash.snapshot() == content


@pytest.mark.parametrize("name", [b"+CWDHCP", b"+CIPSTA", b"+CIPAP"])
@suffixes
@pytest.mark.parametrize("form", [b"=?", b""])
def test_test_and_execute_forms_are_refused(name: bytes, suffix: bytes, form: bytes) -> None:
    assert ready_player().ask(b"AT" + name + suffix + form) == ERROR


@both_dialects
@suffixes
def test_the_air_is_told_whether_the_softap_gives_addresses_out(
    suffix: bytes, dialect: Dialect
) -> None:
    player = ready_player(dialect)
    player.take_soft_ap_requests()
    player.ask(b"AT+CWDHCP" + suffix + b"=0,0")
    without = soft_ap(player)
    assert not without.has_dhcp
    assert without.network.address == IPv4Address("192.168.4.1")
    player.ask(b"AT+CWDHCP" + suffix + b"=0,0")
    assert player.take_soft_ap_requests() == []
    player.ask(b"AT+CWDHCP" + suffix + b"=2,1")
    assert soft_ap(player).has_dhcp


@both_dialects
@storing_suffixes
def test_a_stored_dhcp_state_is_in_force_after_a_power_cycle(
    suffix: bytes, dialect: Dialect
) -> None:
    player = ready_player(dialect)
    player.ask(b"AT+CWDHCP" + suffix + b"=2,0")
    player.power_cycle()
    player.ask(b"ATE0")
    assert player.ask(b"AT+CWDHCP?") == b"+CWDHCP:0\r\nOK\r\n"
    assert player.ask(b"AT+CWDHCP_DEF?") == b"+CWDHCP_DEF:0\r\nOK\r\n"
    assert not soft_ap(player).has_dhcp


def test_a_current_dhcp_state_leaves_the_stored_one_alone() -> None:
    player = ready_player()
    player.ask(b"AT+CWDHCP_CUR=2,0")
    assert player.ask(b"AT+CWDHCP_DEF?") == b"+CWDHCP_DEF:3\r\nOK\r\n"
    player.ask(b"AT+RST")
    player.ask(b"ATE0")
    assert player.ask(b"AT+CWDHCP?") == b"+CWDHCP:3\r\nOK\r\n"


# DHCP and fixed addresses: the last one wins


@suffixes
@pytest.mark.parametrize("dhcp_suffix", [b"", b"_CUR", b"_DEF"])
@pytest.mark.parametrize(
    ("family", "number", "with_dhcp", "without"),
    [(b"+CIPSTA", b"1", b"3", b"1"), (b"+CIPAP", b"0", b"3", b"2")],
)
def test_the_last_of_dhcp_and_a_fixed_address_wins(
    suffix: bytes,
    dhcp_suffix: bytes,
    family: bytes,
    number: bytes,
    with_dhcp: bytes,
    without: bytes,
) -> None:
    player = ready_player()
    player.ask(b"AT+CWMODE_CUR=3")
    enable = b"AT+CWDHCP" + dhcp_suffix + b"=" + number + b",1"
    fix = b"AT" + family + suffix + b'="192.168.6.100"'
    for line, bits in ((enable, with_dhcp), (fix, without), (enable, with_dhcp), (fix, without)):
        assert player.ask(line) == OK
        assert player.ask(b"AT+CWDHCP?") == b"+CWDHCP:" + bits + b"\r\nOK\r\n"


@storing_suffixes
@pytest.mark.parametrize(("family", "bits"), [(b"+CIPSTA", b"1"), (b"+CIPAP", b"2")])
def test_a_stored_fixed_address_is_in_force_after_a_power_cycle_without_dhcp(
    suffix: bytes, family: bytes, bits: bytes
) -> None:
    player = ready_player()
    player.ask(b"AT" + family + suffix + b'="192.168.6.100"')
    player.power_cycle()
    player.ask(b"ATE0")
    answer = family + b'_CUR:"192.168.6.100"\r\n' + OK
    assert player.ask(b"AT" + family + b"_CUR?") == answer
    assert player.ask(b"AT+CWDHCP?") == b"+CWDHCP:" + bits + b"\r\nOK\r\n"


@both_dialects
@families
def test_neither_a_current_address_nor_its_dhcp_state_is_stored(
    family: bytes, address: bytes, dialect: Dialect
) -> None:
    player = ready_player(dialect)
    stored = player.ask(b"AT" + family + b"_DEF?")
    current = player.ask(b"AT" + family + b"_CUR?")
    assert player.ask(b"AT" + family + b'_CUR="' + address + b'"') == OK
    assert player.ask(b"AT" + family + b"_DEF?") == stored
    player.ask(b"AT+RST")
    player.ask(b"ATE0")
    assert player.ask(b"AT" + family + b"_CUR?") == current
    assert player.ask(b"AT+CWDHCP?") == b"+CWDHCP:3\r\nOK\r\n"


@families
def test_current_and_stored_addresses_are_separate(family: bytes, address: bytes) -> None:
    player = ready_player()
    player.ask(b"AT" + family + b'_DEF="192.168.7.7"')
    player.ask(b"AT" + family + b'_CUR="' + address + b'"')
    assert player.ask(b"AT" + family + b"_CUR?") == family + b'_CUR:"' + address + b'"\r\n' + OK
    assert player.ask(b"AT" + family + b"_DEF?") == family + b'_DEF:"192.168.7.7"\r\n' + OK
    player.ask(b"AT+RST")
    player.ask(b"ATE0")
    assert player.ask(b"AT" + family + b"_CUR?") == family + b'_CUR:"192.168.7.7"\r\n' + OK


# The softAP's address and DHCP server outside


def test_a_fixed_softap_gives_no_addresses_out_until_dhcp_is_enabled() -> None:
    player = ready_player()
    player.take_soft_ap_requests()
    player.ask(b'AT+CIPAP_CUR="192.168.5.1"')
    announce, address = player.take_soft_ap_requests()
    assert address == SetAddress(Interface.SOFT_AP, IPv4Address("192.168.5.1"))
    assert isinstance(announce, Announce)
    assert announce.soft_ap is not None
    assert announce.soft_ap.network.address == IPv4Address("192.168.5.1")
    assert not announce.soft_ap.has_dhcp
    player.ask(b"AT+CWDHCP_CUR=0,1")
    announce, address = player.take_soft_ap_requests()
    assert address == SetAddress(Interface.SOFT_AP, IPv4Address("192.168.4.1"))
    assert isinstance(announce, Announce)
    assert announce.soft_ap is not None
    assert announce.soft_ap.network.address == IPv4Address("192.168.4.1")
    assert announce.soft_ap.has_dhcp
    assert player.ask(b"AT+CIPAP?") == b'+CIPAP:"192.168.4.1"\r\n' + OK


def test_in_0_23_a_fixed_softap_gives_addresses_out() -> None:
    player = ready_player(ESPRESSIF_0_23)
    player.ask(b"AT+CWDHCP_CUR=0,0")
    player.take_soft_ap_requests()
    player.ask(b'AT+CIPAP_CUR="192.168.5.1"')
    found = soft_ap(player)
    assert (found.network.address, found.has_dhcp) == (IPv4Address("192.168.5.1"), True)
    assert player.ask(b"AT+CWDHCP?") == b"+CWDHCP:3\r\nOK\r\n"
    player.ask(b"AT+CWDHCP_CUR=0,0")
    found = soft_ap(player)
    assert (found.network.address, found.has_dhcp) == (IPv4Address("192.168.5.1"), False)


def test_in_0_23_a_stored_fixed_softap_gives_addresses_out_after_a_power_cycle() -> None:
    player = ready_player(ESPRESSIF_0_23)
    player.ask(b'AT+CIPAP_DEF="192.168.5.1"')
    player.power_cycle()
    found = soft_ap(player)
    assert (found.network.address, found.has_dhcp) == (IPv4Address("192.168.5.1"), True)


def test_the_disabled_fixed_address_of_a_softap_comes_back_with_dhcp_off() -> None:
    player = ready_player()
    player.ask(b'AT+CIPAP_CUR="192.168.5.1"')
    player.ask(b"AT+CWDHCP_CUR=0,1")
    player.ask(b"AT+CWDHCP_CUR=0,0")
    assert player.ask(b"AT+CIPAP?") == b'+CIPAP:"192.168.5.1"\r\n' + OK


@suffixes
def test_without_a_softap_its_address_is_kept_for_later(suffix: bytes) -> None:
    player = ready_player()
    player.ask(b"AT+CWMODE_CUR=1")
    player.take_soft_ap_requests()
    assert player.ask(b"AT+CIPAP" + suffix + b'="192.168.5.1"') == OK
    assert player.take_soft_ap_requests() == []
    player.ask(b"AT+CWMODE_CUR=3")
    assert soft_ap(player).network.address == IPv4Address("192.168.5.1")


# The station's address


@both_dialects
@suffixes
def test_a_fixed_address_takes_the_place_of_a_lease_and_the_other_way_round(
    suffix: bytes, dialect: Dialect
) -> None:
    player = ready_player(dialect)
    join_beside_soft_ap(player)
    assert b'"192.168.1.7"' in player.ask(b"AT+CIPSTA?")
    player.ask(b"AT+CIPSTA" + suffix + b'="192.168.6.100","192.168.6.1","255.255.255.0"')
    route = Route(IPv4Address("192.168.6.1"), IPv4Address("255.255.255.0"))
    fixed = SetAddress(Interface.STATION, IPv4Address("192.168.6.100"), route)
    assert player.take_requests()[-1] == fixed
    assert b'+CIFSR:STAIP,"192.168.6.100"\r\n' in player.ask(b"AT+CIFSR")
    player.ask(b"AT+CWDHCP" + suffix + b"=1,1")
    assert [type(each) for each in serve(player)] == [RequestLease]
    assert b'"192.168.1.7"' in player.ask(b"AT+CIPSTA?")
    assert b'+CIFSR:STAIP,"192.168.1.7"\r\n' in player.ask(b"AT+CIFSR")


def test_a_lease_is_told_with_gateway_and_netmask_by_0_23() -> None:
    player = ready_player(ESPRESSIF_0_23)
    join_beside_soft_ap(player)
    assert player.ask(b"AT+CIPSTA?") == (
        b'+CIPSTA:ip:"192.168.1.7"\r\n'
        b'+CIPSTA:gateway:"192.168.1.1"\r\n'
        b'+CIPSTA:netmask:"255.255.255.0"\r\n\r\nOK\r\n'
    )


@both_dialects
def test_without_dhcp_and_a_fixed_address_the_station_has_none(dialect: Dialect) -> None:
    player = ready_player(dialect)
    join_beside_soft_ap(player)
    player.ask(b"AT+CWDHCP_CUR=1,0")
    assert serve(player) == []
    assert b'"0.0.0.0"' in player.ask(b"AT+CIPSTA?")
    assert b'+CIFSR:STAIP,"0.0.0.0"\r\n' in player.ask(b"AT+CIFSR")


def test_the_disabled_fixed_address_of_the_station_comes_back_with_dhcp_off() -> None:
    player = ready_player()
    player.ask(b'AT+CIPSTA_CUR="192.168.6.100"')
    player.ask(b"AT+CWDHCP_CUR=1,1")
    assert player.ask(b"AT+CIPSTA?") == b'+CIPSTA:"0.0.0.0"\r\n' + OK
    player.ask(b"AT+CWDHCP_CUR=1,0")
    assert player.ask(b"AT+CIPSTA?") == b'+CIPSTA:"192.168.6.100"\r\n' + OK


@both_dialects
@suffixes
def test_the_same_again_does_not_disturb_the_station(suffix: bytes, dialect: Dialect) -> None:
    player = ready_player(dialect)
    player.ask(b"AT+CIPSTA" + suffix + b'="192.168.6.100"')
    join_beside_soft_ap(player)
    player.take_requests()
    assert player.ask(b"AT+CIPSTA" + suffix + b'="192.168.6.100"') == OK
    assert player.ask(b"AT+CWDHCP" + suffix + b"=1,0") == OK
    assert player.take_requests() == []
