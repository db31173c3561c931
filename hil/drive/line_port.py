"""A served line with the names of pyserial's ports, for pyserial's RFC2217 server."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hil.virtual.errors import VirtualError
from hil.virtual.uart import LineFormat

from .url.module_port import HALF_STOP_BITS, PARITIES

if TYPE_CHECKING:
    from .served_line import ServedLine

_PARITY_LETTERS = {parity: letter for letter, parity in PARITIES.items()}
_STOP_BITS = {half_bits: bits for bits, half_bits in HALF_STOP_BITS.items()}


class LinePort:
    """What `serial.rfc2217.PortManager` works on.

    Bytes that are written are gathered and go onto the wire at `flush`, and before any setting
    takes effect.

    Args:
        line: What is served; its owner's client uses this.
        now_ns: The present moment.

    Attributes:
        now_ns: When whatever is done next happens.
    """

    # Nothing is wired to the adapter's inputs, and no flow control to its lines.
    cts = dsr = ri = cd = False
    xonxoff = rtscts = False

    def __init__(self, line: ServedLine, now_ns: int) -> None:
        self.now_ns = now_ns
        self._line = line
        self._format = LineFormat()
        self._dtr = self._rts = self._is_in_break = False
        self._unsent = bytearray()
        line.set_format(self._format, now_ns)

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self._unsent += data

    def flush(self) -> None:
        """Put what was written onto the wire."""
        if self._unsent:
            self._line.write(bytes(self._unsent), self.now_ns)
            self._unsent.clear()

    def reset_input_buffer(self) -> None:
        """Forget what has arrived."""
        self.flush()
        self._line.discard_input(self.now_ns)

    def reset_output_buffer(self) -> None:
        """Forget what was written and is not on the wire yet."""
        self._unsent.clear()

    @property
    def baudrate(self) -> int:
        """Bits per second."""
        return self._format.baud

    @baudrate.setter
    def baudrate(self, baud: int) -> None:
        self._set_format(baud=baud)

    @property
    def bytesize(self) -> int:
        """Data bits."""
        return self._format.data_bits

    @bytesize.setter
    def bytesize(self, data_bits: int) -> None:
        self._set_format(data_bits=data_bits)

    @property
    def parity(self) -> str:
        """As a letter of pyserial's; no UART of an ESP8266 has mark or space."""
        return _PARITY_LETTERS[self._format.parity]

    @parity.setter
    def parity(self, letter: str) -> None:
        if letter not in PARITIES:
            raise ValueError(f"the UART of an ESP8266 has no parity {letter!r}")
        self._set_format(parity=PARITIES[letter])

    @property
    def stopbits(self) -> float:
        """1, 1.5 or 2."""
        return _STOP_BITS[self._format.half_stop_bits]

    @stopbits.setter
    def stopbits(self, stop_bits: float) -> None:
        self._set_format(half_stop_bits=HALF_STOP_BITS[stop_bits])

    def _set_format(self, **changes: Any) -> None:
        try:
            line_format = replace(self._format, **changes)
        except VirtualError as error:
            raise ValueError(str(error)) from error
        self.flush()
        self._format = line_format
        self._line.set_format(line_format, self.now_ns)

    @property
    def dtr(self) -> bool:
        """Whether DTR is asserted."""
        return self._dtr

    @dtr.setter
    def dtr(self, is_asserted: bool) -> None:
        self._dtr = is_asserted
        self._set_lines()

    @property
    def rts(self) -> bool:
        """Whether RTS is asserted."""
        return self._rts

    @rts.setter
    def rts(self, is_asserted: bool) -> None:
        self._rts = is_asserted
        self._set_lines()

    def _set_lines(self) -> None:
        self.flush()
        self._line.set_lines(dtr=self._dtr, rts=self._rts, now_ns=self.now_ns)

    @property
    def break_condition(self) -> bool:
        """Whether the line is held low."""
        return self._is_in_break

    @break_condition.setter
    def break_condition(self, is_on: bool) -> None:
        self.flush()
        self._is_in_break = is_on
        self._line.set_break(is_on=is_on, now_ns=self.now_ns)
