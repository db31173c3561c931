"""Prints the figures that the project watches. Ratios and rates of one run on one machine.

Run it with ``tox -e benchmarks``. No test asserts any of this: wall-clock time belongs to the
machine. What each figure should be is said beside it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from ipaddress import IPv4Address
from random import Random
from typing import TYPE_CHECKING

from hil.flashing.flasher import Flasher
from hil.flashing.synthesis import synthesize
from hil.rig.assembly import open_rig
from hil.rig.description import VIRTUAL_RIG
from hil.units import NS_PER_S
from hil.virtual.network.internet import Internet
from hil.virtual.network.message import Interface, SetAddress, TcpOpen, TcpSend
from hil.virtual.network.peer import Sink
from hil.virtual.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.rig.module import RigModule
    from hil.virtual.outside import OutsideEvent

ROUNDS = 5
HOUR_MS = 3_600_000


def best_of(rounds: int, work: Callable[[], object]) -> float:
    """Seconds of the quickest of several rounds: the least disturbed one."""
    durations = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        durations.append(time.perf_counter() - started)
    return min(durations)


def show(name: str, figure: str, goal: str) -> None:
    """One line of the table."""
    print(f"{name:<52} {figure:>14}   goal {goal}")


def measure_module(module: RigModule) -> None:
    """Figures of one virtual module in this process."""
    firmware = synthesize()
    flasher = Flasher(module, baud=921600)
    whole_s = best_of(ROUNDS, lambda: flasher.flash(firmware, rewrites_all=True))
    show("whole AT set flashed and verified", f"{whole_s * 1e3:.0f} ms", "< 300 ms")
    same_s = best_of(ROUNDS, lambda: flasher.flash(firmware))
    show("the same when nothing has changed", f"{same_s * 1e3:.0f} ms", "-")

    module.start()
    trips = 2000
    trip_s = best_of(ROUNDS, lambda: [module.at.at() for _ in range(trips)]) / trips
    show("AT round trips through sim://", f"{1 / trip_s:,.0f} /s", "> 10,000 /s")

    def sleep_an_hour() -> None:
        module.at.gslp(HOUR_MS)
        module.clock.sleep(HOUR_MS / 1000)
        module.at.wait_ready()

    hour_s = best_of(ROUNDS, sleep_an_hour)
    show("one hour of deep sleep, with the start after it", f"{hour_s * 1e3:.1f} ms", "< 5 ms")


def measure_network() -> None:
    """Figures of the simulated network alone, without the module's firmware."""
    sends, size = 2000, 2048
    host, module = IPv4Address("192.168.1.2"), IPv4Address("192.168.1.50")
    world, sink = World(), Sink()
    internet = Internet(Random(0))  # noqa: S311 - it must repeat itself
    world.add("network", internet)
    acknowledged: list[OutsideEvent] = []
    side = internet.attach(lambda event, _now_ns: acknowledged.append(event))
    internet.add_host(host).listen(9, lambda: sink)
    side.take(SetAddress(Interface.STATION, module), 0)
    side.take(TcpOpen(1, host, 9), 0)
    world.advance(NS_PER_S)

    def send_all() -> None:
        for _ in range(sends):
            acknowledged.clear()
            side.take(TcpSend(1, bytes(size)), world.now_ns)
            while not acknowledged:
                world.advance(world.next_deadline_ns() or 0)

    send_s = best_of(ROUNDS, send_all) / sends
    show(f"{size} bytes sent and acknowledged in the network", f"{send_s * 1e6:.0f} us", "< 100 us")


def run_quietly(*command: str, folder: str | None = None) -> None:
    """Run a program to its end and drop what it prints."""
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder)


def measure_programs() -> None:
    """Figures of whole programs, started anew."""
    hil = (sys.executable, "-c", "from hil.cli import main; main()")
    help_s = best_of(ROUNDS, lambda: run_quietly(*hil, "--help"))
    bare_s = best_of(ROUNDS, lambda: run_quietly(sys.executable, "-c", ""))
    show("hil --help", f"{help_s * 1e3:.0f} ms", "< 300 ms")
    show("hil --help over a bare Python", f"{help_s / bare_s:.1f} x", "-")
    with tempfile.TemporaryDirectory() as folder:
        plans = ("run", "smoke", "flashing", "--report", folder)
        run_s = best_of(2, lambda: run_quietly(*hil, *plans, folder=folder))
    show("hil run smoke flashing, with its report", f"{run_s:.1f} s", "< 10 s")


if __name__ == "__main__":
    with open_rig(VIRTUAL_RIG, synthesize()) as rig:
        measure_module(rig.modules[0])
    measure_network()
    measure_programs()
