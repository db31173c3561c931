from __future__ import annotations

import pytest

from hil.units import KIB, MIB, NS_PER_MS
from hil.virtual.efuse import Efuse
from hil.virtual.errors import VirtualError
from hil.virtual.flash import NorFlash
from hil.virtual.registers import RegisterMap

# From a public log of a real chip; word 0 only has the last byte of the address.
REAL_EFUSE = Efuse((0xC1000000, 0x02007681, 0xF200B000, 0x00840D8E))

CMD, ADDR, USR, USR1, USR2, W0 = (0x60000200 + offset for offset in (0, 4, 0x1C, 0x20, 0x24, 0x40))
RUN = 1 << 18


class SpiHost:
    """Runs flash commands through the registers, as a host does."""

    def __init__(self, flash: NorFlash, *, is_attached: bool = True) -> None:
        self.registers = RegisterMap(flash, REAL_EFUSE, baud=115200, crystal_hz=26_000_000)
        self.registers.spi.is_attached = is_attached
        self.now_ns = 0

    def write(self, address: int, value: int) -> None:
        self.registers.write(address, value, 0xFFFF_FFFF, self.now_ns)

    def command(
        self, opcode: int, data: bytes = b"", *, read_bits: int = 0, address: int | None = None
    ) -> int:
        has_address = address is not None
        usr = 1 << 31 | has_address << 30 | (read_bits > 0) << 28 | (len(data) > 0) << 27
        lengths = max(read_bits - 1, 0) << 8 | max(len(data) * 8 - 1, 0) << 17
        self.write(USR1, lengths | (23 << 26 if has_address else 0))
        self.write(USR, usr)
        self.write(USR2, 7 << 28 | opcode)
        self.write(ADDR, (address or 0) << 8)
        for index in range(0, max(len(data), 1), 4):
            self.write(W0 + index, int.from_bytes(data[index : index + 4], "little"))
        self.write(CMD, RUN)
        assert not self.registers.read(CMD) & RUN
        return self.registers.read(W0)


def test_registers_have_their_reset_values() -> None:
    registers = SpiHost(NorFlash(MIB)).registers
    assert registers.read(USR) == 0x80000044
    assert registers.read(USR2) == 0x70000000
    assert registers.read(0x40001000) == 0xFFF0C101
    assert [registers.read(0x3FF00050 + 4 * index) for index in range(4)] == [
        0xC1000000,
        0x02007681,
        0xF200B000,
        0x00840D8E,
    ]


@pytest.mark.parametrize(
    ("baud", "crystal_hz", "divider"),
    [(115200, 26_000_000, 0x1C4), (921600, 26_000_000, 57), (115200, 40_000_000, 695)],
)
def test_uart_divider_is_twice_the_crystal_by_the_rate(
    baud: int, crystal_hz: int, divider: int
) -> None:
    registers = RegisterMap(NorFlash(MIB), REAL_EFUSE, baud=baud, crystal_hz=crystal_hz)
    assert registers.read(0x60000014) == divider


def test_flash_tells_its_id() -> None:
    host = SpiHost(NorFlash(4 * MIB))
    assert host.command(0x9F, read_bits=24) == 0x1640EF


def test_flash_tells_its_parameters() -> None:
    host = SpiHost(NorFlash(4 * MIB))
    assert host.command(0x5A, read_bits=32, address=0) == 0x50444653
    assert host.command(0x5A, read_bits=8, address=0x10) == 0xFF


def test_detached_flash_reads_as_ones() -> None:
    host = SpiHost(NorFlash(4 * MIB), is_attached=False)
    assert host.command(0x9F, read_bits=24) == 0xFFFFFF
    assert host.command(0x5A, read_bits=32, address=0) == 0xFFFFFFFF


def test_unknown_command_reads_as_ones() -> None:
    assert SpiHost(NorFlash(MIB)).command(0x77, read_bits=8) == 0xFF


def test_status_registers_are_written_one_by_one() -> None:
    host = SpiHost(NorFlash(MIB))
    for write, read, value in ((0x01, 0x05, 0x1C), (0x31, 0x35, 0x02), (0x11, 0x15, 0x60)):
        host.command(write, bytes([value]))
        assert host.command(read, read_bits=8) == 0  # not enabled
        host.command(0x06)
        host.command(write, bytes([value]))
        assert host.command(read, read_bits=8) == value


