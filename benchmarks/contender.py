"""Measures one tool on a terminal, and a bare loop of read and write in turn with it.

``python contender.py TOOL TERMINAL ROUNDS`` prints its figures as JSON. It is started in the
environment of that tool, so it imports nothing but that tool. The tools are used as their own
documentation uses them.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
import tty
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Exchange = Callable[[], object]

MARKER = "the end of the log 4711"
TIMEOUT_S = 600
LOG_SIZES = (1_000_000, 10_000_000)
PACED_BYTES = 276_480

TRIPS = {"hil": 300, "pyserial": 300, "pexpect": 60, "labgrid": 60, "pytest-embedded": 6}
BARE_TRIPS = 300
COMMANDS = ("AT", "AT+GMR")
OK = b"\r\nOK\r\n"


class Tool:
    """What a tool does: exchanges of both commands, and waiting for the marker.

    Args:
        exchanges: By command.
        ask_log: Sends a line and returns when the marker has come.
    """

    def __init__(self, exchanges: dict[str, Exchange], ask_log: Callable[[str], object]) -> None:
        self.exchanges, self.ask_log = exchanges, ask_log


def exchanges_of(exchange: Callable[[bytes], object]) -> dict[str, Exchange]:
    """An exchange for each command, of what takes its line."""
    return {name: partial(exchange, name.encode() + b"\r\n") for name in COMMANDS}


@contextmanager
def bare(terminal: str) -> Iterator[Tool]:
    """Read and write of the operating system, and nothing else."""
    descriptor = os.open(terminal, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(descriptor)  # pyserial leaves a terminal whose reads do not wait

    def exchange(line: bytes) -> bytes:
        os.write(descriptor, line)
        answer = os.read(descriptor, 4096)
        while not answer.endswith(OK):
            answer += os.read(descriptor, 4096)
        return answer

    def ask_log(line: str) -> None:
        os.write(descriptor, line.encode() + b"\r\n")
        marker = MARKER.encode()
        tail = b""
        while marker not in tail:
            tail = tail[-len(marker) :] + os.read(descriptor, 65536)

    try:
        yield Tool(exchanges_of(exchange), ask_log)
    finally:
        os.close(descriptor)


@contextmanager
def hil(terminal: str) -> Iterator[Tool]:
    """The typed client of this toolkit."""
    from hil.at import AtClient
    from hil.ports.byte_port import PortFormat
    from hil.ports.clock import SystemClock
    from hil.ports.serial_port import open_serial_port

    port = open_serial_port(terminal, SystemClock(), line_format=PortFormat())
    client = AtClient(port)

    def ask_log(line: str) -> None:
        client.send(line.encode() + b"\r\n")
        client.wait_for(MARKER, TIMEOUT_S)

    yield Tool({"AT": client.at, "AT+GMR": client.gmr}, ask_log)
    port.close()


@contextmanager
def pyserial(terminal: str) -> Iterator[Tool]:
    """What pyserial has to read up to an end."""
    import serial

    with serial.Serial(terminal, 115200, timeout=TIMEOUT_S) as port:

        def exchange(line: bytes) -> bytes:
            port.write(line)
            answer: bytes = port.read_until(OK)
            return answer

        def ask_log(line: str) -> None:
            port.write(line.encode() + b"\r\n")
            port.read_until(MARKER.encode() + b"\r\n")

        yield Tool(exchanges_of(exchange), ask_log)


@contextmanager
def pexpect(terminal: str) -> Iterator[Tool]:
    """The part of pexpect for descriptors."""
    from pexpect.fdpexpect import fdspawn

    descriptor = os.open(terminal, os.O_RDWR | os.O_NOCTTY)
    child = fdspawn(descriptor, timeout=TIMEOUT_S)

    def exchange(line: bytes) -> None:
        child.send(line)
        child.expect_exact(OK)

    def ask_log(line: str) -> None:
        child.send(line.encode() + b"\r\n")
        child.expect_exact(MARKER.encode() + b"\r\n")

    yield Tool(exchanges_of(exchange), ask_log)
    child.close()


@contextmanager
def labgrid(terminal: str) -> Iterator[Tool]:
    """The SerialDriver of labgrid."""
    from labgrid import Target
    from labgrid.driver import SerialDriver
    from labgrid.resource import RawSerialPort

    target = Target("module")
    RawSerialPort(target, name=None, port=terminal, speed=115200)
    driver = SerialDriver(target, name=None)
    target.activate(driver)

    def exchange(line: bytes) -> None:
        driver.write(line)
        driver.expect(OK.decode(), timeout=TIMEOUT_S)

    def ask_log(line: str) -> None:
        driver.write(line.encode() + b"\r\n")
        driver.expect(MARKER + "\r\n", timeout=TIMEOUT_S)

    yield Tool(exchanges_of(exchange), ask_log)
    target.deactivate(driver)


TOOLS = {"hil": hil, "pyserial": pyserial, "pexpect": pexpect, "labgrid": labgrid}


def time_batch(exchange: Exchange, trips: int) -> list[float]:
    """Seconds of each of several exchanges."""
    took_s = []
    for _ in range(trips):
        began = time.perf_counter()
        exchange()
        took_s.append(time.perf_counter() - began)
    return took_s


def measure_exchanges(tool: Tool, other: Tool, trips: int, rounds: int) -> dict[str, Any]:
    """Medians of a tool's exchanges and of a bare loop's, in turn."""
    figures = {}
    for name in COMMANDS:
        batches = [
            (
                time_batch(other.exchanges[name], BARE_TRIPS),
                time_batch(tool.exchanges[name], trips),
            )
            for _ in range(rounds)
        ]
        figures[name] = summary_of(batches)
    return figures


def summary_of(batches: list[tuple[list[float], list[float]]]) -> dict[str, float]:
    """Medians of a bare loop's batches and a tool's; the ratio is that of batches in turn."""
    medians = [(_settled(bare_s), _settled(took_s)) for bare_s, took_s in batches]
    return {
        "median_s": statistics.median(took for _, took in medians),
        "bare_s": statistics.median(bare for bare, _ in medians),
        "ratio": statistics.median(took / bare for bare, took in medians),
    }


def _settled(batch: list[float]) -> float:
    """The median of a batch without its first exchanges."""
    return statistics.median(batch[max(len(batch) // 10, 1) :])


def measure_log(tool: Tool, other: Tool, rounds: int) -> dict[str, float]:
    """How long the marker takes behind logs of several lengths, and what following one costs."""
    took_s: dict[int, list[float]] = {size: [] for size in LOG_SIZES}
    for _ in range(rounds):
        for size, each in took_s.items():
            began = time.perf_counter()
            tool.ask_log(f"LOG {size}")
            each.append(time.perf_counter() - began)
    figures = {f"log {size}": statistics.median(each) for size, each in took_s.items()}
    return figures | {"bare paced": share_of(other), "paced": share_of(tool)}


def share_of(tool: Tool) -> float:
    """How much of one CPU it takes to follow a log at 921,600 baud."""
    began, cpu = time.perf_counter(), time.process_time()
    tool.ask_log(f"PACED {PACED_BYTES}")
    return (time.process_time() - cpu) / (time.perf_counter() - began)


EMBEDDED_TEST = """
import json, sys, time
sys.path.insert(0, {folder!r})
from contender import COMMANDS, time_batch
def test_trips(dut):
    took = {{}}
    for name in COMMANDS:
        def exchange():
            dut.write(name + "\\r")
            dut.expect_exact("\\r\\nOK\\r\\n")
        took[name] = time_batch(exchange, {trips})
    with open({result!r}, "w") as file:
        json.dump(took, file)
