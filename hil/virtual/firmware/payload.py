"""The bytes behind a prompt: how many of them, where they end, and what they mean.

Source: lines 805, 822; A-50, A-54 in docs/ambiguities.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from .command import Job, Outcome, Task, Wait

if TYPE_CHECKING:
    from hil.virtual.uart import Burst

    from .input import Input
    from .state import FirmwareState

Use = Callable[[bytes, int], Task]
"""What is done with a payload that is complete, at a moment in ns."""

LONGEST_PAYLOAD = 2048
"""Source: lines 806, 823, 833."""

CANCELLING = b"+++"
"""What takes a prompt back if it comes alone, in the dialect that has it."""

PAUSE_BYTES = 2
"""After how many byte times without a byte the UART takes what has come as complete."""

_ESCAPE = re.compile(rb"\\(.?)", re.DOTALL)


class Payload:
    """An `Input` that takes an announced number of bytes as they are (AT+CIPSEND).

    Args:
        state: Its place as the input is taken away at the end.
        length: How many bytes, 1 or more.
        use: What to do with them; until it is done the firmware is busy sending.
    """

    def __init__(self, state: FirmwareState, length: int, use: Use) -> None:
        self._state = state
        self._length = length
        self._use = use
        self._typed = bytearray()
        self._run = b""  # what came without a pause, as far as it may be CANCELLING
        self._last_ns = 0

    @property
    def is_full(self) -> bool:
        """The payload that was announced has room."""
        return False

    def echo(self, data: bytes) -> bytes:
        """As behind every prompt."""
        return echo_payload(self._state, data)

    def wanted(self, burst: Burst) -> int:
        """Up to the last byte of the payload."""
        room = burst.data[: self._length - len(self._typed)]
        return self._end_in(room) or len(room)

    def take(self, burst: Burst) -> Job | None:
        """Collect bytes; the last of them starts what is done with them."""
        is_last = self._end_in(burst.data) is not None
        self._typed += burst.data
        if self._state.dialect.tcp_ip.cancels_by_plus:
            self._follow_run(burst)
        if self._is_cancelling and len(self._typed) >= self._length:
            return self._cancel(burst.end_ns())
        if not is_last and len(self._typed) < self._length:
            return None
        self._state.input = None
        return Job(self._use(self._meaning(), burst.end_ns()), is_sending=True)

    def next_deadline_ns(self) -> int | None:
        """When what may take the prompt back has come alone; else it waits as long as it takes."""
        return self._last_ns + self._pause_ns if self._is_cancelling else None

    def advance(self, now_ns: int) -> Job | None:
        """Take the prompt back."""
        return self._cancel(now_ns)

    @property
    def _pause_ns(self) -> int:
        return self._state.out.line_format.duration_ns(PAUSE_BYTES)

    @property
    def _is_cancelling(self) -> bool:
        return self._run == CANCELLING

    def _follow_run(self, burst: Burst) -> None:
        """Bytes have come, behind a pause or without one."""
        begins = burst.start_ns >= self._last_ns + self._pause_ns
        run = burst.data if begins else self._run + burst.data
        self._run = run[: len(CANCELLING) + 1]
        self._last_ns = burst.end_ns()

    def _cancel(self, now_ns: int) -> Job:
        self._state.input = None
        return Job(_say_cancelled(now_ns), is_sending=True)

    def _end_in(self, data: bytes) -> int | None:
        """Behind how many of the next bytes the payload ends before it has its length."""
        del data
        return None

    def _meaning(self) -> bytes:
        """What the bytes typed stand for."""
        return bytes(self._typed)


class EscapedPayload(Payload):
    r"""A payload that ends early at the two characters ``\0`` (AT+CIPSENDEX).

    ``\\`` stands for one backslash; a backslash before anything else stands for itself. The length
    counts what is typed.

    Source: line 822; A-54 in docs/ambiguities.
    """

    def _end_in(self, data: bytes) -> int | None:
        backslashes = len(self._typed) - len(self._typed.rstrip(b"\\"))
        begun = b"\\" * (backslashes % 2)
        ends = (escape for escape in _ESCAPE.finditer(begun + data) if escape[1] == b"0")
        return next((escape.end() - len(begun) for escape in ends), None)

    def _meaning(self) -> bytes:
        return _ESCAPE.sub(_unescape, bytes(self._typed))


def _say_cancelled(now_ns: int) -> Task:
    """The task of a payload that is thrown away."""
    yield Wait(until_ns=now_ns)
    return Outcome(b"\r\nSEND Canceled\r\n", now_ns)


def _unescape(escape: re.Match[bytes]) -> bytes:
    return {b"0": b"", b"\\": b"\\"}.get(escape[1], escape[0])


def echo_payload(state: FirmwareState, data: bytes) -> bytes:
    """All but LF, in the firmware that echoes more than commands. Source: line 225."""
    return data.replace(b"\n", b"") if state.dialect.tcp_ip.echoes_payload else b""


def prompt(state: FirmwareState, payload: Input, at_ns: int, *lines: str) -> Outcome:
    """Lines of information, OK and the prompt; what comes next from the UART is the payload.

    Source: lines 805, 822, 832; A-50 in docs/ambiguities.
    """

    def begin(_now_ns: int) -> tuple[()]:
        state.input = payload
        return ()

    information = "".join(f"{line}\r\n" for line in lines).encode("ascii")
    return Outcome(information + b"\r\nOK\r\n> ", at_ns, begin)
