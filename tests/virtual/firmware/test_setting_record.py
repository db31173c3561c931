"""Stored settings as records: what is written is read back, and nothing else is believed."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.virtual.address import Ipv4Config
from hil.virtual.air.message import Security
from hil.virtual.firmware.setting_record import decode_settings, encode_settings
from hil.virtual.firmware.settings import (
    Credentials,
    InterfaceSettings,
    PassthroughLink,
    SoftApSettings,
    SystemSettings,
    UartSettings,
    UserSettings,
    WifiMode,
)

addresses = st.integers(0, 2**32 - 1).map(IPv4Address)
macs = st.binary(min_size=6, max_size=6)
ssids = st.binary(min_size=1, max_size=32)
passwords = st.binary(max_size=64)
interfaces = st.builds(
    InterfaceSettings,
    st.booleans(),
    st.none() | st.builds(Ipv4Config, addresses, addresses, addresses),
)
user_settings = st.builds(
    UserSettings,
    st.builds(
        UartSettings,
        st.integers(1, 5_000_000),
        st.integers(5, 8),
        st.integers(1, 3),
        st.integers(0, 2),
        st.integers(0, 3),
    ),
    interfaces,
    interfaces,
    st.none() | macs,
    st.none() | macs,
    st.none() | st.builds(PassthroughLink, st.booleans(), addresses, st.integers(1, 65535)),
)
channels = st.integers(1, 13)
system_settings = st.builds(
    SystemSettings,
    st.sampled_from(WifiMode),
    st.none() | st.builds(Credentials, ssids, passwords, st.none() | macs),
    st.none()
    | st.builds(SoftApSettings, ssids, passwords, channels)
    | st.builds(
        SoftApSettings,
        ssids,
        st.binary(min_size=8, max_size=64),
        channels,
        st.sampled_from([Security.WPA_PSK, Security.WPA2_PSK, Security.WPA_WPA2_PSK]),
    ),
    st.booleans(),
)


@given(user_settings)
def test_user_settings_are_read_as_they_were_written(settings: UserSettings) -> None:
    assert decode_settings(UserSettings, encode_settings(settings)) == settings


@given(system_settings)
def test_system_settings_are_read_as_they_were_written(settings: SystemSettings) -> None:
    assert decode_settings(SystemSettings, encode_settings(settings)) == settings


@given(st.dictionaries(st.integers(1, 6), st.binary(max_size=255)))
def test_whatever_lies_in_the_flash_is_no_reason_to_stumble(records: dict[int, bytes]) -> None:
    decode_settings(UserSettings, records)
    decode_settings(SystemSettings, records)


@pytest.mark.parametrize(
    ("tag", "record"),
    [
        (2, b"\x02\x00\x00\x00\x04abcd\x00"),  # a password that is longer than what follows
        (2, b"\x00\x00\x00"),  # no name
        (2, b"\x01a\x00\x05aaaaa"),  # a BSSID of five bytes
        (3, b"\x0e\x00\x01a\x00"),  # channel 14
        (3, b"\x01\x01\x01a\x00"),  # WEP
        (3, b"\x01\x05\x01a\x00"),  # no such security
        (3, b"\x01\x03\x01a\x071234567"),  # a password of seven bytes
        (4, b"\x02"),  # neither on nor off
    ],
)
def test_a_system_record_that_no_firmware_writes_means_the_factory_value(
    tag: int, record: bytes
) -> None:
    assert decode_settings(SystemSettings, {tag: record}) == SystemSettings()


@pytest.mark.parametrize(
    ("tag", "record"),
    [
        (2, b"\x02"),  # neither on nor off
        (2, b"\x01" + bytes(11)),  # an address too few
        (4, bytes(5)),
        (6, b"\x00" + bytes(4) + b"\x00\x00"),  # port 0
        (6, b"\x02" + bytes(4) + b"\x00\x01"),  # neither TCP nor UDP
    ],
)
def test_a_user_record_that_no_firmware_writes_means_the_factory_value(
    tag: int, record: bytes
) -> None:
    assert decode_settings(UserSettings, {tag: record}) == UserSettings()


def test_one_bad_record_leaves_the_others_alone() -> None:
    settings = SystemSettings(WifiMode.BOTH, joins_at_start=False)
    records = {**encode_settings(settings), 1: b"\x09"}
    assert decode_settings(SystemSettings, records) == replace(
        settings, wifi_mode=SystemSettings().wifi_mode
    )


def test_no_setting_shows_its_password() -> None:
    shown = repr(SystemSettings(network=Credentials(b"net", b"secret"))) + repr(
        SoftApSettings(b"net", b"secret")
    )
    assert "secret" not in shown
