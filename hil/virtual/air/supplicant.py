"""How a station gets to an access point, to a lease, and off again.

Modules and phones have one each. Theory of operation::

    IDLE ──join──► FINDING ──FIND──► ANSWERED ──HANDSHAKE──► JOINED ──loss──► IDLE
                      │                 ├──WRONG_KEY──► IDLE    (the key does not fit)
                      └──ALL_CHANNELS──► IDLE           └─ never, if the access point is silent

The access point is chosen at the end of FIND; whether it takes the station shows at the end of
the handshake, so that what happens to it meanwhile counts. A station that joins or leaves gives
up whatever it was about.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from hil.units import NS_PER_MS, NS_PER_S

from .access_point import Conduct
from .message import ApLost, Joined, JoinFailed, JoinFailure, Leased

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hil.virtual.agenda import Agenda, Appointment

    from .access_point import AccessPoint
    from .message import Join

CHANNEL_NS = 150 * NS_PER_MS
CHANNELS = 14
ALL_CHANNELS_NS = CHANNELS * CHANNEL_NS
"""2.1 s. An emulator of other versions takes 2.15 s; of a real module no figure was found."""

FIND_NS = 500 * NS_PER_MS
"""From the wish to join to the first word with an access point that is there."""

HANDSHAKE_NS = 200 * NS_PER_MS
"""Authentication, association and the exchange of keys."""

WRONG_KEY_NS = 4 * NS_PER_S
"""How long an access point waits for a proof of the key: hostapd asks four times."""

LEASE_NS = 1 * NS_PER_S
"""From the first DHCP message to the fourth."""


class Supplicant:
    """One station's way to access points.

    Args:
        agenda: The air's.
        in_reach: The access points that this station hears, in the order of the air.
        tell: Told what comes of it; never within a call from outside.

    Attributes:
        mac: The station's address since the last `join`.
        ap: The access point that it is joined to.
    """

    def __init__(
        self,
        agenda: Agenda,
        in_reach: Callable[[], Iterable[AccessPoint]],
        tell: Callable[[Joined | JoinFailed | ApLost | Leased, int], None],
    ) -> None:
        self._agenda, self._in_reach, self._tell = agenda, in_reach, tell
        self.mac = bytes(6)
        self.ap: AccessPoint | None = None
        self._wants_lease = False
        self._joining: Appointment | None = None
        self._leasing: Appointment | None = None
        self._losing: Appointment | None = None

    # What the station does ----------------------------------------------------------------------

    def join(self, request: Join, now_ns: int) -> None:
        """Look for an access point and join it."""
        self.leave(now_ns)
        self.mac = request.mac
        self._joining = self._agenda.plan(now_ns + FIND_NS, partial(self._find, request))

    def leave(self, now_ns: int) -> None:
        """Leave the access point with a word, or give up joining one."""
        ap = self._part()
        if ap is not None:
            ap.remove(self.mac, now_ns)

    def fall_silent(self, now_ns: int) -> None:
        """Be gone without a word."""
        ap = self._part()
        if ap is not None:
            ap.miss(self, now_ns)

    def request_lease(self, now_ns: int) -> None:
        """Ask the DHCP server behind the access point; nobody there never answers."""
        if self.ap is not None:
            self._wants_lease = True
            self.retry_lease(now_ns)

    # What the access point does -----------------------------------------------------------------

    def lose(self, now_ns: int, after_ns: int) -> None:
        """The access point is gone; the station notices so much later."""
        _cancel(self._losing)
        self._losing = self._agenda.plan(now_ns + after_ns, self._lost)

    def keep(self, now_ns: int) -> None:
        """The access point is heard again before the station gave it up."""
        _cancel(self._losing)
        self._losing = None
        self.retry_lease(now_ns)

    def retry_lease(self, now_ns: int) -> None:
        """Ask the DHCP server again, if the station waits for a lease."""
        if self.ap is not None and self._wants_lease:
            _cancel(self._leasing)
            self._leasing = self._agenda.plan(
                now_ns + LEASE_NS + self.ap.delay_ns, self._take_lease
            )

    # What comes of it ---------------------------------------------------------------------------

    def _find(self, request: Join, now_ns: int) -> None:
        ap = self._strongest(request)
        if ap is None:
            fail = partial(self._fail, JoinFailure.NO_AP)
            self._joining = self._agenda.plan(now_ns - FIND_NS + ALL_CHANNELS_NS, fail)
        elif ap.conduct is not Conduct.SILENT:
            is_key_wrong = ap.refusal(request) is JoinFailure.WRONG_KEY
            duration_ns = (WRONG_KEY_NS if is_key_wrong else HANDSHAKE_NS) + ap.delay_ns
            conclude = partial(self._conclude, ap, request)
            self._joining = self._agenda.plan(now_ns + duration_ns, conclude)

    def _strongest(self, request: Join) -> AccessPoint | None:
        fitting = [ap for ap in self._in_reach() if ap.is_meant(request)]
        return max(fitting, key=lambda ap: ap.rssi_dbm, default=None)

    def _conclude(self, ap: AccessPoint, request: Join, now_ns: int) -> None:
        failure = ap.refusal(request)
        if failure is not None:
            self._fail(failure, now_ns)
            return
        self.ap = ap
        ap.admit(self, now_ns)
        self._tell(Joined(ap.sighting(is_named=True)), now_ns)

    def _fail(self, failure: JoinFailure, now_ns: int) -> None:
        self._tell(JoinFailed(failure), now_ns)

    def _take_lease(self, now_ns: int) -> None:
        lease = self.ap.grant(self, now_ns) if self.ap is not None else None
        if lease is not None:
            self._wants_lease = False
            self._tell(Leased(lease), now_ns)

    def _lost(self, now_ns: int) -> None:
        self.fall_silent(now_ns)
        self._tell(ApLost(), now_ns)

    def _part(self) -> AccessPoint | None:
        """Be joined to nothing and on the way to nothing; the access point until now."""
        for appointment in (self._joining, self._leasing, self._losing):
            _cancel(appointment)
        self._joining = self._leasing = self._losing = None
        self._wants_lease = False
        ap, self.ap = self.ap, None
        return ap


def _cancel(appointment: Appointment | None) -> None:
    if appointment is not None:
        appointment.cancel()
