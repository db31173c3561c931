"""Real time: one loop that gives a world the host's clock and carries bytes over its links.

Every turn of the loop is the same: wait until a descriptor is ready or something is due, let the
world come up to the present, let the links of the lines it is about carry what can be carried.
Nothing polls and nothing sleeps: while nothing is on its way, the loop waits in `select` without a
time-out.

If time is not paced, the world runs ahead of the host's clock while bytes are on a wire or a
program works on them, and keeps pace again as soon as only the host can go on.
"""

from __future__ import annotations

import logging
import select
import socket
import time
from itertools import chain
from typing import TYPE_CHECKING, Protocol, TypeVar

from hil.units import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from hil.virtual.world import World

    from .served_line import ServedLine

_log = logging.getLogger(__name__)

T = TypeVar("T")


class Link(Protocol):
    """What connects hosts with one line.

    All moments are the world's. A link never waits, and closes what is at fault itself; the
    loop closes a link that raises. The descriptors of a line's link change only while it, or
    another link of the same line, is served.
    """

    @property
    def name(self) -> str:
        """For the log: kind and address."""

    def readers(self, now_ns: int) -> Sequence[int]:
        """The descriptors whose input can be carried now."""

    def writers(self) -> Sequence[int]:
        """The descriptors for which output waits."""

    def next_deadline_ns(self, now_ns: int) -> int | None:
        """When the link wants to serve even if no descriptor is ready."""

    def serve(self, now_ns: int) -> None:
        """Carry what can be carried, from and to any of its descriptors."""

    def close(self) -> None:
        """Close all descriptors; closing twice is fine."""


class _ServedLinks:
    """The links of one line, which are served together when one of them has something to do.

    Args:
        line: The line; None for links whose descriptors change by what the world does, too.
        links: Its links.

    Attributes:
        line: As above.
        readers: The descriptors to wait for, since the links were served last.
        writers: Likewise.
        is_due: Whether they are to be served.
    """

    def __init__(self, line: ServedLine | None, links: Sequence[Link]) -> None:
        self.line = line
        self.readers: list[int] = []
        self.writers: list[int] = []
        self.is_due = True
        self._links = list(links)
        self._moment_ns: int | None = None

    def next_moment_ns(self, now_ns: int) -> int | None:
        """When a link wants to be served; they are due as soon as such a moment has come.

        A moment that has come is due even if no link names it any more: there is room on a wire
        from a moment on that nobody names once it is over.
        """
        self._notice(now_ns)
        self._moment_ns = _earliest(self._ask_each(lambda link: link.next_deadline_ns(now_ns)))
        self._notice(now_ns)
        return self._moment_ns

    def serve(self, now_ns: int) -> None:
        """Let the links carry what they can, and look which descriptors they wait for then."""
        self.is_due = False
        self._ask_each(lambda link: link.serve(now_ns))
        self.look(now_ns)

    def look(self, now_ns: int) -> None:
        """Ask which descriptors the links wait for."""
        self.readers = [*chain(*self._ask_each(lambda link: link.readers(now_ns)))]
        self.writers = [*chain(*self._ask_each(lambda link: link.writers()))]

    def close(self) -> None:
        """Close all links."""
        while self._links:
            self._close_link(self._links[-1])

    def _notice(self, now_ns: int) -> None:
        if self._moment_ns is not None and self._moment_ns <= now_ns:
            self.is_due = True

    def _ask_each(self, ask: Callable[[Link], T]) -> list[T]:
        """What the links answer; one that is at fault is closed, and the module lives on."""
        answers = []
        for link in list(self._links):
            try:
                answers.append(ask(link))
            except Exception:  # noqa: BLE001 - any fault of a link; it is logged whole
                _log.exception("closing %s after a fault", link.name)
                self._close_link(link)
        return answers

    def _close_link(self, link: Link) -> None:
        self._links.remove(link)
        self.readers, self.writers = [], []  # some are closed now; `serve` looks which remain
        self.is_due = True
        try:
            link.close()
        except OSError:
            _log.exception("closing %s failed", link.name)


