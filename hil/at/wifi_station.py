"""The station: commands 4 to 8, 16, 29 and 30 of section 4, typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .command import Variant, format_execute, format_query, format_set, format_test
from .parameter import Choice, MacAddress, Switch, Text, WholeNumber
from .recovery import Recovery
from .wifi_result import SmartConfigType, parse_found, parse_joined

if TYPE_CHECKING:
    from .reply import Reply
    from .wifi_result import FoundAccessPoint, JoinedAccessPoint

JOIN_TIMEOUT_S = 25.0
"""0.23 gives up after 15 s; it answers up to 2 s after WIFI GOT IP."""

SCAN_TIMEOUT_S = 10.0

LONGEST_SSID_BYTES = 32

CWJAP = (
    Text("ssid", 1, LONGEST_SSID_BYTES),
    Text("pwd", 0, 64, is_secret=True),
    MacAddress("bssid"),
)
"""Parameters of AT+CWJAP, AT+CWJAP_CUR and AT+CWJAP_DEF (line 413)."""

CWLAP = (Text("ssid", 1, LONGEST_SSID_BYTES), MacAddress("mac"), WholeNumber("ch", 1, 14))
"""Parameters of AT+CWLAP (line 450); the last two may be left out (A-28)."""

CWAUTOCONN = (Switch("enable"),)
CWSTARTSMART = (Choice("type", {kind: kind.value for kind in SmartConfigType}),)


class WifiStationCommands(Recovery):
    """What the station joins, and what it finds; each method is named as its command."""

    def cwjap(
        self,
        ssid: str | bytes,
        password: str | bytes = "",
        bssid: str | None = None,
        timeout_s: float = JOIN_TIMEOUT_S,
    ) -> Reply:
        """Join an access point and store it; deprecated. Source: 4.1 #4, line 411.

        Args:
            ssid: Its name, 1 to 32 bytes, not escaped.
            password: Up to 64 bytes, not escaped.
            bssid: Its MAC address, if several have this name.
            timeout_s: How long to wait for the outcome.

        Raises:
            CommandFailedError: It did not join; `join_failure` tells why, if the module does.

        Effects: one write to the system parameter area of the flash (line 414).
        """
        return self._cwjap(Variant.PLAIN, ssid, password, bssid, timeout_s)

    def cwjap_cur(
        self,
        ssid: str | bytes,
        password: str | bytes = "",
        bssid: str | None = None,
        timeout_s: float = JOIN_TIMEOUT_S,
    ) -> Reply:
        """Join an access point until the next start; as `cwjap`. Source: 4.1 #5, line 425."""
        return self._cwjap(Variant.CUR, ssid, password, bssid, timeout_s)

    def cwjap_def(
        self,
        ssid: str | bytes,
        password: str | bytes = "",
        bssid: str | None = None,
        timeout_s: float = JOIN_TIMEOUT_S,
    ) -> Reply:
        """Join an access point and store it; as `cwjap`. Source: 4.1 #6, line 439.

        Effects: one write to the system parameter area of the flash (line 442).
        """
        return self._cwjap(Variant.DEF, ssid, password, bssid, timeout_s)

    def cwjap_query(self) -> JoinedAccessPoint | None:
        """The access point that is joined, or None. Source: 4.1 #4, lines 408-410; A-27."""
        return self._cwjap_query(Variant.PLAIN)

    def cwjap_cur_query(self) -> JoinedAccessPoint | None:
        """The access point that is joined, or None. Source: 4.1 #5, lines 422-424; A-27."""
        return self._cwjap_query(Variant.CUR)

    def cwjap_def_query(self) -> JoinedAccessPoint | None:
        """The access point that is stored, or None. Source: 4.1 #6, lines 436-438; A-27."""
        return self._cwjap_query(Variant.DEF)

    def cwlap(
        self,
        ssid: str | bytes | None = None,
        mac: str | None = None,
        channel: int | None = None,
        timeout_s: float = SCAN_TIMEOUT_S,
    ) -> tuple[FoundAccessPoint, ...]:
        """The access points in reach. Source: 4.1 #7, lines 449-454; A-28.

        Args:
            ssid: Only those of this name.
            mac: Only the one with this MAC address; with `ssid`.
            channel: Only on this channel, 1 to 14; with `mac`.
            timeout_s: How long the scan may take.
        """
        if ssid is None and mac is None and channel is None:
            line = format_execute("CWLAP")
        else:
            line = format_set("CWLAP", CWLAP, ssid, mac, channel)
        reply = self.execute(line, timeout_s)
        found = [parse_found(value) for value in reply.values("CWLAP")]
        if None in found:
            raise self._unexpected(reply, 'records \'+CWLAP:(ecn,"ssid",rssi,"mac",ch)\'')
        return tuple(each for each in found if each is not None)

    def cwqap(self) -> Reply:
        """Leave the access point. Source: 4.1 #8, line 463."""
        return self.execute(format_execute("CWQAP"))

    def cwqap_test(self) -> Reply:
        """Ask whether the command is there. Source: 4.1 #8, line 460."""
        return self.execute(format_test("CWQAP"))

    def cwautoconn(self, *, is_on: bool) -> Reply:
        """Join the stored access point at every start, or not. Source: 4.1 #16, line 558; A-36.

        Effects: one write to the system parameter area of the flash.
        """
        return self.execute(format_set("CWAUTOCONN", CWAUTOCONN, is_on))

    def cwautoconn_query(self) -> bool:
        """Whether it joins at every start; the document has no query, 0.23 has (A-36)."""
        reply = self.execute(format_query("CWAUTOCONN"))
        return self._number(reply, "CWAUTOCONN", range(2)) == 1

    def cwstartsmart(self, kind: SmartConfigType) -> Reply:
        """Let a phone tell which network to join. Source: 4.1 #29, lines 729-732; A-41.

        In station mode only. `wait_for` takes ``Smart get wifi info`` and the WIFI lines; call
        `cwstopsmart` in any case (line 739).
        """
        return self.execute(format_set("CWSTARTSMART", CWSTARTSMART, kind))

    def cwstopsmart(self) -> Reply:
        """End SmartConfig and give its memory back. Source: 4.1 #30, lines 737-739."""
        return self.execute(format_execute("CWSTOPSMART"))

    def _cwjap(
        self,
        variant: Variant,
        ssid: str | bytes,
        password: str | bytes,
        bssid: str | None,
        timeout_s: float,
    ) -> Reply:
        line = format_set(f"CWJAP{variant.value}", CWJAP, ssid, password, bssid)
        return self.execute(line, timeout_s)

    def _cwjap_query(self, variant: Variant) -> JoinedAccessPoint | None:
        name = f"CWJAP{variant.value}"
        reply = self.execute(format_query(name))
        if "No AP" in reply.lines:
            return None
        value = self._value(reply, name)
        if value in {"", '""'}:
            return None
        joined = parse_joined(value)
        if joined is None:
            raise self._unexpected(reply, f"'No AP', or a name in a line '+{name}:...'")
        return joined
