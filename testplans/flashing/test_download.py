"""The documented download on the module: offsets, factory defaults, repetition, rates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.at import WifiMode
from hil.flashing.flasher import Flasher
from hil.flashing.image import Role
from hil.flashing.layout import plan_layout
from hil.units import MIB

if TYPE_CHECKING:
    from hil.flashing.manifest import Firmware
    from hil.plugins.rig import FlashRecorder
    from hil.rig.module import RigModule

pytestmark = pytest.mark.needs("reset", "strap", "flash-read")

BOOT_OFFSET = 0x00000
USER1_OFFSET = 0x01000
FIRST_BLANK_OFFSET = 0x7E000
SECTOR_BYTES = 4096
OTHER_BAUD = 57600


@pytest.mark.clause("DL-01", "DL-02", "DL-03", "DL-04", "DL-05", "DL-17")
def test_every_image_reads_back_from_its_documented_offset(
    flasher: Flasher, firmware: Firmware, record_flash: FlashRecorder
) -> None:
    record = record_flash(flasher.flash(firmware, rewrites_all=True))

    last_but_one = record.flash_size_bytes - 2 * SECTOR_BYTES
    boot, user1, blank = (firmware.read(role) for role in (Role.BOOT, Role.USER1, Role.BLANK))
    with flasher.session() as session:
        assert session.read(USER1_OFFSET, len(user1)) == user1
        assert session.read(FIRST_BLANK_OFFSET, SECTOR_BYTES) == blank
        assert session.read(last_but_one, SECTOR_BYTES) == blank
        boot_read = session.read(BOOT_OFFSET, len(boot))
    # The writer may patch flash mode and size, bytes 2 and 3 of the header.
    assert boot_read[:2] + boot_read[4:] == boot[:2] + boot[4:]
    if record.flash_size_bytes == MIB:
        assert last_but_one == 0xFE000


@pytest.mark.clause("DL-08")
def test_blank_bin_brings_back_the_factory_settings(
    module: RigModule, flasher: Flasher, firmware: Firmware
) -> None:
    module.at.cwmode_def(WifiMode.STATION)
    module.at.uart_def(OTHER_BAUD)
    flasher.flash(firmware, rewrites_all=True)

    module.start()

    assert module.at.cwmode_query() is WifiMode.SOFTAP


@pytest.mark.clause("DL-16")
def test_writing_boot_and_user1_alone_leaves_the_settings(
    module: RigModule, flasher: Flasher, firmware: Firmware
) -> None:
    module.at.cwmode_def(WifiMode.BOTH)
    with flasher.session() as session:
        layout = plan_layout(firmware, session.flash_size_bytes)
        for region in layout.regions:
            if region.role in (Role.BOOT, Role.USER1):
                session.write(region.offset, region.data, flash_size_name=layout.flash_size_name)

    module.start()

    assert module.at.cwmode_def_query() is WifiMode.BOTH


def test_what_is_on_the_chip_already_is_not_written_again(
    flasher: Flasher, firmware: Firmware, record_flash: FlashRecorder
) -> None:
    flasher.flash(firmware)

    record = record_flash(flasher.flash(firmware))

    assert not record.is_anything_written
    assert all(region.is_verified for region in record.regions)


@pytest.mark.clause("DL-11")
@pytest.mark.parametrize("baud", [115200, 230400, 460800, 921600])
def test_the_flash_can_be_written_at_many_rates(
    module: RigModule, firmware: Firmware, record_flash: FlashRecorder, baud: int
) -> None:
    record = record_flash(Flasher(module, baud=baud).flash(firmware, rewrites_all=True))

    assert record.baud == baud
    assert all(region.is_written and region.is_verified for region in record.regions)
    module.start()
    assert module.at.command("AT").is_ok
