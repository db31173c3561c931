"""Connections, addresses and settings: commands 1, 2 and 9 to 17 of section 5, typed."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from hil.errors import CommandArgumentError, ModuleRestartedError
from hil.units import ns_to_seconds, seconds_to_ns

from .command import format_execute, format_query, format_set, format_test
from .event import ProgressLine
from .parameter import Address, Choice, Switch, Text, WholeNumber
from .recovery import Recovery
from .tcp_result import (
    Protocol,
    UdpMode,
    UpdateOutcome,
    parse_local_addresses,
    parse_ping_ms,
    parse_status,
)

if TYPE_CHECKING:
    from .parameter import Parameter
    from .reply import Reply
    from .tcp_result import ConnectionStatus, LocalAddresses

ALL_LINKS = 5
"""What AT+CIPCLOSE takes for all of them (line 871)."""

DEFAULT_SERVER_PORT = 333
"""Line 904."""

CONNECT_TIMEOUT_S = 20.0
"""The document has none; 18 s of connecting and 7 s of looking up a name were chosen (A-77)."""

PING_TIMEOUT_S = 10.0
UPDATE_TIMEOUT_S = 180.0

KEEP_ALIVE_UNIT_MS = 500
"""Line 792, A-48."""

LINK_ID = WholeNumber("link ID", 0, 4)
_PORT = WholeNumber("remote port", 1, 65535)
_LOCAL_PORT = WholeNumber("UDP local port", 1, 65535)
_UDP_MODE = WholeNumber("UDP mode", 0, 2)
_KEEP_ALIVE = WholeNumber("TCP keep alive", 0, 7200)
_HOST = Text("remote IP", 1, 64)

CIPCLOSE = (WholeNumber("link ID", 0, ALL_LINKS),)
CIPMUX = (Switch("mode"),)
CIPMODE = (Switch("mode"),)
CIPSERVER = (Switch("mode"), WholeNumber("port", 1, 65535))
CIPSTO = (WholeNumber("time", 0, 7200),)
PING = (Text("IP", 1, 64),)


class _TypeName:
    """``"TCP"`` or ``"UDP"``, quoted."""

    name = "type"

    def code(self, command: str, value: object) -> str:
        """The type in quotes."""
        try:
            return f'"{Protocol(value).value}"'
        except ValueError:
            raise CommandArgumentError(
                command, self.name, allowed="TCP or UDP", given=value
            ) from None


_TYPE: Parameter = _TypeName()
SAVETRANSLINK = (Choice("mode", {1: 1}), Address("IP"), WholeNumber("port", 1, 65535), _TYPE)


class TcpConnectionCommands(Recovery):
    """Links and what belongs to them; each method is named as its command.

    `hil.at.link_opening` has links as objects.
    """

    def cipstatus(self) -> ConnectionStatus:
        """The state and the links. Source: 5.2 #1, lines 774-776; A-42."""
        reply = self.execute(format_execute("CIPSTATUS"))
        status = parse_status(reply)
        if status is None:
            raise self._unexpected(reply, "a line 'STATUS:...' and records '+CIPSTATUS:...'")
        return status

    def cipstart(
        self,
        protocol: Protocol,
        host: str,
        port: int,
        link_id: int | None = None,
        *,
        local_port: int | None = None,
        udp_mode: UdpMode | None = None,
        keep_alive_ms: int | None = None,
        timeout_s: float = CONNECT_TIMEOUT_S,
    ) -> Reply:
        """Connect over TCP, or register a UDP port. Source: 5.2 #2, lines 789-792.

        Args:
            protocol: TCP or UDP.
            host: The peer's address, or its name.
            port: Its port, 1 to 65535; a bare number (A-45).
            link_id: 0 to 4 with CIPMUX=1; None with CIPMUX=0.
            local_port: The module's port; UDP only.
            udp_mode: Whether the peer may change; only with `local_port`.
            keep_alive_ms: Interval of TCP keep-alive in steps of 500 ms, up to 3,600,000; 0
                switches it off. TCP only.
            timeout_s: How long to wait for the outcome.

        Raises:
            CommandFailedError: It did not connect; the lines may tell why.
        """
        line = _format_start(protocol, host, port, link_id, local_port, udp_mode, keep_alive_ms)
        if protocol is Protocol.UDP:
            self._datagrams.links.add(link_id)
        else:
            self._datagrams.links.discard(link_id)
        return self.execute(line, timeout_s)

    def cipstart_test(self) -> tuple[str, ...]:
        """The parameters as the module tells them. Source: 5.2 #2, lines 786-787; A-43."""
        return self.execute(format_test("CIPSTART")).values("CIPSTART")

    def cipclose(self, link_id: int | None = None) -> Reply:
        """Close a link. Source: 5.2 #9, lines 869-873; A-57, A-58.

        Args:
            link_id: 0 to 4, or 5 for all, with CIPMUX=1; None with CIPMUX=0.
        """
        if link_id is None:
            return self.execute(format_execute("CIPCLOSE"))
        return self.execute(format_set("CIPCLOSE", CIPCLOSE, link_id))

    def cipclose_test(self) -> Reply:
        """Ask whether the command is there. Source: 5.2 #9, line 867."""
        return self.execute(format_test("CIPCLOSE"))

    def cifsr(self) -> LocalAddresses:
        """The module's own addresses. Source: 5.2 #10, lines 882-884; A-59."""
        reply = self.execute(format_execute("CIFSR"))
        addresses = parse_local_addresses(reply)
        if addresses is None:
            raise self._unexpected(reply, "IP addresses in lines '+CIFSR:...'")
        return addresses

    def cifsr_test(self) -> Reply:
        """Ask whether the command is there. Source: 5.2 #10, line 880."""
        return self.execute(format_test("CIFSR"))

    def cipmux(self, *, is_multiple: bool) -> Reply:
        """Allow several links, or one. Source: 5.2 #11, lines 893-896; A-60.

        Only without links, passthrough and server.
        """
        return self.execute(format_set("CIPMUX", CIPMUX, is_multiple))

    def cipmux_query(self) -> bool:
        """Whether there may be several links. Source: 5.2 #11, lines 890-892."""
        return self._number(self.execute(format_query("CIPMUX")), "CIPMUX", range(2)) == 1

    def cipserver(self, *, is_on: bool, port: int | None = None) -> Reply:
        """Create the TCP server, or delete it. Source: 5.2 #12, lines 902-905; A-76.

        Args:
            is_on: Create or delete.
            port: 1 to 65535; 333 if it is left out.
        """
        return self.execute(format_set("CIPSERVER", CIPSERVER, is_on, port))

    def cipmode(self, *, is_passthrough: bool) -> Reply:
        """Choose between normal transfer and passthrough. Source: 5.2 #13, line 916; A-62.

        Set it before the link is opened: the document refuses it afterwards.
        """
        return self.execute(format_set("CIPMODE", CIPMODE, is_passthrough))

    def cipmode_query(self) -> bool:
        """Whether passthrough is chosen. Source: 5.2 #13, lines 913-915."""
        return self._number(self.execute(format_query("CIPMODE")), "CIPMODE", range(2)) == 1

    def savetranslink(self, address: str, port: int, protocol: Protocol = Protocol.TCP) -> Reply:
        """Store a link with which passthrough begins at every start. Source: 5.2 #14, line 925.

        Args:
            address: The peer's IP address, no name (A-64).
            port: 1 to 65535.
            protocol: TCP or UDP.

        Effects: from the next start on the module takes no commands until ``+++``; one write to
        the user parameter area of the flash.
        """
        return self.execute(format_set("SAVETRANSLINK", SAVETRANSLINK, 1, address, port, protocol))

    def savetranslink_cancel(self) -> Reply:
        """Begin with commands at the next start again. Source: 5.2 #14, line 927; A-64.

        Effects: one write to the user parameter area of the flash.
        """
        return self.execute(b"AT+SAVETRANSLINK=0")

    def cipsto(self, time_s: int) -> Reply:
        """Set after how much silence the server drops a client. Source: 5.2 #15, line 939; A-65.

        Args:
            time_s: 0 to 7200; 0 never drops any.

        Raises:
            CommandFailedError: Also because there is no server.
        """
        return self.execute(format_set("CIPSTO", CIPSTO, time_s))

    def cipsto_query(self) -> int:
        """The time in seconds after which the server drops a client. Source: 5.2 #15, line 936."""
        return self._number(self.execute(format_query("CIPSTO")), "CIPSTO", range(28_801))

    def ciupdate(self, timeout_s: float = UPDATE_TIMEOUT_S) -> UpdateOutcome:
        """Fetch the other program from the update server and start it.

        Source: 5.2 #16, lines 947-950; A-66.

        Raises:
            CommandFailedError: The update failed; what runs stays as it is.

        Effects: one of the two programs in the flash is written; the module restarts.
        """
        deadline_ns = self._clock.now_ns() + seconds_to_ns(timeout_s)
        steps: tuple[int, ...] = ()
        with contextlib.suppress(ModuleRestartedError):  # some firmware loses its OK on the way
            reply = self.execute(format_execute("CIUPDATE"), timeout_s)
            steps = tuple([each.step for each in reply.events if isinstance(each, ProgressLine)])
        remaining_s = ns_to_seconds(deadline_ns - self._clock.now_ns())
        return UpdateOutcome(steps, self.wait_ready(remaining_s))

    def ping(self, host: str, timeout_s: float = PING_TIMEOUT_S) -> int:
        """The time in ms that a ping takes. Source: 5.2 #17, lines 955-958; A-67.

        Args:
            host: An address or a name.
            timeout_s: How long to wait for the outcome.

        Raises:
            CommandFailedError: No answer came.
        """
        reply = self.execute(format_set("PING", PING, host), timeout_s)
        time_ms = parse_ping_ms(reply)
        if time_ms is None:
            raise self._unexpected(reply, "a line '+<time>'")
        return time_ms


