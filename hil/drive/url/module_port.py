"""What the ports of virtual modules have in common, whichever URL names them."""

from __future__ import annotations

from abc import abstractmethod

import serial
from serial import SerialBase

from hil.virtual.errors import VirtualError
from hil.virtual.uart import LineFormat, Parity

PARITIES = {
    serial.PARITY_NONE: Parity.NONE,
    serial.PARITY_ODD: Parity.ODD,
    serial.PARITY_EVEN: Parity.EVEN,
}
HALF_STOP_BITS = {1: 2, 1.5: 3, 2: 4}


class ModulePort(SerialBase):
    """pyserial's port interface to a virtual module; nothing is wired to DSR, RI and CD."""

    # What pyserial's base class keeps and its stubs leave out.
    _port: str | None
    _baudrate: int
    _bytesize: int
    _parity: str
    _stopbits: float
    _timeout: float | None
    _write_timeout: float | None
    _dtr_state: bool
    _rts_state: bool
    _break_state: bool
    _rtscts: bool
    _exclusive: bool | None

    @property
    def name(self) -> str | None:
        """The URL, named as a port that has lines but is no terminal.

        esptool reads from this name how it may switch DTR and RTS: both at once by a call that only
        terminals know, or one after the other. With the wrong guess a connect takes 2 s longer.
        Source: observed in esptool 5.6, which looks for ``rfc2217:`` at the beginning.
        """
        return None if self._port is None else f"rfc2217:{self._port}"

    @name.setter
    def name(self, value: str | None) -> None:
        """What pyserial sets is in `port` as well."""

    BAUDRATES = (110, 300, 1200, 9600, 74880, 115200, 230400, 460800, 921600, 3000000, 4608000)

    @abstractmethod
    def _require_open(self) -> object:
        """Refuse to work on a port that is closed, with pyserial's own error."""

    def _line_format(self) -> LineFormat:
        """The settings of the port as those of a UART.

        Raises:
            ValueError: No UART of an ESP8266 has them.
        """
        if self._parity not in PARITIES:
            raise ValueError(f"the UART of an ESP8266 has no parity {self._parity!r}")
        try:
            return LineFormat(
                baud=self._baudrate,
                data_bits=self._bytesize,
                parity=PARITIES[self._parity],
                half_stop_bits=HALF_STOP_BITS[self._stopbits],
            )
        except VirtualError as error:
            raise ValueError(str(error)) from error

    @property
    def dsr(self) -> bool:
        """The adapter's DSR input."""
        self._require_open()
        return False

    @property
    def ri(self) -> bool:
        """The adapter's RI input."""
        self._require_open()
        return False

    @property
    def cd(self) -> bool:
        """The adapter's CD input."""
        self._require_open()
        return False
