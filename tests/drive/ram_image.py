"""Images that the ROM and ``load-ram`` take."""

from __future__ import annotations

import struct

from tests.virtual.ram_host import CODE, PRINT_FOR_EVER, PRINT_FOR_EVER_ENTRY, TEXT


def image_of(entry: int, *segments: tuple[int, bytes]) -> bytes:
    """An image of segments, each its address and its content."""
    content = struct.pack("<BBBBI", 0xE9, len(segments), 0, 0, entry)
    checksum = 0xEF
    for address, segment in segments:
        data = segment + bytes(-len(segment) % 4)
        content += struct.pack("<II", address, len(data)) + data
        for byte in data:
            checksum ^= byte
    return content + bytes(15 - len(content) % 16) + bytes((checksum,))


def hello_image(text: bytes) -> bytes:
    """A program that prints a text for ever."""
    return image_of(PRINT_FOR_EVER_ENTRY, (CODE, PRINT_FOR_EVER), (TEXT, text + b"\0"))
