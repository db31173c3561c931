"""What the images of an AT firmware are made of, and which image is which, by its content.

The document names the files (section 1, lines 124 to 128) and says nothing about what is in them.
The formats below were read off the images that Espressif published and off the `gen_appbin.py`
beside them::

    plain     E9 <segments> <mode> <size | freq> <entry>          boot.bin
              <segments> times: <address> <length> data
              zeros, then the checksum as the last byte of a line of 16

    slotted   EA 04 00 <user number> <entry>                      user1.bin, user2.bin
              00000000 <length> irom, executed from the flash in place
              a complete plain image
              CRC32 of everything before it

The checksum is 0xEF xor every byte of the segments that are loaded into RAM, so it does not cover
the irom part; the CRC32 does. Images up to SDK 1.0.1, and with it the genuine AT 0.23, have no
CRC32 and repeat the plain header's mode and size in place of the user number. Which of the two
places such an image is for, is told by the flash addresses that its code refers to.
"""

from __future__ import annotations

import functools
import operator
import re
import struct
import zlib
from dataclasses import dataclass
from enum import Enum

from hil.errors import ImageError
from hil.units import KIB

SECTOR_BYTES = 4096
BLANK_SECTOR = b"\xff" * SECTOR_BYTES
INIT_DATA_BYTES = 128

PLAIN_MAGIC = 0xE9
SLOTTED_MAGIC = 0xEA
SLOTTED_MARK = 4
CHECKSUM_SEED = 0xEF
CHECKSUM_LINE_BYTES = 16
INIT_DATA_MAGIC = 0x05

FLASH_WINDOW = 0x40200000
_DRAM = range(0x3FFE8000, 0x40000000)
_IRAM = range(0x40100000, 0x40110000)
_IROM = range(FLASH_WINDOW, 0x40300000)


class FlashMap(Enum):
    """How the flash is split between user1 and user2, in KiB; the value is Espressif's name."""

    SPLIT_256 = "256+256"
    SPLIT_512 = "512+512"
    SPLIT_1024 = "1024+1024"

    @property
    def slot_bytes(self) -> int:
        """Distance from user1 to user2."""
        return int(self.value.partition("+")[0]) * KIB


# The size nibble of a header means a flash size and a map; these are the maps.
MAP_OF_SIZE_NIBBLE = {
    0: FlashMap.SPLIT_256,
    2: FlashMap.SPLIT_512,
    3: FlashMap.SPLIT_512,
    4: FlashMap.SPLIT_512,
    5: FlashMap.SPLIT_1024,
    6: FlashMap.SPLIT_1024,
    8: FlashMap.SPLIT_1024,
    9: FlashMap.SPLIT_1024,
}


class Role(Enum):
    """What an image is for. Only the first five are ever downloaded."""

    BOOT = "boot"
    USER1 = "user1"
    USER2 = "user2"
    BLANK = "blank"
    INIT_DATA = "init_data"
    NO_BOOT = "no_boot"  # runs without boot.bin: eagle.flash.bin
    IROM_TEXT = "irom_text"  # the other half of such a firmware: eagle.irom0text.bin


