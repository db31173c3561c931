"""Whatever commands, data and the network do, in any order, the links hold and AT answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from hil.units import NS_PER_MS, NS_PER_S
from hil.virtual.air.message import ApLost, Joined, Leased
from hil.virtual.firmware.dialect import DIALECTS, Dialect
from hil.virtual.firmware.link import LINK_NUMBERS, LinkStatus, Stage

from .chip_player import OK
from .link_player import AP, LEASE, LinkPlayer, joined_player
from .played_network import PlayedNetwork

if TYPE_CHECKING:
    from hil.virtual.network.message import NetworkEvent

SINGLE = [
    b'AT+CIPSTART="TCP","192.168.1.20",80',
    b'AT+CIPSTART="TCP","peer.test",80,1',
    b'AT+CIPSTART="UDP","192.168.1.20",2000,3000,2',
    b"AT+CIPSEND=3",
    b"AT+CIPSEND=300",
    b"AT+CIPSENDEX=8",
    b"AT+CIPCLOSE",
    b"AT+CIPMUX=1",
]
MULTIPLE = [
    b'AT+CIPSTART=0,"TCP","192.168.1.20",80',
    b'AT+CIPSTART=1,"TCP","peer.test",80',
    b'AT+CIPSTART=4,"UDP","192.168.4.2",2000',
    b"AT+CIPSEND=0,3",
    b"AT+CIPSEND=1,300",
    b'AT+CIPSEND=4,5,"192.168.1.21",7',
    b"AT+CIPSENDEX=0,8",
    b"AT+CIPSENDEX=2,2048",
    b"AT+CIPCLOSE=0",
    b"AT+CIPCLOSE=5",
    b"AT+CIPSERVER=1",
    b"AT+CIPSERVER=0",
    b"AT+CIPSTO=1",
    b"AT+CIPMUX=0",
]
EITHER = [
    b"AT",
    b"ATE1",
    b"AT+CIPSTATUS",
    b'AT+PING="192.168.1.20"',
    b'AT+PING="peer.test"',
    b"AT+CWMODE_CUR=1",
    b"AT+CWMODE_CUR=3",
]
DATA = [b"x", b"+++", rb"\0", rb"\\", b"y" * 300, b"z" * 300, b"\r\n"]

sending = [b"AT+CIPSEND=2\r\nab", b"AT+CIPSEND=0,2\r\nab", b"AT+CIPSENDEX=1,90\r\na\\0"]
sends = st.tuples(st.just("bytes"), st.sampled_from(sending))
lines = st.tuples(st.just("line"), st.sampled_from(SINGLE + MULTIPLE + EITHER))
data = st.tuples(st.just("bytes"), st.sampled_from(DATA))
events = st.tuples(st.just("event"), st.tuples(st.integers(0, 20), st.integers(0, 6000)))
waits = st.tuples(st.just("wait"), st.sampled_from([0, NS_PER_MS, NS_PER_S, 30 * NS_PER_S]))
air = st.tuples(st.just("air"), st.sampled_from([ApLost(), Joined(AP), Leased(LEASE)]))
success = st.tuples(st.just("success"), st.none())
steps = st.one_of(lines, data, events, success, lines, sends, events, lines, events, waits, air)
beginnings = st.lists(
    st.sampled_from([b"AT+CIPSERVER=1", *MULTIPLE[:3], *SINGLE[:3]]), max_size=4, unique=True
)


class Play:
    """A module and its network, step by step; each wait in so many slices."""

    def __init__(self, dialect: Dialect, slices: int = 1) -> None:
        self.slices = slices
        self.told: list[object] = []
        self.player = joined_player(dialect)
        self.network = PlayedNetwork()

    def do(self, kind: str, what: object) -> None:
        player = self.player
        match kind, what:
            case "line", bytes(line):
                player.send(line + b"\r\n")
            case "bytes", bytes(data):
                player.send(data)
            case "event", (int(choice), int(size)):
                self.hear(self.network.event(choice, size))
            case "success", _:
                self.hear(self.network.success())
            case "wait", int(duration_ns):
                for slice_ in range(self.slices):
                    player.wait(
                        (slice_ + 1) * duration_ns // self.slices
                        - slice_ * duration_ns // self.slices
                    )
            case "air", (ApLost() | Joined() | Leased()) as event:
                player.hear(event)
        player.advance(player.now_ns)
        self.told += player.actions
        player.actions.clear()
        for request in player.take_requests():
            self.network.take(request)

    def hear(self, event: NetworkEvent | None) -> None:
        if event is not None:
            self.network.tell(event)
            self.player.hear(event)

    def require_consistency(self) -> None:
        table = self.player.state.links
        numbers = [link.number for link in table.links]
        assert numbers == sorted(set(numbers))
        assert set(numbers) <= set(LINK_NUMBERS if table.is_multiple else [0])
        assert (table.status is LinkStatus.CONNECTED) <= any(link.is_open for link in table.links)
        sockets = [link.socket for link in table.links]
        assert len(set(sockets)) == len(sockets)
        assert all(link.stage is not Stage.OVER for link in table.links)
        assert {link.socket for link in table.links if link.is_open} == self.network.open_sockets
        assert self.player.state.server.is_running == bool(self.network.ports)
        assert not self.player.state.server.is_running or table.is_multiple


def answer_to_at(player: LinkPlayer) -> bytes:
    """What AT answers when a payload that was begun has been ended and all limits are over."""
    player.send(b"z" * 2048)
    player.wait(90 * NS_PER_S)
    player.send(b"\r\nATE0\r\n")
    player.wait(NS_PER_S)
    return player.order(b"AT")


@given(
    dialect=st.sampled_from(sorted(DIALECTS)),
    is_multiple=st.booleans(),
    beginning=beginnings,
    script=st.lists(steps, min_size=5, max_size=40),
)
def test_nothing_breaks_or_sticks(
    dialect: str, is_multiple: bool, beginning: list[bytes], script: list[tuple[str, object]]
) -> None:
    play = Play(DIALECTS[dialect])
    play.do("line", b"AT+CIPMUX=%d" % is_multiple)
    for line in beginning:
        play.do("line", line)
        play.do("success", None)
        play.do("success", None)
    for kind, what in script:
        play.do(kind, what)
        play.require_consistency()
    assert answer_to_at(play.player).endswith(OK)


@given(
    dialect=st.sampled_from(sorted(DIALECTS)),
    script=st.lists(st.one_of(steps, waits), max_size=20),
    slices=st.integers(2, 9),
)
def test_slicing_time_changes_nothing(
    dialect: str, script: list[tuple[str, object]], slices: int
) -> None:
    whole, sliced = Play(DIALECTS[dialect]), Play(DIALECTS[dialect], slices)
    for play in (whole, sliced):
        for kind, what in script:
            play.do(kind, what)
    assert whole.told == sliced.told
