"""Opening links, servers and passthrough, and handing each of them what is its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.errors import MistakeError, NoReplyError, ReplyError
from hil.units import ns_to_seconds, seconds_to_ns

from .closing import ClosedAtExit
from .event import Event, Final, NetworkData, RawData, ReasonLine, Unsolicited, UnsolicitedKind
from .link import Link, UdpLink
from .passthrough import Passthrough
from .reply_end import PROMPT_ENDS
from .tcp_connection import CONNECT_TIMEOUT_S, DEFAULT_SERVER_PORT, TcpConnectionCommands
from .tcp_result import Protocol, UdpMode
from .tcp_sending import TcpSendingCommands

if TYPE_CHECKING:
    from hil.ports.byte_port import BytePort

LINK_NUMBERS = range(5)
"""Line 792."""


class LinkOpening(TcpConnectionCommands, TcpSendingCommands):
    """Links as objects, in single mode and with CIPMUX=1.

    Args:
        port: The module's UART.
    """

    def __init__(self, port: BytePort) -> None:
        super().__init__(port)
        self._links: dict[int | None, Link] = {}
        self._stream: Passthrough | None = None

    def tcp(
        self,
        host: str,
        port: int,
        link_id: int | None = None,
        *,
        keep_alive_ms: int | None = None,
        timeout_s: float = CONNECT_TIMEOUT_S,
    ) -> Link:
        """Connect to a TCP peer.

        Args:
            host: Its address or name.
            port: Its port.
            link_id: Which link to use with CIPMUX=1; the first that is free by default.
            keep_alive_ms: As for `cipstart`.
            timeout_s: How long to wait for the outcome.

        Raises:
            CommandFailedError: It did not connect.
            MistakeError: All links are in use.
        """
        number = self._choose(link_id)
        self.cipstart(
            Protocol.TCP, host, port, number, keep_alive_ms=keep_alive_ms, timeout_s=timeout_s
        )
        return self._register(Link(self, Protocol.TCP, number, f"{host}:{port}"))

    def udp(
        self,
        host: str,
        port: int,
        link_id: int | None = None,
        *,
        local_port: int | None = None,
        mode: UdpMode | None = None,
    ) -> UdpLink:
        """Register a UDP port; as `tcp`.

        Args:
            host: Where datagrams go.
            port: To which port.
            link_id: Which link to use with CIPMUX=1; the first that is free by default.
            local_port: The module's own port.
            mode: Whether the peer may change; only with `local_port`.
        """
        number = self._choose(link_id)
        self.cipstart(Protocol.UDP, host, port, number, local_port=local_port, udp_mode=mode)
        link = UdpLink(self, Protocol.UDP, number, f"{host}:{port}")
        self._register(link)
        return link

    def server(self, port: int = DEFAULT_SERVER_PORT) -> Server:
        """Create the TCP server. CIPMUX becomes 1 and stays so.

        Raises:
            CommandFailedError: The module refuses it, or CIPMUX=1, as while a link is open.
        """
        if not self.cipmux_query():
            self.cipmux(is_multiple=True)
        self.cipserver(is_on=True, port=port)
        return Server(self, port)

    def passthrough(
        self,
        host: str,
        port: int,
        protocol: Protocol = Protocol.TCP,
        *,
        local_port: int | None = None,
        timeout_s: float = CONNECT_TIMEOUT_S,
    ) -> Passthrough:
        """Connect to a peer and pass everything through; in single mode only.

        Args:
            host: Its address or name.
            port: Its port.
            protocol: TCP or UDP.
            local_port: The module's own port; UDP only.
            timeout_s: How long to wait for the connection.

        Raises:
            CommandFailedError: One of the steps is refused; normal transfer is chosen again.
        """
        self.cipmode(is_passthrough=True)
        is_connected = False
        try:
            udp_mode = None if local_port is None else UdpMode.FIXED
            self.cipstart(
                protocol,
                host,
                port,
                local_port=local_port,
                udp_mode=udp_mode,
                timeout_s=timeout_s,
            )
            is_connected = True
            self._forget_opening(None)
            return self._enter_passthrough(f"{host}:{port}")
        except ReplyError as error:
            self._undo_passthrough(error, is_connected=is_connected)
            raise

    def drop_link(self, link: Link) -> None:
        """A link has ended, and nothing is its own any more."""
        if self._links.get(link.link_id) is link:
            del self._links[link.link_id]

    def drop_stream(self) -> None:
        """Passthrough has ended."""
        self._stream = None

    def accept(self, deadline_ns: int) -> Link | None:
        """The next client of the server; None at the deadline."""
        event = self.next_event(self._is_new_client, deadline_ns)
        if not isinstance(event, Unsolicited):
            return None
        link = Link(self, Protocol.TCP, event.link_id, "")
        self._datagrams.links.discard(event.link_id)
        self._links[event.link_id] = link
        self._claim(link)
        return link

    def forget(self) -> None:
        """As `Conversation.forget`; the links are gone with the module's former life."""
        self._on_restart((None, "it was reset"))
        super().forget()

    def _choose(self, link_id: int | None) -> int | None:
        """The number for a new link; None with CIPMUX=0."""
        if link_id is not None:
            return link_id
        if not self.cipmux_query():
            return None
        used = {record.link_id for record in self.cipstatus().links}
        used |= {number for number in self._links if number is not None}
        free = [number for number in LINK_NUMBERS if number not in used]
        if not free:
            raise MistakeError("all five links are in use: close one of them first")
        return free[0]

    def _register(self, link: Link) -> Link:
        self._forget_opening(link.link_id)
        self._links[link.link_id] = link
        self._claim(link)
        return link

    def _forget_opening(self, link_id: int | None) -> None:
        """Take the line that says that a link was opened from here."""
        for event in self._inbox:
            if _opened(event) and _is_of(event, link_id):
                self._inbox.remove(event)
                return

    def _claim(self, link: Link) -> None:
        """Give a new link what came for it before it was known here."""
        for event in list(self._inbox):
            if link.is_open and _belongs(event) and _is_of(event, link.link_id):
                self._inbox.remove(event)
                link.take(event)

    def _is_new_client(self, event: Event) -> bool:
        if not isinstance(event, Unsolicited) or not _opened(event) or event.link_id is None:
            return False
        known = self._links.get(event.link_id)
        return known is None or not known.is_open

    def _is_taken(self, event: Event) -> bool:
        if isinstance(event, RawData):
            if self._stream is not None:
                self._stream.take(event)
            return True
        if not self._links or not _belongs(event):
            return False
        link_id = _link_id(event)
        link = self._links.get(link_id)
        if link is None and link_id == 0:  # 0.23 numbers UDP links in single mode, too
            link = self._links.get(None)
        return link is not None and link.take(event)

    def _on_restart(self, sign: tuple[int | None, str]) -> None:
        for link in self._links.values():
            link.lose(sign)
        self._links.clear()

    def _enter_passthrough(self, peer: str) -> Passthrough:
        stream = Passthrough(self, peer)
        self._stream = stream
        self._reader.expect_transparency()
        started_ns = self._clock.now_ns()
        deadline_ns = self._deadline_ns(started_ns, None)
        reply = self._exchange_when_free(b"AT+CIPSEND", started_ns, deadline_ns, PROMPT_ENDS)
        if reply.final is not Final.PROMPT:
            raise self._failed(reply, started_ns, expected="the prompt '>'")
        return stream

    def _undo_passthrough(self, error: ReplyError, *, is_connected: bool) -> None:
        """Come back from half of the way; what goes wrong here is noted, not raised."""
        self._stream = None
        self._reader.set_transparent(is_on=False)
        try:
            if is_connected:
                self.leave_passthrough()
                self.cipclose()
            self.cipmode(is_passthrough=False)
        except ReplyError as failure:
            error.add_note(f"normal transfer could not be chosen again: {failure}")


