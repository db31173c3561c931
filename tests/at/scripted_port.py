"""A byte port that plays literal bytes at given times, and its clock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hil.ports.byte_port import Direction, PortFormat
from hil.units import NS_PER_MS, NS_PER_S

if TYPE_CHECKING:
    from hil.ports.byte_port import Tap
    from hil.ports.clock import Clock


class ScriptedClock:
    def __init__(self) -> None:
        self.time_ns = 0

    def now_ns(self) -> int:
        return self.time_ns

    def sleep(self, duration_s: float) -> None:
        raise AssertionError(f"the client slept for {duration_s} s")


@dataclass(frozen=True)
class Answer:
    """Bytes that begin `after_ms` behind what was sent, or behind the answer before."""

    data: bytes
    after_ms: int = 1
    baud: int = 115200


class ScriptedPort:
    """Checks what is sent against a script, and answers as the script says."""

    def __init__(self) -> None:
        self.name = "scripted"
        self._time = ScriptedClock()
        self.clock: Clock = self._time
        self.tap: Tap | None = None
        self.capabilities = frozenset({"uart-format", "uart-flow"})
        self.is_cts_asserted = True
        self.module_baud = 115200
        self.sent: list[bytes] = []
        self._format = PortFormat()
        self._script: list[tuple[bytes, tuple[Answer, ...]]] = []
        self._coming: list[tuple[int, bytes, int]] = []

    @property
    def format(self) -> PortFormat:
        return self._format

    def set_format(self, line_format: PortFormat) -> None:
        self._format = line_format

    def set_rts(self, *, is_asserted: bool) -> None:
        raise AssertionError(f"the client set RTS to {is_asserted}")

    def expect(self, sent: bytes, *answers: Answer | bytes) -> None:
        """The next thing sent must be `sent`; then the answers come, 1 ms apart."""
        steps = tuple(Answer(item) if isinstance(item, bytes) else item for item in answers)
        self._script.append((sent, steps))

    def arrive(self, data: bytes, after_ms: int = 0, baud: int = 115200) -> None:
        """Let bytes come without anything sent."""
        time_ns = self._time.time_ns + after_ms * NS_PER_MS
        self._coming.append((time_ns, data, baud))

    def require_done(self) -> None:
        assert not self._script, f"never sent: {[sent for sent, _ in self._script]}"

    def send(self, data: bytes) -> None:
        self.sent.append(data)
        if self.tap is not None:
            self.tap(self._time.time_ns, Direction.SENT, data)
        if self._format.baud != self.module_baud:
            return
        assert self._script, f"nothing more was expected, but sent: {data!r}"
        expected, answers = self._script.pop(0)
        assert data == expected
        time_ns = self._time.time_ns
        for answer in answers:
            time_ns += answer.after_ms * NS_PER_MS
            self._coming.append((time_ns, answer.data, answer.baud))

    def receive(self, deadline_ns: int) -> bytes:
        self._coming.sort(key=lambda step: step[0])
        if not self._coming or self._coming[0][0] > max(deadline_ns, self._time.time_ns):
            self._time.time_ns = max(self._time.time_ns, deadline_ns)
            return b""
        time_ns, data, baud = self._coming.pop(0)
        self._time.time_ns = max(self._time.time_ns, time_ns)
        if baud != self._format.baud:
            data = bytes(byte | 0x80 for byte in data)
        if self.tap is not None:
            self.tap(self._time.time_ns, Direction.RECEIVED, data)
        return data

    def discard_input(self) -> None:
        self._coming.clear()

    def close(self) -> None:
        pass

    def set_baud(self, baud: int) -> None:
        self._format = replace(self._format, baud=baud)

    @property
    def time_s(self) -> float:
        return self._time.time_ns / NS_PER_S
