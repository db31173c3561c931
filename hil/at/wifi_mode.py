"""Wi-Fi mode: commands 1 to 3 of section 4, typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .command import CWMODE, Variant, WifiMode, format_query, format_set, format_test
from .recovery import Recovery

if TYPE_CHECKING:
    from .reply import Reply


class WifiModeCommands(Recovery):
    """AT+CWMODE in its three variants; each method is named as its command."""

    def cwmode(self, mode: WifiMode | int) -> Reply:
        """Set the Wi-Fi mode and store it; deprecated. Source: 4.1 #1, line 358."""
        return self._cwmode(Variant.PLAIN, mode)

    def cwmode_cur(self, mode: WifiMode | int) -> Reply:
        """Set the Wi-Fi mode until the next start. Source: 4.1 #2, line 379."""
        return self._cwmode(Variant.CUR, mode)

    def cwmode_def(self, mode: WifiMode | int) -> Reply:
        """Set the Wi-Fi mode and store it. Source: 4.1 #3, line 396."""
        return self._cwmode(Variant.DEF, mode)

    def cwmode_query(self) -> WifiMode:
        """The Wi-Fi mode. Source: 4.1 #1, line 355."""
        return self._cwmode_query(Variant.PLAIN)

    def cwmode_cur_query(self) -> WifiMode:
        """The present Wi-Fi mode. Source: 4.1 #2, line 376."""
        return self._cwmode_query(Variant.CUR)

    def cwmode_def_query(self) -> WifiMode:
        """The stored Wi-Fi mode. Source: 4.1 #3, line 393."""
        return self._cwmode_query(Variant.DEF)

    def cwmode_test(self) -> str:
        """The modes as the module tells them, ``(1-3)``. Source: 4.1 #1, line 352; A-24."""
        return self._cwmode_test(Variant.PLAIN)

    def cwmode_cur_test(self) -> str:
        """The modes as the module tells them. Source: 4.1 #2, line 373; A-24."""
        return self._cwmode_test(Variant.CUR)

    def cwmode_def_test(self) -> str:
        """The modes as the module tells them. Source: 4.1 #3, line 390; A-24."""
        return self._cwmode_test(Variant.DEF)

    def _cwmode(self, variant: Variant, mode: WifiMode | int) -> Reply:
        return self.execute(format_set(f"CWMODE{variant.value}", CWMODE, mode))

    def _cwmode_query(self, variant: Variant) -> WifiMode:
        name = f"CWMODE{variant.value}"
        return WifiMode(self._number(self.execute(format_query(name)), name, range(1, 4)))

    def _cwmode_test(self, variant: Variant) -> str:
        name = f"CWMODE{variant.value}"
        return self._value(self.execute(format_test(name)), name)
