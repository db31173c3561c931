"""Passthrough: what comes from the UART goes to the peer, without commands.

Packets (`hil.virtual.firmware.packet`) go to the peer as long as they fit into the TCP send buffer
beside what the peer has not confirmed; a datagram always does. What does not fit waits where the
next packet is gathered. When that is full too, no byte is taken from the UART any more, so that RTS
stops the sender, or bytes are lost if it is not enabled.

Passthrough outlasts its link. When a TCP link ends it is opened again, every `RETRY_NS`, until
``+++`` comes; the stored link that passthrough begins with at power-on is opened in the same way as
soon as the station has its address. While there is no link what comes is thrown away: nobody could
tell ``+++`` from data in a buffer that is full.

The link is not announced meanwhile: it comes and goes in silence, and only who leaves without one
is told CLOSED. Received data are raw because CIPMODE is 1 (`hil.virtual.firmware.reception`).

Source: lines 807-808, 915, 927; A-52, A-53, A-62, A-64 in docs/ambiguities. That both kinds of
passthrough reopen their link, how often, and what is said at the end: the library of AT 0.23.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hil.units import NS_PER_MS, NS_PER_S

from .link import SINGLE_LINK, Link, TcpLink, UdpLink
from .packet import PacketCutter
from .send_buffer import BUFFER_BYTES
from .settings import PassthroughLink

if TYPE_CHECKING:
    from ipaddress import IPv4Address

    from hil.virtual.outside import OutsideEvent
    from hil.virtual.uart import Burst

    from .command import Job
    from .state import FirmwareState

RETRY_NS = 100 * NS_PER_MS
"""From the loss of a link, or an attempt in vain, to the next attempt."""

ATTEMPT_LIMIT_NS = 18 * NS_PER_S
"""How long an attempt to open the link lasts at most, as with AT+CIPSTART (A-77)."""

PASSTHROUGH = 1
"""The transfer mode. Source: line 915."""


class _Peer(NamedTuple):
    """Whom the link leads to, whenever it is opened."""

    target: PassthroughLink
    keep_alive_ms: int = 0


class Passthrough:
    """Carries bytes from the UART to one peer while it is on; a `Service`.

    Args:
        state: Its input is taken while passthrough is on.
    """

    def __init__(self, state: FirmwareState) -> None:
        self._state = state
        self._cutter = PacketCutter(0)
        self._peer: _Peer | None = None
        self._link: Link | None = None
        self._due_ns: int | None = None
        state.links.on_acknowledged.append(self._send_on)
        state.links.on_end.append(self._lose)

    def begin(self, link: Link) -> None:
        """Take bytes for a link that is open. Source: lines 807-808."""
        target = PassthroughLink(isinstance(link, UdpLink), link.address, link.port)
        link.is_announced = False
        self._link = link
        if isinstance(link, TcpLink):
            self._switch_on(_Peer(target, link.keep_alive_ms))
        else:
            self._switch_on(_Peer(target))

    # What the UART brings ------------------------------------------------------------------------

    @property
    def free_bytes(self) -> int:
        """How many bytes can be taken."""
        return self._cutter.free_bytes

    def take(self, burst: Burst) -> None:
        """Take bytes, not more than are free."""
        self._cutter.take(burst)
        self._send(burst.end_ns())

    def pause_end_ns(self) -> int | None:
        """When a pause ends the packet."""
        return self._cutter.pause_end_ns()

    def pause(self, now_ns: int) -> None:
        """The line has been idle until that moment."""
        if self._cutter.pause():
            self._leave(now_ns)
        else:
            self._send(now_ns)

    # What happens --------------------------------------------------------------------------------

    def start(self, now_ns: int) -> None:
        """Begin with the stored link, if there is one and an access point to join.

        Source: line 927; A-64 in docs/ambiguities.
        """
        del now_ns
        store = self._state.store
        if store.user.passthrough is not None and store.system.network is not None:
            self._state.transfer_mode = PASSTHROUGH
            self._switch_on(_Peer(store.user.passthrough))

    def next_deadline_ns(self) -> int | None:
        """When to try again to open the link, or to give an attempt up."""
        is_open = self._link is not None and self._link.is_open
        return None if is_open else self._due_ns

    def advance(self, now_ns: int) -> None:
        """Try again, or give up."""
        if self._link is None:
            self._open(now_ns)
        else:
            self._state.links.abort(self._link, now_ns)

    def hear(self, event: OutsideEvent, now_ns: int) -> None:
        """The peer may be within reach now."""
        del event
        if self._link is None and self._due_ns is None:
            self._open(now_ns)

    # Inside --------------------------------------------------------------------------------------

    def _switch_on(self, peer: _Peer) -> None:
        self._peer = peer
        self._cutter = PacketCutter(self._state.dialect.tcp_ip.passthrough_packet_bytes)
        self._state.input = PassthroughInput(self)

    def _leave(self, now_ns: int) -> None:
        """Go back to commands; an open link stays, and is one like others from now on."""
        link, self._link = self._link, None
        self._peer = None
        self._due_ns = None
        self._state.input = None
        if link is not None and link.is_open:
            self._hand_over(link, self._cutter.waiting, now_ns)
            link.is_announced = True
            return
        if link is not None:
            self._state.links.abort(link, now_ns)
        self._state.out.send(b"CLOSED\r\n", now_ns)

    def _open(self, now_ns: int) -> None:
        """Begin to open the link, if the peer is within reach."""
        self._due_ns = None
        if self._peer is None or not self._is_in_reach(self._peer.target.address):
            return
        self._link = self._new_link(self._peer)
        self._state.links.add(self._link)
        self._state.links.open(self._link, self._peer.target.address, now_ns)
        self._due_ns = now_ns + ATTEMPT_LIMIT_NS

    def _is_in_reach(self, address: IPv4Address) -> bool:
        soft_ap = self._state.soft_ap
        return self._state.station.has_ip or (soft_ap.is_on and soft_ap.network.holds(address))

    def _new_link(self, peer: _Peer) -> Link:
        socket = next(self._state.sockets)
        if peer.target.is_udp:
            return UdpLink(number=SINGLE_LINK, socket=socket, port=peer.target.port)
        return TcpLink(
            number=SINGLE_LINK,
            socket=socket,
            port=peer.target.port,
            keep_alive_ms=peer.keep_alive_ms,
        )

    def _lose(self, link: Link, now_ns: int) -> None:
        """A link is over; what waited for it is lost."""
        if link is self._link:
            self._link = None
            self._cutter.forget_waiting(now_ns)
            self._due_ns = now_ns + RETRY_NS

    def _send_on(self, link: Link, now_ns: int) -> None:
        """The peer has confirmed something."""
        if link is self._link:
            self._send(now_ns)

    def _send(self, now_ns: int) -> None:
        """Send what waits, if it fits into the send buffer; throw it away if there is no link."""
        waiting, link = self._cutter.waiting, self._link
        if not waiting:
            return
        if link is not None and link.is_open:
            if isinstance(link, TcpLink) and _unconfirmed(link) + len(waiting) > BUFFER_BYTES:
                return
            self._hand_over(link, waiting, now_ns)
        self._cutter.forget_waiting(now_ns)

    def _hand_over(self, link: Link, data: bytes, now_ns: int) -> None:
        if not data:
            return
        if isinstance(link, TcpLink):
            self._state.links.send(link, data, now_ns)
        elif isinstance(link, UdpLink):
            self._state.links.send_datagram(link, data, now_ns)


class PassthroughInput:
    """The `Input` of passthrough.

    Args:
        passthrough: Where the bytes go.
    """

    def __init__(self, passthrough: Passthrough) -> None:
        self._passthrough = passthrough

    def echo(self, data: bytes) -> bytes:
        """Nothing is echoed in passthrough."""
        del data
        return b""

    @property
    def is_full(self) -> bool:
        """Whether neither the send buffer nor the packet has room."""
        return not self._passthrough.free_bytes

    def wanted(self, burst: Burst) -> int:
        """As many as there is room for."""
        return max(1, min(len(burst.data), self._passthrough.free_bytes))

    def take(self, burst: Burst) -> Job | None:
        """Hand bytes on; nothing has to be run for them."""
        self._passthrough.take(burst)
        return None

    def next_deadline_ns(self) -> int | None:
        """When a pause ends the packet."""
        return self._passthrough.pause_end_ns()

    def advance(self, now_ns: int) -> Job | None:
        """End the packet."""
        self._passthrough.pause(now_ns)
        return None


def _unconfirmed(link: TcpLink) -> int:
    return link.sent_bytes - link.acknowledged_bytes
