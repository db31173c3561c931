"""``replay://FILE``: a recorded session as a serial port, for anything that uses pyserial.

Time is simulated: reading advances it instead of waiting. A file with several modules takes
``replay://FILE?slot=1``. What is sent must be what is on record, or `ReplayMismatchError` says
where the sessions part.
"""

from __future__ import annotations

from typing import Any

import serial
from serial import SerialException

from hil.drive.replay_line import SCHEME, ReplayLine, open_replay
from hil.ports.byte_port import Parity, PortFormat
from hil.units import seconds_to_ns

from .module_port import SimulatedPort


class Serial(SimulatedPort):
    """pyserial's port interface on a `ReplayLine`."""

    _endless = "nothing comes on record before something else is done"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._line: ReplayLine | None = None
        super().__init__(*args, **kwargs)

    def open(self) -> None:
        """Open the record that the URL names.

        Raises:
            SerialException: There is no URL, or the port is open.
            RecordFileError: The file cannot be read, or is no record.
            ValueError: No UART has such a line format.
        """
        if self._port is None:
            raise SerialException(f"no port: set the `{SCHEME}FILE` before opening")
        if self.is_open:
            raise SerialException(f"{self._port} is open already")
        self._line = ReplayLine(*open_replay(self._port))
        try:
            self._reconfigure_port()
        except ValueError:
            self._line = None
            raise
        self.is_open = True

    def close(self) -> None:
        """Close the port."""
        self.is_open = False
        self._line = None

    def _require_open(self) -> ReplayLine:
        if self._line is None:
            raise serial.PortNotOpenError
        return self._line

    def _reconfigure_port(self) -> None:
        line = self._require_open()
        self._line_format()  # refuses what no UART has
        line.module.set_format(
            PortFormat(
                self._baudrate, self._bytesize, Parity(self._parity), self._stopbits, self._rtscts
            )
        )

    def flush(self) -> None:
        """Nothing to do: what is written has left."""
        self._require_open()

    def reset_input_buffer(self) -> None:
        """Forget what has arrived."""
        line = self._require_open()
        line.module.discard_input(line.world.now_ns)

    def _update_dtr_state(self) -> None:
        """What DTR and RTS did to the module is on record as what they meant, not as such."""

    _update_rts_state = _update_dtr_state

    @property
    def cts(self) -> bool:
        """The adapter's CTS input; flow control is not on record."""
        self._require_open()
        return False

    def send_break(self, duration: float = 0.25) -> None:
        """A break, which is not on record; it takes its time."""
        line = self._require_open()
        line.world.advance(line.world.now_ns + seconds_to_ns(duration))

    def _update_break_state(self) -> None:
        """Likewise."""
