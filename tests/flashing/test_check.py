"""What is found wrong with a firmware before a byte of it is written."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.errors import ImageError
from hil.flashing.check import Finding, Severity, check_firmware, require_sound
from hil.flashing.image import FlashMap, Role, compute_crc, parse_image
from hil.flashing.manifest import Firmware, ImageRef, load_firmware, save_firmware
from hil.flashing.synthesis import synthesize
from hil.units import KIB, MIB

if TYPE_CHECKING:
    from pathlib import Path

    from hypothesis.strategies import DataObject

FIRMWARE = synthesize(user1_bytes=60_004)
OLDER = synthesize(user1_bytes=60_000, has_crc=False)


def with_content(firmware: Firmware, role: Role, content: bytes) -> Firmware:
    """The firmware with another content of one image, and a manifest that agrees with it."""
    return replace(
        firmware,
        images=tuple(
            ImageRef.of_bytes(role, content) if image.role is role else image
            for image in firmware.images
        ),
    )


def errors(firmware: Firmware, flash_size_bytes: int | None = None) -> list[str]:
    return [
        f"{finding.image}: {finding.text}"
        for finding in check_firmware(firmware, flash_size_bytes)
        if finding.severity is Severity.ERROR
    ]


def with_right_crc(content: bytes) -> bytes:
    return content[:-4] + struct.pack("<I", compute_crc(content[:-4]))


def changed(content: bytes, place: int, byte: int) -> bytes:
    return content[:place] + bytes([byte]) + content[place + 1 :]


@pytest.mark.parametrize("size_bytes", [None, 1 * MIB, 2 * MIB, 4 * MIB])
def test_sound_firmware_has_no_findings(size_bytes: int | None) -> None:
    assert check_firmware(FIRMWARE, size_bytes, with_init_data=True) == []
    require_sound(FIRMWARE, size_bytes)


@pytest.mark.parametrize("role", [Role.BOOT, Role.USER1, Role.USER2])
@given(data=st.data())
def test_any_changed_byte_of_a_segment_is_found(role: Role, data: DataObject) -> None:
    content = FIRMWARE.read(role)
    image = parse_image(content)
    parts = [*image.segments, *([image.irom] if image.irom else [])]
    part = data.draw(st.sampled_from(parts))
    place = part.offset + data.draw(st.integers(0, part.length - 1))
    byte = content[place] ^ data.draw(st.integers(1, 255))
    assert any(
        "is damaged" in text
        for text in errors(with_content(FIRMWARE, role, changed(content, place, byte)))
    )


@given(data=st.data())
def test_any_changed_byte_of_user1_is_found(data: DataObject) -> None:
    content = FIRMWARE.read(Role.USER1)
    place = data.draw(st.integers(0, len(content) - 1))
    byte = content[place] ^ data.draw(st.integers(1, 255))
    assert errors(with_content(FIRMWARE, Role.USER1, changed(content, place, byte)))


def test_damage_shows_both_sums() -> None:
    content = FIRMWARE.read(Role.USER1)
    image = parse_image(content)
    place = image.segments[0].offset
    broken = changed(content, place, content[place] ^ 1)
    found = parse_image(broken)
    assert errors(with_content(FIRMWARE, Role.USER1, broken)) == [
        (
            f"user1.bin: has the checksum {image.checksum_stored:02X} where its segments give "
            f"{found.checksum_computed:02X}: the file is damaged"
        ),
        (
            f"user1.bin: has the CRC32 {image.crc_stored:08X} where its content gives "
            f"{found.crc_computed:08X}: the file is damaged"
        ),
    ]


def test_older_format_is_warned_of_and_not_refused() -> None:
    text = "has no CRC32, as usual up to SDK 1.0.1: only the manifest's hash guards its irom part"
    assert check_firmware(OLDER, 1 * MIB) == [
        Finding(Severity.WARNING, "user1.bin", text),
        Finding(Severity.WARNING, "user2.bin", text),
    ]
    require_sound(OLDER, 1 * MIB)


@pytest.mark.parametrize("firmware", [FIRMWARE, OLDER], ids=["newer", "older"])
def test_user2_in_place_of_user1_is_refused(firmware: Firmware) -> None:
    mixed = with_content(firmware, Role.USER1, firmware.read(Role.USER2))
    assert errors(mixed) == ["user1.bin: is to be user1 and is user2 by its content"]


def test_image_without_a_boot_version_is_no_boot() -> None:
    content = FIRMWARE.read(Role.BOOT).replace(b"2nd boot version", b"2nd bo0t version")
    assert "boot.bin: is to be boot and is no_boot by its content" in errors(
        with_content(FIRMWARE, Role.BOOT, content)
    )


def test_something_else_in_place_of_boot_is_refused() -> None:
    assert errors(with_content(FIRMWARE, Role.BOOT, b"#!/bin/sh\n")) == [
        "boot.bin: begins with 23 21, not with E9 or EA 04 as an image does"
    ]


def test_over_long_boot_is_refused() -> None:
    content = FIRMWARE.read(Role.BOOT).ljust(4097, b"\xff")
    assert errors(with_content(FIRMWARE, Role.BOOT, content)) == [
        "boot.bin: has 4097 bytes and must end below 0x01000, where user1 begins"
    ]


@pytest.mark.parametrize("padding", [b"\xff" * 100, bytes(100)])
def test_padding_is_harmless(padding: bytes) -> None:
    assert errors(with_content(FIRMWARE, Role.BOOT, FIRMWARE.read(Role.BOOT) + padding)) == []


def test_something_behind_an_image_is_refused() -> None:
    content = FIRMWARE.read(Role.BOOT) + b"more"
    assert errors(with_content(FIRMWARE, Role.BOOT, content)) == [
        "boot.bin: has 4 bytes of something else behind its end"
    ]


def test_segment_outside_of_the_ram_is_refused() -> None:
    content = FIRMWARE.read(Role.BOOT)
    content = content[:8] + struct.pack("<I", 0x40200000) + content[12:]
    assert errors(with_content(FIRMWARE, Role.BOOT, content)) == [
        "boot.bin: loads 1716 bytes to 0x40200000, outside of the RAM",
        "boot.bin: starts at 0x40100004, where it loads nothing",
    ]


def test_user1_for_another_map_is_refused() -> None:
    other = replace(FIRMWARE, flash_map=FlashMap.SPLIT_1024)
    assert errors(other) == [
        "user1.bin: is linked for 512+512, the manifest says 1024+1024",
        "user2.bin: is linked for 512+512, the manifest says 1024+1024",
    ]


def test_size_code_without_a_map_is_refused() -> None:
    content = FIRMWARE.read(Role.USER1)
    irom = parse_image(content).irom
    assert irom is not None
    content = with_right_crc(changed(content, irom.offset + irom.length + 3, 0x10))
    assert errors(with_content(FIRMWARE, Role.USER1, content)) == [
        "user1.bin: is linked for no map (code 1), the manifest says 512+512"
    ]


def test_image_for_sdio_is_refused() -> None:
    content = FIRMWARE.read(Role.USER1)
    content = with_right_crc(content[:1000] + b"RX&TX link reset!" + content[1017:])
    assert errors(with_content(FIRMWARE, Role.USER1, content)) == [
        "user1.bin: takes its AT commands over SDIO, not over the UART"
    ]


def test_image_without_at_commands_is_warned_of() -> None:
    content = FIRMWARE.read(Role.USER1).replace(b"AT version:", b"XY version:")
    findings = check_firmware(with_content(FIRMWARE, Role.USER1, content))
    assert (
        Finding(
            Severity.WARNING,
            "user1.bin",
            "has no `AT version:` in it: it may not answer AT commands (line 132)",
        )
        in findings
    )


def test_version_that_the_image_denies_is_warned_of() -> None:
    findings = check_firmware(replace(FIRMWARE, at_version="0.25.0.0", sdk_version="unknown"))
    assert findings[0] == Finding(
        Severity.WARNING, "user1.bin", "says at_version 0.23.0.0, the manifest says 0.25.0.0"
    )
    assert len(findings) == 2


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"\xff" * 4095, "it has 4095 bytes, 0 of them other than FF"),
        (b"\xff" * 4095 + b"\xfe", "it has 4096 bytes, 1 of them other than FF"),
        (b"", "it has 0 bytes, 0 of them other than FF"),
    ],
)
def test_blank_must_be_one_erased_sector(content: bytes, problem: str) -> None:
    assert errors(with_content(FIRMWARE, Role.BLANK, content)) == [
        f"blank.bin: is not one erased sector of 4096 bytes of FF (DL-09): {problem}"
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (bytes(128), "it has 128 bytes and begins with 00"),
        (b"\x05" * 127, "it has 127 bytes and begins with 05"),
        (b"", "it has 0 bytes and begins with nothing"),
    ],
)
def test_init_data_must_be_what_the_firmware_looks_for(content: bytes, problem: str) -> None:
    assert errors(with_content(FIRMWARE, Role.INIT_DATA, content)) == [
        f"init_data.bin: is not init data, 128 bytes that begin with 05 (A-74): {problem}"
    ]


def test_changed_file_is_found(tmp_path: Path) -> None:
    save_firmware(FIRMWARE, tmp_path)
    loaded = load_firmware(tmp_path)
    (tmp_path / "blank.bin").write_bytes(b"\xff" * 4095)
    found = errors(loaded, MIB)
    assert found[0] == "blank.bin: has 4095 bytes, not 4096 as in the manifest"
    assert found[1].startswith("blank.bin: has the sha256 ")
    assert len(found) == 3


def test_missing_file_is_found(tmp_path: Path) -> None:
    save_firmware(FIRMWARE, tmp_path)
    loaded = load_firmware(tmp_path)
    (tmp_path / "boot.bin").unlink()
    assert errors(loaded) == ["boot.bin: cannot be read: No such file or directory"]


def test_layout_problems_are_among_the_findings() -> None:
    large = synthesize(user1_bytes=0x7C000)
    assert errors(large) == []
    assert errors(large, MIB) == [
        (
            "layout: user1.bin at 0x01000..0x7CFF4 reaches into the user parameter area "
            "0x7C000..0x80000 (appendix, lines 976 to 981)"
        )
    ]


def test_layout_warnings_are_among_the_findings() -> None:
    findings = check_firmware(synthesize(), 512 * KIB, force_512k=True)
    assert [(finding.severity, finding.image) for finding in findings] == [
        (Severity.WARNING, "layout")
    ]


def test_errors_come_first_and_all_of_them_are_raised() -> None:
    bad = with_content(with_content(OLDER, Role.BLANK, b""), Role.INIT_DATA, b"")
    severities = [finding.severity for finding in check_firmware(bad)]
    assert severities == [Severity.ERROR] * 2 + [Severity.WARNING] * 2
    with pytest.raises(ImageError) as caught:
        require_sound(bad)
    assert caught.value.name == "synthesized AT 0.23.0.0"
    assert [problem.partition(":")[0] for problem in caught.value.problems] == [
        "blank.bin",
        "init_data.bin",
    ]