class ImageKind(Enum):
    """Format of an image."""

    PLAIN = "plain"
    SLOTTED = "slotted"


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of an image that belongs together.

    Args:
        address: Where it is loaded to; 0 for an irom part, which is not loaded.
        offset: Where its data begin in the file.
        length: Bytes of data.
    """

    address: int
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class FlashImage:
    """An image taken apart. Stored and computed sums stand side by side, nothing is judged.

    Args:
        kind: Plain or slotted.
        entry: Address that is jumped to after loading.
        segments: What is loaded into RAM, in order.
        irom: What is executed from the flash in place, if the image is slotted.
        flash_mode: SPI mode of the plain header: 0 QIO, 1 QOUT, 2 DIO, 3 DOUT.
        flash_size: Size nibble of the plain header.
        flash_frequency: Frequency nibble of the plain header: 0 is 40 MHz, 15 is 80 MHz.
        user_number: 1 or 2 as the slotted header says; None if it does not say.
        checksum_stored: The byte at the end of the plain image.
        checksum_computed: What it should be.
        crc_stored: The four bytes behind the checksum of a slotted image; None if they are absent.
        crc_computed: What they should be; None if they are absent.
        length: Bytes of the file that belong to the image.
    """

    kind: ImageKind
    entry: int
    segments: tuple[Segment, ...]
    irom: Segment | None
    flash_mode: int
    flash_size: int
    flash_frequency: int
    user_number: int | None
    checksum_stored: int
    checksum_computed: int
    crc_stored: int | None
    crc_computed: int | None
    length: int

    @property
    def flash_map(self) -> FlashMap | None:
        """The map that the size nibble stands for; None for a nibble without one."""
        return MAP_OF_SIZE_NIBBLE.get(self.flash_size)

    @property
    def is_intact(self) -> bool:
        """Whether every sum that the image carries is right."""
        return (
            self.checksum_stored == self.checksum_computed and self.crc_stored == self.crc_computed
        )


def parse_image(data: bytes, name: str = "image") -> FlashImage:
    """An image taken apart.

    Args:
        data: Content of the file.
        name: What to call it in an error.

    Raises:
        ImageError: It is neither a plain nor a slotted image, or it ends too soon.
    """
    if data[:1] == bytes([PLAIN_MAGIC]):
        return _parse_plain(data, name, 0)
    if data[:2] == bytes([SLOTTED_MAGIC, SLOTTED_MARK]):
        return _parse_slotted(data, name)
    found = data[:2].hex(" ").upper() or "nothing"
    raise ImageError(name, [f"begins with {found}, not with E9 or EA 04 as an image does"])


def _parse_plain(data: bytes, name: str, start: int) -> FlashImage:
    _, count, mode, size_frequency, entry = _fields("<BBBBI", data, start, name)
    position = start + 8
    segments = []
    for _ in range(count):
        address, length = _fields("<II", data, position, name)
        segment = Segment(address, position + 8, length)
        segments.append(segment)
        position = segment.offset + length
        _require_length(data, position, name)
    checksum_offset = position | (CHECKSUM_LINE_BYTES - 1)
    (stored,) = _fields("<B", data, checksum_offset, name)
    return FlashImage(
        kind=ImageKind.PLAIN,
        entry=entry,
        segments=tuple(segments),
        irom=None,
        flash_mode=mode,
        flash_size=size_frequency >> 4,
        flash_frequency=size_frequency & 0xF,
        user_number=None,
        checksum_stored=stored,
        checksum_computed=compute_checksum(
            *(data[part.offset : part.offset + part.length] for part in segments)
        ),
        crc_stored=None,
        crc_computed=None,
        length=checksum_offset + 1,
    )


def _parse_slotted(data: bytes, name: str) -> FlashImage:
    third_byte, _, address, length = _fields("<BIII", data, 3, name)
    irom = Segment(address, 16, length)
    start = irom.offset + length
    _require_length(data, start + 1, name)
    if data[start] != PLAIN_MAGIC:
        problem = f"has {data[start]:02X} at 0x{start:X} behind its irom part, where E9 belongs"
        raise ImageError(name, [problem])
    plain = _parse_plain(data, name, start)
    crc_stored = crc_computed = None
    end = plain.length
    is_older_format = third_byte == data[start + 3]
    if not is_older_format or (third_byte in {1, 2} and len(data) > end):
        (crc_stored,) = _fields("<I", data, end, name)
        crc_computed = compute_crc(data[:end])
        end += 4
    return FlashImage(
        kind=ImageKind.SLOTTED,
        entry=plain.entry,
        segments=plain.segments,
        irom=irom,
        flash_mode=plain.flash_mode,
        flash_size=plain.flash_size,
        flash_frequency=plain.flash_frequency,
        user_number=third_byte if crc_stored is not None else None,
        checksum_stored=plain.checksum_stored,
        checksum_computed=plain.checksum_computed,
        crc_stored=crc_stored,
        crc_computed=crc_computed,
        length=end,
    )


def _fields(layout: str, data: bytes, offset: int, name: str) -> tuple[int, ...]:
    _require_length(data, offset + struct.calcsize(layout), name)
    return struct.unpack_from(layout, data, offset)


def _require_length(data: bytes, length: int, name: str) -> None:
    if len(data) < length:
        problem = f"is cut off: it has {len(data)} bytes and its headers speak of {length} or more"
        raise ImageError(name, [problem])


def compute_checksum(*parts: bytes) -> int:
    """The checksum of a plain image whose segments hold these bytes."""
    return functools.reduce(operator.xor, b"".join(parts), CHECKSUM_SEED)


def compute_crc(data: bytes) -> int:
    """The CRC32 that Espressif's tools append: inverted, or plus one, as the top bit says."""
    crc = zlib.crc32(data)
    return crc ^ 0xFFFFFFFF if crc >> 31 else crc + 1


