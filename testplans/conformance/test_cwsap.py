"""AT+CWSAP, _CUR and _DEF: the softAP's settings (document, section 4.2, commands 9 to 11)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from hil.at.talk import OK
from hil.ports.access_point import ApSecurity

from .interface import mac_told
from .restart import power_cycle, restart
from .variant import Variant, each_variant
from .wifi import softap_name

if TYPE_CHECKING:
    from hil.at.talk import Talk
    from hil.ports.wifi_station import WifiStation
    from hil.rig.module import RigModule

GIVEN = '"ESP_T","1234567890",5,3'
RECORD = r'"[^"]{1,32}","[^"]{0,64}",(?:[1-9]|1[0-3]),[0234]'


def shows(talk: Talk, variant: Variant, record: str) -> None:
    talk.expect(f"{variant.command}?", f"+{variant.name}:{record}", OK)


def shown(talk: Talk, variant: Variant) -> str:
    record = re.compile(rf"\+{variant.name}:({RECORD})")
    return talk.expect(f"{variant.command}?", record, OK).groups[0] or ""


@each_variant("CWSAP", (1, 2), (1, 2), (1, 2))
def test_the_query_gives_name_password_channel_and_encryption(talk: Talk, variant: Variant) -> None:
    assert shown(talk, variant) == shown(talk, Variant("CWSAP", "_CUR"))


@each_variant("CWSAP", 27, 27, 27)
def test_the_factory_name_ends_in_the_mac_address(talk: Talk, variant: Variant) -> None:
    mac = mac_told(talk, "CIPAPMAC_CUR").replace(":", "")

    shows(talk, variant, f'"ESP_{mac[-6:].upper()}","",1,0')


@each_variant("CWSAP", 3, 3, 3)
def test_what_is_set_is_shown(talk: Talk, variant: Variant) -> None:
    for record in (GIVEN, '"another","abcdefghijk",11,2'):
        talk.ok(f"{variant.command}={record}")
        shows(talk, variant, record)


@each_variant("CWSAP", 4, 4, 4)
def test_the_printed_example_is_taken(talk: Talk, variant: Variant) -> None:
    talk.ok(f'{variant.command}="ESP8266","1234567890",5,3')


@each_variant("CWSAP", 5, 5, 5)
def test_the_new_name_is_on_the_air_instead_of_the_old_one(
    talk: Talk, variant: Variant, softap_client: WifiStation
) -> None:
    old = softap_name(talk)
    assert softap_client.find(old)

    talk.ok(f"{variant.command}={GIVEN}")

    assert softap_client.find("ESP_T")
    assert softap_client.find(old, timeout_s=0.5) is None


@each_variant("CWSAP", 6, 6, 6)
def test_a_client_joins_with_the_password_and_with_no_other(
    talk: Talk, variant: Variant, softap_client: WifiStation
) -> None:
    talk.ok(f"{variant.command}={GIVEN}")

    assert not softap_client.join("ESP_T", "0123456789")
    assert softap_client.join("ESP_T", "1234567890")


@each_variant("CWSAP", 7, 7, 7)
def test_a_password_of_8_bytes_is_long_enough(talk: Talk, variant: Variant) -> None:
    for code in (2, 3, 4):
        talk.ok(f'{variant.command}="ESP_T","1234567{code}",5,{code}')
        shows(talk, variant, f'"ESP_T","1234567{code}",5,{code}')


@each_variant("CWSAP", 8, 8, 8)
def test_a_password_of_64_bytes_is_not_too_long(talk: Talk, variant: Variant) -> None:
    password = "0123456789abcdef" * 4
    for code in (2, 3, 4):
        talk.ok(f'{variant.command}="ESP_T","{password}",{code},{code}')
        shows(talk, variant, f'"ESP_T","{password}",{code},{code}')


@each_variant("CWSAP", 9, 9, 9)
def test_a_password_of_7_bytes_is_refused(talk: Talk, variant: Variant) -> None:
    talk.ok(f"{variant.command}={GIVEN}")

    for code in (2, 3, 4):
        talk.refused(f'{variant.command}="ESP_U","1234567",6,{code}')
        talk.refused(f'{variant.command}="ESP_U","",6,{code}')
    shows(talk, variant, GIVEN)


@each_variant("CWSAP", 10, 10, 10)
def test_a_password_of_65_bytes_is_refused(talk: Talk, variant: Variant) -> None:
    talk.ok(f"{variant.command}={GIVEN}")

    for code in (0, 2, 3, 4):
        talk.refused(f'{variant.command}="ESP_U","{"0123456789abcdef" * 4}0",6,{code}')
    shows(talk, variant, GIVEN)


def secures(talk: Talk, variant: Variant, station: WifiStation, code: int) -> ApSecurity | None:
    """How the softAP is secured on the air with an encryption that the query shows."""
    record = f'"ESP_{code}","12345678",6,{code}'
    talk.ok(f"{variant.command}={record}")
    shows(talk, variant, record)
    seen = station.find(f"ESP_{code}")
    return seen.security if seen is not None else None


@each_variant("CWSAP", 11, 11, 11)
def test_encryption_0_is_open(talk: Talk, variant: Variant, softap_client: WifiStation) -> None:
    talk.ok(f"{variant.command}={GIVEN}")

    assert secures(talk, variant, softap_client, 0) is ApSecurity.OPEN
    assert softap_client.join("ESP_0")


@each_variant("CWSAP", 11, 11, 11)
def test_encryption_0_needs_no_password(
    talk: Talk, variant: Variant, softap_client: WifiStation
) -> None:
    talk.ok(f'{variant.command}="ESP_O","",6,0')

    shows(talk, variant, '"ESP_O","",6,0')
    assert softap_client.join("ESP_O")


@each_variant("CWSAP", 12, 12, 12)
def test_encryption_2_is_wpa(talk: Talk, variant: Variant, softap_client: WifiStation) -> None:
    assert secures(talk, variant, softap_client, 2) is ApSecurity.WPA


@each_variant("CWSAP", 13, 13, 13)
def test_encryption_3_is_wpa2(talk: Talk, variant: Variant, softap_client: WifiStation) -> None:
    assert secures(talk, variant, softap_client, 3) is ApSecurity.WPA2


@each_variant("CWSAP", 14, 14, 14)
def test_encryption_4_is_wpa_and_wpa2(
    talk: Talk, variant: Variant, softap_client: WifiStation
) -> None:
    assert secures(talk, variant, softap_client, 4) is ApSecurity.WPA_WPA2


@each_variant("CWSAP", 15, 15, 15)
def test_wep_is_refused(talk: Talk, variant: Variant) -> None:
    talk.ok(f"{variant.command}={GIVEN}")

    for password in ("12345", "12345678", "1234567890", "1234567890123"):
        talk.refused(f'{variant.command}="ESP_U","{password}",6,1')
    shows(talk, variant, GIVEN)


@each_variant("CWSAP", 16, 16, 16)
def test_other_encryptions_are_refused(talk: Talk, variant: Variant) -> None:
    talk.ok(f"{variant.command}={GIVEN}")

    for code in ("5", "6", "255", "-1", "x", '"2"'):
        talk.refused(f'{variant.command}="ESP_U","12345678",6,{code}')
    shows(talk, variant, GIVEN)


@each_variant("CWSAP", 17, 17, 17)
def test_the_softap_is_on_the_channel_that_is_set(
    talk: Talk, variant: Variant, softap_client: WifiStation
) -> None:
    for channel in (13, 6, 1):
        record = f'"ESP_{channel}","12345678",{channel},3'
        talk.ok(f"{variant.command}={record}")
        shows(talk, variant, record)
        seen = softap_client.find(f"ESP_{channel}")
        assert seen
        assert seen.channel == channel


@each_variant("CWSAP", 18, 18, 18)
def test_other_channels_are_refused(talk: Talk, variant: Variant) -> None:
    talk.ok(f"{variant.command}={GIVEN}")

    for channel in ("0", "14", "15", "255", "-1", "x", '"6"'):
        talk.refused(f'{variant.command}="ESP_U","12345678",{channel},3')
    shows(talk, variant, GIVEN)


@each_variant("CWSAP", 19, 19, 19)
@pytest.mark.parametrize("mode", [2, 3])
def test_it_works_in_the_modes_with_a_softap(talk: Talk, variant: Variant, mode: int) -> None:
    talk.ok(f"AT+CWMODE_CUR={mode}")

    talk.ok(f"{variant.command}={GIVEN}")
    shows(talk, variant, GIVEN)


@each_variant("CWSAP", 20, 20, 20)
def test_nothing_is_set_in_station_mode(talk: Talk, variant: Variant) -> None:
    talk.ok(f"{variant.command}={GIVEN}")
    talk.ok("AT+CWMODE_CUR=1")

    talk.refused(f'{variant.command}="ESP_U","12345678",6,3')

    talk.ok("AT+CWMODE_CUR=2")
    shows(talk, variant, GIVEN)


@each_variant("CWSAP", 21, 21, 21)
def test_nothing_is_asked_in_station_mode(talk: Talk, variant: Variant) -> None:
    shown(talk, variant)
    talk.ok("AT+CWMODE_CUR=1")

    talk.refused(f"{variant.command}?")


@each_variant("CWSAP", 22, 22, 22)
def test_all_four_values_are_required(talk: Talk, variant: Variant) -> None:
    talk.ok(f"{variant.command}={GIVEN}")

    for values in (
        '"ESP_U"',
        '"ESP_U","12345678"',
        '"ESP_U","12345678",6',
        '"ESP_U","12345678",6,',
        '"ESP_U","12345678",,3',
        '"ESP_U",,6,3',
        ',"12345678",6,3',
        '"12345678",6,3',
        "",
    ):
        talk.refused(f"{variant.command}={values}")
    shows(talk, variant, GIVEN)


@each_variant("CWSAP", None, 23, None)
def test_the_current_settings_do_not_survive_a_restart(talk: Talk, variant: Variant) -> None:
    before = shown(talk, variant)
    talk.ok(f"{variant.command}={GIVEN}")
    shows(talk, variant, GIVEN)

    restart(talk)

    shows(talk, variant, before)


@each_variant("CWSAP", 24, None, 24)
def test_the_stored_settings_survive_power_off(
    talk: Talk, variant: Variant, module: RigModule, softap_client: WifiStation
) -> None:
    talk.ok(f"{variant.command}={GIVEN}")

    power_cycle(talk, module)

    shows(talk, variant, GIVEN)
    seen = softap_client.find("ESP_T")
    assert seen
    assert (seen.channel, seen.security) == (5, ApSecurity.WPA2)
    assert softap_client.join("ESP_T", "1234567890")


@each_variant("CWSAP", 25, 24, 25)
def test_there_is_neither_a_test_nor_an_execute_form(talk: Talk, variant: Variant) -> None:
    talk.refused(f"{variant.command}=?")
    talk.refused(variant.command)


@pytest.mark.clause("CWSAP_CUR-25")
def test_current_and_stored_settings_are_two(talk: Talk) -> None:
    talk.ok('AT+CWSAP_DEF="A","12345678",2,3')
    talk.ok('AT+CWSAP_CUR="B","87654321",3,4')

    talk.expect("AT+CWSAP_CUR?", '+CWSAP_CUR:"B","87654321",3,4', OK)
    talk.expect("AT+CWSAP_DEF?", '+CWSAP_DEF:"A","12345678",2,3', OK)
    restart(talk)
    talk.expect("AT+CWSAP_CUR?", '+CWSAP_CUR:"A","12345678",2,3', OK)


@pytest.mark.clause("CWSAP_DEF-03")
def test_the_stored_settings_are_shown_beside_current_ones(talk: Talk) -> None:
    talk.ok('AT+CWSAP_DEF="A","12345678",2,3')
    talk.ok('AT+CWSAP_CUR="B","87654321",3,4')

    talk.expect("AT+CWSAP_DEF?", '+CWSAP_DEF:"A","12345678",2,3', OK)


@each_variant("CWSAP", 26, 26, 26)
def test_a_name_has_1_to_32_bytes(talk: Talk, variant: Variant) -> None:
    for name in ("N" * 32, "N"):
        talk.ok(f'{variant.command}="{name}","12345678",6,3')
        shows(talk, variant, f'"{name}","12345678",6,3')

    for name in ("N" * 33, ""):
        talk.refused(f'{variant.command}="{name}","12345678",7,3')
    shows(talk, variant, '"N","12345678",6,3')
