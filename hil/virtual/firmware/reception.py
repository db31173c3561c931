"""What comes from peers and leaves over the UART: +IPD records, or the bare data of passthrough.

A peer may go on sending TCP data only as far as what it sent before has left the UART: the network
is told of it then (`TcpTake`), so that a slow UART holds up a fast peer. UDP has no such brake;
datagrams are lost while too much waits for the UART.

Source: section 5.2, command 18 (lines 961-966); A-68 in docs/ambiguities.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from hil.units import KIB
from hil.virtual.network.message import TcpTake

if TYPE_CHECKING:
    from .link import TcpLink
    from .state import FirmwareState

SEGMENT_BYTES = 1460
"""Longest TCP record: one segment, as lwIP hands it up (A-68)."""

WAITING_BYTES = 16 * KIB
"""How much may wait for the UART when a datagram comes; more does not fit into the module."""


class _Credit(NamedTuple):
    """Bytes that the peer may send again once they have left the UART, by the line's clock."""

    line_time: int
    link: TcpLink
    size: int


class Reception:
    """Writes received data to the UART.

    Args:
        state: Whose output it writes to.
    """

    def __init__(self, state: FirmwareState) -> None:
        self._state = state
        self._credits: deque[_Credit] = deque()

    def next_deadline_ns(self) -> int | None:
        """When the next record has left the UART."""
        return self._state.out.moment_ns(self._credits[0].line_time) if self._credits else None

    def advance(self, now_ns: int) -> None:
        """Let peers send as much more as has left the UART."""
        while (left_ns := self.next_deadline_ns()) is not None and left_ns <= now_ns:
            self._grant(self._credits.popleft(), now_ns)

    def settle(self, link: TcpLink, now_ns: int) -> None:
        """A link is going to be closed: what was handed to the UART counts as taken.

        A stack that closes a connection with data that nobody took resets it.
        """
        for credit in self._credits:
            if credit.link is link:
                self._grant(credit, now_ns)
        self._credits = deque(credit for credit in self._credits if credit.link is not link)

    def deliver_stream(self, link: TcpLink, label: str, data: bytes, now_ns: int) -> None:
        """Write what came over TCP, a record for each segment."""
        for start in range(0, len(data), SEGMENT_BYTES):
            segment = data[start : start + SEGMENT_BYTES]
            self._state.out.send(self._head(label, segment) + segment, now_ns)
            self._credits.append(_Credit(self._state.out.end, link, len(segment)))

    def deliver_datagram(self, label: str, data: bytes, now_ns: int) -> None:
        """Write a datagram as one record, if there is room for it."""
        out = self._state.out
        if out.backlog_ns(now_ns) > out.line_format.duration_ns(WAITING_BYTES):
            return
        behind = b""
        if self._state.dialect.tcp_ip.ok_after_datagram and not self._is_raw:
            behind = b"\r\nOK\r\n"
        out.send(self._head(label, data) + data + behind, now_ns)

    def _grant(self, credit: _Credit, now_ns: int) -> None:
        if credit.link.is_open:
            self._state.out.transmit(TcpTake(credit.link.socket, credit.size), now_ns)

    def _head(self, label: str, data: bytes) -> bytes:
        """What stands before data. Source: lines 963-964; A-68 in docs/ambiguities."""
        return b"" if self._is_raw else f"\r\n+IPD,{label}{len(data)}:".encode("ascii")

    @property
    def _is_raw(self) -> bool:
        """Whether data come as they are: from AT+CIPMODE=1 on, as in the source of AT 0.20."""
        return self._state.transfer_mode != 0
