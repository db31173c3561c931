"""Whatever is asked and heard in whatever order: the station neither gets stuck nor contradicts
itself."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from hil.units import NS_PER_MS
from hil.virtual.air.message import (
    ApLost,
    CredentialsHeard,
    Join,
    Joined,
    JoinFailed,
    JoinFailure,
    Leased,
    Leave,
    RequestLease,
    ScanDone,
)
from hil.virtual.firmware.dialect import DOCUMENTED, ESPRESSIF_0_23, Dialect
from hil.virtual.network.message import SetAddress

from .air_player import CONNECTED, DISCONNECT, GOT_IP, HOME, LEASE, station_player
from .chip_player import OK, ChipPlayer

if TYPE_CHECKING:
    from hil.virtual.firmware.station import Station
    from hil.virtual.outside import OutsideEvent, OutsideRequest

dialects = st.sampled_from([DOCUMENTED, ESPRESSIF_0_23])
waits_ms = st.sampled_from([0, 1, 500, 1000, 4000, 20_000]) | st.integers(0, 16_000)

LINES = (
    b'AT+CWJAP="home","12345678"',
    b'AT+CWJAP_CUR="home","wrong"',
    b'AT+CWJAP_CUR="cafe",""',
    b'AT+CWJAP_DEF="home","12345678","00:00:00:00:00:00"',
    b"AT+CWJAP?",
    b"AT+CWLAP",
    b"AT+CWQAP",
    b"AT+CWMODE_CUR=1",
    b"AT+CWMODE=2",
    b"AT+CWMODE_CUR=3",
    b"AT+CWSTARTSMART=1",
    b"AT+CWSTOPSMART",
)
EVENTS: tuple[OutsideEvent, ...] = (
    Joined(HOME),
    Joined(replace(HOME, ssid=b"cafe")),
    *(JoinFailed(reason) for reason in JoinFailure),
    ApLost(),
    Leased(LEASE),
    ScanDone((HOME,)),
    CredentialsHeard(1, b"home", b"12345678"),
)
steps = st.one_of(st.sampled_from(LINES), st.sampled_from(EVENTS), waits_ms)

HOUSE_RULES = re.compile(rb"(CONNECTED (GOT IP )*DISCONNECT )*(CONNECTED (GOT IP )*)?")


def station_of(player: ChipPlayer) -> Station:
    return player.firmware._state.station


def wifi_lines(sent: bytes) -> bytes:
    return b"".join(each + b" " for each in re.findall(rb"WIFI ([A-Z ]+)\r\n", sent))


def addresses(requests: list[OutsideRequest]) -> list[bool]:
    return [each.address is not None for each in requests if isinstance(each, SetAddress)]


@given(dialects, st.lists(steps, max_size=25))
def test_lines_and_events_in_any_order(
    dialect: Dialect, moves: list[bytes | OutsideEvent | int]
) -> None:
    player = station_player(dialect)
    for move in moves:
        if isinstance(move, bytes):
            player.send(move + b"\r\n")
        elif isinstance(move, int):
            player.wait_ms(move)
        else:
            player.hear(move)
    player.wait_ms(16_000)
    station = station_of(player)
    said = player.take_sent()
    assert HOUSE_RULES.fullmatch(wifi_lines(said))
    assert wifi_lines(said).endswith((b"CONNECTED ", b"GOT IP ")) == (station.ap is not None)
    assert addresses(player.take_requests()) == [
        n % 2 == 0 for n in range(said.count(b"GOT IP") * 2 - station.has_ip)
    ]
    assert station.has_ip == (station.address is not None) == (station.status == 5)
    require_usable(player, House(answer_ms=200))


@dataclass
class House:
    """An air with one access point that answers every request after a while, as the rules say."""

    answer_ms: int
    is_on: bool = True
    is_joined: bool = False
    due_ns: int | None = None
    answer: OutsideEvent | None = None

    def take(self, request: OutsideRequest, now_ns: int) -> None:
        if isinstance(request, Join | Leave):
            self.due_ns, self.is_joined = None, False
        if isinstance(request, Join):
            self._promise(self._verdict(request), now_ns)
        elif isinstance(request, RequestLease) and self.is_joined:
            self._promise(Leased(LEASE), now_ns)

    def switch(self, *, is_on: bool) -> OutsideEvent | None:
        was_joined, self.is_on = self.is_joined, is_on
        if is_on or not was_joined:
            return None
        self.is_joined, self.due_ns = False, None
        return ApLost()

    def speak(self) -> OutsideEvent:
        assert self.answer is not None
        self.due_ns = None
        if isinstance(self.answer, Joined) and not self.is_on:
            return JoinFailed(JoinFailure.NO_AP)
        self.is_joined = self.is_joined or isinstance(self.answer, Joined)
        return self.answer

    def _promise(self, answer: OutsideEvent, now_ns: int) -> None:
        self.answer, self.due_ns = answer, now_ns + self.answer_ms * NS_PER_MS

    def _verdict(self, request: Join) -> OutsideEvent:
        if not self.is_on or request.ssid != b"home" or request.bssid not in {None, HOME.bssid}:
            return JoinFailed(JoinFailure.NO_AP)
        is_right = request.password == b"12345678"
        return Joined(HOME) if is_right else JoinFailed(JoinFailure.WRONG_KEY)


def live(player: ChipPlayer, house: House, duration_ms: int) -> None:
    """Let time pass for both."""
    end_ns = player.now_ns + duration_ms * NS_PER_MS
    while True:
        for request in player.take_requests():
            house.take(request, player.now_ns)
        due = [house.due_ns, player.firmware.next_deadline_ns()]
        moment_ns = min((each for each in due if each is not None), default=end_ns)
        if moment_ns > end_ns:
            break
        player.advance(moment_ns)
        for request in player.take_requests():
            house.take(request, player.now_ns)
        if house.due_ns is not None and house.due_ns <= player.now_ns:
            player.hear(house.speak())
        elif moment_ns == end_ns:
            break
    player.advance(end_ns)
    for request in player.take_requests():
        house.take(request, player.now_ns)


def require_usable(player: ChipPlayer, house: House) -> None:
    """Whatever has been: the station joins, comes back after a loss, and leaves."""
    live(player, house, 16_000)
    player.take_sent()
    for line in (b"AT+CWSTOPSMART", b"AT+CWMODE_CUR=1", b"AT+CWQAP"):
        player.send(line + b"\r\n")
        live(player, house, 100)
        assert player.take_sent().removeprefix(DISCONNECT).startswith(OK)
    player.send(b'AT+CWJAP="home","12345678"\r\n')
    live(player, house, 16_000)
    assert player.take_sent() == CONNECTED + GOT_IP + OK
    lost = house.switch(is_on=False)
    assert lost is not None
    player.hear(lost)
    live(player, house, 30_000)
    assert player.take_sent() == DISCONNECT
    house.switch(is_on=True)
    live(player, house, 10_000)
    assert player.take_sent() == CONNECTED + GOT_IP
    player.send(b"AT+CWQAP\r\n")
    live(player, house, 30_000)
    assert player.take_sent() in {OK + DISCONNECT, DISCONNECT + OK}
    assert not house.is_joined


@given(
    dialects,
    st.sampled_from([1, 200, 4000]),
    st.lists(st.tuples(st.sampled_from(LINES) | st.booleans(), waits_ms), max_size=12),
)
def test_in_the_end_the_station_is_where_it_is_wanted(
    dialect: Dialect, answer_ms: int, moves: list[tuple[bytes | bool, int]]
) -> None:
    player = station_player(dialect)
    house = House(answer_ms)
    for move, wait_ms in moves:
        if isinstance(move, bytes):
            player.send(move + b"\r\n")
        elif (event := house.switch(is_on=move)) is not None:
            player.hear(event)
        live(player, house, wait_ms)
    house.switch(is_on=True)
    live(player, house, 60_000)
    station = station_of(player)
    assert (station.network is None) == (station.status == 0)
    network = station.network
    is_wanted = network is not None and (network.ssid, network.password, network.bssid) == (
        b"home",
        b"12345678",
        None,
    )
    assert house.is_joined == (station.ap is not None) == station.has_ip == is_wanted
    assert HOUSE_RULES.fullmatch(wifi_lines(player.take_sent()))
    require_usable(player, house)
