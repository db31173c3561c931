"""What `Flasher` does to a module, step by step, with the real esptool on the virtual rig."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from itertools import groupby
from typing import TYPE_CHECKING

import pytest

from hil.at.transcript import Mark, Transcript
from hil.errors import (
    FlashingError,
    ImageError,
    LayoutError,
    LoaderError,
    NeedMissingError,
    WrongChipError,
)
from hil.flashing.esptool_session import ESPTOOL_VERSION, LoaderSession
from hil.flashing.flasher import SESSION_ATTEMPTS, Flasher
from hil.flashing.image import Role
from hil.flashing.manifest import Firmware, ImageRef
from hil.flashing.synthesis import synthesize
from hil.ports.control_lines import Line
from hil.units import KIB, MIB

from .bench_rig import MAC, WITHIN_USER1, LinesWithoutStrap, LossyWire, flash_of_module, open_module

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hil.rig.module import RigModule

FIRMWARE = synthesize()
BAUD = 460800
OFFSETS = [0x00000, 0x01000, 0x7E000, 0xFE000]


@pytest.fixture
def module() -> Iterator[RigModule]:
    with open_module() as opened:
        yield opened


@pytest.fixture
def flasher(module: RigModule) -> Flasher:
    return Flasher(module, baud=BAUD)


def with_flipped_bit(role: Role) -> Firmware:
    data = bytearray(FIRMWARE.read(role))
    data[len(data) // 2] ^= 0x10
    images = tuple(
        ImageRef.of_bytes(role, bytes(data)) if image.role is role else image
        for image in FIRMWARE.images
    )
    return replace(FIRMWARE, images=images)


def test_blank_module_runs_the_firmware_after_a_download() -> None:
    with open_module(content="blank") as module:
        record = Flasher(module, baud=BAUD).flash(FIRMWARE)

        assert [(region.role, region.offset, region.is_written) for region in record.regions] == [
            ("boot", 0x00000, True),
            ("user1", 0x01000, True),
            ("blank", 0x7E000, False),
            ("init_data", 0xFC000, True),
            ("blank", 0xFE000, False),
        ]
        assert all(region.is_verified for region in record.regions)
        module.start()
        assert module.at.gmr().lines[0] == f"AT version:0.23.0.0({FIRMWARE.at_build})"


def test_record_says_what_was_flashed_onto_which_chip(flasher: Flasher, module: RigModule) -> None:
    started_ns = module.clock.now_ns()
    record = flasher.flash(FIRMWARE, rewrites_all=True)
    assert record.chip == "ESP8266EX"
    assert record.mac == MAC
    assert record.chip_id == 0xD00000
    assert record.flash_id == 0x1440EF
    assert record.flash_size_bytes == MIB
    assert record.firmware == FIRMWARE.name
    assert record.at_version == "0.23.0.0"
    assert record.baud == BAUD
    assert record.attempts == 1
    assert record.duration_ns == module.clock.now_ns() - started_ns
    assert record.esptool_version == ESPTOOL_VERSION
    assert sum(region.duration_ns for region in record.regions) < record.duration_ns


def test_record_has_the_hash_of_what_the_flash_holds(flasher: Flasher) -> None:
    record = flasher.flash(FIRMWARE, rewrites_all=True)
    flash = flash_of_module()
    for region in record.regions:
        held = flash.read(region.offset, region.length_bytes)
        assert region.sha256 == sha256(held).hexdigest()
        in_file = sha256(FIRMWARE.read(Role(region.role))).hexdigest()
        assert region.image_sha256 == in_file
    assert record.to_json()["regions"][1] == {
        "name": "user1",
        "file": "user1.bin",
        "offset": 0x1000,
        "length_bytes": len(FIRMWARE.read(Role.USER1)),
        "sha256": sha256(FIRMWARE.read(Role.USER1)).hexdigest(),
        "image_sha256": sha256(FIRMWARE.read(Role.USER1)).hexdigest(),
        "written": True,
        "verified": True,
        "rig_duration_s": record.regions[1].duration_ns / 1e9,
    }
    assert record.to_json()["chip"] == {
        "name": "ESP8266EX",
        "id": "0x00d00000",
        "mac": MAC,
        "flash_id": "0x1440ef",
        "flash_size_bytes": MIB,
    }


def test_what_the_flash_holds_already_is_not_written_again(flasher: Flasher) -> None:
    flasher.flash(FIRMWARE)
    before = flash_of_module().write_count

    record = flasher.flash(FIRMWARE)

    assert not record.is_anything_written
    assert all(region.is_verified for region in record.regions)
    assert flash_of_module().write_count == before


def test_only_the_region_that_differs_is_written(flasher: Flasher) -> None:
    flash = flash_of_module()
    flash.load(0x7E123, b"settings")
    erases = list(flash.erase_counts)

    record = flasher.flash(FIRMWARE)

    assert [region.offset for region in record.regions if region.is_written] == [0x7E000]
    touched = [sector for sector, count in enumerate(flash.erase_counts) if count > erases[sector]]
    assert touched == [0x7E]
    assert flash.is_erased(0x7E000, 4096)


def test_everything_is_written_again_on_demand(flasher: Flasher) -> None:
    record = flasher.flash(FIRMWARE, rewrites_all=True)
    assert [region.is_written for region in record.regions] == [True] * 4


def test_init_data_is_written_on_demand(flasher: Flasher) -> None:
    own = b"\x05" + b"\x42" * 127
    flash_of_module().load(0xFC000, own)
    assert "init_data" not in {region.role for region in flasher.flash(FIRMWARE).regions}
    assert flash_of_module().read(0xFC000, 128) == own
    record = flasher.flash(FIRMWARE, with_init_data=True)
    assert [region.offset for region in record.regions if region.is_written] == [0xFC000]
    assert record.warnings == ()


def test_blank_sector_of_init_data_is_filled_with_a_warning() -> None:
    with open_module(content="blank") as module:
        record = Flasher(module, baud=BAUD).flash(FIRMWARE)
        assert flash_of_module().read(0xFC000, 128) == FIRMWARE.read(Role.INIT_DATA)
    assert [region.role for region in record.regions].count("init_data") == 1
    (warning,) = record.warnings
    assert warning == (
        "the sector of the radio's calibration data was blank, so esp_init_data_default.bin was "
        "written too (A-74)"
    )


def test_firmware_without_init_data_leaves_a_blank_sector_blank() -> None:
    images = tuple(image for image in FIRMWARE.images if image.role is not Role.INIT_DATA)
    with open_module(content="blank") as module:
        record = Flasher(module, baud=BAUD).flash(replace(FIRMWARE, images=images))
    assert [region.offset for region in record.regions] == OFFSETS
    assert record.warnings == ()


def test_init_data_stay_in_the_record_when_the_session_is_repeated() -> None:
    with open_module(content="blank") as module:
        wire = LossyWire(module, after_bytes=WITHIN_USER1, times=1)
        record = Flasher(module, baud=BAUD).flash(FIRMWARE)
    assert (wire.lost, record.attempts) == (1, 2)
    assert "init_data" in [region.role for region in record.regions]
    assert all(region.is_verified for region in record.regions)


@pytest.mark.parametrize("times", [1, 2])
def test_lost_acknowledgement_leads_to_another_session(
    flasher: Flasher, module: RigModule, times: int
) -> None:
    wire = LossyWire(module, after_bytes=WITHIN_USER1, times=times)

    record = flasher.flash(FIRMWARE, rewrites_all=True)

    assert wire.lost == times
    assert record.attempts == times + 1
    assert all(region.is_written and region.is_verified for region in record.regions)
    module.start()


def test_region_that_is_done_is_not_repeated_in_the_next_session(
    flasher: Flasher, module: RigModule
) -> None:
    LossyWire(module, after_bytes=WITHIN_USER1, times=1)
    written: list[str] = []
    flasher.flash(FIRMWARE, rewrites_all=True, progress=lambda name, *_: written.append(name))
    assert [name for name, _ in groupby(written)].count("boot.bin at 0x00000") == 1


def test_three_lost_acknowledgements_are_an_error_that_tells_what_to_check(
    flasher: Flasher, module: RigModule
) -> None:
    wire = LossyWire(module, after_bytes=WITHIN_USER1, times=9)

    with pytest.raises(FlashingError) as failure:
        flasher.flash(FIRMWARE, rewrites_all=True)

    assert wire.lost == SESSION_ATTEMPTS == 3
    length = len(FIRMWARE.read(Role.USER1))
    assert str(failure.value) == (
        f"cannot write {length} B at 0x01000 through sim://default/module0: esptool said: No more "
        "data to read from the serial port. Check the supply (writing draws most) and the cable, "
        "or try a lower flash_baud"
    )
    assert failure.value.__notes__ == ["3 sessions with the boot loader failed, one by one"]


def test_region_that_a_later_one_has_hurt_is_written_again(flasher: Flasher) -> None:
    hurt: list[int] = []

    def hurt_boot_once(name: str, done: int, total: int) -> None:
        if name.startswith("user1.bin") and not hurt:
            hurt.append(done)
            flash_of_module().load(0x100, b"hurt")

    record = flasher.flash(FIRMWARE, rewrites_all=True, progress=hurt_boot_once)

    assert hurt
    assert record.attempts == 2
    assert all(region.is_verified for region in record.regions)
    boot = FIRMWARE.read(Role.BOOT)
    assert flash_of_module().read(0x100, 4) == boot[0x100:0x104]


def test_region_that_never_verifies_is_an_error_that_names_it(
    flasher: Flasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_back: list[int] = []

    def holds(_: LoaderSession, offset: int, __: bytes) -> bool:
        read_back.append(offset)
        return offset not in {0x7E000, 0xFC000}

    monkeypatch.setattr(LoaderSession, "holds", holds)
    with pytest.raises(FlashingError) as failure:
        flasher.flash(FIRMWARE, rewrites_all=True)
    assert read_back == [0xFC000, 0x00000, 0x01000, 0x7E000] * SESSION_ATTEMPTS
    assert str(failure.value) == (
        "blank.bin at 0x7E000 reads back differently from what was written. The flash chip may be "
        "worn or badly fed; try a lower flash_baud"
    )


@pytest.mark.parametrize(
    ("magic", "what_it_is"),
    [
        (0x00F01D83, "is an ESP32"),
        (
            0xDEADBEEF,
            (
                "is none that esptool knows (Unexpected chip magic value 0xdeadbeef. Failed to "
                "autodetect chip type)"
            ),
        ),
    ],
)
def test_another_chip_is_named_and_nothing_is_written(
    flasher: Flasher,
    module: RigModule,
    monkeypatch: pytest.MonkeyPatch,
    magic: int,
    what_it_is: str,
) -> None:
    monkeypatch.setattr("hil.virtual.registers._CHIP_MAGIC_VALUE", magic)
    before = flash_of_module().write_count
    transcript = module.transcript = Transcript()

    with pytest.raises(WrongChipError) as failure:
        flasher.flash(FIRMWARE, rewrites_all=True)

    notes = [item.text for item in transcript.items() if isinstance(item, Mark)]
    assert len([note for note in notes if note.startswith("esptool")]) == 1  # it stays wrong

    assert str(failure.value) == (
        f"the chip on sim://default/module0 {what_it_is}, not an ESP8266. Nothing was written; "
        "check that the port is the module's"
    )
    assert flash_of_module().write_count == before
    monkeypatch.undo()
    module.start()


def test_loader_that_does_not_answer_is_an_error_that_tells_what_to_check(
    flasher: Flasher, module: RigModule
) -> None:
    module.lines = LinesWithoutStrap(module.lines)
    before = flash_of_module().write_count

    with pytest.raises(LoaderError) as failure:
        flasher.flash(FIRMWARE)

    assert str(failure.value) == (
        "no boot loader answers on sim://default/module0: esptool said: Failed to connect to "
        "Espressif device: Serial data stream stopped: Possible serial noise or corruption. The "
        "module was reset with GPIO0 held low; check that the module is fed, that GPIO0 is low "
        "and GPIO15 low while EXT_RSTB rises, that TX and RX are not swapped, and that the port "
        "is the module's; `hil rig check` tells them apart"
    )
    assert flash_of_module().write_count == before
    module.start()


def test_module_without_supply_is_an_error_and_works_again_when_fed(
    flasher: Flasher, module: RigModule
) -> None:
    module.lines.set({Line.POWER: False})
    with pytest.raises(LoaderError, match=r"No serial data received.*check that the module is fed"):
        flasher.flash(FIRMWARE)

    module.lines.set({Line.POWER: True})
    assert flasher.flash(FIRMWARE).attempts == 1
    module.start()


def test_supply_that_fails_in_the_middle_is_an_error(flasher: Flasher, module: RigModule) -> None:
    def cut(name: str, done: int, total: int) -> None:
        if name.startswith("user1.bin"):
            module.lines.set({Line.POWER: False})

    with pytest.raises(LoaderError, match="no boot loader answers"):
        flasher.flash(FIRMWARE, rewrites_all=True, progress=cut)


def test_rig_without_strap_is_told_before_anything_happens(module: RigModule) -> None:
    lines = LinesWithoutStrap(module.lines)
    lines.lines -= {Line.STRAP}
    module.lines = lines
    with pytest.raises(NeedMissingError, match="rig 'virtual' has no 'strap': GPIO0 must be held"):
        Flasher(module, baud=BAUD).flash(FIRMWARE)
    module.start()


@pytest.mark.parametrize("role", [Role.BOOT, Role.USER1, Role.BLANK])
def test_corrupt_image_is_refused_and_the_module_not_even_reset(
    flasher: Flasher, module: RigModule, role: Role
) -> None:
    module.start()
    before = flash_of_module().write_count
    started_ns = module.clock.now_ns()

    with pytest.raises(ImageError, match=role.value):
        flasher.flash(with_flipped_bit(role), rewrites_all=True)

    assert flash_of_module().write_count == before
    assert module.clock.now_ns() == started_ns
    assert module.at.command("AT").is_ok


def test_flash_of_512_kb_is_refused_before_anything_is_written() -> None:
    with open_module(size_bytes=512 * KIB) as module:
        flasher = Flasher(module, baud=BAUD)
        before = flash_of_module().write_count
        with pytest.raises(LayoutError, match="512"):
            flasher.flash(FIRMWARE, rewrites_all=True)
        assert flash_of_module().write_count == before

        record = flasher.flash(FIRMWARE, rewrites_all=True, force_512k=True)
        assert record.flash_size_bytes == 512 * KIB
        assert [region.offset for region in record.regions] == [0x00000, 0x01000, 0x7E000]
        assert record.warnings


@pytest.mark.parametrize("size_bytes", [2 * MIB, 4 * MIB])
def test_last_blank_follows_the_size_of_the_flash(size_bytes: int) -> None:
    with open_module(size_bytes=size_bytes, content="blank") as module:
        record = Flasher(module, baud=BAUD).flash(FIRMWARE)
        assert record.regions[-1].offset == size_bytes - 2 * 4096
        module.start()
        assert module.at.command("AT").is_ok


def test_progress_tells_each_image_with_its_place_up_to_its_end(flasher: Flasher) -> None:
    heard: list[tuple[str, int, int]] = []

    flasher.flash(FIRMWARE, rewrites_all=True, progress=lambda *step: heard.append(step))

    images = {name: list(steps) for name, steps in groupby(heard, key=lambda step: step[0])}
    assert list(images) == [
        "boot.bin at 0x00000",
        "user1.bin at 0x01000",
        "blank.bin at 0x7E000",
        "blank.bin at 0xFE000",
    ]
    assert len(images["user1.bin at 0x01000"]) > 10
    for steps in images.values():
        done = [step[1] for step in steps]
        assert done == sorted(done)
        assert {step[2] for step in steps} == {done[-1]}


def test_what_is_not_written_has_no_progress(flasher: Flasher) -> None:
    flasher.flash(FIRMWARE)
    heard: list[str] = []
    flasher.flash(FIRMWARE, progress=lambda name, *_: heard.append(name))
    assert heard == []
