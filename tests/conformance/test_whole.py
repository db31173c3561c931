"""The conformance plan is whole: every clause has a test that claims it, or a waiver."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.plugins.clause import clauses_of
from hil.spec.catalogue import load_catalogue
from hil.spec.waiver import load_waivers

ROOT = Path(__file__).parents[2]
WAIVERS = ROOT / "testplans" / "conformance" / "waivers.toml"


class Claims:
    """Notes what the collected tests claim."""

    def __init__(self) -> None:
        self.clauses: set[str] = set()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            self.clauses.update(clauses_of(item))


@pytest.fixture(scope="module")
def claimed() -> set[str]:
    claims = Claims()
    arguments = [
        *("-p", "no:terminal", "-p", "no:cacheprovider", "-p", "no:xdist"),
        *("--collect-only", f"--rootdir={ROOT}", "-c", str(ROOT / "tox.ini"), "-oaddopts="),
        str(ROOT / "testplans"),
    ]
    assert pytest.main(arguments, plugins=[claims]) == pytest.ExitCode.OK
    return claims.clauses


def test_every_clause_is_claimed_or_waived(claimed: set[str]) -> None:
    waived = load_waivers(WAIVERS).keys()
    clauses = [clause for clause in load_catalogue() if not clause.is_withdrawn]

    missing = [each.id for each in clauses if each.id not in claimed and each.id not in waived]
    assert missing == []


def test_no_clause_is_both_claimed_and_waived(claimed: set[str]) -> None:
    assert claimed.isdisjoint(load_waivers(WAIVERS))
