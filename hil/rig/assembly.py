"""Builds a rig from its description: the only file that knows both real and virtual modules.

Real modules get a pyserial port and the system clock. Virtual ones get a simulated world, which is
registered under its name so that ``sim://WORLD/MACHINE`` finds it, and that world's clock. Modules
that are played from a record (`hil.rig.replay_assembly`) likewise get a world's clock.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from difflib import get_close_matches
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from hil.drive import url
from hil.drive.contacts import VirtualContacts
from hil.drive.registry import forget_world, register_world
from hil.drive.simulated import SimulatedClock
from hil.errors import RigFileError
from hil.flashing.image import Role
from hil.flashing.layout import plan_layout
from hil.flashing.synthesis import synthesize
from hil.ports.byte_port import PortFormat
from hil.ports.clock import Clock, SystemClock
from hil.ports.combined_lines import CombinedLines
from hil.ports.modem_lines import ModemLines
from hil.ports.serial_port import SerialPort, open_serial_port
from hil.units import MIB
from hil.virtual.bench import Bench, Contact
from hil.virtual.chip import Chip, ChipSetup
from hil.virtual.efuse import Efuse
from hil.virtual.firmware.dialect import DIALECTS
from hil.virtual.firmware.fault_table import FAULTS
from hil.virtual.flash import NorFlash
from hil.virtual.image import VersionStrings
from hil.virtual.outside import Surroundings
from hil.virtual.wiring import FLOW_CONTROL
from hil.virtual.world import World

from .air_assembly import build_air, gateways_of
from .description import AIR_MACHINE, NETWORK_MACHINE
from .flash_file import CONTENT_REMEDY, STATE_REMEDY, hold_state, load_flash, save_flash
from .module import RigModule
from .network_assembly import build_network, open_network
from .replay_assembly import build_replay, open_played
from .rig import Rig
from .wifi import open_wifi

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hil.flashing.manifest import Firmware
    from hil.ports.control_lines import ControlLines
    from hil.ports.network_peer import NetworkPeers
    from hil.virtual.firmware.fault import Fault

    from .description import ModuleDescription, RigDescription
    from .wifi import RigWifi

FIRST_MAC = 0x18FE34_D00000
"""Espressif's prefix; the virtual module in slot n has this station address plus n."""

SMALL_USER1_BYTES = 200_000
"""Of the firmware in a virtual module with 512 KB of flash; the slot ends at 0x3C000."""

PORT_CAPABILITIES = frozenset({"uart-format", "uart-flow"})
"""What a rig file's `has` says of the ports."""

VIRTUAL_PORT_CAPABILITIES = frozenset({"uart-format"})
"""What every virtual port can do; ``uart-flow`` only if the rig file wires it so."""


@contextmanager
def open_rig(description: RigDescription, firmware: Firmware) -> Iterator[Rig]:
    """An open rig, ready to use, all modules fed and running.

    Args:
        description: What it consists of.
        firmware: What a virtual module with factory content has in its flash.

    Raises:
        PortError: A port cannot be opened.
        RigFileError: The content of a virtual flash cannot be used.

    Effects: the lines of real modules are released, those of virtual ones fed. On leaving, lines
    are left in their safe state, ports are closed, and the flash of a virtual module with a state
    file is saved.
    """
    with ExitStack() as stack:
        benches = _build_worlds(description, firmware, stack)
        played = build_replay(description, stack)
        clock: Clock = SystemClock()
        if played is not None:
            clock = played.clock
        if benches:
            world = next(iter(benches.values()))[0]
            clock = SimulatedClock(world)
            wifi, network = _surround(description, world, [bench for _, bench in benches.values()])
        else:
            wifi, network = open_wifi(description), open_network(description)
        stack.callback(wifi.restore)
        if network is not None:
            stack.callback(network.close)
        modules = []
        for module in description.modules:
            if played is not None:
                modules.append(open_played(module, played, description.name, stack))
                continue
            port = _open_port(module, description.has, clock)
            stack.callback(port.close)
            lines = CombinedLines(
                [
                    _open_lines(line_set.driver, line_set.circuit, port, benches.get(module.slot))
                    for line_set in module.lines
                ],
                description.name,
            )
            stack.callback(lines.close)
            modules.append(RigModule(module, port, lines, description.name))
        yield Rig(description, clock, tuple(modules), wifi, network)


def _build_worlds(
    description: RigDescription, firmware: Firmware, stack: ExitStack
) -> dict[int, tuple[World, Bench]]:
    """A world with a bench for each virtual module, by slot."""
    url.install()
    worlds: dict[str, World] = {}
    benches: dict[int, tuple[World, Bench]] = {}
    virtual = [module for module in description.modules if module.is_virtual]
    if virtual and len(virtual) != len(description.modules):
        raise RigFileError(
            description.path,
            "module",
            allowed="either real or virtual modules",
            given="both kinds, which live on different clocks",
        )
    for module in virtual:
        parts = urlsplit(module.port)
        world = worlds.setdefault(parts.netloc, World())
        flash = _build_flash(module, firmware, stack)
        bench = Bench(
            _build_chip(module, description, firmware, flash),
            circuit=_circuit_of(module, description),
            is_wake_link_closed=True,
        )
        world.add(parts.path.strip("/"), bench)
        benches[module.slot] = world, bench
    if len(worlds) > 1:
        raise RigFileError(
            description.path,
            "module",
            allowed="one world for all modules of a rig",
            given=", ".join(sorted(worlds)),
        )
    for name, world in worlds.items():
        register_world(name, world)
        stack.callback(forget_world, name, world)
    return benches


