"""AT+CWAUTOCONN: to join by itself at start (document, section 4.1, command 16)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.spec.spelling import spelling

from .joining import (
    CONNECTED,
    GOT_IP,
    JOINS_WITHIN_S,
    require_apart,
    require_member,
    require_network,
    use_station,
    use_station_from_start,
)
from .restart import power_cycle, restart
from .wifi import join_call

if TYPE_CHECKING:
    from hil.at.talk import Talk
    from hil.ports.access_point import AccessPoint
    from hil.rig.module import RigModule

AUTO_JOIN_QUERY = spelling("auto-join-query")

NO_FLAGS = ("2", "x", "", "-1", "1,1", '"1"', "10")


def _store_network(talk: Talk, access_point: AccessPoint) -> None:
    """Let the module be a station from every start on, and store a network."""
    use_station_from_start(talk)
    talk.ok(join_call(access_point, "AT+CWJAP_DEF"))
    talk.unsolicited()


def _require_joins(talk: Talk, access_point: AccessPoint) -> None:
    """Let the module join by itself after a start."""
    talk.wait_for(CONNECTED, JOINS_WITHIN_S)
    talk.wait_for(GOT_IP, JOINS_WITHIN_S)
    require_network(talk, "CWJAP_CUR", access_point.setup.ssid)


@pytest.mark.clause("CWAUTOCONN-01")
def test_the_flag_is_taken(talk: Talk) -> None:
    for flag in (0, 1):
        talk.ok(f"AT+CWAUTOCONN={flag}")


@pytest.mark.clause("CWAUTOCONN-02")
def test_with_flag_0_the_module_does_not_join_when_power_comes(
    talk: Talk, access_point: AccessPoint, module: RigModule
) -> None:
    _store_network(talk, access_point)
    talk.ok("AT+CWAUTOCONN=0")
    power_cycle(talk, module)

    require_apart(talk)


@pytest.mark.clause("CWAUTOCONN-03")
def test_with_flag_1_the_module_joins_when_power_comes(
    talk: Talk, access_point: AccessPoint, module: RigModule
) -> None:
    _store_network(talk, access_point)
    talk.ok("AT+CWAUTOCONN=0")
    talk.ok("AT+CWAUTOCONN=1")
    power_cycle(talk, module)

    _require_joins(talk, access_point)


@pytest.mark.clause("CWAUTOCONN-04")
def test_a_module_from_the_factory_joins_when_power_comes(
    talk: Talk, access_point: AccessPoint, module: RigModule
) -> None:
    _store_network(talk, access_point)
    power_cycle(talk, module)

    _require_joins(talk, access_point)


@pytest.mark.clause("CWAUTOCONN-05")
def test_another_flag_is_refused(talk: Talk) -> None:
    for flag in NO_FLAGS:
        talk.refused(f"AT+CWAUTOCONN={flag}")


@pytest.mark.needs("ap")
@pytest.mark.clause("CWAUTOCONN-05")
@pytest.mark.parametrize("stored", [0, 1])
def test_a_refused_flag_changes_nothing(talk: Talk, access_point: AccessPoint, stored: int) -> None:
    _store_network(talk, access_point)
    talk.ok(f"AT+CWAUTOCONN={stored}")
    for flag in NO_FLAGS:
        talk.refused(f"AT+CWAUTOCONN={flag}")
    restart(talk)

    if stored:
        _require_joins(talk, access_point)
    else:
        require_apart(talk)


@pytest.mark.clause("CWAUTOCONN-07")
def test_flag_0_keeps_a_module_joined(talk: Talk, access_point: AccessPoint) -> None:
    use_station(talk)
    talk.ok(join_call(access_point))

    talk.ok("AT+CWAUTOCONN=0")

    talk.silent(2.0)
    require_network(talk, "CWJAP_CUR", access_point.setup.ssid)
    require_member(talk, access_point)


@pytest.mark.clause("CWAUTOCONN-07")
def test_flag_1_joins_nothing_at_once(talk: Talk, access_point: AccessPoint) -> None:
    _store_network(talk, access_point)
    talk.ok("AT+CWAUTOCONN=0")
    restart(talk)

    talk.ok("AT+CWAUTOCONN=1")

    require_apart(talk)


@pytest.mark.clause("CWAUTOCONN-08")
def test_flag_0_concerns_a_restart_too(talk: Talk, access_point: AccessPoint) -> None:
    _store_network(talk, access_point)
    talk.ok("AT+CWAUTOCONN=0")
    restart(talk)

    require_apart(talk)


@pytest.mark.clause("CWAUTOCONN-08")
def test_flag_1_concerns_a_restart_too(talk: Talk, access_point: AccessPoint) -> None:
    _store_network(talk, access_point)
    talk.ok("AT+CWAUTOCONN=1")
    restart(talk)

    _require_joins(talk, access_point)


@pytest.mark.clause("CWAUTOCONN-09")
def test_there_is_only_the_set_form(talk: Talk) -> None:
    talk.refused("AT+CWAUTOCONN=?")
    talk.refused("AT+CWAUTOCONN")
    talk.expect("AT+CWAUTOCONN?", AUTO_JOIN_QUERY)
