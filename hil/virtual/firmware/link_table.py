"""The table of the five links: it opens and closes their sockets and hears what happens to them.

A command asks it to `add`, `open`, `send` and `close`; what the network answers moves the stages of
the links (`hil.virtual.firmware.link`), on which commands wait. It prints the lines that come
unasked: CLOSED when a link that was announced ends, +IPD through `hil.virtual.firmware.reception`.

Who must know more than a `Wait` can see (the send buffer, passthrough) appends to:

- `on_acknowledged`: bytes of a TCP link were acknowledged; its counters have been moved;
- `on_end`: a link is over; its number is free again and CLOSED has been printed.

Source: section 5.2; A-42, A-47, A-68, A-77 in docs/ambiguities.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from hil.virtual.network.message import (
    Interface,
    TcpAbort,
    TcpAcknowledged,
    TcpClose,
    TcpEnded,
    TcpFailed,
    TcpOpen,
    TcpOpened,
    TcpReceived,
    TcpSend,
    UdpClose,
    UdpFailed,
    UdpOpen,
    UdpOpened,
    UdpReceived,
    UdpSend,
)

from .link import LINK_NUMBERS, Link, LinkStatus, Stage, TcpLink, UdpLink
from .reception import Reception

if TYPE_CHECKING:
    from collections.abc import Callable
    from ipaddress import IPv4Address

    from hil.virtual.network.message import TcpCame
    from hil.virtual.outside import OutsideEvent

    from .state import FirmwareState


class LinkTable:
    """The links by number; a `Service`.

    Args:
        state: Its station tells when it has lost its network.

    Attributes:
        is_multiple: Whether there may be five links instead of one (AT+CIPMUX, line 892).
        status: What has become of the links since the station got its address (A-42).
        on_acknowledged: Called with a link and the moment when the peer has confirmed bytes.
        on_end: Called with a link and the moment when it is over, opened or not.
    """

    def __init__(self, state: FirmwareState) -> None:
        self._state = state
        self._links: dict[int, Link] = {}
        self._reception = Reception(state)
        self.is_multiple = False
        self.status = LinkStatus.NONE_MADE
        self.on_acknowledged: list[Callable[[TcpLink, int], None]] = []
        self.on_end: list[Callable[[Link, int], None]] = []
        state.station.on_loss.append(partial(self.drop, Interface.STATION))

    # What commands ask -------------------------------------------------------------------------

    @property
    def links(self) -> tuple[Link, ...]:
        """All links that are not over, in the order of their numbers."""
        return tuple(self._links[number] for number in sorted(self._links))

    def numbered(self, number: int) -> Link | None:
        """The link with this number, if there is one."""
        return self._links.get(number)

    def lowest_free(self) -> int | None:
        """The lowest number without a link. Source: A-76 in docs/ambiguities."""
        return next((number for number in LINK_NUMBERS if number not in self._links), None)

    def label(self, link: Link) -> str:
        """What names a link in a line: its number and a comma, or nothing in single mode."""
        return f"{link.number}," if self.is_multiple else ""

    def add(self, link: Link) -> None:
        """Reserve a number that is free for a link."""
        self._links[link.number] = link

    def open(self, link: Link, address: IPv4Address, now_ns: int) -> None:
        """Ask the network to open a reserved link to an address; its stage tells what came of it.

        A TCP link stays OPENING for as long as nobody answers; `abort` gives up.
        """
        link.stage = Stage.OPENING
        link.address = address
        link.interface = self._interface_to(address)
        if isinstance(link, TcpLink):
            request = TcpOpen(link.socket, address, link.port, link.keep_alive_ms)
            self._state.out.transmit(request, now_ns)
        else:
            self._state.out.transmit(UdpOpen(link.socket, link.local_port), now_ns)

    def accept(self, client: TcpCame, now_ns: int) -> None:
        """Give a client of the server the lowest number and announce it; no number, no link.

        Source: line 905; A-76 in docs/ambiguities.
        """
        number = self.lowest_free()
        if number is None:
            self._state.out.transmit(TcpAbort(client.socket), now_ns)
            return
        link = TcpLink(
            number=number,
            socket=client.socket,
            port=client.port,
            address=client.address,
            interface=self._interface_to(client.address),
            is_server=True,
        )
        self.add(link)
        self._opened(link, client.local_port, now_ns)
        self.announce(link, now_ns)

    def announce(self, link: Link, now_ns: int) -> None:
        """Say CONNECT; from now on the link's end is said, too. Source: A-47."""
        link.is_announced = True
        if isinstance(link, UdpLink) and self._state.dialect.tcp_ip.udp_always_has_number:
            self._state.out.send(b"%d,CONNECT\r\n" % link.number, now_ns)
        else:
            self._say(link, "CONNECT", now_ns)

    def send(self, link: TcpLink, data: bytes, now_ns: int) -> int:
        """Send data over an open TCP link.

        Returns:
            What `TcpLink.acknowledged_bytes` reaches when the last of them has been delivered.
        """
        link.sent_bytes += len(data)
        link.active_ns = now_ns
        self._state.out.transmit(TcpSend(link.socket, data), now_ns)
        return link.sent_bytes

    def send_datagram(
        self, link: UdpLink, data: bytes, now_ns: int, to: tuple[IPv4Address, int] | None = None
    ) -> None:
        """Send a datagram over an open UDP link, to its peer or once to somebody else."""
        address, port = to or (link.address, link.port)
        self._state.out.transmit(UdpSend(link.socket, data, address, port), now_ns)

    def close(self, link: Link, now_ns: int) -> None:
        """End a link in good order."""
        if isinstance(link, TcpLink):
            self._reception.settle(link, now_ns)
            self._release(link, TcpClose(link.socket), now_ns)
        else:
            self._release(link, UdpClose(link.socket), now_ns)

    def abort(self, link: Link, now_ns: int) -> None:
        """End a link at once, or give up opening it."""
        is_tcp = isinstance(link, TcpLink)
        self._release(link, TcpAbort(link.socket) if is_tcp else UdpClose(link.socket), now_ns)

    def drop(self, interface: Interface, now_ns: int) -> None:
        """An interface has lost its network: the TCP links over it are gone.

        UDP ports stay registered; they are bound to no network. Source: the row of the WIFI lines
        in the findings about AT 0.23, "drops TCP links".
        """
        for link in self.links:
            is_under_way = link.stage in {Stage.OPENING, Stage.OPEN}
            if isinstance(link, TcpLink) and is_under_way and link.interface is interface:
                self.abort(link, now_ns)
        if interface is Interface.STATION and not self._has_open:
            self.status = LinkStatus.NONE_MADE

    def follow_mode(self, now_ns: int) -> None:
        """The Wi-Fi mode has changed; without a softAP there is nobody near it any more."""
        if not self._state.wifi_mode.has_soft_ap:
            self.drop(Interface.SOFT_AP, now_ns)

    # What happens ------------------------------------------------------------------------------

    def start(self, now_ns: int) -> None:
        """No link is there at start."""

    def next_deadline_ns(self) -> int | None:
        """When received data have left the UART."""
        return self._reception.next_deadline_ns()

    def advance(self, now_ns: int) -> None:
        """Let peers send on."""
        self._reception.advance(now_ns)

    def hear(self, event: OutsideEvent, now_ns: int) -> None:
        """Move a link on, if the event concerns one."""
        match event:
            case (
                TcpOpened(socket)
                | TcpFailed(socket)
                | TcpEnded(socket)
                | TcpAcknowledged(socket)
                | TcpReceived(socket)
                | UdpOpened(socket)
                | UdpFailed(socket)
                | UdpReceived(socket)
            ):
                link = next((each for each in self.links if each.socket == socket), None)
                if isinstance(link, TcpLink):
                    self._hear_tcp(link, event, now_ns)
                elif isinstance(link, UdpLink):
                    self._hear_udp(link, event, now_ns)

    def _hear_tcp(self, link: TcpLink, event: OutsideEvent, now_ns: int) -> None:
        match event:
            case TcpOpened(_, local_port):
                self._opened(link, local_port, now_ns)
            case TcpFailed():
                self._end(link, now_ns)
            case TcpEnded(_, is_reset):
                is_lost_client = is_reset and link.is_server
                lost_client = self._state.dialect.tcp_ip.lost_client
                self._end(link, now_ns, lost_client if is_lost_client else "CLOSED")
            case TcpAcknowledged(_, count):
                link.acknowledged_bytes += count
                for call in self.on_acknowledged:
                    call(link, now_ns)
            case TcpReceived(_, data):
                link.active_ns = now_ns
                self._reception.deliver_stream(link, self.label(link), data, now_ns)

    def _hear_udp(self, link: UdpLink, event: OutsideEvent, now_ns: int) -> None:
        match event:
            case UdpOpened(_, port):
                self._opened(link, port, now_ns)
            case UdpFailed():
                self._end(link, now_ns)
            case UdpReceived(_, data, address, port):
                link.meet(address, port)
                self._reception.deliver_datagram(self.label(link), data, now_ns)

    @property
    def _has_open(self) -> bool:
        return any(link.is_open for link in self._links.values())

    def _opened(self, link: Link, local_port: int, now_ns: int) -> None:
        link.local_port = local_port
        link.stage = Stage.OPEN
        if isinstance(link, TcpLink):
            link.active_ns = now_ns
        if isinstance(link, TcpLink) or self._state.dialect.tcp_ip.udp_is_connected:
            self.status = LinkStatus.CONNECTED

    def _release(self, link: Link, request: TcpClose | TcpAbort | UdpClose, now_ns: int) -> None:
        """Give the socket back, if there is one yet, and end the link."""
        if link.stage is not Stage.RESERVED:
            self._state.out.transmit(request, now_ns)
        self._end(link, now_ns)

    def _end(self, link: Link, now_ns: int, farewell: str = "CLOSED") -> None:
        was_open = link.is_open
        link.stage = Stage.OVER
        del self._links[link.number]
        if was_open and not self._has_open:
            self.status = LinkStatus.DISCONNECTED
        if link.is_announced:
            self._say(link, farewell, now_ns)
        for call in self.on_end:
            call(link, now_ns)

    def _say(self, link: Link, text: str, now_ns: int) -> None:
        self._state.out.send(f"{self.label(link)}{text}\r\n".encode("ascii"), now_ns)

    def _interface_to(self, address: IPv4Address) -> Interface:
        soft_ap = self._state.soft_ap
        is_near = soft_ap.is_on and soft_ap.network.holds(address)
        return Interface.SOFT_AP if is_near else Interface.STATION
