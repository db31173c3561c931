"""How passthrough is chosen, entered and stored: CIPMODE, CIPSEND without a length, SAVETRANSLINK.

What it does stands in `hil.virtual.firmware.passthrough`.

Source: section 5.2, commands 3, 13 and 14, lines 807-808, 912-928; A-62, A-64 in docs/ambiguities.
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from hil.virtual.address import NO_ADDRESS, parse_ipv4

from .argument import parse_arguments
from .command import Call, Form, Forms, Outcome, error, ok, parse_numbers, refuse
from .link import SINGLE_LINK, Link, UdpLink
from .link_argument import PORTS
from .passthrough import PASSTHROUGH
from .sending import SENDING_COMMANDS
from .settings import PassthroughLink

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hil.virtual.action import Action

    from .argument import Argument
    from .state import FirmwareState

_NOBODY = frozenset({NO_ADDRESS, IPv4Address("255.255.255.255")})
_TYPES: dict[tuple[Argument, ...], bool] = {(): False, (b"TCP",): False, (b"UDP",): True}
"""What may stand behind the port, to whether it means UDP. Source: line 927."""


def query_transfer_mode(state: FirmwareState, _call: Call, at_ns: int) -> Outcome:
    """AT+CIPMODE?. Source: lines 913-915; A-07."""
    return ok(at_ns, f"+CIPMODE:{state.transfer_mode}")


def set_transfer_mode(state: FirmwareState, call: Call, at_ns: int) -> Outcome:
    """AT+CIPMODE=, for single connections only. Source: lines 916-919; A-60, A-62."""
    match parse_numbers(call.arguments):
        case (0 | 1 as mode,):
            pass
        case _:
            return error(at_ns)
    if state.dialect.tcp_ip.transfer_mode_needs_no_link and state.links.links:
        return error(at_ns, state.dialect.tcp_ip.still_connected)
    needs_single = mode == PASSTHROUGH or state.dialect.tcp_ip.transfer_mode_needs_single
    if needs_single and state.links.is_multiple:
        return refuse(state, at_ns, "CIPMUX and CIPSERVER must be 0")
    if any(_is_in_the_way(state, link, mode) for link in state.links.links):
        return error(at_ns)
    state.transfer_mode = mode
    return ok(at_ns)


def _is_in_the_way(state: FirmwareState, link: Link, mode: int) -> bool:
    """Whether a link keeps the transfer mode from being set: by segments, or as no link for it."""
    may_change_peer = isinstance(link, UdpLink) and link.mode != 0
    return state.send_buffers.hold_segments(link) or (mode == PASSTHROUGH and may_change_peer)


def enter_passthrough(state: FirmwareState, _call: Call, at_ns: int) -> Outcome:
    """AT+CIPSEND: the prompt, then passthrough. Source: lines 807-808; A-49, A-50."""
    link = state.links.numbered(SINGLE_LINK)
    is_chosen = state.transfer_mode == PASSTHROUGH and not state.links.is_multiple
    if link is None or not link.is_open or not is_chosen:
        return error(at_ns)
    if _is_in_the_way(state, link, PASSTHROUGH):
        return error(at_ns)

    def begin(_now_ns: int) -> Sequence[Action]:
        state.passthrough.begin(link)
        return ()

    return Outcome(b"\r\nOK\r\n\r\n>", at_ns, begin)


def store_link(state: FirmwareState, call: Call, at_ns: int) -> Outcome:
    """AT+SAVETRANSLINK=: what to begin with at the next start. Source: lines 924-928; A-64."""
    match parse_arguments(call.arguments):
        case (0,):
            link = None
        case (1, *rest) if (link := _read_link(rest)) is not None:
            pass
        case (0, *rest) if state.dialect.tcp_ip.cancelling_takes_link and _read_link(rest):
            link = None
        case _:
            return error(at_ns)
    settings = replace(state.store.user, passthrough=link)
    return ok(state.store.save_user(settings, at_ns))


def _read_link(arguments: Sequence[Argument]) -> PassthroughLink | None:
    """The link that address, port and type give, if they conform. Source: lines 927-928; A-64."""
    match arguments:
        case (bytes(host), int(port), *kind) if port in PORTS and tuple(kind) in _TYPES:
            address = parse_ipv4(host)
            if address is not None and address not in _NOBODY:
                return PassthroughLink(_TYPES[tuple(kind)], address, port)
    return None


PASSTHROUGH_COMMANDS: Mapping[str, Forms] = {
    "+CIPSEND": {**SENDING_COMMANDS["+CIPSEND"], Form.EXECUTE: enter_passthrough},
    "+CIPMODE": {Form.QUERY: query_transfer_mode, Form.SET: set_transfer_mode},
    "+SAVETRANSLINK": {Form.SET: store_link},
}
"""Name behind ``AT`` to the forms that the command has. Source: lines 751, 761, 762."""
