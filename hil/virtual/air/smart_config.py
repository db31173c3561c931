"""SmartConfig: phones that tell modules which network to join.

A phone repeats the credentials in the lengths of packets that anybody can hear. A module that
listens has to find the channel and to hear enough of them before it knows what they say.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hil.units import NS_PER_S

DECODE_NS = 5 * NS_PER_S
"""From the moment at which a module listens and a phone tells to the credentials."""

TELLING_NS = 60 * NS_PER_S
"""How long a phone's program repeats them before it gives up."""


@dataclass(frozen=True, slots=True)
class Telling:
    """What a phone tells.

    Args:
        kind: 1 for ESP-TOUCH, 2 for AirKiss (line 731).
        ssid: The network's name.
        password: Its password.
        until_ns: When the phone gives up.
    """

    kind: int
    ssid: bytes
    password: bytes = field(repr=False)
    until_ns: int

    def heard_ns(self, now_ns: int) -> int | None:
        """When a module that begins to listen now, or has listened, has got it; None if never."""
        heard_ns = now_ns + DECODE_NS
        return heard_ns if heard_ns <= self.until_ns else None
