"""Where images go, on every size of flash, and what is refused."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.errors import LayoutError
from hil.flashing.image import BLANK_SECTOR, FlashMap, Role
from hil.flashing.layout import (
    Area,
    FlashGeometry,
    find_smallest_flash,
    has_map,
    plan_layout,
)
from hil.flashing.manifest import Firmware, ImageRef, OffsetRule
from hil.flashing.synthesis import synthesize
from hil.units import KIB, MIB

FIRMWARE = synthesize(user1_bytes=60_004)
FIRMWARE_1024 = synthesize(user1_bytes=60_004, flash_map=FlashMap.SPLIT_1024)


def with_image(firmware: Firmware, image: ImageRef) -> Firmware:
    others = tuple(each for each in firmware.images if each.role is not image.role)
    return replace(firmware, images=(*others, image))


def offset_of(firmware: Firmware, role: Role, offset: int | OffsetRule) -> Firmware:
    image = firmware.image(role)
    assert image is not None
    return with_image(firmware, replace(image, offset=offset))


def problems(firmware: Firmware, size_bytes: int = MIB, *, force_512k: bool = False) -> list[str]:
    with pytest.raises(LayoutError) as caught:
        plan_layout(firmware, size_bytes, force_512k=force_512k)
    return list(caught.value.problems)


@pytest.mark.parametrize(
    ("firmware", "size_bytes", "places", "name", "size_byte"),
    [
        (FIRMWARE, 1 * MIB, (0x7E000, 0xFC000, 0xFE000), "1MB", 0x20),
        (FIRMWARE, 2 * MIB, (0x7E000, 0x1FC000, 0x1FE000), "2MB", 0x30),
        (FIRMWARE, 4 * MIB, (0x7E000, 0x3FC000, 0x3FE000), "4MB", 0x40),
        (FIRMWARE_1024, 2 * MIB, (0xFE000, 0x1FC000, 0x1FE000), "2MB-c1", 0x50),
        (FIRMWARE_1024, 4 * MIB, (0xFE000, 0x3FC000, 0x3FE000), "4MB-c1", 0x60),
        (FIRMWARE_1024, 8 * MIB, (0xFE000, 0x7FC000, 0x7FE000), "8MB", 0x80),
        (FIRMWARE_1024, 16 * MIB, (0xFE000, 0xFFC000, 0xFFE000), "16MB", 0x90),
    ],
)
def test_addresses_follow_map_and_size(
    firmware: Firmware,
    size_bytes: int,
    places: tuple[int, int, int],
    name: str,
    size_byte: int,
) -> None:
    first_blank, init_data, second_blank = places
    layout = plan_layout(firmware, size_bytes, with_init_data=True)
    assert [(region.offset, region.role) for region in layout.regions] == [
        (0x00000, Role.BOOT),
        (0x01000, Role.USER1),
        (first_blank, Role.BLANK),
        (init_data, Role.INIT_DATA),
        (second_blank, Role.BLANK),
    ]
    assert layout.flash_size_name == name
    patch = layout.regions[0].patch
    assert patch is not None
    assert (patch.before, patch.after) == (0x00, size_byte)
    assert layout.warnings == ()


def test_init_data_is_left_out_by_default() -> None:
    assert [region.role for region in plan_layout(FIRMWARE, MIB).regions] == [
        Role.BOOT,
        Role.USER1,
        Role.BLANK,
        Role.BLANK,
    ]


def test_areas_are_those_of_the_appendix() -> None:
    layout = plan_layout(FIRMWARE, MIB)
    assert str(layout.user_parameter_area) == "0x7C000..0x80000"
    assert str(layout.system_parameter_area) == "0xFC000..0x100000"
    small = FlashGeometry(FlashMap.SPLIT_512, 512 * KIB)
    assert str(small.user_parameters) == "0x3C000..0x40000"
    assert str(small.system_parameters) == "0x7C000..0x80000"


@pytest.mark.parametrize(
    ("flash_map", "size_bytes", "user2"),
    [
        (FlashMap.SPLIT_256, 512 * KIB, 0x41000),
        (FlashMap.SPLIT_512, 1 * MIB, 0x81000),
        (FlashMap.SPLIT_1024, 2 * MIB, 0x101000),
    ],
)
def test_user2_follows_user1_by_half_a_map(
    flash_map: FlashMap, size_bytes: int, user2: int
) -> None:
    assert FlashGeometry(flash_map, size_bytes).offsets(OffsetRule.USER2) == (user2,)


@pytest.mark.parametrize("firmware", [FIRMWARE, FIRMWARE_1024], ids=["512", "1024"])
@pytest.mark.parametrize("size_bytes", [2 * MIB, 4 * MIB])
def test_blanks_lie_inside_of_the_parameter_areas(firmware: Firmware, size_bytes: int) -> None:
    layout = plan_layout(firmware, size_bytes)
    first, second = (region.area for region in layout.regions if region.role is Role.BLANK)
    assert layout.user_parameter_area.contains(first)
    assert layout.system_parameter_area.contains(second)


def test_small_flash_is_refused() -> None:
    assert problems(FIRMWARE, 512 * KIB) == [
        (
            "the AT firmware needs a flash of at least 1024 KB (section 1, line 133) and this "
            "one has "
            "512KB: use a larger module, or force it"
        )
    ]


def test_forced_small_flash_has_one_blank_sector() -> None:
    layout = plan_layout(FIRMWARE, 512 * KIB, force_512k=True)
    assert [region.offset for region in layout.regions] == [0, 0x1000, 0x7E000]
    assert layout.flash_size_name == "512KB"
    assert layout.regions[0].expected_data == layout.regions[0].data
    assert layout.warnings == ()


def test_forced_small_flash_warns_if_user1_covers_the_user_parameters() -> None:
    layout = plan_layout(synthesize(), 512 * KIB, force_512k=True)
    assert layout.warnings == (
        (
            "user1.bin at 0x01000..0x51004 covers the user parameter area of a 512 KB flash, "
            "0x3C000..0x40000 (appendix, line 977): the first parameter that is stored will "
            "erase a "
            "part of it"
        ),
    )


def test_force_does_not_help_a_flash_of_256_kb() -> None:
    assert problems(FIRMWARE, 256 * KIB, force_512k=True) == [
        (
            "the AT firmware needs a flash of at least 1024 KB (section 1, line 133) and this "
            "one has "
            "256KB: use a larger module"
        )
    ]


def test_map_that_the_size_does_not_have_is_refused() -> None:
    assert problems(FIRMWARE_1024, MIB) == [
        (
            "there is no 1024+1024 map for a flash of 1MB, only for 2MB, 4MB, 8MB, 16MB: use a "
            "firmware that is linked for another map, or a flash of another size (of a virtual "
            "module: `flash` in the rig file)"
        )
    ]


def test_maps_and_sizes_are_told() -> None:
    assert has_map(FlashMap.SPLIT_512, MIB)
    assert not has_map(FlashMap.SPLIT_1024, MIB)
    assert find_smallest_flash(FlashMap.SPLIT_256) == 512 * KIB
    assert find_smallest_flash(FlashMap.SPLIT_512) == 1 * MIB
    assert find_smallest_flash(FlashMap.SPLIT_1024) == 2 * MIB


def test_longest_user1_ends_where_the_user_parameters_begin() -> None:
    content = bytes(0x7C000 - 0x1000)
    longest = with_image(FIRMWARE, ImageRef.of_bytes(Role.USER1, content))
    assert plan_layout(longest, MIB).regions[1].area == Area(0x1000, 0x7C000)
    longer = with_image(FIRMWARE, ImageRef.of_bytes(Role.USER1, content + b"\0"))
    assert problems(longer) == [
        (
            "user1.bin at 0x01000..0x7C001 reaches into the user parameter area 0x7C000..0x80000 "
            "(appendix, lines 976 to 981)"
        )
    ]


def test_over_long_boot_is_refused() -> None:
    boot = ImageRef.of_bytes(Role.BOOT, b"\xe9" + bytes(0x1000))
    assert problems(with_image(FIRMWARE, boot)) == [
        "boot.bin at 0x00000..0x01001 reaches beyond 0x01000, where user1.bin begins (line 126)",
        (
            "user1.bin at 0x01000..0x0FA64 overlaps boot.bin at 0x00000..0x01001, by whole "
            "sectors of "
            "4096 bytes"
        ),
    ]


def test_odd_address_is_refused() -> None:
    assert problems(offset_of(FIRMWARE, Role.USER1, 0x1100)) == [
        "user1.bin at 0x01100..0x0FB64 does not begin at a sector, a multiple of 0x1000"
    ]


def test_blank_elsewhere_is_refused() -> None:
    assert problems(offset_of(FIRMWARE, Role.BLANK, 0x40000)) == [
        (
            "blank.bin at 0x40000..0x41000 lies outside of the parameter areas "
            "0x7C000..0x80000 and "
            "0xFC000..0x100000 (appendix, lines 976 to 981)"
        )
    ]


def test_address_beyond_the_flash_is_refused_with_every_other_problem() -> None:
    assert problems(offset_of(FIRMWARE, Role.USER1, 0xFF800)) == [
        "user1.bin at 0xFF800..0x10E264 does not begin at a sector, a multiple of 0x1000",
        "user1.bin at 0xFF800..0x10E264 ends beyond the flash, which has 1MB",
        (
            "user1.bin at 0xFF800..0x10E264 reaches into the system parameter area "
            "0xFC000..0x100000 "
            "(appendix, lines 976 to 981)"
        ),
    ]


def test_missing_images_are_named() -> None:
    nothing = replace(FIRMWARE, images=())
    with pytest.raises(LayoutError) as caught:
        plan_layout(nothing, MIB, with_init_data=True)
    assert caught.value.problems == (
        "the firmware has no boot image",
        "the firmware has no user1 image",
        "the firmware has no blank image",
        "the firmware has no init_data image",
    )


def test_each_blank_may_have_an_image_of_its_own() -> None:
    others = tuple(each for each in FIRMWARE.images if each.role is not Role.BLANK)
    blank = ImageRef.of_bytes(Role.BLANK, BLANK_SECTOR)
    split = (
        replace(blank, offset=OffsetRule.FIRST_BLANK),
        replace(blank, offset=OffsetRule.SECOND_BLANK),
    )
    layout = plan_layout(replace(FIRMWARE, images=(*others, *split)), MIB)
    assert [region.offset for region in layout.regions] == [0, 0x1000, 0x7E000, 0xFE000]


def test_number_overrides_the_rule() -> None:
    layout = plan_layout(offset_of(FIRMWARE, Role.BLANK, 0x7D000), MIB)
    assert [region.offset for region in layout.regions] == [0, 0x1000, 0x7D000]


def test_patched_size_byte_is_the_only_difference() -> None:
    region = plan_layout(FIRMWARE, 4 * MIB).regions[0]
    assert region.patch is not None
    assert region.patch.changes_the_image
    assert [
        (place, before, after)
        for place, (before, after) in enumerate(zip(region.data, region.expected_data, strict=True))
        if before != after
    ] == [(3, 0x00, 0x40)]
    assert region.expected_sha256 != region.sha256


def test_patch_keeps_the_frequency() -> None:
    boot = FIRMWARE.read(Role.BOOT)
    fast = ImageRef.of_bytes(Role.BOOT, boot[:3] + b"\x0f" + boot[4:])
    assert plan_layout(with_image(FIRMWARE, fast), MIB).regions[0].expected_data[3] == 0x2F


def test_only_an_image_at_zero_is_patched() -> None:
    regions = plan_layout(FIRMWARE, MIB).regions
    assert [region.patch is None for region in regions] == [False, True, True, True]
    assert regions[1].expected_data is regions[1].data
    assert regions[1].expected_sha256 == regions[1].sha256


@given(
    st.sampled_from([FIRMWARE, FIRMWARE_1024]),
    st.sampled_from([2 * MIB, 4 * MIB]),
    st.integers(1, 0x7B000),
    st.booleans(),
)
def test_no_plan_overlaps_or_leaves_the_flash(
    firmware: Firmware, size_bytes: int, user1_bytes: int, with_init_data: bool
) -> None:
    user1 = ImageRef.of_bytes(Role.USER1, bytes(user1_bytes))
    layout = plan_layout(with_image(firmware, user1), size_bytes, with_init_data=with_init_data)
    areas = [region.erased_area for region in layout.regions]
    assert areas == sorted(areas, key=lambda area: area.start)
    assert all(first.end <= second.start for first, second in itertools.pairwise(areas))
    assert areas[-1].end <= size_bytes
