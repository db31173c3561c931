"""Links between the module and the peers of the rig, made by raw calls."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import pytest

from hil.at.event import Unsolicited, UnsolicitedKind
from hil.at.talk import OK
from hil.errors import PeerError
from hil.ports.network_peer import Endpoint, receive_exactly, require_connection
from hil.spec.spelling import spelling
from hil.units import seconds_to_ns

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hil.at.answer import Part
    from hil.at.event import Event
    from hil.at.talk import Talk
    from hil.ports.network_peer import Ending, NetworkPeers, TcpConnection, TcpListener

ACCEPT_TIMEOUT_S = 10.0
RECEIVE_TIMEOUT_S = 5.0
_TOLD_S = 1.0
NEVER_S = 0.3
"""How long is waited for what must not come: many times what it would take."""

SILENT_ADDRESS = "192.0.2.1"
"""Nobody answers there: addresses for documentation are routed nowhere. Source: RFC 5737."""

SENT = spelling("sent")
_STATE = re.compile(r"STATUS:(\d)")
_RECORD = re.compile(r'\+CIPSTATUS:([0-4]),"(TCP|UDP)","([0-9.]+)",(\d+)(?:,(\d+))?,([01])')


class LinkRecord(NamedTuple):
    """What AT+CIPSTATUS tells of a link. Source: lines 775-776; A-42.

    Args:
        number: 0 to 4.
        kind: ``TCP`` or ``UDP``.
        address: The peer's.
        port: The peer's.
        local_port: The module's; None if it is left out.
        role: 0 if the module is the client, 1 if it is the server.
    """

    number: int
    kind: str
    address: str
    port: int
    local_port: int | None
    role: int


class LinkStatus(NamedTuple):
    """What AT+CIPSTATUS answers."""

    state: int
    records: tuple[LinkRecord, ...]

    @property
    def numbers(self) -> list[int]:
        """Those of the open links, in the order of the records."""
        return [record.number for record in self.records]


class Links:
    """The module, joined to a network, and the peers in it.

    Args:
        talk: With the module.
        network: The peers.
    """

    def __init__(self, talk: Talk, network: NetworkPeers) -> None:
        self.talk, self.network = talk, network
        self.host = network.host_address
        self._told: list[str] = []

    def deadline_ns(self, timeout_s: float) -> int:
        """The moment after so many seconds of the rig's time."""
        return self.talk.clock.now_ns() + seconds_to_ns(timeout_s)

    @property
    def host_name(self) -> str:
        """A name that leads to the peers; the test is skipped if the rig has none."""
        for name, address in self.network.names.items():
            if address == self.host:
                return name
        pytest.skip("no name in the rig's network leads to the peers")

    @property
    def module_address(self) -> str:
        """The module's address in the network, asked from it."""
        answer = self.talk.say("AT+CIFSR")
        match = re.search(r"(\d+\.){3}\d+", "\n".join(answer.lines))
        assert match is not None, f"no address in {answer.shown}"
        return match[0]

    # Links that the module opens ----------------------------------------------------------------

    def start_call(self, port: int, link: int | None = None, kind: str = "TCP", *more: int) -> str:
        """The AT+CIPSTART that opens a link to a port of the peers.

        Args:
            port: The port.
            link: Its number, None with CIPMUX=0.
            kind: TCP or UDP.
            more: What stands behind the port: the keep-alive, or local port and UDP mode.
        """
        behind = "".join(f",{value}" for value in more)
        return f'AT+CIPSTART={_prefix(link)}"{kind}","{self.host}",{port}{behind}'

    def open_tcp(
        self, link: int | None = None, listener: TcpListener | None = None, *more: int
    ) -> TcpConnection:
        """The peer's end of a new TCP link.

        Args:
            link: Its number, None with CIPMUX=0.
            listener: Where; a new one by default.
            more: The keep-alive.
        """
        listener = listener or self.network.listen()
        self.talk.ok(self.start_call(listener.endpoint.port, link, "TCP", *more))
        return self.accept(listener)

    def accept(self, listener: TcpListener) -> TcpConnection:
        """The next connection that the module has made to a listener."""
        return require_connection(listener, self.talk.clock, self.deadline_ns(ACCEPT_TIMEOUT_S))

    def is_left_alone(self, listener: TcpListener) -> bool:
        """Whether the module does not connect to a listener."""
        return listener.accept(self.deadline_ns(NEVER_S)) is None

    def use_many(self) -> None:
        """Let the module have several links: AT+CIPMUX=1."""
        self.talk.expect("AT+CIPMUX=1", OK)

    # Links that peers open ----------------------------------------------------------------------

    def serve(self, port: int) -> None:
        """Let the module have several links, and a server."""
        self.use_many()
        self.talk.ok(f"AT+CIPSERVER=1,{port}")

    def dial(self, port: int, address: str | None = None) -> TcpConnection:
        """The peer's end of a connection to the module's server, when the module knows of it.

        Args:
            port: Of the server.
            address: Of the module; by default the one in the network.

        Raises:
            PeerError: The module does not let it connect.
        """
        target = Endpoint(address or self.module_address, port)
        self._told += self._take_told()
        connection = self.network.dial(target, self.deadline_ns(ACCEPT_TIMEOUT_S))
        self._hear_told()
        return connection

    def turns_away(self, port: int, address: str | None = None) -> bool:
        """Whether nobody can connect to a port of the module, by default in the network."""
        target = Endpoint(address or self.module_address, port)
        try:
            self.network.dial(target, self.deadline_ns(ACCEPT_TIMEOUT_S)).close()
        except PeerError:
            return True
        return False

    # What the module tells of links -------------------------------------------------------------

    def status(self) -> LinkStatus:
        """What AT+CIPSTATUS answers, with or without local ports: its wording is not judged."""
        answer = self.talk.say("AT+CIPSTATUS")
        count = sum(line.startswith("+CIPSTATUS:") for line in answer.lines)
        match = answer.must_be(_STATE, *(_RECORD,) * count, OK)
        state, *fields = (text or "" for text in match.groups)
        size = len(LinkRecord._fields)
        rows = (fields[start : start + size] for start in range(0, len(fields), size))
        return LinkStatus(int(state), tuple(map(_record, rows)))

    def number_of(self, connection: TcpConnection) -> int:
        """The number of the link at whose other end a connection is."""
        port = connection.local.port
        records = self.status().records
        numbers = [record.number for record in records if record.port == port]
        assert len(numbers) == 1, f"no link, or several, with the remote port {port}: {records}"
        return numbers[0]

    def tells(self, *lines: str) -> bool:
        """Whether these are the lines CONNECT and CLOSED that came and were not asked for so far.

        Their order does not matter. Firmware that says nothing of its links counts as well, but not
        on a virtual module that follows the document (A-47).
        """
        told = [*self._told, *self._take_told()]
        self._told.clear()
        return sorted(told) == sorted(lines) or not (told or self.talk.is_strict)

    def tells_soon(self, line: str) -> bool:
        """Whether this line comes, or came as the only one; else as `tells`."""
        if not self._told:
            self._hear_told()
        return self.tells(line)

    def end_by(self, end: Callable[[], None]) -> None:
        """Let a peer end its connection, and wait until the module has said so.

        Args:
            end: How: `TcpConnection.close` or `reset`.
        """
        self._told += self._take_told()
        end()
        self._hear_told()

    def _hear_told(self) -> None:
        """Wait for the next line CONNECT or CLOSED; firmware that says none costs a second."""
        told = self.talk.at.next_event(_is_of_link, self.deadline_ns(_TOLD_S))
        if isinstance(told, Unsolicited):
            self._told.append(told.text)

    def _take_told(self) -> list[str]:
        events = self.talk.at.take_kept(_is_of_link)
        return [event.text for event in events if isinstance(event, Unsolicited)]

    # What goes over links -----------------------------------------------------------------------

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
        match = self.talk.data(data).must_be(*(outcome or (SENT,)))
        self.talk.spellings |= match.seen

    def receive(self, connection: TcpConnection, count: int) -> bytes:
        """So many bytes from the module, not one more.

        Raises:
            PeerError: Fewer come in time, or more.
        """
        clock = self.talk.clock
        return receive_exactly(connection, count, clock, self.deadline_ns(RECEIVE_TIMEOUT_S))

    def end_of(self, connection: TcpConnection, timeout_s: float) -> Ending | None:
        """How a connection has ended, or ends in time; None if it does not, or data come."""
        connection.receive(self.deadline_ns(timeout_s))
        return connection.ending

    def goes_both_ways(self, connection: TcpConnection, link: int | None = None) -> bool:
        """Whether data of the module reach the peer over a link, and the other way round."""
        self.send(b"to the peer", link)
        is_sent = self.receive(connection, 11) == b"to the peer"
        connection.send(b"to the module", self.deadline_ns(RECEIVE_TIMEOUT_S))
        return is_sent and self.talk.received_bytes(13, link=link) == b"to the module"

    def serves(self, client: TcpConnection) -> bool:
        """Whether data go both ways between the module and a client of its server."""
        return self.goes_both_ways(client, self.number_of(client))

    def leave_passthrough(self) -> None:
        """Come back to commands: ``+++`` with pauses around it (A-52)."""
        self.talk.hear(0.1)
        self.talk.raw(b"+++")
        self.talk.hear(1.0)

    def has_received_nothing(self, connection: TcpConnection, duration_s: float = 0.5) -> bool:
        """Whether nothing comes from the module for a while."""
        return connection.receive(self.deadline_ns(duration_s)) == b""


def _is_of_link(event: Event) -> bool:
    kinds = {UnsolicitedKind.LINK_OPENED, UnsolicitedKind.LINK_CLOSED}
    return isinstance(event, Unsolicited) and event.kind in kinds


def _record(fields: Sequence[str]) -> LinkRecord:
    number, kind, address, port, local_port, role = fields
    known_port = int(local_port) if local_port else None
    return LinkRecord(int(number), kind, address, int(port), known_port, int(role))


def _prefix(link: int | None) -> str:
    return "" if link is None else f"{link},"
