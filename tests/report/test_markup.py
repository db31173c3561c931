"""Everything that gets into the page is escaped."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.report.html.markup import Html, element, escape, fold, table


class TagCounter(HTMLParser):
    """Counts the tags that a browser would see."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        del attrs
        self.tags.append(tag)


@given(st.text(st.characters()))
def test_text_never_becomes_markup(text: str) -> None:
    counter = TagCounter()
    counter.feed(element("p", text, title=text))
    counter.close()
    assert counter.tags == ["p"]
    element("p", text, title=text).encode("utf-8")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<script>", "&lt;script&gt;"),
        ("a\x00\x1b\x7f", "a\\x00\\x1b\\x7f"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("\u202eevil", "\\u202eevil"),
        ("\udcff", "\\udcff"),
        (7, "7"),
    ],
)
def test_what_cannot_be_seen_is_made_visible(text: object, shown: str) -> None:
    assert escape(text) == shown


def test_markup_is_not_escaped_twice() -> None:
    assert element("p", element("b", "&")) == "<p><b>&amp;</b></p>"


def test_quotes_are_escaped_where_they_would_end_an_attribute() -> None:
    assert element("p", "\"'", title="\"'") == '<p title="&quot;&#x27;">"\'</p>'


def test_attributes_and_children_that_are_none_are_left_out() -> None:
    assert element("a", None, "x", class_="c", title=None, aria_label="l", open=True) == (
        '<a class="c" aria-label="l" open>x</a>'
    )


def test_cells_keep_their_own_element() -> None:
    assert table([Html('<th class="n">A</th>')], [[Html("<td>1</td>")], [2]]) == (
        '<table><thead><tr><th class="n">A</th></tr></thead>'
        "<tbody><tr><td>1</td></tr><tr><td>2</td></tr></tbody></table>"
    )


def test_fold_is_closed_unless_asked() -> None:
    assert fold("s", "c") == "<details><summary>s</summary>c</details>"
