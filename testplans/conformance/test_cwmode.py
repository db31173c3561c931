"""AT+CWMODE, _CUR and _DEF: the Wi-Fi mode (document, section 4.1, commands 1 to 3)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from hil.at.talk import OK

from .joining import AT_ONCE_S, require_member, use_station
from .restart import power_cycle, restart
from .variant import Variant, each_variant
from .wifi import join_call, softap_name

if TYPE_CHECKING:
    from hil.at.talk import Talk
    from hil.ports.access_point import AccessPoint
    from hil.ports.wifi_station import WifiStation
    from hil.rig.module import RigModule

NO_MODES = ("0", "4", "x", "", "-1", "1,2", '"1"', "13")


def _another_mode(talk: Talk) -> int:
    """A mode that is neither current nor stored."""
    modes = {
        talk.expect(f"AT+{name}?", re.compile(rf"\+{name}:([123])"), OK).groups[0]
        for name in ("CWMODE_CUR", "CWMODE_DEF")
    }
    return next(mode for mode in (3, 1, 2) if str(mode) not in modes)


@each_variant("CWMODE", 1, 1, 1)
def test_the_test_form_gives_the_range(talk: Talk, variant: Variant) -> None:
    talk.expect(f"{variant.command}=?", f"+{variant.name}:(1-3)", OK)


@each_variant("CWMODE", 2, 2, 2)
def test_the_query_gives_the_mode(talk: Talk, variant: Variant) -> None:
    for mode in (1, 2, 3):
        talk.ok(f"AT+CWMODE={mode}")
        talk.expect(f"{variant.command}?", f"+{variant.name}:{mode}", OK)


@each_variant("CWMODE", 3, (3, 8), (3, 8))
def test_each_mode_is_taken_and_shown(talk: Talk, variant: Variant) -> None:
    for mode in (1, 2, 3, 3):
        talk.ok(f"{variant.command}={mode}")
        talk.expect(f"{variant.command}?", f"+{variant.name}:{mode}", OK)


@each_variant("CWMODE", 4, 4, 4)
def test_mode_1_is_a_station_alone(
    talk: Talk, variant: Variant, access_point: AccessPoint, softap_client: WifiStation
) -> None:
    use_station(talk, access_point)
    talk.ok("AT+CWMODE_CUR=2")
    ssid = softap_name(talk)

    talk.ok(f"{variant.command}=1")

    assert not softap_client.join(ssid)
    talk.ok(join_call(access_point))
    require_member(talk, access_point)


@pytest.mark.needs("ap")
@each_variant("CWMODE", 5, 5, 5)
def test_mode_2_is_a_softap_alone(
    talk: Talk, variant: Variant, access_point: AccessPoint, softap_client: WifiStation
) -> None:
    talk.ok("AT+CWMODE_CUR=3")
    ssid = softap_name(talk)
    use_station(talk, access_point)

    talk.ok(f"{variant.command}=2")

    assert softap_client.join(ssid)
    talk.refused(join_call(access_point), AT_ONCE_S)


@pytest.mark.parametrize("before", [1, 2])
@each_variant("CWMODE", 6, 6, 6)
def test_mode_3_is_both_at_once(
    talk: Talk,
    variant: Variant,
    before: int,
    access_point: AccessPoint,
    softap_client: WifiStation,
) -> None:
    use_station(talk, access_point)
    talk.ok("AT+CWMODE_CUR=2")
    ssid = softap_name(talk)
    talk.ok(f"AT+CWMODE_CUR={before}")

    talk.ok(f"{variant.command}=3")

    talk.ok(join_call(access_point))
    assert softap_client.join(ssid)
    require_member(talk, access_point)


@each_variant("CWMODE", 7, 7, 7)
def test_another_mode_is_refused_and_changes_nothing(talk: Talk, variant: Variant) -> None:
    for mode in (1, 2):
        talk.ok(f"{variant.command}={mode}")
        for value in NO_MODES:
            talk.refused(f"{variant.command}={value}")
            talk.expect(f"{variant.command}?", f"+{variant.name}:{mode}", OK)


@each_variant("CWMODE", 9, None, 10)
def test_the_stored_mode_survives_power_off(
    talk: Talk, variant: Variant, module: RigModule
) -> None:
    mode = _another_mode(talk)
    talk.ok(f"{variant.command}={mode}")
    power_cycle(talk, module)

    talk.expect(f"{variant.command}?", f"+{variant.name}:{mode}", OK)
    talk.expect("AT+CWMODE_CUR?", f"+CWMODE_CUR:{mode}", OK)


@each_variant("CWMODE", 9, None, 10)
def test_the_stored_mode_survives_a_restart(talk: Talk, variant: Variant) -> None:
    mode = _another_mode(talk)
    talk.ok(f"{variant.command}={mode}")
    restart(talk)

    talk.expect(f"{variant.command}?", f"+{variant.name}:{mode}", OK)


@each_variant("CWMODE", 10, None, 11)
def test_storing_a_mode_makes_it_current(talk: Talk, variant: Variant) -> None:
    for mode in (1, 3):
        talk.ok(f"{variant.command}={mode}")
        talk.expect("AT+CWMODE_CUR?", f"+CWMODE_CUR:{mode}", OK)


@pytest.mark.clause("CWMODE_CUR-09")
def test_a_mode_for_now_is_forgotten_at_a_restart(talk: Talk) -> None:
    talk.ok("AT+CWMODE_DEF=1")
    talk.ok("AT+CWMODE_CUR=3")
    restart(talk)

    talk.expect("AT+CWMODE_CUR?", "+CWMODE_CUR:1", OK)


@pytest.mark.clause("CWMODE-02", "CWMODE_CUR-10", "CWMODE_DEF-02")
def test_current_and_stored_mode_are_two_values(talk: Talk) -> None:
    talk.ok("AT+CWMODE_DEF=1")
    talk.ok("AT+CWMODE_CUR=3")

    talk.expect("AT+CWMODE?", "+CWMODE:3", OK)
    talk.expect("AT+CWMODE_CUR?", "+CWMODE_CUR:3", OK)
    talk.expect("AT+CWMODE_DEF?", "+CWMODE_DEF:1", OK)


@each_variant("CWMODE", 11, 11, 12)
def test_there_is_no_execute_form(talk: Talk, variant: Variant) -> None:
    talk.refused(variant.command)
