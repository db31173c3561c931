"""The typed Wi-Fi commands against the virtual module, in both dialects."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import TYPE_CHECKING

import pytest

from hil.at import UnsolicitedKind, WifiMode
from hil.at.wifi_result import (
    DhcpSwitches,
    Encryption,
    Interface,
    JoinFailure,
    SmartConfigType,
    join_failure,
)
from hil.errors import CommandFailedError
from hil.ports.wifi_station import SmartConfig

if TYPE_CHECKING:
    from hil.at import AtClient
    from hil.rig.rig import Rig

VARIANTS = ["", "_cur", "_def"]


def is_documented(virtual_rig: Rig) -> bool:
    return virtual_rig.modules[0].description.dialect == "documented"


@pytest.mark.parametrize("variant", VARIANTS)
def test_join_query_and_leave(virtual_rig: Rig, at: AtClient, variant: str) -> None:
    at.cwmode_cur(WifiMode.STATION)
    setup = virtual_rig.access_point.setup
    getattr(at, f"cwjap{variant}")(setup.ssid, setup.password)
    at.wait_for(UnsolicitedKind.WIFI_GOT_IP, 1)
    joined = getattr(at, f"cwjap{variant}_query")()
    assert joined.ssid == setup.ssid
    assert joined.bssid == (None if is_documented(virtual_rig) else virtual_rig.access_point.bssid)
    at.cwqap()
    at.wait_for(UnsolicitedKind.WIFI_DISCONNECT, 1)
    assert at.cwjap_cur_query() is None


def test_names_with_special_characters_are_escaped(virtual_rig: Rig, at: AtClient) -> None:
    at.cwmode_cur(WifiMode.BOTH)
    at.cwsap_cur('a"b\\,/c', 'p,"\\/word', 5, Encryption.WPA_WPA2_PSK)
    setup = at.cwsap_cur_query()
    assert (setup.ssid, setup.password) == ('a"b\\,/c', 'p,"\\/word')
    assert virtual_rig.station.join('a"b\\,/c', 'p,"\\/word')


def test_wrong_password_is_told(virtual_rig: Rig, at: AtClient) -> None:
    at.cwmode_cur(WifiMode.STATION)
    with pytest.raises(CommandFailedError) as caught:
        at.cwjap_cur("testnet", "not the password")
    assert "not the password" not in str(caught.value)
    expected = None if is_documented(virtual_rig) else JoinFailure.WRONG_PASSWORD
    assert join_failure(caught.value) is expected


def test_scan_lists_what_is_there(at: AtClient) -> None:
    at.cwmode_cur(WifiMode.STATION)
    found = at.cwlap()
    assert {each.ssid for each in found} >= {"testnet", "opennet", "wepnet"}
    (testnet,) = at.cwlap("testnet")
    assert testnet.encryption is Encryption.WPA2_PSK
    assert (testnet.channel, testnet.rssi_dbm) == (6, -58)
    assert at.cwlap("testnet", testnet.bssid, 6) == (testnet,)
    assert at.cwlap("no such network") == ()


@pytest.mark.parametrize("variant", VARIANTS)
def test_softap_is_set_up(virtual_rig: Rig, at: AtClient, variant: str) -> None:
    at.cwmode_cur(WifiMode.SOFTAP)
    getattr(at, f"cwsap{variant}")("mine", "long password", 11, Encryption.WPA2_PSK)
    setup = getattr(at, f"cwsap{variant}_query")()
    assert (setup.ssid, setup.password, setup.channel) == ("mine", "long password", 11)
    assert "long password" not in repr(setup)
    assert at.cwlif() == ()
    assert virtual_rig.station.join("mine", "long password")
    address = virtual_rig.station.wait_for_address()
    (station,) = at.cwlif()
    assert (station.address, station.mac) == (address, virtual_rig.station.mac)


@pytest.mark.parametrize("variant", VARIANTS)
def test_dhcp_is_switched(at: AtClient, variant: str) -> None:
    at.cwmode_cur(WifiMode.BOTH)
    switch = getattr(at, f"cwdhcp{variant}")
    query = getattr(at, f"cwdhcp{variant}_query")
    assert query() == DhcpSwitches(is_softap_on=True, is_station_on=True)
    switch(Interface.STATION, is_on=False)
    assert query() == DhcpSwitches(is_softap_on=True, is_station_on=False)
    switch(Interface.BOTH, is_on=True)
    assert query() == DhcpSwitches(is_softap_on=True, is_station_on=True)


@pytest.mark.parametrize("variant", VARIANTS)
def test_addresses_are_fixed(virtual_rig: Rig, at: AtClient, variant: str) -> None:
    at.cwmode_cur(WifiMode.BOTH)
    for name, address in (("cipsta", "192.168.1.50"), ("cipap", "192.168.9.1")):
        getattr(at, f"{name}{variant}")(address, address, "255.255.255.0")
        told = getattr(at, f"{name}{variant}_query")()
        assert told.address == IPv4Address(address)
        assert (told.netmask is None) == is_documented(virtual_rig)


@pytest.mark.parametrize("variant", VARIANTS)
def test_mac_addresses_are_set(at: AtClient, variant: str) -> None:
    at.cwmode_cur(WifiMode.BOTH)
    for name, mac in (("cipstamac", "18:FE:35:98:d3:7b"), ("cipapmac", "1a:fe:36:97:d5:7b")):
        getattr(at, f"{name}{variant}")(mac)
        assert getattr(at, f"{name}{variant}_query")() == mac.lower()


def test_autoconn_and_its_query(virtual_rig: Rig, at: AtClient) -> None:
    at.cwautoconn(is_on=False)
    if is_documented(virtual_rig):
        with pytest.raises(CommandFailedError):
            at.cwautoconn_query()
    else:
        assert not at.cwautoconn_query()


def test_smart_config(virtual_rig: Rig, at: AtClient) -> None:
    at.cwmode_cur(WifiMode.STATION)
    at.cwstartsmart(SmartConfigType.ESP_TOUCH)
    virtual_rig.station.send_credentials(
        SmartConfig.ESP_TOUCH,
        virtual_rig.access_point.setup.ssid,
        virtual_rig.access_point.setup.password,
    )
    at.wait_for(UnsolicitedKind.SMART_INFO, 60)
    at.wait_for(UnsolicitedKind.WIFI_GOT_IP, 20)
    at.cwstopsmart()
    joined = at.cwjap_cur_query()
    assert joined is not None
    assert joined.ssid == "testnet"


def test_test_form_of_cwqap(at: AtClient) -> None:
    assert at.cwqap_test().is_ok
