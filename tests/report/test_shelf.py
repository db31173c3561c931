"""Details that wait in the page until their rows are opened."""

from __future__ import annotations

import json
import re
import zlib
from base64 import b64decode

from hil.report.html.markup import Html, escape
from hil.report.html.shelf import Shelf


def unpacked(page: str) -> list[str]:
    """What a browser makes of the element."""
    found = re.fullmatch(
        r'<script type="text/plain" id="hil-details">([A-Za-z0-9+/=]+)</script>', page
    )
    assert found is not None
    details: list[str] = json.loads(zlib.decompress(b64decode(found[1])))
    return details


def test_details_come_back_under_their_numbers() -> None:
    shelf = Shelf()
    details = [Html("<p>→ \u2028</p>"), escape("</script>\x00\udcff"), Html("")]
    assert [shelf.put(each) for each in details] == [0, 1, 2]
    assert unpacked(shelf.close()) == details


def test_empty_shelf_is_an_empty_array() -> None:
    assert unpacked(Shelf().close()) == []


def test_details_stand_in_the_open_up_to_a_limit() -> None:
    shelf = Shelf(open_characters=10)
    sizes = (4, 7, 6, 1)
    assert [shelf.has_room_in_the_open(Html("x" * size)) for size in sizes] == [
        True,
        False,
        True,
        False,
    ]


def test_what_is_alike_takes_little_room() -> None:
    shelf = Shelf()
    for number in range(1000):
        shelf.put(Html(f"<div class=r><i>{number}.000</i> ← no change</div>" * 20))
    assert len(shelf.close()) < 30_000
