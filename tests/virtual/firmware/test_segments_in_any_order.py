"""Segments against a small model: calls, confirmations and questions in any order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hil.units import NS_PER_MS
from hil.virtual.network.message import TcpAcknowledged, TcpSend

from .chip_player import ERROR, OK
from .link_player import LinkPlayer, joined_player

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.sampled_from([1, 2, 100, 700, 1460, 2048, 2049])),
        st.tuples(st.just("confirm"), st.floats(0, 1)),
        st.tuples(st.just("check"), st.integers(0, 40)),
        st.tuples(st.just("reset"), st.none()),
    ),
    max_size=60,
)


class Model:
    """What the document says of one link: the lengths of its segments, and how much is through."""

    def __init__(self) -> None:
        self.lengths: list[int] = []
        self.through = 0

    def delivered(self, through: int | None = None) -> int:
        through = self.through if through is None else through
        return sum(sum(self.lengths[: n + 1]) <= through for n in range(len(self.lengths)))

    @property
    def waiting_bytes(self) -> int:
        return sum(self.lengths) - self.through

    @property
    def status(self) -> bytes:
        count, delivered = len(self.lengths), self.delivered()
        free, places = 2920 - self.waiting_bytes, 8 - (count - delivered)
        return b"%d,%d,%d,%d,%d\r\n" % (count + 1, count, delivered, free, places) + OK

    def check(self, number: int) -> bytes:
        if not max(1, len(self.lengths) - 31) <= number <= len(self.lengths):
            return ERROR
        word = b"TRUE" if number <= self.delivered() else b"FALSE"
        return b"%d,%s\r\n" % (number, word) + OK


def write(player: LinkPlayer, model: Model, length: int) -> None:
    places = 8 - (len(model.lengths) - model.delivered())
    answer = player.order(b"AT+CIPSENDBUF=%d" % length)
    if length > 2048 or length > 2920 - model.waiting_bytes or not places:
        assert answer == ERROR
        return
    assert answer == b"%d,%d\r\n\r\nOK\r\n> " % (len(model.lengths) + 1, model.delivered())
    data = b"\xa5" * length
    player.send(data)
    player.wait(2 * NS_PER_MS)
    assert player.take_sent() == b""
    assert player.request(TcpSend).data == data
    model.lengths.append(length)


def confirm(player: LinkPlayer, model: Model, socket: int, share: float) -> None:
    count = round(model.waiting_bytes * share)
    before = model.delivered()
    model.through += count
    player.hear(TcpAcknowledged(socket, count))
    lines = [b"\r\n%d,SEND OK\r\n" % (n + 1) for n in range(before, model.delivered())]
    assert player.take_sent() == b"".join(lines)


@given(STEPS)
def test_segments_follow_the_model(steps: list[tuple[str, float]]) -> None:
    player = joined_player()
    socket = player.start_tcp()
    model = Model()
    for step, value in steps:
        match step:
            case "write":
                write(player, model, int(value))
            case "confirm":
                confirm(player, model, socket, value)
            case "check":
                number = int(value)
                assert player.order(b"AT+CIPCHECKSEG=%d" % number) == model.check(number)
            case _:
                if model.waiting_bytes:
                    assert player.order(b"AT+CIPBUFRESET") == ERROR
                else:
                    assert player.order(b"AT+CIPBUFRESET") == OK
                    model = Model()
        assert player.order(b"AT+CIPBUFSTATUS") == model.status
