"""The options of the toolkit; every one begins with ``--hil-``, to live beside other plugins."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hil.errors import HilError, MistakeError
from hil.flashing.manifest import Firmware, load_firmware
from hil.flashing.synthesis import synthesize
from hil.rig.description import VIRTUAL_RIG, RigDescription, load_rig

if TYPE_CHECKING:
    from collections.abc import Sequence

FLASH_POLICIES = ("never", "changed", "always")
BAUD_RANGE = range(110, 4_608_001)


@dataclass(frozen=True, slots=True)
class Options:
    """What the options of a session say, checked.

    Args:
        rig: The rig description.
        firmware: What is to be tested.
        flash_policy: When to write the flash before the first test.
        bauds: The AT rates over which rate-dependent tests run; empty for their own choice.
    """

    rig: RigDescription
    firmware: Firmware
    flash_policy: str
    bauds: tuple[int, ...]


OPTIONS_KEY = pytest.StashKey[Options]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("hil", "hardware-in-the-loop tests of an ESP8266")
    group.addoption(
        "--hil-rig",
        metavar="FILE",
        help="rig description; without it the virtual rig is used",
    )
    group.addoption(
        "--hil-firmware",
        metavar="FILE",
        help="firmware manifest; without it a synthesized firmware is used",
    )
    group.addoption(
        "--hil-flash",
        choices=FLASH_POLICIES,
        default="changed",
        help="write the flash before the first test: never, what has changed (default), or always",
    )
    group.addoption(
        "--hil-baud",
        metavar="N,N",
        help="AT rates over which rate-dependent tests run",
    )
    group.addoption(
        "--hil-report",
        metavar="DIR",
        help="folder that gets a folder for this run (default: reports/)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Check the options before anything is collected, so that a mistake stops the run at once."""
    try:
        config.stash[OPTIONS_KEY] = read_options(
            rig=config.getoption("--hil-rig"),
            firmware=config.getoption("--hil-firmware"),
            flash_policy=config.getoption("--hil-flash"),
            bauds=config.getoption("--hil-baud"),
        )
    except HilError as error:
        raise pytest.UsageError(str(error)) from error


def read_options(
    *, rig: str | None, firmware: str | None, flash_policy: str, bauds: str | None
) -> Options:
    """The options from what was typed.

    Raises:
        RigFileError: The rig file is wrong.
        ManifestError: The firmware manifest is wrong.
        MistakeError: A rate is not one.
    """
    return Options(
        rig=load_rig(Path(rig)) if rig else VIRTUAL_RIG,
        firmware=load_firmware(Path(firmware)) if firmware else synthesize(),
        flash_policy=flash_policy,
        bauds=_parse_bauds(bauds.split(",")) if bauds else (),
    )


def _parse_bauds(words: Sequence[str]) -> tuple[int, ...]:
    bauds = []
    for word in words:
        if not word.strip().isdigit() or int(word) not in BAUD_RANGE:
            raise MistakeError(
                f"--hil-baud: {word!r} is not a rate from {BAUD_RANGE[0]} to {BAUD_RANGE[-1]}; "
                "write for example --hil-baud 9600,115200"
            )
        bauds.append(int(word))
    return tuple(bauds)
