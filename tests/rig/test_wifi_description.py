"""The Wi-Fi in a rig file: what it means, and what is said about every mistake in it."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest

from hil.ports.access_point import ApSecurity
from hil.ports.commanded_access_point import ApCommands
from hil.rig.air_description import (
    BEHAVIOURS,
    DEFAULT_AIR,
    AirAccessPoint,
    AirDescription,
    AirStation,
)
from hil.rig.description import VIRTUAL_RIG, RigDescription
from hil.rig.password_source import NO_PASSWORD, EnvironmentPassword, FilePassword
from hil.rig.wifi_network import SECURITIES, RealAccessPoint, WifiNetwork
from hil.virtual.air.access_point import Conduct

from .test_description import REAL, VIRTUAL, loaded, mistake_in

AP = '[[access-point]]\nssid = "lab"\npassword = "env:LAB"\n'
COMMAND = "[access-point.command]\n"
AIR_AP = '[[air.access-point]]\nssid = "lab"\npassword = "env:LAB"\n'
OPEN_AP = '[[air.access-point]]\nssid = "lab"\nsecurity = "open"\n'
PHONE = '[[air.station]]\nname = "phone"\n'
LAB = EnvironmentPassword("LAB", "", None)


def access_points_of(tmp_path: Path, text: str) -> tuple[RealAccessPoint, ...]:
    return loaded(tmp_path, REAL + text).access_points


def air_of(tmp_path: Path, text: str) -> AirDescription:
    return loaded(tmp_path, VIRTUAL + text).air


class TestDefaultAir:
    def test_it_is_around_every_virtual_rig_that_says_nothing_of_one(self, tmp_path: Path) -> None:
        assert loaded(tmp_path, VIRTUAL).air is DEFAULT_AIR
        assert VIRTUAL_RIG.air is DEFAULT_AIR

    def test_testnet_comes_first(self) -> None:
        first = DEFAULT_AIR.access_points[0]
        assert first.network.ssid == "testnet"
        setup = first.network.setup()
        assert (setup.password, setup.channel, first.rssi_dbm) == ("password", 6, -58)
        assert first.network.security is ApSecurity.WPA2

    def test_every_security_is_there_and_one_name_twice(self) -> None:
        networks = [each.network for each in DEFAULT_AIR.access_points]
        assert {network.security for network in networks} == set(ApSecurity)
        names = [network.ssid for network in networks]
        assert [name for name in names if names.count(name) == 2] == ["twinnet", "twinnet"]
        for network in networks:
            network.setup()

    def test_it_is_the_one_of_the_documentation(self) -> None:
        names = {"open": "open", "WEP": "wep", "WPA": "wpa", "WPA2": "wpa2"}
        rows = re.findall(
            r"^\| `(\w+)` \| ([\w/]+) \| (\d+) \| (-\d+) dBm \| (?:`(\w+)` )?\|$",
            (Path(__file__).parents[2] / "docs" / "rig-file.md").read_text("utf-8"),
            re.MULTILINE,
        )
        assert [
            (ssid, ApSecurity(names.get(security, "wpa-wpa2")), int(channel), int(rssi), password)
            for ssid, security, channel, rssi, password in rows
        ] == [
            (
                each.network.ssid,
                each.network.security,
                each.network.channel,
                each.rssi_dbm,
                each.network.setup().password,
            )
            for each in DEFAULT_AIR.access_points
        ]

    def test_no_password_is_shown(self) -> None:
        assert "'password'" not in repr(VIRTUAL_RIG)


def test_the_examples_of_the_documentation_are_rig_files(
    tmp_path: Path,
) -> None:
    text = (Path(__file__).parents[2] / "docs" / "rig-file.md").read_text("utf-8")
    real, virtual = (
        example
        for example in re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
        if "access-point]]" in example
    )
    (described,) = access_points_of(tmp_path, real)
    assert described.commands is not None
    assert described.commands.drop[-2:] == ("deauthenticate", "{mac}")
    (on_air,) = air_of(tmp_path, virtual).access_points
    assert on_air.behaviour == "refuses"


class TestRealAccessPoints:
    def test_a_rig_without_any(self, tmp_path: Path) -> None:
        assert loaded(tmp_path, REAL).access_points == ()

    def test_the_shortest(self, tmp_path: Path) -> None:
        (described,) = access_points_of(tmp_path, AP)
        assert described == RealAccessPoint(
            WifiNetwork("lab", ApSecurity.WPA2, LAB, None, has_dhcp=True), None, None, 30
        )

    def test_the_longest(self, tmp_path: Path) -> None:
        text = """
            [[access-point]]
            ssid = "lab"
            security = "wpa-wpa2"
            password = "file:lab.txt"
            channel = 14
            bssid = "b4:75:0e:00:00:01"
            dhcp = false
            timeout_s = 600
            [access-point.command]
            on = ["./ap", "on"]
            off = ["./ap", "off"]
            configure = ["./ap"]
            drop = ["./ap", "kick={mac}"]
            stations = ["./ap"]
        """
        (described,) = access_points_of(tmp_path, text)
        password = FilePassword(tmp_path / "lab.txt", "", None)
        assert described == RealAccessPoint(
            WifiNetwork("lab", ApSecurity.WPA_WPA2, password, 14, has_dhcp=False),
            "b4:75:0e:00:00:01",
            ApCommands(
                ("./ap", "on"), ("./ap", "off"), ("./ap",), ("./ap", "kick={mac}"), ("./ap",)
            ),
            600,
        )

    def test_several_keep_their_order(self, tmp_path: Path) -> None:
        second = AP.replace('"lab"', '"other"')
        described = access_points_of(tmp_path, AP + second)
        assert [each.network.ssid for each in described] == ["lab", "other"]

    def test_an_open_one_has_no_password(self, tmp_path: Path) -> None:
        text = '[[access-point]]\nssid = "lab"\nsecurity = "open"\n'
        assert access_points_of(tmp_path, text)[0].network.password is NO_PASSWORD


class TestAir:
    def test_what_is_not_listed_is_as_usual(self, tmp_path: Path) -> None:
        assert air_of(tmp_path, "[air]") == DEFAULT_AIR
        assert air_of(tmp_path, AIR_AP).stations == DEFAULT_AIR.stations
        assert air_of(tmp_path, PHONE).access_points == DEFAULT_AIR.access_points

    def test_an_empty_air(self, tmp_path: Path) -> None:
        assert air_of(tmp_path, "[air]\naccess-point = []\nstation = []") == AirDescription((), ())

    def test_the_shortest_access_point(self, tmp_path: Path) -> None:
        (described,) = air_of(tmp_path, AIR_AP).access_points
        assert described == AirAccessPoint(
            WifiNetwork("lab", ApSecurity.WPA2, LAB, None, has_dhcp=True),
            "02:68:69:6c:00:01",
            rssi_dbm=-60,
            is_hidden=False,
            is_on=True,
            address=IPv4Interface("192.168.1.1/24"),
            pool=(IPv4Address("192.168.1.100"), IPv4Address("192.168.1.199")),
            behaviour="normal",
            delay_ms=0,
            drops_after_ms=None,
        )

    def test_the_longest_access_point(self, tmp_path: Path) -> None:
        text = """
            [[air.access-point]]
            ssid = "lab"
            security = "open"
            channel = 11
            bssid = "b4:75:0e:00:00:01"
            rssi_dbm = -120
            hidden = true
            on = false
            network = "10.1.0.254/16"
            dhcp = false
            pool = ["10.1.2.3", "10.1.2.4"]
            behaviour = "silent"
            delay_ms = 4000
            drops_after_ms = 60000
        """
        (described,) = air_of(tmp_path, text).access_points
        assert described == AirAccessPoint(
            WifiNetwork("lab", ApSecurity.OPEN, NO_PASSWORD, 11, has_dhcp=False),
            "b4:75:0e:00:00:01",
            rssi_dbm=-120,
            is_hidden=True,
            is_on=False,
            address=IPv4Interface("10.1.0.254/16"),
            pool=(IPv4Address("10.1.2.3"), IPv4Address("10.1.2.4")),
            behaviour="silent",
            delay_ms=4000,
            drops_after_ms=60000,
        )

    @pytest.mark.parametrize(
        ("network", "first", "last"),
        [
            ("10.0.0.1/8", "10.0.0.100", "10.0.0.199"),
            ("192.168.1.1/24", "192.168.1.100", "192.168.1.199"),
            ("192.168.1.1/25", "192.168.1.1", "192.168.1.126"),
            ("192.168.1.1/30", "192.168.1.1", "192.168.1.2"),
        ],
    )
    def test_the_usual_pool(self, tmp_path: Path, network: str, first: str, last: str) -> None:
        (described,) = air_of(tmp_path, f'{OPEN_AP}network = "{network}"').access_points
        assert described.pool == (IPv4Address(first), IPv4Address(last))

    def test_stations(self, tmp_path: Path) -> None:
        second = '[[air.station]]\nname = "b"\nmac = "ac:37:43:00:00:01"\naddress = "192.168.4.9"\n'
        assert air_of(tmp_path, PHONE + second).stations == (
            AirStation("phone", "02:68:69:6d:00:01", None),
            AirStation("b", "ac:37:43:00:00:01", IPv4Address("192.168.4.9")),
        )

    def test_its_words_are_those_of_what_is_behind_them(self) -> None:
        assert set(BEHAVIOURS) == {conduct.value for conduct in Conduct}
        assert SECURITIES == ("open", "wep", "wpa", "wpa2", "wpa-wpa2")

    def test_addresses_of_its_own_belong_to_no_maker_and_no_module(self) -> None:
        macs = [
            *(each.bssid for each in DEFAULT_AIR.access_points),
            *(each.mac for each in DEFAULT_AIR.stations),
        ]
        assert len(set(macs)) == len(macs)
        assert {mac[:8] for mac in macs} == {"02:68:69"}


WHERE = "expected 'env:NAME' or 'file:PATH', which say where the password is"
MAC_FORM = "expected six pairs of small hexadecimal digits with colons, the first of them even"
ADDRESS_FORM = (
    "expected the access point's address and the length of its netmask, like '192.168.1.1/24'"
)
POOL = "expected the first and the last address of a pool in 192.168.1.0/24"

REAL_MISTAKES = [
    (
        AP + "hidden = true",
        (
            "access-point[0]: expected only the keys bssid, channel, command, dhcp, password, "
            "security, ssid, timeout_s, found the key 'hidden'"
        ),
    ),
    (
        AP + 'pasword = "secret-1"',
        (
            "access-point[0]: expected only the keys bssid, channel, command, dhcp, password, "
            "security, ssid, timeout_s, found the key 'pasword'. Did you mean 'password'?"
        ),
    ),
    (
        AP.replace('ssid = "lab"', ""),
        "access-point[0].ssid: expected a name of 1 to 32 bytes, found nothing",
    ),
    (
        AP.replace('"lab"', f'"{"é" * 17}"'),
        f"access-point[0].ssid: expected a name of 1 to 32 bytes, found the text '{'é' * 17}'",
    ),
    (
        AP + 'security = "wpa3"',
        (
            "access-point[0].security: expected one of 'open', 'wep', 'wpa', 'wpa2', 'wpa-wpa2', "
            "found the text 'wpa3'. Did you mean 'wpa'?"
        ),
    ),
    (
        AP.replace('password = "env:LAB"', ""),
        f"access-point[0].password: {WHERE}, found nothing",
    ),
    (
        AP.replace("env:LAB", "secret-1"),
        (
            f"access-point[0].password: {WHERE}, found something else, which is not shown. "
            "A rig file holds no passwords"
        ),
    ),
    (
        AP + 'security = "open"',
        "access-point[0].password: expected no password for an open network, found one",
    ),
    (
        AP + "channel = 15",
        "access-point[0].channel: expected a whole number from 1 to 14, found the number 15",
    ),
    (AP + "dhcp = 1", "access-point[0].dhcp: expected true or false, found the number 1"),
    (
        AP + 'bssid = "B4:75:0e:00:00:01"',
        f"access-point[0].bssid: {MAC_FORM}, found the text 'B4:75:0e:00:00:01'",
    ),
    (
        AP + 'bssid = "b5:75:0e:00:00:01"',
        f"access-point[0].bssid: {MAC_FORM}, found the text 'b5:75:0e:00:00:01'",
    ),
    (
        AP + "timeout_s = 3",
        (
            "access-point[0].timeout_s: expected no timeout_s without an [access-point.command] "
            "table, found the number 3"
        ),
    ),
    (
        AP + "timeout_s = 0\n" + COMMAND,
        "access-point[0].timeout_s: expected a whole number from 1 to 600, found the number 0",
    ),
    (
        AP + COMMAND + 'of = ["a"]',
        (
            "access-point[0].command: expected only the keys configure, drop, off, on, stations, "
            "found the key 'of'. Did you mean 'off'?"
        ),
    ),
    (
        AP + COMMAND + 'stations = "a"',
        (
            "access-point[0].command.stations: expected a list of a program and its arguments, "
            "found the text 'a'"
        ),
    ),
    (
        AP + COMMAND + "stations = []",
        (
            "access-point[0].command.stations: expected a list of a program and its arguments, "
            "found the list []"
        ),
    ),
    (
        AP + COMMAND + 'drop = ["./ap", "drop"]',
        (
            "access-point[0].command.drop: expected a command with {mac} in it, found the list "
            "['./ap', 'drop']"
        ),
    ),
    (
        AP + COMMAND + 'on = ["./ap"]',
        (
            "access-point[0].command.off: expected a command, because there is one for 'on', found "
            "none"
        ),
    ),
    (
        AP + COMMAND + 'off = ["./ap"]',
        (
            "access-point[0].command.on: expected a command, because there is one for 'off', found "
            "none"
        ),
    ),
    (
        "[access-point]",
        "access-point: expected [[access-point]] tables, found a table",
    ),
    (
        AIR_AP,
        (
            "air: expected no [air] around real modules, found a table. [[access-point]] names one "
            "that they can join"
        ),
    ),
]
AIR_MISTAKES = [
    (
        AP,
        (
            "access-point: expected no [[access-point]] on a virtual rig, found a list of tables. "
            "[[air.access-point]] puts one on the air of "
            "virtual modules"
        ),
    ),
    (
        "[air]\nphone = 1",
        "air: expected only the keys access-point, station, found the key 'phone'",
    ),
    (
        AIR_AP + "timeout_s = 3",
        (
            "air.access-point[0]: expected only the keys behaviour, bssid, channel, delay_ms, "
            "dhcp, drops_after_ms, hidden, network, on, password, pool, rssi_dbm, security, ssid, "
            "found the key 'timeout_s'"
        ),
    ),
    (
        AIR_AP + "rssi_dbm = 0",
        "air.access-point[0].rssi_dbm: expected a whole number from -120 to -1, found the number 0",
    ),
    (
        AIR_AP + "rssi_dbm = -121",
        (
            "air.access-point[0].rssi_dbm: expected a whole number from -120 to -1, found the "
            "number -121"
        ),
    ),
    (
        AIR_AP + 'hidden = "yes"',
        "air.access-point[0].hidden: expected true or false, found the text 'yes'",
    ),
    (
        AIR_AP + 'behaviour = "slow"',
        (
            "air.access-point[0].behaviour: expected one of 'normal', 'refuses', 'silent', found "
            "the text 'slow'"
        ),
    ),
    (
        AIR_AP + "delay_ms = -1",
        (
            "air.access-point[0].delay_ms: expected a whole number from 0 to 3600000, found the "
            "number -1"
        ),
    ),
    (
        AIR_AP + "drops_after_ms = 0",
        (
            "air.access-point[0].drops_after_ms: expected a whole number from 1 to 3600000, found "
            "the number 0"
        ),
    ),
    *(
        (
            f'{AIR_AP}network = "{network}"',
            f"air.access-point[0].network: {ADDRESS_FORM}, found the text '{network}'",
        )
        for network in (
            "192.168.1.1",
            "192.168.1.0/24",
            "192.168.1.255/24",
            "192.168.1.1/31",
            "192.168.1.1/7",
            "192.168.1/24",
            "192.168.1.1/33",
        )
    ),
    *(
        (f"{AIR_AP}pool = {pool}", f"air.access-point[0].pool: {POOL}, found {shown}")
        for pool, shown in (
            ('"192.168.1.2"', "the text '192.168.1.2'"),
            ('["192.168.1.2"]', "the list ['192.168.1.2']"),
            (
                '["192.168.1.3", "192.168.1.2"]',
                "the list ['192.168.1.3', '192.168.1.2']",
            ),
            (
                '["192.168.1.0", "192.168.1.2"]',
                "the list ['192.168.1.0', '192.168.1.2']",
            ),
            (
                '["192.168.1.2", "192.168.1.255"]',
                "the list ['192.168.1.2', '192.168.1.255']",
            ),
            ('["192.168.1.2", "here"]', "the list ['192.168.1.2', 'here']"),
        )
    ),
    (
        AIR_AP + 'bssid = "b4:75:0e:00:00:01"\n' + AIR_AP + 'bssid = "b4:75:0e:00:00:01"',
        (
            "air.access-point: expected a bssid of its own for each, found the text "
            "'b4:75:0e:00:00:01'"
        ),
    ),
    (
        AIR_AP + AIR_AP + 'pool = ["192.168.1.2", "192.168.1.9"]',
        (
            "air.access-point: expected one pool for all access points of the network "
            "192.168.1.1/24, found the list ['192.168.1.100 to 192.168.1.199', "
            "'192.168.1.2 to 192.168.1.9']"
        ),
    ),
    (PHONE.replace('name = "phone"', ""), "air.station[0].name: expected a text, found nothing"),
    (
        PHONE + "ip = 3",
        "air.station[0]: expected only the keys address, mac, name, found the key 'ip'",
    ),
    (
        PHONE + 'mac = "ac:37"',
        f"air.station[0].mac: {MAC_FORM}, found the text 'ac:37'",
    ),
    (
        PHONE + 'address = "192.168.4"',
        "air.station[0].address: expected an IPv4 address, found the text '192.168.4'",
    ),
    (
        PHONE + PHONE,
        "air.station: expected a name of its own for each, found the text 'phone'",
    ),
    (
        PHONE + '[[air.station]]\nname = "b"\nmac = "02:68:69:6d:00:01"',
        "air.station: expected a mac of its own for each, found the text '02:68:69:6d:00:01'",
    ),
]


@pytest.mark.parametrize(("text", "message"), REAL_MISTAKES)
def test_each_mistake_of_a_real_rig_is_told_whole(tmp_path: Path, text: str, message: str) -> None:
    assert mistake_in(tmp_path, REAL + text) == message
    assert "secret" not in message


@pytest.mark.parametrize(("text", "message"), AIR_MISTAKES)
def test_each_mistake_of_an_air_is_told_whole(tmp_path: Path, text: str, message: str) -> None:
    assert mistake_in(tmp_path, VIRTUAL + text) == message


def test_a_password_where_access_points_have_no_place_is_not_shown(tmp_path: Path) -> None:
    text = VIRTUAL + AP.replace("env:LAB", "secret-1")
    assert "secret" not in mistake_in(tmp_path, text)


def test_a_module_is_not_called_as_the_air(tmp_path: Path) -> None:
    text = VIRTUAL.replace("module0", "air")
    assert mistake_in(tmp_path, text) == (
        "module[0].port: expected a machine that is not the air, found the text 'sim://default/air'"
    )


@pytest.mark.parametrize("word", ["ap", "ap-control", "softap-client"])
def test_access_points_are_described_and_not_claimed(tmp_path: Path, word: str) -> None:
    message = mistake_in(tmp_path, REAL.replace("[rig]", f'[rig]\nhas = ["{word}"]'))
    assert f"found the text '{word}'" in message


def test_real_rigs_are_equal_if_they_name_the_same(tmp_path: Path) -> None:
    first, second = (loaded(tmp_path, REAL + AP) for _ in range(2))
    assert isinstance(first, RigDescription)
    assert first == second