class RealTime:
    """A world on the host's clock, with its links.

    Args:
        world: The machines.
        is_paced: Whether a byte takes as long as on a wire; else as long as it has to.
        monotonic_ns: The host's clock.
    """

    def __init__(
        self,
        world: World,
        *,
        is_paced: bool = True,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.world = world
        self._is_paced = is_paced
        self._monotonic_ns = monotonic_ns
        self._behind_ns = monotonic_ns() - world.now_ns
        self._served: list[_ServedLinks] = []
        self._is_stopped = False
        self._wake_receiver, self._wake_sender = socket.socketpair()
        self._wake_receiver.settimeout(0)
        self._wake_sender.settimeout(0)

    def add(self, line: ServedLine, links: Sequence[Link]) -> None:
        """Serve a line over links; before `run`."""
        self._served.append(_ServedLinks(line, links))

    def add_links(self, links: Sequence[Link]) -> None:
        """Serve links that belong to no line; before `run`."""
        self._served.append(_ServedLinks(None, links))

    def stop(self) -> None:
        """Let `run` return; from any thread or signal handler, more than once if need be."""
        self._is_stopped = True
        try:
            self._wake_sender.send(b"\0")
        except OSError:  # full, so it wakes up anyway; or closed, so it has ended
            return

    def run(self) -> None:
        """Serve until `stop` is called.

        Effects: all links are closed at the end, whatever it was.
        """
        try:
            while not self._is_stopped:
                self._turn()
        finally:
            self.close()

    def close(self) -> None:
        """Close all links."""
        for served in self._served:
            served.close()
        self._wake_receiver.close()
        self._wake_sender.close()

    def _turn(self) -> None:
        world = self.world
        world.advance(self._present_ns())
        self._next_link_moment_ns()
        for served in self._served:
            if served.is_due:
                served.serve(world.now_ns)
        world.advance(world.now_ns)  # what the links have set in motion
        if not self._is_paced:
            self._run_ahead()
        self._wait(self._next_moment_ns())

    def _present_ns(self) -> int:
        return max(self.world.now_ns, self._monotonic_ns() - self._behind_ns)

    def _run_ahead(self) -> None:
        """Let time jump from event to event until a link can carry something, or all is quiet."""
        world = self.world
        lines = [served.line for served in self._served if served.line is not None]
        while any(line.is_working(world.now_ns) for line in lines):
            moment_ns = self._next_moment_ns()
            if moment_ns is None:
                return
            is_for_link = moment_ns == self._next_link_moment_ns()
            self._behind_ns -= max(0, moment_ns - self._present_ns())
            world.advance(max(moment_ns, world.now_ns))
            if is_for_link:
                return

    def _next_moment_ns(self) -> int | None:
        return _earliest((self.world.next_deadline_ns(), self._next_link_moment_ns()))

    def _next_link_moment_ns(self) -> int | None:
        now_ns = self.world.now_ns
        return _earliest([served.next_moment_ns(now_ns) for served in self._served])

    def _wait(self, moment_ns: int | None) -> None:
        """Wait for a descriptor, at most until a moment; not at all if somebody is due."""
        for served in self._served:
            if served.line is None:
                served.look(self.world.now_ns)
        readers = [self._wake_receiver.fileno()]
        readers += chain.from_iterable(served.readers for served in self._served)
        writers = list(chain.from_iterable(served.writers for served in self._served))
        timeout_s = None
        if any(served.is_due for served in self._served):
            timeout_s = 0.0
        elif moment_ns is not None:
            timeout_s = max(0, moment_ns - self._present_ns()) / NS_PER_S
        readable, writable, _ = select.select(readers, writers, [], timeout_s)
        ready = {*readable, *writable}
        for served in self._served:
            served.is_due |= not ready.isdisjoint(served.readers + served.writers)


def _earliest(moments: Iterable[int | None]) -> int | None:
    return min((moment for moment in moments if moment is not None), default=None)
