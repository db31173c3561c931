"""Any session is played as it was recorded, however it is cut into pieces."""

from __future__ import annotations

import itertools
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from hil.ports.byte_port import Direction
from hil.recording.record import load_record
from hil.recording.recorder import Recorder
from hil.recording.replayed_module import ReplayedModule

from .record_of_tests import HEADER


class SteppingClock:
    def __init__(self) -> None:
        self.time_ns = 0

    def now_ns(self) -> int:
        return self.time_ns

    def sleep(self, duration_s: float) -> None:
        raise AssertionError(f"nobody sleeps for {duration_s} s here")


# Without quotes and colons there is no password, but much that might become one.
chunks = st.one_of(
    st.binary(min_size=1, max_size=40).map(lambda data: data.translate(None, b'":') or b"."),
    st.sampled_from([b"AT\r\n", b"\r\nOK\r\n", b'AT+CWLAP="net', b"AT+C", b"W", b"password"]),
)
exchanges = st.lists(
    st.tuples(
        st.lists(chunks, min_size=1, max_size=4),
        st.lists(st.tuples(st.integers(0, 10**9), chunks), max_size=4),
    ),
    max_size=6,
)


def sliced(data: bytes, borders: list[int]) -> list[bytes]:
    cuts = sorted({0, len(data), *(border % (len(data) + 1) for border in borders)})
    return [data[begin:end] for begin, end in itertools.pairwise(cuts)]


@settings(max_examples=150, deadline=None)
@given(exchanges, st.lists(st.integers(0, 10**6), max_size=8), st.lists(st.integers(1, 30)))
def test_any_session_is_played_as_it_was_in_any_pieces(
    session: list[tuple[list[bytes], list[tuple[int, bytes]]]],
    borders: list[int],
    counts: list[int],
) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "any.hilrec"
        expected = recorded(session, path)
        module = ReplayedModule(load_record(path))
    now_ns = 0
    for (sent, _), answer in zip(session, expected, strict=True):
        for piece in sliced(b"".join(sent), borders):
            module.send(piece, now_ns)
        anchor_ns, came = now_ns, []
        while (moment_ns := next_moment_ns(module, now_ns)) is not None:
            now_ns = moment_ns
            data = b""
            while module.available(now_ns):
                data += module.receive(counts[len(data) % len(counts)] if counts else 7, now_ns)
            came.append((now_ns - anchor_ns, data))
        assert came == answer


def next_moment_ns(module: ReplayedModule, now_ns: int) -> int | None:
    """When there is something to receive next."""
    return now_ns if module.available(now_ns) else module.next_arrival_ns(now_ns)


def recorded(
    session: list[tuple[list[bytes], list[tuple[int, bytes]]]], path: Path
) -> list[list[tuple[int, bytes]]]:
    """Record a session; returns what came when after each sending."""
    clock = SteppingClock()
    recorder = Recorder(path, HEADER, clock)
    port = recorder.modules[0]
    expected: list[list[tuple[int, bytes]]] = []
    for sent, came in session:
        for chunk in sent:
            clock.time_ns += 1_000
            port.record(clock.time_ns, Direction.SENT, chunk)
        sent_ns = clock.time_ns
        arrivals: dict[int, bytes] = {}
        for pause_ns, chunk in came:
            clock.time_ns += pause_ns
            port.record(clock.time_ns, Direction.RECEIVED, chunk)
            after_ns = clock.time_ns - sent_ns
            arrivals[after_ns] = arrivals.get(after_ns, b"") + chunk
        expected.append(list(arrivals.items()))
    recorder.close()
    return expected