def _surround(
    description: RigDescription, world: World, benches: Sequence[Bench]
) -> tuple[RigWifi, NetworkPeers | None]:
    """Put air and network around virtual modules, and feed them."""
    air, wifi = build_air(description.air, world)
    world.add(AIR_MACHINE, air)
    generator = Random(description.seed)  # noqa: S311 - what is left to chance can be repeated
    gateways = gateways_of(description.air)
    network, peers = build_network(description, world, generator, wifi, gateways)
    world.add(NETWORK_MACHINE, network)
    for bench in benches:
        bench.chip.outside = Surroundings(air.attach(bench.hear), network.attach(bench.hear))
        bench.switch(Contact.POWER, is_closed=True, now_ns=world.now_ns)
    return wifi, peers


def list_faults() -> dict[str, str]:
    """The faults that a virtual module can have, by name, and what goes wrong with each."""
    return {name: fault.summary for name, fault in FAULTS.items()}


def _build_chip(
    module: ModuleDescription, description: RigDescription, firmware: Firmware, flash: NorFlash
) -> Chip:
    setup = ChipSetup(
        efuse=Efuse.for_mac((FIRST_MAC + module.slot).to_bytes(6, "big")),
        dialect=DIALECTS[module.dialect or "documented"],
        stated_versions=VersionStrings(
            at_version=_stated(firmware.at_version),
            at_build=_stated(firmware.at_build),
            sdk_version=_stated(firmware.sdk_version),
            compile_time=_stated(firmware.compile_time),
        ),
        faults=tuple(_find_fault(name, description) for name in module.faults),
    )
    return Chip(setup, flash)


def _find_fault(name: str, description: RigDescription) -> Fault:
    if name not in FAULTS:
        near = get_close_matches(name, FAULTS, n=1)
        raise RigFileError(
            description.path,
            "module.faults",
            allowed="names of faults that `hil virtual faults` lists",
            given=name,
            remedy=f"Did you mean {near[0]!r}?" if near else "",
        )
    return FAULTS[name]


def _stated(version: str) -> str:
    return "" if version == "unknown" else version


def _build_flash(module: ModuleDescription, firmware: Firmware, stack: ExitStack) -> NorFlash:
    described = module.flash
    if described is None:
        raise RigFileError(None, "module.flash", allowed="a flash", given="none")
    flash = NorFlash(described.size_bytes)
    state = described.state
    if state is not None:
        stack.callback(hold_state(state).close)
    if state is not None and state.exists():
        flash.load(0, load_flash(state, described.size_bytes, remedy=STATE_REMEDY))
    elif described.content == "factory":
        layout = plan_layout(
            _fitting(firmware, described.size_bytes),
            described.size_bytes,
            with_init_data=firmware.image(Role.INIT_DATA) is not None,
            force_512k=True,
        )
        for region in layout.regions:
            flash.load(region.offset, region.expected_data)
    elif described.content != "blank":
        content = load_flash(Path(described.content), described.size_bytes, remedy=CONTENT_REMEDY)
        flash.load(0, content)
    if state is not None:  # only now: what could not be loaded must not be overwritten
        stack.callback(lambda: save_flash(state, flash.snapshot()))
    return flash


def _fitting(firmware: Firmware, flash_size_bytes: int) -> Firmware:
    """The firmware, or where it is our own and the flash is small, one that leaves its areas free.

    The document's layout of a 512 KB flash has the user parameter area at 0x3C000 (line 977), in
    the middle of an AT 0.23 of the usual size.
    """
    if flash_size_bytes >= MIB or firmware != synthesize():
        return firmware
    return synthesize(user1_bytes=SMALL_USER1_BYTES)


def _circuit_of(module: ModuleDescription, description: RigDescription) -> str:
    """How DTR and RTS are wired: as the rig file says, else as on a development board."""
    if "uart-flow" in description.has:
        if any(line_set.driver == "modem-lines" for line_set in module.lines):
            raise RigFileError(
                description.path,
                "rig.has",
                allowed="no uart-flow where DTR and RTS reset the module",
                given="uart-flow",
            )
        return FLOW_CONTROL
    for line_set in module.lines:
        if line_set.driver == "modem-lines":
            return line_set.circuit
    return "two-transistor"


def _open_port(module: ModuleDescription, has: frozenset[str], clock: Clock) -> SerialPort:
    return open_serial_port(
        module.port,
        clock,
        line_format=PortFormat(baud=module.baud),
        keeps_lines_released=any(
            line_set.driver == "modem-lines" and line_set.circuit == "direct"
            for line_set in module.lines
        ),
        capabilities=(has & PORT_CAPABILITIES)
        | (VIRTUAL_PORT_CAPABILITIES if module.is_virtual else frozenset()),
    )


def _open_lines(
    driver: str, circuit: str, port: SerialPort, virtual: tuple[World, Bench] | None
) -> ControlLines:
    if driver == "virtual" and virtual is not None:
        return VirtualContacts(*virtual)
    return ModemLines(port, circuit)
