"""Whatever the windows and however slowly both ends take: nothing is lost, nothing is stuck."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from hil.units import NS_PER_MS, NS_PER_S
from hil.virtual.network.message import (
    TCP_WINDOW_BYTES,
    TcpAcknowledged,
    TcpOpen,
    TcpReceived,
    TcpSend,
    TcpTake,
)
from hil.virtual.network.peer import Script
from hil.virtual.network.way import Path

from .module_double import HOST, Net

if TYPE_CHECKING:
    from collections.abc import Iterator

ACTS = ("module sends", "host sends", "module takes", "host takes", "time passes")
acts = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(1, 9000)), max_size=40)


def numbers() -> Iterator[int]:
    """Bytes no two stretches of which look alike for long."""
    value = 1
    while True:
        value = value * 75 % 65537
        yield value & 0xFF


class Party:
    """What one end has sent, received and taken."""

    def __init__(self) -> None:
        self.source = numbers()
        self.sent = self.received = b""
        self.taken = 0

    def next_bytes(self, count: int) -> bytes:
        data = bytes(next(self.source) for _ in range(count))
        self.sent += data
        return data


class Play:
    def __init__(self, window_bytes: int, lost_per_mille: int, delay_ns: int) -> None:
        self.window_bytes = window_bytes
        self.net = Net(Path(lost_per_mille=lost_per_mille), seed=7)
        self.module, self.script = self.net.module(), Script()
        self.module.takes = False
        self.net.internet.add_host(HOST).listen(
            4000,
            lambda: self.script,
            window_bytes=window_bytes,
            acknowledgement_delay_ns=delay_ns,
        )
        self.module.ask(TcpOpen(1, HOST, 4000))
        self.net.wait(100 * NS_PER_S)
        self.here, self.there = Party(), Party()
        self.acknowledged = 0
        self.look()

    def look(self) -> None:
        for event in self.module.events():
            if isinstance(event, TcpReceived):
                self.here.received += event.data
            elif isinstance(event, TcpAcknowledged):
                self.acknowledged += event.count
        assert len(self.here.received) - self.here.taken <= TCP_WINDOW_BYTES
        assert len(self.script.unread) <= self.window_bytes
        assert self.acknowledged <= len(self.here.sent)
        assert self.there.sent.startswith(self.here.received)

    def act(self, what: str, count: int) -> None:
        assert self.script.end is not None
        now_ns = self.net.now_ns
        match what:
            case "module sends":
                self.module.ask(TcpSend(1, self.here.next_bytes(count)))
            case "host sends":
                self.script.end.send(self.there.next_bytes(count), now_ns)
            case "module takes":
                count = min(count, len(self.here.received) - self.here.taken)
                self.here.taken += count
                self.module.ask(TcpTake(1, count))
            case "host takes":
                self.there.received += self.script.read(count, now_ns)
                assert self.here.sent.startswith(self.there.received)
            case "time passes":
                self.net.wait(count * NS_PER_MS // 100)
        self.look()

    def finish(self) -> None:
        """Both take all until nothing more comes."""
        for _ in range(1000):
            if len(self.here.received) == len(self.there.sent) and len(self.there.received) == len(
                self.here.sent
            ):
                break
            self.net.settle()
            self.act("module takes", 1 << 20)
            self.act("host takes", 1 << 20)
        self.net.settle()
        self.look()


@given(acts, st.integers(1, 9000), st.sampled_from([0, 300]), st.sampled_from([0, 3_000_000]))
def test_everything_arrives_in_order_and_within_the_windows(
    plan: list[tuple[str, int]], window_bytes: int, lost_per_mille: int, delay_ns: int
) -> None:
    # A window of one byte and 360,000 bytes would take hours of simulated time for nothing new.
    window_bytes = max(window_bytes, sum(count for _, count in plan) // 200)
    play = Play(window_bytes, lost_per_mille, delay_ns)
    for what, count in plan:
        play.act(what, count)
    play.finish()
    assert play.here.received == play.there.sent
    assert play.there.received == play.here.sent
    assert play.acknowledged == len(play.here.sent)
