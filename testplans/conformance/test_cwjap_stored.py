"""AT+CWJAP, _CUR and _DEF: what is stored of a network (document, section 4.1, commands 4 to 6)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from hil.at.talk import OK
from hil.spec.spelling import spelling

from .joining import (
    CONNECTED,
    GOT_IP,
    JOINS_WITHIN_S,
    require_apart,
    require_network,
    require_no_network,
    use_station,
    use_station_from_start,
)
from .restart import power_cycle, restart
from .variant import Variant, each_variant
from .wifi import join_call

if TYPE_CHECKING:
    from hil.at.talk import Talk
    from hil.ports.access_point import AccessPoint
    from hil.rig.module import RigModule

STORED_NETWORK = spelling("stored-network-apart")


@pytest.mark.clause("CWJAP_DEF-02")
def test_the_stored_network_is_told_while_none_is_joined(
    talk: Talk, access_point: AccessPoint
) -> None:
    use_station(talk)
    require_no_network(talk, "CWJAP_DEF")
    talk.ok(join_call(access_point, "AT+CWJAP_DEF"))
    talk.ok("AT+CWQAP")

    groups = talk.expect("AT+CWJAP_DEF?", STORED_NETWORK, OK).groups
    assert groups in ((), (access_point.setup.ssid,))


@pytest.mark.needs("ap-control")
@pytest.mark.clause("CWJAP-01", "CWJAP_CUR-01", "CWJAP_DEF-01")
def test_the_network_stored_and_the_one_joined_are_two_values(
    talk: Talk, access_point: AccessPoint
) -> None:
    use_station(talk)
    stored = access_point.setup
    talk.ok(join_call(access_point, "AT+CWJAP_DEF"))
    access_point.configure(replace(stored, ssid="other"))
    talk.ok(join_call(access_point, "AT+CWJAP_CUR"))

    require_network(talk, "CWJAP", "other")
    require_network(talk, "CWJAP_CUR", "other")
    require_network(talk, "CWJAP_DEF", stored.ssid)


@pytest.mark.clause("CWJAP_CUR-22")
def test_a_network_for_now_is_forgotten_at_a_restart(talk: Talk, access_point: AccessPoint) -> None:
    use_station_from_start(talk)
    talk.ok(join_call(access_point, "AT+CWJAP_CUR"))
    restart(talk)

    require_apart(talk)
    require_no_network(talk, "CWJAP_DEF")


@each_variant("CWJAP", 23, None, 23)
def test_the_stored_network_is_joined_when_power_comes(
    talk: Talk, variant: Variant, access_point: AccessPoint, module: RigModule
) -> None:
    use_station_from_start(talk)
    talk.ok(join_call(access_point, variant.command))
    talk.unsolicited()
    power_cycle(talk, module)

    talk.wait_for(CONNECTED, JOINS_WITHIN_S)
    talk.wait_for(GOT_IP, JOINS_WITHIN_S)
    require_network(talk, variant, access_point.setup.ssid)


@pytest.mark.clause("CWJAP_CUR-23")
def test_after_a_restart_the_stored_network_is_joined_not_the_last(
    talk: Talk, access_point: AccessPoint
) -> None:
    use_station_from_start(talk)
    stored = access_point.setup
    talk.ok(join_call(access_point, "AT+CWJAP_DEF"))
    access_point.configure(replace(stored, ssid="other"))
    talk.ok(join_call(access_point, "AT+CWJAP_CUR"))
    access_point.configure(stored)
    talk.unsolicited()
    restart(talk)

    talk.wait_for(GOT_IP, JOINS_WITHIN_S)
    require_network(talk, "CWJAP_CUR", stored.ssid)
