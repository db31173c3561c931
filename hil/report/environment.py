"""On which computer, with which versions and by which command a run took place."""

from __future__ import annotations

import platform
from importlib import metadata
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import hil
from hil.at.secret import mask_secrets

if TYPE_CHECKING:
    from collections.abc import Sequence

TOOLS = (
    "pytest",
    "pytest-html",
    "pytest-xdist",
    "esptool",
    "pyserial",
    "pyvisa",
    "pyvisa-py",
)


def describe_environment(arguments: Sequence[object], argv: Sequence[str]) -> dict[str, Any]:
    """Host, platform, Python, and the versions of the toolkit and of all tools installed.

    Args:
        arguments: The command line as given to pytest.
        argv: The command line of the process, as the person typed it.
    """
    versions = {"hil": hil.__version__}
    for tool in TOOLS:
        version = _installed_version(tool)
        if version is not None:
            versions[tool] = version
    return {
        "host": platform.node(),
        "platform": platform.platform(terse=True),
        "python": platform.python_version(),
        "versions": versions,
        "arguments": [_masked(str(each)) for each in arguments],
        "command": [*_program(argv[0] if argv else ""), *map(_masked, argv[1:])],
    }


def _program(path: str) -> list[str]:
    """A program as one types it: ``hil``, or ``python -m pytest``."""
    program = PurePath(path)
    if program.name == "__main__.py":
        return ["python", "-m", program.parent.name]
    return [program.stem if program.suffix == ".exe" else program.name]


def _masked(word: str) -> str:
    raw = word.encode("utf-8", "surrogateescape")
    return mask_secrets(raw).decode("utf-8", "backslashreplace")


def _installed_version(tool: str) -> str | None:
    try:
        return metadata.version(tool)
    except metadata.PackageNotFoundError:
        return None
