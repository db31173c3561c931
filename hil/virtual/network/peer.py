"""What a program at a host does with a connection: one class for each behaviour.

Two behaviours need no class: a port at which nobody listens *refuses*, and a port among
`Node.ignored_ports` is *silent*. A *delayed acknowledgement* is a setting of `Host.listen`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipaddress import IPv4Address

    from hil.virtual.agenda import Agenda

    from .tcp import TcpEnd

BUFFER_BYTES = 16 * 1024
"""How much a program hands to its network stack ahead of what goes out."""

PATTERN = bytes(range(256))
"""What a source sends, again and again."""


class Peer:
    """Takes what comes, sends nothing, and ends when the other side ends: a sink.

    Attributes:
        end: Its end of the connection, as soon as that stands.
        received_bytes: How much has come.
    """

    def __init__(self) -> None:
        self.end: TcpEnd | None = None
        self.received_bytes = 0

    def opened(self, end: TcpEnd, now_ns: int) -> None:
        """The connection stands."""
        del now_ns
        self.end = end

    def refused(self, end: TcpEnd, now_ns: int) -> None:
        """It does not come about."""

    def received(self, end: TcpEnd, data: bytes, now_ns: int) -> None:
        """Bytes have come."""
        self.received_bytes += len(data)
        end.take(len(data), now_ns)

    def acknowledged(self, end: TcpEnd, count: int, now_ns: int) -> None:
        """So many more of the bytes sent have arrived."""

    def ended(self, end: TcpEnd, now_ns: int, *, is_reset: bool) -> None:
        """The other end will send nothing more, or (a reset) the connection is gone."""
        if not is_reset:
            end.finish(now_ns)


Sink = Peer
"""Discards what comes, and counts it."""


class Echo(Peer):
    """Sends back what comes; reads on only while its own words get away."""

    def __init__(self) -> None:
        super().__init__()
        self._held = bytearray()
        self._has_heard_all = False

    def received(self, end: TcpEnd, data: bytes, now_ns: int) -> None:
        """Send it back, or hold it."""
        self.received_bytes += len(data)
        self._held += data
        self._pass_on(end, now_ns)

    def acknowledged(self, end: TcpEnd, count: int, now_ns: int) -> None:
        """There may be room for what is held."""
        del count
        self._pass_on(end, now_ns)

    def ended(self, end: TcpEnd, now_ns: int, *, is_reset: bool) -> None:
        """End as soon as nothing is held any more."""
        self._has_heard_all = not is_reset
        self._pass_on(end, now_ns)

    def _pass_on(self, end: TcpEnd, now_ns: int) -> None:
        while self._held and (room := BUFFER_BYTES - end.queued_bytes) > 0 and not end.is_gone:
            data = bytes(self._held[:room])
            del self._held[:room]
            end.send(data, now_ns)
            end.take(len(data), now_ns)
        if self._has_heard_all and not self._held:
            end.finish(now_ns)


class Source(Peer):
    """Sends a pattern as fast as the window of the other end allows.

    Args:
        total_bytes: How much, before it ends the connection; None goes on for ever.
        pattern: What, again and again.

    Attributes:
        acknowledged_bytes: How much has arrived.
    """

    def __init__(self, total_bytes: int | None = None, pattern: bytes = PATTERN) -> None:
        super().__init__()
        self.acknowledged_bytes = 0
        self._left = total_bytes
        self._pattern = pattern * (BUFFER_BYTES // len(pattern) + 2)
        self._period = len(pattern)
        self._offset = 0

    def opened(self, end: TcpEnd, now_ns: int) -> None:
        """Begin."""
        super().opened(end, now_ns)
        self._fill(end, now_ns)

    def acknowledged(self, end: TcpEnd, count: int, now_ns: int) -> None:
        """Go on."""
        self.acknowledged_bytes += count
        self._fill(end, now_ns)

    def _fill(self, end: TcpEnd, now_ns: int) -> None:
        count = BUFFER_BYTES - end.queued_bytes
        if self._left is not None:
            count = min(count, self._left)
            self._left -= count
        if count > 0:
            end.send(self._pattern[self._offset : self._offset + count], now_ns)
            self._offset = (self._offset + count) % self._period
        if self._left == 0:
            end.finish(now_ns)


class SlowReader(Peer):
    """Takes a few bytes at a time, so that its window closes.

    Args:
        agenda: Of its network.
        bite_bytes: How many bytes it takes at once.
        interval_ns: How long it waits before each bite.
    """

    def __init__(self, agenda: Agenda, bite_bytes: int, interval_ns: int) -> None:
        super().__init__()
        self._agenda = agenda
        self._bite_bytes, self._interval_ns = bite_bytes, interval_ns
        self._held_bytes = 0
        self._has_heard_all = False

    def received(self, end: TcpEnd, data: bytes, now_ns: int) -> None:
        """Wait before taking it."""
        self.received_bytes += len(data)
        if not self._held_bytes:
            self._wait(end, now_ns)
        self._held_bytes += len(data)

    def ended(self, end: TcpEnd, now_ns: int, *, is_reset: bool) -> None:
        """End when all is taken."""
        self._has_heard_all = not is_reset
        self._end_if_done(end, now_ns)

    def _wait(self, end: TcpEnd, now_ns: int) -> None:
        self._agenda.plan(now_ns + self._interval_ns, lambda at_ns: self._bite(end, at_ns))

    def _bite(self, end: TcpEnd, now_ns: int) -> None:
        count = min(self._bite_bytes, self._held_bytes)
        self._held_bytes -= count
        end.take(count, now_ns)
        if self._held_bytes:
            self._wait(end, now_ns)
        self._end_if_done(end, now_ns)

    def _end_if_done(self, end: TcpEnd, now_ns: int) -> None:
        if self._has_heard_all and not self._held_bytes:
            end.finish(now_ns)


class Resetting(Peer):
    """Resets the connection.

    Args:
        after_bytes: As soon as so many bytes have come; 0 as soon as it stands.
    """

    def __init__(self, after_bytes: int = 0) -> None:
        super().__init__()
        self._left = after_bytes

    def opened(self, end: TcpEnd, now_ns: int) -> None:
        """Reset, if nothing is waited for."""
        super().opened(end, now_ns)
        if self._left <= 0:
            end.abort(now_ns)

    def received(self, end: TcpEnd, data: bytes, now_ns: int) -> None:
        """Reset, if that was enough."""
        super().received(end, data, now_ns)
        self._left -= len(data)
        if self._left <= 0:
            end.abort(now_ns)


class Script:
    """Does nothing by itself: whoever holds it looks at what came and uses `end`.

    Attributes:
        end: Its end of the connection, as soon as that stands.
        unread: What has come and was not read.
        is_refused: Whether the connection did not come about.
        has_ended: Whether the other end will send nothing more.
        is_reset: Whether the connection broke off.
    """

    def __init__(self) -> None:
        self.end: TcpEnd | None = None
        self.unread = bytearray()
        self.is_refused = self.has_ended = self.is_reset = False

    def opened(self, end: TcpEnd, now_ns: int) -> None:
        """The connection stands."""
        del now_ns
        self.end = end

    def refused(self, end: TcpEnd, now_ns: int) -> None:
        """It does not come about."""
        del end, now_ns
        self.is_refused = True

    def received(self, end: TcpEnd, data: bytes, now_ns: int) -> None:
        """Keep it; the window closes meanwhile."""
        del end, now_ns
        self.unread += data

    def acknowledged(self, end: TcpEnd, count: int, now_ns: int) -> None:
        """The end counts for itself."""

    def ended(self, end: TcpEnd, now_ns: int, *, is_reset: bool) -> None:
        """Keep in mind."""
        del end, now_ns
        self.has_ended = not is_reset
        self.is_reset = is_reset

    def read(self, count: int, now_ns: int) -> bytes:
        """Up to `count` of the bytes that have come; as many more may come."""
        data = bytes(self.unread[:count])
        del self.unread[:count]
        if self.end is not None and not self.end.is_gone:
            self.end.take(len(data), now_ns)
        return data


class Mailbox:
    """Keeps the datagrams that come to a UDP port.

    Attributes:
        datagrams: What came, with the address and port of who sent it.
    """

    def __init__(self) -> None:
        self.datagrams: list[tuple[bytes, IPv4Address, int]] = []

    def received(self, data: bytes, address: IPv4Address, port: int, now_ns: int) -> None:
        """One datagram has come."""
        del now_ns
        self.datagrams.append((data, address, port))
