"""Who gives which address to whom."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from hil.virtual.air.dhcp import DhcpServer
from hil.virtual.air.message import Leased, Leave, RequestLease

from .air_player import MAC_A, MAC_B, MS, ROUTER, AirPlayer, S, lease_of, settings_of


def server(first: str = "192.168.1.100", last: str = "192.168.1.199") -> DhcpServer:
    return DhcpServer(ROUTER, IPv4Address(first), IPv4Address(last))


class TestServer:
    def test_the_lowest_free_address_comes_first(self) -> None:
        dhcp = server()
        assert dhcp.lease(MAC_A) == lease_of("192.168.1.100", "192.168.1.1")
        assert dhcp.lease(MAC_B) == lease_of("192.168.1.101", "192.168.1.1")

    def test_a_station_gets_the_same_address_again(self) -> None:
        dhcp = server()
        dhcp.lease(MAC_A)
        dhcp.lease(MAC_B)
        assert dhcp.lease(MAC_A) == lease_of("192.168.1.100", "192.168.1.1")
        assert dhcp.leases == {
            MAC_A: IPv4Address("192.168.1.100"),
            MAC_B: IPv4Address("192.168.1.101"),
        }

    def test_its_own_address_is_not_given_away(self) -> None:
        dhcp = server("192.168.1.1", "192.168.1.2")
        assert dhcp.lease(MAC_A) == lease_of("192.168.1.2", "192.168.1.1")

    def test_an_exhausted_pool_gives_nothing(self) -> None:
        dhcp = server("192.168.1.100", "192.168.1.100")
        assert dhcp.lease(MAC_A) is not None
        assert dhcp.lease(MAC_B) is None
        assert dhcp.lease(MAC_A) is not None

    @pytest.mark.parametrize(
        ("own", "addresses"),
        [
            ("192.168.4.1", ["192.168.4.2", "192.168.4.3"]),
            ("192.168.5.7", ["192.168.5.2", "192.168.5.3"]),
            ("192.168.5.2", ["192.168.5.3", "192.168.5.4"]),
        ],
    )
    def test_a_soft_ap_gives_leases_from_2_up(self, own: str, addresses: list[str]) -> None:
        dhcp = DhcpServer.of_soft_ap(lease_of(own, own))
        assert dhcp.lease(MAC_A) == lease_of(addresses[0], own)
        assert dhcp.lease(MAC_B) == lease_of(addresses[1], own)

    def test_a_soft_ap_gives_the_last_host_and_never_the_broadcast_address(self) -> None:
        dhcp = DhcpServer.of_soft_ap(lease_of("192.168.4.1", "192.168.4.1"))
        given = [dhcp.lease(number.to_bytes(6, "big")) for number in range(254)]
        assert given[252] == lease_of("192.168.4.254", "192.168.4.1")
        assert given[253] is None


class TestRequest:
    def test_the_answer_takes_a_second(self) -> None:
        player = AirPlayer()
        ap = player.add()
        module = player.module()
        module.join()
        player.wait(700 * MS)
        module.take()
        module.ask(RequestLease())
        player.wait(20 * S)
        assert module.take_timed() == [
            (1_700_000_000, Leased(lease_of("192.168.1.100", "192.168.1.1")))
        ]
        assert [each.address for each in ap.stations] == [IPv4Address("192.168.1.100")]

    def test_a_slow_access_point_slows_it_down(self) -> None:
        player = AirPlayer()
        player.add().delay_ns = 8 * S
        module = player.module()
        module.join()
        player.wait(8700 * MS)
        module.take()
        module.ask(RequestLease())
        player.wait(20 * S)
        ((at_ns, _),) = module.take_timed()
        assert at_ns == 17_700_000_000

    def test_the_address_survives_leaving(self) -> None:
        player = AirPlayer()
        player.add()
        module, other = player.module(MAC_A), player.module(MAC_B)
        module.join_and_lease()
        module.ask(Leave())
        other.join_and_lease()
        module.join()
        player.wait(S)
        module.take()
        module.ask(RequestLease())
        player.wait(S)
        assert module.take() == [Leased(lease_of("192.168.1.100", "192.168.1.1"))]

    def test_without_a_server_nothing_comes(self) -> None:
        player = AirPlayer()
        player.add(has_dhcp=False)
        module = player.module()
        module.join_and_lease()
        player.wait(3600 * S)
        assert module.take() == []
        assert player.air.next_deadline_ns() is None

    def test_a_server_that_starts_later_answers_who_waits(self) -> None:
        player = AirPlayer()
        ap = player.add(has_dhcp=False)
        waiting, quiet = player.module(MAC_A), player.module(MAC_B)
        waiting.join_and_lease()
        quiet.join()
        player.wait(S)
        quiet.take()
        ap.serve_by(server(), player.now_ns)
        start_ns = player.now_ns
        player.wait(60 * S)
        assert waiting.take_timed() == [
            (start_ns + S, Leased(lease_of("192.168.1.100", "192.168.1.1")))
        ]
        assert quiet.take() == []

    def test_a_server_that_is_switched_off_leaves_leases_alone_and_gives_none(self) -> None:
        player = AirPlayer()
        ap = player.add()
        module = player.module()
        module.join_and_lease()
        ap.serve_by(None, player.now_ns)
        assert [each.address for each in ap.stations] == [IPv4Address("192.168.1.100")]
        module.ask(RequestLease())
        player.wait(60 * S)
        assert module.take() == []

    def test_who_is_not_joined_asks_in_vain(self) -> None:
        player = AirPlayer()
        player.add()
        module = player.module()
        module.ask(RequestLease())
        assert player.air.next_deadline_ns() is None

    def test_who_leaves_meanwhile_gets_none(self) -> None:
        player = AirPlayer()
        ap = player.add()
        module = player.module()
        module.join()
        player.wait(700 * MS)
        module.ask(RequestLease())
        module.ask(Leave())
        module.join()
        player.wait(60 * S)
        assert [type(each).__name__ for each in module.take()] == ["Joined", "Joined"]
        assert [each.address for each in ap.stations] == [None]

    def test_who_joins_anew_has_to_ask_anew(self) -> None:
        player = AirPlayer()
        ap = player.add(has_dhcp=False)
        module = player.module()
        module.join_and_lease()
        module.join()
        player.wait(S)
        module.take()
        ap.serve_by(server(), player.now_ns)
        player.wait(60 * S)
        assert module.take() == []

    def test_who_cannot_hear_the_access_point_gets_it_when_that_is_back(self) -> None:
        player = AirPlayer()
        ap = player.add()
        module = player.module()
        module.join()
        player.wait(700 * MS)
        module.take()
        module.ask(RequestLease())
        ap.move(-99, player.now_ns)
        player.wait(3 * S)
        assert module.take() == []
        ap.move(-60, player.now_ns)
        player.wait(S)
        assert module.take() == [Leased(lease_of("192.168.1.100", "192.168.1.1"))]

    def test_access_points_of_one_network_share_its_server(self) -> None:
        player = AirPlayer()
        dhcp = server()
        player.add(settings_of(b"one", number=1)).serve_by(dhcp, 0)
        player.add(settings_of(b"two", number=2)).serve_by(dhcp, 0)
        player.module(MAC_A).join_and_lease(b"one")
        player.module(MAC_B).join_and_lease(b"two")
        assert dhcp.leases == {
            MAC_A: IPv4Address("192.168.1.100"),
            MAC_B: IPv4Address("192.168.1.101"),
        }
