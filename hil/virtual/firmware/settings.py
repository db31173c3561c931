"""What the firmware stores, by area.

How each value is coded as a record stands in `hil.virtual.firmware.setting_record`. A value that
nobody has stored has its factory value.

Source: notes in sections 3 to 5 (which command stores where); A-30, A-69 in docs/ambiguities.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from hil.virtual.address import Ipv4Config
from hil.virtual.air.message import Security
from hil.virtual.uart import LineFormat, Parity

if TYPE_CHECKING:
    from typing import Final

FACTORY_SOFT_AP_NETWORK: Final = Ipv4Config(
    IPv4Address("192.168.4.1"), IPv4Address("192.168.4.1"), IPv4Address("255.255.255.0")
)
"""Source: A-30 in docs/ambiguities."""


BAUDS: Final = range(1, 5_000_001)
"""Speeds that any firmware takes. Source: line 248; a dialect may take fewer."""


class WifiMode(IntEnum):
    """Source: line 360."""

    STATION = 1
    SOFT_AP = 2
    BOTH = 3

    @property
    def has_station(self) -> bool:
        """Whether the station interface is on."""
        return self is not WifiMode.SOFT_AP

    @property
    def has_soft_ap(self) -> bool:
        """Whether the softAP interface is on."""
        return self is not WifiMode.STATION


@dataclass(frozen=True, slots=True)
class UartSettings:
    """The five values of the UART commands, in the document's codes and order.

    Args:
        baud: 1 to 5,000,000; a dialect may take less.
        data_bits: 5 to 8.
        stop_code: 1, 2, 3 for 1, 1.5, 2 stop bits.
        parity_code: 0 none, 1 odd, 2 even.
        flow_control: 0 none, 1 RTS, 2 CTS, 3 both.

    Source: lines 248-252; 161 and A-12 for the factory values.
    """

    baud: int = 115200
    data_bits: int = 8
    stop_code: int = 1
    parity_code: int = 0
    flow_control: int = 0

    @property
    def is_legal(self) -> bool:
        """Whether each value is in its range. Source: lines 248-252; A-08."""
        return (
            self.baud in BAUDS
            and 5 <= self.data_bits <= 8
            and 1 <= self.stop_code <= 3
            and 0 <= self.parity_code <= 2
            and 0 <= self.flow_control <= 3
        )

    @property
    def line_format(self) -> LineFormat:
        """What the line looks like with these settings."""
        return LineFormat(self.baud, self.data_bits, Parity(self.parity_code), self.stop_code + 1)


@dataclass(frozen=True, slots=True)
class InterfaceSettings:
    """DHCP or a fixed address; the last one set wins (lines 532, 649; A-35).

    Args:
        uses_dhcp: Station: ask for a lease. SoftAP: give leases.
        fixed: The fixed address, kept while DHCP is on.
    """

    uses_dhcp: bool = True
    fixed: Ipv4Config | None = None

    @property
    def fixed_in_force(self) -> Ipv4Config | None:
        """The fixed address, if there is one and DHCP does not disable it."""
        return None if self.uses_dhcp else self.fixed


@dataclass(frozen=True, slots=True)
class Credentials:
    """The network that the station joins.

    Args:
        ssid: 1 to 32 bytes.
        password: Up to 64 bytes; empty for an open network.
        bssid: Only the access point with this address.

    Source: lines 411-413.
    """

    ssid: bytes
    password: bytes = field(repr=False)
    bssid: bytes | None = None

    @property
    def is_legal(self) -> bool:
        """Whether SSID and password have a legal length; what fits together the network decides."""
        return 1 <= len(self.ssid) <= 32 and len(self.password) <= 64


@dataclass(frozen=True, slots=True)
class SoftApSettings:
    """The module's own access point.

    Args:
        ssid: 1 to 32 bytes.
        password: 8 to 64 bytes; for an open one it does not count.
        channel: 1 to 13.
        security: Any but WEP.

    Source: lines 475-479; A-29.
    """

    ssid: bytes
    password: bytes = field(repr=False)
    channel: int = 1
    security: Security = Security.OPEN

    @property
    def is_legal(self) -> bool:
        """Whether each value is in its range."""
        shortest_password = 0 if self.security is Security.OPEN else 8
        return (
            1 <= len(self.ssid) <= 32
            and shortest_password <= len(self.password) <= 64
            and 1 <= self.channel <= 13
            and self.security is not Security.WEP
        )


@dataclass(frozen=True, slots=True)
class PassthroughLink:
    """The link that passthrough begins with at power-on. Source: lines 925-928; A-64.

    Args:
        is_udp: Whether it is UDP, else TCP.
        address: The remote end.
        port: 1 to 65535.
    """

    is_udp: bool
    address: IPv4Address
    port: int


@dataclass(frozen=True, slots=True)
class UserSettings:
    """What the user parameter area holds.

    Args:
        uart: Source: lines 258, 288.
        station: Source: lines 532, 649, 679.
        soft_ap: Source: lines 532, 693, 721.
        station_mac: Six bytes; None for the one that the chip was made with (line 573).
        soft_ap_mac: Likewise (line 609).
        passthrough: None to start in command mode (line 927).
    """

    uart: UartSettings = UartSettings()
    station: InterfaceSettings = InterfaceSettings()
    soft_ap: InterfaceSettings = InterfaceSettings()
    station_mac: bytes | None = None
    soft_ap_mac: bytes | None = None
    passthrough: PassthroughLink | None = None


@dataclass(frozen=True, slots=True)
class SystemSettings:
    """What the system parameter area holds.

    Args:
        wifi_mode: Source: line 361; A-30.
        network: What to join; None for nothing (line 415).
        soft_ap: None for an open one that is named after the chip (line 479; A-30).
        joins_at_start: Source: lines 559-561.
    """

    wifi_mode: WifiMode = WifiMode.SOFT_AP
    network: Credentials | None = None
    soft_ap: SoftApSettings | None = None
    joins_at_start: bool = True
