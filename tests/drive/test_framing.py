"""The framed link: what is written is read, in any pieces, and noise is refused early."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.drive.framing import (
    LONGEST_CONTENT_BYTES,
    Break,
    Data,
    Drain,
    Drained,
    Error,
    Format,
    Frame,
    FrameDecoder,
    FramingError,
    Hello,
    Lines,
    Purge,
    Purged,
    format_frame,
)
from hil.virtual.uart import LineFormat, Parity

if TYPE_CHECKING:
    from collections.abc import Sequence

HELLO = b"\x01\x00\x07hil\x01bob"

WRITTEN: list[tuple[Frame, bytes]] = [
    (Hello("bob"), HELLO),
    (Data(b"AT\r\n"), b"\x02\x00\x04AT\r\n"),
    (Format(LineFormat(74880, 7, Parity.EVEN, 4)), b"\x03\x00\x07\x00\x01\x24\x80\x07\x02\x04"),
    (Lines(dtr=False, rts=True), b"\x04\x00\x02\x00\x01"),
    (Break(is_on=True), b"\x05\x00\x01\x01"),
    (Purge(is_input=False), b"\x06\x00\x01\x00"),
    (Purged(), b"\x07\x00\x00"),
    (Drain(), b"\x08\x00\x00"),
    (Drained(), b"\x09\x00\x00"),
    (Error("in use"), b"\x0a\x00\x06in use"),
]

line_formats = st.builds(
    LineFormat,
    st.integers(1, 5_000_000),
    st.integers(5, 8),
    st.sampled_from(Parity),
    st.sampled_from([2, 3, 4]),
)
frames = st.one_of(
    st.builds(Data, st.binary(max_size=300)),
    st.builds(Format, line_formats),
    st.builds(Lines, dtr=st.booleans(), rts=st.booleans()),
    st.builds(Break, is_on=st.booleans()),
    st.builds(Purge, is_input=st.booleans()),
    st.sampled_from([Purged(), Drain(), Drained()]),
    st.builds(Error, st.text(max_size=40)),
)


def decoded(*pieces: bytes) -> list[Frame]:
    decoder = FrameDecoder()
    return [frame for piece in pieces for frame in decoder.receive(piece)]


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


@pytest.mark.parametrize(("frame", "raw"), WRITTEN, ids=lambda each: type(each).__name__)
def test_each_kind_has_its_bytes(frame: Frame, raw: bytes) -> None:
    assert format_frame(frame) == raw
    greeting = [] if isinstance(frame, Hello) else [HELLO]
    assert decoded(*greeting, raw)[-1] == frame


@given(st.lists(frames), st.lists(st.integers(0)))
def test_any_pieces_hold_the_same_frames(sent: list[Frame], places: list[int]) -> None:
    raw = HELLO + b"".join(format_frame(frame) for frame in sent)
    assert decoded(*cut(raw, places)) == [Hello("bob"), *sent]


@given(st.lists(frames))
def test_one_byte_at_a_time(sent: list[Frame]) -> None:
    raw = HELLO + b"".join(format_frame(frame) for frame in sent)
    assert decoded(*(bytes((byte,)) for byte in raw)) == [Hello("bob"), *sent]


def test_what_is_not_complete_waits() -> None:
    assert decoded(HELLO, b"\x02\x00\x04AT") == [Hello("bob")]


def test_long_data_is_cut_into_frames() -> None:
    data = bytes(range(256)) * (LONGEST_CONTENT_BYTES // 128)
    pieces = decoded(HELLO, format_frame(Data(data)))[1:]
    assert len(pieces) == 2
    assert b"".join(piece.data for piece in pieces if isinstance(piece, Data)) == data


@given(st.binary(max_size=200), st.lists(st.integers(0)))
def test_noise_is_read_or_refused_and_nothing_else(noise: bytes, places: list[int]) -> None:
    for greeting in (b"", HELLO):
        try:
            decoded(greeting, *cut(noise, places))
        except FramingError as error:
            assert str(error)  # noqa: PT017 - either outcome is fine


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"GET / HTTP/1.1\r\n", "the first frame is not a hello"),
        (b"\x02\x00\x02AT", "the first frame is not a hello"),
        (b"\x01\x00\x05hello", "the first frame is not a hello"),
        (b"\x01\x00\x04hil\x02", "version 2 of the protocol is spoken, expected 1"),
        (HELLO + b"\x0b\x00\x00", "there is no frame of kind 11"),
        (HELLO + b"\x02\x80\x01", "a frame of 32769 bytes is longer than any"),
        (HELLO + b"\x03\x00\x01a", "a frame of kind 3 cannot hold 61"),
        (
            HELLO + b"\x03\x00\x07" + bytes(4) + b"\x08\x00\x02",
            "a frame of kind 3 cannot hold 00000000080002",
        ),
        (HELLO + b"\x04\x00\x02\x00\x02", "a frame of kind 4 cannot hold 0002"),
        (HELLO + b"\x08\x00\x01a", "a frame of kind 8 cannot hold 61"),
    ],
)
def test_what_is_wrong_is_said(raw: bytes, text: str) -> None:
    with pytest.raises(FramingError) as caught:
        decoded(raw)
    assert str(caught.value) == text


def test_noise_is_refused_before_the_frame_that_it_announces_is_complete() -> None:
    with pytest.raises(FramingError):
        decoded(b"SSH")
