"""What the ROM loader and the flasher stub have in common: a server of requests on a serial line.

Bytes are dealt with when the frame they end is complete. A request is served when the one before
it is done, and all that follows from it waits in a queue with its time, so that a reset or a power
cut in between loses it, as it does on a real chip.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hil.units import NS_PER_US

from .action import Action, Restart, RunProgram, RunStub, RunUserCode, Send, SetLineFormat
from .loader_protocol import (
    STATUS_OK,
    Block,
    Op,
    Request,
    Statuses,
    checksum_of,
    format_reply,
    parse_block,
    parse_request,
)
from .slip import SlipDecoder, bytes_to_frame_end, format_frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from .flash import NorFlash
    from .registers import RegisterMap
    from .uart import Burst, LineFormat

_STUB_GREETING = b"OHAI"
# Where esptool puts the text of its two stubs.
# Source: measured against esptool 5.6 (--stub-version 1 and 2).
_STUB_VERSIONS = {0x4010_D000: 1, 0x4010_C500: 2}

_REGISTER_WRITE_BYTES = 16


@dataclass(frozen=True, slots=True)
class Command:
    """How a request is served.

    Args:
        lengths: How many bytes of data it may have; empty if the handler looks for itself.
        serve: The handler; gets the request and the time at which it is served, in ns.
    """

    lengths: tuple[int, ...]
    serve: Callable[[Request, int], None]


class LoaderProgram(ABC):
    """A program that serves requests; a `Program` for the chip to run.

    Args:
        flash: The flash part.
        registers: The address space.
        line_format: How UART0 is set when the program starts.
        statuses: What the program answers to requests that it does not serve.

    Attributes:
        registers: The address space; what a loader starts takes it over.
        line_format: How UART0 is set.
    """

    def __init__(
        self,
        flash: NorFlash,
        registers: RegisterMap,
        line_format: LineFormat,
        statuses: Statuses,
    ) -> None:
        self.registers = registers
        self.line_format = line_format
        self._statuses = statuses
        self._flash = flash
        self._decoder = SlipDecoder()
        self._bursts: deque[Burst] = deque()
        self._outbox: deque[tuple[int, Action]] = deque()
        self._busy_until_ns = 0
        self._has_left = False
        self._value = 0
        self._ram_base = 0
        self._ram_block_bytes = 0
        self._ram_segments: dict[int, int] = {}
        self._commands: dict[int, Command] = {
            Op.MEM_BEGIN: Command((16,), self._mem_begin),
            Op.MEM_DATA: Command((), self._mem_data),
            Op.MEM_END: Command((8,), self._mem_end),
            Op.WRITE_REG: Command((), self._write_reg),
            Op.READ_REG: Command((4,), self._read_reg),
        }
        self._set_baud(line_format)

    @abstractmethod
    def start(self, now_ns: int) -> list[Action]:
        """Begin to run."""

    def next_deadline_ns(self) -> int | None:
        """When the next frame is complete or the next action is due."""
        times = [self._bursts[0].end_ns()] if self._bursts else []
        if self._outbox:
            times.append(self._outbox[0][0])
        return min(times, default=None)

    def advance(self, now_ns: int) -> list[Action]:
        """Serve the frames that are complete, and return the actions that are due."""
        while self._bursts and self._bursts[0].end_ns() <= now_ns:
            burst = self._bursts.popleft()
            for frame in self._decoder.receive(self._hear(burst)):
                self._take(frame, burst)
        self._flash.settle(now_ns)
        due = []
        while self._outbox and self._outbox[0][0] <= now_ns:
            due.append(self._outbox.popleft()[1])
        return due

    def bytes_wanted(self, burst: Burst) -> int:
        """All bytes up to the one that can end a frame, so that each frame has its own time."""
        return bytes_to_frame_end(burst.data)

    def receive(self, burst: Burst) -> list[Action]:
        """Take bytes from the wire; they are dealt with at the burst's end."""
        self._bursts.append(burst)
        return []

    def _hear(self, burst: Burst) -> bytes:
        return burst.data

    def _take(self, frame: bytes, burst: Burst) -> None:
        """Deal with a frame that the last byte of `burst` completed."""
        request = parse_request(frame)
        if request is not None:
            self._serve(request, burst.end_ns())

    def _serve(self, request: Request, arrival_ns: int) -> None:
        if self._has_left:
            return
        at_ns = max(arrival_ns, self._busy_until_ns)
        command = self._commands.get(request.op)
        if request.length != len(request.data):
            self._reply(request, at_ns, status=self._statuses.bad_length)
        elif command is None:
            self._reply(request, at_ns, status=self._statuses.unknown)
        elif command.lengths and request.length not in command.lengths:
            self._reply(request, at_ns, status=self._statuses.bad_length)
        else:
            command.serve(request, at_ns)

    def _reply(
        self, request: Request, at_ns: int, *, data: bytes = b"", status: bytes = STATUS_OK
    ) -> None:
        """Answer at `at_ns`; what comes later is served after that."""
        reply = format_reply(request.op, self._value, data + status)
        self._act(Send(format_frame(reply), at_ns), at_ns)

    def _act(self, action: Action, at_ns: int) -> None:
        """Queue an action; times never go back."""
        self._busy_until_ns = max(self._busy_until_ns, at_ns)
        self._outbox.append((at_ns, action))

    def _leave(self, action: Restart | RunProgram | RunStub | RunUserCode) -> None:
        """Queue the action that ends this program; no request is served after it."""
        self._act(action, action.at_ns)
        self._has_left = True

    def _set_baud(self, line_format: LineFormat) -> SetLineFormat:
        self.line_format = line_format
        self.registers.baud = line_format.baud
        return SetLineFormat(line_format)

    def _require_block(
        self, request: Request, at_ns: int, *, wrong_length: bytes | None = None
    ) -> Block | None:
        """The block of a data request; None if it is damaged, which is answered then."""
        block = parse_block(request.data)
        if block is None:
            status = self._statuses.bad_length if wrong_length is None else wrong_length
            self._reply(request, at_ns, status=status)
        elif checksum_of(block.data) != request.checksum & 0xFF:
            self._reply(request, at_ns, status=self._statuses.bad_checksum)
            return None
        return block

    def _read_reg(self, request: Request, at_ns: int) -> None:
        self._value = self.registers.read(request.words()[0])
        self._reply(request, at_ns)

    def _write_reg(self, request: Request, at_ns: int) -> None:
        if not request.data or len(request.data) % _REGISTER_WRITE_BYTES:
            self._reply(request, at_ns, status=self._statuses.bad_length)
            return
        words = request.words()
        for index in range(0, len(words), 4):
            address, value, mask, delay_us = words[index : index + 4]
            at_ns += delay_us * NS_PER_US
            self.registers.write(address, value, mask, at_ns)
        self._reply(request, at_ns)

    def _mem_begin(self, request: Request, at_ns: int) -> None:
        length, _, self._ram_block_bytes, self._ram_base = request.words()
        self._ram_segments[self._ram_base] = length
        self._reply(request, at_ns)

    def _mem_data(self, request: Request, at_ns: int) -> None:
        block = self._require_block(request, at_ns)
        if block is not None:
            address = self._ram_base + block.sequence * self._ram_block_bytes
            self.registers.ram.write(address, block.data)
            self._reply(request, at_ns)

    def _mem_end(self, request: Request, at_ns: int) -> None:
        """Answer first, then jump; an entry of 0 means to stay.

        Source: esptool's serial protocol, MEM_END.
        """
        stays, entry = request.words()
        self._reply(request, at_ns)
        if not stays and entry:
            self._leave(self._program_at(entry, at_ns))

    def _program_at(self, entry: int, at_ns: int) -> RunStub | RunProgram:
        """What runs after a jump to `entry`: a stub that was uploaded there, or whatever is there.

        A stub is known by its greeting, which both versions hold in their text, and its place.
        """
        for start, version in _STUB_VERSIONS.items():
            length = self._ram_segments.get(start, 0)
            is_inside = start <= entry < start + length
            if is_inside and _STUB_GREETING in self.registers.ram.read(start, length):
                return RunStub(at_ns, version)
        return RunProgram(at_ns, entry)
