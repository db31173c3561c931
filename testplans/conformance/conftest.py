"""What the tests of this plan start from; README.md beside this file tells how to write one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .baseline import Baseline
from .link import Links

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hil.at.talk import Talk
    from hil.ports.access_point import AccessPoint
    from hil.ports.network_peer import NetworkPeers
    from hil.rig.module import RigModule


@pytest.fixture(scope="session")
def _baselines() -> dict[int, Baseline]:
    return {}


@pytest.fixture
def baseline(module: RigModule, _baselines: dict[int, Baseline]) -> Baseline:
    """What tests have left behind on ``module``."""
    return _baselines.setdefault(module.description.slot, Baseline(module))


@pytest.fixture
def talk(
    talk: Talk, module: RigModule, baseline: Baseline, request: pytest.FixtureRequest
) -> Iterator[Talk]:
    """Raw talk with a module that has factory settings, its echo off, and nothing open."""
    baseline.reach(talk, is_joined="joined" in request.fixturenames)
    talk.on_line = baseline.note
    starts = len(module.boot_captures)
    yield talk
    talk.on_line = None
    if len(module.boot_captures) > starts:
        baseline.disturb()


@pytest.fixture
def joined(talk: Talk, baseline: Baseline, access_point: AccessPoint) -> Talk:
    """As ``talk``; the module is a station, joined to the rig's access point, with an address."""
    baseline.join(talk, access_point)
    return talk


@pytest.fixture
def links(joined: Talk, network: NetworkPeers) -> Links:
    """The module as in ``joined``, and the peers in its network."""
    return Links(joined, network)
