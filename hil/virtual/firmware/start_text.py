"""What the SDK prints when the firmware starts, while the UART still has the rate of the ROM.

The sample log of the document (lines 1009 to 1011) goes on with two such lines. The library of SDK
1.0.1, which AT 0.23 is built with, prints others: its own version and those of the radio's two
parts, at 80 MHz / 1068, which is the rate of the ROM. The line about the mode comes later there,
when the AT firmware has sent such output to UART1 (GPIO2), so that UART0 never carries it.
Source: A-71 in docs/ambiguities; read from the library of SDK 1.0.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.virtual.address import format_mac

if TYPE_CHECKING:
    from .state import FirmwareState


def start_text(state: FirmwareState) -> bytes:
    """The text for settings as they are at start. When within start-up it comes is not known."""
    mode = state.wifi_mode
    interfaces = (
        ("sta", state.station_mac, mode.has_station),
        ("softAP", state.soft_ap_mac, mode.has_soft_ap),
    )
    text = state.dialect.start_text.format(
        sdk_version=state.identity.sdk_version,
        interfaces=" + ".join(
            f"{name}({format_mac(mac)})" for name, mac, is_on in interfaces if is_on
        ),
    )
    return text.encode("latin-1")
