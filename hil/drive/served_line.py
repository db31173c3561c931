"""The host's end of one module's UART, in real time: what `SimulatedLine` is in simulated time.

A line has one *owner* at a time, the link whose host uses it; what arrives while nobody does is
lost, as on an adapter whose port is closed. Bytes from the host enter the wire only while little
waits on it (`room_bytes`), so that a settled wire is never far from what the host has sent. Bytes
to the host are gathered (`take`) until the run on the wire ends or `GATHER_NS` after the first of
them, as a USB adapter does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.units import NS_PER_MS, NS_PER_S
from hil.virtual.chip import Phase

from .board_lines import BoardLines

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.virtual.bench import Bench
    from hil.virtual.uart import LineFormat
    from hil.virtual.world import World

WINDOW_NS = 50 * NS_PER_MS
"""How much may wait on the wire; when half of it has left, there is room again."""

UNPACED_WINDOW_NS = 1 * NS_PER_S
"""Likewise when time runs ahead: more at once costs less, and the wire is empty at once."""

GATHER_NS = 1 * NS_PER_MS
"""How long bytes of one run are gathered."""

UNPACED_GATHER_NS = 50 * NS_PER_MS
"""Likewise when time runs ahead; nobody waits for it."""

WORK_NS = 60 * NS_PER_S
"""How long after the host's last act a deadline of the chip still counts as work on it: longer than
a 16 MB flash takes to be erased, shorter than the time-outs of connections."""


class ServedLine:
    """One module's UART and modem lines for hosts outside of this process.

    Args:
        name: The module's name.
        world: Where it lives; the line adds a machine for its modem lines.
        bench: The module.
        is_paced: Whether time follows the host's clock.

    Attributes:
        name: The module's name.
        lines: DTR and RTS.
        owner: Who uses the line now, as a name for refusals; None if nobody does.
        is_backed_up: Whether the owner does not read what came; time does not run ahead of it.
    """

    def __init__(self, name: str, world: World, bench: Bench, *, is_paced: bool = True) -> None:
        self.name = name
        self.lines = BoardLines(bench)
        self.owner: str | None = None
        self.is_backed_up = False
        self._gives_way: Callable[[int], object] | None = None
        self._bench = bench
        self._window_ns = WINDOW_NS if is_paced else UNPACED_WINDOW_NS
        self._gather_ns = GATHER_NS if is_paced else UNPACED_GATHER_NS
        self._first_ns: int | None = None
        self._touched_ns = world.now_ns
        world.add(f"{name} lines", self.lines)

    def acquire(
        self, owner: str, now_ns: int, *, gives_way: Callable[[int], object] | None = None
    ) -> bool:
        """Become the owner; False if somebody else is. What arrived before is forgotten.

        Args:
            owner: The name of who wants the line.
            now_ns: The present moment.
            gives_way: Called when somebody else wants the line later; releases it if the host has
                gone and only bytes that wait for the wire are left of it.
        """
        if self.owner not in {None, owner} and self._gives_way is not None:
            self._gives_way(now_ns)
        if self.owner is None:
            self.owner = owner
            self._gives_way = gives_way
            self.discard_input(now_ns)
            self._touched_ns = now_ns
        return self.owner == owner

    def release(self, owner: str) -> None:
        """Stop being the owner."""
        if self.owner == owner:
            self.owner = None
            self.is_backed_up = False

    def hang_up(self, owner: str, now_ns: int) -> None:
        """Stop being the owner of DTR, RTS and the line, which are released."""
        if self.owner == owner:
            self.set_break(is_on=False, now_ns=now_ns)
            self.set_lines(dtr=False, rts=False, now_ns=now_ns)
            self.release(owner)

    @property
    def hears_sync(self) -> bool:
        """Whether a loader or stub runs that understands the host as it is set now."""
        return self._bench.chip.hears_sync(self._bench.adapter.line_format)

    def set_format(self, line_format: LineFormat, now_ns: int) -> None:
        """The host sets its side of the line."""
        self._bench.set_format(line_format, now_ns)

    def follow_module(self, now_ns: int) -> None:
        """Set the host's side as the module's is now."""
        self._bench.follow_format(now_ns)

    def set_lines(self, *, dtr: bool, rts: bool, now_ns: int) -> None:
        """The host asserts or releases DTR and RTS."""
        self._touched_ns = now_ns
        self.lines.set(dtr=dtr, rts=rts, now_ns=now_ns)

    def set_break(self, *, is_on: bool, now_ns: int) -> None:
        """The host begins or ends a break."""
        self._touched_ns = now_ns
        self._bench.set_break(is_on=is_on, now_ns=now_ns)

    def restart(self, now_ns: int) -> None:
        """Reset the module into what is in its flash."""
        self._touched_ns = now_ns
        self.lines.restart(now_ns)

    def enter_loader(self, now_ns: int) -> None:
        """Reset the module into its serial loader."""
        self._touched_ns = now_ns
        self.lines.enter_loader(now_ns)

    def room_bytes(self, now_ns: int) -> int:
        """How many bytes the wire takes now; 0 while much waits on it."""
        waiting_ns = max(0, self.sent_ns() - now_ns)
        if 2 * waiting_ns > self._window_ns:
            return 0
        line_format = self._bench.adapter.line_format
        window_bytes = (
            self._window_ns * 2 * line_format.baud // (line_format.half_bits_per_frame * NS_PER_S)
        )
        return max(1, window_bytes * (self._window_ns - waiting_ns) // self._window_ns)

    def room_ns(self) -> int:
        """When the wire takes bytes again."""
        return self.sent_ns() - self._window_ns // 2

    def sent_ns(self) -> int:
        """When the last byte written has left."""
        return self._bench.adapter.transmit_end_ns()

    def write(self, data: bytes, now_ns: int) -> None:
        """The host sends bytes."""
        self._bench.write(data, now_ns)
        self._touched_ns = self.sent_ns()

    def delivery_ns(self, now_ns: int) -> int | None:
        """When bytes for the owner are due; None while none is on the wire."""
        adapter = self._bench.adapter
        arrival_ns = adapter.arrival_ns(1)
        if arrival_ns is None:
            self._first_ns = None
            return None
        if arrival_ns > 0 or self._first_ns is None:
            self._first_ns = arrival_ns or now_ns
        return min(
            max(self._first_ns, adapter.run_end_ns(max(now_ns, self._first_ns))),
            self._first_ns + self._gather_ns,
        )

    def take(self, now_ns: int) -> bytes:
        """The bytes that are due; ``b""`` while none are. Without an owner they are lost."""
        adapter = self._bench.adapter
        if self.owner is None:
            adapter.discard_input(now_ns)
            return b""
        due_ns = self.delivery_ns(now_ns)
        if due_ns is None or due_ns > now_ns:
            return b""
        self._first_ns = None
        return adapter.read(adapter.available(now_ns), now_ns)

    def discard_input(self, now_ns: int) -> None:
        """Forget what has arrived."""
        self._first_ns = None
        self._bench.adapter.discard_input(now_ns)

    def is_working(self, now_ns: int) -> bool:
        """Whether bytes are on the wire or the chip works on some, for an owner who reads."""
        if self.owner is None or self.is_backed_up:
            return False
        if self.sent_ns() > now_ns or self.delivery_ns(now_ns) is not None:
            return True
        deadline_ns = self._bench.next_deadline_ns()
        is_awake = self._bench.chip.phase in {Phase.STARTING, Phase.RUNNING}
        return is_awake and deadline_ns is not None and deadline_ns <= self._touched_ns + WORK_NS
