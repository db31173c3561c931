"""What the tests of flashing share: a flasher, and a module that is whole again afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.flashing.flasher import Flasher

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hil.flashing.manifest import Firmware
    from hil.rig.module import RigModule
    from hil.rig.rig import Rig


@pytest.fixture
def flasher(module: RigModule, rig: Rig, firmware: Firmware) -> Iterator[Flasher]:
    """A flasher for the module; afterwards the firmware is whole again and runs."""
    flasher = Flasher(module, baud=rig.description.flash_baud)
    yield flasher
    flasher.flash(firmware)
    module.recover()
