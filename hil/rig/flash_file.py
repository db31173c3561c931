"""The flash of a virtual module as a file: its first content, or its state between runs."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from hil.errors import RigFileError
from hil.units import format_size

STATE_REMEDY = "Give the module the flash size of the file, or remove the file to start over"
CONTENT_REMEDY = "Give the module the flash size of the file, or name another file"


def load_flash(path: Path, size_bytes: int, *, remedy: str) -> bytes:
    """The content of a flash.

    Args:
        path: The file.
        size_bytes: Size of the flash.
        remedy: What to do about a file of another size.

    Raises:
        RigFileError: The file cannot be read or is not as long as the flash.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RigFileError(
            path, "", allowed="an image of a whole flash", given=error.strerror or str(error)
        ) from error
    if len(content) != size_bytes:
        raise RigFileError(
            path,
            "",
            allowed=f"an image of a whole flash of {format_size(size_bytes)}",
            given=f"{len(content)} bytes",
            remedy=remedy,
        )
    return content


def save_flash(path: Path, content: bytes) -> None:
    """Write a flash to its state file; a kill at any moment leaves the old or the new one.

    Raises:
        RigFileError: The file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
        new = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            new.replace(path)
        finally:
            new.unlink(missing_ok=True)
    except OSError as error:
        raise RigFileError(
            path, "", allowed="a file that can be written", given=error.strerror or str(error)
        ) from error
