"""What the chip reads out of the flash."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.flashing.image import Role
from hil.units import MIB
from hil.virtual.flash import NorFlash
from hil.virtual.image import VersionStrings, read_ram_image, read_user_image, version_strings

if TYPE_CHECKING:
    from hil.flashing.manifest import Firmware


def test_boot_and_user1_are_read_as_sound(flash: NorFlash) -> None:
    boot, user1 = read_ram_image(flash, 0), read_user_image(flash, 0x1000)
    assert boot is not None
    assert boot.is_intact
    assert len(boot.segments) == 3
    assert user1 is not None
    assert user1.number == 1
    assert user1.ram.is_intact
    assert user1.is_crc_intact is True


def test_a_flipped_bit_in_the_code_breaks_the_crc_and_not_the_checksum(flash: NorFlash) -> None:
    flash.load(0x2000, bytes([flash.read(0x2000, 1)[0] ^ 0x80]))
    user1 = read_user_image(flash, 0x1000)
    assert user1 is not None
    assert user1.ram.is_intact
    assert user1.is_crc_intact is False


def test_an_image_without_a_crc_is_read_as_such(firmware: Firmware) -> None:
    flash = NorFlash(MIB)
    flash.load(0x1000, firmware.read(Role.USER1)[:-4])
    user1 = read_user_image(flash, 0x1000)
    assert user1 is not None
    assert user1.is_crc_intact is None


@pytest.mark.parametrize("head", [b"\xff" * 16, b"\xe9\x00" + b"\0" * 14, b"\xe9\x20" + b"\0" * 14])
def test_what_the_rom_would_not_load_is_no_image(head: bytes) -> None:
    assert read_ram_image(NorFlash(MIB, head), 0) is None


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (
            (
                b"..AT version:0.23.0.0(Apr 24 2015 21:11:01)\0SDK version:1.0.1\0"
                b"compile time:Apr 24 2015 21:19:31\0"
            ),
            VersionStrings("0.23.0.0", "Apr 24 2015 21:11:01", "1.0.1", "Apr 24 2015 21:19:31"),
        ),
        (
            b"AT version:%d.%d.%d.%d(%s %s)\0SDK version:%s\0compile time:%s %s\0",
            VersionStrings(),
        ),
        (
            # As images of 2022 have it: the version is numbers, the binary has a label of its own.
            (
                b"\0Apr  6 2023\0" + bytes(200) + b"\x003.0.6-dev(072755c)\0"
                b"compile time:Jun 17 2024 07:38:00\r\nBin version(Wroom 02):1.7.6\0"
                b"AT version:%d.%d.%d.%d(%s %s)\r\n\x0008:56:02\0Jan 24 2022\0"
            ),
            VersionStrings(
                "", "Jan 24 2022 08:56:02", "3.0.6-dev(072755c)", "Jun 17 2024 07:38:00"
            ),
        ),
        (
            # As the images of 2015 have it: one date for all, and a time beside each format.
            (
                b"\x001.0.1\0\0Apr 24 2015\x0019:31:11\0" + bytes(200) + b"compile time:%s %s\0"
                b"\x0021:19:31\0" + bytes(200) + b"\x0021:11:01\0\0AT version:%d.%d.%d.%d(%s %s)\0"
            ),
            VersionStrings("", "Apr 24 2015 21:11:01", "1.0.1", "Apr 24 2015 21:19:31"),
        ),
    ],
)
def test_versions_are_those_that_stand_in_plain_text(content: bytes, found: VersionStrings) -> None:
    assert version_strings(content) == found


def test_another_program_has_no_versions() -> None:
    assert version_strings(b"SDK version:1.0.1\0 and no AT") is None
