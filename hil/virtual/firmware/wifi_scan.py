"""The list of access points: AT+CWLAP of section 4."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.units import NS_PER_S
from hil.virtual.address import format_mac, parse_mac
from hil.virtual.air.message import Scan

from .argument import parse_arguments
from .command import Call, Form, Forms, Outcome, Task, Wait, error, ok

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hil.virtual.air.message import Sighting

    from .state import FirmwareState

LONGEST_SCAN_NS = 10 * NS_PER_S
"""When a scan without a result has failed; one over all channels takes a few seconds."""

LONGEST_SSID_BYTES = 32
LAST_CHANNEL = 13


def list_access_points(state: FirmwareState, call: Call, at_ns: int) -> Outcome | Task:
    """AT+CWLAP, and AT+CWLAP= with what to look for.

    A network that hides its name is found only by it, as the SDK does unless told otherwise.

    Source: section 4, command 7, lines 448-454; A-28 in docs/ambiguities.
    """
    request = Scan() if call.form is Form.EXECUTE else _parse_request(call.arguments)
    if request is None or not state.wifi_mode.has_station:
        return error(at_ns)
    return _scan(state, request, at_ns)


def _parse_request(arguments: bytes) -> Scan | None:
    """What to look for: SSID, MAC, channel, each of which may be left empty; 0 is any channel.

    Empty places are not in the document; firmware 0.23 takes them.
    """
    parsed = parse_arguments(arguments)
    if parsed is None or len(parsed) > 3:
        return None
    match (*parsed, None, None)[:3]:
        case (bytes() | None as ssid, bytes() | None as text, int() | None as channel):
            bssid = parse_mac(text) if text else None
            if text and bssid is None:
                return None
            if channel is not None and channel > LAST_CHANNEL:
                return None
            if len(ssid or b"") > LONGEST_SSID_BYTES:
                return None
            return Scan(ssid or None, bssid, channel or None)
    return None


def _scan(state: FirmwareState, request: Scan, at_ns: int) -> Task:
    scanner = state.scanner
    scanner.scan(request, at_ns)
    now_ns = yield Wait(until_ns=at_ns + LONGEST_SCAN_NS, is_met=lambda: scanner.found is not None)
    if scanner.found is None:
        return error(now_ns)
    named = [(ap, ap.ssid or request.ssid) for ap in scanner.found]
    return ok(now_ns, *(_record(ap, ssid) for ap, ssid in named if ssid))


def _record(ap: Sighting, ssid: bytes) -> str:
    """One access point. Source: lines 451-452; A-28."""
    name = ssid.decode("latin-1")
    return f'+CWLAP:({ap.security},"{name}",{ap.rssi_dbm},"{format_mac(ap.bssid)}",{ap.channel})'


SCAN_COMMANDS: Mapping[str, Forms] = {
    "+CWLAP": {Form.EXECUTE: list_access_points, Form.SET: list_access_points}
}
"""Name behind ``AT`` to the forms that the command has. Source: line 316."""
