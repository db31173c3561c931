"""``hil diff``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .program import call, start, write_rig

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_two_firmwares_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = []
    for dialect in ("documented", "espressif-0.23"):
        more = f'lines = ["contacts"]\ndialect = "{dialect}"'
        rig = write_rig(tmp_path, "sim://default/module0", more)
        contacts = '[lines.contacts]\ndriver = "virtual"\n'
        rig.write_text(rig.read_text("utf-8") + contacts, encoding="utf-8")
        ended = start(
            tmp_path,
            *("run", "smoke/test_boot.py", "--rig", rig, "--report", dialect),
            *("--", "-q", "-k", "followed_by_a_boot_log"),
        )
        assert ended.status == 0, ended.out + ended.err
        folders.append(tmp_path / dialect / "latest")

    assert call(capsys, "diff", folders[0], folders[0]).status == 0
    ended = call(capsys, "diff", *folders)
    assert ended.status == 1
    assert "espressif-0.23" in ended.out
    as_json = json.loads(call(capsys, "diff", *folders, "--json").out)
    assert "SDK version: 1.0.1" in as_json["answers"][0]["before"]
    assert call(capsys, "diff", tmp_path, folders[0]).status == 2
