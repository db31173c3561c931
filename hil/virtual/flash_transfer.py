"""The two long transfers of the flasher stub: a download into the flash and a read-out of it."""

from __future__ import annotations

import hashlib
import zlib
from typing import TYPE_CHECKING

from .loader_protocol import STUB_INFLATE_ERROR, STUB_NOT_ENOUGH_DATA, STUB_TOO_MUCH_DATA

if TYPE_CHECKING:
    from .flash import NorFlash


class FlashDownload:
    """A download under way: erases sector by sector just ahead of the data.

    Args:
        flash: The flash part.
        offset: Where the first byte goes; the sector around it is erased as a whole.
        total_bytes: How many bytes are to come, uncompressed.
        is_compressed: Whether the blocks are one zlib stream.
        skips_blank: Leave sectors alone that are erased already, up to the first that is not.

    Attributes:
        is_compressed: As above.
        error: Status of the first thing that went wrong, or None. It is told with the answer to
            the next request, because a block is acknowledged before it is written.
    """

    def __init__(
        self,
        flash: NorFlash,
        offset: int,
        total_bytes: int,
        *,
        is_compressed: bool,
        skips_blank: bool,
    ) -> None:
        self.is_compressed = is_compressed
        self.error: bytes | None = None
        self._flash = flash
        self._position = offset
        self._erased_to = offset - offset % flash.SECTOR_BYTES
        self._remaining_bytes = total_bytes
        self._skips_blank = skips_blank
        self._inflater = zlib.decompressobj()

    def write(self, data: bytes, at_ns: int) -> int:
        """Write one block; returns when it is in the flash, in ns."""
        content = self._inflate(data) if self.is_compressed else self._cut(data)
        if not content:
            return at_ns
        done_ns = self._erase_to(self._position + len(content), at_ns)
        done_ns = self._flash.program(self._position, content, done_ns)
        self._position += len(content)
        self._remaining_bytes -= len(content)
        return done_ns

    def finish(self) -> bytes | None:
        """Status of the error that ends the download, or None if all of it is written."""
        if self.error is None and self._remaining_bytes:
            self.error = STUB_NOT_ENOUGH_DATA
        return self.error

    def _cut(self, data: bytes) -> bytes:
        """The block without what pads it beyond the total."""
        if data and not self._remaining_bytes:
            self.error = STUB_TOO_MUCH_DATA
        return data[: self._remaining_bytes]

    def _inflate(self, data: bytes) -> bytes:
        """What the block unpacks to, at most a byte more than announced: that shows an excess."""
        try:
            content = self._inflater.decompress(data, self._remaining_bytes + 1)
        except zlib.error:
            self.error = STUB_INFLATE_ERROR
            return b""
        if len(content) > self._remaining_bytes:
            self.error = STUB_TOO_MUCH_DATA
        return content[: self._remaining_bytes]

    def _erase_to(self, end: int, at_ns: int) -> int:
        while self._erased_to < end:
            sector = self._erased_to
            self._erased_to += self._flash.SECTOR_BYTES
            if self._skips_blank and self._flash.is_erased(sector, self._flash.SECTOR_BYTES):
                continue
            self._skips_blank = False
            at_ns = self._flash.erase_sector(sector, at_ns)
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
