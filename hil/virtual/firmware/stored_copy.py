"""One copy of an area's settings, as it fills a sector: a header and records.

::

    offset  bytes
    0       4      magic "ATpa"
    4       2      schema version
    6       2      number of the flag log that this copy opens, 0 if it opens none
    8       4      sequence number: how many copies this area has seen
    12      4      length of the records
    16      4      CRC32 of bytes 0 to 15 and of the records
    20      ...    records: tag (1), length (1), value

Half programmed or half erased copies fail the CRC and count as no copy.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .setting_record import Records

MAGIC = b"ATpa"
SCHEMA_VERSION = 1

_HEADER = struct.Struct("<4sHHII")
_CRC = struct.Struct("<I")
_RECORD_HEAD = struct.Struct("BB")
_RECORDS_OFFSET = _HEADER.size + _CRC.size


@dataclass(frozen=True, slots=True)
class StoredCopy:
    """The settings of an area at one moment.

    Args:
        sequence: Greater than that of every copy before.
        opens_log: Number of the flag log that begins with this copy, or 0.
        records: The settings, those of unknown tags included.
    """

    sequence: int
    opens_log: int
    records: Records

    def encode(self) -> bytes:
        """As it is programmed, from the start of a sector."""
        body = b"".join(
            bytes((tag, len(value))) + value for tag, value in sorted(self.records.items())
        )
        header = _HEADER.pack(MAGIC, SCHEMA_VERSION, self.opens_log, self.sequence, len(body))
        return header + _CRC.pack(zlib.crc32(header + body)) + body


def read_copy(sector: bytes) -> StoredCopy | None:
    """The copy that a sector holds, or None if it holds no whole one."""
    magic, schema, opens_log, sequence, length = _HEADER.unpack_from(sector)
    body = sector[_RECORDS_OFFSET : _RECORDS_OFFSET + length]
    if magic != MAGIC or schema != SCHEMA_VERSION or len(body) != length:
        return None
    (crc,) = _CRC.unpack_from(sector, _HEADER.size)
    if zlib.crc32(sector[: _HEADER.size] + body) != crc:
        return None
    return StoredCopy(sequence, opens_log, _read_records(body))


def _read_records(body: bytes) -> Records:
    """Records up to the first that does not fit; a copy with a valid CRC has none of those."""
    records = {}
    position = 0
    while position + _RECORD_HEAD.size <= len(body):
        tag, length = _RECORD_HEAD.unpack_from(body, position)
        position += _RECORD_HEAD.size
        records[tag] = body[position : position + length]
        position += length
    return records
