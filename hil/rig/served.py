"""Virtual modules for other programs: a rig as always, on the host's clock and behind real links.

Beside `hil.rig.assembly` this is the one file that knows virtual modules: it hands the world of an
open rig to `hil.drive.realtime` instead of letting readers move its clock.
"""

from __future__ import annotations

import errno
import logging
import os
import socket
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hil.drive.flash_keeper import FlashKeeper
from hil.drive.framed_link import FramedLink
from hil.drive.host_network import HostSide
from hil.drive.host_reach import HostReach
from hil.drive.pty_link import PtyLink
from hil.drive.raw_link import RawLink
from hil.drive.realtime import RealTime
from hil.drive.registry import find_world
from hil.drive.rfc2217_link import Rfc2217Link
from hil.drive.served_line import ServedLine
from hil.drive.tcp_server import TcpServer
from hil.errors import PortError, RigFileError
from hil.ports.update_server import UPDATE_SERVER_NAME
from hil.units import NS_PER_MS, NS_PER_S
from hil.virtual.bench import Bench
from hil.virtual.outside import Surroundings

from .air_assembly import gateways_of
from .air_description import DEFAULT_AIR
from .assembly import open_rig
from .description import LineSet, ModuleDescription, RigDescription, VirtualFlash
from .flash_file import save_flash
from .network_description import HOST_ADDRESS, HOST_NAME, LATENCY_MS, NetworkDescription

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from hil.drive.realtime import Link
    from hil.flashing.manifest import Firmware

_log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"

START_NS = 1 * NS_PER_S
"""For how long the modules have been powered when the service begins: a program that sends its
first command at once is not to speak to a chip that still boots."""

_LAST_PORT = 65535
_WORLD = "served"


@dataclass(frozen=True, slots=True)
class ServePlan:
    """What to serve, and how.

    Args:
        modules: How many modules.
        has_pty: Whether each gets a pseudo-terminal.
        tcp_port: First port of the framed links, 0 for free ones, None for no such links.
        rfc2217_port: Likewise for RFC2217.
        raw_tcp_port: Likewise for plain bytes.
        resets_on_close: Whether the last close of a pseudo-terminal resets the module.
        dialect: What the AT firmware speaks.
        faults: What is wrong with it, by name.
        flash_size_bytes: Size of each flash.
        state_folder: Where the flashes are kept between starts, if anywhere.
        is_paced: Whether bytes take their time on the wire.
        network: What the modules reach: ``loopback`` for this computer, ``host`` for what this
            computer reaches, ``none`` for nobody but each other.
        latency_ms: The round trip that is added to what this computer needs.
        seed: Of what is left to chance.
    """

    modules: int = 1
    has_pty: bool = False
    tcp_port: int | None = None
    rfc2217_port: int | None = None
    raw_tcp_port: int | None = None
    resets_on_close: bool = True
    dialect: str = "documented"
    faults: tuple[str, ...] = ()
    flash_size_bytes: int = 1024 * 1024
    state_folder: Path | None = None
    is_paced: bool = True
    network: str = "loopback"
    latency_ms: int = LATENCY_MS
    seed: int = 0

    def state_of(self, slot: int) -> Path | None:
        """The file that keeps the flash of a module."""
        return self.state_folder / f"module{slot}.bin" if self.state_folder else None


@dataclass(frozen=True, slots=True)
class ServedModule:
    """Where one module is served.

    Args:
        module: Its number.
        pty: Path of its pseudo-terminal.
        url: Of its framed link.
        rfc2217: Of its RFC2217 link.
        raw: Of its plain link.
    """

    module: int
    pty: str | None = None
    url: str | None = None
    rfc2217: str | None = None
    raw: str | None = None


class Service:
    """Virtual modules that wait for `run`.

    Args:
        loop: What serves them.
        modules: Where, in the order of their numbers.
    """

    def __init__(self, loop: RealTime, modules: tuple[ServedModule, ...]) -> None:
        self._loop = loop
        self.modules = modules

    def run(self) -> None:
        """Serve until `stop` is called.

        Blocks: until then, on the host's clock.
        """
        self._loop.run()

    def stop(self) -> None:
        """Let `run` return; from any thread or signal handler."""
        self._loop.stop()


