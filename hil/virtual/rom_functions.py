"""Functions of the mask ROM that a program in RAM may call, by their addresses.

Source: the addresses are those of the linker scripts that Espressif publishes with its flasher
stubs for the ESP8266 (``rom_8266.ld``).
"""

from __future__ import annotations

from itertools import chain, count
from typing import TYPE_CHECKING, Protocol

from .rom_printf import format_text
from .xtensa.core import WORD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .ram_space import RamSpace
    from .xtensa.core import Core

    RomFunction = Callable[["RomCaller"], "int | None"]
    """Does its work; returns what goes to register a2, if anything does."""


class RomCaller(Protocol):
    """The program that calls.

    Attributes:
        core: Its registers: arguments in a2 to a7 and on the stack.
        space: Its memory.
    """

    core: Core
    space: RamSpace

    def print(self, data: bytes) -> None:
        """Put bytes into the UART's FIFO, and wait while it is full."""

    def wait_us(self, duration_us: int) -> None:
        """Let time pass."""

    def restart(self) -> None:
        """Restart the chip."""


def _arguments(caller: RomCaller) -> Iterator[int]:
    """What follows the first argument: five registers, then the stack."""
    core = caller.core
    on_stack = (core.load(core.a[1] + 4 * index, 4) for index in count())
    return chain(core.a[3:8], on_stack)


def _printf(caller: RomCaller) -> int:
    template = caller.space.text(caller.core.a[2])
    text = format_text(template, _arguments(caller), caller.space.text)
    caller.print(text.replace(b"\r", b"").replace(b"\n", b"\r\n"))
    return len(text)


def _put_character(caller: RomCaller) -> int:
    caller.print(bytes((caller.core.a[2] & 0xFF,)))
    return 0


def _delay(caller: RomCaller) -> None:
    caller.wait_us(caller.core.a[2])


def _copy(caller: RomCaller) -> None:
    target, source, length = caller.core.a[2:5]
    caller.space.copy(target, source, length)


def _fill(caller: RomCaller) -> None:
    target, value, length = caller.core.a[2:5]
    caller.space.fill(target, value, length)


def _length(caller: RomCaller) -> int:
    return len(caller.space.text(caller.core.a[2]))


def _divide(caller: RomCaller) -> int:
    dividend, divisor = caller.core.a[2:4]
    return dividend // divisor if divisor else WORD


def _remainder(caller: RomCaller) -> int:
    dividend, divisor = caller.core.a[2:4]
    return dividend % divisor if divisor else dividend


def _restart(caller: RomCaller) -> None:
    caller.restart()


def _nothing(_caller: RomCaller) -> None:
    """The watchdog's switches: it bites only where a program crashes, and then for certain."""


ROM_FUNCTIONS: dict[int, RomFunction] = {
    0x4000_18A4: _fill,  # ets_memset
    0x4000_18B4: _copy,  # ets_memcpy
    0x4000_18C4: _copy,  # ets_memmove
    0x4000_24CC: _printf,  # ets_printf
    0x4000_2544: _printf,  # ets_uart_printf
    0x4000_264C: _restart,  # software_reset
    0x4000_2AC8: _length,  # ets_strlen
    0x4000_2ECC: _delay,  # ets_delay_us
    0x4000_2FA0: _nothing,  # ets_wdt_enable
    0x4000_30F0: _nothing,  # ets_wdt_disable
    0x4000_3B30: _put_character,  # uart_tx_one_char
    0x4000_BF4C: _length,  # strlen
    0x4000_DF48: _copy,  # memcpy
    0x4000_E190: _fill,  # memset
    0x4000_E21C: _divide,  # __udivsi3
    0x4000_E268: _remainder,  # __umodsi3
}
"""What lies at an address of the ROM, as far as it is known here."""
