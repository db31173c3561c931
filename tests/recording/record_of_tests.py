"""Records of one module, written line by line by a test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hil.ports.control_lines import Line
from hil.recording.entry import OF_ALL_SLOTS, Entry, parse_content
from hil.recording.record import Header, Record, RecordedModule

if TYPE_CHECKING:
    from hil.recording.entry import Content

MS = 1_000_000
SECTION: dict[str, Any] = {"running": [0], "dirty": False, "formats": {"0": "115200 8N1"}}

HEADER = Header(
    rig="bench",
    is_simulated=True,
    is_virtual=True,
    rig_time_ns=0,
    time="2026-04-01T10:15:30.000+00:00",
    toolkit="0.1.0",
    firmware={"name": "at-0.23", "manifest": "synthesized"},
    modules=(
        RecordedModule(
            slot=0,
            port="sim://default/module0",
            baud=115200,
            dialect="documented",
            lines=frozenset(Line),
            capabilities=frozenset({"uart-format"}),
        ),
    ),
)


def record(*told: tuple[int, dict[str, Any]], header: Header = HEADER) -> Record:
    """A record in memory; each line is how many milliseconds it comes after the one before."""
    entries, time_ns = [], header.rig_time_ns
    for line, (after_ms, content) in enumerate(told, start=2):
        time_ns += after_ms * MS
        parsed: Content = parse_content(dict(content))
        slot = None if isinstance(parsed, OF_ALL_SLOTS) else content.get("slot", 0)
        entries.append(Entry(line, time_ns, slot, parsed))
    is_whole = bool(told) and told[-1][1] == {"record": "closed"}
    return Record(Path("night.hilrec"), header, tuple(entries), is_cut_off=not is_whole)


def lines_of(path: Path) -> list[dict[str, Any]]:
    """What stands in a file, behind its first line."""
    return [json.loads(line) for line in path.read_text("ascii").splitlines()[1:]]
