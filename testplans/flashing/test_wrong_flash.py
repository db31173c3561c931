"""What is not the documented download does not run, and damaged images are refused."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from hil.errors import ImageError, ManifestError, NoReplyError
from hil.flashing.image import Role

if TYPE_CHECKING:
    from hil.flashing.flasher import Flasher
    from hil.flashing.manifest import Firmware
    from hil.rig.module import RigModule

pytestmark = pytest.mark.needs("reset", "strap", "flash-read")

USER1_OFFSET = 0x01000
SECTOR_BYTES = 4096


def test_user1_at_a_wrong_offset_does_not_boot(
    module: RigModule, flasher: Flasher, firmware: Firmware
) -> None:
    user1 = firmware.read(Role.USER1)
    with flasher.session() as session:
        session.erase(USER1_OFFSET, SECTOR_BYTES)
        session.write(USER1_OFFSET + SECTOR_BYTES, user1, flash_size_name="keep")

    capture = module.reset()

    assert capture.log.failures, f"the boot log tells of no failure:\n{capture.text}"
    with pytest.raises(NoReplyError):
        module.at.command("AT")


@pytest.mark.clause("DL-10")
@pytest.mark.destructive("erase")
def test_without_an_image_no_command_is_answered(module: RigModule, flasher: Flasher) -> None:
    with flasher.session() as session:
        # Three files do not bring back what else was in the flash: keep all of it.
        content = session.read(0, session.flash_size_bytes)
        session.erase_all()

    module.reset()
    with pytest.raises(NoReplyError):
        module.at.command("AT")

    with flasher.session() as session:
        session.write(0, content, flash_size_name="keep")
    module.start()
    assert module.at.command("AT").is_ok


@pytest.mark.parametrize("role", [Role.BOOT, Role.USER1, Role.BLANK])
def test_a_corrupt_image_is_refused_before_anything_is_written(
    flasher: Flasher, firmware: Firmware, role: Role
) -> None:
    with pytest.raises((ImageError, ManifestError), match=rf"{role.value}|sha256"):
        flasher.flash(_with_flipped_bit(firmware, role))

    assert not flasher.flash(firmware).is_anything_written


def _with_flipped_bit(firmware: Firmware, role: Role) -> Firmware:
    """The firmware with one damaged image, whose hash in the manifest is still the right one."""
    data = bytearray(firmware.read(role))
    data[len(data) // 2] ^= 0x10
    images = tuple(
        replace(image, data=bytes(data)) if image.role is role else image
        for image in firmware.images
    )
    return replace(firmware, images=images)
