"""Command lines: names, forms, arguments with their ranges, and the escapes of strings.

What is checked here is checked before anything is sent, so that a mistake of the caller is told
apart from a refusal of the module. A test that wants to see the refusal sends raw text.
"""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import TYPE_CHECKING

from hil.errors import CommandArgumentError
from hil.ports.byte_port import Parity

from .parameter import Choice, WholeNumber

if TYPE_CHECKING:
    from .parameter import Parameter

LINE_END = b"\r\n"
"""Line 162 prints ``/r/n``; A-01."""


class Variant(Enum):
    """The three ways to set a parameter that may be stored (lines 180-182, 310-312).

    The value is what stands behind the command's name. The bare name is deprecated and stores
    like _DEF.
    """

    PLAIN = ""
    CUR = "_CUR"
    DEF = "_DEF"

    @property
    def is_saved(self) -> bool:
        """Whether the module keeps the value over a restart."""
        return self is not Variant.CUR


class FlowControl(IntEnum):
    """``<flow control>`` of the UART commands (line 252), seen from the module."""

    NONE = 0
    RTS = 1
    CTS = 2
    RTS_CTS = 3


class SleepMode(IntEnum):
    """``<sleep mode>`` of AT+SLEEP (line 299)."""

    NONE = 0
    LIGHT = 1
    MODEM = 2


class WifiMode(IntEnum):
    """``<mode>`` of the CWMODE commands (line 360)."""

    STATION = 1
    SOFTAP = 2
    BOTH = 3


UART = (
    WholeNumber("baudrate", 110, 115200 * 40),
    WholeNumber("databits", 5, 8),
    Choice("stopbits", {1: 1, 1.5: 2, 2: 3}),
    Choice("parity", {Parity.NONE: 0, Parity.ODD: 1, Parity.EVEN: 2}),
    WholeNumber("flow control", 0, 3),
)
"""Parameters of AT+UART, AT+UART_CUR and AT+UART_DEF (lines 248-252)."""

GSLP = (WholeNumber("time", 0, 4_294_967),)
"""Milliseconds of AT+GSLP; the document has no range, the chip counts 32 bits of us (A-17)."""

SLEEP = (WholeNumber("sleep mode", 0, 2),)
"""Parameter of AT+SLEEP (line 299)."""

CWMODE = (WholeNumber("mode", 1, 3),)
"""Parameter of AT+CWMODE, AT+CWMODE_CUR and AT+CWMODE_DEF (line 360)."""


def format_execute(name: str) -> bytes:
    """``AT+<x>`` (line 154)."""
    return f"AT+{name}".encode("ascii")


def format_query(name: str) -> bytes:
    """``AT+<x>?`` (line 152)."""
    return f"AT+{name}?".encode("ascii")


def format_test(name: str) -> bytes:
    """``AT+<x>=?`` (line 151)."""
    return f"AT+{name}=?".encode("ascii")


def format_set(name: str, parameters: tuple[Parameter, ...], *values: object) -> bytes:
    """``AT+<x>=<...>`` (line 153), without blanks behind commas (A-03).

    Args:
        name: The command's name, without ``AT+``.
        parameters: What it takes.
        values: One for each parameter; None for those at the end that are left out.

    Raises:
        CommandArgumentError: A value is not allowed, or is given behind one that is left out.
    """
    command = f"AT+{name}"
    given = [value is not None for value in values]
    count = sum(given)
    if not all(given[:count]):
        missing = parameters[given.index(False)]
        allowed = "given if what stands behind it is"
        raise CommandArgumentError(command, missing.name, allowed=allowed, given=None)
    codes = [
        parameter.code(command, value)
        for parameter, value in zip(parameters, values, strict=True)
        if value is not None
    ]
    return f"{command}={','.join(codes)}".encode("utf-8", "surrogateescape")
