"""Serialised reports as a journal holds them, for the tests of this room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hil.report.journal import Event

TIME = "2026-04-01T10:15:30.000+02:00"


def phase(
    node_id: str, when: str, outcome: str = "passed", *, failed: bool = False, **hil: Any
) -> Event:
    """A record of one phase of a test that has a rig."""
    report = {
        "$report_type": "TestReport",
        "nodeid": node_id,
        "when": when,
        "outcome": "failed" if failed else "passed",
        "duration": 0.25,
        "longrepr": "boom" if failed else None,
        "hil": {"clauses": [], "outcome": outcome, "reason": "boom" if failed else "", **hil},
    }
    return {"record": "report", "time": TIME, "rig_time_ns": None, "report": report}


def passed_test(node_id: str, *clauses: str, **hil: Any) -> list[Event]:
    """The records of a test that passed."""
    said = {"clauses": list(clauses), **hil}
    return [
        phase(node_id, "setup", clauses=list(clauses)),
        phase(node_id, "call", **said),
        phase(node_id, "teardown", clauses=list(clauses)),
    ]


def started(**fields: Any) -> Event:
    """The record that begins a run."""
    environment = {"host": "h", "platform": "p", "python": "3", "versions": {}, "arguments": []}
    defaults = {"rig": {"name": "bench1"}, "environment": environment}
    return {"record": "run started", "time": TIME, "rig_time_ns": None, **defaults, **fields}


def finished(exit_status: int = 0) -> Event:
    """The record that ends a run."""
    return {"record": "run finished", "time": TIME, "rig_time_ns": None, "exit_status": exit_status}
