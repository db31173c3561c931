"""The air of a virtual rig: ``[air]`` with ``[[air.access-point]]`` and ``[[air.station]]``."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface
from typing import TYPE_CHECKING

from hil.ports.access_point import ApSecurity

from .password_source import KnownPassword
from .wifi_network import NETWORK_KEYS, WifiNetwork, parse_mac, parse_network

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hil.toml_table import Table

BEHAVIOURS = ("normal", "refuses", "silent")

_FIRST_BSSID = 0x026869_6C0001
_FIRST_STATION = 0x026869_6D0001
"""Locally administered addresses: they belong to no maker."""

_POOL_HOSTS = (100, 199)
_LONGEST_MS = 3_600_000
_LAN = IPv4Interface("192.168.1.1/24")

Pool = tuple[IPv4Address, IPv4Address]


@dataclass(frozen=True, slots=True)
class AirAccessPoint:
    """An access point of an air.

    Args:
        network: What a station has to know of it.
        bssid: Its MAC address.
        rssi_dbm: How strong it is at the modules.
        is_hidden: Whether it keeps its name back.
        is_on: Whether it is on the air at first.
        address: Its own address, which is the gateway of its stations, and their network.
        pool: First and last address of the DHCP server; access points of one network share it.
        behaviour: How it answers: ``normal``, ``refuses``, or ``silent``.
        delay_ms: How much slower than usual it answers.
        drops_after_ms: After what time it throws each station out; None for never.
    """

    network: WifiNetwork
    bssid: str
    rssi_dbm: int = -60
    is_hidden: bool = False
    is_on: bool = True
    address: IPv4Interface = _LAN
    pool: Pool = (_LAN.network[_POOL_HOSTS[0]], _LAN.network[_POOL_HOSTS[1]])
    behaviour: str = "normal"
    delay_ms: int = 0
    drops_after_ms: int | None = None


@dataclass(frozen=True, slots=True)
class AirStation:
    """A phone of an air.

    Args:
        name: What tests call it.
        mac: Its address.
        address: Its fixed IPv4 address; None to ask for a lease.
    """

    name: str
    mac: str
    address: IPv4Address | None = None


@dataclass(frozen=True, slots=True)
class AirDescription:
    """The air of a virtual rig.

    Args:
        access_points: In the order in which scans list them.
        stations: The phones.
    """

    access_points: tuple[AirAccessPoint, ...]
    stations: tuple[AirStation, ...]


def _mac(first: int, index: int) -> str:
    return (first + index).to_bytes(6, "big").hex(":")


def _default_access_points(
    *networks: tuple[str, ApSecurity, str, int, int],
) -> tuple[AirAccessPoint, ...]:
    return tuple(
        AirAccessPoint(
            WifiNetwork(ssid, security, KnownPassword(password), channel),
            _mac(_FIRST_BSSID, index),
            rssi_dbm,
        )
        for index, (ssid, security, password, channel, rssi_dbm) in enumerate(networks)
    )


DEFAULT_AIR = AirDescription(
    access_points=_default_access_points(
        ("testnet", ApSecurity.WPA2, "password", 6, -58),
        ("opennet", ApSecurity.OPEN, "", 1, -67),
        ("wepnet", ApSecurity.WEP, "wep13password", 11, -86),
        ("wpanet", ApSecurity.WPA, "password", 1, -74),
        ("mixednet", ApSecurity.WPA_WPA2, "password", 11, -63),
        ("twinnet", ApSecurity.WPA2, "password", 1, -71),
        ("twinnet", ApSecurity.WPA2, "password", 13, -66),
    ),
    stations=(
        AirStation("phone", _mac(_FIRST_STATION, 0)),
        AirStation("tablet", _mac(_FIRST_STATION, 1)),
    ),
)
"""The air of a virtual rig whose file says nothing of one: each security, and one name twice."""


def parse_air(table: Table) -> AirDescription:
    """The air that an ``[air]`` table describes; what it does not list is as in `DEFAULT_AIR`."""
    table.require_known({"access-point", "station"})
    access_points, stations = DEFAULT_AIR.access_points, DEFAULT_AIR.stations
    if "access-point" in table:
        tables = table.tables("access-point", allowed="[[air.access-point]] tables", least=0)
        access_points = tuple(_parse_access_point(each, index) for index, each in enumerate(tables))
    if "station" in table:
        tables = table.tables("station", allowed="[[air.station]] tables", least=0)
        stations = tuple(_parse_station(each, index) for index, each in enumerate(tables))
    _require_own(table, "access-point", "bssid", [each.bssid for each in access_points])
    _require_own(table, "station", "name", [each.name for each in stations])
    _require_own(table, "station", "mac", [each.mac for each in stations])
    _require_one_pool(table, access_points)
    return AirDescription(access_points, stations)


def _parse_access_point(table: Table, index: int) -> AirAccessPoint:
    table.require_known(
        NETWORK_KEYS
        | {"bssid", "rssi_dbm", "hidden", "on", "network", "pool"}
        | {"behaviour", "delay_ms", "drops_after_ms"}
    )
    address = _parse_interface(table) if "network" in table else _LAN
    return AirAccessPoint(
        parse_network(table),
        parse_mac(table, "bssid") if "bssid" in table else _mac(_FIRST_BSSID, index),
        rssi_dbm=table.integer("rssi_dbm", -120, -1, default=-60),
        is_hidden=table.truth("hidden", default=False),
        is_on=table.truth("on", default=True),
        address=address,
        pool=_parse_pool(table, address) if "pool" in table else _default_pool(address),
        behaviour=table.choice("behaviour", BEHAVIOURS, default="normal"),
        delay_ms=table.integer("delay_ms", 0, _LONGEST_MS, default=0),
        drops_after_ms=table.integer("drops_after_ms", 1, _LONGEST_MS)
        if "drops_after_ms" in table
        else None,
    )


def _parse_station(table: Table, index: int) -> AirStation:
    table.require_known({"name", "mac", "address"})
    address = None
    if "address" in table:
        allowed = "an IPv4 address"
        text = table.text("address", allowed=allowed)
        try:
            address = IPv4Address(text)
        except ValueError:
            raise table.mistake("address", allowed=allowed, given=text) from None
    return AirStation(
        table.text("name"),
        parse_mac(table, "mac") if "mac" in table else _mac(_FIRST_STATION, index),
        address,
    )


def _parse_interface(table: Table) -> IPv4Interface:
    """The address of an access point and its network, ``192.168.1.1/24``."""
    allowed = "the access point's address and the length of its netmask, like '192.168.1.1/24'"
    text = table.text("network", allowed=allowed)
    try:
        interface = IPv4Interface(text)
    except ValueError:
        raise table.mistake("network", allowed=allowed, given=text) from None
    network = interface.network
    is_host = interface.ip not in (network.network_address, network.broadcast_address)
    if "/" not in text or not 8 <= network.prefixlen <= 30 or not is_host:
        raise table.mistake("network", allowed=allowed, given=text)
    return interface


def _default_pool(address: IPv4Interface) -> Pool:
    """Hosts 100 to 199, or, where there are not so many, all."""
    network = address.network
    first, last = _POOL_HOSTS
    if network.num_addresses > last + 1:
        return network[first], network[last]
    return network[1], network[-2]


def _parse_pool(table: Table, address: IPv4Interface) -> Pool:
    allowed = f"the first and the last address of a pool in {address.network}"
    texts = table.texts("pool", allowed=allowed)
    try:
        first, last = (IPv4Address(text) for text in texts)
    except ValueError:
        raise table.mistake("pool", allowed=allowed, given=[*texts]) from None
    if not address.network[1] <= first <= last <= address.network[-2]:
        raise table.mistake("pool", allowed=allowed, given=[*texts])
    return first, last


def _require_own(table: Table, key: str, kind: str, values: Sequence[str]) -> None:
    for value in values:
        if values.count(value) > 1:
            raise table.mistake(key, allowed=f"a {kind} of its own for each", given=value)


def _require_one_pool(table: Table, access_points: Sequence[AirAccessPoint]) -> None:
    pools: dict[IPv4Interface, Pool] = {}
    for each in access_points:
        pool = pools.setdefault(each.address, each.pool)
        if pool != each.pool:
            raise table.mistake(
                "access-point",
                allowed=f"one pool for all access points of the network {each.address}",
                given=[f"{first} to {last}" for first, last in (pool, each.pool)],
            )
