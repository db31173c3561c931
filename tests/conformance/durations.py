"""Makes ``testplans/conformance/durations.json``: what each test takes on the rig's clock.

Run it as ``python -m tests.conformance.durations`` when tests were added or changed.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import pytest

from hil.report.journal import JOURNAL_NAME, read_journal

from .forking import ROOT

PLAN = ROOT / "testplans" / "conformance"
TABLE = PLAN / "durations.json"
BAUD = 115200
BITS_PER_BYTE = 10


def measure() -> dict[str, tuple[float, int]]:
    """Seconds of waiting, and bytes on the wire, of each test on the virtual rig."""
    with tempfile.TemporaryDirectory() as folder:
        status = pytest.main(
            [
                *("-q", "-p", "no:cacheprovider", "-c", str(ROOT / "tox.ini")),
                *(f"--rootdir={ROOT}", "--hil-flash=never", f"--hil-report={folder}", str(PLAN)),
            ]
        )
        if status != pytest.ExitCode.OK:
            raise RuntimeError(f"the plan ended with {status!r}")
        return _from_journal(Path(folder) / "latest" / JOURNAL_NAME)


def _from_journal(journal: Path) -> dict[str, tuple[float, int]]:
    total_s: defaultdict[str, float] = defaultdict(float)
    count: defaultdict[str, int] = defaultdict(int)
    for event in read_journal(journal):
        report = event.get("report") or {}
        hil = report.get("hil") or {}
        name = str(report.get("nodeid", "")).rpartition("/")[2]
        if report.get("when") is None:
            continue
        total_s[name] += hil.get("rig_duration_s") or 0.0
        for entry in hil.get("transcript", ()):
            if entry["direction"] in ("sent", "received"):
                hexadecimal = entry.get("hex")
                count[name] += len(hexadecimal.split()) if hexadecimal else len(entry["text"])
    return {
        name: (round(max(total_s[name] - count[name] * BITS_PER_BYTE / BAUD, 0.0), 3), count[name])
        for name in sorted(total_s)
    }


def main() -> int:
    """Write the table; returns the exit status."""
    durations = measure()
    lines = [f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in durations.items()]
    TABLE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
