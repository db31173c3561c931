"""The MAC addresses of station and softAP: AT+CIPSTAMAC and AT+CIPAPMAC, each x3."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from hil.virtual.address import format_mac, parse_mac
from hil.virtual.network.message import Interface

from .argument import parse_arguments
from .command import VARIANTS, Call, Form, Forms, Outcome, Variant, error, ok

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hil.virtual.action import Action

    from .settings import UserSettings
    from .state import FirmwareState

_GROUP_BIT = 0x01
_BLANK = b"\xff" * 6
_FAMILIES = {"+CIPSTAMAC": Interface.STATION, "+CIPAPMAC": Interface.SOFT_AP}


def query_mac(
    variant: Variant, interface: Interface, state: FirmwareState, call: Call, at_ns: int
) -> Outcome:
    """AT+CIPSTAMAC? and AT+CIPAPMAC?: the current address, or with _DEF the stored one.

    Source: lines 567-569, 579-581, 591-593, 603-605, 617-619, 629-631; A-37 in docs/ambiguities.
    """
    mac = _current(state)[interface]
    if variant.answers_stored:
        unset = _BLANK if state.dialect.wifi.tells_blank_flash else _factory(state)[interface]
        mac = _stored(state.store.user)[interface] or unset
    return ok(at_ns, f'{call.name}:"{format_mac(mac)}"')


def set_mac(
    variant: Variant, interface: Interface, state: FirmwareState, call: Call, at_ns: int
) -> Outcome:
    """AT+CIPSTAMAC= and AT+CIPAPMAC=.

    Source: lines 566-573, 578-585, 590-597, 602-609, 616-623, 628-635; A-37 in docs/ambiguities.
    """
    mac = _parse_own_mac(call.arguments)
    if mac is None or mac in _taken(variant, interface, state):
        return error(at_ns)
    if variant.stores:
        at_ns = state.store.save_user(_with_mac(state.store.user, interface, mac), at_ns)
    return ok(at_ns, finish=partial(_take_effect, state, interface, mac))


def _take_effect(
    state: FirmwareState, interface: Interface, mac: bytes, now_ns: int
) -> Sequence[Action]:
    if interface is Interface.STATION:
        state.station_mac = mac
        state.station.readdress(now_ns)
    else:
        state.soft_ap_mac = mac
        state.soft_ap.apply(now_ns)
    return ()


def _parse_own_mac(arguments: bytes) -> bytes | None:
    """The address in the arguments, if an interface can have it: no group's, and not all zeros.

    Source: A-37 in docs/ambiguities.
    """
    match parse_arguments(arguments):
        case (bytes(text),):
            mac = parse_mac(text)
            if mac is not None and not mac[0] & _GROUP_BIT and any(mac):
                return mac
    return None


def _taken(variant: Variant, interface: Interface, state: FirmwareState) -> tuple[bytes, ...]:
    """What the other interface has now and, if that matters, what it will have after a start."""
    other = Interface.SOFT_AP if interface is Interface.STATION else Interface.STATION
    now = _current(state)[other]
    later = _stored(state.store.user)[other] or _factory(state)[other]
    return (now, later) if variant.stores else (now,)


def _current(state: FirmwareState) -> Mapping[Interface, bytes]:
    return {Interface.STATION: state.station_mac, Interface.SOFT_AP: state.soft_ap_mac}


def _stored(user: UserSettings) -> Mapping[Interface, bytes | None]:
    return {Interface.STATION: user.station_mac, Interface.SOFT_AP: user.soft_ap_mac}


def _factory(state: FirmwareState) -> Mapping[Interface, bytes]:
    return {Interface.STATION: state.factory_mac, Interface.SOFT_AP: state.factory_soft_ap_mac}


def _with_mac(user: UserSettings, interface: Interface, mac: bytes) -> UserSettings:
    if interface is Interface.STATION:
        return replace(user, station_mac=mac)
    return replace(user, soft_ap_mac=mac)


MAC_COMMANDS: Mapping[str, Forms] = {
    f"{family}{each.suffix}": {
        Form.QUERY: partial(query_mac, each, interface),
        Form.SET: partial(set_mac, each, interface),
    }
    for family, interface in _FAMILIES.items()
    for each in VARIANTS
}
"""Name behind ``AT`` to the forms that the command has. Source: lines 326-334."""
