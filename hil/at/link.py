"""A link of the module as an object: what is sent over it, what comes, how it ends."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from hil.errors import CommandFailedError, NoReplyError
from hil.units import ns_to_seconds, seconds_to_ns

from .closing import ClosedAtExit
from .complaint import restarted
from .event import Event, NetworkData, ReasonLine, Unsolicited, UnsolicitedKind
from .tcp_sending import LONGEST_DATA_BYTES

if TYPE_CHECKING:
    from .link_opening import LinkOpening
    from .tcp_result import Protocol

RECEIVE_TIMEOUT_S = 5.0


class Link(ClosedAtExit):
    """One link, open until one side closes it; a context manager that closes it.

    `LinkOpening.tcp`, `LinkOpening.udp` and `Server.accept` make them. Data that come while
    somebody waits for something else are kept here, in their order.

    Args:
        client: Who talks to the module.
        protocol: TCP or UDP.
        link_id: Its number, or None with CIPMUX=0.
        peer: Who is at the other end, for error texts; empty for a client of the server.
    """

    def __init__(
        self, client: LinkOpening, protocol: Protocol, link_id: int | None, peer: str
    ) -> None:
        self.protocol = protocol
        self.link_id = link_id
        self._client = client
        self._name = " ".join(["the link", *([] if link_id is None else [str(link_id)])])
        self._peer = f" with {peer}" if peer else ""
        self._came: deque[NetworkData] = deque()
        self._is_open = True
        self._restart: tuple[int | None, str] | None = None

    def __repr__(self) -> str:
        state = "open" if self._is_open else "closed"
        return f"<{self.protocol.value} link {self.link_id}{self._peer}, {state}>"

    @property
    def is_open(self) -> bool:
        """Whether nobody has closed it, as far as the module said so and it was read."""
        return self._is_open

    def send(self, data: bytes, timeout_s: float | None = None) -> None:
        """Send data of any length, and wait until the peer has them.

        Args:
            data: At most 2048 bytes go at a time; a datagram has no more.
            timeout_s: For each of these pieces, as for `cipsend`.

        Raises:
            CommandFailedError: The link is closed, or the data did not arrive.
        """
        for begin in range(0, len(data), LONGEST_DATA_BYTES):
            piece = data[begin : begin + LONGEST_DATA_BYTES]
            self._client.cipsend(piece, self.link_id, timeout_s=timeout_s)

    def receive(self, timeout_s: float = RECEIVE_TIMEOUT_S) -> bytes:
        """What has come, as soon as there is at least one byte.

        Returns:
            ``b""`` if the link is closed and nothing is left.

        Raises:
            NoReplyError: Nothing came in time.
            ModuleRestartedError: The module started anew, so the link is gone.

        Blocks: until the deadline.
        """
        if not self._wait_for_data(timeout_s):
            return b""
        data = b"".join(record.data for record in self._came)
        self._came.clear()
        return data

    def receive_exactly(self, count: int, timeout_s: float = RECEIVE_TIMEOUT_S) -> bytes:
        """So many bytes; what comes beyond them is kept.

        Raises:
            NoReplyError: Fewer came in time, or before the link was closed.
            ModuleRestartedError: As for `receive`.

        Blocks: until the deadline.
        """
        started_ns = self._client.now_ns()
        deadline_ns = started_ns + seconds_to_ns(timeout_s)
        data = bytearray()
        while len(data) < count:
            remaining_s = ns_to_seconds(deadline_ns - self._client.now_ns())
            try:
                more = self.receive(remaining_s)
            except NoReplyError:
                more = b""
            if not more:
                raise self._nothing(started_ns, f"{count} bytes", f"{len(data)} bytes came")
            data += more
        if len(data) > count:
            self._came.appendleft(NetworkData(bytes(data[count:]), self.link_id))
        return bytes(data[:count])

    def close(self) -> None:
        """Close it, if nobody has; closing twice is fine."""
        try:
            if self._is_open:
                self._client.cipclose(self.link_id)
        except CommandFailedError:
            if self._is_open:  # otherwise the peer was faster
                raise
        finally:
            self._is_open = False
            self._client.drop_link(self)

    def take(self, event: Event) -> bool:
        """Take an event that is about this link; returns whether it was one."""
        if not self._is_open:
            return False
        if isinstance(event, NetworkData):
            self._came.append(event)
            return True
        if (
            isinstance(event, Unsolicited) and event.kind is UnsolicitedKind.LINK_CLOSED
        ) or isinstance(event, ReasonLine):
            self._is_open = False
            return True
        return False

    def lose(self, sign: tuple[int | None, str]) -> None:
        """The module has restarted; `sign` is the cause and what showed it."""
        self._is_open = False
        self._restart = sign

    @property
    def _what_failed(self) -> str:
        return f"{self._name} could not be closed"

    def _wait_for_data(self, timeout_s: float) -> bool:
        """Whether there are data; False if the link is closed and none are left."""
        started_ns = self._client.now_ns()
        deadline_ns = started_ns + seconds_to_ns(timeout_s)
        self._client.listen_until(lambda: bool(self._came) or not self._is_open, deadline_ns)
        if self._came:
            return True
        if self._restart is not None:
            after_s = ns_to_seconds(self._client.now_ns() - started_ns)
            place = self._client.place
            raise restarted(self._name.encode(), self._restart, after_s=after_s, place=place)
        if self._is_open:
            raise self._nothing(started_ns, "data", "none came")
        return False

    def _nothing(self, started_ns: int, expected: str, received: str) -> NoReplyError:
        return NoReplyError(
            f"receiving from {self._name}{self._peer}",
            expected=expected,
            received=received if self._is_open else f"{received} before it was closed",
            after_s=ns_to_seconds(self._client.now_ns() - started_ns),
            port=self._client.place,
            remedy="Check what the peer sends, or allow more time.",
        )


class UdpLink(Link):
    """A registered UDP port."""

    def send(
        self,
        data: bytes,
        timeout_s: float | None = None,
        *,
        remote: tuple[str, int] | None = None,
    ) -> None:
        """Send one datagram.

        Args:
            data: 1 to 2048 bytes.
            timeout_s: As for `cipsend`.
            remote: Address and port, if not those that the link was opened with (line 806).
        """
        self._client.cipsend(data, self.link_id, remote=remote, timeout_s=timeout_s)

    def receive(self, timeout_s: float = RECEIVE_TIMEOUT_S) -> bytes:
        """The next datagram; as `Link.receive`, but one for each call."""
        if not self._wait_for_data(timeout_s):
            return b""
        return self._came.popleft().data
