"""``hil esptool``: esptool's own command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import esptool
import pytest

from hil.errors import MistakeError
from hil.flashing.esptool_session import open_loader_session, run_esptool
from hil.flashing.synthesis import synthesize
from hil.rig.assembly import open_rig
from hil.rig.description import VIRTUAL_RIG

from .program import call, start

if TYPE_CHECKING:
    from pathlib import Path


def test_its_help_is_that_of_esptool(capsys: pytest.CaptureFixture[str]) -> None:
    ended = call(capsys, "esptool", "--help")
    assert ended.status == 0
    assert f"esptool v{esptool.__version__}" in ended.out
    assert "write-flash" in ended.out


def test_arguments_reach_esptool_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "image.bin").write_bytes(b"\xe9\0\0\0" + bytes(12))
    arguments = ("esptool", "--chip", "esp8266", "image-info", "--", "image.bin")
    ended = start(tmp_path, *arguments)
    assert "Image size: 16 bytes" in ended.out


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["nosuch"], "No such command 'nosuch'."),
        (["--port", "hil://127.0.0.1:1", "flash-id"], "`hil virtual serve --tcp PORT`"),
        (["--port", "sim://nowhere/module0", "flash-id"], "no simulated world 'nowhere'"),
    ],
)
def test_its_status_is_passed_on(
    capsys: pytest.CaptureFixture[str], arguments: list[str], text: str
) -> None:
    ended = call(capsys, "esptool", *arguments)
    assert ended.status == 2
    assert text in ended.out + ended.err


def test_it_is_refused_inside_of_a_session() -> None:
    with open_rig(VIRTUAL_RIG, synthesize()) as rig:
        module = rig.modules[0]
        module.enter_loader()
        with (
            open_loader_session(module.port, baud=115200),
            pytest.raises(MistakeError) as mistake,
        ):
            run_esptool(["version"])
    assert str(mistake.value) == (
        "cannot run a session of esptool's command line inside of another one: leave that one "
        "first, or do everything in it"
    )
