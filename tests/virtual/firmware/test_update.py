"""Section 5.2 of the document, command 16: AT+CIUPDATE."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.flashing.image import FlashMap, Role
from hil.flashing.layout import plan_layout
from hil.flashing.synthesis import synthesize
from hil.units import KIB, MIB, NS_PER_MS, NS_PER_S
from hil.virtual.air.message import ApLost
from hil.virtual.boot_loader import BootStep, run_boot_loader
from hil.virtual.firmware.dialect import DOCUMENTED, Dialect
from hil.virtual.flash import NorFlash
from hil.virtual.image import read_ram_image, read_user_image, version_strings
from hil.virtual.user_slot import BootSwitch

from .chip_player import BUSY, ERROR, OK
from .link_player import DIALECTS, LinkPlayer
from .update_server import UpdateServer, reply

if TYPE_CHECKING:
    from hil.flashing.manifest import Firmware

STAGES = [b"+CIPUPDATE:%d\r\n" % stage for stage in range(1, 5)]
USER2 = 0x81000
USER1_BYTES = 50_000
NEW_VERSION = "0.24.0.0"


@cache
def firmware(flash_map: FlashMap = FlashMap.SPLIT_512, *, has_crc: bool = True) -> Firmware:
    """What is on the module at first."""
    return synthesize(user1_bytes=USER1_BYTES, flash_map=flash_map, has_crc=has_crc)


@cache
def new_programs(
    flash_map: FlashMap = FlashMap.SPLIT_512, *, has_crc: bool = True, size_bytes: int = 60_000
) -> dict[str, bytes]:
    """What is on the server."""
    new = synthesize(
        at_version=NEW_VERSION, user1_bytes=size_bytes, flash_map=flash_map, has_crc=has_crc
    )
    images = {"user1.bin": new.image(Role.USER1), "user2.bin": new.image(Role.USER2)}
    return {name: image.read() for name, image in images.items() if image is not None}


def factory_flash(size_bytes: int = MIB, flash_map: FlashMap = FlashMap.SPLIT_512) -> NorFlash:
    flash = NorFlash(size_bytes)
    layout = plan_layout(firmware(flash_map), size_bytes, force_512k=True)
    for region in layout.regions:
        flash.load(region.offset, region.expected_data)
    return flash


def joined_player(dialect: Dialect = DOCUMENTED, flash: NorFlash | None = None) -> LinkPlayer:
    player = LinkPlayer(dialect, factory_flash() if flash is None else flash)
    player.join()
    return player


def server_for(player: LinkPlayer) -> UpdateServer:
    return UpdateServer(player, new_programs())


def update(player: LinkPlayer, server: UpdateServer) -> bytes:
    """Run the command to its end; returns what the firmware says."""
    player.take_sent()
    player.send(b"AT+CIUPDATE\r\n")
    server.run()
    said, _, _ = player.take_sent().partition(b"\r\nready")
    return said


def started(flash: NorFlash) -> tuple[bytes, str]:
    """What the boot loader says it starts, and the version of that."""
    boot = read_ram_image(flash, 0)
    assert boot is not None
    run = run_boot_loader(flash, boot, is_second_try=False)
    assert run.step is BootStep.RUN
    assert run.user is not None
    versions = version_strings(run.user.content)
    assert versions is not None
    return run.text.splitlines()[-2], versions.at_version


class TestSuccess:
    @pytest.mark.parametrize("dialect", DIALECTS)
    def test_four_stages_ok_and_the_restart_into_the_other_program(self, dialect: Dialect) -> None:
        player = joined_player(dialect)
        server = server_for(player)
        assert update(player, server) == b"".join(STAGES) + OK
        assert player.restarts == 1
        assert started(player.flash) == (b"jump to run user2 @ 81000", NEW_VERSION)
        assert server.names == ["iot.espressif.cn"]
        assert server.targets == [
            "/v1/device/rom/?is_format_simple=true",
            "/v1/device/rom/?action=download_rom&version=v0.24&filename=user2.bin",
        ]

    def test_the_flash_holds_what_the_server_sent_and_all_else_is_as_before(self) -> None:
        player = joined_player()
        before = player.flash.snapshot()
        update(player, server_for(player))
        after = player.flash.snapshot()
        program = new_programs()["user2.bin"]
        erased_behind = -len(program) % 4096
        end = USER2 + len(program) + erased_behind
        assert after[USER2:end] == program + b"\xff" * erased_behind
        assert after[:0xFF0] + after[0x1000:USER2] == before[:0xFF0] + before[0x1000:USER2]
        assert after[end:] == before[end:]

    def test_the_next_update_fetches_the_other_program(self) -> None:
        player = joined_player()
        server = server_for(player)
        for number, offset in ((2, b"81000"), (1, b"1000"), (2, b"81000")):
            assert update(player, server) == b"".join(STAGES) + OK
            assert server.targets[-1].endswith(f"filename=user{number}.bin")
            assert started(player.flash)[0] == b"jump to run user%d @ %s" % (number, offset)
            player.settle()
            player.ask(b"ATE0")
            player.join()

    @pytest.mark.parametrize(
        ("size_bytes", "flash_map", "jump"),
        [
            (512 * KIB, FlashMap.SPLIT_256, b"jump to run user2 @ 41000"),
            (2 * MIB, FlashMap.SPLIT_512, b"jump to run user2 @ 81000"),
            (2 * MIB, FlashMap.SPLIT_1024, b"jump to run user2 @ 101000"),
        ],
    )
    def test_other_flashes(self, size_bytes: int, flash_map: FlashMap, jump: bytes) -> None:
        player = joined_player(flash=factory_flash(size_bytes, flash_map))
        server = UpdateServer(player, new_programs(flash_map))
        assert update(player, server) == b"".join(STAGES) + OK
        assert started(player.flash) == (jump, NEW_VERSION)

    def test_programs_of_the_older_format(self) -> None:
        player = joined_player()
        server = UpdateServer(player, new_programs(has_crc=False))
        assert update(player, server) == b"".join(STAGES) + OK
        assert started(player.flash) == (b"jump to run user2 @ 81000", NEW_VERSION)

    def test_a_program_that_ends_with_a_sector_is_parted_from_what_was_behind(self) -> None:
        player = joined_player()
        programs = new_programs(has_crc=False, size_bytes=57_344)
        assert len(programs["user2.bin"]) == 57_344
        player.flash.load(USER2, b"\0" * 65_536)
        assert update(player, UpdateServer(player, programs)) == b"".join(STAGES) + OK
        image = read_user_image(player.flash, USER2)
        assert image is not None
        assert image.is_crc_intact is None

    def test_it_takes_as_long_as_the_flash_does(self) -> None:
        player = joined_player()
        begun_ns = player.now_ns
        update(player, server_for(player))
        sectors, pages = 15, 235
        assert len(new_programs()["user2.bin"]) == 59_988
        flash_ns = sectors * 45 * NS_PER_MS + pages * 400_000
        taken_ns = player.flash.busy_until_ns - begun_ns
        assert flash_ns < taken_ns < flash_ns + 10 * NS_PER_MS

    def test_other_lines_are_turned_away_meanwhile(self) -> None:
        player = joined_player()
        server = server_for(player)
        player.send(b"AT+CIUPDATE\r\n")
        server.run(player.now_ns + 100 * NS_PER_MS)
        player.take_sent()
        player.send(b"AT\r\n")
        assert player.take_sent() == BUSY

    def test_stored_settings_stay(self) -> None:
        player = joined_player()
        player.ask(b"AT+UART_DEF=9600,8,1,0,0")
        player.ask(b"AT+CWAUTOCONN=0")
        areas = player.areas()
        update(player, server_for(player))
        assert player.areas() == areas

    def test_the_size_of_a_page_of_versions_does_not_matter(self) -> None:
        player = joined_player()
        server = server_for(player)
        server.version_reply = reply(b" " * 4000 + b'"rom_version":"v0.24"')
        assert update(player, server) == b"".join(STAGES) + OK


class TestFailure:
    """ERROR, and the version that runs stays the one that is started."""

    def fails(self, player: LinkPlayer, server: UpdateServer, stages: int) -> None:
        user1 = player.flash.read(0, USER2)
        assert update(player, server) == b"".join(STAGES[:stages]) + ERROR
        assert player.flash.read(0, USER2) == user1
        assert player.restarts == 0
        assert started(player.flash) == (b"jump to run user1 @ 1000", "0.23.0.0")
        assert player.order(b"AT") == OK

    def fails_without_a_trace(self, player: LinkPlayer, server: UpdateServer, stages: int) -> None:
        before = player.flash.snapshot()
        self.fails(player, server, stages)
        assert player.flash.snapshot() == before

    def test_not_joined(self) -> None:
        player = LinkPlayer(flash=factory_flash())
        self.fails_without_a_trace(player, server_for(player), 0)

    def test_the_name_is_not_known(self) -> None:
        player = joined_player()
        server = server_for(player)
        server.address = None
        self.fails_without_a_trace(player, server, 0)

    def test_nobody_answers_the_question_for_the_name(self) -> None:
        player = joined_player()
        player.send(b"AT+CIUPDATE\r\n")
        player.wait(8 * NS_PER_S)
        assert player.take_sent() == ERROR

    @pytest.mark.parametrize(("connections", "stages"), [(0, 1), (1, 3)])
    def test_the_server_refuses(self, connections: int, stages: int) -> None:
        player = joined_player()
        server = server_for(player)
        server.refusals = connections
        self.fails_without_a_trace(player, server, stages)

    @pytest.mark.parametrize(
        "version_reply",
        [
            reply(b'"rom_version": "v0.24"', b"404 Not Found"),
            reply(b"no version here"),
            reply(b'"rom_version": "v 0.24"'),
            reply(b'"rom_version": "much longer than any"'),
            reply(b'"rom_version": ""'),
            reply(b" " * 5000 + b'"rom_version": "v0.24"'),
            b'SSH-2.0 "rom_version": "v0.24"\r\n\r\n"rom_version": "v0.24"',
            b"HTTP/1.1 200 OK\r\n" + b"x" * 5000,
            b"",
        ],
    )
    def test_there_is_no_version(self, version_reply: bytes) -> None:
        player = joined_player()
        server = server_for(player)
        server.version_reply = version_reply
        self.fails_without_a_trace(player, server, 2)

    @pytest.mark.parametrize(
        "whole",
        [
            reply(b"not here", b"404 Not Found"),
            reply(b"<html>" * 1000),
            reply(new_programs()["user1.bin"]),
            reply(b"\xea"),
            reply(b""),
            reply(b"\xea\x04\x00\x02" + bytes(10_000), length=0x7B001),
            b"HTTP/1.1 200 OK\r\n\r\n" + new_programs()["user2.bin"],
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"garbage\r\n\r\n" + new_programs()["user2.bin"],
            b"",
        ],
        ids=[
            "not found",
            "a page",
            "the wrong program",
            "a byte",
            "nothing",
            "more than fits",
            "no length",
            "chunks",
            "no reply",
            "silence",
        ],
    )
    def test_what_comes_is_no_program_for_the_slot(self, whole: bytes) -> None:
        player = joined_player()
        server = server_for(player)
        server.change = lambda _: whole
        self.fails_without_a_trace(player, server, 4)

    def test_what_is_no_program_is_not_taken_to_its_end(self) -> None:
        player = joined_player()
        server = server_for(player)
        server.change = lambda _: reply(b"<html>" * 100_000)
        self.fails_without_a_trace(player, server, 4)
        assert server.unsent_bytes > 590_000

    def test_a_wrong_byte(self) -> None:
        player = joined_player()
        server = server_for(player)
        program = bytearray(new_programs()["user2.bin"])
        program[30_000] ^= 1
        server.programs = {"user2.bin": bytes(program)}
        self.fails(player, server, 4)

    def test_a_wrong_byte_in_the_older_format(self) -> None:
        player = joined_player()
        program = bytearray(new_programs(has_crc=False)["user2.bin"])
        program[-100] ^= 1
        self.fails(player, UpdateServer(player, {"user2.bin": bytes(program)}), 4)

    @pytest.mark.parametrize("count", [100, 5000, 59_000])
    def test_the_connection_breaks_off(self, count: int) -> None:
        player = joined_player()
        server = server_for(player)
        server.cut_bytes = count
        self.fails(player, server, 4)

    @pytest.mark.parametrize("missing", [1, 4, 5, 17, 30_000])
    def test_the_program_is_too_short_as_its_reply_says(self, missing: int) -> None:
        player = joined_player()
        program = new_programs()["user2.bin"]
        player.flash.load(USER2, program)  # so that what is missing is there by chance
        self.fails(player, UpdateServer(player, {"user2.bin": program[:-missing]}), 4)

    def test_what_is_missing_in_the_older_format_is_not_taken_from_the_flash(self) -> None:
        player = joined_player()
        program = new_programs(has_crc=False)["user2.bin"]
        player.flash.load(USER2, program)
        self.fails(player, UpdateServer(player, {"user2.bin": program[:10_000]}), 4)

    def test_the_network_is_lost(self) -> None:
        player = joined_player()
        server = server_for(player)
        player.send(b"AT+CIUPDATE\r\n")
        server.run(player.now_ns + 500 * NS_PER_MS)
        player.take_sent()
        player.hear(ApLost())
        player.wait(NS_PER_S)
        assert player.take_sent() == b"WIFI DISCONNECT\r\n" + ERROR
        assert started(player.flash) == (b"jump to run user1 @ 1000", "0.23.0.0")

    @pytest.mark.parametrize(("stages", "limit_s"), [(1, 18), (2, 5), (3, 18), (4, 60)], ids=str)
    def test_the_server_falls_silent(self, stages: int, limit_s: int) -> None:
        player = joined_player()
        server = server_for(player)
        player.take_sent()
        player.send(b"AT+CIUPDATE\r\n")
        while not player.take_sent().endswith(STAGES[stages - 1]):
            server.talk()
        player.wait(limit_s * NS_PER_S - NS_PER_MS)
        assert player.take_sent() == b""
        player.wait(2 * NS_PER_MS)
        assert player.take_sent() == ERROR

    @pytest.mark.parametrize("form", [b"?", b"=?", b"=1"])
    def test_other_forms(self, form: bytes) -> None:
        player = joined_player()
        assert player.order(b"AT+CIUPDATE" + form) == ERROR


class TestRoom:
    """Where there cannot be a second program nothing is begun."""

    def refuses(self, flash: NorFlash) -> None:
        player = joined_player(flash=flash)
        before = flash.snapshot()
        assert player.order(b"AT+CIUPDATE") == ERROR
        assert player.take_requests() == []
        assert flash.snapshot() == before

    def test_the_header_names_a_map_that_the_flash_does_not_have(self) -> None:
        flash = factory_flash(512 * KIB, FlashMap.SPLIT_256)
        flash.load(3, b"\x20")
        self.refuses(flash)

    def test_the_program_that_runs_reaches_into_the_other_slot(self) -> None:
        flash = NorFlash(MIB)
        large = synthesize(user1_bytes=300_000)
        for region in plan_layout(large, MIB).regions:
            flash.load(region.offset, region.expected_data)
        flash.load(3, b"\x00")
        self.refuses(flash)

    def test_boot_bin_leaves_no_room_for_the_switch(self) -> None:
        flash = factory_flash()
        boot = read_ram_image(flash, 0)
        assert boot is not None
        flash.load(
            0, bytes((0xE9, 1, 0, 0x20)) + bytes(4) + bytes(4) + (4080).to_bytes(4, "little")
        )
        self.refuses(flash)

    def test_the_switch_is_worn_out(self) -> None:
        flash = factory_flash()
        flash.load(0xFF0, bytes(16))
        self.refuses(flash)


class TestPowerCut:
    """At any moment of an update a cut leaves a module that starts: the old program, or the new."""

    OLD = (b"jump to run user1 @ 1000", "0.23.0.0")
    NEW = (b"jump to run user2 @ 81000", NEW_VERSION)
    DURATION_NS = 15 * 45_000_000 + 236 * 400_000
    """From the end of the command to the throw of the switch: 15 sectors, 236 pages."""

    def run_and_cut(self, cut_ns: int) -> NorFlash:
        player = joined_player()
        server = server_for(player)
        player.send(b"AT+CIUPDATE\r\n")
        cut_ns += player.now_ns
        server.run(cut_ns)
        player.flash.cut_power(cut_ns)
        return player.flash

    def test_the_switch_is_thrown_last(self) -> None:
        player = joined_player()
        player.send(b"AT+CIUPDATE\r\n")
        begun_ns = player.now_ns
        server_for(player).run()
        assert player.flash.busy_until_ns - begun_ns == self.DURATION_NS

    @settings(max_examples=30)
    @given(st.integers(0, DURATION_NS - 400_000))
    def test_before_the_switch_is_thrown_the_old_one_starts(self, cut_ns: int) -> None:
        assert started(self.run_and_cut(cut_ns)) == self.OLD

    @settings(max_examples=30)
    @given(st.integers(DURATION_NS - 400_000, DURATION_NS))
    def test_while_it_is_thrown_either_of_them(self, cut_ns: int) -> None:
        assert started(self.run_and_cut(cut_ns)) in {self.OLD, self.NEW}

    def test_behind_that_the_new_one_starts(self) -> None:
        assert started(self.run_and_cut(self.DURATION_NS)) == self.NEW

    @settings(max_examples=30)
    @given(st.integers(0, DURATION_NS - 400_000))
    def test_the_way_back_is_as_safe(self, cut_ns: int) -> None:
        flash = self.run_and_cut(self.DURATION_NS)
        flash.settle(10**12)
        player = joined_player(flash=flash)
        newer = synthesize(at_version="0.25.0.0", user1_bytes=60_000).image(Role.USER1)
        assert newer is not None
        player.send(b"AT+CIUPDATE\r\n")
        cut_ns += player.now_ns
        UpdateServer(player, {"user1.bin": newer.read()}).run(cut_ns)
        player.flash.cut_power(cut_ns)
        assert started(flash) == self.NEW


class TestSwitch:
    def test_user1_is_started_first(self) -> None:
        assert BootSwitch(factory_flash()).number == 1
        assert BootSwitch(NorFlash(MIB)).number == 1

    def test_it_can_be_thrown_128_times(self) -> None:
        switch = BootSwitch(factory_flash())
        now_ns = 0
        for count in range(128):
            assert switch.is_usable
            now_ns = switch.choose(1 + (count + 1) % 2, now_ns)
            assert switch.number == 1 + (count + 1) % 2
        assert not switch.is_usable

    def test_a_choice_that_stands_writes_nothing(self) -> None:
        flash = factory_flash()
        switch = BootSwitch(flash)
        assert switch.choose(1, 5) == 5
        assert flash.write_count == 0

    @pytest.mark.parametrize("throws", [0, 1, 7, 8, 20])
    def test_a_power_cut_leaves_the_old_choice_or_the_new(self, throws: int) -> None:
        for cut_ns in range(0, 700_001, 20_000):
            flash = factory_flash()
            switch = BootSwitch(flash)
            for count in range(throws):
                switch.choose(1 + (count + 1) % 2, 0)
            flash.settle(10**12)
            begin_ns = flash.busy_until_ns
            old = switch.number
            switch.choose(3 - old, begin_ns)
            flash.cut_power(begin_ns + cut_ns)
            assert switch.number in {1, 2}
            assert cut_ns > 0 or switch.number == old
            assert cut_ns < 400_000 or switch.number == 3 - old

    def test_a_download_of_boot_bin_starts_user1(self) -> None:
        flash = factory_flash()
        switch = BootSwitch(flash)
        switch.choose(2, 0)
        flash.erase_sector(0, 10**9)
        boot = firmware().image(Role.BOOT)
        assert boot is not None
        flash.load(0, boot.read())
        assert switch.number == 1
