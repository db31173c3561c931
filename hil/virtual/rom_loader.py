"""The serial loader in the ROM, which runs when the straps say "UART download".

It answers each request when the work is done, knows no compression, no digest, no other baud rate
and no reading, and has two faults that tools have learnt to live with: it erases more than it is
asked to, and its replies carry whatever value the last one had.

Source: esptool's serial protocol; measured against esptool 5.6; replies of real chips as quoted in
public traces.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .action import Action, Restart, RunUserCode, Send
from .loader_program import Command, LoaderProgram
from .loader_protocol import (
    STATUS_OK,
    SYNC_PATTERN,
    Op,
    Request,
    Statuses,
    format_reply,
    parse_request,
)
from .registers import RegisterMap
from .slip import format_frame
from .uart import LineFormat, receive_as

if TYPE_CHECKING:
    from .efuse import Efuse
    from .flash import NorFlash
    from .uart import Burst

_STATUSES = Statuses(unknown=b"\x01\x05", bad_length=b"\x01\x05", bad_checksum=b"\x01\x07")
_SYNC_REPLIES = 8
_SECTORS_PER_BLOCK = 16


class RomLoader(LoaderProgram):
    """The ROM's loader as a program for the virtual chip.

    Args:
        flash: The flash part; detached until the first FLASH_BEGIN.
        efuse: The eFuse words.
        line_format: How UART0 is set when the loader starts.
        crystal_hz: Frequency of the crystal.

    Attributes:
        adopts_baud: True until the first SYNC. While it is, the loader wants bursts as the host
            sent them, in the host's format: it measures the rate of the first SYNC and keeps it.
    """

    def __init__(
        self,
        flash: NorFlash,
        efuse: Efuse,
        line_format: LineFormat,
        crystal_hz: int = 26_000_000,
    ) -> None:
        registers = RegisterMap(flash, efuse, baud=line_format.baud, crystal_hz=crystal_hz)
        super().__init__(flash, registers, line_format, _STATUSES)
        self.adopts_baud = True
        self._download_offset: int | None = None
        self._download_block_bytes = 0
        self._commands |= {
            Op.SYNC: Command((len(SYNC_PATTERN),), self._sync),
            Op.FLASH_BEGIN: Command((16,), self._flash_begin),
            Op.FLASH_DATA: Command((), self._flash_data),
            Op.FLASH_END: Command((4,), self._flash_end),
        }

    def start(self, now_ns: int) -> list[Action]:
        """Wait for the host; the loader says nothing by itself."""
        self._busy_until_ns = now_ns
        return []

    def _hear(self, burst: Burst) -> bytes:
        """What a receiver hears that is at the host's rate while the rate is still to be found."""
        baud = burst.format.baud if self.adopts_baud else self.line_format.baud
        return receive_as(burst, replace(self.line_format, baud=baud))

    def _take(self, frame: bytes, burst: Burst) -> None:
        if self.adopts_baud:
            request = parse_request(frame)
            if request is not None and request.op == Op.SYNC:
                self._adopt(burst)
            elif burst.format.baud != self.line_format.baud:
                return
        super()._take(frame, burst)

    def _adopt(self, burst: Burst) -> None:
        self.adopts_baud = False
        if burst.format.baud != self.line_format.baud:
            adopted = replace(self.line_format, baud=burst.format.baud)
            self._act(self._set_baud(adopted), max(burst.end_ns(), self._busy_until_ns))

    def _sync(self, request: Request, at_ns: int) -> None:
        """Answer eight times; the value is the first word of the pattern.

        Source: ``01 08 02 00 07 07 12 20 00 00`` in a trace of a real chip.
        """
        self._value = int.from_bytes(request.data[:4], "little")
        reply = format_frame(format_reply(request.op, self._value, STATUS_OK))
        self._act(Send(reply * _SYNC_REPLIES, at_ns), at_ns)

    def _flash_begin(self, request: Request, at_ns: int) -> None:
        """Attach the flash and erase, all before the answer."""
        erase_bytes, _, self._download_block_bytes, self._download_offset = request.words()
        self.registers.spi.is_attached = True
        done_ns = self._erase_area(self._download_offset, erase_bytes, at_ns)
        self._reply(request, done_ns)

    def _erase_area(self, offset: int, length: int, at_ns: int) -> int:
        """Erase as the ROM's SPIEraseArea does, which counts the first sectors twice.

        Of *n* sectors asked for, those up to the next 64 KB boundary are erased without being
        subtracted, so that ``n + min(n, sectors to the boundary)`` are lost in the end.

        Source: esptool issue 33; esptool asks for less to make up for it, which for an odd number
        of sectors within one block still costs one sector too many.
        """
        sector_bytes = self._flash.SECTOR_BYTES
        first = offset // sector_bytes
        asked = -(-length // sector_bytes)
        to_boundary = _SECTORS_PER_BLOCK - first % _SECTORS_PER_BLOCK
        erased = min(asked + min(asked, to_boundary), self._flash.size_bytes // sector_bytes)
        return self._flash.erase_range(first * sector_bytes, erased * sector_bytes, at_ns)

    def _flash_data(self, request: Request, at_ns: int) -> None:
        """Program a block and answer when it is done; a repeated block goes to the same place."""
        block = self._require_block(request, at_ns)
        if block is None:
            return
        if self._download_offset is None:
            self._reply(request, at_ns, status=self._statuses.unknown)
            return
        offset = self._download_offset + block.sequence * self._download_block_bytes
        self._reply(request, self._flash.program(offset, block.data, at_ns))

    def _flash_end(self, request: Request, at_ns: int) -> None:
        """Leave: 0 reboots, anything else runs the program in flash."""
        self._reply(request, at_ns)
        runs_user_code = request.words()[0]
        self._leave(RunUserCode(at_ns) if runs_user_code else Restart(at_ns))