"""


def measure_embedded(terminal: str, rounds: int) -> dict[str, Any]:
    """pytest-embedded, in a test of its own; it reads all the time, so it has the port alone."""
    import pytest

    batches: dict[str, list[tuple[list[float], list[float]]]] = {name: [] for name in COMMANDS}
    for _ in range(rounds):
        with bare(terminal) as other:
            bare_s = {name: time_batch(other.exchanges[name], BARE_TRIPS) for name in COMMANDS}
        with tempfile.TemporaryDirectory() as folder:
            test, result = Path(folder, "test_trips.py"), Path(folder, "result.json")
            source = EMBEDDED_TEST.format(
                folder=str(Path(__file__).parent),
                trips=TRIPS["pytest-embedded"],
                result=str(result),
            )
            test.write_text(source, encoding="utf-8")
            options = ["--embedded-services=serial", f"--port={terminal}", "--baud=115200"]
            options += ["-q", f"--rootdir={folder}", "-c/dev/null", f"--root-logdir={folder}"]
            status = pytest.main([str(test), *options])
            if status:
                raise RuntimeError(f"the test of pytest-embedded ended with {status}")
            for name, took_s in json.loads(result.read_text("utf-8")).items():
                batches[name].append((bare_s[name], took_s))
        sys.modules.pop("test_trips", None)
    return {name: summary_of(each) for name, each in batches.items()}


def main() -> None:
    """Measure what the command line says."""
    name, terminal, rounds, has_log = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4] == "1"
    figures: dict[str, Any]
    if name == "pytest-embedded":
        figures = measure_embedded(terminal, rounds)
    else:
        with TOOLS[name](terminal) as tool, bare(terminal) as other:
            figures = measure_exchanges(tool, other, TRIPS[name], rounds)
            if has_log:
                figures |= measure_log(tool, other, rounds)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
