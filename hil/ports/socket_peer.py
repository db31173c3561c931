"""Network peers on sockets of this computer."""

from __future__ import annotations

import errno
import os
import selectors
import socket
import struct
import sys
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from hil.errors import NeedMissingError, PeerError
from hil.units import NS_PER_S, format_duration

from .network_peer import (
    NETWORK_REMEDY,
    WINDOW_BYTES,
    Datagram,
    Ending,
    Endpoint,
    require_address,
)
from .socket_service import SocketService

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .clock import Clock
    from .network_peer import Behaviour

_RECEIVE_BYTES = 64 * 1024
_BACKLOG = 16

# Source: struct tcp_info in <linux/tcp.h>, Linux 4.6 and later.
_SEGMENTS_IN = struct.Struct("=140xI8xI")  # tcpi_segs_in and tcpi_data_segs_in

_TAKEN = "Choose another port; 0 picks a free one"
_REMEDIES = {
    errno.EADDRINUSE: _TAKEN,
    errno.EACCES: "Ports below 1024 need rights on most systems; choose another one",
    errno.EADDRNOTAVAIL: "`host_address` in the rig file must be an address of this computer",
    errno.ECONNREFUSED: "Check that the module's server runs and which port it has",
}


class SocketConnection:
    """A `TcpConnection` on a socket.

    Args:
        connection: The socket, connected.
        clock: The rig's clock; deadlines are on it.
        rig: The rig's name, for error texts.
    """

    def __init__(self, connection: socket.socket, clock: Clock, rig: str) -> None:
        connection.settimeout(0)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.local = Endpoint(*connection.getsockname()[:2])
        self.remote = Endpoint(*connection.getpeername()[:2])
        self._socket, self._clock, self._rig = connection, clock, rig
        self._ending: Ending | None = None

    @property
    def ending(self) -> Ending | None:
        """How it has ended; None while something is still to be received, or may come."""
        if self._ending is None:
            self._read(lambda: self._socket.recv(1, socket.MSG_PEEK))
        return self._ending

    @property
    def bare_segments(self) -> int:
        """How many segments without data have come, as the kernel counts them."""
        if not sys.platform.startswith("linux"):
            raise NeedMissingError(
                "bare-segments", self._rig, "only Linux counts the segments of a connection"
            )
        raw = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _SEGMENTS_IN.size)
        segments, with_data = _SEGMENTS_IN.unpack(raw)
        return int(segments - with_data)

    def send(self, data: bytes, deadline_ns: int) -> None:
        """Send bytes; returns when the kernel has taken all of them."""
        begin_ns = self._clock.now_ns()
        rest = memoryview(data)
        try:
            while rest:
                try:
                    rest = rest[self._socket.send(rest) :]
                except BlockingIOError:
                    if not wait_for(self._socket, self._clock, deadline_ns, is_for_output=True):
                        waited = format_duration(self._clock.now_ns() - begin_ns)
                        reason = f"only {len(data) - len(rest)} were taken within {waited}"
                        raise self._failed(len(data), reason) from None
        except OSError as error:
            raise self._failed(len(data), _reason_of(error)) from error

    def _failed(self, count: int, reason: str) -> PeerError:
        return PeerError(
            str(self.remote),
            attempted=f"send {count} bytes to",
            reason=reason,
            remedy="Check that the module reads and that the connection stands",
        )

    def receive(self, deadline_ns: int) -> bytes:
        """What has come, as soon as there is at least one byte."""
        while self._ending is None:
            data = self._read(lambda: self._socket.recv(_RECEIVE_BYTES))
            if data:
                return data
            if data is None and not wait_for(self._socket, self._clock, deadline_ns):
                break
        return b""

    def _read(self, read: Callable[[], bytes]) -> bytes | None:
        """What a read gives, None if nothing is there; keeps in mind how the connection ended."""
        try:
            data = read()
        except BlockingIOError:
            return None
        except OSError:
            self._ending = Ending.RESET
            return b""
        if not data:
            self._ending = Ending.FINISHED
        return data

    def finish(self) -> None:
        """Send nothing more."""
        with suppress(OSError):  # it may have ended meanwhile
            self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def reset(self) -> None:
        """Break the connection off."""
        with suppress(OSError):  # closed already
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()


class SocketListener:
    """A `TcpListener` on a socket.

    Args:
        listener: A socket that listens.
        peers: Whose it is; they close what it accepts.
    """

    def __init__(self, listener: socket.socket, peers: SocketPeers) -> None:
        self.endpoint = Endpoint(*listener.getsockname()[:2])
        self._socket, self._peers = listener, peers

    def accept(self, deadline_ns: int) -> SocketConnection | None:
        """The next connection; None at the deadline."""
        while True:
            try:
                return self._peers.hold(self._socket.accept()[0])
            except BlockingIOError:
                if not wait_for(self._socket, self._peers.clock, deadline_ns):
                    return None
            except OSError as error:
                raise PeerError(
                    str(self.endpoint),
                    attempted="accept a connection at",
                    reason=_reason_of(error),
                    remedy="Open the listener again",
                ) from error

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


