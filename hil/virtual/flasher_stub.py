"""The flasher stub that esptool uploads to RAM, in both versions that esptool 5 carries.

Unlike the ROM loader it acknowledges a block before it writes it, so that the next one is on the
wire meanwhile, and tells an error with an answer to come. What the two versions do differently is
the table in `stub_version`.

Source: esptool's serial protocol, "Stub Loader"; measured against esptool 5.6; Espressif's sources
of both stubs, read.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from .action import Action, Restart, RunUserCode, Send
from .errors import VirtualError
from .flash_transfer import FlashDownload, FlashReadout
from .loader_program import Command, LoaderProgram
from .loader_protocol import (
    STATUS_OK,
    STUB_BAD_BLOCK_SIZE,
    STUB_NOT_IMPLEMENTED,
    STUB_NOT_IN_FLASH_MODE,
    SYNC_PATTERN,
    Op,
    Request,
    format_reply,
)
from .slip import format_frame
from .stub_version import STUB_VERSIONS

if TYPE_CHECKING:
    from .flash import NorFlash
    from .registers import RegisterMap
    from .uart import Burst, LineFormat

_GREETING = b"OHAI"
_SYNC_REPLIES = 8
_LONGEST_BLOCK_BYTES = 16 * 1024
_PLUGIN_OPS = range(0xD5, 0xDF)
"""Commands of version 2 that stand for plugins, none of which is for this chip."""


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

    def __init__(
        self, flash: NorFlash, registers: RegisterMap, line_format: LineFormat, version: int
    ) -> None:
        if version not in STUB_VERSIONS:
            raise VirtualError(f"no flasher stub of version {version}; esptool has 1 and 2")
        self._version = STUB_VERSIONS[version]
        super().__init__(flash, registers, line_format, self._version.statuses)
        self._download: FlashDownload | None = None
        self._untold_error: bytes | None = None
        self._readout: FlashReadout | None = None
        self._commands |= {
            Op.SYNC: Command((len(SYNC_PATTERN),), self._sync),
            Op.FLASH_BEGIN: Command((16, 20), self._flash_begin),
            Op.FLASH_DATA: Command((), self._flash_data),
            Op.FLASH_END: Command((4,), self._flash_end),
            Op.FLASH_DEFL_BEGIN: Command((16, 20), self._flash_begin),
            Op.FLASH_DEFL_DATA: Command((), self._flash_data),
            Op.FLASH_DEFL_END: Command((4,), self._flash_end),
            Op.SPI_SET_PARAMS: Command((24,), self._reply),
            Op.SPI_ATTACH: Command((4,), self._spi_attach),
            Op.CHANGE_BAUDRATE: Command((8,), self._change_baudrate),
            Op.SPI_FLASH_MD5: Command((16,), self._spi_flash_md5),
            Op.GET_SECURITY_INFO: Command((), self._get_security_info),
            Op.ERASE_FLASH: Command((0,), self._erase_flash),
            Op.ERASE_REGION: Command((8,), self._erase_region),
            Op.READ_FLASH: Command((16,), self._read_flash),
            Op.RUN_USER_CODE: Command((0,), self._run_user_code),
        }
        if self._version.has_plugins:
            self._commands |= {op: Command((), self._miss_plugin) for op in _PLUGIN_OPS}

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
        untold, self._untold_error = self._untold_error, None
        if untold is None:
            super()._serve(request, arrival_ns)
        else:
            self._reply(request, max(arrival_ns, self._busy_until_ns), status=untold)

    def _sync(self, request: Request, at_ns: int) -> None:
        """Answer eight times with the value 0, by which the host knows the stub."""
        reply = format_frame(format_reply(request.op, 0, STATUS_OK))
        self._act(Send(reply * _SYNC_REPLIES, at_ns), at_ns)

    def _get_security_info(self, request: Request, at_ns: int) -> None:
        self._reply(request, at_ns, status=STUB_NOT_IMPLEMENTED)

    def _miss_plugin(self, request: Request, at_ns: int) -> None:
        self._reply(request, at_ns, status=STUB_NOT_IMPLEMENTED)

    def _spi_attach(self, request: Request, at_ns: int) -> None:
        self.registers.spi.is_attached = True
        self._reply(request, at_ns)

    def _change_baudrate(self, request: Request, at_ns: int) -> None:
        """Answer at the old rate, then switch; the old rate that the host names is not needed."""
        baud, _ = request.words()
        if not baud:
            self._reply(request, at_ns, status=self._statuses.bad_length)
            return
        self._reply(request, at_ns)
        self._act(self._set_baud(replace(self.line_format, baud=baud)), at_ns)

    def _flash_begin(self, request: Request, at_ns: int) -> None:
        total_bytes, _, block_bytes, offset, *_ = request.words()
        if self._version.checks_block_size and block_bytes > _LONGEST_BLOCK_BYTES:
            self._reply(request, at_ns, status=STUB_BAD_BLOCK_SIZE)
            return
        self._download = FlashDownload(
            self._flash,
            self._version,
            offset,
            total_bytes,
            is_compressed=request.op == Op.FLASH_DEFL_BEGIN,
        )
        self._reply(request, self._download.begin(at_ns))

    def _flash_data(self, request: Request, at_ns: int) -> None:
        """Acknowledge the block, then write it."""
        download = self._download
        is_compressed = request.op == Op.FLASH_DEFL_DATA
        if download is None or download.is_compressed != is_compressed:
            self._reply(request, at_ns, status=STUB_NOT_IN_FLASH_MODE)
            return
        block = self._require_block(request, at_ns, wrong_length=self._version.wrong_block_length)
        if block is None:
            return
        if download.error is not None:
            self._reply(request, at_ns, status=download.error)
            return
        self._reply(request, at_ns)
        self._busy_until_ns = download.write(block.data, at_ns)
        if self._version.tells_any:
            self._untold_error, download.error = download.error, None

    def _flash_end(self, request: Request, at_ns: int) -> None:
        """Answer when all is written, or tell what went wrong; 0 asks for a reboot."""
        if self._download is None:
            self._reply(request, at_ns, status=STUB_NOT_IN_FLASH_MODE)
            return
        error = self._download.finish()
        if self._download.is_over:
            self._download = None
        self._reply(request, at_ns, status=error or STATUS_OK)
        stays = request.words()[0]
        if error is None and not stays and self._version.leaves:
            self._leave(Restart(at_ns))

    def _spi_flash_md5(self, request: Request, at_ns: int) -> None:
        offset, length, _, _ = request.words()
        if length > self._flash.size_bytes:
            self._reply(request, at_ns, status=self._statuses.bad_length)
            return
        content = self._flash.read(offset, length)
        digest = hashlib.md5(content, usedforsecurity=False).digest()
        self._reply(request, max(at_ns, self._flash.busy_until_ns), data=digest)

    def _erase_flash(self, request: Request, at_ns: int) -> None:
        self._reply(request, self._flash.erase_chip(at_ns))

    def _erase_region(self, request: Request, at_ns: int) -> None:
        offset, length = request.words()
        is_aligned = not (offset | length) % self._flash.SECTOR_BYTES
        if not is_aligned or length > self._flash.size_bytes:
            self._reply(request, at_ns, status=self._version.wrong_region)
            return
        least = self._version.least_block_erase_bytes
        end_ns = self._flash.erase_range(offset, length, at_ns, least_block_erase_bytes=least)
        self._reply(request, end_ns)

    def _read_flash(self, request: Request, at_ns: int) -> None:
        """Answer, then send frames, each when the one before is acknowledged.

        The host may allow more frames in flight; both stubs effectively keep one.
        """
        offset, length, frame_bytes, _ = request.words()
        self._reply(request, at_ns)
        if not 0 < frame_bytes <= self._flash.SECTOR_BYTES:
            if self._version.tells_any:
                self._untold_error = self._statuses.bad_length
            return
        self._readout = FlashReadout(self._flash, offset, length, frame_bytes)
        self._send_readout(self._readout, max(at_ns, self._flash.busy_until_ns))

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
