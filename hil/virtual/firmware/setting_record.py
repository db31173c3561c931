"""How the stored settings are coded: records of tag and value, in both directions.

A value is a record ``tag -> bytes``. What cannot be read as a legal value counts as not stored, so
that nothing that lies in the flash can stop the firmware from starting.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import fields
from ipaddress import IPv4Address
from typing import Any, NamedTuple, TypeVar

from hil.virtual.address import Ipv4Config
from hil.virtual.air.message import Security

from .settings import (
    Credentials,
    InterfaceSettings,
    PassthroughLink,
    SoftApSettings,
    SystemSettings,
    UartSettings,
    UserSettings,
    WifiMode,
)

Records = Mapping[int, bytes]
"""Stored values by tag, 0 to 255, each of at most 255 bytes. An empty one means "not set"."""

Settings = TypeVar("Settings", UserSettings, SystemSettings)

MAC_BYTES = 6

_UART = struct.Struct("<IBBBB")
_FIXED = struct.Struct(">III")
_LINK = struct.Struct(">BIH")


class _Coding(NamedTuple):
    """How one setting is kept.

    Args:
        tag: Of its record.
        encode: The record of a value; never called with None, which is an empty record.
        decode: The value of a record that is not empty; raises ValueError, LookupError or
            struct.error for one that no firmware writes.
    """

    tag: int
    encode: Callable[[Any], bytes]
    decode: Callable[[bytes], object]


def encode_settings(settings: UserSettings | SystemSettings) -> Records:
    """All settings of an area as records."""
    records = {}
    for name, coding in _CODINGS[type(settings)].items():
        value = getattr(settings, name)
        records[coding.tag] = b"" if value is None else coding.encode(value)
    return records


def decode_settings(kind: type[Settings], records: Records) -> Settings:
    """The settings that records tell; factory values where they do not.

    Args:
        kind: Which area's settings.
        records: What lies in it.
    """
    values: dict[str, Any] = {}
    for name, coding in _CODINGS[kind].items():
        if record := records.get(coding.tag, b""):
            try:
                values[name] = coding.decode(record)
            except (ValueError, LookupError, struct.error):
                continue
    return kind(**values)


def _encode_uart(uart: UartSettings) -> bytes:
    return _UART.pack(
        uart.baud, uart.data_bits, uart.stop_code, uart.parity_code, uart.flow_control
    )


def _decode_uart(record: bytes) -> UartSettings:
    uart = UartSettings(*_UART.unpack(record))
    _require(is_legal=uart.is_legal)
    return uart


def _encode_interface(interface: InterfaceSettings) -> bytes:
    fixed = interface.fixed
    addresses = b""
    if fixed is not None:
        addresses = _FIXED.pack(int(fixed.address), int(fixed.gateway), int(fixed.netmask))
    return bytes((interface.uses_dhcp,)) + addresses


def _decode_interface(record: bytes) -> InterfaceSettings:
    uses_dhcp = _decode_switch(record[:1])
    if len(record) == 1:
        return InterfaceSettings(uses_dhcp)
    fixed = Ipv4Config(*map(IPv4Address, _FIXED.unpack(record[1:])))
    return InterfaceSettings(uses_dhcp, fixed)


def _decode_mac(record: bytes) -> bytes:
    _require(is_legal=len(record) == MAC_BYTES)
    return record


def _encode_credentials(network: Credentials) -> bytes:
    return b"".join(map(_prefixed, (network.ssid, network.password, network.bssid or b"")))


def _decode_credentials(record: bytes) -> Credentials:
    ssid, rest = _take_prefixed(record)
    password, rest = _take_prefixed(rest)
    bssid, rest = _take_prefixed(rest)
    network = Credentials(ssid, password, bssid or None)
    _require(is_legal=network.is_legal and len(bssid) in {0, MAC_BYTES} and not rest)
    return network


def _encode_soft_ap(soft_ap: SoftApSettings) -> bytes:
    heads = bytes((soft_ap.channel, soft_ap.security))
    return heads + _prefixed(soft_ap.ssid) + _prefixed(soft_ap.password)


def _decode_soft_ap(record: bytes) -> SoftApSettings:
    channel, security = record[0], Security(record[1])
    ssid, rest = _take_prefixed(record[2:])
    password, rest = _take_prefixed(rest)
    soft_ap = SoftApSettings(ssid, password, channel, security)
    _require(is_legal=soft_ap.is_legal and not rest)
    return soft_ap


def _encode_link(link: PassthroughLink) -> bytes:
    return _LINK.pack(link.is_udp, int(link.address), link.port)


def _decode_link(record: bytes) -> PassthroughLink:
    is_udp, address, port = _LINK.unpack(record)
    _require(is_legal=is_udp <= 1 and port > 0)
    return PassthroughLink(bool(is_udp), IPv4Address(address), port)


def _encode_number(value: int) -> bytes:
    return bytes((value,))


def _decode_wifi_mode(record: bytes) -> WifiMode:
    return WifiMode(int.from_bytes(record, "big"))


def _decode_switch(record: bytes) -> bool:
    _require(is_legal=record in {b"\x00", b"\x01"})
    return record == b"\x01"


def _prefixed(text: bytes) -> bytes:
    return bytes((len(text),)) + text


def _take_prefixed(record: bytes) -> tuple[bytes, bytes]:
    """The text whose length stands in the first byte, and what follows it."""
    end = 1 + record[0]
    _require(is_legal=end <= len(record))
    return record[1:end], record[end:]


def _require(*, is_legal: bool) -> None:
    if not is_legal:
        raise ValueError("no firmware writes such a record")


_CODINGS: dict[type, dict[str, _Coding]] = {
    UserSettings: {
        "uart": _Coding(1, _encode_uart, _decode_uart),
        "station": _Coding(2, _encode_interface, _decode_interface),
        "soft_ap": _Coding(3, _encode_interface, _decode_interface),
        "station_mac": _Coding(4, bytes, _decode_mac),
        "soft_ap_mac": _Coding(5, bytes, _decode_mac),
        "passthrough": _Coding(6, _encode_link, _decode_link),
    },
    SystemSettings: {
        "wifi_mode": _Coding(1, _encode_number, _decode_wifi_mode),
        "network": _Coding(2, _encode_credentials, _decode_credentials),
        "soft_ap": _Coding(3, _encode_soft_ap, _decode_soft_ap),
        "joins_at_start": _Coding(4, _encode_number, _decode_switch),
    },
}

for _kind, _codings in _CODINGS.items():
    if {field.name for field in fields(_kind)} != set(_codings):
        raise TypeError(f"a setting of {_kind.__name__} has no coding")
