"""The pytest fixtures ``rig``, ``module``, ``at`` and ``firmware``, and what keeps tests apart.

The rig is opened once for a session and the module flashed once, before the first test that holds
it. After a failure the module is brought back to factory settings before the next test begins; if
that does not work, the tests that follow are blocked instead of failing for a reason of the rig.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from hil.at.transcript import Transcript
from hil.errors import MisbehaviourError
from hil.flashing.flasher import Flasher, FlashRecord
from hil.ports.byte_port import Direction
from hil.rig.assembly import open_rig
from hil.rig.need import NEEDS

from .journal import (
    BOOT_LOGS_KEY,
    FLASH_RECORDS_KEY,
    RIG_TIME_KEY,
    TRANSCRIPT_KEY,
    describe_firmware,
    describe_rig,
)
from .options import DANGERS, Options, options_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from hil.at.client import AtClient
    from hil.flashing.manifest import Firmware
    from hil.rig.module import BootCapture, RigModule
    from hil.rig.rig import Rig

_TRANSCRIPT_GAP_NS = 1_000_000
_SESSION_KEY = pytest.StashKey["RigSession"]()


class RigSession:
    """The rig of one pytest session and what is known about the state of its module.

    Args:
        options: What was asked for.
        config: The session's.
    """

    def __init__(self, options: Options, config: pytest.Config) -> None:
        self.options = options
        self._config = config
        self._stack = ExitStack()
        self._rig: Rig | None = None
        self._is_flashed = False
        self.is_dirty = False
        self.blocked_by = ""

    def rig(self) -> Rig:
        """The open rig; opened at the first call."""
        if self._rig is None:
            self._rig = self._stack.enter_context(open_rig(self.options.rig, self.options.firmware))
            self._config.stash[RIG_TIME_KEY] = self._rig.clock.now_ns
        return self._rig

    def prepare(self, module: RigModule, item: pytest.Item) -> None:
        """Bring a module to where a test may begin: flashed, running, clean.

        Raises:
            MisbehaviourError: It cannot be brought there.
        """
        if self.blocked_by:
            pytest.fail(
                f"blocked: the module could not be brought back before: {self.blocked_by}",
                pytrace=False,
            )
        try:
            if not self._is_flashed:
                self._flash(module, item)
            if self.is_dirty:
                self._recover(module, item)
            elif not module.is_running:
                module.start()
        except MisbehaviourError as error:
            self.blocked_by = str(error)
            raise
        self.is_dirty = False

    def _recover(self, module: RigModule, item: pytest.Item) -> None:
        try:
            module.recover()
        except MisbehaviourError:
            if self.options.flash_policy == "never" or "flash-read" not in module.has:
                raise
            self._flash(module, item)
            module.recover()

    def _flash(self, module: RigModule, item: pytest.Item) -> None:
        self._is_flashed = True
        if self.options.flash_policy == "never" or "flash-read" not in module.has:
            return
        flasher = Flasher(module, baud=self.options.rig.flash_baud)
        with _progress_shown(self._config) as progress:
            record = flasher.flash(
                self.options.firmware,
                rewrites_all=self.options.flash_policy == "always",
                progress=progress,
            )
        attach_flash_record(item, module, record)

    def close(self) -> None:
        """Leave the rig in its safe state."""
        self._stack.close()


def attach_flash_record(item: pytest.Item, module: RigModule, record: FlashRecord) -> None:
    """Let a flash record stand in the report, with the test that made it."""
    item.stash.setdefault(FLASH_RECORDS_KEY, []).append(
        {
            "rig_time_ns": module.clock.now_ns(),
            "slot": module.description.slot,
            **record.to_json(),
        }
    )


@contextmanager
def _progress_shown(config: pytest.Config) -> Iterator[Any]:
    """A progress bar for each image on a terminal, nothing otherwise."""
    reporter = config.pluginmanager.getplugin("terminalreporter")
    if reporter is None or not sys.__stderr__ or not sys.__stderr__.isatty():
        yield None
        return
    from hil.flashing.progress import image_progress  # noqa: PLC0415 - rich, for terminals only

    with image_progress(sys.__stderr__) as progress:
        yield progress


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker and tell the report what this session is about."""
    config.addinivalue_line(
        "markers",
        "needs(word, ...): what the rig must have for this test; it is skipped where it has not",
    )
    config.addinivalue_line(
        "markers",
        "destructive(word, ...): what this test does that may harm a module; on a real rig it runs "
        "only if --hil-allow names it",
    )
    options = options_of(config)
    session = RigSession(options, config)
    config.stash[_SESSION_KEY] = session
    config.add_cleanup(session.close)
    describe_rig(config, _rig_summary(options))
    describe_firmware(config, _firmware_summary(options))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse words that are in no vocabulary."""
    for item in items:
        for name, known in (("needs", tuple(NEEDS)), ("destructive", DANGERS)):
            for marker in item.iter_markers(name):
                unknown = [word for word in marker.args if word not in known]
                if unknown:
                    raise pytest.UsageError(
                        f"{item.nodeid}: the marker {name} does not know "
                        f"{', '.join(map(repr, unknown))}; it knows {', '.join(known)}"
                    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """After a failure the next test starts from a clean module."""
    report = yield
    if report.failed and "rig" in getattr(item, "fixturenames", ()):
        item.config.stash[_SESSION_KEY].is_dirty = True
    del call
    return report


@pytest.fixture(scope="session")
def firmware(pytestconfig: pytest.Config) -> Firmware:
    """The firmware under test: ``--hil-firmware``, or the synthesized one."""
    return options_of(pytestconfig).firmware


@pytest.fixture(scope="session")
def rig(pytestconfig: pytest.Config) -> Rig:
    """The rig of ``--hil-rig``, or the virtual one; open for the whole session."""
    return pytestconfig.stash[_SESSION_KEY].rig()


@pytest.fixture
def module(rig: Rig, request: pytest.FixtureRequest) -> Iterator[RigModule]:
    """The module in the first slot: flashed, running, and clean after a failure.

    Everything that goes over its port while the test runs stands in the report.
    """
    session = request.config.stash[_SESSION_KEY]
    held = rig.modules[0]
    _require_needs(request.node, rig)
    _require_allowed(request.node, session.options)
    transcript = Transcript()
    held.port.tap = transcript.record
    held.boot_captures.clear()
    try:
        session.prepare(held, request.node)
        yield held
    finally:
        held.port.tap = None
        _attach_observations(request.node, held, transcript)


FlashRecorder = Callable[[FlashRecord], FlashRecord]
"""Takes a flash record into the report and returns it."""


@pytest.fixture
def record_flash(module: RigModule, request: pytest.FixtureRequest) -> FlashRecorder:
    """For tests that flash by themselves: a function that takes the record into the report."""

    def record(flashed: FlashRecord) -> FlashRecord:
        attach_flash_record(request.node, module, flashed)
        return flashed

    return record


@pytest.fixture
def at(module: RigModule) -> AtClient:
    """The AT client of ``module``."""
    return module.at


def _require_needs(item: pytest.Item, rig: Rig) -> None:
    wanted = {word for marker in item.iter_markers("needs") for word in marker.args}
    missing = sorted(wanted - rig.has)
    if missing:
        pytest.skip(f"the rig {rig.name!r} has no {', '.join(missing)}")


def _require_allowed(item: pytest.Item, options: Options) -> None:
    if options.rig.is_virtual:
        return
    dangers = {word for marker in item.iter_markers("destructive") for word in marker.args}
    missing = sorted(dangers - options.allowed)
    if missing:
        pytest.skip(f"it may harm the module; allow it with --hil-allow {','.join(missing)}")


def _attach_observations(item: pytest.Item, module: RigModule, transcript: Transcript) -> None:
    slot = module.description.slot
    item.stash.setdefault(TRANSCRIPT_KEY, []).extend(_transcript_entries(transcript, slot))
    item.stash.setdefault(BOOT_LOGS_KEY, []).extend(
        _boot_log_entry(capture, slot) for capture in module.boot_captures
    )


def _transcript_entries(transcript: Transcript, slot: int) -> Iterator[dict[str, Any]]:
    for entry in transcript.masked_entries(gap_ns=_TRANSCRIPT_GAP_NS):
        is_text = entry.data.isascii() and all(
            byte >= 0x20 or byte in b"\r\n\t" for byte in entry.data
        )
        shown = {
            "rig_time_ns": entry.time_ns,
            "direction": "sent" if entry.direction is Direction.SENT else "received",
            "text": entry.data.decode("ascii", "backslashreplace"),
            "slot": slot,
        }
        yield shown if is_text else {**shown, "hex": entry.data.hex(" ")}


def _boot_log_entry(capture: BootCapture, slot: int) -> dict[str, Any]:
    banner = capture.log.banner
    return {
        "rig_time_ns": capture.time_ns,
        "slot": slot,
        "baud": capture.baud,
        "text": capture.text,
        "reset_cause": None if banner is None else int(banner.cause),
        "boot_mode": None if banner is None else banner.boot_mode,
    }


def _rig_summary(options: Options) -> dict[str, Any]:
    rig_description = options.rig
    return {
        "name": rig_description.name,
        "source": str(rig_description.path or "built in"),
        "is_virtual": rig_description.is_virtual,
        "has": sorted(rig_description.has),
        "modules": [
            {"slot": each.slot, "port": each.port, "baud": each.baud, "dialect": each.dialect}
            for each in rig_description.modules
        ],
    }


def _firmware_summary(options: Options) -> dict[str, Any]:
    tested = options.firmware
    return {
        "name": tested.name,
        "at_version": tested.at_version,
        "sdk_version": tested.sdk_version,
        "manifest": str(tested.path or "synthesized"),
    }
