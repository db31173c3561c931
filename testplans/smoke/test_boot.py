"""The module starts and prints a boot log that makes sense (document, section 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.flashing.image import Role, parse_image

if TYPE_CHECKING:
    from hil.flashing.manifest import Firmware
    from hil.rig.module import RigModule

EXTERNAL_RESET = 2
POWER_ON = 1
RUN_FROM_FLASH = 3


@pytest.mark.clause("BOOT-01", "BOOT-03")
@pytest.mark.needs("reset")
def test_a_reset_is_followed_by_a_boot_log(module: RigModule) -> None:
    capture = module.reset()

    banner = capture.log.banner
    assert banner is not None, f"no boot log at {capture.baud} baud, but {capture.raw!r}"
    assert banner.boot_mode == RUN_FROM_FLASH
    assert banner.cause == EXTERNAL_RESET


@pytest.mark.clause("BOOT-04", "BOOT-05", "BOOT-06", "BOOT-07", "BOOT-08", "BOOT-09")
@pytest.mark.needs("reset")
def test_the_boot_log_is_that_of_the_flashed_image(module: RigModule, firmware: Firmware) -> None:
    image = parse_image(firmware.read(Role.BOOT), "boot.bin")

    log = module.reset().log

    loaded = [(segment.address, segment.length_bytes) for segment in log.segments]
    assert loaded == [(segment.address, segment.length) for segment in image.segments]
    for segment in log.segments:
        assert segment.tail_bytes == (segment.length_bytes - segment.room_bytes) % 16
        assert segment.checksum is not None
    assert log.image_checksum == log.segments[-1].checksum == image.checksum_stored


@pytest.mark.clause("BOOT-02")
@pytest.mark.needs("power")
def test_after_power_on_the_reset_cause_is_1(module: RigModule) -> None:
    banner = module.power_cycle().log.banner

    assert banner is not None
    assert banner.cause == POWER_ON


@pytest.mark.clause("AT-04")
@pytest.mark.needs("reset")
def test_after_a_reset_the_firmware_answers(module: RigModule) -> None:
    module.start()

    for _ in range(3):
        assert module.at.command("AT").is_ok
