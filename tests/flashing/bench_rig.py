"""A virtual rig for tests of flashing, and the ways in which its wire and its chip go wrong."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from hil.drive.registry import find_machine
from hil.flashing.synthesis import synthesize
from hil.ports.control_lines import Line
from hil.rig.assembly import open_rig
from hil.rig.description import VIRTUAL_RIG, VirtualFlash
from hil.virtual.bench import Bench

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hil.ports.control_lines import ControlLines
    from hil.rig.module import RigModule
    from hil.virtual.flash import NorFlash

MAC = "18:fe:34:d0:00:00"
WITHIN_USER1 = 60_000
"""So many bytes from the host on, the download of user1.bin is in its middle."""


@contextmanager
def open_module(**flash: Any) -> Iterator[RigModule]:
    """The module of a virtual rig whose flash is described so."""
    description = replace(VIRTUAL_RIG.modules[0], flash=VirtualFlash(**flash))
    with open_rig(replace(VIRTUAL_RIG, modules=(description,)), synthesize()) as rig:
        yield rig.modules[0]


def flash_of_module() -> NorFlash:
    """The flash chip of the module on the open virtual rig."""
    _, machine = find_machine("default", "module0")
    assert isinstance(machine, Bench)
    return machine.chip.flash


class LossyWire:
    """Loses one piece of what the module says, each time that so much was sent to it.

    Args:
        module: At whose port.
        after_bytes: How much the host sends before.
        times: How often.
    """

    def __init__(self, module: RigModule, *, after_bytes: int, times: int) -> None:
        port = cast("Any", module.port.serial)
        self._read, self._write = port.read, port.write
        self._after_bytes, self._times = after_bytes, times
        self._sent_bytes = 0
        self._is_losing = False
        self.lost = 0
        port.read, port.write = self.read, self.write

    def write(self, data: bytes) -> int:
        self._sent_bytes += len(data)
        if self._sent_bytes > self._after_bytes and self.lost < self._times:
            self._is_losing = True
        written: int = self._write(data)
        return written

    def read(self, size: int = 1) -> bytes:
        data: bytes = self._read(size)
        if data and self._is_losing:
            self._is_losing = False
            self._sent_bytes = 0
            self.lost += 1
            data = self._read(size)
        return data


class LinesWithoutStrap:
    """A rig that believes to hold GPIO0, while the wire is off."""

    def __init__(self, lines: ControlLines) -> None:
        self._connected = lines
        self.lines = lines.lines

    def set(self, states: Mapping[Line, bool]) -> None:
        self._connected.set({line: on for line, on in states.items() if line is not Line.STRAP})

    def close(self) -> None:
        self._connected.close()
