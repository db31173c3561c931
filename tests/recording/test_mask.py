"""No password gets into a record, in whatever pieces it goes over the line."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.recording.mask import MaskedStream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hil.recording.entry import Piece

SWORD = b"swordfish9"
JOIN = b'AT+CWJAP="net","swordfish9"\r\n'


def written(
    chunks: Sequence[bytes], *, known: Sequence[bytes] = (), is_sent: bool = True
) -> list[Piece]:
    """What a recorder would write of these chunks, bytes in one piece; checks that it is final."""
    numbers: dict[bytes, int] = {}
    stream = MaskedStream(
        set(known), lambda secret: numbers.setdefault(secret, len(numbers) + 1), is_sent=is_sent
    )
    pieces: list[Piece] = []
    waiting: list[tuple[int, int]] = []

    def write(begin: int, end: int) -> None:
        for piece in stream.cut(begin, end):
            if isinstance(piece, bytes) and pieces and isinstance(pieces[-1], bytes):
                pieces[-1] += piece
            else:
                pieces.append(piece)
        stream.forget(end)

    for chunk in chunks:
        begin = stream.end
        stream.add(chunk)
        waiting.append((begin, stream.end))
        while waiting and waiting[0][1] <= stream.settled_end():
            write(*waiting.pop(0))
    for stretch in waiting:
        write(*stretch)
    return pieces


def singly(data: bytes) -> list[bytes]:
    return [bytes([byte]) for byte in data]


CASES = {
    "sent": (JOIN, True, [b'AT+CWJAP="net","', 1, b'"\r\n']),
    "echo": (JOIN, False, [b'AT+CWJAP="net","', 1, b'"\r\n']),
    "with a bssid": (
        b'AT+CWJAP="net","swordfish9","18:fe:34:00:00:01"\r\n',
        True,
        [b'AT+CWJAP="net","', 1, b'","18:fe:34:00:00:01"\r\n'],
    ),
    "softap": (
        b'AT+CWSAP="ap","swordfish9",5,3\r\n',
        True,
        [b'AT+CWSAP="ap","', 1, b'",5,3\r\n'],
    ),
    "answer": (b'+CWSAP:"ap","swordfish9",5,3\r\n', False, [b'+CWSAP:"ap","', 1, b'",5,3\r\n']),
    "twice": (JOIN + JOIN, True, [b'AT+CWJAP="net","', 1, b'"\r\nAT+CWJAP="net","', 1, b'"\r\n']),
    "SmartConfig": (
        b"ssid:net\r\npassword:swordfish9\r\n",
        False,
        [b"ssid:net\r\npassword:", 1, b"\r\n"],
    ),
    "interrupted": (
        b'AT+CWJAP="net","sword\r\nWIFI DISCONNECT\r\nfish9"\r\n',
        False,
        [b'AT+CWJAP="net",', 1, b'\r\nWIFI DISCONNECT\r\nfish9"\r\n'],
    ),
    "interrupted once": (
        b'AT+CWJAP="net","sword\r\nfish9"\r\n',
        False,
        [b'AT+CWJAP="net","', 1, b'"\r\n'],
    ),
    "no password": (b'AT+CWLAP="net"\r\n', True, [b'AT+CWLAP="net"\r\n']),
    "an open network": (b'AT+CWJAP="net",""\r\n', True, [b'AT+CWJAP="net",""\r\n']),
}


@pytest.mark.parametrize("cut", [lambda data: [data], singly], ids=["whole", "singly"])
@pytest.mark.parametrize("name", CASES)
def test_a_password_is_a_number(name: str, cut: object) -> None:
    data, is_sent, expected = CASES[name]
    assert callable(cut)
    assert written(cut(data), is_sent=is_sent) == expected


def test_a_password_that_was_sent_is_hidden_wherever_it_comes() -> None:
    assert written([JOIN, b"pw=sword", b"fish9&"]) == [
        *(b'AT+CWJAP="net","', 1, b'"\r\npw='),
        *(1, b"&"),
    ]


def test_a_password_of_the_rig_is_hidden_although_nobody_has_sent_it() -> None:
    assert written(singly(b"xswordfish9x"), known=[SWORD], is_sent=False) == [b"x", 1, b"x"]


def test_a_password_that_goes_in_pieces_is_known_as_a_whole_only() -> None:
    pieces = written([*singly(JOIN), b"sword swordf\r\n"])
    assert pieces == [b'AT+CWJAP="net","', 1, b'"\r\nsword swordf\r\n']


def test_only_what_may_hold_a_password_waits() -> None:
    stream = MaskedStream(set(), lambda secret: 1, is_sent=True)
    stream.add(b"OK\r\nAT+C")
    assert stream.settled_end() == 8
    stream.add(b"WJAP=")
    assert stream.settled_end() == 4
    stream.add(b'"net","x"\r')
    assert stream.settled_end() == 23


def test_a_line_that_never_ends_does_not_wait_for_ever() -> None:
    stream = MaskedStream(set(), lambda secret: 1, is_sent=True)
    stream.add(b'AT+CWJAP="net","' + b"x" * 600)
    assert stream.settled_end() == 616
    assert stream.cut(0, 616) == (b'AT+CWJAP="net",', 1)
    stream.forget(616)
    stream.add(b"yyy")
    assert stream.cut(616, 619) == ()


@given(st.lists(st.integers(0, 200), max_size=12), st.booleans())
def test_the_pieces_do_not_matter(borders: list[int], is_sent: bool) -> None:
    data = b"AT\r\n" + JOIN + b'OK\r\nAT+CWSAP="a","swordfish9",5,3\r\nswordfish9 swordfish\r\n'
    cuts = sorted({0, len(data), *(border % len(data) for border in borders)})
    chunks = [data[begin:end] for begin, end in itertools.pairwise(cuts)]
    pieces = written(chunks, known=[SWORD], is_sent=is_sent)
    assert pieces == [
        *(b'AT\r\nAT+CWJAP="net","', 1, b'"\r\nOK\r\nAT+CWSAP="a","', 1, b'",5,3\r\n'),
        *(1, b" swordfish\r\n"),
    ]
