"""A firmware made by this toolkit: right in every header and checksum, and without any function.

It stands in for Espressif's images wherever nothing executes them: in the factory content of a
virtual module, in tests, in demonstrations. The real esptool calls its images valid. Their code is
noise with the entropy of compiled code; only the texts that identify an image are real.
"""

from __future__ import annotations

import functools
import hashlib
import struct
from dataclasses import dataclass

from .image import (
    BLANK_SECTOR,
    CHECKSUM_LINE_BYTES,
    FLASH_WINDOW,
    INIT_DATA_BYTES,
    INIT_DATA_MAGIC,
    PLAIN_MAGIC,
    SLOTTED_MAGIC,
    SLOTTED_MARK,
    FlashMap,
    Role,
    compute_checksum,
    compute_crc,
)
from .layout import USER1_OFFSET
from .manifest import Firmware, ImageRef

AT_VERSION = "0.23.0.0"
AT_BUILD = "Apr 24 2015 21:11:01"
SDK_VERSION = "1.0.1"
COMPILE_TIME = "Apr 24 2015 21:19:31"
BOOT_VERSION = "1.4(b1)"
USER1_BYTES = 327_684

_TEXT = 0x40100000
_ENTRY = _TEXT + 4
_DATA = 0x3FFE8000
_SIZE_NIBBLES = {FlashMap.SPLIT_256: 0, FlashMap.SPLIT_512: 2, FlashMap.SPLIT_1024: 5}
_USER_TEXT_BYTES, _USER_DATA_BYTES, _USER_STRING_BYTES = 29_140, 3_988, 9_012
_BOOT_TEXT_BYTES, _BOOT_DATA_BYTES, _BOOT_STRING_BYTES = 1_716, 772, 460

# What a byte of the stream becomes: 16 values often, as opcodes of the Xtensa are, and 64 values
# now and then, the delimiters of SLIP among them. 40 is left out, so that no noise looks like an
# address in the flash.
_OFTEN = bytes.fromhex("00 01 02 0C 10 12 20 21 22 31 32 61 68 C0 F0 FF")
_CODE_ALPHABET = _OFTEN * 12 + bytes(range(3, 256, 4))


@dataclass(frozen=True, slots=True)
class _Recipe:
    """The arguments of `synthesize`."""

    at_version: str
    at_build: str
    sdk_version: str
    compile_time: str
    boot_version: str
    flash_map: FlashMap
    user1_bytes: int
    has_crc: bool


def synthesize(
    *,
    at_version: str = AT_VERSION,
    at_build: str = AT_BUILD,
    sdk_version: str = SDK_VERSION,
    compile_time: str = COMPILE_TIME,
    boot_version: str = BOOT_VERSION,
    flash_map: FlashMap = FlashMap.SPLIT_512,
    user1_bytes: int = USER1_BYTES,
    has_crc: bool = True,
) -> Firmware:
    """A firmware in memory; the same arguments give the same bytes, on any machine.

    Args:
        at_version: What AT+GMR is to answer, like the next three.
        at_build: Date and time in parentheses behind it.
        sdk_version: Second line of AT+GMR.
        compile_time: Third line of AT+GMR.
        boot_version: What boot.bin announces.
        flash_map: What user1 and user2 are linked for.
        user1_bytes: Size of user1.bin, rounded down to what the format allows.
        has_crc: False makes user1 and user2 in the older format, as the genuine AT 0.23 has it,
            without CRC32 and without a user number.

    Raises:
        ValueError: `user1_bytes` is less than what is loaded into RAM takes.
    """
    return _make_firmware(
        _Recipe(
            at_version=at_version,
            at_build=at_build,
            sdk_version=sdk_version,
            compile_time=compile_time,
            boot_version=boot_version,
            flash_map=flash_map,
            user1_bytes=user1_bytes,
            has_crc=has_crc,
        )
    )


@functools.lru_cache(maxsize=8)
def _make_firmware(recipe: _Recipe) -> Firmware:
    contents = {
        Role.BOOT: _boot_image(recipe.boot_version),
        Role.USER1: _user_image(recipe, 1),
        Role.USER2: _user_image(recipe, 2),
        Role.BLANK: BLANK_SECTOR,
        Role.INIT_DATA: _init_data(),
    }
    return Firmware(
        name=f"synthesized AT {recipe.at_version}",
        at_version=recipe.at_version,
        sdk_version=recipe.sdk_version,
        compile_time=recipe.compile_time,
        at_build=recipe.at_build,
        flash_map=recipe.flash_map,
        images=tuple(ImageRef.of_bytes(role, data) for role, data in contents.items()),
    )


