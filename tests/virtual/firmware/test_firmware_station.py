"""What the station does by itself and says about it: WIFI CONNECTED, GOT IP, DISCONNECT."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

import pytest

from hil.virtual.address import Ipv4Config
from hil.virtual.air.message import (
    ApLost,
    Join,
    Joined,
    JoinFailed,
    JoinFailure,
    Leased,
    Leave,
    RequestLease,
    StationCame,
    StationWent,
)
from hil.virtual.firmware.dialect import DOCUMENTED, ESPRESSIF_0_23, Dialect
from hil.virtual.firmware.settings import Credentials, InterfaceSettings
from hil.virtual.firmware.station import StationStatus
from hil.virtual.network.message import Interface, SetAddress
from hil.virtual.network.route import Route

from .air_player import (
    CONNECTED,
    DISCONNECT,
    GOT_IP,
    HOME,
    LEASE,
    joined_player,
    station_player,
    take_in,
)
from .chip_player import OK, STATION_MAC, ChipPlayer, ready_player

if TYPE_CHECKING:
    from hil.virtual.firmware.state import FirmwareState
    from hil.virtual.firmware.station import Station
    from hil.virtual.outside import OutsideEvent

both_dialects = pytest.mark.parametrize("dialect", [DOCUMENTED, ESPRESSIF_0_23])

JOIN_HOME = Join(b"home", b"12345678", None, STATION_MAC)
FIXED = Ipv4Config(
    IPv4Address("192.168.6.100"), IPv4Address("192.168.6.1"), IPv4Address("255.255.255.0")
)
HAS_ADDRESS = SetAddress(
    Interface.STATION,
    IPv4Address("192.168.1.7"),
    Route(IPv4Address("192.168.1.1"), IPv4Address("255.255.255.0")),
)
HAS_FIXED_ADDRESS = SetAddress(
    Interface.STATION,
    IPv4Address("192.168.6.100"),
    Route(IPv4Address("192.168.6.1"), IPv4Address("255.255.255.0")),
)
NO_ADDRESS = SetAddress(Interface.STATION, None)
OTHER_MAC = bytes.fromhex("18fe3598d37b")


def state_of(player: ChipPlayer) -> FirmwareState:
    return player.firmware._state


def station_of(player: ChipPlayer) -> Station:
    return state_of(player).station


def started_player(dialect: Dialect = DOCUMENTED) -> ChipPlayer:
    """A module with a stored network that has just become ready; the air has not answered."""
    player = joined_player(dialect)
    player.power_cycle()
    return player


def readdress(player: ChipPlayer, interface: InterfaceSettings, mac: bytes = STATION_MAC) -> None:
    state_of(player).station_interface = interface
    state_of(player).station_mac = mac
    station_of(player).readdress(player.now_ns)
    player.carry_out(player.firmware.advance(player.now_ns))


@both_dialects
def test_nothing_is_joined_at_first(dialect: Dialect) -> None:
    player = ChipPlayer(dialect)
    player.settle()
    assert player.take_requests() == []
    assert station_of(player).status is StationStatus.IDLE


@both_dialects
def test_the_stored_network_is_joined_after_ready(dialect: Dialect) -> None:
    player = joined_player(dialect)
    player.flash.cut_power(player.now_ns)
    player.power_on()
    player.settle()
    assert player.take_sent() == b"\r\nready\r\n"
    assert player.take_requests() == [JOIN_HOME]
    player.hear(Joined(HOME))
    assert player.take_sent() == CONNECTED
    assert player.take_requests() == [RequestLease()]
    player.hear(Leased(LEASE))
    assert player.take_sent() == GOT_IP
    assert player.take_requests() == [HAS_ADDRESS]


def test_the_stored_network_is_joined_after_a_restart_too() -> None:
    player = joined_player()
    player.ask(b"AT+RST")
    assert player.take_requests() == [JOIN_HOME]


def test_the_stored_address_and_mac_are_used_from_the_start() -> None:
    player = joined_player()
    store = state_of(player).store
    interface = InterfaceSettings(uses_dhcp=False, fixed=FIXED)
    stored = replace(store.user, station=interface, station_mac=OTHER_MAC)
    player.now_ns = store.save_user(stored, player.now_ns)
    player.power_cycle()
    assert player.take_requests() == [replace(JOIN_HOME, mac=OTHER_MAC)]
    player.hear(Joined(HOME))
    assert player.take_requests() == [HAS_FIXED_ADDRESS]


def test_a_module_without_station_joins_nothing() -> None:
    player = joined_player()
    player.ask(b"AT+CWMODE_DEF=2")
    player.take_requests()
    player.power_cycle()
    assert player.take_requests() == []


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ((), b""),
        ((JoinFailed(JoinFailure.NO_AP),), b""),
        ((Joined(HOME),), CONNECTED + DISCONNECT),
        ((Joined(HOME), Leased(LEASE)), CONNECTED + GOT_IP + DISCONNECT),
    ],
    ids=["joining", "waiting", "associated", "online"],
)
def test_another_network_may_be_given_at_any_time(
    events: tuple[OutsideEvent, ...], said: bytes
) -> None:
    player = started_player()
    for event in events:
        player.hear(event)
    player.take_requests()
    station_of(player).join(Credentials(b"cafe", b""), player.now_ns)
    player.carry_out(state_of(player).out.take())
    assert player.take_sent() == said
    assert player.take_requests()[-1] == Join(b"cafe", b"", None, STATION_MAC)
    player.wait_ms(10_000)
    assert player.take_requests() == []


def test_the_station_tells_its_place() -> None:
    player = joined_player()
    station = station_of(player)
    assert (station.ap, station.address, station.has_ip) == (HOME, LEASE, True)
    assert station.status == 5
    player.hear(ApLost())
    assert (station.ap, station.address, station.has_ip) == (None, None, False)
    assert station.status == 1


@both_dialects
def test_a_lost_access_point_is_told_once_and_looked_for_every_second(dialect: Dialect) -> None:
    player = joined_player(dialect)
    player.hear(ApLost())
    assert player.take_sent() == DISCONNECT
    assert player.take_requests() == [NO_ADDRESS]
    player.wait_ms(999)
    assert player.take_requests() == []
    player.wait_ms(1)
    assert player.take_requests() == [JOIN_HOME]
    for _ in range(3):
        player.hear(JoinFailed(JoinFailure.NO_AP))
        player.wait_ms(999)
        assert player.take_requests() == []
        player.wait_ms(1)
        assert player.take_requests() == [JOIN_HOME]
    assert player.take_sent() == b""
    take_in(player)
    assert player.take_sent() == CONNECTED + GOT_IP


def test_the_access_point_may_go_before_there_is_an_address() -> None:
    player = started_player()
    player.hear(Joined(HOME))
    player.hear(ApLost())
    assert player.take_sent() == CONNECTED + DISCONNECT
    assert NO_ADDRESS not in player.take_requests()


@pytest.mark.parametrize(
    ("reason", "status"),
    [(JoinFailure.WRONG_KEY, 2), (JoinFailure.NO_AP, 3), (JoinFailure.REFUSED, 4)],
)
def test_a_failure_is_told_by_the_status_until_the_station_has_joined(
    reason: JoinFailure, status: int
) -> None:
    player = started_player()
    assert station_of(player).status == 1
    player.hear(JoinFailed(reason))
    assert station_of(player).status == status
    player.wait_ms(1000)
    assert station_of(player).status == status
    player.hear(Joined(HOME))
    assert station_of(player).status == 1
    assert not station_of(player).has_failed


def test_without_a_lease_there_is_no_address() -> None:
    player = started_player()
    player.hear(Joined(HOME))
    player.wait_ms(3_600_000)
    assert player.take_sent() == CONNECTED
    assert not station_of(player).has_ip


def test_a_fixed_address_is_told_as_well_and_needs_no_lease() -> None:
    player = started_player()
    state_of(player).station_interface = InterfaceSettings(uses_dhcp=False, fixed=FIXED)
    player.take_requests()
    player.hear(Joined(HOME))
    assert player.take_sent() == CONNECTED + GOT_IP
    assert player.take_requests() == [HAS_FIXED_ADDRESS]
    assert station_of(player).address == FIXED


def test_without_dhcp_and_without_a_fixed_address_nothing_is_asked() -> None:
    player = started_player()
    state_of(player).station_interface = InterfaceSettings(uses_dhcp=False)
    player.take_requests()
    player.hear(Joined(HOME))
    player.hear(Leased(LEASE))
    assert player.take_sent() == CONNECTED
    assert player.take_requests() == []


def test_a_new_fixed_address_takes_the_place_of_the_lease() -> None:
    player = joined_player()
    readdress(player, InterfaceSettings(uses_dhcp=False, fixed=FIXED))
    assert player.take_sent() == GOT_IP
    assert player.take_requests() == [NO_ADDRESS, HAS_FIXED_ADDRESS]
    other = replace(FIXED, address=IPv4Address("192.168.6.101"))
    readdress(player, InterfaceSettings(uses_dhcp=False, fixed=other))
    assert player.take_sent() == GOT_IP
    assert station_of(player).address == other


def test_dhcp_takes_the_place_of_the_fixed_address() -> None:
    player = joined_player()
    readdress(player, InterfaceSettings(uses_dhcp=False, fixed=FIXED))
    player.take_sent()
    player.take_requests()
    readdress(player, InterfaceSettings(uses_dhcp=True, fixed=FIXED))
    assert player.take_requests() == [NO_ADDRESS, RequestLease()]
    assert not station_of(player).has_ip
    player.hear(Leased(LEASE))
    assert player.take_sent() == GOT_IP


def test_dhcp_switched_off_takes_the_lease_away() -> None:
    player = joined_player()
    readdress(player, InterfaceSettings(uses_dhcp=False))
    assert player.take_requests() == [NO_ADDRESS]
    assert player.take_sent() == b""
    assert station_of(player).ap == HOME


def test_settings_that_change_nothing_leave_the_address() -> None:
    player = joined_player()
    readdress(player, InterfaceSettings(uses_dhcp=True, fixed=FIXED))
    assert player.take_requests() == []
    assert station_of(player).address == LEASE


def test_a_lease_that_comes_too_late_is_not_taken() -> None:
    player = started_player()
    player.hear(Joined(HOME))
    readdress(player, InterfaceSettings(uses_dhcp=False))
    player.hear(Leased(LEASE))
    assert not station_of(player).has_ip


def test_a_new_mac_address_joins_anew() -> None:
    player = joined_player()
    readdress(player, InterfaceSettings(), OTHER_MAC)
    assert player.take_sent() == DISCONNECT
    join = replace(JOIN_HOME, mac=OTHER_MAC)
    assert player.take_requests() == [NO_ADDRESS, join]
    take_in(player)
    assert player.take_sent() == CONNECTED + GOT_IP


def test_a_new_mac_address_is_used_by_an_attempt_under_way() -> None:
    player = started_player()
    player.take_requests()
    readdress(player, InterfaceSettings(), OTHER_MAC)
    assert player.take_requests() == [replace(JOIN_HOME, mac=OTHER_MAC)]
    assert player.take_sent() == b""


def test_a_station_that_is_off_stays_off_whatever_its_settings() -> None:
    player = station_player()
    readdress(player, InterfaceSettings(uses_dhcp=False, fixed=FIXED), OTHER_MAC)
    assert player.take_requests() == []


def test_who_follows_the_station_is_told_of_a_loss_after_it_was_printed() -> None:
    player = joined_player()
    heard: list[tuple[int, bytes, bool]] = []

    def listen(now_ns: int) -> None:
        player.carry_out(state_of(player).out.take())
        heard.append((now_ns, player.take_sent(), station_of(player).has_ip))

    station_of(player).on_loss.append(listen)
    player.hear(ApLost())
    assert heard == [(player.now_ns, DISCONNECT, False)]
    player.wait_ms(1000)
    take_in(player)
    player.take_sent()
    readdress(player, InterfaceSettings(uses_dhcp=False))
    assert heard[1:] == [(player.now_ns, b"", False)]
    player.ask(b"AT+CWQAP")
    assert [said for _, said, _ in heard[2:]] == [OK + DISCONNECT]


@pytest.mark.parametrize("name", [b"+CWMODE", b"+CWMODE_CUR", b"+CWMODE_DEF"])
@pytest.mark.parametrize(
    ("dialect", "answer"),
    [
        (DOCUMENTED, b"\r\nOK\r\nWIFI DISCONNECT\r\n"),
        (ESPRESSIF_0_23, b"WIFI DISCONNECT\r\n\r\nOK\r\n"),
    ],
)
def test_a_mode_without_station_leaves_the_network(
    name: bytes, dialect: Dialect, answer: bytes
) -> None:
    player = joined_player(dialect)
    assert player.ask(b"AT" + name + b"=2") == answer
    assert player.take_requests() == [NO_ADDRESS, Leave()]
    player.wait_ms(30_000)
    assert player.ask(b"AT" + name + b"=1") == OK
    player.wait_ms(30_000)
    assert player.take_requests() == []


@pytest.mark.parametrize("event", [ApLost(), Joined(HOME), Leased(LEASE)])
def test_nothing_happens_to_a_network_that_is_being_left(event: OutsideEvent) -> None:
    player = joined_player(ESPRESSIF_0_23)
    player.send(b"AT+CWMODE=2\r\n")
    assert player.take_sent() == DISCONNECT
    player.hear(event)
    player.wait_ms(500)
    assert player.take_sent() == OK
    assert player.take_requests() == [NO_ADDRESS, Leave()]


@both_dialects
def test_the_next_loss_is_told_again(dialect: Dialect) -> None:
    player = joined_player(dialect)
    player.ask(b"AT+CWQAP")
    player.send(b'AT+CWJAP_CUR="home","12345678"\r\n')
    take_in(player)
    player.wait_ms(4000)
    assert player.take_sent() == CONNECTED + GOT_IP + OK
    player.hear(ApLost())
    assert player.take_sent() == DISCONNECT


@pytest.mark.parametrize("mode", [b"1", b"3"])
@both_dialects
def test_a_mode_with_station_keeps_the_network(mode: bytes, dialect: Dialect) -> None:
    player = joined_player(dialect)
    assert player.ask(b"AT+CWMODE_CUR=" + mode) == OK
    assert player.take_requests() == []
    assert station_of(player).has_ip


def test_a_mode_without_station_ends_the_attempts_too() -> None:
    player = started_player()
    player.ask(b"ATE0")
    player.hear(JoinFailed(JoinFailure.NO_AP))
    player.take_requests()
    assert player.ask(b"AT+CWMODE_CUR=2") == OK
    assert player.take_requests() == [Leave()]
    player.wait_ms(30_000)
    assert player.take_requests() == []


def test_stations_of_the_module_s_own_access_point_are_no_business_of_the_station() -> None:
    player = ready_player()
    player.hear(StationCame(bytes(6), IPv4Address("192.168.4.2")))
    player.hear(StationWent(bytes(6)))
    assert player.take_sent() == b""


def test_an_access_point_of_another_network_is_not_taken_for_the_wanted_one() -> None:
    player = started_player()
    player.hear(Joined(replace(HOME, ssid=b"cafe")))
    assert player.take_sent() == b""
    player.hear(Joined(replace(HOME, ssid=b"")))
    assert player.take_sent() == CONNECTED


def test_an_access_point_with_another_bssid_is_not_taken_for_the_wanted_one() -> None:
    player = station_player()
    station_of(player).join(Credentials(b"home", b"", bytes(6)), player.now_ns)
    player.hear(Joined(HOME))
    assert player.take_sent() == b""
    player.hear(Joined(replace(HOME, bssid=bytes(6))))
    assert player.take_sent() == CONNECTED


def test_an_association_that_is_told_twice_is_said_once_and_gets_a_lease_again() -> None:
    player = started_player()
    take_in(player)
    player.take_requests()
    player.take_sent()
    player.hear(Joined(HOME))
    assert player.take_requests() == [NO_ADDRESS, RequestLease()]
    player.hear(Leased(LEASE))
    assert player.take_sent() == GOT_IP


def test_an_association_that_is_told_twice_before_the_lease_asks_for_it_again() -> None:
    player = started_player()
    player.take_requests()
    player.hear(Joined(HOME))
    player.hear(Joined(HOME))
    assert player.take_sent() == CONNECTED
    assert player.take_requests() == [RequestLease(), RequestLease()]


@pytest.mark.parametrize("has_lease", [False, True])
def test_a_failure_is_the_loss_of_an_association_that_was_told_before(has_lease: bool) -> None:
    player = started_player()
    player.hear(Joined(HOME))
    if has_lease:
        player.hear(Leased(LEASE))
    player.take_sent()
    player.take_requests()
    player.hear(JoinFailed(JoinFailure.REFUSED))
    assert player.take_sent() == DISCONNECT
    player.wait_ms(1000)
    assert player.take_requests()[-1] == JOIN_HOME


def test_an_answer_to_a_request_that_was_given_up_changes_nothing() -> None:
    player = station_player()
    for event in (Joined(HOME), JoinFailed(JoinFailure.REFUSED), ApLost(), Leased(LEASE)):
        player.hear(event)
    assert player.take_sent() == b""
    assert player.take_requests() == []
    assert station_of(player).status is StationStatus.IDLE
    assert not station_of(player).has_failed


def test_the_lines_keep_out_of_an_echo_under_way() -> None:
    player = joined_player()
    state_of(player).echo = True
    player.send(b"AT")
    player.hear(ApLost())
    player.send(b"\r\n")
    player.wait_ms(10)
    assert player.take_sent() == b"AT" + DISCONNECT + b"\r\r\n" + OK


def test_no_password_is_shown() -> None:
    player = started_player()
    stored = state_of(player).store.system
    shown = repr([player.take_requests(), station_of(player).network, stored])
    assert shown.count("home") == 3
    assert "12345678" not in shown
