"""AT+CWJAP, _CUR and _DEF: to join an access point (document, section 4.1, commands 4 to 6)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from hil.at.talk import JOIN_FAILURE, OK
from hil.ports.access_point import Ability, ApSecurity, ApSetup

from .joining import (
    AT_ONCE_S,
    CONNECTED,
    DISCONNECT,
    GOT_IP,
    NOTICES_LOSS_S,
    bssid_of,
    join_line,
    require_member,
    require_network,
    require_no_network,
    second_access_point,
    use_station,
    wire_lines,
)
from .variant import Variant, each_variant
from .wifi import join_call

if TYPE_CHECKING:
    from hil.at.talk import Talk
    from hil.ports.access_point import AccessPoint
    from hil.rig.rig import Rig

OUTCOME_WITHIN_S = 14.0
"""Firmware 0.23 gives up after 15 s; an OK that comes as late says nothing about having joined."""

FOREIGN_BSSID = "02:00:00:00:00:01"


@each_variant("CWJAP", 1, 1, 1)
def test_the_query_names_the_network_joined(
    talk: Talk, variant: Variant, access_point: AccessPoint
) -> None:
    use_station(talk)
    talk.ok(join_call(access_point, variant.command))

    require_network(talk, variant, access_point.setup.ssid)


@each_variant("CWJAP", 2, 2, None)
def test_the_query_names_no_network_where_none_is_joined(talk: Talk, variant: Variant) -> None:
    use_station(talk)

    require_no_network(talk, variant)


@pytest.mark.needs("ap-control")
@each_variant("CWJAP", 2, 2, None)
def test_the_query_names_no_network_that_is_lost(
    talk: Talk, variant: Variant, access_point: AccessPoint
) -> None:
    use_station(talk)
    talk.ok(join_call(access_point))
    access_point.switch(is_on=False)
    talk.wait_for(DISCONNECT, NOTICES_LOSS_S)

    require_no_network(talk, variant)


@each_variant("CWJAP", 3, 3, 3)
def test_ssid_and_password_in_quotes_join(
    talk: Talk, variant: Variant, access_point: AccessPoint
) -> None:
    use_station(talk, access_point)
    setup = access_point.setup
    talk.ok(join_line(variant.command, setup.ssid, setup.password))

    require_member(talk, access_point)


@each_variant("CWJAP", 3, 3, 3)
def test_ssid_and_password_without_quotes_are_refused(talk: Talk, variant: Variant) -> None:
    use_station(talk)

    for network in ("abc,0123456789", '"abc",0123456789', 'abc,"0123456789"', '"abc","0123456789'):
        talk.refused(f"{variant.command}={network}", AT_ONCE_S)


@pytest.mark.needs("ap-control")
@each_variant("CWJAP", 3, 3, 3)
def test_an_ssid_may_have_32_bytes(talk: Talk, variant: Variant, access_point: AccessPoint) -> None:
    ssid = "0123456789abcdef" * 2
    access_point.configure(ApSetup(ssid, ApSecurity.WPA2, "password"))
    use_station(talk)

    talk.ok(f'{variant.command}="{ssid}","password"')
    require_network(talk, "CWJAP_CUR", ssid)


@each_variant("CWJAP", 4, 4, 4)
def test_ok_comes_when_the_module_has_joined(
    talk: Talk, variant: Variant, access_point: AccessPoint
) -> None:
    use_station(talk)

    answer = talk.say(join_call(access_point, variant.command), OUTCOME_WITHIN_S)

    assert wire_lines(answer) == [CONNECTED, GOT_IP, OK]


@each_variant("CWJAP", 5, 5, 5)
def test_a_wrong_password_fails(talk: Talk, variant: Variant, access_point: AccessPoint) -> None:
    use_station(talk, access_point)
    ssid = access_point.setup.ssid

    talk.expect(join_line(variant.command, ssid, "not-the-password"), JOIN_FAILURE)

    require_no_network(talk)
    require_member(talk, access_point, is_member=False)


@each_variant("CWJAP", 6, 6, 6)
def test_a_network_that_is_not_on_the_air_fails(talk: Talk, variant: Variant) -> None:
    use_station(talk)

    talk.expect(f'{variant.command}="no-such-net","12345678"', JOIN_FAILURE)

    require_no_network(talk)


@each_variant("CWJAP", 7, 7, 7)
def test_a_third_string_may_name_the_bssid(
    talk: Talk, variant: Variant, access_point: AccessPoint
) -> None:
    use_station(talk)
    setup, bssid = access_point.setup, bssid_of(talk, access_point)

    talk.ok(join_line(variant.command, setup.ssid, setup.password, bssid))

    require_network(talk, variant, setup.ssid)


@each_variant("CWJAP", 8, 8, 8)
def test_the_bssid_picks_one_of_two_access_points(
    talk: Talk, variant: Variant, access_point: AccessPoint, rig: Rig
) -> None:
    twin = second_access_point(rig, Ability.CONFIGURE, Ability.LIST)
    twin.configure(replace(access_point.setup, channel=twin.setup.channel))
    use_station(talk, access_point, twin)

    setup = access_point.setup
    for wanted, other in ((access_point, twin), (twin, access_point)):
        bssid = bssid_of(talk, wanted)
        talk.ok(join_line(variant.command, setup.ssid, setup.password, bssid))
        require_member(talk, wanted)
        require_member(talk, other, is_member=False)


@each_variant("CWJAP", 9, 9, 9)
def test_a_bssid_that_the_network_has_not_fails(
    talk: Talk, variant: Variant, access_point: AccessPoint
) -> None:
    use_station(talk, access_point)
    setup = access_point.setup

    call = join_line(variant.command, setup.ssid, setup.password, FOREIGN_BSSID)
    talk.expect(call, JOIN_FAILURE)

    require_no_network(talk)
    require_member(talk, access_point, is_member=False)


@each_variant("CWJAP", 9, 9, 9)
def test_a_bssid_that_is_none_fails(
    talk: Talk, variant: Variant, access_point: AccessPoint
) -> None:
    use_station(talk)
    setup = access_point.setup

    for bssid in ("zz:zz:zz:zz:zz:zz", FOREIGN_BSSID[:-3], f"{FOREIGN_BSSID}:02"):
        call = join_line(variant.command, setup.ssid, setup.password, bssid)
        talk.expect(call, JOIN_FAILURE)
    require_no_network(talk)


@each_variant("CWJAP", 10, 10, 10)
def test_a_password_may_have_64_bytes(
    talk: Talk, variant: Variant, access_point: AccessPoint
) -> None:
    key = "0123456789abcdef" * 4
    access_point.configure(ApSetup("net64", ApSecurity.WPA2, key))
    use_station(talk, access_point)

    talk.ok(f'{variant.command}="net64","{key}"')
    require_member(talk, access_point)


@each_variant("CWJAP", 11, 11, 11)
def test_a_password_of_65_bytes_is_refused_without_an_attempt(talk: Talk, variant: Variant) -> None:
    use_station(talk)

    talk.refused(f'{variant.command}="abc","{"p" * 65}"', AT_ONCE_S)


@each_variant("CWJAP", 12, 12, 12)
def test_the_modes_with_a_station_can_join(
    talk: Talk, variant: Variant, access_point: AccessPoint
) -> None:
    use_station(talk, access_point)
    for mode in (1, 3):
        talk.ok("AT+CWMODE_CUR=2")
        require_member(talk, access_point, is_member=False)
        talk.ok(f"AT+CWMODE_CUR={mode}")
        talk.ok(join_call(access_point, variant.command))
        require_member(talk, access_point)


@pytest.mark.needs("ap")
@each_variant("CWJAP", 13, 13, 13)
def test_a_softap_alone_does_not_join(
    talk: Talk, variant: Variant, access_point: AccessPoint
) -> None:
    use_station(talk, access_point)
    talk.ok("AT+CWMODE_CUR=2")

    talk.refused(join_call(access_point, variant.command), AT_ONCE_S)

    talk.expect("AT+CWMODE_CUR?", "+CWMODE_CUR:2", OK)
    require_member(talk, access_point, is_member=False)


def _join_as_written(
    talk: Talk,
    variant: Variant,
    access_point: AccessPoint,
    ssid: str,
    password: str,
    written: str,
) -> None:
    """Join an access point of that name and password by what is written between ``=`` and CR."""
    access_point.configure(ApSetup(ssid, ApSecurity.WPA2, password))
    use_station(talk, access_point)
    talk.ok(f"{variant.command}={written}")
    require_member(talk, access_point)


@each_variant("CWJAP", 14, 14, 14)
def test_an_ssid_may_have_a_comma_that_is_escaped(
    talk: Talk, variant: Variant, access_point: AccessPoint
) -> None:
    _join_as_written(talk, variant, access_point, "a,b", "password", r'"a\,b","password"')


@each_variant("CWJAP", 15, 15, 15)
def test_a_password_may_have_a_quote_that_is_escaped(
    talk: Talk, variant: Variant, access_point: AccessPoint
) -> None:
    _join_as_written(talk, variant, access_point, "net", 'pass"word', r'"net","pass\"word"')


@each_variant("CWJAP", 16, 16, 16)
def test_a_backslash_is_written_doubled(
    talk: Talk, variant: Variant, access_point: AccessPoint
) -> None:
    written = r'"a\\b","pass\\word"'
    _join_as_written(talk, variant, access_point, r"a\b", r"pass\word", written)


@each_variant("CWJAP", 16, 16, 16)
def test_a_slash_is_no_escape_character(
    talk: Talk, variant: Variant, access_point: AccessPoint
) -> None:
    _join_as_written(talk, variant, access_point, "a/b", "pass/word", '"a/b","pass/word"')


@each_variant("CWJAP", 17, 17, 17)
def test_the_worked_example_joins(talk: Talk, variant: Variant, access_point: AccessPoint) -> None:
    written = r'"ab\\\,c","0123456789\"\\"'
    _join_as_written(talk, variant, access_point, r"ab\,c", r'0123456789"' + "\\", written)


@pytest.mark.needs("ap")
@each_variant("CWJAP", 18, 18, 18)
def test_no_blank_stands_in_the_call(
    talk: Talk, variant: Variant, access_point: AccessPoint
) -> None:
    use_station(talk)
    written = join_call(access_point, variant.command)

    talk.refused(written.replace("=", " =", 1), AT_ONCE_S)
    talk.refused(written.replace('","', '", "', 1), AT_ONCE_S)

    talk.ok(written)


@each_variant("CWJAP", 19, 19, 19)
def test_ssid_and_password_are_both_required(talk: Talk, variant: Variant) -> None:
    use_station(talk)

    for network in ('"abc"', '"abc",', ',"0123456789"', '"","0123456789"', "", ","):
        talk.refused(f"{variant.command}={network}", AT_ONCE_S)


@pytest.mark.needs("ap")
@each_variant("CWJAP", 19, 19, 19)
def test_a_call_without_password_leaves_the_module_joined(
    talk: Talk, variant: Variant, access_point: AccessPoint
) -> None:
    use_station(talk)
    talk.ok(join_call(access_point))
    talk.unsolicited()

    talk.refused(f'{variant.command}="abc"', AT_ONCE_S)

    require_network(talk, "CWJAP_CUR", access_point.setup.ssid)
    assert talk.unsolicited() == ()


@each_variant("CWJAP", 20, 20, 20)
def test_joining_another_network_leaves_the_first(
    talk: Talk, variant: Variant, access_point: AccessPoint, rig: Rig
) -> None:
    second = second_access_point(rig)
    use_station(talk, access_point, second)
    talk.ok(join_call(access_point, variant.command))

    answer = talk.say(join_call(second, variant.command))

    assert wire_lines(answer) == [DISCONNECT, CONNECTED, GOT_IP, OK]
    require_network(talk, variant, second.setup.ssid)
    require_member(talk, second)
    require_member(talk, access_point, is_member=False)


@each_variant("CWJAP", 21, 21, 21)
def test_an_open_network_is_joined_with_an_empty_password(
    talk: Talk, variant: Variant, access_point: AccessPoint
) -> None:
    access_point.configure(ApSetup("open", ApSecurity.OPEN))
    use_station(talk, access_point)

    talk.ok(f'{variant.command}="open",""')
    require_member(talk, access_point)


@each_variant("CWJAP", 24, 24, 24)
def test_there_are_no_test_and_execute_forms(talk: Talk, variant: Variant) -> None:
    use_station(talk)

    talk.refused(f"{variant.command}=?")
    talk.refused(variant.command)
