"""What ``sim://WORLD/MACHINE`` finds, and what it says if it finds nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.drive import registry
from hil.drive.registry import find_machine, find_world, forget_world, register_world
from hil.virtual.errors import VirtualError
from hil.virtual.world import World

if TYPE_CHECKING:
    from collections.abc import Callable


class Clockwork:
    def next_deadline_ns(self) -> int | None:
        return None

    def advance(self, now_ns: int) -> None:
        del now_ns


@pytest.fixture(autouse=True)
def worlds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry of its own for each test."""
    monkeypatch.setattr(registry, "_worlds", {})


def text_of(call: Callable[[], object]) -> str:
    with pytest.raises(VirtualError) as caught:
        call()
    return str(caught.value)


def test_a_world_is_found_by_its_name() -> None:
    world = World()
    register_world("bench", world)
    assert find_world("bench") is world


def test_a_machine_is_found_with_its_world() -> None:
    world, machine = World(), Clockwork()
    world.add("module0", machine)
    register_world("bench", world)
    assert find_machine("bench", "module0") == (world, machine)


def test_an_unknown_world_is_answered_with_those_that_are_there() -> None:
    register_world("one", World())
    register_world("another", World())
    assert text_of(lambda: find_world("bench")) == (
        "there is no simulated world 'bench' in this process; there is 'another', 'one'"
    )


def test_without_any_world_the_answer_says_where_worlds_come_from() -> None:
    assert text_of(lambda: find_machine("bench", "module0")) == (
        "there is no simulated world 'bench' in this process; there is none at all: a rig with a "
        "virtual module makes one"
    )


def test_an_unknown_machine_is_answered_with_those_that_are_there() -> None:
    world = World()
    world.add("module0", Clockwork())
    world.add("meter", Clockwork())
    register_world("bench", world)
    assert text_of(lambda: find_machine("bench", "module1")) == (
        "the simulated world 'bench' has no machine 'module1'; it has 'meter', 'module0'"
    )


def test_a_world_without_machines_says_so() -> None:
    register_world("bench", World())
    assert text_of(lambda: find_machine("bench", "module0")) == (
        "the simulated world 'bench' has no machine 'module0'; it has none"
    )


def test_a_later_world_takes_over_the_name() -> None:
    register_world("bench", World())
    later = World()
    register_world("bench", later)
    assert find_world("bench") is later


def test_a_forgotten_world_is_gone() -> None:
    world = World()
    register_world("bench", world)
    forget_world("bench", world)
    forget_world("bench", world)
    with pytest.raises(VirtualError):
        find_world("bench")


def test_who_forgets_a_world_leaves_its_successor_alone() -> None:
    first, second = World(), World()
    register_world("bench", first)
    register_world("bench", second)
    forget_world("bench", first)
    assert find_world("bench") is second
