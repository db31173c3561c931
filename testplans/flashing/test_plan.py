"""The plan of a download, for every size of flash; no module is touched."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from hil.errors import ImageError, LayoutError
from hil.flashing.check import require_sound
from hil.flashing.image import FlashMap, Role
from hil.flashing.layout import plan_layout
from hil.flashing.manifest import ImageRef
from hil.units import KIB, MIB

if TYPE_CHECKING:
    from hil.flashing.manifest import Firmware

AREA_BYTES = 16 * KIB


@pytest.fixture(autouse=True)
def _only_for_the_documented_map(firmware: Firmware) -> None:
    if firmware.flash_map is not FlashMap.SPLIT_512:
        pytest.skip("the document knows the 512+512 map only (A-63)")


def _offsets(firmware: Firmware, size_bytes: int, role: Role, *, force: bool = False) -> list[int]:
    layout = plan_layout(firmware, size_bytes, force_512k=force)
    return [region.offset for region in layout.regions if region.role is role]


@pytest.mark.parametrize(
    ("size_bytes", "second_blank"),
    [
        pytest.param(1 * MIB, 0xFE000, marks=pytest.mark.clause("DL-05")),
        pytest.param(2 * MIB, 0x1FE000, marks=pytest.mark.clause("DL-06")),
        pytest.param(4 * MIB, 0x3FE000, marks=pytest.mark.clause("DL-06")),
    ],
)
def test_the_second_blank_is_in_the_last_sector_but_one(
    firmware: Firmware, size_bytes: int, second_blank: int
) -> None:
    assert _offsets(firmware, size_bytes, Role.BLANK) == [0x7E000, second_blank]


@pytest.mark.clause("DL-07")
def test_on_512_kb_both_blanks_are_one(firmware: Firmware) -> None:
    assert _offsets(firmware, 512 * KIB, Role.BLANK, force=True) == [0x7E000]


@pytest.mark.clause("DL-12")
def test_a_flash_of_512_kb_is_refused(firmware: Firmware) -> None:
    with pytest.raises(LayoutError, match=r"1024 KB|1MB"):
        plan_layout(firmware, 512 * KIB)


@pytest.mark.clause("DL-09")
def test_blank_bin_is_one_erased_sector(firmware: Firmware) -> None:
    assert firmware.read(Role.BLANK) == b"\xff" * 4096


@pytest.mark.clause("DL-13")
def test_a_boot_image_that_reaches_user1_is_refused(firmware: Firmware) -> None:
    grown = firmware.read(Role.BOOT).ljust(0x1001, b"\xff")
    with pytest.raises((LayoutError, ImageError), match=r"boot\.bin"):
        _plan_with(firmware, Role.BOOT, grown)


@pytest.mark.clause("DL-14")
def test_a_user1_that_reaches_the_parameters_is_refused(firmware: Firmware) -> None:
    grown = firmware.read(Role.USER1).ljust(0x7C000 - 0x1000 + 1, b"\xff")
    with pytest.raises((LayoutError, ImageError), match=r"user1\.bin"):
        _plan_with(firmware, Role.USER1, grown)


@pytest.mark.clause("DL-15", "APP-07")
@pytest.mark.parametrize(
    ("size_bytes", "system_start"), [(1 * MIB, 0xFC000), (2 * MIB, 0x1FC000), (4 * MIB, 0x3FC000)]
)
def test_the_blanks_lie_in_the_parameter_areas(
    firmware: Firmware, size_bytes: int, system_start: int
) -> None:
    layout = plan_layout(firmware, size_bytes)
    user, system = layout.user_parameter_area, layout.system_parameter_area
    first, second = (region.area for region in layout.regions if region.role is Role.BLANK)

    assert (user.start, user.end) == (0x7C000, 0x80000)
    assert (system.start, system.end) == (system_start, size_bytes)
    assert user.contains(first)
    assert system.contains(second)


def _plan_with(firmware: Firmware, role: Role, data: bytes) -> None:
    images = tuple(
        ImageRef.of_bytes(role, data) if image.role is role else image for image in firmware.images
    )
    changed = replace(firmware, images=images)
    plan_layout(changed, MIB)
    require_sound(changed, MIB)
