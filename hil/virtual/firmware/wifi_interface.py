"""DHCP or a fixed address for each interface: AT+CWDHCP, AT+CIPSTA, AT+CIPAP, each x3.

An interface has one current and one stored state. A command is a change of a state: it is made to
the current one, and if the command stores, to the stored one too. The last of DHCP and a fixed
address wins (lines 532, 649, 693). DHCP disables a fixed address but does not forget it: switching
DHCP off brings it back. A station without either has no address, 0.0.0.0. Source: A-35 in
docs/ambiguities.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from hil.virtual.address import NO_ADDRESS, Ipv4Config, parse_ipv4
from hil.virtual.network.message import Interface

from .argument import parse_arguments
from .command import (
    VARIANTS,
    Call,
    Form,
    Forms,
    Outcome,
    Variant,
    error,
    ok,
    ok_without_blank_line,
    parse_numbers,
)
from .settings import FACTORY_SOFT_AP_NETWORK, InterfaceSettings

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from hil.virtual.action import Action

    from .state import FirmwareState

_NO_NETWORK = Ipv4Config(NO_ADDRESS, NO_ADDRESS, NO_ADDRESS)

Change = Callable[[InterfaceSettings], InterfaceSettings]
"""What a command does to the state of an interface."""

_CLASS_C_NETMASK = IPv4Address("255.255.255.0")
_CHOSEN_BY_NUMBER = (
    frozenset({Interface.SOFT_AP}),
    frozenset({Interface.STATION}),
    frozenset({Interface.SOFT_AP, Interface.STATION}),
)
"""Source: line 531; A-33 in docs/ambiguities: the bits of the answer go the other way round."""


def query_dhcp(variant: Variant, state: FirmwareState, call: Call, at_ns: int) -> Outcome:
    """AT+CWDHCP?: bit 0 for the softAP, bit 1 for the station; its line has no end of its own.

    Source: lines 526-528; A-06, A-32, A-33, A-34 in docs/ambiguities.
    """
    soft_ap, station = state.soft_ap_interface, state.station_interface
    if variant.answers_stored:
        soft_ap, station = state.store.user.soft_ap, state.store.user.station
    bits = soft_ap.uses_dhcp | station.uses_dhcp << 1
    return ok_without_blank_line(at_ns, f"{call.name}:{bits}")


def set_dhcp(variant: Variant, state: FirmwareState, call: Call, at_ns: int) -> Outcome:
    """AT+CWDHCP=. Source: lines 529-532, 539-543, 548-552; A-33, A-35 in docs/ambiguities."""
    match parse_numbers(call.arguments):
        case (number, flag) if number < len(_CHOSEN_BY_NUMBER) and flag <= 1:
            change = _switch_dhcp(is_on=flag == 1)
            return _configure(variant, state, at_ns, _CHOSEN_BY_NUMBER[number], change)
    return error(at_ns)


def query_station_address(
    variant: Variant, state: FirmwareState, call: Call, at_ns: int
) -> Outcome:
    """AT+CIPSTA?: the fixed address, else the leased one, else 0.0.0.0; with _DEF the stored one.

    Source: lines 643-645, 659-661, 673-675; A-38 in docs/ambiguities.
    """
    if variant.answers_stored:
        network = state.store.user.station.fixed
    else:
        network = state.station_interface.fixed_in_force or state.station.address
    return _tell_network(state, call, at_ns, network or _NO_NETWORK)


def set_station_address(variant: Variant, state: FirmwareState, call: Call, at_ns: int) -> Outcome:
    """AT+CIPSTA=. Source: lines 642-649, 658-665, 672-679; A-35, A-39 in docs/ambiguities."""
    network = _parse_network(state, call.arguments, _first_in_network)
    if network is None:
        return error(at_ns)
    change = become(InterfaceSettings(uses_dhcp=False, fixed=network))
    return _configure(variant, state, at_ns, {Interface.STATION}, change)


def query_soft_ap_address(
    variant: Variant, state: FirmwareState, call: Call, at_ns: int
) -> Outcome:
    """AT+CIPAP?: the current address; with _DEF the stored one.

    Source: lines 687-689, 701-703, 715-717; A-38 in docs/ambiguities.
    """
    if not variant.answers_stored:
        return _tell_network(state, call, at_ns, state.soft_ap.network)
    unset = _NO_NETWORK if state.dialect.wifi.tells_blank_flash else FACTORY_SOFT_AP_NETWORK
    return _tell_network(state, call, at_ns, state.store.user.soft_ap.fixed or unset)


def set_soft_ap_address(variant: Variant, state: FirmwareState, call: Call, at_ns: int) -> Outcome:
    """AT+CIPAP=: in a class C network only; left out, the gateway is the softAP itself.

    Source: lines 686-693, 700-707, 714-721; A-35, A-39, A-40 in docs/ambiguities.
    """
    network = _parse_network(state, call.arguments, lambda address: address)
    if network is None or not is_class_c(network):
        return error(at_ns)
    has_dhcp = not state.dialect.wifi.fixed_soft_ap_has_no_dhcp
    change = become(InterfaceSettings(uses_dhcp=has_dhcp, fixed=network))
    return _configure(variant, state, at_ns, {Interface.SOFT_AP}, change)


def is_class_c(network: Ipv4Config) -> bool:
    """Whether the address is of class C and its network of 256 addresses. Source: A-40."""
    is_low = network.address.packed[0] < 192
    return is_host(network.address) and not is_low and network.netmask == _CLASS_C_NETMASK


def become(interface: InterfaceSettings) -> Change:
    """The change to a state, whatever was before."""
    return lambda _interface: interface


def change_current(
    state: FirmwareState, chosen: Container[Interface], change: Change, now_ns: int
) -> None:
    """Change the current state of interfaces, and let them act on it."""
    if Interface.STATION in chosen:
        state.station_interface = change(state.station_interface)
        state.station.readdress(now_ns)
    if Interface.SOFT_AP in chosen:
        state.soft_ap_interface = change(state.soft_ap_interface)
        state.soft_ap.apply(now_ns)


def _configure(
    variant: Variant,
    state: FirmwareState,
    at_ns: int,
    chosen: Container[Interface],
    change: Change,
) -> Outcome:
    """Store what is to be stored, answer OK, and act."""
    if variant.stores:
        user = state.store.user
        if Interface.STATION in chosen:
            user = replace(user, station=change(user.station))
        if Interface.SOFT_AP in chosen:
            user = replace(user, soft_ap=change(user.soft_ap))
        at_ns = state.store.save_user(user, at_ns)

    def take_effect(now_ns: int) -> Sequence[Action]:
        change_current(state, chosen, change, now_ns)
        return ()

    return ok(at_ns, finish=take_effect)


def _switch_dhcp(*, is_on: bool) -> Change:
    return lambda interface: replace(interface, uses_dhcp=is_on)


def _first_in_network(address: IPv4Address) -> IPv4Address:
    """The gateway x.y.z.1. Source: A-39 in docs/ambiguities."""
    return IPv4Address(address.packed[:3] + b"\x01")


def _parse_network(
    state: FirmwareState, arguments: bytes, gateway_of: Callable[[IPv4Address], IPv4Address]
) -> Ipv4Config | None:
    """An address with the gateway and the netmask that were given or belong to it.

    Args:
        state: Of the firmware.
        arguments: Of the call.
        gateway_of: The gateway of an address that comes without.

    Returns:
        The network, or None if anything is not what it should be. Source: A-08, A-39.
    """
    netmask = _CLASS_C_NETMASK
    texts = parse_arguments(arguments) or ()
    match [parse_ipv4(text) if isinstance(text, bytes) else None for text in texts]:
        case [IPv4Address() as address]:
            gateway = gateway_of(address)
        case [IPv4Address() as address, IPv4Address() as gateway] if (
            state.dialect.wifi.takes_gateway_alone
        ):
            pass
        case [IPv4Address() as address, IPv4Address() as gateway, IPv4Address() as netmask]:
            pass
        case _:
            return None
    is_usable = is_host(address) and is_host(gateway) and _is_netmask(netmask)
    return Ipv4Config(address, gateway, netmask) if is_usable else None


def is_host(address: IPv4Address) -> bool:
    """Whether it can be the address of one interface: of class A, B or C, and not 0.x.y.z."""
    return 1 <= address.packed[0] <= 223


def _is_netmask(mask: IPv4Address) -> bool:
    """Whether ones stand before zeros, and at least one of them."""
    host_bits = ~int(mask) & 0xFFFFFFFF
    return mask != NO_ADDRESS and not host_bits & (host_bits + 1)


def _tell_network(state: FirmwareState, call: Call, at_ns: int, network: Ipv4Config) -> Outcome:
    if not state.dialect.wifi.tells_whole_network:
        return ok(at_ns, f'{call.name}:"{network.address}"')
    return ok(
        at_ns,
        f'{call.name}:ip:"{network.address}"',
        f'{call.name}:gateway:"{network.gateway}"',
        f'{call.name}:netmask:"{network.netmask}"',
    )


_FAMILIES = (
    ("+CWDHCP", query_dhcp, set_dhcp),
    ("+CIPSTA", query_station_address, set_station_address),
    ("+CIPAP", query_soft_ap_address, set_soft_ap_address),
)

INTERFACE_COMMANDS: Mapping[str, Forms] = {
    f"{family}{each.suffix}": {Form.QUERY: partial(query, each), Form.SET: partial(set_, each)}
    for family, query, set_ in _FAMILIES
    for each in VARIANTS
}
"""Name behind ``AT`` to the forms that the command has. Source: lines 322-324, 335-340."""
