"""The Wi-Fi of an open rig: what is there, what tests hold of it, and what is left behind."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface
from typing import TYPE_CHECKING

import pytest

from hil.drive.registry import find_machine
from hil.errors import AccessPointError, NeedMissingError, RigFileError
from hil.flashing.synthesis import synthesize
from hil.ports.access_point import Ability, ApSecurity, ApSetup, FixedAccessPoint
from hil.ports.commanded_access_point import CommandedAccessPoint
from hil.ports.wifi_station import SeenNetwork, SmartConfig
from hil.rig.air_description import AirAccessPoint, AirDescription, AirStation
from hil.rig.assembly import open_rig
from hil.rig.description import VIRTUAL_RIG, load_rig
from hil.rig.password_source import EnvironmentPassword
from hil.rig.wifi import NO_WIFI, open_wifi
from hil.rig.wifi_network import WifiNetwork
from hil.virtual.air.access_point import Conduct
from hil.virtual.air.air import Air
from hil.virtual.air.message import (
    AirEvent,
    Announce,
    CredentialsHeard,
    Join,
    Leased,
    ListenForCredentials,
    RequestLease,
    Scan,
    ScanDone,
    Security,
)
from hil.virtual.outside import Surroundings
from tests.virtual.air.air_player import MAC_A, lease_of, soft_ap_of

from .test_assembly import bench_of
from .test_description import REAL, written

if TYPE_CHECKING:
    from pathlib import Path

    from hil.rig.rig import Rig
    from hil.virtual.air.antenna import Antenna

FIRMWARE = synthesize()
OPEN = WifiNetwork("lab", ApSecurity.OPEN)


def air_of(name: str = "default") -> Air:
    _, air = find_machine(name, "air")
    assert isinstance(air, Air)
    return air


class Listener:
    """One more module on the air of an open rig."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.heard: list[AirEvent] = []
        self.antenna: Antenna = air_of().attach(lambda event, _now_ns: self.heard.append(event))

    def ask(self, *requests: object, wait_s: float = 3) -> list[AirEvent]:
        for request in requests:
            self.antenna.take(request, self.rig.clock.now_ns())  # type: ignore[arg-type]
            self.rig.clock.sleep(wait_s)
        heard, self.heard = self.heard, []
        return heard


