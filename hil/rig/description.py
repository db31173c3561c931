"""What a rig consists of, read from a TOML file into frozen dataclasses.

The format is described in docs/rig-file.md; ``fixtures/`` holds a virtual and a real example.
Nothing is opened here, so a description can be checked without the rig.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hil.errors import RigFileError
from hil.toml_table import Table, load_toml
from hil.units import parse_size

from .air_description import DEFAULT_AIR, AirDescription, parse_air
from .need import ACCESS_POINT_NEEDS, NEEDS, NETWORK_NEEDS
from .network_description import NetworkDescription, parse_network
from .wifi_network import RealAccessPoint, parse_access_point

if TYPE_CHECKING:
    from collections.abc import Sequence

SIMULATED_SCHEME = "sim://"
REPLAY_SCHEME = "replay://"
AIR_MACHINE = "air"
"""What the air of a simulated world is called among its machines."""

NETWORK_MACHINE = "network"
"""Likewise its network."""

LINE_DRIVERS = ("modem-lines", "virtual")
CIRCUITS = ("two-transistor", "direct")
DIALECTS = ("documented", "espressif-0.23")
FLASH_CONTENTS = ("factory", "blank")

_SIMULATED_PORT = re.compile(SIMULATED_SCHEME + r"[\w.-]+/[\w.-]+")
_BAUD_RANGE = (110, 4_608_000)
_FLASH_SIZES = ("512KB", "1MB", "2MB", "4MB", "8MB", "16MB")


@dataclass(frozen=True, slots=True)
class LineSet:
    """Control lines that are switched by one piece of hardware.

    Args:
        name: How modules refer to it.
        driver: ``modem-lines`` for DTR and RTS of the module's own port, ``virtual`` for the
            contacts of a virtual bench.
        circuit: How modem lines are wired: ``two-transistor`` or ``direct``.
    """

    name: str
    driver: str
    circuit: str = "two-transistor"


@dataclass(frozen=True, slots=True)
class VirtualFlash:
    """The flash of a virtual module.

    Args:
        size_bytes: Its size.
        content: ``factory`` (flashed and bootable), ``blank``, or the path of a flash image.
        state: A file that keeps the flash between runs, if there should be one.
    """

    size_bytes: int = 1024 * 1024
    content: str | Path = "factory"
    state: Path | None = None


@dataclass(frozen=True, slots=True)
class ModuleDescription:
    """One module and how it is reached.

    Args:
        slot: Its number on the rig, from 0.
        port: Device file, pyserial URL, ``sim://WORLD/MACHINE`` for a virtual module, or
            ``replay://FILE`` for one that is played from its record.
        baud: Rate of its AT firmware when it starts.
        lines: The line sets that belong to it.
        flash: Its flash, if it is virtual.
        dialect: What its AT firmware speaks, if it is virtual.
        faults: What is wrong with its AT firmware, by name, if it is virtual.
    """

    slot: int
    port: str
    baud: int = 115200
    lines: tuple[LineSet, ...] = ()
    flash: VirtualFlash | None = None
    dialect: str | None = None
    faults: tuple[str, ...] = ()

    @property
    def is_virtual(self) -> bool:
        """Whether this module exists in a simulated world."""
        return self.port.startswith(SIMULATED_SCHEME)

    @property
    def is_replayed(self) -> bool:
        """Whether this module is played from a record."""
        return self.port.startswith(REPLAY_SCHEME)


@dataclass(frozen=True, slots=True)
class RigDescription:
    """A rig as its file describes it.

    Args:
        name: The rig's name, part of every report's folder name.
        modules: By slot, at least one.
        has: What the rig has beyond what follows from its lines.
        flash_baud: The rate for writing the flash.
        access_points: What real modules can join.
        air: What is around virtual ones.
        network: Their network; None for none around real modules, the built-in around virtual ones.
        seed: Of what is left to chance around virtual modules.
        has_record_of_virtual: Whether its modules are played from a record of virtual ones.
        path: The file, None for a built-in description.
    """

    name: str
    modules: tuple[ModuleDescription, ...]
    has: frozenset[str] = frozenset()
    flash_baud: int = 460800
    access_points: tuple[RealAccessPoint, ...] = ()
    air: AirDescription = DEFAULT_AIR
    network: NetworkDescription | None = None
    seed: int = 0
    has_record_of_virtual: bool = False
    path: Path | None = field(default=None, compare=False)

    @property
    def is_virtual(self) -> bool:
        """Whether all modules of this rig are virtual."""
        return all(module.is_virtual for module in self.modules)

    @property
    def is_replayed(self) -> bool:
        """Whether all modules of this rig are played from a record."""
        return all(module.is_replayed for module in self.modules)

    @property
    def is_real(self) -> bool:
        """Whether there is a module that can be harmed and cannot be shared."""
        return not (self.is_virtual or self.is_replayed)


VIRTUAL_RIG = RigDescription(
    name="virtual",
    modules=(
        ModuleDescription(
            slot=0,
            port="sim://default/module0",
            lines=(LineSet(name="bench", driver="virtual"),),
            flash=VirtualFlash(),
            dialect="documented",
        ),
    ),
)
"""The rig of everyone who has none. fixtures/virtual.toml, on which test plans run, has one module
more, and flow control instead of DTR and RTS that reset."""


def describe_port(port: str, baud: int | None = None) -> RigDescription:
    """A rig of one module of which nothing is known but its port.

    Args:
        port: Device file or pyserial URL; ``sim://WORLD/MACHINE`` for a virtual module.
        baud: Its rate at the start; None for the factory's.

    Raises:
        RigFileError: The URL of a virtual module is malformed.
    """
    module: dict[str, Any] = {"slot": 0, "port": port}
    content: dict[str, Any] = {"version": 1, "rig": {"name": port}, "module": [module]}
    if baud is not None:
        module["baud"] = baud
    if port.startswith(SIMULATED_SCHEME):
        module["lines"] = ["bench"]
        content["lines"] = {"bench": {"driver": "virtual"}}
    return parse_rig(Table(content, path=None, place="", error=RigFileError))


def load_rig(path: Path) -> RigDescription:
    """The rig that a file describes.

    Args:
        path: A rig file. Paths in it are relative to its folder.

    Raises:
        RigFileError: The file cannot be read or says something that it must not.
    """
    content = load_toml(path, RigFileError, "a rig description")
    return parse_rig(Table(content, path=path, place="", error=RigFileError))


def parse_rig(top: Table) -> RigDescription:
    """The rig that the top table of a file describes."""
    top.integer("version", 1, 1)  # first: another version may have other keys
    top.require_known({"version", "rig", "module", "lines", "air", "access-point", "network"})
    rig = top.table("rig")
    rig.require_known({"name", "has", "flash_baud"})
    line_sets = {name: _parse_lines(name, table) for name, table in top.table("lines", {}).items()}
    modules = tuple(
        _parse_module(table, line_sets)
        for table in top.tables("module", allowed="one [[module]] table or more")
    )
    _require_unique(top, modules)
    words = [word for word in NEEDS if word not in ACCESS_POINT_NEEDS | NETWORK_NEEDS]
    has = rig.choices("has", words, (), allowed=f"a list of words out of {', '.join(words)}")
    is_virtual = all(module.is_virtual for module in modules)
    _refuse_strange(top, is_virtual=is_virtual)
    if any(module.is_replayed for module in modules):
        top.refuse("network", allowed="no [network] with a record, in which its peers are not")
    return RigDescription(
        name=rig.text("name"),
        modules=modules,
        has=frozenset(has),
        flash_baud=rig.integer("flash_baud", *_BAUD_RANGE, default=460800),
        access_points=_parse_access_points(top) if "access-point" in top else (),
        air=parse_air(top.table("air")) if "air" in top else DEFAULT_AIR,
        network=(
            parse_network(top.table("network"), is_virtual=is_virtual) if "network" in top else None
        ),
        path=top.path,
    )


def _refuse_strange(top: Table, *, is_virtual: bool) -> None:
    """Refuse the Wi-Fi of the other kind of rig."""
    if is_virtual:
        top.refuse(
            "access-point",
            allowed="no [[access-point]] on a virtual rig",
            remedy="[[air.access-point]] puts one on the air of virtual modules",
        )
    else:
        top.refuse(
            "air",
            allowed="no [air] around real modules",
            remedy="[[access-point]] names one that they can join",
        )


def _parse_access_points(top: Table) -> tuple[RealAccessPoint, ...]:
    tables = top.tables("access-point", allowed="[[access-point]] tables")
    return tuple(parse_access_point(table) for table in tables)


def _parse_lines(name: str, table: Table) -> LineSet:
    table.require_known({"driver", "circuit"})
    driver = table.choice("driver", LINE_DRIVERS)
    if driver == "virtual":
        table.refuse("circuit", allowed="no circuit with driver = 'virtual'")
    return LineSet(name, driver, table.choice("circuit", CIRCUITS, default="two-transistor"))


def _parse_module(table: Table, line_sets: dict[str, LineSet]) -> ModuleDescription:
    table.require_known({"slot", "port", "baud", "lines", "flash", "dialect", "faults"})
    port = table.text("port", allowed="a device file, a pyserial URL, or 'sim://WORLD/MACHINE'")
    is_replayed = port.startswith(REPLAY_SCHEME)
    if is_replayed:
        port = REPLAY_SCHEME + str(_folder_of(table) / port.removeprefix(REPLAY_SCHEME))
        for key in ("lines", "baud"):
            table.refuse(key, allowed=f"no {key} with a record, which brings its own")
    is_virtual = port.startswith(SIMULATED_SCHEME)
    if is_virtual and not _SIMULATED_PORT.fullmatch(port):
        raise table.mistake("port", allowed=f"{SIMULATED_SCHEME}WORLD/MACHINE", given=port)
    for machine in (AIR_MACHINE, NETWORK_MACHINE):
        if is_virtual and port.endswith(f"/{machine}"):
            raise table.mistake("port", allowed=f"a machine that is not the {machine}", given=port)
    if not is_virtual:
        kind = "recorded" if is_replayed else "real"
        for key in ("flash", "dialect", "faults"):
            table.refuse(
                key,
                allowed=f"no {key} for the {kind} module at {port!r}",
                remedy=f"A port {SIMULATED_SCHEME}WORLD/MACHINE makes a virtual module",
            )
    known = ", ".join(repr(name) for name in sorted(line_sets)) or "none are there"
    names = table.choices(
        "lines", line_sets, (), allowed=f"a list of names of [lines.NAME] tables ({known})"
    )
    for name in names:
        if line_sets[name].driver == "virtual" and not is_virtual:
            raise table.mistake(
                "lines",
                allowed="lines with another driver than 'virtual' for a real module",
                given=name,
            )
    return ModuleDescription(
        slot=table.integer("slot", 0, 999),
        port=port,
        baud=table.integer("baud", *_BAUD_RANGE, default=115200),
        lines=tuple(line_sets[name] for name in names),
        flash=_parse_flash(table.table("flash", {})) if is_virtual else None,
        dialect=table.choice("dialect", DIALECTS, default=DIALECTS[0]) if is_virtual else None,
        faults=table.texts("faults", (), allowed="a list of names of faults"),
    )


def _parse_flash(table: Table) -> VirtualFlash:
    table.require_known({"size", "content", "state"})
    size = table.choice("size", _FLASH_SIZES, default="1MB")
    content = table.text("content", "factory", allowed="'factory', 'blank' or a file")
    state = table.text("state", "", allowed="the path of a file")
    folder = _folder_of(table)
    return VirtualFlash(
        size_bytes=parse_size(size),
        content=content if content in FLASH_CONTENTS else folder / content,
        state=folder / state if state else None,
    )


def _folder_of(table: Table) -> Path:
    """Where the paths in a rig file begin."""
    return table.path.parent if table.path is not None else Path()


def _require_unique(top: Table, modules: tuple[ModuleDescription, ...]) -> None:
    flashes = [module.flash for module in modules if module.flash is not None]
    states = [str(flash.state) for flash in flashes if flash.state is not None]
    kinds: dict[str, Sequence[object]] = {
        "slot": [module.slot for module in modules],
        "port": [module.port for module in modules],
        "state file": states,
    }
    for kind, values in kinds.items():
        for value in values:
            if values.count(value) > 1:
                raise top.mistake("module", allowed=f"a {kind} of its own for each", given=value)
