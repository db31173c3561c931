"""Passwords show nowhere: whole runs of a careless test plan are searched for them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hil.report.journal import JOURNAL_NAME
from tests.cli.program import start
from tests.leak import find_leak, views_of

from .rig_plan import PLUGINS, latest, rig_file

pytest_plugins = ("pytester",)

PAIRS = [
    ("swordfish-9Zq", "canaryfish-1Yw"),
    ("ka\\,r\"p<tr>&o'ut\\", "&amp;<ca>n,a\"ry'3\\>"),
    ("l\u00e4chs+%20/\u00fcnd?#aal", "kan%25\u00e4ri\u00fc+/vogel?#"),
    ("c0ffee4b1d", "1ca4a21e50"),
]
LAB = ("burbot&<9>lake", "cana&<8>ry-pond")
LITERAL = 'trout"fin\\7<k>'
AIR = """
[[air.access-point]]
ssid = "lab"
password = "env:HIL_TESTS_LAB"
"""


@pytest.fixture(autouse=True)
def _passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIL_TESTS_PASSWORDS", json.dumps(PAIRS))
    monkeypatch.setenv("HIL_TESTS_LAB", LAB[0])
    monkeypatch.setenv("HIL_TESTS_CANARY", LAB[1])


def run_careless_plan(pytester: pytest.Pytester, *arguments: str) -> dict[str, bytes]:
    """What a run of the plan has shown and left behind, by name."""
    rig = rig_file(
        pytester.path, 'lines = ["bench"]', tail=f'[lines.bench]\ndriver = "virtual"\n{AIR}'
    )
    source = (Path(__file__).parent / "leaking_plan.py").read_text("utf-8")
    pytester.makepyfile(test_plan=source)
    options = (f"--hil-rig={rig}", "-pno:pytest_embedded", "--log-file=log.txt")
    result = pytester.runpytest_subprocess(*PLUGINS, *options, *arguments)
    assert result.ret == pytest.ExitCode.TESTS_FAILED, result.stdout.str()[-2000:]
    shown = {"stdout": result.stdout.str().encode(), "stderr": result.stderr.str().encode()}
    shown["log.txt"] = (pytester.path / "log.txt").read_bytes()
    return shown | {path.name: path.read_bytes() for path in latest(pytester).iterdir()}


def leaks(shown: dict[str, bytes], words: list[str]) -> dict[str, dict[str, bytes]]:
    """Which of some words show where."""
    found: dict[str, dict[str, bytes]] = {}
    for name, text in shown.items():
        views = views_of(text)
        places = {word: find_leak(views, word) for word in words}
        if there := {word: place for word, place in places.items() if place is not None}:
            found[name] = there
    return found


@pytest.mark.parametrize(
    "arguments",
    [
        ("-rA", "-vv", "--showlocals", "--tb=long"),
        ("-ra", "-n2", "--showlocals", "--tb=native"),
        ("--showlocals", "--full-trace", "--log-cli-level=INFO", "-kprints or logs or chains"),
    ],
    ids=["long", "workers", "full trace"],
)
def test_no_password_shows_in_a_run(pytester: pytest.Pytester, arguments: tuple[str, ...]) -> None:
    shown = run_careless_plan(pytester, *arguments)
    assert set(shown) > {"report.html", "run.json", "junit.xml", JOURNAL_NAME}

    passwords = [password for password, _ in PAIRS] + [LAB[0], LITERAL]
    assert leaks(shown, passwords) == {}
    canaries = [canary for _, canary in PAIRS]
    found = leaks(shown, canaries)
    for name in ("stdout", "report.html", "run.json", "junit.xml", JOURNAL_NAME):
        assert len(found[name]) == len(canaries), name


BEGIN = """
import os, pytest, signal
LAB, CANARY = os.environ["HIL_TESTS_LAB"], os.environ["HIL_TESTS_CANARY"]
def test_before(at):
    at.cwjap_cur("net", LAB)
"""
ENDS = {
    "at collection": ("assert LAB == CANARY", 2),
    "killed": ("def test_end(at): os.kill(os.getpid(), signal.SIGKILL)", -9),
    "interrupted": ("def test_end(at): raise KeyboardInterrupt(LAB, CANARY)", 2),
    "by exit": ("def test_end(at): pytest.exit(f'{LAB} {CANARY}', 9)", 9),
}
HOOK = """
import os
def pytest_runtest_logreport(report):
    lab, canary = os.environ["HIL_TESTS_LAB"], os.environ["HIL_TESTS_CANARY"]
    assert lab == canary
"""


@pytest.mark.parametrize("end", [*ENDS, "in a hook"])
def test_no_password_shows_however_a_run_ends(pytester: pytest.Pytester, end: str) -> None:
    body, status = ENDS.get(end, ("", pytest.ExitCode.INTERNAL_ERROR))
    rig = rig_file(pytester.path, tail=AIR)
    pytester.makepyfile(test_plan=f"{BEGIN}{body}\n")
    if end == "in a hook":
        pytester.makeconftest(HOOK)
    options = (f"--hil-rig={rig}", "-pno:pytest_embedded", "--full-trace", "--showlocals")
    result = pytester.runpytest_subprocess(*PLUGINS, *options, "--hil-report=reports")
    assert result.ret == status
    shown = {"stdout": result.stdout.str().encode(), "stderr": result.stderr.str().encode()}
    if (pytester.path / "reports").exists():
        assert start(pytester.path, "report").status == 0
        shown |= {path.name: path.read_bytes() for path in latest(pytester).iterdir()}
    assert leaks(shown, [LAB[0]]) == {}
    assert end == "killed" or "stdout" in leaks(shown, [LAB[1]])
    assert ("report.html" in shown) is (end != "at collection")
