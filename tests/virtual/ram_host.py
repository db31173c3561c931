"""Small programs in RAM, and a chip that is just enough to run them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.units import MIB
from hil.virtual.action import Action, Send
from hil.virtual.efuse import Efuse
from hil.virtual.flash import NorFlash
from hil.virtual.ram_program import RamProgram
from hil.virtual.registers import RegisterMap
from hil.virtual.uart import LineFormat

if TYPE_CHECKING:
    from collections.abc import Iterable

CODE = 0x4010_0000
TEXT = 0x3FFE_8000
PRINTF = 0x4000_24CC

PRINT_FOR_EVER = bytes.fromhex(
    "0080fe3f cc240040"  # two words: TEXT, PRINTF
    "21feff"  # l32r a2, TEXT
    "01feff"  # l32r a0, PRINTF
    "c00000"  # callx0 a0
    "c6fcff"  # j back to the first of them
)
PRINT_FOR_EVER_ENTRY = CODE + 8


def calls(*functions: tuple[int, ...]) -> bytes:
    """Code, without its literals, that calls functions with arguments; see `RamHost.call`.

    A function is its address and the values for a2, a3 and so on. What follows the calls is an
    endless loop.
    """
    literals = b""
    code = b""
    for function, *arguments in functions:
        for register, value in [*enumerate(arguments, start=2), (0, function)]:
            place = -len(literals) - 4  # they grow downwards from the code
            literals = value.to_bytes(4, "little") + literals
            offset = (place - (len(code) + 3 & ~3)) >> 2
            code += (1 | register << 4 | (offset & 0xFFFF) << 8).to_bytes(3, "little")
        code += b"\xc0\x00\x00"  # callx0 a0
    return literals + code + b"\x06\xff\xff"  # j .


class RamHost:
    """Runs a program as the chip would, in simulated time."""

    def __init__(self, code: bytes, entry: int, text: bytes = b"", *, baud: int = 115200) -> None:
        line_format = LineFormat(baud)
        flash = NorFlash(MIB)
        self.registers = RegisterMap(
            flash, Efuse.for_mac(bytes(6)), baud=baud, crystal_hz=26_000_000
        )
        self.registers.ram.write(CODE, code)
        self.registers.ram.write(TEXT, text)
        self.program = RamProgram(entry, self.registers, line_format)
        self.actions: list[Action] = list(self.program.start(0))

    @classmethod
    def call(cls, *functions: tuple[int, ...], text: bytes = b"") -> RamHost:
        """A program that has called functions of the ROM one after the other."""
        code = calls(*functions)
        words = sum(len(function) for function in functions)
        host = cls(code, CODE + 4 * words, text)
        host.run()
        return host

    def run(self, limit_ns: int = 10**10) -> None:
        """Let time pass until nothing is due, at most until a moment."""
        while (due_ns := self.program.next_deadline_ns()) is not None and due_ns <= limit_ns:
            self.actions += self.program.advance(due_ns)

    @property
    def printed(self) -> bytes:
        return b"".join(action.data for action in self.actions if isinstance(action, Send))

    @property
    def ends(self) -> Iterable[Action]:
        """What was done beside printing."""
        return [action for action in self.actions if not isinstance(action, Send)]
