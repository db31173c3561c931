"""The flasher stub that esptool uploads to RAM, in both versions that esptool 5 carries.

Unlike the ROM loader it acknowledges a block before it writes it, so that the next one is on the
wire meanwhile, and tells an error with the next answer. What the two versions do differently to
the outside is kept in one table.

Source: esptool's serial protocol, "Stub Loader"; measured against esptool 5.6.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from . import loader_protocol
from .action import Action, Restart, RunUserCode, Send
from .errors import VirtualError
from .flash_transfer import FlashDownload, FlashReadout
from .loader_program import Command, LoaderProgram
from .loader_protocol import STATUS_OK, SYNC_PATTERN, Op, Request, format_reply
from .slip import format_frame

if TYPE_CHECKING:
    from .flash import NorFlash
    from .registers import RegisterMap
    from .uart import Burst, LineFormat

_GREETING = b"OHAI"
_SYNC_REPLIES = 8


@dataclass(frozen=True, slots=True)
class _Version:
    """Where the two stubs differ.

    Args:
        leaves: Whether END with argument 0 reboots and RUN_USER_CODE starts the program in flash;
            version 2 does neither and stays.
        skips_blank: Whether sectors that are erased are left alone up to the first that is not.
    """

    leaves: bool
    skips_blank: bool


_VERSIONS = {
    1: _Version(leaves=True, skips_blank=False),
    2: _Version(leaves=False, skips_blank=True),
}


class FlasherStub(LoaderProgram):
    """The stub as a program for the virtual chip; it takes over after `RunStub`.

    Args:
        flash: The flash part; the stub attaches it.
        registers: The address space, from the loader that started the stub.
        line_format: How UART0 is set.
        version: 1 or 2.

    Raises:
        VirtualError: There is no such version.
    """

    STATUS_UNKNOWN: ClassVar[bytes] = loader_protocol.STUB_UNKNOWN
    STATUS_BAD_LENGTH: ClassVar[bytes] = loader_protocol.STUB_BAD_LENGTH
    STATUS_BAD_CHECKSUM: ClassVar[bytes] = loader_protocol.STUB_BAD_CHECKSUM

    def __init__(
        self, flash: NorFlash, registers: RegisterMap, line_format: LineFormat, version: int
    ) -> None:
        if version not in _VERSIONS:
            raise VirtualError(f"no flasher stub of version {version}; esptool has 1 and 2")
        super().__init__(flash, registers, line_format)
        self._version = _VERSIONS[version]
        self._download: FlashDownload | None = None
        self._readout: FlashReadout | None = None
        self._commands |= {
            Op.SYNC: Command(len(SYNC_PATTERN), self._sync),
            Op.FLASH_BEGIN: Command(20, self._flash_begin),
            Op.FLASH_DATA: Command(None, self._flash_data),
            Op.FLASH_END: Command(4, self._flash_end),
            Op.FLASH_DEFL_BEGIN: Command(20, self._flash_begin),
            Op.FLASH_DEFL_DATA: Command(None, self._flash_data),
            Op.FLASH_DEFL_END: Command(4, self._flash_end),
            Op.SPI_SET_PARAMS: Command(24, self._reply),
            Op.SPI_ATTACH: Command(4, self._spi_attach),
            Op.CHANGE_BAUDRATE: Command(8, self._change_baudrate),
            Op.SPI_FLASH_MD5: Command(16, self._spi_flash_md5),
            Op.GET_SECURITY_INFO: Command(None, self._get_security_info),
            Op.ERASE_FLASH: Command(0, self._erase_flash),
            Op.ERASE_REGION: Command(8, self._erase_region),
            Op.READ_FLASH: Command(16, self._read_flash),
            Op.RUN_USER_CODE: Command(0, self._run_user_code),
        }

    def start(self, now_ns: int) -> list[Action]:
        """Attach the flash and greet."""
        self._busy_until_ns = now_ns
        self.registers.spi.is_attached = True
        return [Send(format_frame(_GREETING), now_ns)]

    def _take(self, frame: bytes, burst: Burst) -> None:
        if self._readout is not None and len(frame) == FlashReadout.ACKNOWLEDGE_BYTES:
            if self._readout.acknowledges_all(frame):
                self._send_readout(self._readout, max(burst.end_ns(), self._busy_until_ns))
        else:
            super()._take(frame, burst)

    def _serve(self, request: Request, arrival_ns: int) -> None:
        """Serve a request; it ends a read-out, and only register reads answer with a value."""
        self._readout = None
        self._value = 0
        super()._serve(request, arrival_ns)

    def _sync(self, request: Request, at_ns: int) -> None:
        """Answer eight times with the value 0, by which the host knows the stub."""
        reply = format_frame(format_reply(request.op, 0, STATUS_OK))
        self._act(Send(reply * _SYNC_REPLIES, at_ns), at_ns)

    def _get_security_info(self, request: Request, at_ns: int) -> None:
        self._reply(request, at_ns, status=loader_protocol.STUB_NOT_IMPLEMENTED)

    def _spi_attach(self, request: Request, at_ns: int) -> None:
        self.registers.spi.is_attached = True
        self._reply(request, at_ns)

    def _change_baudrate(self, request: Request, at_ns: int) -> None:
        """Answer at the old rate, then switch; the old rate that the host names is not needed."""
        baud, _ = request.words()
        if not baud:
            self._reply(request, at_ns, status=self.STATUS_BAD_LENGTH)
            return
        self._reply(request, at_ns)
        self._act(self._set_baud(replace(self.line_format, baud=baud)), at_ns)

    def _flash_begin(self, request: Request, at_ns: int) -> None:
        total_bytes, _, _, offset, _ = request.words()
        self._download = FlashDownload(
            self._flash,
            offset,
            total_bytes,
            is_compressed=request.op == Op.FLASH_DEFL_BEGIN,
            skips_blank=self._version.skips_blank,
        )
        self._reply(request, at_ns)

    def _flash_data(self, request: Request, at_ns: int) -> None:
        """Acknowledge the block, then write it."""
        download = self._download
        is_compressed = request.op == Op.FLASH_DEFL_DATA
        if download is None or download.is_compressed != is_compressed:
            self._reply(request, at_ns, status=loader_protocol.STUB_NOT_IN_FLASH_MODE)
        elif download.error is not None:
            self._reply(request, at_ns, status=download.error)
        elif (block := self._require_block(request, at_ns)) is not None:
            self._reply(request, at_ns)
            self._busy_until_ns = download.write(block.data, at_ns)

    def _flash_end(self, request: Request, at_ns: int) -> None:
        """Answer when all is written, or tell what went wrong; 0 asks for a reboot."""
        if self._download is None:
            self._reply(request, at_ns, status=loader_protocol.STUB_NOT_IN_FLASH_MODE)
            return
        error = self._download.finish()
        self._download = None
        self._reply(request, at_ns, status=error or STATUS_OK)
        stays = request.words()[0]
        if error is None and not stays and self._version.leaves:
            self._leave(Restart(at_ns))

    def _spi_flash_md5(self, request: Request, at_ns: int) -> None:
        offset, length, _, _ = request.words()
        if length > self._flash.size_bytes:
            self._reply(request, at_ns, status=self.STATUS_BAD_LENGTH)
            return
        content = self._flash.read(offset, length)
        digest = hashlib.md5(content, usedforsecurity=False).digest()
        self._reply(request, at_ns, data=digest)

    def _erase_flash(self, request: Request, at_ns: int) -> None:
        self._reply(request, self._flash.erase_chip(at_ns))

    def _erase_region(self, request: Request, at_ns: int) -> None:
        offset, length = request.words()
        is_aligned = not (offset | length) % self._flash.SECTOR_BYTES
        if not is_aligned or length > self._flash.size_bytes:
            self._reply(request, at_ns, status=self.STATUS_BAD_LENGTH)
        else:
            self._reply(request, self._flash.erase_range(offset, length, at_ns))

    def _read_flash(self, request: Request, at_ns: int) -> None:
        """Answer, then send frames, each when the one before is acknowledged.

        The host may allow more frames in flight; both stubs effectively keep one.
        """
        offset, length, frame_bytes, _ = request.words()
        if not 0 < frame_bytes <= self._flash.SECTOR_BYTES:
            self._reply(request, at_ns, status=loader_protocol.STUB_BAD_BLOCK_SIZE)
            return
        self._reply(request, at_ns)
        self._readout = FlashReadout(self._flash, offset, length, frame_bytes)
        self._send_readout(self._readout, at_ns)

    def _send_readout(self, readout: FlashReadout, at_ns: int) -> None:
        self._act(Send(format_frame(readout.next_payload()), at_ns), at_ns)
        if readout.is_over:
            self._readout = None

    def _run_user_code(self, _request: Request, at_ns: int) -> None:
        """Start the program in flash, without an answer; version 2 does nothing.

        Source: measured against esptool 5.6 (``--after soft-reset``).
        """
        if self._version.leaves:
            self._leave(RunUserCode(at_ns))
