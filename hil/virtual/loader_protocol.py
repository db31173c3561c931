"""Requests and replies that the ROM loader and the flasher stub share, as bytes.

A request is ``00 op length16 checksum32 data``, a reply ``01 op length16 value32 data status``;
all numbers are little endian. The ESP8266 sends two status bytes, other chips four.

Source: esptool's serial protocol, "Command Packet" and "Response Packet".
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

_HEADER = struct.Struct("<BBHI")
_BLOCK_HEADER = struct.Struct("<IIII")
_REQUEST, _REPLY = 0, 1
_CHECKSUM_SEED = 0xEF

SYNC_PATTERN = b"\x07\x07\x12\x20" + 32 * b"\x55"
STATUS_OK = b"\x00\x00"

# What the stub answers when something is wrong; the ROM loader sends 01 and a reason instead.
# Source: esptool's serial protocol, "Stub Loader Errors"; measured against esptool 5.6.
STUB_BAD_LENGTH = b"\xc0\x00"
STUB_BAD_CHECKSUM = b"\xc1\x00"
STUB_BAD_BLOCK_SIZE = b"\xc2\x00"
STUB_UNKNOWN = b"\xc3\x00"
STUB_NOT_IN_FLASH_MODE = b"\xc6\x00"
STUB_INFLATE_ERROR = b"\xc7\x00"
STUB_NOT_ENOUGH_DATA = b"\xc8\x00"
STUB_TOO_MUCH_DATA = b"\xc9\x00"
STUB_NOT_IMPLEMENTED = b"\xff\x00"


@dataclass(frozen=True, slots=True)
class Statuses:
    """What a program answers to requests that it does not serve.

    Args:
        unknown: There is no such request.
        bad_length: The data is not as long as it must be.
        bad_checksum: A block was damaged on the way.
    """

    unknown: bytes
    bad_length: bytes
    bad_checksum: bytes


class Op(IntEnum):
    """Numbers of the requests, named as esptool's documentation does."""

    FLASH_BEGIN = 0x02
    FLASH_DATA = 0x03
    FLASH_END = 0x04
    MEM_BEGIN = 0x05
    MEM_END = 0x06
    MEM_DATA = 0x07
    SYNC = 0x08
    WRITE_REG = 0x09
    READ_REG = 0x0A
    SPI_SET_PARAMS = 0x0B
    SPI_ATTACH = 0x0D
    CHANGE_BAUDRATE = 0x0F
    FLASH_DEFL_BEGIN = 0x10
    FLASH_DEFL_DATA = 0x11
    FLASH_DEFL_END = 0x12
    SPI_FLASH_MD5 = 0x13
    GET_SECURITY_INFO = 0x14
    ERASE_FLASH = 0xD0
    ERASE_REGION = 0xD1
    READ_FLASH = 0xD2
    RUN_USER_CODE = 0xD3


@dataclass(frozen=True, slots=True)
class Request:
    """A request from the host.

    Args:
        op: What is asked for, known or not.
        length: Bytes of data that the header announces.
        checksum: Of a data block; 0 in all other requests.
        data: The bytes that came.
    """

    op: int
    length: int
    checksum: int
    data: bytes

    def words(self) -> tuple[int, ...]:
        """The data as 32-bit numbers; it must be a whole number of them."""
        return struct.unpack(f"<{len(self.data) // 4}I", self.data)


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a download: its place in the sequence (from 0) and its bytes."""

    sequence: int
    data: bytes


def parse_request(frame: bytes) -> Request | None:
    """The request in a SLIP frame, or None if the frame is noise."""
    if len(frame) < _HEADER.size:
        return None
    direction, op, length, checksum = _HEADER.unpack_from(frame)
    if direction != _REQUEST:
        return None
    return Request(op, length, checksum, frame[_HEADER.size :])


def parse_block(data: bytes) -> Block | None:
    """The block in the data of a FLASH_DATA, FLASH_DEFL_DATA or MEM_DATA request.

    Returns:
        None if the length that it announces is not the length that came.
    """
    if len(data) < _BLOCK_HEADER.size:
        return None
    length, sequence, _, _ = _BLOCK_HEADER.unpack_from(data)
    payload = data[_BLOCK_HEADER.size :]
    return Block(sequence, payload) if length == len(payload) else None


def format_reply(op: int, value: int, payload: bytes) -> bytes:
    """A reply, before SLIP; the payload ends with the status."""
    return _HEADER.pack(_REPLY, op, len(payload), value) + payload


def checksum_of(data: bytes) -> int:
    """0xEF combined with all bytes by exclusive or.

    The data is folded in half as one number until a byte is left: a block of 16 KB costs
    microseconds.
    """
    folded, width = int.from_bytes(data, "little"), len(data)
    while width > 1:
        width = (width + 1) // 2
        folded = folded >> 8 * width ^ folded & (1 << 8 * width) - 1
    return _CHECKSUM_SEED ^ folded
