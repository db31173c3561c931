"""The firmware that this toolkit makes itself."""

from __future__ import annotations

import subprocess
import sys
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.flashing.check import check_firmware
from hil.flashing.image import FlashMap, Role, parse_image, read_boot_version, recognise
from hil.flashing.manifest import save_firmware
from hil.flashing.synthesis import synthesize
from hil.units import MIB

if TYPE_CHECKING:
    from pathlib import Path


def test_default_firmware_is_sound_and_fits_one_megabyte() -> None:
    assert check_firmware(synthesize(), 1 * MIB, with_init_data=True) == []


def test_default_firmware_is_as_large_as_real_ones() -> None:
    made = synthesize()
    assert len(made.read(Role.BOOT)) < 0x1000
    assert 300_000 < len(made.read(Role.USER1)) < 400_000


def test_same_arguments_give_the_same_object() -> None:
    assert synthesize() is synthesize()
    assert synthesize(at_version="0.25.0.0") != synthesize()


def test_boot_loads_where_real_ones_do() -> None:
    boot = parse_image(synthesize().read(Role.BOOT))
    assert [segment.address for segment in boot.segments] == [0x40100000, 0x3FFE8000, 0x3FFE8310]
    assert boot.flash_size == 0


@pytest.mark.parametrize("role", [Role.BOOT, Role.USER1])
def test_code_compresses_as_real_code_does(role: Role) -> None:
    content = synthesize().read(role)
    assert 0.6 < len(zlib.compress(content)) / len(content) < 0.8


@pytest.mark.parametrize("delimiter", [0xC0, 0xDB])
def test_code_contains_the_delimiters_of_slip(delimiter: int) -> None:
    assert delimiter in synthesize().read(Role.USER1)


def test_texts_are_those_of_the_0_23_release() -> None:
    user1 = synthesize().read(Role.USER1)
    assert b"AT version:0.23.0.0(Apr 24 2015 21:11:01)\r\n\0" in user1
    assert b"SDK version:1.0.1\r\n\0" in user1
    assert b"compile time:Apr 24 2015 21:19:31\r\n\0" in user1
    assert read_boot_version(synthesize().read(Role.BOOT)) == "1.4(b1)"


@given(
    user1_bytes=st.integers(45_000, 500_000),
    flash_map=st.sampled_from(FlashMap),
    has_crc=st.booleans(),
)
def test_any_size_parses_and_is_at_most_what_was_asked_for(
    user1_bytes: int, flash_map: FlashMap, has_crc: bool
) -> None:
    made = synthesize(user1_bytes=user1_bytes, flash_map=flash_map, has_crc=has_crc)
    content = made.read(Role.USER1)
    image = parse_image(content)
    assert user1_bytes - 16 < len(content) <= user1_bytes
    assert image.is_intact
    assert image.flash_map is flash_map
    assert recognise(content) is Role.USER1


def test_too_small_a_size_is_refused() -> None:
    with pytest.raises(ValueError, match=r"user1 cannot have 1000 bytes: its RAM part alone has"):
        synthesize(user1_bytes=1000)


@pytest.mark.parametrize("has_crc", [True, False])
def test_esptool_calls_the_images_valid(tmp_path: Path, has_crc: bool) -> None:
    saved = save_firmware(synthesize(has_crc=has_crc), tmp_path)
    for role, size, version in (
        (Role.BOOT, "512KB", 1),
        (Role.USER1, "1MB", 2),
        (Role.USER2, "1MB", 2),
    ):
        image = saved.image(role)
        assert image is not None
        command = [sys.executable, "-m", "esptool", "--chip", "esp8266", "image-info"]
        told = subprocess.run(
            [*command, str(image.path)], capture_output=True, text=True, check=True
        ).stdout
        assert f"Image version: {version}" in told
        assert f"Flash size: {size}" in told
        assert "(valid)" in told
