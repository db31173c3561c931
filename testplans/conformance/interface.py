"""The two interfaces of the module, station and softAP, and the three families that are about each.

AT+CWDHCP names an interface by a number in calls and by a bit in the answer (lines 528 and 531),
AT+CIPSTA and AT+CIPSTAMAC are the station's, AT+CIPAP and AT+CIPAPMAC the softAP's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface
from typing import TYPE_CHECKING

from hil.at.talk import OK
from hil.spec.spelling import spelling

if TYPE_CHECKING:
    from hil.at.answer import Match
    from hil.at.talk import Talk

    from .variant import Variant

NO_ADDRESS = "0.0.0.0"  # noqa: S104  # nobody listens there: it is what a station without one tells
_DHCP = re.compile(r"\+CWDHCP:([0-3])")
_MAC = r'"((?:[0-9a-f]{2}:){5}[0-9a-f]{2})"'


@dataclass(frozen=True, slots=True)
class Interface:
    """One of the two, and what tests give it.

    Args:
        number: How AT+CWDHCP= names it; also the bit of AT+CWDHCP?.
        mac: The MAC address of the document's example.
        other_mac: Another one.
        address: The address of the document's example.
        gateway: Its gateway.
        other_address: Another one.
    """

    number: int
    mac: str
    other_mac: str
    address: str
    gateway: str
    other_address: str


SOFT_AP = Interface(
    0, "1a:fe:36:97:d5:7b", "1a:fe:36:97:d5:7c", "192.168.5.1", "192.168.5.1", "192.168.7.2"
)
STATION = Interface(
    1, "18:fe:35:98:d3:7b", "18:fe:35:98:d3:7c", "192.168.6.100", "192.168.6.1", "192.168.7.101"
)
_OF_FAMILY = {"CIPSTA": STATION, "CIPSTAMAC": STATION, "CIPAP": SOFT_AP, "CIPAPMAC": SOFT_AP}
_OTHER_FAMILY = {
    "CIPSTA": "CIPAP",
    "CIPAP": "CIPSTA",
    "CIPSTAMAC": "CIPAPMAC",
    "CIPAPMAC": "CIPSTAMAC",
}


def interface_of(variant: Variant) -> Interface:
    """Which interface a command is about."""
    return _OF_FAMILY[variant.family]


def other_family(variant: Variant) -> str:
    """The family that is about the same of the other interface."""
    return _OTHER_FAMILY[variant.family]


def dhcp_bits(talk: Talk) -> int:
    """The number that AT+CWDHCP? answers: bit 0 is the softAP's, bit 1 the station's."""
    return int(talk.expect("AT+CWDHCP?", _DHCP, OK).groups[0] or "")


def has_dhcp(talk: Talk, interface: Interface) -> bool:
    """Whether AT+CWDHCP? tells that the DHCP of an interface is on."""
    return bool(dhcp_bits(talk) >> interface.number & 1)


def mac_told(talk: Talk, name: str) -> str:
    """The MAC address that AT+CIPSTAMAC? or one like it answers.

    Args:
        talk: With the module.
        name: ``CIPSTAMAC_CUR``.
    """
    match = talk.expect(f"AT+{name}?", re.compile(rf"\+{name}:{_MAC}"), OK)
    return match.groups[0] or ""


def address_told(talk: Talk, name: str) -> str:
    """The address that AT+CIPSTA? or one like it answers.

    Args:
        talk: With the module.
        name: ``CIPSTA_CUR``.
    """
    return network_told(talk, name).named["address"] or ""


def network_told(talk: Talk, name: str) -> Match:
    """What AT+CIPSTA? or one like it answers; a gateway and a netmask only on real firmware."""
    match = talk.expect(f"AT+{name}?", spelling("own-address"))
    # Line 674 prints the answer of CIPSTA_DEF with the name CIPSTA.
    printed = {name, "CIPSTA"} if name == "CIPSTA_DEF" and not talk.is_strict else {name}
    assert match.named["name"] in printed
    return match


def address_in(network_of: str, last: int) -> str:
    """The address with another last number, in the class C network of an address."""
    return str(IPv4Interface(f"{network_of}/24").network.network_address + last)


def free_address(host: str) -> str:
    """An address in the network of the rig's peers that a rig has to leave free for a module.

    It lies in the half of the network in which the peers do not: a netmask can part them.
    """
    return address_in(host, 231 if IPv4Address(host).packed[3] < 128 else 103)