def loads_into_ram(segment: Segment) -> bool:
    """Whether a segment lies inside the data RAM or the instruction RAM."""
    last = segment.address + max(segment.length, 1) - 1
    return any(segment.address in ram and last in ram for ram in (_DRAM, _IRAM))


def recognise(data: bytes) -> Role | None:
    """What an image is for, by its content alone; None if it is nothing of an AT firmware.

    A damaged image keeps its role. What is wrong with it is for `check_firmware` to say.
    Genuine 1024+1024 images without a user number are the same for both places: they are user1.
    """
    if data == BLANK_SECTOR:
        return Role.BLANK
    if len(data) == INIT_DATA_BYTES and data[0] == INIT_DATA_MAGIC:
        return Role.INIT_DATA
    if data[:1] == bytes([PLAIN_MAGIC]):
        return Role.NO_BOOT if read_boot_version(data) is None else Role.BOOT
    if data[:2] == bytes([SLOTTED_MAGIC, SLOTTED_MARK]):
        return Role.USER2 if _user_number(data) == 2 else Role.USER1
    if _begins_with_literals(data):
        return Role.IROM_TEXT
    return None


def _user_number(data: bytes) -> int:
    try:
        image = parse_image(data)
    except ImageError:
        return data[3] if len(data) > 3 else 1
    return image.user_number or _linked_user_number(data, image) or 1


def _linked_user_number(data: bytes, image: FlashImage) -> int | None:
    """The user number that an image's references into the flash speak for."""
    if image.flash_map is None or image.flash_map is FlashMap.SPLIT_1024:
        return None  # each MiB of the flash appears at the same addresses
    boundary = FLASH_WINDOW + image.flash_map.slot_bytes
    references = [word for word in _words(data) if word in _IROM]
    high = sum(word >= boundary for word in references)
    return 2 if high > len(references) - high else 1


def _begins_with_literals(data: bytes) -> bool:
    """Whether the first words are addresses, as in the literal pool that opens an irom part."""
    words = _words(data[:16])
    return len(words) == 4 and all(
        any(word in memory for memory in (_DRAM, _IRAM, _IROM)) for word in words
    )


def _words(data: bytes) -> tuple[int, ...]:
    count = len(data) // 4
    return struct.unpack_from(f"<{count}I", data)


_BOOT_VERSION = re.compile(rb"2nd boot version : ([\w.()-]+)")


def read_boot_version(data: bytes) -> str | None:
    """The version that boot.bin announces, ``1.7(5d6f877)`` or ``1.3(b3)``; None if it is none."""
    match = _BOOT_VERSION.search(data)
    return match[1].decode("ascii") if match else None


def read_init_data_version(data: bytes) -> str:
    """The version of an esp_init_data_default.bin, as its file name would say: ``v05``, ``v08``."""
    return f"v{data[1] or INIT_DATA_MAGIC:02d}"


@dataclass(frozen=True, slots=True)
class ImageVersions:
    """What a user image says about itself; None for what it does not say in letters.

    Args:
        at_version: Four numbers, ``0.23.0.0``. Genuine images hold them as numbers in their code.
        at_build: Date and time at which the AT library was compiled.
        sdk_version: ``1.0.1`` or ``2.0.0(656edbf)``.
        compile_time: Date and time at which the firmware was compiled.
        release: What follows ``Bin version(Wroom 02):`` from SDK 2.2.0 on.
    """

    at_version: str | None
    at_build: str | None
    sdk_version: str | None
    compile_time: str | None
    release: str | None


