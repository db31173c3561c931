"""Firmware manifests: written, read back, and refused with the key and the remedy."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.errors import ManifestError
from hil.flashing.image import BLANK_SECTOR, FlashMap, Role
from hil.flashing.manifest import (
    ImageRef,
    OffsetRule,
    load_firmware,
    save_firmware,
    write_manifest,
)
from hil.flashing.synthesis import synthesize

FIRMWARE = synthesize(user1_bytes=60_004)
ROLES = "'boot', 'user1', 'user2', 'blank', 'init_data'"
MAPS = "'256+256', '512+512', '1024+1024'"
BLANK_HASH = hashlib.sha256(BLANK_SECTOR).hexdigest()


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    saved = save_firmware(FIRMWARE, tmp_path)
    assert saved.path is not None
    return saved.path


def error_after(manifest: Path, old: str, new: str) -> ManifestError:
    text = manifest.read_text(encoding="utf-8")
    assert old in text
    manifest.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ManifestError) as caught:
        load_firmware(manifest)
    assert caught.value.path == manifest
    return caught.value


def test_saved_firmware_loads_as_it_was_saved(tmp_path: Path) -> None:
    saved = save_firmware(FIRMWARE, tmp_path / "new" / "folder")
    assert load_firmware(tmp_path / "new" / "folder") == saved
    assert load_firmware(tmp_path / "new" / "folder" / "firmware.toml") == saved
    assert (saved.name, saved.at_version, saved.flash_map) == (
        "synthesized AT 0.23.0.0",
        "0.23.0.0",
        FlashMap.SPLIT_512,
    )


def test_read_gives_the_same_bytes_from_files_and_from_memory(manifest: Path) -> None:
    loaded = load_firmware(manifest)
    for role in (Role.BOOT, Role.USER1, Role.USER2, Role.BLANK, Role.INIT_DATA):
        assert loaded.read(role) == FIRMWARE.read(role)


def test_images_elsewhere_are_found_by_relative_path(tmp_path: Path) -> None:
    saved = save_firmware(FIRMWARE, tmp_path / "images")
    (tmp_path / "manifests").mkdir()
    write_manifest(saved, tmp_path / "manifests" / "firmware.toml")
    text = (tmp_path / "manifests" / "firmware.toml").read_text(encoding="utf-8")
    assert 'path = "../images/boot.bin"' in text
    assert load_firmware(tmp_path / "manifests").images == saved.images


def test_versions_nobody_knows_are_unknown(manifest: Path) -> None:
    lines = manifest.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith(("at_", "sdk_", "compile_"))]
    manifest.write_text("\n".join(kept), encoding="utf-8")
    loaded = load_firmware(manifest)
    assert {loaded.at_version, loaded.at_build, loaded.sdk_version, loaded.compile_time} == {
        "unknown"
    }


def test_size_and_offset_may_be_left_out(manifest: Path) -> None:
    lines = manifest.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith(("size_bytes", "offset"))]
    complete = load_firmware(manifest)
    manifest.write_text("\n".join(kept), encoding="utf-8")
    assert load_firmware(manifest) == complete


def test_offset_may_be_a_number_or_a_rule(manifest: Path) -> None:
    text = manifest.read_text(encoding="utf-8")
    blank = f"""
