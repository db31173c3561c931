"""One module's place in an air: its scans, its station, its softAP, what it listens to."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from .access_point import AccessPoint, ApSettings
from .dhcp import DhcpServer
from .message import (
    Announce,
    CredentialsHeard,
    Join,
    Leave,
    ListenForCredentials,
    RequestLease,
    Scan,
    ScanDone,
    StopListening,
)
from .supplicant import ALL_CHANNELS_NS, CHANNEL_NS, Supplicant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hil.virtual.agenda import Agenda, Appointment

    from .message import AirEvent, AirRequest, SoftAp
    from .smart_config import Telling

SOFT_AP_RSSI_DBM = -40
"""How strong modules of one bench hear each other."""

SOFT_AP_STATIONS = 4
"""How many stations a softAP takes. Source: the SDK's default, which later firmware tells as the
fifth field of ``+CWSAP:`` (observed in wifi-cwsap-query-1200-wcc)."""


class Antenna:
    """`hil.virtual.outside.AirSide` of one module.

    Args:
        agenda: The air's.
        in_reach: The access points around this module, without its own.
        tellings: What phones tell at present.
        hear: How the module is told of an event.
    """

    def __init__(
        self,
        agenda: Agenda,
        in_reach: Callable[[], Iterable[AccessPoint]],
        tellings: Callable[[], Iterable[Telling]],
        hear: Callable[[AirEvent, int], None],
    ) -> None:
        self._agenda = agenda
        self._in_reach = in_reach
        self._tellings = tellings
        self._hear = hear
        self._station = Supplicant(agenda, in_reach, hear)
        self._soft_ap: AccessPoint | None = None
        self._kind_listened_to: int | None = None
        self._decoding: Appointment | None = None
        self._decoded: Telling | None = None
        self._pending: list[Appointment] = []

    @property
    def ap(self) -> AccessPoint | None:
        """The access point that the module's station is joined to."""
        return self._station.ap

    @property
    def soft_ap(self) -> AccessPoint | None:
        """The module's own access point, while it is on the air."""
        return self._soft_ap

    def take(self, request: AirRequest, now_ns: int) -> None:
        """The module asks for something."""
        match request:
            case Scan():
                dwell_ns = ALL_CHANNELS_NS if request.channel is None else CHANNEL_NS
                self._plan(now_ns + dwell_ns, partial(self._finish_scan, request))
            case Join():
                self._station.join(request, now_ns)
            case Leave():
                self._station.leave(now_ns)
            case RequestLease():
                self._station.request_lease(now_ns)
            case Announce(soft_ap):
                self._announce(soft_ap, now_ns)
            case ListenForCredentials(kind):
                self._kind_listened_to = kind
                self._listen(now_ns)
            case StopListening():
                self._stop_listening()

    def silence(self, now_ns: int, *, is_orderly: bool) -> None:
        """The module's radio falls silent; what was on its way to the module is lost."""
        soft_ap, self._soft_ap = self._soft_ap, None
        if soft_ap is not None:
            soft_ap.switch(now_ns, is_on=False, is_orderly=is_orderly)
        if is_orderly:
            self._station.leave(now_ns)
        else:
            self._station.fall_silent(now_ns)
        self._stop_listening()
        while self._pending:  # last: what the softAP said of its stations as well
            self._pending.pop().cancel()

    def hear_telling(self, telling: Telling, now_ns: int) -> None:
        """A phone begins to tell credentials."""
        heard_ns = telling.heard_ns(now_ns)
        is_free = self._decoding is None and telling.kind == self._kind_listened_to
        if is_free and heard_ns is not None:
            self._decoding = self._agenda.plan(heard_ns, partial(self._decode, telling))
            self._decoded = telling

    def lose_telling(self, telling: Telling, now_ns: int) -> None:
        """A phone has fallen silent; what another one tells has to be heard from the start."""
        if self._decoded is telling and self._decoding is not None:
            self._stop_decoding()
            self._listen(now_ns)

    def _finish_scan(self, scan: Scan, now_ns: int) -> None:
        sightings = tuple(
            ap.sighting(is_named=scan.ssid is not None)
            for ap in self._in_reach()
            if scan.ssid in (None, ap.settings.ssid)
            and scan.bssid in (None, ap.settings.bssid)
            and scan.channel in (None, ap.settings.channel)
        )
        self._hear(ScanDone(sightings), now_ns)

    def _announce(self, soft_ap: SoftAp | None, now_ns: int) -> None:
        """Put the softAP on the air, change it, or take it off."""
        if soft_ap is None:
            if self._soft_ap is not None:
                self._soft_ap.switch(now_ns, is_on=False)
                self._soft_ap = None
            return
        settings = ApSettings(
            soft_ap.ssid, soft_ap.mac, soft_ap.security, soft_ap.password, soft_ap.channel
        )
        if self._soft_ap is None:
            self._soft_ap = AccessPoint(
                settings,
                self._agenda,
                rssi_dbm=SOFT_AP_RSSI_DBM,
                station_limit=SOFT_AP_STATIONS,
                hear=self._hear_soon,
            )
        self._soft_ap.configure(settings, now_ns)
        self._soft_ap.serve_by(self._dhcp_of(soft_ap), now_ns)

    def _dhcp_of(self, soft_ap: SoftAp) -> DhcpServer | None:
        """The server of the softAP; the present one goes on if its network stays."""
        if not soft_ap.has_dhcp:
            return None
        present = self._soft_ap.dhcp if self._soft_ap is not None else None
        if present is not None and present.network == soft_ap.network:
            return present
        return DhcpServer.of_soft_ap(soft_ap.network)

    def _listen(self, now_ns: int) -> None:
        for telling in self._tellings():
            self.hear_telling(telling, now_ns)

    def _decode(self, telling: Telling, now_ns: int) -> None:
        self._stop_listening()
        self._hear(CredentialsHeard(telling.kind, telling.ssid, telling.password), now_ns)

    def _stop_listening(self) -> None:
        self._kind_listened_to = None
        self._stop_decoding()

    def _stop_decoding(self) -> None:
        if self._decoding is not None:
            self._decoding.cancel()
            self._decoding = self._decoded = None

    def _hear_soon(self, event: AirEvent, now_ns: int) -> None:
        """Tell the module behind the call that is going on, which may be its own."""
        self._plan(now_ns, partial(self._hear, event))

    def _plan(self, at_ns: int, step: Callable[[int], None]) -> None:
        self._pending = [each for each in self._pending if each.is_open]
        self._pending.append(self._agenda.plan(at_ns, step))
