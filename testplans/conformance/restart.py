"""Ways to start a module anew within a test; afterwards it is asked without echo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.at.talk import OK

if TYPE_CHECKING:
    from hil.at.talk import Talk
    from hil.rig.module import BootCapture, RigModule

READY_TIMEOUT_S = 15.0


def restart(talk: Talk) -> None:
    """By AT+RST."""
    talk.ok("AT+RST")
    _wait_ready(talk)


def reset(talk: Talk, module: RigModule) -> BootCapture:
    """By EXT_RSTB; returns what the module printed meanwhile."""
    capture = module.reset()
    _wait_ready(talk)
    return capture


def power_cycle(talk: Talk, module: RigModule) -> BootCapture:
    """By its supply; returns what the module printed meanwhile."""
    capture = module.power_cycle()
    _wait_ready(talk)
    return capture


def _wait_ready(talk: Talk) -> None:
    talk.at.wait_ready(READY_TIMEOUT_S)
    talk.expect("ATE0", OK)
