"""Passthrough over TCP: bytes, pauses, confirmations and lost links in any order."""

from __future__ import annotations

from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from hil.units import NS_PER_MS
from hil.virtual.network.message import TcpAcknowledged, TcpEnded, TcpOpen, TcpOpened, TcpSend
from hil.virtual.uart import Burst

from .link_player import LinkPlayer, joined_player

WRITE = st.tuples(st.just("write"), st.sampled_from([1, 3, 100, 700, 1500, 2047, 2048, 5000]))
WAIT = st.tuples(st.just("wait"), st.sampled_from([1, 19, 20, 21, 100]))
CONFIRM = st.tuples(st.just("confirm"), st.sampled_from([0.1, 0.5, 0.9, 1]))
LOSE = st.tuples(st.just("lose"), st.none())
ROUND = st.tuples(WRITE, WAIT, WRITE, st.one_of(CONFIRM, CONFIRM, CONFIRM, LOSE))
STEPS = st.lists(ROUND, min_size=3, max_size=12).map(lambda rounds: [*chain(*rounds)])


class Talk:
    """A module in passthrough, its host, and its peer."""

    def __init__(self) -> None:
        self.player: LinkPlayer = joined_player()
        self.player.order(b"AT+CIPMODE=1")
        self.socket = self.player.start_tcp()
        self.player.order(b"AT+CIPSEND")
        self.player.take_requests()
        self.written = 0
        self.taken = bytearray()
        self.received = bytearray()
        self.unconfirmed = 0

    def write(self, count: int) -> None:
        """Let the host write, as long as the module takes bytes."""
        player = self.player
        data = bytes((self.written + index) % 251 for index in range(count))
        self.written += count
        rest = Burst(player.now_ns, data, player.line_format)
        while rest.data and not player.firmware.is_full:
            piece, rest = rest.split(player.firmware.bytes_wanted(rest))
            player.carry_out(player.firmware.receive(piece))
            player.advance(piece.end_ns())
            self.taken += piece.data
            self.look()

    def wait(self, duration_ms: int) -> None:
        self.player.wait(duration_ms * NS_PER_MS)
        self.look()

    def confirm(self, share: float) -> None:
        count = round(self.unconfirmed * share)
        self.unconfirmed -= count
        if count:
            self.player.hear(TcpAcknowledged(self.socket, count))
        self.look()

    def lose(self) -> None:
        """The link breaks off and is opened again; what was taken before is lost or has arrived."""
        self.player.hear(TcpEnded(self.socket, is_reset=True))
        self.unconfirmed = 0
        self.taken.clear()
        self.received.clear()
        self.player.wait(100 * NS_PER_MS)
        self.socket = self.player.request(TcpOpen).socket
        self.player.hear(TcpOpened(self.socket, 4098))

    def look(self) -> None:
        """Take what was sent; the send buffer never holds more than there is room for."""
        for request in self.player.take_requests():
            assert isinstance(request, TcpSend)
            assert request.socket == self.socket
            assert 1 <= len(request.data) <= 2048
            self.received += request.data
            self.unconfirmed += len(request.data)
            assert self.unconfirmed <= 2920


@given(STEPS)
def test_all_that_was_taken_arrives_in_order(steps: list[tuple[str, float]]) -> None:
    talk = Talk()
    for step, value in steps:
        match step:
            case "write":
                talk.write(int(value))
            case "wait":
                talk.wait(int(value))
            case "confirm":
                talk.confirm(value)
            case _:
                talk.lose()
    for _ in range(3):
        talk.wait(20)
        talk.confirm(1)
    assert talk.received == talk.taken
    assert talk.player.take_sent() == b""
    talk.wait(20)
    talk.player.send(b"+++")
    talk.wait(20)
    assert talk.player.order(b"AT") == b"\r\nOK\r\n"
