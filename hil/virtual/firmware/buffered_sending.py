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

from .command import Call, Form, Forms, Outcome, Task, Wait, error, ok, parse_numbers, refuse
from .link import LINK_NUMBERS, SINGLE_LINK, TcpLink
from .link_argument import parse_link_arguments
from .payload import LONGEST_PAYLOAD, Payload, echo_payload, prompt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hil.virtual.uart import Burst

    from .command import Job
    from .send_buffer import SendBuffer
    from .state import FirmwareState

HANDING_OVER_NS = NS_PER_MS
"""How long the firmware is busy with the data of a segment; what comes meanwhile is surplus."""

_SURPLUS = b"\r\nbusy s...\r\n"


class Surplus:
    """An `Input` that throws away what follows the data of a segment without a pause.

    It is answered once, whether a line ends in it or not.

    Args:
        state: Its place as the input is taken away at the end.
        now_ns: When the last byte of the data had ended.

    Attributes:
        is_over: Whether the next command can come.

    Source: line 832; A-13, A-55 in docs/ambiguities.
    """

    def __init__(self, state: FirmwareState, now_ns: int) -> None:
        self._state = state
        self._end_ns = now_ns + HANDING_OVER_NS
        self._is_told_off = False
        self.is_over = False

    def echo(self, data: bytes) -> bytes:
        """As with the data."""
        return echo_payload(self._state, data)

    @property
    def is_full(self) -> bool:
        """What is thrown away needs no room."""
        return False

    def wanted(self, burst: Burst) -> int:
        """The first byte, then all."""
        return len(burst.data) if self._is_told_off else 1

    def take(self, burst: Burst) -> Job | None:
        """Throw bytes away."""
        if not self._is_told_off:
            self._is_told_off = True
            self._state.out.send(_SURPLUS, burst.end_ns())
        self._end_ns = burst.end_ns() + HANDING_OVER_NS
        return None

    def next_deadline_ns(self) -> int | None:
        """When the line has been idle for long enough."""
        return self._end_ns

    def advance(self, now_ns: int) -> Job | None:
        """Make room for the next command."""
        del now_ns
        self.is_over = True
        self._state.input = None
        return None


def write_segment(state: FirmwareState, call: Call, at_ns: int) -> Outcome:
    """AT+CIPSENDBUF=: two numbers and the prompt. Source: lines 830-834; A-55."""
    match parse_link_arguments(call.arguments, is_multiple=state.links.is_multiple):
        case (number, (int(length),)) if length:
            pass
        case _:
            return error(at_ns)
    if state.transfer_mode:
        return refuse(state, at_ns, "IPMODE=1")
    link = state.links.numbered(number)
    if link is None or not link.is_open:
        return refuse(state, at_ns, "link is not valid")
    if length > LONGEST_PAYLOAD:
        return refuse(state, at_ns, "too long")
    if not isinstance(link, TcpLink):
        return error(at_ns)
    return _prompt_for_segment(state, link, length, at_ns)


def _prompt_for_segment(state: FirmwareState, link: TcpLink, length: int, at_ns: int) -> Outcome:
    """Number and prompt, if the buffer has room. Source: line 832; A-55."""
    buffer = state.send_buffers.of(link)
    if length > buffer.free_bytes:
        return refuse(state, at_ns, "BUFFER FULL")
    if not buffer.free_places:
        return refuse(state, at_ns, "QUEUE FULL")
    last = buffer.settled if state.dialect.tcp_ip.tells_settled_segment else buffer.delivered
    segment = buffer.announce()
    data = Payload(state, length, partial(_hand_over, state, link, segment))
    return prompt(state, data, at_ns, f"{segment},{last}")


def _hand_over(
    state: FirmwareState, link: TcpLink, segment: int, payload: bytes, now_ns: int
) -> Task:
    """The task that hands the data of a segment to the network. Source: line 832."""
    if state.dialect.tcp_ip.tells_payload_length:
        state.out.send(b"\r\nRecv %d bytes\r\n" % len(payload), now_ns)
    if link.is_open:
        end = state.links.send(link, payload, now_ns)
        state.send_buffers.of(link).commit(segment, end)
    else:
        state.send_buffers.tell_late(link, segment, now_ns)
    state.input = surplus = Surplus(state, now_ns)
    now_ns = yield Wait(is_met=lambda: surplus.is_over)
    return Outcome(b"", now_ns)


