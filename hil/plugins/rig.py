"""The pytest fixtures for a rig and what belongs to it, and what keeps tests apart.

The rig is opened once for a session and the module flashed once, before the first test that holds
it. After a failure the module is brought back to factory settings before the next test begins; if
that does not work, the tests that follow are blocked instead of failing for a reason of the rig.

Under pytest-xdist each worker has a virtual rig of its own. A real rig is not shared.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from hil.at.transcript import Transcript
from hil.errors import HilError, NeedMissingError
from hil.rig.need import NEEDS
from hil.units import KIB

from .clause import needs_of
from .journal import describe_firmware, describe_rig
from .observation import attach_flash_record, attach_observations, firmware_summary, rig_summary
from .options import DANGERS, Options, options_of
from .rig_session import RigSession
from .secrecy import Secrecy

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from hil.at.client import AtClient
    from hil.at.talk import Talk
    from hil.flashing.flasher import FlashRecord
    from hil.flashing.manifest import Firmware
    from hil.ports.access_point import AccessPoint
    from hil.ports.network_peer import NetworkPeers
    from hil.ports.wifi_station import WifiStation
    from hil.rig.module import RigModule
    from hil.rig.rig import Rig

    FlashRecorder = Callable[[FlashRecord], FlashRecord]
    """Takes a flash record into the report and returns it."""

_SESSION_KEY = pytest.StashKey[RigSession]()
_MODULE_KEY = pytest.StashKey["RigModule"]()
"""The module that a test holds."""


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
    config.addinivalue_line(
        "markers",
        "bauds(rate, ...): the rates over which a test with the argument `at_baud` runs, unless "
        "--hil-baud names others",
    )
    config.addinivalue_line(
        "markers", "flash_size(KB): the test is about a module whose flash has this size"
    )
    options = options_of(config)
    _require_sharable(options, _worker_count(config))
    options = _for_this_worker(options, config)
    session = RigSession(options, config)
    config.stash[_SESSION_KEY] = session
    config.add_cleanup(session.close)
    config.pluginmanager.register(Secrecy(config, lambda: session.secrets), "hil-secrecy")
    describe_rig(config, rig_summary(options, options.rig.has))
    describe_firmware(config, firmware_summary(options))


def session_of(config: pytest.Config) -> RigSession:
    """What a session knows about its rig; its options may be changed until the rig is opened."""
    return config.stash[_SESSION_KEY]


def _worker_count(config: pytest.Config) -> int:
    """How many workers of pytest-xdist the controller is about to start; 0 without any."""
    if config.getoption("dist", "no") == "no":
        return 0
    specs = [spec.partition("*") for spec in config.getoption("tx", None) or ()]
    return sum(int(count) if star and count.isdecimal() else 1 for count, star, _ in specs)


def _require_sharable(options: Options, workers: int) -> None:
    """Refuse several workers where they would talk to one module, or write one file."""
    if workers < 2:
        return
    if options.record is not None:
        raise pytest.UsageError(
            f"-n {workers}: several workers cannot record into one file. Leave -n or --hil-record "
            "away"
        )
    slots = len(options.rig.modules)
    if options.rig.is_real and workers > slots:
        modules = "one real module" if slots == 1 else f"{slots} real modules"
        advice = "Leave -n away" if slots == 1 else f"Use -n {slots} at most"
        raise pytest.UsageError(
            f"-n {workers}: the rig {options.rig.name!r} has {modules}, and each worker needs one "
            f"for itself. {advice}, or test on a virtual rig, where each worker has a rig of its "
            "own"
        )
    for module in options.rig.modules:
        if module.flash is not None and module.flash.state is not None:
            raise pytest.UsageError(
                f"-n {workers}: the rig {options.rig.name!r} keeps the flash of slot {module.slot} "
                f"in {module.flash.state}, and several workers would overwrite each other's. Leave "
                "-n away, or take `state` out of the rig file"
            )


def _for_this_worker(options: Options, config: pytest.Config) -> Options:
    """The options of a worker of pytest-xdist on a real rig: with the module that is its own.

    What all modules share is left alone then: access points are not switched, because the other
    workers' modules are joined to them.
    """
    worker = getattr(config, "workerinput", {}).get("workerid", "")
    if not worker or not options.rig.is_real:
        return options
    number = int(worker.removeprefix("gw"))
    if number >= len(options.rig.modules):
        raise pytest.UsageError(
            f"worker {worker}: the rig {options.rig.name!r} has no module for it. A worker before "
            "it has crashed; look at what it said"
        )
    rig = replace(
        options.rig,
        modules=(options.rig.modules[number],),
        access_points=tuple(replace(each, commands=None) for each in options.rig.access_points),
    )
    return replace(options, rig=rig)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test with the argument ``at_baud`` once for each rate."""
    if "at_baud" not in metafunc.fixturenames:
        return
    marker = metafunc.definition.get_closest_marker("bauds")
    chosen = options_of(metafunc.config).bauds or (marker.args if marker else ())
    if not chosen:
        raise pytest.UsageError(
            f"{metafunc.definition.nodeid}: at_baud needs rates, by the marker bauds(9600, ...) or "
            "by --hil-baud"
        )
    metafunc.parametrize("at_baud", chosen)


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


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what this rig cannot do, or is not allowed to, before a fixture touches the module."""
    session = session_of(item.config)
    _require_allowed(item, session.options)
    uses_rig = "rig" in getattr(item, "fixturenames", ())
    if uses_rig:
        session.require_usable()
    needs = needs_of(item)
    if needs:
        _require_needs(needs, session.rig())
    if uses_rig:
        session.begin_section(item.nodeid)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """What fixtures do at the end of a test still belongs to its section of a record."""
    try:
        return (yield)
    finally:
        session_of(item.config).end_section()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say where the session was recorded."""
    path = session_of(config).recorded
    if path is not None:
        terminalreporter.write_line(f"recorded in {path}; --hil-replay={path} runs it again")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Skip a test that finds out only while it runs that its rig lacks something.

    The vocabulary of needs is coarser than what a test may ask for: that the way to a peer can be
    cut, say.
    """
    del item
    try:
        return (yield)
    except NeedMissingError as error:
        pytest.skip(str(error))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """After a failure, also an expected one, the next test starts from a clean module.

    Errors of the toolkit are shown from the line of the test on that met them: their text says
    what happened.
    """
    session = session_of(item.config)
    uses_rig = "rig" in getattr(item, "fixturenames", ())
    if call.excinfo is not None and isinstance(call.excinfo.value, HilError):
        _hide_own_frames()
    report = yield
    is_exception = call.excinfo is not None and not call.excinfo.errisinstance(
        pytest.skip.Exception
    )
    if uses_rig and (report.failed or is_exception):
        session.spoil(item.stash.get(_MODULE_KEY, None))
    return report


def _hide_own_frames() -> None:
    """Give pytest's mark for hidden frames to the files of the toolkit, which do not know pytest.

    Frames stay visible for any other error, and for all with ``--full-trace``.
    """
    for name, loaded in tuple(sys.modules.items()):
        if name.startswith("hil."):
            vars(loaded).setdefault("__tracebackhide__", _is_own_error)


def _is_own_error(excinfo: pytest.ExceptionInfo[BaseException]) -> bool:
    return isinstance(excinfo.value, HilError)


@pytest.fixture(scope="session")
def firmware(pytestconfig: pytest.Config) -> Firmware:
    """The firmware under test: ``--hil-firmware``, or the synthesized one on a virtual rig."""
    options = options_of(pytestconfig)
    if not options.is_firmware_known:
        pytest.skip("nobody said which firmware the module carries; name it with --hil-firmware")
    return options.firmware


@pytest.fixture(scope="session")
def rig(pytestconfig: pytest.Config) -> Rig:
    """The rig of ``--hil-rig``, or the virtual one; open for the whole session."""
    return session_of(pytestconfig).rig()


@pytest.fixture
def module(rig: Rig, request: pytest.FixtureRequest) -> Iterator[RigModule]:
    """The module in the first slot: flashed, running, and clean after a failure.

    The marker ``flash_size`` asks for another one. Everything that goes over its port while the
    test runs stands in the report.
    """
    session = session_of(request.config)
    held = request.node.stash[_MODULE_KEY] = _module_for(request.node, rig)
    transcript = Transcript()
    held.port.tap = transcript.record
    held.transcript = transcript
    held.boot_captures.clear()
    held.turns += 1
    try:
        session.prepare(held, request.node)
        yield held
    finally:
        secrets = session.secrets
        held.port.tap = held.transcript = None
        attach_observations(request.node, held, transcript, secrets)


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


@pytest.fixture
def talk(module: RigModule, pytestconfig: pytest.Config) -> Iterator[Talk]:
    """Raw talk with ``module``: lines as they are written, answers compared as text.

    On a virtual module that follows the document only the document's spelling counts.
    """
    # It reads the list of spellings, which only sessions with a test that talks need.
    from hil.at.talk import Talk  # noqa: PLC0415

    description = module.description
    is_strict = description.is_virtual and description.dialect == "documented"
    talk = Talk(module.at, is_strict=is_strict)
    yield talk
    for name, seen in talk.spellings.items():
        session_of(pytestconfig).note_spelling(name, seen.firmware)


@pytest.fixture
def access_point(rig: Rig) -> Iterator[AccessPoint]:
    """The rig's first access point; all are as the rig describes them again after the test."""
    yield rig.access_point
    rig.wifi.restore()


