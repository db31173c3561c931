"""pyserial's own RFC2217 client, which is unhurried."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING
from unittest import mock

if TYPE_CHECKING:
    from collections.abc import Iterator

_HASTE = 50


@contextmanager
def in_haste() -> Iterator[None]:
    """Shorten its pauses: 50 ms before it looks for an answer, 300 ms after closing."""

    def pause(duration_s: float) -> None:
        threading.Event().wait(duration_s / _HASTE)

    with mock.patch("serial.rfc2217.time", SimpleNamespace(sleep=pause)):
        yield
