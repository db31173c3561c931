"""The world of one rig: all its machines in one line of time."""

from __future__ import annotations

from typing import Protocol

from .errors import VirtualError


class Machine(Protocol):
    """Anything that is told what time it is."""

    def next_deadline_ns(self) -> int | None:
        """When it wants to be woken, or None."""

    def advance(self, now_ns: int) -> None:
        """Serve everything that is due at `now_ns`."""


class World:
    """Machines by name and the present moment.

    All machines stand at the same moment at all times: `advance` goes from deadline to deadline,
    whosever it is, so that what one does reaches the others in order.
    """

    def __init__(self) -> None:
        self.now_ns = 0
        self._machines: dict[str, Machine] = {}

    @property
    def machines(self) -> dict[str, Machine]:
        """The machines by name."""
        return dict(self._machines)

    def add(self, name: str, machine: Machine) -> None:
        """Put a machine into the world, under a name that no other has."""
        if name in self._machines:
            raise VirtualError(f"this world has a machine {name!r} already")
        self._machines[name] = machine

    def next_deadline_ns(self) -> int | None:
        """The earliest moment at which any machine wants to be woken."""
        earliest = None
        for machine in self._machines.values():
            deadline = machine.next_deadline_ns()
            if deadline is not None and (earliest is None or deadline < earliest):
                earliest = deadline
        return earliest

    def advance(self, now_ns: int) -> None:
        """Let time pass up to `now_ns`."""
        while (deadline := self.next_deadline_ns()) is not None and deadline <= now_ns:
            self.now_ns = max(self.now_ns, deadline)
            for machine in self._machines.values():
                due = machine.next_deadline_ns()
                if due is not None and due <= self.now_ns:
                    machine.advance(self.now_ns)
        self.now_ns = max(self.now_ns, now_ns)
