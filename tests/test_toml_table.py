"""A table of a TOML file, read key by key."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hil.errors import ManifestError
from hil.toml_table import Table, load_toml

if TYPE_CHECKING:
    from collections.abc import Callable

FILE = Path("f.toml")


def table(content: Any, place: str = "") -> Table:
    return Table(content, path=FILE, place=place, error=ManifestError)


def mistake(call: Callable[[], object]) -> str:
    with pytest.raises(ManifestError) as caught:
        call()
    return str(caught.value).removeprefix("f.toml: ")


class TestPlaces:
    def test_a_key_of_the_file_stands_alone(self) -> None:
        assert table({}).key_name("version") == "version"

    def test_a_key_of_a_table_stands_behind_its_place(self) -> None:
        assert table({}, "image[2]").key_name("role") == "image[2].role"

    def test_tables_within_tables(self) -> None:
        inner = table({"a": {"b": {"c": 1}}}).table("a").table("b")
        assert inner.place == "a.b"
        assert mistake(lambda: inner.text("c")) == "a.b.c: expected a text, found the number 1"

    def test_arrays_are_counted_from_0(self) -> None:
        tables = table({"image": [{}, {}]}).tables("image", allowed="tables")
        assert [each.place for each in tables] == ["image[0]", "image[1]"]

    def test_the_mistake_carries_its_operands(self) -> None:
        error = table({}, "rig").mistake("name", allowed="a text", given=3, remedy="Write one")
        assert isinstance(error, ManifestError)
        assert (error.path, error.key, error.allowed, error.given, error.remedy) == (
            FILE,
            "rig.name",
            "a text",
            "the number 3",
            "Write one",
        )

    def test_a_mistake_of_the_table_as_a_whole(self) -> None:
        error = table({}, "rig").mistake("", allowed="a name", given="x")
        assert str(error) == "f.toml: rig: expected a name, found the text 'x'"

    def test_what_is_no_table_is_refused(self) -> None:
        assert mistake(lambda: table(3, "rig")) == "rig: expected a table, found the number 3"


class TestKnown:
    def test_known_keys_pass(self) -> None:
        table({"a": 1}).require_known({"a", "b"})

    def test_an_unknown_key_is_answered_with_the_one_that_was_meant(self) -> None:
        assert mistake(lambda: table({"offest": 1}).require_known({"offset", "role"})) == (
            "expected only the keys offset, role, found the key 'offest'. Did you mean 'offset'?"
        )

    def test_an_unknown_key_that_resembles_nothing(self) -> None:
        assert mistake(lambda: table({"xyz": 1}, "t").require_known({"offset"})) == (
            "t: expected only the keys offset, found the key 'xyz'"
        )

    def test_a_key_without_a_place_here_is_refused_with_what_stands_there(self) -> None:
        held = table({"flash": {}, "baud": 1}, "module[0]")
        held.refuse("dialect", allowed="no dialect")
        assert mistake(lambda: held.refuse("flash", allowed="no flash", remedy="Drop it")) == (
            "module[0].flash: expected no flash, found a table. Drop it"
        )


class TestText:
    def test_it_is_taken(self) -> None:
        assert table({"a": "x"}).text("a") == "x"

    def test_its_default_may_be_empty(self) -> None:
        assert table({}).text("a", "") == ""

    def test_it_may_not_be_empty(self) -> None:
        assert mistake(lambda: table({"a": ""}).text("a", "")) == (
            "a: expected a text, found the text ''"
        )

    def test_a_missing_one_is_described(self) -> None:
        assert mistake(lambda: table({}).text("a", allowed="the path of a file")) == (
            "a: expected the path of a file, found nothing"
        )


class TestHiddenText:
    def test_it_is_taken(self) -> None:
        assert table({"a": "x"}).hidden_text("a", allowed="a word") == "x"

    @pytest.mark.parametrize("value", ["", 12345678, ["secret"], {"secret": 1}, True])
    def test_whatever_stands_there_is_not_shown(self, value: object) -> None:
        held = table({"a": value})
        assert mistake(lambda: held.hidden_text("a", allowed="a word")) == (
            "a: expected a word, found something else"
        )

    def test_a_missing_one_is_described(self) -> None:
        assert mistake(lambda: table({}).hidden_text("a", allowed="a word")) == (
            "a: expected a word, found nothing"
        )


class TestTruth:
    @pytest.mark.parametrize("value", [True, False])
    def test_it_is_taken(self, value: bool) -> None:
        assert table({"a": value}).truth("a") is value
        assert table({}).truth("a", default=value) is value

    @pytest.mark.parametrize(("value", "found"), [(1, "the number 1"), ("yes", "the text 'yes'")])
    def test_only_true_and_false_are_ones(self, value: object, found: str) -> None:
        held = table({"a": value})
        assert mistake(lambda: held.truth("a")) == f"a: expected true or false, found {found}"


class TestInteger:
    @pytest.mark.parametrize("value", [3, 4, 5])
    def test_its_range_includes_both_ends(self, value: int) -> None:
        assert table({"a": value}).integer("a", 3, 5) == value

    @pytest.mark.parametrize("value", [2, 6])
    def test_outside_of_its_range_it_is_refused(self, value: int) -> None:
        assert mistake(lambda: table({"a": value}).integer("a", 3, 5)) == (
            f"a: expected a whole number from 3 to 5, found the number {value}"
        )

    def test_a_range_of_one_is_a_number(self) -> None:
        assert mistake(lambda: table({"a": 2}).integer("a", 1, 1)) == (
            "a: expected the number 1, found the number 2"
        )

    def test_its_default_is_not_bound_to_the_range(self) -> None:
        assert table({}).integer("a", 3, 5, default=0) == 0

    @pytest.mark.parametrize(
        ("value", "found"),
        [(True, "the truth value True"), (3.0, "the number 3.0"), ("3", "the text '3'")],
    )
    def test_only_a_whole_number_is_one(self, value: object, found: str) -> None:
        assert mistake(lambda: table({"a": value}).integer("a", 0, 9)) == (
            f"a: expected a whole number from 0 to 9, found {found}"
        )


class TestChoice:
    def test_it_is_taken(self) -> None:
        assert table({"a": "two"}).choice("a", ("one", "two")) == "two"

    def test_its_default_is_taken(self) -> None:
        assert table({}).choice("a", ("one", "two"), default="one") == "one"

    def test_a_misspelt_word_is_answered_with_the_one_that_was_meant(self) -> None:
        assert mistake(lambda: table({"a": "tow"}).choice("a", ("one", "two"))) == (
            "a: expected one of 'one', 'two', found the text 'tow'. Did you mean 'two'?"
        )

    def test_another_word_is_refused(self) -> None:
        assert mistake(lambda: table({"a": "7"}).choice("a", ("one", "two"))) == (
            "a: expected one of 'one', 'two', found the text '7'"
        )


class TestLists:
    def test_texts_are_taken(self) -> None:
        assert table({"a": ["x", "y"]}).texts("a", allowed="texts") == ("x", "y")

    def test_no_texts_are_fine(self) -> None:
        assert table({"a": []}).texts("a", allowed="texts") == ()
        assert table({}).texts("a", (), allowed="texts") == ()

    @pytest.mark.parametrize("value", [["x", 1], ["x", ""], [["x"]]])
    def test_what_is_no_list_of_texts_is_refused_whole(self, value: list[object]) -> None:
        assert mistake(lambda: table({"a": value}).texts("a", allowed="texts")) == (
            f"a: expected texts, found the list {value!r}"
        )

    def test_choices_are_taken(self) -> None:
        assert table({"a": ["x", "y"]}).choices("a", ("x", "y", "z"), allowed="w") == ("x", "y")

    def test_a_word_that_is_no_choice_is_named(self) -> None:
        held = table({"a": ["reset", "metre"]})
        assert mistake(lambda: held.choices("a", ("reset", "meter"), allowed="needs")) == (
            "a: expected needs, found the text 'metre'. Did you mean 'meter'?"
        )

    def test_tables_need_one_at_least(self) -> None:
        assert mistake(lambda: table({"a": []}).tables("a", allowed="tables [[a]]")) == (
            "a: expected tables [[a]], found the list []"
        )

    def test_tables_may_be_none_where_that_is_said(self) -> None:
        assert table({"a": []}).tables("a", allowed="[[a]] tables", least=0) == []

    def test_what_stands_in_tables_is_not_shown(self) -> None:
        held = table({"a": [{"password": "x"}]})
        assert mistake(lambda: held.refuse("a", allowed="no a")) == (
            "a: expected no a, found a list of tables"
        )

    def test_an_item_that_is_no_table_is_named(self) -> None:
        assert mistake(lambda: table({"a": [{}, "x"]}).tables("a", allowed="tables")) == (
            "a[1]: expected a table, found the text 'x'"
        )


class TestTables:
    def test_a_missing_one_may_be_empty(self) -> None:
        assert table({}).table("a", {}).items() == []

    def test_tables_with_free_names(self) -> None:
        items = table({"lines": {"usb": {}, "relay": {}}}).table("lines").items()
        assert [(name, each.place) for name, each in items] == [
            ("usb", "lines.usb"),
            ("relay", "lines.relay"),
        ]

    def test_a_key_is_asked_for(self) -> None:
        assert "a" in table({"a": 1})
        assert "b" not in table({"a": 1})


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (1.5, "the number 1.5"),
        (False, "the truth value False"),
        ({"a": 1}, "a table"),
        ([1], "the list [1]"),
        (dt.date(2020, 1, 2), "datetime.date(2020, 1, 2)"),
    ],
)
def test_what_stands_there_is_shown(value: object, found: str) -> None:
    assert mistake(lambda: table({"a": value}).text("a")) == f"a: expected a text, found {found}"


class TestFiles:
    def test_the_content_of_a_file(self, tmp_path: Path) -> None:
        path = tmp_path / "f.toml"
        path.write_text('name = "Prüfstand"', encoding="utf-8")
        assert load_toml(path, ManifestError, "a manifest") == {"name": "Prüfstand"}

    def test_a_file_that_may_not_be_read(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(path: Path, encoding: str) -> str:
            raise PermissionError(13, "Permission denied", str(path))

        monkeypatch.setattr(Path, "read_text", refuse)
        with pytest.raises(ManifestError) as caught:
            load_toml(tmp_path, ManifestError, "a manifest")
        assert str(caught.value) == (
            f"{tmp_path}: expected a manifest that can be read, found Permission denied"
        )

    @pytest.mark.parametrize(
        ("content", "text"),
        [
            (
                b"a = ",
                "expected a manifest in TOML, found a mistake: Invalid value (at end of document)",
            ),
            (
                b"a = '\xff'",
                (
                    "expected a manifest in UTF-8, found 'utf-8' codec can't decode byte 0xff in "
                    "position 5: invalid start byte"
                ),
            ),
        ],
    )
    def test_a_file_that_is_no_toml(self, tmp_path: Path, content: bytes, text: str) -> None:
        path = tmp_path / "f.toml"
        path.write_bytes(content)
        with pytest.raises(ManifestError) as caught:
            load_toml(path, ManifestError, "a manifest")
        assert str(caught.value) == f"{path}: {text}"

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        path = tmp_path / "no.toml"
        with pytest.raises(ManifestError) as caught:
            load_toml(path, ManifestError, "a manifest")
        assert (
            str(caught.value) == f"{path}: expected a manifest, found no such file. Check the path"
        )


def test_a_value_of_any_kind_can_be_taken_and_a_missing_one_is_told() -> None:
    assert table({"a": [1, "b"]}).raw("a") == [1, "b"]
    assert table({}).raw("a", None) is None
    with pytest.raises(ManifestError) as caught:
        table({}, "part").raw("a")
    assert str(caught.value).endswith("part.a: expected a value, found nothing")
