"""How time is sliced changes nothing, and a quiet air wants nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from hypothesis import given
from hypothesis import strategies as st

from hil.virtual.agenda import Agenda
from hil.virtual.air.access_point import Conduct
from hil.virtual.air.message import (
    Announce,
    Join,
    Leave,
    ListenForCredentials,
    RequestLease,
    Scan,
)
from hil.virtual.bench import Contact
from hil.virtual.chip import Phase
from hil.virtual.outside import Surroundings

from .air_player import MAC_A, MAC_B, MS, AirPlayer, ModuleDouble, S, settings_of, soft_ap_of

if TYPE_CHECKING:
    from hil.virtual.air.message import AirEvent
    from hil.virtual.network.message import NetworkRequest
    from tests.virtual.bench_host import Host


class Deed(Protocol):
    """Something that happens on or around an air."""

    def __call__(self, place: Place) -> None: ...


class Place:
    """Two modules, two access points of one name, a phone."""

    def __init__(self) -> None:
        self.player = AirPlayer()
        self.strong = self.player.add(settings_of(number=1), rssi_dbm=-50)
        self.weak = self.player.add(settings_of(number=2), rssi_dbm=-60)
        self.phone = self.player.air.add_phone("phone", bytes.fromhex("ac3743000001"))
        self.a, self.b = self.player.module(MAC_A), self.player.module(MAC_B)
        self.heard: list[tuple[str, int, AirEvent]] = []

    @property
    def now_ns(self) -> int:
        return self.player.now_ns

    def take(self) -> list[tuple[str, int, AirEvent]]:
        named: tuple[tuple[str, ModuleDouble], ...] = (("a", self.a), ("b", self.b))
        return [(name, *each) for name, module in named for each in module.take_timed()]


def refuse(place: Place) -> None:
    place.strong.conduct = Conduct.REFUSES


DEEDS: dict[str, Deed] = {
    "a scans": lambda place: place.a.ask(Scan()),
    "a joins": lambda place: place.a.join(),
    "a joins in vain": lambda place: place.a.join(password=b"wrong"),
    "a joins b": lambda place: place.a.join(b"ESP_000002", b""),
    "a asks for a lease": lambda place: place.a.ask(RequestLease()),
    "a leaves": lambda place: place.a.ask(Leave()),
    "a listens": lambda place: place.a.ask(ListenForCredentials(1)),
    "a restarts": lambda place: place.a.silence(is_orderly=True),
    "a is cut": lambda place: place.a.silence(is_orderly=False),
    "b announces": lambda place: place.b.ask(Announce(soft_ap_of())),
    "b changes": lambda place: place.b.ask(Announce(soft_ap_of(channel=7))),
    "b withdraws": lambda place: place.b.ask(Announce(None)),
    "b is cut": lambda place: place.b.silence(is_orderly=False),
    "b joins": lambda place: place.b.join(),
    "off": lambda place: place.strong.switch(place.now_ns, is_on=False),
    "on": lambda place: place.strong.switch(place.now_ns, is_on=True),
    "fails": lambda place: place.strong.switch(place.now_ns, is_on=False, is_orderly=False),
    "far": lambda place: place.strong.move(-99, place.now_ns),
    "near": lambda place: place.strong.move(-50, place.now_ns),
    "refuses": refuse,
    "no dhcp": lambda place: place.strong.serve_by(None, place.now_ns),
    "dhcp": lambda place: place.strong.serve_by(place.weak.dhcp, place.now_ns),
    "the phone joins b": lambda place: place.phone.join(b"ESP_000002", b"", place.now_ns),
    "the phone leaves": lambda place: place.phone.leave(place.now_ns),
    "the phone vanishes": lambda place: place.phone.vanish(place.now_ns),
    "the phone tells": lambda place: place.phone.tell(1, b"lab", b"password", place.now_ns),
}

moments = st.integers(0, 40_000).map(lambda ms: ms * MS)


@given(
    deeds=st.lists(st.tuples(moments, st.sampled_from(sorted(DEEDS))), max_size=14),
    slices=st.lists(moments, max_size=12),
)
def test_how_time_is_sliced_changes_nothing(
    deeds: list[tuple[int, str]], slices: list[int]
) -> None:
    def run(stops: list[int]) -> list[tuple[str, int, AirEvent]]:
        place = Place()
        steps = sorted([*deeds, *((stop, "") for stop in stops)], key=lambda step: step[0])
        for at_ns, name in steps:
            place.player.wait(at_ns - place.now_ns)
            if name:
                DEEDS[name](place)
        place.player.wait(1000 * S)
        assert place.player.air.next_deadline_ns() is None, "it never comes to rest"
        return place.take()

    assert run(slices) == run([])


@given(deeds=st.lists(st.sampled_from(sorted(DEEDS)), max_size=14))
def test_nobody_is_told_anything_within_a_call(deeds: list[str]) -> None:
    place = Place()
    for name in deeds:
        DEEDS[name](place)
        assert place.take() == [], name
        place.player.wait(300 * MS)
        place.take()


@given(deeds=st.lists(st.tuples(st.integers(0, 9000), st.sampled_from(sorted(DEEDS))), max_size=14))
def test_modules_and_access_points_agree_on_who_is_joined(deeds: list[tuple[int, str]]) -> None:
    place = Place()
    for wait_ms, name in deeds:
        DEEDS[name](place)
        place.player.wait(wait_ms * MS)
    place.player.wait(1000 * S)
    for module in (place.a, place.b):
        for ap in (place.strong, place.weak):
            is_listed = module.mac in [each.mac for each in ap.stations]
            assert is_listed == (module.antenna.ap is ap)


class TestAgenda:
    def test_steps_come_in_the_order_of_time_and_then_of_planning(self) -> None:
        agenda, done = Agenda(), list[tuple[str, int]]()
        for name, at_ns in (("late", 20), ("first", 10), ("second", 10)):
            agenda.plan(at_ns, lambda now_ns, name=name: done.append((name, now_ns)))  # type: ignore[misc]
        agenda.advance(15)
        assert done == [("first", 10), ("second", 10)]
        assert agenda.next_deadline_ns() == 20

    def test_a_cancelled_step_is_not_done_and_not_waited_for(self) -> None:
        agenda, done = Agenda(), list[int]()
        appointment = agenda.plan(10, done.append)
        agenda.plan(20, done.append)
        appointment.cancel()
        assert agenda.next_deadline_ns() == 20
        agenda.advance(30)
        assert done == [20]

    def test_a_step_may_plan_another(self) -> None:
        agenda, done = Agenda(), list[int]()

        def plan_another(now_ns: int) -> None:
            agenda.plan(now_ns, done.append)

        agenda.plan(10, plan_another)
        agenda.advance(10)
        assert done == [10]


class NoNetwork:
    """The `NetworkSide` of a module that talks to nobody."""

    def take(self, request: NetworkRequest, now_ns: int) -> None:
        del request, now_ns

    def silence(self, now_ns: int, *, is_orderly: bool) -> None:
        del now_ns, is_orderly


def test_an_air_lives_in_a_world_with_a_module_on_a_bench(host: Host) -> None:
    """The firmware is told what comes; a cut supply reaches the air."""
    player = AirPlayer()
    host.world.add("air", player.air)
    antenna = player.air.attach(host.bench.hear)
    host.bench.chip.outside = Surroundings(antenna, NoNetwork())
    ap = player.add()
    host.switch(Contact.POWER, is_closed=True)
    host.wait(S)
    assert host.bench.chip.phase is Phase.RUNNING
    antenna.take(Join(b"lab", b"password", None, MAC_A), host.world.now_ns)
    host.wait(S)
    assert {each.mac for each in ap.stations} == {MAC_A}
    host.switch(Contact.POWER, is_closed=False)
    host.wait(299 * S)
    assert ap.stations
    host.wait(S)
    assert not ap.stations
