"""A module with real images in its flash, on a bench in a world of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.flashing.layout import plan_layout
from hil.flashing.synthesis import synthesize
from hil.units import MIB
from hil.virtual.bench import Bench
from hil.virtual.chip import Chip, ChipSetup
from hil.virtual.efuse import Efuse
from hil.virtual.firmware.dialect import DIALECTS
from hil.virtual.flash import NorFlash

from .bench_host import MAC, Host

if TYPE_CHECKING:
    from hil.flashing.manifest import Firmware


@pytest.fixture(scope="session")
def firmware() -> Firmware:
    """The synthesized firmware; its images are the input of these tests, no expectation."""
    return synthesize()


@pytest.fixture
def flash(firmware: Firmware) -> NorFlash:
    """A flash of 1 MB with the documented download in it."""
    flash = NorFlash(MIB)
    for region in plan_layout(firmware, MIB).regions:
        flash.load(region.offset, region.expected_data)
    return flash


@pytest.fixture
def host(flash: NorFlash) -> Host:
    """A bench whose module is not fed yet."""
    chip = Chip(ChipSetup(Efuse.for_mac(MAC), DIALECTS["documented"]), flash)
    return Host(Bench(chip, circuit="two-transistor", is_wake_link_closed=True))
