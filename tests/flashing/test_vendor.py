"""Import of a vendor's bin folder; the trees here are synthesized and look like the real ones."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from hil.errors import ImageError
from hil.flashing.check import check_firmware
from hil.flashing.image import BLANK_SECTOR, FlashMap, Role, compute_crc
from hil.flashing.manifest import load_firmware, write_manifest
from hil.flashing.synthesis import synthesize
from hil.flashing.vendor import AT_OF_SDK, import_tree
from hil.units import KIB, MIB

if TYPE_CHECKING:
    from pathlib import Path

    from hil.flashing.manifest import Firmware
    from hil.flashing.vendor import ImportedTree

AT_0_23 = synthesize(user1_bytes=60_000, has_crc=False, boot_version="1.3(b3)")
AT_1_6 = synthesize(
    user1_bytes=60_004, sdk_version="2.2.0(f28eaf2)", at_version="%d.%d.%d.%d", at_build="%s %s"
)
AT_1_6_LARGE = synthesize(
    user1_bytes=60_004,
    sdk_version="2.2.0(f28eaf2)",
    at_version="%d.%d.%d.%d",
    at_build="%s %s",
    flash_map=FlashMap.SPLIT_1024,
)


def boot(version: str) -> bytes:
    return synthesize(user1_bytes=60_004, boot_version=version).read(Role.BOOT)


def with_text(content: bytes, text: bytes) -> bytes:
    """A user image with a text in its irom part, and the CRC32 that goes with it."""
    body = content[:1000] + text + content[1000 + len(text) : -4]
    return body + struct.pack("<I", compute_crc(body))


def put(folder: Path, **files: bytes) -> None:
    for name, content in files.items():
        path = folder / f"{name.replace('__', '/')}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


@pytest.fixture
def sdk_1_0_1(tmp_path: Path) -> Path:
    """Like SDK 1.0.1: one map, the older format, images of an example beside them."""
    tree = tmp_path / "sdk-1.0.1"
    put(
        tree / "bin",
        at__user1=AT_0_23.read(Role.USER1),
        at__user2=AT_0_23.read(Role.USER2),
        blank=BLANK_SECTOR,
        boot_a=boot("1.2"),
        boot_b=AT_0_23.read(Role.BOOT),
        example_flash=boot("1.2").replace(b"2nd boot", b"no  boot"),
        example_irom=struct.pack("<4I", 0x3FFE94A0, 0x3FFE94A8, 0x40105804, 0x40240000),
        zeros=bytes(128),
        esp_init_data=b"\x05" + bytes(127),
    )
    return tree


@pytest.fixture
def sdk_2_2_0(tmp_path: Path) -> Path:
    """Like SDK 2.2.0: two maps, two transports, three boot loaders, two kinds of init data."""
    tree = tmp_path / "sdk-2.2.0"
    put(
        tree / "bin",
        at__1024__user1=with_text(AT_1_6_LARGE.read(Role.USER1), b"Bin version(Wroom 02):1.6.0\0"),
        at__1024__user2=AT_1_6_LARGE.read(Role.USER2),
        at__512__user1=with_text(AT_1_6.read(Role.USER1), b"Bin version(Wroom 02):1.6.0\0"),
        at__512__user2=AT_1_6.read(Role.USER2),
        at_sdio__512__user1=with_text(AT_1_6.read(Role.USER1), b"RX&TX link reset!\0"),
        blank=BLANK_SECTOR,
        boot_1_2=boot("1.2"),
        boot_1_6=boot("1.6"),
        boot_1_7=boot("1.7(5d6f877)"),
        init_v05=b"\x05\x00" + bytes(126),
        init_v08=b"\x05\x08" + bytes(126),
    )
    return tree


def verdicts(imported: ImportedTree, tree: Path) -> dict[str, str]:
    folder = tree / "bin"
    return {
        found.path.relative_to(folder).with_suffix("").as_posix(): found.verdict
        for found in imported.found
    }


def chosen(firmware: Firmware) -> dict[Role, str]:
    return {
        image.role: image.path.with_suffix("").name
        for image in firmware.images
        if image.path is not None
    }


def test_sdk_1_0_1_becomes_at_0_23(sdk_1_0_1: Path) -> None:
    imported = import_tree(sdk_1_0_1)
    made = imported.firmware
    assert chosen(made) == {
        Role.BOOT: "boot_b",
        Role.USER1: "user1",
        Role.USER2: "user2",
        Role.BLANK: "blank",
        Role.INIT_DATA: "esp_init_data",
    }
    assert made.name == "AT 0.23.0.0 (SDK 1.0.1)"
    assert made.at_build == "Apr 24 2015 21:11:01"
    assert made.compile_time == "Apr 24 2015 21:19:31"
    assert made.flash_map is FlashMap.SPLIT_512
    assert imported.notes == (
        "flash map 512+512, for 1MB or more",
        "AT version 0.23.0.0, as the image says",
    )


def test_every_file_gets_a_verdict(sdk_1_0_1: Path) -> None:
    assert verdicts(import_tree(sdk_1_0_1), sdk_1_0_1) == {
        "at/user1": "chosen",
        "at/user2": "chosen",
        "blank": "chosen",
        "boot_a": "boot 1.3(b3) is preferred",
        "boot_b": "chosen",
        "example_flash": "the documented download has a boot.bin (section 1, line 124)",
        "example_irom": "the documented download has it inside of user1.bin (section 1, line 126)",
        "zeros": "no part of a download",
        "esp_init_data": "chosen",
    }


def test_sdk_2_2_0_gives_the_map_of_the_document(sdk_2_2_0: Path) -> None:
    imported = import_tree(sdk_2_2_0)
    assert verdicts(imported, sdk_2_2_0) == {
        "at/1024/user1": "user1 512+512, SDK 2.2.0(f28eaf2) is preferred",
        "at/1024/user2": "belongs to another user1",
        "at/512/user1": "chosen",
        "at/512/user2": "chosen",
        "at_sdio/512/user1": "takes its AT commands over SDIO, not over the UART",
        "blank": "chosen",
        "boot_1_2": "boot 1.7(5d6f877) is preferred",
        "boot_1_6": "boot 1.7(5d6f877) is preferred",
        "boot_1_7": "chosen",
        "init_v05": "init data v08 is preferred",
        "init_v08": "chosen",
    }
    assert imported.firmware.at_version == "1.6.0.0"
    assert imported.notes[1] == "AT version 1.6.0.0, from `Bin version` in the image"


def test_other_map_can_be_asked_for(sdk_2_2_0: Path) -> None:
    imported = import_tree(sdk_2_2_0, flash_map=FlashMap.SPLIT_1024)
    assert imported.firmware.flash_map is FlashMap.SPLIT_1024
    assert imported.notes[0] == "flash map 1024+1024, for 2MB or more"
    found = verdicts(imported, sdk_2_2_0)
    assert found["at/1024/user1"] == found["at/1024/user2"] == "chosen"
    assert found["at/512/user1"] == "linked for 512+512"


def test_large_flash_takes_the_only_map_that_fits(sdk_2_2_0: Path) -> None:
    imported = import_tree(sdk_2_2_0, flash_size_bytes=8 * MIB)
    assert imported.firmware.flash_map is FlashMap.SPLIT_1024
    assert verdicts(imported, sdk_2_2_0)["at/512/user1"] == "there is no 512+512 map for 8MB"


def test_size_without_a_fitting_map_is_refused_with_the_reasons(sdk_2_2_0: Path) -> None:
    for path in (sdk_2_2_0 / "bin" / "at" / "512").iterdir():
        path.unlink()
    with pytest.raises(ImageError) as caught:
        import_tree(sdk_2_2_0, flash_size_bytes=1 * MIB)
    assert str(caught.value) == (
        f"{sdk_2_2_0}: no user1 image that can be used "
        "(bin/at/1024/user1.bin: there is no 1024+1024 map for 1MB; "
        "bin/at_sdio/512/user1.bin: takes its AT commands over SDIO, not over the UART)"
    )


def test_forced_small_flash_is_mentioned(sdk_1_0_1: Path) -> None:
    imported = import_tree(sdk_1_0_1, flash_size_bytes=512 * KIB)
    assert imported.notes[0] == "flash map 512+512; the download will refuse 512KB unless forced"


def test_bin_folder_itself_will_do(sdk_1_0_1: Path) -> None:
    assert import_tree(sdk_1_0_1 / "bin").firmware == import_tree(sdk_1_0_1).firmware


def test_imported_manifest_loads_and_is_sound(sdk_2_2_0: Path, tmp_path: Path) -> None:
    imported = import_tree(sdk_2_2_0)
    write_manifest(imported.firmware, tmp_path / "firmware.toml")
    loaded = load_firmware(tmp_path)
    assert loaded.images == imported.firmware.images
    assert check_firmware(loaded, 4 * MIB, with_init_data=True) == []


@pytest.mark.parametrize(
    ("sdk", "version"), [("1.0.1", "0.23.0.0"), ("1.5.4", "1.1.0.0"), ("3.0.3", "1.7.3.0")]
)
def test_at_version_follows_from_the_sdk(sdk_1_0_1: Path, sdk: str, version: str) -> None:
    made = synthesize(user1_bytes=60_004, sdk_version=f"{sdk}(0123abc)", at_version="%d")
    put(sdk_1_0_1 / "bin" / "at", user1=made.read(Role.USER1), user2=made.read(Role.USER2))
    imported = import_tree(sdk_1_0_1)
    assert imported.firmware.at_version == version
    assert imported.notes[1] == f"AT version {version}, which came with SDK {sdk}"


def test_table_of_releases_has_two_or_three_numbers_each() -> None:
    assert all(version.count(".") in {1, 2} for version in AT_OF_SDK.values())


def test_given_at_version_counts_most(sdk_1_0_1: Path) -> None:
    imported = import_tree(sdk_1_0_1, at_version="0.23.1.0")
    assert imported.firmware.at_version == "0.23.1.0"
    assert imported.notes[1] == "AT version 0.23.1.0, as given"


def test_unknown_at_version_is_said(sdk_1_0_1: Path) -> None:
    made = synthesize(user1_bytes=60_004, sdk_version="9.9.9", at_version="%d")
    put(sdk_1_0_1 / "bin" / "at", user1=made.read(Role.USER1))
    imported = import_tree(sdk_1_0_1)
    assert imported.firmware.at_version == "unknown"
    assert imported.notes[1] == (
        "AT version unknown: the image holds it as numbers only; say it yourself"
    )


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("1.2", "1.10"),
        ("1.3(b3)", "1.4(b1)"),
        ("1.3(b3)", "1.3"),
        ("1.3(b2)", "1.3(b3)"),
        ("1.6", "1.7(5d6f877)"),
    ],
)
def test_newest_boot_is_chosen(sdk_1_0_1: Path, older: str, newer: str) -> None:
    put(sdk_1_0_1 / "bin", boot_a=boot(newer), boot_b=boot(older))
    assert chosen(import_tree(sdk_1_0_1).firmware)[Role.BOOT] == "boot_a"


def test_damaged_images_are_passed_over(sdk_1_0_1: Path) -> None:
    content = boot("1.7(5d6f877)")
    put(sdk_1_0_1 / "bin", boot_c=content[:-1] + bytes([content[-1] ^ 1]), boot_d=content[:-16])
    found = verdicts(import_tree(sdk_1_0_1), sdk_1_0_1)
    assert found["boot_b"] == "chosen"
    assert found["boot_c"] == "damaged: its checksum or its CRC32 is wrong"
    assert found["boot_d"].startswith("damaged: is cut off")


def test_copies_are_told_from_alternatives(sdk_1_0_1: Path) -> None:
    put(sdk_1_0_1 / "bin" / "copy", blank=BLANK_SECTOR)
    assert verdicts(import_tree(sdk_1_0_1), sdk_1_0_1)["copy/blank"] == "the same as blank.bin"


def test_image_that_reaches_into_the_parameters_is_reported(sdk_1_0_1: Path) -> None:
    made = synthesize(user1_bytes=0x7C000)
    put(sdk_1_0_1 / "bin" / "at", user1=made.read(Role.USER1), user2=made.read(Role.USER2))
    with pytest.raises(ImageError) as caught:
        import_tree(sdk_1_0_1)
    assert str(caught.value) == (
        "AT 0.23.0.0 (SDK 1.0.1): layout: user1.bin at 0x01000..0x7CFF4 reaches into the user "
        "parameter area 0x7C000..0x80000 (appendix, lines 976 to 981)"
    )


def test_tree_without_boot_and_blank_is_refused(sdk_1_0_1: Path) -> None:
    for name in ("boot_a", "boot_b", "blank"):
        (sdk_1_0_1 / "bin" / f"{name}.bin").unlink()
    with pytest.raises(ImageError) as caught:
        import_tree(sdk_1_0_1)
    assert caught.value.problems == (
        "no boot image that can be used",
        "no blank image that can be used",
    )


def test_images_without_at_commands_are_passed_over(sdk_1_0_1: Path) -> None:
    content = AT_1_6.read(Role.USER1).replace(b"AT version:", b"XY version:")
    put(
        sdk_1_0_1 / "bin" / "app", user1=content[:-4] + struct.pack("<I", compute_crc(content[:-4]))
    )
    assert verdicts(import_tree(sdk_1_0_1), sdk_1_0_1)["app/user1"].startswith("damaged")


def test_folder_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError) as caught:
        import_tree(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: there is no .bin file in it: name the SDK's folder or its bin folder"
    )


def test_unreadable_file_is_passed_over(sdk_1_0_1: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read_bytes = type(sdk_1_0_1).read_bytes

    def refuse_zeros(path: Path) -> bytes:
        if path.name == "zeros.bin":
            raise PermissionError(13, "Permission denied")
        return read_bytes(path)

    monkeypatch.setattr(type(sdk_1_0_1), "read_bytes", refuse_zeros)
    assert verdicts(import_tree(sdk_1_0_1), sdk_1_0_1)["zeros"] == "Permission denied"
