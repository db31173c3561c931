"""The one-time programmable words of the chip: its address and its kind."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import VirtualError

_MAC_BYTES = 6


@dataclass(frozen=True, slots=True)
class Efuse:
    """The four eFuse words, as read at 0x3FF00050, 54, 58 and 5C.

    Args:
        words: 32 bits each. The station's MAC address is ``words[3]`` bits 23..0, ``words[1]``
            bits 15..0, ``words[0]`` bits 31..24. Bit 4 of ``words[0]`` or bit 16 of ``words[2]``
            make the chip an ESP8285.

    Source: measured against esptool 5.6; bits that mean nothing there are as in a public log.
    """

    words: tuple[int, int, int, int]

    @classmethod
    def for_mac(cls, mac: bytes) -> Efuse:
        """The words of an ESP8266EX with this station address, 6 bytes.

        Raises:
            VirtualError: The address is of another length or belongs to a group.
        """
        if len(mac) != _MAC_BYTES or mac[0] & 1:
            raise VirtualError(f"no chip has the MAC address {mac.hex(':')}")
        oui = int.from_bytes(mac[:3], "big")
        return cls((mac[5] << 24, 0x0200_0000 | mac[3] << 8 | mac[4], 0xF200_B000, oui))

    @property
    def mac(self) -> bytes:
        """The station's address, for words that carry the vendor's half too."""
        oui = self.words[3] & 0xFF_FFFF
        own = (self.words[1] & 0xFFFF) << 8 | self.words[0] >> 24
        return oui.to_bytes(3, "big") + own.to_bytes(3, "big")

    @property
    def chip_id(self) -> int:
        """What the SDK calls the chip's id: 32 bits."""
        return (self.words[0] >> 24 | self.words[1] << 8) & 0xFFFF_FFFF