@pytest.fixture
def softap_client(rig: Rig) -> Iterator[WifiStation]:
    """The rig's first station that can join the module's softAP; after the test it leaves."""
    station = rig.station
    yield station
    station.leave()


@pytest.fixture
def network(rig: Rig) -> Iterator[NetworkPeers]:
    """The peers in the module's network; what a test opens is closed after it."""
    yield rig.network
    rig.network.close()


def _module_for(item: pytest.Item, rig: Rig) -> RigModule:
    """The module in the first slot that has the flash which a test asks for."""
    marker = item.get_closest_marker("flash_size")
    if marker is None:
        return rig.modules[0]
    (size_kib,) = marker.args
    for module in rig.modules:
        flash = module.description.flash
        if flash is not None and flash.size_bytes == size_kib * KIB:
            return module
    pytest.skip(f"no module of the rig {rig.name!r} is known to have {size_kib} KB of flash")


def _require_needs(needs: frozenset[str], rig: Rig) -> None:
    missing = sorted(needs - rig.has)
    if missing:
        pytest.skip(f"the rig {rig.name!r} has no {', '.join(missing)}")


def _require_allowed(item: pytest.Item, options: Options) -> None:
    if not options.rig.is_real:
        return
    dangers = {word for marker in item.iter_markers("destructive") for word in marker.args}
    missing = sorted(dangers - options.allowed)
    if missing:
        pytest.skip(f"it may harm the module; allow it with --hil-allow {','.join(missing)}")
