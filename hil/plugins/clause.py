"""The marker ``clause``: which clauses of the document a test claims.

``@pytest.mark.clause("CWJAP-03", "CWJAP-04")`` on a test, a class, or one parameter set through
``pytest.param(..., marks=...)``. An id that the catalogue does not have is an error of collection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.errors import CatalogueError
from hil.spec.catalogue import load_catalogue

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator


def clauses_of(item: pytest.Item) -> tuple[str, ...]:
    """The ids of the clauses that a test claims, outermost marker first, each once."""
    markers = reversed(list(item.iter_markers("clause")))
    return tuple(dict.fromkeys(clause_id for marker in markers for clause_id in marker.args))


def needs_of(item: pytest.Item) -> frozenset[str]:
    """What the rig must have for a test: what its markers say, and what its clauses need.

    A test without a rig (a plan of a download) claims its clauses for what it computes.
    """
    named = {word for marker in item.iter_markers("needs") for word in marker.args}
    if "rig" not in getattr(item, "fixturenames", ()):
        return frozenset(named)
    return load_catalogue().needs_of(clauses_of(item)) | named


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and refuse a name of clauses that means none before a test is read."""
    _wanted_ids(config)
    config.addinivalue_line(
        "markers", "clause(id, ...): clauses of the AT document that this test claims"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests that claim a clause which ``--hil-clause`` names.

    Raises:
        pytest.UsageError: It names what the catalogue does not have.
    """
    wanted = _wanted_ids(config)
    if wanted is None:
        return
    kept: list[pytest.Item] = []
    deselected: list[pytest.Item] = []
    for item in items:
        (deselected if wanted.isdisjoint(clauses_of(item)) else kept).append(item)
    config.hook.pytest_deselected(items=deselected)
    items[:] = kept


def _wanted_ids(config: pytest.Config) -> frozenset[str] | None:
    names = config.getoption("--hil-clause", default=None)
    if names is None:
        return None
    try:
        found = [load_catalogue().select(name) for name in names.split(",")]
    except CatalogueError as error:
        raise pytest.UsageError(f"--hil-clause: {error}") from error
    return frozenset(clause.id for clauses in found for clause in clauses)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,  # noqa: ARG001 - pytest calls by name
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn claims that the catalogue does not know into an error of this file."""
    report = yield
    problems = [
        f"{item.nodeid}: {problem}"
        for item in report.result or ()
        if isinstance(item, pytest.Item)
        for problem in _problems(item)
    ]
    if problems:
        report.outcome = "failed"
        report.longrepr = "\n".join(problems)
        report.result = []
    return report


def _problems(item: pytest.Item) -> Iterator[str]:
    for marker in item.iter_markers("clause"):
        if not marker.args or marker.kwargs:
            yield 'the marker clause takes one or more ids, clause("CWJAP-03"), and nothing else'
        for clause_id in marker.args:
            problem = _problem(clause_id)
            if problem:
                yield problem


def _problem(clause_id: object) -> str:
    if not isinstance(clause_id, str):
        return f"the marker clause takes ids as text, not {clause_id!r}"
    try:
        load_catalogue().claimable(clause_id)
    except CatalogueError as error:
        return str(error)
    return ""
