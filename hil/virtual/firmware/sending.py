"""Sending data over a link: AT+CIPSEND with a length, and AT+CIPSENDEX.

The command answers with the prompt; the bytes behind it (`hil.virtual.firmware.payload`) are handed
to the network at once, and the firmware is busy until the peer has confirmed them.

Source: section 5.2, commands 3 and 4, lines 799-823; A-50, A-51, A-54 in docs/ambiguities.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from hil.units import NS_PER_MS, NS_PER_S
from hil.virtual.address import parse_ipv4

from .buffered_sending import write_segment
from .command import Call, Form, Forms, Outcome, Task, Wait, error, ok, refuse
from .link import LINK_NUMBERS, Link, Stage, TcpLink, UdpLink
from .link_argument import PORTS, parse_link_arguments
from .payload import LONGEST_PAYLOAD, EscapedPayload, Payload, prompt

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from ipaddress import IPv4Address

    from .state import FirmwareState

DATAGRAM_NS = NS_PER_MS
"""From handing over a datagram to its having left the antenna."""

SILENCE_LIMIT_NS = 60 * NS_PER_S
"""For how long a peer may confirm nothing before the stack gives the connection up."""


class _Order(NamedTuple):
    """What the arguments say."""

    number: int
    length: int
    destination: tuple[IPv4Address, int] | None


def confirm_sending(_state: FirmwareState, _call: Call, at_ns: int) -> Outcome:
    """AT+CIPSEND=? and AT+CIPSENDEX=?. Source: lines 800, 817."""
    return ok(at_ns)


def send_data(kind: type[Payload], state: FirmwareState, call: Call, at_ns: int) -> Outcome:
    """AT+CIPSEND= and AT+CIPSENDEX=: the prompt. Source: lines 802-806, 819-823; A-50, A-51."""
    order = _read_order(call.arguments, is_multiple=state.links.is_multiple)
    if order is None:
        return error(at_ns)
    if state.transfer_mode:
        return refuse(state, at_ns, "IPMODE=1")
    link = state.links.numbered(order.number)
    if link is None or not link.is_open:
        return refuse(state, at_ns, "link is not valid")
    if order.length > LONGEST_PAYLOAD:
        return refuse(state, at_ns, "too long")
    is_mistaken = order.destination is not None and not isinstance(link, UdpLink)
    meets_segments = state.send_buffers.hold_segments(link)
    joins = kind is Payload and state.dialect.tcp_ip.plain_sending_joins_segments
    if is_mistaken or (meets_segments and not joins):
        return error(at_ns)
    use = partial(_send, state, link, order.destination)
    payload = kind(state, order.length, use)
    return write_segment(state, call, at_ns) if meets_segments else prompt(state, payload, at_ns)


def _read_order(text: bytes, *, is_multiple: bool) -> _Order | None:
    """What arguments order, if anything. Source: lines 802-806; A-50."""
    arguments = parse_link_arguments(text, is_multiple=is_multiple)
    if arguments is None or arguments[0] not in LINK_NUMBERS:
        return None
    match arguments:
        case (number, (int(length),)) if length:
            return _Order(number, length, None)
        case (number, (int(length), bytes(host), int(port))) if length and port in PORTS:
            address = parse_ipv4(host)
            return None if address is None else _Order(number, length, (address, port))
    return None


def _send(
    state: FirmwareState,
    link: Link,
    destination: tuple[IPv4Address, int] | None,
    payload: bytes,
    now_ns: int,
) -> Task:
    """The task that carries a payload to the peer. Source: line 805; A-51 in docs/ambiguities."""
    dialect = state.dialect.tcp_ip
    if dialect.tells_payload_length:
        state.out.send(b"\r\nRecv %d bytes\r\n" % len(payload), now_ns)
    is_sent = False
    if payload and link.is_open:
        if isinstance(link, TcpLink):
            is_sent, now_ns = yield from _send_stream(state, link, payload, now_ns)
        elif isinstance(link, UdpLink):
            state.links.send_datagram(link, payload, now_ns, destination)
            now_ns = yield Wait(until_ns=now_ns + DATAGRAM_NS)
            is_sent = True
    return Outcome(b"\r\nSEND OK\r\n" if is_sent else dialect.send_failure, now_ns)


def _send_stream(
    state: FirmwareState, link: TcpLink, payload: bytes, now_ns: int
) -> Generator[Wait, int, tuple[bool, int]]:
    """The part of a task that sends over TCP; whether all was confirmed, and the moment."""
    end = state.links.send(link, payload, now_ns)
    while link.is_open and link.acknowledged_bytes < end:
        confirmed = link.acknowledged_bytes

        def has_moved(confirmed: int = confirmed) -> bool:
            return link.stage is Stage.OVER or link.acknowledged_bytes > confirmed

        now_ns = yield Wait(until_ns=now_ns + SILENCE_LIMIT_NS, is_met=has_moved)
        if not has_moved():
            state.links.abort(link, now_ns)
    return link.acknowledged_bytes >= end, now_ns


SENDING_COMMANDS: Mapping[str, Forms] = {
    name: {Form.TEST: confirm_sending, Form.SET: partial(send_data, kind)}
    for name, kind in (("+CIPSEND", Payload), ("+CIPSENDEX", EscapedPayload))
}
"""Name behind ``AT`` to the forms that the command has. Source: lines 751-752."""
