"""What every access point does, and what those cannot that cannot."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import TYPE_CHECKING

import pytest

from hil.errors import AccessPointError, MistakeError, NeedMissingError
from hil.ports.access_point import (
    Ability,
    ApSecurity,
    ApSetup,
    ApStation,
    FixedAccessPoint,
    needs_met_by_access_point,
)

from .access_points import BSSID, MAC, SETUP, CommandedPlace, FixedPlace, VirtualPlace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hil.ports.access_point import AccessPoint

    from .access_points import Place

OTHER = ApSetup("other", ApSecurity.WPA, "secret-2", channel=11, has_dhcp=False)
OPEN = ApSetup("lab", ApSecurity.OPEN)

CALLS: dict[Ability, Callable[[AccessPoint], object]] = {
    Ability.SWITCH: lambda access_point: access_point.switch(is_on=False),
    Ability.CONFIGURE: lambda access_point: access_point.configure(OTHER),
    Ability.DROP: lambda access_point: access_point.drop(MAC),
    Ability.LIST: lambda access_point: access_point.stations(),
}


@pytest.fixture(params=["fixed", "virtual", "commanded"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    kinds: dict[str, Callable[[], Place]] = {
        "fixed": FixedPlace,
        "virtual": VirtualPlace,
        "commanded": lambda: CommandedPlace(tmp_path),
    }
    return kinds[request.param]()


def require(place: Place, *abilities: Ability) -> AccessPoint:
    missing = sorted(each.value for each in set(abilities) - place.access_point.abilities)
    if missing:
        pytest.skip(f"this access point cannot: {', '.join(missing)}")
    return place.access_point


def test_it_is_on_the_air_as_it_is_described(place: Place) -> None:
    assert place.access_point.is_on
    assert place.access_point.setup == SETUP == place.seen()
    assert place.access_point.bssid == BSSID


@pytest.mark.parametrize("ability", Ability)
def test_what_it_cannot_do_names_the_need(place: Place, ability: Ability) -> None:
    if ability in place.access_point.abilities:
        pytest.skip("this access point can")
    with pytest.raises(NeedMissingError) as caught:
        CALLS[ability](place.access_point)
    assert (caught.value.need, caught.value.rig) == ("ap-control", "bench-7")
    assert place.access_point.setup == SETUP == place.seen()


def test_it_meets_the_needs_that_its_abilities_give(place: Place) -> None:
    can_all = {Ability.SWITCH, Ability.CONFIGURE} <= place.access_point.abilities
    expected = {"ap", "ap-control"} if can_all else {"ap"}
    assert needs_met_by_access_point(place.access_point) == expected


def test_it_is_switched_off_and_on(place: Place) -> None:
    access_point = require(place, Ability.SWITCH)
    access_point.switch(is_on=False)
    assert (access_point.is_on, place.seen()) == (False, None)
    access_point.switch(is_on=True)
    assert (access_point.is_on, place.seen()) == (True, SETUP)


def test_switching_to_what_is_so_is_fine(place: Place) -> None:
    access_point = require(place, Ability.SWITCH)
    access_point.switch(is_on=True)
    assert place.seen() == SETUP
    access_point.switch(is_on=False)
    access_point.switch(is_on=False)
    assert place.seen() is None


def test_it_is_set_up_in_another_way(place: Place) -> None:
    access_point = require(place, Ability.CONFIGURE)
    access_point.configure(OTHER)
    assert access_point.setup == OTHER == place.seen()


def test_an_open_network_needs_no_password(place: Place) -> None:
    access_point = require(place, Ability.CONFIGURE)
    access_point.configure(OPEN)
    seen = place.seen()
    assert seen is not None
    assert (seen.ssid, seen.security, seen.password) == ("lab", ApSecurity.OPEN, "")


def test_it_tells_who_is_joined(place: Place) -> None:
    access_point = require(place, Ability.LIST)
    assert access_point.stations() == ()
    place.join()
    assert access_point.stations() == (ApStation(MAC, IPv4Address("192.168.1.100")),)


def test_a_station_is_dropped(place: Place) -> None:
    access_point = require(place, Ability.LIST, Ability.DROP)
    place.join()
    access_point.drop(MAC)
    assert access_point.stations() == ()


def test_dropping_who_is_not_joined_is_refused(place: Place) -> None:
    access_point = require(place, Ability.DROP)
    with pytest.raises(AccessPointError) as caught:
        access_point.drop(MAC)
    assert str(caught.value).startswith(f"cannot drop {MAC} from access point 'lab': ")


def test_off_and_set_up_anew_it_has_no_stations(place: Place) -> None:
    access_point = require(place, Ability.LIST, Ability.SWITCH, Ability.CONFIGURE)
    place.join()
    access_point.switch(is_on=False)
    access_point.switch(is_on=True)
    assert access_point.stations() == ()
    place.join()
    access_point.configure(OTHER)
    assert access_point.stations() == ()


def test_restoring_brings_back_what_is_described(place: Place) -> None:
    access_point = require(place, Ability.SWITCH, Ability.CONFIGURE)
    access_point.configure(OTHER)
    access_point.switch(is_on=False)
    access_point.restore()
    assert access_point.is_on
    assert access_point.setup == SETUP == place.seen()


def test_restoring_what_is_untouched_disturbs_nobody(place: Place) -> None:
    place.join()
    place.access_point.restore()
    assert place.seen() == SETUP
    if Ability.LIST in place.access_point.abilities:
        assert len(place.access_point.stations()) == 1


def test_no_password_is_shown(place: Place) -> None:
    assert "secret" not in repr(place.access_point)
    assert "secret" not in repr(place.access_point.setup)


class TestSetup:
    @pytest.mark.parametrize(
        ("security", "password"),
        [
            (ApSecurity.OPEN, ""),
            (ApSecurity.WEP, "12345"),
            (ApSecurity.WEP, "1234567890abc"),
            (ApSecurity.WEP, "0123456789"),
            (ApSecurity.WEP, "0123456789abcdef0123456789"),
            (ApSecurity.WPA, "12345678"),
            (ApSecurity.WPA2, "x" * 63),
            (ApSecurity.WPA_WPA2, "0" * 64),
        ],
    )
    def test_fit_passwords(self, security: ApSecurity, password: str) -> None:
        assert ApSetup("lab", security, password).password == password

    @pytest.mark.parametrize(
        ("security", "password", "problem"),
        [
            (
                ApSecurity.OPEN,
                "12345678",
                "an open network has no password, and one of 8 bytes was given",
            ),
            (ApSecurity.WPA2, "", "a password for wpa2 has 8 to 64 bytes, not 0"),
            (ApSecurity.WPA2, "secret7", "a password for wpa2 has 8 to 64 bytes, not 7"),
            (ApSecurity.WPA, "s" * 65, "a password for wpa has 8 to 64 bytes, not 65"),
            (ApSecurity.WPA2, "sécret", "a password for wpa2 has 8 to 64 bytes, not 7"),
            (
                ApSecurity.WEP,
                "secret-1",
                ("a password for wep has 5, 13, or in hexadecimal digits 10 or 26 bytes, not 8"),
            ),
        ],
    )
    def test_unfit_passwords(self, security: ApSecurity, password: str, problem: str) -> None:
        with pytest.raises(MistakeError) as caught:
            ApSetup("lab", security, password)
        assert str(caught.value) == f"access point 'lab': {problem}"

    def test_names_are_counted_in_bytes(self) -> None:
        assert ApSetup("é" * 16, ApSecurity.OPEN).ssid == "é" * 16
        with pytest.raises(MistakeError, match=r"^an SSID has 1 to 32 bytes, not 33$"):
            ApSetup("é" * 16 + "x", ApSecurity.OPEN)
        with pytest.raises(MistakeError, match=r"^an SSID has 1 to 32 bytes, not 0$"):
            ApSetup("", ApSecurity.OPEN)

    @pytest.mark.parametrize("channel", [0, 15])
    def test_channels(self, channel: int) -> None:
        with pytest.raises(MistakeError, match=f"^access point 'lab': no channel {channel}$"):
            ApSetup("lab", ApSecurity.OPEN, channel=channel)


def test_a_fixed_one_says_what_is_missing() -> None:
    with pytest.raises(NeedMissingError) as caught:
        FixedAccessPoint(SETUP, "bench-7").switch(is_on=False)
    assert str(caught.value) == (
        "rig 'bench-7' has no 'ap-control': give the access point 'lab' commands `off` and `on` "
        "in its [access-point.command] table"
    )


def test_a_virtual_one_gives_no_leases_while_it_is_set_up_without_dhcp() -> None:
    place = VirtualPlace()
    place.access_point.configure(ApSetup("lab", ApSecurity.OPEN, has_dhcp=False))
    place.join()
    assert place.access_point.stations() == (ApStation(MAC, None),)
    place.access_point.restore()
    place.join()
    assert place.access_point.stations() == (ApStation(MAC, IPv4Address("192.168.1.100")),)


@pytest.mark.parametrize(
    ("mac", "reason"),
    [
        ("ac:37:43:00:00:02", "ac:37:43:00:00:02 is not joined to this access point; nobody is"),
        ("phone", "non-hexadecimal number found in fromhex() arg at position 0"),
    ],
)
def test_a_virtual_one_says_why_it_drops_nobody(mac: str, reason: str) -> None:
    with pytest.raises(AccessPointError) as caught:
        VirtualPlace().access_point.drop(mac)
    assert str(caught.value) == (
        f"cannot drop {mac} from access point 'lab': {reason}. `stations` tells who is joined"
    )
