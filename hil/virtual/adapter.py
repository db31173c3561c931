"""The virtual USB-to-serial adapter: the host's side of the wire, with DTR and RTS.

A host sets a line format, writes, reads what has arrived so far, and switches two modem lines. The
adapter knows in arithmetic when each byte on the wire will have arrived, so a reader can ask when
there will be enough instead of polling.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from .uart import Burst, LineFormat, receive_as

if TYPE_CHECKING:
    from .transmitter import LineCut


class SerialAdapter:
    """The host's end of one UART.

    Args:
        line_format: What the host's side is set to at first.
    """

    def __init__(self, line_format: LineFormat | None = None) -> None:
        self._format = line_format or LineFormat()
        self._incoming: deque[tuple[Burst, Burst]] = deque()  # as sent, as heard
        self._received = bytearray()
        self._transmit_free_ns = 0

    @property
    def line_format(self) -> LineFormat:
        """The present setting of the host's side."""
        return self._format

    def set_format(self, line_format: LineFormat, now_ns: int) -> None:
        """Set the host's side; bytes that have not ended yet are heard in the new format."""
        if line_format == self._format:
            return
        self._settle(now_ns)
        self._format = line_format
        self._incoming = deque((sent, self._hear(sent)) for sent, _ in self._incoming)

    def write(self, data: bytes, now_ns: int) -> Burst:
        """Put bytes on the wire behind those before; returns them with their place in time."""
        burst = Burst(max(now_ns, self._transmit_free_ns), data, self._format)
        self._transmit_free_ns = burst.end_ns()
        return burst

    def transmit_end_ns(self) -> int:
        """When the last byte written has left."""
        return self._transmit_free_ns

    def accept(self, burst: Burst) -> None:
        """The chip put bytes on the wire; they may lie in the future."""
        self._incoming.append((burst, self._hear(burst)))

    def cut(self, cut: LineCut) -> None:
        """The chip stopped in the middle; bytes that would end later never arrive."""
        self._settle(cut.at_ns)
        self._incoming.clear()

    def available(self, now_ns: int) -> int:
        """How many bytes have arrived and were not read."""
        self._settle(now_ns)
        return len(self._received)

    def arrival_ns(self, count: int) -> int | None:
        """When `count` unread bytes will be there; None if not that many are on the wire."""
        missing = count - len(self._received)
        if missing <= 0:
            return 0
        for _, heard in self._incoming:
            if missing <= len(heard.data):
                return heard.end_ns(missing)
            missing -= len(heard.data)
        return None

    def run_end_ns(self) -> int:
        """When the bytes that follow each other on the wire without a gap will have arrived.

        In the past if nothing is on the wire.
        """
        end_ns = 0
        for _, heard in self._incoming:
            if end_ns and heard.start_ns > end_ns:
                break
            end_ns = heard.end_ns()
        return end_ns

    def read(self, count: int, now_ns: int) -> bytes:
        """Up to `count` of the bytes that have arrived."""
        self._settle(now_ns)
        data = bytes(self._received[:count])
        del self._received[:count]
        return data

    def discard_input(self, now_ns: int) -> None:
        """Forget what has arrived; what is on the wire still comes."""
        self._settle(now_ns)
        self._received.clear()

    def _hear(self, burst: Burst) -> Burst:
        if burst.format == self._format:
            return burst
        data = receive_as(burst, self._format)
        if len(data) == len(burst.data):
            return Burst(burst.start_ns, data, burst.format)
        return Burst(burst.start_ns, data, self._format)

    def _settle(self, now_ns: int) -> None:
        incoming = self._incoming
        while incoming:
            sent, heard = incoming[0]
            count = heard.ended_by(now_ns)
            if count == len(heard.data):
                self._received += heard.data
                incoming.popleft()
                continue
            if count:
                done, rest = heard.split(count)
                self._received += done.data
                rest_sent = sent.split(sent.ended_by(now_ns))[1] if sent is not heard else rest
                incoming[0] = (rest_sent, rest)
            return
