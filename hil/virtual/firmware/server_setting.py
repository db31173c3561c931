"""AT+CIPSERVER, which creates and deletes the server, and AT+CIPSTO, its time-out.

Source: section 5.2, commands 12 and 15, lines 901-942; A-65, A-76 in docs/ambiguities.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.units import NS_PER_MS

from .command import Call, Form, Forms, Outcome, Task, Wait, error, ok, parse_numbers
from .link_argument import PORTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .state import FirmwareState

DEFAULT_PORT = 333
"""Source: line 904."""

LISTEN_NS = NS_PER_MS
"""How long the firmware waits for word that a port cannot be had."""

TIMEOUTS_S = range(7201)
"""Source: line 941."""


def configure_server(state: FirmwareState, call: Call, at_ns: int) -> Outcome | Task:
    """AT+CIPSERVER=. Source: lines 901-905; A-76 in docs/ambiguities."""
    match parse_numbers(call.arguments):
        case (0 | 1 as mode,):
            port = DEFAULT_PORT
        case (0 | 1 as mode, port) if port in PORTS:
            pass
        case _:
            return error(at_ns)
    if not state.links.is_multiple:
        return error(at_ns)
    if bool(mode) == state.server.is_running:
        return ok(at_ns, *(("no change",) if state.dialect.tcp_ip.says_reasons else ()))
    if mode == 1:
        return _create(state, port, at_ns)
    return _delete(state, at_ns)


def _create(state: FirmwareState, port: int, at_ns: int) -> Task:
    server = state.server
    server.listen(port, at_ns)
    now_ns = yield Wait(until_ns=at_ns + LISTEN_NS, is_met=lambda: not server.is_running)
    return ok(now_ns) if server.is_running else error(now_ns)


def _delete(state: FirmwareState, at_ns: int) -> Outcome:
    """The clients go behind OK. Source: A-76 in docs/ambiguities."""

    def dismiss(now_ns: int) -> tuple[()]:
        state.server.dismiss(now_ns)
        return ()

    state.server.stop(at_ns)
    return ok(at_ns, finish=dismiss)


def query_timeout(state: FirmwareState, _call: Call, at_ns: int) -> Outcome:
    """AT+CIPSTO?. Source: line 937; A-07."""
    return ok(at_ns, f"+CIPSTO:{state.server.timeout_s}")


def set_timeout(state: FirmwareState, call: Call, at_ns: int) -> Outcome:
    """AT+CIPSTO=, while there is a server. Source: lines 939-942; A-65 in docs/ambiguities."""
    match parse_numbers(call.arguments):
        case (timeout_s,) if timeout_s in TIMEOUTS_S and state.server.is_running:
            state.server.set_timeout(timeout_s, at_ns)
            return ok(at_ns)
    return error(at_ns)


SERVER_COMMANDS: Mapping[str, Forms] = {
    "+CIPSERVER": {Form.SET: configure_server},
    "+CIPSTO": {Form.QUERY: query_timeout, Form.SET: set_timeout},
}
"""Name behind ``AT`` to the forms that the command has. Source: lines 760, 763."""
