"""``hil reset``: into the firmware, or into the boot loader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .program import call, write_rig

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_boot_log_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    ended = call(capsys, "reset")
    assert ended.status == 0
    assert ended.err == ""
    lines = ended.out.splitlines()
    assert lines[0].strip() == "ets Jan  8 2013,rst cause:2, boot mode:(3,6)"
    assert lines[-1] == "the AT firmware answers"


def test_loader_tells_who_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    ended = call(capsys, "reset", "--loader")
    assert ended == (
        0,
        "ESP8266EX, MAC 18:fe:34:d0:00:00, flash id 0x1440ef, 1MB: the boot loader answers\n",
        "",
    )


def test_rig_without_lines_says_what_to_add(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    rig = write_rig(tmp_path, "sim://default/module0")
    for arguments, need in ((["reset"], "reset"), (["reset", "--loader"], "strap")):
        ended = call(capsys, *arguments, "--rig", rig)
        assert ended.status == 2
        assert ended.out == ""
        assert ended.err.startswith(f"hil: rig 'bench' has no '{need}': ")
