"""The controller SPI0 through its registers, and the flash commands that reach the part.

The host fills in a transaction (command, address, dummy, data out, data in), sets one bit and the
controller carries it out. A transaction takes microseconds where a register access over the serial
line takes a millisecond, so here it is over at once.

Source: measured against esptool 5.6, which reads the flash's id and status in this way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from .flash import NorFlash

_CMD, _ADDR, _USR, _USR1, _USR2, _W0 = 0x00, 0x04, 0x1C, 0x20, 0x24, 0x40
_DATA_WORDS = 16

_CMD_RUN = 1 << 18

_USR_COMMAND = 1 << 31
_USR_ADDRESS = 1 << 30
_USR_READ = 1 << 28
_USR_WRITE = 1 << 27

_RESET_VALUES = {_USR: 0x8000_0044, _USR2: 0x7000_0000}

_READ_STATUS_1, _READ_STATUS_2, _READ_STATUS_3 = 0x05, 0x35, 0x15
_ANSWERED_WHILE_BUSY = frozenset({_READ_STATUS_1, _READ_STATUS_2, _READ_STATUS_3})


@dataclass(frozen=True, slots=True)
class _Transfer:
    """One transaction as the flash part sees it."""

    flash: NorFlash
    address: int
    data: bytes
    read_bytes: int
    at_ns: int


class SpiController:
    """The register window of SPI0, 256 bytes from 0x60000200, with a flash part behind it.

    Attributes:
        flash: The part.
        is_attached: Whether the pads lead to the part. A controller that is not attached reads 1s;
            the loader attaches it with FLASH_BEGIN, the stub when it starts.
    """

    def __init__(self, flash: NorFlash) -> None:
        self.flash = flash
        self.is_attached = False
        self._words = dict(_RESET_VALUES)

    def read(self, offset: int) -> int:
        """Value of the register at `offset` bytes into the window."""
        return self._words.get(offset, 0)

    def write(self, offset: int, value: int, at_ns: int) -> None:
        """Write a register; setting the run bit of CMD carries out the transaction at `at_ns`."""
        if offset != _CMD:
            self._words[offset] = value
        elif value & _CMD_RUN:
            self._run(at_ns)

    def _run(self, at_ns: int) -> None:
        usr, usr1 = self.read(_USR), self.read(_USR1)
        address_bits = (usr1 >> 26) + 1 if usr & _USR_ADDRESS else 0
        write_bits = (usr1 >> 17 & 0x1FF) + 1 if usr & _USR_WRITE else 0
        read_bits = (usr1 >> 8 & 0x1FF) + 1 if usr & _USR_READ else 0
        read_bytes = -(-read_bits // 8)
        answer = b""
        if self.is_attached and usr & _USR_COMMAND:
            transfer = _Transfer(
                flash=self.flash,
                address=self.read(_ADDR) >> 32 - min(address_bits, 32),
                data=self._output()[: write_bits // 8],
                read_bytes=read_bytes,
                at_ns=at_ns,
            )
            answer = _answer(self.read(_USR2) & 0xFF, transfer)
        if read_bits:
            self._store(answer[:read_bytes].ljust(read_bytes, b"\xff"), read_bits)

    def _output(self) -> bytes:
        words = (self.read(_W0 + 4 * index) for index in range(_DATA_WORDS))
        return b"".join(word.to_bytes(4, "little") for word in words)

    def _store(self, answer: bytes, read_bits: int) -> None:
        """Put what was read into W0 and on; bits beyond `read_bits` become 0."""
        value = int.from_bytes(answer, "little") & (1 << read_bits) - 1
        for index in range(-(-read_bits // 32)):
            self._words[_W0 + 4 * index] = value >> 32 * index & 0xFFFF_FFFF


def _answer(opcode: int, transfer: _Transfer) -> bytes:
    """What the part sends back; nothing (the line stays high) for a command it ignores."""
    is_busy = transfer.at_ns < transfer.flash.busy_until_ns
    command = _COMMANDS.get(opcode)
    if command is None or (is_busy and opcode not in _ANSWERED_WHILE_BUSY):
        return b""
    return command(transfer)


def _reads_status(index: int) -> Callable[[_Transfer], bytes]:
    def command(transfer: _Transfer) -> bytes:
        value = transfer.flash.read_status(index, transfer.at_ns)
        return bytes((value,)) * transfer.read_bytes

    return command


def _writes_status(index: int, *, limit: int) -> Callable[[_Transfer], bytes]:
    def command(transfer: _Transfer) -> bytes:
        transfer.flash.status.write(index, transfer.data[:limit])
        return b""

    return command


def _needs_write_enable(operation: Callable[[_Transfer], int]) -> Callable[[_Transfer], bytes]:
    """A command that does nothing unless 06 came before it."""

    def command(transfer: _Transfer) -> bytes:
        status = transfer.flash.status
        if status.is_write_enabled:
            status.disable_write()
            operation(transfer)
        return b""

    return command


def _does(action: Callable[[NorFlash], None]) -> Callable[[_Transfer], bytes]:
    def command(transfer: _Transfer) -> bytes:
        action(transfer.flash)
        return b""

    return command


def _read_array(transfer: _Transfer) -> bytes:
    return transfer.flash.read(transfer.address, transfer.read_bytes)


_erase_chip = _needs_write_enable(lambda do: do.flash.erase_chip(do.at_ns))

# 66 (reset enable) goes before 99 (reset), which alone is taken as the reset here.
_COMMANDS: dict[int, Callable[[_Transfer], bytes]] = {
    0x01: _writes_status(0, limit=2),
    0x02: _needs_write_enable(lambda do: do.flash.program(do.address, do.data, do.at_ns)),
    0x03: _read_array,
    0x04: _does(lambda flash: flash.status.disable_write()),
    _READ_STATUS_1: _reads_status(0),
    0x06: _does(lambda flash: flash.status.enable_write()),
    0x0B: _read_array,
    0x11: _writes_status(2, limit=1),
    _READ_STATUS_3: _reads_status(2),
    0x20: _needs_write_enable(lambda do: do.flash.erase_sector(do.address, do.at_ns)),
    0x31: _writes_status(1, limit=1),
    _READ_STATUS_2: _reads_status(1),
    0x50: _does(lambda flash: flash.status.enable_volatile_write()),
    0x5A: lambda do: do.flash.sfdp[do.address :][: do.read_bytes],
    0x60: _erase_chip,
    0x99: _does(lambda flash: flash.status.reset()),
    0x9F: lambda do: do.flash.jedec_id,
    0xC7: _erase_chip,
    0xD8: _needs_write_enable(lambda do: do.flash.erase_block(do.address, do.at_ns)),
}
