"""The server's end of Telnet and RFC2217, without a socket: pyserial's, and what it leaves out.

pyserial's `PortManager` finds the commands in what a client sends and works on an object like a
serial port, which here is a served line. What it does not know is answered beside it: the
signature, questions for the state of DTR, RTS and break, masks, flow control of the line (which
has none) and of the connection. A setting that the line cannot have is answered with the one that
it has, as RFC2217 wants it. What cannot be a command at all is a `TelnetError`.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from serial import rfc2217

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator

    from .descriptor import Descriptor
    from .line_port import LinePort

LONGEST_COMMAND_BYTES = 1024
"""The longest that has a fixed length is of six bytes; a signature may be of any length."""

# Source: RFC2217, numbers of the commands; pyserial has no names for these.
_SIGNATURE = b"\x00"
_SERVER_SIGNATURE = b"\x64"

# pyserial's filter goes byte by byte, and a flash is half a megabyte: bytes without a command are
# taken at once.
_DATA = re.compile(rb"(?:[^\xff]|\xff\xff)+")
_COMMAND = re.compile(rb"\xff(?:\xfa(?:[^\xff]|\xff\xff)*\xff\xf0|[\xfb-\xfe].|.)", re.DOTALL)
"""IAC and what belongs to it: a subnegotiation, an option, or one byte."""

_OUTPUT_PURGES = {
    b"\xff\xfa" + rfc2217.COM_PORT_OPTION + rfc2217.PURGE_DATA + buffers + b"\xff\xf0"
    for buffers in (rfc2217.PURGE_TRANSMIT_BUFFER, rfc2217.PURGE_BOTH_BUFFERS)
}

_CONTENT_BYTES = {
    rfc2217.SET_BAUDRATE: 4,
    rfc2217.SET_DATASIZE: 1,
    rfc2217.SET_PARITY: 1,
    rfc2217.SET_STOPSIZE: 1,
    rfc2217.SET_CONTROL: 1,
    rfc2217.SET_LINESTATE_MASK: 1,
    rfc2217.SET_MODEMSTATE_MASK: 1,
    rfc2217.PURGE_DATA: 1,
}

_ASK = b"\x00"
_KNOWN_VALUES: dict[bytes, Container[int]] = {
    rfc2217.SET_PARITY: rfc2217.RFC2217_REVERSE_PARITY_MAP,
    rfc2217.SET_STOPSIZE: rfc2217.RFC2217_REVERSE_STOPBIT_MAP,
}

_QUESTIONS: dict[bytes, tuple[Callable[[LinePort], bool], bytes, bytes]] = {
    rfc2217.SET_CONTROL_REQ_BREAK_STATE: (
        lambda port: port.break_condition,
        rfc2217.SET_CONTROL_BREAK_ON,
        rfc2217.SET_CONTROL_BREAK_OFF,
    ),
    rfc2217.SET_CONTROL_REQ_DTR: (
        lambda port: port.dtr,
        rfc2217.SET_CONTROL_DTR_ON,
        rfc2217.SET_CONTROL_DTR_OFF,
    ),
    rfc2217.SET_CONTROL_REQ_RTS: (
        lambda port: port.rts,
        rfc2217.SET_CONTROL_RTS_ON,
        rfc2217.SET_CONTROL_RTS_OFF,
    ),
}

_OUTBOUND_FLOW_CONTROL = {
    rfc2217.SET_CONTROL_REQ_FLOW_SETTING,
    rfc2217.SET_CONTROL_USE_NO_FLOW_CONTROL,
    rfc2217.SET_CONTROL_USE_SW_FLOW_CONTROL,
    rfc2217.SET_CONTROL_USE_HW_FLOW_CONTROL,
    rfc2217.SET_CONTROL_USE_DCD_FLOW_CONTROL,
    rfc2217.SET_CONTROL_USE_DSR_FLOW_CONTROL,
}
_INBOUND_FLOW_CONTROL = {
    rfc2217.SET_CONTROL_REQ_FLOW_SETTING_IN,
    rfc2217.SET_CONTROL_USE_NO_FLOW_CONTROL_IN,
    rfc2217.SET_CONTROL_USE_SW_FLOW_CONTOL_IN,
    rfc2217.SET_CONTROL_USE_HW_FLOW_CONTOL_IN,
    rfc2217.SET_CONTROL_USE_DTR_FLOW_CONTROL,
}


class TelnetError(Exception):
    """The client does not speak Telnet with RFC2217."""


class _Answers:
    """Where `PortManager` writes its part of the conversation."""

    def __init__(self, client: Descriptor) -> None:
        self._client = client

    def write(self, data: bytes) -> None:
        """Answer: not lost when data are, unless the client has asked for silence."""
        self._client.write(data, is_vital=not self._client.is_held)


class ComPort(rfc2217.PortManager):
    """One client's conversation; it begins with the options that the server asks for.

    Args:
        port: What the client sets and writes to.
        client: Where answers go.
        signature: What the server says it is.
    """

    def __init__(self, port: LinePort, client: Descriptor, signature: str) -> None:
        self._port = port
        self._client = client
        self._signature = signature.encode()
        self._handlers: dict[bytes, Callable[[bytes], None]] = {
            _SIGNATURE: self._tell_signature,
            rfc2217.SET_CONTROL: self._control,
            rfc2217.FLOWCONTROL_SUSPEND: partial(self._keep_silent, is_on=True),
            rfc2217.FLOWCONTROL_RESUME: partial(self._keep_silent, is_on=False),
            rfc2217.SET_LINESTATE_MASK: partial(
                self._set_mask, rfc2217.SET_LINESTATE_MASK, rfc2217.SERVER_SET_LINESTATE_MASK
            ),
            rfc2217.SET_MODEMSTATE_MASK: partial(
                self._set_mask, rfc2217.SET_MODEMSTATE_MASK, rfc2217.SERVER_SET_MODEMSTATE_MASK
            ),
        }
        super().__init__(cast("Any", port), cast("Any", _Answers(client)))

    def purged_bytes(self, data: bytes) -> int:
        """How much of what comes next ends with a command to drop what the line has not taken."""
        is_possible = any(purge in data for purge in _OUTPUT_PURGES)
        if not is_possible or not self._is_between_commands:
            return 0
        ends = [
            command.end()
            for command in _COMMAND.finditer(data)
            if command.group() in _OUTPUT_PURGES
        ]
        return ends[-1] if ends else 0

    @property
    def _is_between_commands(self) -> bool:
        return self.mode == rfc2217.M_NORMAL and self.suboption is None

    def receive(self, data: bytes, now_ns: int, *, is_purged: bool = False) -> None:
        """Take bytes from the client: obey the commands, in their place among the others.

        Args:
            data: As they came.
            now_ns: The present moment.
            is_purged: Whether only the commands count.

        Raises:
            TelnetError: No client that speaks the protocol sends this.
        """
        self._port.now_ns = now_ns
        try:
            for piece in self._data_in(data):
                if not is_purged:
                    self._port.write(piece)
        finally:
            self._port.flush()

    def _data_in(self, data: bytes) -> Iterator[bytes]:
        """What is meant for the line; the commands before a piece have been obeyed then."""
        position = 0
        while position < len(data):
            if self._is_between_commands and (run := _DATA.match(data, position)):
                yield run.group().replace(rfc2217.IAC_DOUBLED, rfc2217.IAC)
                position = run.end()
                continue
            byte = data[position : position + 1]
            self._require_possible(byte)
            yield from self.filter(byte)
            position += 1

    def _require_possible(self, byte: bytes) -> None:
        if self.suboption is None:
            if self.mode == rfc2217.M_IAC_SEEN and byte == rfc2217.SE:
                raise TelnetError("a command ends that has not begun")
        elif len(self.suboption) > LONGEST_COMMAND_BYTES:
            raise TelnetError(f"a command is longer than {LONGEST_COMMAND_BYTES} bytes")

    def _telnet_process_subnegotiation(self, suboption: bytes) -> None:
        """Obey one command; pyserial calls it."""
        option, command, content = suboption[:1], suboption[1:2], suboption[2:]
        if option != rfc2217.COM_PORT_OPTION:
            return  # the option that it belongs to was refused
        if len(content) < _CONTENT_BYTES.get(command, 0):
            raise TelnetError(f"command {command.hex()} cannot hold {content.hex() or 'nothing'}")
        if command in _KNOWN_VALUES and content[0] not in _KNOWN_VALUES[command]:
            content = _ASK
        if command in self._handlers:
            self._handlers[command](content)
        else:
            self._leave_to_pyserial(command, content)

    def _leave_to_pyserial(self, command: bytes, content: bytes) -> None:
        obey: Callable[[bytes], None] = super()._telnet_process_subnegotiation  # type: ignore[misc] # no stub
        obey(rfc2217.COM_PORT_OPTION + command + content)

    def _tell_signature(self, theirs: bytes) -> None:
        """A client that does not say who it is asks who we are."""
        if not theirs:
            self.rfc2217_send_subnegotiation(_SERVER_SIGNATURE, self._signature)

    def _keep_silent(self, content: bytes, *, is_on: bool) -> None:
        del content
        self._client.is_held = is_on

    def _set_mask(self, command: bytes, answer: bytes, mask: bytes) -> None:
        self._leave_to_pyserial(command, mask[:1])
        self.rfc2217_send_subnegotiation(answer, mask[:1])

    def _control(self, content: bytes) -> None:
        value = content[:1]
        if value in _QUESTIONS:
            is_on, on, off = _QUESTIONS[value]
            self._answer_control(on if is_on(self._port) else off)
        elif value in _OUTBOUND_FLOW_CONTROL:
            self._answer_control(rfc2217.SET_CONTROL_USE_NO_FLOW_CONTROL)
        elif value in _INBOUND_FLOW_CONTROL:
            self._answer_control(rfc2217.SET_CONTROL_USE_NO_FLOW_CONTROL_IN)
        else:
            self._leave_to_pyserial(rfc2217.SET_CONTROL, value)

    def _answer_control(self, value: bytes) -> None:
        self.rfc2217_send_subnegotiation(rfc2217.SERVER_SET_CONTROL, value)
