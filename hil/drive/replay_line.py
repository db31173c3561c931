"""The host's end of a module that is played from a record, in simulated time."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from hil.errors import MistakeError
from hil.recording.record import load_record
from hil.recording.replayed_module import ReplayedModule
from hil.virtual.errors import VirtualError
from hil.virtual.world import World

from .registry import find_machine
from .simulated import POLL_NS, NothingPendingError

SCHEME = "replay://"
SLOT_QUERY = "?slot="


def split_replay_url(url: str) -> tuple[Path, int | None]:
    """The record that a URL names, and the slot, if it names one.

    Raises:
        MistakeError: The slot is no number, or no file is named.
    """
    name, _, slot = url.removeprefix(SCHEME).partition(SLOT_QUERY)
    if not name or (slot and not slot.isdecimal()):
        raise MistakeError(f"{url!r} is not of the form {SCHEME}FILE or {SCHEME}FILE{SLOT_QUERY}0")
    return Path(name), int(slot) if slot else None


def open_replay(url: str) -> tuple[World, ReplayedModule]:
    """The module that a URL names: that of an open rig, else one of its own.

    Raises:
        RecordFileError: The file cannot be read, or is no record.
    """
    with suppress(VirtualError):
        world, machine = find_machine(url, url)
        if isinstance(machine, ReplayedModule):
            return world, machine
    path, slot = split_replay_url(url)
    return World(), ReplayedModule(load_record(path), slot)


class ReplayLine:
    """The host's end of the line; time passes while somebody waits.

    Args:
        world: Whose time it is.
        module: What is played.
    """

    def __init__(self, world: World, module: ReplayedModule) -> None:
        self.world = world
        self.module = module

    def write(self, data: bytes) -> None:
        """Send bytes, which takes no time.

        Raises:
            ReplayMismatchError: Something else is on record.
        """
        self.module.send(data, self.world.now_ns)

    def available(self) -> int:
        """How many bytes are there."""
        return self.module.available(self.world.now_ns)

    def poll(self) -> int:
        """How many bytes are there, for a program that looks again and again.

        A look at an empty buffer costs `POLL_NS`.
        """
        if not self._look():
            self.world.advance(self.world.now_ns + POLL_NS)
        return self.available()

    def read(self, count: int, deadline_ns: int | None) -> bytes:
        """Up to `count` bytes; waits for all of them, until the deadline.

        Raises:
            NothingPendingError: There is no deadline, and nothing is on its way.
            ReplayMismatchError: The record is cut off here.
        """
        if deadline_ns is not None and deadline_ns <= self.world.now_ns:
            self.poll()
        else:
            self._wait_for(count, deadline_ns)
        return self.module.receive(count, self.world.now_ns)

    def receive(self, deadline_ns: int) -> bytes:
        """What has arrived, as soon as there is at least one byte; ``b""`` at the deadline.

        Raises:
            ReplayMismatchError: The record is cut off here.
        """
        if deadline_ns > self.world.now_ns:
            self._wait_for(1, deadline_ns)
        else:
            self._look()
        return self.module.receive(self.available(), self.world.now_ns)

    def _look(self) -> bool:
        """Whether something is there, or was found then by a client that took its time."""
        now_ns = self.world.now_ns
        if self.available():
            return True
        arrival_ns = self.module.next_arrival_ns(now_ns)
        if arrival_ns is None or arrival_ns > now_ns + self.module.slack_ns:
            return False
        self.world.advance(arrival_ns)
        return True

    def _wait_for(self, count: int, deadline_ns: int | None) -> None:
        while self.available() < count:
            arrival_ns = self.module.next_arrival_ns(self.world.now_ns)
            if arrival_ns is None:
                self.module.require_continued()
                if deadline_ns is None:
                    raise NothingPendingError
            if arrival_ns is None or (deadline_ns is not None and arrival_ns > deadline_ns):
                self.world.advance(max(deadline_ns or 0, self.world.now_ns))
                return
            self.world.advance(arrival_ns)
