"""What is stored where, and what is not: the flash behind each command (section 6).

The user parameter area is the AT firmware's, the system parameter area the SDK's. That a stored
value survives a restart is tested with each command.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from hil.at.event import UnsolicitedKind
from hil.at.talk import OK
from hil.errors import HilError
from hil.flashing.layout import Area
from hil.units import KIB, MIB

from .link import Links
from .parameter_areas import differences
from .quiet import Quiet, chosen_in, each_quiet_command, judge
from .restart import power_cycle, restart
from .storing import (
    PAIRED_FAMILIES,
    STORED_IN_SYSTEM_AREA,
    STORED_IN_USER_AREA,
    argument_of,
    calls_of,
)
from .variant import Variant, each_variant_of
from .wifi import join_call

if TYPE_CHECKING:
    from hil.at.talk import Talk
    from hil.ports.access_point import AccessPoint
    from hil.ports.network_peer import NetworkPeers
    from hil.rig.module import RigModule
    from hil.rig.rig import Rig

    from .parameter_areas import ParameterAreas

POWER_CUTS = 3
OK_TIMEOUT_S = 15.0
JOIN_S = 30.0

OTHER_CALLS = (
    *("AT", "AT+GMR", "ATE1", "ATE0", "AT+CIFSR", "AT+CIPSTATUS", "AT+CWLAP", "AT+CWLIF"),
    *("AT+SLEEP=0", "AT+SLEEP?", "AT+CWJAP?", "AT+CWJAP_CUR?", "AT+CWJAP_DEF?"),
    *("AT+CWMODE=?", "AT+CWMODE?", "AT+CWMODE_CUR?", "AT+CWMODE_DEF?", "AT+CWDHCP?"),
    *("AT+CIPSTAMAC?", "AT+CIPSTAMAC_CUR?", "AT+CIPSTAMAC_DEF?"),
    *("AT+CIPSTA?", "AT+CIPSTA_CUR?", "AT+CIPSTA_DEF?", 'AT+PING="{host}"'),
    *("AT+CIPMUX=1", "AT+CIPSERVER=1,8080", "AT+CIPSTO=60", "AT+CIPSTO?", "AT+CIPSERVER=0"),
    *("AT+CIPMUX=0", "AT+CIPMUX?", "AT+CIPMODE=1", "AT+CIPMODE?", "AT+CIPMODE=0"),
    *("AT+CWMODE_CUR=3", "AT+CWSAP?", "AT+CWSAP_CUR?", "AT+CWSAP_DEF?", "AT+CWLIF"),
    *("AT+CIPAPMAC?", "AT+CIPAPMAC_CUR?", "AT+CIPAPMAC_DEF?"),
    *("AT+CIPAP?", "AT+CIPAP_CUR?", "AT+CIPAP_DEF?"),
)
"""Calls of commands that are not to store, some of which are to be refused."""

UART_DEF = Variant("UART", "_DEF")
CWMODE_DEF = Variant("CWMODE", "_DEF")
CWJAP_DEF = Variant("CWJAP", "_DEF")


def require_within(changed: list[Area], area: Area) -> None:
    """Let something have changed, and only in an area."""
    shown = ", ".join(map(str, changed))
    assert changed, f"nothing was stored in {area}"
    assert all(area.contains(sector) for sector in changed), f"{shown}, not only within {area}"


@each_variant_of(
    ("UART", 29, None, 29),
    ("CWDHCP", 17, None, 15),
    ("CIPSTAMAC", 7, None, 7),
    ("CIPAPMAC", 7, None, 7),
    ("CIPSTA", 10, None, 10),
    ("CIPAP", 12, None, 12),
    ("SAVETRANSLINK", (9, 12), None, None),
)
def test_it_is_stored_in_the_user_parameter_area(areas: ParameterAreas, variant: Variant) -> None:
    changed = areas.changed_by(*calls_of(variant, areas.talk))

    require_within(changed, areas.geometry.user_parameters)


@each_variant_of(("CWMODE", 8, None, 9), ("CWSAP", 23, None, 23), ("CWAUTOCONN", 6, None, None))
def test_it_is_stored_in_the_system_parameter_area(areas: ParameterAreas, variant: Variant) -> None:
    changed = areas.changed_by(*calls_of(variant, areas.talk))

    require_within(changed, areas.geometry.system_parameters)


@each_variant_of(("CWJAP", 22, None, 22))
def test_the_access_point_is_stored_in_the_system_parameter_area(
    areas: ParameterAreas, variant: Variant, access_point: AccessPoint
) -> None:
    changed = areas.changed_by(*calls_of(variant, areas.talk, access_point))

    require_within(changed, areas.geometry.system_parameters)


@pytest.mark.clause("UART-32")
def test_the_deprecated_command_stores_the_same(areas: ParameterAreas) -> None:
    deprecated = areas.after(*calls_of(Variant("UART", ""), areas.talk))
    other = areas.after(*calls_of(UART_DEF, areas.talk))

    assert differences(deprecated, other) == []
    assert differences(areas.begin, other) != []


@pytest.mark.clause("APP-09")
def test_the_user_area_holds_all_that_is_said_of_it(areas: ParameterAreas) -> None:
    for variant in STORED_IN_USER_AREA:
        changed = areas.changed_by(*calls_of(variant, areas.talk))
        require_within(changed, areas.geometry.user_parameters)


@pytest.mark.clause("APP-10")
def test_the_system_area_holds_all_that_is_said_of_it(
    areas: ParameterAreas, access_point: AccessPoint
) -> None:
    for variant in STORED_IN_SYSTEM_AREA:
        changed = areas.changed_by(*calls_of(variant, areas.talk, access_point))
        require_within(changed, areas.geometry.system_parameters)


@pytest.mark.clause("APP-09")
def test_values_in_the_user_area_do_not_displace_each_other(talk: Talk) -> None:
    families = ("CWDHCP", "CIPSTAMAC", "CIPAPMAC", "CIPSTA", "CIPAP", "UART")
    for family in families:
        for call in calls_of(Variant(family, "_DEF"), talk):
            talk.ok(call)
    restart(talk)

    talk.expect("AT+CWDHCP?", re.compile(r"\+CWDHCP:[01]"), OK)
    for family in ("CIPSTAMAC", "CIPAPMAC", "CIPSTA", "CIPAP"):
        assert argument_of(family) in talk.say(f"AT+{family}_DEF?").shown


@pytest.mark.clause("APP-10")
def test_values_in_the_system_area_do_not_displace_each_other(
    talk: Talk, access_point: AccessPoint
) -> None:
    for family in ("CWMODE", "CWSAP", "CWJAP"):
        for call in calls_of(Variant(family, "_DEF"), talk, access_point):
            talk.ok(call)
    talk.unsolicited()
    restart(talk)
    talk.wait_for(UnsolicitedKind.WIFI_GOT_IP, JOIN_S)

    assert '"stored"' in talk.say("AT+CWSAP_DEF?").shown
    assert access_point.setup.ssid in talk.say("AT+CWJAP_DEF?").shown
    talk.expect("AT+CWMODE_DEF?", "+CWMODE_DEF:3", OK)


@pytest.mark.clause("APP-02")
def test_another_value_is_written(areas: ParameterAreas) -> None:
    first = areas.after("AT+CWMODE_DEF=1")
    second = areas.after("AT+CWMODE_DEF=1", "AT+CWMODE_DEF=3")

    assert differences(areas.begin, first) != []
    assert differences(first, second) != []


@pytest.mark.clause("APP-01")
def test_an_equal_value_is_not_written_again(
    areas: ParameterAreas, access_point: AccessPoint
) -> None:
    """Without a link for the next start, which would begin in passthrough."""
    talk = areas.talk
    calls = ["AT+SAVETRANSLINK=0"]
    for variant in (*STORED_IN_SYSTEM_AREA, *STORED_IN_USER_AREA):
        if variant.family != "SAVETRANSLINK":
            calls += calls_of(variant, talk, access_point)

    def store() -> None:
        for call in calls:
            talk.ok(call)

    before = areas.begin
    store()
    once = areas.look(puts_back=False)
    store()
    again = areas.look()

    assert differences(before, once) != []
    assert differences(once, again) == []


@pytest.mark.clause("APP-03", "APP-08")
@pytest.mark.flash_size(512)
def test_the_user_area_of_a_512_kb_flash(areas: ParameterAreas) -> None:
    require_within(_changed_anywhere(areas, UART_DEF), Area(0x3C000, 0x40000))


@pytest.mark.clause("APP-04", "APP-08")
@pytest.mark.flash_size(512)
def test_the_system_area_of_a_512_kb_flash(areas: ParameterAreas) -> None:
    require_within(_changed_anywhere(areas, CWMODE_DEF), Area(0x7C000, 0x80000))


@pytest.mark.clause("APP-05", "APP-08")
def test_the_user_area_of_a_larger_flash(areas: ParameterAreas) -> None:
    _require_large(areas)

    require_within(_changed_anywhere(areas, UART_DEF), Area(0x7C000, 0x80000))


@pytest.mark.clause("APP-06", "APP-07", "APP-08")
def test_the_system_area_of_a_larger_flash(areas: ParameterAreas) -> None:
    size_bytes = _require_large(areas)
    starts = {1 * MIB: 0xFC000, 2 * MIB: 0x1FC000, 4 * MIB: 0x3FC000}
    start = starts.get(size_bytes, size_bytes - 16 * KIB)

    require_within(_changed_anywhere(areas, CWMODE_DEF), Area(start, start + 16 * KIB))


def _require_large(areas: ParameterAreas) -> int:
    size_bytes = areas.geometry.size_bytes
    if size_bytes < 1 * MIB:
        pytest.skip(f"the flash of this module has {size_bytes // KIB} KB")
    return size_bytes


def _changed_anywhere(areas: ParameterAreas, variant: Variant) -> list[Area]:
    """All that a command changes, in the whole of the flash."""
    (call,) = calls_of(variant, areas.talk)
    return differences(areas.begin, areas.run(lambda: areas.talk.ok(call), is_whole=True))


@each_quiet_command
def test_it_is_not_stored(
    areas: ParameterAreas, quiet: Quiet, rig: Rig, request: pytest.FixtureRequest
) -> None:
    """One look for all of them."""
    verdicts = areas.findings.verdicts
    if quiet.clause not in verdicts:
        chosen = chosen_in(request.session, rig)
        has_join = any(each.clause.startswith("CWJAP") for each in chosen)
        judge(areas, chosen, request.getfixturevalue("access_point") if has_join else None)

    verdict = verdicts[quiet.clause]
    if isinstance(verdict, HilError):
        raise verdict
    assert verdict, "a parameter area has changed"


@pytest.mark.clause("CWQAP-07")
def test_leaving_the_access_point_keeps_what_is_stored_of_it(
    areas: ParameterAreas, access_point: AccessPoint
) -> None:
    calls = calls_of(CWJAP_DEF, areas.talk, access_point)
    stored = areas.after(*calls)

    assert differences(areas.begin, stored) != []
    assert differences(stored, areas.after(*calls, "AT+CWQAP")) == []


@pytest.mark.clause("RST-05")
def test_a_restart_leaves_what_is_stored(areas: ParameterAreas) -> None:
    calls = (*calls_of(CWMODE_DEF, areas.talk), *calls_of(UART_DEF, areas.talk))
    stored = areas.after(*calls)

    def store_and_restart() -> None:
        for call in calls:
            areas.talk.ok(call)
        restart(areas.talk)

    assert differences(areas.begin, stored) != []
    assert differences(stored, areas.run(store_and_restart)) == []


@pytest.mark.clause("GEN-25")
def test_cur_acts_and_does_not_store_and_def_does_both(
    areas: ParameterAreas, access_point: AccessPoint
) -> None:
    """Those whose value can be asked for show it at once."""
    for family in PAIRED_FAMILIES:
        for suffix, stores in (("_CUR", False), ("_DEF", True)):
            variant = Variant(family, suffix)
            calls = calls_of(variant, areas.talk, access_point)
            changed = areas.changed_by(*calls)
            assert bool(changed) == stores, f"{variant.command} changes {changed}"


@pytest.mark.clause("GEN-25")
@pytest.mark.parametrize("suffix", ["_CUR", "_DEF"])
def test_the_new_value_counts_at_once(talk: Talk, suffix: str) -> None:
    for family in ("CWMODE", "CWSAP", "CIPSTAMAC", "CIPAPMAC", "CIPSTA", "CIPAP"):
        value = argument_of(family).split(",")[0]
        assert value not in talk.say(f"AT+{family}_CUR?").shown
        for call in calls_of(Variant(family, suffix), talk):
            talk.ok(call)

        assert value in talk.say(f"AT+{family}_CUR?").shown


@pytest.mark.clause("APP-11")
def test_no_other_command_writes_to_flash(
    areas: ParameterAreas, access_point: AccessPoint, network: NetworkPeers
) -> None:
    links = Links(areas.talk, network)
    calls = ("AT+CWMODE_CUR=1", join_call(access_point), *OTHER_CALLS)

    def use_all_others() -> None:
        for call in calls:
            links.talk.say(call.format(host=links.host))
        for kind in ("TCP", "UDP"):
            _use_a_link(links, kind)
        for call in ("AT+CWQAP", "AT+CWMODE_CUR=1", "AT+CWSTARTSMART=1", "AT+CWSTOPSMART"):
            links.talk.ok(call)
        restart(links.talk)

    assert differences(areas.begin, areas.run(use_all_others)) == []


def _use_a_link(links: Links, kind: str) -> None:
    talk = links.talk
    port = links.network.open_udp().endpoint.port
    if kind == "TCP":
        links.open_tcp()
    else:
        talk.ok(links.start_call(port, kind=kind))
    talk.say("AT+CIPSTATUS")
    commands = ("CIPSEND", "CIPSENDEX") if kind == "TCP" else ("CIPSEND",)
    for command in commands:
        talk.prompt(f"AT+{command}=9")
        assert "SEND OK" in talk.data(b"some data").lines
    if kind == "TCP":
        talk.say("AT+CIPBUFSTATUS")
        talk.say("AT+CIPBUFRESET")
    talk.say("AT+CIPCLOSE")


@pytest.mark.clause("APP-12")
@pytest.mark.destructive("power-cut")
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("CWMODE_DEF", ("1", "3")),
        ("CIPSTAMAC_DEF", ('"18:fe:35:98:d3:7b"', '"18:fe:35:98:d3:7c"')),
    ],
    ids=["system-area", "user-area"],
)
def test_a_stored_value_survives_a_power_cut_right_after_ok(
    talk: Talk, module: RigModule, name: str, values: tuple[str, str]
) -> None:
    for value in values * POWER_CUTS:
        talk.raw(f"AT+{name}={value}\r\n".encode())
        talk.hear_until(rb"OK\r\n", OK_TIMEOUT_S)
        power_cycle(talk, module)

        talk.expect(f"AT+{name}?", f"+{name}:{value}", OK)
