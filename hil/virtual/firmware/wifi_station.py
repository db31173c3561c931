"""The station's commands: AT+CWJAP with _CUR and _DEF, AT+CWQAP, AT+CWAUTOCONN of section 4."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from hil.units import NS_PER_S
from hil.virtual.address import format_mac, parse_mac

from .argument import parse_arguments
from .command import (
    VARIANTS,
    Call,
    Form,
    Forms,
    Outcome,
    Task,
    Variant,
    Wait,
    error,
    ok,
    ok_without_blank_line,
    parse_numbers,
    until_written,
)
from .settings import Credentials

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from hil.virtual.action import Action

    from .state import FirmwareState

LONGEST_JOIN_NS = 15 * NS_PER_S
"""How long AT+CWJAP waits for an address where it answers as soon as the outcome is known."""

FIRST_LOOK_NS = 3 * NS_PER_S
NEXT_LOOK_NS = 2 * NS_PER_S
LOOKS = 7
"""When and how often AT+CWJAP looks at the station in firmware 0.23."""

NO_BSSID = bytes(6)


def query_network(variant: Variant, state: FirmwareState, call: Call, at_ns: int) -> Outcome:
    """AT+CWJAP?: the network joined, or with _DEF the stored one.

    The SSID is printed byte for byte: firmware 0.23 escapes nothing in its answers.

    Source: section 4, commands 4 to 6, lines 409, 423, 437; A-27 in docs/ambiguities.
    """
    wifi, station = state.dialect.wifi, state.station
    network = state.store.system.network if variant.answers_stored else station.network
    needs_address = wifi.stored_network_needs_address or not variant.answers_stored
    if network is None or (needs_address and not station.has_ip):
        return ok(at_ns, "No AP")
    line = f'{call.name}:"{network.ssid.decode("latin-1")}"'
    if wifi.join_query_tells_bssid:
        line += f',"{format_mac(_bssid(state, network))}"'
    return ok(at_ns, line)


def join_network(variant: Variant, state: FirmwareState, call: Call, at_ns: int) -> Outcome | Task:
    """AT+CWJAP=. Source: section 4, commands 4 to 6, lines 411-415, 425-428, 439-442; A-26."""
    if not state.wifi_mode.has_station:
        return error(at_ns)
    if state.smart_config.is_listening:
        return Outcome(b"Smart started\r\nERROR\r\n", at_ns)
    network = _parse_network(call.arguments)
    return error(at_ns) if network is None else _join(variant, state, network, at_ns)


def confirm_leave(_state: FirmwareState, _call: Call, at_ns: int) -> Outcome:
    """AT+CWQAP=?. Source: section 4, command 8, line 461."""
    return ok(at_ns)


def leave_network(state: FirmwareState, _call: Call, at_ns: int) -> Outcome:
    """AT+CWQAP: OK, and the station leaves. Source: section 4, command 8, line 464; A-11."""
    state.station.tell_leaving(at_ns)
    return ok(at_ns, finish=partial(_leave, state))


def query_auto_join(state: FirmwareState, _call: Call, at_ns: int) -> Outcome:
    """AT+CWAUTOCONN?, which the document does not know. Source: A-36 in docs/ambiguities."""
    return ok_without_blank_line(at_ns, f"+CWAUTOCONN:{state.store.system.joins_at_start:d}")


def set_auto_join(state: FirmwareState, call: Call, at_ns: int) -> Outcome:
    """AT+CWAUTOCONN=, for the next start. Source: section 4, command 16, lines 558-561; A-36."""
    match parse_numbers(call.arguments):
        case (0 | 1 as flag,):
            settings = replace(state.store.system, joins_at_start=bool(flag))
            return ok(state.store.save_system(settings, at_ns))
    return error(at_ns)


def _bssid(state: FirmwareState, network: Credentials) -> bytes:
    """The access point that a network was found at, or that it is bound to; zeros for neither."""
    station = state.station
    is_joined = station.network is not None and station.network.ssid == network.ssid
    return station.ap.bssid if is_joined and station.ap else network.bssid or NO_BSSID


def _parse_network(arguments: bytes) -> Credentials | None:
    """SSID, password and perhaps BSSID; None if anything is missing, too long or malformed."""
    match parse_arguments(arguments):
        case (bytes(ssid), bytes(password)):
            network = Credentials(ssid, password)
        case (bytes(ssid), bytes(password), bytes(text)) if bssid := parse_mac(text):
            network = Credentials(ssid, password, bssid)
        case _:
            return None
    return network if network.is_legal else None


def _join(variant: Variant, state: FirmwareState, network: Credentials, at_ns: int) -> Task:
    """Leave, store, join and wait for an address: in the order of the firmware 0.23.

    So the network is stored whether it can be joined or not; the document does not say when.
    """
    station, wifi = state.station, state.dialect.wifi
    station.leave(at_ns)
    if variant.stores:
        settings = replace(state.store.system, network=network)
        at_ns = yield until_written(state.store.save_system(settings, at_ns))
    station.join(network, at_ns)
    wait = _look_at_times if wifi.join_looks_at_times else _wait_for_outcome
    now_ns = yield from wait(state, at_ns)
    if station.has_ip:
        return ok(now_ns)
    station.tell_leaving(now_ns)
    give_up = partial(_leave, state)
    if not wifi.join_failure_has_number:
        return error(now_ns, finish=give_up)
    return Outcome(b"+CWJAP:%d\r\n\r\nFAIL\r\n" % station.status, now_ns, give_up)


def _wait_for_outcome(state: FirmwareState, at_ns: int) -> Generator[Wait, int, int]:
    station = state.station
    return (
        yield Wait(
            until_ns=at_ns + LONGEST_JOIN_NS,
            is_met=lambda: station.has_ip or station.has_failed,
        )
    )


def _look_at_times(state: FirmwareState, at_ns: int) -> Generator[Wait, int, int]:
    now_ns = at_ns
    for look in range(LOOKS):
        now_ns = yield Wait(until_ns=at_ns + FIRST_LOOK_NS + look * NEXT_LOOK_NS)
        if state.station.has_ip:
            break
    return now_ns


def _leave(state: FirmwareState, now_ns: int) -> Sequence[Action]:
    state.station.leave(now_ns)
    return ()


STATION_COMMANDS: Mapping[str, Forms] = {
    **{
        f"+CWJAP{each.suffix}": {
            Form.QUERY: partial(query_network, each),
            Form.SET: partial(join_network, each),
        }
        for each in VARIANTS
    },
    "+CWQAP": {Form.TEST: confirm_leave, Form.EXECUTE: leave_network},
    "+CWAUTOCONN": {Form.QUERY: query_auto_join, Form.SET: set_auto_join},
}
"""Name behind ``AT`` to the forms that the command has. Source: lines 313-317, 325."""
