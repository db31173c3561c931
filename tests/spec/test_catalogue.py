"""The catalogue of clauses, and how a wrong one is refused."""

from __future__ import annotations

import re

import pytest

from hil.errors import CatalogueError
from hil.spec.catalogue import GROUPS, NEEDS, load_catalogue, parse_catalogue

CLAUSE = """
[[clause]]
id = "AT-01"
command = "AT"
group = "basic"
line = 200
kind = "response"
statement = "AT answers OK."
how_to_test = "Send AT."
basis = "stated"
"""


def catalogue_text(*clauses: str, version: int = 1) -> str:
    return f'version = {version}\ndocument = "D"\n' + "".join(clauses)


def test_catalogue_has_every_clause_of_the_document_once() -> None:
    catalogue = load_catalogue()
    assert len(catalogue) == 1012
    assert len({clause.id for clause in catalogue}) == 1012
    assert len({clause.command for clause in catalogue} & {"AT", "AT+CWJAP_DEF", "+IPD"}) == 3
    assert {clause.group for clause in catalogue} == set(GROUPS)


def test_catalogue_is_read_once() -> None:
    assert load_catalogue() is load_catalogue()


def test_ids_and_lines_are_plausible() -> None:
    for clause in load_catalogue():
        assert re.fullmatch(r"[A-Z0-9_]+-\d\d", clause.id)
        assert all(1 <= line <= 1011 for line in (clause.line, *clause.also_lines))
        assert clause.statement.strip()
        assert clause.how_to_test.strip()


def test_every_word_of_needs_is_used_and_none_is_foreign() -> None:
    assert {need for clause in load_catalogue() for need in clause.needs} == set(NEEDS)


def test_an_access_point_that_can_be_switched_is_an_access_point() -> None:
    for clause in load_catalogue():
        if "ap-control" in clause.needs:
            assert "ap" in clause.needs


@pytest.mark.parametrize(
    ("clause_id", "needs"),
    [
        ("DL-01", {"reset", "strap", "flash-read"}),
        ("DL-09", set()),
        ("GSLP-06", {"reset", "wake-link"}),
        ("GSLP-09", {"reset", "wake-link", "meter"}),
        ("UART_CUR-19", {"uart-format"}),
        ("UART-23", {"uart-flow"}),
        ("CWSAP-06", {"softap-client"}),
        ("CWSAP-17", {"softap-client"}),
        ("CWLIF-03", set()),
        ("CWJAP-20", {"ap", "ap-control"}),
        ("CIPSEND-03", {"ap", "tcp-peer"}),
        ("CIUPDATE-12", {"flash-read", "ap", "update-server"}),
        ("RESTORE-08", {"power"}),
        ("CWMODE_CUR-03", set()),
    ],
)
def test_needs_follow_from_what_a_clause_says(clause_id: str, needs: set[str]) -> None:
    assert set(load_catalogue()[clause_id].needs) == needs


def test_needs_of_several_clauses_are_united() -> None:
    assert load_catalogue().needs_of(["RESTORE-08", "UART-23"]) == {"power", "uart-flow"}


def test_derived_and_ambiguous_clauses_may_deviate_and_stated_ones_may_not() -> None:
    catalogue = load_catalogue()
    assert catalogue["DL-06"].may_deviate
    assert catalogue["DL-03"].may_deviate
    assert not catalogue["DL-01"].may_deviate


@pytest.mark.parametrize(
    ("clause_id", "text"),
    [
        ("CWJAP-3", "the catalogue has no clause 'CWJAP-3'; did you mean CWJAP-03?"),
        (
            "XYZ",
            (
                "the catalogue has no clause 'XYZ'; "
                "an id is the command's name and a number, for example CWJAP-03"
            ),
        ),
    ],
)
def test_unknown_clause_is_refused_with_what_was_meant(clause_id: str, text: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        load_catalogue().claimable(clause_id)
    assert str(caught.value) == text


def test_withdrawn_clause_cannot_be_claimed() -> None:
    text = catalogue_text(CLAUSE, 'withdrawn = "AT-02 says it"\n')
    catalogue = parse_catalogue(text)
    assert catalogue["AT-01"].is_withdrawn
    with pytest.raises(CatalogueError, match=r"^clause 'AT-01' was withdrawn: AT-02 says it$"):
        catalogue.claimable("AT-01")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version = ", "the clause catalogue is not TOML: "),
        (
            catalogue_text(version=9),
            "the clause catalogue has version 9, this toolkit reads version 1",
        ),
        (catalogue_text(CLAUSE, CLAUSE), "the catalogue has the clause id 'AT-01' twice"),
        (catalogue_text(CLAUSE, "colour = 1\n"), "clause AT-01 has unknown keys: colour"),
        (
            catalogue_text(CLAUSE.replace('"basic"', '"odd"')),
            "clause AT-01: group is 'odd'",
        ),
        (
            catalogue_text(CLAUSE, 'needs = ["wings"]\n'),
            "clause AT-01 needs what no rig can have: wings",
        ),
        (catalogue_text('[[clause]]\nid = "AT-01"\n'), "clause AT-01 is not complete: "),
    ],
)
def test_damaged_catalogue_is_refused(text: str, message: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        parse_catalogue(text)
    assert str(caught.value).startswith(message)
