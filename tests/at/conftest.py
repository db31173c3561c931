from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.at import AtClient

from .scripted_port import ScriptedPort

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def port() -> Iterator[ScriptedPort]:
    """A port whose script must be sent to its end."""
    scripted = ScriptedPort()
    yield scripted
    scripted.require_done()


@pytest.fixture
def client(port: ScriptedPort) -> AtClient:
    return AtClient(port)
