"""The module's boot loader can be reached, and the chip is what the toolkit is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.flashing.flasher import Flasher
from hil.units import MIB

if TYPE_CHECKING:
    from hil.rig.module import RigModule
    from hil.rig.rig import Rig


@pytest.mark.clause("DL-12")
@pytest.mark.needs("reset", "strap")
def test_the_loader_tells_chip_and_flash(module: RigModule, rig: Rig) -> None:
    with Flasher(module, baud=rig.description.flash_baud).session() as session:
        assert session.chip_name.startswith("ESP82")
        assert session.mac != "00:00:00:00:00:00"
        assert session.flash_size_bytes >= MIB
    module.start()
