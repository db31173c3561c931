"""Where each image goes on a flash of a given size, and why it may not.

The document fixes four addresses (section 1, lines 124 to 128): boot.bin at 0x00000, user1.bin at
0x01000, and blank.bin at 0x7E000 and in the last sector but one. Its appendix (lines 976 to 982)
fixes what must not be written over: the user parameter area and the system parameter area, 16 KB
each. That is the 512+512 map. Espressif's later 1024+1024 map moves the first blank sector and the
user parameter area to the end of the first MiB, so the map is a parameter here (A-63)::

    map        flash          user1 ends   user parameters      first blank   esptool's name
    512+512    1 MB           0x7C000      0x7C000..0x80000     0x7E000       1MB
    512+512    2 MB, 4 MB     0x7C000      0x7C000..0x80000     0x7E000       2MB, 4MB
    1024+1024  2 MB, 4 MB     0xFC000      0xFC000..0x100000    0xFE000       2MB-c1, 4MB-c1
    1024+1024  8 MB, 16 MB    0xFC000      0xFC000..0x100000    0xFE000       8MB, 16MB
    any        512 KB         0x7C000      0x3C000..0x40000     0x7E000       512KB

On every size the second blank sector is at size - 0x2000 and the optional init data at
size - 0x4000, both inside of the system parameter area, the last 16 KB (A-74).

On 512 KB both blank sectors are one, inside of the system parameter area, and the document
contradicts itself: it wants 1024 KB or more (lines 133, 134) and still says where the areas of a
512 KB flash are. Such a flash is refused unless forced (A-63).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hil.errors import LayoutError
from hil.units import KIB, MIB, format_offset, format_size

from .image import PLAIN_MAGIC, SECTOR_BYTES, FlashMap, Role
from .manifest import OffsetRule

if TYPE_CHECKING:
    from .manifest import Firmware, ImageRef

BOOT_OFFSET = 0x00000
USER1_OFFSET = 0x01000
PARAMETER_AREA_BYTES = 16 * KIB
SMALL_FLASH_BYTES = 512 * KIB
SIZE_BYTE_OFFSET = 3

# What the header of boot.bin says about the flash: esptool's name of it, and the size nibble.
_SIZE_CODES = {
    (FlashMap.SPLIT_256, SMALL_FLASH_BYTES): ("512KB", 0),
    (FlashMap.SPLIT_512, SMALL_FLASH_BYTES): ("512KB", 0),
    (FlashMap.SPLIT_512, 1 * MIB): ("1MB", 2),
    (FlashMap.SPLIT_512, 2 * MIB): ("2MB", 3),
    (FlashMap.SPLIT_512, 4 * MIB): ("4MB", 4),
    (FlashMap.SPLIT_1024, 2 * MIB): ("2MB-c1", 5),
    (FlashMap.SPLIT_1024, 4 * MIB): ("4MB-c1", 6),
    (FlashMap.SPLIT_1024, 8 * MIB): ("8MB", 8),
    (FlashMap.SPLIT_1024, 16 * MIB): ("16MB", 9),
}


def has_map(flash_map: FlashMap, flash_size_bytes: int) -> bool:
    """Whether a firmware that is linked for this map can be put on a flash of this size."""
    return (flash_map, flash_size_bytes) in _SIZE_CODES


def find_smallest_flash(flash_map: FlashMap) -> int:
    """The size in bytes of the smallest flash that the document allows for this map.

    The 256+256 map has none but the 512 KB that the document excludes.
    """
    sizes = [size for each, size in _SIZE_CODES if each is flash_map]
    return min((size for size in sizes if size > SMALL_FLASH_BYTES), default=SMALL_FLASH_BYTES)


@dataclass(frozen=True, slots=True)
class Area:
    """A stretch of the flash: from `start`, up to and without `end`."""

    start: int
    end: int

    def contains(self, other: Area) -> bool:
        """Whether all of `other` lies in here."""
        return self.start <= other.start and other.end <= self.end

    def overlaps(self, other: Area) -> bool:
        """Whether the two have a byte in common."""
        return self.start < other.end and other.start < self.end

    def __str__(self) -> str:
        return f"{format_offset(self.start)}..{format_offset(self.end)}"


@dataclass(frozen=True, slots=True)
class FlashGeometry:
    """The addresses that the document and the map give to a flash of one size.

    Args:
        flash_map: How the flash is split between user1 and user2.
        size_bytes: The flash's size.
    """

    flash_map: FlashMap
    size_bytes: int

    @property
    def is_small(self) -> bool:
        """Whether this is the 512 KB flash that the document has a layout of its own for."""
        return self.size_bytes <= SMALL_FLASH_BYTES

    @property
    def user_parameters(self) -> Area:
        """Where the AT firmware keeps its own parameters (appendix, lines 977 and 980)."""
        end = SMALL_FLASH_BYTES // 2 if self.is_small else self.flash_map.slot_bytes
        return Area(end - PARAMETER_AREA_BYTES, end)

    @property
    def system_parameters(self) -> Area:
        """Where the SDK keeps its parameters: the last 16 KB (appendix, lines 978 and 981)."""
        return Area(self.size_bytes - PARAMETER_AREA_BYTES, self.size_bytes)

    @property
    def first_blank(self) -> int:
        """0x7E000 in the document (section 1, line 128)."""
        if self.is_small:
            return self.second_blank
        return self.user_parameters.end - 2 * SECTOR_BYTES

    @property
    def second_blank(self) -> int:
        """The last sector but one (section 1, line 128)."""
        return self.size_bytes - 2 * SECTOR_BYTES

    @property
    def init_data(self) -> int:
        """The first sector of the system parameter area (A-74)."""
        return self.system_parameters.start

    @property
    def user2(self) -> int:
        """Where an update through the network puts the other half."""
        slot_bytes = SMALL_FLASH_BYTES // 2 if self.is_small else self.flash_map.slot_bytes
        return USER1_OFFSET + slot_bytes

    def offsets(self, rule: OffsetRule) -> tuple[int, ...]:
        """The addresses that a rule stands for, each once."""
        return {
            OffsetRule.BOOT: (BOOT_OFFSET,),
            OffsetRule.USER1: (USER1_OFFSET,),
            OffsetRule.USER2: (self.user2,),
            OffsetRule.BOTH_BLANKS: tuple(sorted({self.first_blank, self.second_blank})),
            OffsetRule.FIRST_BLANK: (self.first_blank,),
            OffsetRule.SECOND_BLANK: (self.second_blank,),
            OffsetRule.INIT_DATA: (self.init_data,),
        }[rule]


@dataclass(frozen=True, slots=True)
class HeaderPatch:
    """What esptool makes of the size byte of an image that it writes to 0x00000.

    Boot images are published with the size code of a 512 KB flash. Told the real size, esptool
    replaces the code on the way, and what is read back differs from the file in this one byte.

    Args:
        flash_size_name: What to tell esptool: ``1MB``, ``2MB-c1``.
        before: Byte 3 of the file: size code and SPI frequency.
        after: Byte 3 in the flash.
    """

    flash_size_name: str
    before: int
    after: int

    @property
    def changes_the_image(self) -> bool:
        """Whether flash and file will differ."""
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class Region:
    """One image at one address.

    Args:
        offset: Flash address.
        data: The image as it is in its file.
        role: What it is for.
        name: The file's name.
        sha256: Hash of `data`.
        patch: How the size byte changes on the way; None where esptool leaves it alone.
    """

    offset: int
    data: bytes
    role: Role
    name: str
    sha256: str
    patch: HeaderPatch | None = None

    @property
    def area(self) -> Area:
        """The bytes that are written."""
        return Area(self.offset, self.offset + len(self.data))

    @property
    def erased_area(self) -> Area:
        """The sectors that are erased for it."""
        end = -(-self.area.end // SECTOR_BYTES) * SECTOR_BYTES
        return Area(self.offset // SECTOR_BYTES * SECTOR_BYTES, end)

    @property
    def expected_data(self) -> bytes:
        """What the flash must read back."""
        if self.patch is None:
            return self.data
        after = bytes([self.patch.after])
        return self.data[:SIZE_BYTE_OFFSET] + after + self.data[SIZE_BYTE_OFFSET + 1 :]

    @property
    def expected_sha256(self) -> str:
        """Hash of what the flash must read back."""
        return hashlib.sha256(self.expected_data).hexdigest() if self.patch else self.sha256

    def __str__(self) -> str:
        return f"{self.name} at {self.area}"


@dataclass(frozen=True, slots=True)
class Layout:
    """A complete download for one size of flash.

    Args:
        geometry: The addresses that it was planned with.
        regions: What is written, by ascending address.
        flash_size_name: The flash size as esptool wants to hear it.
        warnings: What may be done and should be known.
    """

    geometry: FlashGeometry
    regions: tuple[Region, ...]
    flash_size_name: str
    warnings: tuple[str, ...] = ()

    @property
    def user_parameter_area(self) -> Area:
        """Where the AT firmware keeps its own parameters."""
        return self.geometry.user_parameters

    @property
    def system_parameter_area(self) -> Area:
        """Where the SDK keeps its parameters."""
        return self.geometry.system_parameters


def plan_layout(
    firmware: Firmware,
    flash_size_bytes: int,
    *,
    with_init_data: bool = False,
    force_512k: bool = False,
) -> Layout:
    """The documented download of a firmware, for a flash of this size.

    user2 is not part of it: it comes through the network (AT+CIUPDATE).

    Args:
        firmware: What to download.
        flash_size_bytes: As detected.
        with_init_data: Write the radio's calibration data too (A-74). It is not among the
            documented files, and a module that once ran has its own.
        force_512k: Go on with a 512 KB flash, which the document excludes (A-63).

    Raises:
        LayoutError: Something does not fit. All problems are listed, not only the first.
        ManifestError: An image cannot be read, or is not the one of the manifest.
    """
    geometry = FlashGeometry(firmware.flash_map, flash_size_bytes)
    problems = _size_problems(geometry, force_512k=force_512k)
    code = _SIZE_CODES.get((firmware.flash_map, flash_size_bytes))
    if code is None:
        raise LayoutError(problems)
    name, nibble = code
    roles = [Role.BOOT, Role.USER1, Role.BLANK, *([Role.INIT_DATA] if with_init_data else [])]
    for role in roles:
        if firmware.image(role) is None:
            problems.append(f"the firmware has no {role.value} image")
    regions = tuple(
        sorted(
            (
                _make_region(image, offset, name, nibble)
                for image in firmware.images
                if image.role in roles
                for offset in _offsets(image, geometry)
            ),
            key=lambda region: region.offset,
        )
    )
    problems += [text for region in regions for text in _region_problems(region, geometry)]
    problems += [
        f"{second} overlaps {first}, by whole sectors of {SECTOR_BYTES} bytes"
        for index, second in enumerate(regions)
        for first in regions[:index]
        if first.erased_area.overlaps(second.erased_area)
    ]
    if problems:
        raise LayoutError(problems)
    return Layout(geometry, regions, name, tuple(_warnings(regions, geometry)))


def _size_problems(geometry: FlashGeometry, *, force_512k: bool) -> list[str]:
    size = format_size(geometry.size_bytes)
    if geometry.size_bytes < SMALL_FLASH_BYTES or (geometry.is_small and not force_512k):
        remedy = ", or force it" if geometry.size_bytes == SMALL_FLASH_BYTES else ""
        need = "the AT firmware needs a flash of at least 1024 KB (section 1, line 133)"
        return [f"{need} and this one has {size}: use a larger module{remedy}"]
    if has_map(geometry.flash_map, geometry.size_bytes):
        return []
    sizes = [
        format_size(known)
        for flash_map, known in _SIZE_CODES
        if flash_map is geometry.flash_map and known > SMALL_FLASH_BYTES
    ]
    known = f"for a flash of {size}, only for {', '.join(sizes) or '512KB'}"
    remedy = (
        "use a firmware that is linked for another map, or a flash of another size (of a virtual "
        "module: `flash` in the rig file)"
    )
    return [f"there is no {geometry.flash_map.value} map {known}: {remedy}"]


def _offsets(image: ImageRef, geometry: FlashGeometry) -> tuple[int, ...]:
    if isinstance(image.offset, OffsetRule):
        return geometry.offsets(image.offset)
    return (image.offset,)


def _make_region(image: ImageRef, offset: int, size_name: str, nibble: int) -> Region:
    data = image.read()
    patch = None
    if offset == BOOT_OFFSET and data[:1] == bytes([PLAIN_MAGIC]) and len(data) > SIZE_BYTE_OFFSET:
        before = data[SIZE_BYTE_OFFSET]
        patch = HeaderPatch(size_name, before, nibble << 4 | before & 0xF)
    return Region(offset, data, image.role, image.name, image.sha256, patch)


def _region_problems(region: Region, geometry: FlashGeometry) -> list[str]:
    problems = []
    if region.offset % SECTOR_BYTES:
        problems.append(f"{region} does not begin at a sector, a multiple of 0x1000")
    if region.area.end > geometry.size_bytes:
        size = format_size(geometry.size_bytes)
        problems.append(f"{region} ends beyond the flash, which has {size}")
    parameters = [("user", geometry.user_parameters), ("system", geometry.system_parameters)]
    if region.role in {Role.BLANK, Role.INIT_DATA}:
        if not any(area.contains(region.area) for _, area in parameters):
            problems.append(
                f"{region} lies outside of the parameter areas {geometry.user_parameters} and "
                f"{geometry.system_parameters} (appendix, lines 976 to 981)"
            )
        return problems
    if region.role is Role.BOOT and region.area.end > USER1_OFFSET:
        problems.append(f"{region} reaches beyond 0x01000, where user1.bin begins (line 126)")
    problems += [
        f"{region} reaches into the {owner} parameter area {area} (appendix, lines 976 to 981)"
        for owner, area in parameters
        if region.area.overlaps(area) and not (geometry.is_small and owner == "user")
    ]
    return problems


def _warnings(regions: tuple[Region, ...], geometry: FlashGeometry) -> list[str]:
    if not geometry.is_small:
        return []
    return [
        f"{region} covers the user parameter area of a 512 KB flash, {geometry.user_parameters} "
        "(appendix, line 977): the first parameter that is stored will erase a part of it"
        for region in regions
        if region.role is Role.USER1 and region.area.overlaps(geometry.user_parameters)
    ]
