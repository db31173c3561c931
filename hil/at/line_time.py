"""How long bytes need on the line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.ports.byte_port import Parity
from hil.units import NS_PER_S

if TYPE_CHECKING:
    from hil.ports.byte_port import PortFormat


def line_time_ns(line_format: PortFormat, count: int) -> int:
    """How long `count` bytes need, with start, parity and stop bits."""
    has_parity = line_format.parity is not Parity.NONE
    bits = 1 + line_format.data_bits + has_parity + line_format.stop_bits
    return round(count * bits * NS_PER_S / line_format.baud)
