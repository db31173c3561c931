"""``hil firmware``: what it writes, what it says, and how it refuses."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from hil.cli.firmware import firmware
from hil.errors import HilError, ImageError, ManifestError
from hil.flashing.manifest import load_firmware, save_firmware
from hil.flashing.synthesis import synthesize

if TYPE_CHECKING:
    from pathlib import Path


def run(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(firmware, [str(each) for each in arguments])
    if isinstance(result.exception, HilError):
        raise result.exception
    return result


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A vendor's SDK, as far as `import` looks at it."""
    save_firmware(synthesize(user1_bytes=60_004), tmp_path / "sdk" / "bin")
    (tmp_path / "sdk" / "bin" / "firmware.toml").unlink()
    return tmp_path / "sdk"


def test_synthesize_writes_a_firmware_that_loads(tmp_path: Path) -> None:
    result = run("synthesize", "-o", tmp_path / "made")
    assert result.exit_code == 0
    assert load_firmware(tmp_path / "made").at_version == "0.23.0.0"
    lines = result.output.splitlines()
    assert lines[0].split() == ["boot", str(tmp_path / "made" / "boot.bin"), "2992", "B"]
    assert lines[-1] == f"wrote {tmp_path / 'made' / 'firmware.toml'}: synthesized AT 0.23.0.0"


def test_synthesize_twice_is_fine(tmp_path: Path) -> None:
    run("synthesize", "-o", tmp_path)
    assert run("synthesize", "-o", tmp_path).exit_code == 0


def test_another_manifest_is_kept_unless_forced(tmp_path: Path, tree: Path) -> None:
    run("synthesize", "-o", tmp_path / "out")
    with pytest.raises(ManifestError) as caught:
        run("import", tree, "-o", tmp_path / "out")
    assert str(caught.value) == (
        f"{tmp_path / 'out' / 'firmware.toml'}: expected no manifest, or one of the same firmware, "
        "found another manifest. Choose another folder, or replace it with --force"
    )
    assert caught.value.exit_status == 2
    assert run("import", tree, "-o", tmp_path / "out", "--force").exit_code == 0
    assert load_firmware(tmp_path / "out").name == "AT 0.23.0.0 (SDK 1.0.1)"


def test_unreadable_manifest_is_kept_too(tmp_path: Path) -> None:
    (tmp_path / "firmware.toml").write_text("mine", encoding="utf-8")
    with pytest.raises(ManifestError, match="found another manifest"):
        run("synthesize", "-o", tmp_path)


def test_import_says_what_it_chose_and_why(tmp_path: Path, tree: Path) -> None:
    (tree / "bin" / "old.bin").write_bytes(
        synthesize(user1_bytes=60_004, boot_version="1.2").images[0].read()
    )
    result = run("import", tree, "-o", tmp_path / "out", "--flash-size", "1MB")
    assert result.output.splitlines() == [
        "bin/blank.bin      one erased sector; chosen",
        "bin/boot.bin       boot 1.4(b1); chosen",
        "bin/init_data.bin  init data v08; chosen",
        "bin/user1.bin      user1 512+512, SDK 1.0.1; chosen",
        "bin/user2.bin      user2 512+512, SDK 1.0.1; chosen",
        "bin/old.bin        boot 1.2; skipped: boot 1.4(b1) is preferred",
        "flash map 512+512, for 1MB or more",
        "AT version 0.23.0.0, as the image says",
        f"wrote {tmp_path / 'out' / 'firmware.toml'}: AT 0.23.0.0 (SDK 1.0.1)",
    ]


def test_import_refers_to_the_tree(tmp_path: Path, tree: Path) -> None:
    run("import", tree, "-o", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["firmware.toml"]
    assert load_firmware(tmp_path / "out").images[0].path == tree / "bin" / "boot.bin"


def test_import_copies_on_request(tmp_path: Path, tree: Path) -> None:
    run("import", tree, "-o", tmp_path / "out", "--copy", "--at-version", "0.23.9.9")
    loaded = load_firmware(tmp_path / "out")
    assert loaded.at_version == "0.23.9.9"
    assert loaded.images[0].path == tmp_path / "out" / "boot.bin"


def test_import_of_a_map_that_is_not_there_is_refused(tmp_path: Path, tree: Path) -> None:
    with pytest.raises(ImageError, match=r"no user1 image that can be used .*linked for 512\+512"):
        run("import", tree, "-o", tmp_path / "out", "--map", "1024+1024")
    assert not (tmp_path / "out").exists()


def test_check_lists_the_places(tmp_path: Path) -> None:
    run("synthesize", "-o", tmp_path)
    assert run("check", tmp_path, "--flash-size", "4MB", "--init-data").output.splitlines() == [
        "synthesized AT 0.23.0.0, flash map 512+512, SDK 1.0.1",
        "0x00000     2992 B  boot.bin  (flash size becomes 4MB)",
        "0x01000   327684 B  user1.bin",
        "0x7E000        4KB  blank.bin",
        "0x3FC000      128 B  init_data.bin",
        "0x3FE000        4KB  blank.bin",
        "sound, and fits a flash of 4MB",
    ]


def test_check_without_a_size_looks_at_the_images_alone(tmp_path: Path) -> None:
    run("synthesize", "-o", tmp_path)
    assert run("check", tmp_path / "firmware.toml").output.splitlines()[1:] == [
        "5 images are sound; --flash-size checks their places too"
    ]


def test_check_shows_warnings(tmp_path: Path) -> None:
    run("synthesize", "-o", tmp_path)
    output = run("check", tmp_path, "--flash-size", "512KB", "--force-512k").output
    assert "warning: layout: user1.bin at 0x01000..0x51004 covers the user parameter area" in output


def test_check_refuses_what_does_not_fit(tmp_path: Path) -> None:
    run("synthesize", "-o", tmp_path)
    with pytest.raises(ImageError) as caught:
        run("check", tmp_path, "--flash-size", "512KB")
    assert caught.value.exit_status == 2
    assert caught.value.problems == (
        (
            "layout: the AT firmware needs a flash of at least 1024 KB (section 1, line 133) "
            "and this "
            "one has 512KB: use a larger module, or force it"
        ),
    )


def test_check_refuses_a_changed_image(tmp_path: Path) -> None:
    run("synthesize", "-o", tmp_path)
    (tmp_path / "blank.bin").write_bytes(bytes(4096))
    with pytest.raises(ManifestError, match=r"image\[3\]\.sha256"):
        run("check", tmp_path)


def test_bad_size_is_a_usage_error(tmp_path: Path) -> None:
    run("synthesize", "-o", tmp_path)
    result = run("check", tmp_path, "--flash-size", "big")
    assert result.exit_code == 2
    assert "not a memory size: 'big' (expected for example 512KB, 1MB or 4096)" in result.output


def test_help_imports_nothing_of_the_flashing_room() -> None:
    code = "import sys, hil.cli.firmware; print(*(n for n in sys.modules if 'flashing' in n))"
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert told.strip() == ""
