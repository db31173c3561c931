"""AT+CIPSTART: establish a TCP connection or register a UDP port.

The name of the peer is resolved first; the link has its number from the beginning, so that no
client of the server takes it meanwhile. All of it is bounded by `OPENING_LIMIT_NS`.

Source: section 5.2, command 2, lines 784-792; A-43, A-45 to A-49, A-77 in docs/ambiguities.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hil.units import NS_PER_S, NS_PER_US

from .command import Call, Form, Forms, Outcome, Task, Wait, error, ok, refuse
from .host import has_network, resolve
from .link import LINK_NUMBERS, Link, Stage, TcpLink, UdpLink
from .link_argument import PORTS, is_host, parse_link_arguments
from .passthrough import PASSTHROUGH

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .argument import Argument
    from .state import FirmwareState

OPENING_LIMIT_NS = 18 * NS_PER_S
"""How long the whole command takes at most; a client is to allow 20 s (A-77)."""

KEEP_ALIVE_UNIT_MS = 500
"""Source: line 792; A-48."""

_KEEP_ALIVES = range(7201)
_UDP_MODES = range(3)


class _Order(NamedTuple):
    """A link that is to be opened, and the name or address of its peer."""

    link: Link
    host: bytes


def list_start_parameters(state: FirmwareState, _call: Call, at_ns: int) -> Outcome:
    """AT+CIPSTART=?. Source: line 787; A-43 in docs/ambiguities."""
    return ok(at_ns, *state.dialect.tcp_ip.start_parameters[state.links.is_multiple])


def start_link(state: FirmwareState, call: Call, at_ns: int) -> Outcome | Task:
    """AT+CIPSTART=. Source: lines 789-792; A-46, A-77 in docs/ambiguities."""
    if not has_network(state):
        return error(at_ns, "no ip")
    order = _read_order(state, call.arguments, at_ns)
    if order is None:
        return error(at_ns, *_reasons(state, call.arguments))
    if state.links.numbered(order.link.number) is not None:
        return error(at_ns, state.dialect.tcp_ip.already_connected)
    return _open(state, order, at_ns)


def _read_order(state: FirmwareState, text: bytes, at_ns: int) -> _Order | None:
    """What arguments order, if they order anything. Source: lines 789-792; A-45, A-77."""
    match parse_link_arguments(text, is_multiple=state.links.is_multiple):
        case (number, peer) if number in LINK_NUMBERS:
            if state.dialect.tcp_ip.takes_udp_without_peer:
                peer = _choose_port(peer, at_ns)
            return _read_peer(state, number, peer)
    return None


def _reasons(state: FirmwareState, text: bytes) -> tuple[str, ...]:
    """What firmware 0.23 says of arguments that order nothing. Source: A-77 in docs/ambiguities."""
    if not state.dialect.tcp_ip.says_reasons:
        return ()
    is_multiple = state.links.is_multiple
    reason: str | None = "Link typ ERROR"
    match parse_link_arguments(text, is_multiple=is_multiple):
        case None if is_multiple:
            reason = None
        case (number, _) if number not in LINK_NUMBERS:
            reason = "ID ERROR"
        case (_, (b"TCP" | b"UDP",)):
            reason = None
        case (_, (b"TCP" | b"UDP", bytes(host))) if is_host(host):
            reason = "ENTRY ERROR"
        case (_, (b"UDP", bytes(host), 0)) if is_host(host):
            reason = "Miss param"
        case (_, (b"TCP" | b"UDP", bytes(host), *_)) if is_host(host):
            reason = None
        case (_, (b"TCP" | b"UDP", *_)):
            reason = "IP ERROR"
    return (reason,) if reason else ()


def _choose_port(peer: tuple[Argument, ...], at_ns: int) -> tuple[Argument, ...]:
    """Put the port that the firmware chooses in the place of a UDP peer's port 0.

    Drivers register a UDP port so when they tell the peer with each datagram. Source: read from the
    library of SDK 1.0.1, which takes the port from the clock.
    """
    match peer:
        case (b"UDP", host, 0, local_port, *mode):
            port = at_ns // NS_PER_US % 50_000
            return (b"UDP", host, port if port >= 0x400 else port + 0x400, local_port, *mode)
    return peer


def _read_peer(state: FirmwareState, number: int, peer: tuple[Argument, ...]) -> _Order | None:
    """What the arguments behind the link's number order."""
    link: Link | None
    match peer:
        case (b"TCP", bytes(host), port, *tail) if is_host(host):
            link = _tcp_link(state, number, port, tuple(tail))
        case (b"UDP", bytes(host), port, *tail) if is_host(host):
            link = _udp_link(state, number, port, tuple(tail))
        case _:
            return None
    return None if link is None else _Order(link, host)


def _tcp_link(
    state: FirmwareState, number: int, port: Argument, tail: tuple[Argument, ...]
) -> TcpLink | None:
    """A TCP link with what may stand behind the port: the keep-alive. Source: line 792; A-48."""
    match (port, *tail):
        case (int(port),):
            keep_alive = 0
        case (int(port), int(keep_alive)) if keep_alive in _KEEP_ALIVES:
            pass
        case _:
            return None
    if port not in PORTS:
        return None
    return TcpLink(
        number=number,
        socket=next(state.sockets),
        port=port,
        keep_alive_ms=keep_alive * KEEP_ALIVE_UNIT_MS,
    )


def _udp_link(
    state: FirmwareState, number: int, port: Argument, tail: tuple[Argument, ...]
) -> UdpLink | None:
    """A UDP link with what may stand behind the port: local port and mode. Source: line 792."""
    match (port, *tail):
        case (int(port),):
            local_port, mode = 0, 0
        case (int(port), int(local_port)) if local_port in PORTS:
            mode = 0
        case (int(port), int(local_port), int(mode)) if local_port in PORTS and mode in _UDP_MODES:
            pass
        case _:
            return None
    refuses_change = state.dialect.tcp_ip.passthrough_refuses_changing_peer
    if port not in PORTS or (mode and refuses_change and state.transfer_mode == PASSTHROUGH):
        return None
    socket = next(state.sockets)
    return UdpLink(number=number, socket=socket, port=port, local_port=local_port, mode=mode)


def _open(state: FirmwareState, order: _Order, at_ns: int) -> Task:
    """The task of the command: resolve, open, and tell what came of it."""
    links, link = state.links, order.link
    links.add(link)
    address, now_ns = yield from resolve(state, order.host, at_ns)
    if address is None:
        links.abort(link, now_ns)
        return refuse(state, now_ns, "DNS Fail")
    links.open(link, address, now_ns)
    now_ns = yield Wait(
        until_ns=at_ns + OPENING_LIMIT_NS, is_met=lambda: link.stage is not Stage.OPENING
    )
    if link.is_open:
        links.announce(link, now_ns)
        return ok(now_ns)
    if link.stage is not Stage.OVER:
        links.abort(link, now_ns)
    return _failed(state, link, now_ns)


def _failed(state: FirmwareState, link: Link, now_ns: int) -> Outcome:
    """What is said of a link that did not come about. Source: A-77 in docs/ambiguities."""
    if isinstance(link, UdpLink):
        return refuse(state, now_ns, f"{link.number},CONNECT FAIL")
    closed = f"{state.links.label(link)}CLOSED\r\n".encode("ascii")
    return Outcome(error(now_ns).text + closed, now_ns)


LINK_OPENING_COMMANDS: Mapping[str, Forms] = {
    "+CIPSTART": {Form.TEST: list_start_parameters, Form.SET: start_link},
}
"""Name behind ``AT`` to the forms that the command has. Source: line 750."""
