"""The pytest fixture for the peers in the module's network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .rig_plan import run_plan

if TYPE_CHECKING:
    import pytest

pytest_plugins = ("pytester",)


def test_what_a_test_opens_is_closed_after_it(pytester: pytest.Pytester) -> None:
    result = run_plan(
        pytester,
        """
@pytest.mark.needs("tcp-peer", "udp-peer")
def test_harm(network, rig):
    assert network is rig.network
    network.listen(4000)
    network.open_udp(4000)
    network.set_path(is_open=False)
    assert False
@pytest.mark.needs("tcp-peer")
def test_whole(network):
    network.listen(4000)
    network.open_udp(4000)
""",
    )
    result.assert_outcomes(passed=1, failed=1)
