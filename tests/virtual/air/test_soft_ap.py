"""A module's own access point: who joins it, modules and phones, and what the module is told."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from hil.virtual.air.message import (
    Announce,
    ApLost,
    Joined,
    JoinFailed,
    JoinFailure,
    Leased,
    Leave,
    RequestLease,
    Scan,
    ScanDone,
    Security,
    Sighting,
    StationCame,
    StationWent,
)
from hil.virtual.errors import VirtualError

from .air_player import MAC_A, MAC_B, MS, AirPlayer, ModuleDouble, S, lease_of, soft_ap_of

PHONE = bytes.fromhex("ac3743000001")
SOFT_AP_MAC = bytes.fromhex("1afe34000002")


def owner_of(player: AirPlayer, password: bytes = b"") -> ModuleDouble:
    owner = player.module(MAC_B)
    owner.ask(Announce(soft_ap_of(password=password)))
    return owner


class TestModuleJoinsModule:
    def test_it_joins_and_gets_a_lease_from_the_other(self) -> None:
        player = AirPlayer()
        owner, guest = owner_of(player, b"12345678"), player.module(MAC_A)
        guest.join(b"ESP_000002", b"12345678")
        player.wait(700 * MS)
        guest.ask(RequestLease())
        player.wait(S)
        assert guest.take_timed() == [
            (
                700_000_000,
                Joined(Sighting(b"ESP_000002", SOFT_AP_MAC, 1, -40, Security.WPA2_PSK)),
            ),
            (1_700_000_000, Leased(lease_of("192.168.4.2", "192.168.4.1"))),
        ]
        assert owner.take_timed() == [
            (700_000_000, StationCame(MAC_A, None)),
            (1_700_000_000, StationCame(MAC_A, IPv4Address("192.168.4.2"))),
        ]

    def test_a_wrong_password_comes_not_in_and_is_not_told(self) -> None:
        player = AirPlayer()
        owner, guest = owner_of(player, b"12345678"), player.module(MAC_A)
        guest.join(b"ESP_000002", b"87654321")
        player.wait(20 * S)
        assert guest.take_timed() == [(4_500_000_000, JoinFailed(JoinFailure.WRONG_KEY))]
        assert owner.take() == []

    def test_leaving_is_told_at_the_same_moment_and_not_within_the_call(self) -> None:
        player = AirPlayer()
        owner, guest = owner_of(player), player.module(MAC_A)
        guest.join_and_lease(b"ESP_000002")
        owner.take()
        guest.ask(Leave())
        assert owner.take() == []
        player.wait(0)
        assert owner.take_timed() == [(1_700_000_000, StationWent(MAC_A))]

    def test_nobody_joins_his_own(self) -> None:
        player = AirPlayer()
        owner = owner_of(player)
        owner.join(b"ESP_000002")
        player.wait(3 * S)
        assert owner.take() == [JoinFailed(JoinFailure.NO_AP)]

    def test_two_modules_can_be_joined_to_each_other(self) -> None:
        player = AirPlayer()
        owner, guest = owner_of(player), player.module(MAC_A)
        guest.ask(Announce(replace(soft_ap_of(b"ESP_000001"), mac=bytes.fromhex("1afe34000001"))))
        guest.join(b"ESP_000002")
        owner.join(b"ESP_000001")
        player.wait(S)
        assert [type(each) for each in guest.take()] == [Joined, StationCame]
        assert [type(each) for each in owner.take()] == [Joined, StationCame]


class TestChange:
    @pytest.mark.parametrize(
        "changes",
        [
            {"ssid": b"other"},
            {"password": b"12345678", "security": Security.WPA2_PSK},
            {"channel": 11},
            {"mac": bytes.fromhex("1afe34000009")},
        ],
    )
    def test_another_setup_throws_the_stations_out(self, changes: dict[str, object]) -> None:
        player = AirPlayer()
        owner, guest = owner_of(player), player.module(MAC_A)
        guest.join_and_lease(b"ESP_000002")
        owner.take()
        owner.ask(Announce(replace(soft_ap_of(), **changes)))  # type: ignore[arg-type]
        assert owner.take() == []
        player.wait(0)
        assert guest.take() == [ApLost()]
        assert owner.take() == [StationWent(MAC_A)]

    def test_the_same_setup_again_disturbs_nobody(self) -> None:
        player = AirPlayer()
        owner, guest = owner_of(player), player.module(MAC_A)
        guest.join_and_lease(b"ESP_000002")
        owner.take()
        owner.ask(Announce(soft_ap_of()))
        player.wait(60 * S)
        assert (guest.take(), owner.take()) == ([], [])

    def test_taken_off_the_air_it_is_gone(self) -> None:
        player = AirPlayer()
        owner, guest = owner_of(player), player.module(MAC_A)
        guest.join_and_lease(b"ESP_000002")
        owner.take()
        owner.ask(Announce(None))
        player.wait(0)
        assert guest.take() == [ApLost()]
        assert owner.take() == [StationWent(MAC_A)]
        guest.ask(Scan())
        player.wait(3 * S)
        assert guest.take() == [ScanDone(())]

    def test_taking_off_what_is_not_there_is_fine(self) -> None:
        player = AirPlayer()
        owner = player.module(MAC_B)
        owner.ask(Announce(None))
        player.wait(S)
        assert owner.take() == []

    def test_dhcp_can_be_switched_off_and_on_with_stations_joined(self) -> None:
        player = AirPlayer()
        owner, guest = owner_of(player), player.module(MAC_A)
        owner.ask(Announce(soft_ap_of(has_dhcp=False)))
        guest.join_and_lease(b"ESP_000002")
        assert owner.take() == [StationCame(MAC_A, None)]
        owner.ask(Announce(soft_ap_of()))
        player.wait(S)
        assert guest.take() == [Leased(lease_of("192.168.4.2", "192.168.4.1"))]
        assert owner.take() == [StationCame(MAC_A, IPv4Address("192.168.4.2"))]

    def test_another_address_gives_leases_of_another_network(self) -> None:
        player = AirPlayer()
        owner, guest = owner_of(player), player.module(MAC_A)
        owner.ask(Announce(soft_ap_of(network=lease_of("192.168.5.1", "192.168.5.1"))))
        guest.join(b"ESP_000002")
        player.wait(S)
        guest.take()
        guest.ask(RequestLease())
        player.wait(S)
        assert guest.take() == [Leased(lease_of("192.168.5.2", "192.168.5.1"))]

    def test_leases_survive_an_announcement_of_the_same_network(self) -> None:
        player = AirPlayer()
        owner, guest = owner_of(player), player.module(MAC_A)
        player.air.add_phone("phone", PHONE).join(b"ESP_000002", b"", 0)
        player.wait(2 * S)
        owner.ask(Announce(soft_ap_of(channel=3)))
        guest.join(b"ESP_000002")
        player.wait(S)
        guest.take()
        guest.ask(RequestLease())
        player.wait(S)
        assert guest.take() == [Leased(lease_of("192.168.4.3", "192.168.4.1"))]


class TestPhones:
    def test_a_phone_joins_and_asks_for_a_lease_by_itself(self) -> None:
        player = AirPlayer()
        owner = owner_of(player, b"12345678")
        phone = player.air.add_phone("phone", PHONE)
        phone.join(b"ESP_000002", b"12345678", 0)
        player.wait(20 * S)
        assert owner.take_timed() == [
            (700_000_000, StationCame(PHONE, None)),
            (1_700_000_000, StationCame(PHONE, IPv4Address("192.168.4.2"))),
        ]
        assert phone.ap is owner.antenna.soft_ap
        assert (phone.address, phone.failure) == (IPv4Address("192.168.4.2"), None)

    def test_a_phone_with_a_wrong_password_knows_why(self) -> None:
        player = AirPlayer()
        owner = owner_of(player, b"12345678")
        phone = player.air.add_phone("phone", PHONE)
        phone.join(b"ESP_000002", b"wrong", 0)
        player.wait(20 * S)
        assert (phone.ap, phone.address) == (None, None)
        assert phone.failure is JoinFailure.WRONG_KEY
        assert owner.take() == []
        phone.join(b"ESP_000002", b"12345678", player.now_ns)
        assert phone.failure is None

    def test_a_phone_with_an_address_of_its_own_asks_for_none(self) -> None:
        player = AirPlayer()
        owner = owner_of(player)
        fixed = IPv4Address("192.168.4.77")
        phone = player.air.add_phone("phone", PHONE, fixed_address=fixed)
        assert phone.address is None
        phone.join(b"ESP_000002", b"", 0)
        player.wait(20 * S)
        assert owner.take() == [StationCame(PHONE, None)]
        assert phone.address == fixed

    def test_without_dhcp_a_phone_has_no_address(self) -> None:
        player = AirPlayer()
        owner = owner_of(player)
        owner.ask(Announce(soft_ap_of(has_dhcp=False)))
        phone = player.air.add_phone("phone", PHONE)
        phone.join(b"ESP_000002", b"", 0)
        player.wait(20 * S)
        assert owner.take() == [StationCame(PHONE, None)]
        assert phone.ap is not None
        assert phone.address is None

    def test_a_phone_that_leaves_and_comes_back_gets_its_address_again(self) -> None:
        player = AirPlayer()
        owner = owner_of(player)
        first, second = player.air.add_phone("a", PHONE), player.air.add_phone("b", MAC_A)
        first.join(b"ESP_000002", b"", 0)
        player.wait(2 * S)
        first.leave(player.now_ns)
        assert first.address is None
        player.wait(0)
        second.join(b"ESP_000002", b"", player.now_ns)
        player.wait(2 * S)
        owner.take()
        first.join(b"ESP_000002", b"", player.now_ns)
        player.wait(2 * S)
        assert owner.take()[-1] == StationCame(PHONE, IPv4Address("192.168.4.2"))
        assert second.address == IPv4Address("192.168.4.3")

    def test_a_phone_that_is_carried_away_is_missed_after_five_minutes(self) -> None:
        player = AirPlayer()
        owner = owner_of(player)
        phone = player.air.add_phone("phone", PHONE)
        phone.join(b"ESP_000002", b"", 0)
        player.wait(2 * S)
        owner.take()
        phone.vanish(player.now_ns)
        assert phone.ap is None
        player.wait(400 * S)
        assert owner.take_timed() == [(302_000_000_000, StationWent(PHONE))]

    def test_one_that_is_carried_back_is_not_missed_any_more(self) -> None:
        player = AirPlayer()
        owner = owner_of(player)
        phone = player.air.add_phone("phone", PHONE)
        phone.join(b"ESP_000002", b"", 0)
        player.wait(2 * S)
        owner.take()
        phone.vanish(player.now_ns)
        phone.join(b"ESP_000002", b"", player.now_ns)
        player.wait(400 * S)
        assert owner.take() == [
            StationWent(PHONE),
            StationCame(PHONE, None),
            StationCame(PHONE, IPv4Address("192.168.4.2")),
        ]

    def test_a_phone_notices_when_the_soft_ap_goes(self) -> None:
        player = AirPlayer()
        owner = owner_of(player)
        phone = player.air.add_phone("phone", PHONE)
        phone.join(b"ESP_000002", b"", 0)
        player.wait(2 * S)
        owner.ask(Announce(None))
        player.wait(0)
        assert (phone.ap, phone.address) == (None, None)

    def test_four_stations_are_the_most(self) -> None:
        player = AirPlayer()
        owner = owner_of(player)
        phones = [player.air.add_phone(f"{n}", PHONE[:-1] + bytes([n])) for n in range(5)]
        for phone in phones[:4]:
            phone.join(b"ESP_000002", b"", player.now_ns)
        player.wait(2 * S)
        phones[4].join(b"ESP_000002", b"", player.now_ns)
        player.wait(2 * S)
        assert [phone.ap is not None for phone in phones] == [True, True, True, True, False]
        assert phones[4].failure is JoinFailure.REFUSED
        owner.take()
        phones[0].leave(player.now_ns)
        phones[4].join(b"ESP_000002", b"", player.now_ns)
        player.wait(2 * S)
        assert phones[4].address == IPv4Address("192.168.4.6")

    def test_one_of_four_that_comes_back_finds_its_place(self) -> None:
        player = AirPlayer()
        owner_of(player)
        phones = [player.air.add_phone(f"{n}", PHONE[:-1] + bytes([n])) for n in range(4)]
        for phone in phones:
            phone.join(b"ESP_000002", b"", player.now_ns)
        player.wait(2 * S)
        phones[2].vanish(player.now_ns)
        phones[2].join(b"ESP_000002", b"", player.now_ns)
        player.wait(2 * S)
        assert phones[2].address == IPv4Address("192.168.4.4")

    @pytest.mark.parametrize(("name", "mac"), [("phone", MAC_A), ("other", PHONE)])
    def test_names_and_addresses_belong_to_one_phone(self, name: str, mac: bytes) -> None:
        player = AirPlayer()
        player.air.add_phone("phone", PHONE)
        with pytest.raises(VirtualError) as caught:
            player.air.add_phone(name, mac)
        assert str(caught.value) == f"there is a phone {name!r} or {mac.hex(':')} already"
        assert len(player.air.phones) == 1
