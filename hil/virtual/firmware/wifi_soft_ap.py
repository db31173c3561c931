"""The softAP's name, password, channel and security, and who joined it: AT+CWSAP x3, AT+CWLIF."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from hil.virtual.address import format_mac
from hil.virtual.air.message import Security

from .argument import parse_arguments
from .command import VARIANTS, Call, Form, Forms, Outcome, Variant, error, ok
from .settings import SoftApSettings
from .soft_ap import factory_soft_ap

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hil.virtual.action import Action

    from .state import FirmwareState


def query_soft_ap(variant: Variant, state: FirmwareState, call: Call, at_ns: int) -> Outcome:
    """AT+CWSAP?: the current values, or with _DEF the stored; name and password as they are.

    Source: lines 473-479, 487-493, 503-509; A-29 in docs/ambiguities.
    """
    if not state.soft_ap.is_on:
        return error(at_ns)
    settings = state.soft_ap.settings
    if variant.answers_stored:
        settings = state.store.system.soft_ap or factory_soft_ap(state.factory_mac)
    ssid, password = settings.ssid.decode("latin-1"), settings.password.decode("latin-1")
    record = f'"{ssid}","{password}",{settings.channel},{settings.security}'
    return ok(at_ns, f"{call.name}:{record}")


def set_soft_ap(variant: Variant, state: FirmwareState, call: Call, at_ns: int) -> Outcome:
    """AT+CWSAP=: in the modes with a softAP, with all four values.

    Source: lines 472-479, 486-493, 502-509; A-29 in docs/ambiguities.
    """
    settings = _parse_settings(call.arguments)
    if settings is None or not state.soft_ap.is_on:
        return error(at_ns)
    if variant.stores:
        at_ns = state.store.save_system(replace(state.store.system, soft_ap=settings), at_ns)

    def take_effect(now_ns: int) -> Sequence[Action]:
        state.soft_ap.settings = settings
        state.soft_ap.apply(now_ns)
        return ()

    return ok(at_ns, finish=take_effect)


def list_stations(state: FirmwareState, _call: Call, at_ns: int) -> Outcome:
    """AT+CWLIF: who has got an address from the softAP; nobody while it gives none out.

    Source: lines 515-518; A-31 in docs/ambiguities.
    """
    if not state.soft_ap.is_on:
        return error(at_ns)
    leases = state.soft_ap.stations if state.soft_ap_interface.uses_dhcp else {}
    return ok(at_ns, *(f"{ip},{format_mac(mac)}" for mac, ip in leases.items() if ip is not None))


def _parse_settings(arguments: bytes) -> SoftApSettings | None:
    match parse_arguments(arguments):
        case (bytes(ssid), bytes(password), int(channel), int(code)) if code in tuple(Security):
            settings = SoftApSettings(ssid, password, channel, Security(code))
            return settings if settings.is_legal else None
    return None


SOFT_AP_COMMANDS: Mapping[str, Forms] = {
    **{
        f"+CWSAP{each.suffix}": {
            Form.QUERY: partial(query_soft_ap, each),
            Form.SET: partial(set_soft_ap, each),
        }
        for each in VARIANTS
    },
    "+CWLIF": {Form.EXECUTE: list_stations},
}
"""Name behind ``AT`` to the forms that the command has. Source: lines 318-321."""
