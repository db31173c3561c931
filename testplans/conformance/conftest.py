"""What the tests of this plan start from; README.md beside this file tells how to write one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hil.errors import HilError
from hil.flashing.image import FlashMap
from hil.plugins.journal import note
from hil.plugins.options import options_of
from hil.spec.waiver import load_waivers

from .baseline import Baseline
from .estimate import describe_estimate, estimate_s, load_durations, name_of
from .found import LOSSES, find_again, find_state
from .link import Links
from .parameter_areas import Findings, ParameterAreas

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hil.at.talk import Talk
    from hil.ports.access_point import AccessPoint
    from hil.ports.network_peer import NetworkPeers
    from hil.ports.wifi_station import WifiStation
    from hil.rig.module import RigModule
    from hil.rig.rig import Rig


_PLAN = Path(__file__).parent
_WAIVERS = _PLAN / "waivers.toml"
_BASELINES_KEY = pytest.StashKey[dict[int, Baseline]]()

LEFT_DIFFERENT = "left different"
"""The record of the journal about a module that is not left as it was found."""


def pytest_collection_finish(session: pytest.Session) -> None:
    """Tell the report which clauses nobody tests, and why."""
    for clause_id, reason in load_waivers(_WAIVERS).items():
        note(session.config, "waiver", clause=clause_id, reason=reason)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the plan once for each rate that ``--hil-baud`` names, one rate after the other."""
    rates = options_of(metafunc.config).bauds
    if rates and "line_rate" in metafunc.fixturenames:
        metafunc.parametrize("line_rate", rates, indirect=True, scope="session")


def pytest_report_collectionfinish(config: pytest.Config, items: list[pytest.Item]) -> list[str]:
    """Say before the first test how long a real module will need, and what it will lose."""
    options = options_of(config)
    own = [item for item in items if _PLAN in item.path.parents]
    if not options.rig.is_real or not own:
        return []
    durations = load_durations()
    rates = options.bauds or (options.rig.modules[0].baud,)
    told = []
    for rate in rates:
        names = [name_of(item) for item in own if _rate_of(item) in (None, rate)]
        total_s, unknown = estimate_s(names, rate, durations)
        told.append(describe_estimate(total_s, len(names), unknown, rate))
    bare = [module.slot for module in options.rig.modules if not module.lines]
    return [*told, *(f"slot {slot} {LOSSES}" for slot in bare)]


def _rate_of(item: pytest.Item) -> int | None:
    callspec = getattr(item, "callspec", None)
    rate: int | None = callspec.params.get("line_rate") if callspec is not None else None
    return rate


@pytest.fixture(scope="session")
def line_rate(request: pytest.FixtureRequest) -> int | None:
    """The rate at which the module is to start, None for the one of the rig."""
    rate: int | None = getattr(request, "param", None)
    return rate


@pytest.fixture(scope="session")
def _baselines(pytestconfig: pytest.Config) -> Iterator[dict[int, Baseline]]:
    """By slot; at the end every real module is left as it was found."""
    baselines = pytestconfig.stash.setdefault(_BASELINES_KEY, {})
    yield baselines
    _leave_as_found(pytestconfig, baselines)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Leave the modules of a run that was stopped as they were found, while the journal is open.

    At any other end the fixture has done it.
    """
    _leave_as_found(session.config, session.config.stash.get(_BASELINES_KEY, {}))


def _leave_as_found(config: pytest.Config, baselines: dict[int, Baseline]) -> None:
    for slot in sorted(baselines):
        try:
            remark = baselines.pop(slot).leave_as_found()
        except HilError as error:
            remark = f"it could not be brought back to what it was: {error}"
        if remark:
            note(config, LEFT_DIFFERENT, slot=slot, remark=remark)


@pytest.fixture
def baseline(rig: Rig, module: RigModule, _baselines: dict[int, Baseline]) -> Baseline:
    """What tests have left behind on ``module``."""
    slot = module.description.slot
    if slot not in _baselines:
        found = None
        if rig.description.is_real:
            found = find_state(module, rig.description.flash_baud)
        elif not rig.description.has_record_of_virtual:
            find_again(module)
        _baselines[slot] = Baseline(module, found)
    return _baselines[slot]


@pytest.fixture
def talk(
    talk: Talk,
    baseline: Baseline,
    line_rate: int | None,
    request: pytest.FixtureRequest,
) -> Iterator[Talk]:
    """Raw talk with a module that has factory settings, its echo off, and nothing open."""
    if line_rate is not None:
        baseline.use_rate(line_rate)
    baseline.reach(talk, is_joined="joined" in request.fixturenames)
    talk.on_line = baseline.note
    yield talk
    talk.on_line = None
    baseline.finish()


@pytest.fixture
def joined(talk: Talk, baseline: Baseline, access_point: AccessPoint) -> Talk:
    """As ``talk``; the module is a station, joined to the rig's access point, with an address."""
    baseline.join(talk, access_point)
    return talk


@pytest.fixture
def links(joined: Talk, network: NetworkPeers) -> Links:
    """The module as in ``joined``, and the peers in its network."""
    return Links(joined, network)


@pytest.fixture(scope="session")
def _findings() -> dict[int, Findings]:
    """By slot, what is known of the parameter areas."""
    return {}


@pytest.fixture
def areas(
    talk: Talk,
    module: RigModule,
    baseline: Baseline,
    pytestconfig: pytest.Config,
    _findings: dict[int, Findings],
) -> ParameterAreas:
    """The parameter areas of ``module``: where its firmware has them, else as the document says."""
    options = options_of(pytestconfig)
    known = options.firmware.flash_map if options.is_firmware_known else FlashMap.SPLIT_512
    return ParameterAreas(
        module,
        talk,
        baseline,
        flash_baud=options.rig.flash_baud,
        flash_map=known,
        findings=_findings.setdefault(module.description.slot, Findings()),
    )


@pytest.fixture
def second_client(rig: Rig) -> Iterator[WifiStation]:
    """One more station that can join the softAP; after the test it leaves."""
    if len(rig.wifi.stations) < 2:
        pytest.skip(f"the rig {rig.name!r} has no second station")
    station = rig.wifi.stations[1]
    yield station
    station.leave()
