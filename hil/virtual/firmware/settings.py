"""What the firmware stores, by area, and how each value is coded as a record.

A value is a record ``tag -> bytes``. What cannot be read as a legal value counts as not stored,
so that nothing that lies in the flash can stop the firmware from starting.

Source: notes at lines 258, 288 (user area) and 361, 399 (system area); A-69 in docs/ambiguities.
Factory values: line 161 and A-12 (UART), A-30 (Wi-Fi mode).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from hil.virtual.uart import LineFormat, Parity

Records = Mapping[int, bytes]
"""Stored values by tag, 0 to 255, each of at most 255 bytes."""

_UART = struct.Struct("<IBBBB")
_UART_TAG = 1
_WIFI_MODE_TAG = 1


class WifiMode(IntEnum):
    """Source: line 360."""

    STATION = 1
    SOFT_AP = 2
    BOTH = 3


@dataclass(frozen=True, slots=True)
class UartSettings:
    """The five values of the UART commands, in the document's codes and order.

    Args:
        baud: 1 to 5,000,000; a dialect may take less.
        data_bits: 5 to 8.
        stop_code: 1, 2, 3 for 1, 1.5, 2 stop bits.
        parity_code: 0 none, 1 odd, 2 even.
        flow_control: 0 none, 1 RTS, 2 CTS, 3 both.

    Source: lines 248-252.
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
            1 <= self.baud <= 5_000_000
            and 5 <= self.data_bits <= 8
            and 1 <= self.stop_code <= 3
            and 0 <= self.parity_code <= 2
            and 0 <= self.flow_control <= 3
        )

    @property
    def line_format(self) -> LineFormat:
        """What the line looks like with these settings."""
        return LineFormat(self.baud, self.data_bits, Parity(self.parity_code), self.stop_code + 1)

    def encode(self) -> bytes:
        """As a record."""
        return _UART.pack(
            self.baud, self.data_bits, self.stop_code, self.parity_code, self.flow_control
        )


FACTORY_UART = UartSettings()


@dataclass(frozen=True, slots=True)
class UserSettings:
    """What the user parameter area holds."""

    uart: UartSettings = FACTORY_UART

    @classmethod
    def decode(cls, records: Records) -> UserSettings:
        """The settings that records tell; factory values where they do not."""
        return cls(uart=_decode_uart(records.get(_UART_TAG, b"")))

    def encode(self) -> Records:
        """All settings as records."""
        return {_UART_TAG: self.uart.encode()}


@dataclass(frozen=True, slots=True)
class SystemSettings:
    """What the system parameter area holds."""

    wifi_mode: WifiMode = WifiMode.SOFT_AP

    @classmethod
    def decode(cls, records: Records) -> SystemSettings:
        """The settings that records tell; factory values where they do not."""
        return cls(wifi_mode=_decode_wifi_mode(records.get(_WIFI_MODE_TAG, b"")))

    def encode(self) -> Records:
        """All settings as records."""
        return {_WIFI_MODE_TAG: bytes((self.wifi_mode,))}


def _decode_uart(record: bytes) -> UartSettings:
    if len(record) != _UART.size:
        return FACTORY_UART
    uart = UartSettings(*_UART.unpack(record))
    return uart if uart.is_legal else FACTORY_UART


def _decode_wifi_mode(record: bytes) -> WifiMode:
    value = int.from_bytes(record, "big")
    return WifiMode(value) if value in tuple(WifiMode) else WifiMode.SOFT_AP
