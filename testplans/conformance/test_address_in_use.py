"""AT+CIPSTA and AT+CIPAP, _CUR and _DEF: fixed addresses in the network (commands 23 to 28)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from hil.at.talk import OK
from hil.ports.network_peer import Endpoint
from hil.units import seconds_to_ns

from .interface import (
    NO_ADDRESS,
    SOFT_AP,
    STATION,
    address_in,
    address_told,
    free_address,
    has_dhcp,
)
from .variant import Variant, each_variant
from .wifi import join_call, softap_name

if TYPE_CHECKING:
    from hil.at.talk import Talk
    from hil.ports.access_point import AccessPoint
    from hil.ports.network_peer import NetworkPeers
    from hil.ports.wifi_station import WifiStation

    from .link import Links

SERVER_PORT = 1001
DIAL_S = 10.0
DATAGRAM_S = 2.0

HALF_OF_A_NETWORK = "255.255.255.128"
"""A netmask that parts a `free_address` from the peers."""


def serves(talk: Talk, network: NetworkPeers, address: str) -> bool:
    """Whether a server of the module is reached at an address; else the dialling fails."""
    talk.ok("AT+CIPMUX=1")
    talk.ok(f"AT+CIPSERVER=1,{SERVER_PORT}")
    deadline_ns = talk.clock.now_ns() + seconds_to_ns(DIAL_S)
    connection = network.dial(Endpoint(address, SERVER_PORT), deadline_ns)
    return connection.remote == Endpoint(address, SERVER_PORT)


def tells(talk: Talk, address: str) -> bool:
    """Whether AT+CIFSR tells an address of the module; its lines are another section's."""
    answer = talk.say("AT+CIFSR")
    word = re.compile(rf"(?<![0-9.]){re.escape(address)}(?![0-9.])")
    return any(word.search(line) for line in answer.lines)


@pytest.mark.needs("ap", "tcp-peer")
@each_variant("CIPSTA", 1, 1, None)
def test_a_joined_station_tells_the_address_that_peers_see(links: Links, variant: Variant) -> None:
    connection = links.open_tcp()

    assert address_told(links.talk, variant.name) == connection.remote.address


@each_variant("CIPSTA", 6, 6, 6)
def test_the_station_is_reached_at_its_fixed_address(
    talk: Talk, variant: Variant, access_point: AccessPoint, network: NetworkPeers
) -> None:
    address = free_address(network.host_address)
    talk.ok("AT+CWMODE_CUR=1")
    talk.ok(f'{variant.command}="{address}"')

    talk.ok(join_call(access_point))

    assert address_told(talk, "CIPSTA_CUR") == address
    assert tells(talk, address)
    assert serves(talk, network, address)


@each_variant("CIPSTA", 6, 6, 6)
def test_a_joined_station_changes_its_address(
    joined: Talk, variant: Variant, network: NetworkPeers
) -> None:
    address = free_address(network.host_address)
    assert not tells(joined, address)

    joined.ok(f'{variant.command}="{address}"')

    joined.wait_for("WIFI GOT IP", DIAL_S)
    assert tells(joined, address)
    assert serves(joined, network, address)


@each_variant("CIPSTA", 8, 8, 8)
def test_enabling_dhcp_afterwards_cancels_the_fixed_address_of_the_station(
    talk: Talk, variant: Variant, access_point: AccessPoint
) -> None:
    talk.ok("AT+CWMODE_CUR=3")
    talk.ok(f'{variant.command}="{STATION.address}"')
    talk.ok("AT+CWDHCP_CUR=1,1")

    assert has_dhcp(talk, STATION)
    talk.ok(join_call(access_point))
    assert address_told(talk, "CIPSTA_CUR") not in (STATION.address, NO_ADDRESS)


def gets_through(links: Links) -> bool:
    """Whether a datagram of the module comes to a peer."""
    peer = links.network.open_udp()
    links.talk.ok(links.start_call(peer.endpoint.port, kind="UDP"))
    links.talk.prompt("AT+CIPSEND=5")
    links.talk.data(b"hello")  # what it says of a datagram that nobody takes is another matter
    datagram = peer.receive(links.deadline_ns(DATAGRAM_S))
    return datagram is not None and datagram.data == b"hello"


