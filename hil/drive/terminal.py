"""The master's end of a pseudo-terminal: what the host has set its side to."""

from __future__ import annotations

import fcntl
import os
import struct
import sys
import termios
import tty
from pathlib import Path

# Source: <asm-generic/termbits.h>: struct termios2 with rates as numbers, not only B115200 and
# the like. Other machines than these number the request otherwise.
_TCGETS2 = 0x802C_542A
_TERMIOS2 = struct.Struct("=4IB19s2I")
_HAS_TERMIOS2 = sys.platform == "linux" and os.uname().machine in {
    "x86_64", "i686", "aarch64", "armv7l", "armv6l", "riscv64",
}  # fmt: skip

_RATES = {
    getattr(termios, name): int(name[1:])
    for name in dir(termios)
    if name[0] == "B" and name[1:].isdigit()
}


def open_terminal(baud: int) -> tuple[int, Path]:
    """A new pseudo-terminal that passes bytes unchanged, and that nobody has open.

    Returns:
        The master's descriptor and the path that hosts open.
    """
    master, slave = os.openpty()
    try:
        tty.setraw(slave)
        settings = termios.tcgetattr(slave)
        settings[4] = settings[5] = getattr(termios, f"B{baud}")
        termios.tcsetattr(slave, termios.TCSANOW, settings)
        return master, Path(os.ttyname(slave))
    finally:
        os.close(slave)


def baud_of(master: int) -> int:
    """The rate that the host has set; 0 for one that has hung up."""
    if not _HAS_TERMIOS2:
        return _RATES.get(termios.tcgetattr(master)[5], 0)
    raw = fcntl.ioctl(master, _TCGETS2, bytes(_TERMIOS2.size))
    *_, output_baud = _TERMIOS2.unpack(raw)
    return int(output_baud)
