"""Worlds by name, within this process: what ``sim://WORLD/MACHINE`` looks up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.virtual.errors import VirtualError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hil.virtual.world import World

_worlds: dict[str, World] = {}


def register_world(name: str, world: World) -> None:
    """Make a world known under a name; it replaces an older one of that name."""
    _worlds[name] = world


def forget_world(name: str, world: World) -> None:
    """Take a world out of the registry, unless another one has taken its name meanwhile."""
    if _worlds.get(name) is world:
        del _worlds[name]


def find_world(name: str) -> World:
    """The world of that name.

    Raises:
        VirtualError: There is none; the text lists those that exist.
    """
    if name not in _worlds:
        raise VirtualError(
            f"there is no simulated world {name!r} in this process; there is "
            f"{_listed(_worlds) or 'none at all: a rig with a virtual module makes one'}"
        )
    return _worlds[name]


def find_machine(world_name: str, machine_name: str) -> tuple[World, object]:
    """A world and one of its machines.

    Raises:
        VirtualError: There is no such world or machine; the text lists what exists.
    """
    world = find_world(world_name)
    machines = world.machines
    if machine_name not in machines:
        raise VirtualError(
            f"the simulated world {world_name!r} has no machine {machine_name!r}; "
            f"it has {_listed(machines) or 'none'}"
        )
    return world, machines[machine_name]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in sorted(names))
