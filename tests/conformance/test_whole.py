"""The conformance plan is whole: every clause has a test that claims it, or a waiver."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hil.plugins.clause import clauses_of
from hil.spec.catalogue import load_catalogue
from hil.spec.waiver import load_waivers

ROOT = Path(__file__).parents[2]
DURATIONS = ROOT / "testplans" / "conformance" / "durations.json"
WAIVERS = ROOT / "testplans" / "conformance" / "waivers.toml"


class Claims:
    """Notes what the collected tests claim."""

    def __init__(self) -> None:
        self.clauses: set[str] = set()
        self.conformance: set[str] = set()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            self.clauses.update(clauses_of(item))
            folder, _, name = item.nodeid.rpartition("/")
            if folder.endswith("conformance"):
                self.conformance.add(name)


@pytest.fixture(scope="module")
def claims() -> Claims:
    claims = Claims()
    arguments = [
        *("-p", "no:terminal", "-p", "no:cacheprovider", "-p", "no:xdist"),
        *("--collect-only", f"--rootdir={ROOT}", "-c", str(ROOT / "tox.ini"), "-oaddopts="),
        str(ROOT / "testplans"),
    ]
    assert pytest.main(arguments, plugins=[claims]) == pytest.ExitCode.OK
    return claims


def test_every_clause_is_claimed_or_waived(claims: Claims) -> None:
    waived = load_waivers(WAIVERS).keys()
    clauses = [clause for clause in load_catalogue() if not clause.is_withdrawn]

    missing = [
        each.id for each in clauses if each.id not in claims.clauses and each.id not in waived
    ]
    assert missing == []


def test_no_clause_is_both_claimed_and_waived(claims: Claims) -> None:
    assert claims.clauses.isdisjoint(load_waivers(WAIVERS))


def test_it_is_known_how_long_every_test_takes(claims: Claims) -> None:
    durations = json.loads(DURATIONS.read_text(encoding="utf-8"))
    remedy = "run python -m tests.conformance.durations"
    assert sorted(claims.conformance - durations.keys()) == [], remedy
    assert sorted(durations.keys() - claims.conformance) == [], remedy
