"""What the boot ROM, the boot loader and the chip find in the flash: images and version strings.

This is the chip's own reading of the formats (``E9`` for what the ROM loads, ``EA 04`` for what
the boot loader starts); the toolkit has another one in `hil.flashing.image`.

Source: the layout that Espressif's ``gen_appbin.py`` writes, checked against boot 1.2 to 1.7 and
the AT images of SDK 1.0.1 to 3.0.6.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .flash import NorFlash

CHECKSUM_SEED = 0xEF
"""Start value of the running XOR over all bytes that go to RAM."""

_MAX_SEGMENTS = 16
_MAX_RAM_BYTES = 0x20000
_ERASED_WORD = b"\xff\xff\xff\xff"


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of an image that the ROM copies to RAM.

    Args:
        address: Where to.
        length_bytes: How much.
        checksum: Running checksum behind this segment.
    """

    address: int
    length_bytes: int
    checksum: int


@dataclass(frozen=True, slots=True)
class RamImage:
    """The part of an image that is loaded into RAM, as far as it can be read.

    Args:
        segments: In the order of the image.
        entry: Where execution begins.
        header: The four bytes ``E9 segments mode size/speed``.
        checksum: The byte that is stored behind the segments.
        end_offset: Flash address behind the checksum byte.
    """

    segments: tuple[Segment, ...]
    entry: int
    header: bytes
    checksum: int
    end_offset: int

    @property
    def computed_checksum(self) -> int:
        """What the stored checksum must be."""
        return self.segments[-1].checksum if self.segments else CHECKSUM_SEED

    @property
    def is_intact(self) -> bool:
        """Whether the stored checksum is the computed one."""
        return self.checksum == self.computed_checksum


@dataclass(frozen=True, slots=True)
class UserImage:
    """A program for the boot loader to start (user1.bin, user2.bin).

    Args:
        ram: Its RAM part.
        number: 1 or 2, the place that it was linked for.
        content: All its bytes, from the first header to the checksum.
        is_crc_intact: Whether the CRC-32 behind it fits; None if there is none.
    """

    ram: RamImage
    number: int
    content: bytes
    is_crc_intact: bool | None


@dataclass(frozen=True, slots=True)
class VersionStrings:
    """What an AT image says of itself in plain text; an empty string where it says nothing."""

    at_version: str = ""
    at_build: str = ""
    sdk_version: str = ""
    compile_time: str = ""


NO_VERSIONS = VersionStrings()


def read_ram_image(flash: NorFlash, offset: int) -> RamImage | None:
    """The ``E9`` image at a flash address, or None if there is none that the ROM would load."""
    header = flash.read(offset, 8)
    if header[0] != 0xE9 or not 0 < header[1] <= _MAX_SEGMENTS:
        return None
    position = offset + 8
    checksum = CHECKSUM_SEED
    segments = []
    for _ in range(header[1]):
        address, length_bytes = struct.unpack("<II", flash.read(position, 8))
        if length_bytes > _MAX_RAM_BYTES:
            return None
        checksum = _xor(checksum, flash.read(position + 8, length_bytes))
        segments.append(Segment(address, length_bytes, checksum))
        position += 8 + length_bytes
    checksum_offset = position + 15 - (position - offset) % 16
    return RamImage(
        segments=tuple(segments),
        entry=int.from_bytes(header[4:8], "little"),
        header=header[:4],
        checksum=flash.read(checksum_offset, 1)[0],
        end_offset=checksum_offset + 1,
    )


def read_user_image(flash: NorFlash, offset: int) -> UserImage | None:
    """The ``EA 04`` image at a flash address, or None if the magic numbers are not there."""
    header = flash.read(offset, 16)
    if header[:2] != b"\xea\x04":
        return None
    irom_bytes = int.from_bytes(header[12:16], "little")
    if irom_bytes > flash.size_bytes:
        return None
    ram = read_ram_image(flash, offset + 16 + irom_bytes)
    if ram is None:
        return None
    content = flash.read(offset, ram.end_offset - offset)
    stored = flash.read(ram.end_offset, 4)
    is_crc_intact = None if stored == _ERASED_WORD else stored == _image_crc(content)
    return UserImage(ram=ram, number=header[3], content=content, is_crc_intact=is_crc_intact)


_AT_LABEL = b"AT version:"
_COMPILE_LABEL = b"compile time:"
_AT_VERSION = re.compile(rb"AT version:(\d+(?:\.\d+)+)(?:\(([^)%]+)\))?")
_SDK_VERSION = re.compile(
    rb"SDK version:(\d[^\0\r\n%]*)|\0(\d+\.\d+\.\d+[-.\w]*\([0-9a-f]{7,}\))\0"
)
_BARE_SDK_VERSION = re.compile(rb"\0(\d+\.\d+\.\d+)\0")
_COMPILE_TIME = re.compile(rb"compile time:([A-Z][^\0\r\n%]*)")
_TIME = re.compile(rb"\0(\d\d:\d\d:\d\d)\0")
_DATE = re.compile(rb"\0((?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d 20\d\d)(?=\0)")
_NEAR_BYTES = 64


def version_strings(content: bytes) -> VersionStrings | None:
    """The version strings in an AT image; None if it is not one.

    Numbers that an image holds as code (the AT version of 0.23) cannot be found and stay empty. A
    date and a time that are printed through a format stand beside it; a compiler keeps the date
    only once if all of the image was built on one day.
    """
    if _AT_LABEL not in content:
        return None
    version, build = _groups(_AT_VERSION, content)
    sdk_version = next(filter(None, _groups(_SDK_VERSION, content)), "")
    (compile_time,) = _groups(_COMPILE_TIME, content)
    return VersionStrings(
        version,
        build or _stamp_beside(_AT_LABEL, content),
        sdk_version or _groups(_BARE_SDK_VERSION, content)[0],
        compile_time or _stamp_beside(_COMPILE_LABEL, content),
    )


def _groups(pattern: re.Pattern[bytes], content: bytes) -> tuple[str, ...]:
    found = pattern.search(content)
    if found is None:
        return ("",) * pattern.groups
    return tuple((group or b"").decode("ascii", "replace").strip() for group in found.groups())


def _stamp_beside(label: bytes, content: bytes) -> str:
    """Date and time nearest to a format that prints them."""
    place = content.find(label)
    if place < 0:
        return ""
    time = _nearest(_TIME, content, place)
    date = _nearest(_DATE, content, place)
    if not date:
        dates = set(_DATE.findall(content))
        date = dates.pop().decode() if len(dates) == 1 else ""
    return f"{date} {time}" if date and time else ""


def _nearest(pattern: re.Pattern[bytes], content: bytes, place: int) -> str:
    found = pattern.finditer(content, max(place - _NEAR_BYTES, 0), place + _NEAR_BYTES)
    return min(((abs(each.start() - place), each[1].decode()) for each in found), default=(0, ""))[
        1
    ]


def _xor(seed: int, data: bytes) -> int:
    """XOR of all bytes, by halving one big number."""
    width = 1
    while width < len(data):
        width *= 2
    value = int.from_bytes(data, "little")
    while width > 1:
        width //= 2
        value = (value >> 8 * width) ^ (value & ((1 << 8 * width) - 1))
    return seed ^ value


def _image_crc(content: bytes) -> bytes:
    """CRC-32 as the SDK's tool appends it: inverted if bit 31 is set, else one more."""
    crc = zlib.crc32(content)
    crc = crc ^ 0xFFFFFFFF if crc & 0x80000000 else crc + 1
    return crc.to_bytes(4, "little")
