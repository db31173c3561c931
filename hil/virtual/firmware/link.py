"""One of the module's five links, as the commands and the services see it.

A link goes through these stages, and never back::

    RESERVED ──LinkTable.open──► OPENING ──TcpOpened, UdpOpened──► OPEN ──► OVER
        │                           │                                        ▲
        └── name not found          └── failed, given up, interface lost ────┘

Whoever holds a link keeps the object, not its number: the number may belong to another link by the
time something comes back. `LinkTable` (`hil.virtual.firmware.link_table`) moves the stages.

What others build on a link:

- *Sending with acknowledgement.* `TcpLink.sent_bytes` and `acknowledged_bytes` count from the start
  of the link. What `LinkTable.send` returns is the count at which its data have been delivered, so
  a segment is a number and such a count, however many are in flight:
  it is delivered once ``link.acknowledged_bytes >= end``.
- *A link without a command.* Only a link that was announced by a CONNECT line is told off by a
  CLOSED line (`is_announced`); one that the firmware opens by itself comes and goes in silence.
- *Own sockets.* Whoever needs a socket beside the links takes its number from `state.sockets` and
  hears its events as a `Service`; the links ignore sockets that are not theirs.

Source: section 5.2, commands 1 to 3 (lines 774-808).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum, auto
from typing import TYPE_CHECKING

from hil.virtual.address import NO_ADDRESS
from hil.virtual.network.message import Interface

if TYPE_CHECKING:
    from ipaddress import IPv4Address

LINK_NUMBERS = range(5)
"""Source: line 776, ``ID of the connection (0~4)``."""

SINGLE_LINK = 0
"""The number of the only link of single-connection mode. Source: CIPSTATUS, line 776."""


class Stage(Enum):
    """How far a link is."""

    RESERVED = auto()
    """Its number is taken; the address of its peer is not known yet."""
    OPENING = auto()
    OPEN = auto()
    OVER = auto()


class LinkStatus(IntEnum):
    """What has become of the links so far; the values are those of AT+CIPSTATUS (line 776)."""

    NONE_MADE = 2
    CONNECTED = 3
    DISCONNECTED = 4


@dataclass(slots=True, eq=False, kw_only=True)
class Link:
    """What links of both types have.

    Args:
        number: 0 to 4.
        socket: What the network calls it.
        port: The peer's port, 1 to 65535.
        address: The peer's address; none while the link is only reserved.
        local_port: The module's own port; 0 until it is known.
        interface: Which of the module's interfaces it goes over.
        stage: How far it is.
        is_announced: Whether it was told of by a CONNECT line.
    """

    number: int
    socket: int
    port: int
    address: IPv4Address = NO_ADDRESS
    local_port: int = 0
    interface: Interface = Interface.STATION
    stage: Stage = Stage.RESERVED
    is_announced: bool = False

    @property
    def is_open(self) -> bool:
        """Whether data can be sent."""
        return self.stage is Stage.OPEN


@dataclass(slots=True, eq=False, kw_only=True)
class TcpLink(Link):
    """A TCP connection.

    Args:
        keep_alive_ms: After how much silence a probe is sent; 0 never (line 792; A-48).
        is_server: Whether the peer came to the module's server.
        sent_bytes: How many bytes were handed to the network.
        acknowledged_bytes: How many of them the peer has confirmed.
        active_ns: When data last went in either direction.
    """

    keep_alive_ms: int = 0
    is_server: bool = False
    sent_bytes: int = 0
    acknowledged_bytes: int = 0
    active_ns: int = 0


@dataclass(slots=True, eq=False, kw_only=True)
class UdpLink(Link):
    """A registered UDP port and whom it sends to.

    Args:
        mode: Whether the peer may change: 0 never, 1 once, 2 with every datagram (line 792).
    """

    mode: int = 0

    def meet(self, address: IPv4Address, port: int) -> None:
        """A datagram came from there: send there from now on, if the mode lets the peer change.

        Source: line 792; A-49 in docs/ambiguities: mode 1 waits for the first different sender.
        """
        if self.mode == 0 or (address, port) == (self.address, self.port):
            return
        self.address, self.port = address, port
        if self.mode == 1:
            self.mode = 0
