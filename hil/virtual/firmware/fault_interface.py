"""Faults of the softAP and of the interfaces' addresses: the second part of section 4."""

from __future__ import annotations

from hil.virtual.air.message import StationWent

from .command import Form
from .fault import Fault
from .fault_block import (
    answering,
    answering_only,
    confusing,
    exchanging,
    hearing,
    in_wifi_mode,
    mistaking,
    replacing,
    withholding,
    wrap,
)
from .fault_family import cur_saves, cur_tells_stored, def_forgets, def_tells_current, family
from .settings import WifiMode

_CWSAP = family("CWSAP")
_CWDHCP = family("CWDHCP")
_CIPSTAMAC = family("CIPSTAMAC")
_CIPAPMAC = family("CIPAPMAC")
_CIPSTA = family("CIPSTA")
_CIPAP = family("CIPAP")


_SOFT_AP_FAULTS = (
    cur_saves("CWSAP"),
    def_forgets("CWSAP"),
    cur_tells_stored("CWSAP"),
    Fault(
        "cwsap-refuses-channel-13",
        "AT+CWSAP and its kin refuse channel 13.",
        _CWSAP,
        wrap(_CWSAP, Form.SET, mistaking(exchanging(-2, {b"13": b"14"}))),
    ),
    Fault(
        "cwsap-takes-wep",
        "AT+CWSAP and its kin take WEP for WPA.",
        _CWSAP,
        wrap(_CWSAP, Form.SET, mistaking(exchanging(-1, {b"1": b"2"}))),
    ),
    Fault(
        "cwsap-works-in-station-mode",
        "AT+CWSAP and its kin set the softAP up while it is off.",
        _CWSAP,
        wrap(_CWSAP, Form.SET, in_wifi_mode(WifiMode.BOTH)),
    ),
    Fault(
        "cwsap-changes-nothing-on-air",
        "AT+CWSAP and its kin leave the softAP as it is until the next start.",
        _CWSAP,
        wrap(_CWSAP, Form.SET, answering_only()),
    ),
    Fault(
        "cwlif-keeps-who-left",
        "AT+CWLIF goes on listing stations that have left.",
        ("AT+CWLIF",),
        hearing(withholding(StationWent)),
    ),
)

_DHCP_FAULTS = (
    cur_saves("CWDHCP"),
    def_forgets("CWDHCP"),
    def_tells_current("CWDHCP"),
    Fault(
        "cwdhcp-mixes-up-interfaces",
        "AT+CWDHCP and its kin take 0 for the station and 1 for the softAP.",
        _CWDHCP,
        wrap(_CWDHCP, Form.SET, mistaking(exchanging(0, {b"0": b"1", b"1": b"0"}))),
    ),
    Fault(
        "cwdhcp-mixes-up-bits",
        "AT+CWDHCP? and its kin tell the station in bit 0 and the softAP in bit 1.",
        _CWDHCP,
        wrap(_CWDHCP, Form.QUERY, answering(confusing(b":1", b":2"))),
    ),
    Fault(
        "cwdhcp-changes-nothing-at-once",
        "AT+CWDHCP and its kin switch nothing on or off until the next start.",
        _CWDHCP,
        wrap(_CWDHCP, Form.SET, answering_only()),
    ),
)

_ADDRESS_FAULTS = (
    cur_saves("CIPSTAMAC"),
    def_forgets("CIPSTAMAC"),
    cur_tells_stored("CIPSTAMAC"),
    Fault(
        "cipstamac-takes-group-address",
        "AT+CIPSTAMAC and its kin make an address of a station out of one of a group.",
        _CIPSTAMAC,
        wrap(
            _CIPSTAMAC,
            Form.SET,
            mistaking(replacing(rb'\A"(.)[13579bdfBDF]:', rb'"\g<1>2:')),
        ),
    ),
    cur_saves("CIPAPMAC"),
    def_forgets("CIPAPMAC"),
    def_tells_current("CIPAPMAC"),
    Fault(
        "cipapmac-changes-nothing-on-air",
        "AT+CIPAPMAC and its kin leave the softAP's address as it is until the next start.",
        _CIPAPMAC,
        wrap(_CIPAPMAC, Form.SET, answering_only()),
    ),
    cur_saves("CIPSTA"),
    def_forgets("CIPSTA"),
    cur_tells_stored("CIPSTA"),
    Fault(
        "cipsta-takes-gateway-alone",
        "AT+CIPSTA and its kin take a gateway without a netmask, and ignore it.",
        _CIPSTA,
        wrap(_CIPSTA, Form.SET, mistaking(replacing(rb'\A("[^"]*"),"[^"]*"\Z', rb"\1"))),
    ),
    cur_saves("CIPAP"),
    def_forgets("CIPAP"),
    def_tells_current("CIPAP"),
    Fault(
        "cipap-ignores-gateway",
        "AT+CIPAP and its kin ignore gateway and netmask.",
        _CIPAP,
        wrap(_CIPAP, Form.SET, mistaking(replacing(rb'\A("[^"]*"),.*\Z', rb"\1"))),
    ),
)

INTERFACE_FAULTS = (*_SOFT_AP_FAULTS, *_DHCP_FAULTS, *_ADDRESS_FAULTS)
"""In the order of the document's subjects: the softAP, DHCP, addresses."""
