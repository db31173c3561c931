"""A program that a host has loaded to RAM and started (``load-ram``), executed as it is.

It runs in slices: each goes on until the UART's FIFO is full, or for `_SLICE_STEPS` instructions,
and the next begins when the time of that one is over. So a program that prints for ever costs no
more than its line carries.

A program that cannot go on ends as on the chip, with the text of a fatal exception and the
watchdog. One of which nothing more will be seen is not executed any further: because it is caught
in a loop that changes nothing, or has computed `_SILENT_STEPS` instructions without printing; as
it waits, it earns some of them back.

Known edges: what arrives at the UART is lost. There are no interrupts, no timers and no code in
flash; of the peripherals there are the registers that `RegisterMap` knows and the UART's FIFO, of
the ROM the functions in `rom_functions`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.units import NS_PER_US

from .action import Action, Hang, Restart, Send
from .ram_space import RamSpace
from .rom_functions import ROM_FUNCTIONS
from .xtensa.core import Core, CoreError
from .xtensa.instruction import step

if TYPE_CHECKING:
    from .registers import RegisterMap
    from .uart import Burst, LineFormat

_STEP_NS = 19
"""A cycle at 52 MHz, twice the usual crystal; the ROM leaves the core at that."""

_SLICE_STEPS = 2_000
_SILENT_STEPS = 1_000_000
_WAIT_PER_STEP_US = 20
_FIFO_BYTES = 128

_STACK = 0x3FFF_FFF0
_RETURN_ADDRESS = 0x4000_0000
"""Stands for the place in the ROM that called the program."""


def fatal_exception_text(cause: int, address: int, data_address: int = 0) -> bytes:
    """What the ROM's handler prints when no other one is there, before the watchdog bites.

    Args:
        cause: The processor's number for the exception.
        address: Of the instruction.
        data_address: What the instruction wanted to reach.
    """
    return (
        b"Fatal exception (%d):\r\nepc1=0x%08x, epc2=0x00000000, epc3=0x00000000, "
        b"excvaddr=0x%08x, depc=0x00000000\r\n" % (cause, address, data_address)
    )


class _EndlessLoop:
    """Notices that a core is where it has been before, and nothing has changed since.

    The state to compare with is replaced after 1, 2, 4, ... jumps back, so that a loop of any
    length is found soon after it has been entered.
    """

    def __init__(self) -> None:
        self._mark: tuple[int, ...] | None = None
        self._jumps = 0
        self._next_mark = 1

    def is_closed_by_jump_of(self, core: Core) -> bool:
        """Whether the jump back that the core has just made was made before, in the same state."""
        state = core.state()
        if state == self._mark:
            return True
        self._jumps += 1
        if self._jumps == self._next_mark:
            self._mark = state
            self._next_mark *= 2
        return False


class RamProgram:
    """A `Program` that is made of instructions.

    Args:
        entry: Where execution begins.
        registers: Memory and peripherals, from the program that loaded this one.
        line_format: How UART0 is set.

    Attributes:
        core: The processor.
        space: What the processor sees.
    """

    def __init__(self, entry: int, registers: RegisterMap, line_format: LineFormat) -> None:
        self.space = RamSpace(registers, self._fifo_bytes)
        self.core = Core(self.space, entry)
        self.core.a[0] = _RETURN_ADDRESS
        self.core.a[1] = _STACK
        self._line_format = line_format
        self._fifo_ns = line_format.duration_ns(_FIFO_BYTES)
        self._printed_until_ns = 0
        self._due_ns: int | None = None
        self._is_over = False
        self._loop = _EndlessLoop()
        self._silent_steps = 0
        self._actions: list[Action] = []

    def start(self, now_ns: int) -> list[Action]:
        """Begin to run."""
        self._due_ns = now_ns
        self._printed_until_ns = now_ns
        return []

    def next_deadline_ns(self) -> int | None:
        """When the next slice begins; None when nothing more will be seen of the program."""
        return self._due_ns

    def advance(self, now_ns: int) -> list[Action]:
        """Run the slices that are due."""
        while self._due_ns is not None and self._due_ns <= now_ns:
            self.space.now_ns = self._due_ns
            self._run_slice()
            self._due_ns = None if self._is_over else self.space.now_ns
        actions, self._actions = self._actions, []
        return actions

    def bytes_wanted(self, burst: Burst) -> int:
        """All of them, to lose them at once."""
        return len(burst.data)

    def receive(self, burst: Burst) -> list[Action]:
        """What arrives is lost: nobody reads the FIFO."""
        del burst
        return []

    def print(self, data: bytes) -> None:
        """Put bytes into the UART's FIFO, and wait while it is full."""
        if not data:
            return
        self.core.changes += 1
        self._silent_steps = 0
        now_ns = self.space.now_ns
        self._actions.append(Send(data, now_ns))
        start_ns = max(now_ns, self._printed_until_ns)
        self._printed_until_ns = start_ns + self._line_format.duration_ns(len(data))
        self.space.now_ns = max(now_ns, self._printed_until_ns - self._fifo_ns)

    def wait_us(self, duration_us: int) -> None:
        """Let time pass."""
        self.core.changes += bool(duration_us)
        self._silent_steps = max(0, self._silent_steps - duration_us // _WAIT_PER_STEP_US)
        self.space.now_ns += duration_us * NS_PER_US

    def restart(self) -> None:
        """Restart the chip."""
        self._actions.append(Restart(self.space.now_ns))
        self._is_over = True

    def _fifo_bytes(self) -> int:
        """How many bytes wait in the FIFO."""
        waiting_ns = max(0, self._printed_until_ns - self.space.now_ns)
        return -(-waiting_ns // self._line_format.duration_ns(1))

    def _run_slice(self) -> None:
        """Execute until something was waited for, the program is over, or long enough."""
        core, space = self.core, self.space
        for _ in range(_SLICE_STEPS):
            before, slice_ns = core.pc, space.now_ns
            try:
                self._step()
            except CoreError as error:
                self._crash(error)
            space.now_ns += _STEP_NS
            self._silent_steps += 1
            if core.pc <= before and self._loop.is_closed_by_jump_of(core):
                self._is_over = True
            if self._silent_steps >= _SILENT_STEPS:
                self._is_over = True
            if self._is_over or space.now_ns > slice_ns + _STEP_NS:
                return

    def _step(self) -> None:
        core = self.core
        if core.pc == _RETURN_ADDRESS:
            self.print(b"user code done\r\n")  # as the ROM says when boot.bin returns to it
            self._is_over = True
        elif (function := ROM_FUNCTIONS.get(core.pc)) is not None:
            result = function(self)
            if result is not None:
                core.a[2] = result
            core.pc = core.a[0]
        else:
            step(core)
        if self.space.printed:
            self.print(bytes(self.space.printed))
            self.space.printed.clear()

    def _crash(self, error: CoreError) -> None:
        self.print(fatal_exception_text(error.cause, self.core.pc, error.address))
        self._actions.append(Hang(self.space.now_ns))
        self._is_over = True
