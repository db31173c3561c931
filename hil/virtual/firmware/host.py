"""The other end as a command names it: finding out its address, and whether anybody is in reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.units import NS_PER_S
from hil.virtual.address import parse_any_ipv4, parse_ipv4
from hil.virtual.network.message import Resolve, Resolved

from .command import Wait

if TYPE_CHECKING:
    from collections.abc import Generator
    from ipaddress import IPv4Address

    from .state import FirmwareState

RESOLVE_LIMIT_NS = 7 * NS_PER_S
"""How long to wait for the address of a name: several requests of the resolver."""


def has_network(state: FirmwareState) -> bool:
    """Whether there can be anybody to talk to: behind the access point, or near the softAP.

    Source: A-77 in docs/ambiguities.
    """
    return state.wifi_mode.has_soft_ap or state.station.has_ip


def resolve(
    state: FirmwareState, host: bytes, now_ns: int
) -> Generator[Wait, int, tuple[IPv4Address | None, int]]:
    """The part of a task that finds out an address.

    Args:
        state: Where to ask.
        host: An address or a name, as `link_argument.is_host` allows it.
        now_ns: The present moment.

    Returns:
        The address, or None if the name has none, and the moment; at once for an address.
    """
    parse = parse_any_ipv4 if state.dialect.tcp_ip.takes_short_addresses else parse_ipv4
    if (address := parse(host)) is not None:
        return address, now_ns
    queries = state.queries
    query = queries.begin()
    state.out.transmit(Resolve(query, host.decode("ascii")), now_ns)
    now_ns = yield Wait(
        until_ns=now_ns + RESOLVE_LIMIT_NS, is_met=lambda: queries.is_answered(query)
    )
    answer = queries.end(query)
    return (answer.address if isinstance(answer, Resolved) else None), now_ns
