"""Reads a stream whole, byte by byte and in random slices, and demands the same events."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from hil.at import ReplyReader

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hil.at import Event


def read(pieces: Iterable[bytes], *, echo: bytes = b"", data_echo: bytes = b"") -> list[Event]:
    reader = ReplyReader()
    if data_echo:
        reader.expect_data_echo(data_echo)
    else:
        reader.expect_echo(echo)
    return [event for piece in pieces for event in reader.receive(piece)]


def read_every_way(stream: bytes, *, echo: bytes = b"", data_echo: bytes = b"") -> list[Event]:
    """The events of a stream, however it is sliced."""
    whole = read([stream], echo=echo, data_echo=data_echo)
    by_byte = (stream[index : index + 1] for index in range(len(stream)))
    assert read(by_byte, echo=echo, data_echo=data_echo) == whole

    @settings(max_examples=25, deadline=None, database=None, derandomize=True)
    @given(st.sets(st.integers(0, len(stream)), max_size=12))
    def in_slices(cuts: set[int]) -> None:
        borders = [0, *sorted(cuts), len(stream)]
        slices = (stream[begin:end] for begin, end in itertools.pairwise(borders))
        assert read(slices, echo=echo, data_echo=data_echo) == whole

    in_slices()
    return whole
