"""The host's side of the line follows the module's: rates that a command has set, and restarts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.at.basic import FACTORY_FORMAT
from hil.ports.byte_port import Parity, PortFormat
from hil.spec.command import FormKind

if TYPE_CHECKING:
    from .call import Call

_STOP_BITS = {"1": 1.0, "2": 1.5, "3": 2.0}
_PARITIES = {"0": Parity.NONE, "1": Parity.ODD, "2": Parity.EVEN}


class FormatFollower:
    """What the module's UART is set to, as far as its commands tell.

    Args:
        line_format: How the port is set at the start, which is how the module starts.

    Attributes:
        current: How the port is set.
    """

    def __init__(self, line_format: PortFormat) -> None:
        self.current = line_format
        self._start_format = line_format
        self._wanted: PortFormat | None = None

    def obey(self, call: Call) -> None:
        """The module has said OK to a command; OK itself comes in the old format (A-20)."""
        if call.name.startswith("AT+UART") and call.kind is FormKind.SET:
            wanted = parse_format(call.arguments)
            if wanted is not None and call.name != "AT+UART_CUR":
                self._start_format = wanted
            self._wanted = wanted
        elif call.kind is None and call.name == "AT+RESTORE":
            self._start_format = self._wanted = FACTORY_FORMAT
        elif call.kind is None and call.name == "AT+RST":
            self._wanted = self._start_format

    def take(self) -> PortFormat | None:
        """The format to set, if it is another than the present one."""
        wanted, self._wanted = self._wanted, None
        return wanted if wanted != self.current else None


def parse_format(arguments: tuple[str, ...]) -> PortFormat | None:
    """The line format in the arguments of AT+UART; None if they are not all there.

    Flow control is left out: the console drives no RTS.
    """
    match arguments:
        case (rate, bits, stop, parity, _) if rate.isdecimal() and bits.isdecimal():
            if stop in _STOP_BITS and parity in _PARITIES:
                return PortFormat(int(rate), int(bits), _PARITIES[parity], _STOP_BITS[stop])
    return None
