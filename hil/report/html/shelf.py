"""The details of tests, put away until a reader opens their rows.

Details are nine tenths of a report, and alike: compressed in one piece, those of a hundred tests
take some 25 KB. What a reader searches first, the details of tests that did not simply pass,
stands in the page as it is, up to a limit. The others are an array of markup as JSON, deflated, in
base64; ``details.js`` unpacks it when the first row is opened.
"""

from __future__ import annotations

import json
import zlib
from base64 import b64encode

from hil.report.html.markup import Html, element

SHELF_ID = "hil-details"
_OPEN_CHARACTERS = 750_000


class Shelf:
    """Takes the details of one test after the other.

    Args:
        open_characters: How much of them may stand in the page as it is.
    """

    def __init__(self, open_characters: int = _OPEN_CHARACTERS) -> None:
        self._left = open_characters
        self._deflate = zlib.compressobj()
        self._pieces: list[bytes] = []
        self._count = 0

    def has_room_in_the_open(self, detail: Html) -> bool:
        """Whether details may stand in the page as they are; if so, they count as taken."""
        if len(detail) > self._left:
            return False
        self._left -= len(detail)
        return True

    def put(self, detail: Html) -> int:
        """Put details away.

        Returns:
            Their number, by which the page finds them again.
        """
        separator = "," if self._count else "["
        text = separator + json.dumps(detail, ensure_ascii=False)
        self._pieces.append(self._deflate.compress(text.encode()))
        self._count += 1
        return self._count - 1

    def close(self) -> Html:
        """The element of the page that holds everything; nothing can be put there any more."""
        end = self._deflate.compress(b"]" if self._count else b"[]") + self._deflate.flush()
        packed = b64encode(b"".join([*self._pieces, end])).decode("ascii")
        return element("script", Html(packed), type="text/plain", id=SHELF_ID)
