"""Sending: commands 3 to 8 of section 5, typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.errors import CommandArgumentError, CommandFailedError
from hil.units import NS_PER_MS

from .command import format_execute, format_set, format_test
from .event import TakenLine
from .parameter import Text, WholeNumber
from .recovery import Recovery
from .tcp_connection import LINK_ID
from .tcp_result import parse_buffer_status, parse_segment_status, parse_ticket

if TYPE_CHECKING:
    from .parameter import Parameter
    from .reply import Reply
    from .tcp_result import BufferStatus, SegmentTicket

LONGEST_DATA_BYTES = 2048
"""Lines 806, 823, 833."""

LENGTH = WholeNumber("length", 1, LONGEST_DATA_BYTES)
_REMOTE = (Text("remote IP", 1, 64), WholeNumber("remote port", 1, 65535))
_SEGMENT = WholeNumber("segment ID", 1, 0xFFFF_FFFF)

END_OF_DATA = b"\\0"
"""What ends the data of AT+CIPSENDEX: a backslash and a zero, two characters (line 822, A-54)."""

_HANDING_OVER_NS = 10 * NS_PER_MS
"""A module that is handing a segment over takes what comes for surplus, and says busy (A-55)."""

_CHECK_NAMES = ("CIPCHECKSEG", "CIPCHECKSEQ")
"""The document's name, and the one that every firmware has (A-44)."""


class TcpSendingCommands(Recovery):
    """Data to the peer; each method is named as its command."""

    _check_name = ""

    def cipsend(
        self,
        data: bytes,
        link_id: int | None = None,
        *,
        remote: tuple[str, int] | None = None,
        timeout_s: float | None = None,
    ) -> Reply:
        """Send data, and wait until the peer has them. Source: 5.2 #3, lines 802-806; A-50, A-51.

        Args:
            data: 1 to 2048 bytes of any kind.
            link_id: 0 to 4 with CIPMUX=1; None with CIPMUX=0.
            remote: Address and port to send to; UDP only.
            timeout_s: For all of it. By default 17 s and what the bytes need on the line.

        Raises:
            CommandFailedError: There is no link, or the data did not arrive.
        """
        line = _format_send("CIPSEND", len(data), link_id, remote)
        return self.send_behind_prompt(line, data, timeout_s)

    def cipsend_test(self) -> Reply:
        """Ask whether the command is there. Source: 5.2 #3, line 799."""
        return self.execute(format_test("CIPSEND"))

    def cipsendex(
        self,
        data: bytes,
        link_id: int | None = None,
        *,
        length: int = LONGEST_DATA_BYTES,
        remote: tuple[str, int] | None = None,
        timeout_s: float | None = None,
    ) -> Reply:
        r"""Send data that end with their length, or with ``\0`` before. Source: 5.2 #4, line 822.

        Backslashes in the data are doubled, so that the peer gets what is given here (A-54). The
        ``\0`` is added if the data are shorter than `length`.

        Args:
            data: Up to 2048 bytes, with every backslash counted twice.
            link_id: 0 to 4 with CIPMUX=1; None with CIPMUX=0.
            length: What is announced, 1 to 2048.
            remote: Address and port to send to; UDP only.
            timeout_s: As for `cipsend`.

        Raises:
            CommandFailedError: There is no link, or the data did not arrive.
        """
        line = _format_send("CIPSENDEX", length, link_id, remote)
        typed = data.replace(b"\\", b"\\\\")
        if len(typed) < length:
            typed += END_OF_DATA
        if not data or len(typed) > length:
            allowed = f"1 to {length} bytes with backslashes counted twice and the end"
            raise CommandArgumentError("AT+CIPSENDEX", "data", allowed=allowed, given=len(typed))
        return self.send_behind_prompt(line, typed, timeout_s)

    def cipsendex_test(self) -> Reply:
        """Ask whether the command is there. Source: 5.2 #4, line 816."""
        return self.execute(format_test("CIPSENDEX"))

    def cipsendbuf(
        self, data: bytes, link_id: int | None = None, *, timeout_s: float | None = None
    ) -> SegmentTicket:
        """Hand data over to the send buffer, and wait for nothing more; TCP only.

        `wait_for` takes ``<segment>,SEND OK``, `cipcheckseg` asks. Source: 5.2 #5, lines 830-834;
        A-55.

        Args:
            data: 1 to 2048 bytes of any kind.
            link_id: 0 to 4 with CIPMUX=1; None with CIPMUX=0.
            timeout_s: For the prompt. By default 17 s and what the bytes need on the line.

        Raises:
            CommandFailedError: There is no link, or no room.
        """
        started_ns = self._clock.now_ns()
        deadline_ns = self._data_deadline_ns(len(data), timeout_s)
        line = _format_send("CIPSENDBUF", len(data), link_id, None)
        reply = self._hand_over(line, data, started_ns, deadline_ns)
        ticket = parse_ticket(reply)
        if ticket is None:
            raise self._unexpected(reply, "a line with two numbers")
        # Bytes that are still on their way to the module take as long as they do.
        until_ns = self._clock.now_ns() + _HANDING_OVER_NS + self.line_time_ns(len(data))
        self.next_event(lambda event: isinstance(event, TakenLine), until_ns)
        self._owed_bytes = 0
        return ticket

    def cipbufreset(self, link_id: int | None = None) -> Reply:
        """Count segments from 1 again. Source: 5.2 #6, lines 839-841; A-56."""
        return self.execute(_format_for_link("CIPBUFRESET", link_id))

    def cipbufstatus(self, link_id: int | None = None) -> BufferStatus:
        """How the send buffer is filled. Source: 5.2 #7, lines 849-853; A-56."""
        reply = self.execute(_format_for_link("CIPBUFSTATUS", link_id))
        status = parse_buffer_status(reply)
        if status is None:
            raise self._unexpected(reply, "a line with five numbers")
        return status

    def cipcheckseg(self, segment: int, link_id: int | None = None) -> bool:
        """Whether a segment was delivered; of the last 32 only. Source: 5.2 #8, lines 858-862.

        No firmware has the document's name; where it is refused, CIPCHECKSEQ is tried (A-44).

        Args:
            segment: Its number.
            link_id: 0 to 4 with CIPMUX=1; None with CIPMUX=0.
        """
        names = (self._check_name,) if self._check_name else _CHECK_NAMES
        refusal: CommandFailedError | None = None
        for name in names:
            try:
                reply = self.execute(_format_check(name, segment, link_id))
            except CommandFailedError as error:
                refusal = refusal or error
                continue
            self._check_name = name
            is_delivered = parse_segment_status(reply, segment)
            if is_delivered is None:
                raise self._unexpected(reply, f"a line '{segment},TRUE' or '{segment},FALSE'")
            return is_delivered
        if refusal is None:
            raise AssertionError("at least one name is tried")
        raise refusal


def _format_send(
    name: str, length: int, link_id: int | None, remote: tuple[str, int] | None
) -> bytes:
    parameters: tuple[Parameter, ...] = (LENGTH, *_REMOTE)
    values: tuple[object, ...] = (length, *(remote or (None, None)))
    if link_id is not None:
        parameters, values = (LINK_ID, *parameters), (link_id, *values)
    return format_set(name, parameters, *values)


def _format_for_link(name: str, link_id: int | None) -> bytes:
    return format_execute(name) if link_id is None else format_set(name, (LINK_ID,), link_id)


def _format_check(name: str, segment: int, link_id: int | None) -> bytes:
    if link_id is None:
        return format_set(name, (_SEGMENT,), segment)
    return format_set(name, (LINK_ID, _SEGMENT), link_id, segment)