def _boot_image(version: str) -> bytes:
    texts = (
        f"\n2nd boot version : {version}\n",
        "  SPI Speed      : ",
        "  SPI Mode       : ",
        "  SPI Flash Size & Map: ",
        "jump to run user%d @ %x\n\n",
        "error magic!\n",
    )
    parts = (
        _code("boot text", _BOOT_TEXT_BYTES),
        _code("boot data", _BOOT_DATA_BYTES),
        _strings("boot", texts, _BOOT_STRING_BYTES),
    )
    return _plain_image(parts, size_nibble=0)


def _user_image(recipe: _Recipe, number: int) -> bytes:
    nibble = _SIZE_NIBBLES[recipe.flash_map]
    link_address = FLASH_WINDOW + USER1_OFFSET + CHECKSUM_LINE_BYTES
    if recipe.flash_map is not FlashMap.SPLIT_1024:
        link_address += (number - 1) * recipe.flash_map.slot_bytes
    texts = (
        "\r\nready\r\n",
        f"AT version:{recipe.at_version}({recipe.at_build})\r\n",
        f"SDK version:{recipe.sdk_version}\r\n",
        f"compile time:{recipe.compile_time}\r\n",
    )
    plain = _plain_image(
        (
            _code("user text", _USER_TEXT_BYTES),
            _code("user data", _USER_DATA_BYTES),
            _strings("user", texts, _USER_STRING_BYTES),
        ),
        size_nibble=nibble,
    )
    headers_bytes = 16
    crc_bytes = 4 if recipe.has_crc else 0
    irom_bytes = recipe.user1_bytes - len(plain) - headers_bytes - crc_bytes
    irom_bytes -= irom_bytes % CHECKSUM_LINE_BYTES
    literals = _literals(link_address)
    if irom_bytes < len(literals):
        raise ValueError(
            f"user1 cannot have {recipe.user1_bytes} bytes: its RAM part alone has {len(plain)}"
        )
    user_byte = number if recipe.has_crc else nibble << 4
    body = (
        struct.pack("<BBBBI", SLOTTED_MAGIC, SLOTTED_MARK, 0, user_byte, _ENTRY)
        + struct.pack("<II", 0, irom_bytes)
        + literals
        + _code("irom", irom_bytes - len(literals))
        + plain
    )
    return body + struct.pack("<I", compute_crc(body)) if recipe.has_crc else body


def _plain_image(parts: tuple[bytes, bytes, bytes], *, size_nibble: int) -> bytes:
    text, data, strings = parts
    strings_address = -(-(_DATA + len(data)) // CHECKSUM_LINE_BYTES) * CHECKSUM_LINE_BYTES
    image = struct.pack("<BBBBI", PLAIN_MAGIC, len(parts), 0, size_nibble << 4, _ENTRY)
    for address, part in ((_TEXT, text), (_DATA, data), (strings_address, strings)):
        image += struct.pack("<II", address, len(part)) + part
    image += bytes(CHECKSUM_LINE_BYTES - 1 - len(image) % CHECKSUM_LINE_BYTES)
    return image + bytes([compute_checksum(*parts)])


def _strings(seed: str, texts: tuple[str, ...], size_bytes: int) -> bytes:
    """Zero-terminated texts on word boundaries, then noise."""
    raw = b"".join(text.encode("ascii").ljust(len(text) // 4 * 4 + 4, b"\0") for text in texts)
    return raw + _code(f"{seed} strings", size_bytes - len(raw))


def _init_data() -> bytes:
    head = bytes([INIT_DATA_MAGIC, 8])
    return head + _stream("init data", 62) + bytes(INIT_DATA_BYTES - 64)


def _literals(link_address: int) -> bytes:
    """Addresses in the flash, by which `recognise` tells where an image was linked for."""
    offsets = struct.unpack("<64H", _stream("literals", 128))
    return struct.pack("<64I", *(link_address + 4 * offset for offset in offsets))


@functools.lru_cache(maxsize=16)
def _code(seed: str, size_bytes: int) -> bytes:
    """Noise that compresses to about seven tenths, as compiled code does."""
    return _stream(seed, size_bytes).translate(_CODE_ALPHABET)


def _stream(seed: str, size_bytes: int) -> bytes:
    return hashlib.shake_128(seed.encode("ascii")).digest(size_bytes)
