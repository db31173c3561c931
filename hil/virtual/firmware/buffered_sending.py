"""Sending without waiting: CIPSENDBUF, CIPBUFRESET, CIPBUFSTATUS and CIPCHECKSEG.

AT+CIPSENDBUF gives a number to a segment and prompts for its data; as soon as they are there the
next command can come, and what becomes of the segment is told by a line of its own
(`hil.virtual.firmware.send_buffer`).

Source: section 5.2, commands 5 to 8, lines 830-862; A-44, A-55, A-56 in docs/ambiguities.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from hil.units import NS_PER_MS

from .command import Call, Form, Forms, Outcome, error, ok, parse_numbers, refuse
from .link import SINGLE_LINK, TcpLink
from .link_argument import parse_link_arguments
from .payload import prompt
from .sending import LONGEST_PAYLOAD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hil.virtual.uart import Burst

    from .command import Job
    from .send_buffer import SendBuffer
    from .state import FirmwareState

HANDING_OVER_NS = NS_PER_MS
"""How long the firmware is busy with the data of a segment; what comes meanwhile is surplus."""

_SURPLUS = b"\r\nbusy s...\r\n"


class SegmentData:
    """An `Input` that takes the data of a segment, and what follows them without a pause.

    That surplus is thrown away and answered once, whether a line ends in it or not.

    Args:
        state: Its place as the input is taken away at the end.
        link: Where the data go.
        number: The segment's number.
        length: How many bytes, 1 or more.

    Source: line 832; A-13, A-55 in docs/ambiguities.
    """

    def __init__(self, state: FirmwareState, link: TcpLink, number: int, length: int) -> None:
        self._state = state
        self._link = link
        self._number = number
        self._length = length
        self._data = bytearray()
        self._is_told_off = False
        self._end_ns: int | None = None

    def echo(self, data: bytes) -> bytes:
        """All but LF, in the firmware that echoes more than commands. Source: line 225."""
        return data.replace(b"\n", b"") if self._state.dialect.tcp_ip.echoes_payload else b""

    @property
    def is_full(self) -> bool:
        """There is room for all that was announced."""
        return False

    def wanted(self, burst: Burst) -> int:
        """Up to the last byte of the data; of the surplus the first byte, then all."""
        missing = self._length - len(self._data)
        if missing:
            return missing
        return len(burst.data) if self._is_told_off else 1

    def take(self, burst: Burst) -> Job | None:
        """Collect data, then throw away what follows."""
        if self._end_ns is None:
            self._collect(burst)
            return None
        if not self._is_told_off:
            self._is_told_off = True
            self._state.out.send(_SURPLUS, burst.end_ns())
        self._end_ns = burst.end_ns() + HANDING_OVER_NS
        return None

    def next_deadline_ns(self) -> int | None:
        """When the next command can come; the prompt itself waits for as long as it takes."""
        return self._end_ns

    def advance(self, now_ns: int) -> Job | None:
        """Make room for the next command."""
        del now_ns
        self._state.input = None
        return None

    def _collect(self, burst: Burst) -> None:
        self._data += burst.data
        if len(self._data) < self._length:
            return
        now_ns = burst.end_ns()
        self._end_ns = now_ns + HANDING_OVER_NS
        if self._state.dialect.tcp_ip.tells_payload_length:
            self._state.out.send(b"\r\nRecv %d bytes\r\n" % self._length, now_ns)
        if self._link.is_open:
            end = self._state.links.send(self._link, bytes(self._data), now_ns)
            self._state.send_buffers.of(self._link).commit(end)
        else:
            self._state.send_buffers.tell_failed(self._link, self._number, now_ns)


def write_segment(state: FirmwareState, call: Call, at_ns: int) -> Outcome:
    """AT+CIPSENDBUF=: two numbers and the prompt. Source: lines 830-834; A-55."""
    match parse_link_arguments(call.arguments, is_multiple=state.links.is_multiple):
        case (number, (int(length),)) if length:
            pass
        case _:
            return error(at_ns)
    if state.transfer_mode:
        return refuse(state, at_ns, "IPMODE=1")
    link = _open_stream(state, number)
    if link is None:
        return refuse(state, at_ns, "link is not valid")
    buffer = state.send_buffers.of(link)
    lack = _lack(buffer, length)
    if lack is not None:
        return refuse(state, at_ns, lack)
    segment = buffer.announce()
    data = SegmentData(state, link, segment, length)
    return prompt(state, data, at_ns, f"{segment},{buffer.delivered}")


def _lack(buffer: SendBuffer, length: int) -> str | None:
    """Why a buffer cannot take a segment of a length, or None if it can. Source: line 832; A-55."""
    if length > LONGEST_PAYLOAD:
        return "too long"
    if length > buffer.free_bytes:
        return "BUFFER FULL"
    return None if buffer.free_places else "QUEUE FULL"


def check_segment(state: FirmwareState, call: Call, at_ns: int) -> Outcome:
    """AT+CIPCHECKSEG=, and by its other name. Source: lines 858-862; A-44, A-56."""
    match parse_link_arguments(call.arguments, is_multiple=state.links.is_multiple):
        case (number, (int(segment),)):
            pass
        case _:
            return error(at_ns)
    link = _open_stream(state, number)
    if link is None:
        return refuse(state, at_ns, "link is not valid")
    is_delivered = state.send_buffers.of(link).status(segment)
    if is_delivered is None:
        return error(at_ns)
    status = "TRUE" if is_delivered else "FALSE"
    return ok(at_ns, f"{state.links.label(link)}{segment},{status}")


def _reset(state: FirmwareState, link: TcpLink, at_ns: int) -> Outcome:
    """AT+CIPBUFRESET. Source: lines 839-841; A-56."""
    buffer = state.send_buffers.of(link)
    if not buffer.is_empty:
        return error(at_ns)
    buffer.reset()
    return ok(at_ns)


def _show(state: FirmwareState, link: TcpLink, at_ns: int) -> Outcome:
    """AT+CIPBUFSTATUS. Source: lines 848-853; A-56."""
    buffer = state.send_buffers.of(link)
    label = state.links.label(link) if state.dialect.tcp_ip.buffer_status_names_link else ""
    counts = (
        buffer.next_number,
        buffer.sent,
        buffer.delivered,
        buffer.free_bytes,
        buffer.free_places,
    )
    return ok(at_ns, label + ",".join(map(str, counts)))


Use = Callable[["FirmwareState", TcpLink, int], Outcome]
"""What a command does with the one link that it concerns."""


def _use_single(use: Use, state: FirmwareState, _call: Call, at_ns: int) -> Outcome:
    return error(at_ns) if state.links.is_multiple else _use(use, state, SINGLE_LINK, at_ns)


def _use_numbered(use: Use, state: FirmwareState, call: Call, at_ns: int) -> Outcome:
    match parse_numbers(call.arguments):
        case (number,) if state.links.is_multiple:
            return _use(use, state, number, at_ns)
    return error(at_ns)


def _use(use: Use, state: FirmwareState, number: int, at_ns: int) -> Outcome:
    link = _open_stream(state, number)
    return refuse(state, at_ns, "link is not valid") if link is None else use(state, link, at_ns)


def _open_stream(state: FirmwareState, number: int) -> TcpLink | None:
    """The open TCP link with this number, if there is one. Source: line 832."""
    link = state.links.numbered(number)
    return link if isinstance(link, TcpLink) and link.is_open else None


def _forms_for_one_link(use: Use) -> Forms:
    """A command that names its link in multiple mode and has no arguments in single mode."""
    return {Form.EXECUTE: partial(_use_single, use), Form.SET: partial(_use_numbered, use)}


BUFFERED_SENDING_COMMANDS: Mapping[str, Forms] = {
    "+CIPSENDBUF": {Form.SET: write_segment},
    "+CIPBUFRESET": _forms_for_one_link(_reset),
    "+CIPBUFSTATUS": _forms_for_one_link(_show),
    "+CIPCHECKSEG": {Form.SET: check_segment},
    "+CIPCHECKSEQ": {Form.SET: check_segment},
}
"""Name behind ``AT`` to the forms that the command has. Source: lines 753-756; A-44."""
