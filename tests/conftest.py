"""Settings of the toolkit's own tests."""

from __future__ import annotations

import gc

from hypothesis import HealthCheck, settings

# Simulated time is tested; how quick this machine is just now is not.
settings.register_profile("toolkit", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("toolkit")


def pytest_collection_finish() -> None:
    """Keep thousands of collected tests out of each search for garbage."""
    gc.collect()
    gc.freeze()
