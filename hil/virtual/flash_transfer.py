"""The two long transfers of the flasher stub: a download into the flash and a read-out of it."""

from __future__ import annotations

import hashlib
import zlib
from typing import TYPE_CHECKING

from .loader_protocol import STUB_INFLATE_ERROR

if TYPE_CHECKING:
    from .flash import NorFlash
    from .stub_version import StubVersion

_INFLATE_BYTES = 32 * 1024
"""Both stubs unpack into a buffer of this size before they write."""

_CHECK_BYTES = 4
"""What ends a zlib stream; it may come in a block of its own."""


class FlashDownload:
    """A download under way: erases just ahead of the data, by blocks where it can.

    An erase is begun and goes on beside whatever comes next; only the next operation of the flash
    waits for it. So most of the time that erasing takes lies under the arrival of data, where 64 KB
    are erased in less time than the line needs for them. Beginning one costs no time; neither does
    unpacking, though a real stub is busy with it.

    Args:
        flash: The flash part.
        version: How the stub goes about it.
        offset: Where the first byte goes; the sector around it is erased as a whole.
        total_bytes: How many bytes are to come, uncompressed.
        is_compressed: Whether the blocks are one zlib stream.

    Attributes:
        is_compressed: As above.
        error: Status of the first thing that went wrong, or None. A block is acknowledged before
            it is written, so it is told with an answer to come.
        is_over: Whether it came to its end with as much data as was announced.

    Source: Espressif's sources of both stubs, read.
    """

    def __init__(
        self,
        flash: NorFlash,
        version: StubVersion,
        offset: int,
        total_bytes: int,
        *,
        is_compressed: bool,
    ) -> None:
        self.is_compressed = is_compressed
        self.error: bytes | None = None
        self.is_over = False
        self._flash = flash
        self._version = version
        self._position = offset
        self._erased_to = offset - offset % flash.SECTOR_BYTES
        self._erase_end = offset + total_bytes + -(offset + total_bytes) % flash.SECTOR_BYTES
        self._total_bytes = total_bytes
        self._written_bytes = 0
        self._skips_blank = version.skips_blank
        self._inflater = zlib.decompressobj()
        self._inflated = bytearray()
        self._is_excessive = False

    def begin(self, at_ns: int) -> int:
        """Begin the first erase, if this stub does; returns when it goes on, in ns."""
        return self._begin_erase(at_ns) if self._version.erases_at_begin else at_ns

    def write(self, block: bytes, at_ns: int) -> int:
        """Write one block; returns when the stub has time for the next request, in ns."""
        if not self.is_compressed:  # what pads the last block is cut off
            return self._program(block[: self._missing_bytes], at_ns)
        if not self._missing_bytes and len(block) > _CHECK_BYTES:
            self.error = self._version.excess_block
            return at_ns
        return self._inflate(block, at_ns)

    def finish(self) -> bytes | None:
        """Status of the error that ends the download, or None if all of it is written."""
        if self._missing_bytes:
            return self._version.missing_data
        if self._is_excessive and self._version.excess_at_end is not None:
            return self._version.excess_at_end
        self.is_over = True
        return self.error

    @property
    def _missing_bytes(self) -> int:
        return self._total_bytes - self._written_bytes

    def _inflate(self, block: bytes, at_ns: int) -> int:
        """Unpack a block into a buffer that is written when it is full or the stream has ended.

        While it is unpacked, an erase may as well be under way.
        """
        while True:
            at_ns = self._begin_erase(at_ns)
            room = _INFLATE_BYTES - len(self._inflated)
            try:
                self._inflated += self._inflater.decompress(block, room)
            except zlib.error:
                self.error = STUB_INFLATE_ERROR
                return at_ns
            block = self._inflater.unconsumed_tail
            if self._inflater.eof or len(self._inflated) == _INFLATE_BYTES:
                self._is_excessive |= len(self._inflated) > self._missing_bytes
                at_ns = self._program(bytes(self._inflated[: self._missing_bytes]), at_ns)
                self._inflated.clear()
            if not block or self._is_excessive:
                return at_ns

    def _program(self, content: bytes, at_ns: int) -> int:
        if not content:
            return at_ns
        at_ns = self._erase_to(self._position + len(content), at_ns)
        self._position += len(content)
        self._written_bytes += len(content)
        return self._flash.program(self._position - len(content), content, at_ns)

    def _erase_to(self, end: int, at_ns: int) -> int:
        """Begin all erases up to an address, each when the one before it is over."""
        end = min(end + self._version.erases_what_is_touched, self._erase_end)
        while self._erased_to < end:
            at_ns = self._begin_erase(max(at_ns, self._flash.busy_until_ns))
        return at_ns

    def _begin_erase(self, at_ns: int) -> int:
        """Begin the next erase unless the flash is busy; returns when the stub goes on, in ns."""
        flash, start = self._flash, self._erased_to
        if start >= self._erase_end:
            return at_ns
        if self._skips_blank:
            at_ns = max(at_ns, flash.busy_until_ns)  # to read, the flash must be idle
            self._skips_blank = flash.is_erased(start, flash.SECTOR_BYTES)
            if self._skips_blank:
                self._erased_to += flash.SECTOR_BYTES
                return at_ns
        if at_ns < flash.busy_until_ns:
            return at_ns
        if self._erase_end - start >= flash.BLOCK_BYTES and start % flash.BLOCK_BYTES == 0:
            flash.erase_block(start, at_ns)
            self._erased_to += flash.BLOCK_BYTES
        else:
            flash.erase_sector(start, at_ns)
            self._erased_to += flash.SECTOR_BYTES
        return at_ns


class FlashReadout:
    """A read-out under way: one frame at a time, each acknowledged, the digest last.

    Args:
        flash: The flash part.
        offset: Address of the first byte; addresses wrap.
        length: How many bytes.
        frame_bytes: Bytes per frame, the last one excepted.
    """

    ACKNOWLEDGE_BYTES = 4

    def __init__(self, flash: NorFlash, offset: int, length: int, frame_bytes: int) -> None:
        self._flash = flash
        self._offset = offset
        self._length = length
        self._frame_bytes = frame_bytes
        self._sent = 0
        self._digest = hashlib.md5(usedforsecurity=False)
        self.is_over = False

    def next_payload(self) -> bytes:
        """The next frame to send: data, or the 16 bytes of the digest, which end the transfer."""
        length = min(self._frame_bytes, self._length - self._sent)
        if not length:
            self.is_over = True
            return self._digest.digest()
        data = self._flash.read(self._offset + self._sent, length)
        self._sent += length
        self._digest.update(data)
        return data

    def acknowledges_all(self, frame: bytes) -> bool:
        """Whether the host, in a frame of four bytes, says that it has all that was sent."""
        return int.from_bytes(frame, "little") == self._sent
