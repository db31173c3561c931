"""Each named fault of the virtual module is noticed by a test that claims a clause about it."""

from __future__ import annotations

import os

import pytest

from hil.virtual.firmware.fault_table import FAULTS

from .fault import FaultyModule
from .forking import ROOT, ForkingPlugin, run_forked

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")


def test_every_fault_is_noticed_by_a_test_that_claims_a_clause_about_it() -> None:
    plugin = ForkingPlugin(lambda _: map(FaultyModule, FAULTS.values()), stops_at={"call"})
    run_forked(plugin, ROOT / "testplans", "--hil-flash=never")

    unnoticed = {
        result.name: (
            result.problem
            or result.killed_by
            or f"{result.tests} tests: {FAULTS[result.name].summary}"
        )
        for result in plugin.results
        if not any(when == "call" for _, when, _ in result.failed)
    }
    assert len(plugin.results) == len(FAULTS)
    assert unnoticed == {}
