"""The softAP: commands 9 to 12 of section 4, typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.errors import CommandArgumentError

from .command import Variant, format_execute, format_query, format_set
from .parameter import Choice, Hidden, Text, WholeNumber
from .recovery import Recovery
from .wifi_result import Encryption, parse_soft_ap, parse_stations
from .wifi_station import LONGEST_SSID_BYTES

if TYPE_CHECKING:
    from .reply import Reply
    from .wifi_result import SoftApSetup, SoftApStation

SHORTEST_PASSWORD_BYTES = 8

CWSAP = (
    Text("ssid", 1, LONGEST_SSID_BYTES),
    Text("pwd", 0, 64, is_secret=True),
    WholeNumber("chl", 1, 13),
    Choice("ecn", {kind: kind.value for kind in Encryption if kind is not Encryption.WEP}),
)
"""Parameters of AT+CWSAP, AT+CWSAP_CUR and AT+CWSAP_DEF (line 475); channels by A-29."""


class WifiSoftApCommands(Recovery):
    """The module's own access point; each method is named as its command."""

    def cwsap(
        self,
        ssid: str | bytes,
        password: str | bytes,
        channel: int,
        encryption: Encryption = Encryption.WPA2_PSK,
    ) -> Reply:
        """Set up the softAP and store it; deprecated. Source: 4.1 #9, lines 476-479; A-29.

        Args:
            ssid: Its name, 1 to 32 bytes, not escaped.
            password: 8 to 64 bytes, not escaped; of an open network up to 64.
            channel: 1 to 13.
            encryption: Any but WEP.

        Effects: one write to the system parameter area of the flash.
        """
        return self._cwsap(Variant.PLAIN, ssid, password, channel, encryption)

    def cwsap_cur(
        self,
        ssid: str | bytes,
        password: str | bytes,
        channel: int,
        encryption: Encryption = Encryption.WPA2_PSK,
    ) -> Reply:
        """Set up the softAP until the next start; as `cwsap`. Source: 4.1 #10, line 490."""
        return self._cwsap(Variant.CUR, ssid, password, channel, encryption)

    def cwsap_def(
        self,
        ssid: str | bytes,
        password: str | bytes,
        channel: int,
        encryption: Encryption = Encryption.WPA2_PSK,
    ) -> Reply:
        """Set up the softAP and store it; as `cwsap`. Source: 4.1 #11, line 506."""
        return self._cwsap(Variant.DEF, ssid, password, channel, encryption)

    def cwsap_query(self) -> SoftApSetup:
        """How the softAP is set up. Source: 4.1 #9, lines 473-474."""
        return self._cwsap_query(Variant.PLAIN)

    def cwsap_cur_query(self) -> SoftApSetup:
        """How the softAP is set up now. Source: 4.1 #10, line 487."""
        return self._cwsap_query(Variant.CUR)

    def cwsap_def_query(self) -> SoftApSetup:
        """How the softAP will be set up. Source: 4.1 #11, line 503."""
        return self._cwsap_query(Variant.DEF)

    def cwlif(self) -> tuple[SoftApStation, ...]:
        """The stations that are joined to the softAP. Source: 4.1 #12, lines 511-518; A-31."""
        return parse_stations(self.execute(format_execute("CWLIF")).lines)

    def _cwsap(
        self,
        variant: Variant,
        ssid: str | bytes,
        password: str | bytes,
        channel: int,
        encryption: Encryption,
    ) -> Reply:
        name = f"CWSAP{variant.value}"
        line = format_set(name, CWSAP, ssid, password, channel, encryption)
        size = len(password.encode() if isinstance(password, str) else password)
        if encryption != Encryption.OPEN and size < SHORTEST_PASSWORD_BYTES:
            allowed = "8 to 64 bytes long unless the network is open"
            raise CommandArgumentError(f"AT+{name}", "pwd", allowed=allowed, given=Hidden(password))
        return self.execute(line)

    def _cwsap_query(self, variant: Variant) -> SoftApSetup:
        name = f"CWSAP{variant.value}"
        reply = self.execute(format_query(name))
        setup = parse_soft_ap(self._value(reply, name))
        if setup is None:
            raise self._unexpected(reply, f'a line \'+{name}:"ssid","pwd",chl,ecn\'')
        return setup
