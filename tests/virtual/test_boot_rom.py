"""The boot log is computed from the flashed image; figures as published for real chips."""

from __future__ import annotations

import pytest

from hil.units import MIB
from hil.virtual.boot_rom import (
    BootTarget,
    ResetCause,
    Straps,
    load_log,
    rom_boot,
)
from hil.virtual.flash import NorFlash
from hil.virtual.image import RamImage, Segment


def image_of(*segments: Segment) -> RamImage:
    return RamImage(segments, 0x40100004, b"\xe9\x03\x00\x20", segments[-1].checksum, 0)


def test_the_log_of_section_7_is_reproduced() -> None:
    # Section 7, lines 999 to 1008; the ROM prints a blank before the line end.
    image = image_of(
        Segment(0x40100000, 26336, 0xDE),
        Segment(0x3FFE8000, 5672, 0x69),
        Segment(0x3FFE9630, 8348, 0xCB),
    )
    assert load_log(image) == (
        b"load 0x40100000, len 26336, room 16 \r\ntail 0\r\nchksum 0xde\r\n"
        b"load 0x3ffe8000, len 5672, room 8 \r\ntail 0\r\nchksum 0x69\r\n"
        b"load 0x3ffe9630, len 8348, room 8 \r\ntail 4\r\nchksum 0xcb\r\n"
        b"csum 0xcb\r\n"
    )


def test_a_header_that_does_not_fit_behind_the_tail_is_handed_over() -> None:
    # Figures of a published log of boot 1.4(b2).
    image = image_of(
        Segment(0x40100000, 2204, 0x84),
        Segment(0x3FFE8000, 776, 0xE5),
        Segment(0x3FFE8310, 764, 0xC8),
    )
    assert load_log(image) == (
        b"load 0x40100000, len 2204, room 16 \r\ntail 12\r\nchksum 0x84\r\n"
        b"ho 0 tail 12 room 4\r\n"
        b"load 0x3ffe8000, len 776, room 12 \r\ntail 12\r\nchksum 0xe5\r\n"
        b"ho 0 tail 12 room 4\r\n"
        b"load 0x3ffe8310, len 764, room 12 \r\ntail 0\r\nchksum 0xc8\r\n"
        b"csum 0xc8\r\n"
    )


def test_a_tail_of_eight_leaves_no_room() -> None:
    # Figures of a published log; room 0 is printed as such.
    image = image_of(
        Segment(0x40100000, 30712, 0xD5),
        Segment(0x3FFE8000, 996, 0x2E),
        Segment(0x3FFE83F0, 1064, 0xFD),
    )
    assert b"len 996, room 0 \r\ntail 4\r\n" in load_log(image)
    assert b"len 1064, room 4 \r\ntail 4\r\n" in load_log(image)


@pytest.mark.parametrize(
    ("cause", "banner"),
    [
        (ResetCause.POWER_ON, b"\r\n ets Jan  8 2013,rst cause:1, boot mode:(3,6)\r\n\r\nload"),
        (ResetCause.EXTERNAL, b"\r\n ets Jan  8 2013,rst cause:2, boot mode:(3,6)\r\n\r\nload"),
        (
            ResetCause.WATCHDOG,
            b"\r\n ets Jan  8 2013,rst cause:4, boot mode:(3,6)\r\n\r\nwdt reset\r\nload",
        ),
    ],
)
def test_the_banner_tells_the_cause(flash: NorFlash, cause: ResetCause, banner: bytes) -> None:
    boot = rom_boot(flash, Straps(), cause)
    assert boot.log.startswith(banner)
    assert boot.target is BootTarget.FLASH


def test_gpio0_low_leads_to_the_loader_whatever_is_in_the_flash(flash: NorFlash) -> None:
    boot = rom_boot(flash, Straps(gpio0=False), ResetCause.EXTERNAL)
    assert boot.log == b"\r\n ets Jan  8 2013,rst cause:2, boot mode:(1,6)\r\n\r\n"
    assert boot.target is BootTarget.LOADER


def test_gpio15_high_runs_nothing(flash: NorFlash) -> None:
    assert rom_boot(flash, Straps(gpio15=True), ResetCause.POWER_ON).target is BootTarget.NOTHING


def test_a_blank_flash_ends_in_ets_main() -> None:
    boot = rom_boot(NorFlash(MIB), Straps(), ResetCause.POWER_ON)
    assert boot.log.endswith(b"boot mode:(3,6)\r\n\r\nets_main.c \r\n")
    assert boot.target is BootTarget.NOTHING


def test_a_bad_checksum_is_told_and_nothing_runs(flash: NorFlash) -> None:
    flash.load(0x40, bytes([flash.read(0x40, 1)[0] ^ 1]))
    boot = rom_boot(flash, Straps(), ResetCause.POWER_ON)
    assert boot.log.endswith(b"csum err     \r\nets_main.c \r\n")
    assert boot.target is BootTarget.NOTHING
