"""Where the document and the real firmware 0.23 differ: one table, two columns.

A question that both answer alike is no row here. Where the document is garbled both columns say
what the firmware does. The table has three parts: what concerns every command and section 3, the
Wi-Fi commands of section 4, and the TCP/IP commands of section 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class WifiDialect:
    """Section 4 in one column of the table."""


@dataclass(frozen=True, slots=True)
class TcpIpDialect:
    """Section 5 in one column of the table."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One column of the table.

    Args:
        name: What a rig description calls it.
        line_buffer_bytes: Room for a command line behind ``AT``, line end included (A-78).
        lowest_baud: Least speed that the UART commands take (line 248).
        highest_baud: Greatest speed that the UART commands take (line 248).
        gmr_blank_line: Whether a blank line parts GMR's lines from OK (A-06).
        gslp_repeats_time: Whether GSLP answers with its time before OK (line 220, A-15).
        forced_restart: Whether AT+RST gets through while another command runs (A-13).
        blank_sector_means_factory: Whether a parameter area counts as factory fresh when the
            sector that blank.bin covers is erased (line 128, A-61). Otherwise only the flag tells.
        wifi: The Wi-Fi commands.
        tcp_ip: The TCP/IP commands.

    Source: the numbers A-nn are entries of docs/ambiguities; the second column was read from the
    library of SDK 1.0.1, which is AT 0.23.
    """

    name: str
    line_buffer_bytes: int
    lowest_baud: int
    highest_baud: int
    gmr_blank_line: bool
    gslp_repeats_time: bool
    forced_restart: bool
    blank_sector_means_factory: bool
    wifi: WifiDialect
    tcp_ip: TcpIpDialect


DOCUMENTED = Dialect(
    name="documented",
    line_buffer_bytes=256,
    lowest_baud=110,
    highest_baud=4_608_000,
    gmr_blank_line=False,
    gslp_repeats_time=True,
    forced_restart=False,
    blank_sector_means_factory=True,
    wifi=WifiDialect(),
    tcp_ip=TcpIpDialect(),
)

ESPRESSIF_0_23 = Dialect(
    name="espressif-0.23",
    line_buffer_bytes=128,
    lowest_baud=1,
    highest_baud=5_000_000,
    gmr_blank_line=True,
    gslp_repeats_time=False,
    forced_restart=True,
    blank_sector_means_factory=False,
    wifi=WifiDialect(),
    tcp_ip=TcpIpDialect(),
)

DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {dialect.name: dialect for dialect in (DOCUMENTED, ESPRESSIF_0_23)}
)
"""All dialects by name."""
