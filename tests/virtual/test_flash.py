from __future__ import annotations

import itertools
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.units import KIB, MIB, NS_PER_MS, NS_PER_US
from hil.virtual.errors import VirtualError
from hil.virtual.flash import TYPICAL_TIMING, FlashTiming, NorFlash

SIZE = 512 * KIB
REGION = 3 * NorFlash.SECTOR_BYTES

offsets = st.integers(0, REGION - 1)
erases = st.tuples(st.sampled_from(["sector", "block"]), offsets, st.just(b""))
programs = st.tuples(st.just("program"), offsets, st.binary(min_size=1, max_size=700))
operations = st.lists(st.one_of(erases, programs), min_size=1, max_size=6)


def run(flash: NorFlash, steps: list[tuple[str, int, bytes]]) -> list[tuple[int, bytes]]:
    """Ask for the steps one behind the other; returns each end and the content after it."""
    after = []
    end_ns = 0
    for kind, offset, data in steps:
        if kind == "sector":
            end_ns = flash.erase_sector(offset, end_ns)
        elif kind == "block":
            end_ns = flash.erase_block(offset, end_ns)
        else:
            end_ns = flash.program(offset, data, end_ns)
        after.append((end_ns, flash.snapshot()))
    return after


def as_bits(content: bytes) -> int:
    return int.from_bytes(content, "big")


@pytest.mark.parametrize(
    ("size_bytes", "jedec_id"),
    [
        (512 * KIB, b"\xef\x40\x13"),
        (1 * MIB, b"\xef\x40\x14"),
        (2 * MIB, b"\xef\x40\x15"),
        (4 * MIB, b"\xef\x40\x16"),
        (8 * MIB, b"\xef\x40\x17"),
        (16 * MIB, b"\xef\x40\x18"),
    ],
)
def test_part_names_its_size(size_bytes: int, jedec_id: bytes) -> None:
    flash = NorFlash(size_bytes)
    assert flash.jedec_id == jedec_id
    assert flash.sfdp[:4] == b"SFDP"
    assert flash.sfdp[0x10] != 0x20  # the vendor whose parts esptool treats apart
    table = int.from_bytes(flash.sfdp[0x0C:0x0F], "little")
    assert struct.unpack_from("<I", flash.sfdp, table + 4)[0] == size_bytes * 8 - 1


@pytest.mark.parametrize("size_bytes", [0, 256 * KIB, 3 * MIB, 32 * MIB])
def test_other_sizes_are_refused(size_bytes: int) -> None:
    with pytest.raises(VirtualError) as caught:
        NorFlash(size_bytes)
    assert str(caught.value).startswith("no flash part of ")
    assert str(caught.value).endswith("choose 512KB, 1MB, 2MB, 4MB, 8MB, 16MB")


def test_content_that_does_not_fit_is_refused() -> None:
    with pytest.raises(VirtualError) as caught:
        NorFlash(SIZE).load(SIZE - 1, b"ab")
    assert str(caught.value) == "2 B at 0x7FFFF do not fit into a flash of 512KB"


def test_content_lies_at_0_and_the_rest_is_erased() -> None:
    flash = NorFlash(SIZE, b"abc")
    assert flash.read(0, 5) == b"abc\xff\xff"
    assert flash.is_erased(3, SIZE - 3)
    assert not flash.is_erased(2, 2)


def test_addresses_wrap_at_the_size() -> None:
    flash = NorFlash(SIZE, b"ab")
    assert flash.read(SIZE - 1, 3) == b"\xffab"
    assert flash.read(7 * SIZE, 2) == b"ab"
    assert len(flash.read(1, 2 * SIZE + 5)) == 2 * SIZE + 5
    flash.program(SIZE - 1, b"\x01\x00", 0)
    assert flash.read(SIZE - 1, 3) == b"\x01\x00b"


