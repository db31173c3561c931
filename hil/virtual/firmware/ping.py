"""AT+PING: how long an echo takes.

Source: section 5.2, command 17, lines 955-958; A-67 in docs/ambiguities.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.units import NS_PER_MS, NS_PER_S
from hil.virtual.network.message import Ping, Ponged

from .argument import parse_arguments
from .command import Call, Form, Forms, Outcome, Task, Wait, error, ok, refuse
from .host import has_network, resolve
from .link_argument import is_host

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .state import FirmwareState

ECHO_LIMIT_NS = 2 * NS_PER_S
"""How long to wait for the echo."""


def ping(state: FirmwareState, call: Call, at_ns: int) -> Outcome | Task:
    """AT+PING=. Source: lines 956-958."""
    match parse_arguments(call.arguments):
        case (bytes(host),) if is_host(host) and has_network(state):
            return _ping(state, host, at_ns)
    return error(at_ns)


def _ping(state: FirmwareState, host: bytes, at_ns: int) -> Task:
    address, now_ns = yield from resolve(state, host, at_ns)
    if address is None:
        return error(now_ns)
    queries = state.queries
    query = queries.begin()
    state.out.transmit(Ping(query, address), now_ns)
    now_ns = yield Wait(until_ns=now_ns + ECHO_LIMIT_NS, is_met=lambda: queries.is_answered(query))
    answer = queries.end(query)
    if isinstance(answer, Ponged):
        return ok(now_ns, f"+{answer.duration_ns // NS_PER_MS}")
    return refuse(state, now_ns, "+timeout")


PING_COMMANDS: Mapping[str, Forms] = {"+PING": {Form.SET: ping}}
"""Name behind ``AT`` to the forms that the command has. Source: line 765."""
