"""Links between the module and the peers of the rig, made by raw calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.at.talk import OK
from hil.ports.network_peer import receive_exactly, require_connection
from hil.units import seconds_to_ns

if TYPE_CHECKING:
    from hil.at.answer import Part
    from hil.at.talk import Talk
    from hil.ports.network_peer import NetworkPeers, TcpConnection, TcpListener

ACCEPT_TIMEOUT_S = 10.0
RECEIVE_TIMEOUT_S = 5.0


class Links:
    """The module, joined to a network, and the peers in it.

    Args:
        talk: With the module.
        network: The peers.
    """

    def __init__(self, talk: Talk, network: NetworkPeers) -> None:
        self.talk, self.network = talk, network
        self.host = network.host_address

    def deadline_ns(self, timeout_s: float) -> int:
        """The moment after so many seconds of the rig's time."""
        return self.talk.clock.now_ns() + seconds_to_ns(timeout_s)

    def start_call(self, port: int, link: int | None = None, kind: str = "TCP") -> str:
        """The AT+CIPSTART that opens a link to a port of the peers."""
        return f'AT+CIPSTART={_prefix(link)}"{kind}","{self.host}",{port}'

    def open_tcp(
        self, link: int | None = None, listener: TcpListener | None = None
    ) -> TcpConnection:
        """The peer's end of a new TCP link.

        Args:
            link: Its number, None with CIPMUX=0.
            listener: Where; a new one by default.
        """
        listener = listener or self.network.listen()
        self.talk.ok(self.start_call(listener.endpoint.port, link))
        return self.accept(listener)

    def accept(self, listener: TcpListener) -> TcpConnection:
        """The next connection that the module has made to a listener."""
        return require_connection(listener, self.talk.clock, self.deadline_ns(ACCEPT_TIMEOUT_S))

    def send(
        self, data: bytes, link: int | None = None, *outcome: Part, command: str = "CIPSEND"
    ) -> None:
        """Let the module send data, and say that it did.

        Args:
            data: What follows the prompt; its length is announced.
            link: The link, None with CIPMUX=0.
            outcome: What the answer behind the data must be, by default SEND OK.
            command: CIPSEND or one like it.
        """
        self.talk.prompt(f"AT+{command}={_prefix(link)}{len(data)}")
        self.talk.data(data).must_be(*(outcome or ("SEND OK",)))

    def receive(self, connection: TcpConnection, count: int) -> bytes:
        """So many bytes from the module, not one more.

        Raises:
            PeerError: Fewer come in time, or more.
        """
        clock = self.talk.clock
        return receive_exactly(connection, count, clock, self.deadline_ns(RECEIVE_TIMEOUT_S))

    def has_received_nothing(self, connection: TcpConnection, duration_s: float = 0.5) -> bool:
        """Whether nothing comes from the module for a while."""
        return connection.receive(self.deadline_ns(duration_s)) == b""

    def use_many(self) -> None:
        """Let the module have several links: AT+CIPMUX=1."""
        self.talk.expect("AT+CIPMUX=1", OK)


def _prefix(link: int | None) -> str:
    return "" if link is None else f"{link},"
