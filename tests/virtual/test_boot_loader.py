"""The second stage prints what its version prints and starts what is sound."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.flashing.image import Role
from hil.virtual.boot_loader import BootStep, run_boot_loader
from hil.virtual.image import RamImage, read_ram_image
from hil.virtual.user_slot import BootSwitch

if TYPE_CHECKING:
    from hil.flashing.manifest import Firmware
    from hil.virtual.flash import NorFlash


def rename(flash: NorFlash, version: bytes) -> RamImage:
    """Let the boot image in the flash claim another version; its checksum plays no role here."""
    text = b"2nd boot version : "
    offset = flash.read(0, 4096).index(text) + len(text)
    flash.load(offset, version.ljust(13, b"\0"))
    return loaded(flash)


def loaded(flash: NorFlash) -> RamImage:
    image = read_ram_image(flash, 0)
    assert image is not None
    return image


def test_1_7_prints_without_padding(flash: NorFlash) -> None:
    run = run_boot_loader(flash, rename(flash, b"1.7(5d6f877)"), is_second_try=False)
    assert run.step is BootStep.RUN
    assert run.text == (
        b"\n2nd boot version : 1.7(5d6f877)\nSPI Speed : 40MHz\nSPI Mode : QIO\n"
        b"SPI Flash Size & Map: 8Mbit(512KB+512KB)\njump to run user1 @ 1000\n\n"
    )


def test_1_6_pads_its_lines(flash: NorFlash) -> None:
    run = run_boot_loader(flash, rename(flash, b"1.6"), is_second_try=False)
    assert run.text == (
        b"\n2nd boot version : 1.6\n  SPI Speed      : 40MHz\n  SPI Mode       : QIO\n"
        b"  SPI Flash Size & Map: 8Mbit(512KB+512KB)\njump to run user1 @ 1000\n\n"
    )


def test_1_2_names_the_size_only(flash: NorFlash) -> None:
    run = run_boot_loader(flash, rename(flash, b"1.2"), is_second_try=False)
    assert run.text == (
        b"\n2nd boot version : 1.2\n  SPI Speed      : 40MHz\n  SPI Mode       : QIO\n"
        b"  SPI Flash Size : 8Mbit\njump to run user1\n\n"
    )


@pytest.mark.parametrize(
    ("size_code", "shown"),
    [(0x0, b"4Mbit(256KB+256KB)"), (0x4, b"32Mbit(512KB+512KB)"), (0x6, b"32Mbit(1024KB+1024KB)")],
)
def test_the_map_is_that_of_the_header(flash: NorFlash, size_code: int, shown: bytes) -> None:
    flash.load(3, bytes([size_code << 4]))
    run = run_boot_loader(flash, loaded(flash), is_second_try=False)
    assert b"SPI Flash Size & Map: " + shown + b"\n" in run.text


def test_a_missing_user1_is_tried_again_as_user2_and_then_given_up(flash: NorFlash) -> None:
    flash.load(0x1000, b"\xff" * 4096)
    first = run_boot_loader(flash, loaded(flash), is_second_try=False)
    assert first.step is BootStep.WATCHDOG
    assert first.text.endswith(
        b"jump to run user1 @ 1000\n\nerror magic!\nfirst boot failed, reboot to try backup bin\n"
    )
    second = run_boot_loader(flash, loaded(flash), is_second_try=True)
    assert second.step is BootStep.HALT
    assert second.text.endswith(b"jump to run user2 @ 81000\n\nerror magic!\nbackup boot failed.\n")


def test_a_damaged_ram_part_of_user1_is_not_started(flash: NorFlash) -> None:
    irom_bytes = int.from_bytes(flash.read(0x100C, 4), "little")
    inside = 0x1000 + 16 + irom_bytes + 0x40
    flash.load(inside, bytes([flash.read(inside, 1)[0] ^ 1]))
    run = run_boot_loader(flash, loaded(flash), is_second_try=False)
    assert run.step is BootStep.WATCHDOG
    assert b"csum err\n" in run.text


def test_another_program_at_address_0_prints_nothing(flash: NorFlash) -> None:
    text = b"2nd boot version"
    flash.load(flash.read(0, 4096).index(text), b"an other program")
    run = run_boot_loader(flash, loaded(flash), is_second_try=False)
    assert (run.text, run.step) == (b"", BootStep.HALT)


class TestSwitch:
    """The last 16 bytes of the first sector: each cleared bit changes the choice."""

    def with_user2(self, flash: NorFlash, firmware: Firmware) -> None:
        user2 = firmware.image(Role.USER2)
        assert user2 is not None
        flash.load(0x81000, user2.read())

    @pytest.mark.parametrize(
        ("first_byte", "jump"),
        [
            (0xFF, b"jump to run user1 @ 1000"),
            (0xFE, b"jump to run user2 @ 81000"),
            (0xFC, b"jump to run user1 @ 1000"),
            (0x00, b"jump to run user1 @ 1000"),
        ],
    )
    def test_an_odd_number_of_cleared_bits_starts_user2(
        self, flash: NorFlash, firmware: Firmware, first_byte: int, jump: bytes
    ) -> None:
        self.with_user2(flash, firmware)
        flash.load(0xFF0, bytes((first_byte,)))
        run = run_boot_loader(flash, loaded(flash), is_second_try=False)
        assert jump in run.text
        assert run.step is BootStep.RUN
        assert run.number == (2 if b"user2" in jump else 1)

    def test_the_other_one_is_the_backup(self, flash: NorFlash, firmware: Firmware) -> None:
        self.with_user2(flash, firmware)
        flash.load(0xFF0, b"\xfe")
        flash.load(0x81000, b"\0")
        first = run_boot_loader(flash, loaded(flash), is_second_try=False)
        assert first.step is BootStep.WATCHDOG
        assert b"jump to run user2 @ 81000\n\nerror magic!\n" in first.text
        second = run_boot_loader(flash, loaded(flash), is_second_try=True)
        assert (second.step, second.number) == (BootStep.RUN, 1)

    def test_a_boot_image_that_reaches_there_has_no_switch(self, flash: NorFlash) -> None:
        flash.load(0, bytes((0xE9, 1)))
        flash.load(8 + 4, (4080).to_bytes(4, "little"))
        flash.load(0xFF0, b"\xfe")
        assert BootSwitch(flash).number == 1
        assert not BootSwitch(flash).is_usable
