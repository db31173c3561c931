"""Runs the program ``hil`` as a shell would, in this process or in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple
from unittest import mock

import pytest

from hil.cli import main

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]
PROGRAM = "from hil.cli import main; main()"


class Ended(NamedTuple):
    """How a call of the program ended."""

    status: int
    out: str
    err: str


def call(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Ended:
    """Call the program in this process."""
    capsys.readouterr()
    with (
        mock.patch.object(sys, "argv", ["hil", *map(str, arguments)]),
        mock.patch("signal.signal"),
        pytest.raises(SystemExit) as leave,
    ):
        main()
    out, err = capsys.readouterr()
    return Ended(int(leave.value.code or 0), out, err)


def start(
    folder: Path,
    *arguments: str | Path,
    path: Path = ROOT,
    out: BinaryIO | None = None,
    **environment: str,
) -> Ended:
    """Call the program in a process of its own, from a folder; `path` is where the toolkit lies."""
    ended = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", PROGRAM, *map(str, arguments)],
        cwd=folder,
        env={**_environment(path), **environment},
        stdout=out or subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    return Ended(ended.returncode, ended.stdout or "", ended.stderr)


def _environment(path: Path) -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    return {**kept, "PYTHONPATH": str(path), "NO_COLOR": "1", "COLUMNS": "200"}


def write_rig(folder: Path, port: str, *module: str) -> Path:
    """A rig file with one module at a port, in its simplest form."""
    path = folder / "rig.toml"
    lines = ["version = 1", "[rig]", 'name = "bench"', "[[module]]", "slot = 0", f'port = "{port}"']
    path.write_text("\n".join([*lines, *module]) + "\n", encoding="utf-8")
    return path
