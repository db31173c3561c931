"""Plays access point and DHCP server for the station of a firmware."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from hil.virtual.address import Ipv4Config
from hil.virtual.air.message import Join, Joined, Leased, RequestLease, Security, Sighting

if TYPE_CHECKING:
    from .chip_player import ChipPlayer

AP = Sighting(b"net", bytes.fromhex("0a0b0c0d0e0f"), 6, -50, Security.WPA2_PSK)
LEASE = Ipv4Config(
    IPv4Address("192.168.1.178"), IPv4Address("192.168.1.254"), IPv4Address("255.255.252.0")
)


def join(player: ChipPlayer) -> None:
    """Let the station join a network, beside the softAP, and get a lease if it asks for one."""
    player.ask(b"AT+CWMODE_CUR=3")
    player.take_requests()
    player.send(b'AT+CWJAP_CUR="net","password"\r\n')
    serve(player)
    player.settle()
    player.take_sent()


def serve(player: ChipPlayer) -> list[Join | RequestLease]:
    """Answer what the station asks of the access point, as long as it asks.

    Returns:
        What it has asked.
    """
    asked: list[Join | RequestLease] = []
    while wanted := [r for r in player.take_requests() if isinstance(r, Join | RequestLease)]:
        asked += wanted
        for request in wanted:
            player.hear(Joined(AP) if isinstance(request, Join) else Leased(LEASE))
    return asked
