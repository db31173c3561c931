"""Runs small test plans on rigs of their own, and reads what they left behind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hil.report.journal import read_journal

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

PLUGINS = (
    "-phil.plugins.options",
    "-phil.plugins.clause",
    "-phil.plugins.journal",
    "-phil.plugins.rig",
    "-pno:cacheprovider",
    "--strict-markers",
    "-Wignore:record_xml_attribute is an experimental feature:pytest.PytestExperimentalApiWarning",
)
BENCH = '[lines.bench]\ndriver = "virtual"\n'
WIRED = 'lines = ["bench"]'


def rig_file(
    folder: Path, *module: str, port: str = "sim://default/module0", tail: str = ""
) -> str:
    """The name of a rig file with one module."""
    head = ["version = 1", "[rig]", 'name = "bench"', "[[module]]", "slot = 0", f'port = "{port}"']
    (folder / "rig.toml").write_text("\n".join([*head, *module, tail]), encoding="utf-8")
    return "rig.toml"


def run_plan(pytester: pytest.Pytester, body: str, *arguments: str) -> pytest.RunResult:
    """Run tests in this process."""
    pytester.makepyfile(test_plan="import os, pytest\n" + body)
    return pytester.runpytest(*PLUGINS, *arguments)


def run_plan_apart(pytester: pytest.Pytester, body: str, *arguments: str) -> pytest.RunResult:
    """Run tests in a process of their own."""
    pytester.makepyfile(test_plan="import os, pytest\n" + body)
    return pytester.runpytest_subprocess(*PLUGINS, *arguments)


def record_of(pytester: pytest.Pytester) -> dict[str, Any]:
    """The run.json of the last run."""
    record: dict[str, Any] = json.loads((latest(pytester) / "run.json").read_text("utf-8"))
    return record


def outcomes_of(pytester: pytest.Pytester) -> list[str]:
    """The verdicts of the last run."""
    return [test["outcome"] for test in record_of(pytester)["tests"]]


def observations_of(pytester: pytest.Pytester, kind: str) -> list[dict[str, Any]]:
    """What the journal of the last run has of one kind of observation, of all tests."""
    events = list(read_journal(latest(pytester) / "journal.jsonl"))
    return [
        entry
        for event in events
        if event["record"] == "report"
        for entry in event["report"].get("hil", {}).get(kind, ())
    ]


def latest(pytester: pytest.Pytester) -> Path:
    """The folder of the last run."""
    return pytester.path / "reports" / "latest"