class SocketUdpPeer:
    """A `UdpPeer` on a socket."""

    def __init__(self, peer: socket.socket, clock: Clock) -> None:
        self.endpoint = Endpoint(*peer.getsockname()[:2])
        self._socket, self._clock = peer, clock

    def send(self, data: bytes, target: Endpoint) -> None:
        """Send one datagram."""
        attempted = f"send a datagram of {len(data)} bytes to"
        require_address(target, attempted)
        try:
            self._socket.sendto(data, (target.address, target.port))
        except OSError as error:
            raise PeerError(
                str(target),
                attempted=attempted,
                reason=_reason_of(error),
                remedy=NETWORK_REMEDY,
            ) from error

    def receive(self, deadline_ns: int) -> Datagram | None:
        """The next datagram; None at the deadline."""
        while True:
            try:
                data, source = self._socket.recvfrom(_RECEIVE_BYTES)
                return Datagram(data, Endpoint(*source))
            except BlockingIOError:
                if not wait_for(self._socket, self._clock, deadline_ns):
                    return None
            except OSError as error:
                raise PeerError(
                    str(self.endpoint),
                    attempted="receive a datagram at",
                    reason=_reason_of(error),
                    remedy="Open the port again",
                ) from error

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


class SocketPeers:
    """`NetworkPeers` on this computer.

    Args:
        clock: The rig's clock.
        host_address: This computer's address in the module's network.
        names: Names that the module's name server knows.
        rig: The rig's name, for error texts.
    """

    def __init__(self, clock: Clock, host_address: str, names: Mapping[str, str], rig: str) -> None:
        self.clock = clock
        self.host_address = host_address
        self.names = names
        self._rig = rig
        self._open = ExitStack()

    def listen(
        self,
        port: int = 0,
        *,
        window_bytes: int = WINDOW_BYTES,
        acknowledgement_delay_s: float = 0.0,
    ) -> SocketListener:
        """Wait for connections at a port; 0 picks a free one."""
        if acknowledgement_delay_s:
            raise NeedMissingError(
                "slow-acknowledgement",
                self._rig,
                "the kernel acknowledges by itself; a virtual rig can delay it",
            )
        listener = SocketListener(self._listen(port, window_bytes), self)
        self._open.callback(listener.close)
        return listener

    def serve(self, behaviour: Behaviour, port: int = 0) -> SocketService:
        """Serve connections to a port by themselves; 0 picks a free one."""
        service = SocketService(self._listen(port, WINDOW_BYTES), behaviour)
        self._open.callback(service.close)
        return service

    def dial(self, target: Endpoint, deadline_ns: int) -> SocketConnection:
        """Connect to the module's server."""
        require_address(target, "connect to")
        timeout_s = max(0.001, (deadline_ns - self.clock.now_ns()) / NS_PER_S)
        try:
            dialled = socket.create_connection((target.address, target.port), timeout_s)
        except TimeoutError:
            raise PeerError(
                str(target),
                attempted="connect to",
                reason=f"nobody answered within {timeout_s:.3g} s",
                remedy=NETWORK_REMEDY,
            ) from None
        except OSError as error:
            raise _port_error(target, "connect to", error) from error
        return self.hold(dialled)

    def hold(self, connected: socket.socket) -> SocketConnection:
        """A connection that is closed with the others."""
        connection = SocketConnection(connected, self.clock, self._rig)
        self._open.callback(connection.close)
        return connection

    def open_udp(self, port: int = 0) -> SocketUdpPeer:
        """Open a UDP port; 0 picks a free one."""
        peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._bind(peer, port, "open UDP port")
        opened = SocketUdpPeer(peer, self.clock)
        self._open.callback(opened.close)
        return opened

    def set_path(self, *, is_open: bool) -> None:
        """A computer cannot cut the way to a module unnoticed."""
        del is_open
        raise NeedMissingError(
            "path-cut", self._rig, "nothing between this computer and the module can be switched"
        )

    def set_delay(self, delay_s: float) -> None:
        """A computer cannot slow the way to a module down."""
        del delay_s
        raise NeedMissingError(
            "path-delay", self._rig, "nothing between this computer and the module can be slowed"
        )

    def set_name(self, name: str, address: str | None) -> None:
        """A computer does not change what another name server says."""
        del name, address
        raise NeedMissingError(
            "name-control", self._rig, "the name server of its network takes no orders"
        )

    @property
    def lookups(self) -> Sequence[str]:
        """Modules ask the name server of their network."""
        raise NeedMissingError(
            "name-log", self._rig, "the name server of its network does not tell who asks for what"
        )

    def close(self) -> None:
        """Close all that was opened."""
        self._open.close()

    def _listen(self, port: int, window_bytes: int) -> socket.socket:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if window_bytes != WINDOW_BYTES:  # connections inherit it
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window_bytes)
        self._bind(listener, port, "listen at")
        listener.listen(_BACKLOG)
        return listener

    def _bind(self, unbound: socket.socket, port: int, attempted: str) -> None:
        unbound.settimeout(0)
        try:
            unbound.bind((self.host_address, port))
        except (OSError, OverflowError) as error:
            unbound.close()
            raise _port_error(Endpoint(self.host_address, port), attempted, error) from error


def wait_for(
    waiting: socket.socket, clock: Clock, deadline_ns: int, *, is_for_output: bool = False
) -> bool:
    """Wait until a socket is ready; False at the deadline."""
    remaining_s = max(0.0, (deadline_ns - clock.now_ns()) / NS_PER_S)
    with selectors.DefaultSelector() as selector:
        selector.register(waiting, selectors.EVENT_WRITE if is_for_output else selectors.EVENT_READ)
        return bool(selector.select(remaining_s))


def _port_error(place: Endpoint, attempted: str, error: OSError | OverflowError) -> PeerError:
    number = error.errno if isinstance(error, OSError) else None
    return PeerError(
        str(place),
        attempted=attempted,
        reason=_reason_of(error),
        remedy=_REMEDIES.get(number or 0, NETWORK_REMEDY),
    )


def _reason_of(error: OSError | OverflowError) -> str:
    number = error.errno if isinstance(error, OSError) else None
    return os.strerror(number) if number else str(error)
