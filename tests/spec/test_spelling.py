"""The spellings of answers, and the waivers of clauses: files that people write by hand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from hil.errors import CatalogueError
from hil.spec.spelling import load_spellings, parse_spellings, spelling
from hil.spec.waiver import load_waivers

if TYPE_CHECKING:
    from pathlib import Path

SOUND = """
version = 1
[refusal]
meaning = "no"
ambiguity = ["A-08"]
document = ["ERROR"]
others = [{ lines = ['/[a-z ]+/', "ERROR"], firmware = "0.23" }]
"""


def test_first_alternative_is_the_document_s() -> None:
    refusal = parse_spellings(SOUND)["refusal"]
    assert refusal.document.lines == ("ERROR",)
    assert refusal.document.firmware == "the document"
    assert refusal.alternatives[1].lines == (re.compile("[a-z ]+"), "ERROR")
    assert refusal.alternatives[1].firmware == "0.23"


def test_all_spellings_name_an_ambiguity_that_allows_them() -> None:
    for each in load_spellings().values():
        assert each.meaning
        assert all(re.fullmatch(r"A-\d\d", number) for number in each.ambiguity)
        assert each.ambiguity or len(each.alternatives) == 1


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("version = 1", "version = 2", "has version 2, this toolkit reads version 1"),
        ("version = 1", "version = ", "is not TOML: "),
        ('meaning = "no"\n', "", "spelling refusal: it must have ambiguity, document, meaning, "),
        ("firmware =", "seen =", "wrong is firmware, seen"),
        ("[a-z ]+", "[a-z +", "is no expression: "),
    ],
)
def test_damaged_list_is_refused(old: str, new: str, problem: str) -> None:
    with pytest.raises(CatalogueError, match=re.escape(problem)):
        parse_spellings(SOUND.replace(old, new))


def test_unknown_spelling_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(CatalogueError, match=r"spelling .no-such.; there are .*refusal"):
        spelling("no-such")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("version = 1\n[waivers]\nAT-99 = 'so'", "the catalogue has no clause 'AT-99'"),
        ("version = 1\n[waivers]\nAT-01 = ' '", "the waiver of AT-01 has no reason"),
        ("version = 1\n[waiver]\nAT-01 = 'so'", "expected version = 1 and a table [waivers]"),
        ("version = 1\n[waivers", "cannot read the waivers"),
    ],
)
def test_wrong_waiver_is_refused_with_its_file(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "waivers.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CatalogueError, match=re.escape(problem)) as caught:
        load_waivers(path)
    assert str(path) in str(caught.value)


def test_missing_waivers_are_an_error_and_not_none_at_all(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="cannot read the waivers"):
        load_waivers(tmp_path / "waivers.toml")


def test_waivers_have_their_reasons(tmp_path: Path) -> None:
    path = tmp_path / "waivers.toml"
    path.write_text("version = 1\n[waivers]\nAT-01 = 'so'\n", encoding="utf-8")
    assert load_waivers(path) == {"AT-01": "so"}
