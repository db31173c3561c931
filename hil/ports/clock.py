"""The clock of a rig: real time on a bench, simulated time on a virtual rig."""

from __future__ import annotations

import time
from typing import Protocol

from hil.units import NS_PER_S


class Clock(Protocol):
    """Tells and spends the time of one rig.

    Nothing above this seam reads any other clock, so that a test plan runs the same on a bench
    and in simulated time.
    """

    def now_ns(self) -> int:
        """Nanoseconds on this rig's clock; only differences mean something."""

    def sleep(self, duration_s: float) -> None:
        """Let the given time pass on this rig's clock.

        Blocks: `duration_s` on this clock; nothing in real time if the clock is simulated.
        """


class SystemClock:
    """The clock of a real rig: the host's monotonic clock."""

    def now_ns(self) -> int:
        """Nanoseconds of the host's monotonic clock."""
        return time.monotonic_ns()

    def sleep(self, duration_s: float) -> None:
        """Wait in real time."""
        time.sleep(duration_s)  # noqa: TID251 - this is the one real clock


def deadline_ns(clock: Clock, timeout_s: float) -> int:
    """The moment on `clock` that lies `timeout_s` ahead."""
    return clock.now_ns() + round(timeout_s * NS_PER_S)
