"""The pytest fixtures for what is around the module: the access point and the station."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .rig_plan import latest, rig_file, run_plan

if TYPE_CHECKING:
    import pytest

pytest_plugins = ("pytester",)

AIR = """
[[air.access-point]]
ssid = "lab"
password = "env:HIL_TESTS_LAB"
[[air.access-point]]
ssid = "other"
security = "open"
"""


def test_after_a_test_all_access_points_are_as_before_and_the_station_has_left(
    pytester: pytest.Pytester,
) -> None:
    result = run_plan(
        pytester,
        """
from hil.ports.access_point import ApSecurity, ApSetup
def test_harm(rig, access_point, softap_client):
    assert access_point is rig.access_point
    assert softap_client is rig.station
    assert softap_client.join("testnet", "password")
    access_point.configure(ApSetup("lab", ApSecurity.OPEN))
    rig.wifi.access_points[1].switch(is_on=False)
    assert softap_client.join("lab")
    assert False
def test_whole(access_point, softap_client, rig):
    assert access_point.setup.ssid == "testnet"
    assert access_point.stations() == ()
    assert rig.wifi.access_points[1].is_on
    assert not softap_client.is_joined
""",
    )
    result.assert_outcomes(passed=1, failed=1)


def test_the_password_of_an_access_point_is_shown_nowhere(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIL_TESTS_LAB", "swordfish9")
    rig = rig_file(pytester.path, tail=AIR)
    result = run_plan(
        pytester,
        """
def test_shown(access_point):
    password = access_point.setup.password
    print(password)
    assert password == "guess"
def test_known(access_point):
    assert access_point.setup.ssid == "lab"
""",
        f"--hil-rig={rig}",
        "-l",
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.no_fnmatch_line("*swordfish9*")
    result.stdout.fnmatch_lines(["*assert*'***' == 'guess'*"])
    left = [path for path in latest(pytester).rglob("*") if path.is_file()]
    assert left
    for path in left:
        assert b"swordfish9" not in path.read_bytes(), path.name
