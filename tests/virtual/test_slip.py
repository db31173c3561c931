from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.virtual.slip import SlipDecoder, bytes_to_frame_end, format_frame

FRAMES = {
    b"\x01\x02": b"\xc0\x01\x02\xc0",
    b"\xc0": b"\xc0\xdb\xdc\xc0",
    b"\xdb": b"\xc0\xdb\xdd\xc0",
    b"\xdb\xdc": b"\xc0\xdb\xdd\xdc\xc0",
    b"\xc0\xdb\xdd\xc0": b"\xc0\xdb\xdc\xdb\xdd\xdd\xdb\xdc\xc0",
}

payloads = st.lists(
    st.lists(st.sampled_from([b"\xc0", b"\xdb", b"\xdc", b"\xdd", b"x"]), min_size=1).map(b"".join)
)


def receive(decoder: SlipDecoder, data: bytes, piece_bytes: int) -> list[bytes]:
    found = []
    for start in range(0, len(data), piece_bytes):
        found += decoder.receive(data[start : start + piece_bytes])
    return found


@pytest.mark.parametrize(("payload", "frame"), FRAMES.items())
def test_special_bytes_are_escaped(payload: bytes, frame: bytes) -> None:
    assert format_frame(payload) == frame


@pytest.mark.parametrize("piece_bytes", [1, 1000])
@pytest.mark.parametrize("before", [b"", b"boot noise \xdb", b"\xc0", b"\xc0\xc0\xc0"])
@pytest.mark.parametrize(("payload", "frame"), FRAMES.items())
def test_frame_is_found_in_noise(
    payload: bytes, frame: bytes, before: bytes, piece_bytes: int
) -> None:
    decoder = SlipDecoder()
    assert receive(decoder, before + frame + b"after", piece_bytes) == [payload]


@given(payloads, st.integers(1, 20))
def test_frames_survive_any_slicing(frames: list[bytes], piece_bytes: int) -> None:
    wire = b"".join(map(format_frame, frames))
    assert receive(SlipDecoder(), wire, piece_bytes) == frames


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_frame_behind_any_noise_is_found(noise: list[bytes]) -> None:
    decoder = SlipDecoder()
    for piece in noise:
        decoder.receive(piece)
    assert decoder.receive(format_frame(b"payload"))[-1] == b"payload"


def test_lost_delimiter_costs_one_frame() -> None:
    decoder = SlipDecoder()
    found = decoder.receive(b"\xc0one\xc0" + b"two\xc0" + b"\xc0three\xc0")
    assert found == [b"one", b"two", b"three"]


def test_endless_frame_is_dropped() -> None:
    decoder = SlipDecoder()
    decoder.receive(b"\xc0")
    for _ in range(100):
        assert decoder.receive(bytes(1024)) == []
    assert decoder.receive(b"tail\xc0" + format_frame(b"next")) == [b"next"]


@pytest.mark.parametrize(
    ("data", "count"),
    [
        (b"\xc0ab\xc0\xc0cd\xc0", 4),
        (b"\xc0cd\xc0", 4),
        (b"ab\xc0cd", 3),
        (b"\xc0", 1),
        (b"\xc0abc", 4),
        (b"abc", 3),
    ],
)
def test_burst_is_taken_up_to_the_end_of_a_frame(data: bytes, count: int) -> None:
    assert bytes_to_frame_end(data) == count