def _format_start(
    protocol: Protocol,
    host: str,
    port: int,
    link_id: int | None,
    local_port: int | None,
    udp_mode: UdpMode | None,
    keep_alive_ms: int | None,
) -> bytes:
    """The line of AT+CIPSTART; what belongs to the other protocol is refused."""
    parameters: list[Parameter] = [_TYPE, _HOST, _PORT]
    values: list[object] = [protocol, host, port]
    if link_id is not None:
        parameters.insert(0, LINK_ID)
        values.insert(0, link_id)
    if protocol == Protocol.UDP:
        _require_absent("TCP keep alive", keep_alive_ms, "left out for UDP")
        parameters += [_LOCAL_PORT, _UDP_MODE]
        values += [local_port, udp_mode]
    else:
        _require_absent("UDP local port", local_port, "left out for TCP")
        _require_absent("UDP mode", udp_mode, "left out for TCP")
        parameters.append(_KEEP_ALIVE)
        values.append(_keep_alive_units(keep_alive_ms))
    return format_set("CIPSTART", tuple(parameters), *values)


def _require_absent(name: str, value: object, allowed: str) -> None:
    if value is not None:
        raise CommandArgumentError("AT+CIPSTART", name, allowed=allowed, given=value)


def _keep_alive_units(keep_alive_ms: int | None) -> int | None:
    if keep_alive_ms is None:
        return None
    units, rest = divmod(keep_alive_ms, KEEP_ALIVE_UNIT_MS)
    if rest or not _KEEP_ALIVE.lowest <= units <= _KEEP_ALIVE.highest:
        allowed = "0 to 3600000 ms in steps of 500"
        raise CommandArgumentError(
            "AT+CIPSTART", _KEEP_ALIVE.name, allowed=allowed, given=keep_alive_ms
        )
    return units
