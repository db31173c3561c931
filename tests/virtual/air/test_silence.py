"""A module's radio falls silent: in order, as before a restart, or because the supply was cut."""

from __future__ import annotations

import pytest

from hil.virtual.air.message import (
    Announce,
    ApLost,
    Joined,
    ListenForCredentials,
    RequestLease,
    Scan,
    StationCame,
    StationWent,
)

from .air_player import MAC_A, MAC_B, MS, AirPlayer, S, soft_ap_of

PHONE = bytes.fromhex("ac3743000001")


class TestStation:
    def test_in_order_the_access_point_knows_at_once(self) -> None:
        player = AirPlayer()
        ap = player.add()
        module = player.module()
        module.join_and_lease()
        module.silence(is_orderly=True)
        assert ap.stations == ()
        assert player.air.next_deadline_ns() is None

    def test_a_cut_supply_is_noticed_after_five_minutes(self) -> None:
        player = AirPlayer()
        ap = player.add()
        module = player.module()
        module.join_and_lease()
        module.silence(is_orderly=False)
        player.wait(300 * S - 1)
        assert [each.mac for each in ap.stations] == [MAC_A]
        player.wait(1)
        assert ap.stations == ()
        assert module.take() == []

    def test_a_module_that_is_back_earlier_joins_as_if_nothing_had_been(self) -> None:
        player = AirPlayer()
        ap = player.add()
        module = player.module()
        module.join_and_lease()
        module.silence(is_orderly=False)
        player.wait(S)
        module.join()
        player.wait(S)
        assert [type(each) for each in module.take()] == [Joined]
        player.wait(400 * S)
        assert [each.mac for each in ap.stations] == [MAC_A]
        assert module.take() == []

    def test_a_silent_station_hears_nothing_of_its_access_point(self) -> None:
        player = AirPlayer()
        ap = player.add()
        module = player.module()
        module.join_and_lease()
        module.silence(is_orderly=False)
        ap.drop(MAC_A, player.now_ns)
        player.wait(400 * S)
        assert (module.take(), ap.stations) == ([], ())


@pytest.mark.parametrize("is_orderly", [True, False])
class TestWhatWasUnderWay:
    def test_a_scan_comes_to_nothing(self, is_orderly: bool) -> None:
        player = AirPlayer()
        module = player.module()
        module.ask(Scan())
        module.silence(is_orderly=is_orderly)
        assert player.air.next_deadline_ns() is None

    def test_joining_comes_to_nothing(self, is_orderly: bool) -> None:
        player = AirPlayer()
        ap = player.add()
        module = player.module()
        module.join()
        player.wait(600 * MS)
        module.silence(is_orderly=is_orderly)
        assert player.air.next_deadline_ns() is None
        assert ap.stations == ()

    def test_a_lease_does_not_come(self, is_orderly: bool) -> None:
        player = AirPlayer()
        player.add()
        module = player.module()
        module.join()
        player.wait(S)
        module.take()
        module.ask(RequestLease())
        module.silence(is_orderly=is_orderly)
        player.wait(400 * S)
        assert module.take() == []

    def test_the_loss_of_the_access_point_is_not_told_any_more(
        self,
        is_orderly: bool,
    ) -> None:
        player = AirPlayer()
        ap = player.add()
        module = player.module()
        module.join_and_lease()
        ap.switch(player.now_ns, is_on=False, is_orderly=False)
        module.silence(is_orderly=is_orderly)
        player.wait(400 * S)
        assert module.take() == []

    def test_credentials_are_not_heard(self, is_orderly: bool) -> None:
        player = AirPlayer()
        phone = player.air.add_phone("phone", PHONE)
        module = player.module()
        module.ask(ListenForCredentials(1))
        phone.tell(1, b"lab", b"password", 0)
        module.silence(is_orderly=is_orderly)
        player.wait(60 * S)
        phone.tell(1, b"lab", b"password", player.now_ns)
        player.wait(60 * S)
        assert module.take() == []


class TestSoftAp:
    @pytest.mark.parametrize(("is_orderly", "after_ns"), [(True, 0), (False, 6 * S)])
    def test_its_stations_notice(
        self,
        is_orderly: bool,
        after_ns: int,
    ) -> None:
        player = AirPlayer()
        owner, guest = player.module(MAC_B), player.module(MAC_A)
        owner.ask(Announce(soft_ap_of()))
        guest.join_and_lease(b"ESP_000002")
        silence_ns = player.now_ns
        owner.silence(is_orderly=is_orderly)
        player.wait(60 * S)
        assert guest.take_timed() == [(silence_ns + after_ns, ApLost())]

    @pytest.mark.parametrize("is_orderly", [True, False])
    def test_the_module_itself_is_told_nothing_more(
        self,
        is_orderly: bool,
    ) -> None:
        player = AirPlayer()
        owner, guest = player.module(MAC_B), player.module(MAC_A)
        owner.ask(Announce(soft_ap_of()))
        guest.join_and_lease(b"ESP_000002")
        owner.take()
        owner.silence(is_orderly=is_orderly)
        player.wait(400 * S)
        assert owner.take() == []

    def test_after_a_restart_it_begins_empty_and_old_stations_do_not_haunt_it(self) -> None:
        player = AirPlayer()
        owner, guest = player.module(MAC_B), player.module(MAC_A)
        owner.ask(Announce(soft_ap_of()))
        guest.join_and_lease(b"ESP_000002")
        guest.silence(is_orderly=False)
        owner.take()
        owner.silence(is_orderly=False)
        player.wait(S)
        owner.ask(Announce(soft_ap_of()))
        soft_ap = owner.antenna.soft_ap
        assert soft_ap is not None
        assert soft_ap.stations == ()
        player.wait(400 * S)
        assert owner.take() == []

    def test_a_guest_without_supply_is_missed_after_five_minutes(
        self,
    ) -> None:
        player = AirPlayer()
        owner, guest = player.module(MAC_B), player.module(MAC_A)
        owner.ask(Announce(soft_ap_of()))
        guest.join_and_lease(b"ESP_000002")
        owner.take()
        cut_ns = player.now_ns
        guest.silence(is_orderly=False)
        player.wait(400 * S)
        assert owner.take_timed() == [(cut_ns + 300 * S, StationWent(MAC_A))]

    def test_a_message_that_was_on_its_way_is_lost(self) -> None:
        player = AirPlayer()
        owner, guest = player.module(MAC_B), player.module(MAC_A)
        owner.ask(Announce(soft_ap_of()))
        guest.join_and_lease(b"ESP_000002")
        assert [type(each) for each in owner.take()] == [StationCame, StationCame]
        guest.silence(is_orderly=True)
        owner.silence(is_orderly=True)
        player.wait(0)
        assert owner.take() == []
