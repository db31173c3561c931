"""Faults of links, the server and received data, PING and CIUPDATE: section 5 but for sending."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from hil.units import NS_PER_S
from hil.virtual.network.message import Ponged, TcpOpen, TcpStopListening, UdpOpen

from .command import Form
from .fault import Fault
from .fault_block import (
    altering,
    answering,
    answering_only,
    asking,
    building,
    confusing,
    exchanging,
    hearing,
    hiding_errors,
    mistaking,
    pretending,
    replacing,
    saying,
    together,
    withholding,
    wrap,
)
from .link import LINK_NUMBERS, LinkStatus, TcpLink
from .link_table import LinkTable
from .reception import Reception
from .server import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hil.virtual.network.message import TcpCame

    from .fault import Rewrite
    from .state import FirmwareState

_RECORD = re.compile(rb"\r\n\+IPD,(?:([0-9]),)?([0-9]+):(.*)", re.DOTALL)


class _TopDownLinks(LinkTable):
    """Gives numbers from the highest on."""

    def lowest_free(self) -> int | None:
        free = (number for number in reversed(LINK_NUMBERS) if self.numbered(number) is None)
        return next(free, None)


class _RudeLinks(LinkTable):
    """Neither takes a client in nor turns it away when there is no number left."""

    def accept(self, client: TcpCame, now_ns: int) -> None:
        if self.lowest_free() is not None:
            super().accept(client, now_ns)


class _StingyReception(Reception):
    """Never tells a peer that it may send more."""

    def advance(self, now_ns: int) -> None:
        while (left_ns := self.next_deadline_ns()) is not None and left_ns <= now_ns:
            self._credits.popleft()


class _StingyLinks(LinkTable):
    """Opens the window of no link again."""

    def __init__(self, state: FirmwareState) -> None:
        super().__init__(state)
        self._reception = _StingyReception(state)


class _PatientServer(Server):
    """Waits for silent clients for ever."""

    def next_deadline_ns(self) -> int | None:
        return None


class _ImpatientServer(Server):
    """Waits for silent clients half as long as it is told to."""

    def _limit_ns(self, client: TcpLink) -> int:
        limit_ns = client.active_ns + self.timeout_s * NS_PER_S // 2
        return max(limit_ns, self._timeout_set_ns)


class _GreedyServer(Server):
    """Takes the links that the module has opened for clients."""

    @property
    def _clients(self) -> Iterator[TcpLink]:
        return (link for link in self._state.links.links if isinstance(link, TcpLink))


def _in_records(change: Callable[[bytes, int, bytes], bytes]) -> Rewrite:
    """What becomes of +IPD records.

    Args:
        change: Makes a record out of link number (empty in single mode), length and data.
    """

    def rewrite(data: bytes) -> bytes:
        record = _RECORD.fullmatch(data)
        return data if record is None else change(record[1] or b"", int(record[2]), record[3])

    return rewrite


def _record(number: bytes, length: int, data: bytes) -> bytes:
    return b"\r\n+IPD,%b%d:%b" % (number and number + b",", length, data)


def _of_next_link(number: bytes, length: int, data: bytes) -> bytes:
    following = b"%d" % ((int(number) + 1) % len(LINK_NUMBERS)) if number else b""
    return _record(following, length, data)


_LINK_FAULTS = (
    Fault(
        "cipstatus-never-disconnects",
        "AT+CIPSTATUS tells state 3 when the last link is over.",
        ("AT+CIPSTATUS",),
        wrap(["AT+CIPSTATUS"], Form.EXECUTE, answering(replacing(b"STATUS:4", b"STATUS:3"))),
    ),
    Fault(
        "cipstatus-mixes-up-roles",
        "AT+CIPSTATUS tells the role of the peer instead of the module's.",
        ("AT+CIPSTATUS",),
        wrap(["AT+CIPSTATUS"], Form.EXECUTE, answering(confusing(b",0\r\n", b",1\r\n"))),
    ),
    Fault(
        "cipstatus-leaves-out-local-port",
        "AT+CIPSTATUS does not tell the local port.",
        ("AT+CIPSTATUS",),
        wrap(
            ["AT+CIPSTATUS"],
            Form.EXECUTE,
            answering(replacing(rb'("TCP"|"UDP")(,"[^"]*",\d+),\d+,', rb"\1\2,")),
        ),
    ),
    Fault(
        "cipstart-refuses-link-four",
        "AT+CIPSTART refuses link number 4.",
        ("AT+CIPSTART",),
        wrap(["AT+CIPSTART"], Form.SET, mistaking(exchanging(0, {b"4": b"5"}))),
    ),
    Fault(
        "cipstart-hides-failure",
        "AT+CIPSTART answers OK although there is no link.",
        ("AT+CIPSTART",),
        wrap(["AT+CIPSTART"], Form.SET, hiding_errors()),
    ),
    Fault(
        "cipstart-doubles-keep-alive",
        "AT+CIPSTART counts the keep-alive in seconds instead of half seconds.",
        ("AT+CIPSTART",),
        asking(
            altering(
                TcpOpen,
                lambda opening: replace(opening, keep_alive_ms=2 * opening.keep_alive_ms),
            )
        ),
    ),
    Fault(
        "cipstart-ignores-local-port",
        "AT+CIPSTART registers any UDP port instead of the one asked for.",
        ("AT+CIPSTART",),
        asking(altering(UdpOpen, lambda opening: replace(opening, port=0))),
    ),
    Fault(
        "udp-mode-0-follows-sender",
        "In UDP mode 0 the remote end follows every sender.",
        ("AT+CIPSTART",),
        wrap(
            ["AT+CIPSTART"],
            Form.SET,
            mistaking(replacing(rb'("UDP","[^"]*",\d+,\d+)(?:,0)?\Z', rb"\1,2")),
        ),
    ),
    Fault(
        "udp-mode-1-changes-again",
        "In UDP mode 1 the remote end changes more than once.",
        ("AT+CIPSTART",),
        wrap(
            ["AT+CIPSTART"],
            Form.SET,
            mistaking(replacing(rb'("UDP","[^"]*",\d+,\d+),1\Z', rb"\1,2")),
        ),
    ),
    Fault(
        "closed-is-missing",
        "CLOSED does not come when a link ends.",
        ("AT+CIPSTART", "AT+CIPCLOSE", "AT+CIPSERVER", "AT+CIPSTO"),
        saying(replacing(rb"\A(?:\d,)?CLOSED\r\n\Z", b"")),
    ),
    Fault(
        "cipclose-hides-missing-link",
        "AT+CIPCLOSE answers OK for a link that is not there.",
        ("AT+CIPCLOSE",),
        together(
            wrap(["AT+CIPCLOSE"], Form.SET, hiding_errors()),
            wrap(["AT+CIPCLOSE"], Form.EXECUTE, hiding_errors()),
        ),
    ),
    Fault(
        "cipclose-5-closes-with-server",
        "AT+CIPCLOSE=5 closes all links although there is a server.",
        ("AT+CIPCLOSE",),
        wrap(["AT+CIPCLOSE"], Form.SET, pretending(lambda state: state.server, "port", value=None)),
    ),
    Fault(
        "cipmux-changes-under-links",
        "AT+CIPMUX changes the mode while there are links.",
        ("AT+CIPMUX",),
        wrap(
            ["AT+CIPMUX"],
            Form.SET,
            pretending(lambda state: state.links, "status", LinkStatus.NONE_MADE),
        ),
    ),
    Fault(
        "cifsr-mixes-up-interfaces",
        "AT+CIFSR tells the station's address for the softAP's, and the other way round.",
        ("AT+CIFSR",),
        wrap(["AT+CIFSR"], Form.EXECUTE, answering(confusing(b"APIP", b"STAIP"))),
    ),
)

_SERVER_FAULTS = (
    Fault(
        "cipserver-listens-elsewhere",
        "AT+CIPSERVER=1 without a port listens at 334.",
        ("AT+CIPSERVER",),
        wrap(["AT+CIPSERVER"], Form.SET, mistaking(replacing(rb"\A1\Z", b"1,334"))),
    ),
    Fault(
        "cipserver-works-in-single-mode",
        "AT+CIPSERVER creates a server in single-connection mode.",
        ("AT+CIPSERVER",),
        wrap(
            ["AT+CIPSERVER"],
            Form.SET,
            pretending(lambda state: state.links, "is_multiple", value=True),
        ),
    ),
    Fault(
        "cipserver-goes-on-listening",
        "AT+CIPSERVER=0 answers OK and leaves the port open.",
        ("AT+CIPSERVER",),
        asking(withholding(TcpStopListening)),
    ),
    Fault(
        "server-takes-highest-number",
        "A client of the server gets the highest free number.",
        ("AT+CIPSERVER",),
        building(LinkTable, _TopDownLinks),
    ),
    Fault(
        "server-leaves-sixth-client-waiting",
        "A sixth client of the server is neither taken in nor turned away.",
        ("AT+CIPSERVER",),
        building(LinkTable, _RudeLinks),
    ),
    Fault(
        "cipsto-is-ignored",
        "The server never dismisses a silent client.",
        ("AT+CIPSTO",),
        building(Server, _PatientServer),
    ),
    Fault(
        "cipsto-takes-half-the-time",
        "The server dismisses a silent client after half the time-out.",
        ("AT+CIPSTO",),
        building(Server, _ImpatientServer),
    ),
    Fault(
        "cipsto-concerns-own-links",
        "The server takes links that the module has opened for clients, and ends them likewise.",
        ("AT+CIPSTO", "AT+CIPSERVER"),
        building(Server, _GreedyServer),
    ),
)

_REACH_FAULTS = (
    Fault(
        "ping-tells-microseconds",
        "AT+PING tells the time in microseconds.",
        ("AT+PING",),
        hearing(
            altering(Ponged, lambda answer: replace(answer, duration_ns=1000 * answer.duration_ns))
        ),
    ),
    Fault(
        "ping-hides-failure",
        "AT+PING answers OK although nobody has.",
        ("AT+PING",),
        wrap(["AT+PING"], Form.SET, hiding_errors()),
    ),
    Fault(
        "ciupdate-skips-third-step",
        "AT+CIUPDATE does not tell step 3.",
        ("AT+CIUPDATE",),
        saying(replacing(rb"\A\+CIPUPDATE:3\r\n\Z", b"")),
    ),
    Fault(
        "ciupdate-stays-running",
        "AT+CIUPDATE answers OK and does not start the new program.",
        ("AT+CIUPDATE",),
        wrap(["AT+CIUPDATE"], Form.EXECUTE, answering_only()),
    ),
)

_RECEPTION_FAULTS = (
    Fault(
        "ipd-names-next-link",
        "+IPD names the link behind the one that the data came from.",
        ("+IPD",),
        saying(_in_records(_of_next_link)),
    ),
    Fault(
        "ipd-counts-one-too-few",
        "The length in +IPD is one less than there are bytes.",
        ("+IPD",),
        saying(_in_records(lambda number, length, data: _record(number, length - 1, data))),
    ),
    Fault(
        "ipd-drops-zero-bytes",
        "Zero bytes are missing from the data behind +IPD, and still counted.",
        ("+IPD",),
        saying(
            _in_records(
                lambda number, length, data: _record(number, length, data.replace(b"\0", b""))
            )
        ),
    ),
    Fault(
        "window-never-opens-again",
        "A TCP peer may send no more than what fits into the window once.",
        ("+IPD",),
        building(LinkTable, _StingyLinks),
    ),
)

TCP_IP_FAULTS = (*_LINK_FAULTS, *_SERVER_FAULTS, *_REACH_FAULTS, *_RECEPTION_FAULTS)
"""In the order of the document's subjects: links, the server, the rest, +IPD."""
