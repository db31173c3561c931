"""The module's own addresses: AT+CIFSR, command 10 of section 5."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hil.virtual.address import NO_ADDRESS, format_mac, parse_ipv4
from hil.virtual.network.message import Interface

from .argument import parse_arguments
from .command import Call, Form, Forms, Outcome, error, ok
from .settings import InterfaceSettings
from .wifi_interface import become, change_current, is_class_c

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hil.virtual.action import Action

    from .state import FirmwareState


def confirm_local_address(_state: FirmwareState, _call: Call, at_ns: int) -> Outcome:
    """AT+CIFSR=?. Source: lines 880-881."""
    return ok(at_ns)


def view_local_address(state: FirmwareState, _call: Call, at_ns: int) -> Outcome:
    """AT+CIFSR: IP and MAC address of each interface that is on, the softAP's first.

    A station that is not joined has 0.0.0.0, whatever it was set to. Source: lines 882-883; A-59
    in docs/ambiguities.
    """
    lines = []
    if state.wifi_mode.has_soft_ap:
        lines += [
            f'+CIFSR:APIP,"{state.soft_ap.network.address}"',
            f'+CIFSR:APMAC,"{format_mac(state.soft_ap_mac)}"',
        ]
    if state.wifi_mode.has_station:
        address = state.station.address.address if state.station.address else NO_ADDRESS
        lines += [
            f'+CIFSR:STAIP,"{address}"',
            f'+CIFSR:STAMAC,"{format_mac(state.station_mac)}"',
        ]
    return ok(at_ns, *lines)


def set_local_address(state: FirmwareState, call: Call, at_ns: int) -> Outcome:
    """AT+CIFSR=, which only the firmware 0.23 has: gives the softAP an address, without storing it.

    Its gateway and netmask stay; its DHCP server stops, other than with AT+CIPAP.

    Source: read from the library of SDK 1.0.1; A-59 in docs/ambiguities.
    """
    if not state.wifi_mode.has_soft_ap:
        return error(at_ns)
    match parse_arguments(call.arguments):
        case (bytes(text),) if text:
            address = parse_ipv4(text)
        case _:
            return Outcome(b"IP ERROR\r\n\r\nERROR\r\n", at_ns)
    if address is None:
        return error(at_ns)
    network = replace(state.soft_ap.network, address=address)
    if not is_class_c(network):
        return error(at_ns)
    change = become(InterfaceSettings(uses_dhcp=False, fixed=network))

    def take_effect(now_ns: int) -> Sequence[Action]:
        change_current(state, {Interface.SOFT_AP}, change, now_ns)
        return ()

    return ok(at_ns, finish=take_effect)


LOCAL_ADDRESS_COMMANDS: Mapping[str, Forms] = {
    "+CIFSR": {
        Form.TEST: confirm_local_address,
        Form.EXECUTE: view_local_address,
        Form.SET: set_local_address,
    },
}
"""Name behind ``AT`` to the forms that the command has. Source: line 758."""
