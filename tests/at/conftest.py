from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from hil.at import AtClient
from hil.flashing.synthesis import synthesize
from hil.rig.assembly import open_rig
from hil.rig.description import VIRTUAL_RIG

from .scripted_port import ScriptedPort

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hil.flashing.manifest import Firmware
    from hil.rig.rig import Rig


@pytest.fixture
def port() -> Iterator[ScriptedPort]:
    """A port whose script must be sent to its end."""
    scripted = ScriptedPort()
    yield scripted
    scripted.require_done()


@pytest.fixture
def client(port: ScriptedPort) -> AtClient:
    return AtClient(port)


@pytest.fixture(scope="session")
def firmware() -> Firmware:
    """The firmware of the virtual modules, made once."""
    return synthesize()


@pytest.fixture(params=["documented", "espressif-0.23"])
def virtual_rig(request: pytest.FixtureRequest, firmware: Firmware) -> Iterator[Rig]:
    """A virtual rig whose module runs, in each dialect."""
    module = replace(VIRTUAL_RIG.modules[0], dialect=request.param)
    with open_rig(replace(VIRTUAL_RIG, modules=(module,)), firmware) as opened:
        opened.module(0).start()
        yield opened


@pytest.fixture
def at(virtual_rig: Rig) -> AtClient:
    """The client of the virtual rig's module."""
    return virtual_rig.module(0).at
