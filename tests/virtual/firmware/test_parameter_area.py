"""Section 6 of the document: where and how settings are stored."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.units import KIB, MIB
from hil.virtual.errors import VirtualError
from hil.virtual.firmware.dialect import DOCUMENTED, ESPRESSIF_0_23, Dialect
from hil.virtual.firmware.flag_log import ACTIVE, CLEARED, WRITING, FlagLog, log_entry
from hil.virtual.firmware.parameter_area import ParameterArea, area_offsets
from hil.virtual.firmware.parameter_store import ParameterStore
from hil.virtual.firmware.setting_record import decode_settings
from hil.virtual.firmware.settings import SystemSettings, UartSettings, UserSettings
from hil.virtual.firmware.stored_copy import StoredCopy, read_copy
from hil.virtual.flash import NorFlash

from .chip_player import OK, ready_player

both_dialects = pytest.mark.parametrize("dialect", [DOCUMENTED, ESPRESSIF_0_23])
SECTOR_BYTES = 4096
BLANK = b"\xff" * SECTOR_BYTES


@pytest.mark.parametrize(
    ("size_bytes", "user", "system"),
    [
        (512 * KIB, 0x3C000, 0x7C000),
        (1 * MIB, 0x7C000, 0xFC000),
        (2 * MIB, 0x7C000, 0x1FC000),
        (4 * MIB, 0x7C000, 0x3FC000),
    ],
)
def test_the_areas_follow_the_flash_size(size_bytes: int, user: int, system: int) -> None:
    assert area_offsets(size_bytes) == (user, system)
    player = ready_player(flash=NorFlash(size_bytes))
    for line, offset in ((b"AT+UART_DEF=9600,8,1,0,0", user), (b"AT+CWMODE_DEF=3", system)):
        before = player.flash.snapshot()
        assert player.ask(line) == OK
        after = player.flash.snapshot()
        end = offset + 16 * KIB
        assert before[offset:end] != after[offset:end]
        assert before[:offset] + before[end:] == after[:offset] + after[end:]


@pytest.mark.parametrize(("size_bytes", "code"), [(2 * MIB, 5), (4 * MIB, 6), (8 * MIB, 8)])
def test_the_map_1024_1024_moves_the_user_area(size_bytes: int, code: int) -> None:
    assert area_offsets(size_bytes, code) == (0xFC000, size_bytes - 16 * KIB)
    flash = NorFlash(size_bytes, bytes([0xE9, 3, 0, code << 4]))
    player = ready_player(flash=flash)
    assert player.ask(b"AT+UART_DEF=9600,8,1,0,0") == OK
    assert flash.read(0x7C000, 16 * KIB) == b"\xff" * 16 * KIB
    assert flash.read(0xFC000, 16 * KIB) != b"\xff" * 16 * KIB


def test_a_flash_without_parameter_areas_is_a_mistake() -> None:
    with pytest.raises(VirtualError) as caught:
        area_offsets(256 * KIB)
    assert str(caught.value) == (
        "the AT firmware has no parameter areas in a flash of 256KB; it takes 512KB, 1MB or more"
    )


def sectors(player_area: bytes) -> list[bytes]:
    return [player_area[n : n + SECTOR_BYTES] for n in range(0, 4 * SECTOR_BYTES, SECTOR_BYTES)]


@both_dialects
def test_the_first_store_goes_to_sector_2_and_the_next_to_sector_1(dialect: Dialect) -> None:
    player = ready_player(dialect)
    player.ask(b"AT+CWMODE_DEF=1")
    first = sectors(player.areas()[1])
    assert [sector == BLANK for sector in first] == [True, True, False, False]
    player.ask(b"AT+CWMODE_DEF=3")
    second = sectors(player.areas()[1])
    assert [sector == BLANK for sector in second] == [True, False, False, False]
    assert second[2] == first[2]
    player.ask(b"AT+CWMODE_DEF=2")
    third = sectors(player.areas()[1])
    assert third[1] == second[1]
    assert third[2] != second[2]


def test_a_stored_copy_byte_for_byte() -> None:
    player = ready_player()
    player.ask(b"AT+UART_DEF=9600,8,1,0,3")
    _, _, copy, flag = sectors(player.areas()[0])
    header = b"ATpa" + b"\x01\x00" + b"\x00\x00" + b"\x01\x00\x00\x00" + b"\x16\x00\x00\x00"
    uart = b"\x01\x08" + b"\x80\x25\x00\x00" + b"\x08\x01\x00\x03"
    dhcp = b"\x02\x01\x01" + b"\x03\x01\x01"
    not_set = b"\x04\x00" + b"\x05\x00" + b"\x06\x00"
    assert copy.rstrip(b"\xff") == header + copy[16:20] + uart + dhcp + not_set
    assert flag.rstrip(b"\xff") == b"W2\xa8\xcd" + b"A2\xbe\xcd"


@both_dialects
@pytest.mark.parametrize("stores", [1, 2, 3])
def test_blanking_the_copy_that_counts_resets(stores: int, dialect: Dialect) -> None:
    player = ready_player(dialect)
    for mode in (b"1", b"3", b"1")[:stores]:
        player.ask(b"AT+CWMODE_DEF=" + mode)
    active = 1 if stores == 2 else 2
    player.flash.load(0xFC000 + active * SECTOR_BYTES, BLANK)
    player.power_cycle()
    assert b"+CWMODE_DEF:2\r\n" in player.ask(b"AT+CWMODE_DEF?")


@pytest.mark.parametrize(
    ("dialect", "answer"), [(DOCUMENTED, b"+CWMODE_DEF:2"), (ESPRESSIF_0_23, b"+CWMODE_DEF:3")]
)
def test_the_factory_download_misses_the_other_copy_of_the_real_firmware(
    dialect: Dialect, answer: bytes
) -> None:
    player = ready_player(dialect)
    player.ask(b"AT+CWMODE_DEF=1")
    player.ask(b"AT+CWMODE_DEF=3")
    player.flash.load(0x7E000, BLANK)
    player.flash.load(0xFE000, BLANK)
    player.power_cycle()
    assert answer in player.ask(b"AT+CWMODE_DEF?")


@both_dialects
@pytest.mark.parametrize("blanked", [1, 2, 3])
def test_a_store_after_a_sector_was_blanked_is_kept(blanked: int, dialect: Dialect) -> None:
    player = ready_player(dialect)
    player.ask(b"AT+CWMODE_DEF=1")
    player.ask(b"AT+CWMODE_DEF=3")
    player.flash.load(0xFC000 + blanked * SECTOR_BYTES, BLANK)
    player.power_cycle()
    player.ask(b"AT+CWMODE_DEF=1")
    player.power_cycle()
    assert b"+CWMODE_DEF:1\r\n" in player.ask(b"AT+CWMODE_DEF?")


def test_records_of_unknown_tags_are_kept() -> None:
    flash = NorFlash(MIB)
    area = ParameterArea(flash, 0x7C000, blank_means_factory=True)
    end_ns = area.save({200: b"of a newer firmware"}, 0)
    store = ParameterStore(flash, blank_means_factory=True)
    assert store.user == UserSettings()
    store.save_user(UserSettings(UartSettings(9600)), end_ns)
    assert area.load()[200] == b"of a newer firmware"


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"\x00" * 8,
        b"\xff" * 8,
        b"\x80\x25\x00\x00\x08\x01\x00",
        b"\x80\x25\x00\x00\x08\x01\x00\x00\x00",
        b"\x80\x25\x00\x00\x09\x01\x00\x00",
        b"\x80\x25\x00\x00\x08\x00\x00\x00",
        b"\x80\x25\x00\x00\x08\x01\x03\x00",
        b"\x80\x25\x00\x00\x08\x01\x00\x04",
    ],
)
def test_a_record_without_legal_settings_means_the_factory_values(record: bytes) -> None:
    assert decode_settings(UserSettings, {1: record}) == UserSettings()


@pytest.mark.parametrize("record", [b"", b"\x00", b"\x04", b"\x00\x00\x09"])
def test_a_record_without_a_wifi_mode_means_the_factory_mode(record: bytes) -> None:
    assert decode_settings(SystemSettings, {1: record}) == SystemSettings()


@given(
    sequence=st.integers(0, 2**32 - 1),
    opens_log=st.integers(0, 2**15 - 1),
    records=st.dictionaries(st.integers(0, 255), st.binary(max_size=255), max_size=8),
)
def test_a_copy_is_read_as_it_was_written(
    sequence: int, opens_log: int, records: dict[int, bytes]
) -> None:
    copy = StoredCopy(sequence, opens_log, records)
    assert read_copy(copy.encode().ljust(SECTOR_BYTES, b"\xff")) == copy


@given(st.binary(min_size=64, max_size=64), st.integers(0, 60))
def test_garbage_is_no_copy(garbage: bytes, position: int) -> None:
    whole = StoredCopy(7, 0, {1: b"\x02", 2: b"value"}).encode().ljust(64, b"\xff")
    damaged = whole[:position] + garbage[position:]
    assert read_copy(damaged) is None or damaged[:29] == whole[:29]


@both_dialects
@pytest.mark.parametrize("seed", range(10))
def test_garbage_in_the_areas_means_the_factory_values(seed: int, dialect: Dialect) -> None:
    flash = NorFlash(MIB)
    for offset in (0x7C000, 0xFC000):
        flash.load(offset, hashlib.shake_128(b"%d %d" % (seed, offset)).digest(16 * KIB))
    player = ready_player(dialect, flash)
    assert player.ask(b"AT+CWMODE_DEF?") == b"+CWMODE_DEF:2\r\n" + OK
    assert player.ask(b"AT+CWMODE_DEF=3") == OK
    player.power_cycle()
    assert b"+CWMODE_DEF:3\r\n" in player.ask(b"AT+CWMODE_DEF?")


class TestFlagLog:
    def log(self, words: bytes, *, cleared: bytes = b"") -> FlagLog:
        return FlagLog(words.ljust(SECTOR_BYTES - len(cleared), b"\xff") + cleared)

    def test_a_blank_sector_says_nothing(self) -> None:
        log = self.log(b"")
        assert (log.number, log.active, log.writing, log.is_cleared) == (0, None, None, False)
        assert log.free_slots == range(1022)

    def test_the_last_entry_counts(self) -> None:
        log = self.log(WRITING[2] + ACTIVE[2] + WRITING[1])
        assert (log.active, log.writing) == (2, 1)
        log = self.log(WRITING[2] + ACTIVE[2] + WRITING[1] + ACTIVE[1])
        assert (log.active, log.writing) == (1, None)

    def test_a_later_log_has_a_number(self) -> None:
        assert self.log(log_entry(5) + ACTIVE[1]).number == 5
        assert self.log(b"\xff\xff\xff\xff" + ACTIVE[1]).number == 0

    def test_cleared_is_the_last_word(self) -> None:
        assert self.log(ACTIVE[2], cleared=CLEARED).is_cleared

    @pytest.mark.parametrize("position", range(32))
    @pytest.mark.parametrize(
        "entry", [*WRITING.values(), *ACTIVE.values(), log_entry(1), log_entry(32767)]
    )
    def test_an_entry_with_one_bit_too_many_does_not_count(
        self, entry: bytes, position: int
    ) -> None:
        more = int.from_bytes(entry, "big") | 1 << position
        log = self.log(more.to_bytes(4, "big"))
        says_nothing = (log.number, log.active, log.writing) == (0, None, None)
        assert says_nothing == (more != int.from_bytes(entry, "big"))
        assert log.free_slots == range(1, 1022)

    @pytest.mark.parametrize("position", range(32))
    def test_cleared_with_one_bit_too_many_does_not_count(self, position: int) -> None:
        more = int.from_bytes(CLEARED, "big") | 1 << position
        log = self.log(b"", cleared=more.to_bytes(4, "big"))
        assert log.is_cleared == (more == int.from_bytes(CLEARED, "big"))
