"""How a station joins, why it may not, and what an access point does to it afterwards."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hil.virtual.air.access_point import ApSettings, Conduct, JoinedStation
from hil.virtual.air.message import (
    ApLost,
    Joined,
    JoinFailed,
    JoinFailure,
    Leave,
    Security,
    Sighting,
)
from hil.virtual.errors import VirtualError

from .air_player import BSSID, MAC_A, MAC_B, MS, AirPlayer, S, settings_of

SIGHTING = Sighting(b"lab", BSSID, 6, -58, Security.WPA2_PSK)


class TestJoining:
    def test_it_takes_700_ms(self) -> None:
        player = AirPlayer()
        ap = player.add()
        module = player.module()
        module.join()
        player.wait(700 * MS - 1)
        assert (module.take(), ap.stations) == ([], ())
        player.wait(1)
        assert module.take_timed() == [(700_000_000, Joined(SIGHTING))]
        assert ap.stations == (JoinedStation(MAC_A, None),)

    @pytest.mark.parametrize("security", list(Security))
    def test_every_security_is_told(self, security: Security) -> None:
        player = AirPlayer()
        player.add(replace(settings_of(), security=security))
        module = player.module()
        module.join()
        player.wait(S)
        assert module.take() == [Joined(replace(SIGHTING, security=security))]

    @pytest.mark.parametrize("password", [b"", b"anything"])
    def test_an_open_network_asks_for_no_password(self, password: bytes) -> None:
        player = AirPlayer()
        player.add(ApSettings(b"lab", BSSID))
        module = player.module()
        module.join(password=password)
        player.wait(S)
        assert module.take() == [
            Joined(Sighting(b"lab", BSSID, 1, -58, Security.OPEN)),
        ]

    @pytest.mark.parametrize("password", [b"", b"Password", b"password1", b"passwor"])
    def test_a_wrong_password_is_found_out_after_four_seconds(self, password: bytes) -> None:
        player = AirPlayer()
        ap = player.add()
        module = player.module()
        module.join(password=password)
        player.wait(20 * S)
        assert module.take_timed() == [(4_500_000_000, JoinFailed(JoinFailure.WRONG_KEY))]
        assert ap.stations == ()

    def test_a_name_that_is_not_on_the_air_is_looked_for_on_all_channels(self) -> None:
        player = AirPlayer()
        player.add()
        module = player.module()
        module.join(b"lab2")
        player.wait(20 * S)
        assert module.take_timed() == [(2_100_000_000, JoinFailed(JoinFailure.NO_AP))]

    def test_a_hidden_network_is_joined_by_its_name(self) -> None:
        player = AirPlayer()
        player.add(replace(settings_of(), is_hidden=True))
        module = player.module()
        module.join()
        player.wait(S)
        assert module.take() == [Joined(SIGHTING)]

    def test_out_of_reach_is_not_there(self) -> None:
        player = AirPlayer()
        player.add(rssi_dbm=-99)
        module = player.module()
        module.join()
        player.wait(3 * S)
        assert module.take() == [JoinFailed(JoinFailure.NO_AP)]

    def test_an_access_point_that_refuses_says_so(self) -> None:
        player = AirPlayer()
        player.add().conduct = Conduct.REFUSES
        module = player.module()
        module.join()
        player.wait(20 * S)
        assert module.take_timed() == [(700_000_000, JoinFailed(JoinFailure.REFUSED))]

    def test_a_silent_access_point_is_seen_and_never_answers(self) -> None:
        player = AirPlayer()
        player.add().conduct = Conduct.SILENT
        module = player.module()
        module.join()
        player.wait(3600 * S)
        assert module.take() == []

    def test_a_slow_access_point_answers_later(self) -> None:
        player = AirPlayer()
        player.add().delay_ns = 8 * S
        module = player.module()
        module.join()
        player.wait(20 * S)
        assert module.take_timed() == [(8_700_000_000, Joined(SIGHTING))]

    def test_one_that_goes_off_meanwhile_is_not_joined(self) -> None:
        player = AirPlayer()
        ap = player.add()
        module = player.module()
        module.join()
        player.wait(600 * MS)
        ap.switch(player.now_ns, is_on=False)
        player.wait(20 * S)
        assert module.take_timed() == [(700_000_000, JoinFailed(JoinFailure.NO_AP))]

    def test_giving_up_leaves_nothing_behind(self) -> None:
        player = AirPlayer()
        ap = player.add()
        module = player.module()
        module.join()
        player.wait(600 * MS)
        module.ask(Leave())
        assert player.air.next_deadline_ns() is None
        player.wait(20 * S)
        assert (module.take(), ap.stations) == ([], ())


class TestChoice:
    def test_the_strongest_of_a_name_wins(self) -> None:
        player = AirPlayer()
        player.add(settings_of(number=1), rssi_dbm=-70)
        player.add(settings_of(number=2), rssi_dbm=-50)
        player.add(settings_of(number=3), rssi_dbm=-60)
        module = player.module()
        module.join()
        player.wait(S)
        (joined,) = module.take()
        assert isinstance(joined, Joined)
        assert joined.ap.bssid == bytes.fromhex("b4750e000002")

    def test_a_bssid_decides(self) -> None:
        player = AirPlayer()
        player.add(settings_of(number=1), rssi_dbm=-70)
        player.add(settings_of(number=2), rssi_dbm=-50)
        module = player.module()
        module.join(bssid=BSSID)
        player.wait(S)
        (joined,) = module.take()
        assert isinstance(joined, Joined)
        assert joined.ap.bssid == BSSID

    def test_a_bssid_that_no_one_of_that_name_has_is_not_there(self) -> None:
        player = AirPlayer()
        player.add(settings_of(number=1))
        player.add(settings_of(b"other", number=2))
        module = player.module()
        module.join(bssid=bytes.fromhex("b4750e000002"))
        player.wait(3 * S)
        assert module.take() == [JoinFailed(JoinFailure.NO_AP)]

    def test_a_stronger_one_that_appears_does_not_move_a_station(self) -> None:
        player = AirPlayer()
        weak = player.add(settings_of(number=1), rssi_dbm=-70)
        strong = player.add(settings_of(number=2), rssi_dbm=-50, is_on=False)
        module = player.module()
        module.join()
        player.wait(S)
        strong.switch(player.now_ns, is_on=True)
        player.wait(60 * S)
        assert module.antenna.ap is weak
        assert (len(weak.stations), len(strong.stations)) == (1, 0)


class TestLeaving:
    def test_the_access_point_knows_at_once_and_no_event_follows(self) -> None:
        player = AirPlayer()
        ap = player.add()
        module = player.module()
        module.join_and_lease()
        module.ask(Leave())
        assert ap.stations == ()
        player.wait(60 * S)
        assert module.take() == []

    def test_joining_another_network_leaves_the_first_at_once(self) -> None:
        player = AirPlayer()
        first = player.add()
        second = player.add(settings_of(b"other", number=2))
        module = player.module()
        module.join_and_lease()
        module.join(b"other")
        assert first.stations == ()
        player.wait(20 * S)
        (joined,) = module.take()
        assert isinstance(joined, Joined)
        assert joined.ap.ssid == b"other"
        assert [each.mac for each in second.stations] == [MAC_A]

    def test_joining_in_vain_leaves_the_first_as_well(self) -> None:
        player = AirPlayer()
        first = player.add()
        module = player.module()
        module.join_and_lease()
        module.join(b"nowhere")
        player.wait(20 * S)
        assert module.take() == [JoinFailed(JoinFailure.NO_AP)]
        assert first.stations == ()


class TestLoss:
    @pytest.mark.parametrize(("is_orderly", "after_ns"), [(True, 0), (False, 6 * S)])
    def test_a_station_notices_an_access_point_that_goes_off(
        self,
        is_orderly: bool,
        after_ns: int,
    ) -> None:
        player = AirPlayer()
        ap = player.add()
        module = player.module()
        module.join_and_lease()
        off_ns = player.now_ns
        ap.switch(off_ns, is_on=False, is_orderly=is_orderly)
        assert module.take() == []  # never within the call
        assert ap.stations == ()
        player.wait(60 * S)
        assert module.take_timed() == [(off_ns + after_ns, ApLost())]

    def test_one_that_was_off_for_a_moment_is_lost_all_the_same(self) -> None:
        player = AirPlayer()
        ap = player.add()
        module = player.module()
        module.join_and_lease()
        ap.switch(player.now_ns, is_on=False, is_orderly=False)
        player.wait(S)
        ap.switch(player.now_ns, is_on=True)
        player.wait(60 * S)
        assert module.take() == [ApLost()]

    def test_whoever_rejoins_before_the_loss_was_noticed_is_not_told_of_it(self) -> None:
        player = AirPlayer()
        ap = player.add()
        module = player.module()
        module.join_and_lease()
        ap.switch(player.now_ns, is_on=False, is_orderly=False)
        ap.switch(player.now_ns, is_on=True)
        module.join()
        player.wait(60 * S)
        assert module.take() == [Joined(SIGHTING)]

    def test_a_station_is_dropped(self) -> None:
        player = AirPlayer()
        ap = player.add()
        first, second = player.module(MAC_A), player.module(MAC_B)
        first.join_and_lease()
        second.join_and_lease()
        ap.drop(MAC_A, player.now_ns)
        player.wait(0)
        assert (first.take(), second.take()) == ([ApLost()], [])
        assert [each.mac for each in ap.stations] == [MAC_B]

    def test_only_who_is_joined_can_be_dropped(self) -> None:
        player = AirPlayer()
        ap = player.add()
        with pytest.raises(VirtualError) as caught:
            ap.drop(MAC_A, player.now_ns)
        assert str(caught.value) == (
            "18:fe:34:00:00:01 is not joined to this access point; nobody is"
        )
        player.module(MAC_B).join_and_lease()
        with pytest.raises(VirtualError) as caught:
            ap.drop(MAC_A, player.now_ns)
        assert str(caught.value) == (
            "18:fe:34:00:00:01 is not joined to this access point; 18:fe:34:00:00:02 is"
        )

    def test_an_access_point_may_drop_every_station_after_a_while(self) -> None:
        player = AirPlayer()
        ap = player.add()
        ap.drops_after_ns = 5 * S
        module = player.module()
        module.join()
        player.wait(60 * S)
        assert module.take_timed() == [(700_000_000, Joined(SIGHTING)), (5_700_000_000, ApLost())]
        assert ap.stations == ()

    def test_whoever_has_left_is_not_dropped(self) -> None:
        player = AirPlayer()
        ap = player.add()
        ap.drops_after_ns = 5 * S
        module = player.module()
        module.join_and_lease()
        module.ask(Leave())
        assert player.air.next_deadline_ns() is None

    @pytest.mark.parametrize(
        "changes",
        [{"password": b"12345678"}, {"security": Security.OPEN}, {"channel": 1}, {"ssid": b"x"}],
    )
    def test_another_setup_drops_the_stations(self, changes: dict[str, object]) -> None:
        player = AirPlayer()
        ap = player.add()
        module = player.module()
        module.join_and_lease()
        ap.configure(replace(ap.settings, **changes), player.now_ns)  # type: ignore[arg-type]
        player.wait(0)
        assert module.take() == [ApLost()]
        assert ap.stations == ()

    def test_the_same_setup_again_disturbs_nobody(self) -> None:
        player = AirPlayer()
        ap = player.add()
        module = player.module()
        module.join_and_lease()
        ap.configure(replace(ap.settings), player.now_ns)
        player.wait(60 * S)
        assert module.take() == []

    def test_another_password_is_wrong_from_then_on(self) -> None:
        player = AirPlayer()
        ap = player.add()
        ap.configure(replace(ap.settings, password=b"12345678"), player.now_ns)
        module = player.module()
        module.join()
        player.wait(6 * S)
        module.join(password=b"12345678")
        player.wait(6 * S)
        assert module.take() == [JoinFailed(JoinFailure.WRONG_KEY), Joined(SIGHTING)]


class TestRange:
    def test_a_station_that_hears_nothing_for_six_seconds_gives_up(self) -> None:
        player = AirPlayer()
        ap = player.add()
        module = player.module()
        module.join_and_lease()
        ap.move(-99, player.now_ns)
        player.wait(6 * S - 1)
        assert module.take() == []
        player.wait(1)
        assert module.take() == [ApLost()]

    def test_the_access_point_keeps_it_for_five_minutes(self) -> None:
        player = AirPlayer()
        ap = player.add()
        player.module().join_and_lease()
        ap.move(-99, player.now_ns)
        player.wait(306 * S - 1)
        assert [each.mac for each in ap.stations] == [MAC_A]
        player.wait(1)
        assert ap.stations == ()
        assert player.air.next_deadline_ns() is None

    def test_whoever_comes_back_in_time_is_still_joined(self) -> None:
        player = AirPlayer()
        ap = player.add()
        module = player.module()
        module.join_and_lease()
        ap.move(-99, player.now_ns)
        player.wait(5 * S)
        ap.move(-98, player.now_ns)
        player.wait(60 * S)
        assert module.take() == []
        assert module.antenna.ap is ap

    def test_a_weaker_signal_that_is_heard_changes_nothing(self) -> None:
        player = AirPlayer()
        ap = player.add()
        module = player.module()
        module.join_and_lease()
        ap.move(-98, player.now_ns)
        player.wait(60 * S)
        assert module.take() == []


class TestSameAddress:
    def test_the_station_that_comes_later_takes_the_place(self) -> None:
        player = AirPlayer()
        ap = player.add()
        first, second = player.module(MAC_A), player.module(MAC_A)
        first.join_and_lease()
        second.join_and_lease()
        assert first.take() == [ApLost()]
        assert second.antenna.ap is ap
        assert len(ap.stations) == 1
