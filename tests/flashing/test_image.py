"""Headers, sums, roles and versions of images."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.errors import ImageError
from hil.flashing.image import (
    BLANK_SECTOR,
    FlashImage,
    FlashMap,
    ImageKind,
    Role,
    Segment,
    compute_checksum,
    compute_crc,
    is_at_firmware,
    loads_into_ram,
    parse_image,
    read_boot_version,
    read_init_data_version,
    read_versions,
    recognise,
    speaks_sdio,
)
from hil.flashing.synthesis import synthesize

if TYPE_CHECKING:
    from hypothesis.strategies import DataObject

FIRMWARE = synthesize(user1_bytes=60_004)
BOOT = FIRMWARE.read(Role.BOOT)
USER1 = FIRMWARE.read(Role.USER1)
USER2 = FIRMWARE.read(Role.USER2)
OLDER_USER1 = synthesize(user1_bytes=60_000, has_crc=False).read(Role.USER1)


def plain(
    *segments: tuple[int, bytes], size_frequency: int = 0, checksum: int | None = None
) -> bytes:
    image = struct.pack("<BBBBI", 0xE9, len(segments), 2, size_frequency, 0x40100000)
    for address, data in segments:
        image += struct.pack("<II", address, len(data)) + data
    image += bytes(15 - len(image) % 16)
    right = compute_checksum(*(data for _, data in segments))
    return image + bytes([right if checksum is None else checksum])


def covered_by_sums(image: FlashImage) -> list[int]:
    parts = [*image.segments, *([image.irom] if image.irom else [])]
    return [place for part in parts for place in range(part.offset, part.offset + part.length)]


def test_plain_image_is_taken_apart() -> None:
    image = parse_image(plain((0x40100000, b"code"), (0x3FFE8000, b"data....")))
    assert image == FlashImage(
        kind=ImageKind.PLAIN,
        entry=0x40100000,
        segments=(Segment(0x40100000, 16, 4), Segment(0x3FFE8000, 28, 8)),
        irom=None,
        flash_mode=2,
        flash_size=0,
        flash_frequency=0,
        user_number=None,
        checksum_stored=image.checksum_computed,
        checksum_computed=image.checksum_stored,
        crc_stored=None,
        crc_computed=None,
        length=48,
    )


def test_checksum_is_a_line_of_its_own_if_the_data_fill_the_last_one() -> None:
    assert parse_image(plain((0x40100000, bytes(16)))).length == 48


def test_checksum_starts_from_ef() -> None:
    assert compute_checksum() == 0xEF
    assert compute_checksum(b"\x01", b"\x02") == 0xEF ^ 0x01 ^ 0x02


@pytest.mark.parametrize("data", [b"0", b"1", b"2", b"3", b"123456789"])
def test_crc_is_inverted_or_incremented_as_the_top_bit_says(data: bytes) -> None:
    raw = zlib.crc32(data)
    assert compute_crc(data) == (raw + 1 if raw < 0x80000000 else raw ^ 0xFFFFFFFF)


def test_both_forms_of_the_crc_occur() -> None:
    assert {zlib.crc32(bytes([value])) >> 31 for value in range(8)} == {0, 1}


def test_slotted_image_is_taken_apart() -> None:
    image = parse_image(USER1)
    assert image.kind is ImageKind.SLOTTED
    assert image.irom is not None
    assert image.irom.offset == 16
    assert image.irom.length % 16 == 0
    assert [segment.address for segment in image.segments][:2] == [0x40100000, 0x3FFE8000]
    assert (image.flash_size, image.flash_map) == (2, FlashMap.SPLIT_512)
    assert image.user_number == 1
    assert image.crc_stored == image.crc_computed is not None
    assert image.length == len(USER1)
    assert image.is_intact


def test_older_format_has_neither_crc_nor_user_number() -> None:
    image = parse_image(OLDER_USER1)
    assert (image.crc_stored, image.crc_computed, image.user_number) == (None, None, None)
    assert image.length == len(OLDER_USER1)
    assert image.is_intact


def test_size_byte_gives_size_and_frequency() -> None:
    image = parse_image(plain((0x40100000, b"code"), size_frequency=0x6F))
    assert (image.flash_size, image.flash_frequency) == (6, 15)
    assert image.flash_map is FlashMap.SPLIT_1024


def test_size_code_of_256_kb_has_no_map() -> None:
    assert parse_image(plain((0x40100000, b"code"), size_frequency=0x10)).flash_map is None


@pytest.mark.parametrize("content", [BOOT, USER1], ids=["boot", "user1"])
@given(data=st.data())
def test_any_changed_byte_of_a_segment_shows(content: bytes, data: DataObject) -> None:
    place = data.draw(st.sampled_from(covered_by_sums(parse_image(content))))
    changed = bytearray(content)
    changed[place] ^= data.draw(st.integers(1, 255))
    assert not parse_image(bytes(changed)).is_intact


@pytest.mark.parametrize("content", [BOOT, USER1, OLDER_USER1], ids=["boot", "user1", "older"])
@given(data=st.data())
def test_any_cut_is_refused(content: bytes, data: DataObject) -> None:
    length = data.draw(st.integers(0, len(content) - 1))
    with pytest.raises(ImageError):
        parse_image(content[:length])


@given(st.sampled_from([b"", b"\xe9", b"\xea\x04"]), st.binary(max_size=200))
def test_no_content_upsets_the_parser(head: bytes, rest: bytes) -> None:
    recognise(head + rest)
    try:
        parse_image(head + rest)
    except ImageError as error:
        assert error.problems  # noqa: PT017 - an image by chance is fine, another error is not


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "x.bin: begins with nothing, not with E9 or EA 04 as an image does"),
        (b"\x7fELF", "x.bin: begins with 7F 45, not with E9 or EA 04 as an image does"),
        (
            BOOT[:100],
            "x.bin: is cut off: it has 100 bytes and its headers speak of 1732 or more",
        ),
    ],
)
def test_what_is_no_image_is_refused(content: bytes, problem: str) -> None:
    with pytest.raises(ImageError) as caught:
        parse_image(content, "x.bin")
    assert str(caught.value) == problem


def test_missing_plain_part_is_named_with_its_place() -> None:
    start = 16 + struct.unpack_from("<I", USER1, 12)[0]
    with pytest.raises(ImageError) as caught:
        parse_image(USER1[:start] + b"\x00" + USER1[start + 1 :], "user1.bin")
    assert str(caught.value) == (
        f"user1.bin: has 00 at 0x{start:X} behind its irom part, where E9 belongs"
    )


@pytest.mark.parametrize("role", list(Role)[:5])
@pytest.mark.parametrize("has_crc", [True, False])
@pytest.mark.parametrize("flash_map", [FlashMap.SPLIT_256, FlashMap.SPLIT_512])
def test_every_synthesized_image_is_recognised(
    role: Role, has_crc: bool, flash_map: FlashMap
) -> None:
    made = synthesize(user1_bytes=60_004, has_crc=has_crc, flash_map=flash_map)
    assert recognise(made.read(role)) is role


def test_older_images_for_the_1024_map_serve_as_user1() -> None:
    made = synthesize(user1_bytes=60_000, has_crc=False, flash_map=FlashMap.SPLIT_1024)
    assert made.read(Role.USER1) == made.read(Role.USER2)
    assert recognise(made.read(Role.USER2)) is Role.USER1


def test_user_number_in_the_header_counts_more_than_addresses() -> None:
    made = synthesize(user1_bytes=60_004, flash_map=FlashMap.SPLIT_1024)
    assert recognise(made.read(Role.USER2)) is Role.USER2


@pytest.mark.parametrize(
    ("content", "role"),
    [
        (BLANK_SECTOR, Role.BLANK),
        (BLANK_SECTOR[:-1], None),
        (BLANK_SECTOR * 2, None),
        (b"\x05" + bytes(127), Role.INIT_DATA),
        (b"\x05" + bytes(126), None),
        (bytes(128), None),
        (plain((0x40100000, b"code")), Role.NO_BOOT),
        (struct.pack("<4I", 0x3FFE94A0, 0x3FFE94A8, 0x40105804, 0x40240000), Role.IROM_TEXT),
        (struct.pack("<4I", 0x3FFE94A0, 0x3FFE94A8, 0x40105804, 0x50000000), None),
        (b"", None),
        (b"\xea\x04\x00\x02", Role.USER2),
        (b"\xea\x04", Role.USER1),
    ],
)
def test_content_tells_the_role(content: bytes, role: Role | None) -> None:
    assert recognise(content) is role


def test_damaged_image_keeps_its_role() -> None:
    assert recognise(BOOT[:-1] + bytes([BOOT[-1] ^ 1])) is Role.BOOT
    assert recognise(USER2[:1000]) is Role.USER2


@pytest.mark.parametrize(
    ("address", "length", "is_ram"),
    [
        (0x40100000, 0x8000, True),
        (0x3FFE8000, 16, True),
        (0x3FFFFFF0, 16, True),
        (0x3FFFFFF0, 17, False),
        (0x40201010, 16, False),
        (0, 16, False),
        (0x40100000, 0, True),
    ],
)
def test_segments_belong_into_ram(address: int, length: int, is_ram: bool) -> None:
    assert loads_into_ram(Segment(address, 0, length)) is is_ram


@pytest.mark.parametrize("version", ["1.2", "1.3(b3)", "1.4(b1)", "1.7(5d6f877)"])
def test_boot_version_is_read(version: str) -> None:
    assert read_boot_version(b"..\n2nd boot version : " + version.encode() + b"\n..") == version


def test_other_images_have_no_boot_version() -> None:
    assert read_boot_version(USER1) is None


@pytest.mark.parametrize(("second", "version"), [(0, "v05"), (8, "v08")])
def test_init_data_version_is_read(second: int, version: str) -> None:
    assert read_init_data_version(bytes([5, second]) + bytes(126)) == version


def test_versions_are_read_from_letters() -> None:
    versions = read_versions(USER1)
    assert versions.at_version == "0.23.0.0"
    assert versions.at_build == "Apr 24 2015 21:11:01"
    assert versions.sdk_version == "1.0.1"
    assert versions.compile_time == "Apr 24 2015 21:19:31"
    assert versions.release is None


def test_versions_are_found_around_their_formats() -> None:
    # The order of strings in a genuine 0.23: one date for both, each time next to its format.
    content = (
        b"\0\x011.0.1\0\0\0Apr 24 2015\x0019:31:11\0" + bytes(300) + b"compile time:%s %s\0\0"
        b"21:19:31\0" + bytes(300) + b"21:11:01\0\0\0\0AT version:%d.%d.%d.%d(%s %s)\r\n\0"
        b"SDK version:%s\r\n\0"
    )
    versions = read_versions(content)
    assert versions.at_version is None
    assert versions.at_build == "Apr 24 2015 21:11:01"
    assert versions.compile_time == "Apr 24 2015 21:19:31"
    assert versions.sdk_version == "1.0.1"


def test_sdk_version_with_a_commit_is_preferred_to_those_of_libraries() -> None:
    content = b"\x001.4.9\0\x002.0.0(656edbf)\0\x00192.168.4.1\0"
    assert read_versions(content).sdk_version == "2.0.0(656edbf)"


def test_release_is_read_with_and_without_a_v() -> None:
    assert read_versions(b"Bin version(Wroom 02):1.6.0\r\n").release == "1.6.0"
    assert read_versions(b"Bin version(Wroom 02):v1.7.0\0").release == "1.7.0"


def test_two_dates_far_away_are_not_guessed_at() -> None:
    content = (
        b"\0Apr 24 2015\0Apr 25 2015\0" + bytes(300) + b"AT version:%d.%d.%d.%d(%s %s)\021:11:01\0"
    )
    assert read_versions(content).at_build is None


@given(st.binary(max_size=300))
def test_versions_of_anything_are_read_without_an_error(content: bytes) -> None:
    read_versions(content)


def test_at_firmware_and_its_transport_are_told() -> None:
    assert is_at_firmware(USER1)
    assert not is_at_firmware(BOOT)
    assert not speaks_sdio(USER1)
    assert speaks_sdio(USER1 + b"RX&TX link reset!")
