"""AT+CWLAP: the access points in reach (document, section 4.1, command 7)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from hil.at.talk import OK
from hil.ports.access_point import Ability, ApSecurity, ApSetup
from hil.spec.spelling import spelling

from .joining import AT_ONCE_S, bssid_of, second_access_point, use_station
from .wifi import escaped

if TYPE_CHECKING:
    from hil.at.talk import Talk
    from hil.ports.access_point import AccessPoint
    from hil.rig.rig import Rig

RECORD = spelling("access-point-record")
IMPOSSIBLE_FILTER = spelling("impossible-filter")
WEAKEST_DBM = -100


@dataclass(frozen=True, slots=True)
class Record:
    """One access point as the module tells it."""

    security: int
    ssid: str
    rssi_dbm: int
    bssid: str
    channel: int


def scan(talk: Talk, line: str = "AT+CWLAP") -> list[Record]:
    """What an answer lists, which consists of records and OK."""
    answer = talk.say(line)
    match = answer.must_be(*(RECORD,) * (len(answer.lines) - 1), OK)
    talk.spellings |= match.seen
    texts = [text or "" for text in match.groups]
    return [
        Record(int(security), ssid, int(rssi), bssid, int(channel))
        for security, ssid, rssi, bssid, channel in zip(*[iter(texts)] * 5, strict=True)
    ]


def record_of(talk: Talk, access_point: AccessPoint) -> Record:
    """The one record of an access point in the list of all."""
    ssid, bssid = access_point.setup.ssid, access_point.bssid
    records = [each for each in scan(talk) if each.ssid == ssid and bssid in {None, each.bssid}]
    assert len(records) == 1, f"{ssid!r} is listed {len(records)} times"
    return records[0]


def filter_line(*values: object) -> str:
    """The call that looks for SSID, MAC and channel."""
    return "AT+CWLAP=" + ",".join(
        f'"{escaped(value)}"' if isinstance(value, str) else str(value) for value in values
    )


@pytest.mark.clause("CWLAP-01")
def test_all_access_points_are_listed_once(talk: Talk, access_point: AccessPoint, rig: Rig) -> None:
    second_access_point(rig)
    use_station(talk)

    records = scan(talk)

    bssids = [record.bssid for record in records]
    assert len(set(bssids)) == len(bssids)
    for each in (access_point, *rig.wifi.access_points[1:]):
        assert any(
            record.ssid == each.setup.ssid and each.bssid in {None, record.bssid}
            for record in records
        ), f"{each.setup.ssid!r} is not listed"


@pytest.mark.needs("ap-control")
@pytest.mark.clause("CWLAP-01")
def test_an_access_point_that_is_off_is_not_listed(talk: Talk, access_point: AccessPoint) -> None:
    use_station(talk)
    bssid = bssid_of(talk, access_point)
    access_point.switch(is_on=False)

    assert bssid not in [record.bssid for record in scan(talk)]


@pytest.mark.clause("CWLAP-02")
def test_a_record_has_five_fields_in_order(talk: Talk, access_point: AccessPoint) -> None:
    use_station(talk)
    bssid = bssid_of(talk, access_point)

    record = record_of(talk, access_point)

    assert record.security in range(5)
    assert record.ssid == access_point.setup.ssid
    assert record.bssid == bssid
    assert record.channel in range(1, 15)


@pytest.mark.parametrize(
    ("code", "security", "password"),
    [
        pytest.param(
            code, security, password, id=security.value, marks=pytest.mark.clause(clause_id)
        )
        for code, security, password, clause_id in (
            (0, ApSecurity.OPEN, "", "CWLAP-03"),
            (1, ApSecurity.WEP, "wep13password", "CWLAP-04"),
            (2, ApSecurity.WPA, "password", "CWLAP-05"),
            (3, ApSecurity.WPA2, "password", "CWLAP-06"),
            (4, ApSecurity.WPA_WPA2, "password", "CWLAP-07"),
        )
    ],
)
def test_the_first_field_tells_the_encryption(
    talk: Talk, access_point: AccessPoint, code: int, security: ApSecurity, password: str
) -> None:
    access_point.configure(ApSetup("secured", security, password))
    use_station(talk)

    assert record_of(talk, access_point).security == code


@pytest.mark.clause("CWLAP-08")
def test_the_ssid_is_told_as_it_is(talk: Talk, access_point: AccessPoint) -> None:
    use_station(talk)
    bssid = bssid_of(talk, access_point)

    ssids = [record.ssid for record in scan(talk) if record.bssid == bssid]

    assert ssids == [access_point.setup.ssid]


@pytest.mark.clause("CWLAP-09")
def test_the_signal_is_told_in_dbm(talk: Talk, access_point: AccessPoint) -> None:
    use_station(talk)

    assert WEAKEST_DBM <= record_of(talk, access_point).rssi_dbm < 0


@pytest.mark.clause("CWLAP-10")
def test_the_mac_is_the_access_points(talk: Talk, access_point: AccessPoint, rig: Rig) -> None:
    if access_point.bssid is None:
        pytest.skip(f"the rig {rig.name!r} does not say the BSSID of its access point")
    use_station(talk)
    ssid = access_point.setup.ssid

    assert access_point.bssid in [record.bssid for record in scan(talk) if record.ssid == ssid]


@pytest.mark.clause("CWLAP-11")
@pytest.mark.parametrize("channel", [1, 6, 11])
def test_the_channel_is_the_access_points(
    talk: Talk, access_point: AccessPoint, channel: int
) -> None:
    access_point.configure(replace(access_point.setup, channel=channel))
    use_station(talk)

    assert record_of(talk, access_point).channel == channel


@pytest.mark.clause("CWLAP-12")
def test_ssid_mac_and_channel_find_one_access_point(talk: Talk, access_point: AccessPoint) -> None:
    use_station(talk)
    found = record_of(talk, access_point)

    records = scan(talk, filter_line(found.ssid, found.bssid, found.channel))

    assert [replace(each, rssi_dbm=found.rssi_dbm) for each in records] == [found]


@pytest.mark.clause("CWLAP-12")
def test_every_access_point_is_found_by_what_is_told_of_it(
    talk: Talk, access_point: AccessPoint, rig: Rig
) -> None:
    use_station(talk)
    records = {record.bssid: record for record in scan(talk)}

    for each in (access_point, *rig.wifi.access_points[1:]):
        bssid = bssid_of(talk, each)
        found = scan(talk, filter_line(each.setup.ssid, bssid, records[bssid].channel))
        assert [record.bssid for record in found] == [bssid]


@pytest.mark.needs("ap-control")
@pytest.mark.clause("CWLAP-12")
def test_the_mac_tells_two_access_points_of_one_name_apart(
    talk: Talk, access_point: AccessPoint, rig: Rig
) -> None:
    twin = second_access_point(rig, Ability.CONFIGURE)
    access_point.configure(replace(access_point.setup, channel=6))
    twin.configure(access_point.setup)
    use_station(talk)
    ssid, bssid = access_point.setup.ssid, bssid_of(talk, access_point)

    records = scan(talk, filter_line(ssid, bssid, 6))

    assert [record.bssid for record in records] == [bssid]


@pytest.mark.clause("CWLAP-13")
def test_the_ssid_alone_finds_the_access_point(talk: Talk, access_point: AccessPoint) -> None:
    use_station(talk)
    ssid, bssid = access_point.setup.ssid, bssid_of(talk, access_point)

    records = scan(talk, filter_line(ssid))

    assert {record.ssid for record in records} == {ssid}
    assert bssid in {record.bssid for record in records}


@pytest.mark.needs("ap-control")
@pytest.mark.clause("CWLAP-13")
def test_the_ssid_alone_finds_all_of_that_name(
    talk: Talk, access_point: AccessPoint, rig: Rig
) -> None:
    twin = second_access_point(rig, Ability.CONFIGURE)
    twin.configure(replace(access_point.setup, channel=twin.setup.channel))
    use_station(talk)
    ssid = access_point.setup.ssid

    records = scan(talk, filter_line(ssid))

    assert {record.ssid for record in records} == {ssid}
    known = {each.bssid for each in (access_point, twin) if each.bssid is not None}
    assert known <= {record.bssid for record in records}
    assert len(records) >= 2


@pytest.mark.clause("CWLAP-14")
def test_access_points_of_other_names_are_left_out(
    talk: Talk, access_point: AccessPoint, rig: Rig
) -> None:
    second = second_access_point(rig)
    use_station(talk)
    assert second.setup.ssid in {record.ssid for record in scan(talk)}

    ssids = {record.ssid for record in scan(talk, filter_line(access_point.setup.ssid))}

    assert ssids == {access_point.setup.ssid}


@pytest.mark.clause("CWLAP-15")
def test_a_wrong_channel_hides_the_access_point(talk: Talk, access_point: AccessPoint) -> None:
    use_station(talk)
    found = record_of(talk, access_point)
    other = found.channel + 5 if found.channel <= 6 else found.channel - 5

    talk.ok(filter_line(found.ssid, found.bssid, other))


@pytest.mark.clause("CWLAP-16")
def test_a_filter_that_matches_nothing_gives_an_empty_list(talk: Talk) -> None:
    use_station(talk)

    talk.ok('AT+CWLAP="no-such-net"')


@pytest.mark.clause("CWLAP-16")
def test_a_filter_that_nothing_can_match_gives_no_record(talk: Talk) -> None:
    use_station(talk)

    for line in (
        filter_line("a" * 33),
        filter_line("wifi", "ca:d7:19:d8:a6:44", 15),
        filter_line("wifi", "ca:d7:19:d8:a6:44", 6, 1),
    ):
        talk.expect(line, IMPOSSIBLE_FILTER)
    talk.ok(filter_line("a" * 32))


@pytest.mark.clause("CWLAP-17")
def test_a_softap_alone_does_not_look(talk: Talk) -> None:
    talk.ok("AT+CWMODE_CUR=2")

    talk.refused("AT+CWLAP", AT_ONCE_S)
    talk.refused('AT+CWLAP="wifi"', AT_ONCE_S)


@pytest.mark.needs("ap")
@pytest.mark.clause("CWLAP-17")
def test_a_station_beside_a_softap_looks(talk: Talk, access_point: AccessPoint) -> None:
    talk.ok("AT+CWMODE_CUR=3")

    assert record_of(talk, access_point).ssid == access_point.setup.ssid


@pytest.mark.clause("CWLAP-18")
def test_a_malformed_mac_is_refused(talk: Talk) -> None:
    use_station(talk)

    for mac in (
        '"zz:zz"',
        '"ca:d7:19:d8:a6"',
        '"ca:d7:19:d8:a6:44:55"',
        '"ca:d7:19:d8:a6:4g"',
        "ca:d7:19:d8:a6:44",
        "6",
    ):
        talk.refused(f'AT+CWLAP="wifi",{mac},6', AT_ONCE_S)


@pytest.mark.clause("CWLAP-19")
def test_there_are_no_query_and_test_forms(talk: Talk) -> None:
    use_station(talk)

    talk.refused("AT+CWLAP?", AT_ONCE_S)
    talk.refused("AT+CWLAP=?", AT_ONCE_S)
