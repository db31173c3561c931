"""What links there are, how they end, and how many there may be: CIPSTATUS, CIPCLOSE, CIPMUX.

Source: section 5.2, commands 1, 9 and 11; A-42, A-57, A-58, A-60 in docs/ambiguities.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .command import Call, Form, Forms, Outcome, error, ok, parse_numbers, refuse
from .link import SINGLE_LINK, Link, LinkStatus, TcpLink

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .state import FirmwareState

ALL_LINKS = 5
"""What AT+CIPCLOSE takes for all of them. Source: line 871."""

NO_NETWORK = 5
"""The state without an address. Source: A-42 in docs/ambiguities; the document has only 2 to 4."""


def show_status(state: FirmwareState, _call: Call, at_ns: int) -> Outcome:
    """AT+CIPSTATUS: the state, then a record for each open link. Source: lines 774-776; A-42."""
    records = [_record(state, link) for link in state.links.links if link.is_open]
    return ok(at_ns, f"STATUS:{_status(state)}", *records)


def confirm_status(_state: FirmwareState, _call: Call, at_ns: int) -> Outcome:
    """AT+CIPSTATUS=?, which the document does not have. Source: A-10 in docs/ambiguities."""
    return ok(at_ns)


def confirm_closing(_state: FirmwareState, _call: Call, at_ns: int) -> Outcome:
    """AT+CIPCLOSE=?. Source: line 867."""
    return ok(at_ns)


def close_numbered(state: FirmwareState, call: Call, at_ns: int) -> Outcome:
    """AT+CIPCLOSE=: one link of several, or all. Source: lines 869-871; A-57, A-58."""
    if not state.links.is_multiple:
        return refuse(state, at_ns, "MUX=0")
    match parse_numbers(call.arguments):
        case (number,) if number < ALL_LINKS:
            link = state.links.numbered(number)
            return refuse(state, at_ns, "UNLINK") if link is None else _close(state, link, at_ns)
        case (number,) if number == ALL_LINKS:
            return _close_all(state, at_ns)
    return error(at_ns)


def close_single(state: FirmwareState, _call: Call, at_ns: int) -> Outcome:
    """AT+CIPCLOSE: the only link. Source: lines 872-873; A-58."""
    if state.links.is_multiple:
        return refuse(state, at_ns, "MUX=1")
    link = state.links.numbered(SINGLE_LINK)
    return error(at_ns) if link is None else _close(state, link, at_ns)


def query_multiple(state: FirmwareState, _call: Call, at_ns: int) -> Outcome:
    """AT+CIPMUX?. Source: lines 890-892; A-07."""
    return ok(at_ns, f"+CIPMUX:{int(state.links.is_multiple)}")


def set_multiple(state: FirmwareState, call: Call, at_ns: int) -> Outcome:
    """AT+CIPMUX=: only without links, passthrough or server. Source: lines 893-896; A-60."""
    match parse_numbers(call.arguments):
        case (0 | 1 as mode,):
            pass
        case _:
            return error(at_ns)
    if state.links.status is LinkStatus.CONNECTED:
        return error(at_ns, state.dialect.tcp_ip.still_connected)
    if mode == 1 and state.transfer_mode:
        return error(at_ns, "IPMODE must be 0")
    if mode == 0:
        if state.server.is_running:
            return error(at_ns, "CIPSERVER must be 0")
        if state.links.is_multiple and state.links.links:  # UDP links that do not make the state 3
            return error(at_ns, "Connection exists")
    state.links.is_multiple = mode == 1
    return ok(at_ns)


def _status(state: FirmwareState) -> int:
    """Source: line 776; A-42 in docs/ambiguities."""
    status = state.links.status
    needs_station = status is LinkStatus.NONE_MADE or state.dialect.tcp_ip.status_needs_station
    return NO_NETWORK if needs_station and not state.station.has_ip else status


def _record(state: FirmwareState, link: Link) -> str:
    """Source: lines 775-776; A-42 in docs/ambiguities."""
    is_tcp = isinstance(link, TcpLink)
    has_local_port = state.dialect.tcp_ip.status_has_tcp_local_port or not is_tcp
    fields = [
        str(link.number),
        '"TCP"' if is_tcp else '"UDP"',
        f'"{link.address}"',
        str(link.port),
        *([str(link.local_port)] if has_local_port else []),
        str(int(isinstance(link, TcpLink) and link.is_server)),
    ]
    return "+CIPSTATUS:" + ",".join(fields)


def _close(state: FirmwareState, link: Link, at_ns: int) -> Outcome:
    state.links.close(link, at_ns)
    return ok(at_ns)


def _close_all(state: FirmwareState, at_ns: int) -> Outcome:
    """Source: line 871; A-57 in docs/ambiguities."""
    if not (state.server.is_running and state.dialect.tcp_ip.server_spares_links):
        for link in state.links.links:
            state.links.close(link, at_ns)
    return ok(at_ns)


CONNECTION_COMMANDS: Mapping[str, Forms] = {
    "+CIPSTATUS": {Form.TEST: confirm_status, Form.EXECUTE: show_status},
    "+CIPCLOSE": {
        Form.TEST: confirm_closing,
        Form.SET: close_numbered,
        Form.EXECUTE: close_single,
    },
    "+CIPMUX": {Form.QUERY: query_multiple, Form.SET: set_multiple},
}
"""Name behind ``AT`` to the forms that the command has. Source: lines 749, 757, 759."""
