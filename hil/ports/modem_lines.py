"""Reset and boot strap through DTR and RTS of the module's own serial port."""

from __future__ import annotations

from typing import TYPE_CHECKING

import serial

from hil.errors import NeedMissingError, PortError

from .control_lines import Line
from .serial_port import reason_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .serial_port import SerialPort

ModemState = tuple[bool, bool]
"""(DTR asserted, RTS asserted), in pyserial's sense: asserted is low at the pin."""


def _two_transistor(*, reset: bool, strap: bool) -> ModemState:
    """EXT_RSTB is low while RTS alone is asserted, GPIO0 while DTR alone is."""
    return (strap, False) if strap else (False, reset)


def _direct(*, reset: bool, strap: bool) -> ModemState:
    """RTS is EXT_RSTB and DTR is GPIO0."""
    return strap, reset


CIRCUITS: dict[str, Callable[..., ModemState]] = {
    "two-transistor": _two_transistor,
    "direct": _direct,
}


class ModemLines:
    """`ControlLines` on DTR and RTS.

    The two-transistor circuit cannot hold reset and strap at once; the strap wins there, and the
    RC network at EXT_RSTB keeps the reset low long enough for it to be sampled.

    Args:
        port: The module's port.
        circuit: How DTR and RTS are wired, a name in `CIRCUITS`.
    """

    def __init__(self, port: SerialPort, circuit: str) -> None:
        self._port = port
        self._circuit = CIRCUITS[circuit]
        self._states = {Line.RESET: False, Line.STRAP: False}
        if self._circuit is _two_transistor:
            # Ports open with both lines asserted. DTR released first would be a reset.
            self._switch(rts=False)
        self._apply()

    @property
    def lines(self) -> frozenset[Line]:
        """Reset and strap."""
        return frozenset(self._states)

    def set(self, states: Mapping[Line, bool]) -> None:
        """Switch reset, strap or both.

        Raises:
            NeedMissingError: Another line was asked for.
            PortError: The port has no modem lines, or went away.
        """
        for line in states:
            if line not in self._states:
                raise NeedMissingError(
                    line.value, self._port.name, "DTR and RTS drive reset and strap only"
                )
        self._states.update(states)
        self._apply()

    def close(self) -> None:
        """Let the module run."""
        if self._port.serial.is_open:
            self.set({Line.RESET: False, Line.STRAP: False})

    def _apply(self) -> None:
        dtr, rts = self._circuit(reset=self._states[Line.RESET], strap=self._states[Line.STRAP])
        self._switch(dtr=dtr, rts=rts)

    def _switch(self, *, rts: bool, dtr: bool | None = None) -> None:
        try:
            if dtr is not None:
                self._port.serial.dtr = dtr
            self._port.serial.rts = rts
        except (serial.SerialException, OSError) as error:
            raise PortError(
                self._port.name,
                attempted="switch DTR and RTS of",
                reason=reason_of(error),
                remedy="This port has no modem lines; describe the lines of the rig by another "
                "driver, or leave them out and reset by hand",
            ) from error
