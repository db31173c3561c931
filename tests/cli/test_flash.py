"""``hil flash``: a firmware onto a module, and its traces in the next call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.flashing.manifest import save_firmware
from hil.flashing.synthesis import synthesize

from .program import call, write_rig

if TYPE_CHECKING:
    from pathlib import Path

BENCH = '[lines.bench]\ndriver = "virtual"\n'


@pytest.fixture
def blank_rig(tmp_path: Path) -> Path:
    """A virtual rig whose flash is blank at first and kept in a file."""
    path = write_rig(tmp_path, "sim://default/module0", 'lines = ["bench"]')
    flash = 'flash = { content = "blank", state = "flash.bin" }\n'
    path.write_text(path.read_text("utf-8") + flash + BENCH, encoding="utf-8")
    return path


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """A firmware that is told apart from the default one by its versions."""
    made = synthesize(at_version="0.40.0.0", sdk_version="1.5.4")
    return save_firmware(made, tmp_path / "newer").path or tmp_path


def test_each_region_is_told_and_the_firmware_answers(capsys: pytest.CaptureFixture[str]) -> None:
    ended = call(capsys, "flash", "--always")
    assert ended.status == 0
    assert ended.err == ""
    lines = ended.out.splitlines()
    assert lines[0] == (
        "ESP8266EX, MAC 18:fe:34:d0:00:00, chip id 0x00d00000, flash id 0x1440ef, 1MB"
    )
    told = [line.split() for line in lines[1:5]]
    assert [words[0] for words in told] == ["0x00000", "0x01000", "0x7E000", "0xFE000"]
    assert {tuple(words[4:6]) for words in told} == {("written", "verified,")}
    assert lines[5].startswith("flashed in ")
    assert lines[6].startswith("  AT version:0.23.0.0(")


def test_what_is_there_already_is_told_as_unchanged(
    capsys: pytest.CaptureFixture[str], blank_rig: Path
) -> None:
    assert call(capsys, "flash", "--rig", blank_rig).status == 0
    ended = call(capsys, "flash", "--rig", blank_rig)
    assert ended.status == 0
    assert ended.out.count(" unchanged verified, sha256 ") == 4


def test_virtual_module_that_keeps_nothing_is_written_anew(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ended = call(capsys, "flash")
    assert ended.status == 0
    assert ended.out.count(" written   verified, sha256 ") == 4


def test_next_call_finds_what_was_flashed(
    capsys: pytest.CaptureFixture[str], blank_rig: Path, newer: Path
) -> None:
    assert call(capsys, "at", "AT", "--rig", blank_rig).status == 3

    assert call(capsys, "flash", "--rig", blank_rig, "--firmware", newer).status == 0

    ended = call(capsys, "at", "AT+GMR", "--rig", blank_rig)
    assert ended.status == 0
    assert "SDK version:1.5.4" in ended.out.splitlines()


def test_without_a_state_file_the_next_call_finds_a_factory_module(
    capsys: pytest.CaptureFixture[str], newer: Path
) -> None:
    assert "1.5.4" in call(capsys, "flash", "--firmware", newer).out
    assert "1.5.4" not in call(capsys, "at", "AT+GMR").out


def test_missing_firmware_is_a_mistake(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "nosuch.toml"
    ended = call(capsys, "flash", "--firmware", path)
    assert ended == (
        2,
        "",
        f"hil: {path}: expected a firmware manifest, found no such file. Check the path\n",
    )


def test_damaged_image_is_a_mistake_and_nothing_is_written(
    capsys: pytest.CaptureFixture[str], blank_rig: Path, newer: Path
) -> None:
    image = newer.parent / "user1.bin"
    image.write_bytes(image.read_bytes()[:-1] + b"!")
    ended = call(capsys, "flash", "--rig", blank_rig, "--firmware", newer)
    assert ended.status == 2
    assert ended.out == ""
    assert "user1.bin" in ended.err
    assert not (blank_rig.parent / "flash.bin").exists()


def test_flash_of_512_kb_is_a_mistake_unless_forced(
    capsys: pytest.CaptureFixture[str], blank_rig: Path
) -> None:
    text = blank_rig.read_text("utf-8").replace("flash = {", 'flash = { size = "512KB",')
    blank_rig.write_text(text, encoding="utf-8")
    ended = call(capsys, "flash", "--rig", blank_rig)
    assert ended.status == 2
    assert "512" in ended.err
    assert set((blank_rig.parent / "flash.bin").read_bytes()) == {0xFF}

    ended = call(capsys, "flash", "--rig", blank_rig, "--force-512k")
    assert ended.status == 0
    assert ended.err.startswith("warning: ")


def test_real_module_does_not_get_the_synthesized_firmware(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    ended = call(capsys, "flash", "--rig", write_rig(tmp_path, "/dev/does-not-exist"))
    assert ended == (
        2,
        "",
        (
            "hil: the synthesized firmware does nothing on a real module; name a firmware with "
            "--firmware (`hil firmware import` makes one of a vendor's SDK)\n"
        ),
    )


def test_missing_port_is_a_rig_that_misbehaves(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, newer: Path
) -> None:
    rig = write_rig(tmp_path, "/dev/does-not-exist")
    ended = call(capsys, "flash", "--rig", rig, "--firmware", newer)
    assert ended.status == 3
    assert ended.err.startswith("hil: cannot open /dev/does-not-exist: ")
