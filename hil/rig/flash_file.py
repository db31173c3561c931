"""The flash of a virtual module as a file: its first content, or its state between runs."""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from hil.errors import RigFileError
from hil.units import format_size

try:
    from fcntl import LOCK_EX, LOCK_NB, flock
except ImportError:  # Windows, where nobody is kept from using a file twice
    _IS_LOCKABLE = False
else:
    _IS_LOCKABLE = True

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


def hold_state(path: Path) -> BinaryIO:
    """Keep a state file for this program until what is returned is closed.

    Returns:
        An open file, hidden beside the state file; it stays there.

    Raises:
        RigFileError: Another program holds it, or nothing can be written where it is to be.
    """
    with ExitStack() as stack:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = stack.enter_context(path.with_name(f".{path.name}.lock").open("ab"))
            if _IS_LOCKABLE:
                flock(file, LOCK_EX | LOCK_NB)
        except BlockingIOError as error:
            raise RigFileError(
                path,
                "",
                allowed="a state file that no other program uses",
                given="one that is in use",
                remedy="End the other program, or keep the flash in another file",
            ) from error
        except OSError as error:
            raise RigFileError(
                path, "", allowed="a file that can be written", given=error.strerror or str(error)
            ) from error
        stack.pop_all()
        return file


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
