"""esptool's own command line on a simulated module, in this process and in simulated time."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import serial

from hil.drive.simulated import SimulatedClock
from hil.flashing.esptool_session import run_esptool
from hil.virtual.bench import Contact

from .simulated_module import URL, running_module

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

    from hil.virtual.bench import Bench
    from hil.virtual.flash import NorFlash
    from hil.virtual.world import World


class Esptool:
    """Calls of esptool, one after the other, on one module.

    Args:
        world: Where the module lives.
        bench: The module.
        capsys: Hears what esptool says.
    """

    def __init__(self, world: World, bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
        self.bench = bench
        self._world = world
        self._capsys = capsys

    @property
    def flash(self) -> NorFlash:
        """The module's flash."""
        return self.bench.chip.flash

    def __call__(self, *arguments: str | int | Path, status: int = 0) -> str:
        """What esptool says to a call that ends with a status."""
        self._capsys.readouterr()
        words = ["--chip", "esp8266", "--port", URL, *map(str, arguments)]
        ended = run_esptool(words, clock=SimulatedClock(self._world))
        out, err = self._capsys.readouterr()
        assert ended == status, out + err
        return out + err

    def ask(self, command: bytes, *, until: bytes = b"\r\nOK\r\n", baud: int = 115200) -> bytes:
        """What comes back when a program opens the port and sends something."""
        with serial.serial_for_url(URL, baudrate=baud, timeout=3) as port:
            port.write(command)
            return port.read_until(until)

    def pass_time(self, duration_s: float) -> None:
        """Let the module be."""
        SimulatedClock(self._world).sleep(duration_s)

    def cut_power(self) -> None:
        """Take the supply away and give it back."""
        for is_closed in (False, True):
            self.bench.switch(Contact.POWER, is_closed=is_closed, now_ns=self._world.now_ns)


@contextmanager
def esptool_on_module(capsys: pytest.CaptureFixture[str]) -> Iterator[Esptool]:
    """A module whose firmware runs, and esptool."""
    with running_module() as (world, bench):
        yield Esptool(world, bench, capsys)
