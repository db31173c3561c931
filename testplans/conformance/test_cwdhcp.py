"""AT+CWDHCP, _CUR and _DEF: DHCP of both interfaces (section 4.2, commands 13 to 15).

What bit of the answer is whose is told in mode 3 only, in which both interfaces are on (A-33).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.at.talk import OK
from hil.spec.spelling import spelling

from .interface import (
    NO_ADDRESS,
    SOFT_AP,
    STATION,
    address_told,
    dhcp_bits,
    has_dhcp,
    interface_of,
    mac_told,
)
from .restart import power_cycle, restart
from .variant import Variant, each_variant
from .wifi import join_call, softap_name

if TYPE_CHECKING:
    from hil.at.talk import Talk
    from hil.ports.access_point import AccessPoint
    from hil.ports.wifi_station import WifiStation
    from hil.rig.module import RigModule

NEITHER, SOFT_AP_ALONE, STATION_ALONE, BOTH = range(4)
"""Answers of AT+CWDHCP?. Source: line 528."""

OFFER_S = 4.0
"""How long a station would wait for an address at most if there were one."""


def use_both_interfaces(talk: Talk) -> None:
    talk.ok("AT+CWMODE_CUR=3")


def gives_addresses(talk: Talk, station: WifiStation) -> bool:
    """Whether the softAP, open as it is from the factory, gives an address to who joins it."""
    station.leave()
    assert station.join(softap_name(talk))
    return station.wait_for_address(OFFER_S) is not None


@pytest.mark.clause("CWDHCP-01")
def test_the_query_gives_a_number(talk: Talk) -> None:
    use_both_interfaces(talk)

    assert dhcp_bits(talk) == BOTH


@pytest.mark.clause("CWDHCP-02")
def test_bit_0_is_the_softap(talk: Talk) -> None:
    use_both_interfaces(talk)
    talk.ok("AT+CWDHCP_CUR=2,0")
    talk.ok("AT+CWDHCP_CUR=0,1")

    talk.expect("AT+CWDHCP?", f"+CWDHCP:{SOFT_AP_ALONE}", OK)


@pytest.mark.clause("CWDHCP-03")
def test_bit_1_is_the_station(talk: Talk) -> None:
    use_both_interfaces(talk)
    talk.ok("AT+CWDHCP_CUR=2,0")
    talk.ok("AT+CWDHCP_CUR=1,1")

    talk.expect("AT+CWDHCP?", f"+CWDHCP:{STATION_ALONE}", OK)


@pytest.mark.clause("CWDHCP-04")
def test_both_are_3_and_neither_is_0(talk: Talk) -> None:
    use_both_interfaces(talk)
    talk.ok("AT+CWDHCP_CUR=2,0")
    talk.expect("AT+CWDHCP?", f"+CWDHCP:{NEITHER}", OK)
    talk.ok("AT+CWDHCP_CUR=2,1")
    talk.expect("AT+CWDHCP?", f"+CWDHCP:{BOTH}", OK)


@each_variant("CWDHCP", None, 1, 1)
def test_the_query_that_is_not_documented_tells_its_own_value(talk: Talk, variant: Variant) -> None:
    use_both_interfaces(talk)
    talk.ok("AT+CWDHCP_DEF=0,0")
    talk.ok("AT+CWDHCP_CUR=2,1")
    talk.ok("AT+CWDHCP_CUR=1,0")

    match = talk.expect(f"{variant.command}?", spelling("dhcp-of-variant"))
    if match.named:
        own = STATION_ALONE if variant.is_stored else SOFT_AP_ALONE
        assert (match.named["name"], match.named["bits"]) == (variant.name, str(own))


@each_variant("CWDHCP", 5, 2, 2)
def test_it_takes_an_interface_and_a_flag(talk: Talk, variant: Variant) -> None:
    for interface in (0, 1, 2):
        for flag in (0, 1):
            talk.ok(f"{variant.command}={interface},{flag}")


@each_variant("CWDHCP", None, 3, 3)
def test_the_printed_example_is_taken(talk: Talk, variant: Variant) -> None:
    talk.ok(f"{variant.command}=0,1")


@each_variant("CWDHCP", 6, 4, 4)
@pytest.mark.parametrize("flag", [0, 1])
def test_0_is_the_softap_alone(
    talk: Talk, variant: Variant, flag: int, softap_client: WifiStation
) -> None:
    use_both_interfaces(talk)
    talk.ok(f"AT+CWDHCP_CUR=2,{1 - flag}")

    talk.ok(f"{variant.command}=0,{flag}")

    assert dhcp_bits(talk) == (SOFT_AP_ALONE if flag else STATION_ALONE)
    assert gives_addresses(talk, softap_client) == bool(flag)


@each_variant("CWDHCP", 7, 5, 5)
def test_1_is_the_station_alone(talk: Talk, variant: Variant, access_point: AccessPoint) -> None:
    use_both_interfaces(talk)
    talk.ok("AT+CWDHCP_CUR=2,1")
    talk.ok(f"{variant.command}=1,0")
    assert dhcp_bits(talk) == SOFT_AP_ALONE
    talk.ok("AT+CWDHCP_CUR=2,0")
    talk.ok(f"{variant.command}=1,1")
    assert dhcp_bits(talk) == STATION_ALONE

    talk.ok(join_call(access_point))
    assert address_told(talk, "CIPSTA_CUR") != NO_ADDRESS


@each_variant("CWDHCP", 8, 6, 6)
def test_2_is_both(
    talk: Talk, variant: Variant, access_point: AccessPoint, softap_client: WifiStation
) -> None:
    use_both_interfaces(talk)
    talk.ok("AT+CWDHCP_CUR=2,1")
    talk.ok(f"{variant.command}=2,0")
    assert dhcp_bits(talk) == NEITHER
    assert not gives_addresses(talk, softap_client)

    talk.ok(f"{variant.command}=2,1")
    assert dhcp_bits(talk) == BOTH
    assert gives_addresses(talk, softap_client)
    talk.ok(join_call(access_point))
    assert address_told(talk, "CIPSTA_CUR") != NO_ADDRESS


@each_variant("CWDHCP", 9, 7, 7)
def test_0_disables_and_1_enables(talk: Talk, variant: Variant) -> None:
    use_both_interfaces(talk)
    for number, interface in ((0, SOFT_AP), (1, STATION)):
        talk.ok(f"{variant.command}={number},0")
        assert not has_dhcp(talk, interface)
        talk.ok(f"{variant.command}={number},1")
        assert has_dhcp(talk, interface)


@each_variant("CWDHCP", 10, 8, 8)
def test_other_interfaces_are_refused(talk: Talk, variant: Variant) -> None:
    use_both_interfaces(talk)
    talk.ok("AT+CWDHCP_CUR=0,0")

    for interface in ("3", "4", "9", "-1", "x", '"0"'):
        for flag in (0, 1):
            talk.refused(f"{variant.command}={interface},{flag}")
    assert dhcp_bits(talk) == STATION_ALONE


@each_variant("CWDHCP", 11, 9, 9)
def test_other_flags_are_refused(talk: Talk, variant: Variant) -> None:
    use_both_interfaces(talk)
    talk.ok("AT+CWDHCP_CUR=0,0")

    for flag in ("2", "3", "-1", "x", '"1"'):
        for interface in (0, 1, 2):
            talk.refused(f"{variant.command}={interface},{flag}")
    assert dhcp_bits(talk) == STATION_ALONE


@each_variant("CWDHCP", 12, 10, 10)
def test_both_values_are_required(talk: Talk, variant: Variant) -> None:
    use_both_interfaces(talk)
    talk.ok("AT+CWDHCP_CUR=0,0")

    for values in ("", "0", "1", "1,", ",1", "0,1,1"):
        talk.refused(f"{variant.command}={values}")
    assert dhcp_bits(talk) == STATION_ALONE


@each_variant("CWDHCP", 13, 11, 11)
def test_enabling_it_cancels_the_fixed_address_of_the_station(
    talk: Talk, variant: Variant, access_point: AccessPoint
) -> None:
    use_both_interfaces(talk)
    talk.ok(f'AT+CIPSTA{variant.suffix}="{STATION.address}"')
    assert not has_dhcp(talk, STATION)

    talk.ok(f"{variant.command}=1,1")

    assert has_dhcp(talk, STATION)
    talk.ok(join_call(access_point))
    assert address_told(talk, "CIPSTA_CUR") not in (STATION.address, NO_ADDRESS)


@each_variant("CWDHCP", 14, 12, 12)
def test_enabling_it_cancels_the_fixed_address_of_the_softap(
    talk: Talk, variant: Variant, softap_client: WifiStation
) -> None:
    use_both_interfaces(talk)
    talk.ok(f'AT+CIPAP{variant.suffix}="{SOFT_AP.address}"')
    assert not has_dhcp(talk, SOFT_AP)

    talk.ok(f"{variant.command}=0,1")

    assert has_dhcp(talk, SOFT_AP)
    assert address_told(talk, "CIPAP_CUR") != SOFT_AP.address
    assert gives_addresses(talk, softap_client)


@each_variant("CWDHCP", 15, 13, 13)
@pytest.mark.parametrize("family", ["CIPSTA", "CIPAP"])
def test_the_last_of_dhcp_and_fixed_address_wins(talk: Talk, variant: Variant, family: str) -> None:
    use_both_interfaces(talk)
    fixing = Variant(family, variant.suffix)
    interface = interface_of(fixing)
    for address in (interface.address, interface.other_address):
        talk.ok(f"{variant.command}={interface.number},1")
        assert has_dhcp(talk, interface)
        talk.ok(f'{fixing.command}="{address}"')
        assert not has_dhcp(talk, interface)


@each_variant("CWDHCP", 16, 14, 14)
def test_without_dhcp_and_fixed_address_a_join_brings_none(
    talk: Talk, variant: Variant, access_point: AccessPoint
) -> None:
    talk.ok("AT+CWMODE_CUR=1")
    talk.ok(f"{variant.command}=1,0")
    mac = mac_told(talk, "CIPSTAMAC_CUR")

    talk.raw(f"{join_call(access_point)}\r\n".encode())
    talk.wait_for("WIFI CONNECTED", 20.0)
    talk.silent(OFFER_S)
    assert [each.address for each in access_point.stations() if each.mac == mac] == [None]
    talk.answer(40.0)  # which one is not said
    assert "WIFI GOT IP" not in talk.unsolicited()
    assert address_told(talk, "CIPSTA_CUR") == NO_ADDRESS


@each_variant("CWDHCP", None, 15, None)
def test_what_is_current_does_not_survive_a_restart(talk: Talk, variant: Variant) -> None:
    talk.ok("AT+CWDHCP_DEF=1,0")
    talk.ok(f"{variant.command}=0,0")
    talk.ok(f"{variant.command}=1,1")

    restart(talk)

    use_both_interfaces(talk)
    assert dhcp_bits(talk) == SOFT_AP_ALONE


@each_variant("CWDHCP", 18, None, 16)
@pytest.mark.parametrize(
    ("interface", "left"), [(0, STATION_ALONE), (1, SOFT_AP_ALONE), (2, NEITHER)]
)
def test_what_is_stored_survives_power_off(
    talk: Talk, variant: Variant, module: RigModule, interface: int, left: int
) -> None:
    talk.ok(f"{variant.command}={interface},0")

    power_cycle(talk, module)

    use_both_interfaces(talk)
    assert dhcp_bits(talk) == left


@each_variant("CWDHCP", 18, None, 16)
def test_dhcp_that_is_stored_last_wins_over_a_stored_address(
    talk: Talk, variant: Variant, module: RigModule
) -> None:
    talk.ok(f"{variant.command}=0,0")
    talk.ok(f'AT+CIPSTA{variant.suffix}="{STATION.address}"')
    talk.ok(f"{variant.command}=1,1")

    power_cycle(talk, module)

    use_both_interfaces(talk)
    assert dhcp_bits(talk) == STATION_ALONE


@each_variant("CWDHCP", 19, 16, 17)
def test_there_is_neither_a_test_nor_an_execute_form(talk: Talk, variant: Variant) -> None:
    talk.refused(f"{variant.command}=?")
    talk.refused(variant.command)
