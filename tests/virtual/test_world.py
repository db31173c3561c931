"""Several machines in one line of time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.virtual.errors import VirtualError
from hil.virtual.world import World


class Alarm:
    """Is due at given moments and writes down when it was served; may set another alarm."""

    def __init__(self, name: str, log: list[tuple[str, int]], *due_ns: int) -> None:
        self.name, self.log = name, log
        self.due_ns = sorted(due_ns)
        self.sets: tuple[Alarm, int] | None = None

    def next_deadline_ns(self) -> int | None:
        return self.due_ns[0] if self.due_ns else None

    def advance(self, now_ns: int) -> None:
        while self.due_ns and self.due_ns[0] <= now_ns:
            self.log.append((self.name, now_ns))
            del self.due_ns[0]
            if self.sets is not None:
                other, after_ns = self.sets
                other.due_ns.append(now_ns + after_ns)


def test_machines_are_served_in_the_order_of_time() -> None:
    log: list[tuple[str, int]] = []
    world = World()
    world.add("late", Alarm("late", log, 20, 40))
    world.add("early", Alarm("early", log, 10, 30))
    world.advance(40)
    assert log == [("early", 10), ("late", 20), ("early", 30), ("late", 40)]
    assert world.now_ns == 40


def test_a_machine_is_not_served_before_its_time() -> None:
    log: list[tuple[str, int]] = []
    world = World()
    world.add("alarm", Alarm("alarm", log, 10))
    world.advance(9)
    assert log == []
    world.advance(10)
    assert log == [("alarm", 10)]


def test_what_one_machine_does_reaches_the_other_in_order() -> None:
    log: list[tuple[str, int]] = []
    first, second = Alarm("first", log, 10, 50), Alarm("second", log)
    first.sets = second, 5
    world = World()
    world.add("second", second)
    world.add("first", first)
    world.advance(100)
    assert log == [("first", 10), ("second", 15), ("first", 50), ("second", 55)]


@given(st.lists(st.integers(0, 120), max_size=20))
def test_how_time_is_sliced_changes_nothing(slices: list[int]) -> None:
    def run(stops: list[int]) -> list[tuple[str, int]]:
        log: list[tuple[str, int]] = []
        world = World()
        first, second = Alarm("first", log, 10, 11, 60), Alarm("second", log, 11, 64)
        first.sets = second, 7
        world.add("first", first)
        world.add("second", second)
        for stop in stops:
            world.advance(stop)
        return log

    assert run([*slices, 120]) == run([120])


def test_what_is_overdue_is_served_now_and_not_in_the_past() -> None:
    log: list[tuple[str, int]] = []
    world = World()
    world.advance(100)
    world.add("alarm", Alarm("alarm", log, 10))
    world.advance(100)
    assert log == [("alarm", 100)]


def test_time_never_goes_back() -> None:
    world = World()
    world.advance(100)
    world.advance(50)
    assert world.now_ns == 100


def test_the_next_deadline_is_the_earliest() -> None:
    world = World()
    assert world.next_deadline_ns() is None
    world.add("quiet", Alarm("quiet", []))
    assert world.next_deadline_ns() is None
    world.add("late", Alarm("late", [], 20))
    world.add("early", Alarm("early", [], 10))
    assert world.next_deadline_ns() == 10


def test_a_name_belongs_to_one_machine() -> None:
    world = World()
    machine = Alarm("a", [])
    world.add("a", machine)
    with pytest.raises(VirtualError) as caught:
        world.add("a", Alarm("b", []))
    assert str(caught.value) == "this world has a machine 'a' already"
    assert world.machines == {"a": machine}


def test_nobody_changes_a_world_through_its_list_of_machines() -> None:
    world = World()
    world.machines["a"] = Alarm("a", [])
    assert world.machines == {}
