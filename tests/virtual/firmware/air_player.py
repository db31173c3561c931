"""Plays the air around a `ChipPlayer`: one access point with a DHCP server behind it."""

from __future__ import annotations

from ipaddress import IPv4Address

from hil.virtual.address import Ipv4Config
from hil.virtual.air.message import Join, Joined, Leased, RequestLease, Security, Sighting
from hil.virtual.firmware.dialect import DOCUMENTED, Dialect

from .chip_player import OK, ChipPlayer, ready_player

HOME = Sighting(b"home", bytes.fromhex("cad719d8a644"), 6, -50, Security.WPA2_PSK)
LEASE = Ipv4Config(
    IPv4Address("192.168.1.7"), IPv4Address("192.168.1.1"), IPv4Address("255.255.255.0")
)
CONNECTED = b"WIFI CONNECTED\r\n"
GOT_IP = b"WIFI GOT IP\r\n"
DISCONNECT = b"WIFI DISCONNECT\r\n"


def take_in(player: ChipPlayer, ap: Sighting = HOME, lease: Ipv4Config = LEASE) -> None:
    """The access point takes the station, and the DHCP server gives it an address."""
    player.hear(Joined(ap))
    player.hear(Leased(lease))


def station_player(dialect: Dialect = DOCUMENTED) -> ChipPlayer:
    """A module in station mode that has stored nothing but that, echo off."""
    player = ready_player(dialect)
    assert player.ask(b"AT+CWMODE=1") == OK
    player.take_requests()
    return player


def joined_player(dialect: Dialect = DOCUMENTED) -> ChipPlayer:
    """A module in station mode that has joined `HOME` and stored that."""
    player = station_player(dialect)
    player.send(b'AT+CWJAP="home","12345678"\r\n')
    player.wait_ms(500)
    take_in(player)
    player.wait_ms(3000)
    assert player.take_sent() == CONNECTED + GOT_IP + OK
    player.take_requests()
    return player


def serve(player: ChipPlayer) -> list[Join | RequestLease]:
    """Take the station in and give it an address, as long as it asks; returns what it asked."""
    asked: list[Join | RequestLease] = []
    while wanted := [r for r in player.take_requests() if isinstance(r, Join | RequestLease)]:
        asked += wanted
        for request in wanted:
            player.hear(Joined(HOME) if isinstance(request, Join) else Leased(LEASE))
    return asked


def join_beside_soft_ap(player: ChipPlayer) -> None:
    """Join `HOME`, store nothing and keep the softAP; the address is a lease or a fixed one."""
    player.ask(b"AT+CWMODE_CUR=3")
    player.take_requests()
    player.send(b'AT+CWJAP_CUR="home","12345678"\r\n')
    serve(player)
    player.settle()
    player.take_sent()