def test_first_two_status_registers_are_written_at_once() -> None:
    host = SpiHost(NorFlash(MIB))
    host.command(0x50)
    host.command(0x01, b"\x04\x02")
    assert host.command(0x05, read_bits=8) == 0x04
    assert host.command(0x35, read_bits=8) == 0x02
    host.command(0x66)
    host.command(0x99)
    assert host.command(0x05, read_bits=8) == 0x00


def test_write_enable_is_seen_and_taken_back() -> None:
    host = SpiHost(NorFlash(MIB))
    host.command(0x06)
    assert host.command(0x05, read_bits=8) == 0x02
    host.command(0x04)
    assert host.command(0x05, read_bits=8) == 0x00


def test_flash_is_programmed_read_and_erased_by_commands() -> None:
    flash = NorFlash(MIB)
    host = SpiHost(flash)
    host.command(0x02, b"lost", address=0x1000)
    host.command(0x06)
    host.command(0x02, b"kept", address=0x1000)
    assert host.command(0x05, read_bits=8) == 0x01  # busy, and no longer enabled
    assert host.command(0x9F, read_bits=24) == 0xFFFFFF
    host.now_ns += NS_PER_MS
    assert host.command(0x03, read_bits=32, address=0x1000) == int.from_bytes(b"kept", "little")
    host.command(0x06)
    host.command(0x20, address=0x1234)
    assert flash.is_erased(0x1000, 4)


@pytest.mark.parametrize(("opcode", "erased_bytes"), [(0xD8, 64 * KIB), (0xC7, MIB), (0x60, MIB)])
def test_larger_units_are_erased_by_commands(opcode: int, erased_bytes: int) -> None:
    flash = NorFlash(MIB, bytes(MIB))
    host = SpiHost(flash)
    host.command(0x06)
    host.command(opcode, address=0)
    assert flash.snapshot().count(0xFF) == erased_bytes


def test_long_answers_fill_the_words_and_no_bit_more() -> None:
    host = SpiHost(NorFlash(MIB, bytes(range(1, 65))))
    host.write(W0 + 36, 0xFFFFFFFF)
    host.command(0x03, read_bits=300, address=0)
    words = [host.registers.read(W0 + 4 * index) for index in range(10)]
    content = b"".join(word.to_bytes(4, "little") for word in words)
    assert content == bytes(range(1, 38)) + b"\x06\x00\x00"


def test_memory_keeps_what_is_written_and_rom_does_not() -> None:
    registers = SpiHost(NorFlash(MIB)).registers
    registers.write(0x3FFE8000, 0x12345678, 0xFFFFFFFF, 0)
    registers.write(0x3FFE8000, 0xAAAAAAAA, 0x0000FF00, 0)
    assert registers.read(0x3FFE8000) == 0x1234AA78
    assert registers.ram.read(0x3FFE8000, 4) == b"\x78\xaa\x34\x12"
    registers.write(0x40001000, 0, 0xFFFFFFFF, 0)
    assert registers.read(0x40001000) == 0xFFF0C101
    registers.write(0x60000300, 7, 0xFFFFFFFF, 0)
    assert registers.read(0x60000300) == 7
    assert registers.read(0x60000304) == 0


def test_memory_ends_where_its_region_ends() -> None:
    ram = SpiHost(NorFlash(MIB)).registers.ram
    ram.write(0x3FFFFFFE, b"abcd")
    assert ram.read(0x3FFFFFFC, 100) == b"\x00\x00ab"
    ram.write(0x50000000, b"lost")
    assert ram.read(0x50000000, 4) == b""


def test_efuse_holds_the_address() -> None:
    efuse = Efuse.for_mac(bytes.fromhex("18fe34a1b2c3"))
    assert efuse.mac == bytes.fromhex("18fe34a1b2c3")
    assert efuse.chip_id == 0x00A1B2C3
    assert REAL_EFUSE.mac == bytes.fromhex("840d8e7681c1")


@pytest.mark.parametrize("mac", [b"", bytes(5), b"\x01" + bytes(5)])
def test_address_that_no_chip_has_is_refused(mac: bytes) -> None:
    with pytest.raises(VirtualError, match="no chip has the MAC address"):
        Efuse.for_mac(mac)
