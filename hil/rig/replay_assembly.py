"""Builds the modules of a rig that are played from a record.

Beside `hil.rig.assembly` this file knows simulated worlds: the played modules of a rig live in one,
since they share a clock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hil.drive import url
from hil.drive.registry import forget_world, register_world
from hil.drive.replay_line import SLOT_QUERY, split_replay_url
from hil.drive.replayed_lines import ReplayedLines
from hil.drive.simulated import SimulatedClock
from hil.errors import RigFileError
from hil.ports.byte_port import PortFormat
from hil.ports.combined_lines import CombinedLines
from hil.ports.serial_port import open_serial_port
from hil.recording.record import load_header, load_record
from hil.recording.replayed_module import ReplayedModule
from hil.virtual.world import World

from .description import REPLAY_SCHEME, ModuleDescription, RigDescription
from .module import RigModule

if TYPE_CHECKING:
    from contextlib import ExitStack
    from pathlib import Path

    from hil.recording.record import Record


@dataclass(frozen=True, slots=True)
class PlayedModules:
    """The modules of a rig that are played from a record.

    Args:
        world: Whose time it is.
        modules: By slot.
    """

    world: World
    modules: dict[int, ReplayedModule]

    @property
    def clock(self) -> SimulatedClock:
        """The rig's clock."""
        return SimulatedClock(self.world)


def build_replay(description: RigDescription, stack: ExitStack) -> PlayedModules | None:
    """The modules of a rig that are played; None if there are none.

    Raises:
        RigFileError: Others are not.
        RecordFileError: A record cannot be read.
    """
    described = [module for module in description.modules if module.is_replayed]
    if not described:
        return None
    if not description.is_replayed:
        raise RigFileError(
            description.path,
            "module",
            allowed="either modules or records of modules",
            given="both kinds, which live on different clocks",
        )
    url.install()
    world = World()
    records: dict[Path, Record] = {}
    played = {}
    for module in described:
        path, slot = split_replay_url(module.port)
        if path not in records:
            records[path] = load_record(path)
        replayed = ReplayedModule(records[path], slot)
        played[module.slot] = replayed
        # The port's URL leads to this module, and not to the file again.
        world.add(module.port, replayed)
        register_world(module.port, world)
        stack.callback(forget_world, module.port, world)
    return PlayedModules(world, played)


def open_played(
    module: ModuleDescription, played: PlayedModules, rig_name: str, stack: ExitStack
) -> RigModule:
    """One of the modules, its port opened and its lines as they were recorded."""
    replayed = played.modules[module.slot]
    described = replace(module, baud=replayed.recorded.baud, dialect=replayed.recorded.dialect)
    port = open_serial_port(
        described.port,
        played.clock,
        line_format=PortFormat(baud=described.baud),
        capabilities=replayed.capabilities,
    )
    stack.callback(port.close)
    lines = CombinedLines([ReplayedLines(played.world, replayed)], rig_name)
    return RigModule(described, port, lines, rig_name, replayed)


def replay_rig(path: Path) -> RigDescription:
    """The rig of which a record was made, with its modules played.

    Raises:
        RecordFileError: The file cannot be read, or is no record.
    """
    header = load_header(path)
    return RigDescription(
        name=f"{header.rig}-replay",
        modules=tuple(
            ModuleDescription(
                slot=module.slot,
                port=f"{REPLAY_SCHEME}{path}{SLOT_QUERY}{module.slot}",
                baud=module.baud,
                dialect=module.dialect,
            )
            for module in header.modules
        ),
        has_record_of_virtual=header.is_virtual,
        path=path,
    )
