"""What faults of the firmware are put together from.

A fault is laid by one of the functions of the first part, or by several `together`. What becomes of
handlers that are supplanted or wrapped stands in the second part, what becomes of bytes, requests
and events on their way in the others.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from .command import Call, Handler, Outcome, Task, Variant, error, nothing_follows, ok
from .fault import Rewiring

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from hil.virtual.action import Action

    from .command import Form
    from .fault import Divert, Lay, Make, Mishear, Rewrite, Tampering
    from .part import Part
    from .settings import WifiMode
    from .state import FirmwareState

Message = TypeVar("Message")

# How a fault is laid -----------------------------------------------------------------------------


def supplant(commands: Iterable[str], form: Form, make: Make) -> Lay:
    """A fault that puts another handler in the place of that for one form of commands.

    Args:
        commands: As the document writes them, for example ``"AT+CWMODE_CUR"``.
        form: Which form.
        make: The faulty handler for the sound one.
    """
    rewirings = _rewirings(commands, form, make)
    return lambda tampering: tampering.supplanted.extend(rewirings)


def wrap(commands: Iterable[str], form: Form, make: Make) -> Lay:
    """A fault that changes what goes into the handler for one form of commands, or comes out of it.

    Args:
        commands: As the document writes them, for example ``"AT+CWMODE_CUR"``.
        form: Which form.
        make: The faulty handler for the one that is there.
    """
    rewirings = _rewirings(commands, form, make)
    return lambda tampering: tampering.wrapped.extend(rewirings)


def also_called(command: str, other: str) -> Lay:
    """A fault that knows a command by a name that it has not."""

    def lay(tampering: Tampering) -> None:
        sound = tampering.commands[command.removeprefix("AT")]
        tampering.commands[other.removeprefix("AT")] = sound

    return lay


def building(sound: type[Part], faulty: type[Part]) -> Lay:
    """A fault in a part of the firmware: a subclass takes its place.

    Several faults of one part are joined by inheritance, so that what a subclass overrides calls
    what it overrides, as far as it does not replace it.

    Args:
        sound: The class of the part.
        faulty: A subclass.
    """
    return lambda tampering: tampering.kinds.setdefault(sound, []).append(faulty)


def saying(rewrite: Rewrite) -> Lay:
    """A fault in what is sent to the UART."""
    return lambda tampering: tampering.says.append(rewrite)


def asking(divert: Divert) -> Lay:
    """A fault in what is asked of the outside."""
    return lambda tampering: tampering.asks.append(divert)


def hearing(mishear: Mishear) -> Lay:
    """A fault in what is heard from the outside."""
    return lambda tampering: tampering.hears.append(mishear)


def starting(change: Callable[[FirmwareState], None]) -> Lay:
    """A fault in how the firmware starts."""
    return lambda tampering: tampering.starts.append(change)


def together(*lays: Lay) -> Lay:
    """A fault that shows in several places."""

    def lay(tampering: Tampering) -> None:
        for each in lays:
            each(tampering)

    return lay


def _rewirings(commands: Iterable[str], form: Form, make: Make) -> list[Rewiring]:
    return [Rewiring(command.removeprefix("AT"), form, make) for command in commands]


# What becomes of a handler -----------------------------------------------------------------------


def answering(rewrite: Rewrite) -> Make:
    """Does its work and answers something else."""
    return _changing(lambda _state, sound: replace(sound, text=rewrite(sound.text)))


def hiding_errors() -> Make:
    """Answers OK where it ought to answer ERROR."""
    return answering(replacing(rb"\r\nERROR\r\n", b"\r\nOK\r\n"))


def answering_only() -> Make:
    """Answers, and does nothing of what is to be done after the answer."""
    return _changing(lambda _state, sound: replace(sound, finish=nothing_follows))


def acting_first() -> Make:
    """Does what is to be done after the answer, and answers then; not for what ends the program."""
    return _changing(
        lambda state, sound: replace(sound, text=b"", finish=partial(_act_and_answer, state, sound))
    )


def following(change: Callable[[Sequence[Action]], Sequence[Action]]) -> Make:
    """Answers and then asks something else of the chip."""
    return _changing(
        lambda _state, sound: replace(sound, finish=lambda now_ns: change(sound.finish(now_ns)))
    )


def mistaking(rewrite: Rewrite) -> Make:
    """Takes other arguments for those that were given."""

    def make(sound: Handler) -> Handler:
        def handle(state: FirmwareState, call: Call, at_ns: int) -> Outcome | Task:
            return sound(state, replace(call, arguments=rewrite(call.arguments)), at_ns)

        return handle

    return make


def pretending(part: Callable[[FirmwareState], object], attribute: str, value: object) -> Make:
    """Decides whether it can be done as if the state were another: a condition is overlooked.

    Args:
        part: What of the state to tamper with.
        attribute: Of that.
        value: Which the handler sees; what comes after its decision sees the true one again.
    """

    def make(sound: Handler) -> Handler:
        def handle(state: FirmwareState, call: Call, at_ns: int) -> Outcome | Task:
            true_value = getattr(part(state), attribute)
            setattr(part(state), attribute, value)
            try:
                return sound(state, call, at_ns)
            finally:
                setattr(part(state), attribute, true_value)

        return handle

    return make


def in_wifi_mode(mode: WifiMode) -> Make:
    """Decides whether it can be done as if the Wi-Fi mode were another."""
    return pretending(lambda state: state, "wifi_mode", mode)


def as_variant(variant: Variant) -> Make:
    """Behaves as another variant of its family, but answers by its own name.

    Raises:
        TypeError: The command is of no family.
    """

    def make(sound: Handler) -> Handler:
        match sound:
            case partial(func=handle, args=(Variant(), *others)):
                return partial(handle, variant, *others)
        raise TypeError(f"{sound} belongs to no family of variants")

    return make


def consenting() -> Make:
    """Answers OK whatever it is asked for, and does nothing."""
    return lambda _sound: lambda _state, _call, at_ns: ok(at_ns)


def refusing() -> Make:
    """Answers ERROR whatever it is asked for."""
    return lambda _sound: lambda _state, _call, at_ns: error(at_ns)


def becoming(other: Handler) -> Make:
    """Does what another command does."""
    return lambda _sound: other


def _changing(change: Callable[[FirmwareState, Outcome], Outcome]) -> Make:
    """Does its work, whether it has to wait or not, and comes to another outcome."""

    def make(sound: Handler) -> Handler:
        def handle(state: FirmwareState, call: Call, at_ns: int) -> Outcome | Task:
            result = sound(state, call, at_ns)
            if isinstance(result, Outcome):
                return change(state, result)
            return _changed(result, partial(change, state))

        return handle

    return make


def _changed(task: Task, change: Callable[[Outcome], Outcome]) -> Task:
    outcome = yield from task
    return change(outcome)


def _act_and_answer(state: FirmwareState, sound: Outcome, now_ns: int) -> Sequence[Action]:
    state.out.add(sound.finish(now_ns))
    state.out.send(sound.text, now_ns)
    return ()


# What becomes of bytes ---------------------------------------------------------------------------


def replacing(pattern: bytes, other: bytes) -> Rewrite:
    r"""Puts something else in the place of what a pattern finds.

    Args:
        pattern: A regular expression; a dot stands for any byte.
        other: With ``\1`` for what a group has found.
    """
    return lambda data: re.sub(pattern, other, data, flags=re.DOTALL)


def confusing(one: bytes, other: bytes) -> Rewrite:
    """Puts one for the other, and the other for the one."""
    either = re.escape(one) + b"|" + re.escape(other)

    def rewrite(data: bytes) -> bytes:
        return re.sub(either, lambda found: other if found[0] == one else one, data)

    return rewrite


def exchanging(place: int, values: Mapping[bytes, bytes]) -> Rewrite:
    """Takes one argument for another.

    Args:
        place: Of the argument, from 0 on; from -1 on down if it is counted from the end.
        values: By what is given, what is taken for it.
    """

    def rewrite(arguments: bytes) -> bytes:
        fields = arguments.split(b",")
        if -len(fields) <= place < len(fields):
            fields[place] = values.get(fields[place], fields[place])
        return b",".join(fields)

    return rewrite


# What becomes of requests and events -------------------------------------------------------------


def withholding(kind: type[Message]) -> Callable[[Any], Any]:
    """Lets requests or events of a kind vanish."""
    return lambda message: None if isinstance(message, kind) else message


def altering(
    kind: type[Message], change: Callable[[Message], Message | None]
) -> Callable[[Any], Any]:
    """Makes something else out of requests or events of a kind."""
    return lambda message: change(message) if isinstance(message, kind) else message
