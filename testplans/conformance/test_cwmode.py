"""AT+CWMODE, _CUR and _DEF: the Wi-Fi mode (document, section 4.2, commands 1 to 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.at.talk import OK

from .restart import power_cycle
from .variant import Variant, each_variant
from .wifi import join_call, softap_name

if TYPE_CHECKING:
    from hil.at.talk import Talk
    from hil.ports.access_point import AccessPoint
    from hil.ports.wifi_station import WifiStation
    from hil.rig.module import RigModule

FACTORY_MODE = 2


@each_variant("CWMODE", 1, 1, 1)
def test_the_test_form_gives_the_range(talk: Talk, variant: Variant) -> None:
    talk.expect(f"{variant.command}=?", f"+{variant.name}:(1-3)", OK)


@each_variant("CWMODE", 2, 2, 2)
def test_the_query_gives_the_mode(talk: Talk, variant: Variant) -> None:
    talk.expect(f"{variant.command}?", f"+{variant.name}:{FACTORY_MODE}", OK)


@each_variant("CWMODE", 3, (3, 8), (3, 8))
def test_each_mode_is_taken_and_shown(talk: Talk, variant: Variant) -> None:
    for mode in (1, 2, 3):
        talk.ok(f"{variant.command}={mode}")
        talk.expect(f"{variant.command}?", f"+{variant.name}:{mode}", OK)


@each_variant("CWMODE", 4, 4, 4)
def test_mode_1_is_a_station_alone(
    talk: Talk, variant: Variant, access_point: AccessPoint, softap_client: WifiStation
) -> None:
    ssid = softap_name(talk)
    talk.ok(f"{variant.command}=1")

    assert not softap_client.join(ssid)
    talk.ok(join_call(access_point))


@each_variant("CWMODE", 5, 5, 5)
def test_mode_2_is_a_softap_alone(
    talk: Talk, variant: Variant, access_point: AccessPoint, softap_client: WifiStation
) -> None:
    ssid = softap_name(talk)
    talk.ok(f"{variant.command}=2")

    assert softap_client.join(ssid)
    talk.refused(join_call(access_point))


@each_variant("CWMODE", 6, 6, 6)
def test_mode_3_is_both_at_once(
    talk: Talk, variant: Variant, access_point: AccessPoint, softap_client: WifiStation
) -> None:
    ssid = softap_name(talk)
    talk.ok(f"{variant.command}=3")

    talk.ok(join_call(access_point))
    assert softap_client.join(ssid)


@each_variant("CWMODE", 7, 7, 7)
@pytest.mark.parametrize("value", ["0", "4", "x", "", "-1", "1,2", '"1"'])
def test_another_mode_is_refused_and_changes_nothing(
    talk: Talk, variant: Variant, value: str
) -> None:
    talk.refused(f"{variant.command}={value}")

    talk.expect(f"{variant.command}?", f"+{variant.name}:{FACTORY_MODE}", OK)


@each_variant("CWMODE", 9, None, 10)
def test_the_stored_mode_survives_power_off(
    talk: Talk, variant: Variant, module: RigModule
) -> None:
    talk.ok(f"{variant.command}=3")
    power_cycle(talk, module)

    talk.expect(f"{variant.command}?", f"+{variant.name}:3", OK)


@each_variant("CWMODE", 10, None, 11)
def test_storing_a_mode_makes_it_current(talk: Talk, variant: Variant) -> None:
    talk.ok(f"{variant.command}=3")

    talk.expect("AT+CWMODE_CUR?", "+CWMODE_CUR:3", OK)


@pytest.mark.clause("CWMODE_CUR-10")
def test_current_and_stored_mode_are_two_values(talk: Talk) -> None:
    talk.ok("AT+CWMODE_DEF=1")
    talk.ok("AT+CWMODE_CUR=3")

    talk.expect("AT+CWMODE_CUR?", "+CWMODE_CUR:3", OK)
    talk.expect("AT+CWMODE_DEF?", "+CWMODE_DEF:1", OK)


@each_variant("CWMODE", 11, 11, 12)
def test_there_is_no_execute_form(talk: Talk, variant: Variant) -> None:
    talk.refused(variant.command)
