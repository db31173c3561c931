"""Passthrough: the UART and a peer, without commands between (lines 807-808, 915).

The way out is ``+++`` in a packet of its own (A-52): nothing is sent for longer than the 20 ms that
end a packet, then the three bytes, then nothing for a second. Whether the module is out is asked
with AT; as long as it is not, that goes to the peer as data.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from hil.errors import NoReplyError, ReplyError
from hil.units import ns_to_seconds, seconds_to_ns

from .closing import ClosedAtExit
from .link import RECEIVE_TIMEOUT_S

if TYPE_CHECKING:
    from .event import RawData
    from .link_opening import LinkOpening


class Passthrough(ClosedAtExit):
    """A module in passthrough; a context manager that always comes back out of it.

    `LinkOpening.passthrough` makes them. No command can be sent meanwhile.

    Args:
        client: Who talks to the module.
        peer: Who is at the other end, for error texts.
    """

    def __init__(self, client: LinkOpening, peer: str) -> None:
        self._client = client
        self._peer = peer
        self._came = bytearray()
        self._is_on = True
        self._sent_ns = client.now_ns()

    def send(self, data: bytes) -> None:
        """Send bytes, without waiting for anything.

        A pause of 20 ms, or 2048 bytes, end a packet. Three bytes ``+++`` with pauses around them
        would end passthrough.
        """
        self._client.port.send(data)
        begin_ns = max(self._client.now_ns(), self._sent_ns)
        self._sent_ns = begin_ns + self._client.line_time_ns(len(data))

    def receive(self, timeout_s: float = RECEIVE_TIMEOUT_S) -> bytes:
        """What has come, as soon as there is at least one byte.

        Raises:
            NoReplyError: Nothing came in time.

        Blocks: until the deadline.
        """
        started_ns = self._client.now_ns()
        deadline_ns = started_ns + seconds_to_ns(timeout_s)
        if not self._client.listen_until(lambda: bool(self._came), deadline_ns):
            raise self._nothing(started_ns, "data", "none came")
        return self.take_all()

    def receive_exactly(self, count: int, timeout_s: float = RECEIVE_TIMEOUT_S) -> bytes:
        """So many bytes; what comes beyond them is kept.

        Raises:
            NoReplyError: Fewer came in time.

        Blocks: until the deadline.
        """
        started_ns = self._client.now_ns()
        deadline_ns = started_ns + seconds_to_ns(timeout_s)
        if not self._client.listen_until(lambda: len(self._came) >= count, deadline_ns):
            raise self._nothing(started_ns, f"{count} bytes", f"{len(self._came)} bytes came")
        data = bytes(self._came[:count])
        del self._came[:count]
        return data

    def take_all(self) -> bytes:
        """What has come and was not received; also after `close`."""
        data = bytes(self._came)
        self._came.clear()
        return data

    def close(self) -> None:
        """Come back to commands, close the link and choose normal transfer; twice is fine.

        Raises:
            NoReplyError: The module does not come back; `resynchronise` may help.
        """
        if not self._is_on:
            return
        self._is_on = False
        try:
            self._client.listen_until(lambda: False, self._sent_ns)
            self._client.leave_passthrough()
        finally:
            self._client.drop_stream()
        # What the peer sends comes raw until its link is closed, and may hide the answer to that;
        # or the peer has closed it before.
        with contextlib.suppress(ReplyError):
            self._client.cipclose()
        self._client.resynchronise()
        self._client.cipmode(is_passthrough=False)

    def take(self, event: RawData) -> None:
        """Take bytes that have come."""
        self._came += event.data

    @property
    def _what_failed(self) -> str:
        return "passthrough could not be left"

    def _nothing(self, started_ns: int, expected: str, received: str) -> NoReplyError:
        return NoReplyError(
            f"receiving from passthrough with {self._peer}",
            expected=expected,
            received=received,
            after_s=ns_to_seconds(self._client.now_ns() - started_ns),
            port=self._client.place,
            remedy="Check what the peer sends, or allow more time.",
        )
