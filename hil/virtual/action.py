"""What a program that runs on the virtual chip asks of the chip around it.

The programs (boot ROM's loader, flasher stub, AT firmware) own no wire and no clock. They return
these actions, in order; `hil.virtual.chip` carries them out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .outside import OutsideRequest
    from .uart import LineFormat


@dataclass(frozen=True, slots=True)
class Send:
    """Put bytes into the transmit queue of UART0.

    Args:
        data: The bytes.
        at_ns: When the program writes the first of them; they leave behind what is queued.
    """

    data: bytes
    at_ns: int


@dataclass(frozen=True, slots=True)
class SetLineFormat:
    """Switch UART0 to another format as soon as the transmit queue is empty.

    Args:
        format: Speed and frame.
        flow_control: 0 none, 1 RTS, 2 CTS, 3 both (line 252).
    """

    format: LineFormat
    flow_control: int = 0


@dataclass(frozen=True, slots=True)
class Restart:
    """Restart the chip by software: the straps stay latched and the cause repeats the last one.

    Args:
        at_ns: When the program jumps to the reset vector. What it has sent leaves first.
    """

    at_ns: int


@dataclass(frozen=True, slots=True)
class DeepSleep:
    """Switch the chip off but for its clock; XPD_DCDC goes low when the time is over.

    Args:
        at_ns: When the program asks for it. What it has sent leaves first.
        duration_us: Sleeping time; 0 sleeps until an external reset.
    """

    at_ns: int
    duration_us: int


@dataclass(frozen=True, slots=True)
class RunStub:
    """The loader jumps into a flasher stub that was uploaded to RAM."""

    at_ns: int
    version: int


@dataclass(frozen=True, slots=True)
class RunUserCode:
    """The loader leaves for the program in flash, as the ROM does after sampling the straps."""

    at_ns: int


@dataclass(frozen=True, slots=True)
class RunProgram:
    """A loader jumps to a program in RAM that is made of instructions.

    Args:
        at_ns: When.
        entry: Where execution begins.
    """

    at_ns: int
    entry: int


@dataclass(frozen=True, slots=True)
class Hang:
    """The program is caught in its exception handler; the hardware watchdog resets the chip."""

    at_ns: int


@dataclass(frozen=True, slots=True)
class Transmit:
    """Ask something of the air or the network.

    Args:
        request: What.
        at_ns: When it leaves the antenna.
    """

    request: OutsideRequest
    at_ns: int


Action = (
    Send
    | SetLineFormat
    | Transmit
    | Restart
    | DeepSleep
    | RunStub
    | RunUserCode
    | RunProgram
    | Hang
)
