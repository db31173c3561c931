"""The options of the toolkit; every one begins with ``--hil-``, to live beside other plugins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hil.errors import HilError, MistakeError
from hil.flashing.manifest import Firmware, load_firmware
from hil.flashing.synthesis import synthesize
from hil.recording.record import load_header
from hil.resource import resource_folder
from hil.rig.description import REPLAY_SCHEME, RigDescription, load_rig
from hil.rig.recording import place_of_record
from hil.rig.replay_assembly import replay_rig

if TYPE_CHECKING:
    from collections.abc import Sequence

FLASH_POLICIES = ("never", "changed", "always")
DANGERS = ("erase", "power-cut", "update")
BAUD_RANGE = range(110, 4_608_001)


@dataclass(frozen=True, slots=True)
class Options:
    """What the options of a session say, checked.

    Args:
        rig: The rig description.
        firmware: What is to be tested, and what virtual modules carry.
        is_firmware_known: Whether the modules of this rig are to carry `firmware`. Not if they are
            real and no firmware was named: the synthesized one does nothing on them.
        flash_policy: When to write the flash before the first test.
        is_flash_asked: Whether the policy was asked for, and is no default.
        bauds: The AT rates over which rate-dependent tests run; empty for their own choice.
        allowed: What may be done to a real module although it may harm it.
        record: The file into which the session is recorded, if it is.
    """

    rig: RigDescription
    firmware: Firmware
    is_firmware_known: bool
    flash_policy: str
    is_flash_asked: bool
    bauds: tuple[int, ...]
    allowed: frozenset[str]
    record: Path | None = None


_OPTIONS_KEY = pytest.StashKey[Options]()


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
        help="firmware manifest; without it a virtual rig uses a synthesized firmware, and a real "
        "one what is on the module",
    )
    group.addoption(
        "--hil-flash",
        choices=FLASH_POLICIES,
        help="write the flash before the first test: never, what has changed, or always "
        "(default: always on a virtual rig, where it costs nothing; on a real one changed with "
        "--hil-firmware, never without)",
    )
    group.addoption(
        "--hil-baud",
        metavar="N,N",
        help="AT rates over which rate-dependent tests run",
    )
    group.addoption(
        "--hil-allow",
        metavar="WORD,WORD",
        help="what tests may do to a real module although it may harm it: " + ", ".join(DANGERS),
    )
    group.addoption(
        "--hil-clause",
        metavar="NAME,NAME",
        help="run only tests that claim these clauses: ids (CIPSTO-03), commands (CIPSTO) or "
        "patterns (CIP*-0?)",
    )
    group.addoption(
        "--hil-matrix",
        action="store_true",
        help="print the verdicts on clauses as a table, command by kind",
    )
    group.addoption(
        "--hil-record",
        metavar="FILE",
        help="record what is said and done to the modules into a new file, or into one in a "
        "folder that exists",
    )
    group.addoption(
        "--hil-replay",
        metavar="FILE",
        help="run the tests on the modules of a record instead of a rig",
    )
    group.addoption(
        "--hil-report",
        metavar="DIR",
        help="folder that gets a folder for this run (default: reports/)",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Tell that pytest was led astray before it stumbles over files that are not meant."""
    _require_own_settings(early_config)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Check the options before anything is collected, so that a mistake stops the run at once."""
    options_of(config)


def options_of(config: pytest.Config) -> Options:
    """The options of a session, read once.

    Raises:
        pytest.UsageError: An option, or a file that it names, is wrong.
    """
    options = config.stash.get(_OPTIONS_KEY, None)
    if options is None:
        _require_own_settings(config)
        try:
            options = read_options(
                rig=config.getoption("--hil-rig"),
                firmware=config.getoption("--hil-firmware"),
                flash_policy=config.getoption("--hil-flash"),
                bauds=config.getoption("--hil-baud"),
                allowed=config.getoption("--hil-allow"),
                record=config.getoption("--hil-record"),
                replay=config.getoption("--hil-replay"),
            )
        except HilError as error:
            raise pytest.UsageError(str(error)) from error
        config.stash[_OPTIONS_KEY] = options
    return options


def read_options(
    *,
    rig: str | None,
    firmware: str | None,
    flash_policy: str | None,
    bauds: str | None,
    allowed: str | None,
    record: str | None = None,
    replay: str | None = None,
) -> Options:
    """The options from what was typed.

    Raises:
        RigFileError: The rig file is wrong.
        ManifestError: The firmware manifest is wrong.
        RecordFileError: The record to be played is none, or nothing can be recorded at that place.
        MistakeError: A rate or a word is none, or two options contradict each other.
    """
    if rig and replay:
        raise MistakeError(
            "--hil-replay plays the rig of its record, so --hil-rig cannot name another one; leave "
            f"one of them out, or name a rig file with a port {REPLAY_SCHEME}FILE"
        )
    if replay:
        description = replay_rig(Path(replay))
        is_firmware_known = bool(firmware) or load_header(Path(replay)).has_synthesized_firmware
    else:
        description = load_rig(Path(rig)) if rig else _default_rig()
        is_firmware_known = description.is_virtual or bool(firmware)
    if description.is_replayed and flash_policy not in {None, "never"}:
        raise MistakeError(
            f"--hil-flash {flash_policy}: a record has no flash that could be written. Leave the "
            "option away"
        )
    if flash_policy in {"changed", "always"} and not is_firmware_known:
        raise MistakeError(
            f"--hil-flash {flash_policy}: the rig {description.name!r} holds a real module, and no "
            "firmware for it is named. Name one with --hil-firmware, or leave the flash as it is "
            "with --hil-flash never"
        )
    return Options(
        rig=description,
        firmware=load_firmware(Path(firmware)) if firmware else synthesize(),
        is_firmware_known=is_firmware_known,
        flash_policy=flash_policy or _default_policy(description, is_firmware_known),
        is_flash_asked=flash_policy is not None,
        bauds=_parse_bauds(bauds.split(",")) if bauds else (),
        allowed=_parse_allowed(allowed.split(",")) if allowed else frozenset(),
        record=place_of_record(Path(record), description.name) if record else None,
    )


def _default_rig() -> RigDescription:
    """The virtual rig that comes with the toolkit."""
    return replace(load_rig(resource_folder("fixtures") / "virtual.toml"), path=None)


def _default_policy(rig: RigDescription, is_firmware_known: bool) -> str:  # noqa: FBT001 - private
    if rig.is_virtual:
        return "always"
    if rig.is_replayed:
        return "never"
    return "changed" if is_firmware_known else "never"


def _parse_bauds(words: Sequence[str]) -> tuple[int, ...]:
    bauds = []
    for word in words:
        if not word.strip().isdecimal() or int(word) not in BAUD_RANGE:
            raise MistakeError(
                f"--hil-baud: {word!r} is not a rate from {BAUD_RANGE[0]} to {BAUD_RANGE[-1]}; "
                "write for example --hil-baud 9600,115200"
            )
        bauds.append(int(word))
    return tuple(bauds)


def _parse_allowed(words: Sequence[str]) -> frozenset[str]:
    allowed = frozenset(word.strip() for word in words)
    for word in sorted(allowed):
        if word not in DANGERS:
            raise MistakeError(f"--hil-allow: {word!r} is not one of {', '.join(DANGERS)}")
    return allowed


def _require_own_settings(config: pytest.Config) -> None:
    """Refuse a run whose options led pytest away from the settings of the folder it runs in.

    pytest looks for its settings before it knows our options, and takes ``--hil-firmware /a/b``,
    written with a blank, for a test in ``/a``.
    """
    settings = config.invocation_params.dir / "tox.ini"
    if config.inipath is not None or not settings.is_file():
        return
    if (
        "\n[pytest]" in settings.read_text(encoding="utf-8")
        and not config.known_args_namespace.inifilename
    ):
        raise pytest.UsageError(
            f"pytest did not read {settings}: it took the value of an option for a test. Write the "
            "values of --hil-... options with an equals sign, --hil-firmware=FILE"
        )
