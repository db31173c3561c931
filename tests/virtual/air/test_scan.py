"""What a scan shows, in which order, and how long it takes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hil.virtual.air.access_point import ApSettings
from hil.virtual.air.message import Announce, Scan, ScanDone, Security, Sighting
from hil.virtual.errors import VirtualError

from .air_player import BSSID, MAC_A, MAC_B, MS, AirPlayer, settings_of, soft_ap_of


def sightings_of(scan: Scan, player: AirPlayer) -> tuple[Sighting, ...]:
    module = player.module()
    module.ask(scan)
    player.wait(2100 * MS)
    (event,) = module.take()
    assert isinstance(event, ScanDone)
    return event.sightings


def test_all_channels_take_two_seconds_and_a_tenth() -> None:
    player = AirPlayer()
    player.add()
    module = player.module()
    module.ask(Scan())
    player.wait(2100 * MS - 1)
    assert module.take() == []
    player.wait(1)
    assert module.take_timed() == [
        (
            2_100_000_000,
            ScanDone((Sighting(b"lab", BSSID, 6, -58, Security.WPA2_PSK),)),
        )
    ]


def test_one_channel_takes_150_ms() -> None:
    player = AirPlayer()
    player.add()
    module = player.module()
    module.ask(Scan(channel=6))
    player.wait(150 * MS)
    ((at_ns, event),) = module.take_timed()
    assert at_ns == 150_000_000
    assert event == ScanDone((Sighting(b"lab", BSSID, 6, -58, Security.WPA2_PSK),))


def test_the_order_is_that_of_the_air_and_not_that_of_strength() -> None:
    player = AirPlayer()
    for number, rssi_dbm in ((1, -90), (2, -40), (3, -60)):
        player.add(settings_of(b"net%d" % number, number=number), rssi_dbm=rssi_dbm)
    assert [each.ssid for each in sightings_of(Scan(), player)] == [b"net1", b"net2", b"net3"]


@pytest.mark.parametrize(
    ("scan", "numbers"),
    [
        (Scan(), [1, 2, 3]),
        (Scan(ssid=b"lab"), [1, 2]),
        (Scan(ssid=b"la"), []),
        (Scan(bssid=BSSID), [1]),
        (Scan(channel=11), [2, 3]),
        (Scan(ssid=b"lab", channel=11), [2]),
        (Scan(ssid=b"lab", bssid=BSSID, channel=6), [1]),
        (Scan(ssid=b"lab", bssid=BSSID, channel=11), []),
    ],
)
def test_filters_leave_out_what_does_not_match(scan: Scan, numbers: list[int]) -> None:
    player = AirPlayer()
    player.add(settings_of(b"lab", number=1, channel=6))
    player.add(settings_of(b"lab", number=2, channel=11))
    player.add(settings_of(b"other", number=3, channel=11))
    assert [each.bssid[-1] for each in sightings_of(scan, player)] == numbers


def test_a_hidden_network_tells_its_name_only_to_who_asks_for_it() -> None:
    player = AirPlayer()
    player.add(replace(settings_of(b"secret"), is_hidden=True))
    assert [each.ssid for each in sightings_of(Scan(), player)] == [b""]
    assert [each.ssid for each in sightings_of(Scan(bssid=BSSID), player)] == [b""]
    assert [each.ssid for each in sightings_of(Scan(ssid=b"secret"), player)] == [b"secret"]
    assert sightings_of(Scan(ssid=b""), player) == ()


@pytest.mark.parametrize(("rssi_dbm", "is_seen"), [(-98, True), (-99, False)])
def test_too_weak_a_signal_is_not_heard(rssi_dbm: int, is_seen: bool) -> None:
    player = AirPlayer()
    player.add(rssi_dbm=rssi_dbm)
    assert bool(sightings_of(Scan(), player)) is is_seen


def test_what_is_switched_off_is_not_seen_and_comes_back() -> None:
    player = AirPlayer()
    ap = player.add(is_on=False)
    assert sightings_of(Scan(), player) == ()
    ap.switch(player.now_ns, is_on=True)
    assert len(sightings_of(Scan(), player)) == 1


def test_a_change_of_an_access_point_is_seen() -> None:
    player = AirPlayer()
    ap = player.add()
    ap.configure(ApSettings(b"open", BSSID, Security.OPEN, b"", 11), player.now_ns)
    ap.move(-70, player.now_ns)
    assert sightings_of(Scan(), player) == (Sighting(b"open", BSSID, 11, -70, Security.OPEN),)


def test_modules_see_the_soft_aps_of_others_behind_the_access_points_and_never_their_own() -> None:
    player = AirPlayer()
    owner, other = player.module(MAC_B), player.module(MAC_A)
    owner.ask(Announce(soft_ap_of(password=b"12345678", channel=5)))
    player.add()
    for each in (owner, other):
        each.ask(Scan())
    player.wait(2100 * MS)
    (seen_by_owner,), (seen_by_other,) = owner.take(), other.take()
    assert isinstance(seen_by_owner, ScanDone)
    assert [each.ssid for each in seen_by_owner.sightings] == [b"lab"]
    assert isinstance(seen_by_other, ScanDone)
    assert seen_by_other.sightings[1:] == (
        Sighting(b"ESP_000002", bytes.fromhex("1afe34000002"), 5, -40, Security.WPA2_PSK),
    )


class TestRefused:
    def test_two_access_points_with_one_address(self) -> None:
        player = AirPlayer()
        player.add()
        with pytest.raises(VirtualError) as caught:
            player.add(settings_of(b"other"))
        assert str(caught.value) == "there is an access point b4:75:0e:00:00:01 already"

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"ssid": b""}, "an SSID has 1 to 32 bytes, not 0"),
            ({"ssid": b"x" * 33}, "an SSID has 1 to 32 bytes, not 33"),
            ({"bssid": b"\2"}, "a BSSID has six bytes, not 1"),
            ({"channel": 0}, "a channel is 1 to 14, not 0"),
            ({"channel": 15}, "a channel is 1 to 14, not 15"),
        ],
    )
    def test_what_no_access_point_can_be(self, changes: dict[str, object], message: str) -> None:
        with pytest.raises(VirtualError) as caught:
            replace(settings_of(), **changes)  # type: ignore[arg-type]
        assert str(caught.value) == message

    def test_a_password_is_not_shown(self) -> None:
        assert "password" not in repr(settings_of(password=b"password"))
