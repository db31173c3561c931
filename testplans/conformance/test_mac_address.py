"""AT+CIPSTAMAC and AT+CIPAPMAC, _CUR and _DEF: MAC addresses (section 4.2, commands 17 to 22)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.at.talk import OK

from .interface import interface_of, mac_told, other_family
from .joining import GOT_IP, JOINS_WITHIN_S
from .restart import power_cycle, restart
from .variant import Variant, each_variant, each_variant_of
from .wifi import join_call, softap_name

if TYPE_CHECKING:
    from hil.at.talk import Talk
    from hil.ports.access_point import AccessPoint
    from hil.ports.wifi_station import WifiStation
    from hil.rig.module import RigModule


@each_variant_of(("CIPSTAMAC", 1, 1, 1), ("CIPAPMAC", 1, 1, 1))
def test_the_query_gives_the_address(talk: Talk, variant: Variant) -> None:
    assert mac_told(talk, variant.name) == mac_told(talk, f"{variant.family}_CUR")
    assert mac_told(talk, variant.name) != mac_told(talk, f"{other_family(variant)}_CUR")


@each_variant_of(("CIPSTAMAC", 2, 2, 2), ("CIPAPMAC", 2, 2, 2))
def test_the_printed_example_is_taken(talk: Talk, variant: Variant) -> None:
    talk.ok(f'{variant.command}="{interface_of(variant).mac}"')


@each_variant_of(("CIPSTAMAC", 3, 3, 3), ("CIPAPMAC", 3, 3, 3))
def test_what_is_set_is_shown(talk: Talk, variant: Variant) -> None:
    interface = interface_of(variant)
    for mac in (interface.mac, interface.other_mac):
        talk.ok(f'{variant.command}="{mac.upper()}"')
        talk.expect(f"{variant.command}?", f'+{variant.name}:"{mac}"', OK)
        assert mac_told(talk, f"{variant.family}_CUR") == mac


@each_variant_of(("CIPSTAMAC", 3, 3, 3), ("CIPAPMAC", 3, 3, 3))
def test_the_other_interface_keeps_its_address(talk: Talk, variant: Variant) -> None:
    name = f"{other_family(variant)}{variant.suffix}"
    before = mac_told(talk, name)

    talk.ok(f'{variant.command}="{interface_of(variant).mac}"')

    assert mac_told(talk, name) == before


@each_variant("CIPSTAMAC", 4, 4, 4)
def test_the_station_has_the_address_on_the_air(
    talk: Talk, variant: Variant, access_point: AccessPoint
) -> None:
    mac = interface_of(variant).mac
    talk.ok("AT+CWMODE_CUR=1")
    talk.ok(f'{variant.command}="{mac}"')
    access_point.switch(is_on=False)  # who was cut off before stands in its list for a while
    access_point.switch(is_on=True)
    assert access_point.stations() == ()

    talk.ok(join_call(access_point))

    assert [each.mac for each in access_point.stations()] == [mac]


@each_variant("CIPSTAMAC", 11, 11, 11)
def test_a_joined_station_has_the_new_address_at_once(
    joined: Talk, variant: Variant, access_point: AccessPoint
) -> None:
    mac = interface_of(variant).mac
    joined.unsolicited()

    joined.ok(f'{variant.command}="{mac}"')

    joined.wait_for(GOT_IP, JOINS_WITHIN_S)
    assert mac in [each.mac for each in access_point.stations()]


@each_variant("CIPAPMAC", 4, 4, 4)
def test_the_softap_has_the_address_on_the_air(
    talk: Talk, variant: Variant, softap_client: WifiStation
) -> None:
    ssid, mac = softap_name(talk), interface_of(variant).mac
    seen = softap_client.find(ssid)
    assert seen
    assert seen.bssid == mac_told(talk, "CIPAPMAC_CUR")

    talk.ok(f'{variant.command}="{mac}"')

    seen = softap_client.find(ssid)
    assert seen
    assert seen.bssid == mac


@each_variant_of(("CIPSTAMAC", 5, 5, 5), ("CIPAPMAC", 5, 5, 5))
def test_a_malformed_address_is_refused(talk: Talk, variant: Variant) -> None:
    mac, other = interface_of(variant).mac, interface_of(variant).other_mac
    talk.ok(f'{variant.command}="{mac}"')

    for value in (
        other,
        "",
        '""',
        f'"{other}',
        f'"{other[:-1]}"',
        f'"{other[:-3]}"',
        f'"{other}0"',
        f'"{other}:00"',
        f'"{other[:-1]}g"',
        f'" {other}"',
        f'"{other.replace(":", "")}"',
        f'"{other.replace(":", "-")}"',
        f'"{other}","{other}"',
        f'"{other}",1',
        "1",
    ):
        talk.refused(f"{variant.command}={value}")
    assert mac_told(talk, variant.name) == mac


@each_variant_of(("CIPSTAMAC", 6, 6, 6), ("CIPAPMAC", 6, 6, 6))
def test_an_address_of_a_group_is_refused(talk: Talk, variant: Variant) -> None:
    mac = interface_of(variant).mac
    talk.ok(f'{variant.command}="{mac}"')

    for group in ("19:fe:35:98:d3:7b", "01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff"):
        talk.refused(f'{variant.command}="{group}"')
    assert mac_told(talk, variant.name) == mac


@each_variant_of(("CIPSTAMAC", 10, 10, 10), ("CIPAPMAC", 10, 10, 10))
def test_an_address_that_is_taken_or_none_is_refused(talk: Talk, variant: Variant) -> None:
    before = mac_told(talk, f"{variant.family}_CUR")

    talk.refused(f'{variant.command}="{mac_told(talk, f"{other_family(variant)}_CUR")}"')
    talk.refused(f'{variant.command}="00:00:00:00:00:00"')

    assert mac_told(talk, f"{variant.family}_CUR") == before


@each_variant_of(("CIPSTAMAC", 10, None, 10), ("CIPAPMAC", 10, None, 10))
def test_an_address_that_is_stored_for_the_other_interface_is_not_stored_twice(
    talk: Talk, variant: Variant
) -> None:
    other, stored, current = other_family(variant), "1a:fe:36:97:d5:70", "1a:fe:36:97:d5:71"
    talk.ok(f'AT+{other}_DEF="{stored}"')
    talk.ok(f'AT+{other}_CUR="{current}"')

    talk.refused(f'{variant.command}="{stored}"')
    talk.refused(f'{variant.command}="{current}"')
    talk.ok(f'AT+{variant.family}_CUR="{stored}"')


@each_variant_of(("CIPSTAMAC", None, 7, None), ("CIPAPMAC", None, 7, None))
def test_the_current_address_does_not_survive_a_restart(talk: Talk, variant: Variant) -> None:
    before = mac_told(talk, variant.name)
    talk.ok(f'{variant.command}="{interface_of(variant).mac}"')
    assert mac_told(talk, variant.name) == interface_of(variant).mac

    restart(talk)

    assert mac_told(talk, variant.name) == before


@each_variant_of(("CIPSTAMAC", 8, None, 8), ("CIPAPMAC", 8, None, 8))
def test_the_stored_address_survives_power_off(
    talk: Talk, variant: Variant, module: RigModule
) -> None:
    mac = interface_of(variant).mac
    talk.ok(f'{variant.command}="{mac}"')

    power_cycle(talk, module)

    assert mac_told(talk, variant.name) == mac
    assert mac_told(talk, f"{variant.family}_CUR") == mac


@each_variant_of(("CIPSTAMAC", 9, 8, 9), ("CIPAPMAC", 9, 8, 9))
def test_there_is_neither_a_test_nor_an_execute_form(talk: Talk, variant: Variant) -> None:
    talk.refused(f"{variant.command}=?")
    talk.refused(variant.command)


@each_variant_of(("CIPSTAMAC", None, None, 3), ("CIPAPMAC", None, None, 3))
def test_the_stored_address_is_shown_beside_a_current_one(talk: Talk, variant: Variant) -> None:
    interface = interface_of(variant)
    talk.ok(f'{variant.command}="{interface.mac}"')
    talk.ok(f'AT+{variant.family}_CUR="{interface.other_mac}"')

    assert mac_told(talk, variant.name) == interface.mac


@each_variant_of(("CIPSTAMAC", None, 9, None), ("CIPAPMAC", None, 9, None))
def test_current_and_stored_address_are_two(talk: Talk, variant: Variant) -> None:
    interface, stored = interface_of(variant), f"{variant.family}_DEF"
    talk.ok(f'AT+{stored}="{interface.mac}"')
    talk.ok(f'{variant.command}="{interface.other_mac}"')

    assert mac_told(talk, variant.name) == interface.other_mac
    assert mac_told(talk, stored) == interface.mac
    restart(talk)
    assert mac_told(talk, variant.name) == interface.mac
