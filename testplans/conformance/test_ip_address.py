"""AT+CIPSTA and AT+CIPAP, _CUR and _DEF: fixed addresses (section 4.2, commands 23 to 28).

What the addresses do in the network stands in `test_address_in_use`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.at.talk import OK

from .interface import (
    NO_ADDRESS,
    SOFT_AP,
    STATION,
    address_told,
    dhcp_bits,
    has_dhcp,
    interface_of,
    network_told,
    other_family,
)
from .restart import power_cycle, restart
from .variant import Variant, each_variant, each_variant_of

if TYPE_CHECKING:
    from hil.at.talk import Talk
    from hil.rig.module import RigModule

BOTH = 3
"""The answer of AT+CWDHCP? with DHCP on for both interfaces."""


@pytest.fixture
def both(talk: Talk) -> Talk:
    """As ``talk``; both interfaces are on."""
    talk.ok("AT+CWMODE_CUR=3")
    return talk


def start_again(talk: Talk, module: RigModule | None = None) -> None:
    """By the supply of the module if it is given, else by AT+RST; both interfaces on."""
    if module is not None:
        power_cycle(talk, module)
    else:
        restart(talk)
    talk.ok("AT+CWMODE_CUR=3")


@each_variant("CIPSTA", 1, 1, 1)
def test_a_station_that_is_not_joined_tells_that_it_has_none(both: Talk, variant: Variant) -> None:
    assert address_told(both, variant.name) == NO_ADDRESS


@each_variant("CIPAP", 1, 1, 1)
def test_the_softap_tells_its_address(both: Talk, variant: Variant) -> None:
    assert address_told(both, variant.name) == address_told(both, "CIPAP_CUR") != NO_ADDRESS


@each_variant_of(("CIPSTA", 2, 2, 2), ("CIPAP", 2, 2, 2))
def test_the_address_alone_is_taken(both: Talk, variant: Variant) -> None:
    interface = interface_of(variant)
    for address in (interface.other_address, interface.address):
        both.ok(f'{variant.command}="{address}"')
        assert address_told(both, variant.name) == address
        assert address_told(both, f"{variant.family}_CUR") == address


@each_variant("CIPSTA", 2, 2, 2)
def test_the_station_takes_addresses_of_each_class(both: Talk, variant: Variant) -> None:
    for address in ("1.2.3.4", "126.1.2.3", "172.16.0.1", "192.0.2.1", "223.1.2.3"):
        both.ok(f'{variant.command}="{address}"')
        assert address_told(both, variant.name) == address


@each_variant_of(("CIPSTA", 2, 2, 2), ("CIPAP", 2, 2, 2))
def test_the_other_interface_keeps_its_address(both: Talk, variant: Variant) -> None:
    name = f"{other_family(variant)}{variant.suffix}"
    before = address_told(both, name)

    both.ok(f'{variant.command}="{interface_of(variant).address}"')

    assert address_told(both, name) == before


@each_variant_of(("CIPSTA", 3, 3, 3), ("CIPAP", 3, 3, 3))
def test_the_printed_example_is_taken(both: Talk, variant: Variant) -> None:
    interface = interface_of(variant)
    both.ok(f'{variant.command}="{interface.address}","{interface.gateway}","255.255.255.0"')

    told = network_told(both, variant.name).named
    assert told["address"] == interface.address
    assert told.get("gateway", interface.gateway) == interface.gateway
    assert told.get("netmask", "255.255.255.0") == "255.255.255.0"


@each_variant_of(("CIPSTA", 4, 4, 4), ("CIPAP", 4, 4, 4))
def test_a_gateway_without_netmask_is_refused(both: Talk, variant: Variant) -> None:
    interface = interface_of(variant)
    both.ok(f'{variant.command}="{interface.address}"')

    both.refused(f'{variant.command}="{interface.other_address}","192.168.7.1"')

    assert address_told(both, variant.name) == interface.address


@each_variant_of(("CIPSTA", 5, 5, 5), ("CIPAP", 5, 5, 5))
def test_a_malformed_address_is_refused(both: Talk, variant: Variant) -> None:
    interface = interface_of(variant)
    both.ok(f'{variant.command}="{interface.address}"')

    other = interface.other_address
    for values in (
        "",
        other,
        "1",
        '""',
        '"x"',
        f'"{other}',
        f'" {other}"',
        f'"{other}."',
        f'"{other}.1"',
        '"192.168.7"',
        '"300.1.1.1"',
        '"192.168.7.256"',
        f'"{other}",',
        f'"{other}","192.168.7.1",',
        f'"{other}",,"255.255.255.0"',
        f'"{other}","x","255.255.255.0"',
        f'"{other}","192.168.7","255.255.255.0"',
        f'"{other}","192.168.7.256","255.255.255.0"',
        f'"{other}","192.168.7.1","255.255.255"',
        f'"{other}","192.168.7.1","255.255.255.256"',
        f'"{other}","192.168.7.1",24',
        f'"{other}","192.168.7.1","255.255.255.0","1"',
    ):
        both.refused(f"{variant.command}={values}")
    assert address_told(both, variant.name) == interface.address


@each_variant_of(("CIPSTA", 5, 5, 5), ("CIPAP", 5, 5, 5))
def test_what_no_interface_can_have_is_refused(both: Talk, variant: Variant) -> None:
    interface = interface_of(variant)
    both.ok(f'{variant.command}="{interface.address}"')

    other = interface.other_address
    for values in (
        f'"{NO_ADDRESS}"',
        '"0.1.2.3"',
        '"224.0.0.1"',
        '"255.255.255.255"',
        f'"{other}","{NO_ADDRESS}","255.255.255.0"',
        f'"{other}","224.0.0.1","255.255.255.0"',
        f'"{other}","192.168.7.1","{NO_ADDRESS}"',
        f'"{other}","192.168.7.1","255.0.255.0"',
    ):
        both.refused(f"{variant.command}={values}")
    assert address_told(both, variant.name) == interface.address


@each_variant_of(("CIPSTA", 7, 7, 7), ("CIPAP", 7, 7, 7))
def test_fixing_the_address_switches_dhcp_of_that_interface_off(
    both: Talk, variant: Variant
) -> None:
    interface = interface_of(variant)
    assert dhcp_bits(both) == BOTH

    both.ok(f'{variant.command}="{interface.address}"')

    assert dhcp_bits(both) == BOTH & ~(1 << interface.number)


@each_variant_of(("CIPSTA", 9, 9, 9), ("CIPAP", 9, 9, 9))
def test_the_last_of_fixed_address_and_dhcp_wins(both: Talk, variant: Variant) -> None:
    interface = interface_of(variant)
    for address in (interface.address, interface.other_address):
        both.ok(f'{variant.command}="{address}"')
        assert not has_dhcp(both, interface)
        assert address_told(both, variant.name) == address
        both.ok(f"AT+CWDHCP_CUR={interface.number},1")
        assert has_dhcp(both, interface)


@each_variant("CIPAP", 10, 10, 10)
def test_addresses_of_class_c_are_taken(both: Talk, variant: Variant) -> None:
    for address in ("192.168.5.1", "200.1.2.1", "192.0.2.1", "223.1.2.3"):
        both.ok(f'{variant.command}="{address}"')
        assert address_told(both, variant.name) == address


@each_variant("CIPAP", 11, 11, 11)
def test_addresses_of_other_classes_are_refused(both: Talk, variant: Variant) -> None:
    both.ok(f'{variant.command}="{SOFT_AP.address}"')

    for address in ("10.0.0.1", "172.16.0.1", "191.168.5.1", "224.168.5.1"):
        both.refused(f'{variant.command}="{address}"')
        both.refused(f'{variant.command}="{address}","{address}","255.255.255.0"')
    assert address_told(both, variant.name) == SOFT_AP.address


@each_variant("CIPAP", 11, 11, 11)
def test_networks_of_another_size_are_refused(both: Talk, variant: Variant) -> None:
    both.ok(f'{variant.command}="{SOFT_AP.address}"')

    for netmask in ("255.255.0.0", "255.255.254.0", "255.255.255.128", "255.0.0.0"):
        both.refused(f'{variant.command}="192.168.7.2","192.168.7.2","{netmask}"')
    assert address_told(both, variant.name) == SOFT_AP.address


@each_variant_of(("CIPSTA", None, 10, None), ("CIPAP", None, 12, None))
def test_the_current_address_does_not_survive_a_restart(both: Talk, variant: Variant) -> None:
    interface = interface_of(variant)
    before = address_told(both, variant.name)
    both.ok(f'{variant.command}="{interface.address}"')
    assert address_told(both, variant.name) == interface.address

    start_again(both)

    assert address_told(both, variant.name) == before


@each_variant_of(("CIPSTA", None, 11, None), ("CIPAP", None, 13, None))
def test_dhcp_that_it_switches_off_is_on_again_after_a_restart(
    both: Talk, variant: Variant
) -> None:
    interface = interface_of(variant)
    both.ok(f"AT+CWDHCP_DEF={interface.number},1")
    both.ok(f'{variant.command}="{interface.address}"')
    assert not has_dhcp(both, interface)

    start_again(both)

    assert has_dhcp(both, interface)


@each_variant_of(("CIPSTA", 11, None, 11), ("CIPAP", 13, None, 13))
def test_the_stored_address_survives_power_off(
    both: Talk, variant: Variant, module: RigModule
) -> None:
    interface = interface_of(variant)
    both.ok(f'{variant.command}="{interface.address}"')

    start_again(both, module)

    assert address_told(both, variant.name) == interface.address
    assert address_told(both, f"{variant.family}_CUR") == interface.address


@each_variant_of(("CIPSTA", 11, None, 11), ("CIPAP", 13, None, 13))
def test_dhcp_stays_off_with_the_stored_address(
    both: Talk, variant: Variant, module: RigModule
) -> None:
    interface = interface_of(variant)
    both.ok(f'{variant.command}="{interface.address}"')

    start_again(both, module)

    assert dhcp_bits(both) == BOTH & ~(1 << interface.number)


@each_variant_of(("CIPSTA", 12, 12, 12), ("CIPAP", 14, 14, 14))
def test_there_is_neither_a_test_nor_an_execute_form(both: Talk, variant: Variant) -> None:
    both.refused(f"{variant.command}=?")
    both.refused(variant.command)


@each_variant_of(("CIPSTA", None, None, 2), ("CIPAP", None, None, 2))
def test_the_stored_address_is_shown_beside_a_current_one(both: Talk, variant: Variant) -> None:
    interface = interface_of(variant)
    both.ok(f'{variant.command}="{interface.address}"')
    both.ok(f'AT+{variant.family}_CUR="{interface.other_address}"')

    assert address_told(both, variant.name) == interface.address


@each_variant_of(("CIPSTA", None, 14, None), ("CIPAP", None, 15, None))
def test_current_and_stored_address_are_two(both: Talk, variant: Variant) -> None:
    interface, stored = interface_of(variant), f"{variant.family}_DEF"
    both.ok(f'AT+{stored}="{interface.address}"')
    both.ok(f'{variant.command}="{interface.other_address}"')

    assert address_told(both, variant.name) == interface.other_address
    assert address_told(both, stored) == interface.address
    start_again(both)
    assert address_told(both, variant.name) == interface.address


@pytest.mark.clause(
    "CWDHCP_DEF-16", "CIPSTAMAC_DEF-08", "CIPAPMAC_DEF-08", "CIPSTA_DEF-11", "CIPAP_DEF-13"
)
def test_what_is_stored_leaves_what_was_stored_before(both: Talk, module: RigModule) -> None:
    both.ok(f'AT+CIPSTAMAC_DEF="{STATION.mac}"')
    both.ok(f'AT+CIPAP_DEF="{SOFT_AP.address}"')
    both.ok(f'AT+CIPSTA_DEF="{STATION.address}"')
    both.ok(f'AT+CIPAPMAC_DEF="{SOFT_AP.mac}"')
    both.ok("AT+CWDHCP_DEF=1,1")

    start_again(both, module)

    both.expect("AT+CIPSTAMAC_CUR?", f'+CIPSTAMAC_CUR:"{STATION.mac}"', OK)
    both.expect("AT+CIPAPMAC_CUR?", f'+CIPAPMAC_CUR:"{SOFT_AP.mac}"', OK)
    assert address_told(both, "CIPAP_CUR") == SOFT_AP.address
    assert address_told(both, "CIPSTA_DEF") == STATION.address
    assert has_dhcp(both, STATION)
