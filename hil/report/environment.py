"""On which computer, with which versions and by which command a run took place."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import TYPE_CHECKING, Any

import hil

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


def describe_environment(arguments: Sequence[str]) -> dict[str, Any]:
    """Host, platform, Python, and the versions of the toolkit and of all tools installed.

    Args:
        arguments: The command line as given to pytest.
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
        "arguments": [str(each) for each in arguments],
    }


def _installed_version(tool: str) -> str | None:
    try:
        return metadata.version(tool)
    except metadata.PackageNotFoundError:
        return None
