"""Plays chip, access point and network for the commands of section 5."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import TYPE_CHECKING, TypeVar

from hil.units import NS_PER_MS, NS_PER_S
from hil.virtual.address import Ipv4Config
from hil.virtual.air.message import Joined, Leased, Security, Sighting
from hil.virtual.firmware.dialect import DOCUMENTED, ESPRESSIF_0_23, Dialect
from hil.virtual.network.message import (
    TcpCame,
    TcpListen,
    TcpOpen,
    TcpOpened,
    UdpOpen,
    UdpOpened,
)

from .chip_player import ChipPlayer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hil.virtual.firmware.fault import Fault
    from hil.virtual.firmware.state import FirmwareState
    from hil.virtual.flash import NorFlash

Request = TypeVar("Request")

PEER = IPv4Address("192.168.1.20")
OTHER = IPv4Address("192.168.1.21")
NEAR = IPv4Address("192.168.4.2")
"""A station of the module's own access point."""

LEASE = Ipv4Config(
    IPv4Address("192.168.1.7"), IPv4Address("192.168.1.1"), IPv4Address("255.255.255.0")
)
AP = Sighting(b"net", b"\x10\x20\x30\x40\x50\x60", 6, -50, Security.OPEN)
DIALECTS = (DOCUMENTED, ESPRESSIF_0_23)


class LinkPlayer(ChipPlayer):
    """A chip whose firmware has started, with the echo off."""

    def __init__(
        self,
        dialect: Dialect = DOCUMENTED,
        flash: NorFlash | None = None,
        faults: Sequence[Fault] = (),
    ) -> None:
        super().__init__(dialect, flash, faults=faults)
        self.settle()
        self.ask(b"ATE0")
        self.now_ns += NS_PER_S

    @property
    def state(self) -> FirmwareState:
        """What the firmware holds."""
        return self.firmware._state

    def order(self, line: bytes) -> bytes:
        """Send a command line with its end; returns what comes within 2 ms."""
        self.take_sent()
        self.send(line + b"\r\n")
        self.wait(2 * NS_PER_MS)
        return self.take_sent()

    def wait(self, duration_ns: int) -> None:
        """Let time pass."""
        self.advance(self.now_ns + duration_ns)

    def request(self, kind: type[Request]) -> Request:
        """The only request of a kind since the last call of this or `take_requests`."""
        (asked,) = [each for each in self.take_requests() if isinstance(each, kind)]
        return asked

    def join(self) -> None:
        """Let the station join an open network and get an address."""
        self.send(b'AT+CWMODE_CUR=3\r\nAT+CWJAP_CUR="net",""\r\n')
        self.hear(Joined(AP))
        self.hear(Leased(LEASE))
        self.wait(4 * NS_PER_S)
        assert self.take_sent().endswith(b"\r\nOK\r\n")
        self.take_requests()

    def start_tcp(self, link: int | None = None, *, address: IPv4Address = PEER) -> int:
        """Open a TCP link; returns its socket."""
        number = b"" if link is None else b"%d," % link
        self.send(b'AT+CIPSTART=%s"TCP","%s",80\r\n' % (number, str(address).encode()))
        opening = self.request(TcpOpen)
        self.hear(TcpOpened(opening.socket, 4097))
        assert self.take_sent().endswith(number + b"CONNECT\r\n\r\nOK\r\n")
        return opening.socket

    def start_udp(self, link: int | None = None, *, tail: bytes = b"") -> int:
        """Register a UDP port; returns its socket."""
        number = b"" if link is None else b"%d," % link
        self.send(b'AT+CIPSTART=%s"UDP","192.168.1.20",2000%s\r\n' % (number, tail))
        opening = self.request(UdpOpen)
        self.hear(UdpOpened(opening.socket, opening.port or 4097))
        assert self.take_sent().endswith(number + b"CONNECT\r\n\r\nOK\r\n")
        return opening.socket

    def serve(self, port: int = 333) -> None:
        """Switch to multiple connections and create a server."""
        self.order(b"AT+CIPMUX=1")
        assert self.order(b"AT+CIPSERVER=1,%d" % port) == b"\r\nOK\r\n"
        assert self.request(TcpListen) == TcpListen(port)

    def let_come(self, socket: int, *, port: int = 333, address: IPv4Address = PEER) -> bytes:
        """A client comes to the server; returns what the firmware says."""
        self.take_sent()
        self.hear(TcpCame(socket, port, address, 50000))
        return self.take_sent()


def joined_player(dialect: Dialect = DOCUMENTED) -> LinkPlayer:
    """A player whose station has joined and has an address."""
    player = LinkPlayer(dialect)
    player.join()
    return player
