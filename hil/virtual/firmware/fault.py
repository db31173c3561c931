"""Named faults of the firmware: misbehaviour to order, for a test suite that has to notice it.

A fault is laid over the sound firmware from outside; no handler knows of any. It can get its
fingers on three places::

    line ──► command table ──► handler ──► Output ──► UART, antenna
                 ▲                            ▲
             rewired forms            tampered bytes and requests

    antenna ──► events ──► services
                  ▲
             withheld or changed

The faults themselves stand in `hil.virtual.firmware.fault_table`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from .command import Call, Form, Forms, Handler, Outcome, Task
from .output import Output

if TYPE_CHECKING:
    from hil.virtual.action import Action
    from hil.virtual.outside import OutsideEvent, OutsideRequest
    from hil.virtual.uart import LineFormat

    from .state import FirmwareState

Rewrite = Callable[[bytes], bytes]
"""Makes other bytes out of an answer, or of a command's arguments."""

Redo = Callable[["Sequence[Action]"], "Sequence[Action]"]
"""Makes other actions out of those that follow an answer."""

Divert = Callable[["OutsideRequest"], "OutsideRequest | None"]
"""Makes another request out of one, or none."""

Mishear = Callable[["OutsideEvent"], "OutsideEvent | None"]
"""Makes another event out of one, or none."""


@dataclass(slots=True)
class Tampering:
    """What the faults of one firmware do to it; they add to it one by one.

    Args:
        commands: The command table, a copy that faults may rewire.
        says: What is done to the bytes that are sent, in order.
        asks: What is done to the requests that leave.
        hears: What is done to the events that come in.
        starts: Called with the state once it is built.
    """

    commands: dict[str, dict[Form, Handler]]
    says: list[Rewrite] = field(default_factory=list)
    asks: list[Divert] = field(default_factory=list)
    hears: list[Mishear] = field(default_factory=list)
    starts: list[Callable[[FirmwareState], None]] = field(default_factory=list)

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
    lay: Callable[[Tampering], None]


def lay_faults(faults: Iterable[Fault], commands: Mapping[str, Forms]) -> Tampering:
    """What some faults, or none, do to a firmware with these commands."""
    tampering = Tampering({name: dict(forms) for name, forms in commands.items()})
    for fault in faults:
        fault.lay(tampering)
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


def rewire(
    names: Iterable[str], form: Form, make: Callable[[Handler], Handler | None]
) -> Callable[[Tampering], None]:
    """A fault that replaces one form of commands, or (with None) takes it away.

    Args:
        names: As in the command table, for example ``"+CWMODE_CUR"``.
        form: Which form.
        make: The faulty handler for the sound one.
    """
    names = tuple(names)

    def lay(tampering: Tampering) -> None:
        for name in names:
            forms = tampering.commands[name]
            handler = make(forms[form])
            if handler is None:
                del forms[form]
            else:
                forms[form] = handler

    return lay


def answering(rewrite: Rewrite) -> Callable[[Handler], Handler]:
    """For `rewire`: does its work and answers something else."""

    def make(sound: Handler) -> Handler:
        def handle(state: FirmwareState, call: Call, at_ns: int) -> Outcome | Task:
            result = sound(state, call, at_ns)
            if isinstance(result, Outcome):
                return replace(result, text=rewrite(result.text))
            return _rewritten(result, rewrite)

        return handle

    return make


def mistaking(rewrite: Rewrite) -> Callable[[Handler], Handler]:
    """For `rewire`: takes other arguments for those that were given."""

    def make(sound: Handler) -> Handler:
        def handle(state: FirmwareState, call: Call, at_ns: int) -> Outcome | Task:
            return sound(state, replace(call, arguments=rewrite(call.arguments)), at_ns)

        return handle

    return make


def following(
    change: Callable[[Sequence[Action]], Sequence[Action]],
) -> Callable[[Handler], Handler]:
    """For `rewire`: answers and then asks something else of the chip."""

    def make(sound: Handler) -> Handler:
        def handle(state: FirmwareState, call: Call, at_ns: int) -> Outcome | Task:
            result = sound(state, call, at_ns)
            if not isinstance(result, Outcome):
                return result
            finish = result.finish
            return replace(result, finish=lambda now_ns: change(finish(now_ns)))

        return handle

    return make


def saying(rewrite: Rewrite) -> Callable[[Tampering], None]:
    """A fault in what is sent to the UART."""
    return lambda tampering: tampering.says.append(rewrite)


def asking(divert: Divert) -> Callable[[Tampering], None]:
    """A fault in what is asked of the outside."""
    return lambda tampering: tampering.asks.append(divert)


def hearing(mishear: Mishear) -> Callable[[Tampering], None]:
    """A fault in what is heard from the outside."""
    return lambda tampering: tampering.hears.append(mishear)


def starting(change: Callable[[FirmwareState], None]) -> Callable[[Tampering], None]:
    """A fault in how the firmware starts."""
    return lambda tampering: tampering.starts.append(change)


def _rewritten(task: Task, rewrite: Rewrite) -> Task:
    outcome = yield from task
    return replace(outcome, text=rewrite(outcome.text))
