"""The Wi-Fi mode: AT+CWMODE, _CUR and _DEF, which open section 4 of the document."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from .command import VARIANTS, Call, Form, Forms, Outcome, Variant, error, ok, parse_numbers
from .settings import WifiMode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hil.virtual.action import Action

    from .state import FirmwareState


def list_wifi_modes(_state: FirmwareState, call: Call, at_ns: int) -> Outcome:
    """AT+CWMODE=?. Source: lines 353, 374, 391; A-24 in docs/ambiguities."""
    return ok(at_ns, f"{call.name}:(1-3)")


def query_wifi_mode(variant: Variant, state: FirmwareState, call: Call, at_ns: int) -> Outcome:
    """AT+CWMODE?: the current mode, or with _DEF the stored one. Source: lines 356, 377, 394."""
    mode = state.store.system.wifi_mode if variant.answers_stored else state.wifi_mode
    return ok(at_ns, f"{call.name}:{mode}")


def set_wifi_mode(variant: Variant, state: FirmwareState, call: Call, at_ns: int) -> Outcome:
    """AT+CWMODE=: OK, and what the services make of the mode.

    Source: lines 358-361, 379-382, 396-399; A-08, A-11 in docs/ambiguities.
    """
    match parse_numbers(call.arguments):
        case (number,) if number in tuple(WifiMode):
            mode = WifiMode(number)
        case _:
            return error(at_ns)
    if not mode.has_station:
        state.station.tell_leaving(at_ns)
    state.wifi_mode = mode
    if variant.stores:
        at_ns = state.store.save_system(replace(state.store.system, wifi_mode=mode), at_ns)

    def follow(now_ns: int) -> Sequence[Action]:
        state.links.follow_mode(now_ns)
        state.smart_config.follow_mode(now_ns)
        state.station.follow_mode(now_ns)
        state.soft_ap.follow_mode(now_ns)
        return ()

    return ok(at_ns, finish=follow)


WIFI_MODE_COMMANDS: Mapping[str, Forms] = {
    f"+CWMODE{each.suffix}": {
        Form.TEST: list_wifi_modes,
        Form.QUERY: partial(query_wifi_mode, each),
        Form.SET: partial(set_wifi_mode, each),
    }
    for each in VARIANTS
}
"""Name behind ``AT`` to the forms that the command has. Source: lines 310-312."""
