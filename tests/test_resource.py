"""Test plans, rig descriptions and manifests are found in a checkout and in a wheel."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil import resource
from hil.resource import resource_folder

ROOT = Path(__file__).parents[1]
FOLDERS = ["testplans", "fixtures", "firmware"]


@pytest.mark.parametrize("name", FOLDERS)
def test_a_checkout_has_them_beside_the_package(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "_PACKAGE", ROOT / "hil")
    monkeypatch.setattr(resource, "_INSTALLED", ROOT / "hil" / "_data")
    assert resource_folder(name) == ROOT / name
    assert resource_folder(name).is_dir()


@pytest.mark.parametrize("name", FOLDERS)
def test_a_wheel_has_them_inside_of_the_package(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "_INSTALLED", tmp_path)
    (tmp_path / name).mkdir()
    assert resource_folder(name) == tmp_path / name


def test_what_a_wheel_carries_is_what_is_looked_for() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    table = text.partition("[tool.hatch.build.targets.wheel.force-include]\n")[2]
    lines = table.partition("\n\n")[0].splitlines()
    assert lines == [f'"{name}" = "hil/_data/{name}"' for name in FOLDERS]
