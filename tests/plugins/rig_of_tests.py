"""A stand-in for the rig plugin: enough of a rig to have something to write down."""

from __future__ import annotations

CONFTEST = """
import pytest
from hil.plugins import journal as j
from hil.report.measurement import Measurement

CLOCK = [0]
LOG = {"slot": 0, "baud": 74880, "reset_cause": 2, "boot_mode": [3, 6], "text": "ets Jan  8 2013"}
FLASH = {
    "slot": 0,
    "chip": {"name": "ESP8266EX", "mac": "18:fe:34:00:00:01", "flash_size_bytes": 1048576},
    "regions": [{
        "name": "boot", "file": "boot.bin", "offset": 0, "length_bytes": 16,
        "sha256": "ab" * 32, "written": True, "verified": True,
    }],
}
SUMMARY = {"name": "bench1", "is_virtual": %(is_virtual)s, "modules": [{"slot": 0, "port": "COM3"}]}

def pytest_addoption(parser):
    parser.addoption("--hil-report")

def pytest_configure(config):
    j.describe_rig(config, SUMMARY)
    j.describe_firmware(config, {"name": "at-0.23"})
    config.stash[j.RIG_TIME_KEY] = lambda: CLOCK[0]

@pytest.fixture
def rig(request):
    item = request.node
    lines = item.stash.setdefault(j.TRANSCRIPT_KEY, [])
    item.stash.setdefault(j.BOOT_LOGS_KEY, []).append(LOG)
    def talk(direction, text, **more):
        CLOCK[0] += 2_000_000
        lines.append({"rig_time_ns": CLOCK[0], "direction": direction, "text": text, **more})
    talk("received", "ready")
    yield talk
    talk("sent", "AT+RST")

@pytest.fixture
def measure(request):
    return lambda *a, **k: j.add_measurement(request.node, Measurement(*a, **k))

@pytest.fixture
def flashed(request):
    request.node.stash.setdefault(j.FLASH_RECORDS_KEY, []).append(FLASH)
"""


def conftest(*, is_virtual: bool = False) -> str:
    """The source of a conftest file with the stand-in."""
    return CONFTEST % {"is_virtual": is_virtual}
