"""The network of a rig: ``[network]``.

Of a virtual rig it says what is built; of a real one, what is there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from hil.ports.update_server import UPDATE_SERVER_NAME

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hil.toml_table import Table

HOST_ADDRESS = IPv4Address("192.168.1.2")
"""What virtual modules dial to reach the peers; it lies in the network of the built-in air."""

HOST_NAME = "host.test"
"""A name of that address, unless a rig file lists names; the other is `UPDATE_SERVER_NAME`."""

LATENCY_MS = 20

_LONGEST_LATENCY_MS = 60_000
_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


@dataclass(frozen=True, slots=True)
class NetworkDescription:
    """The network of a rig.

    Args:
        host_address: What the module dials to reach the peers; None if nobody is there.
        latency_ms: How long an answer takes at least, in a virtual rig.
        names: What names the module can resolve.
    """

    host_address: IPv4Address | None = HOST_ADDRESS
    latency_ms: int = LATENCY_MS
    names: Mapping[str, IPv4Address] = field(default_factory=lambda: _usual_names(HOST_ADDRESS))


def parse_network(table: Table, *, is_virtual: bool) -> NetworkDescription:
    """The network that a table describes.

    Raises:
        RigFileError: The table says something that it must not.
    """
    table.require_known({"host_address", "latency_ms", "names"})
    if not is_virtual:
        table.refuse(
            "latency_ms",
            allowed="no latency_ms with real modules",
            remedy="Their network takes the time that it takes",
        )
    host_address = HOST_ADDRESS
    if "host_address" in table or not is_virtual:
        host_address = _parse_address(table, "host_address")
    names = _usual_names(host_address) if is_virtual else {}
    if "names" in table:
        names = _parse_names(table.table("names"))
    return NetworkDescription(
        host_address,
        table.integer("latency_ms", 0, _LONGEST_LATENCY_MS, default=LATENCY_MS),
        names,
    )


def _usual_names(host_address: IPv4Address) -> dict[str, IPv4Address]:
    return {HOST_NAME: host_address, UPDATE_SERVER_NAME: host_address}


def _parse_names(table: Table) -> dict[str, IPv4Address]:
    for name in table.keys():  # noqa: SIM118 - a Table is no mapping
        if not _NAME.fullmatch(name):
            raise table.mistake(
                "", allowed="names of letters, digits, '-', '_' and dots between", given=name
            )
    return {name: _parse_address(table, name) for name in table.keys()}  # noqa: SIM118


def _parse_address(table: Table, key: str) -> IPv4Address:
    allowed = "an IPv4 address like '192.168.1.2'"
    text = table.text(key, allowed=allowed)
    try:
        return IPv4Address(text)
    except ValueError:
        raise table.mistake(key, allowed=allowed, given=text) from None
