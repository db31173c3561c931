"""A module in a world that ``sim://tests/module`` finds."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from hil.drive import url
from hil.drive.registry import forget_world, register_world
from hil.flashing.layout import plan_layout
from hil.flashing.synthesis import synthesize
from hil.units import MIB, NS_PER_S
from hil.virtual.bench import Bench, Contact
from hil.virtual.chip import Chip, ChipSetup
from hil.virtual.efuse import Efuse
from hil.virtual.firmware.dialect import DIALECTS
from hil.virtual.flash import NorFlash
from hil.virtual.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hil.flashing.manifest import Firmware

URL = "sim://tests/module"
MAC = bytes.fromhex("18fe34abcdef")


@cache
def firmware() -> Firmware:
    """What is in the flash: an input of these tests, no expectation."""
    return synthesize()


@contextmanager
def registered_world(**machines: Bench) -> Iterator[World]:
    """A world with these machines, under the name ``tests``."""
    url.install()
    world = World()
    for name, machine in machines.items():
        world.add(name, machine)
    register_world("tests", world)
    try:
        yield world
    finally:
        forget_world("tests", world)


@contextmanager
def running_module(circuit: str = "two-transistor") -> Iterator[tuple[World, Bench]]:
    """A module whose AT firmware has said ``ready``, a second after power on."""
    flash = NorFlash(MIB)
    for region in plan_layout(firmware(), MIB).regions:
        flash.load(region.offset, region.expected_data)
    chip = Chip(ChipSetup(Efuse.for_mac(MAC), DIALECTS["documented"]), flash)
    bench = Bench(chip, circuit=circuit, is_wake_link_closed=True)
    with registered_world(module=bench) as world:
        bench.switch(Contact.POWER, is_closed=True, now_ns=0)
        world.advance(NS_PER_S)
        bench.adapter.discard_input(NS_PER_S)
        yield world, bench
