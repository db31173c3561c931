"""Named faults of the firmware: misbehaviour to order, for a test suite that has to notice it.

A fault is laid over the sound firmware from outside; no handler knows of any. It can get its
fingers on these places::

    line ──► command table ──► handler ──► services, store ──► Output ──► UART, antenna
                 ▲                              ▲                 ▲
             rewired forms              other kinds of parts   tampered bytes and requests

    antenna ──► events ──► services
                  ▲
             withheld or changed

What faults are put together from stands in `hil.virtual.firmware.fault_block`, the faults
themselves in `hil.virtual.firmware.fault_table`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, cast

from .output import Output

if TYPE_CHECKING:
    from hil.virtual.outside import OutsideEvent, OutsideRequest
    from hil.virtual.uart import LineFormat

    from .command import Form, Forms, Handler
    from .part import Part
    from .state import FirmwareState

Rewrite = Callable[[bytes], bytes]
"""Makes other bytes out of an answer, or of a command's arguments."""

Divert = Callable[["OutsideRequest"], "OutsideRequest | None"]
"""Makes another request out of one, or none."""

Mishear = Callable[["OutsideEvent"], "OutsideEvent | None"]
"""Makes another event out of one, or none."""


Make = Callable[["Handler"], "Handler"]
"""Makes a faulty handler out of a sound one."""


class Rewiring(NamedTuple):
    """Another handler for one form of a command."""

    name: str
    form: Form
    make: Make


@dataclass(slots=True)
class Tampering:
    """What the faults of one firmware do to it; they add to it one by one.

    Args:
        commands: The command table, a copy that faults may change.
        supplanted: Handlers that others take the place of; of two the later one stays.
        wrapped: Handlers that others are laid around, whatever takes their place.
        kinds: By the class of a part, the subclasses whose behaviour it is to have.
        says: What is done to the bytes that are sent, in order.
        asks: What is done to the requests that leave.
        hears: What is done to the events that come in.
        starts: Called with the state once it is built.
    """

    commands: dict[str, Forms]
    supplanted: list[Rewiring] = field(default_factory=list)
    wrapped: list[Rewiring] = field(default_factory=list)
    kinds: dict[type, list[type]] = field(default_factory=dict)
    says: list[Rewrite] = field(default_factory=list)
    asks: list[Divert] = field(default_factory=list)
    hears: list[Mishear] = field(default_factory=list)
    starts: list[Callable[[FirmwareState], None]] = field(default_factory=list)

    def wire(self) -> None:
        """Put the faulty handlers into the command table, as far as this dialect has the forms."""
        for name, form, make in (*self.supplanted, *self.wrapped):
            forms = self.commands[name]
            if form in forms:
                self.commands[name] = {**forms, form: make(forms[form])}

    def kind(self, sound: type[Part], /) -> type[Part]:
        """The class that a part is made of: its own, or one with the behaviour of all faults."""
        faulty = self.kinds.get(sound)
        return cast("type[Part]", type(sound.__name__, tuple(faulty), {})) if faulty else sound

    def heard(self, event: OutsideEvent) -> OutsideEvent | None:
        """What the firmware gets to hear of an event."""
        for mishear in self.hears:
            changed = mishear(event)
            if changed is None:
                return None
            event = changed
        return event

    def begin(self, state: FirmwareState) -> None:
        """Let the faults change a firmware that has been built."""
        for change in self.starts:
            change(state)


Lay = Callable[[Tampering], None]
"""Adds a fault to a tampering."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to misbehave.

    Args:
        name: What rigs call it.
        summary: What goes wrong, in a sentence.
        commands: The commands whose clauses it breaks, as the document writes them.
        lay: Adds it to a tampering.
    """

    name: str
    summary: str
    commands: tuple[str, ...]
    lay: Lay


def lay_faults(faults: Iterable[Fault], commands: Mapping[str, Forms]) -> Tampering:
    """What some faults, or none, do to a firmware with these commands."""
    tampering = Tampering(dict(commands))
    for fault in faults:
        fault.lay(tampering)
    tampering.wire()
    return tampering


class TamperedOutput(Output):
    """An output whose bytes and requests pass through the hands of faults.

    Args:
        line_format: See `Output`.
        tampering: What they do.
    """

    def __init__(self, line_format: LineFormat, tampering: Tampering) -> None:
        super().__init__(line_format)
        self._tampering = tampering

    def send(self, data: bytes, at_ns: int) -> None:
        """Write what is left of the bytes."""
        for rewrite in self._tampering.says:
            data = rewrite(data)
        if data:
            super().send(data, at_ns)

    def transmit(self, request: OutsideRequest, at_ns: int) -> None:
        """Ask what is left of the request."""
        for divert in self._tampering.asks:
            changed = divert(request)
            if changed is None:
                return
            request = changed
        super().transmit(request, at_ns)
