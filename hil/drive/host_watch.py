"""The sockets of one served module, and what is on its way to them and back."""

from __future__ import annotations

import selectors
from typing import TYPE_CHECKING, Protocol

from hil.virtual.agenda import Agenda

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable


class Watched(Protocol):
    """Something with a socket.

    Attributes:
        socket: The socket.
    """

    @property
    def socket(self) -> socket.socket:
        """The socket."""

    def interest(self) -> int:
        """For what it waits: selectors.EVENT_READ, EVENT_WRITE, both or 0."""

    def serve(self, now_ns: int) -> None:
        """The socket is ready for something that it was waited for."""


class SocketWatch:
    """One descriptor that is readable when any of many sockets is ready.

    Raises:
        OSError: This process has no descriptor left.
    """

    def __init__(self) -> None:
        self._selector = selectors.EpollSelector()
        self._interests: dict[Watched, int] = {}
        self._agenda = Agenda()
        self._now_ns = 0

    def fileno(self) -> int:
        """The descriptor."""
        return self._selector.fileno()

    def watch(self, item: Watched) -> None:
        """An item may wait for something else now."""
        before, now = self._interests.get(item, 0), item.interest()
        if now == before:
            return
        self._interests[item] = now
        if not before:
            self._selector.register(item.socket, now, item)
        elif now:
            self._selector.modify(item.socket, now, item)
        else:
            self._selector.unregister(item.socket)

    def drop(self, item: Watched) -> None:
        """Forget an item whose socket is about to be closed."""
        if self._interests.pop(item, 0):
            self._selector.unregister(item.socket)

    def plan(self, at_ns: int, step: Callable[[int], None]) -> None:
        """Let something happen at a moment; it is told when it does, which may be later."""
        self._agenda.plan(at_ns, lambda _: step(self._now_ns))

    def next_deadline_ns(self) -> int | None:
        """When something happens that was planned."""
        return self._agenda.next_deadline_ns()

    def serve(self, now_ns: int) -> None:
        """Do what is due, and serve the sockets that are ready."""
        self._now_ns = now_ns
        self._agenda.advance(now_ns)
        for key, _ in self._selector.select(0):
            item: Watched = key.data
            if self._interests.get(item):  # else another one's doing has ended it
                item.serve(now_ns)

    def close(self) -> None:
        """Watch nothing any more."""
        for item in list(self._interests):
            self.drop(item)
        self._selector.close()