[[image]]
role = "blank"
path = "blank.bin"
sha256 = "{BLANK_HASH.upper()}"
offset = "second-blank"
"""
    text = text.replace('"both-blanks"', "0x7E000", 1)
    manifest.write_text(text + blank, encoding="utf-8")
    offsets = [image.offset for image in load_firmware(manifest).images if image.role is Role.BLANK]
    assert offsets == [0x7E000, OffsetRule.SECOND_BLANK]
    again = write_manifest(load_firmware(manifest), manifest)
    assert load_firmware(manifest) == again


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (
            "version = 1",
            "version = 2",
            "version: expected the number 1, found the number 2",
        ),
        (
            "version = 1",
            "version = true",
            "version: expected the number 1, found the truth value True",
        ),
        ("version = 1", "", "version: expected the number 1, found nothing"),
        (
            "[firmware]",
            "[firmwares]",
            "expected only the keys firmware, image, version, found the key 'firmwares'. Did you",
        ),
        (
            "at_build =",
            "at_bild =",
            "firmware: expected only the keys at_build, at_version, compile_time, flash_map, ",
        ),
        ('name = "', 'name = 7 # "', "firmware.name: expected a text, found the number 7"),
        (
            'name = "synthesized AT 0.23.0.0"',
            'name = ""',
            "firmware.name: expected a text, found the text ''",
        ),
        (
            '"512+512"',
            '"512+513"',
            (
                f"firmware.flash_map: expected one of {MAPS}, found the text '512+513'. "
                "Did you mean '512+512'?"
            ),
        ),
        (
            'flash_map = "512+512"',
            "",
            f"firmware.flash_map: expected one of {MAPS}, found nothing",
        ),
        (
            'role = "user1"',
            'role = "user11"',
            (
                f"image[1].role: expected one of {ROLES}, found the text 'user11'. Did you "
                "mean 'user1'?"
            ),
        ),
        (
            'role = "boot"',
            'role = "no_boot"',
            (
                f"image[0].role: expected one of {ROLES}, found the text 'no_boot'. Did you "
                "mean 'boot'?"
            ),
        ),
        (
            'role = "user2"',
            'role = "user1"',
            "image[2].role: expected each role once, found the text 'user1'",
        ),
        ("size_bytes = 4096", "size_bytes = 4095", "image[3].size_bytes: expected the size of "),
        ("size_bytes = 4096", "size_bytes = true", "image[3].size_bytes: expected a whole number "),
        (
            'offset = "both-blanks"',
            'offset = "both-blank"',
            (
                "image[3].offset: expected one of 'boot', 'user1', 'user2', 'both-blanks', "
                "'first-blank', 'second-blank', 'init-data', found the text 'both-blank'. Did "
                "you mean 'both-blanks'?"
            ),
        ),
        (
            'offset = "both-blanks"',
            "offset = -1",
            "image[3].offset: expected a flash address or the name of a rule, found the number -1",
        ),
        (
            'offset = "both-blanks"',
            "offset = true",
            (
                "image[3].offset: expected a flash address or the name of a rule, found the truth "
                "value True"
            ),
        ),
        (
            BLANK_HASH,
            "ab",
            "image[3].sha256: expected 64 hexadecimal digits, found the text 'ab'",
        ),
    ],
)
def test_mistakes_are_named_with_file_key_and_remedy(
    manifest: Path, old: str, new: str, text: str
) -> None:
    assert str(error_after(manifest, old, new)).startswith(f"{manifest}: {text}")


def test_unknown_key_suggests_the_near_one(manifest: Path) -> None:
    assert str(error_after(manifest, "sha256 =", "sha265 =")) == (
        f"{manifest}: image[0]: expected only the keys offset, path, role, sha256, size_bytes, "
        "found the key 'sha265'. Did you mean 'sha256'?"
    )


def test_unknown_key_without_a_near_one_has_no_suggestion(manifest: Path) -> None:
    assert str(error_after(manifest, "[firmware]", "[limits]\n[firmware]")) == (
        f"{manifest}: expected only the keys firmware, image, version, found the key 'limits'"
    )


def test_missing_role_is_named_with_the_document(manifest: Path) -> None:
    text = manifest.read_text(encoding="utf-8")
    head, *images = text.split("\n[[image]]\n")
    kept = [image for image in images if '"blank"' not in image]
    manifest.write_text("\n[[image]]\n".join([head, *kept]), encoding="utf-8")
    with pytest.raises(ManifestError) as caught:
        load_firmware(manifest)
    assert str(caught.value) == (
        f"{manifest}: image: expected images with the roles boot, user1, blank, found none "
        "with the "
        "role blank. The document downloads all three (section 1, lines 124 to 128)"
    )


def test_missing_file_is_named(manifest: Path) -> None:
    image = manifest.parent / "user1.bin"
    image.unlink()
    with pytest.raises(ManifestError) as caught:
        load_firmware(manifest)
    assert str(caught.value) == (
        f"{manifest}: image[1].path: expected an image file, found {image}: No such file or "
        "directory"
    )


def test_changed_file_is_named_with_both_hashes(manifest: Path) -> None:
    image = manifest.parent / "blank.bin"
    image.write_bytes(bytes(4096))
    actual = hashlib.sha256(bytes(4096)).hexdigest()
    with pytest.raises(ManifestError) as caught:
        load_firmware(manifest)
    assert str(caught.value) == (
        f"{manifest}: image[3].sha256: expected the hash of {image}, {actual}, found the text "
        f"'{BLANK_HASH}'. "
        "The file is not the one that the manifest was written for: put the right one back, or "
        "write the manifest again"
    )


def test_file_that_changes_after_loading_is_not_read(manifest: Path) -> None:
    loaded = load_firmware(manifest)
    (manifest.parent / "blank.bin").write_bytes(bytes(4096))
    with pytest.raises(ManifestError, match=f"blank.bin: expected sha256 {BLANK_HASH}, found"):
        loaded.read(Role.BLANK)


def test_file_that_goes_away_after_loading_is_named(manifest: Path) -> None:
    loaded = load_firmware(manifest)
    image = manifest.parent / "blank.bin"
    image.unlink()
    with pytest.raises(ManifestError) as caught:
        loaded.read(Role.BLANK)
    assert str(caught.value) == f"{image}: expected an image file, found No such file or directory"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"version = ", ": expected a firmware manifest in TOML, found a mistake: Invalid value"),
        (
            b"\xff",
            ": expected a firmware manifest in UTF-8, found 'utf-8' codec can't decode byte 0xff",
        ),
        (b"version = 1\nfirmware = 3", ": firmware: expected a table, found the number 3"),
        (b"version = 1", ": firmware: expected a table, found nothing"),
        (
            b'version = 1\nimage = 1\n[firmware]\nname = "x"\nflash_map = "512+512"',
            ": image: expected tables [[image]], found the number 1",
        ),
    ],
)
def test_what_is_no_manifest_is_refused(tmp_path: Path, content: bytes, text: str) -> None:
    path = tmp_path / "firmware.toml"
    path.write_bytes(content)
    with pytest.raises(ManifestError) as caught:
        load_firmware(path)
    assert str(caught.value).startswith(f"{path}{text}")


def test_missing_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(ManifestError) as caught:
        load_firmware(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path / 'firmware.toml'}: expected a firmware manifest, found no such "
        "file. Check the path"
    )


def test_missing_image_of_a_firmware_in_memory_is_named() -> None:
    small = replace(FIRMWARE, images=FIRMWARE.images[:2])
    with pytest.raises(ManifestError) as caught:
        small.read(Role.BLANK)
    assert str(caught.value) == (
        "the built-in firmware manifest: image: expected an image with role = 'blank', found "
        "boot, user1"
    )


def test_images_in_memory_are_not_referred_to(tmp_path: Path) -> None:
    path = tmp_path / "firmware.toml"
    with pytest.raises(ManifestError) as caught:
        write_manifest(FIRMWARE, path)
    assert str(caught.value) == f"{path}: boot.bin: expected an image file, found bytes in memory"


def test_image_without_file_or_data_is_refused() -> None:
    with pytest.raises(ManifestError, match="expected a file or data, found neither"):
        ImageRef(Role.BLANK, None, BLANK_HASH, 4096, OffsetRule.BOTH_BLANKS).read()


def test_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_bytes(b"")
    with pytest.raises(ManifestError, match="expected a file that can be written, found"):
        save_firmware(FIRMWARE, tmp_path / "taken")


def test_images_compare_without_their_content_being_shown() -> None:
    assert "data" not in repr(ImageRef.of_bytes(Role.BLANK, BLANK_SECTOR))


def _all_texts() -> st.SearchStrategy[str]:
    return st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(name=_all_texts(), version=_all_texts())
def test_any_text_survives_the_round_trip(name: str, version: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        renamed = replace(FIRMWARE, name=name, at_version=version)
        save_firmware(renamed, Path(folder))
        loaded = load_firmware(Path(folder))
    assert (loaded.name, loaded.at_version) == (name, version)


def test_saving_a_loaded_firmware_copies_it(tmp_path: Path) -> None:
    first = save_firmware(FIRMWARE, tmp_path / "first")
    second = save_firmware(first, tmp_path / "second")
    assert [image.sha256 for image in second.images] == [image.sha256 for image in first.images]
    assert (tmp_path / "second" / "user1.bin").read_bytes() == FIRMWARE.read(Role.USER1)
