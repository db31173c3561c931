"""Where a run keeps its files: ``reports/20260401-101530-bench1/``, and ``reports/latest``."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

LATEST_NAME = "latest"


def create_run_folder(base: Path, started: datetime, rig_name: str) -> Path:
    """A new folder below `base`, named after the start of the run and the rig.

    Effects: creates the folder, and `base` if need be.
    """
    slug = re.sub(r"[^A-Za-z0-9._-]+", "-", rig_name).strip("-.") or "rig"
    name = f"{started:%Y%m%d-%H%M%S}-{slug}"
    base.mkdir(parents=True, exist_ok=True)
    folder, number = base / name, 1
    while not _is_created(folder):
        number += 1
        folder = base / f"{name}-{number}"
    return folder


def _is_created(folder: Path) -> bool:
    try:
        folder.mkdir()
    except FileExistsError:
        return False
    return True


def point_latest_at(folder: Path) -> None:
    """Let ``latest`` beside a run folder lead to it, replacing the old one in one step.

    Effects: a symbolic link, or where the system has none a text file with the folder's name.
    """
    latest = folder.parent / LATEST_NAME
    draft = folder.parent / f".{LATEST_NAME}.{os.getpid()}"
    draft.unlink(missing_ok=True)
    try:
        draft.symlink_to(folder.name, target_is_directory=True)
    except (OSError, NotImplementedError):
        draft.write_text(folder.name + "\n", encoding="utf-8")
    draft.replace(latest)


def resolve_run_folder(path: Path) -> Path:
    """The run folder that a path names, also through a ``latest`` that is a text file."""
    if path.is_file() and path.name == LATEST_NAME:
        return path.parent / path.read_text(encoding="utf-8").strip()
    return path