@contextmanager
def open_service(plan: ServePlan, firmware: Firmware) -> Iterator[Service]:
    """Virtual modules that have booted, with their links open.

    What hosts send waits until `Service.run`.

    Args:
        plan: What to serve.
        firmware: What lies in a flash that no state file exists for.

    Raises:
        PortError: A port is taken, or no pseudo-terminal can be had.
        RigFileError: A state file cannot be used, for example because it is from a flash of
            another size.

    Effects: on leaving, links are closed and flashes with a state file are saved.
    """
    with open_rig(_describe(plan), firmware), ExitStack() as stack:
        world = find_world(_WORLD)
        machines = world.machines.items()
        benches = {name: bench for name, bench in machines if isinstance(bench, Bench)}
        reach = _reach(plan)
        parts = []
        for slot, (name, bench) in enumerate(benches.items()):
            line = ServedLine(name, world, bench, is_paced=plan.is_paced)
            links = _open_links(plan, slot, line, stack)
            side = None if reach is None else _lend_network(plan, slot, bench, reach, stack)
            if state := plan.state_of(slot):
                world.add(f"{name} keeper", FlashKeeper(bench.chip.flash, _saver(state)))
            parts.append((line, links, side))
        world.advance(world.now_ns + START_NS)
        loop = RealTime(world, is_paced=plan.is_paced)
        stack.callback(loop.close)
        served = []
        for slot, (line, links, side) in enumerate(parts):
            loop.add(line, list(links.values()))
            if side is not None:
                loop.add_links([side])
            served.append(ServedModule(slot, **{kind: link.name for kind, link in links.items()}))
        yield Service(loop, tuple(served))


def _describe(plan: ServePlan) -> RigDescription:
    return RigDescription(
        name="served",
        modules=tuple(
            ModuleDescription(
                slot=slot,
                port=f"sim://{_WORLD}/module{slot}",
                lines=(LineSet(name="bench", driver="virtual"),),
                flash=VirtualFlash(plan.flash_size_bytes, state=plan.state_of(slot)),
                dialect=plan.dialect,
                faults=plan.faults,
            )
            for slot in range(plan.modules)
        ),
        network=NetworkDescription(None, plan.latency_ms, {}),
        seed=plan.seed,
    )


def _reach(plan: ServePlan) -> HostReach | None:
    """What of this computer the modules reach, if anything."""
    if plan.network == "none":
        return None
    is_whole = plan.network == "host"
    names = [HOST_NAME, socket.gethostname(), *([] if is_whole else [UPDATE_SERVER_NAME])]
    return HostReach(
        HOST_ADDRESS,
        dict.fromkeys(names, HOST_ADDRESS),
        gateways_of(DEFAULT_AIR),
        is_whole=is_whole,
    )


def _lend_network(
    plan: ServePlan, slot: int, bench: Bench, reach: HostReach, stack: ExitStack
) -> HostSide:
    """Give a module the network of this computer in the place of the simulated one."""
    outside = bench.chip.outside
    if not isinstance(outside, Surroundings):
        raise TypeError(f"module {slot} has no antenna")
    with _reported("the network of a module", "Close programs that hold many descriptors"):
        side = HostSide(slot, reach, plan.latency_ms * NS_PER_MS // 2, bench.hear)
    stack.callback(side.close)
    outside.network = side
    return side


def _open_links(plan: ServePlan, slot: int, line: ServedLine, stack: ExitStack) -> dict[str, Link]:
    """The links of one module, by what `ServedModule` calls them."""
    links: dict[str, Link] = {}
    if plan.has_pty:
        with _reported("a pseudo-terminal", "Close programs that hold many, or use --tcp"):
            links["pty"] = PtyLink(line, resets_on_close=plan.resets_on_close)
            stack.callback(links["pty"].close)
    tcp_links: tuple[tuple[str, Callable[[ServedLine, TcpServer], Link], int | None], ...] = (
        ("url", FramedLink, plan.tcp_port),
        ("rfc2217", Rfc2217Link, plan.rfc2217_port),
        ("raw", RawLink, plan.raw_tcp_port),
    )
    for kind, open_link, first_port in tcp_links:
        if first_port is not None:
            links[kind] = open_link(line, _listen(first_port, slot))
            stack.callback(links[kind].close)
    return links


def _listen(first_port: int, slot: int) -> TcpServer:
    port = first_port + slot if first_port else 0
    with _reported(f"{LOOPBACK}:{port}", "Choose another port; 0 picks a free one"):
        if port > _LAST_PORT:
            raise OSError(f"ports end at {_LAST_PORT}")
        return TcpServer(LOOPBACK, port)


@contextmanager
def _reported(port: str, remedy: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        if error.errno in {errno.EMFILE, errno.ENFILE}:
            remedy = "Serve fewer modules or links, or raise the limit (`ulimit -n`)"
        raise PortError(port, attempted="open", reason=reason, remedy=remedy) from error


def _saver(state: Path) -> Callable[[bytes], None]:
    """What saves a flash; a full disk is no reason to stop serving."""

    def save(content: bytes) -> None:
        try:
            save_flash(state, content)
        except RigFileError as error:
            _log.error("the flash was not saved: %s", error)

    return save