class TestVirtual:
    def test_the_usual_air_is_heard_with_testnet_first(self) -> None:
        with open_rig(VIRTUAL_RIG, FIRMWARE) as rig:
            (event,) = Listener(rig).ask(Scan())
        assert isinstance(event, ScanDone)
        assert [
            (each.ssid, each.channel, each.rssi_dbm, each.security) for each in event.sightings
        ] == [
            (b"testnet", 6, -58, Security.WPA2_PSK),
            (b"opennet", 1, -67, Security.OPEN),
            (b"wepnet", 11, -86, Security.WEP),
            (b"wpanet", 1, -74, Security.WPA_PSK),
            (b"mixednet", 11, -63, Security.WPA_WPA2_PSK),
            (b"twinnet", 1, -71, Security.WPA2_PSK),
            (b"twinnet", 13, -66, Security.WPA2_PSK),
            (b"ESP_D00000", 1, -40, Security.OPEN),  # the rig's own module
        ]

    def test_its_access_points_share_one_network(self) -> None:
        with open_rig(VIRTUAL_RIG, FIRMWARE) as rig:
            first = Listener(rig).ask(Join(b"testnet", b"password", None, MAC_A), RequestLease())
            other = Listener(rig)
            mac = bytes.fromhex("18fe34000009")
            second = other.ask(Join(b"mixednet", b"password", None, mac), RequestLease())
        assert first[-1] == Leased(lease_of("192.168.1.100", "192.168.1.1"))
        assert second[-1] == Leased(lease_of("192.168.1.101", "192.168.1.1"))

    def test_every_module_has_its_own_place_on_it(self) -> None:
        second = replace(VIRTUAL_RIG.modules[0], slot=1, port="sim://default/module1")
        description = replace(VIRTUAL_RIG, modules=(VIRTUAL_RIG.modules[0], second))
        with open_rig(description, FIRMWARE) as rig:
            outsides = [bench_of(module).chip.outside for module in rig.modules]
            assert len(set(map(id, outsides))) == 2
            assert all(isinstance(outside, Surroundings) for outside in outsides)
            rig.clock.sleep(1)  # both have started, each with its own access point
            (event,) = Listener(rig).ask(Scan(ssid=b"ESP_D00001"))
        assert isinstance(event, ScanDone)
        assert len(event.sightings) == 1

    def test_tests_hold_the_access_points_in_their_order(self) -> None:
        with open_rig(VIRTUAL_RIG, FIRMWARE) as rig:
            assert [each.setup.ssid for each in rig.wifi.access_points] == [
                *("testnet", "opennet", "wepnet", "wpanet", "mixednet", "twinnet", "twinnet")
            ]
            assert rig.access_point is rig.wifi.access_points[0]
            assert rig.access_point.abilities == set(Ability)
            rig.access_point.switch(is_on=False)
            (event,) = Listener(rig).ask(Scan(ssid=b"testnet"))
        assert event == ScanDone(())

    def test_each_word_of_a_description_reaches_its_access_point(self) -> None:
        described = AirAccessPoint(
            OPEN,
            "b4:75:0e:00:00:01",
            rssi_dbm=-77,
            is_hidden=True,
            is_on=False,
            address=IPv4Interface("10.1.0.254/16"),
            pool=(IPv4Address("10.1.2.3"), IPv4Address("10.1.2.4")),
            behaviour="refuses",
            delay_ms=4000,
            drops_after_ms=60000,
        )
        air = AirDescription((described,), ())
        with open_rig(replace(VIRTUAL_RIG, air=air), FIRMWARE) as rig:
            (access_point,) = air_of().access_points
            assert rig.wifi.access_points[0].bssid == "b4:75:0e:00:00:01"
            assert not rig.wifi.access_points[0].is_on
        settings = access_point.settings
        assert (settings.ssid, settings.channel, settings.is_hidden) == (b"lab", 1, True)
        assert (settings.security, settings.password) == (Security.OPEN, b"")
        assert (access_point.rssi_dbm, access_point.conduct) == (-77, Conduct.REFUSES)
        assert (access_point.delay_ns, access_point.drops_after_ns) == (4 * 10**9, 60 * 10**9)
        assert access_point.dhcp is not None
        lease = access_point.dhcp.lease(MAC_A)
        assert lease is not None
        assert (str(lease.address), str(lease.gateway), str(lease.netmask)) == (
            *("10.1.2.3", "10.1.0.254", "255.255.0.0"),
        )

    def test_an_access_point_without_dhcp_gets_it_when_it_is_set_up_so(self) -> None:
        network = replace(OPEN, has_dhcp=False)
        air = AirDescription((AirAccessPoint(network, "b4:75:0e:00:00:01"),), ())
        with open_rig(replace(VIRTUAL_RIG, air=air), FIRMWARE) as rig:
            module = Listener(rig)
            assert len(module.ask(Join(b"lab", b"", None, MAC_A), RequestLease())) == 1
            rig.access_point.configure(replace(rig.access_point.setup, has_dhcp=True))
            rig.clock.sleep(1)
            heard = module.ask(Join(b"lab", b"", None, MAC_A), RequestLease())
        assert heard[-1] == Leased(lease_of("192.168.1.100", "192.168.1.1"))

    def test_an_empty_air_has_nothing(self) -> None:
        with open_rig(replace(VIRTUAL_RIG, air=AirDescription((), ())), FIRMWARE) as rig:
            assert rig.has.isdisjoint({"ap", "ap-control", "softap-client"})
            with pytest.raises(NeedMissingError) as no_access_point:
                _ = rig.access_point
            with pytest.raises(NeedMissingError) as no_station:
                _ = rig.station
        assert str(no_access_point.value) == (
            "rig 'virtual' has no 'ap': name one in an [[access-point]] table"
        )
        assert str(no_station.value) == (
            "rig 'virtual' has no 'softap-client': only virtual rigs have one, by [[air.station]]"
        )

    def test_passwords_of_the_environment_are_used_and_secret(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LAB", "secret-1")
        network = WifiNetwork("lab", password=EnvironmentPassword("LAB", "", None))
        air = AirDescription((AirAccessPoint(network, "b4:75:0e:00:00:01"),), ())
        with open_rig(replace(VIRTUAL_RIG, air=air), FIRMWARE) as rig:
            assert rig.access_point.setup.password == "secret-1"  # noqa: S105
            assert rig.wifi.secrets == {b"secret-1"}

    def test_what_everybody_may_know_is_no_secret(self) -> None:
        with open_rig(VIRTUAL_RIG, FIRMWARE) as rig:
            assert rig.wifi.secrets == frozenset()


class TestPhone:
    def test_it_sees_a_soft_ap_on_the_air_as_it_is(self) -> None:
        with open_rig(VIRTUAL_RIG, FIRMWARE) as rig:
            begin_ns = rig.clock.now_ns()
            assert rig.station.find("ESP_000002", timeout_s=3) is None
            assert rig.clock.now_ns() == begin_ns + 3_000_000_000
            Listener(rig).ask(Announce(soft_ap_of(password=b"12345678", channel=7)), wait_s=0)
            assert rig.station.find("ESP_000002") == SeenNetwork(
                "1a:fe:34:00:00:02", 7, ApSecurity.WPA2
            )
            assert rig.clock.now_ns() == begin_ns + 3_000_000_000

    def test_it_does_not_see_a_network_that_hides_its_name(self) -> None:
        hidden = AirAccessPoint(OPEN, "b4:75:0e:00:00:01", is_hidden=True)
        air = AirDescription((hidden,), (AirStation("phone", "ac:37:43:00:00:01"),))
        with open_rig(replace(VIRTUAL_RIG, air=air), FIRMWARE) as rig:
            assert rig.station.find("lab") is None
            assert rig.station.find("") is None

    def test_it_joins_a_soft_ap_and_has_an_address(self) -> None:
        with open_rig(VIRTUAL_RIG, FIRMWARE) as rig:
            Listener(rig).ask(Announce(soft_ap_of(password=b"12345678")))
            begin_ns = rig.clock.now_ns()
            assert rig.station.join("ESP_000002", "12345678")
            assert rig.clock.now_ns() == begin_ns + 700_000_000
            assert (rig.station.is_joined, rig.station.address) == (True, None)
            assert rig.station.wait_for_address() == IPv4Address("192.168.4.2")
            assert rig.clock.now_ns() == begin_ns + 1_700_000_000
            rig.station.leave()
            assert (rig.station.is_joined, rig.station.address) == (False, None)

    @pytest.mark.parametrize(
        ("ssid", "password", "after_ms"),
        [("ESP_000002", "87654321", 4500), ("nobody", "", 2100)],
    )
    def test_it_knows_at_once_when_it_was_in_vain(
        self, ssid: str, password: str, after_ms: int
    ) -> None:
        with open_rig(VIRTUAL_RIG, FIRMWARE) as rig:
            Listener(rig).ask(Announce(soft_ap_of(password=b"12345678")))
            begin_ns = rig.clock.now_ns()
            assert not rig.station.join(ssid, password)
            assert rig.clock.now_ns() == begin_ns + after_ms * 1_000_000

    def test_it_gives_up_at_the_time_out_and_does_not_join_behind_it(self) -> None:
        slow = AirAccessPoint(OPEN, "b4:75:0e:00:00:01", delay_ms=5000)
        air = AirDescription((slow,), (AirStation("phone", "ac:37:43:00:00:01"),))
        with open_rig(replace(VIRTUAL_RIG, air=air), FIRMWARE) as rig:
            begin_ns = rig.clock.now_ns()
            assert not rig.station.join("lab", timeout_s=2)
            assert rig.clock.now_ns() == begin_ns + 2_000_000_000
            rig.clock.sleep(60)
            assert not rig.station.is_joined
            assert rig.access_point.stations() == ()

    def test_no_address_comes_where_nobody_gives_one(self) -> None:
        with open_rig(VIRTUAL_RIG, FIRMWARE) as rig:
            Listener(rig).ask(Announce(soft_ap_of(has_dhcp=False)))
            assert rig.station.join("ESP_000002")
            begin_ns = rig.clock.now_ns()
            assert rig.station.wait_for_address(timeout_s=7) is None
            assert rig.clock.now_ns() == begin_ns + 7_000_000_000

    @pytest.mark.parametrize("kind", SmartConfig)
    def test_it_tells_a_module_which_network_to_join(self, kind: SmartConfig) -> None:
        with open_rig(VIRTUAL_RIG, FIRMWARE) as rig:
            module = Listener(rig)
            module.ask(ListenForCredentials(int(kind)))
            rig.station.send_credentials(kind, "testnet", "password")
            rig.clock.sleep(5)
            assert module.ask() == [CredentialsHeard(int(kind), b"testnet", b"password")]

    def test_when_it_leaves_it_tells_nothing_any_more(self) -> None:
        with open_rig(VIRTUAL_RIG, FIRMWARE) as rig:
            module = Listener(rig)
            rig.station.send_credentials(SmartConfig.ESP_TOUCH, "testnet", "password")
            rig.station.leave()
            module.ask(ListenForCredentials(int(SmartConfig.ESP_TOUCH)))
            rig.clock.sleep(60)
            assert module.ask() == []

    def test_two_have_names_and_addresses_of_their_own(self) -> None:
        with open_rig(VIRTUAL_RIG, FIRMWARE) as rig:
            assert [(each.name, each.mac) for each in rig.wifi.stations] == [
                ("phone", "02:68:69:6d:00:01"),
                ("tablet", "02:68:69:6d:00:02"),
            ]


REAL_APS = """
[[access-point]]
ssid = "lab"
password = "env:LAB"
[[access-point]]
ssid = "other"
security = "open"
bssid = "b4:75:0e:00:00:01"
[access-point.command]
on = ["./ap", "on"]
off = ["./ap", "off"]
configure = ["./ap", "configure"]
"""


class TestReal:
    def test_what_the_file_names(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LAB", "secret-1")
        wifi = open_wifi(load_rig(written(tmp_path, REAL + REAL_APS)))
        fixed, commanded = wifi.access_points
        assert isinstance(fixed, FixedAccessPoint)
        assert fixed.setup == ApSetup("lab", ApSecurity.WPA2, "secret-1")
        assert isinstance(commanded, CommandedAccessPoint)
        assert commanded.bssid == "b4:75:0e:00:00:01"
        assert commanded.abilities == {Ability.SWITCH, Ability.CONFIGURE}
        assert not wifi.stations
        assert wifi.secrets == {b"secret-1"}

    def test_the_first_one_decides_what_the_rig_has(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LAB", "secret-1")
        wifi = open_wifi(load_rig(written(tmp_path, REAL + REAL_APS)))
        assert wifi.has == {"ap"}
        turned = replace(wifi, access_points=wifi.access_points[::-1])
        assert turned.has == {"ap", "ap-control"}
        assert NO_WIFI.has == frozenset()

    def test_a_missing_password_is_told_when_the_rig_is_opened(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("LAB", raising=False)
        path = written(tmp_path, REAL + REAL_APS)
        description = load_rig(path)
        with pytest.raises(RigFileError) as caught, open_rig(description, FIRMWARE):
            pass
        assert str(caught.value) == (
            f"{path}: access-point[0].password: expected a password in the environment variable "
            "LAB, found no such variable. Set it before the program starts: export LAB=..."
        )

    def test_commands_run_in_the_folder_of_the_file_and_all_are_restored(
        self, tmp_path: Path
    ) -> None:
        """Also those behind one that does not obey."""
        script = tmp_path / "ap"
        script.write_text('#!/bin/sh\necho "$1 $HIL_AP_SSID" >> calls\ntest "$1" != "$FAILS"\n')
        script.chmod(0o700)
        second = REAL_APS.split("[[access-point]]")[2]
        text = REAL + "".join(
            "[[access-point]]" + second.replace("other", name) for name in ("a", "b")
        )
        wifi = open_wifi(load_rig(written(tmp_path, text)))
        for access_point in wifi.access_points:
            access_point.switch(is_on=False)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("FAILS", "on")
            with pytest.raises(AccessPointError):
                wifi.restore()
        calls = (tmp_path / "calls").read_text().splitlines()
        assert calls == ["off a", "off b", "on a", "on b"]

    def test_a_closed_rig_leaves_its_access_points_as_they_were(self) -> None:
        with open_rig(VIRTUAL_RIG, FIRMWARE) as rig:
            access_point = rig.access_point
            access_point.switch(is_on=False)
            access_point.configure(ApSetup("other", ApSecurity.OPEN))
        assert access_point.is_on
        assert access_point.setup.ssid == "testnet"