_DATE = rb"[A-Z][a-z]{2} [ \d]\d \d{4}"
_TIME = rb"\d\d:\d\d:\d\d"
_STAMP = _DATE + rb" " + _TIME
_AT_FORMAT = re.compile(rb"AT version:")
_AT_LITERAL = re.compile(rb"AT version:([\d.]+\d)(?:\((" + _STAMP + rb")\))?")
_COMPILE_FORMAT = re.compile(rb"compile time:")
_COMPILE_LITERAL = re.compile(rb"compile time:(" + _STAMP + rb")")
_SDK_LITERAL = re.compile(rb"SDK version:(\d[\w.()-]+)")
_SDK_STRING = re.compile(
    rb"(?<![\x20-\x7e])(\d+\.\d+\.\d+(?:\.\d+)?(?:-\w+)?(?:\([0-9a-f]{7,8}\))?)\0"
)
_RELEASE = re.compile(rb"Bin version\([^)]*\):v?([\d.]+\d)")
_DATE_STRING = re.compile(rb"(?<![\x20-\x7e])(" + _DATE + rb")\0")
_TIME_STRING = re.compile(rb"(?<![\x20-\x7e])(" + _TIME + rb")\0")
_NEAR_BYTES = 64


def read_versions(data: bytes) -> ImageVersions:
    """What a user image says about itself.

    Where an image holds only a format (``AT version:%d.%d...``), its arguments are looked for in
    the strings around it, which the compiler keeps together.
    """
    at = _AT_LITERAL.search(data)
    compiled = _COMPILE_LITERAL.search(data)
    return ImageVersions(
        at_version=_text(at[1]) if at else None,
        at_build=_text(at[2]) if at and at[2] else _stamp_near(data, _AT_FORMAT),
        sdk_version=_sdk_version(data),
        compile_time=_text(compiled[1]) if compiled else _stamp_near(data, _COMPILE_FORMAT),
        release=_text(match[1]) if (match := _RELEASE.search(data)) else None,
    )


def _sdk_version(data: bytes) -> str | None:
    literal = _SDK_LITERAL.search(data)
    if literal:
        return _text(literal[1])
    candidates = [_text(match[1]) for match in _SDK_STRING.finditer(data)]
    # Libraries leave bare version strings behind; the commit in parentheses is the SDK's habit.
    return next((text for text in candidates if "(" in text), candidates[0] if candidates else None)


def _stamp_near(data: bytes, label: re.Pattern[bytes]) -> str | None:
    """Date and time that a format is printed with; the date may be shared by the whole image."""
    places = [match.start() for match in label.finditer(data)]
    time = _nearest(data, _TIME_STRING, places)
    date = _nearest(data, _DATE_STRING, places)
    if date is None:
        dates = {match[1] for match in _DATE_STRING.finditer(data)}
        date = dates.pop() if len(dates) == 1 else None
    return f"{_text(date)} {_text(time)}" if date and time else None


def _nearest(data: bytes, pattern: re.Pattern[bytes], places: list[int]) -> bytes | None:
    found = [
        (abs(match.start() - place), match[1])
        for place in places
        for match in pattern.finditer(data, max(place - _NEAR_BYTES, 0), place + 2 * _NEAR_BYTES)
    ]
    return min(found)[1] if found else None


def _text(raw: bytes) -> str:
    return raw.decode("ascii")


def is_at_firmware(data: bytes) -> bool:
    """Whether a user image answers AT+GMR, that is, holds the AT commands."""
    return _AT_FORMAT.search(data) is not None


def speaks_sdio(data: bytes) -> bool:
    """Whether a user image takes its AT commands over SDIO instead of the UART.

    Source: observed in the at_sdio images of SDK 2.0.0 to 3.0.6, and in no other.
    """
    return b"RX&TX link reset!" in data
