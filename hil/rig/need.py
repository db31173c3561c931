"""The one vocabulary of what tests need and rigs have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.ports.control_lines import Line
from hil.ports.update_server import UPDATE_SERVER_NAME

if TYPE_CHECKING:
    from hil.ports.network_peer import NetworkPeers

NEEDS: dict[str, str] = {
    "reset": "EXT_RSTB can be pulled low",
    "strap": "GPIO0 can be pulled low, so that a reset enters the boot loader",
    "wake-link": "XPD_DCDC and EXT_RSTB can be joined and parted",
    "power": "the module's supply can be switched",
    "uart-flow": "RTS and CTS of the port are wired to MTDO and MTCK, and not to EXT_RSTB",
    "uart-format": "the port passes 5 to 8 data bits, parity and stop bits",
    "flash-read": "the flash can be read back through the boot loader",
    "ap": "an access point is in reach",
    "ap-control": "that access point can be switched and reconfigured",
    "softap-client": "a station can join the module's softAP",
    "tcp-peer": "a TCP peer in the module's network",
    "udp-peer": "a UDP peer in the module's network",
    "update-server": "an update server in the module's network",
    "meter": "a current meter in the module's supply",
}
"""Each word with what it means. Source: DESIGN of the catalogue, docs/architecture.md."""

ACCESS_POINT_NEEDS = frozenset({"ap", "ap-control", "softap-client"})
"""These follow from the access points and stations of a rig; a rig file does not claim them."""

NETWORK_NEEDS = frozenset({"tcp-peer", "udp-peer", "update-server"})
"""Likewise from the network of a rig."""


def needs_met_by_peers(peers: NetworkPeers) -> frozenset[str]:
    """Which needs follow from the peers in the network of a rig.

    An update server can be played by them if its name leads to them.
    """
    met = {"tcp-peer", "udp-peer"}
    if peers.names.get(UPDATE_SERVER_NAME) == peers.host_address:
        met.add("update-server")
    return frozenset(met)


def needs_met_by(lines: frozenset[Line]) -> frozenset[str]:
    """Which needs follow from the lines of a module."""
    met = {line.value for line in lines}
    if {Line.RESET, Line.STRAP} <= lines or {Line.POWER, Line.STRAP} <= lines:
        met.add("flash-read")
    return frozenset(met)