def fix(links: Links, variant: Variant, gateway: str, netmask: str) -> None:
    """Let the joined station have a free address, a gateway and a netmask."""
    address = free_address(links.host)
    links.talk.ok(f'{variant.command}="{address}","{gateway}","{netmask}"')
    links.talk.wait_for("WIFI GOT IP", DIAL_S)


@pytest.mark.needs("udp-peer")
@each_variant("CIPSTA", 13, 13, 13)
def test_what_the_netmask_takes_in_needs_no_gateway(links: Links, variant: Variant) -> None:
    fix(links, variant, address_in(links.host, 99), "255.255.255.0")

    assert gets_through(links)


@pytest.mark.needs("udp-peer")
@each_variant("CIPSTA", 13, 13, 13)
def test_what_the_netmask_leaves_out_goes_to_the_gateway(links: Links, variant: Variant) -> None:
    """The network's gateway is taken to be its first address, as is usual (A-39)."""
    gateway = address_in(links.host, 1)
    if links.talk.say(f'AT+PING="{gateway}"').lines[-1] != OK:
        pytest.skip(f"there is no gateway {gateway}")
    fix(links, variant, gateway, HALF_OF_A_NETWORK)

    assert gets_through(links)


@pytest.mark.needs("udp-peer")
@each_variant("CIPSTA", 13, 13, 13)
def test_a_gateway_that_is_none_lets_nothing_through(links: Links, variant: Variant) -> None:
    fix(links, variant, address_in(links.host, 99), HALF_OF_A_NETWORK)

    assert not gets_through(links)


@pytest.mark.needs("tcp-peer")
@each_variant("CIPAP", 6, 6, 6)
def test_the_softap_is_reached_at_its_fixed_address(
    talk: Talk, variant: Variant, softap_client: WifiStation, network: NetworkPeers
) -> None:
    """Its client keeps the address that it got before, and the network stays the same."""
    assert softap_client.join(softap_name(talk))
    assert softap_client.wait_for_address()
    address = address_in(address_told(talk, "CIPAP_CUR"), 33)

    talk.ok(f'{variant.command}="{address}"')

    assert address_told(talk, "CIPAP_CUR") == address
    assert tells(talk, address)
    assert serves(talk, network, address)


@pytest.mark.needs("softap-client")
@each_variant("CIPAP", 7, 7, 7)
def test_a_softap_with_a_fixed_address_gives_no_addresses(
    talk: Talk, variant: Variant, softap_client: WifiStation
) -> None:
    ssid = softap_name(talk)
    talk.ok(f'{variant.command}="{SOFT_AP.address}"')

    assert softap_client.join(ssid)
    assert softap_client.wait_for_address(4.0) is None


@each_variant("CIPAP", 8, 8, 8)
def test_enabling_dhcp_afterwards_lets_the_softap_give_addresses(
    talk: Talk, variant: Variant, softap_client: WifiStation
) -> None:
    talk.ok("AT+CWMODE_CUR=3")
    talk.ok(f'{variant.command}="{SOFT_AP.address}"')
    talk.ok("AT+CWDHCP_CUR=0,1")

    assert has_dhcp(talk, SOFT_AP)
    assert softap_client.join(softap_name(talk))
    assert softap_client.wait_for_address()


@each_variant("CIPAP", 8, 8, 8)
def test_enabling_dhcp_afterwards_cancels_the_fixed_address_of_the_softap(
    talk: Talk, variant: Variant
) -> None:
    talk.ok("AT+CWMODE_CUR=3")
    before = address_told(talk, "CIPAP_CUR")
    talk.ok(f'{variant.command}="{SOFT_AP.address}"')
    assert address_told(talk, "CIPAP_CUR") == SOFT_AP.address

    talk.ok("AT+CWDHCP_CUR=0,1")

    assert address_told(talk, "CIPAP_CUR") == before
