"""HTML elements from Python values: whatever is not markup already is escaped.

Text of a module may hold anything, control characters and ``<script>`` included. There is one way
for text into the page, and it leads through `element`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_VOID_TAGS = frozenset({"br", "hr", "img", "input"})
_DIRECTION_MARKS = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
_SURROGATES = range(0xD800, 0xE000)
_UNSEEN = {
    **{code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))},
    # The marks could make a transcript read differently; surrogates cannot be written as UTF-8.
    **{code: f"\\u{code:04x}" for code in (*_DIRECTION_MARKS, *_SURROGATES)},
}
del _UNSEEN[ord("\t")], _UNSEEN[ord("\n")]
_HAS_UNSEEN = re.compile(f"[{re.escape(''.join(map(chr, _UNSEEN)))}]")


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def escape(text: object) -> Html:
    """Text for an element, control characters as escapes that can be seen."""
    shown = str(text)
    # Most text has nothing to be replaced, and looking is cheaper than translating.
    if _HAS_UNSEEN.search(shown):
        shown = shown.translate(_UNSEEN)
    return Html(shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def join(parts: Iterable[Html]) -> Html:
    """Several pieces of markup, one after the other."""
    return Html("".join(parts))


def element(tag: str, *children: object, **attributes: object) -> Html:
    """An element; children and attributes that are None or False are left out.

    Args:
        tag: The element's name.
        *children: Markup, or anything else as escaped text.
        **attributes: The attributes; ``class_`` stands for ``class``, ``_`` for ``-``.
    """
    opening = tag + "".join(
        attribute(name.rstrip("_").replace("_", "-"), value)
        for name, value in attributes.items()
        if value is not None and value is not False
    )
    if tag in _VOID_TAGS:
        return Html(f"<{opening}>")
    inner = "".join(
        child if isinstance(child, Html) else escape(child)
        for child in children
        if child is not None and child is not False
    )
    return Html(f"<{opening}>{inner}</{tag}>")


def table(head: Iterable[object], rows: Iterable[Iterable[object]], **attributes: object) -> Html:
    """A table with a head; a cell that is a ``th`` or ``td`` already stays what it is."""
    titles = (_cell("th", each) for each in head)
    body = join(element("tr", *(_cell("td", each) for each in row)) for row in rows)
    return element(
        "table", element("thead", element("tr", *titles)), element("tbody", body), **attributes
    )


def fold(summary: object, *content: object, is_open: bool = False, **attributes: object) -> Html:
    """Content behind a line that opens and closes it."""
    return element("details", element("summary", summary), *content, open=is_open, **attributes)


def number_head(title: str) -> Html:
    """The head of a column of numbers."""
    return element("th", title, class_="number")


def _cell(tag: str, value: object) -> Html:
    if isinstance(value, Html) and value.startswith(("<td", "<th")):
        return value
    return element(tag, value)


def attribute(name: str, value: object) -> str:
    """An attribute with the space before it; one that is True has no value."""
    if value is True:
        return f" {name}"
    quoted = escape(value).replace('"', "&quot;").replace("'", "&#x27;")
    return f' {name}="{quoted}"'