def test_programming_costs_by_page() -> None:
    flash = NorFlash(SIZE)
    page_ns = TYPICAL_TIMING.page_program_ns
    assert flash.program(0, bytes(256), 1000) == 1000 + page_ns
    assert flash.program(SIZE // 2 + 255, bytes(2), 10**9) == 10**9 + 2 * page_ns
    assert flash.program(0, b"", 2 * 10**9) == 2 * 10**9
    assert (flash.program_count, flash.write_count) == (3, 3)


def test_one_operation_runs_at_a_time() -> None:
    flash = NorFlash(SIZE)
    end_ns = flash.erase_sector(0, 0)
    assert end_ns == 45 * NS_PER_MS
    assert flash.program(0, b"x", 5) == end_ns + 400 * NS_PER_US
    assert flash.erase_sector(0, 5) == end_ns + 400 * NS_PER_US + 45 * NS_PER_MS
    assert flash.read_status(0, 5) & 1
    assert not flash.read_status(0, flash.busy_until_ns) & 1


def test_erase_units_are_counted_by_sector() -> None:
    flash = NorFlash(SIZE, bytes(SIZE))
    flash.erase_sector(0x1FFF, 0)
    flash.erase_block(0x1FFFF, 0)
    assert flash.erase_counts[:2] == [0, 1]
    assert flash.erase_counts[16:33] == [1] * 16 + [0]
    assert flash.is_erased(0x10000, 0x10000)
    assert flash.read(0, 0x1000) == bytes(0x1000)
    assert flash.write_count == 2


def test_range_is_erased_by_blocks_where_it_covers_them() -> None:
    flash = NorFlash(SIZE, bytes(SIZE))
    end_ns = flash.erase_range(0xF000, 0x12000, 0)
    assert end_ns == 2 * TYPICAL_TIMING.sector_erase_ns + TYPICAL_TIMING.block_erase_ns
    assert flash.is_erased(0xF000, 0x12000)
    assert flash.erase_counts[0xE:0x22] == [0] + [1] * 18 + [0]


def test_whole_chip_of_4_mb_takes_9_6_s() -> None:
    flash = NorFlash(4 * MIB, b"x")
    assert flash.erase_chip(0) == 9_600 * NS_PER_MS
    assert flash.is_erased(0, 4 * MIB)


def test_lasting_status_bits_survive_a_power_cut_and_volatile_ones_do_not() -> None:
    flash = NorFlash(SIZE)
    flash.status.write(1, b"\x02")
    assert flash.read_status(1, 0) == 0  # no enabling command came before
    flash.status.enable_write()
    assert flash.read_status(0, 0) == 2
    flash.status.write(0, b"\x1c\x02")
    assert [flash.read_status(index, 0) for index in range(3)] == [0x1C, 0x02, 0]
    flash.status.enable_volatile_write()
    flash.status.write(2, b"\x20")
    assert flash.read_status(2, 0) == 0x20
    flash.cut_power(0)
    assert [flash.read_status(index, 0) for index in range(3)] == [0x1C, 0x02, 0]


@given(st.binary(min_size=1, max_size=600), st.binary(min_size=1, max_size=600), offsets)
def test_programming_only_clears_bits(first: bytes, second: bytes, offset: int) -> None:
    flash = NorFlash(SIZE)
    flash.program(offset, first, 0)
    before = flash.read(offset, len(second))
    flash.program(offset, second, flash.busy_until_ns)
    after = flash.read(offset, len(second))
    assert as_bits(after) == as_bits(before) & as_bits(second)


@given(operations, st.data())
def test_power_cut_leaves_every_bit_between_old_and_new(
    steps: list[tuple[str, int, bytes]], data: st.DataObject
) -> None:
    flash = NorFlash(SIZE, bytes(range(256)) * 48)
    before = flash.snapshot()
    ends = run(flash, steps)
    cut_ns = data.draw(st.integers(0, ends[-1][0] + 1))
    flash.cut_power(cut_ns)

    old = before
    new = before
    for start_ns, (end_ns, content) in zip([0, *(end for end, _ in ends)], ends, strict=False):
        if end_ns <= cut_ns:
            old = new = content
        elif start_ns < cut_ns:
            new = content
    lower = as_bits(old) & as_bits(new)
    upper = as_bits(old) | as_bits(new)
    left = as_bits(flash.snapshot())
    assert left & lower == lower
    assert left | upper == upper
    assert flash.busy_until_ns <= cut_ns


def test_cut_while_programming_leaves_pages_in_order_and_one_byte_torn() -> None:
    flash = NorFlash(SIZE, timing=FlashTiming(page_program_ns=2048))
    flash.program(0, bytes(512), 0)
    flash.cut_power(2048 + 8 * 10 + 3)  # a bit each ns: page 0, ten bytes, three bits
    assert flash.read(0, 512) == bytes(266) + b"\xf8" + b"\xff" * 245


def test_cut_while_erasing_leaves_a_repeatable_mixture() -> None:
    def erase_until(cut_ns: int) -> bytes:
        flash = NorFlash(SIZE, bytes(4096))
        flash.erase_sector(0, 0)
        flash.cut_power(cut_ns)
        return flash.read(0, 4096)

    quarters = [erase_until(45 * NS_PER_MS * quarter // 4) for quarter in (1, 2, 3)]
    ones = [as_bits(content).bit_count() for content in quarters]
    assert [round(4 * count / (4096 * 8)) for count in ones] == [1, 2, 3]
    assert quarters == [erase_until(45 * NS_PER_MS * quarter // 4) for quarter in (1, 2, 3)]


def test_cut_takes_back_the_wear_of_what_never_began() -> None:
    flash = NorFlash(SIZE, b"old")
    end_ns = flash.erase_sector(0, 0)
    flash.program(0, b"new", end_ns)
    flash.cut_power(0)
    assert flash.read(0, 3) == b"old"
    assert flash.erase_counts[0] == 0
    assert flash.program_count == 0
    assert flash.write_count == 2


def test_settled_operations_cannot_be_undone() -> None:
    flash = NorFlash(SIZE)
    end_ns = flash.program(0, b"a", 0)
    flash.program(1, b"b", end_ns)
    flash.settle(end_ns)
    flash.cut_power(end_ns)
    assert flash.read(0, 2) == b"a\xff"


def test_loaded_content_stays_in_a_cut() -> None:
    flash = NorFlash(SIZE)
    flash.program(0, b"abc", 0)
    flash.load(0, b"xyz")
    flash.cut_power(1)
    assert flash.read(0, 3) == b"xyz"


def test_instant_part_keeps_everything() -> None:
    flash = NorFlash(SIZE, timing=FlashTiming(0, 0, 0))
    for offset, data in itertools.product((0, 4096), (b"\x0f", b"\xf8")):
        flash.program(offset, data, 7)
    flash.erase_sector(4096, 7)
    flash.cut_power(7)
    assert flash.read(0, 1) == b"\x08"
    assert flash.read(4096, 1) == b"\xff"