class Server(ClosedAtExit):
    """The module's TCP server; a context manager that deletes it.

    Args:
        client: Who talks to the module.
        port: At which it listens.
    """

    def __init__(self, client: LinkOpening, port: int) -> None:
        self.port = port
        self._client = client
        self._links: list[Link] = []
        self._is_on = True

    def accept(self, timeout_s: float = CONNECT_TIMEOUT_S) -> Link:
        """The next client that connects, or has connected.

        Raises:
            NoReplyError: None did in time.

        Blocks: until the deadline.
        """
        started_ns = self._client.now_ns()
        link = self._client.accept(started_ns + seconds_to_ns(timeout_s))
        if link is None:
            raise NoReplyError(
                f"accepting a client at port {self.port}",
                expected="a line '<link ID>,CONNECT'",
                received="none came",
                after_s=ns_to_seconds(self._client.now_ns() - started_ns),
                port=self._client.place,
                remedy="Check that the client dials the module's address and this port.",
            )
        self._links.append(link)
        return link

    def close(self) -> None:
        """Close the links that were accepted, and delete the server; twice is fine."""
        if not self._is_on:
            return
        self._is_on = False
        for link in self._links:
            link.close()
        self._client.cipserver(is_on=False)

    @property
    def _what_failed(self) -> str:
        return "the server could not be deleted"


def _opened(event: Event) -> bool:
    return isinstance(event, Unsolicited) and event.kind is UnsolicitedKind.LINK_OPENED


def _belongs(event: Event) -> bool:
    """Whether an event is about data or the end of some link."""
    if isinstance(event, Unsolicited):
        return event.kind is UnsolicitedKind.LINK_CLOSED
    if isinstance(event, ReasonLine):
        return event.link_id is not None
    return isinstance(event, NetworkData)


def _is_of(event: Event, link_id: int | None) -> bool:
    """Whether an event is about the link of this number; 0 may be said in single mode (A-50)."""
    number = _link_id(event)
    return number == link_id or (link_id is None and number == 0)


def _link_id(event: Event) -> int | None:
    """The number of the link that an event is about."""
    return event.link_id if isinstance(event, NetworkData | Unsolicited | ReasonLine) else None