def check_segment(state: FirmwareState, call: Call, at_ns: int) -> Outcome:
    """AT+CIPCHECKSEG=, and by its other names. Source: lines 858-862; A-44, A-56."""
    if state.transfer_mode:
        return refuse(state, at_ns, "IPMODE=1")
    match parse_link_arguments(call.arguments, is_multiple=state.links.is_multiple):
        case (number, (int(segment),)):
            buffer = _buffer_to_show(state, number)
        case _:
            return error(at_ns)
    is_delivered = buffer.status(segment) if buffer else None
    if is_delivered is None:
        return error(at_ns)
    status = "TRUE" if is_delivered else "FALSE"
    return ok(at_ns, f"{_label(state, number)}{segment},{status}")


def _reset(state: FirmwareState, number: int, at_ns: int) -> Outcome:
    """AT+CIPBUFRESET. Source: lines 839-841; A-56."""
    link = state.links.numbered(number)
    if link is None or not link.is_open:
        return refuse(state, at_ns, "link is not valid") if number in LINK_NUMBERS else error(at_ns)
    buffer = state.send_buffers.of(link) if isinstance(link, TcpLink) else None
    if buffer is None or not buffer.is_empty:
        return error(at_ns)
    buffer.reset()
    return ok(at_ns)


def _show(state: FirmwareState, number: int, at_ns: int) -> Outcome:
    """AT+CIPBUFSTATUS. Source: lines 848-853; A-56."""
    buffer = _buffer_to_show(state, number)
    if buffer is None:
        return error(at_ns)
    dialect = state.dialect.tcp_ip
    counts = (
        buffer.next_number,
        buffer.settled if dialect.tells_settled_segment else buffer.sent,
        buffer.delivered,
        buffer.free_bytes,
        buffer.free_places,
    )
    label = _label(state, number) if dialect.buffer_status_names_link else ""
    return ok(at_ns, label + ",".join(map(str, counts)))


def _buffer_to_show(state: FirmwareState, number: int) -> SendBuffer | None:
    """The send buffer with a number, unless its link is of another type, or (A-56) missing."""
    link = state.links.numbered(number)
    if isinstance(link, TcpLink) and link.is_open:
        return state.send_buffers.of(link)
    if link is not None or state.dialect.tcp_ip.segments_need_link:
        return None
    return state.send_buffers.numbered(number)


def _label(state: FirmwareState, number: int) -> str:
    return f"{number}," if state.links.is_multiple else ""


Use = Callable[["FirmwareState", int, int], Outcome]
"""What a command does with the one link that it concerns, by its number."""


def _use_single(use: Use, state: FirmwareState, _call: Call, at_ns: int) -> Outcome:
    if state.transfer_mode:
        return refuse(state, at_ns, "IPMODE=1")
    return error(at_ns) if state.links.is_multiple else use(state, SINGLE_LINK, at_ns)


def _use_numbered(use: Use, state: FirmwareState, call: Call, at_ns: int) -> Outcome:
    if state.transfer_mode:
        return refuse(state, at_ns, "IPMODE=1")
    match parse_numbers(call.arguments):
        case (number,) if state.links.is_multiple:
            return use(state, number, at_ns)
    return error(at_ns)


def _forms_for_one_link(use: Use) -> Forms:
    """A command that names its link in multiple mode and has no arguments in single mode."""
    return {Form.EXECUTE: partial(_use_single, use), Form.SET: partial(_use_numbered, use)}


BUFFERED_SENDING_COMMANDS: Mapping[str, Forms] = {
    "+CIPSENDBUF": {Form.SET: write_segment},
    "+CIPBUFRESET": _forms_for_one_link(_reset),
    "+CIPBUFSTATUS": _forms_for_one_link(_show),
    "+CIPCHECKSEG": {Form.SET: check_segment},
    "+CIPCHECKSEQ": {Form.SET: check_segment},
    "+CIPCHECKQUEUE": {Form.SET: check_segment},
}
"""Name behind ``AT`` to the forms that the command has. Source: lines 753-756; A-44."""
